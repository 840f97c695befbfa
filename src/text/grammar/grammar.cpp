#include "text/grammar/grammar.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <queue>
#include <set>

#include "text/grammar/grammar_builder.h"

namespace ptah {

namespace {

constexpr size_t kMaxParts = 1'000'000, kMaxStacks = 4096, kMaxDepth = 4096, kMaxStates = 200'000;
constexpr size_t kMaxGrammarBytes = size_t{256} << 20, kMaxAllowedBytes = size_t{64} << 20;
constexpr int64_t kMaxRepeats = 20'000, kEndless = int64_t{1} << 40;

[[noreturn]] void too_many_ways() { throw Failure({ErrorCode::over_budget, "grammar: too many ways to read the text, or nested too deeply"}); }

}  // namespace

std::vector<std::vector<std::pair<uint8_t, uint8_t>>> utf8_ranges(uint32_t low, uint32_t high) {
  std::vector<std::vector<std::pair<uint8_t, uint8_t>>> out;
  const std::function<void(uint32_t, uint32_t)> split = [&](uint32_t a, uint32_t b) {
    if (a > b) return;
    for (const uint32_t edge : {0x7FU, 0x7FFU, 0xFFFFU})  // one length of encoding at a time
      if (a <= edge && b > edge) {
        split(a, edge);
        split(edge + 1, b);
        return;
      }
    if (a <= 0xDFFF && b >= 0xD800) {  // surrogates are no characters
      if (a < 0xD800) split(a, 0xD7FF);
      if (b > 0xDFFF) split(0xE000, b);
      return;
    }
    const int extra = b < 0x80 ? 0 : b < 0x800 ? 1 : b < 0x10000 ? 2 : 3;
    for (int i = 1; i <= extra; ++i) {  // the last i bytes take all values or one prefix is shared
      const uint32_t mask = (1U << (6 * i)) - 1;
      if ((a & ~mask) == (b & ~mask)) continue;
      if (a & mask) {
        split(a, a | mask);
        split((a | mask) + 1, b);
        return;
      }
      if ((b & mask) != mask) {
        split(a, (b & ~mask) - 1);
        split(b & ~mask, b);
        return;
      }
    }
    std::vector<std::pair<uint8_t, uint8_t>> bytes;
    constexpr std::array<uint32_t, 4> kLead{0, 0xC0, 0xE0, 0xF0};
    for (int i = extra; i >= 0; --i) {
      const uint32_t x = a >> (6 * i), y = b >> (6 * i);
      if (i == extra)
        bytes.emplace_back(static_cast<uint8_t>(kLead[static_cast<size_t>(extra)] | x), static_cast<uint8_t>(kLead[static_cast<size_t>(extra)] | y));
      else
        bytes.emplace_back(static_cast<uint8_t>(0x80 | (x & 63)), static_cast<uint8_t>(0x80 | (y & 63)));
    }
    out.push_back(std::move(bytes));
  };
  split(low, std::min<uint32_t>(high, 0x10FFFF));
  return out;
}

void GrammarBuilder::count(size_t more) {
  parts_ += more;
  if (parts_ > kMaxParts) throw Failure({ErrorCode::over_budget, fmt::format("grammar: more than {} parts", kMaxParts)});
}

GrammarBuilder::Piece GrammarBuilder::add(const std::vector<std::vector<Grammar::Element>>& alternatives) {
  for (const auto& alternative : alternatives) count(alternative.size() + 1);
  rules_.push_back(alternatives);
  return static_cast<Piece>(rules_.size()) - 1;
}

Grammar::Element GrammarBuilder::bytes(uint8_t low, uint8_t high) {
  Grammar::Element out;
  for (int b = low; b <= high; ++b) out.bytes.set(static_cast<size_t>(b));
  return out;
}

GrammarBuilder::Piece GrammarBuilder::literal(std::string_view text) {
  std::vector<Grammar::Element> out;
  for (const char c : text) out.push_back(bytes(static_cast<uint8_t>(c), static_cast<uint8_t>(c)));
  return add({out});
}

GrammarBuilder::Piece GrammarBuilder::characters(std::vector<std::pair<uint32_t, uint32_t>> ranges, bool outside) {
  if (outside) {
    std::sort(ranges.begin(), ranges.end());
    std::vector<std::pair<uint32_t, uint32_t>> others;
    uint32_t from = 0;
    for (const auto& [low, high] : ranges) {
      if (low > from) others.emplace_back(from, low - 1);
      from = std::max(from, high + 1);
    }
    if (from <= 0x10FFFF) others.emplace_back(from, 0x10FFFF);
    ranges = std::move(others);
  }
  Grammar::Element single;  // all of ASCII in one element
  std::vector<std::vector<Grammar::Element>> alternatives;
  for (const auto& [low, high] : ranges)
    for (const auto& sequence : utf8_ranges(low, high)) {
      if (sequence.size() == 1) {
        single.bytes |= bytes(sequence[0].first, sequence[0].second).bytes;
        continue;
      }
      std::vector<Grammar::Element> alternative;
      for (const auto& [a, b] : sequence) alternative.push_back(bytes(a, b));
      alternatives.push_back(std::move(alternative));
    }
  if (single.bytes.any()) alternatives.push_back({single});
  if (alternatives.empty()) throw Failure({ErrorCode::corrupt, "grammar: a class of no characters"});
  return add(alternatives);
}

GrammarBuilder::Piece GrammarBuilder::sequence(const std::vector<Piece>& pieces) {
  std::vector<Grammar::Element> out;
  for (const Piece piece : pieces) out.push_back(of(piece));
  return add({out});
}

GrammarBuilder::Piece GrammarBuilder::choice(const std::vector<Piece>& pieces) {
  std::vector<std::vector<Grammar::Element>> out;
  for (const Piece piece : pieces) out.push_back({of(piece)});
  return add(out);
}

GrammarBuilder::Piece GrammarBuilder::repeat(Piece piece, int64_t min_count, int64_t max_count) {
  if (min_count < 0 || min_count > kMaxRepeats || max_count > kMaxRepeats || (max_count >= 0 && max_count < min_count))
    throw Failure({ErrorCode::unsupported, fmt::format("grammar: {} to {} times; up to {} are possible", min_count, max_count, kMaxRepeats)});
  Piece tail = -1;
  if (max_count < 0) {
    tail = declare();
    rules_[static_cast<size_t>(tail)] = {{of(piece), of(tail)}, {}};
    count(3);
  }
  for (int64_t i = min_count; i < max_count; ++i) tail = tail < 0 ? add({{of(piece)}, {}}) : add({{of(piece), of(tail)}, {}});
  std::vector<Grammar::Element> out(static_cast<size_t>(min_count), of(piece));
  if (tail >= 0) out.push_back(of(tail));
  return add({out});
}

GrammarBuilder::Piece GrammarBuilder::declare() {
  rules_.emplace_back();
  return static_cast<Piece>(rules_.size()) - 1;
}

void GrammarBuilder::define(Piece declared, Piece as) {
  rules_[static_cast<size_t>(declared)] = {{of(as)}};
  count(2);
}

/// Knuth's generalisation of Dijkstra's algorithm (1977): the shortest text that is not known to its end yet cannot become shorter.
std::vector<int64_t> GrammarBuilder::shortest_texts() const {
  struct Alternative {
    size_t rule, unknown;
    int64_t bytes;
  };
  std::vector<int64_t> shortest(rules_.size(), kEndless);
  std::vector<Alternative> alternatives;
  std::vector<std::vector<size_t>> uses(rules_.size());  // in which alternatives a rule stands, once for each time
  using Found = std::pair<int64_t, size_t>;
  std::priority_queue<Found, std::vector<Found>, std::greater<>> open;
  for (size_t r = 0; r < rules_.size(); ++r)
    for (const auto& elements : rules_[r]) {
      Alternative made{r, 0, 0};
      for (const auto& element : elements) {
        if (element.rule < 0)
          ++made.bytes;
        else
          ++made.unknown, uses[static_cast<size_t>(element.rule)].push_back(alternatives.size());
      }
      if (made.unknown == 0) open.emplace(made.bytes, r);
      alternatives.push_back(made);
    }
  while (!open.empty()) {
    const auto [bytes, rule] = open.top();
    open.pop();
    if (shortest[rule] < kEndless) continue;
    shortest[rule] = std::min(bytes, kEndless - 1);
    for (const size_t use : uses[rule]) {
      Alternative& alternative = alternatives[use];
      alternative.bytes = std::min(kEndless - 1, alternative.bytes + bytes);
      if (--alternative.unknown == 0) open.emplace(alternative.bytes, alternative.rule);
    }
  }
  return shortest;
}

std::shared_ptr<const Grammar> GrammarBuilder::build(Piece root) {
  const std::vector<int64_t> shortest = shortest_texts();
  if (shortest[static_cast<size_t>(root)] >= kEndless)
    throw Failure({ErrorCode::corrupt, "grammar: no text can ever be whole (a rule refers to itself without an end)"});
  // Left recursion: a rule that can come back to itself before a byte is read.
  enum : uint8_t { fresh, open, done };
  std::vector<uint8_t> mark(rules_.size(), fresh);
  struct Visit {
    size_t rule, alternative, element;
  };
  for (size_t start = 0; start < rules_.size(); ++start) {
    if (mark[start] != fresh) continue;
    std::vector<Visit> path{{start, 0, 0}};
    mark[start] = open;
    while (!path.empty()) {
      Visit& v = path.back();
      const auto& alternatives = rules_[v.rule];
      if (v.alternative >= alternatives.size()) {
        mark[v.rule] = done;
        path.pop_back();
        continue;
      }
      const auto& alternative = alternatives[v.alternative];
      if (v.element >= alternative.size() || alternative[v.element].rule < 0) {
        ++v.alternative;
        v.element = 0;
        continue;
      }
      const auto next = static_cast<size_t>(alternative[v.element].rule);
      if (shortest[next] == 0)
        ++v.element;
      else
        ++v.alternative, v.element = 0;
      if (mark[next] == open)
        throw Failure({ErrorCode::corrupt, "grammar: left recursion (a rule that begins with itself, or a repetition of something empty)"});
      if (mark[next] == fresh) {
        mark[next] = open;
        path.push_back({next, 0, 0});
      }
    }
  }
  auto out = std::make_shared<Grammar>();
  for (const auto& alternatives : rules_) {
    out->rules_.emplace_back();
    for (const auto& alternative : alternatives) {
      out->rules_.back().push_back(static_cast<int32_t>(out->elements_.size()));
      out->elements_.insert(out->elements_.end(), alternative.begin(), alternative.end());
      out->elements_.push_back({Grammar::kEnd, {}});
    }
  }
  out->shortest_ = shortest;
  out->root_ = root;
  return out;
}

GrammarAutomaton::GrammarAutomaton(std::shared_ptr<const Grammar> grammar)
    : grammar_(std::move(grammar)), budget_("grammar", {.bytes = kMaxGrammarBytes}, nullptr) {
  Closure closure;
  for (const int32_t first : grammar_->rules_[static_cast<size_t>(grammar_->root_)]) expand({first}, closure);
  start_ = intern(closure);
}

const std::vector<GrammarAutomaton::Stack>& GrammarAutomaton::beginnings(int32_t rule, int depth) {
  if (const auto found = beginnings_.find(rule); found != beginnings_.end()) return found->second;
  if (depth > static_cast<int>(kMaxDepth)) too_many_ways();
  std::set<Stack> out;
  for (int32_t at : grammar_->rules_[static_cast<size_t>(rule)])
    for (; !ends(at); ++at) {
      const int32_t inner = grammar_->elements_[static_cast<size_t>(at)].rule;
      if (inner < 0) {
        out.insert({at});
        break;
      }
      Stack below;
      if (!ends(at + 1)) below.push_back(at + 1);  // what to come back to
      for (const Stack& top : beginnings(inner, depth + 1)) {
        Stack whole = below;
        whole.insert(whole.end(), top.begin(), top.end());
        out.insert(std::move(whole));
        if (out.size() > kMaxStacks) too_many_ways();
      }
      if (grammar_->shortest_[static_cast<size_t>(inner)] > 0) break;  // else what stands behind it can come next as well
    }
  for (const Stack& stack : out) budget_.take(sizeof(Stack) + stack.size() * sizeof(int32_t));
  return beginnings_.emplace(rule, std::vector<Stack>(out.begin(), out.end())).first->second;
}

/// Replaces the rules on top of a stack by what they begin with, so that a byte is next in all of them.
void GrammarAutomaton::expand(Stack stack, Closure& to) {
  while (true) {
    while (!stack.empty() && ends(stack.back())) stack.pop_back();
    if (stack.empty()) {
      to.accepts = true;
      return;
    }
    const int32_t rule = grammar_->elements_[static_cast<size_t>(stack.back())].rule;
    if (rule < 0) {
      to.stacks.insert(std::move(stack));
      return;
    }
    if (!to.seen.insert(stack).second) return;
    if (to.seen.size() > kMaxStacks) too_many_ways();
    if (ends(++stack.back())) stack.pop_back();  // nothing to come back to
    for (const Stack& top : beginnings(rule, 0)) {
      if (to.stacks.size() > kMaxStacks || stack.size() + top.size() > kMaxDepth) too_many_ways();
      Stack whole = stack;
      whole.insert(whole.end(), top.begin(), top.end());
      to.stacks.insert(std::move(whole));
    }
    if (grammar_->shortest_[static_cast<size_t>(rule)] > 0) return;
  }
}

Grammar::State GrammarAutomaton::intern(const Closure& closure) {
  const bool accepts = closure.accepts;
  if (closure.stacks.empty() && !accepts) return Grammar::kDead;
  std::vector<Stack> stacks(closure.stacks.begin(), closure.stacks.end());
  auto& numbers = numbers_[accepts ? 1 : 0];
  if (const auto found = numbers.find(stacks); found != numbers.end()) return found->second;
  if (states_.size() >= kMaxStates) throw Failure({ErrorCode::over_budget, "grammar: too many states"});
  int64_t shortest = accepts ? 0 : kEndless;
  for (const Stack& stack : stacks) {
    int64_t sum = 0;
    for (const int32_t first : stack)
      for (auto e = static_cast<size_t>(first); grammar_->elements_[e].rule != Grammar::kEnd; ++e) {
        const int32_t rule = grammar_->elements_[e].rule;
        sum = std::min(kEndless, sum + (rule < 0 ? 1 : grammar_->shortest_[static_cast<size_t>(rule)]));
      }
    shortest = std::min(shortest, sum);
  }
  size_t bytes = sizeof(Known) + 64;  // a node of the map
  for (const Stack& stack : stacks) bytes += sizeof(Stack) + stack.size() * sizeof(int32_t);
  budget_.take(bytes);
  const auto number = static_cast<int32_t>(states_.size());
  states_.push_back({&numbers.emplace(std::move(stacks), number).first->first, accepts, shortest, nullptr});
  return number;
}

Grammar::State GrammarAutomaton::next(Grammar::State state, uint8_t byte) {
  if (state == Grammar::kDead) return Grammar::kDead;
  auto& table = states_[static_cast<size_t>(state)].next;
  if (!table) {
    budget_.take(sizeof(*table));
    table = std::make_unique<std::array<int32_t, 256>>();
    table->fill(kUnknown);
  }
  if (const int32_t known = (*table)[byte]; known != kUnknown) return known;
  stop_if_cancelled(current_cancel());
  Closure closure;
  for (const Stack& stack : *states_[static_cast<size_t>(state)].stacks) {
    if (!grammar_->elements_[static_cast<size_t>(stack.back())].bytes[byte]) continue;
    Stack after = stack;
    ++after.back();
    expand(std::move(after), closure);
  }
  const Grammar::State found = intern(closure);
  (*states_[static_cast<size_t>(state)].next)[byte] = found;
  return found;
}

bool GrammarAutomaton::matches(std::string_view text) {
  Grammar::State state = start_;
  for (const char c : text)
    if ((state = next(state, static_cast<uint8_t>(c))) == Grammar::kDead) return false;
  return accepts(state);
}

struct GrammarMask::Impl {
  std::shared_ptr<const Tokenizer> tokenizer;
  std::vector<int32_t> stops;
  GrammarAutomaton automaton;
  Grammar::State state;
  bool ended = false;

