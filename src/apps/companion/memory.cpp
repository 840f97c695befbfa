#include "apps/companion/memory.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include "base/file.h"
#include "base/sqlite.h"
#include "base/text.h"
#include "text/tokenize/vocabulary.h"

namespace ptah {

namespace {

constexpr size_t kMaxFactBytes = 1000;

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
  if (fact.empty() || fact.size() > kMaxFactBytes || invalid_utf8_at(fact) != std::string::npos)
    throw Failure({ErrorCode::invalid_argument, fmt::format("a fact has 1 to {} bytes of valid UTF-8; this one has {}", kMaxFactBytes, fact.size())});
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
    if (wanted && sentence.size() <= kMaxFactBytes) out.push_back(std::move(sentence));
  }
  return out;
}

Result<std::filesystem::path> Memory::usual_path() {
  if (const std::string own = environment("PTAH_DATA"); !own.empty()) return std::filesystem::path(own) / "memory.sqlite";
  if (const auto folder = user_data_folder(); !folder.empty()) return folder / "memory.sqlite";
  return fail(ErrorCode::not_found, "neither PTAH_DATA nor HOME is set; name a file (`memory`)");
}

Result<std::unique_ptr<Memory>> Memory::open(const std::filesystem::path& path, std::shared_ptr<SentenceEncoder> encoder) {
  return guard([&]() -> Result<std::unique_ptr<Memory>> {
    // What is forgotten is overwritten.
    std::unique_ptr<Memory> memory(new Memory(std::make_unique<Database>(path, Database::Kind{"memory", kTables, 1, true}), std::move(encoder)));
    return memory;
  });
}

Memory::Memory(std::unique_ptr<Database> db, std::shared_ptr<SentenceEncoder> encoder) : db_(std::move(db)), encoder_(std::move(encoder)) {}
Memory::~Memory() = default;

std::vector<float> Memory::vector_of(const std::string& text) const {
  if (!encoder_) return {};
  const Tensor vector = encoder_->embed({text});
  return vector.to_vector();
}

Result<int64_t> Memory::begin(const std::string& user, const std::string& model) {
  return guard([&]() -> Result<int64_t> {
    check_user(user);
    run(*db_, "insert into conversation (user, model, begun) values (?, ?, ?)", user, model, static_cast<int64_t>(std::time(nullptr)));
    return db_->last_id();
  });
}

Result<void> Memory::add(const std::string& user, Place place, const std::string& said, const std::string& answer, bool facts) {
  return guard([&]() -> Result<void> {
    DatabaseTransaction adding(*db_);
    if (Statement owner(*db_, "select 1 from conversation where id = ? and user = ?", place.conversation, user); !owner.next())
      return tl::unexpected(nothing("conversation", place.conversation, user));
    constexpr const char* kInsert = "insert or replace into message (conversation, place, role, content) values (?, ?, ?, ?)";
    run(*db_, kInsert, place.conversation, place.message, std::string("user"), said);
    run(*db_, kInsert, place.conversation, place.message + 1, std::string("assistant"), answer);
    if (facts)
      for (const std::string& fact : facts_worth_keeping(said)) value_or_throw(keep(user, fact, place));
    adding.commit();
    return {};
  });
}

Result<void> Memory::replace_answer(const std::string& user, Place place, const std::string& answer) {
  return guard([&]() -> Result<void> {
    const auto changed = run(*db_,
                             "update message set content = ? where conversation = ? and place = ? and conversation in "
                             "(select id from conversation where user = ?)",
                             answer, place.conversation, place.message + 1, user);
    if (changed == 0) return tl::unexpected(nothing("conversation", place.conversation, user));
    return {};
  });
}

