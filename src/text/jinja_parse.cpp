#include <algorithm>
#include <array>
#include <charconv>

#include "text/jinja_tree.h"

namespace ptah::jinja {

namespace {

constexpr size_t kMostTemplate = 1 << 20;
constexpr int kMostDepth = 100;

[[noreturn]] void broken(int line, const std::string& what) { throw Failure({ErrorCode::corrupt, fmt::format("template line {}: {}", line, what)}); }
[[noreturn]] void unknown(int line, const std::string& what) { throw Failure({ErrorCode::unsupported, fmt::format("template line {}: {}", line, what)}); }

constexpr std::array<std::string_view, 36> kFilters{"trim",    "length", "count",  "upper",      "lower",      "capitalize", "title",  "default",  "d",
                                                    "join",    "tojson", "first",  "last",       "list",       "string",     "int",    "float",    "replace",
                                                    "reverse", "items",  "map",    "selectattr", "rejectattr", "select",     "reject", "safe",     "indent",
                                                    "abs",     "round",  "unique", "sort",       "min",        "max",        "sum",    "dictsort", "e"};
constexpr std::array<std::string_view, 26> kTests{"defined",  "undefined", "none",  "string",      "number",   "integer", "float",  "boolean", "mapping",
                                                  "iterable", "sequence",  "true",  "false",       "odd",      "even",    "in",     "eq",      "equalto",
                                                  "ne",       "lower",     "upper", "divisibleby", "callable", "==",      "sameas", "gt"};

template <class Table>
bool among(const Table& table, std::string_view name) {
  return std::find(table.begin(), table.end(), name) != table.end();
}

enum class Kind { name, text, integer, real, sign, end };
struct Token {
  Kind kind;
  std::string text;
  int line;
};

/// The pieces of a template: text between tags, and the tokens of each tag.
struct Piece {
  enum class Tag { text, print, statement } tag;
  std::string text;
  std::vector<Token> tokens;
  int line;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {
    if (!text_.empty() && text_.back() == '\n') text_.remove_suffix(1);  // Jinja drops one line end at the end
  }

  std::vector<Piece> run() {
    std::vector<Piece> out;
    bool trim_left = false, drop_newline = false;
    while (true) {
      const size_t tag = next_tag();
      std::string plain(text_.substr(at_, tag - at_));
      const bool has_tag = tag < text_.size();
      const char kind = has_tag ? text_[tag + 1] : '\0', sign = has_tag && tag + 2 < text_.size() ? text_[tag + 2] : '\0';
      if (trim_left)
        plain.erase(0, std::min(plain.find_first_not_of(" \t\r\n\v\f"), plain.size()));
      else if (drop_newline && !plain.empty() && plain[0] == '\n')
        plain.erase(0, 1);
      if (sign == '-') {
        plain.erase(plain.find_last_not_of(" \t\r\n\v\f") + 1);
      } else if (sign != '+' && (kind == '%' || kind == '#')) {  // lstrip_blocks: blanks before a tag that begins its line
        const size_t newline = text_.substr(0, tag).rfind('\n');
        const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
        if (text_.substr(start, tag - start).find_first_not_of(" \t") == std::string_view::npos) {
          const size_t line = plain.rfind('\n');
          plain.erase(line == std::string::npos ? 0 : line + 1);
        }
      }
      if (!plain.empty()) out.push_back({Piece::Tag::text, plain, {}, line_});
      count_lines(at_, tag);
      if (!has_tag) return out;
      at_ = tag + 2 + (sign == '-' || sign == '+');
      const bool comment = kind == '#';
      Piece piece{kind == '{' ? Piece::Tag::print : Piece::Tag::statement, "", {}, line_};
      if (comment) {
        const size_t end = text_.find("#}", at_);
        if (end == std::string_view::npos) broken(line_, "a comment without an end");
        trim_left = end > at_ && text_[end - 1] == '-';
        drop_newline = !(end > at_ && text_[end - 1] == '+');
        count_lines(at_, end);
        at_ = end + 2;
        continue;
      }
      const char close = kind == '{' ? '}' : '%';
      trim_left = false;
      drop_newline = kind == '%';
      while (true) {
        skip_blanks();
        if (at_ >= text_.size()) broken(piece.line, "a tag without an end");
        const bool sign_first = (text_[at_] == '-' || text_[at_] == '+') && at_ + 2 < text_.size() && text_[at_ + 1] == close && text_[at_ + 2] == '}';
        if (sign_first || (text_[at_] == close && at_ + 1 < text_.size() && text_[at_ + 1] == '}' && !open_braces(piece))) {
          if (sign_first) trim_left = text_[at_] == '-', drop_newline = false;
          at_ += sign_first ? 3 : 2;
          break;
        }
        piece.tokens.push_back(token());
      }
      piece.tokens.push_back({Kind::end, "", line_});
      out.push_back(std::move(piece));
    }
  }

