// Sounds as compressed files, written as they come: MP3 by LAME, Opus (RFC 6716) in Ogg (RFC 7845) by libopus.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// Of one channel.
class SoundEncoder {
 public:
  virtual ~SoundEncoder() = default;
  /// Samples −1 to 1; the bytes that are ready are appended to `file`, first of all the head of the file. Throws Failure (internal) if the library fails.
  virtual void add(std::span<const float> sound, Bytes& file) = 0;
  /// What is left, and the end of the file.
  virtual void end(Bytes& file) = 0;
};

/// `format`: mp3 (64 kbit/s) or opus (32 kbit/s). `label`: an XMP packet (media/label.h), kept as MP3 files keep it (ID3v2.4, PRIV "XMP"), in Ogg as the
/// comment "XMP"; may be empty. Errors: invalid_argument (another format; a rate that it has not).
Result<std::unique_ptr<SoundEncoder>> sound_encoder(const std::string& format, int64_t rate, const std::string& label);

bool is_ogg(std::span<const uint8_t> file);
/// The sound of a file of Opus in Ogg of one or two channels, all channels one after the other at each moment; no more than `max_seconds` of it. `rate`: 8000,
/// 12000, 16000, 24000 or 48000. Errors: unsupported (another codec; several streams), corrupt.
struct OpusSound {
  std::vector<float> samples;
  int64_t channels = 0;
};
Result<OpusSound> decode_opus(std::span<const uint8_t> file, double max_seconds, int64_t rate = 48000);
/// How long such a file says it is, by its last page; 0 if it does not say.
double opus_seconds(std::span<const uint8_t> file);

}  // namespace ptah
