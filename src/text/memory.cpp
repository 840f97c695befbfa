#include "text/memory.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include "base/file.h"
#include "base/text.h"
#include "text/vocabulary.h"

namespace ptah {

namespace {

constexpr int kVersion = 1;
constexpr size_t kMostFactBytes = 1000;

/// Throws what SQLite says.
[[noreturn]] void give_up(sqlite3* db, int status) {
  const int kind = status & 0xff;
  const ErrorCode code = kind == SQLITE_NOTADB || kind == SQLITE_CORRUPT                 ? ErrorCode::corrupt
                         : kind == SQLITE_FULL                                           ? ErrorCode::no_space
                         : kind == SQLITE_READONLY || kind == SQLITE_PERM                ? ErrorCode::permission
                         : kind == SQLITE_CANTOPEN && sqlite3_system_errno(db) == EACCES ? ErrorCode::permission
                                                                                         : ErrorCode::io;
  const char* file = db ? sqlite3_db_filename(db, "main") : nullptr;
  throw Failure({code, fmt::format("memory {}: {}", file ? file : "", db ? sqlite3_errmsg(db) : sqlite3_errstr(status))});
}

/// One statement: bound in order, read row by row.
class Statement {
 public:
  template <class... Values>
  Statement(sqlite3* db, const char* sql, const Values&... values) : db_(db) {
    if (const int status = sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr); status != SQLITE_OK) give_up(db, status);
    int at = 0;
    (bind(++at, values), ...);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  bool next() {
    const int status = sqlite3_step(statement_);
    if (status != SQLITE_ROW && status != SQLITE_DONE) give_up(db_, status);
    return status == SQLITE_ROW;
  }
  int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return bytes ? std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
  }
  std::vector<float> floats(int column) const {
    const std::string bytes = text(column);
    std::vector<float> out(bytes.size() / sizeof(float));
    std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
    return out;
  }

 private:
  void check(int status) {
    if (status != SQLITE_OK) give_up(db_, status);
  }
  void bind(int at, int64_t value) { check(sqlite3_bind_int64(statement_, at, value)); }
  void bind(int at, const std::string& value) { check(sqlite3_bind_text64(statement_, at, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8)); }
  void bind(int at, const std::vector<float>& value) {
    check(value.empty() ? sqlite3_bind_null(statement_, at)
                        : sqlite3_bind_blob64(statement_, at, value.data(), value.size() * sizeof(float), SQLITE_TRANSIENT));
  }

  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
};

template <class... Values>
int64_t run(sqlite3* db, const char* sql, const Values&... values) {
  Statement statement(db, sql, values...);
  while (statement.next()) {
  }
  return sqlite3_changes64(db);
}

/// All or nothing.
class Transaction {
 public:
  explicit Transaction(sqlite3* db) : db_(db) { run(db, "begin immediate"); }
  ~Transaction() {
    if (!done_) sqlite3_exec(db_, "rollback", nullptr, nullptr, nullptr);
  }
  void commit() {
    run(db_, "commit");
    done_ = true;
  }

 private:
  sqlite3* db_;
  bool done_ = false;
};

constexpr const char* kTables = R"(
  create table conversation (id integer primary key, user text not null, model text not null, begun integer not null);
  create index conversation_of on conversation (user);
  create table message (conversation integer not null references conversation on delete cascade, place integer not null, role text not null,
                        content text not null, primary key (conversation, place)) without rowid;
  create table fact (id integer primary key, user text not null, text text not null, made integer not null,
                     conversation integer references conversation on delete set null, place integer, vector blob, unique (user, text));
)";

void check_user(const std::string& user) {
  if (user.empty() || user.size() > 200 || invalid_utf8_at(user) != std::string::npos)
    throw Failure({ErrorCode::invalid_argument, "memory: a user's name has 1 to 200 bytes of valid UTF-8"});
}

