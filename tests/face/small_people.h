// People of a few hundred vertices, in a folder of a test's own: a ball for a head, with all groups, shapes and actions that the real data have.
#pragma once

#include <cmath>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "media/deflate.h"
#include "media/image.h"
#include "models/people.h"

namespace ptah {

/// Writes Wavefront OBJ of balls and strips.
class SmallPeopleMesh {
 public:
  std::string text() {
    group("body");
    ball({0, 7.3F, 0.55F}, {0.8F, 1.2F, 1}, 20, 24);
    for (const bool left : {true, false}) {
      const float x = left ? 0.31F : -0.31F;
      group(left ? "helper-l-eye" : "helper-r-eye");
      ball({x, 7.28F, 1.25F}, {0.15F, 0.15F, 0.15F}, 6, 8);
      for (const char* row : {"1", "2"}) {
        group(std::string("helper-") + (left ? "l" : "r") + "-eyelashes-" + row);
        strip({x, row[0] == '1' ? 7.24F : 7.34F, 1.4F});
      }
    }
    group("helper-upper-teeth"), strip({0, 6.65F, 1.4F});
    group("helper-lower-teeth"), strip({0, 6.55F, 1.4F});
    group("helper-tongue"), strip({0, 6.6F, 1.2F});
    group("helper-tights"), ball({0, 5.3F, 0.3F}, {1.2F, 0.9F, 0.7F}, 8, 12);
    return text_;
  }
  size_t vertices() const { return vertices_; }
  size_t body() const { return body_; }

 private:
  void group(const std::string& name) { text_ += "g " + name + "\n"; }
  void vertex(float x, float y, float z) {
    text_ += fmt::format("v {:.4f} {:.4f} {:.4f}\nvt {:.4f} {:.4f}\n", x, y, z, 0.5F + 0.4F * x / 2, 0.5F + 0.04F * (y - 7));
    ++vertices_;
  }
  void face(size_t a, size_t b, size_t c, size_t d) { text_ += fmt::format("f {0}/{0} {1}/{1} {2}/{2} {3}/{3}\n", a + 1, b + 1, c + 1, d + 1); }
  void ball(const std::array<float, 3>& middle, const std::array<float, 3>& radius, size_t rings, size_t spokes) {
    const size_t first = vertices_;
    for (size_t r = 0; r <= rings; ++r)
      for (size_t s = 0; s < spokes; ++s) {
        const float up = 3.1415927F * (static_cast<float>(r) / static_cast<float>(rings) - 0.5F) * 0.98F,
                    around = 6.2831853F * static_cast<float>(s) / static_cast<float>(spokes);
        vertex(middle[0] + radius[0] * std::cos(up) * std::sin(around), middle[1] + radius[1] * std::sin(up),
               middle[2] + radius[2] * std::cos(up) * std::cos(around));
      }
    for (size_t r = 0; r < rings; ++r)
      for (size_t s = 0; s < spokes; ++s) {
        const size_t a = first + r * spokes, b = first + (r + 1) * spokes, next = (s + 1) % spokes;
        face(a + s, a + next, b + next, b + s);
      }
    if (body_ == 0) body_ = vertices_;
  }
  void strip(const std::array<float, 3>& middle) {
    const size_t first = vertices_;
    for (size_t i = 0; i < 6; ++i)
      for (const float up : {0.0F, 0.03F}) vertex(middle[0] + 0.05F * (static_cast<float>(i) - 2.5F), middle[1] + up, middle[2] + up);
    for (size_t i = 0; i < 5; ++i) face(first + 2 * i, first + 2 * i + 2, first + 2 * i + 3, first + 2 * i + 1);
  }

  std::string text_;
  size_t vertices_ = 0, body_ = 0;
};

inline void make_small_people(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  SmallPeopleMesh mesh;
  const std::string text = mesh.text();
  value_or_throw(write_file(folder / "base.obj", std::string_view(text)));
  Bytes shapes;
  size_t number = 0;
  for (const std::string& name : people_shapes()) {
    (void)name;
    ++number;
    const std::string offsets = fmt::format("{} 0 {:.3f} 0\n{} .01 0 0\n", number % mesh.body(), 0.0005 * static_cast<double>(number % 7),
                                            mesh.body() - 1 < number ? mesh.body() : mesh.body() - 1);
    const Bytes packed = value_or_throw(deflated(Bytes(offsets.begin(), offsets.end()), DeflateWrapping::gzip, "small people"));
    shapes.insert(shapes.end(), packed.begin(), packed.end());
  }
  value_or_throw(write_file(folder / "shapes.gz", std::span<const uint8_t>(shapes)));
  std::string actions;
  for (size_t i = 0; i < kFaceActions.size(); ++i) actions += fmt::format("{} 0 -.1 .02\n{} 0 .05 0\n", 180 + i % 30, 300 + i % 20);
  value_or_throw(write_file(folder / "actions.txt", std::string_view(actions)));
  for (const char* name : {"lips.jpg", "eyelids.jpg", "mouth.jpg", "ears.jpg"}) {
    Image picture = make_image(16, 16);
    for (size_t i = 3; i < picture.rgba.size(); i += 4) picture.rgba[i] = 255;
    value_or_throw(write_file(folder / name, std::span<const uint8_t>(value_or_throw(encode_jpeg(picture, 90)))));
  }
}

}  // namespace ptah