 private:
  size_t next_tag() const {
    for (size_t i = at_; i + 1 < text_.size(); ++i)
      if (text_[i] == '{' && (text_[i + 1] == '{' || text_[i + 1] == '%' || text_[i + 1] == '#')) return i;
    return text_.size();
  }
  void count_lines(size_t from, size_t to) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(from), text_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) {
      if (text_[at_] == '\n') ++line_;
      ++at_;
    }
  }
  /// Whether a map literal is open, so that "}}" may close it and what is around it.
  static bool open_braces(const Piece& piece) {
    int depth = 0;
    for (const Token& t : piece.tokens)
      if (t.kind == Kind::sign) depth += t.text == "{" ? 1 : t.text == "}" ? -1 : 0;
    return depth > 0;
  }

  Token token() {
    const char c = text_[at_];
    const int line = line_;
    const auto is_name = [](char x) { return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || x == '_' || (x >= '0' && x <= '9'); };
    if (c >= '0' && c <= '9') {
      const size_t start = at_;
      while (at_ < text_.size() && ((text_[at_] >= '0' && text_[at_] <= '9') || text_[at_] == '_')) ++at_;
      bool real = false;
      if (at_ + 1 < text_.size() && text_[at_] == '.' && text_[at_ + 1] >= '0' && text_[at_ + 1] <= '9') {
        real = true;
        ++at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      }
      return {real ? Kind::real : Kind::integer, std::string(text_.substr(start, at_ - start)), line};
    }
    if (is_name(c)) {
      const size_t start = at_;
      while (at_ < text_.size() && is_name(text_[at_])) ++at_;
      return {Kind::name, std::string(text_.substr(start, at_ - start)), line};
    }
    if (c == '\'' || c == '"') return quoted(c);
    for (const std::string_view two : {"==", "!=", "<=", ">=", "//", "**"})
      if (text_.substr(at_, 2) == two) {
        at_ += 2;
        return {Kind::sign, std::string(two), line};
      }
    if (std::string_view("+-*/%~<>=()[]{}.,:|").find(c) == std::string_view::npos) broken(line_, fmt::format("unexpected '{}'", c));
    ++at_;
    return {Kind::sign, std::string(1, c), line};
  }

  Token quoted(char quote) {
    const int line = line_;
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == quote) {
        ++at_;
        return {Kind::text, out, line};
      }
      if (c == '\n') ++line_;
      if (c != '\\' || at_ + 1 >= text_.size()) {
        out += c;
        continue;
      }
      c = text_[++at_];
      switch (c) {
        case 'n':
          out += '\n';
          break;
        case 't':
          out += '\t';
          break;
        case 'r':
          out += '\r';
          break;
        case '\\':
        case '\'':
        case '"':
          out += c;
          break;
        case 'u':
        case 'x': {
          const size_t digits = c == 'u' ? 4 : 2;
          uint32_t value = 0;
          const std::string_view hex = text_.substr(at_ + 1, digits);
          const auto [end, problem] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
          if (hex.size() != digits || problem != std::errc() || end != hex.data() + digits || (value >= 0xD800 && value < 0xE000))
            broken(line_, "a broken escape");
          if (value < 0x80) {
            out += static_cast<char>(value);
          } else if (value < 0x800) {
            out += static_cast<char>(0xC0 | value >> 6);
            out += static_cast<char>(0x80 | (value & 63));
          } else {
            out += static_cast<char>(0xE0 | value >> 12);
            out += static_cast<char>(0x80 | (value >> 6 & 63));
            out += static_cast<char>(0x80 | (value & 63));
          }
          at_ += digits;
          break;
        }
        default:
          out += '\\';
          out += c;
      }
    }
    broken(line, "a text without an end");
  }

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
};

