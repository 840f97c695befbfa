// A program of somebody who installed Ptah: no source of ours but the public header.
#include <cstdio>

#include <ptah/ptah.h>

int main() {
  const auto engine = ptah::Engine::open();
  if (!engine) {
    std::fprintf(stderr, "%s\n", engine.problem().message.c_str());
    return engine.problem().exit_status;
  }
  ptah::MakeRequest request;
  request.prompt = "a red fox";
  request.steps = 2;
  request.object = false;
  const auto work = engine->make(request);
  if (!work) {
    std::fprintf(stderr, "%s\n", work.problem().message.c_str());
    return work.problem().exit_status;
  }
  return work->files.count("picture.png") == 1 ? 0 : 1;
}
