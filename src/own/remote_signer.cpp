#include "own/remote_signer.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/url.h"
#include "net/http.h"

namespace ptah {

namespace {

constexpr size_t kMaxBytes = 4096;  ///< of an answer
constexpr int kMaxDepth = 24;       ///< of a request: typed data may be nested

Result<Json> ask(const std::string& url, const RemoteSigner::Options& o, const Json& question) {
  PTAH_TRY(const std::string text, http_post(url, "application/json", question.dump(), {kMaxBytes, o.timeout_seconds, o.bearer}));
  const auto json = parse_json(text, 4);
  if (!json || !json->is_object()) return fail(ErrorCode::corrupt, "the signer at {} answers with something else", shown_url(url));
  if (json->contains("error")) return fail(ErrorCode::permission, "the signer at {} refuses: {}", shown_url(url), text_at(*json, "error").substr(0, 200));
  return *json;
}

}  // namespace

Result<RemoteSigner> RemoteSigner::open(const std::string& url, const Options& options) {
  RemoteSigner out;
  out.url_ = url;
  out.options_ = options;
  PTAH_TRY(const Json answer, ask(url, options, {{"method", "address"}}));
  const auto address = parse_address(text_at(answer, "address"));
  if (!address) return fail(ErrorCode::corrupt, "the signer at {} names no address", shown_url(url));
  out.address_ = *address;
  return out;
}

Result<Signature> RemoteSigner::sign_shown(const Bytes32& digest, const Json& subject) const {
  Json question{{"method", "sign"}, {"digest", hex_text(digest)}};
  if (subject.is_object() && subject.dump().size() + 200 < kMaxSigningRequest) question.update(subject);  // else the person is told that nothing was said
  PTAH_TRY(const Json answer, ask(url_, options_, question));
  const auto signature = parse_hex_of<65>(text_at(answer, "signature"));
  if (!signature) return fail(ErrorCode::corrupt, "the signer at {} gives no signature", shown_url(url_));
  const auto by = recover_signer(digest, *signature);
  if (!by || *by != address_) return fail(ErrorCode::mismatch, "the signer at {} gives a signature that is not of {}", shown_url(url_), to_string(address_));
  return *signature;
}

std::string answer_signing_request(const Signer& signer, const std::string& body, const std::function<bool(const SigningRequest&)>& allow) {
  const auto refuse = [](const std::string& why) { return Json{{"error", why}}.dump(); };
  const auto json = body.size() <= kMaxSigningRequest ? parse_json(body, kMaxDepth) : fail(ErrorCode::corrupt, "too long");
  if (!json || !json->is_object()) return refuse("no request");
  const std::string method = text_at(*json, "method");
  if (method == "address") return Json{{"address", to_string(signer.address())}}.dump();
  const auto digest = parse_hex_of<32>(text_at(*json, "digest"));
  if (method != "sign" || !digest) return refuse("no request");
  SigningRequest asked{*digest, Json()};
  for (const char* kind : {"transaction", "typed_data"})
    if (json->contains(kind)) asked.subject[kind] = (*json)[kind];
  if (!allow(asked)) return refuse("not allowed");
  const auto signature = signer.sign(*digest);
  return signature ? Json{{"signature", hex_text(*signature)}}.dump() : refuse(signature.error().message);
}

}  // namespace ptah
