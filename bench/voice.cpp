// Speech of Kokoro-82M, a line of JSON: ptah_bench_voice MODEL_FOLDER PHONEMES_FILE [--precision f32|bf16] [--threads N] [--out FOLDER]
// Each line of the file is said by af_heart. With --out the sound (f32) and the durations (i32) of line N go to FOLDER/N.sound and FOLDER/N.durations.
// bench/voice.py makes the table with onnxruntime.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>

#include "base/file.h"
#include "base/parallel.h"
#include "voice/speech_model.h"
#include "voice/voices.h"

using namespace ptah;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double cpu_now() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// The most memory that the process had so far.
long peak_kilobytes() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  return 0;
}

template <class T>
void write_numbers(const std::string& file, const std::vector<T>& numbers) {
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(T)));
}

int run(int argc, char** argv) {
  std::string out;
  DType type = DType::f32;
  for (int i = 3; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--out") == 0) out = argv[i + 1];
    if (std::strcmp(argv[i], "--precision") == 0 && std::strcmp(argv[i + 1], "bf16") == 0) type = DType::bf16;
    if (std::strcmp(argv[i], "--threads") == 0) set_threads(std::stoi(argv[i + 1]));
  }
  std::vector<std::vector<int32_t>> texts;
  std::ifstream in(argv[2]);
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) texts.push_back(value_or_throw(tokens_of(line)));
  const double begun = now();
  const auto model = value_or_throw(SpeechModel::load(argv[1]));
  const Voices voices = value_or_throw(Voices::load(argv[1]));
  const double loaded = now();
  double first = 0, seconds = 0, wall = 0, cpu = 0, text_wall = 0;
  for (size_t pass = 0; pass < 2; ++pass) {  // the first packs the weights; it is what one waits for, and not what one goes on with
    for (size_t i = 0; i < (pass == 0 ? 1 : texts.size()); ++i) {
      const std::vector<float> style = value_or_throw(voices.style("af_heart", texts[i].size() - 2));
      const double start = now(), start_cpu = cpu_now();
      const Prosody prosody = model->plan(texts[i], style);
      const double planned = now();
      const std::vector<float> sound = model->sound(prosody, style, type);
      if (pass == 0) {
        first = now() - start;
        continue;
      }
      wall += now() - start;
      cpu += cpu_now() - start_cpu;
      text_wall += planned - start;
      seconds += static_cast<double>(sound.size()) / static_cast<double>(model->sample_rate());
      if (out.empty()) continue;
      write_numbers(fmt::format("{}/{}.sound", out, i), sound);
      write_numbers(fmt::format("{}/{}.durations", out, i), std::vector<int32_t>(prosody.durations.begin(), prosody.durations.end()));
    }
  }
  std::printf(
      "{\"load_seconds\": %.4f, \"first_sound_seconds\": %.4f, \"audio_seconds\": %.3f, \"wall_seconds\": %.3f, \"cpu_seconds\": %.3f, \"text_seconds\": %.3f, "
      "\"peak_kilobytes\": %ld}\n",
      loaded - begun, first, seconds, wall, cpu, text_wall, peak_kilobytes());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: ptah_bench_voice MODEL_FOLDER PHONEMES_FILE [--precision f32|bf16] [--threads N] [--out FOLDER]\n");
    return 2;
  }
  try {
    return run(argc, argv);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
