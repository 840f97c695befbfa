#include "base/file.h"
#include "base/input.h"
#include "cli/commands/commands.h"
#include "cli/request_options.h"
#include "models/registry.h"
#include "voice/listen/sound_file.h"
#include "voice/listen/transcribe.h"

namespace ptah::cli {

namespace {

constexpr size_t kMaxSound = size_t{1} << 30;

struct TranscribeLine {
  std::string file, model = "whisper-tiny.en", language, format = "text", out;
  int64_t threads = 0;
  bool json = false;
};

Result<std::string> transcript_as(const Transcript& heard, const std::string& format) {
  if (format == "text") return heard.text() + "\n";
  if (format == "vtt") return webvtt_of(heard);
  if (format == "srt") return srt_of(heard);
  if (format == "json") return transcript_json(heard).dump(1) + "\n";
  return fail(ErrorCode::invalid_argument, "`format` {}; text, vtt, srt and json are possible", format);
}

Result<void> run_transcribe(const TranscribeLine& o) {
  PTAH_TRY_VOID(transcript_as({}, o.format));
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const auto folder, find_model(o.model));
  PTAH_TRY(const Bytes file, read_input(o.file, kMaxSound, &interrupted()));
  PTAH_TRY(const std::vector<float> sound, read_speech(file));
  PTAH_TRY(const auto model, WhisperModel::load(folder));
  const bool words = o.json || o.format != "text";
  PTAH_TRY(const Transcript heard, transcribe(*model, sound, {.language = o.language, .words = words, .cancel = &interrupted()}));
  if (!o.out.empty()) {
    PTAH_TRY(const std::string text, transcript_as(heard, o.format));
    PTAH_TRY_VOID(write_file(o.out, std::string_view(text)));
    if (!o.json) return {};
  }
  if (o.json) {
    print_json(transcript_json(heard));
    return {};
  }
  PTAH_TRY(const std::string text, transcript_as(heard, o.format));
  print_text(text);
  return {};
}

}  // namespace

void add_transcribe(CLI::App& app, Action& action) {
  auto options = std::make_shared<TranscribeLine>();
  CLI::App* command = app.add_subcommand("transcribe", "Write down what is said in a sound");
  command->add_option("file", options->file, "a WAV file of 16 bits, or Opus in Ogg (- for standard input)")->required()->type_name("FILE");
  command->add_option("--model", options->model, "whisper-tiny.en, whisper-base, or a folder with a Whisper model of CTranslate2")->capture_default_str();
  command->add_option("--language", options->language, "that is spoken, as en or de; else it is heard")->type_name("LANGUAGE");
  command->add_option("--format", options->format, "text, vtt, srt or json")->capture_default_str();
  command->add_option("--out", options->out, "write it to a file")->type_name("FILE");
  command->add_option("--threads", options->threads, kThreadsHelp);
  command->add_flag("--json", options->json, "print JSON");
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_transcribe(*options); })); }; });
}

}  // namespace ptah::cli
