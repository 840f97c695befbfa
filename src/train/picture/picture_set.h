// Captioned pictures for training.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "tensor/tensor.h"

namespace ptah {

struct PictureEntry {
  std::string concept_name, group, style;  ///< group: a broad kind such as "Food & Drink"; may be empty
  bool test = false;                       ///< held out
  bool recoloured = false;                 ///< a copy with turned hues
  std::vector<std::string> captions;
};

struct PictureSet {
  Tensor pictures;  ///< u8 [count, size, size, 4], straight alpha
  std::vector<PictureEntry> entries;
  std::vector<std::string> notes = {};  ///< what should be known of single files, e.g. that one is an animation
  int64_t size() const { return pictures.dim(1); }
};

/// Reads what tools/data/pictures.py wrote (pictures.safetensors and captions.jsonl), or a folder of own pictures (PNG, JPEG, WebP), each
/// with captions in captions.jsonl, metadata.jsonl or metadata.csv (captions.h), else in a text file of the same name that holds one caption a line (else the
/// file's name is the caption); those are fitted to size × size.
/// Errors: not_found, corrupt (naming file and line), invalid_argument for a folder without pictures.
Result<PictureSet> read_picture_set(const std::filesystem::path& folder, int64_t size);

/// Indices of the pictures that are not held out.
std::vector<int64_t> train_indices(const PictureSet& set);
/// At most `max_count` pictures for sample sheets: held out and not recoloured, else of the training ones.
std::vector<int64_t> pictures_to_show(const PictureSet& set, size_t max_count);
/// At most `max_count` pictures that are held out, of different concepts, in the order of the set.
std::vector<int64_t> held_out_pictures(const PictureSet& set, size_t max_count);

/// How a batch is varied.
struct Augmentation {
  float flip = 0.5F;          ///< probability of mirroring left and right
  float permute_colours = 0;  ///< probability of exchanging the colour channels at random
  int64_t shift = 0;          ///< largest shift in pixels, both axes
};

/// Premultiplied RGBA in [−1, 1], f32 [indices, size, size, 4]; picture i is varied by Philox(seed, stream + i).
Tensor picture_batch(const PictureSet& set, const std::vector<int64_t>& indices, const Augmentation& augmentation, uint64_t seed, uint64_t stream);

}  // namespace ptah
