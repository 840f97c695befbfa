// Cuts a template into texts and tags as Jinja does with trim_blocks and lstrip_blocks.
#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "text/template/jinja_strings.h"
#include "text/template/jinja_tree.h"

namespace ptah::jinja {

void broken(int line, const std::string& what) { throw Failure({ErrorCode::corrupt, fmt::format("template line {}: {}", line, what)}); }
void not_computed(int line, const std::string& what) {
  throw Failure({ErrorCode::unsupported, fmt::format("template line {}: {} is not computed", line, what)});
}

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c); }

/// Line ends made \n, and one at the end dropped.
std::string with_plain_lines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i] == '\r' ? '\n' : text[i];
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

/// The value of a number with 0x, 0o or 0b, or of a decimal one, as text in decimal; empty if it is beyond 64 bits.
std::string decimal(std::string digits) {
  std::erase(digits, '_');
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0' && !is_digit(digits[1])) {
    base = (digits[1] | 32) == 'x' ? 16 : (digits[1] | 32) == 'o' ? 8 : 2;
    digits.erase(0, 2);
  }
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return problem == std::errc() && end == digits.data() + digits.size() ? std::to_string(value) : "";
}

class Lexer {
 public:
  Lexer(std::string_view text, Budget& budget) : source_(with_plain_lines(text)), text_(source_), budget_(budget) {}

  std::vector<Piece> run() {
    while (true) {
      budget_.step();
      const size_t tag = std::min(next_tag(at_), text_.size());
      const bool has_tag = tag < text_.size();
      const char kind = has_tag ? text_[tag + 1] : '\0', sign = has_tag && tag + 2 < text_.size() ? text_[tag + 2] : '\0';
      put_text(tag, sign, has_tag && kind != '{');
      count_lines(at_, tag);
      if (!has_tag) return std::move(out_);
      at_ = tag + 2 + (sign == '-' || sign == '+');
      if (kind == '#')
        comment();
      else if (kind == '%' && raw())
        continue;
      else
        this->tag(kind);
    }
  }

