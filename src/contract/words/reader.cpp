#include "contract/words/reader.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "contract/words/lists.h"
#include "contract/words/naming.h"
#include "contract/words/unread.h"
#include "own/keys.h"

namespace ptah {

namespace {

constexpr double kMinLead = 0.75, kMinScore = 1.5;

/// Scores of all kinds.
std::vector<double> kind_scores(const RequestWords& words) {
  std::vector<double> out;
  // Parts that make a hundred percent are somebody's shares.
  double percent = 0;
  size_t parts = 0;
  for (const ContractToken& token : words.tokens())
    if (token.quantity && token.quantity->kind == QuantityKind::share) percent += token.quantity->value(), ++parts;
  for (const ContractKind& kind : contract_kinds())
    out.push_back(words.weight(kind.cues) + (kind.name == "splitter" && parts >= 2 && std::abs(percent - 100) < 1e-9 ? 3 : 0));
  return out;
}

/// Puts the quantities of a request into the terms of a kind.
class TermReader {
 public:
  TermReader(RequestWords& words, const ContractKind& kind, ContractReading& out)
      : words_(words), kind_(kind), out_(out), taken_(words.tokens().size(), false) {
    for (size_t i = 0; i < taken_.size(); ++i) taken_[i] = words.used(i);  // names
  }

  void read() {
    for (size_t i = 0; i < taken_.size(); ++i) taken_[i] = taken_[i] || names_a_standard(i);
    flags();
    if (kind_.name == "editions") read_editions(words_, out_.spec, taken_);
    if (kind_.name == "splitter") read_shares(words_, out_.spec, taken_);
    if (kind_.name == "multisig") read_owners(words_, out_.spec, taken_);
    token_decimals();
    by_cues();
    by_place();
    settle();
    leftovers();
  }

 private:
  const std::vector<ContractToken>& all() const { return words_.tokens(); }
  ContractSpec& spec() { return out_.spec; }

  void flags() {
    for (const ContractFlag& flag : kind_.flags) {
      if (!flag.contrary.empty() && said(flag.contrary)) continue;
      if (said(flag.cues, true)) spec().flags.insert(std::string(flag.name));
    }
    if (spec().has("timeout_to_buyer") && spec().has("timeout_to_seller")) nearer_timeout();
  }
  /// Whether a phrase stands there; marks it as understood.
  bool said(std::string_view list, bool not_negated = false) {
    bool out = false;
    for (const CuePhrase& cue : cues_in(list))
      for (const auto& place : words_.find(cue.phrase)) {
        if (not_negated && words_.negated(place)) continue;
        words_.use(place);
        out = true;
      }
    return out;
  }
  /// Both are spoken of; what stands nearest to the time is meant.
  void nearer_timeout() {
    double best[2] = {0, 0};
    for (size_t i = 0; i < all().size(); ++i)
      if (all()[i].quantity && all()[i].quantity->kind == QuantityKind::duration) {
        best[0] = std::max(best[0], words_.nearness(kind_.flag("timeout_to_buyer")->cues, i));
        best[1] = std::max(best[1], words_.nearness(kind_.flag("timeout_to_seller")->cues, i));
      }
    if (best[0] > best[1])
      spec().flags.erase("timeout_to_seller");
    else if (best[1] > best[0])
      spec().flags.erase("timeout_to_buyer");
  }

  /// "with 6 decimals", where amounts are of somebody else's token; "no decimals", where they are of its own.
  void token_decimals() {
    if (kind_.term("decimals")) {
      if (said("no decimals|without decimals|no decimal places|without decimal places|no fractions|cannot be divided|not divisible|whole points only"))
        spec().terms["decimals"] = {QuantityKind::count, "0", ""};
      return;
    }
    for (size_t i = 0; i < all().size(); ++i)
      if (all()[i].quantity && all()[i].quantity->kind == QuantityKind::count && all()[i].noun.starts_with("decimal") && all()[i].quantity->value() <= 18) {
        spec().token_decimals = static_cast<int>(all()[i].quantity->value());
        taken_[i] = true;
      }
  }

