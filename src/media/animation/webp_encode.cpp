#include <webp/encode.h>
#include <webp/mux.h>

#include <memory>

#include "base/parallel.h"
#include "media/animation/animation.h"

namespace ptah {

namespace {

constexpr int64_t kMaxWebpEdge = 16383;

/// One frame as a WebP file; empty if the encoder fails.
Bytes encode_frame(const Image& frame, int quality) {
  WebPConfig config;
  WebPPicture picture;
  if (!WebPConfigInit(&config) || !WebPPictureInit(&picture)) return {};
  config.quality = static_cast<float>(quality);
  config.method = 2;
  config.thread_level = 0;
  picture.width = static_cast<int>(frame.width);
  picture.height = static_cast<int>(frame.height);
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  Bytes out;
  if (WebPPictureImportRGBA(&picture, frame.rgba.data(), static_cast<int>(frame.width * 4)) && WebPEncode(&config, &picture))
    out.assign(writer.mem, writer.mem + writer.size);
  WebPPictureFree(&picture);
  WebPMemoryWriterClear(&writer);
  return out;
}

}  // namespace

Result<void> check(const Animation& animation) {
  if (animation.frames.empty() || animation.frames.size() > kMaxFrames)
    return fail(ErrorCode::invalid_argument, "an animation of {} frames; 1 to {} are possible", animation.frames.size(), kMaxFrames);
  const Image& first = animation.frames.front();
  for (const Image& frame : animation.frames)
    if (frame.width != first.width || frame.height != first.height) return fail(ErrorCode::invalid_argument, "an animation with frames of several sizes");
  if (first.width < 1 || first.height < 1 || std::max(first.width, first.height) > kMaxWebpEdge)
    return fail(ErrorCode::invalid_argument, "an animation of {} × {} pixels", first.width, first.height);
  if (animation.milliseconds < 1 || animation.milliseconds > 60000) return fail(ErrorCode::invalid_argument, "frames of {} ms", animation.milliseconds);
  return {};
}

Result<Bytes> encode_webp(const Animation& animation, int quality) {
  PTAH_TRY_VOID(check(animation));
  std::vector<Bytes> frames(animation.frames.size());
  parallel_for(static_cast<int64_t>(frames.size()), int64_t{1} << 24, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) frames[static_cast<size_t>(i)] = encode_frame(animation.frames[static_cast<size_t>(i)], quality);
  });
  const std::unique_ptr<WebPMux, decltype(&WebPMuxDelete)> mux(WebPMuxNew(), WebPMuxDelete);
  if (!mux) return fail(ErrorCode::over_budget, "webp: not enough memory");
  const WebPMuxAnimParams parameters{0x00FFFFFF, static_cast<int>(animation.loops)};
  bool fine = WebPMuxSetAnimationParams(mux.get(), &parameters) == WEBP_MUX_OK;
  for (const Bytes& bytes : frames) {
    if (bytes.empty()) return fail(ErrorCode::internal, "webp: a frame could not be encoded");
    WebPMuxFrameInfo info{};
    info.bitstream = {bytes.data(), bytes.size()};
    info.duration = static_cast<int>(animation.milliseconds);
    info.id = WEBP_CHUNK_ANMF;
    info.dispose_method = WEBP_MUX_DISPOSE_NONE;
    info.blend_method = WEBP_MUX_NO_BLEND;
    fine = fine && WebPMuxPushFrame(mux.get(), &info, 0) == WEBP_MUX_OK;
  }
  if (!animation.xmp.empty()) {
    const WebPData xmp{reinterpret_cast<const uint8_t*>(animation.xmp.data()), animation.xmp.size()};
    fine = fine && WebPMuxSetChunk(mux.get(), "XMP ", &xmp, 1) == WEBP_MUX_OK;
  }
  WebPData data{};
  fine = fine && WebPMuxAssemble(mux.get(), &data) == WEBP_MUX_OK;
  Bytes out;
  if (fine) out.assign(data.bytes, data.bytes + data.size);
  WebPDataClear(&data);
  if (!fine) return fail(ErrorCode::internal, "webp: the animation could not be put together");
  return out;
}

}  // namespace ptah
