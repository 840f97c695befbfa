#include "text/tokenize/tokenizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <queue>

#include "base/hex.h"
#include "base/text.h"
#include "text/tokenize/characters.h"
#include "text/tokenize/unigram.h"

namespace ptah {

namespace {

constexpr size_t kMaxCachedWord = 48, kMaxCached = 1 << 17;

using Class = CharacterClass;

/// The rules as they differ between families, in the order of their regular expressions.
struct Rules {
  bool any_case;         ///< contractions in capitals too
  bool letter_prefix;    ///< a word may begin with any one character that is no letter, number or line end (else only a space)
  size_t max_digits;     ///< 0: any number
  bool number_prefix;    ///< numbers may begin with a space
  bool newlines_follow;  ///< punctuation takes the line ends after it, and white space up to the last line end is a word
};
constexpr Rules kGpt2Split{false, false, 0, true, false}, kLlama3{true, true, 3, false, true}, kQwen2Split{true, true, 1, false, true};

class Words {
 public:
  Words(std::string_view text, const Rules& rules) : text_(text), rules_(rules) {}

  /// Length of the word at `at`.
  size_t next(size_t at) const {
    if (const size_t n = contraction(at)) return n;
    const Seen first = see(at);
    const Seen second = at + first.length < text_.size() ? see(at + first.length) : Seen{Class::newline, 0, true};
    if (first.kind == Class::letter) return run(at, Class::letter);
    const bool may_lead = rules_.letter_prefix ? first.kind != Class::number && first.kind != Class::newline : text_[at] == ' ';
    if (may_lead && second.kind == Class::letter && !second.end) return first.length + run(at + first.length, Class::letter);
    if (first.kind == Class::number) return run(at, Class::number, rules_.max_digits);
    if (text_[at] == ' ' && rules_.number_prefix && second.kind == Class::number && !second.end) return 1 + run(at + 1, Class::number, rules_.max_digits);
    if (first.kind == Class::other) return punctuation(at);
    if (text_[at] == ' ' && second.kind == Class::other && !second.end) return 1 + punctuation(at + 1);
    return white(at);
  }

 private:
  struct Seen {
    Class kind;
    size_t length;
    bool end = false;
  };
  Seen see(size_t at) const {
    const Character c = character_at(text_, at);
    return {class_of(c.value), c.length};
  }
  size_t run(size_t at, Class kind, size_t max_count = 0) const {
    size_t end = at;
    for (size_t count = 0; end < text_.size() && (max_count == 0 || count < max_count); ++count) {
      const Seen s = see(end);
      if (s.kind != kind) break;
      end += s.length;
    }
    return end - at;
  }
  size_t punctuation(size_t at) const {
    size_t n = run(at, Class::other);
    if (rules_.newlines_follow)
      while (at + n < text_.size() && (text_[at + n] == '\n' || text_[at + n] == '\r')) ++n;
    return n;
  }
  /// White space: with newlines_follow up to and with the last line end; else all, or all but the last character if something follows.
  size_t white(size_t at) const {
    size_t end = at, last = at, after_newline = at;
    while (end < text_.size()) {
      const Seen s = see(end);
      if (s.kind != Class::space && s.kind != Class::newline) break;
      last = end;
      end += s.length;
      if (s.kind == Class::newline) after_newline = end;
    }
    if (rules_.newlines_follow && after_newline > at) return after_newline - at;
    if (end == text_.size() || last == at) return end - at;
    return last - at;
  }
  size_t contraction(size_t at) const {
    if (text_[at] != '\'' || at + 1 >= text_.size()) return 0;
    const auto lower = [&](size_t i) {
      if (i >= text_.size()) return '\0';
      const char c = text_[i];
      return rules_.any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    };
    const char a = lower(at + 1), b = lower(at + 2);
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    if (rules_.any_case && static_cast<uint8_t>(a) == 0xC5 && static_cast<uint8_t>(b) == 0xBF) return 3;  // U+017F is an s in any case
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return 3;
    return 0;
  }

