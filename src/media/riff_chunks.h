// The chunks that a RIFF file (WAV, WebP) is made of, behind its first twelve bytes.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// Whether it is a RIFF file of a form, e.g. "WAVE".
inline bool is_riff(std::span<const uint8_t> file, const char (&form)[5]) {
  return file.size() >= 12 && std::memcmp(file.data(), "RIFF", 4) == 0 && std::memcmp(file.data() + 8, form, 4) == 0;
}

struct RiffChunk {
  std::string_view type;
  std::span<const uint8_t> data;
  size_t size = 0;  ///< of all of it: type, length, data, and what fills it up
};

/// The chunk that begins at byte `at`, at least 8 bytes before the end of the file. Errors: corrupt (it passes the end), beginning with `kind`.
inline Result<RiffChunk> riff_chunk_at(std::span<const uint8_t> file, size_t at, std::string_view kind) {
  const uint8_t* head = file.data() + at;
  const size_t rest = file.size() - at - 8, length = size_t{head[4]} | size_t{head[5]} << 8 | size_t{head[6]} << 16 | size_t{head[7]} << 24;
  if (length > rest) return fail(ErrorCode::corrupt, "{}: chunk at byte {} of {} bytes passes the end", kind, at, length);
  return RiffChunk{{reinterpret_cast<const char*>(head), 4}, file.subspan(at + 8, length), std::min(length + length % 2, rest) + 8};
}

}  // namespace ptah
