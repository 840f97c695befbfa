// Pictures by other people's checkpoints: Stable Diffusion 1, 2, XL and 3, with what people add to them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ptah/engine.h"
#include "ptah/result.h"
#include "ptah/seed.h"

namespace ptah {

/// What to paint with; files are safetensors, GGUF, or PyTorch's own.
struct PaintFiles {
  std::filesystem::path model;                                         ///< a whole checkpoint, or a folder in diffusers' layout
  std::filesystem::path unet = {}, autoencoder = {};                   ///< instead of the checkpoint's own (the latter may be a TAESD)
  std::filesystem::path refiner = {};                                  ///< SDXL's, for the last steps
  std::filesystem::path t5 = {}, t5_words = {};                        ///< T5's encoder for Stable Diffusion 3, and its tokenizer.json (empty: beside it)
  std::vector<std::pair<std::filesystem::path, float>> loras = {};     ///< with their strengths
  std::vector<std::filesystem::path> embeddings = {};                  ///< each is a word of prompts, called as the file without its ending
  std::vector<std::pair<std::filesystem::path, float>> controls = {};  ///< networks that control (ControlNet), with their strengths
  bool seamless = false;                                               ///< textures that can be laid side by side
  std::string quantize = {};                                           ///< w8a16: weights in 8 bits; w8a8: products in 8 bits too
};

/// Unset fields have these defaults. docs/requests.md says what is possible.
struct PaintSettings {
  std::string prompt, negative = {};
  Seed seed = 0;  ///< the same settings and seed give the same bytes
  std::int64_t steps = 20;
  float guidance = 7, rescale = 0, perpendicular = 0;
  float refine_from = 0.8F;                 ///< with a refiner: the share of the steps after which it takes over
  std::string sampler = {}, schedule = {};  ///< empty: those of the family
  std::int64_t width = 0, height = 0;       ///< 0: of `from`, else the model's own
  std::int64_t clip_skip = 0;
  std::string prediction = {}, noise = "philox";     ///< prediction: noise or velocity; empty: what the model's folder says, else noise
  bool as_diffusers = false;                         ///< diffusers' way where it differs (docs/pictures.md)
  std::filesystem::path from = {}, mask = {};        ///< a picture to start from; white in the mask (of the same size) is repainted
  std::int64_t extend = 0;                           ///< with `from` and no mask: paint so many pixels more on every side
  float strength = 1;                                ///< with `from`: the share of the steps that are gone
  std::vector<std::filesystem::path> controls = {};  ///< pictures for the networks that control
  bool edges = false;                                ///< their edges (Canny) instead of themselves
  float enlarge = 1, enlarge_strength = 0.5F;        ///< paint again so many times as large
  std::int64_t tile = 0;                             ///< decode in tiles of so many pixels
  bool watermark = false;                            ///< an invisible one in the picture, which `ptah watermark` finds
  bool cut = false;                                  ///< cut out of its background
  std::string background = "transparent";            ///< with `cut`: what is then behind it; or white, black, #rrggbb
  std::string cut_by = "best";                       ///< what cuts: network, colour (those of the border), or best for the picture
  std::string formats = "png";                       ///< of png, glb, obj, ply, stl
  std::string solid = "round";                       ///< of an object: round, flat-back or slab
  std::int64_t target_triangles = 20000;
  float size_mm = 100, height_mm = 0;  ///< its longest edge; or, above 0, how high it stands
  bool millimetres = true;             ///< OBJ and PLY in millimetres; false: in metres, as the first version had them
  std::int64_t fit = 0;                ///< above 0: make the object of the part that shows something, reduced to so many pixels an edge
  std::int64_t prompt_rules = 2;       ///< how brackets are read and weighted; 1: as the first version did
  std::int64_t mask_rule = 2;          ///< how white a mask's pixel is: by Rec. 709; 1: by Rec. 601, as the first version did
};

/// Holds a checkpoint ready; copies share it. For one thread at a time.
class Painter {
 public:
  /// Fails with "not_found" if CLIP's words are not pulled, "unsupported" for other families, "mismatch" naming the tensor that is missing or misshapen.
  static Outcome<Painter> open(const PaintFiles& files);
  Outcome<MadeWork> paint(const PaintSettings& settings, const MakeOptions& options = {}) const;
  /// Memory and time, before any weight is read.
  static Outcome<MakePlan> plan(const PaintFiles& files, const PaintSettings& settings, const MakeOptions& options = {});

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// The command that makes a picture again: of a work of Ptah's, or of a PNG of the WebUI or ComfyUI.
Outcome<std::string> recall_command(const std::filesystem::path& picture);

}  // namespace ptah
