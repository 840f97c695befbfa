// What outlasts a conversation: its messages and the facts worth keeping, in an SQLite file, each user's apart; facts are recalled by meaning.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/encode/bert.h"
#include "text/lm/chat.h"

namespace ptah {

class Database;

/// The sentences of a text: cut after . ! ? … 。 and at line breaks, blanks around them dropped.
std::vector<std::string> sentences_of(std::string_view text);

/// The sentences in which somebody says something about themselves or asks to remember it (English: first person, "remember …"); no questions, no requests.
std::vector<std::string> facts_worth_keeping(std::string_view message);

struct Fact {
  int64_t id = 0;
  std::string text;
  int64_t made = 0;      ///< seconds since 1970
  float similarity = 0;  ///< to what was asked; of recall() only
};

struct StoredConversation {
  int64_t id = 0, begun = 0, messages = 0;
  std::string model, first_words;  ///< of the first thing the user said
};

/// Where the next message of a conversation lies, so that recall can leave out what the model still sees.
struct Place {
  int64_t conversation = 0, message = 0;
};

/// For one thread at a time; several processes may use one file (WAL). Every call names the user; nothing of one reaches another.
class Memory {
 public:
  /// Opens or makes the file (and its folder). Without an encoder facts are kept, but not recalled. Errors: corrupt (not such a file, or of a newer version),
  /// io, permission.
  static Result<std::unique_ptr<Memory>> open(const std::filesystem::path& path, std::shared_ptr<SentenceEncoder> encoder);
  /// $PTAH_DATA, else $XDG_DATA_HOME/ptah, else ~/.local/share/ptah; below it memory.sqlite. Errors: not_found without a home.
  static Result<std::filesystem::path> usual_path();
  ~Memory();

  Result<int64_t> begin(const std::string& user, const std::string& model);
  /// Adds what was said and what was answered, and unless `facts` is false the facts worth keeping: all or nothing. Errors: not_found.
  Result<void> add(const std::string& user, Place place, const std::string& said, const std::string& answer, bool facts = true);
  /// Replaces the last answer (`place` as it was given with what was said). Errors: not_found.
  Result<void> replace_answer(const std::string& user, Place place, const std::string& answer);
  Result<std::vector<StoredConversation>> conversations(const std::string& user) const;
  /// Errors: not_found, also for another user's conversation.
  Result<std::vector<ChatMessage>> messages(const std::string& user, int64_t conversation) const;

  /// Keeps a fact; false if the user's memory already holds it in the same words. Errors: invalid_argument (empty, over 1,000 bytes, invalid UTF-8).
  Result<bool> remember(const std::string& user, const std::string& fact, std::optional<Place> from = {});
  Result<std::vector<Fact>> facts(const std::string& user) const;
  /// The facts nearest in meaning to `asked`, nearest first: at most `max_facts`, cosine similarity of at least `min_similarity`; none from `seen`.conversation
  /// at or after `seen`.message.
  Result<std::vector<Fact>> recall(const std::string& user, const std::string& asked, size_t max_facts = 4, float min_similarity = 0.3F,
                                   std::optional<Place> seen = {});
  Result<void> edit(const std::string& user, int64_t fact, const std::string& text);
  Result<void> forget(const std::string& user, int64_t fact);
  /// Facts and conversations, all of them.
  Result<void> forget_everything(const std::string& user);

 private:
  Memory(std::unique_ptr<Database> db, std::shared_ptr<SentenceEncoder> encoder);
  Result<bool> keep(const std::string& user, const std::string& fact, std::optional<Place> from);
  std::vector<float> vector_of(const std::string& text) const;

  std::unique_ptr<Database> db_;
  std::shared_ptr<SentenceEncoder> encoder_;
};

}  // namespace ptah
