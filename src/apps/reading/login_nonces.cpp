#include "apps/reading/login_nonces.h"

#include <algorithm>

#include "base/file.h"
#include "own/secret.h"

namespace ptah {

namespace {

constexpr size_t kMarked = 16;  ///< bytes that the mark covers: the end in milliseconds, then chance

}  // namespace

LoginNonces::LoginNonces(double seconds, size_t max_used) : seconds_(seconds), max_used_(max_used) { fill_random(secret_); }

/// The key stands first and has a fixed length, and only Keccak, which cannot be lengthened, sees it.
Bytes32 LoginNonces::mark(const Bytes32& nonce) const {
  Bytes all(secret_.begin(), secret_.end());
  all.insert(all.end(), nonce.begin(), nonce.begin() + kMarked);
  return keccak256(all);
}

Bytes32 LoginNonces::give(double now) {
  Bytes32 out{};
  fill_random(out);
  const auto end = static_cast<uint64_t>((now + seconds_) * 1000);
  for (size_t i = 0; i < 8; ++i) out[i] = static_cast<uint8_t>(end >> (8 * i));
  const Bytes32 marked = mark(out);
  std::copy_n(marked.begin(), 32 - kMarked, out.begin() + kMarked);
  return out;
}

bool LoginNonces::take(const Bytes32& nonce, double now) {
  const Bytes32 marked = mark(nonce);
  int different = 0;  // compared in a time that does not tell how much of it is right
  for (size_t i = kMarked; i < 32; ++i) different |= nonce[i] ^ marked[i - kMarked];
  uint64_t end = 0;
  for (size_t i = 0; i < 8; ++i) end |= static_cast<uint64_t>(nonce[i]) << (8 * i);
  if (different != 0 || static_cast<double>(end) < now * 1000) return false;
  if (used_.size() >= max_used_) std::erase_if(used_, [&](const auto& entry) { return entry.second < now; });
  if (used_.size() >= max_used_) return false;
  return used_.emplace(nonce, static_cast<double>(end) / 1000 + 1).second;
}

}  // namespace ptah