  /// Whether a term may be read from a quantity.
  bool fits(const ContractTerm& term, const Quantity& q) const {
    if (kind_.name == "auction") {
      const bool dutch = out_.spec.has("dutch");
      if (dutch ? term.name == "reserve" || term.name == "increment" || term.name == "extension" : term.name == "start_price" || term.name == "end_price")
        return false;
    }
    if (kind_.name == "editions" && (term.name == "copies" || term.name == "price")) return false;
    if (kind_.name == "splitter") return false;
    if (term.name == "max_pause" && !out_.spec.has("pausable")) return false;
    switch (term.type) {
      case TermType::count:
      case TermType::tokens:
        return q.kind == QuantityKind::count;
      case TermType::money:
        return q.kind == QuantityKind::money;
      case TermType::asset:
        return q.kind == QuantityKind::count || q.kind == QuantityKind::money;
      case TermType::duration:
        return q.kind == QuantityKind::duration;
      case TermType::share:
        return q.kind == QuantityKind::share;
      case TermType::share_or_money:
        return q.kind == QuantityKind::share || q.kind == QuantityKind::money;
      case TermType::share_or_tokens:
        return q.kind == QuantityKind::share || q.kind == QuantityKind::count;
      case TermType::date:
        return q.kind == QuantityKind::date;
    }
    return false;
  }

  struct Candidate {
    double score;
    size_t token;
    const ContractTerm* term;
  };
  /// The best pairs of quantities and terms first.
  void by_cues() {
    std::vector<Candidate> candidates;
    for (size_t i = 0; i < all().size(); ++i) {
      const ContractToken& t = all()[i];
      if (!t.quantity || taken_[i]) continue;
      for (const ContractTerm& term : kind_.terms) {
        if (!fits(term, *t.quantity) || spec().terms.contains(std::string(term.name))) continue;
        double score = words_.nearness(term.cues, i);
        if (t.each && (term.name == "period" || term.name == "epoch" || term.name == "step"))
          score += 2.5;
        else if (t.each)
          score *= 0.3;
        if (t.soft && !t.each && score < 1.8) continue;
        // "one reader earns …" is no amount.
        if (t.soft && !t.each && (term.type == TermType::asset || term.type == TermType::tokens || term.name == "max_supply") && !t.noun.starts_with("token"))
          continue;
        if (score > 0.45) candidates.push_back({score, i, &term});
      }
    }
    std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    for (const Candidate& c : candidates) take(c.token, *c.term);
  }
  void take(size_t token, const ContractTerm& term) {
    const std::string name(term.name);
    if (taken_[token] || spec().terms.contains(name)) return;
    spec().terms[name] = *all()[token].quantity;
    taken_[token] = true;
  }
  /// What is needed and has no cue gets the first quantity that is left.
  void by_place() {
    for (const ContractTerm& term : kind_.terms) {
      const bool wanted = !term.question.empty() || (kind_.name == "crowdfunding" && term.name == "duration" && !spec().has("end")) ||
                          (kind_.name == "staking" && term.name == "duration" && spec().has("reward"));
      if (!wanted || spec().has(term.name)) continue;
      for (size_t i = 0; i < all().size(); ++i) {
        const ContractToken& t = all()[i];
        if (t.quantity && !taken_[i] && !t.soft && fits(term, *t.quantity)) {
          take(i, term);
          break;
        }
      }
    }
    // Money, a share or a date that only one term of the kind can be.
    for (size_t i = 0; i < all().size(); ++i) {
      const ContractToken& t = all()[i];
      if (!t.quantity || taken_[i] || t.soft || t.quantity->kind == QuantityKind::count || t.quantity->kind == QuantityKind::duration) continue;
      const ContractTerm* only = nullptr;
      size_t possible = 0;
      for (const ContractTerm& term : kind_.terms)
        if (fits(term, *t.quantity)) only = &term, ++possible;
      if (possible == 1) take(i, *only);
    }
  }

