// Pictures that move: animated WebP, GIF and MP4.
#pragma once

#include <span>
#include <string>

#include "base/progress.h"
#include "media/image.h"

namespace ptah {

/// Frames of one size that are shown one after the other, again and again.
struct Animation {
  std::vector<Image> frames;
  int64_t milliseconds = 80;  ///< of each frame
  int64_t loops = 0;          ///< how often all are shown; 0: without end
  std::string xmp = {};       ///< metadata of the file, e.g. generated_label(); WebP alone has it
};

/// Largest number of frames that is encoded.
constexpr size_t kMaxFrames = 720;

/// Animated WebP (lossy, quality 1 to 100, alpha kept exactly), by libwebp; frames are encoded in parallel. The same frames give the same bytes. Errors:
/// invalid_argument for no frames, more than kMaxFrames, other sizes than the first, over 16383 pixels an edge; internal.
Result<Bytes> encode_webp(const Animation& animation, int quality = 88);
/// Animated GIF: up to 255 colours of all frames together (median cut), dithered by an ordered pattern, and one for what is transparent. The same frames give
/// the same bytes. Errors: as encode_webp.
Result<Bytes> encode_gif(const Animation& animation);
/// H.264 in MP4, shown once, by the ffmpeg that is installed; odd edges lose a line. The same frames give the same bytes with the same ffmpeg. Errors: as
/// encode_webp; invalid_argument for what is not opaque; not_found without ffmpeg, io if it fails, cancelled.
Result<Bytes> encode_mp4(const Animation& animation, const CancelToken* cancel = nullptr);
/// Errors: invalid_argument, for what no encoder takes.
Result<void> check(const Animation& animation);

}  // namespace ptah
