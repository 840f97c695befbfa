#include <algorithm>

#include "base/text.h"
#include "shape/program/lexer.h"
#include "shape/program/syntax.h"

namespace ptah {

namespace {

using Token = ShapeToken::Kind;

/// One token ahead is enough for every choice. Throws Failure.
class Parser {
 public:
  explicit Parser(std::vector<ShapeToken> tokens) : tokens_(std::move(tokens)) {}

  ShapeProgram program() {
    ShapeProgram out;
    expect_word("shape");
    out.name = new_name("the shape's name");
    if (now().kind == Token::text) out.title = take().text;
    while (now().kind != Token::end) out.statements.push_back(statement());
    return out;
  }
  ShapeExpr whole_expression() {
    ShapeExpr out = expression();
    if (now().kind != Token::end) wrong("the end");
    return out;
  }

 private:
  struct Deeper {
    explicit Deeper(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxShapeDepth)
        throw Failure({ErrorCode::over_budget, fmt::format("line {}: nested more than {} deep", parser_.now().line, kMaxShapeDepth)});
    }
    ~Deeper() { --parser_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    Parser& parser_;
  };

  const ShapeToken& now() const { return tokens_[at_]; }
  const ShapeToken& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool sees(Token kind, std::string_view text) const { return now().kind == kind && now().text == text; }
  bool sees_sign(std::string_view text) const { return sees(Token::sign, text); }
  bool sees_word(std::string_view text) const { return sees(Token::name, text); }
  [[noreturn]] void wrong(std::string_view expected) const {
    const std::string found = now().kind == Token::end      ? "the end"
                              : now().kind == Token::number ? shape_number(now().number)
                              : now().kind == Token::text   ? "a text"
                                                            : in_quotes(now().text);
    throw Failure({ErrorCode::corrupt, fmt::format("line {}: expected {}, found {}", now().line, expected, found)});
  }
  bool skip_sign(std::string_view sign) {
    if (!sees_sign(sign)) return false;
    take();
    return true;
  }
  bool skip_word(std::string_view word) {
    if (!sees_word(word)) return false;
    take();
    return true;
  }
  void expect_sign(std::string_view sign) {
    if (!skip_sign(sign)) wrong(fmt::format("'{}'", sign));
  }
  void expect_word(std::string_view word) {
    if (!skip_word(word)) wrong(fmt::format("'{}'", word));
  }
  /// A name that is given here: no word of the language, no dot in it.
  std::string new_name(std::string_view what) {
    if (now().kind != Token::name || now().text.find('.') != std::string::npos) wrong(what);
    if (!is_free_shape_name(now().text)) wrong(fmt::format("{} (not a word of the language)", what));
    return take().text;
  }
  std::string any_name(std::string_view what) {
    if (now().kind != Token::name || is_shape_keyword(now().text)) wrong(what);
    return take().text;
  }

  ShapeStatement statement() {
    const Deeper deeper(*this);
    ShapeStatement s;
    s.line = now().line;
    if (skip_word("cut")) {
      s.op = ShapeStatement::Op::cut;
    } else if (skip_word("blend")) {
      s.op = ShapeStatement::Op::blend;
      expect_sign("(");
      s.value = expression();
      expect_sign(")");
    }
    if (skip_word("part")) {
      part(s);
    } else if (skip_word("use")) {
      use(s);
    } else if (skip_word("group")) {
      s.kind = ShapeStatement::Kind::group;
      s.name = new_name("the group's name");
      s.body = block();
      modifiers(s);
    } else if (s.op != ShapeStatement::Op::add) {
      wrong("'part', 'use' or 'group'");
    } else if (skip_word("param")) {
      param(s);
    } else if (skip_word("let")) {
      s.kind = ShapeStatement::Kind::let;
      s.name = new_name("a name");
      expect_sign("=");
      s.value = expression();
    } else if (skip_word("material")) {
      s.kind = ShapeStatement::Kind::material;
      s.name = new_name("the material's name");
      expect_sign("=");
      s.word = any_name("a kind of material");
      if (sees_sign("(")) s.args = arguments();
    } else if (skip_word("if")) {
      when(s);
    } else if (skip_word("for")) {
      s.kind = ShapeStatement::Kind::loop;
      s.name = new_name("a name");
      expect_sign("=");
      s.low = expression();
      expect_word("to");
      s.high = expression();
      s.body = block();
    } else {
      wrong("param, let, material, part, use, group, if, for, cut or blend");
    }
    return s;
  }

  void part(ShapeStatement& s) {
    s.kind = ShapeStatement::Kind::part;
    s.name = new_name("the part's name");
    expect_sign("=");
    s.word = any_name("a primitive");
    s.args = arguments();
    modifiers(s);
  }
  void use(ShapeStatement& s) {
    s.kind = ShapeStatement::Kind::use;
    s.word = any_name("the name of a shape");
    s.args = arguments();
    s.name = s.word;
    modifiers(s);
  }
  void when(ShapeStatement& s) {
    s.kind = ShapeStatement::Kind::when;
    s.value = expression();
    s.body = block();
    if (!skip_word("else")) return;
    if (sees_word("if")) {
      s.other.push_back(statement());
    } else {
      s.other = block();
    }
  }
  void param(ShapeStatement& s) {
    s.kind = ShapeStatement::Kind::param;
    s.name = new_name("the parameter's name");
    expect_sign("=");
    s.value = expression();
    if (skip_word("in")) {
      expect_sign("[");
      s.low = expression();
      expect_sign(",");
      s.high = expression();
      expect_sign("]");
    } else if (skip_word("of")) {
      expect_sign("(");
      do s.choices.push_back(any_name("a word"));
      while (skip_sign(","));
      expect_sign(")");
    }
    if (now().kind == Token::text) s.note = take().text;
  }

