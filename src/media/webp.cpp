#include <webp/decode.h>
#include <webp/demux.h>

#include "media/exif.h"
#include "media/image_samples.h"
#include "media/riff_chunks.h"

namespace ptah {

namespace {

/// All frames and chunks of a file, by libwebp.
class Demuxer {
 public:
  explicit Demuxer(std::span<const uint8_t> bytes) {
    const WebPData data{bytes.data(), bytes.size()};
    demuxer_ = WebPDemux(&data);
  }
  ~Demuxer() {
    WebPDemuxReleaseChunkIterator(&chunk_);
    WebPDemuxReleaseIterator(&frame_);
    WebPDemuxDelete(demuxer_);
  }
  Demuxer(const Demuxer&) = delete;
  Demuxer& operator=(const Demuxer&) = delete;
  explicit operator bool() const { return demuxer_ != nullptr; }
  int64_t number(WebPFormatFeature what) const { return WebPDemuxGetI(demuxer_, what); }
  const WebPIterator* first_frame() { return WebPDemuxGetFrame(demuxer_, 1, &frame_) ? &frame_ : nullptr; }
  std::span<const uint8_t> colour_profile() {
    if (!WebPDemuxGetChunk(demuxer_, "ICCP", 1, &chunk_)) return {};
    return {chunk_.chunk.bytes, chunk_.chunk.size};
  }

 private:
  WebPDemuxer* demuxer_ = nullptr;
  WebPIterator frame_{};
  WebPChunkIterator chunk_{};
};

}  // namespace

Result<Image> decode_webp(std::span<const uint8_t> file, ImageNotes* notes, int64_t max_pixels) {
  if (!is_riff(file, "WEBP")) return fail(ErrorCode::corrupt, "webp: not a WebP picture");
  const uint64_t whole = 8 + (uint64_t{file[4]} | uint64_t{file[5]} << 8 | uint64_t{file[6]} << 16 | uint64_t{file[7]} << 24);
  if (whole > file.size() + (whole & 1))  // some writers leave out the byte that fills up the last chunk
    return fail(ErrorCode::corrupt, "webp: cut off: its header says {} bytes, {} of them are missing. Get the whole file again", whole, whole - file.size());
  const auto bytes = file.first(std::min<size_t>(whole, file.size()));
  Demuxer demuxer(bytes);
  if (!demuxer) return fail(ErrorCode::corrupt, "webp: broken");
  const int64_t width = demuxer.number(WEBP_FF_CANVAS_WIDTH), height = demuxer.number(WEBP_FF_CANVAS_HEIGHT), frames = demuxer.number(WEBP_FF_FRAME_COUNT);
  PTAH_TRY_VOID(check_image_size("webp", width, height, max_pixels));
  const WebPIterator* frame = demuxer.first_frame();
  if (!frame || !frame->complete || frame->x_offset < 0 || frame->y_offset < 0 || frame->x_offset + frame->width > width ||
      frame->y_offset + frame->height > height)
    return fail(ErrorCode::corrupt, "webp: no whole picture in it");
  Image picture = make_image(width, height);
  uint8_t* at = picture.at(frame->x_offset, frame->y_offset);
  const size_t room = static_cast<size_t>(picture.rgba.data() + picture.rgba.size() - at);
  if (!WebPDecodeRGBAInto(frame->fragment.bytes, frame->fragment.size, at, room, static_cast<int>(width * 4)))
    return fail(ErrorCode::corrupt, "webp: broken or cut-off picture data");
  if (frames > 1) note(notes, fmt::format("an animation; the first of its {} frames is taken", frames));
  ColourTags tags;
  if (const auto profile = demuxer.colour_profile(); profile.size() > kMaxProfileBytes)
    note(notes, "its colour profile is too large; taken as sRGB");
  else
    tags.icc.assign(profile.begin(), profile.end());
  ColourConverter converter(tags, {.colours = 3, .alpha = true}, notes);
  Bytes row(static_cast<size_t>(width) * 4);
  for (int64_t y = 0; y < height && !tags.icc.empty(); ++y) {
    std::copy_n(picture.at(0, y), row.size(), row.data());
    converter.row(row.data(), picture.at(0, y), static_cast<size_t>(width));
  }
  return upright(std::move(picture), exif_orientation(bytes));
}

}  // namespace ptah
