#include "text/lm/conversation.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "tensor/device.h"

namespace ptah {

Result<std::unique_ptr<Conversation>> Conversation::make(LoadedLanguageModel model, int64_t context, CacheType cache_type) {
  PTAH_TRY(ChatFormat format, ChatFormat::make(model));
  std::unique_ptr<Conversation> out(new Conversation);
  const int64_t trained = model.model->config().context;
  if (context < 0 || context > trained) return fail(ErrorCode::invalid_argument, "context {}; the model was trained for up to {}", context, trained);
  out->context_ = context ? context : trained;
  out->cache_type_ = cache_type;
  out->model_ = std::move(model);
  out->format_ = std::move(format);
  return out;
}

namespace {

constexpr size_t kMaxSummed = 400;  // bytes of a message that a summary looks at
constexpr int64_t kSummaryTokens = 96, kSummaryWindow = 2048;

/// The beginning of a text, cut between characters, with an ellipsis where more follows.
std::string excerpt(const std::string& text, size_t max_bytes) { return text.size() <= max_bytes ? text : beginning(text, max_bytes) + "…"; }

}  // namespace

void Conversation::set_system(const std::string& text) {
  if (first() == 1) {
    messages_.erase(messages_.begin());
    notes_.erase(notes_.begin());
  }
  if (text.empty()) return;
  messages_.insert(messages_.begin(), {"system", text});
  notes_.insert(notes_.begin(), "");
}

void Conversation::clear() {
  messages_.resize(first());
  notes_.resize(messages_.size());
  left_out_ = 0;
  summary_.clear();
}

void Conversation::take_back() {
  messages_.resize(messages_.size() - 2);
  notes_.resize(messages_.size());
}

void Conversation::add(const std::string& said, const std::string& answer) {
  messages_.push_back({"user", said});
  messages_.push_back({"assistant", answer});
  notes_.resize(messages_.size());
}

Result<Generated> Conversation::say(const std::string& text, const GenerationOptions& options, const std::function<void(std::string_view)>& show,
                                    const CancelToken* cancel, const std::string& note) {
  messages_.push_back({"user", text});
  notes_.push_back(note);
  auto made = answer(options, show, cancel);
  if (!made) {
    messages_.pop_back();
    notes_.pop_back();
  }
  return made;
}

Result<Generated> Conversation::regenerate(const GenerationOptions& options, const std::function<void(std::string_view)>& show, const CancelToken* cancel) {
  if (messages_.size() < 2 || messages_.back().role != "assistant") return fail(ErrorCode::invalid_argument, "there is no answer to make again");
  const ChatMessage last = messages_.back();
  messages_.pop_back();
  notes_.pop_back();
  auto made = answer(options, show, cancel);
  if (!made) {
    messages_.push_back(last);
    notes_.emplace_back();
  }
  return made;
}

/// What the model sees: the system message, then what is not left out, notes before their messages and the summary before all of them.
std::vector<ChatMessage> Conversation::visible() const {
  std::vector<ChatMessage> seen(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(first()));
  for (size_t i = first() + left_out_; i < messages_.size(); ++i) {
    seen.push_back(messages_[i]);
    if (!notes_[i].empty()) seen.back().content = notes_[i] + "\n\n" + messages_[i].content;
    if (i == first() + left_out_ && !summary_.empty()) seen.back().content = "(Before this: " + summary_ + ")\n\n" + seen.back().content;
  }
  return seen;
}

Result<std::string> Conversation::summed_up(size_t begin, size_t end, const CancelToken* cancel) const {
  const int64_t window = std::min(context_, kSummaryWindow);
  std::string talk = summary_.empty() ? "" : "Before: " + summary_ + "\n";
  std::vector<int32_t> tokens;
  for (size_t i = begin; i < end; ++i) {
    const std::string longer = talk + (messages_[i].role == "user" ? "User: " : "Assistant: ") + excerpt(messages_[i].content, kMaxSummed) + "\n";
    PTAH_TRY(auto now, format_.tokens({{"user", "Summarise this conversation in two short sentences. Keep names, numbers and wishes.\n\n" + longer}}));
    if (static_cast<int64_t>(now.size()) + kSummaryTokens > window) break;
    talk = longer;
    tokens = std::move(now);
  }
  if (tokens.empty()) return summary_;
  KeyValueCache cache(model_.model->config(), static_cast<int64_t>(tokens.size()) + kSummaryTokens, default_cache_type());
  return generate(model_, tokens, cache, {.sampling = {.temperature = 0, .repetition_penalty = 1.1F}, .max_tokens = kSummaryTokens}, {}, cancel).text;
}

/// Tokens of what the model sees, `room` short of the window; leaves exchanges out if it has to.
Result<void> Conversation::make_room(int64_t room, std::vector<int32_t>& tokens, const CancelToken* cancel) {
  const size_t before = left_out_, from = first();
  const std::string old_summary = summary_;
  const auto fits = [&](int64_t bound) -> Result<bool> {
    PTAH_TRY(tokens, format_.tokens(visible()));
    return static_cast<int64_t>(tokens.size()) + room <= bound;
  };
  const auto give_up = [&](Error error) -> Result<void> {
    left_out_ = before;
    summary_ = old_summary;
    return tl::unexpected(std::move(error));
  };
  PTAH_TRY(bool done, fits(context_));
  if (done) return {};
  const int64_t roomy = std::max(room + 1, context_ * 3 / 5);
  while (messages_.size() - from - left_out_ > 2) {
    left_out_ += 2;
    PTAH_TRY(done, fits(roomy));
    if (done) break;
  }
  if (left_out_ > before) {
    auto summary = guard([&] { return summed_up(from + before, from + left_out_, cancel); });
    if (!summary) return give_up(summary.error());
    summary_ = std::move(*summary);
  }
  PTAH_TRY(done, fits(context_));
  if (!done && !summary_.empty()) {  // a small window has no room for a summary
    summary_.clear();
    PTAH_TRY(done, fits(context_));
  }
  if (!done) return give_up({ErrorCode::invalid_argument, fmt::format("the message has {} tokens; the model's window holds {}", tokens.size(), context_)});
  return {};
}

Result<Generated> Conversation::answer(const GenerationOptions& options, const std::function<void(std::string_view)>& show, const CancelToken* cancel) {
  return guard([&]() -> Result<Generated> {
    // Room for the answer: what was asked for, but at most half of the window.
    const int64_t room = std::min(options.max_tokens, context_ / 2);
    std::vector<int32_t> tokens;
    PTAH_TRY_VOID(make_room(room, tokens, cancel));
    if (!cache_) cache_ = std::make_unique<KeyValueCache>(model_.model->config(), context_, cache_type_);
    size_t same = 0;
    while (same < cached_.size() && same + 1 < tokens.size() && cached_[same] == tokens[same]) ++same;
    cache_->truncate(static_cast<int64_t>(same));
    cached_.resize(same);
    GenerationOptions bounded = options;
    bounded.max_tokens = room;
    Generated made;
    try {
      made = generate(model_, tokens, *cache_, bounded, show, cancel);
    } catch (...) {
      cache_->truncate(static_cast<int64_t>(same));
      throw;
    }
    cached_ = std::move(tokens);
    cached_.insert(cached_.end(), made.tokens.begin(), made.tokens.end());
    cached_.resize(std::min(cached_.size(), static_cast<size_t>(cache_->length())));
    messages_.push_back({"assistant", made.text});
    notes_.emplace_back();
    return made;
  });
}

Result<void> Conversation::save(const std::filesystem::path& path) {
  OrderedJson list = OrderedJson::array();
  for (const ChatMessage& message : messages_) list.push_back({{"role", message.role}, {"content", message.content}});
  const std::string text = list.dump(2) + "\n";
  std::error_code problem;
  if (!file_.empty() && std::filesystem::equivalent(path, file_, problem)) return write_file(path, {as_bytes(text)}, 0600);
  PTAH_TRY_VOID(write_new_file(path, {as_bytes(text)}, 0600));
  file_ = std::filesystem::absolute(path, problem);
  return {};
}

Result<void> Conversation::load(const std::filesystem::path& path) {
  PTAH_TRY(const std::string text, read_text(path, size_t{1} << 26));
  PTAH_TRY(const Json list, parse_json(text));
  std::vector<ChatMessage> loaded;
  try {
    for (const Json& item : list) loaded.push_back({item.at("role").get<std::string>(), item.at("content").get<std::string>()});
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "{}: not a conversation: {}", path.string(), problem.what());
  }
  if (const auto taken = take(std::move(loaded)); !taken) return fail(ErrorCode::corrupt, "{}: {}", path.string(), taken.error().message);
  std::error_code problem;
  file_ = std::filesystem::absolute(path, problem);
  return {};
}

Result<void> Conversation::take(std::vector<ChatMessage> messages) {
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string& role = messages[i].role;
    if (role != "user" && role != "assistant" && !(role == "system" && i == 0))
      return fail(ErrorCode::invalid_argument, "message {} of the conversation is of '{}'", i + 1, role);
  }
  messages_ = std::move(messages);
  notes_.assign(messages_.size(), "");
  left_out_ = 0;
  summary_.clear();
  return {};
}

}  // namespace ptah
