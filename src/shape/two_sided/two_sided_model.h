// From one picture to a whole object: a network adds what the picture does not show to the inflated solid.
#pragma once

#include <filesystem>
#include <memory>

#include "base/progress.h"
#include "geometry/mesh.h"
#include "shape/two_sided/two_sided_network.h"

namespace ptah {

/// The network that `ptah train two-sided` made.
class TwoSidedModel {
 public:
  /// With a non-empty digest (hex SHA-256) the file must have it. Errors: not_found, corrupt, mismatch.
  static Result<std::shared_ptr<const TwoSidedModel>> load(const std::filesystem::path& path, const std::string& sha256_hex = "");

  const TwoSidedNetwork& network() const { return *network_; }
  const std::string& sha256() const { return sha256_; }
  int64_t file_bytes() const { return file_bytes_; }

 private:
  TwoSidedModel() = default;
  std::unique_ptr<TwoSidedNetwork> network_;
  std::string sha256_;
  int64_t file_bytes_ = 0;
};

/// Whole object → closed, textured mesh: the picture in front, what the network says on the back. x and y in pixels of a grid that the object spans, +Y up,
/// front +Z, z about 0 in the middle. `cut` shows it on a transparent background. Errors: invalid_argument (nothing to be seen, a target outside 100 to 2000000
/// triangles), cancelled.
Result<TexturedMesh> two_sided_object(const TwoSidedNetwork& network, const Image& cut, int64_t target_triangles, const ProgressCallback& progress = {},
                                      const CancelToken* cancel = nullptr);
/// The tensors of it, for plans: under a DryRun.
void plan_two_sided(const TwoSidedNetwork& network);

}  // namespace ptah
