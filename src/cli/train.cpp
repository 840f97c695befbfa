#include "base/file.h"
#include "base/parallel.h"
#include "cli/commands.h"
#include "train/picture_trainer.h"

namespace ptah::cli {

void add_train(CLI::App& app, Action& action) {
  struct Options {
    std::string config;
    int threads = 0;
  };
  auto options = std::make_shared<Options>();
  CLI::App* train = app.add_subcommand("train", "trains a model");
  train->require_subcommand(1);
  CLI::App* picture = train->add_subcommand("picture", "the picture model, on a folder of captioned pictures (docs/training.md)");
  picture->add_option("--config", options->config, "JSON file (- is standard input); its paths are relative to it")->required();
  picture->add_option("--threads", options->threads, "threads to use");
  picture->callback([options, &action] {
    action = [options] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY_VOID(take_threads(options->threads));
        PTAH_TRY(const std::string text, input_text(options->config, 1 << 20));
        auto config = parse_json(text);
        if (!config) return fail(ErrorCode::invalid_argument, "{}: {}", options->config, config.error().message);
        TrainCallbacks calls;
        calls.report = [](const std::string& stage, const RunReport& r) {
          print("{} {}/{}  loss {:.4f}  gradient {:.3f}  {:.3f} s a step  {} left\n", stage, r.step, r.steps, r.loss, r.grad_norm, r.seconds_per_step,
                clock_text(r.seconds_left));
          std::fflush(stdout);
        };
        calls.say = [](const std::string& text_line) {
          print("{}\n", text_line);
          std::fflush(stdout);
        };
        calls.cancel = &interrupted();
        return train_picture_model(*config, std::filesystem::path(options->config).parent_path(), calls);
      };
      return finish(guard(run));
    };
  });
}

}  // namespace ptah::cli
