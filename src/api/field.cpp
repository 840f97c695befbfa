#include "ptah/field.h"

#include "api/members.h"
#include "api/watch.h"
#include "media/glb_scene.h"
#include "pipelines/field/field_work.h"
#include "render/field/field_file.h"
#include "render/field/surface.h"

namespace ptah {

Outcome<MadeWork> fit_field(const FieldRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(field_schema(), models, values_of(request), options);
  });
}

Outcome<MakePlan> plan_fit_field(const FieldRequest& request, const MakeOptions& options) {
  return outcome<MakePlan>([&] {
    ModelCache models;
    return planned(field_schema(), models, values_of(request), options);
  });
}

Outcome<std::vector<std::uint8_t>> field_mesh(const std::filesystem::path& field, std::int64_t triangles) {
  return outcome<Bytes>([&]() -> Result<Bytes> {
    if (triangles < 0) return fail(ErrorCode::invalid_argument, "{} triangles; 0 (all) and more are possible", triangles);
    PTAH_TRY(const RadianceField read, read_field(field));
    PTAH_TRY(const MeshScene scene, field_mesh(read, triangles));
    return encode_glb(scene);
  });
}

Outcome<std::vector<std::uint8_t>> field_splats(const std::filesystem::path& field, const std::string& format, std::int64_t count) {
  return outcome<Bytes>([&]() -> Result<Bytes> {
    if (format != "ply" && format != "glb" && format != "spz")
      return fail(ErrorCode::invalid_argument, "splats as '{}'; ply, glb and spz are possible", format);
    if (count < 100) return fail(ErrorCode::invalid_argument, "{} splats; 100 and more are possible", count);
    PTAH_TRY(const RadianceField read, read_field(field));
    PTAH_TRY(const auto splats, field_splats(read, count));
    return format == "ply" ? encode_splat_ply(splats) : format == "glb" ? encode_splat_glb(splats) : encode_splat_spz(splats);
  });
}

}  // namespace ptah
