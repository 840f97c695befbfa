#include "contract/words/unread.h"

#include <algorithm>
#include <set>

namespace ptah {

namespace {

/// Wishes that come up and that no template has; each is named with what to do.
struct NotOffered {
  std::string_view cues;
  std::string_view text;
};
constexpr NotOffered kNotOffered[] = {
    {"upgradeable|upgradable|upgraded|proxy|uups|upgrade the contract|can be upgraded|upgrades",
     "Should the contract be changeable later (upgradeable)? Ptah writes contracts that cannot be changed, as who could change one could take everything. "
     "Leave it out with `ignore`, or write a new contract when you need one."},
    {"chainlink|oracle|price feed|vrf", "An oracle is asked for. Ptah's contracts use none; leave it out with `ignore`."},
    {"lottery|raffle|random winner|lucky draw|dice|coin flip|casino",
     "A game of chance is asked for. There is no safe randomness in these contracts; leave it out with `ignore`."},
    {"airdrop|airdrops|air drop", "An airdrop is asked for. Mint or send the tokens yourself, or use an allow-list sale; leave it out with `ignore`."},
    {"uniswap|liquidity pool|amm|dex|flash loan|lending|borrow|collateral",
     "Trading, lending and pools are asked for. Ptah writes none of them; leave it out with `ignore`."},
    {"cross-chain|bridge|layerzero|multichain|wormhole", "A bridge between chains is asked for. Ptah writes none; leave it out with `ignore`."},
    {"max wallet|maximum wallet|anti-whale|anti whale|cooldown between|anti-bot|anti bot",
     "A limit on what a wallet may hold is asked for. Ptah's tokens have none; leave it out with `ignore`."},
    {"rebase|rebasing|reflection|reflections|auto-burn|burned on each transfer|burn on each transfer|burned on every transfer|deflationary",
     "A supply that changes with each transfer is asked for. Ptah's tokens only take a fee for one receiver; leave it out with `ignore`."},
};

/// Words that say little by themselves.
const std::set<std::string_view>& common_words() {
  static const std::set<std::string_view> words{
      "a",       "an",       "the",     "and",    "or",       "but",       "of",      "to",       "in",       "on",        "at",       "by",      "for",
      "from",    "with",     "without", "as",     "is",       "are",       "was",     "be",       "been",     "it",        "its",      "this",    "that",
      "these",   "those",    "there",   "their",  "they",     "them",      "we",      "our",      "us",       "i",         "me",       "my",      "you",
      "your",    "he",       "she",     "his",    "her",      "who",       "whom",    "which",    "what",     "when",      "while",    "then",    "than",
      "so",      "if",       "after",   "before", "during",   "until",     "till",    "each",     "every",    "all",       "any",      "some",    "more",
      "most",    "less",     "least",   "no",     "not",      "only",      "also",    "please",   "make",     "makes",     "create",   "creates", "write",
      "need",    "needs",    "want",    "wants",  "would",    "like",      "should",  "must",     "can",      "could",     "may",      "might",   "will",
      "shall",   "do",       "does",    "have",   "has",      "had",       "get",     "gets",     "give",     "gives",     "given",    "go",      "goes",
      "take",    "takes",    "let",     "lets",   "contract", "contracts", "smart",   "solidity", "ethereum", "chain",     "on-chain", "onchain", "blockchain",
      "token",   "tokens",   "eth",     "ether",  "money",    "amount",    "amounts", "people",   "person",   "everybody", "everyone", "anybody", "anyone",
      "nobody",  "somebody", "someone", "owner",  "owners",   "name",      "named",   "called",   "call",     "symbol",    "ticker",   "new",     "own",
      "per",     "up",       "out",     "over",   "into",     "up",        "down",    "back",     "just",     "about",     "within",   "between", "one",
      "two",     "both",     "other",   "others", "same",     "time",      "times",   "day",      "days",     "first",     "last",     "end",     "ends",
      "start",   "starts",   "begin",   "begins", "run",      "runs",      "hold",    "holds",    "holders",  "holder",    "pay",      "pays",    "paid",
      "payment", "payments", "price",   "cost",   "costs",    "set",       "sets",    "use",      "uses",     "used",      "keep",     "kept",    "here",
      "now",     "ever",     "never",   "be",     "being",    "because",   "such",    "very",     "well",     "simple",    "standard", "basic",   "help",
      "thanks",  "thank",    "where",   "how",    "has",      "s",         "allow",   "allows",   "allowed",  "able",      "enough",   "least",   "total",
      "maximum", "minimum",  "max",     "min"};
  return words;
}

bool says_a_wish(const RequestWords& words, size_t begin, size_t end) {
  static const std::set<std::string_view> kWishes{"must",    "should", "shall",  "cannot",    "can",     "may",      "never",    "always",
                                                  "only",    "unless", "except", "if",        "require", "requires", "required", "automatically",
                                                  "instead", "able",   "ensure", "forbidden", "allowed", "whenever", "every",    "also"};
  for (size_t i = begin; i < end; ++i)
    if (kWishes.contains(words.tokens()[i].lower)) return true;
  return false;
}

/// Whether a clause forbids something or keeps it for somebody.
bool says_a_bound(const RequestWords& words, size_t begin, size_t end) {
  static const std::set<std::string_view> kBounds{"must", "cannot", "can't", "only", "never", "nobody", "alone", "except", "unless", "mustn't", "forbidden"};
  for (size_t i = begin; i < end; ++i)
    if (kBounds.contains(words.tokens()[i].lower)) return true;
  return false;
}

/// Every word that some cue of a kind has.
std::set<std::string_view> words_of_kind(const ContractKind& kind) {
  std::set<std::string_view> out;
  const auto add = [&](std::string_view list) {
    for (const CuePhrase& cue : cues_in(list))
      for (const std::string_view word : phrase_words(cue.phrase)) out.insert(word);
  };
  add(kind.cues);
  for (const ContractTerm& term : kind.terms) add(term.cues);
  for (const ContractFlag& flag : kind.flags) add(flag.cues), add(flag.contrary);
  for (const ContractRole& role : kind.roles) add(role.cues);
  return out;
}

}  // namespace

void read_unread(RequestWords& words, const ContractKind& kind, ContractReading& out) {
  for (const NotOffered& known : kNotOffered)
    if (words.says(known.cues)) out.questions.push_back({"words", std::string(known.text)});
  const auto& all = words.tokens();
  const auto of_kind = words_of_kind(kind);
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin;
    while (end < all.size() && words.clause(end) == words.clause(begin)) ++end;
    size_t known = 0, unknown = 0, numbers = 0, read = 0;
    std::string text;
    for (size_t i = begin; i < end; ++i) {
      if ((all[i].quantity && !all[i].soft) || all[i].address) ++numbers;
      if (words.used(i) && !all[i].soft) ++read;
      if (all[i].is_word() && words.used(i))
        ++known;
      else if (all[i].is_word() && !common_words().contains(all[i].lower))
        (of_kind.contains(all[i].lower) ? known : unknown) += 1;
      const bool edge = all[i].lower.size() == 1 && !all[i].is_word() && !all[i].quantity && (i == begin || i + 1 == end);
      if (!edge) text += (text.empty() || (i > 0 && all[i].begin == all[i - 1].end) ? "" : " ") + all[i].text;
    }
    // Words of the kind alone are not understood yet where something is forbidden or reserved for somebody.
    const bool bounds = read == 0 && unknown >= 1 && says_a_bound(words, begin, end);
    if (numbers == 0 && ((unknown >= 2 && known == 0) || bounds)) {
      if (text.starts_with("and ")) text.erase(0, 4);
      if (says_a_wish(words, begin, end))
        out.questions.push_back({"words", fmt::format("'{}' is not understood. Say it in other words, or leave it out with `ignore` \"{}\".", text, text)});
      else
        out.unused.push_back(text);
    }
    begin = end;
  }
}

}  // namespace ptah
