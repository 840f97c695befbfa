// Names and values while a shape program runs.
#pragma once

#include "shape/program/evaluate.h"

namespace ptah {

/// An argument whose value is known.
struct GivenArgument {
  std::string name;
  ShapeValue value;
};

/// What a block of a program sees: its own names, then those around it.
class ShapeScope {
 public:
  explicit ShapeScope(const ShapeScope* around = nullptr) : around_(around) {}
  void set(const std::string& name, ShapeValue value) { values_[name] = std::move(value); }
  const ShapeValue* find(const std::string& name) const;
  void place(const std::string& name, const Bounds& bounds) { places_[name].take(bounds); }
  /// Where a part or group of this block lies; null for none. Blocks of `if` and `for` see those around them.
  const Bounds* place_of(const std::string& name) const;
  std::vector<std::string> places() const;
  void material(const std::string& name, Material material) { materials_[name] = std::move(material); }
  const Material* material_named(const std::string& name) const;
  std::vector<std::string> names() const;
  bool shares_places = false;  ///< with what is around it

 private:
  const ShapeScope* around_;
  std::map<std::string, ShapeValue> values_;
  std::map<std::string, Bounds> places_;
  std::map<std::string, Material> materials_;
};

/// Throws Failure: invalid_argument.
[[noreturn]] void shape_error(int line, const std::string& message);

/// The value of an expression. `words` are the names that stand for themselves. Throws Failure.
ShapeValue shape_value(const ShapeExpr& e, const ShapeScope& scope, const std::vector<std::string>& words, int line, Budget& budget);
double shape_number_of(const ShapeValue& value, const char* what, int line);

}  // namespace ptah
