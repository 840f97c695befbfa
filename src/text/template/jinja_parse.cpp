#include <algorithm>
#include <charconv>

#include "text/template/jinja_tokens.h"
#include "text/template/jinja_operations.h"

namespace ptah::jinja {

namespace {

constexpr size_t kMaxTemplate = 1 << 20;
/// Of what nests in the text, and of the tree that chains of operators make too.
constexpr int kMaxNesting = 100, kMaxTree = 200;

class Parser : private Tokens {
 public:
  Parser(std::vector<Piece> pieces, Budget& budget) : Tokens(std::move(pieces)), budget_(budget) {}

  NodePtr whole() {
    NodePtr body = this->body();
    if (piece_ < pieces_.size()) broken(pieces_[piece_].line, fmt::format("'{}' without a beginning", pieces_[piece_].tokens[0].text));
    return body;
  }

 private:
  struct Deeper {
    int& depth;
    Deeper(int& d, int line) : depth(d) {
      if (++depth > kMaxNesting) broken(line, fmt::format("nested deeper than {} levels", kMaxNesting));
    }
    ~Deeper() { --depth; }
  };

  NodePtr make(Op op, int line, std::string name = "") {
    budget_.step();
    budget_.take(sizeof(Node) + sizeof(NodePtr) + 16 + (name.size() > 15 ? name.size() : 0));
    auto node = std::make_unique<Node>();
    node->op = op;
    node->line = line;
    node->name = std::move(name);
    return node;
  }
  static void add(Node& to, NodePtr part) {
    if (part) {
      to.depth = std::max(to.depth, part->depth + 1);
      if (to.depth > kMaxTree) broken(to.line, fmt::format("an expression of more than {} operators in a row, or nested as deeply", kMaxTree));
    }
    to.parts.push_back(std::move(part));
  }
  template <class... Parts>
  NodePtr make_with(Op op, int line, std::string name, Parts... parts) {
    NodePtr node = make(op, line, std::move(name));
    (add(*node, std::move(parts)), ...);
    return node;
  }
  void add_arguments(Node& to, std::vector<Argument> arguments) {
    for (const Argument& a : arguments)
      if (a.value) to.depth = std::max(to.depth, a.value->depth + 1);
    if (to.depth > kMaxTree) broken(to.line, "nested too deeply");
    to.arguments = std::move(arguments);
  }

  /// Statements up to one that ends or divides a block.
  NodePtr body() {
    NodePtr out = make(Op::body, piece_ < pieces_.size() ? pieces_[piece_].line : 0);
    const Deeper deeper(depth_, out->line);
    while (piece_ < pieces_.size()) {
      Piece& piece = pieces_[piece_];
      if (piece.tag == Piece::Tag::text) {
        add(*out, make_with(Op::print, piece.line, "", make(Op::text, piece.line, std::move(piece.text))));
        ++piece_;
      } else if (piece.tag == Piece::Tag::print) {
        open(piece);
        NodePtr value = tuple(true);
        close();
        add(*out, make_with(Op::print, piece.line, "", std::move(value)));
      } else {
        const std::string word = piece.tokens[0].text;
        if (piece.tokens[0].kind != TokenKind::name) broken(piece.line, "a tag without a word");
        if (word.rfind("end", 0) == 0 || word == "else" || word == "elif") return out;
        open(piece);
        take();
        if (NodePtr made = statement(word, piece.line)) add(*out, std::move(made));
      }
    }
    return out;
  }

  NodePtr statement(const std::string& word, int line) {
    if (word == "if") return branch(line);
    if (word == "for") return loop(line);
    if (word == "set") return set(line);
    if (word == "macro") return macro(line);
    if (word == "call") return call_block(line);
    if (word == "with") return with(line);
    if (word == "filter") {
      NodePtr filters = this->filters(nullptr, true);
      close_head();
      NodePtr inner = body();
      end("endfilter", line);
      return make_with(Op::filter_block, line, "", std::move(inner), std::move(filters));
    }
    if (word == "break" || word == "continue") {
      close();
      if (loops_ == 0) broken(line, fmt::format("'{}' outside of a loop", word));
      return make(word == "break" ? Op::break_loop : Op::continue_loop, line);
    }
    if (word == "generation") {  // transformers' mark around the assistant's words: no text of its own, but a scope
      close();
      const int loops = std::exchange(loops_, 0);
      NodePtr inner = body();
      loops_ = loops;
      end("endgeneration", line);
      return make_with(Op::with, line, "", std::move(inner));
    }
    not_computed(line, fmt::format("'{}'", word));
  }

