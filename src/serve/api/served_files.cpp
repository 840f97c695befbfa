#include "serve/api/served_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/text.h"
#include "schema/named_files.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

bool is_plain_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == ' '; });
}

/// Writes a file that may be there already.
Result<void> write_once(const fs::path& file, std::span<const uint8_t> bytes) {
  PTAH_TRY_VOID(make_folders(file.parent_path()));
  auto written = write_new_file(file, {bytes}, 0600);
  std::error_code problem;
  if (!written && !(written.error().code == ErrorCode::invalid_argument && fs::is_regular_file(file, problem))) return written;
  return {};
}

Result<void> check_sha256(const std::string& text) {
  if (is_hex(text, 64)) return {};
  return fail(ErrorCode::invalid_argument, "'{}' is no SHA-256: 64 hexadecimal digits in small letters are", printable(text, 80));
}

}  // namespace

bool is_plain_file_name(std::string_view name) {
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_'; };
  return !name.empty() && name.size() <= 120 && name[0] != '.' && std::all_of(name.begin(), name.end(), plain);
}

ServedFiles::ServedFiles(const fs::path& folder, fs::path checkpoints) : folder_(fs::absolute(folder)), checkpoints_(std::move(checkpoints)) {
  if (!checkpoints_.empty()) checkpoints_ = fs::absolute(checkpoints_).lexically_normal();
}

fs::path ServedFiles::claim(const std::string& owner, const std::string& sha256) const {
  return folder_ / "owners" / sha256_hex(as_bytes(owner)).substr(0, 32) / sha256;
}

Result<void> ServedFiles::admit(const std::string& owner, const std::string& sha256) const { return write_once(claim(owner, sha256), {}); }

Result<void> ServedFiles::put(const std::string& owner, const std::string& sha256, std::span<const uint8_t> bytes) const {
  PTAH_TRY_VOID(check_sha256(sha256));
  if (const std::string found = sha256_hex(bytes); found != sha256) return fail(ErrorCode::mismatch, "these bytes have the SHA-256 {}", found);
  PTAH_TRY_VOID(write_once(blob(sha256), bytes));
  return admit(owner, sha256);
}

Result<fs::path> ServedFiles::find(const std::string& owner, const std::string& sha256) const {
  PTAH_TRY_VOID(check_sha256(sha256));
  std::error_code problem;
  if (!fs::is_regular_file(claim(owner, sha256), problem) || !fs::is_regular_file(blob(sha256), problem))
    return fail(ErrorCode::not_found, "no bytes sha256:{} of yours are here; PUT /v1/blobs/sha256:{} brings them", sha256, sha256);
  return blob(sha256);
}

/// The same bytes under a name, as readers know formats by names and receipts say them.
Result<fs::path> ServedFiles::with_name(const fs::path& bytes, const std::string& sha256, const std::string& name) const {
  if (!is_plain_file_name(name)) return fail(ErrorCode::invalid_argument, "'{}' is no plain name of a file", printable(name, 80));
  const fs::path place = folder_ / "named" / sha256 / name;
  PTAH_TRY_VOID(make_folders(place.parent_path()));
  std::error_code problem;
  if (fs::exists(place, problem) || ::link(bytes.c_str(), place.c_str()) == 0 || errno == EEXIST) return place;
  PTAH_TRY(const auto file, MappedFile::open(bytes));
  PTAH_TRY_VOID(write_file(place, file->bytes()));
  return place;
}

Result<NamedFile> ServedFiles::named(const std::string& owner, const std::string& said, const FindOutput& find_output) const {
  const size_t slash = said.find('/');
  const std::string first = said.substr(0, slash), rest = slash == std::string::npos ? "" : said.substr(slash + 1);
  if (first.starts_with("sha256:")) {
    const std::string sha256 = first.substr(7);
    PTAH_TRY(fs::path place, find(owner, sha256));
    if (slash != std::string::npos) {
      PTAH_TRY(place, with_name(place, sha256, rest));
    }
    return NamedFile{place, said};
  }
  if (first.starts_with("job_") && slash != std::string::npos) {
    PTAH_TRY(const auto output, find_output(first, rest));
    const fs::path kept = blob(output.second);  // it can be named by its digest from now on, as views of jobs do
    PTAH_TRY_VOID(make_folders(kept.parent_path()));
    if (::link(output.first.c_str(), kept.c_str()) != 0 && errno != EEXIST) return fail_errno("cannot keep " + rest);
    PTAH_TRY_VOID(admit(owner, output.second));
    PTAH_TRY(fs::path place, with_name(output.first, output.second, rest));
    return NamedFile{place, "sha256:" + output.second + "/" + rest};
  }
  const fs::path asked(said);
  const bool inside = asked.is_relative() && std::none_of(asked.begin(), asked.end(), [](const fs::path& part) { return part == ".." || part == "."; });
  if (!checkpoints_.empty() && inside) {
    const fs::path place = checkpoints_ / asked;
    struct stat about {};
    if (::stat(place.c_str(), &about) == 0)
      return NamedFile{place, fmt::format("{} {} {}.{}", said, about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec)};
  }
  if (is_plain_word(said)) return NamedFile{said, said};
  return fail(ErrorCode::invalid_argument,
              "'{}' names no file that this server may read: \"sha256:HEX/name.png\" (PUT /v1/blobs), \"job_12/picture.png\"{} can be", printable(said, 120),
              checkpoints_.empty() ? "" : ", or a path within the folder of checkpoints");
}

Result<Json> ServedFiles::resolved(const std::string& owner, const Schema& schema, const Json& given, const FindOutput& find_output, Json& identities) const {
  Json out = given;
  identities = given;
  for (const SchemaField& field : schema.fields()) {
    if (!given.contains(field.name) || !may_name_file(field)) continue;
    const auto one = [&](const std::string& said, Json& place, Json& identity) -> Result<void> {
      if (said.empty()) return {};
      auto found = named(owner, said, find_output);
      if (!found) return fail_field(field.name, found.error().code, "`{}`: {}", field.name, found.error().message);
      place = found->place.string();
      identity = found->identity;
      return {};
    };
    Json& value = out[field.name];
    Json& identity = identities[field.name];
    if (field.is_file() && field.kept == Kept::nowhere && !text_at(given, field.name).empty())
      return fail_field(field.name, ErrorCode::invalid_argument, "`{}` is a file of this computer, which a server does not touch", field.name);
    if (value.is_string()) {
      PTAH_TRY_VOID(one(value.get<std::string>(), value, identity));
    } else if (value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i) {
        if (value[i].is_string()) PTAH_TRY_VOID(one(value[i].get<std::string>(), value[i], identity[i]));
        if (value[i].is_object()) PTAH_TRY_VOID(one(text_at(value[i], "file"), value[i]["file"], identity[i]["file"]));
      }
    }
  }
  return out;
}

}  // namespace ptah
