#include <map>

#include "base/hex.h"
#include "base/text.h"
#include "text/grammar/grammar_builder.h"

namespace ptah {

namespace {

constexpr int kMaxGroups = 200;

class GbnfParser {
 public:
  explicit GbnfParser(std::string_view text) : text_(text) {}

  std::shared_ptr<const Grammar> run() {
    blanks(true);
    while (at_ < text_.size()) {
      const std::string name = this->name();
      blanks(false);
      if (text_.substr(at_, 3) != "::=") broken("expected ::=");
      at_ += 3;
      blanks(true);
      const auto made = alternatives(0);
      if (!defined_.emplace(name, true).second) broken(fmt::format("the rule '{}' is there twice", name));
      builder_.define(rule(name), made);
      if (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') broken(fmt::format("unexpected '{}'", text_[at_]));
      blanks(true);
    }
    for (const auto& [name, piece] : rules_)
      if (!defined_.contains(name)) throw Failure({ErrorCode::corrupt, fmt::format("grammar: the rule '{}' is used but not there", name)});
    if (!rules_.contains("root")) throw Failure({ErrorCode::corrupt, "grammar: no rule 'root'"});
    return builder_.build(rules_["root"]);
  }

 private:
  using Piece = GrammarBuilder::Piece;

  [[noreturn]] void broken(const std::string& what) const {
    int line = 1;
    for (size_t i = 0; i < std::min(at_, text_.size()); ++i) line += text_[i] == '\n';
    throw Failure({ErrorCode::corrupt, fmt::format("grammar line {}: {}", line, what)});
  }

  void blanks(bool lines) {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#')
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r')))
        ++at_;
      else
        return;
    }
  }

  static bool in_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }
  std::string name() {
    const size_t start = at_;
    while (at_ < text_.size() && in_name(text_[at_])) ++at_;
    if (at_ == start) broken("expected the name of a rule");
    return std::string(text_.substr(start, at_ - start));
  }
  Piece rule(const std::string& name) {
    const auto found = rules_.find(name);
    return found != rules_.end() ? found->second : rules_.emplace(name, builder_.declare()).first->second;
  }

  Piece alternatives(int depth) {
    if (depth > kMaxGroups) broken("nested too deeply");
    std::vector<Piece> choices{sequence(depth)};
    while (at_ < text_.size() && text_[at_] == '|') {
      ++at_;
      blanks(true);
      choices.push_back(sequence(depth));
    }
    return builder_.choice(choices);
  }

  Piece sequence(int depth) {
    std::vector<Piece> pieces;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      Piece piece;
      if (c == '"') {
        piece = builder_.literal(literal());
      } else if (c == '[') {
        piece = characters();
      } else if (c == '.') {
        ++at_;
        piece = builder_.characters({{0, 0x10FFFF}});
      } else if (c == '(') {
        ++at_;
        blanks(true);
        piece = alternatives(depth + 1);
        blanks(true);
        if (at_ >= text_.size() || text_[at_] != ')') broken("expected )");
        ++at_;
      } else if (in_name(c)) {
        piece = rule(name());
      } else {
        break;
      }
      pieces.push_back(repeated(piece));
      blanks(depth > 0);
      // Without parentheses a new line ends the rule, unless the next line goes on with |.
      if (depth == 0) {
        const size_t here = at_;
        blanks(true);
        if (at_ >= text_.size() || text_[at_] != '|') at_ = here;
      }
    }
    return builder_.sequence(pieces);
  }

  Piece repeated(Piece piece) {
    const auto number = [&]() -> int64_t {
      const size_t start = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      if (at_ == start || at_ - start > 6) broken("expected a number of times");
      return std::stoll(std::string(text_.substr(start, at_ - start)));
    };
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '*') {
        piece = builder_.repeat(piece, 0, -1);
      } else if (c == '+') {
        piece = builder_.repeat(piece, 1, -1);
      } else if (c == '?') {
        piece = builder_.optional(piece);
      } else if (c == '{') {
        ++at_;
        const int64_t min_count = number();
        int64_t max_count = min_count;
        if (at_ < text_.size() && text_[at_] == ',') {
          ++at_;
          max_count = at_ < text_.size() && text_[at_] == '}' ? -1 : number();
        }
        if (at_ >= text_.size() || text_[at_] != '}') broken("expected }");
        piece = builder_.repeat(piece, min_count, max_count);
      } else {
        return piece;
      }
      ++at_;
    }
    return piece;
  }

  /// A code point, with escapes.
  uint32_t character() {
    if (at_ >= text_.size()) broken("unexpected end");
    const auto first = static_cast<uint8_t>(text_[at_]);
    if (first != '\\') {
      const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
      uint32_t value = length == 1 ? first : first & (0x7FU >> length);
      for (size_t i = 1; i < length; ++i) value = value << 6 | (static_cast<uint8_t>(text_[at_ + i]) & 63U);  // valid UTF-8 was checked
      at_ += length;
      return value;
    }
    ++at_;
    const char kind = at_ < text_.size() ? text_[at_++] : '\0';
    const auto hex = [&](size_t digits) {
      uint32_t value = 0;
      for (size_t i = 0; i < digits; ++i, ++at_) {
        const char c = at_ < text_.size() ? text_[at_] : '\0';
        const int digit = hex_digit(c);
        if (digit < 0) broken("a broken escape");
        value = value * 16 + static_cast<uint32_t>(digit);
      }
      if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) broken("an escape that is no character");
      return value;
    };
    switch (kind) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'x':
        return hex(2);
      case 'u':
        return hex(4);
      case 'U':
        return hex(8);
      case '\\':
      case '"':
      case '[':
      case ']':
      case '^':
      case '-':
        return static_cast<uint8_t>(kind);
      default:
        broken(fmt::format("unknown escape \\{}", kind));
    }
  }

  std::string literal() {
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != '"';) {
      if (text_[at_] == '\n') broken("a text without an end");
      const uint32_t c = character();
      for (const auto& bytes : utf8_ranges(c, c))
        for (const auto& [low, high] : bytes) out += static_cast<char>(low);
    }
    if (at_ >= text_.size()) broken("a text without an end");
    ++at_;
    return out;
  }

  Piece characters() {
    ++at_;
    const bool outside = at_ < text_.size() && text_[at_] == '^';
    if (outside) ++at_;
    std::vector<std::pair<uint32_t, uint32_t>> ranges;
    while (at_ < text_.size() && text_[at_] != ']') {
      const uint32_t low = character();
      uint32_t high = low;
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        high = character();
      }
      if (high < low) broken("a range that runs backwards");
      ranges.emplace_back(low, high);
    }
    if (at_ >= text_.size()) broken("expected ]");
    ++at_;
    return builder_.characters(std::move(ranges), outside);
  }

  std::string_view text_;
  size_t at_ = 0;
  GrammarBuilder builder_;
  std::map<std::string, Piece> rules_;
  std::map<std::string, bool> defined_;
};

}  // namespace

Result<std::shared_ptr<const Grammar>> Grammar::from_gbnf(std::string_view text) {
  return guard([&]() -> Result<std::shared_ptr<const Grammar>> {
    if (const size_t bad = invalid_utf8_at(text); bad != std::string::npos) return fail(ErrorCode::corrupt, "grammar: not valid UTF-8 at byte {}", bad);
    return GbnfParser(text).run();
  });
}

}  // namespace ptah
