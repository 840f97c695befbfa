#include "text/lm/chat.h"

#include "base/text.h"

namespace ptah {

namespace {

/// Stands in a rendered conversation for the content of message `index`: private-use characters, which no template writes.
std::string stand_in(size_t index) { return fmt::format("\uE0F0{}\uE0F1", index); }

}  // namespace

Result<ChatFormat> ChatFormat::make(const LoadedLanguageModel& model) {
  if (model.chat_template.empty())
    return fail(ErrorCode::unsupported, "'{}' has no chat template: it is a base model, which only continues texts (ptah generate)", model.name);
  ChatFormat out;
  PTAH_TRY(out.template_, JinjaTemplate::parse(model.chat_template));
  out.tokenizer_ = model.tokenizer;
  return out;
}

Result<std::string> ChatFormat::text(const std::vector<ChatMessage>& messages, bool answer_next) const {
  OrderedJson list = OrderedJson::array();
  for (const ChatMessage& message : messages) {
    if (const size_t bad = invalid_utf8_at(message.content); bad != std::string::npos)
      return fail(ErrorCode::invalid_argument, "a message of the {} is not valid UTF-8 at byte {}", message.role, bad);
    list.push_back({{"role", message.role}, {"content", message.content}});
  }
  const TokenizerParts& parts = tokenizer_->parts();
  const auto name_of = [&](int32_t id) { return id < 0 ? std::string() : parts.tokens[static_cast<size_t>(id)]; };
  return template_->render({{"messages", list}, {"add_generation_prompt", answer_next}, {"bos_token", name_of(parts.bos)}, {"eos_token", name_of(parts.eos)}});
}

Result<std::vector<int32_t>> ChatFormat::tokens(const std::vector<ChatMessage>& messages, bool answer_next) const {
  // Rendered once with the true contents and once with stand-ins: where both agree up to the contents, these are cut out and encoded as plain text.
  PTAH_TRY(const std::string whole, text(messages, answer_next));
  std::vector<ChatMessage> marked = messages;
  for (size_t i = 0; i < marked.size(); ++i) marked[i].content = stand_in(i);
  const auto skeleton = text(marked, answer_next);
  std::vector<int32_t> out;
  const auto put = [&](std::string_view piece, bool control) {
    const auto more = tokenizer_->encode(piece, {.control_tokens = control});
    out.insert(out.end(), more.begin(), more.end());
  };
  std::string again;
  std::vector<std::pair<std::string, bool>> pieces;
  if (skeleton) {
    for (size_t at = 0; at < skeleton->size();) {
      const size_t mark = skeleton->find("\uE0F0", at), end = mark == std::string::npos ? mark : skeleton->find("\uE0F1", mark);
      pieces.emplace_back(skeleton->substr(at, mark == std::string::npos ? mark : mark - at), true);
      again += pieces.back().first;
      if (end == std::string::npos) break;
      const size_t index = static_cast<size_t>(std::stoul(skeleton->substr(mark + 3, end - mark - 3)));
      // Templates may trim contents.
      std::string content = index < messages.size() ? messages[index].content : std::string();
      if (whole.compare(again.size(), content.size(), content) != 0) {
        const size_t first = content.find_first_not_of(" \t\r\n\v\f"), last = content.find_last_not_of(" \t\r\n\v\f");
        content = first == std::string::npos ? "" : content.substr(first, last + 1 - first);
      }
      pieces.emplace_back(content, false);
      again += content;
      at = end + 3;
    }
  }
  if (again != whole)
    return fail(ErrorCode::unsupported, "the chat template changes what the messages say in a way that cannot be kept apart from control tokens");
  for (const auto& [piece, control] : pieces) put(piece, control);
  const TokenizerParts& parts = tokenizer_->parts();
  if (parts.add_bos && parts.bos >= 0 && (out.empty() || out[0] != parts.bos)) out.insert(out.begin(), parts.bos);
  return out;
}

}  // namespace ptah
