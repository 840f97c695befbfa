// A key that lies elsewhere: another process, another computer, a device behind a small program.
#pragma once

#include <functional>
#include <string>

#include "own/keys.h"

namespace ptah {

/// Asks by HTTP: POST {"method": "address"} → {"address": "0x…"}, POST {"method": "sign", "digest": "0x…"} → {"signature": "0x…"} (65 bytes); anything else is
/// a refusal, {"error": "…"}. What the digest was made of stands beside it ("transaction" or "typed_data", see Signer::sign_shown), for the person who is
/// asked. `ptah key serve` answers so. Every signature is checked to be of that address, so a signer that lies can only refuse.
class RemoteSigner : public Signer {
 public:
  struct Options {
    std::string bearer = {};       ///< sent as Authorization: Bearer
    double timeout_seconds = 120;  ///< somebody may be asked
  };
  /// Errors: invalid_argument (no http or https address), io (no answer), corrupt (an answer that is none), permission (refused).
  static Result<RemoteSigner> open(const std::string& url, const Options& options);
  Address address() const override { return address_; }
  /// Errors: as open; mismatch (a signature of somebody else).
  Result<Signature> sign(const Bytes32& digest) const override { return sign_shown(digest, Json()); }
  Result<Signature> sign_shown(const Bytes32& digest, const Json& subject) const override;

 private:
  RemoteSigner() = default;
  std::string url_;
  Options options_;
  Address address_{};
};

/// The most bytes of such a request: code of a contract fits in.
inline constexpr size_t kMaxSigningRequest = 256 << 10;

/// What is to be signed; chain/signing_request.h makes it readable.
struct SigningRequest {
  Bytes32 digest{};
  Json subject;  ///< what it is said to be made of, not checked yet; null if nothing was said
};

/// The other side: what to answer to the body of such a request. `allow` is asked before anything is signed.
std::string answer_signing_request(const Signer& signer, const std::string& body, const std::function<bool(const SigningRequest&)>& allow);

}  // namespace ptah
