#include "text/conversation.h"

#include <algorithm>

#include "base/file.h"
#include "tensor/cpu/dense.h"

namespace ptah {

Result<std::unique_ptr<Conversation>> Conversation::make(LoadedLanguageModel model, int64_t context) {
  PTAH_TRY(ChatFormat format, ChatFormat::make(model));
  std::unique_ptr<Conversation> out(new Conversation);
  const int64_t trained = model.model->config().context;
  if (context < 0 || context > trained) return fail(ErrorCode::invalid_argument, "context {}; the model was trained for up to {}", context, trained);
  out->context_ = context ? context : trained;
  out->model_ = std::move(model);
  out->format_ = std::move(format);
  return out;
}

void Conversation::set_system(const std::string& text) {
  if (!messages_.empty() && messages_[0].role == "system") messages_.erase(messages_.begin());
  if (!text.empty()) messages_.insert(messages_.begin(), {"system", text});
}

void Conversation::clear() {
  const bool keep = !messages_.empty() && messages_[0].role == "system";
  messages_.resize(keep ? 1 : 0);
}

Result<Generated> Conversation::say(const std::string& text, const GenerationOptions& options, const std::function<void(std::string_view)>& show,
                                    const CancelToken* cancel) {
  messages_.push_back({"user", text});
  auto made = answer(options, show, cancel);
  if (!made) messages_.pop_back();
  return made;
}

Result<Generated> Conversation::regenerate(const GenerationOptions& options, const std::function<void(std::string_view)>& show, const CancelToken* cancel) {
  if (messages_.size() < 2 || messages_.back().role != "assistant") return fail(ErrorCode::invalid_argument, "there is no answer to make again");
  const ChatMessage last = messages_.back();
  messages_.pop_back();
  auto made = answer(options, show, cancel);
  if (!made) messages_.push_back(last);
  return made;
}

Result<Generated> Conversation::answer(const GenerationOptions& options, const std::function<void(std::string_view)>& show, const CancelToken* cancel) {
  return guard([&]() -> Result<Generated> {
    // Room for the answer: what was asked for, but at most half of the window.
    const int64_t room = std::min(options.max_tokens, context_ / 2);
    std::vector<ChatMessage> seen = messages_;
    const size_t first = seen[0].role == "system" ? 1 : 0;
    std::vector<int32_t> tokens;
    while (true) {
      PTAH_TRY(tokens, format_.tokens(seen));
      if (static_cast<int64_t>(tokens.size()) + room <= context_) break;
      if (seen.size() - first <= 2) return fail(ErrorCode::invalid_argument, "the message has {} tokens; the model's window holds {}", tokens.size(), context_);
      seen.erase(seen.begin() + static_cast<std::ptrdiff_t>(first), seen.begin() + static_cast<std::ptrdiff_t>(first) + 2);
    }
    left_out_ = messages_.size() - seen.size();
    const auto needed = static_cast<int64_t>(tokens.size()) + room;
    if (!cache_ || cache_->capacity() < needed) {  // grows in steps, so that a short conversation costs little
      const int64_t capacity = std::min(context_, std::max<int64_t>(1024, 2 * needed));
      cache_ = std::make_unique<KeyValueCache>(model_.model->config(), capacity, compute_dtype());
      cached_.clear();
    }
    size_t same = 0;
    while (same < cached_.size() && same + 1 < tokens.size() && cached_[same] == tokens[same]) ++same;
    cache_->truncate(static_cast<int64_t>(same));
    cached_.resize(same);
    GenerationOptions bounded = options;
    bounded.max_tokens = room;
    Generated made;
    try {
      made = generate(model_, {tokens.begin() + static_cast<std::ptrdiff_t>(same), tokens.end()}, *cache_, bounded, show, cancel);
    } catch (...) {
      cache_->truncate(static_cast<int64_t>(same));
      throw;
    }
    cached_ = std::move(tokens);
    cached_.insert(cached_.end(), made.tokens.begin(), made.tokens.end());
    cached_.resize(std::min(cached_.size(), static_cast<size_t>(cache_->length())));
    messages_.push_back({"assistant", made.text});
    return made;
  });
}

Result<void> Conversation::save(const std::filesystem::path& path) const {
  OrderedJson list = OrderedJson::array();
  for (const ChatMessage& message : messages_) list.push_back({{"role", message.role}, {"content", message.content}});
  return write_file(path, list.dump(2) + "\n");
}

Result<void> Conversation::load(const std::filesystem::path& path) {
  PTAH_TRY(const std::string text, read_text(path, size_t{1} << 26));
  PTAH_TRY(const Json list, parse_json(text));
  std::vector<ChatMessage> loaded;
  try {
    for (const Json& item : list) {
      loaded.push_back({item.at("role").get<std::string>(), item.at("content").get<std::string>()});
      const std::string& role = loaded.back().role;
      if (role != "user" && role != "assistant" && !(role == "system" && loaded.size() == 1))
        return fail(ErrorCode::corrupt, "{}: message {} is of '{}'", path.string(), loaded.size(), role);
    }
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "{}: not a conversation: {}", path.string(), problem.what());
  }
  messages_ = std::move(loaded);
  return {};
}

}  // namespace ptah
