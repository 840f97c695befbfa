#include "base/sha256.h"

#include <openssl/evp.h>

#include "base/error.h"

namespace ptah {

Digest sha256(std::span<const uint8_t> bytes) {
  Digest digest{};
  unsigned size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  PTAH_CHECK(done == 1 && size == digest.size(), "SHA-256 failed");
  return digest;
}

std::string hex(std::span<const uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace ptah
