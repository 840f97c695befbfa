#include "contract/checks.h"

#include <algorithm>

namespace ptah {

namespace {

class TermChecker {
 public:
  TermChecker(const ContractSpec& spec, const ContractKind& kind, std::vector<ContractQuestion>& questions) : spec_(spec), kind_(kind), questions_(questions) {}

  void check() {
    for (const auto& [name, term] : spec_.terms) one(name, term);
    for (const ContractItem& item : spec_.items)
      for (const auto& [name, term] : item.terms) one(name, term);
    for (const std::string& flag : spec_.flags)
      if (!kind_.flag(flag)) ask(flag, "'{}' is nothing that a {} can be", flag, kind_.title);
    currencies();
    between();
  }

 private:
  template <class... Args>
  void ask(std::string_view about, fmt::format_string<Args...> format, Args&&... args) {
    questions_.push_back({std::string(about), fmt::format(format, std::forward<Args>(args)...)});
  }
  double number(const char* name) const {
    const auto found = spec_.terms.find(name);
    return found == spec_.terms.end() ? -1 : found->second.value();
  }
  bool has(std::string_view name) const { return spec_.has(name); }

  static bool fits(TermType type, QuantityKind kind) {
    switch (type) {
      case TermType::count:
      case TermType::tokens:
        return kind == QuantityKind::count;
      case TermType::money:
        return kind == QuantityKind::money;
      case TermType::asset:
        return kind == QuantityKind::count || kind == QuantityKind::money;
      case TermType::duration:
        return kind == QuantityKind::duration;
      case TermType::share:
        return kind == QuantityKind::share;
      case TermType::share_or_money:
        return kind == QuantityKind::share || kind == QuantityKind::money;
      case TermType::share_or_tokens:
        return kind == QuantityKind::share || kind == QuantityKind::count;
      case TermType::date:
        return kind == QuantityKind::date;
    }
    return false;
  }
  /// One number by itself.
  void one(const std::string& name, const Quantity& q) {
    const ContractTerm* const term = kind_.term(name);
    if (!term) return ask(name, "a {} has no '{}'", kind_.title, name);
    if (!fits(term->type, q.kind)) return ask(name, "'{}' cannot be {}", q.text(), term->meaning);
    if (q.kind == QuantityKind::duration || q.kind == QuantityKind::date) {
      if (const auto seconds = seconds_of(q); !seconds) return ask(name, "{}", seconds.error().message);
    }
    if (q.kind == QuantityKind::share && !basis_points(q)) return ask(name, "'{}' is finer than a hundredth of a percent", q.text());
    if (term->type == TermType::count && q.number.find('.') != std::string::npos) return ask(name, "'{}' is no whole number ({})", q.text(), term->meaning);
    double min_value = term->min, max_value = term->max;
    if (term->type == TermType::share_or_money || term->type == TermType::share_or_tokens) {
      if (q.kind == QuantityKind::share) min_value = 0.01, max_value = 100;
    }
    if (q.value() < min_value || q.value() > max_value ||
        (min_value == 0 && q.value() <= 0 && term->min == 0 && name != "voting_delay" && name != "decimals")) {
      const bool time = q.kind == QuantityKind::duration;
      ask(name, "'{}' cannot be {}: {} to {}{} are possible", q.text(), term->meaning, time ? min_value / 86400 : min_value,
          time ? max_value / 86400 : max_value,
          time                            ? " days"
          : q.kind == QuantityKind::share ? " %"
                                          : "");
    }
    if (q.kind == QuantityKind::money && q.unit != "ETH") {
      if (q.unit == "USD" || q.unit == "EUR")
        ask(name, "'{}' is no money of a chain. Which token stands for it, USDC, DAI or EURC?", q.text());
      else if (const auto decimals = known_decimals(q.unit); decimals && !amount_literal(q, *decimals))
        ask(name, "'{}' has more places than {} has", q.text(), q.unit);
      else if (!decimals)
        ask(name, "How many decimals has {}? Known are ETH, USDC, USDT, DAI, WETH, EURC, PYUSD, USDS.", q.unit);
    }
    if (q.kind == QuantityKind::money && q.unit == "ETH" && !amount_literal(q, 18)) ask(name, "'{}' has more than 18 places", q.text());
    const bool tokens = term->type == TermType::tokens || term->type == TermType::asset || term->type == TermType::share_or_tokens;
    if (tokens && q.kind == QuantityKind::count && !amount_literal(q, decimals()))
      ask(name, "'{}' has more places than the {} of its token", q.text(), decimals());
  }
  int decimals() const { return kind_.name == "token" && spec_.terms.contains("decimals") ? static_cast<int>(number("decimals")) : spec_.token_decimals; }

