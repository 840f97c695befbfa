#include "render/environment.h"

#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr std::array<const char*, 3> kFiles{"city", "interior", "sunset"};
constexpr const char* kStudio = "studio";

/// How much of a soft light, as wide and high as that (in radians), is seen in a direction: 1 inside, 0 outside, soft at its edge.
float soft_light(const Vec3& direction, const Vec3& towards, float wide, float high) {
  const Vec3 centre = normalized(towards), right = normalized(cross(Vec3{0, 1, 0}, centre)), up = cross(centre, right);
  const float depth = dot(direction, centre);
  if (depth <= 0.05F) return 0;
  const auto inside = [&](float at, float size) {
    const float x = std::clamp((size - std::abs(at / depth)) / (0.25F * size) + 0.5F, 0.0F, 1.0F);
    return x * x * (3 - 2 * x);
  };
  return inside(dot(direction, right), wide) * inside(dot(direction, up), high);
}

/// A white room with a large light on the left in front, a dimmer one on the right, one above and a bright strip behind: colours stay as they are, round
/// things get their highlights.
HdrImage studio() {
  constexpr int64_t kWidth = 256, kHeight = 128;
  HdrImage out{kWidth, kHeight, std::vector<Rgb>(static_cast<size_t>(kWidth * kHeight))};
  for (int64_t y = 0; y < kHeight; ++y)
    for (int64_t x = 0; x < kWidth; ++x) {
      const float phi = ((static_cast<float>(x) + 0.5F) / kWidth - 0.5F) * 6.2831853F, theta = (static_cast<float>(y) + 0.5F) / kHeight * 3.1415927F;
      const Vec3 d{std::sin(theta) * std::sin(phi), std::cos(theta), -std::sin(theta) * std::cos(phi)};
      const float room = d[1] > 0 ? 0.42F + 0.38F * d[1] : 0.42F + 0.10F * d[1];
      const float key = soft_light(d, {-0.75F, 0.75F, 0.8F}, 0.55F, 0.7F), fill = soft_light(d, {0.95F, 0.25F, 0.5F}, 0.35F, 0.8F);
      const float top = soft_light(d, {0.05F, 1, -0.1F}, 0.8F, 0.5F), rim = soft_light(d, {0.75F, 0.45F, -0.85F}, 0.25F, 0.9F);
      for (size_t c = 0; c < 3; ++c) {
        const float warm = c == 0 ? 1.03F : c == 2 ? 0.96F : 1, cool = c == 0 ? 0.96F : c == 2 ? 1.05F : 1;
        out.at(x, y)[c] = room + 7.0F * warm * key + 1.6F * cool * fill + 2.6F * top + 3.0F * cool * rim;
      }
    }
  return out;
}

}  // namespace

std::vector<std::string> environment_names() {
  std::vector<std::string> out{kStudio};
  out.insert(out.end(), kFiles.begin(), kFiles.end());
  return out;
}

Result<HdrImage> shipped_environment(const std::string& name) {
  if (name == kStudio) return studio();
  if (std::find(kFiles.begin(), kFiles.end(), name) == kFiles.end()) return unknown_name("environment", name, environment_names());
  const auto folders = shipped_folders("PTAH_ENVIRONMENTS", "models/environment", "share/ptah/models/environment");
  for (const fs::path& folder : folders) {
    std::error_code problem;
    if (!fs::exists(folder / (name + ".hdr"), problem)) continue;
    PTAH_TRY(const Bytes bytes, read_file(folder / (name + ".hdr"), size_t{16} << 20));
    return decode_radiance(bytes);
  }
  return fail(ErrorCode::not_found, "no {}.hdr found (looked in {}); set PTAH_ENVIRONMENTS to the folder", name, folders.front().string());
}

}  // namespace ptah
