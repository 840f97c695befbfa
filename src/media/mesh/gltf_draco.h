// KHR_draco_mesh_compression: the attributes and triangles of a primitive out of a Draco buffer.
#pragma once

#include <memory>

#include "geometry/mesh.h"
#include "media/mesh/gltf_document.h"

namespace ptah {

class DracoAttributes {
 public:
  /// Throws Failure: corrupt, unsupported, over_budget.
  DracoAttributes(const GltfDocument& document, const Json& extension);
  ~DracoAttributes();
  DracoAttributes(const DracoAttributes&) = delete;
  DracoAttributes& operator=(const DracoAttributes&) = delete;

  /// The number of an attribute, as the functions below take it.
  std::optional<size_t> find(const std::string& name) const;
  size_t components(size_t attribute) const;
  std::vector<float> floats(size_t attribute, size_t components) const;
  std::vector<uint32_t> integers(size_t attribute, size_t components) const;
  std::vector<Triangle> triangles() const;

 private:
  struct Mesh;
  template <class T>
  std::vector<T> values(size_t attribute, size_t components) const;
  const Json& names_;
  std::unique_ptr<Mesh> mesh_;
};

}  // namespace ptah
