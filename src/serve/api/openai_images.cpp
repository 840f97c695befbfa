// POST /v1/images/generations as OpenAI's clients call it: pictures of the recipe `create`.
#include <charconv>
#include <random>

#include "base/base64.h"
#include "base/file.h"
#include "base/text.h"
#include "serve/api/answers.h"
#include "serve/api/api_server.h"

namespace ptah {

namespace {

constexpr const char* kPictureFile = "picture.png";
constexpr int64_t kMaxPictures = 10;

/// What is asked for, in the words of the recipe.
struct PictureAsking {
  Json request = Json::object();  ///< of `create`
  int64_t count = 1, partial = 0;
  uint64_t seed = 0;
  bool url = false, stream = false;
  std::string size = "auto", quality = "auto", background = "auto";
};

tl::unexpected<Error> wrong_field(const char* name, const std::string& why) { return fail_field(name, ErrorCode::invalid_argument, "`{}`: {}", name, why); }

/// A text, or `usual` if it is missing or null.
Result<std::string> text_field(const Json& body, const char* name, const char* usual) {
  const Json value = body.value(name, Json());
  if (value.is_null()) return std::string(usual);
  if (!value.is_string()) return wrong_field(name, "a text is expected");
  return value.get<std::string>();
}

Result<int64_t> whole_field(const Json& body, const char* name, int64_t usual, int64_t min, int64_t max) {
  const Json value = body.value(name, Json());
  if (value.is_null()) return usual;
  if (!value.is_number_integer() || value < min || value > max) return wrong_field(name, fmt::format("{} to {} are possible", min, max));
  return value.get<int64_t>();
}

Result<void> take_size(PictureAsking& out) {
  if (out.size == "auto") return {};
  const size_t cross = out.size.find('x');
  int64_t width = 0;
  const auto [end, problem] = std::from_chars(out.size.data(), out.size.data() + std::min(cross, out.size.size()), width);
  if (cross == std::string::npos || problem != std::errc() || end != out.size.data() + cross || out.size.substr(cross + 1) != out.size.substr(0, cross))
    return wrong_field("size", fmt::format("'{}' is no square; 128x128 to 512x512 and auto are possible", printable(out.size, 40)));
  out.request["size"] = width;
  return {};
}

Result<PictureAsking> picture_asking(const Json& body) {
  PictureAsking out;
  PTAH_TRY(const std::string model, text_field(body, "model", "picture"));
  if (model != "picture") return fail_field("model", ErrorCode::not_found, "`model`: there is no picture model '{}'; picture is", printable(model, 80));
  PTAH_TRY(const std::string prompt, text_field(body, "prompt", ""));
  if (trimmed(prompt).empty()) return wrong_field("prompt", "say what to draw");
  PTAH_TRY(out.count, whole_field(body, "n", 1, 1, kMaxPictures));
  PTAH_TRY(out.partial, whole_field(body, "partial_images", 0, 0, 3));
  PTAH_TRY(const int64_t seed, whole_field(body, "seed", -1, 0, int64_t{1} << 53));
  out.seed = seed >= 0 ? static_cast<uint64_t>(seed) : std::random_device()() >> 1;
  PTAH_TRY(out.size, text_field(body, "size", "auto"));
  PTAH_TRY(out.quality, text_field(body, "quality", "auto"));
  PTAH_TRY(out.background, text_field(body, "background", "auto"));
  PTAH_TRY(const std::string format, text_field(body, "output_format", "png"));
  if (format != "png") return wrong_field("output_format", "png is what is made here");
  PTAH_TRY(const std::string response, text_field(body, "response_format", "b64_json"));
  if (response != "b64_json" && response != "url") return wrong_field("response_format", "b64_json or url");
  out.url = response == "url";
  if (const Json stream = body.value("stream", Json(false)); stream.is_boolean()) out.stream = stream.get<bool>();
  if (out.stream && out.count != 1) return wrong_field("n", "1 with stream");
  out.request.update({{"prompt", prompt}, {"object", false}, {"formats", "png"}});
  if (out.quality == "low") out.request["steps"] = 6;
  if (out.quality == "high" || out.quality == "hd") out.request["steps"] = 24;
  if (out.quality != "low" && out.quality != "high" && out.quality != "hd" && out.quality != "auto" && out.quality != "medium" && out.quality != "standard")
    return wrong_field("quality", "low, medium, high and auto are possible");
  if (out.background != "auto" && out.background != "transparent" && out.background != "opaque")
    return wrong_field("background", "transparent, opaque and auto are possible");
  if (out.background == "opaque") out.request["background"] = "white";
  PTAH_TRY_VOID(take_size(out));
  return out;
}

Result<std::string> picture_in_base64(JobStore& store, const Job& job) {
  for (const JobOutput& output : job.outputs)
    if (output.name == kPictureFile) {
      PTAH_TRY(const Bytes bytes, read_file(store.place_of(output)));
      return to_base64(bytes);
    }
  return fail(ErrorCode::internal, "{} has no picture", job_name(job.id));
}

/// An event of OpenAI's stream of pictures.
std::string picture_event(const char* type, const PictureAsking& asked, const std::string& picture, Json more) {
  more.update({{"type", type},
               {"b64_json", picture},
               {"created_at", std::time(nullptr)},
               {"size", asked.size},
               {"quality", asked.quality},
               {"background", asked.background},
               {"output_format", "png"}});
  return HttpStream::event(more.dump(), type);
}

Json picture_usage() {
  return {{"total_tokens", 0}, {"input_tokens", 0}, {"output_tokens", 0}, {"input_tokens_details", {{"text_tokens", 0}, {"image_tokens", 0}}}};
}

/// How a job is told to who asked for a stream of pictures.
EventShape picture_shape(JobService& service, const PictureAsking& asked, int64_t job) {
  EventShape shape;
  shape.event = [&service, asked](const JobEvent& event) -> std::string {
    const std::string what = text_at(event.what, "event");
    if (what == "done") {
      const auto picture = guard([&] { return picture_in_base64(service.store(), service.stored(event.job)); });
      if (picture) return picture_event("image_generation.completed", asked, *picture, {{"usage", picture_usage()}});
      return HttpStream::event(*api_error(picture.error()).body, "error");
    }
    if (what == "failed") return HttpStream::event(*api_error(service.stored(event.job).error, 400).body, "error");
    if (what == "cancelled") return HttpStream::event(*api_error(499, "the job was cancelled", "cancelled").body, "error");
    return "";
  };
  if (asked.partial > 0)
    shape.preview = [asked, shown = int64_t{0}](const JobPreview& preview) mutable -> std::string {
      if (shown >= asked.partial) return "";
      return picture_event("image_generation.partial_image", asked, to_base64(as_bytes(*preview.png)), {{"partial_image_index", shown++}});
    };
  shape.left = [&service, job] { service.release(job); };
  return shape;
}

}  // namespace

HttpResponse ApiServer::generate_images(const HttpRequest& request, const Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto asked = picture_asking(*body);
  if (!asked)
    return asked.error().code == ErrorCode::not_found ? api_error(404, asked.error().message, "model_not_found", "model") : api_error(asked.error(), 400);
  if (auto refusal = busy(true)) return *refusal;
  if (auto refusal = over_limit(caller)) return *refusal;
  std::vector<int64_t> jobs;
  const auto release_all = [&] {
    for (const int64_t job : jobs) service_.release(job);
  };
  for (int64_t i = 0; i < asked->count; ++i) {
    Json one = asked->request;
    one["seed"] = asked->seed + static_cast<uint64_t>(i);
    const auto job = service_.ask("create", one, caller.name, JobService::For::now);
    if (!job) {
      release_all();
      return api_error(job.error(), 400);
    }
    service_.hold(job->id);
    jobs.push_back(job->id);
  }
  if (asked->stream) {
    HttpResponse out = HttpResponse::events(service_.events().follow(jobs[0], picture_shape(service_, *asked, jobs[0])));
    out.headers = {{"X-Ptah-Job", job_name(jobs[0])}};
    return out;
  }
  const CountWhile counted(waiting_);
  Json data = Json::array();
  for (const int64_t id : jobs) {
    const Job job = service_.wait(id, request.gone.get());
    if (job.state != JobState::done) {
      release_all();
      if (job.state == JobState::failed) return api_error(job.error, 400);
      return api_error(499, "the job was cancelled", "cancelled");
    }
    if (asked->url) {
      data.push_back({{"url", fmt::format("http://{}/v1/jobs/{}/content/{}", request.header("host"), job_name(id), kPictureFile)}});
      continue;
    }
    const auto picture = picture_in_base64(service_.store(), job);
    if (!picture) return api_error(picture.error());
    data.push_back({{"b64_json", *picture}});
  }
  release_all();
  HttpResponse out = HttpResponse::of({{"created", std::time(nullptr)},
                                       {"data", std::move(data)},
                                       {"background", asked->background},
                                       {"output_format", "png"},
                                       {"quality", asked->quality},
                                       {"size", asked->size},
                                       {"usage", picture_usage()}});
  out.headers = {{"X-Ptah-Job", job_name(jobs[0])}};
  return out;
}

}  // namespace ptah
