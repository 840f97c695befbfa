#include "work/comparison.h"

#include "work/verification.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kDiffers = "the work made again differs from its receipt";

/// The receipt inside a single file.
Result<ReplayComparison> compare_picture(const Json& receipt, const Work& again, const fs::path& file) {
  const bool same = again.receipt["pixels"] == receipt.value("pixels", Json());
  PTAH_TRY(const Verification here, verify_work(file));
  ReplayComparison out;
  out.lines.push_back(fmt::format("picture: {}", !same        ? "OTHER pixels"
                                                 : here.whole ? "the same pixels"
                                                              : "the receipt's pixels; the file here has OTHER ones"));
  if (!same)
    out.problem = {ErrorCode::mismatch, kDiffers};
  else if (!here.whole)
    out.problem = {ErrorCode::mismatch, fmt::format("{} was changed since it was made; the receipt's work came out again", file.string())};
  return out;
}

}  // namespace

Result<ReplayComparison> compare_replayed(const Json& receipt, const Work& again, const fs::path& file) {
  const Json outputs = receipt.value("outputs", Json());
  if (!outputs.is_object()) return compare_picture(receipt, again, file);
  ReplayComparison out;
  std::string other, changed;
  for (const auto& [name, id] : outputs.items()) {
    const bool equal = again.receipt["outputs"].value(name, Json()) == id;
    const auto bytes = read_file(folder_of_work(file) / fs::path(name).filename());
    const bool whole = bytes && has_id(*bytes, id), credentials = whole && Json(file_id(*bytes)) != id;
    if (!equal) other = name;
    if (!whole) changed = name;
    out.lines.push_back(fmt::format("{}: {}{}", file_label(name),
                                    !equal  ? "OTHER bytes"
                                    : whole ? "the same bytes"
                                            : "the receipt's bytes",
                                    equal && credentials ? ", but for its content credentials, which are made again each time"
                                    : whole              ? ""
                                    : bytes              ? "; the file here was CHANGED since"
                                                         : "; the file is MISSING here"));
  }
  if (!other.empty())
    out.problem = {ErrorCode::mismatch, kDiffers};
  else if (!changed.empty())
    out.problem = {ErrorCode::mismatch, fmt::format("{} here is not as it was made; the receipt's work came out again (`out` keeps it)", changed)};
  return out;
}

}  // namespace ptah
