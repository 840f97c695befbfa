#include <cstddef>
#include <cstdio>
// libjpeg needs stdio before it.
#include <jpeglib.h>
#include <webp/decode.h>

#include <csetjmp>
#include <cstdlib>
#include <cstring>

#include "media/picture.h"

namespace ptah {

namespace {

struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

void on_error(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->jump, 1);
}
void on_message(j_common_ptr) {}

enum class JpegOutcome { good, corrupt, too_large };

JpegOutcome read_jpeg(jpeg_decompress_struct& info, JpegErrors& errors, std::span<const uint8_t> bytes, Picture& picture) {
  if (setjmp(errors.jump)) return JpegOutcome::corrupt;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, bytes.data(), bytes.size());
  jpeg_read_header(&info, TRUE);
  if (info.image_width > kMostPictureEdge || info.image_height > kMostPictureEdge || int64_t{info.image_width} * info.image_height > kMostPicturePixels)
    return JpegOutcome::too_large;
  info.out_color_space = JCS_EXT_RGBA;
  jpeg_start_decompress(&info);
  picture.width = info.output_width;
  picture.height = info.output_height;
  picture.rgba.resize(static_cast<size_t>(picture.width * picture.height * 4));
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = picture.at(0, info.output_scanline);
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  return JpegOutcome::good;
}

bool write_jpeg(jpeg_compress_struct& info, JpegErrors& errors, const Picture& picture, int quality, Bytes& row, unsigned char** out, unsigned long* size) {
  if (setjmp(errors.jump)) return false;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, out, size);
  info.image_width = static_cast<JDIMENSION>(picture.width);
  info.image_height = static_cast<JDIMENSION>(picture.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  for (int64_t y = 0; y < picture.height; ++y) {
    for (int64_t x = 0; x < picture.width; ++x) {
      const uint8_t* pixel = picture.at(x, y);
      for (size_t c = 0; c < 3; ++c) row[static_cast<size_t>(x) * 3 + c] = static_cast<uint8_t>((pixel[c] * pixel[3] + 255 * (255 - pixel[3]) + 127) / 255);
    }
    JSAMPROW line = row.data();
    jpeg_write_scanlines(&info, &line, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

}  // namespace

Result<Bytes> encode_jpeg(const Picture& picture, int quality) {
  if (picture.width < 1 || picture.height < 1 || picture.width > kMostPictureEdge || picture.height > kMostPictureEdge)
    return fail(ErrorCode::unsupported, "a JPEG of {} × {} pixels", picture.width, picture.height);
  if (quality < 1 || quality > 100) return fail(ErrorCode::invalid_argument, "JPEG quality {}; 1 to 100 are possible", quality);
  jpeg_compress_struct info{};
  JpegErrors errors{};
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.output_message = on_message;
  Bytes row(static_cast<size_t>(picture.width) * 3);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  const bool written = write_jpeg(info, errors, picture, quality, row, &data, &size);
  jpeg_destroy_compress(&info);
  if (!written) return fail(ErrorCode::internal, "JPEG: {}", errors.message);  // libjpeg may have freed its buffer already: rather lost than freed twice
  Bytes out(data, data + size);
  std::free(data);
  return out;
}

Result<Picture> decode_jpeg(std::span<const uint8_t> bytes) {
  jpeg_decompress_struct info{};
  JpegErrors errors{};
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.output_message = on_message;
  Picture picture;
  const JpegOutcome outcome = read_jpeg(info, errors, bytes, picture);
  jpeg_destroy_decompress(&info);
  if (outcome == JpegOutcome::too_large) return fail(ErrorCode::unsupported, "jpeg: larger than the limit of {} pixels", kMostPicturePixels);
  if (outcome == JpegOutcome::corrupt) return fail(ErrorCode::corrupt, "jpeg: {}", errors.message);
  return picture;
}

Result<Picture> decode_webp(std::span<const uint8_t> bytes) {
  int width = 0, height = 0;
  if (!WebPGetInfo(bytes.data(), bytes.size(), &width, &height)) return fail(ErrorCode::corrupt, "webp: not a WebP picture");
  if (width > kMostPictureEdge || height > kMostPictureEdge || int64_t{width} * height > kMostPicturePixels)
    return fail(ErrorCode::unsupported, "webp: {} × {} is larger than the limit of {} pixels", width, height, kMostPicturePixels);
  Picture picture = make_picture(width, height);
  if (!WebPDecodeRGBAInto(bytes.data(), bytes.size(), picture.rgba.data(), picture.rgba.size(), width * 4))
    return fail(ErrorCode::corrupt, "webp: broken picture data");
  return picture;
}

Result<Picture> decode_picture(std::span<const uint8_t> bytes) {
  const auto begins = [&](const char* magic, size_t size, size_t at = 0) {
    return bytes.size() >= at + size && std::memcmp(bytes.data() + at, magic, size) == 0;
  };
  if (begins("\x89PNG", 4)) return decode_png(bytes);
  if (begins("\xFF\xD8\xFF", 3)) return decode_jpeg(bytes);
  if (begins("RIFF", 4) && begins("WEBP", 4, 8)) return decode_webp(bytes);
  return fail(ErrorCode::unsupported, "picture: neither PNG nor JPEG nor WebP");
}

Result<Picture> read_picture(const std::filesystem::path& path) {
  PTAH_TRY(const Bytes bytes, read_file(path));
  auto picture = decode_picture(bytes);
  if (!picture) return fail(picture.error().code, "{}: {}", path.string(), picture.error().message);
  return picture;
}

}  // namespace ptah
