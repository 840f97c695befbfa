#include "train/language/preference_data.h"

#include <optional>

#include "base/file.h"
#include "base/json_lines.h"
#include "base/text.h"
#include "text/lm/chat.h"
#include "train/language/adapter_config.h"
#include "train/loop/epochs.h"

namespace ptah {

namespace {

std::vector<ChatMessage> chat_messages(const Json& json) {
  std::vector<ChatMessage> out;
  for (const Json& message : json) out.push_back({message.at("role").get<std::string>(), message.at("content").get<std::string>()});
  return out;
}

/// Turns rows into tokens.
class RowReader {
 public:
  explicit RowReader(const LoadedLanguageModel& model) : model_(model) {}

  PromptedAnswer joined(const Json& prompt, const Json& answer) {
    if (prompt.is_array() != answer.is_array()) throw Failure({ErrorCode::corrupt, "a prompt and its answer are both texts or both lists of messages"});
    PromptedAnswer out;
    if (!prompt.is_array()) {
      out.tokens = model_.tokenizer->encode(prompt.get<std::string>(), {.bos_eos = true});
      const std::vector<int32_t> more = model_.tokenizer->encode(answer.get<std::string>());
      out.answer = static_cast<int64_t>(out.tokens.size());
      out.tokens.insert(out.tokens.end(), more.begin(), more.end());
      if (const int32_t end = model_.tokenizer->parts().eos; end >= 0) out.tokens.push_back(end);
      return out;
    }
    if (!format_) format_ = value_or_throw(ChatFormat::make(model_));
    std::vector<ChatMessage> messages = chat_messages(prompt);
    const std::vector<int32_t> asked = value_or_throw(format_->tokens(messages, true));
    for (ChatMessage& message : chat_messages(answer)) messages.push_back(std::move(message));
    out.tokens = value_or_throw(format_->tokens(messages, false));
    out.answer = static_cast<int64_t>(asked.size());
    if (asked.size() >= out.tokens.size() || !std::equal(asked.begin(), asked.end(), out.tokens.begin()))
      throw Failure({ErrorCode::unsupported, "the chat template writes a prompt in another way once it is answered"});
    return out;
  }

 private:
  const LoadedLanguageModel& model_;
  std::optional<ChatFormat> format_;
};

}  // namespace

Result<std::vector<PreferencePair>> read_preferences(const std::filesystem::path& file, const LoadedLanguageModel& model, int64_t max_tokens,
                                                     PreferenceRows rows, int64_t& left_out) {
  PTAH_TRY(const std::string text, read_text(file, size_t{1} << 30));
  RowReader reader(model);
  std::vector<PreferencePair> out;
  left_out = 0;
  PTAH_TRY_VOID(each_json_line(text, file.string(), [&](const Json& json, const std::string& where) -> Result<void> {
    const auto row = guard([&]() -> Result<PreferencePair> {
      try {
        PreferencePair pair;
        pair.chosen = reader.joined(json.at("prompt"), json.at(json.contains("chosen") ? "chosen" : "completion"));
        if (rows == PreferenceRows::judgments) pair.liked = json.at("label").get<bool>();
        if (rows == PreferenceRows::pairs) pair.rejected = reader.joined(json.at("prompt"), json.at("rejected"));
        return pair;
      } catch (const Json::exception& problem) {
        return fail(ErrorCode::corrupt, "{}", problem.what());
      }
    });
    if (!row) return fail(row.error().code, "{}: {}", where, row.error().message);
    PreferencePair pair = *row;
    bool fits = true;
    for (PromptedAnswer* one : {&pair.chosen, &pair.rejected}) {
      if (static_cast<int64_t>(one->tokens.size()) > max_tokens) one->tokens.resize(static_cast<size_t>(max_tokens));
      fits = fits && (one->tokens.empty() || (one->answer_tokens() > 0 && one->answer > 0));
    }
    if (fits)
      out.push_back(std::move(pair));
    else
      ++left_out;
    return {};
  }));
  if (out.empty()) return fail(ErrorCode::corrupt, "{}: no rows to learn from", file.string());
  return out;
}

Tensor answer_targets(const PromptedAnswer& answer) {
  const auto n = static_cast<int64_t>(answer.tokens.size());
  Tensor targets = Tensor::empty({1, n}, DType::i32);
  for (int64_t i = 0; i < n; ++i) targets.data<int32_t>()[i] = i + 1 < n && i + 1 >= answer.answer ? answer.tokens[static_cast<size_t>(i + 1)] : -1;
  return targets;
}

Result<PreferenceSets> read_preference_sets(const AdapterTraining& of, const LoadedLanguageModel& model, int64_t max_tokens, PreferenceRows rows, uint64_t seed,
                                            uint64_t stream) {
  const int64_t fitting = std::min(max_tokens, model.model->config().context);
  PreferenceSets out;
  PTAH_TRY(out.training, read_preferences(of.data, model, fitting, rows, out.left_out));
  if (!of.held_out_file.empty()) {
    int64_t none = 0;
    PTAH_TRY(out.held_out, read_preferences(of.held_out_file, model, fitting, rows, none));
  } else {
    out.held_out = take_held_out(out.training, of.held_out, seed, stream);
  }
  if (out.training.empty()) return fail(ErrorCode::invalid_argument, "{}: no rows to train on", of.data.string());
  return out;
}

}  // namespace ptah
