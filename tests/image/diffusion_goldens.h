// The golden files of latent diffusion (tools/reference/diffusion.py made them).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/json.h"
#include "image/diffusers_names.h"
#include "weights/safetensors.h"

namespace ptah {

inline const std::filesystem::path kGoldens = std::filesystem::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "diffusion";

inline NamedTensors golden(const std::string& name) { return value_or_throw(read_safetensors(kGoldens / (name + ".safetensors"))).tensors; }
inline Json golden_json(const std::string& name) { return value_or_throw(parse_json(value_or_throw(read_text(kGoldens / (name + ".json"))))); }

/// The model's tensors, without the prefix that tells them from inputs and results.
inline NamedTensors model_of(const NamedTensors& all, const std::string& prefix = "model.") { return below(all, prefix); }

/// The largest difference over the largest value wanted.
inline double difference(const Tensor& made, const Tensor& wanted) {
  EXPECT_EQ(made.shape(), wanted.shape());
  const auto a = made.to_vector(), b = wanted.to_vector();
  double worst = 0, largest = 1e-6;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    worst = std::max(worst, std::isfinite(a[i]) ? static_cast<double>(std::abs(a[i] - b[i])) : 1e30);
    largest = std::max(largest, static_cast<double>(std::abs(b[i])));
  }
  return worst / largest;
}

}  // namespace ptah
