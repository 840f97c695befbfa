// The chunks that a PNG is made of.
#pragma once

#include <zlib.h>

#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

inline bool is_png(std::span<const uint8_t> file) {
  constexpr uint8_t kSignature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  return file.size() >= 8 && std::memcmp(file.data(), kSignature, 8) == 0;
}

inline uint32_t crc32_of(std::span<const uint8_t> bytes) { return static_cast<uint32_t>(crc32_z(crc32_z(0, nullptr, 0), bytes.data(), bytes.size())); }

struct PngChunk {
  std::string_view type;
  std::span<const uint8_t> data;
  size_t size = 0;  ///< of all of it: length, type, data, checksum
};

/// The chunk that begins at byte `at`, not beyond the end of the file. Errors: corrupt (it passes the end; its checksum is wrong, if that is looked at).
inline Result<PngChunk> png_chunk_at(std::span<const uint8_t> file, size_t at, bool check_checksum) {
  if (file.size() - at < 12) return fail(ErrorCode::corrupt, "png: cut off at byte {}, before its end chunk (IEND). Get the whole file again", file.size());
  const auto big_endian = [&](size_t from) {
    return uint32_t{file[from]} << 24 | uint32_t{file[from + 1]} << 16 | uint32_t{file[from + 2]} << 8 | file[from + 3];
  };
  const uint32_t length = big_endian(at);
  if (length > file.size() - at - 12)
    return fail(ErrorCode::corrupt, "png: cut off at byte {}: the chunk at byte {} of {} bytes passes the end, {} are missing. Get the whole file again",
                file.size(), at, length, length - (file.size() - at - 12));
  const auto covered = file.subspan(at + 4, size_t{length} + 4);
  if (check_checksum && crc32_of(covered) != big_endian(at + 8 + length)) return fail(ErrorCode::corrupt, "png: chunk at byte {} has a wrong checksum", at);
  return PngChunk{{reinterpret_cast<const char*>(covered.data()), 4}, covered.subspan(4), size_t{length} + 12};
}

/// Calls f(chunk) for each chunk up to IEND. Errors: corrupt.
template <class F>
Result<void> for_png_chunks(std::span<const uint8_t> bytes, const F& f) {
  if (!is_png(bytes)) return fail(ErrorCode::corrupt, "png: wrong signature");
  for (size_t at = 8;;) {
    PTAH_TRY(const PngChunk chunk, png_chunk_at(bytes, at, true));
    f(chunk);
    at += chunk.size;
    if (chunk.type == "IEND") return {};
  }
}

/// Bytes that zlib packed. Errors: corrupt (broken, or more than `max_bytes` come out).
Result<Bytes> inflated(std::span<const uint8_t> packed, size_t max_bytes);

}  // namespace ptah
