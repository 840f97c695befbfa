// A file descriptor that is closed with its scope.
#pragma once

#include <unistd.h>

#include <utility>

namespace ptah {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  /// −1 if there is none.
  int get() const { return number_; }
  /// Gives it away: it is not closed here.
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

}  // namespace ptah
