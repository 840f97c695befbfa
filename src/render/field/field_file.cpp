#include "render/field/field_file.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/printable.h"
#include "weights/safetensors.h"

namespace ptah {

namespace {

constexpr const char* kGridKey = "ptah.field";
constexpr int64_t kKeptLanes = 13;
constexpr float kLargestNumber = 6e4F;  // of f16

Result<FieldGrid> grid_from(const TensorFile& file) {
  const auto text = file.metadata.find(kGridKey);
  if (text == file.metadata.end()) return fail(ErrorCode::corrupt, "it is no radiance field: the metadata `{}` is missing", kGridKey);
  PTAH_TRY(const Json json, parse_json(text->second, 4));
  FieldGrid out;
  try {
    const auto origin = value_of<std::vector<float>>(json.at("origin"));
    const auto points = value_of<std::vector<int32_t>>(json.at("points"));
    out.cell = value_of<float>(json.at("cell"));
    if (origin.size() != 3 || points.size() != 3) return fail(ErrorCode::corrupt, "the grid has not three axes");
    std::copy_n(origin.begin(), 3, out.origin.begin());
    std::copy_n(points.begin(), 3, out.points.begin());
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "`{}`: {}", kGridKey, problem.what());
  }
  const bool sized = std::all_of(out.points.begin(), out.points.end(), [](int32_t n) { return n >= 4 && n <= 512 && n % 4 == 0; });
  if (!sized || !(out.cell > 1e-9F && out.cell < 1e6F)) return fail(ErrorCode::corrupt, "the grid has edges that are not possible");
  return out;
}

Result<std::vector<size_t>> block_indices(const Tensor& places, const FieldGrid& grid) {
  std::vector<size_t> out;
  const int32_t* at = places.data<int32_t>();
  for (int64_t i = 0; i < places.dim(0); ++i, at += 3) {
    for (size_t k = 0; k < 3; ++k)
      if (at[k] < 0 || at[k] >= grid.blocks(k)) return fail(ErrorCode::corrupt, "block {} lies outside the grid", i);
    out.push_back(grid.block_index(at[0], at[1], at[2]));
    if (i > 0 && out[static_cast<size_t>(i)] <= out[static_cast<size_t>(i - 1)]) return fail(ErrorCode::corrupt, "block {} is not in its order", i);
  }
  return out;
}

}  // namespace

Result<Bytes> encode_field(const RadianceField& field) {
  const auto blocks = static_cast<int64_t>(field.blocks().size());
  if (blocks == 0) return fail(ErrorCode::invalid_argument, "the field is empty");
  TensorFile file;
  Tensor places = Tensor::empty({blocks, 3}, DType::i32), lines = Tensor::empty({blocks, 64, kKeptLanes}, DType::f16);
  for (int64_t b = 0; b < blocks; ++b) {
    for (int64_t k = 0; k < 3; ++k) places.data<int32_t>()[b * 3 + k] = field.blocks()[static_cast<size_t>(b)].place[static_cast<size_t>(k)];
    for (int64_t i = 0; i < 64; ++i)
      for (int64_t k = 0; k < kKeptLanes; ++k)
        lines.data<f16>()[(b * 64 + i) * kKeptLanes + k] =
            to_f16(std::clamp(field.lines()[static_cast<size_t>(b * 64 + i)].lane[static_cast<size_t>(k)], -kLargestNumber, kLargestNumber));
  }
  file.tensors["places"] = places;
  file.tensors["lines"] = lines;
  const FieldGrid& grid = field.grid();
  file.metadata[kGridKey] = Json{{"origin", grid.origin}, {"cell", grid.cell}, {"points", grid.points}}.dump();
  return encode_safetensors(file);
}

Result<RadianceField> decode_field(std::span<const uint8_t> bytes) {
  PTAH_TRY(const TensorFile file, parse_safetensors(bytes, nullptr));
  PTAH_TRY(const FieldGrid grid, grid_from(file));
  const auto places = file.tensors.find("places"), lines = file.tensors.find("lines");
  if (places == file.tensors.end() || lines == file.tensors.end()) return fail(ErrorCode::corrupt, "it is no radiance field: places or lines are missing");
  const Tensor &at = places->second, &numbers = lines->second;
  if (at.dtype() != DType::i32 || at.rank() != 2 || at.dim(1) != 3 || numbers.dtype() != DType::f16 || numbers.rank() != 3 || numbers.dim(0) != at.dim(0) ||
      numbers.dim(1) != 64 || numbers.dim(2) != kKeptLanes || at.dim(0) < 1 || at.dim(0) > static_cast<int64_t>(grid.block_count()))
    return fail(ErrorCode::corrupt, "places or lines have another shape or type than a field's");
  PTAH_TRY(const auto indices, block_indices(at, grid));
  RadianceField out(grid, indices);
  for (size_t i = 0; i < out.lines().size(); ++i)
    for (size_t k = 0; k < static_cast<size_t>(kKeptLanes); ++k) {
      const float value = to_float(numbers.data<f16>()[i * static_cast<size_t>(kKeptLanes) + k]);
      if (!std::isfinite(value)) return fail(ErrorCode::corrupt, "a number of the field is not finite");
      out.lines()[i].lane[k] = value;
    }
  out.look_at(out.occupied(kMinOpacity, 0));
  return out;
}

Result<RadianceField> read_field(const std::filesystem::path& path) {
  std::error_code problem;
  const auto file = std::filesystem::is_directory(path, problem) ? path / kFieldFile : path;
  PTAH_TRY(const auto mapped, MappedFile::open(file));
  auto field = decode_field(mapped->bytes());
  if (!field) return fail(field.error().code, "{}: {}", printable(file.string()), field.error().message);
  return field;
}

}  // namespace ptah
