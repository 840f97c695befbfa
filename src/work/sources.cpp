#include "work/sources.h"

#include <algorithm>

#include "schema/field_error.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// The pictures of `sources` by name.
std::map<std::string, const Image*> named(const Sources& sources) {
  std::map<std::string, const Image*> out;
  if (sources.from) out["from"] = &*sources.from;
  if (sources.mask) out["mask"] = &*sources.mask;
  for (size_t i = 0; i < sources.controls.size(); ++i) out[fmt::format("control-{}", i + 1)] = &sources.controls[i];
  return out;
}

}  // namespace

std::string source_file(const std::string& name) { return "from-" + name; }
bool is_source_name(const std::string& name) {
  return name.size() < 64 && name.find('.') != std::string::npos && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; });
}

Result<void> check(const Sources& sources) {
  if (sources.mask && !sources.from) return fail_field("mask", ErrorCode::invalid_argument, "`mask` needs a picture to start from (`from`)");
  if (sources.mask && (sources.mask->width != sources.from->width || sources.mask->height != sources.from->height))
    return fail_field("mask", ErrorCode::invalid_argument, "`mask` has {} × {} pixels, the picture {} × {}; they must be the same", sources.mask->width,
                      sources.mask->height, sources.from->width, sources.from->height);
  return {};
}

Json source_ids(const Sources& sources) {
  Json ids = Json::object();
  for (const auto& [name, picture] : named(sources)) ids[name] = pixel_id(*picture);
  for (const auto& [name, bytes] : sources.files) ids[name] = file_id(bytes);
  return ids;
}

Result<void> add_sources(Work& work, const Sources& sources) {
  for (const auto& [name, source] : named(sources)) {
    PTAH_TRY(work.files[name + ".png"], encode_png(*source));
  }
  for (const auto& [name, bytes] : sources.files) work.files[source_file(name)] = bytes;
  return {};
}

Result<Sources> read_sources(const Json& receipt, const fs::path& path) {
  Sources sources;
  const Json ids = receipt.value("sources", Json());
  if (ids.is_null()) return sources;
  if (!ids.is_object()) return fail(ErrorCode::corrupt, "receipt: 'sources' is not an object");
  const fs::path folder = folder_of_work(path);
  const auto take = [&](const std::string& name) -> Result<Image> {
    const fs::path file = folder / (name + ".png");
    const auto bytes = read_file(file);
    if (!bytes) return fail(ErrorCode::not_found, "the work started from a picture that is not here: {}; give the folder of the work", file.string());
    return decode_png(*bytes, nullptr, kMaxImagePixels);  // kept by earlier versions, which read larger ones
  };
  if (ids.contains("from")) {
    PTAH_TRY(sources.from, take("from"));
  }
  if (ids.contains("mask")) {
    PTAH_TRY(sources.mask, take("mask"));
  }
  for (int i = 1; ids.contains(fmt::format("control-{}", i)); ++i) {
    PTAH_TRY(Image control, take(fmt::format("control-{}", i)));
    sources.controls.push_back(std::move(control));
  }
  for (const auto& [name, id] : ids.items()) {
    if (!is_source_name(name)) continue;
    const fs::path file = folder / source_file(name);
    auto bytes = read_file(file, kMaxSourceBytes);
    if (!bytes) return fail(ErrorCode::not_found, "the work started from a file that is not here: {}; give the folder of the work", file.string());
    sources.files[name] = std::move(*bytes);
  }
  if (ids.size() != named(sources).size() + sources.files.size()) return fail(ErrorCode::unsupported, "receipt: sources of an unknown name");
  if (source_ids(sources) != ids) return fail(ErrorCode::mismatch, "the files in {} are not those that the work started from", folder.string());
  return sources;
}

Result<void> check_sources(const Json& receipt, const Sources& sources) {
  if (receipt.value("sources", Json::object()) == source_ids(sources)) return {};
  return fail(ErrorCode::mismatch, "the work started from pictures that were not given; give the folder of the work");
}

}  // namespace ptah
