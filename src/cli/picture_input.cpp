#include "base/text.h"
#include "base/input.h"
#include "cli/commands/commands.h"

namespace ptah::cli {

namespace {

void show_picture_notes(const std::string& name, const ImageNotes& notes) {
  for (const std::string& text : notes) print_error("note: {}: {}\n", name, text);
}

}  // namespace

Result<Image> open_picture(const std::filesystem::path& file) {
  ImageNotes notes;
  auto picture = read_image(file, &notes);
  show_picture_notes(file.filename().string(), notes);
  return picture;
}

Result<Image> input_image(const std::string& file) {
  if (file != "-" && std::filesystem::is_regular_file(file)) return open_picture(file);
  PTAH_TRY(const Bytes bytes, read_input(file, size_t{1} << 31, &interrupted()));
  ImageNotes notes;
  auto picture = decode_image(bytes, &notes);
  const std::string name = file == "-" ? "standard input" : file;
  show_picture_notes(name, notes);
  if (!picture) return fail(picture.error().code, "{}: {}", name, picture.error().message);
  return picture;
}

}  // namespace ptah::cli
