// Memory for what nobody else may see.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ptah {

/// Bytes in locked memory between guard pages, wiped when they go; they are not swapped out as long as the system lets memory be locked (ulimit -l). The first
/// one also turns core dumps and reading by other processes of the user off for this process.
class Secret {
 public:
  Secret() = default;
  /// Throws Failure: no_space if there is no memory.
  explicit Secret(size_t size);
  explicit Secret(std::string_view text);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();
  std::span<uint8_t> bytes() { return {data_, size_}; }
  std::span<const uint8_t> bytes() const { return {data_, size_}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

/// Fills with random numbers of the system that nobody can predict.
void fill_random(std::span<uint8_t> bytes);

}  // namespace ptah
