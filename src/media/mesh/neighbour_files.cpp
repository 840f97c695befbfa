#include "media/mesh/neighbour_files.h"

#include <algorithm>

#include "media/mesh/limits.h"

namespace ptah {

NeighbourFiles files_below(const std::filesystem::path& folder) {
  auto left = std::make_shared<size_t>(kMaxMeshFileBytes);
  return [folder, left](const std::string& name) -> Result<Bytes> {
    std::string plain = name;
    std::replace(plain.begin(), plain.end(), '\\', '/');  // as programs for Windows write them
    const auto outside = [&] { return fail(ErrorCode::permission, "'{}' is not beside the file that refers to it", name.substr(0, 200)); };
    if (plain.empty() || plain.size() > 1024 || plain.find('\0') != std::string::npos) return outside();
    std::error_code problem;
    const std::filesystem::path root = std::filesystem::canonical(folder.empty() ? "." : folder, problem);
    if (problem) return fail(ErrorCode::not_found, "no folder '{}'", folder.string());
    const std::filesystem::path file = std::filesystem::weakly_canonical(root / plain, problem);
    if (problem || std::mismatch(root.begin(), root.end(), file.begin(), file.end()).first != root.end()) return outside();
    PTAH_TRY(Bytes bytes, read_file(file, *left));
    *left -= bytes.size();
    return bytes;
  };
}

}  // namespace ptah
