// Who may use a server: keys that are shown once and kept as digests, with a role and limits of their own.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace ptah {

/// What a key may do.
enum class KeyRole {
  viewer,  ///< looks at what it asked for, and at what can be asked
  maker,   ///< also asks for works
};
std::string_view name_of(KeyRole role);
Result<KeyRole> key_role(const std::string& name);

struct ApiKey {
  std::string name;  ///< whose jobs its jobs are
  KeyRole role = KeyRole::maker;
  int64_t jobs_an_hour = 0;  ///< that it may ask for; 0: no limit
  int64_t unfinished = 0;    ///< that may be queued or running at once; 0: no limit
  std::string sha256;        ///< of the key, in hex
  int64_t created = 0;       ///< seconds since 1970
};

/// The keys of a server's folder, in keys/keys.json, which only its owner can read. For several threads; a change of the file by another process is seen. (In a
/// folder of their own, as a running server has its folder locked.)
class ApiKeys {
 public:
  explicit ApiKeys(const std::filesystem::path& folder);
  /// Makes a key, and gives what a client has to send: "ptah_" and 64 hexadecimal digits. It is not kept. Errors: invalid_argument (the name is taken, or no
  /// plain one), no_space, io, permission.
  Result<std::string> add(ApiKey key);
  /// Errors: not_found.
  Result<void> remove(const std::string& name);
  Result<std::vector<ApiKey>> list() const;
  /// The key that a client sent, found by its digest; nothing if it is none.
  std::optional<ApiKey> find(std::string_view sent) const;

 private:
  Result<void> write(const std::vector<ApiKey>& keys) const;
  std::filesystem::path file_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, ApiKey> known_;  ///< by digest
  mutable std::array<int64_t, 4> version_{};     ///< of the file that was read
};

}  // namespace ptah
