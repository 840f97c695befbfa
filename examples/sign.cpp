// A picture that says who made it: signed with the key "maker" of `ptah key new`, if there is one.
#include <cstdio>

#include "ptah/ptah.h"

namespace {

int report(const ptah::Problem& problem) {
  std::fprintf(stderr, "%s\n", problem.message.c_str());
  return problem.exit_status;
}

}  // namespace

int main(int argc, char** argv) {
  const auto engine = ptah::Engine::open();
  if (!engine) return report(engine.problem());
  const auto work = engine->make({.prompt = argc > 1 ? argv[1] : "a red fox", .object = false});
  if (!work) return report(work.problem());
  const auto finished = ptah::sign(*work);
  if (!finished) return report(finished.problem());
  const auto saved = ptah::save(finished->work, argc > 2 ? argv[2] : "fox");
  if (!saved) return report(saved.problem());
  std::printf("%s\n", finished->signer.empty() ? "there is no key: not signed" : finished->signer.c_str());
  return 0;
}
