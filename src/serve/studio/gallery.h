// What somebody notes of works: stars, tags and boards; and what works are about, so that they are found by meaning.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/sqlite.h"

namespace ptah {

struct WorkMarks {
  bool star = false;
  std::vector<std::string> tags, boards = {};
};

/// In an SQLite file of its own, by one connection. For several threads; the functions throw Failure: io, no_space, corrupt.
class Gallery {
 public:
  static constexpr size_t kMaxTags = 32, kMaxTagBytes = 64;

  explicit Gallery(const std::filesystem::path& file);
  /// By job.
  std::map<int64_t, WorkMarks> marks(const std::string& owner) const;
  WorkMarks marks(const std::string& owner, int64_t job) const;
  void mark(const std::string& owner, int64_t job, const WorkMarks& marks);
  /// A board under another name, or none: its works stay. False if there is no such board.
  bool rename_board(const std::string& owner, const std::string& board, const std::string& name);
  bool remove_board(const std::string& owner, const std::string& board);

  /// The vectors of texts, in their order; an empty one where none is known.
  std::vector<std::vector<float>> vectors(const std::vector<std::string>& texts) const;
  void keep_vector(const std::string& text, const std::vector<float>& vector);

 private:
  mutable std::mutex mutex_;
  std::unique_ptr<Database> db_;
};

/// Tags or boards (`field`) as somebody typed them: trimmed, without empty ones and repetitions. Errors: invalid_argument (too many, too long, no UTF-8).
Result<std::vector<std::string>> read_tags(const std::vector<std::string>& typed, const char* field = "tags");
/// Whether every word of a query is in a text, whatever the case of its letters (of A to Z).
bool has_words(const std::string& text, const std::string& query);
/// −1 to 1, of unit vectors; 0 where one is missing.
float similarity(const std::vector<float>& a, const std::vector<float>& b);

}  // namespace ptah
