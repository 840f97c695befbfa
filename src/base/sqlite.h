// SQLite: a file of tables with a version, statements that bind and read by type, transactions. All of it throws Failure with what SQLite says; guard() makes a
// Result of it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"

namespace ptah {

class Database {
 public:
  struct Kind {
    const char* name;    ///< what errors call it, e.g. "memory"
    const char* tables;  ///< SQL that makes them in a new file
    int version;         ///< another one is refused
    bool overwrite_deleted = false;
  };
  /// Opens or makes the file (and its folder), readable by its owner only. Throws Failure: io, permission, no_space, corrupt for what is no database or one of
  /// another version.
  Database(const std::filesystem::path& path, const Kind& kind);
  ~Database() { sqlite3_close_v2(db_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  sqlite3* get() const { return db_; }
  int64_t last_id() const { return sqlite3_last_insert_rowid(db_); }
  [[noreturn]] void give_up(int status) const;

 private:
  void begin_wal();
  sqlite3* db_ = nullptr;
  const char* name_;
};

/// One statement: bound in order, read row by row.
class Statement {
 public:
  template <class... Values>
  Statement(const Database& db, const char* sql, const Values&... values) : db_(db) {
    check(sqlite3_prepare_v2(db.get(), sql, -1, &statement_, nullptr));
    int at = 0;
    try {
      (bind(++at, values), ...);
    } catch (...) {
      sqlite3_finalize(statement_);
      throw;
    }
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// The next row, if there is one.
  bool next();
  int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  /// A text or a blob; empty for null.
  std::string text(int column) const;
  Bytes bytes(int column) const;
  std::vector<float> floats(int column) const;

 private:
  void check(int status) const {
    if (status != SQLITE_OK) db_.give_up(status);
  }
  void bind(int at, int64_t value) { check(sqlite3_bind_int64(statement_, at, value)); }
  void bind(int at, const std::string& value) { check(sqlite3_bind_text64(statement_, at, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8)); }
  /// Empty is null.
  void bind(int at, std::span<const uint8_t> value) {
    check(value.empty() ? sqlite3_bind_null(statement_, at) : sqlite3_bind_blob64(statement_, at, value.data(), value.size(), SQLITE_TRANSIENT));
  }
  void bind(int at, const std::vector<float>& value) { bind(at, std::span(reinterpret_cast<const uint8_t*>(value.data()), value.size() * sizeof(float))); }

  const Database& db_;
  sqlite3_stmt* statement_ = nullptr;
};

/// Runs one statement to its end; how many rows it changed.
template <class... Values>
int64_t run(const Database& db, const char* sql, const Values&... values) {
  Statement statement(db, sql, values...);
  while (statement.next()) {
  }
  return sqlite3_changes64(db.get());
}

/// All or nothing: what was not committed is taken back.
class DatabaseTransaction {
 public:
  explicit DatabaseTransaction(const Database& db) : db_(db) { run(db, "begin immediate"); }
  ~DatabaseTransaction() {
    if (!done_) sqlite3_exec(db_.get(), "rollback", nullptr, nullptr, nullptr);
  }
  DatabaseTransaction(const DatabaseTransaction&) = delete;
  DatabaseTransaction& operator=(const DatabaseTransaction&) = delete;
  void commit() {
    run(db_, "commit");
    done_ = true;
  }

 private:
  const Database& db_;
  bool done_ = false;
};

}  // namespace ptah
