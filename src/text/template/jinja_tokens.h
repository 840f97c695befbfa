// The parser's place in the pieces of a template.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "text/template/jinja_tree.h"

namespace ptah::jinja {

class Tokens {
 protected:
  explicit Tokens(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  void open(Piece& piece) {
    tokens_ = &piece.tokens;
    token_ = 0;
  }
  void close() {
    if (here().kind != TokenKind::end) broken(line(), fmt::format("unexpected '{}'", here().text));
    ++piece_;
  }
  /// Of a tag that a body follows: it may end with a colon.
  void close_head() {
    (void)accept(":");
    close();
  }
  void end(const char* word, int started) {
    if (peek_word() != word) broken(started, fmt::format("no '{}'", word));
    open(pieces_[piece_]);
    take();
    if (std::string_view(word) == "else") return close_head();
    close();
  }
  std::string peek_word() const {
    return piece_ < pieces_.size() && pieces_[piece_].tag == Piece::Tag::statement ? pieces_[piece_].tokens[0].text : std::string();
  }
  const Token& here() const { return (*tokens_)[token_]; }
  const Token& next() const { return (*tokens_)[std::min(token_ + 1, tokens_->size() - 1)]; }
  int line() const { return here().line; }
  Token take() {
    Token token = here();
    if (token.kind != TokenKind::end) ++token_;
    return token;
  }
  bool at(const char* sign) const { return here().kind == TokenKind::sign && here().text == sign; }
  bool at_word(const char* word) const { return here().kind == TokenKind::name && here().text == word; }
  std::string next_word() const { return next().kind == TokenKind::name ? next().text : std::string(); }
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
    if (here().kind != TokenKind::name) broken(line(), fmt::format("expected a name, found '{}'", here().text));
    return take().text;
  }
  std::string dotted_name() {
    std::string out = name();
    while (accept(".")) out += "." + name();
    return out;
  }

  std::vector<Piece> pieces_;
  size_t piece_ = 0, token_ = 0;
  std::vector<Token>* tokens_ = nullptr;  ///< of the open tag
};

}  // namespace ptah::jinja
