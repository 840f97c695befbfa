// What lies where a large file should be when its download went wrong.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace ptah {

/// In words, with what to do, if these bytes are no data but a pointer of Git LFS or git-annex, a web page, a server's refusal, or nothing at all; else empty.
std::string placeholder_in(std::span<const uint8_t> file);

}  // namespace ptah
