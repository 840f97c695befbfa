// Radiance fields of posed pictures: fitted on the processor, then drawn, meshed and written as splats.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ptah/engine.h"
#include "ptah/result.h"
#include "ptah/seed.h"

namespace ptah {

/// Unset fields have these defaults. docs/requests.md says what is possible.
struct FieldRequest {
  std::filesystem::path folder;   ///< pictures with transforms.json (NeRF, instant-ngp, nerfstudio), or the archive of them that a work keeps
  float seconds = 20;             ///< how long it is fitted; the receipt notes the steps, so that replay is exact
  std::int64_t steps = 0;         ///< instead of seconds; 0: as many as the seconds allow
  std::int64_t resolution = 160;  ///< grid points on the longest edge, a multiple of 4
  std::int64_t held_out = 8;      ///< pictures to measure by, unless the folder says which
  std::int64_t max_edge = 800;    ///< larger pictures are reduced to so many pixels
  float smooth = 1;               ///< how strongly neighbours are pulled together
  Seed seed = 0;                  ///< of the order of rays
};

/// field.safetensors and picture.png; the receipt has the PSNR of the held-out pictures ("psnr"). Fails with "invalid_argument", "not_found", "corrupt",
/// "unsupported", "over_budget", "cancelled".
Outcome<MadeWork> fit_field(const FieldRequest& request, const MakeOptions& options = {});
/// Memory and time; reads the pictures.
Outcome<MakePlan> plan_fit_field(const FieldRequest& request, const MakeOptions& options = {});

/// The surface of a field (a work's folder, or its field.safetensors) as a GLB with colours at the vertices, at most about `triangles` of them (0: all).
Outcome<std::vector<std::uint8_t>> field_mesh(const std::filesystem::path& field, std::int64_t triangles = 60000);
/// The surface as Gaussian splats: "ply" (the layout of the first implementation), "glb" (KHR_gaussian_splatting) or "spz".
Outcome<std::vector<std::uint8_t>> field_splats(const std::filesystem::path& field, const std::string& format = "ply", std::int64_t count = 100000);

}  // namespace ptah