Error nothing(const char* what, int64_t id, const std::string& user) { return {ErrorCode::not_found, fmt::format("{} has no {} {}", user, what, id)}; }

void check_fact(std::string_view fact) {
  if (fact.empty() || fact.size() > kMostFactBytes || invalid_utf8_at(fact) != std::string::npos)
    throw Failure({ErrorCode::invalid_argument, fmt::format("a fact has 1 to {} bytes of valid UTF-8; this one has {}", kMostFactBytes, fact.size())});
}

}  // namespace

std::vector<std::string> sentences_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = std::min(sentence_end(text), text.size());
    if (const auto sentence = trimmed(text.substr(0, end)); !sentence.empty()) out.emplace_back(sentence);
    text.remove_prefix(end);
  }
  return out;
}

std::vector<std::string> facts_worth_keeping(std::string_view message) {
  static constexpr std::array kSelf = {"i", "my", "mine", "me", "we", "our", "ours", "us", "myself", "im", "ive"};
  static constexpr std::array kAsking = {"what",   "who",     "where",  "when", "why",  "how",  "which", "whose", "can",  "could",   "would", "will",
                                         "should", "do",      "does",   "did",  "is",   "are",  "was",   "were",  "tell", "give",    "show",  "write",
                                         "make",   "explain", "please", "help", "list", "find", "let",   "say",   "name", "describe"};
  const auto is_in = [](const auto& list, const std::string& word) { return std::find(list.begin(), list.end(), word) != list.end(); };
  std::vector<std::string> out;
  for (std::string sentence : sentences_of(message)) {
    if (sentence.back() == '?') continue;
    std::vector<std::string> words = split_words(sentence);
    if (words.size() < 3) continue;
    bool wanted = words[0] == "remember" || (words[0] == "please" && words[1] == "remember");
    if (wanted) {  // "remember that …" is kept as what follows
      const std::string lower = lower_case(sentence);
      size_t at = lower.find("remember") + 8;
      if (lower.compare(at, 6, " that ") == 0) at += 5;
      at = sentence.find_first_not_of(" :,", at);
      if (at == std::string::npos || split_words(sentence.substr(at)).size() < 2) continue;
      sentence.erase(0, at);
    } else {
      const bool asks = is_in(kAsking, words[0]) || (words[0] == "i" && (words[1] == "want" || words[1] == "need") && words[2] == "you");
      wanted = !asks && std::any_of(words.begin(), words.end(), [&](const std::string& word) { return is_in(kSelf, word); });
    }
    if (wanted && sentence.size() <= kMostFactBytes) out.push_back(std::move(sentence));
  }
  return out;
}

Result<std::filesystem::path> Memory::usual_path() {
  if (const std::string own = environment("PTAH_DATA"); !own.empty()) return std::filesystem::path(own) / "memory.sqlite";
  if (const auto folder = user_data_folder(); !folder.empty()) return folder / "memory.sqlite";
  return fail(ErrorCode::not_found, "neither PTAH_DATA nor HOME is set; name a file with --memory");
}

Result<std::unique_ptr<Memory>> Memory::open(const std::filesystem::path& path, std::shared_ptr<SentenceEncoder> encoder) {
  return guard([&]() -> Result<std::unique_ptr<Memory>> {
    std::error_code problem;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), problem);
    if (problem) return fail(ErrorCode::io, "cannot create {}: {}", path.parent_path().string(), problem.message());
    std::unique_ptr<Memory> memory(new Memory(std::move(encoder)));
    if (const int status = sqlite3_open_v2(path.c_str(), &memory->db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr); status != SQLITE_OK)
      give_up(memory->db_, status);
    sqlite3* db = memory->db_;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, 5000);
    run(db, "pragma foreign_keys = on");
    run(db, "pragma trusted_schema = off");
    run(db, "pragma secure_delete = on");  // what is forgotten is overwritten
    run(db, "pragma journal_mode = wal");
    Transaction making(db);
    Statement version(db, "select (select user_version from pragma_user_version), (select count(*) from sqlite_schema)");
    version.next();
    const int64_t found = version.number(0);
    if (found == 0 && version.number(1) == 0) {
      if (const int status = sqlite3_exec(db, kTables, nullptr, nullptr, nullptr); status != SQLITE_OK) give_up(db, status);
      run(db, "pragma user_version = 1");
    } else if (found != kVersion) {
      return fail(ErrorCode::corrupt, "{} is no memory of this version of Ptah (it says {}, expected {})", path.string(), found, kVersion);
    }
    making.commit();
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, problem);
    return memory;
  });
}

