// A conversation in thirty lines. Fetch the model first: ptah pull smollm2
#include <cstdio>
#include <iostream>

#include "ptah/ptah.h"

int main(int argc, char** argv) {
  const auto language = ptah::Language::open(argc > 1 ? argv[1] : "smollm2");
  if (!language) {
    std::fprintf(stderr, "%s\n", language.problem().message.c_str());
    return language.problem().exit_status;
  }
  auto chat = ptah::Chat::begin(*language, "You are the keeper of an inn in a small fantasy town.");
  if (!chat) {
    std::fprintf(stderr, "%s\n", chat.problem().message.c_str());
    return chat.problem().exit_status;
  }
  ptah::AnswerOptions options;
  options.temperature = 0.2F;
  options.show = [](const std::string& news) { std::cout << news << std::flush; };
  for (std::string line; std::cout << "\n> " << std::flush && std::getline(std::cin, line);) {
    const auto answer = chat->say(line, options);
    if (!answer) std::fprintf(stderr, "%s\n", answer.problem().message.c_str());
  }
  return 0;
}