Result<std::vector<StoredConversation>> Memory::conversations(const std::string& user) const {
  return guard([&]() -> Result<std::vector<StoredConversation>> {
    Statement rows(*db_,
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
    if (Statement owner(*db_, "select 1 from conversation where id = ? and user = ?", conversation, user); !owner.next())
      return tl::unexpected(nothing("conversation", conversation, user));
    Statement rows(*db_, "select role, content from message where conversation = ? order by place", conversation);
    std::vector<ChatMessage> out;
    while (rows.next()) out.push_back({rows.text(0), rows.text(1)});
    return out;
  });
}

Result<bool> Memory::keep(const std::string& user, const std::string& fact, std::optional<Place> from) {
  const auto made = static_cast<int64_t>(std::time(nullptr));
  const std::vector<float> vector = vector_of(fact);
  if (from)
    return run(*db_, "insert or ignore into fact (user, text, made, vector, conversation, place) values (?, ?, ?, ?, ?, ?)", user, fact, made, vector,
               from->conversation, from->message) > 0;
  return run(*db_, "insert or ignore into fact (user, text, made, vector) values (?, ?, ?, ?)", user, fact, made, vector) > 0;
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
    Statement rows(*db_, "select id, text, made from fact where user = ? order by id", user);
    std::vector<Fact> out;
    while (rows.next()) out.push_back({rows.number(0), rows.text(1), rows.number(2), 0});
    return out;
  });
}

Result<std::vector<Fact>> Memory::recall(const std::string& user, const std::string& asked, size_t max_facts, float min_similarity, std::optional<Place> seen) {
  return guard([&]() -> Result<std::vector<Fact>> {
    if (!encoder_) return std::vector<Fact>();
    const std::vector<float> wanted = vector_of(asked);
    const Place from = seen.value_or(Place{-1, 0});
    std::vector<Fact> out;
    std::vector<std::pair<int64_t, std::vector<float>>> encoded;  // kept without an encoder, or with another one
    {
      Statement rows(*db_, "select id, text, made, vector from fact where user = ? and not (conversation is not null and conversation = ? and place >= ?)",
                     user, from.conversation, from.message);
      while (rows.next()) {
        Fact fact{rows.number(0), rows.text(1), rows.number(2), 0};
        std::vector<float> vector = rows.floats(3);
        if (vector.size() != wanted.size()) {
          vector = vector_of(fact.text);
          encoded.emplace_back(fact.id, vector);
        }
        for (size_t i = 0; i < wanted.size(); ++i) fact.similarity += vector[i] * wanted[i];
        if (fact.similarity >= min_similarity) out.push_back(std::move(fact));
      }
    }
    for (const auto& [id, vector] : encoded) run(*db_, "update fact set vector = ? where id = ?", vector, id);
    std::stable_sort(out.begin(), out.end(), [](const Fact& a, const Fact& b) { return a.similarity > b.similarity; });
    if (out.size() > max_facts) out.resize(max_facts);
    return out;
  });
}

Result<void> Memory::edit(const std::string& user, int64_t fact, const std::string& text) {
  return guard([&]() -> Result<void> {
    const std::string now(trimmed(text));
    check_fact(now);
    if (Statement same(*db_, "select 1 from fact where user = ? and text = ? and id <> ?", user, now, fact); same.next())
      return fail(ErrorCode::invalid_argument, "the memory already holds \"{}\"", now);
    if (run(*db_, "update fact set text = ?, vector = ? where id = ? and user = ?", now, vector_of(now), fact, user) == 0)
      return tl::unexpected(nothing("fact", fact, user));
    return {};
  });
}

Result<void> Memory::forget(const std::string& user, int64_t fact) {
  return guard([&]() -> Result<void> {
    if (run(*db_, "delete from fact where id = ? and user = ?", fact, user) == 0) return tl::unexpected(nothing("fact", fact, user));
    run(*db_, "pragma wal_checkpoint(truncate)");
    return {};
  });
}

Result<void> Memory::forget_everything(const std::string& user) {
  return guard([&]() -> Result<void> {
    {
      DatabaseTransaction forgetting(*db_);
      run(*db_, "delete from fact where user = ?", user);
      run(*db_, "delete from conversation where user = ?", user);
      forgetting.commit();
    }
    run(*db_, "pragma wal_checkpoint(truncate)");
    return {};
  });
}

}  // namespace ptah
