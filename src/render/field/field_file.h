// Radiance fields as files: safetensors, so that other programs read them too.
#pragma once

#include <memory>
#include <span>

#include "base/file.h"
#include "render/field/radiance_field.h"

namespace ptah {

/// Tensors "places" (I32 [blocks, 3], in blocks) and "lines" (F16 [blocks, 64, 13]), and the metadata "ptah.field": a JSON object with `origin`, `cell` and
/// `points` (radiance_field.h says what the numbers mean).
Result<Bytes> encode_field(const RadianceField& field);
/// Errors: corrupt for what is no such file, has places twice or outside the grid, or holds numbers that are not finite.
Result<RadianceField> decode_field(std::span<const uint8_t> bytes);
/// A file, or that of a work's folder. Errors: also not_found, permission, io.
Result<RadianceField> read_field(const std::filesystem::path& path);

/// The name of the file in a work.
inline constexpr const char* kFieldFile = "field.safetensors";

}  // namespace ptah
