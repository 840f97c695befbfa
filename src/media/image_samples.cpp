#include "media/image_samples.h"

#include <algorithm>
#include <cstring>

#include "media/jpeg_segments.h"
#include "media/png_chunks.h"
#include "media/riff_chunks.h"

namespace ptah {

Image make_image(int64_t width, int64_t height) { return {width, height, Bytes(static_cast<size_t>(width * height * 4), 0)}; }

Result<void> check_image_size(const char* format, int64_t width, int64_t height, int64_t max_pixels) {
  if (width < 1 || height < 1) return fail(ErrorCode::corrupt, "{}: a picture of {} × {} pixels", format, width, height);
  if (width > kMaxImageEdge || height > kMaxImageEdge)
    return fail(ErrorCode::unsupported, "{}: {} × {} pixels; an edge of up to {} pixels is read. Make the picture smaller", format, width, height,
                kMaxImageEdge);
  if (width * height > max_pixels)
    return fail(ErrorCode::unsupported, "{}: {} × {} are {} pixels; up to {} pixels in all are read. Make the picture smaller", format, width, height,
                width * height, max_pixels);
  return {};
}

Image upright(Image picture, int orientation) {
  if (orientation < 2 || orientation > 8) return picture;
  const int64_t w = picture.width, h = picture.height;
  const bool turned = orientation >= 5;
  Image out = make_image(turned ? h : w, turned ? w : h);
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) {
      int64_t u = turned ? y : x, v = turned ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) u = w - 1 - u;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) v = h - 1 - v;
      std::memcpy(out.at(x, y), picture.at(u, v), 4);
    }
  return out;
}

Image reduced(const Image& picture, int64_t max_edge) {
  const int64_t w = picture.width, h = picture.height, longest = std::max(w, h);
  if (longest <= max_edge) return picture;
  Image out = make_image(std::max<int64_t>(1, w * max_edge / longest), std::max<int64_t>(1, h * max_edge / longest));
  // Whole source pixels: each belongs to the one target pixel that its upper left corner lies in.
  std::vector<std::array<uint64_t, 4>> sums(static_cast<size_t>(out.width));
  std::vector<uint64_t> counts(sums.size());
  for (int64_t y = 0; y < out.height; ++y) {
    std::fill(sums.begin(), sums.end(), std::array<uint64_t, 4>{});
    std::fill(counts.begin(), counts.end(), 0);
    const int64_t from = y * h / out.height, to = std::max(from + 1, (y + 1) * h / out.height);
    for (int64_t v = from; v < to; ++v)
      for (int64_t u = 0; u < w; ++u) {
        const uint8_t* p = picture.at(u, v);
        const auto x = static_cast<size_t>(u * out.width / w);
        for (size_t c = 0; c < 3; ++c) sums[x][c] += uint64_t{p[c]} * p[3];
        sums[x][3] += p[3];
        ++counts[x];
      }
    for (int64_t x = 0; x < out.width; ++x) {
      const auto& sum = sums[static_cast<size_t>(x)];
      uint8_t* p = out.at(x, y);
      for (size_t c = 0; c < 3 && sum[3]; ++c) p[c] = static_cast<uint8_t>((sum[c] + sum[3] / 2) / sum[3]);
      if (const uint64_t count = counts[static_cast<size_t>(x)]) p[3] = static_cast<uint8_t>((sum[3] + count / 2) / count);
    }
  }
  return out;
}

Result<Image> decode_image(std::span<const uint8_t> bytes, ImageNotes* notes, int64_t max_pixels) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89PNG")) return decode_png(bytes, notes, max_pixels);
  if (text.starts_with("\xFF\xD8\xFF")) return decode_jpeg(bytes, notes, max_pixels);
  if (is_riff(bytes, "WEBP")) return decode_webp(bytes, notes, max_pixels);
  if (text.empty()) return fail(ErrorCode::corrupt, "picture: the file is empty");
  const auto kind = [&]() -> const char* {
    if (text.starts_with("GIF8")) return "a GIF";
    if (text.starts_with("BM")) return "a BMP";
    if (text.starts_with("II*") || text.starts_with(std::string_view("MM\0*", 4))) return "a TIFF or camera raw file";
    if (text.starts_with("8BPS")) return "a Photoshop file";
    if (text.starts_with("%PDF")) return "a PDF";
    if (text.starts_with("\xFF\x0A") || text.starts_with(std::string_view("\0\0\0\x0CJXL ", 8))) return "a JPEG XL file";
    if (text.size() > 12 && text.substr(4, 4) == "ftyp") {
      const std::string_view brand = text.substr(8, 4);
      return brand.starts_with("avi") ? "an AVIF file" : brand.starts_with("hei") || brand.starts_with("hev") || brand == "mif1" ? "a HEIC file" : "a video";
    }
    if (text.starts_with("<svg") || text.starts_with("<?xml")) return "an SVG or XML file";
    if (text.starts_with("version https://git-lfs")) return "a Git LFS pointer (fetch the file itself: git lfs pull)";
    return nullptr;
  }();
  if (kind) return fail(ErrorCode::unsupported, "picture: {}; PNG, JPEG and WebP are read", kind);
  return fail(ErrorCode::unsupported, "picture: neither PNG nor JPEG nor WebP");
}

Result<Image> read_image(const std::filesystem::path& path, ImageNotes* notes) {
  PTAH_TRY(const Bytes bytes, read_file(path));
  auto picture = guard([&] { return decode_image(bytes, notes); });
  if (!picture) return fail(picture.error().code, "{}: {}", path.string(), picture.error().message);
  return picture;
}

}  // namespace ptah
