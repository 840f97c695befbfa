#include "media/exif.h"

#include <optional>

#include "base/text.h"
#include "media/jpeg_segments.h"
#include "media/riff_chunks.h"

namespace ptah {

namespace {

constexpr std::string_view kExif("Exif\0\0", 6);
constexpr size_t kMostFields = 1000;
constexpr uint16_t kByte = 1, kAscii = 2, kUndefined = 7, kExifDirectory = 0x8769, kUserComment = 0x9286;

std::string_view text_of(std::span<const uint8_t> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// The TIFF inside, without "Exif" before it.
Result<std::span<const uint8_t>> exif_part(std::span<const uint8_t> file) {
  std::span<const uint8_t> found;
  if (is_jpeg(file)) {
    PTAH_TRY(const auto segments, jpeg_segments(file));
    for (const JpegSegment& s : segments)
      if (const auto content = file.subspan(s.start + 4, s.size - 4); s.marker == 0xE1 && found.empty() && text_of(content).starts_with(kExif)) found = content;
  } else if (is_riff(file, "WEBP")) {
    for (size_t at = 12; file.size() - at >= 8;) {
      PTAH_TRY(const RiffChunk chunk, riff_chunk_at(file, at, "webp"));
      if (chunk.type == "EXIF" && found.empty()) found = chunk.data;
      at += chunk.size;
    }
  }
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

  Result<ExifTexts> texts() {
    const bool little = text_of(bytes_).starts_with("II");
    if (bytes_.size() < 8 || (!little && !text_of(bytes_).starts_with("MM"))) return fail(ErrorCode::corrupt, "exif: no TIFF head");
    big_ = !little;
    if (number(2, 2) != 42) return fail(ErrorCode::corrupt, "exif: no TIFF head");
    PTAH_TRY_VOID(directory(number(4, 4), true));
    if (exif_) PTAH_TRY_VOID(directory(*exif_, false));
    return out_;
  }

 private:
  size_t number(size_t at, int bytes) const {
    size_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | bytes_[at + static_cast<size_t>(big_ ? i : bytes - 1 - i)];
    return value;
  }

  Result<void> directory(size_t at, bool first) {
    if (at > bytes_.size() || bytes_.size() - at < 2) return fail(ErrorCode::corrupt, "exif: a directory at byte {} passes the end", at);
    const size_t count = number(at, 2);
    if (count > kMostFields || bytes_.size() - at - 2 < 12 * count) return fail(ErrorCode::corrupt, "exif: a directory of {} fields passes the end", count);
    for (size_t i = 0; i < count; ++i) {
      const size_t entry = at + 2 + 12 * i, tag = number(entry, 2), kind = number(entry + 2, 2), length = number(entry + 4, 4);
      if (first && tag == kExifDirectory) exif_ = number(entry + 8, 4);
      const bool bytes = kind == kUndefined || kind == kByte || kind == kAscii;  // what is undefined by the standard, some write as bytes
      const bool comment = !first && tag == kUserComment && bytes, plain = first && kind == kAscii;
      if (!comment && !plain) continue;
      const size_t from = length > 4 ? number(entry + 8, 4) : entry + 8;
      if (from > bytes_.size() || length > bytes_.size() - from)
        return fail(ErrorCode::corrupt, "exif: a field of {} bytes at byte {} passes the end", length, from);
      const auto value = bytes_.subspan(from, length);
      if (comment) out_.comment = commented(value);
      if (plain) out_.others.emplace_back(text_of(value).substr(0, text_of(value).find('\0')));
    }
    return {};
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
  ExifTexts out_;
};

}  // namespace

Result<ExifTexts> exif_texts(std::span<const uint8_t> file) {
  PTAH_TRY(const auto part, exif_part(file));
  return Tiff(part).texts();
}

}  // namespace ptah
