#include "base/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "base/budget.h"
#include "base/file.h"

namespace ptah {

Digest sha256(std::span<const uint8_t> bytes) {
  Digest digest{};
  unsigned size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  PTAH_CHECK(done == 1 && size == digest.size(), "SHA-256 failed");
  return digest;
}

Digest sha256_of_parts(std::initializer_list<std::span<const uint8_t>> parts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Digest digest{};
  unsigned size = 0;
  bool good = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (const auto& part : parts) good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  good = good && EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1;
  PTAH_CHECK(good && size == digest.size(), "SHA-256 failed");
  return digest;
}

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  constexpr size_t kPart = size_t{4} << 20;
  PTAH_TRY(const auto mapped, MappedFile::open(path));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Digest digest{};
  unsigned size = 0;
  bool good = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (auto rest = mapped->bytes(); good && !rest.empty();) {
    PTAH_TRY_VOID(check_cancelled());
    const auto part = rest.first(std::min(rest.size(), kPart));
    good = EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    forget_mapped(part.data(), part.size());
    rest = rest.subspan(part.size());
  }
  good = good && EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1;
  PTAH_CHECK(good && size == digest.size(), "SHA-256 failed");
  return hex(digest);
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
