// Plain values as the bytes of a file, in this machine's order (little-endian, as all formats here that use it).
#pragma once

#include "base/file.h"

namespace ptah {

template <class T>
requires std::is_trivially_copyable_v<T>
void append_value(Bytes& out, const T& value) {
  const auto* from = reinterpret_cast<const uint8_t*>(&value);
  out.insert(out.end(), from, from + sizeof(T));
}

}  // namespace ptah
