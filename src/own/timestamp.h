// Time-stamps (RFC 3161): an authority's word that something was there at a time.
#pragma once

#include "own/certificate.h"

namespace ptah {

/// A query for SHA-256 of `message`, with a nonce, that asks for the authority's certificate (DER).
Result<Bytes> timestamp_query(std::span<const uint8_t> message);
/// The token in an authority's answer to that query. Errors: corrupt, mismatch (for another query, or refused; with the authority's reason).
Result<Bytes> timestamp_token(std::span<const uint8_t> answer, std::span<const uint8_t> query);
/// Asks the authority at `url` (http, https). Errors: as timestamp_token, invalid_argument, io (no answer, or one beyond a mebibyte).
Result<Bytes> request_timestamp(const std::string& url, std::span<const uint8_t> message);

struct TimestampCheck {
  bool holds = false;   ///< the token is for this message and signed by a certificate in it that may sign time-stamps, and was valid
  std::string problem;  ///< why not
  int64_t time = 0;     ///< seconds since 1970
  std::string authority;
  bool trusted = false;  ///< a path that is good for time-stamps leads to one of the anchors
};
TimestampCheck check_timestamp(std::span<const uint8_t> token, std::span<const uint8_t> message, const std::vector<Bytes>& anchors);

/// Signs as another does, and has each signature time-stamped.
class TimestampedSigner : public ContentSigner {
 public:
  TimestampedSigner(std::unique_ptr<ContentSigner> signer, std::string url) : signer_(std::move(signer)), url_(std::move(url)) {}
  const std::vector<Bytes>& chain() const override { return signer_->chain(); }
  Result<Bytes> sign(std::span<const uint8_t> message) const override { return signer_->sign(message); }
  size_t timestamp_room() const override { return 12288; }
  Result<Bytes> timestamp(std::span<const uint8_t> message) const override { return request_timestamp(url_, message); }

 private:
  std::unique_ptr<ContentSigner> signer_;
  std::string url_;
};

}  // namespace ptah