  /// All money of a contract is of one kind.
  void currencies() {
    std::string first;
    bool counts = false;
    const auto look = [&](const std::string& name, const Quantity& q) {
      const ContractTerm* const term = kind_.term(name);
      if (term && term->type == TermType::asset && q.kind == QuantityKind::count) counts = true;
      if (q.kind != QuantityKind::money) return;
      if (first.empty()) first = q.unit;
      if (q.unit != first) ask(name, "Money is in {} and in {}. Which of them?", first, q.unit);
    };
    for (const auto& [name, term] : spec_.terms) look(name, term);
    for (const ContractItem& item : spec_.items)
      for (const auto& [name, term] : item.terms) look(name, term);
    if (counts && !first.empty()) ask("terms", "Some amounts are in {}, others without a currency. Which is it?", first);
  }

  void at_most(const char* a, const char* b) {
    if (number(a) >= 0 && number(b) >= 0 && number(a) > number(b))
      ask(a, "{} ({}) is more than {} ({})", kind_.term(a)->meaning, spec_.terms.at(a).text(), kind_.term(b)->meaning, spec_.terms.at(b).text());
  }
  /// Numbers against one another.
  void between() {
    const std::string_view kind = kind_.name;
    if (kind == "token") token();
    if (kind == "collection") {
      at_most("per_wallet", "max_supply");
      if (number("reserve") >= number("max_supply") && has("reserve")) ask("reserve", "The reserve leaves nothing to sell");
      if (has("per_wallet") && has("reserve") && number("per_wallet") > number("max_supply") - number("reserve"))
        ask("per_wallet", "One address may buy more than there is");
      for (const char* name : {"per_wallet", "reserve"})
        if (has(name) && !has("price")) ask("price", "{} was said, but no price. What does a token cost?", kind_.term(name)->meaning);
      if (has("allow_list") && !has("price")) ask("price", "There is a list of buyers, but no price. What does a token cost?");
    }
    if (kind == "editions") editions();
    if (kind == "vesting") {
      at_most("cliff", "duration");
      at_most("step", "duration");
    }
    if (kind == "escrow") {
      if (has("fee") && !has("arbiter")) ask("fee", "Whose is the fee of {}? There is no arbiter.", spec_.terms.at("fee").text());
      if (has("timeout_to_buyer") == has("timeout_to_seller"))
        ask("timeout", "When the time is over, who gets the money, the buyer or the seller? (`set` timeout=buyer)");
    }
    if (kind == "crowdfunding") {
      at_most("goal", "cap");
      at_most("minimum", "maximum");
      at_most("minimum", "goal");
      at_most("maximum", "cap");
      if (has("duration") == has("end")) ask("duration", "When does it end? Give a time (30 days) or a date, not both.");
      if (has("minimum") && has("cap") && number("cap") - number("goal") < number("minimum") && number("cap") != number("goal")) return;
    }
    if (kind == "auction") {
      if (has("dutch") && number("end_price") >= number("start_price") && has("start_price") && has("end_price"))
        ask("end_price", "The price has to fall: {} is not below {}", spec_.terms.at("end_price").text(), spec_.terms.at("start_price").text());
      at_most("extension", "duration");
    }
    if (kind == "staking") {
      if (has("reward") == has("apr"))
        ask("reward",
            "What do people earn? Say how many tokens they share over what time (100,000 tokens over 90 days), or a yearly rate (8 % a year), one of the two.");
      if (has("reward") && !has("duration")) ask("duration", "Over how long is the reward given out?");
      if (has("apr") && has("duration")) ask("duration", "A yearly rate has no end. What does {} mean?", spec_.terms.at("duration").text());
    }
    if (kind == "splitter") shares();
    if (kind == "multisig") {
      at_most("threshold", "owners");
      at_most("delay", "expiry");
    }
    if (kind == "sale") {
      at_most("per_wallet", "total");
      at_most("list_only", "duration");
      if (has("list_only") && !has("allow_list")) ask("list_only", "Who is on the list? There is none.");
    }
    if (kind == "reward") {
      at_most("reward", "reader_cap");
      at_most("reader_cap", "epoch_cap");
      at_most("epoch_cap", "budget");
    }
    if (kind == "governor" && has("supply") && has("threshold") && spec_.terms.at("threshold").kind == QuantityKind::count) at_most("threshold", "supply");
  }
  void token() {
    if (has("mintable") && !has("cap"))
      ask("cap", "More tokens can be made. What is the most that may ever exist? Without a cap whoever mints could make everybody's tokens worthless.");
    if (!has("mintable") && has("cap") && number("cap") != number("supply"))
      ask("cap", "Up to {} tokens may exist, but nobody can make any. Can the owner make more?", spec_.terms.at("cap").text());
    at_most("supply", "cap");
  }
  void editions() {
    if (spec_.items.empty()) ask("copies", "How many copies of each edition are there?");
    bool priced = false, free = false;
    for (const ContractItem& item : spec_.items) (item.terms.contains("price") ? priced : free) = true;
    if (priced && free) ask("price", "Some editions have a price and some have none. What do the others cost?");
    for (const ContractItem& item : spec_.items)
      if (!item.terms.contains("copies")) ask("copies", "How many copies of '{}' are there?", item.title);
    if (has("per_wallet") && !priced) ask("price", "Copies for each buyer are limited, but there is no price. What does a copy cost?");
  }
  void shares() {
    if (spec_.items.size() < 2) return ask("share", "{}", kind_.terms[0].question);
    double sum = 0;
    bool parts = true, percents = true;
    for (const ContractItem& item : spec_.items) {
      const auto found = item.terms.find("share");
      const auto part = item.terms.find("part");
      if (found != item.terms.end()) sum += found->second.value();
      percents = percents && found != item.terms.end();
      parts = parts && part != item.terms.end();
    }
    if (parts == percents) return ask("share", "{}", kind_.terms[0].question);
    if (percents && std::abs(sum - 100) > 1e-9) ask("share", "The shares are {} % together, not 100 %. Who gets how much?", sum);
  }

