// A picture by a checkpoint of yours, in the words of the command line: example_paint model.safetensors "a red fox" [picture to start from]
#include <cstdio>

#include "ptah/ptah.h"

int main(int argc, char** argv) {
  if (argc < 3) return std::puts("usage: example_paint MODEL PROMPT [PICTURE]"), 2;
  const auto painter = ptah::Painter::open({.model = argv[1]});
  if (!painter) return std::fprintf(stderr, "%s\n", painter.problem().message.c_str()), painter.problem().exit_status;
  ptah::PaintSettings settings{.prompt = argv[2]};
  if (argc > 3) {
    settings.from = argv[3];
    settings.strength = 0.6F;
  }
  const auto work =
      painter->paint(settings, {.progress = [](const std::string& stage, double done) { std::printf("%s %.0f %%\n", stage.c_str(), done * 100); }});
  if (!work) return std::fprintf(stderr, "%s\n", work.problem().message.c_str()), work.problem().exit_status;
  const auto saved = ptah::save(*work, "painting");
  return saved ? 0 : (std::fprintf(stderr, "%s\n", saved.problem().message.c_str()), 1);
}