  std::vector<ShapeStatement> block() {
    expect_sign("{");
    std::vector<ShapeStatement> out;
    while (!sees_sign("}")) {
      if (now().kind == Token::end) wrong("'}'");
      out.push_back(statement());
    }
    take();
    return out;
  }

  void modifiers(ShapeStatement& s) {
    while (now().kind == Token::name) {
      ShapeModifier modifier;
      if (is_naming_modifier(now().text)) {
        modifier.word = take().text;
        modifier.target = any_name("a name");
      } else if (is_calling_modifier(now().text)) {
        modifier.word = take().text;
        modifier.args = arguments();
      } else if (s.kind == ShapeStatement::Kind::use && sees_word("as")) {
        take();
        s.name = new_name("a name");
        continue;
      } else {
        return;
      }
      s.modifiers.push_back(std::move(modifier));
    }
  }

  std::vector<ShapeArg> arguments() {
    expect_sign("(");
    std::vector<ShapeArg> out;
    if (skip_sign(")")) return out;
    do {
      ShapeArg arg;
      arg.value = expression();
      if (arg.value.kind == ShapeExpr::Kind::name && skip_sign("=")) {  // what looked like a value was the argument's name
        arg.name = arg.value.word;
        arg.value = expression();
      }
      out.push_back(std::move(arg));
    } while (skip_sign(","));
    expect_sign(")");
    return out;
  }

  static ShapeExpr call(std::string word, std::vector<ShapeExpr> args) {
    ShapeExpr e;
    e.kind = ShapeExpr::Kind::call;
    e.word = std::move(word);
    e.args = std::move(args);
    return e;
  }
  /// Operators of one level, from left to right.
  template <class Next>
  ShapeExpr chain(std::initializer_list<std::string_view> signs, Token kind, const Next& next) {
    ShapeExpr left = next();
    int links = 0;
    while (now().kind == kind && std::find(signs.begin(), signs.end(), now().text) != signs.end()) {
      if (++links > kMaxShapeDepth)
        throw Failure({ErrorCode::over_budget, fmt::format("line {}: more than {} operators in a row", now().line, kMaxShapeDepth)});
      std::string sign = take().text;
      ShapeExpr right = next();
      left = call(std::move(sign), {std::move(left), std::move(right)});
    }
    return left;
  }
  ShapeExpr expression() {
    const Deeper deeper(*this);
    return chain({"or"}, Token::name, [&] { return chain({"and"}, Token::name, [&] { return negation(); }); });
  }
  ShapeExpr negation() {
    const Deeper deeper(*this);
    if (skip_word("not")) return call("not", {negation()});
    ShapeExpr left = sum();
    for (const std::string_view sign : {"==", "!=", "<=", ">=", "<", ">"})
      if (skip_sign(sign)) return call(std::string(sign), {std::move(left), sum()});
    return left;
  }
  ShapeExpr sum() {
    return chain({"+", "-"}, Token::sign, [&] { return chain({"*", "/"}, Token::sign, [&] { return signed_value(); }); });
  }
  ShapeExpr signed_value() {
    const Deeper deeper(*this);
    if (!skip_sign("-")) return primary();
    if (now().kind == Token::number) {
      ShapeExpr e = primary();
      e.number = -e.number;
      return e;
    }
    return call("-", {signed_value()});
  }
  ShapeExpr primary() {
    ShapeExpr e;
    if (now().kind == Token::number) {
      e.number = take().number;
    } else if (now().kind == Token::text) {
      e.kind = ShapeExpr::Kind::text;
      e.word = take().text;
    } else if (sees_word("true") || sees_word("false")) {
      e.kind = ShapeExpr::Kind::boolean;
      e.number = take().text == "true" ? 1 : 0;
    } else if (skip_sign("(")) {
      ShapeExpr first = expression();
      if (skip_sign(")")) return first;
      e.kind = ShapeExpr::Kind::list;
      e.args.push_back(std::move(first));
      while (skip_sign(",")) e.args.push_back(expression());
      expect_sign(")");
    } else {
      e.kind = ShapeExpr::Kind::name;
      e.word = any_name("a value");
      if (skip_sign("(")) {
        e.kind = ShapeExpr::Kind::call;
        if (!skip_sign(")")) {
          do e.args.push_back(expression());
          while (skip_sign(","));
          expect_sign(")");
        }
      }
    }
    return e;
  }

  std::vector<ShapeToken> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

template <class F>
auto parse(std::string_view text, const F& read) -> Result<decltype(read(std::declval<Parser&>()))> {
  if (text.size() > kMaxShapeBytes) return fail(ErrorCode::over_budget, "a shape program of {} bytes; at most {} are read", text.size(), kMaxShapeBytes);
  if (const size_t bad = invalid_utf8_at(text); bad != std::string::npos) return fail(ErrorCode::corrupt, "not valid UTF-8 at byte {}", bad);
  PTAH_TRY(std::vector<ShapeToken> tokens, shape_tokens(text));
  return guard([&]() -> Result<decltype(read(std::declval<Parser&>()))> {
    Parser parser(std::move(tokens));
    return read(parser);
  });
}

}  // namespace

Result<ShapeProgram> parse_shape(std::string_view text) {
  return parse(text, [](Parser& parser) { return parser.program(); });
}

Result<ShapeExpr> parse_shape_expression(std::string_view text) {
  return parse(text, [](Parser& parser) { return parser.whole_expression(); });
}

}  // namespace ptah
