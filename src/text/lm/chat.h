// Conversations as tokens: a model's own chat template turns messages into its text.
#pragma once

#include <string>
#include <vector>

#include "text/template/jinja.h"
#include "text/lm/language_model.h"

namespace ptah {

struct ChatMessage {
  std::string role;  ///< system, user, assistant (or what the template knows)
  std::string content;
};

class ChatFormat {
 public:
  /// From the template of a model file. Errors: unsupported if the model has none (a base model), or its template uses what Ptah does not compute.
  static Result<ChatFormat> make(const LoadedLanguageModel& model);

  /// The text of a conversation, ready for the assistant's next words if `answer_next`.
  Result<std::string> text(const std::vector<ChatMessage>& messages, bool answer_next = true) const;
  /// Its tokens. What users and the assistant wrote never becomes a control token: only the template's own words do.
  Result<std::vector<int32_t>> tokens(const std::vector<ChatMessage>& messages, bool answer_next = true) const;

 private:
  std::shared_ptr<const JinjaTemplate> template_;
  std::shared_ptr<Tokenizer> tokenizer_;
};

}  // namespace ptah
