// What the background-removal network learns from: things with their own alpha, and what may be behind them.
#pragma once

#include <filesystem>

#include "media/image.h"
#include "shape/library.h"
#include "train/picture/picture_trainer.h"

namespace ptah {

/// Edge of foregrounds and backgrounds in pixels.
inline constexpr int64_t kForegroundEdge = 256, kBackgroundEdge = 320;

struct MattingPool {
  std::vector<Tensor> foregrounds;  ///< u8 [count, 256, 256, 4], straight alpha
  Tensor backgrounds;               ///< u8 [count, 320, 320, 3]
  int64_t foreground_count() const;
  const uint8_t* foreground(int64_t i) const;
  const uint8_t* background(int64_t i) const;
};

/// No thing, photograph or kind of shape is in both.
struct MattingSet {
  MattingPool train, test;
};

/// Reads foregrounds.safetensors, backgrounds.safetensors and, if it is there, cutouts.safetensors (photographs; each counts five times) of a folder that
/// tools/data/matting.py wrote (each with the tensors "train" and "test"), and adds the previews of `shapes`, if it is not empty (a file that render_shapes()
/// wrote). Errors: not_found, corrupt, naming the file.
Result<MattingSet> read_matting_set(const std::filesystem::path& folder, const std::filesystem::path& shapes);

/// Renders `views` previews of every kind of a library, each with parameters and a view at random, and writes them (tensors "train" and "test": a tenth of the
/// kinds). Errors: those of the shapes, naming the kind; io; cancelled.
Result<void> render_shapes(const std::filesystem::path& out, const std::shared_ptr<const ShapeKinds>& kinds, int64_t views, uint64_t seed,
                           const TrainCallbacks& callbacks);

/// The same thing fitted into the middle of a square of kForegroundEdge; nothing if it shows nothing.
std::vector<uint8_t> fitted_foreground(const Image& picture);

}  // namespace ptah