  NodePtr branch(int line) {
    NodePtr out = make(Op::branch, line);
    add(*out, tuple(false));
    close_head();
    add(*out, body());
    while (peek_word() == "elif") {
      open(pieces_[piece_]);
      take();
      add(*out, tuple(false));
      close_head();
      add(*out, body());
    }
    if (peek_word() == "else") {
      end("else", line);
      add(*out, body());
    }
    end("endif", line);
    return out;
  }

  NodePtr loop(int line) {
    NodePtr target = targets(false);
    expect_word("in");
    NodePtr over = tuple(false);
    NodePtr condition;
    if (accept_word("if")) {
      in_filter_ = true;
      condition = expression();
      in_filter_ = false;
    }
    if (at_word("recursive")) not_computed(line, "a recursive loop");
    close_head();
    ++loops_;
    NodePtr inner = body(), otherwise;
    --loops_;
    if (peek_word() == "else") {
      end("else", line);
      otherwise = body();
    }
    end("endfor", line);
    return make_with(Op::loop, line, "", std::move(target), std::move(over), std::move(inner), std::move(otherwise), std::move(condition));
  }

  NodePtr set(int line) {
    NodePtr target = targets(true);
    if (accept("=")) {
      NodePtr value = tuple(true);
      close();
      return make_with(Op::set, line, "", std::move(target), std::move(value));
    }
    NodePtr filters = at("|") ? this->filters(nullptr, false) : nullptr;
    close_head();
    NodePtr inner = body();
    end("endset", line);
    return make_with(Op::set_block, line, "", std::move(target), std::move(inner), std::move(filters));
  }

  NodePtr with(int line) {
    std::vector<NodePtr> pairs;
    while (here().kind != TokenKind::end && !at(":")) {
      if (!pairs.empty()) expect(",");
      pairs.push_back(one_target(false));
      expect("=");
      pairs.push_back(expression());
    }
    close_head();
    NodePtr out = make_with(Op::with, line, "", body());
    for (NodePtr& each : pairs) add(*out, std::move(each));
    end("endwith", line);
    return out;
  }

  std::vector<Argument> signature() {
    std::vector<Argument> out;
    expect("(");
    while (!at(")")) {
      if (!out.empty()) expect(",");
      Argument parameter{assigned_name(), nullptr};
      for (const Argument& other : out)
        if (other.name == parameter.name) broken(line(), fmt::format("two parameters '{}'", parameter.name));
      if (accept("="))
        parameter.value = expression();
      else if (!out.empty() && out.back().value)
        broken(line(), "a parameter without a default behind one with a default");
      out.push_back(std::move(parameter));
    }
    expect(")");
    return out;
  }

  /// The body of a macro, or of what `caller` calls.
  void macro_body(Node& macro) {
    const int loops = std::exchange(loops_, 0);
    open_macros_.push_back(&macro);
    add(macro, body());
    open_macros_.pop_back();
    loops_ = loops;
  }

  NodePtr macro(int line) {
    NodePtr out = make(Op::macro, line, assigned_name());
    add_arguments(*out, signature());
    close_head();
    macro_body(*out);
    end("endmacro", line);
    return out;
  }

  NodePtr call_block(int line) {
    NodePtr caller = make(Op::macro, line, "caller");
    if (at("(")) add_arguments(*caller, signature());
    NodePtr call = expression();
    if (call->op != Op::call) broken(line, "'call' of what is no call");
    close_head();
    macro_body(*caller);
    end("endcall", line);
    return make_with(Op::call_block, line, "", std::move(call), std::move(caller));
  }

  // ---- targets of assignments

  std::string assigned_name() {
    const int l = line();
    std::string out = name();
    for (const char* kept : {"true", "True", "false", "False", "none", "None"})
      if (out == kept) broken(l, fmt::format("'{}' cannot be set", out));
    for (const char* special : {"loop", "caller", "kwargs", "varargs", "self", "super"})
      if (out == special) not_computed(l, fmt::format("setting '{}'", out));
    return out;
  }
  NodePtr one_target(bool with_namespace) {
    const Deeper deeper(depth_, line());
    if (accept("(")) {
      NodePtr inner = targets(with_namespace);
      expect(")");
      return inner;
    }
    NodePtr out = make(Op::variable, line(), assigned_name());
    if (with_namespace && accept(".")) out = make_with(Op::attribute, line(), name(), std::move(out));
    return out;
  }
  NodePtr targets(bool with_namespace) {
    const int l = line();
    NodePtr first = one_target(with_namespace);
    if (!at(",")) return first;
    NodePtr out = make_with(Op::tuple, l, "", std::move(first));
    while (accept(",")) {
      if (here().kind == TokenKind::end || at(")") || at("=") || at_word("in")) break;
      add(*out, one_target(with_namespace));
    }
    return out;
  }

