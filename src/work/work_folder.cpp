#include "work/work_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kEnoughBytes = 40, kMaxBytes = 80;
constexpr const char* kReceipt = "receipt.json";

/// Letters, digits and what stands on them, but nothing that cannot be seen.
bool shows(utf8proc_int32_t c) {
  if (c == 0x034F || c == 0x115F || c == 0x1160 || c == 0x17B4 || c == 0x17B5 || (c >= 0x180B && c <= 0x180F) || c == 0x3164 || c == 0xFFA0 ||
      (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF))
    return false;
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;  // L, M and N stand in a row
}

/// The files of a work's folder that are as its receipt says, the receipt last. Errors: invalid_argument for a folder that is no work, or what is in it that is
/// not the work's.
Result<std::vector<std::string>> files_of_whole_work(const fs::path& folder) {
  const auto receipt = read_receipt(folder / kReceipt);
  const Json outputs = receipt ? receipt->value("outputs", Json()) : Json();
  if (!outputs.is_object()) return fail(ErrorCode::invalid_argument, "{} is not the folder of a work; it is not replaced", folder.string());
  std::vector<std::string> out;
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
    const std::string name = at->path().filename().string();
    if (name == kReceipt) continue;
    const std::string of = name.ends_with(".c2pa") ? name.substr(0, name.size() - 5) : name;
    if (!outputs.contains(of) || !at->is_regular_file(problem) || at->is_symlink(problem))
      return fail(ErrorCode::invalid_argument, "{} is not part of the work; move it away, or choose another folder", at->path().string());
    if (of == name) {
      PTAH_TRY(const Bytes bytes, read_file(at->path()));
      if (!has_id(bytes, outputs[name]))
        return fail(ErrorCode::invalid_argument, "{} was changed since the work was made; move it away, or choose another folder", at->path().string());
    }
    out.push_back(name);
  }
  if (problem) return fail(ErrorCode::io, "cannot read {}: {}", folder.string(), problem.message());
  out.emplace_back(kReceipt);
  return out;
}

/// Removes works that were replaced, or were to replace one, by commands that were killed before they could do it: hidden, and whole but for files that are
/// removed already.
void remove_replaced(const fs::path& folder) {
  const std::string begin = fmt::format(".{}.", folder.filename().string());
  std::error_code problem;
  std::vector<fs::path> found;
  for (fs::directory_iterator at(folder.parent_path().empty() ? fs::path(".") : folder.parent_path(), problem), end; !problem && at != end;
       at.increment(problem)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(begin) && name.ends_with(".replaced") && at->is_directory(problem) && !at->is_symlink(problem)) found.push_back(at->path());
  }
  for (const fs::path& old : found) {
    const int lock = ::open(old.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (lock < 0) continue;
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0) {  // else its command lives
      if (const auto files = files_of_whole_work(old))
        for (const std::string& name : *files) fs::remove(old / name, problem);
      ::rmdir(old.c_str());  // if nothing else is in it
    }
    ::close(lock);
  }
}

}  // namespace

std::string folder_name(const std::string& text) {
  std::string valid = beginning(text, 8 * kMaxBytes);
  for (size_t bad = 0; (bad = invalid_utf8_at(valid)) != std::string::npos;) valid[bad] = ' ';
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> composed(utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>(valid.c_str())), &std::free);
  if (composed) valid = reinterpret_cast<const char*>(composed.get());
  std::string out;
  bool in_word = false;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(valid.data());
  for (auto left = static_cast<utf8proc_ssize_t>(valid.size()); left > 0;) {
    utf8proc_int32_t c = 0;
    const auto size = utf8proc_iterate(at, left, &c);
    if (size <= 0) break;
    at += size;
    left -= size;
    const auto category = utf8proc_category(c);
    const bool mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
    if (!shows(c) || (mark && !in_word)) {
      if (c < 0xFE00 || c > 0xFE0F) in_word = false;
      continue;
    }
    const std::string letter = utf8_of(utf8proc_tolower(c));
    if (!in_word && out.size() > kEnoughBytes) break;
    const size_t more = letter.size() + (!in_word && !out.empty());
    if (out.size() + more > kMaxBytes) break;
    if (!in_word && !out.empty()) out += '-';
    out += letter;
    in_word = true;
  }
  return out.empty() ? "work" : out;
}

Result<void> check_replaceable(const fs::path& folder) {
  std::error_code problem;
  if (!fs::exists(folder, problem) || (fs::is_directory(folder, problem) && fs::is_empty(folder, problem))) return {};
  if (!fs::is_directory(folder, problem)) return fail(ErrorCode::invalid_argument, "{} is no folder; it is not replaced", folder.string());
  PTAH_TRY_VOID(files_of_whole_work(folder));
  return {};
}

Result<fs::path> write_work(const Work& work, const fs::path& folder, IfTaken if_taken) {
  std::error_code problem;
  if (if_taken == IfTaken::refuse && fs::exists(folder, problem) && !(fs::is_directory(folder, problem) && fs::is_empty(folder, problem)))
    return fail(ErrorCode::invalid_argument, "{} exists already; choose another folder", folder.string());
  if (if_taken == IfTaken::replace) PTAH_TRY_VOID(check_replaceable(folder));
  PTAH_TRY(StagedFolder staged, StagedFolder::create(folder));
  if (if_taken == IfTaken::replace) remove_replaced(staged.final_path());
  for (const auto& [name, bytes] : work.files) PTAH_TRY_VOID(write_file(staged.path() / name, std::span<const uint8_t>(bytes)));
  if (if_taken == IfTaken::count) return staged.commit_counted();
  if (if_taken == IfTaken::replace && fs::exists(folder, problem) && !fs::is_empty(folder, problem)) {
    PTAH_TRY(const auto old, files_of_whole_work(folder));  // once more: the new one may have taken an hour
    PTAH_TRY_VOID(staged.replace(old));
  } else {
    PTAH_TRY_VOID(staged.commit());
  }
  return staged.final_path();
}

}  // namespace ptah
