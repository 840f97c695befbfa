#include <png.h>

#include <csetjmp>
#include <cstring>

#include "media/picture.h"
#include "media/png_chunks.h"

namespace ptah {

Picture make_picture(int64_t width, int64_t height) { return {width, height, Bytes(static_cast<size_t>(width * height * 4), 0)}; }

namespace {

struct Sink {
  Bytes bytes;
  std::string problem;
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  static_cast<Sink*>(png_get_error_ptr(png))->problem = message;
  png_longjmp(png, 1);
}
void on_warning(png_structp, png_const_charp) {}

void on_write(png_structp png, png_bytep data, size_t size) {
  auto& bytes = static_cast<Sink*>(png_get_io_ptr(png))->bytes;
  bytes.insert(bytes.end(), data, data + size);
}
void on_flush(png_structp) {}

/// Nothing with a destructor may live between setjmp and longjmp in these two.
bool write_rows(png_structp png, png_infop info, const Picture& picture, png_bytep* rows, png_text_struct* texts, int text_count) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_IHDR(png, info, static_cast<png_uint_32>(picture.width), static_cast<png_uint_32>(picture.height), 8, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
  if (text_count) png_set_text(png, info, texts, text_count);
  png_set_compression_level(png, 6);
  png_write_info(png, info);
  png_write_image(png, rows);
  png_write_end(png, info);
  return true;
}

/// Calls f(chunk) for each chunk up to IEND.
template <class F>
Result<void> for_chunks(std::span<const uint8_t> bytes, const F& f) {
  if (!is_png(bytes)) return fail(ErrorCode::corrupt, "png: wrong signature");
  for (size_t at = 8;;) {
    PTAH_TRY(const PngChunk chunk, png_chunk_at(bytes, at, true));
    f(chunk);
    at += chunk.size;
    if (chunk.type == "IEND") return {};
  }
}

}  // namespace

Result<Bytes> encode_png(const Picture& picture, const std::map<std::string, std::string>& texts) {
  if (picture.width < 1 || picture.height < 1 || picture.width > kMostPictureEdge || picture.height > kMostPictureEdge ||
      static_cast<int64_t>(picture.rgba.size()) != picture.width * picture.height * 4)
    return fail(ErrorCode::invalid_argument, "png: {} × {} picture with {} bytes", picture.width, picture.height, picture.rgba.size());
  Sink sink;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &sink, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  if (!info) {
    png_destroy_write_struct(&png, nullptr);
    return fail(ErrorCode::internal, "png: no memory for the writer");
  }
  std::vector<png_bytep> rows;
  for (int64_t y = 0; y < picture.height; ++y) rows.push_back(const_cast<png_bytep>(picture.at(0, y)));
  std::vector<png_text_struct> entries;
  for (const auto& [keyword, text] : texts) {
    png_text_struct entry{};
    entry.compression = PNG_ITXT_COMPRESSION_NONE;
    entry.key = const_cast<char*>(keyword.c_str());
    entry.text = const_cast<char*>(text.c_str());
    entry.itxt_length = text.size();
    entry.lang = const_cast<char*>("");
    entry.lang_key = const_cast<char*>("");
    entries.push_back(entry);
  }
  png_set_write_fn(png, &sink, on_write, on_flush);
  const bool good = write_rows(png, info, picture, rows.data(), entries.data(), static_cast<int>(entries.size()));
  png_destroy_write_struct(&png, &info);
  if (!good) return fail(ErrorCode::internal, "png: {}", sink.problem);
  return std::move(sink.bytes);
}

Result<Picture> decode_png(std::span<const uint8_t> bytes) {
  PTAH_TRY_VOID(for_chunks(bytes, [](const PngChunk&) {}));  // libpng lets a missing end pass
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size())) return fail(ErrorCode::corrupt, "png: {}", image.message);
  if (image.width > kMostPictureEdge || image.height > kMostPictureEdge || int64_t{image.width} * image.height > kMostPicturePixels) {
    const auto problem = fail(ErrorCode::unsupported, "png: {} × {} is larger than the limit of {} pixels", image.width, image.height, kMostPicturePixels);
    png_image_free(&image);
    return problem;
  }
  image.format = PNG_FORMAT_RGBA;
  Picture picture = make_picture(image.width, image.height);
  if (!png_image_finish_read(&image, nullptr, picture.rgba.data(), 0, nullptr)) return fail(ErrorCode::corrupt, "png: {}", image.message);
  return picture;
}

Result<std::string> png_text(std::span<const uint8_t> bytes, const std::string& keyword) {
  std::string found;
  bool there = false;
  PTAH_TRY_VOID(for_chunks(bytes, [&](const PngChunk& chunk) {
    if (chunk.type != "iTXt" && chunk.type != "tEXt") return;
    const std::string_view text(reinterpret_cast<const char*>(chunk.data.data()), chunk.data.size());
    if (text.size() <= keyword.size() || text.substr(0, keyword.size()) != keyword || text[keyword.size()] != '\0') return;
    size_t at = keyword.size() + 1;
    if (chunk.type == "iTXt") {  // compression flag and method, language, translated keyword
      if (text.size() < at + 2 || text[at] != 0) return;
      const size_t language = text.find('\0', at + 2);
      const size_t translated = language == std::string_view::npos ? language : text.find('\0', language + 1);
      if (translated == std::string_view::npos) return;
      at = translated + 1;
    }
    found = std::string(text.substr(at));
    there = true;
  }));
  if (!there) return fail(ErrorCode::not_found, "png: no text '{}'", keyword);
  return found;
}

}  // namespace ptah
