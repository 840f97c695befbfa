// A conversation with a model: its messages, and the model's memory of them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "text/lm/chat.h"
#include "text/lm/generation.h"

namespace ptah {

class Conversation {
 public:
  /// `context` bounds the tokens held; 0: what the model was trained for. `cache_type` is what keys and values are kept in. Errors: unsupported for a model
  /// without a chat template.
  static Result<std::unique_ptr<Conversation>> make(LoadedLanguageModel model, int64_t context = 0, CacheType cache_type = default_cache_type());

  /// Replaces the system message; an empty text removes it.
  void set_system(const std::string& text);
  /// The user says something and the model answers; both are kept. When the window would overflow, the oldest exchanges are left out of what the model sees
  /// (they stay in messages()): down to three fifths of the window, so that this is rare, and the model sums up what it will not see any more. What the model
  /// has read before is not read again. `note` is for the model only: it reads it before the message, now and later. On an error or when cancelled
  /// nothing is kept.
  Result<Generated> say(const std::string& text, const GenerationOptions& options, const std::function<void(std::string_view)>& show = {},
                        const CancelToken* cancel = nullptr, const std::string& note = "");
  /// Another answer to the last thing said. Errors: invalid_argument if there is none.
  Result<Generated> regenerate(const GenerationOptions& options, const std::function<void(std::string_view)>& show = {}, const CancelToken* cancel = nullptr);

  /// Forgets the last exchange. There must be one.
  void take_back();
  /// Takes over an exchange as if it had been held here.
  void add(const std::string& said, const std::string& answer);
  /// The last answer becomes another one. There must be one.
  void replace_answer(const std::string& answer) { messages_.back().content = answer; }

  const std::vector<ChatMessage>& messages() const { return messages_; }
  /// Where what was said begins in messages(): behind the system message, if there is one.
  size_t first() const { return !messages_.empty() && messages_[0].role == "system" ? 1 : 0; }
  /// How many messages the model did not see at the last answer, and its summary of them.
  size_t left_out() const { return left_out_; }
  const std::string& summary() const { return summary_; }
  void clear();

  /// A JSON list of messages; written atomically, and over no file but the one that this conversation was saved to or loaded from before. Reading replaces the
  /// conversation. Errors: invalid_argument (another file is there), corrupt for anything else in the file.
  Result<void> save(const std::filesystem::path& path);
  Result<void> load(const std::filesystem::path& path);
  /// Replaces the conversation. Errors: invalid_argument for roles out of place.
  Result<void> take(std::vector<ChatMessage> messages);

 private:
  Conversation() = default;
  std::vector<ChatMessage> visible() const;
  Result<void> make_room(int64_t room, std::vector<int32_t>& tokens, const CancelToken* cancel);
  Result<std::string> summed_up(size_t begin, size_t end, const CancelToken* cancel) const;
  Result<Generated> answer(const GenerationOptions& options, const std::function<void(std::string_view)>& show, const CancelToken* cancel);

  LoadedLanguageModel model_;
  ChatFormat format_;
  int64_t context_ = 0;
  CacheType cache_type_ = CacheType::f32;
  std::vector<ChatMessage> messages_;
  std::vector<std::string> notes_;  ///< of each message
  std::string summary_;
  std::filesystem::path file_;  ///< that is its own
  std::unique_ptr<KeyValueCache> cache_;
  std::vector<int32_t> cached_;  ///< the tokens in the cache
  size_t left_out_ = 0;
};

}  // namespace ptah