  /// What words mean in one kind only.
  void settle() {
    // "prepaid for at most six months", where a period is a month.
    if (kind_.name == "subscription" && !spec().has("max_periods") && spec().has("period")) {
      for (size_t i = 0; i < all().size(); ++i) {
        const ContractToken& t = all()[i];
        if (!t.quantity || taken_[i] || t.quantity->kind != QuantityKind::duration || words_.nearness(kind_.term("max_periods")->cues, i) < 1) continue;
        const auto whole = seconds_of(*t.quantity), one = seconds_of(spec().terms["period"]);
        if (!whole || !one || *one <= 0) continue;
        // A year has twelve months, though a month counts 30 days.
        const bool years = t.quantity->unit == "year" && spec().terms["period"].unit == "month";
        const double months = years ? 12 * std::strtod(t.quantity->number.c_str(), nullptr) / std::strtod(spec().terms["period"].number.c_str(), nullptr) : 0;
        if (years ? months != std::floor(months) : *whole % *one != 0) continue;
        spec().terms["max_periods"] = {QuantityKind::count, years ? fmt::format("{:.0f}", months) : std::to_string(*whole / *one), ""};
        taken_[i] = true;
      }
    }
    // "the first 3 days only for the list, then 11 more days, 14 in all"
    if (kind_.name == "sale" && spec().has("list_only") && spec().has("duration"))
      for (size_t i = 0; i < all().size(); ++i)
        if (all()[i].quantity && all()[i].quantity->kind == QuantityKind::duration &&
            all()[i].quantity->value() == spec().terms["duration"].value() - spec().terms["list_only"].value())
          taken_[i] = true;
    if (kind_.name == "collection" && !spec().has("allow_list") && !spec().has("price")) spec().terms.erase("per_wallet");
    if (kind_.name == "editions" && spec().items.empty()) spec().terms.erase("per_wallet");
    // "Two photographs: …"
    if (kind_.name == "editions" && spec().items.size() > 1)
      for (size_t i = 0; i < all().size(); ++i)
        if (!taken_[i] && all()[i].quantity && *all()[i].quantity == Quantity{QuantityKind::count, std::to_string(spec().items.size()), ""}) taken_[i] = true;
    if (kind_.name == "governor" && spec().has("supply") && !words_.says("own token|its own|new token|supply|with a token|brings")) {
      // Amounts of a token that is there already are votes, not a supply.
      for (size_t i = 0; i < all().size(); ++i)
        if (all()[i].quantity && *all()[i].quantity == spec().terms["supply"]) taken_[i] = false;
      spec().terms.erase("supply");
    }
  }

