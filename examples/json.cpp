// A quest for a game as JSON that a program can rely on. Fetch the model first: ptah pull smollm2
#include <cstdio>

#include "ptah/ptah.h"

int main(int argc, char** argv) {
  const auto language = ptah::Language::open(argc > 1 ? argv[1] : "smollm2");
  if (!language) {
    std::fprintf(stderr, "%s\n", language.problem().message.c_str());
    return language.problem().exit_status;
  }
  ptah::AnswerOptions options;
  options.temperature = 0.6F;
  options.repetition_penalty = 1.15F;
  options.seed = 3;
  options.json_schema = R"({
    "type": "object",
    "properties": {
      "title": {"type": "string", "minLength": 5, "maxLength": 40},
      "giver": {"enum": ["innkeeper", "blacksmith", "queen"]},
      "steps": {"type": "array", "items": {"type": "string", "minLength": 10, "maxLength": 80}, "minItems": 2, "maxItems": 3},
      "reward": {"type": "object", "properties": {"gold": {"enum": [50, 100, 250]}}, "required": ["gold"], "additionalProperties": false}
    },
    "required": ["title", "giver", "steps", "reward"], "additionalProperties": false})";
  const auto quest = language->generate("A quest for a fantasy game about a dragon that steals bells, as JSON:\n", options);
  if (!quest) {
    std::fprintf(stderr, "%s\n", quest.problem().message.c_str());
    return quest.problem().exit_status;
  }
  std::printf("%s\n", quest->text.c_str());
  return quest->finish_reason == "stop_token" ? 0 : 1;  // whole, or nothing
}
