#include <fmt/core.h>

#include <csignal>

#include "base/file.h"
#include "train/picture_trainer.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto text = ptah::read_text(argv[1]);
  if (!text) return 3;
  ptah::TrainCallbacks calls;
  calls.report = [](const std::string& stage, const ptah::RunReport& r) {
    fmt::print("{} {}/{} loss {:.4f} norm {:.3f} {:.3f} s/step, {:.0f} s left\n", stage, r.step, r.steps, r.loss, r.grad_norm, r.seconds_per_step,
               r.seconds_left);
    std::fflush(stdout);
  };
  calls.say = [](const std::string& s) { fmt::print("{}\n", s); };
  const auto json = ptah::parse_json(*text);
  if (!json) return 4;
  const auto done = ptah::train_picture_model(*json, ".", calls);
  if (!done) fmt::print(stderr, "{}\n", done.error().message);
  return done ? 0 : 1;
}
