#include "base/text.h"
#include "base/input.h"
#include "cli/commands.h"

namespace ptah::cli {

namespace {

void show_notes(const std::string& name, const PictureNotes& notes) {
  for (const std::string& text : notes) print_error("note: {}: {}\n", name, text);
}

}  // namespace

Result<Picture> open_picture(const std::filesystem::path& file) {
  PictureNotes notes;
  auto picture = read_picture(file, &notes);
  show_notes(file.filename().string(), notes);
  return picture;
}

Result<Picture> input_picture(const std::string& file) {
  if (file != "-" && std::filesystem::is_regular_file(file)) return open_picture(file);
  PTAH_TRY(const Bytes bytes, read_input(file, size_t{1} << 31, &interrupted()));
  PictureNotes notes;
  auto picture = decode_picture(bytes, &notes);
  const std::string name = file == "-" ? "standard input" : file;
  show_notes(name, notes);
  if (!picture) return fail(picture.error().code, "{}: {}", name, picture.error().message);
  return picture;
}

}  // namespace ptah::cli
