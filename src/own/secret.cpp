#include "own/secret.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace ptah {

namespace {

void prepare() {
  static const bool ready = [] {
    if (sodium_init() < 0) throw Failure({ErrorCode::internal, "the cryptographic library cannot start"});
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0);
    return true;
  }();
  (void)ready;
}

}  // namespace

Secret::Secret(size_t size) : size_(size) {
  prepare();
  if (size == 0) return;
  data_ = static_cast<uint8_t*>(sodium_malloc(size));
  if (!data_) throw Failure({ErrorCode::no_space, "no memory can be locked for a secret (ulimit -l)"});
}

Secret::Secret(std::string_view text) : Secret(text.size()) { std::copy(text.begin(), text.end(), data_); }
Secret::Secret(Secret&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (data_) sodium_free(data_);
}

void fill_random(std::span<uint8_t> bytes) {
  prepare();
  randombytes_buf(bytes.data(), bytes.size());
}

}  // namespace ptah
