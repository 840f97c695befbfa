// The models that the two-sided network learns from, and random views of them.
#pragma once

#include <filesystem>
#include <set>

#include "shape/library.h"
#include "train/picture/picture_trainer.h"
#include "train/two_sided/two_sided_view.h"

namespace ptah {

/// A file of meshes and its name: its path in its folder without the ending, e.g. "kaykit/furniture_bits/chair_a".
struct MeshModel {
  std::string name;
  std::filesystem::path file;
};

/// Every GLB, glTF, OBJ, PLY, STL and 3MF file of a folder and below, by name. Errors: not_found (no folder, none in it).
Result<std::vector<MeshModel>> mesh_models(const std::filesystem::path& folder);
/// Names, one a line; empty lines and what follows # are left out. Errors: not_found.
Result<std::set<std::string>> read_names(const std::filesystem::path& file);
/// Those whose name is in a list, or those that are not.
std::vector<MeshModel> listed_models(const std::vector<MeshModel>& models, const std::set<std::string>& names, bool listed);

/// Makes `variants` of every kind of a library, with parameters at random, as GLB files of a folder, KIND-1.glb and so on; those that are there stay. Errors:
/// those of the shapes, naming the kind; io; cancelled.
Result<void> make_shape_variants(const std::filesystem::path& folder, const std::shared_ptr<const ShapeKinds>& kinds, int64_t variants, uint64_t seed,
                                 const TrainCallbacks& callbacks);
/// Whether such a file's kind is never trained on: a tenth of them, by name.
bool is_held_out_kind(const std::string& name);

/// Read for rendering. Errors: those of read_mesh_scene and render_scene; unsupported for more than 200,000 triangles.
Result<std::shared_ptr<const SurfaceScene>> read_model(const MeshModel& model);

/// Environments that views are lit by: those that come along. Errors: as shipped_environment.
Result<std::vector<std::shared_ptr<const Environment>>> view_lights();
/// From anywhere about the vertical axis, mostly a little from above, hardly rolled.
ViewChoice random_choice(const std::vector<std::shared_ptr<const Environment>>& lights, Random& random);

/// Models to draw from: files of the user's, and variants of shapes.
struct TwoSidedPool {
  std::vector<MeshModel> models, shapes;
  float shape_share = 0.3F;  ///< how many views are of shapes; all are if there are no models, none if there are no shapes
  std::vector<std::shared_ptr<const Environment>> lights;
};
/// A view at random that is telling. Models that cannot be read are passed over. Throws Failure where 50 in a row give nothing.
TwoSidedView random_two_sided_view(const TwoSidedPool& pool, int64_t size, Random& random);

}  // namespace ptah
