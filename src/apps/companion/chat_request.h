// What can be asked of a chat model: a conversation, or one question.
#pragma once

#include "models/pull.h"
#include "schema/schema.h"
#include "text/lm/generation.h"

namespace ptah {

/// How answers are drawn unless it is asked for otherwise: calmer than texts that go on with a prompt.
inline GenerationOptions calm_answers() {
  return {.sampling = {.temperature = 0.2F, .top_p = 0.9F, .repetition_penalty = 1.05F, .dry_multiplier = 0.8F, .dry_allowed_length = 12},
          .max_tokens = 512,
          .end_loops = true};
}

/// All that can be asked of `chat`.
struct ChatRequest {
  std::string model = kAnyChatModelName;  ///< the model's name or path
  std::filesystem::path adapter = {};     ///< a folder with an adapter of the model; empty: none
  std::string system = {};                ///< how the model should behave
  std::filesystem::path load = {};        ///< a saved conversation to go on with
  int64_t resume = 0;                     ///< number of a remembered conversation to go on with; 0: a new one
  std::string user = {};                  ///< whose memory; empty: the user of this computer
  std::filesystem::path memory = {};      ///< the memory's file; empty: the usual one
  bool remember = true;                   ///< keep and recall what is said
  std::filesystem::path principles = {};  ///< what is refused, with examples (JSON); empty: the shipped ones
  bool refuse = true;                     ///< refuse what breaks a principle
  int64_t context = 0;                    ///< tokens to remember; 0: what the model was trained for
  std::string cache_type = {};            ///< empty: what the machine computes in
  GenerationOptions generation = calm_answers();
};
const SchemaOf<ChatRequest>& chat_schema();

/// All that can be asked of `ask`.
struct AskRequest {
  std::string question = {};
  std::string model = kAnyChatModelName;  ///< the model's name or path
  std::filesystem::path adapter = {};     ///< a folder with an adapter of the model; empty: none
  std::string system = {};                ///< how the model should behave
  std::string schema = {}, grammar = {};  ///< the texts of a JSON schema or a GBNF grammar; at most one
  GenerationOptions generation = calm_answers();
};
const SchemaOf<AskRequest>& ask_schema();

/// All that can be asked of `plan chat`.
struct ChatPlanRequest {
  std::string model = kAnyChatModelName;          ///< the model's name or path
  int64_t prompt_tokens = 200, max_tokens = 256;  ///< lengths of the prompt and the answer
  std::string cache_type = {};                    ///< empty: what the machine computes in
};
const SchemaOf<ChatPlanRequest>& chat_plan_schema();

}  // namespace ptah
