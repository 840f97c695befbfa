#include "media/png_problem.h"

#include <cstring>
#include <optional>

#include "media/image.h"
#include "media/png_chunks.h"

namespace ptah {

namespace {

struct Sink : PngProblem {
  Bytes bytes;
};

void on_write(png_structp png, png_bytep data, size_t size) {
  auto& bytes = static_cast<Sink*>(png_get_io_ptr(png))->bytes;
  bytes.insert(bytes.end(), data, data + size);
}
void on_flush(png_structp) {}

/// Nothing with a destructor may live between setjmp and longjmp in these two.
bool write_rows(png_structp png, png_infop info, const Image& picture, png_bytep* rows, png_text_struct* texts, int text_count) {
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

}  // namespace

Result<Bytes> encode_png(const Image& picture, const std::map<std::string, std::string>& texts) {
  if (picture.width < 1 || picture.height < 1 || picture.width > kMaxImageEdge || picture.height > kMaxImageEdge ||
      static_cast<int64_t>(picture.rgba.size()) != picture.width * picture.height * 4)
    return fail(ErrorCode::invalid_argument, "png: {} × {} picture with {} bytes", picture.width, picture.height, picture.rgba.size());
  Sink sink;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, static_cast<PngProblem*>(&sink), on_png_error, on_png_warning);
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

Result<Bytes> inflated(std::span<const uint8_t> packed, size_t max_bytes) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return fail(ErrorCode::over_budget, "zlib: no memory");
  Bytes out;
  Bytes piece(size_t{1} << 15);
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  int state = Z_OK;
  while (state == Z_OK && out.size() <= max_bytes) {
    stream.next_out = piece.data();
    stream.avail_out = static_cast<uInt>(piece.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.insert(out.end(), piece.begin(), piece.end() - static_cast<std::ptrdiff_t>(stream.avail_out));
  }
  inflateEnd(&stream);
  if (out.size() > max_bytes) return fail(ErrorCode::corrupt, "zlib: more than {} bytes come out", max_bytes);
  if (state != Z_STREAM_END) return fail(ErrorCode::corrupt, "zlib: broken or cut off");
  return out;
}

Result<std::string> png_text(std::span<const uint8_t> bytes, const std::string& keyword) {
  constexpr size_t kMaxTextBytes = size_t{16} << 20;
  std::optional<Result<std::string>> found;
  PTAH_TRY_VOID(for_png_chunks(bytes, [&](const PngChunk& chunk) {
    if (chunk.type != "iTXt" && chunk.type != "tEXt" && chunk.type != "zTXt") return;
    const std::string_view text(reinterpret_cast<const char*>(chunk.data.data()), chunk.data.size());
    if (text.size() <= keyword.size() || text.substr(0, keyword.size()) != keyword || text[keyword.size()] != '\0') return;
    size_t at = keyword.size() + 1;
    bool packed = chunk.type == "zTXt";
    if (packed) {  // the method
      if (text.size() < ++at) return;
    } else if (chunk.type == "iTXt") {  // compression flag and method, language, translated keyword
      if (text.size() < at + 2) return;
      packed = text[at] != 0;
      const size_t language = text.find('\0', at + 2);
      const size_t translated = language == std::string_view::npos ? language : text.find('\0', language + 1);
      if (translated == std::string_view::npos) return;
      at = translated + 1;
    }
    found = packed ? inflated(chunk.data.subspan(at), kMaxTextBytes).map([](const Bytes& b) { return std::string(b.begin(), b.end()); })
                   : Result<std::string>(std::string(text.substr(at)));
  }));
  if (!found) return fail(ErrorCode::not_found, "png: no text '{}'", keyword);
  if (!*found) return fail(found->error().code, "png: the text '{}': {}", keyword, found->error().message);
  return std::move(**found);
}

}  // namespace ptah