  /// The vocabulary's bytes as a tree, each node before its children: one walk reads the memory in order and leaps over what cannot come.
  struct Node {
    uint8_t byte;
    uint16_t depth;
    int32_t end;                  ///< behind the last node below this one
    int32_t first_token, tokens;  ///< in `words`
  };
  std::vector<Node> tree;
  std::vector<std::pair<std::string, int32_t>> words;  ///< sorted by bytes

  /// Which tokens can come in a state, and where they lead.
  struct Allowed {
    std::vector<std::pair<int32_t, Grammar::State>> tokens;
    int64_t farthest = 0;  ///< the largest `shortest` after any of them
  };
  std::map<Grammar::State, Allowed> allowed;
  size_t allowed_bytes = 0;  ///< of all of them

  Impl(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const Tokenizer> t, std::vector<int32_t> s)
      : tokenizer(std::move(t)), stops(std::move(s)), automaton(std::move(grammar)), state(automaton.start()) {
    for (int32_t token = 0; token < tokenizer->size(); ++token) {
      std::string bytes = tokenizer->bytes_of(token);
      const bool unknown = tokenizer->parts().kinds[static_cast<size_t>(token)] == TokenizerParts::Kind::unknown;
      if (!bytes.empty() && bytes.size() < 4096 && !unknown && std::find(stops.begin(), stops.end(), token) == stops.end())
        words.emplace_back(std::move(bytes), token);
    }
    std::sort(words.begin(), words.end());
    std::vector<int32_t> path;
    const auto close = [&](size_t depth) {
      for (; path.size() > depth; path.pop_back()) tree[static_cast<size_t>(path.back())].end = static_cast<int32_t>(tree.size());
    };
    for (size_t w = 0; w < words.size(); ++w) {
      const std::string& word = words[w].first;
      size_t same = 0;
      if (w > 0)
        while (same < word.size() && same < words[w - 1].first.size() && word[same] == words[w - 1].first[same]) ++same;
      close(same);
      for (size_t d = same; d < word.size(); ++d) {
        path.push_back(static_cast<int32_t>(tree.size()));
        tree.push_back({static_cast<uint8_t>(word[d]), static_cast<uint16_t>(d + 1), 0, static_cast<int32_t>(w), 0});
      }
      ++tree[static_cast<size_t>(path.back())].tokens;
    }
    close(0);
  }

