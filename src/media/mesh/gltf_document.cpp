#include "media/mesh/gltf_document.h"

#include <cmath>
#include <cstring>

#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxBuffers = 4096, kMaxBufferBytes = size_t{1} << 30;
/// Elements of an accessor without bytes of its own: nothing in the file pays for them.
constexpr size_t kMaxFreeElements = 1 << 16;

size_t bytes_of_component(size_t type) {
  switch (type) {
    case 5120:
    case 5121:
      return 1;
    case 5122:
    case 5123:
      return 2;
    case 5125:
    case 5126:
      return 4;
    default:
      gltf_broken(fmt::format("component type {}", type));
  }
}

template <class T>
T read_at(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

uint32_t integer_at(const uint8_t* from, size_t type) {
  switch (type) {
    case 5121:
      return *from;
    case 5123:
      return read_at<uint16_t>(from);
    case 5125:
      return read_at<uint32_t>(from);
    default:
      gltf_broken("indices that are not unsigned integers");
  }
}

float float_at(const uint8_t* from, size_t type, bool normalized) {
  switch (type) {
    case 5120:
      return normalized ? std::max(static_cast<float>(read_at<int8_t>(from)) / 127, -1.0F) : static_cast<float>(read_at<int8_t>(from));
    case 5121:
      return static_cast<float>(*from) / (normalized ? 255.0F : 1.0F);
    case 5122:
      return normalized ? std::max(static_cast<float>(read_at<int16_t>(from)) / 32767, -1.0F) : static_cast<float>(read_at<int16_t>(from));
    case 5123:
      return static_cast<float>(read_at<uint16_t>(from)) / (normalized ? 65535.0F : 1.0F);
    case 5125:
      return static_cast<float>(read_at<uint32_t>(from));
    default:
      return read_at<float>(from);
  }
}

/// %41 as A. Nothing for what is no such code.
std::string percent_decoded(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        std::isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

void gltf_broken(const std::string& why) { throw Failure({ErrorCode::corrupt, "glTF: " + why}); }

const Json& gltf_member(const Json& object, const char* key) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

std::optional<size_t> gltf_index(const Json& object, const char* key) {
  const Json& value = gltf_member(object, key);
  if (value.is_null()) return {};
  if (!value.is_number_unsigned() &&
      !(value.is_number_float() && value.get<double>() >= 0 && value.get<double>() < 9e15 && std::floor(value.get<double>()) == value))
    gltf_broken(fmt::format("{} is no index", key));
  return value.get<size_t>();
}

float gltf_number(const Json& object, const char* key, float usual) {
  const Json& value = gltf_member(object, key);
  if (value.is_null()) return usual;
  if (!value.is_number() || !(std::abs(value.get<double>()) <= 1e30)) gltf_broken(fmt::format("{} is no number", key));
  return value.get<float>();
}

bool gltf_numbers(const Json& object, const char* key, std::span<double> out) {
  const Json& list = gltf_member(object, key);
  if (list.is_null()) return false;
  if (!list.is_array() || list.size() != out.size()) gltf_broken(fmt::format("{} has not {} numbers", key, out.size()));
  for (size_t i = 0; i < out.size(); ++i) {
    if (!list[i].is_number() || !(std::abs(list[i].get<double>()) <= 1e30)) gltf_broken(fmt::format("{} has what is no number", key));
    out[i] = list[i].get<double>();
  }
  return true;
}

struct GltfDocument::Layout {
  size_t count = 0, components = 0, type = 0, stride = 0;
  bool normalized = false;
  const uint8_t* data = nullptr;  ///< null for zeros
  const Json* sparse = nullptr;
};

GltfDocument::GltfDocument(Json json, std::span<const uint8_t> body, const NeighbourFiles& files) : json_(std::move(json)), files_(files) {
  const Json& asset = gltf_member(json_, "asset");
  const std::string version = text_at(asset, "version");
  if (version.empty()) gltf_broken("no version; is it a glTF file?");
  if (!version.starts_with("2.")) throw Failure({ErrorCode::unsupported, fmt::format("glTF {}; only 2.x can be read", version.substr(0, 20))});
  const size_t buffers = size("buffers");
  if (buffers > kMaxBuffers) gltf_broken(fmt::format("{} buffers", buffers));
  size_t total = 0;
  own_.reserve(buffers);
  for (size_t i = 0; i < buffers; ++i) {
    const Json& buffer = entry("buffers", i);
    const size_t length = gltf_index(buffer, "byteLength").value_or(0);
    const std::string uri = text_at(buffer, "uri");
    std::span<const uint8_t> bytes = body;
    if (!uri.empty()) {
      own_.push_back(resource(uri));
      bytes = own_.back();
    } else if (i > 0 || body.empty()) {
      bytes = {};  // of a compressed file, which brings the bytes elsewhere
    }
    if (bytes.size() < length && !bytes.empty()) gltf_broken(fmt::format("buffer {} is {} bytes long, not {}", i, bytes.size(), length));
    total += bytes.size();
    if (total > kMaxBufferBytes) throw Failure({ErrorCode::over_budget, "glTF: more than 1 GiB of buffers"});
    buffers_.push_back(bytes.first(std::min(bytes.size(), length)));
  }
}

size_t GltfDocument::size(const char* array) const {
  const Json& list = gltf_member(json_, array);
  if (!list.is_null() && !list.is_array()) gltf_broken(fmt::format("{} is no array", array));
  return list.size();
}

const Json& GltfDocument::entry(const char* array, size_t index) const {
  if (index >= size(array)) gltf_broken(fmt::format("{}[{}] of {}", array, index, size(array)));
  return gltf_member(json_, array)[index];
}

Bytes GltfDocument::resource(const std::string& uri) const {
  if (uri.starts_with("data:")) {
    const size_t comma = uri.find(',');
    if (comma == std::string::npos || !uri.substr(0, comma).ends_with(";base64")) gltf_broken("a data: URI that is not base64");
    const std::string bytes = value_or_throw(from_base64(std::string_view(uri).substr(comma + 1)));
    return Bytes(bytes.begin(), bytes.end());
  }
  if (uri.find("://") != std::string::npos) throw Failure({ErrorCode::unsupported, "glTF: refers to an address in the net; only files beside it are read"});
  if (!files_) throw Failure({ErrorCode::unsupported, fmt::format("glTF: refers to another file, '{}'", uri.substr(0, 200))});
  return value_or_throw(files_(percent_decoded(uri)));
}

std::span<const uint8_t> GltfDocument::view(size_t index) const {
  const Json& v = entry("bufferViews", index);
  if (!gltf_member(gltf_member(v, "extensions"), "EXT_meshopt_compression").is_null())
    throw Failure(
        {ErrorCode::unsupported, "glTF: compressed with EXT_meshopt_compression, which cannot be read; gltfpack -noq or gltf-transform copy undo it"});
  const auto buffer = gltf_index(v, "buffer");
  if (!buffer || *buffer >= buffers_.size()) gltf_broken(fmt::format("bufferView {} has no buffer", index));
  const std::span<const uint8_t> bytes = buffers_[*buffer];
  const size_t at = gltf_index(v, "byteOffset").value_or(0), length = gltf_index(v, "byteLength").value_or(0);
  if (at > bytes.size() || length > bytes.size() - at) gltf_broken(fmt::format("bufferView {} goes past the end of its buffer", index));
  return bytes.subspan(at, length);
}

size_t GltfDocument::count(size_t accessor) const { return gltf_index(entry("accessors", accessor), "count").value_or(0); }

size_t GltfDocument::components(size_t accessor) const {
  const std::string type = text_at(entry("accessors", accessor), "type");
  for (const auto& [name, components] : {std::pair{"SCALAR", 1U}, {"VEC2", 2U}, {"VEC3", 3U}, {"VEC4", 4U}, {"MAT4", 16U}})
    if (type == name) return components;
  gltf_broken(fmt::format("accessor {} of type '{}'", accessor, type.substr(0, 20)));
}

GltfDocument::Layout GltfDocument::layout(size_t accessor) const {
  const Json& a = entry("accessors", accessor);
  Layout out;
  out.count = count(accessor);
  out.components = components(accessor);
  out.type = gltf_index(a, "componentType").value_or(0);
  const Json& normalized = gltf_member(a, "normalized");
  out.normalized = normalized.is_boolean() && normalized.get<bool>();
  const size_t element = out.components * bytes_of_component(out.type);
  out.stride = element;
  if (const Json& sparse = gltf_member(a, "sparse"); !sparse.is_null()) out.sparse = &sparse;
  const auto view_index = gltf_index(a, "bufferView");
  if (!view_index) {
    if (out.count > kMaxFreeElements) gltf_broken(fmt::format("accessor {} has {} elements and no bytes", accessor, out.count));
    return out;
  }
  const std::span<const uint8_t> bytes = view(*view_index);
  if (const auto stride = gltf_index(entry("bufferViews", *view_index), "byteStride"); stride && *stride > 0) {
    if (*stride < element || *stride > 252)
      gltf_broken(fmt::format("bufferView {} has a stride of {} for elements of {} bytes", *view_index, *stride, element));
    out.stride = *stride;
  }
  const size_t at = gltf_index(a, "byteOffset").value_or(0);
  const size_t room = at > bytes.size() ? 0 : bytes.size() - at;
  if (out.count > 0 && (room < element || out.count - 1 > (room - element) / out.stride))
    gltf_broken(fmt::format("accessor {} has {} elements, more than its bytes hold", accessor, out.count));
  out.data = bytes.data() + at;
  return out;
}

template <class T, class Convert>
std::vector<T> GltfDocument::values(const Layout& layout, const Convert& convert) const {
  std::vector<T> out(layout.count * layout.components);
  const size_t bytes = bytes_of_component(layout.type);
  if (layout.data)
    for (size_t i = 0; i < layout.count; ++i)
      for (size_t c = 0; c < layout.components; ++c) out[i * layout.components + c] = convert(layout.data + i * layout.stride + c * bytes);
  if (layout.sparse) apply_sparse(layout, convert, out);
  return out;
}

template <class T, class Convert>
void GltfDocument::apply_sparse(const Layout& layout, const Convert& convert, std::vector<T>& out) const {
  const size_t changed = gltf_index(*layout.sparse, "count").value_or(0);
  const Json &where = gltf_member(*layout.sparse, "indices"), &what = gltf_member(*layout.sparse, "values");
  const auto bytes_at = [&](const Json& part, size_t element) {
    const auto index = gltf_index(part, "bufferView");
    if (!index) gltf_broken("a sparse accessor without bufferView");
    const std::span<const uint8_t> all = view(*index);
    const size_t at = gltf_index(part, "byteOffset").value_or(0);
    if (at > all.size() || changed > (all.size() - at) / element) gltf_broken("a sparse accessor goes past the end of its bytes");
    return all.data() + at;
  };
  const size_t type = gltf_index(where, "componentType").value_or(0), width = bytes_of_component(type), bytes = bytes_of_component(layout.type);
  const uint8_t *indices = bytes_at(where, width), *values = bytes_at(what, bytes * layout.components);
  for (size_t i = 0; i < changed; ++i) {
    const size_t index = integer_at(indices + i * width, type);
    if (index >= layout.count) gltf_broken(fmt::format("a sparse accessor changes element {} of {}", index, layout.count));
    for (size_t c = 0; c < layout.components; ++c) out[index * layout.components + c] = convert(values + (i * layout.components + c) * bytes);
  }
}

std::vector<float> GltfDocument::floats(size_t accessor, std::initializer_list<size_t> components) const {
  const Layout found = layout(accessor);
  if (std::find(components.begin(), components.end(), found.components) == components.end())
    gltf_broken(fmt::format("accessor {} has {} components", accessor, found.components));
  return values<float>(found, [&](const uint8_t* from) { return float_at(from, found.type, found.normalized); });
}

std::vector<uint32_t> GltfDocument::integers(size_t accessor, size_t components) const {
  const Layout found = layout(accessor);
  if (found.components != components) gltf_broken(fmt::format("accessor {} has {} components, not {}", accessor, found.components, components));
  return values<uint32_t>(found, [&](const uint8_t* from) { return integer_at(from, found.type); });
}

}  // namespace ptah
