// Finds the sentence that is nearest in meaning. Fetch the model first: ptah pull minilm
#include <cstdio>
#include <string>

#include "ptah/ptah.h"

int main(int argc, char** argv) {
  const auto embedder = ptah::Embedder::open("minilm");
  if (!embedder) {
    std::fprintf(stderr, "%s\n", embedder.problem().message.c_str());
    return embedder.problem().exit_status;
  }
  const std::vector<std::string> texts{argc > 1 ? argv[1] : "a small cat", "A kitten sleeps on the sofa.", "The rocket left for Mars.",
                                       "Bread is baked in an oven."};
  const auto vectors = embedder->embed(texts);
  if (!vectors) {
    std::fprintf(stderr, "%s\n", vectors.problem().message.c_str());
    return vectors.problem().exit_status;
  }
  for (std::size_t i = 1; i < texts.size(); ++i) {
    float nearness = 0;
    for (std::size_t c = 0; c < (*vectors)[0].size(); ++c) nearness += (*vectors)[0][c] * (*vectors)[i][c];
    std::printf("%.3f  %s\n", static_cast<double>(nearness), texts[i].c_str());
  }
  return 0;
}