Memory::~Memory() { sqlite3_close_v2(db_); }

std::vector<float> Memory::vector_of(const std::string& text) const {
  if (!encoder_) return {};
  const Tensor vector = encoder_->embed({text});
  return vector.to_vector();
}

Result<int64_t> Memory::begin(const std::string& user, const std::string& model) {
  return guard([&]() -> Result<int64_t> {
    check_user(user);
    run(db_, "insert into conversation (user, model, begun) values (?, ?, ?)", user, model, static_cast<int64_t>(std::time(nullptr)));
    return sqlite3_last_insert_rowid(db_);
  });
}

Result<void> Memory::add(const std::string& user, Place place, const std::string& said, const std::string& answer, bool facts) {
  return guard([&]() -> Result<void> {
    Transaction adding(db_);
    if (Statement owner(db_, "select 1 from conversation where id = ? and user = ?", place.conversation, user); !owner.next())
      return tl::unexpected(nothing("conversation", place.conversation, user));
    constexpr const char* kInsert = "insert or replace into message (conversation, place, role, content) values (?, ?, ?, ?)";
    run(db_, kInsert, place.conversation, place.message, std::string("user"), said);
    run(db_, kInsert, place.conversation, place.message + 1, std::string("assistant"), answer);
    if (facts)
      for (const std::string& fact : facts_worth_keeping(said)) value_or_throw(keep(user, fact, place));
    adding.commit();
    return {};
  });
}

Result<void> Memory::replace_answer(const std::string& user, Place place, const std::string& answer) {
  return guard([&]() -> Result<void> {
    const auto changed = run(db_,
                             "update message set content = ? where conversation = ? and place = ? and conversation in "
                             "(select id from conversation where user = ?)",
                             answer, place.conversation, place.message + 1, user);
    if (changed == 0) return tl::unexpected(nothing("conversation", place.conversation, user));
    return {};
  });
}

Result<std::vector<StoredConversation>> Memory::conversations(const std::string& user) const {
  return guard([&]() -> Result<std::vector<StoredConversation>> {
    Statement rows(db_,
                   "select id, begun, (select count(*) from message where conversation = id), model, "
                   "coalesce((select content from message where conversation = id and role = 'user' order by place limit 1), '') "
                   "from conversation where user = ? order by id",
                   user);
    std::vector<StoredConversation> out;
    while (rows.next()) out.push_back({rows.number(0), rows.number(1), rows.number(2), rows.text(3), rows.text(4)});
    return out;
  });
}

Result<std::vector<ChatMessage>> Memory::messages(const std::string& user, int64_t conversation) const {
  return guard([&]() -> Result<std::vector<ChatMessage>> {
    if (Statement owner(db_, "select 1 from conversation where id = ? and user = ?", conversation, user); !owner.next())
      return tl::unexpected(nothing("conversation", conversation, user));
    Statement rows(db_, "select role, content from message where conversation = ? order by place", conversation);
    std::vector<ChatMessage> out;
    while (rows.next()) out.push_back({rows.text(0), rows.text(1)});
    return out;
  });
}

