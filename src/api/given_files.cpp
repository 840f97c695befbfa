#include "api/given_files.h"

#include <stdlib.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/printable.h"
#include "base/text.h"
#include "schema/named_files.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxNameBytes = 200;

}  // namespace

GivenFiles& GivenFiles::operator=(GivenFiles&& other) noexcept {
  std::swap(folder_, other.folder_);
  std::swap(places_, other.places_);
  std::swap(pictures_, other.pictures_);
  return *this;
}

GivenFiles::~GivenFiles() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Result<void> GivenFiles::take_name(const std::string& name) {
  const auto plain = [](char c) { return static_cast<unsigned char>(c) >= 32 && c != '/' && c != '\\'; };
  if (name.empty() || name.size() > kMaxNameBytes || name[0] == '.' || !std::all_of(name.begin(), name.end(), plain))
    return fail(ErrorCode::invalid_argument, "'{}' is no plain name of a file that is given", printable(name, 80));
  if (places_.contains(name) || pictures_.contains(name)) return fail(ErrorCode::invalid_argument, "the file '{}' is given twice", printable(name, 80));
  return {};
}

Result<void> GivenFiles::add(const std::string& name, std::span<const uint8_t> bytes) {
  PTAH_TRY_VOID(take_name(name));
  if (folder_.empty()) {
    std::string made = (fs::temp_directory_path() / "ptah-given-XXXXXX").string();
    if (!::mkdtemp(made.data())) return fail_errno("cannot make " + made);
    folder_ = made;
  }
  PTAH_TRY_VOID(write_new_file(folder_ / name, {bytes}, 0600));
  places_[name] = folder_ / name;
  return {};
}

Result<void> GivenFiles::add_pixels(const std::string& name, int64_t width, int64_t height, std::span<const uint8_t> rgba) {
  PTAH_TRY_VOID(take_name(name));
  if (width < 1 || height < 1 || width > kMaxImageEdge || height > kMaxImageEdge || width * height > kMaxImagePixels)
    return fail(ErrorCode::invalid_argument, "'{}': {} x {} pixels; 1 x 1 to {} an edge and {} in all are possible", printable(name, 80), width, height,
                kMaxImageEdge, kMaxImagePixels);
  if (rgba.size() != static_cast<size_t>(width * height * 4))
    return fail(ErrorCode::invalid_argument, "'{}': {} bytes; {} x {} pixels have {}", printable(name, 80), rgba.size(), width, height, width * height * 4);
  pictures_[name] = Image{width, height, Bytes(rgba.begin(), rgba.end())};
  return {};
}

Result<Json> GivenFiles::placed(const Recipe& recipe, Json fields) const {
  PTAH_TRY_VOID(change_named_files(*recipe.schema, fields, [this](Json& text) -> Result<void> {
    if (const auto found = places_.find(text.get<std::string>()); found != places_.end()) text = found->second.string();
    return {};
  }));
  return fields;
}

Error GivenFiles::told(Error error) const {
  if (!folder_.empty()) replace_all(error.message, folder_.string() + "/", "");
  return error;
}

PictureReader GivenFiles::reader() const {
  return [this](const fs::path& file) -> Result<Image> {
    const auto found = pictures_.find(file.string());
    return found == pictures_.end() ? read_image(file) : found->second;
  };
}

}  // namespace ptah
