#include "contract/words/naming.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "own/keys.h"

namespace ptah {

namespace {

bool capital(const std::string& text) { return !text.empty() && ((text[0] >= 'A' && text[0] <= 'Z') || static_cast<unsigned char>(text[0]) >= 0x80); }

/// All letters capital, two to eleven of them: what symbols look like.
bool looks_like_symbol(const std::string& text) {
  if (text.size() < 2 || text.size() > 11) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }) && capital(text);
}

/// Capital letters that name no token of the writer's.
bool known_acronym(const std::string& text) {
  static const std::set<std::string_view> kKnown{"NFT",  "NFTS", "DAO",  "ETH", "USDC", "USDT", "DAI", "WETH", "EURC", "ERC", "ERC20", "ERC721", "ERC1155",
                                                 "APR",  "APY",  "MAX",  "MIN", "ICO",  "IPFS", "KYC", "ID",   "USD",  "EUR", "PYUSD", "USDS",   "LUSD",
                                                 "FRAX", "UTC",  "TV",   "UK",  "US",   "EU",   "OK",  "AND",  "OR",   "THE", "FOR",   "NO",     "NOT",
                                                 "ALL",  "ONE",  "WITH", "FAQ", "CEO",  "WBTC", "EVM", "BPS",  "EIP",  "DEX", "LP",    "PFP"};
  return kKnown.contains(text);
}

}  // namespace

std::string person_from(const RequestWords& words, size_t& token) {
  static const std::set<std::string_view> kEnds{"gets", "get", "receives", "receive", "takes",   "has",   "have",   "who",   "which", "that", "will",  "is",
                                                "are",  "and", "or",       "each",    "equally", "in",    "at",     "of",    "to",    "for",  "while", "with",
                                                "when", "if",  "after",    "by",      "then",    "share", "shares", "keeps", "keep",  "may",  "can",   "gets:"};
  const auto& all = words.tokens();
  std::string out;
  while (token < all.size() && (all[token].is("the") || all[token].is("a") || all[token].is("an") || all[token].is("our") || all[token].is("my") ||
                                all[token].is("its") || all[token].is("their") || all[token].is("both")))
    ++token;
  for (size_t count = 0; token < all.size() && count < 4; ++token, ++count) {
    const ContractToken& t = all[token];
    if (t.quoted && out.empty()) {
      out = t.text;
      ++token;
      break;
    }
    if (!t.is_word() || kEnds.contains(t.lower)) break;
    out += (out.empty() ? "" : " ") + t.text;
  }
  return out;
}

std::string person_before(const RequestWords& words, size_t token) {
  static const std::set<std::string_view> kStops{"the",     "a",        "an",       "our",   "my",    "its", "and",  "to",    "of",   "while",
                                                 "between", "with",     "then",     "split", "pays",  "pay", "give", "gives", "that", "where",
                                                 "so",      "contract", "splitter", "share", "among", "for", "is",   "are"};
  static const std::set<std::string_view> kVerbs{"gets", "get", "receives", "receive", "takes", "take", "has",    "have", "earns", "keeps", "keep",
                                                 "with", "at",  "holds",    "owns",    "is",    "will", "should", "must", "about", "of"};
  const auto& all = words.tokens();
  size_t i = token;
  while (i > 0 && (kVerbs.contains(all[i - 1].lower) || all[i - 1].is(":") || all[i - 1].is("(") || all[i - 1].is("-") || all[i - 1].is("="))) --i;
  std::string out;
  for (size_t count = 0; i > 0 && count < 3; ++count) {
    const ContractToken& t = all[i - 1];
    if (t.quoted && out.empty()) return t.text;
    if (!t.is_word() || kStops.contains(t.lower)) break;
    out = t.text + (out.empty() ? "" : " ") + out;
    --i;
  }
  return out;
}

