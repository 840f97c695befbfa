// Trains a tiny picture model on a folder of captioned pictures: PNG files, each with a text file of the same name.
#include <cstdio>

#include "ptah/ptah.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: train FOLDER_OF_PICTURES\n");
    return 2;
  }
  const char* config = R"({
    "data": ".", "out": "model",
    "autoencoder_model": {"size": 32, "latent_channels": 8, "encoder_widths": [16, 32], "encoder_blocks": [1, 1],
                          "decoder_widths": [16, 32], "decoder_blocks": [1, 1]},
    "autoencoder": {"batch": 8, "steps": 40, "warmup": 5},
    "denoiser": {"batch": 8, "steps": 40, "warmup": 5, "width": 64, "blocks": 2, "heads": 2, "text_width": 32, "text_layers": 1}})";
  const auto done = ptah::train_picture(config, argv[1], [](const ptah::TrainProgress& p) {
    std::printf("%s %lld/%lld: loss %.4f\n", p.stage.c_str(), p.step, p.steps, static_cast<double>(p.loss));
  });
  if (!done) {
    std::fprintf(stderr, "%s\n", done.problem().message.c_str());
    return done.problem().exit_status;
  }
  std::printf("%s/model/picture.safetensors\n", argv[1]);
  return 0;
}
