// The program of the README and of docs/cpp-api.md.
#include "ptah/ptah.h"

int main() {
  const auto engine = ptah::Engine::open();
  if (!engine) return engine.problem().exit_status;
  const auto work = engine->make({.prompt = "a red fox", .seed = 7});
  if (!work) return work.problem().exit_status;
  return ptah::save(*work, "fox") ? 0 : 1;
}
