// Pictures as bytes: PNG and JPEG in and out, WebP in. One decoder decides orientation, colour and completeness for every command.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// Straight-alpha sRGB, 8 bits a channel, rows from the top.
struct Image {
  int64_t width = 0, height = 0;
  Bytes rgba;  ///< width · height · 4
  const uint8_t* at(int64_t x, int64_t y) const { return rgba.data() + (y * width + x) * 4; }
  uint8_t* at(int64_t x, int64_t y) { return rgba.data() + (y * width + x) * 4; }
};
Image make_image(int64_t width, int64_t height);

/// Largest edge and pixel count of a picture that is made or encoded.
constexpr int64_t kMaxImageEdge = 16384, kMaxImagePixels = 120'000'000;
/// Largest pixel count that is decoded: 256 MiB, whatever the file's own size is.
constexpr int64_t kMaxDecodedPixels = int64_t{1} << 26;

/// PNG bytes of a picture; texts become uncompressed iTXt chunks (keyword → UTF-8 text). The same picture gives the same bytes.
Result<Bytes> encode_png(const Image& picture, const std::map<std::string, std::string>& texts = {});

/// JPEG bytes of a picture on a white background, quality 1 to 100 (4:2:0). The same picture gives the same bytes. Errors: unsupported for pictures over the
/// limits.
Result<Bytes> encode_jpeg(const Image& picture, int quality);

/// What a user should hear of a picture that was decoded, e.g. that it is the first frame of an animation.
using ImageNotes = std::vector<std::string>;

/// PNG (with eXIf, cICP, iCCP, sRGB, gAMA and cHRM in the precedence of its specification, third edition), JPEG (RGB, grey, CMYK, YCCK) or WebP, by the first
/// bytes. Colours become sRGB, Exif's orientation is applied, of an animation the first frame is taken. A colour profile that cannot be used is a note, not an
/// error. Errors: corrupt for broken files and those that are cut off (with what is missing), unsupported for other formats and for pictures over the limits.
/// The limits are checked before anything of the picture's size is allocated.
Result<Image> decode_image(std::span<const uint8_t> bytes, ImageNotes* notes = nullptr, int64_t max_pixels = kMaxDecodedPixels);
/// The same for one format.
Result<Image> decode_png(std::span<const uint8_t> bytes, ImageNotes* notes = nullptr, int64_t max_pixels = kMaxDecodedPixels);
Result<Image> decode_jpeg(std::span<const uint8_t> bytes, ImageNotes* notes = nullptr, int64_t max_pixels = kMaxDecodedPixels);
Result<Image> decode_webp(std::span<const uint8_t> bytes, ImageNotes* notes = nullptr, int64_t max_pixels = kMaxDecodedPixels);
/// A picture file. Errors name the file: not_found, permission, io, corrupt, unsupported.
Result<Image> read_image(const std::filesystem::path& path, ImageNotes* notes = nullptr);

/// The picture at no more than `max_edge` pixels an edge (area averages, weighted by alpha), in the same proportions; as it is if it is no larger.
Image reduced(const Image& picture, int64_t max_edge);

/// Text of an iTXt, tEXt or zTXt chunk; not_found if there is none. Checks lengths and CRCs of all chunks.
Result<std::string> png_text(std::span<const uint8_t> bytes, const std::string& keyword);

}  // namespace ptah
