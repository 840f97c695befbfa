// Where what is made goes: refused before the work begins if it cannot end there, and said in one event when it has.
#pragma once

#include <filesystem>
#include <vector>

#include "base/json.h"
#include "pipelines/create.h"

namespace ptah::cli {

/// Whether a file can be written there; tried out, and nothing is left behind. Errors: invalid_argument (a folder is there), not_found, permission, io.
Result<void> can_write(const std::filesystem::path& file);
/// The same, and nothing may be there yet. Errors: also invalid_argument if something is.
Result<void> must_be_new(const std::filesystem::path& file);
/// Where a picture made of another goes: `out`, else beside it with `ending` behind its name. Errors: as must_be_new.
Result<std::filesystem::path> picture_beside(const std::filesystem::path& from, const std::string& ending, const std::filesystem::path& out);

/// A path as JSON text: what is not UTF-8 in it as U+FFFD (file_uri() loses nothing).
std::string shown_path(const std::filesystem::path& path);
/// "file:///…" of the absolute path, with everything but plain characters as %XX.
std::string file_uri(const std::filesystem::path& path);

/// What a command made, said at its end.
struct Made {
  std::filesystem::path folder;  ///< of a work; empty for single files
  std::vector<std::filesystem::path> files;
  Json details = Json::object();  ///< more members of the event
};
/// Says where what was made lies: with `json` one event on one line ({"event": "work" or "file", "files": […], …}), else a path a line, unless `quiet`.
void say_made(const Made& made, bool json, bool quiet);
/// The same of a series in one event: {"event": "works", "files": […], "works": […]}.
void say_series(const std::vector<Made>& series);

}  // namespace ptah::cli
