// Pictures that a work starts from.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "work/receipt.h"

namespace ptah {

/// Pictures a work starts from.
struct Sources {
  std::optional<Image> from;                ///< a drawing, photo or earlier work; an opaque one is cut out of its background first
  std::optional<Image> mask;                ///< white (by luminance and alpha) is redrawn, black stays; as large as `from`
  std::vector<Image> controls = {};         ///< for networks that control (paint); nothing else takes any
  std::map<std::string, Bytes> files = {};  ///< what is no picture (render): "object.glb", "environment.hdr"; kept in a work as "from-object.glb"
};
/// Largest file of Sources::files.
constexpr size_t kMaxSourceBytes = size_t{512} << 20;
/// What a file of a source is called in a work: "object.glb" → "from-object.glb".
std::string source_file(const std::string& name);
/// Whether a receipt may name a file of a source so: small letters, digits, '-' and a '.' that is not the first; names come from strangers.
bool is_source_name(const std::string& name);
/// Errors: invalid_argument for a mask alone or of another size.
Result<void> check(const Sources& sources);

/// The pictures a work started from, as its receipt names them, and as files of the work.
Json source_ids(const Sources& sources);
Result<void> add_sources(Work& work, const Sources& sources);
/// Errors: mismatch if a receipt names other ones.
Result<void> check_sources(const Json& receipt, const Sources& sources);

/// The pictures that a receipt says its work started from, read from beside it: `path` is the work's folder or its receipt.json. Errors: not_found if there
/// are none there, mismatch if they are others.
Result<Sources> read_sources(const Json& receipt, const std::filesystem::path& path);

}  // namespace ptah