  // ---- expressions, loosest binding first

  /// Several between commas are a tuple.
  NodePtr tuple(bool conditional) {
    const int l = line();
    NodePtr first = conditional ? expression() : either();
    if (!at(",")) return first;
    NodePtr out = make_with(Op::tuple, l, "", std::move(first));
    while (accept(",")) {
      if (here().kind == TokenKind::end || at(")")) break;
      add(*out, conditional ? expression() : either());
    }
    return out;
  }

  NodePtr expression() {
    const Deeper deeper(depth_, line());
    NodePtr value = either();
    while (at_word("if")) {
      const int l = line();
      take();
      NodePtr condition = either(), otherwise;
      if (accept_word("else")) otherwise = expression();
      value = make_with(Op::ternary, l, "", std::move(condition), std::move(value), std::move(otherwise));
    }
    return value;
  }

  NodePtr either() {
    NodePtr left = both();
    while (at_word("or")) {
      const int l = line();
      take();
      NodePtr right = both();
      left = make_with(Op::logical_or, l, "", std::move(left), std::move(right));
    }
    return left;
  }

  NodePtr both() {
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
        return chain ? std::move(chain) : std::move(left);
      }
      if (!chain) chain = make_with(Op::compare, l, "", std::move(left));
      add(*chain, sum());
      chain->words.push_back(std::move(sign));
    }
  }

  template <class Next>
  NodePtr binary(std::initializer_list<const char*> signs, const Next& next) {
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
    return binary({"+", "-"}, [&] { return concatenation(); });
  }
  NodePtr concatenation() {
    const int l = line();
    NodePtr first = product();
    if (!at("~")) return first;
    NodePtr out = make_with(Op::concat, l, "", std::move(first));
    while (accept("~")) add(*out, product());
    return out;
  }
  NodePtr product() {
    return binary({"*", "/", "//", "%"}, [&] { return binary({"**"}, [&] { return unary(true); }); });
  }

  NodePtr unary(bool with_filters) {
    const Deeper deeper(depth_, line());
    const int l = line();
    NodePtr value;
    if (accept("-")) {
      value = make_with(Op::negate, l, "", unary(false));
    } else if (accept("+")) {
      value = make_with(Op::positive, l, "", unary(false));
    } else {
      value = primary();
    }
    value = postfix(std::move(value));
    return with_filters ? filters_and_tests(std::move(value)) : std::move(value);
  }

  NodePtr primary() {
    const Token token = take();
    switch (token.kind) {
      case TokenKind::text: {
        std::string text = token.text;
        while (here().kind == TokenKind::text) text += take().text;
        return make(Op::text, token.line, std::move(text));
      }
      case TokenKind::integer: {
        NodePtr node = make(Op::integer, token.line);
        (void)std::from_chars(token.text.data(), token.text.data() + token.text.size(), node->number);
        return node;
      }
      case TokenKind::real: {
        NodePtr node = make(Op::real, token.line);
        node->real = read_real(token.text).real.value_or(0);
        return node;
      }
      case TokenKind::name:
        return named(token);
      case TokenKind::sign:
        if (token.text == "(") {
          NodePtr inner = at(")") ? make(Op::tuple, token.line) : tuple(true);
          expect(")");
          return inner;
        }
        if (token.text == "[") {
          NodePtr list = make(Op::list, token.line);
          while (!accept("]")) {
            add(*list, expression());
            if (!accept(",") && !at("]")) broken(token.line, "expected , or ]");
          }
          return list;
        }
        if (token.text == "{") {
          NodePtr map = make(Op::map, token.line);
          while (!accept("}")) {
            add(*map, expression());
            expect(":");
            add(*map, expression());
            if (!accept(",") && !at("}")) broken(token.line, "expected , or }");
          }
          return map;
        }
        break;
      case TokenKind::end:
        break;
    }
    broken(token.line, fmt::format("unexpected {}", token.text.empty() ? "end of the tag" : "'" + token.text + "'"));
  }

  NodePtr named(const Token& token) {
    const std::string& word = token.text;
    if (word == "true" || word == "True" || word == "false" || word == "False") {
      NodePtr node = make(Op::boolean, token.line);
      node->number = word[0] == 't' || word[0] == 'T';
      return node;
    }
    if (word == "none" || word == "None") return make(Op::none, token.line);
    if (word == "self" || word == "super" || (word == "loop" && in_filter_)) not_computed(token.line, fmt::format("'{}' here", word));
    const int64_t uses = word == "caller" ? kUsesCaller : word == "kwargs" ? kUsesNamed : word == "varargs" ? kUsesPlain : 0;
    if (uses)
      for (Node* macro : open_macros_) macro->number |= uses;
    return make(Op::variable, token.line, word);
  }

