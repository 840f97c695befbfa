#include "serve/api/operation/webhooks.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <ctime>

#include "base/base64.h"
#include "base/text.h"
#include "net/http.h"

namespace ptah {

namespace {

constexpr std::string_view kSecretBegins = "whsec_";
constexpr size_t kMaxUrl = 2048;
constexpr std::array<int64_t, 5> kWaits{5, 60, 600, 3600, 21600};
constexpr int64_t kMaxAtOnce = 16;

Result<std::string> secret_bytes(const std::string& secret) {
  if (!secret.starts_with(kSecretBegins)) return fail(ErrorCode::invalid_argument, "a secret begins with whsec_");
  const auto bytes = from_base64(secret.substr(kSecretBegins.size()));
  if (!bytes || bytes->size() < 24 || bytes->size() > 64) return fail(ErrorCode::invalid_argument, "a secret has 24 to 64 bytes in base64 behind whsec_");
  return *bytes;
}

std::string webhook_time(std::time_t now) {
  std::tm t{};
  gmtime_r(&now, &t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

}  // namespace

Result<Webhook> webhook_of(const Json& said, const std::string& owner) {
  const auto wrong = [](const std::string& why) { return fail_field("webhook", ErrorCode::invalid_argument, "`webhook`: {}", why); };
  if (!said.is_object()) return wrong("{\"url\", \"secret\"} is expected");
  for (const auto& [name, value] : said.items())
    if (name != "url" && name != "secret") return wrong(printable(name, 80) + " is no member of it; url and secret are");
  Webhook out{.owner = owner, .url = text_at(said, "url"), .secret = text_at(said, "secret")};
  if (out.url.size() > kMaxUrl || !check_http_url(out.url)) return wrong("the url has to be one of http or https");
  if (const auto secret = secret_bytes(out.secret); !secret) return wrong(secret.error().message);
  return out;
}

Result<std::string> webhook_signature(const std::string& secret, const std::string& id, int64_t timestamp, const std::string& body) {
  PTAH_TRY(const std::string key, secret_bytes(secret));
  const std::string signed_text = fmt::format("{}.{}.{}", id, timestamp, body);
  std::array<uint8_t, EVP_MAX_MD_SIZE> code{};
  unsigned int size = 0;
  if (!::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const uint8_t*>(signed_text.data()), signed_text.size(), code.data(),
              &size))
    return fail(ErrorCode::internal, "a webhook cannot be signed");
  return "v1," + to_base64(std::span<const uint8_t>(code.data(), size));
}

WebhookSender::WebhookSender(JobService& service, bool anywhere) : service_(service), anywhere_(anywhere), thread_([this] { run(); }) {}

WebhookSender::~WebhookSender() {
  stop_.cancel();
  thread_.join();
}

void WebhookSender::run() {
  while (!stop_.cancelled()) {
    const uint64_t seen = service_.events().seen();
    (void)guard([&]() -> Result<void> {  // an error of the disk: the next round tries again
      for (const Webhook& hook : service_.store().webhooks_due(std::time(nullptr), kMaxAtOnce))
        if (!stop_.cancelled()) send(hook);
      return {};
    });
    service_.events().wait(seen, 0.5);
  }
}

void WebhookSender::send(const Webhook& hook) {
  const Job job = service_.stored(hook.job);
  const int64_t now = std::time(nullptr);
  const std::string id = fmt::format("msg_{}_{}", hook.job, hook.number);
  const Json message{{"type", fmt::format("job.{}", status_name(job.state))}, {"timestamp", webhook_time(job.ended)}, {"data", service_.view(job)}};
  ClientRequest request{.url = hook.url, .post = message.dump(-1, ' ', false, Json::error_handler_t::replace)};
  request.headers = {"Content-Type: application/json", "webhook-id: " + id, fmt::format("webhook-timestamp: {}", now),
                     "webhook-signature: " + value_or_throw(webhook_signature(hook.secret, id, now, *request.post))};
  request.max_bytes = 64 << 10;
  request.connect_seconds = 5;
  request.timeout_seconds = 10;
  request.cancel = &stop_;
  HttpClient client;
  if (!anywhere_) client.stay_public();
  const auto answer = client.exchange(request);
  if (stop_.cancelled()) return;
  const bool over = (answer && (answer->good() || answer->status == 410)) || hook.tries >= static_cast<int64_t>(kWaits.size());
  service_.store().webhook_tried(hook.number, over ? 0 : now + kWaits[static_cast<size_t>(hook.tries)]);
}

}  // namespace ptah