 private:
  size_t next_tag(size_t from) const {
    for (size_t i = text_.find('{', from); i != View::npos && i + 1 < text_.size(); i = text_.find('{', i + 1))
      if (text_[i + 1] == '{' || text_[i + 1] == '%' || text_[i + 1] == '#') return i;
    return text_.size();
  }
  void count_lines(size_t from, size_t to) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(from), text_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
  }

  /// The text up to a tag, without what its sign or the blanks of its line take away.
  void put_text(size_t tag, char sign, bool strips_line) {
    View plain = text_.substr(at_, tag - at_);
    if (sign == '-' && tag < text_.size()) {
      plain = strip(plain, nullptr, false, true);
    } else if (sign != '+' && strips_line) {
      const size_t newline = plain.rfind('\n');
      const size_t line = newline == View::npos ? 0 : newline + 1;
      if ((line > 0 || line_starts_) && strip(plain.substr(line), nullptr, true, false).empty()) plain = plain.substr(0, line);
    }
    if (plain.empty()) return;
    budget_.take(plain.size() + sizeof(Piece));
    out_.push_back({Piece::Tag::text, std::string(plain), {}, line_});
  }

  /// Takes what stands behind a closed tag: all blanks after -, one line end after a statement or comment, nothing after +.
  void after(char sign, bool drops_newline) {
    const size_t begin = at_;
    if (sign == '-')
      at_ = text_.size() - strip(text_.substr(at_), nullptr, true, false).size();
    else if (sign != '+' && drops_newline && at_ < text_.size() && text_[at_] == '\n')
      ++at_;
    line_starts_ = at_ > begin && text_[at_ - 1] == '\n';
    count_lines(begin, at_);
  }

  void comment() {
    const size_t end = text_.find("#}", at_);
    if (end == View::npos) broken(line_, "a comment without an end");
    const char sign = end > at_ ? text_[end - 1] : '\0';
    count_lines(at_, end);
    at_ = end + 2;
    after(sign, true);
  }

  /// {% raw %} … {% endraw %}, if that begins here (behind "{%" and its sign).
  bool raw() {
    View rest = strip(text_.substr(at_), nullptr, true, false);
    if (!rest.starts_with("raw")) return false;
    rest = strip(rest.substr(3), nullptr, true, false);
    const bool trims = rest.starts_with("-%}");
    if (!trims && !rest.starts_with("%}")) return false;
    const int began = line_;
    const size_t behind = text_.size() - rest.size() + (trims ? 3 : 2);
    count_lines(at_, behind);
    at_ = behind;
    after(trims ? '-' : '+', false);
    if (at_ == text_.size()) return true;
    for (size_t from = at_;; ++from) {
      budget_.step();
      from = text_.find("{%", from);
      if (from == View::npos) broken(began, "'raw' without an end");
      const char sign = from + 2 < text_.size() ? text_[from + 2] : '\0';
      View end = strip(text_.substr(from + 2 + (sign == '-' || sign == '+')), nullptr, true, false);
      if (!end.starts_with("endraw")) continue;
      end = strip(end.substr(6), nullptr, true, false);
      const bool signed_end = end.starts_with("-%}") || end.starts_with("+%}");
      if (!signed_end && !end.starts_with("%}")) continue;
      put_text(from, sign, true);
      const size_t closed = text_.size() - end.size() + (signed_end ? 3 : 2);
      count_lines(at_, closed);
      at_ = closed;
      after(signed_end ? end[0] : '\0', true);
      return true;
    }
  }

  void tag(char kind) {
    const char close = kind == '{' ? '}' : '%';
    Piece piece{kind == '{' ? Piece::Tag::print : Piece::Tag::statement, "", {}, line_};
    std::string open;  // brackets that wait for their ends
    budget_.take(sizeof(Piece));
    while (true) {
      skip_blanks();
      if (at_ >= text_.size()) broken(piece.line, "a tag without an end");
      const char c = text_[at_];
      const bool signed_end = (c == '-' || (c == '+' && close == '%')) && at_ + 2 < text_.size() && text_[at_ + 1] == close && text_[at_ + 2] == '}';
      if (open.empty() && (signed_end || (c == close && at_ + 1 < text_.size() && text_[at_ + 1] == '}'))) {
        at_ += signed_end ? 3 : 2;
        after(signed_end ? c : '\0', close == '%');
        break;
      }
      budget_.step();
      Token next = token(piece.tokens);
      if (next.kind == TokenKind::sign) brackets(open, next);
      budget_.take(sizeof(Token) + (next.text.size() > 15 ? next.text.size() : 0));
      piece.tokens.push_back(std::move(next));
    }
    piece.tokens.push_back({TokenKind::end, "", line_});
    out_.push_back(std::move(piece));
  }

  static void brackets(std::string& open, const Token& next) {
    const char c = next.text[0];
    if (c == '(' || c == '[' || c == '{') {
      open += c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) broken(next.line, fmt::format("unexpected '{}'", c));
      open.pop_back();
    }
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      const Letter l = letter_at(text_, at_);
      if (!is_space(l.value)) return;
      if (l.value == '\n') ++line_;
      at_ += l.bytes;
    }
  }

  /// The end of digits with single _ between them.
  size_t digits_end(size_t at, bool (*fits)(char)) const {
    while (at < text_.size() && (fits(text_[at]) || (text_[at] == '_' && at + 1 < text_.size() && fits(text_[at + 1])))) ++at;
    return at;
  }

  Token number(const std::vector<Token>& before) {
    const size_t start = at_;
    const bool after_dot = start > 0 && text_[start - 1] == '.' && !before.empty();
    size_t end = digits_end(at_, is_digit);
    if (!after_dot) {
      size_t real = end;
      if (real + 1 < text_.size() && text_[real] == '.' && is_digit(text_[real + 1])) real = digits_end(real + 1, is_digit);
      if (real < text_.size() && (text_[real] | 32) == 'e') {
        const size_t digits = real + 1 + (real + 1 < text_.size() && (text_[real + 1] == '+' || text_[real + 1] == '-'));
        if (digits < text_.size() && is_digit(text_[digits])) real = digits_end(digits, is_digit);
      }
      if (real > end) {
        at_ = real;
        std::string digits(text_.substr(start, real - start));
        std::erase(digits, '_');
        return {TokenKind::real, std::move(digits), line_};
      }
    }
    if (text_[start] == '0') {
      const char letter = start + 1 < text_.size() ? static_cast<char>(text_[start + 1] | 32) : '\0';
      bool (*const fits)(char) = letter == 'x'   ? +[](char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }
                                 : letter == 'o' ? +[](char c) { return c >= '0' && c <= '7'; }
                                                 : +[](char c) { return c == '0' || c == '1'; };
      const size_t with_prefix = letter == 'x' || letter == 'o' || letter == 'b' ? digits_end(start + 2, fits) : 0;
      end = with_prefix > start + 2 ? with_prefix : digits_end(start, [](char c) { return c == '0'; });
    }
    at_ = end;
    std::string value = decimal(std::string(text_.substr(start, end - start)));
    if (value.empty()) not_computed(line_, "an integer beyond 64 bits");
    return {TokenKind::integer, std::move(value), line_};
  }

  Token token(const std::vector<Token>& before) {
    const char c = text_[at_];
    const int line = line_;
    if (is_digit(c)) return number(before);
    if (is_name(c)) {
      const size_t start = at_;
      while (at_ < text_.size() && is_name(text_[at_])) ++at_;
      if (at_ < text_.size() && static_cast<uint8_t>(text_[at_]) >= 0x80 && !is_space(letter_at(text_, at_).value)) not_computed(line, "a name beyond ASCII");
      return {TokenKind::name, std::string(text_.substr(start, at_ - start)), line};
    }
    if (c == '\'' || c == '"') return quoted(c);
    if (static_cast<uint8_t>(c) >= 0x80) not_computed(line, "a name beyond ASCII");
    for (const std::string_view two : {"==", "!=", "<=", ">=", "//", "**"})
      if (text_.substr(at_, 2) == two) {
        at_ += 2;
        return {TokenKind::sign, std::string(two), line};
      }
    if (std::string_view("+-*/%~<>=()[]{}.,:|;").find(c) == std::string_view::npos) broken(line_, fmt::format("unexpected '{}'", c));
    ++at_;
    return {TokenKind::sign, std::string(1, c), line};
  }

  Token quoted(char quote) {
    const int line = line_;
    std::string out;
    for (++at_; at_ < text_.size();) {
      const char c = text_[at_];
      if (c == quote) {
        ++at_;
        return {TokenKind::text, out, line};
      }
      if (c == '\n') ++line_;
      ++at_;
      if (c != '\\')
        out += c;
      else if (at_ < text_.size())
        escape(out, line);
    }
    broken(line, "a text without an end");
  }

  /// What stands behind a backslash, as Python's unicode-escape reads it.
  void escape(std::string& out, int line) {
    static constexpr std::string_view kPlain = "abfnrtv\\'\"", kMeant = "\a\b\f\n\r\t\v\\'\"";
    const Letter l = letter_at(text_, at_);
    const char c = text_[at_];
    at_ += l.bytes;
    if (const size_t which = kPlain.find(c); l.bytes == 1 && which != std::string_view::npos) {
      out += kMeant[which];
    } else if (c == '\n') {
      ++line_;  // a line that goes on
    } else if (c == 'x' || c == 'u' || c == 'U') {
      code_point(out, c == 'x' ? 2 : c == 'u' ? 4 : 8, line);
    } else if (c >= '0' && c <= '7') {
      int32_t value = c - '0';
      for (int i = 0; i < 2 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7'; ++i) value = value * 8 + (text_[at_++] - '0');
      out += utf8_of(value);
    } else if (c == 'N') {
      not_computed(line, "a character by its name (\\N)");
    } else if (l.bytes > 1) {  // jinja2 has written it as an escape before this backslash is looked at, so that the two backslashes become one
      out += l.value < 0x100 ? fmt::format("\\x{:02x}", l.value) : l.value < 0x10000 ? fmt::format("\\u{:04x}", l.value) : fmt::format("\\U{:08x}", l.value);
    } else {
      out += '\\';
      out += c;
    }
  }

  void code_point(std::string& out, size_t digits, int line) {
    uint32_t value = 0;
    const std::string_view hex = text_.substr(at_, digits);
    const auto [end, problem] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
    if (hex.size() != digits || problem != std::errc() || end != hex.data() + digits || value > 0x10FFFF) broken(line, "a broken escape");
    if (value >= 0xD800 && value < 0xE000) not_computed(line, "half of a surrogate pair");
    out += utf8_of(static_cast<int32_t>(value));
    at_ += digits;
  }

  std::string source_;
  std::string_view text_;
  Budget& budget_;
  std::vector<Piece> out_;
  size_t at_ = 0;
  int line_ = 1;
  bool line_starts_ = true;
};

}  // namespace

std::vector<Piece> cut(std::string_view text, Budget& budget) { return Lexer(text, budget).run(); }

}  // namespace ptah::jinja
