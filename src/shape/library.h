// The shapes that come along: a program for each kind of thing, and the words by which people ask for it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "shape/program/evaluate.h"

namespace ptah {

/// One kind of thing, e.g. "chair".
struct ShapeKind {
  std::string name;
  std::shared_ptr<const ShapeProgram> program;
  std::vector<ShapeParameter> parameters;

  /// By its name; null if there is none.
  const ShapeParameter* parameter(const std::string& wanted) const;
};

class ShapeKinds {
 public:
  /// Reads every NAME.shape of a folder. Errors: not_found, corrupt; messages name the file.
  static Result<std::shared_ptr<const ShapeKinds>> load(const std::filesystem::path& folder);
  /// The folder that comes along: $PTAH_SHAPES, else `shapes` above the running program, else share/ptah/shapes of the installation. Errors: not_found.
  static Result<std::filesystem::path> folder();

  const std::map<std::string, ShapeKind>& kinds() const { return kinds_; }
  /// Errors: not_found, with the nearest name.
  Result<const ShapeKind*> find(const std::string& name) const;
  /// For run_shape(); holds the kinds.
  static ShapeLibrary library(std::shared_ptr<const ShapeKinds> kinds);

 private:
  std::map<std::string, ShapeKind> kinds_;
};

}  // namespace ptah
