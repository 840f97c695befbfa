#include "serve/signing_server.h"

#include <sodium.h>

namespace ptah {

SigningServer::SigningServer(const Signer& signer, const std::string& bearer, AllowSigning allow, HttpOptions options) : HttpServer(std::move(options)) {
  HttpRoute sign{.method = "POST", .path = "/", .max_body = kMaxSigningRequest};
  sign.gate = [header = "Bearer " + bearer](const HttpRequest& request) -> std::optional<HttpResponse> {
    const std::string_view said = request.header("authorization");
    // Compared in a time that does not tell how much of it is right.
    if (said.size() == header.size() && sodium_memcmp(said.data(), header.data(), said.size()) == 0) return std::nullopt;
    HttpResponse out = HttpResponse::error(401, "the token is missing or wrong");
    out.headers.emplace_back("WWW-Authenticate", "Bearer");
    return out;
  };
  sign.handler = [this, &signer, allow = std::move(allow)](const HttpRequest& request) {
    const std::lock_guard lock(one_at_a_time_);
    if (request.gone->cancelled()) return HttpResponse::error(499, "nobody waits for this any more");
    return HttpResponse::text(answer_signing_request(signer, request.body, [&](const SigningRequest& asked) { return allow(asked, *request.gone); }),
                              "application/json");
  };
  route(std::move(sign));
}

}  // namespace ptah
