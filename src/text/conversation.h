// A conversation with a model: its messages, and the model's memory of them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "text/chat.h"
#include "text/generation.h"

namespace ptah {

class Conversation {
 public:
  /// `context` bounds the tokens held; 0: what the model was trained for. Errors: unsupported for a model without a chat template.
  static Result<std::unique_ptr<Conversation>> make(LoadedLanguageModel model, int64_t context = 0);

  /// Replaces the system message; an empty text removes it.
  void set_system(const std::string& text);
  /// The user says something and the model answers; both are kept. When the window would overflow, the oldest exchanges are left out of what the model sees
  /// (they stay in messages()). What the model has read before is not read again. On an error or when cancelled nothing is kept.
  Result<Generated> say(const std::string& text, const GenerationOptions& options, const std::function<void(std::string_view)>& show = {},
                        const CancelToken* cancel = nullptr);
  /// Another answer to the last thing said. Errors: invalid_argument if there is none.
  Result<Generated> regenerate(const GenerationOptions& options, const std::function<void(std::string_view)>& show = {}, const CancelToken* cancel = nullptr);

  const std::vector<ChatMessage>& messages() const { return messages_; }
  /// How many messages the model did not see at the last answer.
  size_t left_out() const { return left_out_; }
  void clear();

  /// A JSON list of messages; written atomically. Reading replaces the conversation. Errors: corrupt for anything else in the file.
  Result<void> save(const std::filesystem::path& path) const;
  Result<void> load(const std::filesystem::path& path);

 private:
  Conversation() = default;
  Result<Generated> answer(const GenerationOptions& options, const std::function<void(std::string_view)>& show, const CancelToken* cancel);

  LoadedLanguageModel model_;
  ChatFormat format_;
  int64_t context_ = 0;
  std::vector<ChatMessage> messages_;
  std::unique_ptr<KeyValueCache> cache_;
  std::vector<int32_t> cached_;  ///< the tokens in the cache
  size_t left_out_ = 0;
};

}  // namespace ptah
