#include "serve/api/api_keys.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "own/secret.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxKeyFileBytes = 4 << 20;

bool is_key_name(std::string_view name) {
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), plain);
}

Json key_json(const ApiKey& key) {
  return {{"name", key.name},     {"role", name_of(key.role)}, {"jobs_an_hour", key.jobs_an_hour}, {"unfinished", key.unfinished},
          {"sha256", key.sha256}, {"created", key.created}};
}

Result<ApiKey> key_of_json(const Json& json) {
  PTAH_TRY(const KeyRole role, key_role(text_at(json, "role")));
  ApiKey out{text_at(json, "name"),
             role,
             json.value("jobs_an_hour", int64_t{0}),
             json.value("unfinished", int64_t{0}),
             text_at(json, "sha256"),
             json.value("created", int64_t{0})};
  if (!is_key_name(out.name) || out.sha256.size() != 64) return fail(ErrorCode::corrupt, "a key has no name or digest");
  return out;
}

}  // namespace

std::string_view name_of(KeyRole role) { return role == KeyRole::viewer ? "viewer" : "maker"; }

Result<KeyRole> key_role(const std::string& name) {
  if (name == "viewer") return KeyRole::viewer;
  if (name == "maker") return KeyRole::maker;
  return unknown_name("role", name, "viewer maker");
}

ApiKeys::ApiKeys(const fs::path& folder) : file_(folder / "keys" / "keys.json") {}

Result<std::vector<ApiKey>> ApiKeys::list() const {
  std::error_code problem;
  if (!fs::exists(file_, problem)) return std::vector<ApiKey>();
  PTAH_TRY(const std::string text, read_text(file_, kMaxKeyFileBytes));
  PTAH_TRY(const Json json, parse_json(text, 4));
  return guard([&]() -> Result<std::vector<ApiKey>> {
    std::vector<ApiKey> out;
    for (const Json& one : json.at("keys")) {
      PTAH_TRY(ApiKey key, key_of_json(one));
      out.push_back(std::move(key));
    }
    return out;
  });
}

Result<void> ApiKeys::write(const std::vector<ApiKey>& keys) const {
  Json json{{"keys", Json::array()}};
  for (const ApiKey& key : keys) json["keys"].push_back(key_json(key));
  const std::string text = json.dump(2) + "\n";
  return write_file(file_, {as_bytes(text)}, 0600);
}

Result<std::string> ApiKeys::add(ApiKey key) {
  if (!is_key_name(key.name))
    return fail(ErrorCode::invalid_argument, "'{}' is no name for a key: letters, digits, '.', '-' and '_', at most 64", printable(key.name, 80));
  PTAH_TRY_VOID(make_folders(file_.parent_path()));
  PTAH_TRY(const FolderLock one_at_a_time, FolderLock::take(file_.parent_path()));
  PTAH_TRY(std::vector<ApiKey> keys, list());
  if (std::any_of(keys.begin(), keys.end(), [&](const ApiKey& other) { return other.name == key.name; }))
    return fail(ErrorCode::invalid_argument, "there is a key named {} already", key.name);
  std::array<uint8_t, 32> random{};
  fill_random(random);
  const std::string token = "ptah_" + hex(random);
  key.sha256 = sha256_hex(as_bytes(token));
  key.created = std::time(nullptr);
  keys.push_back(std::move(key));
  PTAH_TRY_VOID(write(keys));
  return token;
}

Result<void> ApiKeys::remove(const std::string& name) {
  PTAH_TRY_VOID(make_folders(file_.parent_path()));
  PTAH_TRY(const FolderLock one_at_a_time, FolderLock::take(file_.parent_path()));
  PTAH_TRY(std::vector<ApiKey> keys, list());
  if (std::erase_if(keys, [&](const ApiKey& key) { return key.name == name; }) == 0)
    return fail(ErrorCode::not_found, "there is no key named {}", printable(name, 80));
  return write(keys);
}

std::optional<ApiKey> ApiKeys::find(std::string_view sent) const {
  if (sent.empty() || sent.size() > 256) return {};
  const std::string digest = sha256_hex(as_bytes(sent));  // a search by digest tells nothing of how much of a key is right
  const std::lock_guard lock(mutex_);
  struct stat about {};
  if (::stat(file_.c_str(), &about) != 0) return {};
  const std::array<int64_t, 4> version{static_cast<int64_t>(about.st_ino), about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec};
  if (version != version_) {  // each change makes a new file, so one within a tick of the clock is seen too
    const auto keys = list();
    if (!keys) return {};  // what cannot be read lets nobody in
    known_.clear();
    for (const ApiKey& key : *keys) known_[key.sha256] = key;
    version_ = version;
  }
  const auto found = known_.find(digest);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace ptah
