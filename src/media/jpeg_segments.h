// The marker segments before a JPEG's picture data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"

namespace ptah {

inline bool is_jpeg(std::span<const uint8_t> file) { return file.size() >= 4 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF; }

struct JpegSegment {
  uint8_t marker = 0;
  size_t start = 0, size = 0;  ///< marker and length included
};

/// Segments up to the picture's data. Errors: corrupt.
inline Result<std::vector<JpegSegment>> jpeg_segments(std::span<const uint8_t> file) {
  std::vector<JpegSegment> out;
  for (size_t at = 2; at < file.size();) {
    if (file[at] != 0xFF || file.size() - at < 4) return fail(ErrorCode::corrupt, "jpeg: no marker at byte {}", at);
    const uint8_t marker = file[at + 1];
    if (marker == 0xFF) {  // a marker may be filled up
      ++at;
      continue;
    }
    const size_t size = 2 + (size_t{file[at + 2]} << 8 | file[at + 3]);
    if (marker == 0xDA || marker == 0xD9) break;
    if (size < 4 || size > file.size() - at) return fail(ErrorCode::corrupt, "jpeg: segment at byte {} of {} bytes passes the end", at, size);
    out.push_back({marker, at, size});
    at += size;
  }
  return out;
}

}  // namespace ptah
