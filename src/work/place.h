// Where a work goes, said before it is made, so that what cannot end well is refused first.
#pragma once

#include "work/work_folder.h"

namespace ptah {

/// The folder of a work, and what happens if it is taken.
struct WorkPlace {
  std::filesystem::path folder;
  IfTaken if_taken = IfTaken::refuse;
};
/// `out` as it is; with `several`, a folder `name` in it; if it is empty, one below ptah-works. A name that is ours to choose is counted up.
WorkPlace place_of_work(const std::filesystem::path& out, const std::string& name, bool several, bool replace);

/// Whether a file or folder of this name can be made; tried out, and nothing is left behind. Errors: not_found, permission, io, no_space.
Result<void> can_make(const std::filesystem::path& path);
/// Whether a new work can be written into the folder `out`, or below ptah-works here if that is empty. Errors: invalid_argument if the folder exists and holds
/// anything, not_found, permission, io.
Result<void> can_write_work(const std::filesystem::path& out);
/// Whether a work can go to a place that was made of `out`. Errors: as can_write_work and check_replaceable.
Result<void> check_place(const WorkPlace& place, const std::filesystem::path& out);

}  // namespace ptah
