// CBOR (RFC 8949): what C2PA's claims and COSE's signatures are written in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// One value. Maps keep their order; keys may be any value.
class Cbor {
 public:
  using Array = std::vector<Cbor>;
  using Map = std::vector<std::pair<Cbor, Cbor>>;
  struct Tagged {
    uint64_t tag = 0;
    std::shared_ptr<const Cbor> value;
  };

  Cbor() : value_(nullptr) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) Cbor(T number) : value_(static_cast<int64_t>(number)) {}
  Cbor(bool truth) : value_(truth) {}
  Cbor(double number) : value_(number) {}
  Cbor(const char* text) : value_(std::string(text)) {}
  Cbor(std::string text) : value_(std::move(text)) {}
  Cbor(Bytes bytes) : value_(std::move(bytes)) {}
  Cbor(Array array) : value_(std::move(array)) {}
  Cbor(Map map) : value_(std::move(map)) {}
  static Cbor tagged(uint64_t tag, Cbor value);

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value_);
  }
  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  /// What stands under a key of a map; null if there is none, or this is no map.
  const Cbor& at(const Cbor& key) const;
  /// The text, or empty if it is none.
  std::string_view text() const;
  /// Without the tags around it.
  const Cbor& untagged() const;
  bool operator==(const Cbor& other) const;

  /// Shortest lengths, definite only.
  Bytes encode() const;
  /// Errors: corrupt for anything but one whole value of at most `max_depth` levels. Lengths that are not known beforehand are read too.
  static Result<Cbor> parse(std::span<const uint8_t> bytes, int max_depth = 24);

 private:
  void write(Bytes& out) const;
  std::variant<std::nullptr_t, int64_t, bool, double, std::string, Bytes, Array, Map, Tagged> value_;
};

}  // namespace ptah
