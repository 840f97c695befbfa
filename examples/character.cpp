// Two characters of a game think while the game's loop runs: character GAME MIRA OSKAR [MODEL].
#include <chrono>
#include <cstdio>
#include <thread>

#include "ptah/character.h"

int main(int count, char** arguments) {
  if (count < 4) return 2;
  const auto cast = ptah::GameCast::open({.game = arguments[1], .model = count > 4 ? arguments[4] : "none"});
  if (!cast) return std::fprintf(stderr, "%s\n", cast.problem().message.c_str()), 1;
  auto mira = cast->add(arguments[2]), oskar = cast->add(arguments[3]);
  if (!mira || !oskar) return 1;
  mira->begin("Ann", "It is cold. Please light the fire, and then bring me two ciders.");
  oskar->begin("Ann", "Have you any news?");
  int frames = 0;
  for (ptah::GameCharacter* one : {&*mira, &*oskar}) {
    while (one->poll() != ptah::GameCharacter::Stage::done) {  // a game draws a picture here
      std::this_thread::sleep_for(std::chrono::milliseconds(16));
      ++frames;
    }
    const auto reply = one->take();
    if (!reply) return std::fprintf(stderr, "%s\n", reply.problem().message.c_str()), 1;
    for (const auto& action : reply->actions) {
      std::printf("%s does %s", one->name().c_str(), action.name.c_str());
      for (const auto& [name, value] : action.values) std::printf(" %s=%s", name.c_str(), value.c_str());
      std::printf("\n");
    }
    std::printf("%s (%s): %s\n", one->name().c_str(), reply->emotion.c_str(), reply->say.c_str());
  }
  return frames > 0 && mira->state().find("\"fire_lit\":true") != std::string::npos ? 0 : 1;
}
