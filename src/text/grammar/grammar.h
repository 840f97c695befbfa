// Grammars that hold a language model to a form: GBNF (llama.cpp's notation) and JSON schemas, as an automaton over bytes that is made as it is needed.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/budget.h"
#include "base/json.h"
#include "text/tokenize/tokenizer.h"

namespace ptah {

class Grammar {
 public:
  /// Rules as NAME ::= alternatives; the text has to match `root`. Errors: corrupt for broken syntax, unknown rules, left recursion and rules that cannot end;
  /// over_budget for grammars that grow past a million parts.
  static Result<std::shared_ptr<const Grammar>> from_gbnf(std::string_view text);
  /// Texts that parse as JSON and satisfy the schema, properties in the schema's order and only those named there. Known: type, enum, const, properties,
  /// required, additionalProperties (false), items, prefixItems, minItems, maxItems, minLength, maxLength, anyOf, $ref into $defs or definitions, and what only
  /// describes. Errors: unsupported, naming any other keyword (fails closed); corrupt.
  static Result<std::shared_ptr<const Grammar>> from_json_schema(const OrderedJson& schema);

  /// A place in the grammar, or none (dead).
  using State = int32_t;
  static constexpr State kDead = -1;

 private:
  friend class GrammarBuilder;
  friend class GrammarAutomaton;
  /// One element of an alternative: a set of bytes, or a rule.
  struct Element {
    int32_t rule = -1;  ///< −1: a byte
    std::bitset<256> bytes;
  };
  /// Alternatives lie one after the other in `elements_`; an element is named by its index, and the end of an alternative by an element with rule −2.
  static constexpr int32_t kEnd = -2;
  std::vector<Element> elements_;
  std::vector<std::vector<int32_t>> rules_;  ///< first elements of a rule's alternatives
  std::vector<int64_t> shortest_;            ///< bytes a rule needs at least
  int32_t root_ = 0;
};

/// Walks a grammar; states are numbered as they are found, and hold 256 MiB at most.
class GrammarAutomaton {
 public:
  explicit GrammarAutomaton(std::shared_ptr<const Grammar> grammar);
  Grammar::State start() const { return start_; }
  /// Throws Failure (over_budget) when the ways to read a text multiply past reason.
  Grammar::State next(Grammar::State state, uint8_t byte);
  /// Whether the text may end here.
  bool accepts(Grammar::State state) const { return states_[static_cast<size_t>(state)].accepts; }
  /// Bytes that have to follow at least.
  int64_t shortest(Grammar::State state) const { return states_[static_cast<size_t>(state)].shortest; }
  bool matches(std::string_view text);

 private:
  using Stack = std::vector<int32_t>;  ///< elements still to be read, the next one last
  struct Known {
    const std::vector<Stack>* stacks = nullptr;  ///< the key in `numbers_`
    bool accepts = false;
    int64_t shortest = 0;
    std::unique_ptr<std::array<int32_t, 256>> next;  ///< kUnknown until asked for
  };
  static constexpr int32_t kUnknown = -2;
  /// What a rule can begin with: the stacks above the place where it stands, each with a byte next.
  const std::vector<Stack>& beginnings(int32_t rule, int depth);
  /// The ways to go on from a place, each once.
  struct Closure {
    std::set<Stack> stacks, seen;  ///< with a byte next; with a rule next, which have been followed
    bool accepts = false;
  };
  void expand(Stack stack, Closure& to);
  Grammar::State intern(const Closure& closure);
  bool ends(int32_t element) const { return grammar_->elements_[static_cast<size_t>(element)].rule == Grammar::kEnd; }

  std::shared_ptr<const Grammar> grammar_;
  Budget budget_;  ///< of the states and the beginnings; they live as long as the automaton
  std::map<int32_t, std::vector<Stack>> beginnings_;
  std::vector<Known> states_;
  std::map<std::vector<Stack>, int32_t> numbers_[2];
  Grammar::State start_ = 0;
};

/// Masks the logits of a model so that its text stays within a grammar and is whole before the tokens run out.
class GrammarMask {
 public:
  /// Errors: invalid_argument if `max_tokens` tokens cannot hold the shortest text.
  static Result<std::unique_ptr<GrammarMask>> make(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const Tokenizer> tokenizer,
                                                   std::vector<int32_t> stop_tokens, int64_t max_tokens);
  ~GrammarMask();

  /// Sets the logits of what may not come next to −∞; `remaining` tokens are left, this one included.
  void apply(std::span<float> logits, int64_t remaining);
  /// Takes the token that was drawn.
  void accept(int32_t token);
  /// Whether nothing but the end can follow.
  bool finished() const;
  bool whole() const;

 private:
  struct Impl;
  GrammarMask();
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptah
