// The losses of a training by step: a CSV file and its picture.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace ptah {

class LossCurve {
 public:
  /// folder/curve.csv, whose columns are the step and these; what it holds already is kept.
  LossCurve(std::filesystem::path folder, std::vector<std::string> columns);
  /// Adds a line; those of this step and later ones, which a run took before it was cut, go. Errors: io, corrupt.
  Result<void> put(int64_t step, const std::vector<double>& values);
  /// Draws folder/curve.png, all columns on one scale. Errors: io.
  Result<void> draw() const;

 private:
  std::filesystem::path folder_;
  std::vector<std::string> columns_;
};

}  // namespace ptah