  NodePtr postfix(NodePtr value) {
    while (true) {
      const int l = line();
      if (accept(".")) {
        if (here().kind == TokenKind::integer) {
          NodePtr index = make(Op::integer, l);
          const std::string digits = take().text;
          (void)std::from_chars(digits.data(), digits.data() + digits.size(), index->number);
          value = make_with(Op::index, l, "", std::move(value), std::move(index));
        } else {
          value = make_with(Op::attribute, l, name(), std::move(value));
        }
      } else if (accept("[")) {
        value = subscript(std::move(value), l);
      } else if (at("(")) {
        value = make_with(Op::call, l, "", std::move(value));
        add_arguments(*value, arguments());
      } else {
        return value;
      }
    }
  }

  NodePtr subscript(NodePtr value, int l) {
    NodePtr parts[3];
    int colons = 0;
    if (at("]")) not_computed(l, "an empty index");
    if (!at(":")) parts[0] = expression();
    while (colons < 2 && accept(":")) {
      ++colons;
      if (!at(":") && !at("]") && !at(",")) parts[colons] = expression();
    }
    if (at(",")) not_computed(l, "an index of several parts");
    expect("]");
    if (colons == 0) return make_with(Op::index, l, "", std::move(value), std::move(parts[0]));
    return make_with(Op::slice, l, "", std::move(value), std::move(parts[0]), std::move(parts[1]), std::move(parts[2]));
  }

  NodePtr filters_and_tests(NodePtr value) {
    while (true) {
      const int l = line();
      if (at("|")) {
        value = filters(std::move(value), false);
      } else if (at_word("is")) {
        value = test(std::move(value));
      } else if (at("(")) {
        value = make_with(Op::call, l, "", std::move(value));
        add_arguments(*value, arguments());
      } else {
        return value;
      }
    }
  }

  /// | name(arguments) | …; `inline_first`: the first | is left out.
  NodePtr filters(NodePtr value, bool inline_first) {
    while (inline_first || accept("|")) {
      inline_first = false;
      const int l = line();
      const std::string which = dotted_name();
      if (!is_filter(which)) not_computed(l, fmt::format("the filter '{}'", which));
      value = make_with(Op::filter, l, which, std::move(value));
      if (at("(")) add_arguments(*value, arguments());
    }
    return value;
  }

  NodePtr test(NodePtr value) {
    const int l = line();
    take();
    const bool negated = accept_word("not");
    const std::string which = dotted_name();
    if (!is_test(which)) not_computed(l, fmt::format("the test '{}'", which));
    value = make_with(Op::test, l, which, std::move(value));
    const TokenKind kind = here().kind;
    if (at("(")) {
      add_arguments(*value, arguments());
    } else if ((kind == TokenKind::text || kind == TokenKind::integer || kind == TokenKind::real || kind == TokenKind::name || at("[") || at("{")) &&
               !at_word("else") && !at_word("or") && !at_word("and")) {
      if (at_word("is")) broken(l, "tests in a row");
      std::vector<Argument> one;
      one.push_back({"", postfix(primary())});
      add_arguments(*value, std::move(one));
    }
    return negated ? make_with(Op::logical_not, l, "", std::move(value)) : std::move(value);
  }

  std::vector<Argument> arguments() {
    std::vector<Argument> out;
    const int l = line();
    expect("(");
    bool named = false;
    while (!at(")")) {
      if (!out.empty()) {
        expect(",");
        if (at(")")) break;
      }
      if (at("*") || at("**")) not_computed(l, "a call with * or **");
      Argument argument;
      if (here().kind == TokenKind::name && next().kind == TokenKind::sign && next().text == "=") {
        argument.name = name();
        take();
        named = true;
        for (const Argument& other : out)
          if (other.name == argument.name) broken(l, fmt::format("'{}' is given twice", argument.name));
      } else if (named) {
        broken(l, "an argument by position behind one by name");
      }
      argument.value = expression();
      budget_.take(sizeof(Argument));
      out.push_back(std::move(argument));
    }
    expect(")");
    return out;
  }

  Budget& budget_;
  std::vector<Node*> open_macros_;
  int depth_ = 0, loops_ = 0;
  bool in_filter_ = false;
};

}  // namespace

NodePtr parse(std::string_view text, Budget& budget) {
  if (text.size() > kMaxTemplate) throw Failure({ErrorCode::unsupported, fmt::format("template of {} bytes; at most {}", text.size(), kMaxTemplate)});
  return Parser(cut(text, budget), budget).whole();
}

}  // namespace ptah::jinja
