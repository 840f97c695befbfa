#include "shape/program/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace ptah {

namespace {

constexpr std::array<std::string_view, 19> kKeywords{"shape", "param", "let", "material", "part", "use", "group", "if",   "else", "for",
                                                     "to",    "of",    "cut", "blend",    "and",  "or",  "not",   "true", "false"};
constexpr std::array<std::string_view, 9> kNaming{"on", "under", "left", "right", "front", "behind", "in", "from", "is"};
constexpr std::array<std::string_view, 14> kCalling{"at",   "rotate", "corners", "repeat", "ring", "grid",  "mirror",
                                                    "bend", "twist",  "taper",   "shell",  "sink", "scale", "noise"};
constexpr std::array<std::string_view, 1> kFree{"noise"};

template <class List>
bool any_of(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<ShapeToken>> run() {
    while (true) {
      skip_blanks();
      ShapeToken token;
      token.line = line_;
      if (at_ >= text_.size()) {
        out_.push_back(std::move(token));
        return std::move(out_);
      }
      const char c = text_[at_];
      if (c == '#') return fail(ErrorCode::corrupt, "line {}: a colour stands between quotation marks: \"{}\"", line_, text_.substr(at_, bare_colour()));
      if (is_letter(c)) {
        read_name(token);
      } else if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
        PTAH_TRY_VOID(read_number(token));
      } else if (c == '"') {
        PTAH_TRY_VOID(read_text(token));
      } else {
        PTAH_TRY_VOID(read_sign(token));
      }
      out_.push_back(std::move(token));
    }
  }

 private:
  /// The length of a colour such as #ff0000 where a value stands, before ) or a comma; else 0.
  size_t bare_colour() const {
    if (out_.empty() || out_.back().kind != ShapeToken::Kind::sign || out_.back().line != line_) return 0;
    if (const std::string& sign = out_.back().text; sign != "(" && sign != "," && sign != "=") return 0;
    size_t end = at_ + 1;
    while (end < text_.size() && std::isxdigit(static_cast<unsigned char>(text_[end]))) ++end;
    const size_t digits = end - at_ - 1;
    return (digits == 3 || digits == 6) && end < text_.size() && (text_[end] == ')' || text_[end] == ',') ? end - at_ : 0;
  }

  void skip_blanks() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '#' && bare_colour() > 0) return;  // no comment; it is refused
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
        if (at_ >= text_.size()) return;
      } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
        return;
      }
      if (text_[at_] == '\n') ++line_;
    }
  }

  /// Letters, digits and underscores; "seat.top" is one name.
  void read_name(ShapeToken& token) {
    const size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]) || (text_[at_] == '.' && at_ + 1 < text_.size() && is_letter(text_[at_ + 1]))))
      ++at_;
    token.kind = ShapeToken::Kind::name;
    token.text = std::string(text_.substr(begin, at_ - begin));
  }

  Result<void> read_number(ShapeToken& token) {
    token.kind = ShapeToken::Kind::number;
    const auto [end, problem] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), token.number);
    if (problem != std::errc() || !std::isfinite(token.number)) return fail(ErrorCode::corrupt, "line {}: a number that cannot be read", line_);
    at_ = static_cast<size_t>(end - text_.data());
    // A unit right behind the number, with or without a blank.
    size_t unit = at_;
    while (unit < text_.size() && text_[unit] == ' ') ++unit;
    for (const auto& [word, factor] : {std::pair<std::string_view, double>{"mm", 0.001}, {"cm", 0.01}, {"deg", 1}, {"m", 1}})
      if (text_.substr(unit, word.size()) == word &&
          (unit + word.size() >= text_.size() || !(is_letter(text_[unit + word.size()]) || is_digit(text_[unit + word.size()])))) {
        token.number = word == "mm" ? token.number / 1000 : word == "cm" ? token.number / 100 : token.number * factor;
        at_ = unit + word.size();
        return {};
      }
    if (at_ < text_.size() && (is_letter(text_[at_])))
      return fail(ErrorCode::corrupt, "line {}: '{}' behind a number is no unit; known: m cm mm deg", line_, text_[at_]);
    return {};
  }

  Result<void> read_text(ShapeToken& token) {
    token.kind = ShapeToken::Kind::text;
    for (++at_; at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\')) ++at_;
      token.text += text_[at_];
    }
    if (at_ >= text_.size() || text_[at_] != '"') return fail(ErrorCode::corrupt, "line {}: a text without its closing quotation mark", line_);
    ++at_;
    return {};
  }

  Result<void> read_sign(ShapeToken& token) {
    token.kind = ShapeToken::Kind::sign;
    for (const std::string_view sign : {"==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ",", "=", "<", ">", "+", "-", "*", "/"})
      if (text_.substr(at_, sign.size()) == sign) {
        token.text = std::string(sign);
        at_ += sign.size();
        return {};
      }
    return fail(ErrorCode::corrupt, "line {}: {} means nothing here", line_, in_quotes(std::string(text_.substr(at_, 1))));
  }

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  std::vector<ShapeToken> out_;
};

}  // namespace

bool is_shape_keyword(std::string_view word) { return any_of(kKeywords, word); }
bool is_naming_modifier(std::string_view word) { return any_of(kNaming, word); }
bool is_calling_modifier(std::string_view word) { return any_of(kCalling, word); }
bool is_free_shape_name(std::string_view word) {
  return any_of(kFree, word) || !(is_shape_keyword(word) || is_naming_modifier(word) || is_calling_modifier(word));
}

Result<std::vector<ShapeToken>> shape_tokens(std::string_view text) { return Lexer(text).run(); }

}  // namespace ptah