  std::string_view text_;
  const Rules& rules_;
};

/// GPT-2's printable stand-ins for bytes: code point → byte.
int32_t byte_of_printable(int32_t c) {
  static const auto kTable = [] {
    std::array<int16_t, 512> table;
    table.fill(-1);
    for (size_t b = 0; b < 256; ++b) table[static_cast<size_t>(printable_bytes()[b])] = static_cast<int16_t>(b);
    return table;
  }();
  return c >= 0 && c < 512 ? kTable[static_cast<size_t>(c)] : -1;
}

/// Raw bytes of a byte-level token; as it is if it is not in the alphabet.
std::string raw_token(const std::string& token) {
  std::string out;
  for (size_t at = 0; at < token.size();) {
    const Character c = character_at(token, at);
    const int32_t byte = byte_of_printable(c.value);
    if (byte < 0) return token;
    out += static_cast<char>(byte);
    at += c.length;
  }
  return out;
}

struct Merge {
  int32_t rank, result;
};

uint64_t pair_key(int32_t a, int32_t b) { return static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32 | static_cast<uint32_t>(b); }

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
};
template <class V>
using StringMap = std::unordered_map<std::string, V, StringHash, std::equal_to<>>;

}  // namespace

struct Tokenizer::State {
  TokenizerParts parts;
  std::vector<std::string> raw;  ///< bytes a token stands for
  StringMap<int32_t> by_raw, by_name;
  std::unordered_map<uint64_t, Merge> merges;
  std::array<int32_t, 256> bytes{};
  bool normalizes = false;                     ///< whether the steps are taken before anything else (not within a unigram model's words)
  std::array<AddedTokens, 2> added_tokens[2];  ///< user-defined ones; with control ones; each: in the text as it is, in the text that the steps have changed
  std::optional<Unigram> unigram;
  TextSteps steps;
  const uint64_t serial = next_serial();  ///< tells the tokenizers of a process apart

  static uint64_t next_serial() {
    static std::atomic<uint64_t> count{0};
    return ++count;
  }

  Result<void> read_merges(const std::vector<std::string>& list) {
    if (list.size() > (1U << 24)) return fail(ErrorCode::corrupt, "tokenizer: {} merges", list.size());
    merges.reserve(list.size());
    for (size_t i = 0; i < list.size(); ++i) {
      const std::string& merge = list[i];
      const size_t space = merge.find(' ', 1);
      if (space == std::string::npos) return fail(ErrorCode::corrupt, "tokenizer: merge {} is '{}'", i, merge);
      const std::string left = merge.substr(0, space), right = merge.substr(space + 1);
      const auto a = by_name.find(left), b = by_name.find(right), c = by_name.find(left + right);
      if (a == by_name.end() || b == by_name.end() || c == by_name.end())
        return fail(ErrorCode::corrupt, "tokenizer: merge {} ('{}') is of unknown tokens", i, merge);
      merges.emplace(pair_key(a->second, b->second), Merge{static_cast<int32_t>(i), c->second});
    }
    return {};
  }

  // Joins neighbours until no pair can be joined. `join(a, b)` gives (order, id): the lowest order first, leftmost among equals; id −1 if there is none.
  template <class Join>
  static void merge_all(std::vector<int32_t>& pieces, const Join& join) {
    if (pieces.size() < 2) return;
    struct Node {
      int32_t id, before, after;
    };
    struct Candidate {
      double order;
      int32_t at, left, right, result;
      bool operator<(const Candidate& other) const { return order != other.order ? order > other.order : at > other.at; }
    };
    const auto n = static_cast<int32_t>(pieces.size());
    std::vector<Node> nodes(pieces.size());
    for (int32_t i = 0; i < n; ++i) nodes[static_cast<size_t>(i)] = {pieces[static_cast<size_t>(i)], i - 1, i + 1 < n ? i + 1 : -1};
    std::priority_queue<Candidate> queue;
    const auto consider = [&](int32_t at) {
      if (at < 0) return;
      const Node& node = nodes[static_cast<size_t>(at)];
      if (node.after < 0) return;
      const int32_t right = nodes[static_cast<size_t>(node.after)].id;
      const auto [order, result] = join(node.id, right);
      if (result >= 0) queue.push({order, at, node.id, right, result});
    };
    for (int32_t i = 0; i + 1 < n; ++i) consider(i);
    while (!queue.empty()) {
      const Candidate top = queue.top();
      queue.pop();
      Node& node = nodes[static_cast<size_t>(top.at)];
      if (node.id != top.left || node.after < 0 || nodes[static_cast<size_t>(node.after)].id != top.right) continue;  // one of them is gone
      Node& gone = nodes[static_cast<size_t>(node.after)];
      node.id = top.result;
      node.after = gone.after;
      gone.id = -1;
      if (node.after >= 0) nodes[static_cast<size_t>(node.after)].before = top.at;
      consider(node.before);
      consider(top.at);
    }
    pieces.clear();
    for (int32_t i = 0; i >= 0; i = nodes[static_cast<size_t>(i)].after) pieces.push_back(nodes[static_cast<size_t>(i)].id);
  }

