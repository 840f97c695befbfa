// Words in; a picture, a textured object and a receipt out.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ptah/result.h"
#include "ptah/seed.h"

namespace ptah {

#ifdef PTAH_INSTALL_PREFIX  // set by find_package(ptah): where the models lie
namespace detail {
bool installed_at(const char* prefix);
inline const bool kInstalled = installed_at(PTAH_INSTALL_PREFIX);
}  // namespace detail
#endif

/// What to make; unset fields have these defaults. docs/requests.md says what is possible.
struct MakeRequest {
  std::string prompt;            ///< UTF-8, at most 2,000 bytes
  Seed seed = 0;                 ///< the same request and seed give the same bytes
  std::string style = "glossy";  ///< a style of the model, or "any"
  std::int64_t size = 256;       ///< edge of the picture in pixels, 128 to 512
  std::int64_t steps = 12;
  float guidance = 3;
  std::string sampler = "euler";           ///< or "heun"
  std::string background = "transparent";  ///< or "white", "black", "#rrggbb"
  std::int64_t best_of = 0;                ///< draw so many (1 to 16) and keep the one that fits the prompt best; 0: two where there is a judge
  bool watermark = false;                  ///< an invisible one in the picture, which `ptah watermark` finds
  bool object = true;                      ///< make the 3D object too
  std::string solid = "round";             ///< "round", "flat-back" or "slab"
  std::int64_t target_triangles = 20000;
  std::string picture = "auto";     ///< what the picture shows: "object" (a render of it), "drawn", or "auto" (docs/objects.md)
  std::string route = "auto";       ///< what makes the object: "program", "picture", or "auto" (docs/objects.md)
  float size_mm = 0;                ///< longest edge of the object; 0: its real size if a shape program makes it, else 100
  float height_mm = 0;              ///< above 0: how high the object stands, instead of size_mm
  std::int64_t low_poly = 0;        ///< at most so many triangles, whatever makes the object; 0: as many as there are
  bool lod = false;                 ///< GLB: nodes NAME_LOD0 to NAME_LOD3, each of at most half the triangles of the one before
  std::string collider = "none";    ///< GLB: a node NAME_collider; or "box", "hull"
  std::string pivot = "keep";       ///< origin: or "base" (the middle of the underside), "centre"
  bool millimetres = true;          ///< OBJ and PLY in millimetres; false: in metres, as the first version had them
  std::string formats = "png,glb";  ///< of png, glb, obj, ply, stl
  std::filesystem::path from;       ///< a picture to start from (PNG, JPEG, WebP), or empty
  std::filesystem::path mask;       ///< with `from`: white is redrawn, black stays; of the same size
  float strength = 0.6F;            ///< with `from`: how much is redrawn, above 0 to 1; use 1 with a mask
};

/// Files by name (picture.png, object.glb, receipt.json …) and the receipt as canonical JSON.
struct MadeWork {
  std::map<std::string, std::vector<std::uint8_t>> files;
  std::string receipt;
};

struct MakePlan {
  std::int64_t peak_bytes = 0;  ///< of the whole process
  std::int64_t flops = 0;
  double seconds = 0;  ///< estimate
};

/// A picture that is not finished, small: straight RGBA, 8 bits, row by row.
struct Preview {
  std::int64_t width = 0, height = 0;
  std::vector<std::uint8_t> rgba;
};

struct MakeOptions {
  std::function<void(const std::string& stage, double fraction)> progress = {};
  std::function<void(std::int64_t step, const Preview& preview)> preview = {};  ///< where the recipe can say what a picture will be about: Painter
  const std::atomic<bool>* cancel = nullptr;                                    ///< looked at between steps (tiles, when upscaling)
};

/// Holds a model ready; may be used from several threads, one call at a time each.
class Engine {
 public:
  /// Opens the default models: below `folder`, else as the command line finds them.
  static Outcome<Engine> open(const std::filesystem::path& folder = {});

  Outcome<MadeWork> make(const MakeRequest& request, const MakeOptions& options = {}) const;
  /// Memory and time, before anything runs.
  Outcome<MakePlan> plan(const MakeRequest& request, const MakeOptions& options = {}) const;
  /// Makes the work of a receipt (or of a PNG, GLB or folder that holds one) again, whatever made it: words, a picture, a checkpoint or a language model.
  /// Computes on the numeric path that the receipt names, from then on too. `checkpoints`: where the model files of your own lie that it was made with
  /// (empty: $PTAH_CHECKPOINTS, else here). Fails with "mismatch" if models or pictures are others, or this processor has no such path; "not_found".
  Outcome<MadeWork> replay(const std::filesystem::path& path, const MakeOptions& options = {}, const std::filesystem::path& checkpoints = {}) const;
  /// Words of a prompt that the model never saw, as sentences.
  std::vector<std::string> unknown_words(const std::string& prompt) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// A picture file (PNG, JPEG, WebP) four times as large each way with crisp edges, as PNG bytes; by the default upscaler.
Outcome<std::vector<std::uint8_t>> upscale(const std::filesystem::path& picture, const MakeOptions& options = {});

/// Writes a work into a new folder, all or nothing.
Outcome<Done> save(const MadeWork& work, const std::filesystem::path& folder);

/// Whether a work's folder, receipt, PNG or GLB is unchanged; `lines` (may be null) gets what was found.
Outcome<bool> verify(const std::filesystem::path& path, std::vector<std::string>* lines = nullptr);

/// Threads that everything uses; 0 restores the default.
void use_threads(int count);

}  // namespace ptah