NodePtr make(Op op, int line, std::string name = "") {
  auto node = std::make_unique<Node>();
  node->op = op;
  node->line = line;
  node->name = std::move(name);
  return node;
}

template <class... Parts>
NodePtr make_with(Op op, int line, std::string name, Parts... parts) {
  NodePtr node = make(op, line, std::move(name));
  (node->parts.push_back(std::move(parts)), ...);
  return node;
}

class Parser {
 public:
  explicit Parser(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  NodePtr whole() {
    NodePtr body = this->body({});
    if (piece_ < pieces_.size()) broken(pieces_[piece_].line, fmt::format("'{}' without a beginning", pieces_[piece_].tokens[0].text));
    return body;
  }

 private:
  struct Deeper {
    int& depth;
    Deeper(int& d, int line) : depth(d) {
      if (++depth > kMostDepth) broken(line, "nested too deeply");
    }
    ~Deeper() { --depth; }
  };

  /// Statements up to one whose first word is among `ends`.
  NodePtr body(const std::vector<std::string_view>& ends) {
    NodePtr out = make(Op::body, piece_ < pieces_.size() ? pieces_[piece_].line : 0);
    const Deeper deeper(depth_, out->line);
    while (piece_ < pieces_.size()) {
      Piece& piece = pieces_[piece_];
      if (piece.tag == Piece::Tag::text) {
        out->parts.push_back(make_with(Op::print, piece.line, "", make(Op::text, piece.line, piece.text)));
        ++piece_;
      } else if (piece.tag == Piece::Tag::print) {
        open(piece);
        NodePtr value = expression();
        close();
        out->parts.push_back(make_with(Op::print, piece.line, "", std::move(value)));
      } else {
        const std::string word = piece.tokens[0].text;
        if (piece.tokens[0].kind != Kind::name) broken(piece.line, "a tag without a word");
        if (std::find(ends.begin(), ends.end(), word) != ends.end()) return out;
        if (word.rfind("end", 0) == 0 || word == "else" || word == "elif") return out;
        open(piece);
        take();
        if (NodePtr made = statement(word, piece.line)) out->parts.push_back(std::move(made));
      }
    }
    return out;
  }

  NodePtr statement(const std::string& word, int line) {
    if (word == "if") return branch(line);
    if (word == "for") return loop(line);
    if (word == "set") return set(line);
    if (word == "macro") return macro(line);
    if (word == "break" || word == "continue") {
      close();
      return make(word == "break" ? Op::break_loop : Op::continue_loop, line);
    }
    if (word == "generation") {  // transformers' mark around the assistant's words: no text of its own
      close();
      NodePtr inner = body({"endgeneration"});
      end("endgeneration", line);
      return inner;
    }
    unknown(line, fmt::format("'{}' is not computed", word));
  }

  NodePtr branch(int line) {
    NodePtr out = make(Op::branch, line);
    out->parts.push_back(expression());
    close();
    out->parts.push_back(body({"elif", "else", "endif"}));
    while (peek_word() == "elif") {
      open(pieces_[piece_]);
      take();
      out->parts.push_back(expression());
      close();
      out->parts.push_back(body({"elif", "else", "endif"}));
    }
    if (peek_word() == "else") {
      end("else", line);
      out->parts.push_back(body({"endif"}));
    }
    end("endif", line);
    return out;
  }

  NodePtr loop(int line) {
    NodePtr names = make(Op::list, line);
    do {
      names->parts.push_back(make(Op::variable, line, name()));
    } while (accept(","));
    expect_word("in");
    NodePtr over = ternary_free();
    NodePtr condition;
    if (accept_word("if")) condition = expression();
    if (accept_word("recursive")) unknown(line, "recursive loops are not computed");
    close();
    NodePtr inner = body({"else", "endfor"}), otherwise;
    if (peek_word() == "else") {
      end("else", line);
      otherwise = body({"endfor"});
    }
    end("endfor", line);
    return make_with(Op::loop, line, "", std::move(names), std::move(over), std::move(inner), std::move(otherwise), std::move(condition));
  }

  NodePtr set(int line) {
    NodePtr target = make(Op::variable, line, name());
    if (accept(".")) target = make_with(Op::attribute, line, name(), std::move(target));
    if (at(",")) {
      target = make_with(Op::list, line, "", std::move(target));
      while (accept(",")) target->parts.push_back(make(Op::variable, line, name()));
    }
    if (accept("=")) {
      NodePtr value = expression_list();
      close();
      return make_with(Op::set, line, "", std::move(target), std::move(value));
    }
    close();
    NodePtr inner = body({"endset"});
    end("endset", line);
    return make_with(Op::set_block, line, "", std::move(target), std::move(inner));
  }

  NodePtr macro(int line) {
    NodePtr out = make(Op::macro, line, name());
    expect("(");
    while (!accept(")")) {
      Argument parameter{name(), nullptr};
      if (accept("=")) parameter.value = expression();
      out->arguments.push_back(std::move(parameter));
      if (!accept(",") && !at(")")) broken(line, "expected , or )");
    }
    close();
    out->parts.push_back(body({"endmacro"}));
    end("endmacro", line);
    return out;
  }

  // ---- expressions, loosest binding first

  NodePtr expression_list() {
    NodePtr first = expression();
    if (!at(",")) return first;
    NodePtr list = make(Op::list, first->line);
    list->parts.push_back(std::move(first));
    while (accept(",")) list->parts.push_back(expression());
    return list;
  }

  NodePtr expression() {
    const Deeper deeper(depth_, line());
    NodePtr value = ternary_free();
    while (at_word("if")) {
      const int l = line();
      take();
      NodePtr condition = ternary_free(), otherwise;
      if (accept_word("else")) otherwise = expression();
      value = make_with(Op::ternary, l, "", std::move(condition), std::move(value), std::move(otherwise));
    }
    return value;
  }

  NodePtr ternary_free() {
    NodePtr left = conjunction();
    while (at_word("or")) {
      const int l = line();
      take();
      NodePtr right = conjunction();
      left = make_with(Op::logical_or, l, "", std::move(left), std::move(right));
    }
    return left;
  }

  NodePtr conjunction() {
    NodePtr left = negation();
    while (at_word("and")) {
      const int l = line();
      take();
      NodePtr right = negation();
      left = make_with(Op::logical_and, l, "", std::move(left), std::move(right));
    }
    return left;
  }

  NodePtr negation() {
    const Deeper deeper(depth_, line());
    if (!at_word("not")) return comparison();
    const int l = line();
    take();
    return make_with(Op::logical_not, l, "", negation());
  }

  NodePtr comparison() {
    NodePtr left = sum(), chain;
    int links = 0;
    while (true) {
      std::string sign;
      const int l = line();
      for (const char* candidate : {"==", "!=", "<=", ">=", "<", ">"})
        if (at(candidate)) sign = candidate;
      if (!sign.empty()) {
        take();
      } else if (at_word("in")) {
        take();
        sign = "in";
      } else if (at_word("not") && next_word() == "in") {
        take();
        take();
        sign = "not in";
      } else {
        return left;
      }
      if (++links > 1) unknown(l, "chained comparisons are not computed");
      NodePtr right = sum();
      left = make_with(Op::binary, l, sign, std::move(left), std::move(right));
    }
  }

  template <class Next>
  NodePtr binary(const std::vector<const char*>& signs, const Next& next) {
    NodePtr left = next();
    while (true) {
      const char* found = nullptr;
      for (const char* sign : signs)
        if (at(sign)) found = sign;
      if (!found) return left;
      const int l = line();
      take();
      NodePtr right = next();
      left = make_with(Op::binary, l, found, std::move(left), std::move(right));
    }
  }
  NodePtr sum() {
    return binary({"+", "-"}, [&] { return binary({"~"}, [&] { return binary({"*", "/", "//", "%"}, [&] { return unary(true); }); }); });
  }

  NodePtr unary(bool with_filters) {
    const Deeper deeper(depth_, line());
    const int l = line();
    NodePtr value;
    if (accept("-")) {
      value = make_with(Op::negate, l, "", unary(false));
    } else if (accept("+")) {
      value = unary(false);
    } else {
      value = primary();
    }
    value = postfix(std::move(value));
    if (at("**")) unknown(l, "powers are not computed");
    return with_filters ? filters(std::move(value)) : std::move(value);
  }

  NodePtr primary() {
    const Token token = take();
    switch (token.kind) {
      case Kind::text: {
        NodePtr text = make(Op::text, token.line, token.text);
        while (here().kind == Kind::text) text->name += take().text;
        return text;
      }
      case Kind::integer: {
        NodePtr node = make(Op::integer, token.line);
        std::string digits = token.text;
        std::erase(digits, '_');
        if (std::from_chars(digits.data(), digits.data() + digits.size(), node->number).ec != std::errc()) broken(token.line, "a number too large");
        return node;
      }
      case Kind::real: {
        NodePtr node = make(Op::real, token.line);
        node->real = std::stod(token.text);
        return node;
      }
      case Kind::name:
        if (token.text == "true" || token.text == "True" || token.text == "false" || token.text == "False") {
          NodePtr node = make(Op::boolean, token.line);
          node->number = token.text[0] == 't' || token.text[0] == 'T';
          return node;
        }
        if (token.text == "none" || token.text == "None") return make(Op::none, token.line);
        return make(Op::variable, token.line, token.text);
      case Kind::sign:
        if (token.text == "(") {
          if (accept(")")) return make(Op::list, token.line);
          NodePtr inner = expression_list();
          expect(")");
          return inner;
        }
        if (token.text == "[") {
          NodePtr list = make(Op::list, token.line);
          while (!accept("]")) {
            list->parts.push_back(expression());
            if (!accept(",") && !at("]")) broken(token.line, "expected , or ]");
          }
          return list;
        }
        if (token.text == "{") {
          NodePtr map = make(Op::map, token.line);
          while (!accept("}")) {
            map->parts.push_back(expression());
            expect(":");
            map->parts.push_back(expression());
            if (!accept(",") && !at("}")) broken(token.line, "expected , or }");
          }
          return map;
        }
        break;
      case Kind::end:
        break;
    }
    broken(token.line, fmt::format("unexpected {}", token.text.empty() ? "end of the tag" : "'" + token.text + "'"));
  }

  NodePtr postfix(NodePtr value) {
    while (true) {
      const int l = line();
      if (accept(".")) {
        if (here().kind == Kind::integer) {
          NodePtr index = make(Op::integer, l);
          index->number = std::stoll(take().text);
          value = make_with(Op::index, l, "", std::move(value), std::move(index));
        } else {
          value = make_with(Op::attribute, l, name(), std::move(value));
        }
      } else if (accept("[")) {
        NodePtr parts[3];
        int count = 0;
        bool slice = false;
        while (!accept("]")) {
          if (accept(":")) {
            slice = true;
            if (++count > 2) broken(l, "a slice of more than three parts");
          } else if (parts[count]) {
            broken(l, "expected ]");
          } else {
            parts[count] = expression();
          }
        }
        if (slice)
          value = make_with(Op::slice, l, "", std::move(value), std::move(parts[0]), std::move(parts[1]), std::move(parts[2]));
        else if (parts[0])
          value = make_with(Op::index, l, "", std::move(value), std::move(parts[0]));
        else
          broken(l, "an empty index");
      } else if (at("(")) {
        NodePtr call = make_with(Op::call, l, "", std::move(value));
        call->arguments = arguments();
        value = std::move(call);
      } else {
        return value;
      }
    }
  }

  NodePtr filters(NodePtr value) {
    while (true) {
      const int l = line();
      if (accept("|")) {
        const std::string which = name();
        if (!among(kFilters, which)) unknown(l, fmt::format("the filter '{}' is not computed", which));
        value = make_with(Op::filter, l, which, std::move(value));
        if (at("(")) value->arguments = arguments();
        value = postfix(std::move(value));
      } else if (accept_word("is")) {
        const bool negated = accept_word("not");
        const std::string which = name();
        if (!among(kTests, which)) unknown(l, fmt::format("the test '{}' is not computed", which));
        value = make_with(Op::test, l, which, std::move(value));
        if (at("(")) {
          value->arguments = arguments();
        } else if ((here().kind == Kind::text || here().kind == Kind::integer || here().kind == Kind::name) && !at_word("else") && !at_word("or") &&
                   !at_word("and") && !at_word("if") && !at_word("is") && !at_word("in") && !at_word("not")) {
          value->arguments.push_back({"", postfix(primary())});
        }
        if (negated) value = make_with(Op::logical_not, l, "", std::move(value));
      } else {
        return value;
      }
    }
  }

  std::vector<Argument> arguments() {
    std::vector<Argument> out;
    const int l = line();
    expect("(");
    while (!accept(")")) {
      Argument argument;
      if (here().kind == Kind::name && next().kind == Kind::sign && next().text == "=") {
        argument.name = name();
        take();
      }
      argument.value = expression();
      out.push_back(std::move(argument));
      if (!accept(",") && !at(")")) broken(l, "expected , or )");
    }
    return out;
  }

  // ---- tokens of the open tag

  void open(Piece& piece) {
    tokens_ = &piece.tokens;
    token_ = 0;
  }
  void close() {
    if (here().kind != Kind::end) broken(line(), fmt::format("unexpected '{}'", here().text));
    ++piece_;
  }
  void end(const char* word, int started) {
    if (peek_word() != word) broken(started, fmt::format("no '{}'", word));
    open(pieces_[piece_]);
    take();
    close();
  }
  std::string peek_word() const {
    return piece_ < pieces_.size() && pieces_[piece_].tag == Piece::Tag::statement ? pieces_[piece_].tokens[0].text : std::string();
  }
  const Token& here() const { return (*tokens_)[token_]; }
  const Token& next() const { return (*tokens_)[std::min(token_ + 1, tokens_->size() - 1)]; }
  int line() const { return here().line; }
  Token take() {
    const Token token = here();
    if (token.kind != Kind::end) ++token_;
    return token;
  }
  bool at(const char* sign) const { return here().kind == Kind::sign && here().text == sign; }
  bool at_word(const char* word) const { return here().kind == Kind::name && here().text == word; }
  std::string next_word() const { return next().kind == Kind::name ? next().text : std::string(); }
  bool accept(const char* sign) {
    if (!at(sign)) return false;
    ++token_;
    return true;
  }
  bool accept_word(const char* word) {
    if (!at_word(word)) return false;
    ++token_;
    return true;
  }
  void expect(const char* sign) {
    if (!accept(sign)) broken(line(), fmt::format("expected '{}', found '{}'", sign, here().text));
  }
  void expect_word(const char* word) {
    if (!accept_word(word)) broken(line(), fmt::format("expected '{}', found '{}'", word, here().text));
  }
  std::string name() {
    if (here().kind != Kind::name) broken(line(), fmt::format("expected a name, found '{}'", here().text));
    return take().text;
  }

  std::vector<Piece> pieces_;
  size_t piece_ = 0, token_ = 0;
  std::vector<Token>* tokens_ = nullptr;
  int depth_ = 0;
};

}  // namespace

NodePtr parse(std::string_view text) {
  if (text.size() > kMostTemplate) throw Failure({ErrorCode::unsupported, fmt::format("template of {} bytes; at most {}", text.size(), kMostTemplate)});
  return Parser(Lexer(text).run()).whole();
}

}  // namespace ptah::jinja
