// An inaudible watermark that says of speech that Ptah made it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ptah {

/// The rate of the sound that is marked. What is looked at may have another one.
inline constexpr int64_t kMarkedRate = 24000;

/// Marks a sound as it comes. Of each short-time spectrum (1,024 samples, half of them new; square root of Hann) the 277 bins between 500 and 7,000 Hz are made
/// 0.8 dB louder or quieter, by a pattern of random signs that repeats after 32 spectra (0.68 s): what is added is 28 to 29 dB below the sound. (Spread
/// spectrum: Cox et al., "Secure spread spectrum watermarking for multimedia", 1997; of logarithmic spectra: Kirovski and Malvar, "Spread-spectrum watermarking
/// of audio signals", 2003.) The same sound gives the same numbers, in whatever pieces it comes.
class SoundMarker {
 public:
  SoundMarker();
  /// Samples of one channel at kMarkedRate in; those that are ready, which are up to 1,023 fewer so far, are appended to `out`.
  void add(std::span<const float> sound, std::vector<float>& out);
  /// What is left: as many came out as went in.
  void end(std::vector<float>& out);

 private:
  void mark_next(std::vector<float>& out, size_t max_samples);
  std::vector<float> waiting_, overlap_;
  uint64_t spectra_ = 0, in_ = 0, out_ = 0;
};

struct SoundMark {
  double strength = 0;  ///< of the correlation with the pattern, in standard deviations of that of a sound without a mark, the largest of 128 places
  bool found() const { return strength > kFound; }
  static constexpr double kFound = 4.5;
};
/// Looks for the mark in the first minute of a sound of one channel, at every place of the pattern. Less than 2 seconds are not enough to find it. What is
/// measured of it: docs/voice.md.
SoundMark find_sound_mark(std::span<const float> sound, int64_t rate);

}  // namespace ptah