  /// Numbers that nothing was made of.
  void leftovers() {
    for (size_t i = 0; i < all().size(); ++i) {
      const ContractToken& t = all()[i];
      if (!t.quantity) continue;
      words_.use_token(i);
      if (taken_[i] || t.soft || t.each) continue;
      const bool again = std::any_of(spec().terms.begin(), spec().terms.end(), [&](const auto& term) { return same(term.second, *t.quantity); });
      const bool listed = std::any_of(spec().items.begin(), spec().items.end(), [&](const ContractItem& item) {
        return std::any_of(item.terms.begin(), item.terms.end(), [&](const auto& term) { return same(term.second, *t.quantity); });
      });
      if (again || listed || harmless(i)) continue;
      out_.questions.push_back({"words", fmt::format("What is '{}' for? Say it in other words, or leave it out with `ignore` \"{}\".", t.text, t.text)});
    }
  }
  static bool same(const Quantity& a, const Quantity& b) {
    return a.kind == b.kind && (a == b || (a.unit == b.unit && a.value() == b.value()) || (a.kind == QuantityKind::duration && a.value() == b.value()));
  }
  /// The 20 of "an ERC-20".
  bool names_a_standard(size_t i) const {
    const auto standard = [&](size_t at) { return all()[at].lower == "erc" || all()[at].lower == "eip"; };
    return all()[i].quantity && ((i >= 1 && standard(i - 1)) || (i >= 2 && all()[i - 1].is("-") && standard(i - 2)));
  }
  /// "an ERC-20", "one NFT", "two of them": numbers that say nothing.
  bool harmless(size_t i) const {
    const ContractToken& t = all()[i];
    if (t.quantity->kind != QuantityKind::count) return false;
    if (t.quantity->number == "0" || t.quantity->number == "1") return true;
    if (names_a_standard(i)) return true;
    // "2 decimals" of a currency, "all three people"
    return t.noun.starts_with("decimal") ||
           (t.quantity->value() <= 12 &&
            (t.noun.starts_with("of us") || t.noun.starts_with("of them") || t.noun.starts_with("people") || t.noun.starts_with("friends") ||
             t.noun.starts_with("persons") || t.noun.starts_with("parties") || t.noun.starts_with("sides")));
  }

