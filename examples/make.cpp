// Words in, a picture and an object out, in thirty lines.
#include <cstdio>

#include "ptah/ptah.h"

int main(int argc, char** argv) {
  const auto engine = ptah::Engine::open();
  if (!engine) {
    std::fprintf(stderr, "%s\n", engine.problem().message.c_str());
    return engine.problem().exit_status;
  }
  ptah::MakeRequest request;
  request.prompt = argc > 1 ? argv[1] : "a red fox";
  request.seed = 7;
  const auto plan = engine->plan(request);
  if (plan) std::printf("needs %.0f MB and about %.1f s\n", static_cast<double>(plan->peak_bytes) / 1e6, plan->seconds);
  const auto work = engine->make(request);
  if (!work) {
    std::fprintf(stderr, "%s\n", work.problem().message.c_str());
    return work.problem().exit_status;
  }
  const char* folder = argc > 2 ? argv[2] : "fox";
  const auto saved = ptah::save(*work, folder);
  if (!saved) {
    std::fprintf(stderr, "%s\n", saved.problem().message.c_str());
    return saved.problem().exit_status;
  }
  for (const auto& [name, bytes] : work->files) std::printf("%s/%s: %zu bytes\n", folder, name.c_str(), bytes.size());
  return 0;
}
