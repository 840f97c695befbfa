#include "weights/weights_folder.h"

#include <optional>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "weights/torch_file.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kMaxIndexBytes = 1 << 26;
constexpr size_t kMaxParts = 10000;

struct Layout {
  std::vector<fs::path> files;
  std::map<std::string, std::string> places;  ///< tensor → file, where there is an index
};

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored);
}

Result<Layout> indexed(const fs::path& index) {
  PTAH_TRY(const std::string text, read_text(index, kMaxIndexBytes));
  auto json = parse_json(text);
  if (!json) return fail(json.error().code, "{}: {}", index.string(), json.error().message);
  const Json map = json->is_object() ? json->value("weight_map", Json()) : Json();
  if (!map.is_object() || map.empty()) return fail(ErrorCode::corrupt, "{}: no 'weight_map' that says which file holds which tensor", index.string());
  Layout out;
  std::set<std::string> parts;
  for (const auto& [name, value] : map.items()) {
    const std::string part = value.is_string() ? value.get<std::string>() : "";
    if (part.empty() || part == "." || part == ".." || part.find('/') != std::string::npos || part.find('\\') != std::string::npos)
      return fail(ErrorCode::corrupt, "{}: '{}' lies in {}; the name of a file in the same folder is expected", index.string(), printable(name, 80),
                  printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 80));
    out.places.emplace(name, part);
    parts.insert(part);
  }
  if (parts.size() > kMaxParts) return fail(ErrorCode::corrupt, "{}: {} parts; up to {} are possible", index.string(), parts.size(), kMaxParts);
  for (const std::string& part : parts) {
    if (!is_there(index.parent_path() / part)) return fail(ErrorCode::not_found, "{}: its part {} is not here", index.string(), printable(part, 120));
    out.files.push_back(index.parent_path() / part);
  }
  return out;
}

Result<Layout> layout_of(const fs::path& folder, std::initializer_list<const char*> stems) {
  for (const std::string variant : {"", ".fp16", ".bf16", ".fp32", ".non_ema"})
    for (const std::string ending : {".safetensors", ".bin"})
      for (const std::string stem : stems) {
        if (const fs::path file = folder / (stem + variant + ending); is_there(file)) return Layout{{file}, {}};
        if (const fs::path index = folder / (stem + ending + ".index" + variant + ".json"); is_there(index)) return indexed(index);
      }
  std::string names;
  for (const char* stem : stems) names += fmt::format("{}{}.safetensors or {}.bin", names.empty() ? "" : ", ", stem, stem);
  return fail(ErrorCode::not_found, "{}: no weights there; looked for {}, and for an index of several files (.index.json)", folder.string(), names);
}

}  // namespace

Result<std::vector<fs::path>> weight_files(const fs::path& folder, std::initializer_list<const char*> stems) {
  PTAH_TRY(Layout layout, layout_of(folder, stems));
  return std::move(layout.files);
}

Result<std::map<std::string, Tensor>> read_weights_folder(const fs::path& folder, std::initializer_list<const char*> stems) {
  PTAH_TRY(const Layout layout, layout_of(folder, stems));
  std::map<std::string, Tensor> out;
  std::map<std::string, std::set<std::string>> skipped;
  for (const fs::path& file : layout.files) {
    PTAH_TRY(TensorFile content, read_tensor_file(file));
    for (auto& [name, tensor] : content.tensors)
      if (!out.emplace(name, std::move(tensor)).second)
        return fail(ErrorCode::corrupt, "{}: '{}' lies in another part too", file.string(), printable(name, 80));
    for (const auto& [name, dtype] : content.skipped) skipped[file.filename().string()].insert(name);
  }
  for (const auto& [name, part] : layout.places)
    if (!out.contains(name) && !skipped[part].contains(name))
      return fail(ErrorCode::corrupt, "{}: the index names '{}' in {}, which lacks it", folder.string(), printable(name, 80), printable(part, 80));
  return out;
}

}  // namespace ptah
