// Tokenizers of language models: byte-level BPE (Radford et al. 2019), SentencePiece BPE with byte fallback (Kudo and Richardson 2018), and unigram (Kudo
// 2018).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "text/tokenize/added_tokens.h"
#include "text/tokenize/text_steps.h"
#include "weights/gguf.h"

namespace ptah {

/// How byte-level BPE cuts text into words before it merges. Each is named after the model that brought it.
enum class PreTokenizer { gpt2, smollm, llama3, qwen2 };

struct TokenizerParts {
  enum class Algorithm { byte_bpe, sentencepiece, unigram };
  enum class Prefix { never, first, always };
  enum class Kind : uint8_t { normal, unknown, control, user_defined, unused, byte };  ///< user_defined ones are found in any text, control ones on request
  Algorithm algorithm = Algorithm::byte_bpe;
  PreTokenizer pre_tokenizer = PreTokenizer::gpt2;
  std::vector<std::string> tokens;           ///< as in the files: byte-level ones in GPT-2's printable alphabet, SentencePiece ones with ▁
  std::vector<Kind> kinds;                   ///< empty: all normal
  std::vector<double> scores;                ///< SentencePiece, unigram
  std::vector<std::string> merges;           ///< byte-level: "left right" in order
  bool merges_of_characters = false;         ///< SentencePiece in Hugging Face's form: `merges` instead of scores
  bool whole_words_first = false;            ///< a word that is a token is taken without merging (Llama 3)
  bool space_prefix = false;                 ///< SentencePiece: a space before the text, and before what follows a control token
  std::vector<TextStep> steps;               ///< what is done to the text first
  std::map<int32_t, AddedTokenRules> added;  ///< of the tokens that are found in texts; those not listed have none
  bool split_white_space = false;            ///< unigram: white space divides words and is dropped
  Prefix prefix = Prefix::always;            ///< unigram: where a ▁ is put before the words
  bool add_bos = false, add_eos = false;
  int32_t bos = -1, eos = -1, unknown = -1;
};

struct EncodeOptions {
  bool control_tokens = false;  ///< whether names of control tokens in the text become those tokens; never for text that a user wrote
  bool bos_eos = false;         ///< put the beginning and end tokens that the model wants around the text
};

class Tokenizer {
 public:
  /// Errors: corrupt (repeated or missing tokens, merges of unknown ones, indices out of range).
  static Result<std::shared_ptr<Tokenizer>> make(TokenizerParts parts);
  /// From the metadata of a language model. Errors: corrupt; unsupported for other algorithms, naming them.
  static Result<std::shared_ptr<Tokenizer>> from_gguf(const GgufFile& file);
  /// From Hugging Face's tokenizer.json (model types BPE and Unigram). Errors: corrupt; unsupported for other models, normalizers and pre-tokenizers, naming
  /// them.
  static Result<std::shared_ptr<Tokenizer>> from_json(const Json& json);
  ~Tokenizer();

  /// Any bytes, valid UTF-8 or not. Safe to call from several threads.
  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const;
  /// The bytes a token stands for; control tokens give nothing unless `with_control`.
  std::string bytes_of(int32_t token, bool with_control = false) const;
  std::string decode(const std::vector<int32_t>& tokens, bool with_control = false) const;

  int32_t size() const;
  bool is_control(int32_t token) const;
  /// −1 if there is no such token.
  int32_t id_of(std::string_view name) const;
  const TokenizerParts& parts() const;

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Gives out whole UTF-8 characters of a stream of bytes; broken ones become U+FFFD.
class Utf8Stream {
 public:
  /// What can be shown after these bytes came.
  std::string put(std::string_view bytes);
  /// The rest, at the end.
  std::string finish();

 private:
  std::string held_;
};

}  // namespace ptah
