#include "media/png_problem.h"

#include <bit>
#include <cstring>

#include "media/exif.h"
#include "media/image_samples.h"
#include "media/png_chunks.h"

namespace ptah {

namespace {

uint32_t big_endian(std::span<const uint8_t> bytes, size_t at) {
  return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 | uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

/// The chunks that libpng is not asked about.
struct Described {
  ColourTags colour;
  int64_t frames = 0;          ///< of an animation
  bool data_is_frame = false;  ///< the picture for those that know no animations is its first frame
};

Bytes profile_in(std::span<const uint8_t> chunk, ImageNotes* notes) {
  const auto* end = static_cast<const uint8_t*>(std::memchr(chunk.data(), 0, std::min<size_t>(chunk.size(), 80)));
  const size_t at = end ? static_cast<size_t>(end - chunk.data()) + 2 : chunk.size();
  auto profile = at < chunk.size() ? inflated(chunk.subspan(at), kMaxProfileBytes) : fail(ErrorCode::corrupt, "cut off");
  if (profile) return std::move(*profile);
  note(notes, fmt::format("its colour profile is broken ({}); left out", profile.error().message));
  return {};
}

void describe(const PngChunk& chunk, bool& data_began, Described& out, ImageNotes* notes) {
  const auto data = chunk.data;
  if (chunk.type == "IDAT") data_began = true;
  if (data_began) return;  // all of these come before the picture's data
  ColourTags& colour = out.colour;
  if (chunk.type == "cICP" && data.size() == 4)
    colour.codes = ColourCodes{data[0], data[1], data[2], data[3]};
  else if (chunk.type == "iCCP" && colour.icc.empty() && !data.empty())
    colour.icc = profile_in(data, notes);
  else if (chunk.type == "sRGB" && data.size() == 1)
    colour.srgb = true;
  else if (chunk.type == "gAMA" && data.size() == 4)
    colour.gamma = big_endian(data, 0) / 100000.0;
  else if (chunk.type == "acTL" && data.size() == 8)
    out.frames = big_endian(data, 0);
  else if (chunk.type == "fcTL")
    out.data_is_frame = true;
  else if (chunk.type == "cHRM" && data.size() == 32) {
    colour.chromaticity.emplace();
    for (size_t i = 0; i < 8; ++i) (*colour.chromaticity)[i] = big_endian(data, i * 4) / 100000.0;
  }
}

struct Stream : PngProblem {
  explicit Stream(std::span<const uint8_t> all) : bytes(all) {}
  std::span<const uint8_t> bytes;
};
void on_read(png_structp png, png_bytep into, size_t size) {
  auto& bytes = static_cast<Stream*>(png_get_io_ptr(png))->bytes;
  if (size > bytes.size()) png_error(png, "cut off");
  std::memcpy(into, bytes.data(), size);
  bytes = bytes.subspan(size);
}

/// libpng, which unpacks and unfilters, and spreads palettes and small samples; colour is not its business.
class Rows {
 public:
  explicit Rows(std::span<const uint8_t> bytes) : stream_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, static_cast<PngProblem*>(&stream_), on_png_error, on_png_warning);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
  }
  ~Rows() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  Result<void> header() {
    if (!info_) return fail(ErrorCode::over_budget, "png: no memory for the reader");
    if (!read_header()) return fail(ErrorCode::corrupt, "png: {}", stream_.problem);
    return {};
  }
  int64_t width() const { return png_get_image_width(png_, info_); }
  int64_t height() const { return png_get_image_height(png_, info_); }

  Result<Image> picture(const ColourTags& tags, ImageNotes* notes) {
    if (!prepare()) return fail(ErrorCode::corrupt, "png: {}", stream_.problem);
    const int channels = png_get_channels(png_, info_);
    const SampleLayout layout{.colours = channels <= 2 ? 1 : 3, .alpha = channels % 2 == 0, .wide = png_get_bit_depth(png_, info_) == 16};
    ColourConverter converter(tags, layout, notes);
    Image out = make_image(width(), height());
    Bytes row(png_get_rowbytes(png_, info_)), pixels(static_cast<size_t>(width()) * 4);
    const bool interlaced = png_get_interlace_type(png_, info_) == PNG_INTERLACE_ADAM7;
    for (int pass = 0; pass < (interlaced ? 7 : 1); ++pass) {
      const int64_t columns = interlaced ? PNG_PASS_COLS(width(), pass) : width(), rows = interlaced ? PNG_PASS_ROWS(height(), pass) : height();
      for (int64_t y = 0; y < rows && columns > 0; ++y) {
        if (!read_row(row.data())) return broken(y, rows, interlaced ? fmt::format(" of pass {} of 7", pass + 1) : "");
        if (!interlaced) {
          converter.row(row.data(), out.at(0, y), static_cast<size_t>(columns));
          continue;
        }
        converter.row(row.data(), pixels.data(), static_cast<size_t>(columns));
        for (int64_t x = 0; x < columns; ++x) std::memcpy(out.at(PNG_COL_FROM_PASS_COL(x, pass), PNG_ROW_FROM_PASS_ROW(y, pass)), pixels.data() + x * 4, 4);
      }
    }
    return out;
  }

 private:
  // Nothing with a destructor may live in these three.
  bool read_header() {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_set_read_fn(png_, &stream_, on_read);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);  // all but those that the pixels need
    png_set_user_limits(png_, 0x7FFFFFFF, 0x7FFFFFFF);                       // ours are smaller
    png_read_info(png_, info_);
    return true;
  }
  bool prepare() {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_set_expand(png_);
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png_);
    png_read_update_info(png_, info_);
    return true;
  }
  bool read_row(uint8_t* row) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_row(png_, row, nullptr);
    return true;
  }

  Result<Image> broken(int64_t row, int64_t rows, const std::string& of_pass) const {
    return fail(ErrorCode::corrupt, "png: {} (row {} of {}{}: {} rows are missing)", stream_.problem, row, rows, of_pass, rows - row);
  }

  Stream stream_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Result<Image> decode_png(std::span<const uint8_t> bytes, ImageNotes* notes, int64_t max_pixels) {
  Described described;
  bool data_began = false;
  const auto chunks = for_png_chunks(bytes, [&](const PngChunk& chunk) { describe(chunk, data_began, described, notes); });
  Rows rows(bytes);
  const auto header = rows.header();
  if (!header) return tl::unexpected(chunks ? header.error() : chunks.error());
  PTAH_TRY_VOID(check_image_size("png", rows.width(), rows.height(), max_pixels));
  auto picture = rows.picture(described.colour, notes);
  if (!chunks && !picture) return fail(ErrorCode::corrupt, "{}; {}", chunks.error().message, picture.error().message);
  if (!chunks) return tl::unexpected(chunks.error());  // libpng lets a missing end pass
  if (!picture) return picture;
  if (described.frames > 1)
    note(notes, described.data_is_frame ? fmt::format("an animation; the first of its {} frames is taken", described.frames)
                                        : fmt::format("an animation of {} frames; its still picture is taken", described.frames));
  return upright(std::move(*picture), exif_orientation(bytes));
}

}  // namespace ptah