  /// What two neighbours become by the list of merges, as merge_all asks for it.
  std::pair<double, int32_t> by_rank(int32_t a, int32_t b) const {
    const auto found = merges.find(pair_key(a, b));
    return found == merges.end() ? std::pair{0.0, -1} : std::pair{static_cast<double>(found->second.rank), found->second.result};
  }

  void merge_short(std::vector<int32_t>& pieces) const {
    while (pieces.size() > 1) {
      int32_t best = std::numeric_limits<int32_t>::max(), result = -1;
      size_t at = 0;
      for (size_t i = 0; i + 1 < pieces.size(); ++i) {
        const auto found = merges.find(pair_key(pieces[i], pieces[i + 1]));
        if (found != merges.end() && found->second.rank < best) best = found->second.rank, result = found->second.result, at = i;
      }
      if (result < 0) return;
      pieces[at] = result;
      pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
  }

  /// The tokens of a word; short words are remembered with what `encode` made of them.
  template <class Encode>
  void remember_word(std::string_view word, std::vector<int32_t>& out, const Encode& encode) const {
    thread_local struct {
      uint64_t of = 0;
      StringMap<std::vector<int32_t>> words;
    } known_words;
    if (known_words.of != serial) known_words = {serial, {}};
    auto& cache = known_words.words;
    const bool small = word.size() <= kMaxCachedWord;
    if (small)
      if (const auto known = cache.find(word); known != cache.end()) {
        out.insert(out.end(), known->second.begin(), known->second.end());
        return;
      }
    std::vector<int32_t> pieces = encode();
    out.insert(out.end(), pieces.begin(), pieces.end());
    if (small) {
      if (cache.size() >= kMaxCached) cache.clear();
      cache.emplace(word, std::move(pieces));
    }
  }

  void encode_word(std::string_view word, std::vector<int32_t>& out) const {
    if (parts.whole_words_first || word.size() == 1)
      if (const auto whole = by_raw.find(word); whole != by_raw.end()) return out.push_back(whole->second);
    remember_word(word, out, [&] { return merged_bytes(word); });
  }

  std::vector<int32_t> merged_bytes(std::string_view word) const {
    std::vector<int32_t> pieces;
    for (const char c : word)  // a byte without a token is left out, as Hugging Face's tokenizers do
      if (const int32_t byte = bytes[static_cast<uint8_t>(c)]; byte >= 0) pieces.push_back(byte);
    if (pieces.size() <= 32)
      merge_short(pieces);
    else
      merge_all(pieces, [&](int32_t a, int32_t b) { return by_rank(a, b); });
    return pieces;
  }

  void encode_words(std::string_view text, const Rules& rules, std::vector<int32_t>& out) const {
    const Words words(text, rules);
    for (size_t at = 0; at < text.size();) {
      const size_t n = words.next(at);
      encode_word(text.substr(at, n), out);
      at += n;
    }
  }

  void encode_byte_level(std::string_view text, std::vector<int32_t>& out) const {
    if (parts.pre_tokenizer == PreTokenizer::llama3) return encode_words(text, kLlama3, out);
    if (parts.pre_tokenizer == PreTokenizer::qwen2) return encode_words(text, kQwen2Split, out);
    if (parts.pre_tokenizer == PreTokenizer::gpt2) return encode_words(text, kGpt2Split, out);
    size_t start = 0;  // smollm: every digit alone first
    for (size_t at = 0; at < text.size();) {
      const Character c = character_at(text, at);
      if (class_of(c.value) == Class::number) {
        encode_words(text.substr(start, at - start), kGpt2Split, out);
        encode_word(text.substr(at, c.length), out);
        start = at + c.length;
      }
      at += c.length;
    }
    encode_words(text.substr(start), kGpt2Split, out);
  }

  void encode_sentencepiece(std::string_view text, std::vector<int32_t>& out) const {
    std::string spaced;
    if (parts.space_prefix) spaced += "\u2581";
    for (const char c : text) c == ' ' ? spaced += "\u2581" : spaced += c;
    // Pieces are numbered: tokens by id, characters without a token from `fresh` on.
    std::vector<int32_t> pieces;
    std::vector<std::string> fresh;
    const auto known = static_cast<int32_t>(raw.size());
    for (size_t at = 0; at < spaced.size();) {
      const Character c = character_at(spaced, at);
      const std::string_view piece = std::string_view(spaced).substr(at, c.length);
      if (const auto found = by_name.find(piece); found != by_name.end() && parts.kinds[static_cast<size_t>(found->second)] == TokenizerParts::Kind::normal) {
        pieces.push_back(found->second);
      } else {
        pieces.push_back(known + static_cast<int32_t>(fresh.size()));
        fresh.emplace_back(piece);
      }
      at += c.length;
    }
    std::string joined;
    merge_all(pieces, [&](int32_t a, int32_t b) {
      if (a >= known || b >= known) return std::pair{0.0, -1};
      if (parts.merges_of_characters) return by_rank(a, b);
      joined = parts.tokens[static_cast<size_t>(a)];
      joined += parts.tokens[static_cast<size_t>(b)];
      const auto found = by_name.find(joined);
      if (found == by_name.end() || parts.kinds[static_cast<size_t>(found->second)] == TokenizerParts::Kind::control) return std::pair{0.0, -1};
      return std::pair{-static_cast<double>(parts.scores[static_cast<size_t>(found->second)]), found->second};
    });
    for (const int32_t piece : pieces) piece < known ? out.push_back(piece) : spell(fresh[static_cast<size_t>(piece - known)], out);
  }

  /// A text without a token, byte by byte; the unknown token, once, for bytes that have none either.
  void spell(std::string_view text, std::vector<int32_t>& out) const {
    bool unknown = false;
    for (const char c : text) {
      const int32_t byte = bytes[static_cast<uint8_t>(c)];
      if (byte >= 0)
        out.push_back(byte);
      else if (!unknown)
        out.push_back(parts.unknown), unknown = true;
    }
  }

  void encode_unigram(std::string_view text, bool first, std::vector<int32_t>& out) const {
    constexpr std::string_view kBlank = "\u2581";
    const std::string now = steps.apply(text);
    const auto word = [&](std::string_view piece) {
      remember_word(piece, out, [&] {
        std::vector<int32_t> tokens;
        for (const Unigram::Part& part : unigram->divide(piece))
          part.id >= 0 ? tokens.push_back(part.id) : spell(piece.substr(part.begin, part.length), tokens);
        return tokens;
      });
    };
    // One stretch between white spaces (or the whole text): blanks become ▁, one may come before, and a word begins at each.
    const auto stretch = [&](std::string_view part, bool leads) {
      std::string marked;
      for (const char c : part) c == ' ' ? marked += kBlank : marked += c;
      const bool wanted = parts.prefix == TokenizerParts::Prefix::always || (parts.prefix == TokenizerParts::Prefix::first && leads);
      if (wanted && !marked.empty() && marked.rfind(kBlank, 0) != 0) marked.insert(0, kBlank);
      for (size_t at = 0; at < marked.size();) {
        const size_t end = std::min(marked.find(kBlank, at + 1), marked.size());
        word(std::string_view(marked).substr(at, end - at));
        at = end;
      }
    };
    if (!parts.split_white_space) return stretch(now, first);
    for (size_t at = 0; at < now.size();) {
      size_t end = at;
      while (end < now.size() && !is_white(character_at(now, end).value)) end += character_at(now, end).length;
      if (end > at) stretch(std::string_view(now).substr(at, end - at), first && at == 0);
      at = end < now.size() ? end + character_at(now, end).length : end;
    }
  }
};

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::~Tokenizer() = default;

Result<std::shared_ptr<Tokenizer>> Tokenizer::make(TokenizerParts parts) {
  using Kind = TokenizerParts::Kind;
  using Algorithm = TokenizerParts::Algorithm;
  auto state = std::make_unique<State>();
  const size_t count = parts.tokens.size();
  if (count == 0 || count > (1U << 24)) return fail(ErrorCode::corrupt, "tokenizer: {} tokens", count);
  if (parts.kinds.empty()) parts.kinds.assign(count, Kind::normal);
  const bool divides = parts.algorithm == Algorithm::unigram, pieces = divides || parts.algorithm == Algorithm::sentencepiece;
  PTAH_TRY(state->steps, TextSteps::make(parts.steps));
  state->normalizes = !divides && !parts.steps.empty();
  if (parts.kinds.size() != count || (pieces && !parts.merges_of_characters && parts.scores.size() != count))
    return fail(ErrorCode::corrupt, "tokenizer: {} tokens, {} kinds, {} scores", count, parts.kinds.size(), parts.scores.size());
  for (const int32_t id : {parts.bos, parts.eos, parts.unknown})
    if (id >= static_cast<int32_t>(count)) return fail(ErrorCode::corrupt, "tokenizer: token {} of {}", id, count);
  state->bytes.fill(-1);
  for (size_t i = 0; i < count; ++i) {
    const std::string& token = parts.tokens[i];
    const auto id = static_cast<int32_t>(i);
    const Kind kind = parts.kinds[i];
    state->by_name.emplace(token, id);
    std::string raw = token;
    if (!pieces && kind == Kind::normal) {
      raw = raw_token(token);
      if (raw.size() == 1) state->bytes[static_cast<uint8_t>(raw[0])] = id;
      state->by_raw.emplace(raw, id);
    } else if (pieces && kind == Kind::byte) {
      if (token.size() != 6 || token.rfind("<0x", 0) != 0 || hex_digit(token[3]) < 0 || hex_digit(token[4]) < 0)
        return fail(ErrorCode::corrupt, "tokenizer: '{}' is marked as a byte", token);
      const int value = hex_digit(token[3]) * 16 + hex_digit(token[4]);
      raw = std::string(1, static_cast<char>(value));
      state->bytes[static_cast<size_t>(value)] = id;
    } else if (pieces && kind == Kind::normal) {
      raw.clear();
      for (size_t at = 0; at < token.size();)
        if (token.compare(at, 3, "\u2581") == 0)
          raw += ' ', at += 3;
        else
          raw += token[at++];
    }
    state->raw.push_back(std::move(raw));
    if (kind == Kind::user_defined || kind == Kind::control) {
      const auto rules = parts.added.find(id);
      const AddedTokenRules how = rules == parts.added.end() ? AddedTokenRules() : rules->second;
      const bool changed = how.normalized && state->normalizes;
      for (const int with_control : {0, 1})
        if (kind == Kind::user_defined || with_control) state->added_tokens[with_control][changed].add(id, changed ? state->steps.apply(token) : token, how);
    }
  }
  if (pieces && parts.unknown < 0 && std::find(state->bytes.begin(), state->bytes.end(), -1) != state->bytes.end())
    return fail(ErrorCode::corrupt, "tokenizer: neither all bytes nor an unknown token");
  if (!pieces || parts.merges_of_characters) {
    PTAH_TRY_VOID(state->read_merges(parts.merges));
  }
  if (divides) {
    std::vector<Unigram::Piece> likely;
    for (size_t i = 0; i < count; ++i)
      if (parts.kinds[i] == Kind::normal && !parts.tokens[i].empty()) likely.push_back({parts.tokens[i], parts.scores[i], static_cast<int32_t>(i)});
    state->unigram.emplace(std::move(likely), *std::min_element(parts.scores.begin(), parts.scores.end()));
  }
  state->parts = std::move(parts);
  return std::shared_ptr<Tokenizer>(new Tokenizer(std::move(state)));
}

Result<std::shared_ptr<Tokenizer>> Tokenizer::from_gguf(const GgufFile& file) {
  TokenizerParts parts;
  PTAH_TRY(const std::string model, file.text("tokenizer.ggml.model"));
  parts.tokens = file.get<std::vector<std::string>>("tokenizer.ggml.tokens", {});
  parts.merges = file.get<std::vector<std::string>>("tokenizer.ggml.merges", {});
  for (const double score : file.get<std::vector<double>>("tokenizer.ggml.scores", {})) parts.scores.push_back(static_cast<float>(score));
  for (const int64_t kind : file.get<std::vector<int64_t>>("tokenizer.ggml.token_type", {})) {
    if (kind < 1 || kind > 6) return fail(ErrorCode::corrupt, "tokenizer: token kind {}", kind);
    parts.kinds.push_back(static_cast<TokenizerParts::Kind>(kind - 1));
  }
  const auto id = [&](const char* name) {
    return static_cast<int32_t>(std::clamp<int64_t>(file.get<int64_t>(std::string("tokenizer.ggml.") + name, -1), -1, 1 << 30));
  };
  parts.bos = id("bos_token_id");
  parts.eos = id("eos_token_id");
  parts.unknown = id("unknown_token_id");
  parts.add_eos = file.get<bool>("tokenizer.ggml.add_eos_token", false);
  if (model == "gpt2") {
    const auto pre = file.get<std::string>("tokenizer.ggml.pre", "gpt-2");
    parts.add_bos = file.get<bool>("tokenizer.ggml.add_bos_token", pre == "llama-bpe");
    parts.whole_words_first = pre == "llama-bpe";
    if (pre == "gpt-2" || pre == "default") {
      parts.pre_tokenizer = PreTokenizer::gpt2;
    } else if (pre == "smollm") {
      parts.pre_tokenizer = PreTokenizer::smollm;
    } else if (pre == "llama-bpe") {
      parts.pre_tokenizer = PreTokenizer::llama3;
    } else if (pre == "qwen2") {
      parts.pre_tokenizer = PreTokenizer::qwen2;
      parts.steps = {{.kind = TextStep::Kind::nfc}};  // of Qwen's own tokenizer.json
    } else {
      return fail(ErrorCode::unsupported, "tokenizer: pre-tokenizer '{}'; known: gpt-2 default smollm llama-bpe qwen2", pre);
    }
  } else if (model == "llama") {
    parts.algorithm = TokenizerParts::Algorithm::sentencepiece;
    parts.add_bos = file.get<bool>("tokenizer.ggml.add_bos_token", true);
    parts.space_prefix = file.get<bool>("tokenizer.ggml.add_space_prefix", true);
  } else {
    return fail(ErrorCode::unsupported, "tokenizer: model '{}'; known: gpt2 (byte-level BPE) llama (SentencePiece BPE)", model);
  }
  return make(std::move(parts));
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  const State& s = *state_;
  std::vector<int32_t> out;
  if (options.bos_eos && s.parts.add_bos && s.parts.bos >= 0) out.push_back(s.parts.bos);
  const auto merged = [&](std::string_view piece, bool first) {
    if (s.parts.algorithm == TokenizerParts::Algorithm::byte_bpe)
      s.encode_byte_level(piece, out);
    else if (s.parts.algorithm == TokenizerParts::Algorithm::unigram)
      s.encode_unigram(piece, first, out);
    else
      s.encode_sentencepiece(piece, out);
  };
  const auto token = [&](int32_t id) { out.push_back(id); };
  const auto& found = s.added_tokens[options.control_tokens ? 1 : 0];
  found[0].split(
      text,
      [&](std::string_view piece) {
        if (!s.normalizes) return merged(piece, piece.data() == text.data());
        const std::string changed = s.steps.apply(piece);
        found[1].split(
            changed, [&](std::string_view rest) { merged(rest, false); }, token);
      },
      token);
  if (options.bos_eos && s.parts.add_eos && s.parts.eos >= 0) out.push_back(s.parts.eos);
  return out;
}

std::string Tokenizer::bytes_of(int32_t token, bool with_control) const {
  if (token < 0 || token >= size() || (is_control(token) && !with_control)) return {};
  return state_->raw[static_cast<size_t>(token)];
}

std::string Tokenizer::decode(const std::vector<int32_t>& tokens, bool with_control) const {
  std::string out;
  for (const int32_t token : tokens) out += bytes_of(token, with_control);
  return out;
}

int32_t Tokenizer::size() const { return static_cast<int32_t>(state_->raw.size()); }
bool Tokenizer::is_control(int32_t token) const {
  return token >= 0 && token < size() && state_->parts.kinds[static_cast<size_t>(token)] == TokenizerParts::Kind::control;
}
int32_t Tokenizer::id_of(std::string_view name) const {
  const auto found = state_->by_name.find(name);
  return found == state_->by_name.end() ? -1 : found->second;
}
const TokenizerParts& Tokenizer::parts() const { return state_->parts; }

std::string Utf8Stream::put(std::string_view bytes) {
  held_ += bytes;
  std::string out;
  size_t at = 0;
  while (at < held_.size()) {
    const Character c = character_at(held_, at);
    if (c.value >= 0) {
      out.append(held_, at, c.length);
      at += c.length;
      continue;
    }
    const auto first = static_cast<uint8_t>(held_[at]);
    const size_t wanted = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 && first < 0xE0 ? 2 : 1;
    bool may_grow = first < 0xF5 && wanted > 1 && held_.size() - at < wanted;
    for (size_t i = at + 1; i < held_.size() && may_grow; ++i) may_grow = (static_cast<uint8_t>(held_[i]) & 0xC0) == 0x80;
    if (may_grow) break;
    out += "\uFFFD";
    ++at;
  }
  held_.erase(0, at);
  return out;
}

std::string Utf8Stream::finish() {
  std::string out;
  if (!held_.empty()) out = "\uFFFD";
  held_.clear();
  return out;
}

}  // namespace ptah
