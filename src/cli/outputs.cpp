#include "cli/outputs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "work/place.h"
#include "cli/commands/commands.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

bool is_there(const fs::path& path) {
  std::error_code problem;
  return fs::exists(fs::symlink_status(path, problem));
}

Json final_event(const Made& made) {
  Json event = made.details;
  event["event"] = made.folder.empty() ? "file" : "work";
  event["files"] = Json::array();
  for (const fs::path& file : made.files) event["files"].push_back(shown_path(file));
  const auto plain = [](const fs::path& path) { return invalid_utf8_at(path.string()) == std::string::npos; };
  if (!std::all_of(made.files.begin(), made.files.end(), plain)) {
    event["uris"] = Json::array();
    for (const fs::path& file : made.files) event["uris"].push_back(file_uri(file));
  }
  if (!made.folder.empty()) event["folder"] = shown_path(made.folder);
  return event;
}

}  // namespace

Result<void> can_write(const fs::path& file) {
  std::error_code problem;
  if (file.empty() || !file.has_filename()) return fail(ErrorCode::invalid_argument, "'{}' names no file to write", file.string());
  if (fs::is_directory(file, problem)) return fail(ErrorCode::invalid_argument, "{} is a folder; name a file to write", file.string());
  return can_make(file);
}

Result<void> must_be_new(const fs::path& file) {
  if (is_there(file)) return fail(ErrorCode::invalid_argument, "{} exists already; choose another name", file.string());
  return can_write(file);
}

Result<fs::path> picture_beside(const fs::path& from, const std::string& ending, const fs::path& out) {
  if (from == "-" && out.empty()) return fail(ErrorCode::invalid_argument, "a picture from standard input has no name; say where it goes with --out");
  const fs::path to = out.empty() ? from.parent_path() / (from.stem().string() + ending + ".png") : out;
  if (is_there(to)) return fail(ErrorCode::invalid_argument, "{} exists; choose another with --out", to.string());
  PTAH_TRY_VOID(can_write(to));
  return to;
}

std::string shown_path(const fs::path& path) {
  const std::string text = Json(path.string()).dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json::parse(text).get<std::string>();
}

std::string file_uri(const fs::path& path) {
  std::error_code problem;
  std::string out = "file://";
  for (const char c : fs::absolute(path, problem).lexically_normal().string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 && byte < 0x80)
      out += c;
    else
      out += std::string_view("/-._~").find(c) != std::string_view::npos ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

void say_made(const Made& made, bool json, bool quiet) {
  if (json)
    print_json(final_event(made));
  else if (!quiet)
    for (const fs::path& file : made.files) print("{}\n", file.string());
}

void say_series(const std::vector<Made>& series) {
  Json event{{"event", "works"}, {"files", Json::array()}, {"works", Json::array()}};
  for (const Made& made : series) {
    Json one = final_event(made);
    for (const Json& file : one["files"]) event["files"].push_back(file);
    one.erase("event");
    event["works"].push_back(std::move(one));
  }
  print_json(event);
}

}  // namespace ptah::cli
