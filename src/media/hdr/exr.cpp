#include <OpenEXR/ImfChannelList.h>
#include <OpenEXR/ImfFrameBuffer.h>
#include <OpenEXR/ImfHeader.h>
#include <OpenEXR/ImfIO.h>
#include <OpenEXR/ImfInputPart.h>
#include <OpenEXR/ImfMultiPartInputFile.h>
#include <OpenEXR/ImfPartType.h>
#include <OpenEXR/ImfThreading.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "media/hdr/hdr_image.h"

namespace ptah {

namespace {

/// Bytes in memory as the library reads them.
class MemoryStream : public Imf::IStream {
 public:
  explicit MemoryStream(std::span<const uint8_t> bytes) : Imf::IStream("exr"), bytes_(bytes) {}
  bool read(char* to, int count) override {
    if (count < 0 || static_cast<uint64_t>(count) > bytes_.size() - at_) throw std::runtime_error("cut off");
    std::memcpy(to, bytes_.data() + at_, static_cast<size_t>(count));
    at_ += static_cast<size_t>(count);
    return at_ < bytes_.size();
  }
  uint64_t tellg() override { return at_; }
  void seekg(uint64_t position) override {
    if (position > bytes_.size()) throw std::runtime_error("cut off");
    at_ = static_cast<size_t>(position);
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

/// The picture's size. Errors: unsupported.
Result<std::pair<int64_t, int64_t>> size_of(const Imf::Header& header) {
  const auto& window = header.dataWindow();
  const int64_t width = int64_t{window.max.x} - window.min.x + 1, height = int64_t{window.max.y} - window.min.y + 1;
  if (width < 1 || height < 1) return fail(ErrorCode::corrupt, "exr: a picture of {} × {} pixels", width, height);
  if (std::max(width, height) > kMaxHdrEdge || width * height > kMaxHdrPixels)
    return fail(ErrorCode::unsupported, "exr: {} × {} pixels are over the limit of {} pixels and {} an edge", width, height, kMaxHdrPixels, kMaxHdrEdge);
  if (header.hasType() && Imf::isDeepData(header.type())) return fail(ErrorCode::unsupported, "exr: deep data is not read");
  if (header.hasTileDescription()) {
    const auto& tile = header.tileDescription();
    if (tile.xSize < 1 || tile.ySize < 1 || int64_t{tile.xSize} * tile.ySize > kMaxHdrPixels) return fail(ErrorCode::corrupt, "exr: tiles that cannot be");
  }
  return std::pair{width, height};
}

/// The channels that red, green and blue are read from. Errors: unsupported.
Result<std::array<const char*, 3>> channels_of(const Imf::Header& header) {
  const Imf::ChannelList& channels = header.channels();
  int64_t count = 0;
  for (auto it = channels.begin(); it != channels.end(); ++it)
    if (++count > 64) return fail(ErrorCode::unsupported, "exr: more than 64 channels");
  std::array<const char*, 3> names{"R", "G", "B"};
  if (!channels.findChannel("R") && channels.findChannel("Y")) names = {"Y", "Y", "Y"};
  for (const char* name : names) {
    const Imf::Channel* channel = channels.findChannel(name);
    if (!channel) return fail(ErrorCode::unsupported, "exr: no channels R, G and B, and no Y");
    if (channel->xSampling != 1 || channel->ySampling != 1) return fail(ErrorCode::unsupported, "exr: channels of less than the whole size");
  }
  return names;
}

Result<HdrImage> read_exr(std::span<const uint8_t> bytes) {
  Imf::setGlobalThreadCount(0);
  MemoryStream stream(bytes);
  Imf::MultiPartInputFile file(stream, 0, false);
  if (file.parts() < 1) return fail(ErrorCode::corrupt, "exr: no picture in it");
  const Imf::Header& header = file.header(0);
  PTAH_TRY(const auto size, size_of(header));
  PTAH_TRY(const auto names, channels_of(header));
  HdrImage out{size.first, size.second, std::vector<std::array<float, 3>>(static_cast<size_t>(size.first * size.second))};
  const auto& window = header.dataWindow();
  constexpr size_t kPixel = sizeof(std::array<float, 3>);
  const auto row = static_cast<size_t>(size.first) * kPixel;
  Imf::FrameBuffer frame;
  const size_t channels = std::strcmp(names[0], names[1]) == 0 ? 1 : 3;
  for (size_t c = 0; c < channels; ++c) frame.insert(names[c], Imf::Slice::Make(Imf::FLOAT, &out.pixels[0][c], window, kPixel, row));
  Imf::InputPart part(file, 0);
  part.setFrameBuffer(frame);
  part.readPixels(window.min.y, window.max.y);
  for (auto& pixel : out.pixels) {
    if (channels == 1) pixel[1] = pixel[2] = pixel[0];
    for (float& value : pixel) value = std::isfinite(value) ? std::clamp(value, 0.0F, 1e30F) : 0;
  }
  return out;
}

}  // namespace

Result<HdrImage> decode_exr(std::span<const uint8_t> bytes) {
  try {  // the library throws for what is broken
    return read_exr(bytes);
  } catch (const std::exception& problem) {
    return fail(ErrorCode::corrupt, "exr: {}", problem.what());
  }
}

}  // namespace ptah