  const ContractSpec& spec_;
  const ContractKind& kind_;
  std::vector<ContractQuestion>& questions_;
};

}  // namespace

void check_terms(const ContractSpec& spec, const ContractKind& kind, std::vector<ContractQuestion>& questions) { TermChecker(spec, kind, questions).check(); }

std::vector<ContractQuestion> complete_spec(ContractSpec& spec, std::vector<std::string>* assumed) {
  std::vector<ContractQuestion> out;
  const ContractKind* const kind = find_contract_kind(spec.kind);
  if (!kind) {
    std::string names;
    for (const ContractKind& known : contract_kinds()) names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", known.name, known.summary);
    out.push_back({"kind", "Which kind of contract is it? There are: " + names + "."});
    return out;
  }
  const auto assume = [&](std::string text) {
    if (assumed) assumed->push_back(std::move(text));
  };
  if (spec.name.empty()) {
    spec.name = kind->title;
    assume(fmt::format("It is called \"{}\", as no name was said.", spec.name));
  }
  if (spec.symbol.empty() && kind->has_symbol && (spec.kind != "governor" || spec.has("supply"))) {
    for (const char c : spec.name)
      if (c >= 'A' && c <= 'Z' && spec.symbol.size() < 5) spec.symbol += c;
    if (spec.symbol.size() < 2) {
      spec.symbol.clear();
      for (const char c : spec.name)
        if (((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) && spec.symbol.size() < 4)
          spec.symbol += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    if (spec.symbol.empty()) spec.symbol = "TOKEN";
    assume(fmt::format("Its symbol is {}, made from the name, as none was said.", spec.symbol));
  }
  for (const ContractTerm& term : kind->terms) {
    const bool in_items = (spec.kind == "editions" && (term.name == "copies" || term.name == "price")) || spec.kind == "splitter";
    const bool of_other_auction = spec.kind == "auction" && (spec.has("dutch") ? term.name == "reserve" || term.name == "increment"
                                                                               : term.name == "start_price" || term.name == "end_price");
    if (spec.has(term.name) || in_items || of_other_auction) continue;
    if (term.name == "max_pause" && !spec.has("pausable")) continue;
    if (!term.usual.empty()) {
      const auto usual = parse_quantity(term.usual);
      if (usual) spec.terms[std::string(term.name)] = *usual;
      assume(fmt::format("{} is {}, as nothing else was said ({}).", term.name, term.usual, term.meaning));
    } else if (!term.question.empty()) {
      out.push_back({std::string(term.name), std::string(term.question)});
    }
  }
  check_terms(spec, *kind, out);
  return out;
}

}  // namespace ptah
