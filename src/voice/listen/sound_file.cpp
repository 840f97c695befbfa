#include "voice/listen/sound_file.h"

#include "media/sound/sound_encoder.h"
#include "media/sound/sound_rate.h"
#include "media/wav.h"

namespace ptah {

Result<std::vector<float>> read_speech(std::span<const uint8_t> file) {
  constexpr int64_t kListeningRate = 16000;
  constexpr double kLongestSpeech = 4 * 3600;
  if (is_wav(file)) {
    PTAH_TRY(const WavSound wav, decode_wav(file));
    return resampled(one_channel(wav.samples, wav.channels), wav.rate, kListeningRate);
  }
  if (is_ogg(file)) {
    const double seconds = opus_seconds(file);
    if (seconds > kLongestSpeech) return fail(ErrorCode::unsupported, "{:.0f} seconds of sound; up to {:.0f} are read", seconds, kLongestSpeech);
    PTAH_TRY(const OpusSound sound, decode_opus(file, seconds + 1, kListeningRate));
    return one_channel(sound.samples, sound.channels);
  }
  return fail(ErrorCode::unsupported, "another format than WAV of 16 bits or Opus in Ogg; ffmpeg -i FILE -ar 16000 -ac 1 speech.wav makes one of most others");
}

}  // namespace ptah
