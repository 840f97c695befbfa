// Every key of a model's configuration (config.json and its like) is used, known to be harmless, or refused by name; one that nobody knows is a warning.
// A family of models lists its keys in one table; check_config() holds a file against it, and the accessors read the keys that are used.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"

namespace ptah {

enum class ConfigUse : uint8_t {
  used,      ///< its value changes what is computed, or is held against the weights
  harmless,  ///< nothing that is computed here depends on it
  only       ///< computed for some values alone; others are refused
};

/// One row of a family's table.
struct ConfigKey {
  const char* name;
  ConfigUse use = ConfigUse::used;
  const char* values = "";  ///< for `only`: a JSON list of the values that are computed, e.g. "[null, false]"
};
using ConfigTable = std::span<const ConfigKey>;

/// Keys that transformers writes into every config.json and that only matter for training, for generating or for its own bookkeeping.
ConfigTable transformers_keys();

/// What a configuration says that its tables do not allow, one sentence a key, each with the file, the key and the value found.
struct ConfigReport {
  std::vector<std::string> refused;  ///< values that are not computed, with those that are
  std::vector<std::string> unknown;  ///< keys that stand in no table
};
/// Holds every key against the tables; the first table that lists a key decides. `file` is for the messages.
ConfigReport report_config(const Json& config, std::initializer_list<ConfigTable> tables, const std::string& file);

/// The same, adding unknown keys to `warnings`. Errors: corrupt if the configuration is no object; unsupported, naming the first key that is refused, the value
/// found and the values supported.
Result<void> check_config(const Json& config, std::initializer_list<ConfigTable> tables, const std::string& file, std::vector<std::string>& warnings);

/// A configuration with the name of its file. Accessors throw Failure: corrupt, naming file, key and value, for values of another type.
struct Config {
  Json json = Json::object();
  std::string file;

  /// Reads a file of JSON as Python writes it: -Infinity, Infinity and NaN are read as texts of these names. `shown` is its name in messages. Errors:
  /// not_found, corrupt, naming the file.
  static Result<Config> read(const std::filesystem::path& path, const std::string& shown);
  /// Whether the key is there and not null.
  bool has(const char* key) const;
  int64_t integer(const char* key, int64_t fallback) const;
  double number(const char* key, double fallback) const;
  bool boolean(const char* key, bool fallback) const;
  std::string text(const char* key, const std::string& fallback) const;
  /// A list of integers, or one integer as a list of `count`.
  std::vector<int64_t> integers(const char* key, size_t count, int64_t fallback) const;
  /// For keys that the weights decide too. Throws Failure: mismatch, naming file, key and both values, if the key is there and says something else.
  void agree(const char* key, const Json& in_weights) const;
  /// A value that is not computed. Throws Failure: unsupported, naming file, key, value and what is supported.
  [[noreturn]] void refuse(const char* key, const std::string& supported) const;
};

}  // namespace ptah
