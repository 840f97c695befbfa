// A job as OpenAI's responses have it: the object, and the events that lead to it.
#pragma once

#include "serve/api/openai/language_request.h"

namespace ptah {

/// "resp_12". The inverse gives "job_12", or nothing of that kind.
std::string response_name(int64_t job);
std::string job_of_response(std::string_view name);

/// The response of a job whose fields hold what it was asked with ("response", openai/responses.cpp).
Json response_object(const Job& job);

/// Tells a job as events that are numbered from 0, the same however often and from wherever they are told; those up to `after` are left out.
class ResponseEvents {
 public:
  ResponseEvents(JobService& service, Job job, int64_t after) : service_(service), job_(std::move(job)), after_(after) {}
  std::string operator()(const JobEvent& event);

 private:
  void say(const char* type, Json event);
  void say_state(const char* type, const Job& job);
  void open_text();
  void close_text();
  void say_call(const std::string& json);
  void finish();

  JobService& service_;
  Job job_;
  int64_t after_, number_ = 0;
  bool created_ = false, running_ = false, text_open_ = false;
  int64_t index_ = 0;  ///< of the next output
  size_t calls_ = 0;
  std::string text_, out_;
  Unheard unheard_;
};

}  // namespace ptah
