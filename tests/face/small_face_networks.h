// Face networks of some kilobytes that find the same face in every picture, in a folder of a test's own: all weights are 0, the biases say it all.
#pragma once

#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace ptah {

/// A manifest of TensorFlow.js and its numbers.
class SmallNetwork {
 public:
  void add(const std::string& name, const std::vector<int64_t>& shape, const std::vector<float>& values = {}) {
    size_t count = 1;
    for (const int64_t dim : shape) count *= static_cast<size_t>(dim);
    std::vector<float> all = values;
    all.resize(count, 0);
    weights_.push_back({{"name", name}, {"shape", shape}, {"dtype", "float32"}});
    const size_t at = bytes_.size();
    bytes_.resize(at + count * sizeof(float));
    std::memcpy(bytes_.data() + at, all.data(), count * sizeof(float));
  }
  void convolution(const std::string& name) {
    add(name + "/filters", {3, 3, 3, 1});
    add(name + "/bias", {1});
  }
  void separable(const std::string& name) {
    add(name + "/depthwise_filter", {3, 3, 1, 1});
    add(name + "/pointwise_filter", {1, 1, 1, 1});
    add(name + "/bias", {1});
  }
  void dense(const std::vector<float>& found) {
    for (int block = 0; block < 4; ++block)
      for (int layer = 0; layer < 4; ++layer) {
        const std::string name = fmt::format("dense{}/conv{}", block, layer);
        if (block == 0 && layer == 0) {
          convolution(name);
        } else {
          separable(name);
        }
      }
    add("fc/weights", {1, static_cast<int64_t>(found.size())});
    add("fc/bias", {static_cast<int64_t>(found.size())}, found);
  }
  void write(const std::filesystem::path& folder, const std::string& name) const {
    const Json manifest = Json::array({{{"paths", {name + "_model.bin"}}, {"weights", weights_}}});
    value_or_throw(write_file(folder / (name + "_model-weights_manifest.json"), std::string_view(manifest.dump())));
    value_or_throw(write_file(folder / (name + "_model.bin"), std::span<const uint8_t>(bytes_)));
  }

 private:
  Json weights_ = Json::array();
  Bytes bytes_;
};

/// Landmarks of a drawn face: x and y of each, 0 to 1.
inline std::vector<float> small_landmarks() {
  std::vector<float> out;
  const auto at = [&](float x, float y) { out.push_back(0.5F + x / 200), out.push_back(0.5F + y / 200); };
  for (int i = 0; i <= 16; ++i) at(-60 * std::cos(3.1415927F * static_cast<float>(i) / 16), -10 + 75 * std::sin(3.1415927F * static_cast<float>(i) / 16));
  for (int i = 0; i < 10; ++i) at((i < 5 ? -50.0F : 14.0F) + 9 * static_cast<float>(i % 5), -40);
  for (int i = 0; i < 4; ++i) at(0, -24 + 10 * static_cast<float>(i));
  for (int i = 0; i < 5; ++i) at(-12 + 6 * static_cast<float>(i), 14);
  for (const float middle : {-27.0F, 27.0F})
    for (int i = 0; i < 6; ++i) at(middle - 11 * std::cos(3.1415927F * static_cast<float>(i) / 3), -22 - 5 * std::sin(3.1415927F * static_cast<float>(i) / 3));
  for (int i = 0; i < 12; ++i) at(-22 * std::cos(6.2831853F * static_cast<float>(i) / 12), 36 - 9 * std::sin(6.2831853F * static_cast<float>(i) / 12));
  for (int i = 0; i < 8; ++i) at(-17 * std::cos(6.2831853F * static_cast<float>(i) / 8), 36 - 3 * std::sin(6.2831853F * static_cast<float>(i) / 8));
  return out;
}

inline void make_small_face_networks(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  SmallNetwork detector;
  detector.convolution("conv0");
  for (int i = 1; i <= 5; ++i) detector.separable(fmt::format("conv{}", i));
  detector.add("conv8/filters", {1, 1, 1, 25});
  std::vector<float> boxes(25, 0);
  for (size_t anchor = 0; anchor < 5; ++anchor) boxes[anchor * 5 + 4] = anchor == 2 ? 3.0F : -9.0F;
  boxes[2 * 5 + 2] = boxes[2 * 5 + 3] = 1.5F;
  detector.add("conv8/bias", {25}, boxes);
  detector.write(folder, "tiny_face_detector");
  SmallNetwork landmarks, expression, identity;
  landmarks.dense(small_landmarks());
  landmarks.write(folder, "face_landmark_68");
  expression.dense({0, 2, 0, 0, 0, 0, 0});
  expression.write(folder, "face_expression");
  identity.add("fc", {1, 1});
  identity.write(folder, "face_recognition");
}

}  // namespace ptah
