// A glTF 2.0 document: its JSON, its buffers and the numbers in them, every index and length checked.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "media/mesh/neighbour_files.h"

namespace ptah {

/// Reads throw Failure (corrupt, unsupported, over_budget); who calls turns it into an Error with guard().
class GltfDocument {
 public:
  /// `body`: the binary chunk of a GLB, which has to outlive this; empty for a .gltf. Without `files` a buffer that lies elsewhere is an error.
  GltfDocument(Json json, std::span<const uint8_t> body, const NeighbourFiles& files);

  const Json& json() const { return json_; }
  /// How many entries an array of the document has; 0 without it.
  size_t size(const char* array) const;
  const Json& entry(const char* array, size_t index) const;

  std::span<const uint8_t> view(size_t index) const;
  /// The bytes that a URI stands for: base64 within it, or a neighbouring file.
  Bytes resource(const std::string& uri) const;

  /// All components of an accessor one behind the other, integers as the numbers that they stand for; they need not be finite. The accessor must have one of
  /// these counts of components.
  std::vector<float> floats(size_t accessor, std::initializer_list<size_t> components) const;
  /// An accessor of integers, such as indices and joints.
  std::vector<uint32_t> integers(size_t accessor, size_t components) const;
  size_t count(size_t accessor) const;
  size_t components(size_t accessor) const;

 private:
  struct Layout;
  Layout layout(size_t accessor) const;
  template <class T, class Convert>
  std::vector<T> values(const Layout& layout, const Convert& convert) const;
  template <class T, class Convert>
  void apply_sparse(const Layout& layout, const Convert& convert, std::vector<T>& out) const;

  Json json_;
  NeighbourFiles files_;
  std::vector<Bytes> own_;  ///< buffers that are not the body
  std::vector<std::span<const uint8_t>> buffers_;
};

/// What a malformed document throws.
[[noreturn]] void gltf_broken(const std::string& why);
/// A member; null without it, or if `object` is none.
const Json& gltf_member(const Json& object, const char* key);
/// An index or count that may be missing.
std::optional<size_t> gltf_index(const Json& object, const char* key);
/// A finite number that may be missing.
float gltf_number(const Json& object, const char* key, float usual);
/// As many finite numbers as `out` holds; false without the member.
bool gltf_numbers(const Json& object, const char* key, std::span<double> out);

}  // namespace ptah