  const Allowed& allowed_in(Grammar::State from) {
    if (const auto found = allowed.find(from); found != allowed.end()) return found->second;
    if (allowed.size() >= 256 || allowed_bytes > kMaxAllowedBytes) {
      allowed.clear();
      allowed_bytes = 0;
    }
    Allowed out;
    std::vector<Grammar::State> at(4097, from);
    for (size_t i = 0; i < tree.size();) {
      const Node& node = tree[i];
      const Grammar::State next = automaton.next(at[node.depth - 1U], node.byte);
      if (next == Grammar::kDead) {
        i = static_cast<size_t>(node.end);
        continue;
      }
      at[node.depth] = next;
      if (node.tokens) out.farthest = std::max(out.farthest, automaton.shortest(next));
      for (int32_t t = 0; t < node.tokens; ++t) out.tokens.emplace_back(words[static_cast<size_t>(node.first_token + t)].second, next);
      ++i;
    }
    allowed_bytes += out.tokens.capacity() * sizeof(out.tokens[0]);
    return allowed.emplace(from, std::move(out)).first->second;
  }
};

GrammarMask::GrammarMask() = default;
GrammarMask::~GrammarMask() = default;

Result<std::unique_ptr<GrammarMask>> GrammarMask::make(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const Tokenizer> tokenizer,
                                                       std::vector<int32_t> stop_tokens, int64_t max_tokens) {
  return guard([&]() -> Result<std::unique_ptr<GrammarMask>> {
    if (stop_tokens.empty()) return fail(ErrorCode::unsupported, "grammar: the model has no token that ends its text");
    std::unique_ptr<GrammarMask> out(new GrammarMask);
    out->impl_ = std::make_unique<Impl>(std::move(grammar), std::move(tokenizer), std::move(stop_tokens));
    const int64_t needed = out->impl_->automaton.shortest(out->impl_->state);
    if (needed > max_tokens) return fail(ErrorCode::invalid_argument, "grammar: the shortest text has {} bytes; {} tokens may not hold it", needed, max_tokens);
    return out;
  });
}

void GrammarMask::apply(std::span<float> logits, int64_t remaining) {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  PTAH_CHECK(logits.size() >= static_cast<size_t>(impl_->tokenizer->size()), "logits of {} tokens; the vocabulary has {}", logits.size(),
             impl_->tokenizer->size());
  const Impl::Allowed& allowed = impl_->allowed_in(impl_->state);
  const std::vector<float> before(logits.begin(), logits.end());
  std::fill(logits.begin(), logits.end(), kNever);
  bool any = false;
  const auto keep = [&](int32_t token) {
    const float logit = before[static_cast<size_t>(token)];
    logits[static_cast<size_t>(token)] = logit == kNever || logit != logit ? -1e30F : logit;
    any = true;
  };
  // One byte a token always gets on, so a text whose shortest end has no more bytes than tokens are left can still be made whole.
  const bool all = allowed.farthest < remaining;
  for (const auto& [token, after] : allowed.tokens)
    if (all || impl_->automaton.shortest(after) < remaining) keep(token);
  if (impl_->automaton.accepts(impl_->state))
    for (const int32_t stop : impl_->stops) keep(stop);
  if (!any) throw Failure({ErrorCode::unsupported, "grammar: the vocabulary has no token for what has to come next"});
}

void GrammarMask::accept(int32_t token) {
  if (std::find(impl_->stops.begin(), impl_->stops.end(), token) != impl_->stops.end()) {
    impl_->ended = true;
    return;
  }
  for (const char c : impl_->tokenizer->bytes_of(token)) impl_->state = impl_->automaton.next(impl_->state, static_cast<uint8_t>(c));
  PTAH_CHECK(impl_->state != Grammar::kDead, "token {} is outside the grammar", token);
}

bool GrammarMask::finished() const { return impl_->ended || (whole() && impl_->allowed_in(impl_->state).tokens.empty()); }
bool GrammarMask::whole() const { return impl_->automaton.accepts(impl_->state); }

}  // namespace ptah
