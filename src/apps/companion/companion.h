// A conversation with somebody: what they said before is recalled, what breaks a principle is refused, and everything is kept in their memory.
#pragma once

#include "text/lm/conversation.h"
#include "apps/companion/memory.h"
#include "apps/companion/principles.h"

namespace ptah {

struct Reply {
  Generated generated;           ///< empty if the request was refused
  std::string text;              ///< what the user may see, and what is kept
  std::optional<Breach> breach;  ///< of the request, or of the answer
  bool request_refused = false;
  bool began_again = false;  ///< a first answer was in another language than the user's, and was thrown away
  std::vector<Fact> recalled;
};

class Companion {
 public:
  /// `memory` (it must outlive this) and `principles` may be null. `model_name` is noted in the memory.
  Companion(std::unique_ptr<Conversation> conversation, std::string model_name, std::string user, Memory* memory, std::shared_ptr<const Principles> principles);

  /// Checks the request, recalls, lets the model answer, checks the answer sentence by sentence before `show` sees it, and keeps both. An answer that begins in
  /// another language than the user's, unless a language was spoken of, is made again, up to three times, with the wish for the user's
  /// (text/language_of.h).
  Result<Reply> say(const std::string& text, const GenerationOptions& options, const std::function<void(std::string_view)>& show = {},
                    const CancelToken* cancel = nullptr);
  /// Another answer to the last message. Errors: invalid_argument if there is none.
  Result<Reply> regenerate(const GenerationOptions& options, const std::function<void(std::string_view)>& show = {}, const CancelToken* cancel = nullptr);

  /// Goes on with a conversation of this user's. Errors: not_found.
  Result<void> resume(int64_t conversation);
  /// The next thing said begins a new conversation in the memory.
  void clear();
  Conversation& conversation() { return *conversation_; }

 private:
  using Show = std::function<void(std::string_view)>;
  Reply refusal(const std::string& request, const Show& show) const;
  /// The language to answer in, by what was said; empty: any.
  std::string language_for(const std::string& text);
  Result<Reply> guarded(const std::function<Result<Generated>(const Show&, const CancelToken*)>& make, const Show& show, const CancelToken* cancel);
  /// Where the last exchange lies in the memory.
  Place last() const;

  std::unique_ptr<Conversation> conversation_;
  std::string model_name_, user_;
  Memory* memory_;
  std::shared_ptr<const Principles> principles_;
  int64_t stored_ = 0;    ///< the conversation in the memory; 0: not begun
  std::string language_;  ///< that the user spoke last
};

}  // namespace ptah
