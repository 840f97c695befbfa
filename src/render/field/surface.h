// The surface of a radiance field: as a coloured mesh, and as flat Gaussians that lie on it.
#pragma once

#include "base/progress.h"
#include "media/mesh_scene.h"
#include "media/splat/splats.h"
#include "render/field/radiance_field.h"

namespace ptah {

/// Where the light of a ray along one cell is halved; hollow places that no way leads into count as full, bodies of less than 0.5 % of the triangles are left
/// out. At most about `triangles` of them. Closed and two-manifold. Errors: invalid_argument (the field has no surface), cancelled.
Result<Mesh> field_surface_mesh(const RadianceField& field, int64_t triangles, const CancelToken* cancel = nullptr);

/// The line that is seen at a point of the surface from along its normal.
FieldLine line_at_surface(const RadianceField& field, const Vec3& point, const Vec3& normal);

/// The surface with a colour a vertex (as seen from along the normal), one rough material. Errors: as field_surface_mesh().
Result<MeshScene> field_mesh(const RadianceField& field, int64_t triangles, const CancelToken* cancel = nullptr);

/// A flat Gaussian for each triangle of the surface, with the field's harmonics. Errors: as field_surface_mesh().
Result<std::vector<Splat>> field_splats(const RadianceField& field, int64_t count, const CancelToken* cancel = nullptr);

}  // namespace ptah
