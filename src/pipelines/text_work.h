// A text as a work: its words, and the receipt with which a language model writes them again.
#pragma once

#include "schema/schema.h"
#include "work/plan.h"
#include "work/sources.h"
#include "text/lm/generation.h"

namespace ptah {

/// What receipts call a text.
inline constexpr const char* kTextKind = "text";

struct TextRequest {
  std::string prompt, model = "smollm2";  ///< the model's name or path
  std::string adapter = {};               ///< a folder with a low-rank adapter of the model in PEFT's layout; empty: none
  std::string schema = {}, grammar = {};  ///< the texts of a JSON schema or a GBNF grammar; at most one
  bool control_tokens = false;            ///< names of control tokens in the prompt become those tokens
  int64_t context = 0;                    ///< tokens to remember; 0: what the model was trained for
  std::string cache_type = {};            ///< empty: what the machine computes in
  GenerationOptions generation =
      {};  ///< its grammar is made from the texts above unless it is there; guesses ahead change no byte and are not part of the receipt
};

/// All that can be asked of `generate`.
struct TextTask {
  TextRequest request = {};
  std::string draft = {};            ///< a smaller model that guesses ahead: its name or path
  std::filesystem::path cache = {};  ///< a file that keeps what was read of the prompt
};
const SchemaOf<TextTask>& text_schema();
/// What a receipt asks for. Errors: corrupt.
Result<TextRequest> text_request(const Json& json);

/// The compiled form that the answer has to have, or null. Errors: invalid_argument (both are given; it cannot be compiled), corrupt.
Result<std::shared_ptr<const Grammar>> grammar_of(const TextRequest& request);

/// The prompt's tokens and the cache they go into.
struct TextSetup {
  std::vector<int32_t> prompt;
  GenerationOptions generation;
  CacheType cache_type;
  int64_t capacity;
};
/// A grammar in request.generation is taken as grammar_of() made it. Errors: invalid_argument (options; the prompt fills the context), those of grammar_of().
Result<TextSetup> set_up(const LoadedLanguageModel& model, const TextRequest& request);

/// Memory and time of a text. Errors: as set_up.
Result<Plan> plan_text(const LoadedLanguageModel& model, const TextRequest& request);

/// SHA-256 of each of a model's files, by name; those of an adapter by "adapter/" and their names.
Result<Json> language_model_digests(const std::filesystem::path& path, const std::filesystem::path& adapter = {});

/// The work of a text that was generated from set_up(request): text.txt and receipt.json. `digests` are the model's.
Result<Work> text_work(const TextRequest& request, const Json& digests, CacheType cache_type, const std::string& text);

/// Whether a receipt is one of text_work.
bool is_text_receipt(const Json& receipt);
/// Writes the text again. Errors: not_found (the model), mismatch (other files under its name), corrupt.
Result<Work> replay_text(const Json& receipt, const CancelToken* cancel = nullptr);

}  // namespace ptah
