// What somebody says of answers while they talk, kept as rows of JSON that ptah learn (and TRL) reads.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/lm/chat.h"

namespace ptah {

class FeedbackLog {
 public:
  explicit FeedbackLog(std::filesystem::path file) : file_(std::move(file)) {}
  /// $PTAH_DATA, else $XDG_DATA_HOME/ptah, else ~/.local/share/ptah; below it feedback.jsonl. Errors: not_found without a home.
  static Result<std::filesystem::path> usual_path();

  /// A thumb up or down for the last answer of a conversation. Errors: invalid_argument if there is none; io.
  Result<void> thumb(const std::vector<ChatMessage>& messages, bool liked) const;
  /// For the last answer's place one text is better than another. Errors: as thumb; invalid_argument if they are the same, or one is empty.
  Result<void> better(const std::vector<ChatMessage>& messages, const std::string& chosen, const std::string& rejected) const;
  const std::filesystem::path& file() const { return file_; }

 private:
  Result<void> add(const std::string& line) const;
  std::filesystem::path file_;
};

}  // namespace ptah
