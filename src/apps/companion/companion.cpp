#include "apps/companion/companion.h"

#include <algorithm>

#include "apps/companion/language_guard.h"
#include "text/language_of.h"

namespace ptah {

Companion::Companion(std::unique_ptr<Conversation> conversation, std::string model_name, std::string user, Memory* memory,
                     std::shared_ptr<const Principles> principles)
    : conversation_(std::move(conversation)), model_name_(std::move(model_name)), user_(std::move(user)), memory_(memory), principles_(std::move(principles)) {}

namespace {

/// Stands before the message that it was recalled for: the place and the words that a small model makes most of (docs/language.md).
std::string note_of(const std::vector<Fact>& recalled) {
  if (recalled.empty()) return "";
  std::string note = "Known facts about the user:";
  for (const Fact& fact : recalled) note += "\n- " + fact.text;
  return note;
}

constexpr int kMoreAttempts = 3;   ///< at an answer in the user's language
constexpr float kLivelier = 0.7F;  ///< their temperature at least

/// A line for the model only.
std::string wish_for(const std::string& language) {
  return language == "en" ? "Answer in English." : language == "de" ? "Antworte auf Deutsch." : fmt::format("Answer only in {}.", own_name_of(language));
}

}  // namespace

std::string Companion::language_for(const std::string& text) {
  const std::string found = language_of(text);
  if (!found.empty()) language_ = found;
  return names_a_language(text) ? "" : language_;
}

Place Companion::last() const { return {stored_, static_cast<int64_t>(conversation_->messages().size() - conversation_->first()) - 2}; }

Result<Reply> Companion::guarded(const std::function<Result<Generated>(const Show&, const CancelToken*)>& make, const Show& show, const CancelToken* cancel) {
  CancelToken stop(cancel);
  AnswerGuard answer(principles_, show);
  auto made = make(
      [&](std::string_view news) {
        if (!answer.add(news)) stop.cancel();
      },
      &stop);
  const bool stopped = !made && made.error().code == ErrorCode::cancelled && answer.breach();
  if (!made && !stopped) return tl::unexpected(made.error());
  if (made) answer.finish();
  Reply reply;
  if (made) reply.generated = std::move(*made);
  reply.text = answer.shown();
  reply.breach = answer.breach();
  if (reply.breach) {
    const std::string end = (reply.text.empty() || reply.text.back() == ' ' || reply.text.back() == '\n' ? "" : " ") + reply.breach->reply;
    reply.text += end;
    if (show) show(end);
  }
  return reply;
}

/// The reply to a request that breaks a principle; else an empty one.
Reply Companion::refusal(const std::string& request, const Show& show) const {
  Reply reply;
  if (principles_) reply.breach = principles_->check(request);
  if (!reply.breach) return reply;
  reply.request_refused = true;
  reply.text = reply.breach->reply;
  if (show) show(reply.text);
  return reply;
}

Result<Reply> Companion::say(const std::string& text, const GenerationOptions& options, const Show& show, const CancelToken* cancel) {
  return guard([&]() -> Result<Reply> {
    Reply reply = refusal(text, show);
    if (reply.breach) {
      conversation_->add(text, reply.text);
    } else {
      std::vector<Fact> recalled;
      if (memory_) {  // not what the model sees anyway
        PTAH_TRY(recalled, memory_->recall(user_, text, 4, 0.3F, Place{stored_, static_cast<int64_t>(conversation_->left_out())}));
      }
      const std::string language = language_for(text), note = note_of(recalled);
      int attempt = 0;
      const auto make = [&](const Show& inner, const CancelToken* stop) -> Result<Generated> {
        for (;; ++attempt) {
          GenerationOptions how = options;
          std::string told = note;
          if (attempt > 0) {  // other draws, and the wish
            how.sampling.seed += static_cast<uint64_t>(attempt) << 32;
            how.sampling.temperature = std::max(how.sampling.temperature, kLivelier);
            told += (told.empty() ? "" : "\n\n") + wish_for(language);
          }
          CancelToken enough(stop);
          LanguageGuard guard(attempt < kMoreAttempts ? language : "", inner);
          bool foreign = false;
          auto made = conversation_->say(
              text, how,
              [&](std::string_view news) {
                if (guard.add(news)) return;
                foreign = true;
                enough.cancel();
              },
              &enough, told);
          if (made && !foreign && !guard.finish()) {
            foreign = true;
            conversation_->take_back();
          }
          if (!foreign) return made;
        }
      };
      PTAH_TRY(reply, guarded(make, show, cancel));
      reply.began_again = attempt > 0;
      reply.recalled = std::move(recalled);
      if (reply.breach && reply.generated.tokens.empty())
        conversation_->add(text, reply.text);  // it was stopped: nothing was kept
      else if (reply.breach)
        conversation_->replace_answer(reply.text);
    }
    if (memory_) {
      if (stored_ == 0) {
        PTAH_TRY(stored_, memory_->begin(user_, model_name_));
      }
      PTAH_TRY_VOID(memory_->add(user_, last(), text, reply.text, !reply.request_refused));  // what the user said is true, whatever was answered
    }
    return reply;
  });
}

Result<Reply> Companion::regenerate(const GenerationOptions& options, const Show& show, const CancelToken* cancel) {
  return guard([&]() -> Result<Reply> {
    const auto& messages = conversation_->messages();
    if (messages.size() >= 2 && messages.back().role == "assistant") {
      if (Reply refused = refusal(messages[messages.size() - 2].content, show); refused.breach) return refused;  // as it was
    }
    const auto make = [&](const Show& inner, const CancelToken* stop) { return conversation_->regenerate(options, inner, stop); };
    PTAH_TRY(Reply reply, guarded(make, show, cancel));
    if (reply.breach) conversation_->replace_answer(reply.text);
    if (memory_ && stored_ != 0) PTAH_TRY_VOID(memory_->replace_answer(user_, last(), reply.text));
    return reply;
  });
}

Result<void> Companion::resume(int64_t conversation) {
  if (!memory_) return fail(ErrorCode::invalid_argument, "there is no memory to resume a conversation from");
  PTAH_TRY(auto messages, memory_->messages(user_, conversation));
  if (conversation_->first() == 1) messages.insert(messages.begin(), conversation_->messages()[0]);
  PTAH_TRY_VOID(conversation_->take(std::move(messages)));
  stored_ = conversation;
  return {};
}

void Companion::clear() {
  conversation_->clear();
  stored_ = 0;
}

}  // namespace ptah