Result<bool> Memory::keep(const std::string& user, const std::string& fact, std::optional<Place> from) {
  const auto made = static_cast<int64_t>(std::time(nullptr));
  const std::vector<float> vector = vector_of(fact);
  if (from)
    return run(db_, "insert or ignore into fact (user, text, made, vector, conversation, place) values (?, ?, ?, ?, ?, ?)", user, fact, made, vector,
               from->conversation, from->message) > 0;
  return run(db_, "insert or ignore into fact (user, text, made, vector) values (?, ?, ?, ?)", user, fact, made, vector) > 0;
}

Result<bool> Memory::remember(const std::string& user, const std::string& fact, std::optional<Place> from) {
  return guard([&]() -> Result<bool> {
    check_user(user);
    const std::string text(trimmed(fact));
    check_fact(text);
    return keep(user, text, from);
  });
}

Result<std::vector<Fact>> Memory::facts(const std::string& user) const {
  return guard([&]() -> Result<std::vector<Fact>> {
    Statement rows(db_, "select id, text, made from fact where user = ? order by id", user);
    std::vector<Fact> out;
    while (rows.next()) out.push_back({rows.number(0), rows.text(1), rows.number(2), 0});
    return out;
  });
}

Result<std::vector<Fact>> Memory::recall(const std::string& user, const std::string& asked, size_t most, float least, std::optional<Place> seen) {
  return guard([&]() -> Result<std::vector<Fact>> {
    if (!encoder_) return std::vector<Fact>();
    const std::vector<float> wanted = vector_of(asked);
    const Place from = seen.value_or(Place{-1, 0});
    std::vector<Fact> out;
    std::vector<std::pair<int64_t, std::vector<float>>> anew;  // kept without an encoder, or with another one
    {
      Statement rows(db_, "select id, text, made, vector from fact where user = ? and not (conversation is not null and conversation = ? and place >= ?)", user,
                     from.conversation, from.message);
      while (rows.next()) {
        Fact fact{rows.number(0), rows.text(1), rows.number(2), 0};
        std::vector<float> vector = rows.floats(3);
        if (vector.size() != wanted.size()) {
          vector = vector_of(fact.text);
          anew.emplace_back(fact.id, vector);
        }
        for (size_t i = 0; i < wanted.size(); ++i) fact.similarity += vector[i] * wanted[i];
        if (fact.similarity >= least) out.push_back(std::move(fact));
      }
    }
    for (const auto& [id, vector] : anew) run(db_, "update fact set vector = ? where id = ?", vector, id);
    std::stable_sort(out.begin(), out.end(), [](const Fact& a, const Fact& b) { return a.similarity > b.similarity; });
    if (out.size() > most) out.resize(most);
    return out;
  });
}

Result<void> Memory::edit(const std::string& user, int64_t fact, const std::string& text) {
  return guard([&]() -> Result<void> {
    const std::string now(trimmed(text));
    check_fact(now);
    if (Statement same(db_, "select 1 from fact where user = ? and text = ? and id <> ?", user, now, fact); same.next())
      return fail(ErrorCode::invalid_argument, "the memory already holds \"{}\"", now);
    if (run(db_, "update fact set text = ?, vector = ? where id = ? and user = ?", now, vector_of(now), fact, user) == 0)
      return tl::unexpected(nothing("fact", fact, user));
    return {};
  });
}

Result<void> Memory::forget(const std::string& user, int64_t fact) {
  return guard([&]() -> Result<void> {
    if (run(db_, "delete from fact where id = ? and user = ?", fact, user) == 0) return tl::unexpected(nothing("fact", fact, user));
    run(db_, "pragma wal_checkpoint(truncate)");
    return {};
  });
}

Result<void> Memory::forget_everything(const std::string& user) {
  return guard([&]() -> Result<void> {
    {
      Transaction forgetting(db_);
      run(db_, "delete from fact where user = ?", user);
      run(db_, "delete from conversation where user = ?", user);
      forgetting.commit();
    }
    run(db_, "pragma wal_checkpoint(truncate)");
    return {};
  });
}

}  // namespace ptah
