#include <cstddef>
#include <cstdio>
// libjpeg needs stdio before it, and its codes of errors need libjpeg.
#include <jpeglib.h>
// In this order.
#include <jerror.h>

#include <csetjmp>
#include <cstdlib>
#include <cstring>

#include "media/exif.h"
#include "media/jpeg_segments.h"
#include "media/image_samples.h"

namespace ptah {

namespace {

constexpr int kMaxScans = 200;

struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
  bool ended = false;  ///< the file ended before its end marker
};

void on_error(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->jump, 1);
}
void on_message(j_common_ptr) {}

/// What libjpeg only warns of and fills with grey: here a picture is whole or refused.
void on_warning(j_common_ptr info, int level) {
  if (level >= 0) return;
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  const int code = info->err->msg_code;
  if (code == JWRN_JPEG_EOF) errors->ended = true;
  if (code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE || code == JWRN_MUST_RESYNC) on_error(info);
}

/// Thousands of scans over a large picture would take hours.
void on_progress(j_common_ptr info) {
  const auto* reading = reinterpret_cast<j_decompress_ptr>(info);
  if (reading->input_scan_number <= kMaxScans) return;
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  std::snprintf(errors->message, sizeof errors->message, "more than %d scans", kMaxScans);
  std::longjmp(errors->jump, 1);
}

