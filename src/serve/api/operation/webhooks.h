// Tells the ends of jobs to who asked for it, signed as Standard Webhooks (1.0) has it.
#pragma once

#include <atomic>
#include <thread>

#include "base/progress.h"
#include "serve/api/job_service.h"

namespace ptah {

/// Checks "webhook": {"url", "secret"} of a request for a job; the secret is "whsec_" and 24 to 64 bytes in base64. Errors, with the field: invalid_argument.
Result<Webhook> webhook_of(const Json& said, const std::string& owner);

/// "v1,…" of a message. Errors: invalid_argument (no secret).
Result<std::string> webhook_signature(const std::string& secret, const std::string& id, int64_t timestamp, const std::string& body);

/// Posts what has ended, one after the other; what is not taken (200 to 299) is tried again after 5 seconds, a minute, 10 minutes, an hour and 6 hours.
class WebhookSender {
 public:
  /// `anywhere`: also to this computer and private networks, into which a request from outside could reach else.
  WebhookSender(JobService& service, bool anywhere);
  ~WebhookSender();
  WebhookSender(const WebhookSender&) = delete;
  WebhookSender& operator=(const WebhookSender&) = delete;

 private:
  void run();
  void send(const Webhook& hook);

  JobService& service_;
  const bool anywhere_;
  CancelToken stop_;
  std::thread thread_;
};

}  // namespace ptah