void read_names(RequestWords& words, const ContractKind& kind, ContractSpec& spec) {
  const auto& all = words.tokens();
  const auto word_is = [&](size_t i, std::string_view text) { return i < all.size() && all[i].is(text); };
  // called X, named X, name it X, "The name is X", name: X
  for (size_t i = 0; i < all.size() && spec.name.empty(); ++i) {
    const ContractToken& t = all[i];
    const bool verb = t.is("called") || t.is("named") || t.is("call") || t.is("name") || t.is("titled") || t.is("entitled");
    if (!verb) continue;
    size_t j = i + 1;
    while (j < all.size() && (word_is(j, "it") || word_is(j, "is") || word_is(j, ":") || word_is(j, "them") || word_is(j, "the") || word_is(j, "=") ||
                              word_is(j, "should") || word_is(j, "be") || word_is(j, "token") || word_is(j, "this") || word_is(j, "will")))
      ++j;
    if (j >= all.size()) break;
    std::string name;
    size_t end = j;
    if (all[j].quoted) {
      name = all[j].text;
      end = j + 1;
    } else {
      for (; end < all.size() && end < j + 6 &&
             (capital(all[end].text) || (end > j && (all[end].is("of") || all[end].is("the") || all[end].is("and")) && end + 1 < all.size() &&
                                         capital(all[end + 1].text) && !looks_like_symbol(all[end + 1].text)));
           ++end) {
        if (end > j && looks_like_symbol(all[end].text) && !known_acronym(all[end].text)) break;
        name += (name.empty() ? "" : " ") + all[end].text;
      }
    }
    if (name.empty()) continue;
    spec.name = beginning(name, 80);
    for (size_t k = i; k < end; ++k) words.use_token(k);
  }
  // symbol X, ticker: X, (X)
  for (size_t i = 0; i < all.size() && spec.symbol.empty() && kind.has_symbol; ++i) {
    size_t j = i + 1;
    if (all[i].is("symbol") || all[i].is("ticker")) {
      while (j < all.size() &&
             (word_is(j, "is") || word_is(j, ":") || word_is(j, "=") || word_is(j, "the") || word_is(j, "should") || word_is(j, "be") || word_is(j, "of")))
        ++j;
      if (j < all.size() && (all[j].quoted || all[j].is_word()) && all[j].text.size() <= 11) {
        spec.symbol = all[j].text;
        words.use_token(j);
      }
    } else if (all[i].is("(") && j + 1 < all.size() && all[j + 1].is(")") && looks_like_symbol(all[j].text) && !known_acronym(all[j].text)) {
      spec.symbol = all[j].text;
      words.use_token(j);
    }
  }
  // The first text between quotation marks, unless editions are called by them.
  for (size_t i = 0; i < all.size() && spec.name.empty() && kind.name != "editions"; ++i)
    if (all[i].quoted && !all[i].text.empty()) {
      spec.name = beginning(all[i].text, 80);
      words.use_token(i);
    }
  // A word of capital letters.
  for (size_t i = 0; i < all.size() && spec.symbol.empty() && kind.has_symbol && (kind.name != "governor" || spec.has("supply")); ++i)
    if (!all[i].quoted && looks_like_symbol(all[i].text) && !known_acronym(all[i].text)) {
      spec.symbol = all[i].text;
      words.use_token(i);
    }
  if (spec.name.empty() && !spec.symbol.empty()) spec.name = spec.symbol;
}

void read_addresses(RequestWords& words, const ContractKind& kind, ContractSpec& spec, std::vector<ContractQuestion>& questions) {
  const auto& all = words.tokens();
  size_t signers = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const ContractToken& t = all[i];
    if (!t.address) {
      if (t.lower.starts_with("0x") && t.lower.size() > 8)
        questions.push_back({"addresses", fmt::format("'{}' is no address: 40 hex digits belong behind 0x.", t.text)});
      continue;
    }
    const auto address = parse_address(t.text);
    if (!address) {
      questions.push_back({"addresses", fmt::format("'{}' is mistyped: its capital letters are not those of its checksum (EIP-55).", t.text)});
      continue;
    }
    words.use_token(i);
    std::string whose;
    if (kind.name == "multisig") whose = fmt::format("signer{}", ++signers);
    if (kind.name == "splitter") continue;  // read with the shares
    // "USDC at 0x…"
    for (size_t back = 1; back <= 3 && back <= i && whose.empty(); ++back) {
      const ContractToken& before = all[i - back];
      const bool money = before.quantity && before.quantity->kind == QuantityKind::money && before.quantity->unit != "ETH";
      if (money || known_decimals(before.text)) whose = kind.name == "vesting" || kind.name == "reward" ? "token" : "currency";
      if (!before.quantity && (before.lower == "token" || before.lower == "tokens")) whose = kind.name == "governor" ? "votesToken" : "token";
    }
    double best = 0;
    if (whose.empty())
      for (const ContractRole& role : kind.roles) {
        const double near = words.nearness(role.cues, i);
        if (near > best) best = near, whose = role.name;
      }
    if (whose.empty()) {
      const auto parties = contract_parties(spec);
      if (parties.size() == 1) whose = parties[0].id;
    }
    if (whose == "fee_receiver") whose = "feeReceiver";
    if (whose.empty() || spec.addresses.contains(whose))
      questions.push_back({"addresses", fmt::format("Whose address is {}?", t.text)});
    else
      spec.addresses[whose] = to_string(*address);
  }
}

}  // namespace ptah