class Decoder {
 public:
  explicit Decoder(std::span<const uint8_t> bytes) : bytes_(bytes) {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = on_error;
    errors_.base.output_message = on_message;
    errors_.base.emit_message = on_warning;
    progress_.progress_monitor = on_progress;
  }
  ~Decoder() { jpeg_destroy_decompress(&info_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Result<Image> run(ImageNotes* notes, int64_t max_pixels) {
    if (!read_header()) return fail(ErrorCode::corrupt, "jpeg: {}", errors_.message);
    const int64_t w = info_.image_width, h = info_.image_height;
    PTAH_TRY_VOID(check_image_size("jpeg", w, h, max_pixels));
    if (info_.jpeg_color_space == JCS_UNKNOWN || (info_.num_components != 1 && info_.num_components != 3 && info_.num_components != 4))
      return fail(ErrorCode::unsupported, "jpeg: a picture of {} components; 1 (grey), 3 (colour) and 4 (CMYK) are read", info_.num_components);
    // A progressive picture's coefficients are kept until its last scan.
    scanned_ = jpeg_has_multiple_scans(&info_);
    if (const int64_t kept = scanned_ ? coefficient_bytes() : 0; kept > kMaxCoefficientBytes)
      return fail(ErrorCode::unsupported, "jpeg: a progressive picture of {} × {} pixels takes {} MiB on the way; up to {} MiB are allowed", w, h, kept >> 20,
                  kMaxCoefficientBytes >> 20);
    layout_ = {.colours = info_.num_components, .inverted = info_.num_components == 4 && info_.saw_Adobe_marker};
    info_.out_color_space = layout_.colours == 1 ? JCS_GRAYSCALE : layout_.colours == 3 ? JCS_RGB : JCS_CMYK;
    ColourTags tags;
    tags.icc = icc_profile(notes);
    ColourConverter converter(tags, layout_, notes);
    Image picture = make_image(w, h);
    Bytes row(static_cast<size_t>(w) * static_cast<size_t>(layout_.colours));
    if (!begin()) return broken(0);
    for (int64_t y = 0; y < h; ++y) {
      if (!read_row(row.data())) return broken(y);
      converter.row(row.data(), picture.at(0, y), static_cast<size_t>(w));
    }
    if (!end()) return broken(h);
    if (errors_.ended)
      return fail(ErrorCode::corrupt, "jpeg: cut off at byte {}: its end marker is missing{}. Get the whole file again", bytes_.size(),
                  complete_ ? "" : fmt::format(", and with it detail that comes behind scan {}", info_.input_scan_number));
    return picture;
  }

 private:
  static constexpr int64_t kMaxCoefficientBytes = int64_t{320} << 20;

  // Nothing with a destructor may live in these four.
  bool read_header() {
    if (setjmp(errors_.jump)) return false;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
    jpeg_mem_src(&info_, bytes_.data(), bytes_.size());
    jpeg_read_header(&info_, TRUE);
    return true;
  }
  bool begin() {
    if (setjmp(errors_.jump)) return false;
    jpeg_start_decompress(&info_);
    return true;
  }
  bool read_row(uint8_t* row) {
    if (setjmp(errors_.jump)) return false;
    return jpeg_read_scanlines(&info_, &row, 1) == 1;
  }
  bool end() {
    if (setjmp(errors_.jump)) return false;
    complete_ = all_coefficients();  // the end of decompression gives back what tells
    jpeg_finish_decompress(&info_);
    return true;
  }

  int64_t coefficient_bytes() const {
    int64_t bytes = 0;
    for (int i = 0; i < info_.num_components; ++i) {
      const jpeg_component_info& c = info_.comp_info[i];
      bytes += (int64_t{info_.image_width} * c.h_samp_factor / info_.max_h_samp_factor) *
               (int64_t{info_.image_height} * c.v_samp_factor / info_.max_v_samp_factor) * 2;
    }
    return bytes;
  }

  /// Of a progressive picture: whether every coefficient came with its last bit. True for others, whose rows are all there.
  bool all_coefficients() const {
    if (!info_.progressive_mode || !info_.coef_bits) return true;
    for (int i = 0; i < info_.num_components; ++i)
      for (int k = 0; k < DCTSIZE2; ++k)
        if (info_.coef_bits[i][k] != 0) return false;
    return true;
  }

  Result<Image> broken(int64_t rows) const {
    const int64_t h = info_.image_height, w = info_.image_width;
    if (!errors_.ended) return fail(ErrorCode::corrupt, "jpeg: {} (at row {} of {})", errors_.message, rows, h);
    if (scanned_)
      return fail(ErrorCode::corrupt, "jpeg: cut off at byte {}, in scan {}: detail of the whole picture is missing. Get the whole file again", bytes_.size(),
                  info_.input_scan_number);
    if (rows == 0)
      return fail(ErrorCode::corrupt, "jpeg: cut off at byte {}, before the first of its {} rows is whole. Get the whole file again", bytes_.size(), h);
    return fail(ErrorCode::corrupt, "jpeg: cut off at byte {}: of {} × {} pixels about {} of {} rows are missing ({} %). Get the whole file again",
                bytes_.size(), w, h, h - rows, h, 100 * (h - rows) / h);
  }

  /// The profile in the segments APP2, put together; empty if there is none.
  Bytes icc_profile(ImageNotes* notes) const {
    constexpr std::string_view kName("ICC_PROFILE\0", 12);
    const auto segments = jpeg_segments(bytes_);
    std::vector<std::span<const uint8_t>> parts;
    bool whole = true;
    for (const JpegSegment& s : segments ? *segments : std::vector<JpegSegment>()) {
      if (s.marker != 0xE2 || s.size < 18 || std::memcmp(bytes_.data() + s.start + 4, kName.data(), kName.size()) != 0) continue;
      const size_t number = bytes_[s.start + 16], of = bytes_[s.start + 17];
      if (parts.empty()) parts.resize(of);
      whole = whole && of == parts.size() && number >= 1 && number <= of && parts[number - 1].empty();
      if (whole) parts[number - 1] = bytes_.subspan(s.start + 18, s.size - 18);
    }
    Bytes out;
    for (const auto& part : parts) {
      whole = whole && !part.empty() && out.size() + part.size() <= kMaxProfileBytes;
      if (whole) out.insert(out.end(), part.begin(), part.end());
    }
    if (whole) return out;
    note(notes, "its colour profile is not whole, or too large; left out");
    return {};
  }

  std::span<const uint8_t> bytes_;
  jpeg_decompress_struct info_{};
  JpegErrors errors_{};
  jpeg_progress_mgr progress_{};
  SampleLayout layout_;
  bool complete_ = true;  ///< whether every coefficient came with its last bit
  bool scanned_ = false;  ///< in several scans, each over the whole picture
};

bool write_jpeg(jpeg_compress_struct& info, JpegErrors& errors, const Image& picture, int quality, Bytes& row, unsigned char** out, unsigned long* size) {
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

Result<Bytes> encode_jpeg(const Image& picture, int quality) {
  if (picture.width < 1 || picture.height < 1 || picture.width > kMaxImageEdge || picture.height > kMaxImageEdge)
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

Result<Image> decode_jpeg(std::span<const uint8_t> bytes, ImageNotes* notes, int64_t max_pixels) {
  PTAH_TRY(Image picture, Decoder(bytes).run(notes, max_pixels));
  return upright(std::move(picture), exif_orientation(bytes));
}

}  // namespace ptah
