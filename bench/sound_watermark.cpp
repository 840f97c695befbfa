// How often the mark in speech is found, and how often where there is none: ptah_bench_sound_watermark [--clips N] [--seconds S] FILE.wav …
// The files hold speech without a mark. From random places of each, clips are cut of the sound, and of the marked sound after Opus at 32 kbit/s, after a rate
// of 16,000 samples a second, and as it is. Prints a table.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "base/file.h"
#include "base/philox.h"
#include "media/sound/sound_encoder.h"
#include "media/sound/sound_rate.h"
#include "media/sound/sound_watermark.h"
#include "media/wav.h"

using namespace ptah;

namespace {

std::vector<float> through_opus(std::span<const float> sound) {
  const auto encoder = value_or_throw(sound_encoder("opus", kMarkedRate, ""));
  Bytes file;
  encoder->add(sound, file);
  encoder->end(file);
  return value_or_throw(decode_opus(file, 1e9, kMarkedRate)).samples;
}

struct Counts {
  int clips = 0, found = 0;
  std::vector<double> strengths;
  void add(const SoundMark& mark) { ++clips, found += mark.found(), strengths.push_back(mark.strength); }
};

}  // namespace

int main(int count, char** arguments) {
  int clips = 500;
  double seconds = 5;
  std::vector<std::string> files;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--clips") == 0 && i + 1 < count)
      clips = std::atoi(arguments[++i]);
    else if (std::strcmp(arguments[i], "--seconds") == 0 && i + 1 < count)
      seconds = std::atof(arguments[++i]);
    else
      files.emplace_back(arguments[i]);
  }
  std::map<std::string, Counts> all;
  double power = 0, added = 0;
  Random random(1);
  const auto length = static_cast<size_t>(seconds * kMarkedRate);
  for (const std::string& file : files) {
    const WavSound wav = value_or_throw(decode_wav(value_or_throw(read_file(file))));
    const std::vector<float> sound = resampled(one_channel(wav.samples, wav.channels), wav.rate, kMarkedRate);
    if (sound.size() <= length) continue;
    SoundMarker marker;
    std::vector<float> marked;
    marker.add(sound, marked);
    marker.end(marked);
    for (size_t i = 0; i < sound.size(); ++i)
      power += std::pow(sound[i], 2), added += std::pow(static_cast<double>(marked[i]) - static_cast<double>(sound[i]), 2);
    const std::vector<float> opus = through_opus(marked), plain_opus = through_opus(sound);
    for (int i = 0; i < clips / static_cast<int>(files.size()) + 1; ++i) {
      const size_t at = random.below(static_cast<uint32_t>(sound.size() - length));
      all["without a mark"].add(find_sound_mark(std::span(sound).subspan(at, length), kMarkedRate));
      if (i % 4 == 0) all["without, Opus"].add(find_sound_mark(std::span(plain_opus).subspan(at, length), kMarkedRate));
      all["marked, Opus 32 kbit/s"].add(find_sound_mark(std::span(opus).subspan(at, length), kMarkedRate));
      if (i % 4 == 0) all["marked"].add(find_sound_mark(std::span(marked).subspan(at, length), kMarkedRate));
      if (i % 4 == 0) all["marked, 16 kHz"].add(find_sound_mark(resampled(std::span(marked).subspan(at, length), kMarkedRate, 16000), 16000));
    }
  }
  for (auto& [name, counts] : all) {
    std::sort(counts.strengths.begin(), counts.strengths.end());
    const auto quantile = [&](double share) { return counts.strengths[static_cast<size_t>(share * static_cast<double>(counts.strengths.size() - 1))]; };
    fmt::print("{:24} {:5} of {:5} clips found ({:.4f}); strength: lowest {:.2f}, 1 % {:.2f}, median {:.2f}, 99 % {:.2f}, highest {:.2f}\n", name, counts.found,
               counts.clips, static_cast<double>(counts.found) / counts.clips, quantile(0), quantile(0.01), quantile(0.5), quantile(0.99), quantile(1));
  }
  fmt::print("what is added lies {:.1f} dB below the sound\n", 10 * std::log10(power / added));
  return 0;
}
