// Pictures as bytes: PNG and JPEG in and out, WebP in.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// Straight-alpha sRGB, 8 bits a channel, rows from the top.
struct Picture {
  int64_t width = 0, height = 0;
  Bytes rgba;  ///< width · height · 4
  const uint8_t* at(int64_t x, int64_t y) const { return rgba.data() + (y * width + x) * 4; }
  uint8_t* at(int64_t x, int64_t y) { return rgba.data() + (y * width + x) * 4; }
};
Picture make_picture(int64_t width, int64_t height);

/// Largest edge and pixel count that are decoded.
constexpr int64_t kMostPictureEdge = 16384, kMostPicturePixels = int64_t{1} << 27;

/// PNG bytes of a picture; texts become uncompressed iTXt chunks (keyword → UTF-8 text). The same picture gives the same bytes.
Result<Bytes> encode_png(const Picture& picture, const std::map<std::string, std::string>& texts = {});

/// JPEG bytes of a picture on a white ground, quality 1 to 100 (4:2:0). The same picture gives the same bytes. Errors: unsupported for pictures over the
/// limits.
Result<Bytes> encode_jpeg(const Picture& picture, int quality);

/// Errors: corrupt for broken files, unsupported for pictures over the limits.
Result<Picture> decode_png(std::span<const uint8_t> bytes);
Result<Picture> decode_jpeg(std::span<const uint8_t> bytes);
Result<Picture> decode_webp(std::span<const uint8_t> bytes);
/// By the first bytes: PNG, JPEG or WebP.
Result<Picture> decode_picture(std::span<const uint8_t> bytes);
/// A picture file, decoded by its first bytes. Errors name the file: not_found, permission, io, corrupt, unsupported.
Result<Picture> read_picture(const std::filesystem::path& path);

/// Text of an uncompressed iTXt or tEXt chunk; not_found if there is none. Checks lengths and CRCs of all chunks.
Result<std::string> png_text(std::span<const uint8_t> bytes, const std::string& keyword);

}  // namespace ptah
