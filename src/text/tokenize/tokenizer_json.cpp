// Hugging Face's tokenizer.json as the parts of a Tokenizer.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/text.h"
#include "text/tokenize/tokenizer.h"

namespace ptah {

namespace {

constexpr const char* kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama3Pattern = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2Pattern = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// "<0x0A>" and its like.
bool is_byte_token(const std::string& token) { return token.size() == 6 && token.rfind("<0x", 0) == 0 && token.back() == '>'; }

/// The members of a Sequence, or the one thing itself; none for null.
std::vector<Json> members(const Json& json, const char* key) {
  if (json.is_null()) return {};
  if (json.value("type", "") != "Sequence") return {json};
  return json.at(key).get<std::vector<Json>>();
}

Result<PreTokenizer> pre_tokenizer_of(const Json& json) {
  bool digits = false;
  std::string pattern;
  for (const Json& part : members(json, "pretokenizers")) {
    const std::string type = part.value("type", "");
    if (type == "Digits" && part.value("individual_digits", false)) {
      digits = true;
    } else if (type == "ByteLevel" && !part.value("add_prefix_space", false)) {
      if (part.value("use_regex", true)) pattern = kGpt2Pattern;
    } else if (type == "Split" && part.value("behavior", "") == "Isolated" && !part.value("invert", false) && part.at("pattern").contains("Regex")) {
      pattern = part.at("pattern").at("Regex").get<std::string>();
    } else {
      return fail(ErrorCode::unsupported, "tokenizer.json: pre-tokenizer {}", part.dump().substr(0, 200));
    }
  }
  if (pattern == kGpt2Pattern) return digits ? PreTokenizer::smollm : PreTokenizer::gpt2;
  if (pattern == kLlama3Pattern && !digits) return PreTokenizer::llama3;
  if (pattern == kQwen2Pattern && !digits) return PreTokenizer::qwen2;
  return fail(ErrorCode::unsupported, "tokenizer.json: words are cut by '{}'; known are the rules of GPT-2, SmolLM, Llama 3 and Qwen 2",
              pattern.substr(0, 200));
}

/// A normalizer that any model may have; nothing if it is of another kind.
Result<std::optional<TextStep>> text_step(const Json& part) {
  using Kind = TextStep::Kind;
  static const std::map<std::string, Kind> plain = {{"NFC", Kind::nfc},
                                                    {"NFD", Kind::nfd},
                                                    {"NFKC", Kind::nfkc},
                                                    {"NFKD", Kind::nfkd},
                                                    {"Lowercase", Kind::lowercase},
                                                    {"StripAccents", Kind::strip_accents}};
  const std::string type = part.value("type", "");
  TextStep step;
  if (const auto found = plain.find(type); found != plain.end()) {
    step.kind = found->second;
  } else if (type == "Precompiled") {
    step.kind = Kind::character_map;
    PTAH_TRY(step.from, from_base64(part.at("precompiled_charsmap").get<std::string>()));
  } else if (type == "Prepend") {
    step.kind = Kind::prepend;
    step.to = part.at("prepend").get<std::string>();
  } else if (type == "Strip") {
    step.kind = Kind::strip;
    step.left = part.value("strip_left", true);
    step.right = part.value("strip_right", true);
  } else if (type == "Replace" && part.at("pattern").contains("String")) {
    step.from = part.at("pattern").at("String").get<std::string>();
    if (step.from.empty()) return fail(ErrorCode::corrupt, "tokenizer.json: normalizer {}", part.dump().substr(0, 200));
    step.to = part.value("content", "");
  } else if (type == "Replace" && part.at("pattern").value("Regex", "") == " {2,}") {
    step.kind = Kind::runs_of_spaces;
    step.to = part.value("content", "");
  } else {
    return std::optional<TextStep>();
  }
  return std::optional(step);
}

/// Steps before a model cuts the text.
Result<void> read_steps(const Json& json, TokenizerParts& parts) {
  for (const Json& part : members(json, "normalizers")) {
    PTAH_TRY(std::optional<TextStep> step, text_step(part));
    if (!step)
      return fail(ErrorCode::unsupported,
                  "tokenizer.json: normalizer {}; supported: NFC NFD NFKC NFKD Lowercase StripAccents Strip Prepend Precompiled Replace",
                  part.dump().substr(0, 200));
    parts.steps.push_back(std::move(*step));
  }
  return {};
}

/// For models that fall back to bytes: blanks become ▁, and one may be put before the text; other steps come before that.
Result<void> read_marked_blanks(const Json& json, TokenizerParts& parts) {
  bool replaced = false;
  Json others = Json::array();
  for (const Json& part : members(json, "normalizers")) {
    const std::string type = part.value("type", "");
    const bool prefix = type == "Prepend" && part.value("prepend", "") == "\u2581",
               blanks = type == "Replace" && part.at("pattern").value("String", "") == " " && part.value("content", "") == "\u2581";
    if (!prefix && !blanks && (replaced || parts.space_prefix))
      return fail(ErrorCode::unsupported, "tokenizer.json: normalizer {} behind the marks of blanks", part.dump().substr(0, 200));
    parts.space_prefix = parts.space_prefix || prefix;
    replaced = replaced || blanks;
    if (!prefix && !blanks) others.push_back(part);
  }
  if (!replaced) return fail(ErrorCode::unsupported, "tokenizer.json: bytes as a last resort, but blanks are not written as \u2581");
  return read_steps({{"type", "Sequence"}, {"normalizers", others}}, parts);
}

/// How a unigram model's words are marked.
Result<void> read_words(const Json& json, TokenizerParts& parts) {
  using Prefix = TokenizerParts::Prefix;
  bool marked = false;
  for (const Json& part : members(json, "pretokenizers")) {
    const std::string type = part.value("type", ""), scheme = part.value("prepend_scheme", part.value("add_prefix_space", true) ? "always" : "never");
    if (type == "WhitespaceSplit" && !marked) {
      parts.split_white_space = true;
    } else if (type == "Metaspace" && part.value("replacement", "") == "\u2581" && part.value("split", true)) {
      marked = true;
      parts.prefix = scheme == "always" ? Prefix::always : scheme == "first" ? Prefix::first : Prefix::never;
    } else {
      return fail(ErrorCode::unsupported, "tokenizer.json: pre-tokenizer {}", part.dump().substr(0, 200));
    }
  }
  if (!marked) return fail(ErrorCode::unsupported, "tokenizer.json: a unigram model without Metaspace");
  return {};
}

/// Vocabulary of a unigram model: pieces with scores, in the order of their numbers.
Result<void> read_pieces(const Json& model, TokenizerParts& parts) {
  using Kind = TokenizerParts::Kind;
  parts.algorithm = TokenizerParts::Algorithm::unigram;
  const bool fallback = model.value("byte_fallback", false);
  for (const Json& entry : model.at("vocab")) {
    const auto piece = entry.at(0).get<std::string>();
    const auto score = entry.at(1).get<double>();
    if (!std::isfinite(score)) return fail(ErrorCode::corrupt, "tokenizer.json: score {} of a piece", entry.at(1).dump());
    const bool byte = fallback && is_byte_token(piece);
    parts.tokens.push_back(piece);
    parts.scores.push_back(score);
    parts.kinds.push_back(byte ? Kind::byte : Kind::normal);
  }
  if (const Json unknown = model.value("unk_id", Json()); unknown.is_number_integer()) {
    const auto id = unknown.get<int64_t>();
    if (id < 0 || id >= static_cast<int64_t>(parts.tokens.size())) return fail(ErrorCode::corrupt, "tokenizer.json: unknown token {}", id);
    parts.unknown = static_cast<int32_t>(id);
    parts.kinds[static_cast<size_t>(id)] = Kind::unknown;
  }
  return {};
}

Result<TokenizerParts> read_parts(const Json& json) {
  using Kind = TokenizerParts::Kind;
  TokenizerParts parts;
  const Json& model = json.at("model");
  const bool unigram = model.value("type", "") == "Unigram";
  if (!unigram && model.value("type", "BPE") != "BPE")
    return fail(ErrorCode::unsupported, "tokenizer.json: model of type {}; known: BPE Unigram", model["type"].dump());
  const Json none = Json::object();
  const Json& vocabulary = unigram ? none : model.at("vocab");
  if (unigram) {
    PTAH_TRY_VOID(read_pieces(model, parts));
    PTAH_TRY_VOID(read_steps(json.value("normalizer", Json()), parts));
    PTAH_TRY_VOID(read_words(json.value("pre_tokenizer", Json()), parts));
  }
  const Json added = json.value("added_tokens", Json::array());
  auto count = static_cast<int64_t>(parts.tokens.size());
  const auto within = [&](const Json& id) {
    if (!id.is_number_integer()) throw Failure({ErrorCode::corrupt, fmt::format("tokenizer.json: token number {}", id.dump())});
    const auto value = id.get<int64_t>();
    if (value < 0 || value >= (1 << 24)) throw Failure({ErrorCode::corrupt, fmt::format("tokenizer.json: token number {}", value)});
    count = std::max(count, value + 1);
    return static_cast<size_t>(value);
  };
  for (const auto& [token, id] : vocabulary.items()) within(id);
  for (const Json& token : added) within(token.at("id"));
  parts.tokens.resize(static_cast<size_t>(count));
  parts.kinds.resize(static_cast<size_t>(count), Kind::unused);
  if (unigram) parts.scores.resize(static_cast<size_t>(count), 0);
  for (const auto& [token, id] : vocabulary.items()) {
    parts.tokens[within(id)] = token;
    parts.kinds[within(id)] = Kind::normal;
  }
  if (!unigram && model.value("byte_fallback", false)) {
    parts.algorithm = TokenizerParts::Algorithm::sentencepiece;
    parts.merges_of_characters = true;
    PTAH_TRY_VOID(read_marked_blanks(json.value("normalizer", Json()), parts));
    for (size_t i = 0; i < parts.tokens.size(); ++i)
      if (is_byte_token(parts.tokens[i])) parts.kinds[i] = Kind::byte;
  } else if (!unigram) {
    PTAH_TRY_VOID(read_steps(json.value("normalizer", Json()), parts));
    PTAH_TRY(parts.pre_tokenizer, pre_tokenizer_of(json.value("pre_tokenizer", Json())));
  }
  for (const Json& token : added) {
    parts.tokens[within(token.at("id"))] = token.at("content").get<std::string>();
    parts.kinds[within(token.at("id"))] = token.value("special", false) ? Kind::control : Kind::user_defined;
    const AddedTokenRules rules{token.value("single_word", false), token.value("lstrip", false), token.value("rstrip", false),
                                token.value("normalized", false)};
    if (rules.single_word || rules.left_strip || rules.right_strip || (rules.normalized && !parts.steps.empty()))
      parts.added.emplace(static_cast<int32_t>(within(token.at("id"))), rules);
  }
  const Json nothing = Json::array();
  for (const Json& merge : unigram ? nothing : model.at("merges")) {
    if (merge.is_string())
      parts.merges.push_back(merge.get<std::string>());
    else
      parts.merges.push_back(fmt::format("{} {}", merge.at(0).get<std::string>(), merge.at(1).get<std::string>()));
  }
  parts.whole_words_first = model.value("ignore_merges", false);
  if (const Json unknown = model.value("unk_token", Json()); unknown.is_string() && vocabulary.contains(unknown.get<std::string>()))
    parts.unknown = vocabulary.at(unknown.get<std::string>()).get<int32_t>();
  const Json after = json.value("post_processor", Json());
  for (const Json& step : members(after, "processors")) {
    if (step.value("type", "") != "TemplateProcessing") continue;
    bool text_seen = false;
    for (const Json& piece : step.at("single")) {
      if (piece.contains("Sequence")) text_seen = true;
      if (!piece.contains("SpecialToken")) continue;
      const auto id = step.at("special_tokens").at(piece.at("SpecialToken").at("id").get<std::string>()).at("ids").at(0).get<int32_t>();
      (text_seen ? parts.add_eos : parts.add_bos) = true;
      (text_seen ? parts.eos : parts.bos) = id;
    }
  }
  return parts;
}

}  // namespace

Result<std::shared_ptr<Tokenizer>> Tokenizer::from_json(const Json& json) {
  return guard([&]() -> Result<std::shared_ptr<Tokenizer>> {
    try {
      PTAH_TRY(TokenizerParts parts, read_parts(json));
      return make(std::move(parts));
    } catch (const Json::exception& problem) {
      return fail(ErrorCode::corrupt, "tokenizer.json: {}", problem.what());
    }
  });
}

}  // namespace ptah
