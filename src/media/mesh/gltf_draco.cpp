#include "media/mesh/gltf_draco.h"

#include <draco/compression/decode.h>

#include "media/mesh/limits.h"

namespace ptah {

namespace {

/// Reads the head of a Draco bitstream, so that its counts are known before anything of their size is allocated.
class DracoHead {
 public:
  explicit DracoHead(std::span<const uint8_t> bytes) : bytes_(bytes) {
    for (const char c : {'D', 'R', 'A', 'C', 'O'})
      if (byte() != static_cast<uint8_t>(c)) gltf_broken("no Draco buffer");
    const unsigned major = byte(), minor = byte();
    if (major != 2 || minor != 2) throw Failure({ErrorCode::unsupported, fmt::format("glTF: Draco bitstream {}.{}; only 2.2 can be read", major, minor)});
    if (byte() != 1) gltf_broken("the Draco buffer is no mesh");
    const bool edgebreaker = byte() == 1;
    if (const unsigned flags = byte() | byte() << 8; (flags & 0x8000) != 0) throw Failure({ErrorCode::unsupported, "glTF: a Draco buffer with metadata"});
    if (edgebreaker) byte();  // how it is traversed
    check(number(), number());
  }

 private:
  static void check(uint64_t a, uint64_t b) {
    if (a > kMaxSceneVertices || b > kMaxSceneVertices)
      throw Failure({ErrorCode::over_budget, "glTF: a Draco buffer of more than 16 million vertices or triangles"});
  }
  uint8_t byte() {
    if (at_ >= bytes_.size()) gltf_broken("the Draco buffer is cut off");
    return bytes_[at_++];
  }
  /// Seven bits a byte, the lowest first.
  uint64_t number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const uint8_t next = byte();
      value |= uint64_t{next & 0x7FU} << shift;
      if ((next & 0x80) == 0) return value;
    }
    gltf_broken("a number of a Draco buffer");
  }
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

}  // namespace

struct DracoAttributes::Mesh {
  std::unique_ptr<draco::Mesh> decoded;
};

DracoAttributes::DracoAttributes(const GltfDocument& document, const Json& extension)
    : names_(gltf_member(extension, "attributes")), mesh_(std::make_unique<Mesh>()) {
  const auto view = gltf_index(extension, "bufferView");
  if (!view) gltf_broken("a Draco primitive without bufferView");
  const std::span<const uint8_t> bytes = document.view(*view);
  const DracoHead head(bytes);
  draco::DecoderBuffer buffer;
  buffer.Init(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  auto decoded = draco::Decoder().DecodeMeshFromBuffer(&buffer);
  if (!decoded.ok()) gltf_broken(fmt::format("a Draco buffer cannot be decoded ({})", decoded.status().error_msg_string().substr(0, 200)));
  mesh_->decoded = std::move(decoded).value();
  if (!find("POSITION")) gltf_broken("a Draco primitive without positions");
  if (mesh_->decoded->num_points() > kMaxSceneVertices) throw Failure({ErrorCode::over_budget, "glTF: a Draco buffer of more than 16 million vertices"});
}

DracoAttributes::~DracoAttributes() = default;

std::optional<size_t> DracoAttributes::find(const std::string& name) const {
  const auto id = gltf_index(names_, name.c_str());
  if (!id) return {};
  const int index = *id > UINT32_MAX ? -1 : mesh_->decoded->GetAttributeIdByUniqueId(static_cast<uint32_t>(*id));
  if (index < 0) gltf_broken(fmt::format("the Draco buffer has no attribute {}", *id));
  return static_cast<size_t>(index);
}

size_t DracoAttributes::components(size_t attribute) const {
  return static_cast<size_t>(mesh_->decoded->attribute(static_cast<int>(attribute))->num_components());
}

template <class T>
std::vector<T> DracoAttributes::values(size_t attribute, size_t components) const {
  const draco::PointAttribute& a = *mesh_->decoded->attribute(static_cast<int>(attribute));
  if (static_cast<size_t>(a.num_components()) != components) gltf_broken(fmt::format("a Draco attribute of {} components", a.num_components()));
  const uint32_t points = mesh_->decoded->num_points();
  std::vector<T> out(size_t{points} * components);
  for (uint32_t p = 0; p < points; ++p) {
    const draco::AttributeValueIndex index = a.mapped_index(draco::PointIndex(p));
    if (index.value() >= a.size() || !a.ConvertValue<T>(index, static_cast<int8_t>(components), out.data() + size_t{p} * components))
      gltf_broken("a value of a Draco attribute");
  }
  return out;
}

std::vector<float> DracoAttributes::floats(size_t attribute, size_t components) const { return values<float>(attribute, components); }

std::vector<uint32_t> DracoAttributes::integers(size_t attribute, size_t components) const { return values<uint32_t>(attribute, components); }

std::vector<Triangle> DracoAttributes::triangles() const {
  std::vector<Triangle> out(mesh_->decoded->num_faces());
  for (uint32_t t = 0; t < out.size(); ++t) {
    const draco::Mesh::Face& face = mesh_->decoded->face(draco::FaceIndex(t));
    out[t] = {face[0].value(), face[1].value(), face[2].value()};
  }
  return out;
}

}  // namespace ptah
