#include "base/sqlite.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <tuple>

namespace ptah {

namespace fs = std::filesystem;

Database::Database(const fs::path& path, const Kind& kind) : name_(kind.name) {
  value_or_throw(make_folders(path.parent_path()));
  // Readable by its owner only from its first byte; its journals take over its mode. Only a new file is opened here: closing another one would free the locks
  // that this process has on it.
  if (const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); made >= 0) ::close(made);
  try {
    if (const int status = sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr); status != SQLITE_OK) give_up(status);
    sqlite3_extended_result_codes(db_, 1);
    sqlite3_busy_timeout(db_, 5000);
    run(*this, "pragma foreign_keys = on");
    run(*this, "pragma trusted_schema = off");
    if (kind.overwrite_deleted) run(*this, "pragma secure_delete = on");
    begin_wal();
    const auto state = [&] {
      Statement version(*this, "select (select user_version from pragma_user_version), (select count(*) from sqlite_schema)");
      version.next();
      return std::pair(version.number(0), version.number(1));
    };
    auto [found, tables] = state();
    if (found == 0 && tables == 0) {  // only a new file is written to
      DatabaseTransaction making(*this);
      std::tie(found, tables) = state();  // another process may have been faster
      if (found == 0 && tables == 0) {
        if (const int status = sqlite3_exec(db_, kind.tables, nullptr, nullptr, nullptr); status != SQLITE_OK) give_up(status);
        run(*this, fmt::format("pragma user_version = {}", kind.version).c_str());
        found = kind.version;
      }
      making.commit();
    }
    if (found != kind.version)
      throw Failure(
          {ErrorCode::corrupt, fmt::format("{} is no {} of this version of Ptah (it says {}, expected {})", path.string(), name_, found, kind.version)});
  } catch (...) {
    sqlite3_close_v2(db_);
    throw;
  }
  std::error_code problem;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, problem);
}

void Database::begin_wal() {
  // SQLite does not wait here for another process that does the same at this moment.
  constexpr int kTries = 250;
  for (int attempt = 1;; ++attempt) {
    const int status = sqlite3_exec(db_, "pragma journal_mode = wal", nullptr, nullptr, nullptr);
    if (status == SQLITE_OK) return;
    if ((status & 0xff) != SQLITE_BUSY || attempt == kTries) give_up(status);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void Database::give_up(int status) const {
  const int kind = status & 0xff;
  const ErrorCode code = kind == SQLITE_NOTADB || kind == SQLITE_CORRUPT                  ? ErrorCode::corrupt
                         : kind == SQLITE_FULL                                            ? ErrorCode::no_space
                         : kind == SQLITE_READONLY || kind == SQLITE_PERM                 ? ErrorCode::permission
                         : kind == SQLITE_CANTOPEN && sqlite3_system_errno(db_) == EACCES ? ErrorCode::permission
                                                                                          : ErrorCode::io;
  const char* file = db_ ? sqlite3_db_filename(db_, "main") : nullptr;
  throw Failure({code, fmt::format("{} {}: {}", name_, file ? file : "", db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(status))});
}

bool Statement::next() {
  const int status = sqlite3_step(statement_);
  if (status != SQLITE_ROW && status != SQLITE_DONE) db_.give_up(status);
  return status == SQLITE_ROW;
}

std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return bytes ? std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
}

Bytes Statement::bytes(int column) const {
  const auto* bytes_of = static_cast<const uint8_t*>(sqlite3_column_blob(statement_, column));
  return bytes_of ? Bytes(bytes_of, bytes_of + sqlite3_column_bytes(statement_, column)) : Bytes();
}

std::vector<float> Statement::floats(int column) const {
  const std::string bytes_of = text(column);
  std::vector<float> out(bytes_of.size() / sizeof(float));
  std::memcpy(out.data(), bytes_of.data(), out.size() * sizeof(float));
  return out;
}

}  // namespace ptah