  RequestWords& words_;
  const ContractKind& kind_;
  ContractReading& out_;
  std::vector<bool> taken_;
};

/// "goal=50 ETH" → goal, 50 ETH.
Result<std::pair<std::string, std::string>> answer_parts(const std::string& answer) {
  const size_t equals = answer.find('=');
  if (equals == std::string::npos || equals == 0) return fail(ErrorCode::invalid_argument, "`set` takes NAME=VALUE, as goal=50 ETH; '{}' is none", answer);
  return std::pair{std::string(trimmed(answer.substr(0, equals))), std::string(trimmed(answer.substr(equals + 1)))};
}

}  // namespace

std::string kind_by_rules(const std::string& words, double* lead) {
  const RequestWords request(contract_tokens(words));
  const auto scores = kind_scores(request);
  size_t best = 0;
  for (size_t i = 1; i < scores.size(); ++i)
    if (scores[i] > scores[best]) best = i;
  double second = 0;
  for (size_t i = 0; i < scores.size(); ++i)
    if (i != best) second = std::max(second, scores[i]);
  if (lead) *lead = scores[best] - second;
  return scores[best] >= kMinScore && scores[best] - second >= kMinLead ? std::string(contract_kinds()[best].name) : std::string();
}

Result<void> apply_answers(ContractSpec& spec, const std::vector<std::string>& answers) {
  for (const std::string& answer : answers) {
    PTAH_TRY(const auto parts, answer_parts(answer));
    const auto& [name, value] = parts;
    const ContractKind* const kind = find_contract_kind(spec.kind);
    if (name == "kind") {
      if (!find_contract_kind(value)) {
        std::vector<std::string> known;
        for (const ContractKind& one : contract_kinds()) known.emplace_back(one.name);
        return unknown_name("kind of contract", value, known);
      }
      spec.kind = value;
    } else if (name == "name") {
      spec.name = beginning(value, 80);
    } else if (name == "symbol") {
      spec.symbol = beginning(value, 11);
    } else if (name == "timeout") {
      if (value != "buyer" && value != "seller") return fail(ErrorCode::invalid_argument, "`set`: timeout=buyer and timeout=seller are possible");
      spec.flags.erase("timeout_to_buyer");
      spec.flags.erase("timeout_to_seller");
      spec.flags.insert("timeout_to_" + value);
    } else if (name == "token_decimals") {
      PTAH_TRY(const Quantity q, parse_quantity(value));
      if (q.kind != QuantityKind::count || q.value() > 18 || q.value() != std::floor(q.value()))
        return fail(ErrorCode::invalid_argument, "`set`: token_decimals=0 to 18 are possible");
      spec.token_decimals = static_cast<int>(q.value());
    } else if (value.starts_with("0x")) {
      const auto address = parse_address(value);
      if (!address) return fail(ErrorCode::invalid_argument, "`set`: {}: {}", name, address.error().message);
      spec.addresses[name] = to_string(*address);
    } else if (kind && kind->flag(name)) {
      if (value != "yes" && value != "no") return fail(ErrorCode::invalid_argument, "`set`: {0}=yes and {0}=no are possible", name);
      if (value == "yes")
        spec.flags.insert(name);
      else
        spec.flags.erase(name);
    } else if (kind && kind->term(name)) {
      if (value.empty() || value == "none") {
        spec.terms.erase(name);
        continue;
      }
      auto quantity = parse_quantity(value);
      if (!quantity) return fail(ErrorCode::invalid_argument, "`set`: {}: {}", name, quantity.error().message);
      // All editions cost the same, or have as many copies.
      if (spec.kind == "editions" && (name == "price" || name == "copies")) {
        for (ContractItem& item : spec.items) item.terms[name] = *quantity;
      } else {
        spec.terms[name] = *quantity;
      }
    } else {
      std::vector<std::string> known{"kind", "name", "symbol", "token_decimals"};
      if (kind) {
        for (const ContractTerm& term : kind->terms) known.emplace_back(term.name);
        for (const ContractFlag& flag : kind->flags) known.emplace_back(flag.name);
        if (spec.kind == "escrow") known.emplace_back("timeout");
      }
      return unknown_name("answer", name, known);
    }
  }
  return {};
}

Result<ContractReading> read_contract(const std::string& words, const ReadingOptions& options) {
  if (trimmed(words).empty()) return fail(ErrorCode::invalid_argument, "nothing was said of the contract");
  if (words.size() > kMaxContractWords) return fail(ErrorCode::invalid_argument, "the request has {} bytes; {} are read", words.size(), kMaxContractWords);
  if (invalid_utf8_at(words) != std::string::npos) return fail(ErrorCode::invalid_argument, "the request is no UTF-8 text");
  if (const auto harm = harmful_request(words)) return fail(ErrorCode::unsupported, "Ptah does not write this contract ({}): {}", harm->rule, harm->reason);
  std::string text = words;
  for (const std::string& part : options.ignore) {
    const size_t at = part.empty() ? std::string::npos : text.find(part);
    if (at == std::string::npos) return fail(ErrorCode::invalid_argument, "`ignore`: '{}' does not stand in the request", part);
    text.replace(at, part.size(), " ");
  }
  ContractReading out;
  std::vector<std::string> answers;
  for (const std::string& answer : options.set) {
    PTAH_TRY(const auto parts, answer_parts(answer));
    if (parts.first == "kind") {
      PTAH_TRY_VOID(apply_answers(out.spec, {answer}));
    } else {
      answers.push_back(answer);
    }
  }
  if (out.spec.kind.empty()) out.spec.kind = kind_by_rules(text);
  if (out.spec.kind.empty() && options.nearest) {
    out.spec.kind = options.nearest(text);
    if (!out.spec.kind.empty()) out.assumed.push_back(fmt::format("It is a {}, the kind whose meaning is nearest to the words.", out.spec.kind));
  }
  const ContractKind* const kind = find_contract_kind(out.spec.kind);
  if (kind) {
    RequestWords request(contract_tokens(text));
    read_names(request, *kind, out.spec);
    TermReader(request, *kind, out).read();
    if (kind->has_symbol && out.spec.symbol.empty()) read_names(request, *kind, out.spec);
    read_addresses(request, *kind, out.spec, out.questions);
    read_unread(request, *kind, out);
  }
  PTAH_TRY_VOID(apply_answers(out.spec, answers));
  for (ContractQuestion& question : complete_spec(out.spec, &out.assumed)) out.questions.push_back(std::move(question));
  return out;
}

}  // namespace ptah
