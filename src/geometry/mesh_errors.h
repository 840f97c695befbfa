// How far two surfaces are from each other.
#pragma once

#include <optional>

#include "geometry/bvh.h"
#include "geometry/surface_samples.h"

namespace ptah {

/// The nearest point of a surface; triangles without area count as the segments or points that they are, so a point cloud is one of triangles (i, i, i).
class NearestSurface {
 public:
  /// The mesh has to outlive it, and has a triangle.
  explicit NearestSurface(const Mesh& mesh);
  struct Found {
    double distance;    ///< metres
    uint32_t triangle;  ///< that is nearest
  };
  Found operator()(const Vec3& point) const;

 private:
  const Mesh& mesh_;
  Bvh tree_;
};

struct MeshErrorOptions {
  size_t samples = 100000;  ///< points on each surface
  double threshold = 0.01;  ///< of the F-score, in diagonals of the first mesh's box
  int grid = 64;            ///< cells along each edge of the box around both, with a point at random in each, for the IoU
  uint64_t seed = 0;
};

/// Of mesh B against mesh A. Metres.
struct MeshErrors {
  double diagonal = 0;                       ///< of the box around A
  double a_to_b = 0;                         ///< mean distance from a point of A to B
  double b_to_a = 0;                         ///< mean distance from a point of B to A
  double chamfer = 0;                        ///< the mean of both
  double largest = 0;                        ///< the largest distance either way: a lower bound of the Hausdorff distance
  double precision = 0;                      ///< share of the points of B that are nearer to A than the threshold
  double recall = 0;                         ///< share of the points of A that are nearer to B
  double f_score = 0;                        ///< their harmonic mean (Knapitsch et al. 2017)
  std::optional<double> normal_consistency;  ///< mean |cosine| between the normals of a point and of what is nearest to it, both ways; none for point clouds
  std::optional<double> iou;                 ///< of the volumes, by winding number; none if one of the two encloses nothing
};
/// The same for any number of threads. Errors: invalid_argument for a mesh without triangles; cancelled (base/budget.h).
Result<MeshErrors> mesh_errors(const Mesh& a, const Mesh& b, const MeshErrorOptions& options = {});

}  // namespace ptah
