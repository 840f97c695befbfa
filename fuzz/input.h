// What the fuzz targets share.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

using Input = std::span<const uint8_t>;

[[noreturn]] inline void wrong(const std::string& why) {
  std::fprintf(stderr, "wrong: %s\n", why.c_str());
  std::abort();
}

inline std::string_view text_of(Input bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
