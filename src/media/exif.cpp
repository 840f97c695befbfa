#include "media/exif.h"

#include <optional>

#include "base/text.h"
#include "media/jpeg_segments.h"
#include "media/label.h"
#include "media/image.h"
#include "media/png_chunks.h"
#include "media/riff_chunks.h"

namespace ptah {

namespace {

constexpr std::string_view kExif("Exif\0\0", 6);
constexpr size_t kMaxFields = 1000;
constexpr uint16_t kByte = 1, kAscii = 2, kUnsignedShort = 3, kLong = 4, kUndefined = 7, kOrientation = 0x0112, kExifDirectory = 0x8769, kUserComment = 0x9286;

std::string_view text_of(std::span<const uint8_t> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// The first segment APP1 that begins so, without its beginning.
std::span<const uint8_t> jpeg_part(std::span<const uint8_t> file, std::string_view name) {
  const auto segments = jpeg_segments(file);
  for (const JpegSegment& s : segments ? *segments : std::vector<JpegSegment>())
    if (const auto content = file.subspan(s.start + 4, s.size - 4); s.marker == 0xE1 && text_of(content).starts_with(name)) return content.subspan(name.size());
  return {};
}

/// The first chunk of a type, in PNG or WebP; what lies behind a broken chunk is not seen.
std::span<const uint8_t> chunk_part(std::span<const uint8_t> file, std::string_view type) {
  for (size_t at = 8; is_png(file) && at < file.size();) {
    const auto chunk = png_chunk_at(file, at, false);
    if (!chunk || chunk->type == "IEND") break;
    if (chunk->type == type) return chunk->data;
    at += chunk->size;
  }
  for (size_t at = 12; is_riff(file, "WEBP") && file.size() - at >= 8;) {
    const auto chunk = riff_chunk_at(file, at, "webp");
    if (!chunk) break;
    if (chunk->type == type) return chunk->data;
    at += chunk->size;
  }
  return {};
}

/// The TIFF inside, without "Exif" before it.
Result<std::span<const uint8_t>> exif_part(std::span<const uint8_t> file) {
  auto found = is_jpeg(file) ? jpeg_part(file, kExif) : chunk_part(file, is_png(file) ? "eXIf" : "EXIF");
  if (text_of(found).starts_with(kExif)) found = found.subspan(kExif.size());
  if (found.empty()) return fail(ErrorCode::not_found, "no Exif part in this file");
  return found;
}

std::string utf8_of_utf16(std::span<const uint8_t> bytes, bool big_endian) {
  std::string out;
  const auto unit = [&](size_t at) -> uint32_t { return big_endian ? uint32_t{bytes[at]} << 8 | bytes[at + 1] : uint32_t{bytes[at + 1]} << 8 | bytes[at]; };
  for (size_t at = 0; at + 1 < bytes.size(); at += 2) {
    uint32_t c = unit(at);
    if (c >= 0xD800 && c < 0xDC00 && at + 3 < bytes.size() && unit(at + 2) >= 0xDC00 && unit(at + 2) < 0xE000) {
      c = 0x10000 + ((c - 0xD800) << 10) + (unit(at + 2) - 0xDC00);
      at += 2;
    } else if (c >= 0xD800 && c < 0xE000) {
      c = 0xFFFD;
    }
    out += utf8_of(static_cast<int32_t>(c));
  }
  return out;
}

class Tiff {
 public:
  explicit Tiff(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  /// Everything; what is broken is left out, and the first such thing is the result.
  Result<void> read() {
    const bool little = text_of(bytes_).starts_with("II");
    if (bytes_.size() < 8 || (!little && !text_of(bytes_).starts_with("MM"))) return fail(ErrorCode::corrupt, "exif: no TIFF head");
    big_ = !little;
    if (number(2, 2) != 42) return fail(ErrorCode::corrupt, "exif: no TIFF head");
    const auto first = directory(number(4, 4), true), second = exif_ ? directory(*exif_, false) : Result<void>();
    return first ? second : first;
  }
  const ExifTexts& texts() const { return out_; }
  int orientation() const { return orientation_; }

 private:
  size_t number(size_t at, int bytes) const {
    size_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | bytes_[at + static_cast<size_t>(big_ ? i : bytes - 1 - i)];
    return value;
  }

  Result<void> directory(size_t at, bool first) {
    if (at > bytes_.size() || bytes_.size() - at < 2) return fail(ErrorCode::corrupt, "exif: a directory at byte {} passes the end", at);
    const size_t count = number(at, 2);
    if (count > kMaxFields || bytes_.size() - at - 2 < 12 * count) return fail(ErrorCode::corrupt, "exif: a directory of {} fields passes the end", count);
    Result<void> outcome;
    for (size_t i = 0; i < count; ++i) {
      const size_t entry = at + 2 + 12 * i, tag = number(entry, 2), kind = number(entry + 2, 2), length = number(entry + 4, 4);
      if (first && tag == kExifDirectory) exif_ = number(entry + 8, 4);
      if (first && tag == kOrientation && length >= 1 && (kind == kByte || kind == kUnsignedShort || kind == kLong))
        if (const size_t value = number(entry + 8, kind == kByte ? 1 : kind == kUnsignedShort ? 2 : 4); value >= 1 && value <= 8)
          orientation_ = static_cast<int>(value);
      const bool bytes = kind == kUndefined || kind == kByte || kind == kAscii;  // what is undefined by the standard, some write as bytes
      const bool comment = !first && tag == kUserComment && bytes, plain = first && kind == kAscii;
      if (!comment && !plain) continue;
      const size_t from = length > 4 ? number(entry + 8, 4) : entry + 8;
      if (from > bytes_.size() || length > bytes_.size() - from) {
        if (outcome) outcome = fail(ErrorCode::corrupt, "exif: a field of {} bytes at byte {} passes the end", length, from);
        continue;
      }
      const auto value = bytes_.subspan(from, length);
      if (comment) out_.comment = commented(value);
      if (plain) out_.others.emplace_back(text_of(value).substr(0, text_of(value).find('\0')));
    }
    return outcome;
  }

  std::string commented(std::span<const uint8_t> value) const {
    if (value.size() < 8) return "";
    const auto rest = value.subspan(8);
    if (!text_of(value).starts_with("UNICODE")) return std::string(text_of(rest).substr(0, text_of(rest).find('\0')));
    const bool big_first = rest.size() >= 2 && rest[0] == 0, little_first = rest.size() >= 2 && rest[1] == 0;
    return utf8_of_utf16(rest, big_first == little_first ? big_ : big_first);
  }

  std::span<const uint8_t> bytes_;
  bool big_ = false;
  std::optional<size_t> exif_;
  int orientation_ = 1;
  ExifTexts out_;
};

}  // namespace

Result<ExifTexts> exif_texts(std::span<const uint8_t> file) {
  PTAH_TRY(const auto part, exif_part(file));
  Tiff tiff(part);
  const auto outcome = tiff.read();
  if (!outcome && tiff.texts().comment.empty() && tiff.texts().others.empty()) return tl::unexpected(outcome.error());
  return tiff.texts();
}

int exif_orientation(std::span<const uint8_t> file) {
  const auto part = exif_part(file);
  if (!part) return 1;
  Tiff tiff(*part);
  (void)tiff.read();
  return tiff.orientation();
}

std::string xmp_packet(std::span<const uint8_t> file) {
  if (is_png(file)) return png_text(file, kXmpKeyword).value_or("");
  return std::string(text_of(is_jpeg(file) ? jpeg_part(file, std::string_view("http://ns.adobe.com/xap/1.0/\0", 29)) : chunk_part(file, "XMP ")));
}

}  // namespace ptah
