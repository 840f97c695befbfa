#include "contract/words/lists.h"

#include <algorithm>

#include "contract/words/naming.h"
#include "own/keys.h"

namespace ptah {

namespace {

bool is_kind(const ContractToken& token, QuantityKind kind) { return token.quantity && token.quantity->kind == kind; }
bool noun_begins(const ContractToken& token, std::initializer_list<std::string_view> nouns) {
  return std::any_of(nouns.begin(), nouns.end(), [&](std::string_view noun) { return token.noun == noun || token.noun.starts_with(std::string(noun) + " "); });
}

}  // namespace

void read_editions(RequestWords& words, ContractSpec& spec, std::vector<bool>& taken) {
  const auto& all = words.tokens();
  std::vector<size_t> copies, prices;
  size_t editions = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const ContractToken& t = all[i];
    if (is_kind(t, QuantityKind::money)) prices.push_back(i);
    if (!is_kind(t, QuantityKind::count)) continue;
    if (noun_begins(t, {"editions", "works", "designs", "different", "motifs", "pictures", "items", "kinds"}) && t.quantity->number.size() <= 2) {
      editions = static_cast<size_t>(std::stoul(t.quantity->number));
      taken[i] = true;
      continue;
    }
    // "Three prints: …"
    if (noun_begins(t, {"prints", "pieces", "covers", "photos", "posters"}) && t.quantity->value() <= 20 && i + 2 < all.size() &&
        (all[i + 2].is(":") || all[i + 2].is("called"))) {
      taken[i] = true;
      continue;
    }
    const bool limit =
        words.nearness(
            "per wallet:5|per address:5|per person:5|a person:4|per buyer:5|per user:5|per collector:5|per account:5|each wallet:4|no more than:2|at most:2",
            i) > 2.5;
    const bool titled = i + 1 < all.size() &&
                        (all[i + 1].quoted || (all[i + 1].is("of") && i + 2 < all.size() &&
                                               (all[i + 2].quoted || (all[i + 2].is("the") || (all[i + 2].text[0] >= 'A' && all[i + 2].text[0] <= 'Z')))));
    const bool named =
        noun_begins(t, {"copies", "copy", "prints", "pieces", "of each"}) || t.noun.ends_with(" copies") || t.noun.find("copies") != std::string::npos;
    if (!limit && (titled || named) && !t.soft) copies.push_back(i);
  }
  if (copies.empty()) return;
  for (size_t n = 0; n < copies.size(); ++n) {
    ContractItem item;
    item.terms["copies"] = *all[copies[n]].quantity;
    taken[copies[n]] = true;
    const size_t end = n + 1 < copies.size() ? copies[n + 1] : all.size();
    const size_t begin = n == 0 ? 0 : copies[n - 1] + 1;
    // of "Dawn", of Sword; "Harbour" in 40 copies; "Issue Seven": 300 copies
    for (size_t i = copies[n] + 1; i < std::min(end, copies[n] + 5) && item.title.empty(); ++i) {
      if (all[i].quoted && !words.used(i))
        item.title = all[i].text, words.use_token(i);
      else if (all[i].is("of") && i + 1 < all.size() && !all[i + 1].quoted) {
        size_t at = i + 1;
        const std::string name = person_from(words, at);
        if (!name.empty() && name != "each" && name != spec.name) item.title = name;
        for (size_t k = i; k < at; ++k) words.use_token(k);
      }
      if (all[i].is(",") || all[i].is(".")) break;
    }
    for (size_t i = copies[n]; i > begin && item.title.empty(); --i)
      if (all[i - 1].quoted && !words.used(i - 1) && copies[n] - i < 4) item.title = all[i - 1].text, words.use_token(i - 1);
    spec.items.push_back(std::move(item));
  }
  if (spec.items.size() == 1 && editions > 1 && editions <= 20) spec.items.resize(editions, spec.items[0]);
  for (size_t n = 0; n < spec.items.size(); ++n)
    if (spec.items[n].title.empty() || (editions > 1 && copies.size() == 1))
      spec.items[n].title = spec.items.size() == 1 ? spec.name.empty() ? "Edition" : spec.name : fmt::format("Edition {}", n + 1);
  // One price for all, or one each, in their order.
  for (size_t n = 0; n < spec.items.size() && !prices.empty(); ++n) {
    if (prices.size() > 1 && prices.size() != spec.items.size()) break;
    spec.items[n].terms["price"] = *all[prices[prices.size() == 1 ? 0 : n]].quantity;
  }
  if (prices.size() == 1 || prices.size() == spec.items.size())
    for (const size_t i : prices) taken[i] = true;
}

namespace {

/// "2:1:1", with the tokens that it is of.
std::vector<std::string> ratio_at(const std::vector<ContractToken>& all, size_t i, size_t& end) {
  std::vector<std::string> out;
  while (i < all.size() && is_kind(all[i], QuantityKind::count)) {
    out.push_back(all[i].quantity->number);
    end = i + 1;
    if (i + 1 >= all.size() || !(all[i + 1].is(":") || all[i + 1].is("/"))) break;
    i += 2;
  }
  return out;
}

/// "between Maya, Noor and the club": the people, from a token on.
std::vector<std::string> people_from(const RequestWords& words, size_t i) {
  const auto& all = words.tokens();
  std::vector<std::string> out;
  while (i < all.size() && out.size() < 20) {
    if (all[i].address) {
      out.push_back(all[i].text);
      ++i;
    } else {
      const std::string name = person_from(words, i);
      if (name.empty()) break;
      out.push_back(name);
    }
    bool more = false;
    while (i < all.size() && (all[i].is(",") || all[i].is("and") || all[i].is("&"))) more = true, ++i;
    if (!more) break;
  }
  return out;
}

void put_address(ContractSpec& spec, size_t item, const std::string& address) {
  if (const auto parsed = parse_address(address)) spec.addresses[fmt::format("payee{}", item + 1)] = to_string(*parsed);
  spec.items[item].title = fmt::format("payee{}", item + 1);
}

void add_payees(ContractSpec& spec, const std::vector<std::string>& people, const std::vector<Quantity>& parts, const char* term) {
  for (size_t n = 0; n < people.size(); ++n) {
    spec.items.push_back({people[n], {{term, parts[parts.size() == 1 ? 0 : n]}}});
    if (people[n].starts_with("0x")) put_address(spec, n, people[n]);
  }
}

/// "2:1:1 between writer, singer and producer". False if there is none.
bool read_ratio(const RequestWords& words, ContractSpec& spec, std::vector<bool>& taken, std::vector<std::string> people) {
  const auto& all = words.tokens();
  std::vector<std::string> ratio;
  for (size_t i = 0; i < all.size() && ratio.size() < 2; ++i) {
    size_t end = i;
    ratio = ratio_at(all, i, end);
    if (ratio.size() < 2) continue;
    for (size_t k = i; k < end; ++k) taken[k] = true;
    if (people.empty() && end < all.size() && (all[end].is("for") || all[end].is("to"))) people = people_from(words, end + 1);
  }
  if (ratio.size() < 2) return false;
  double sum = 0;
  for (const std::string& part : ratio) sum += std::strtod(part.c_str(), nullptr);
  std::vector<Quantity> parts;
  bool exact = true;
  for (const std::string& part : ratio) {
    const double percent = std::strtod(part.c_str(), nullptr) / sum * 100;
    exact = exact && std::abs(percent * 100 - std::round(percent * 100)) < 1e-9;
    parts.push_back({QuantityKind::share, plain_decimal(fmt::format("{:.2f}", percent)).value_or("0"), "%"});
  }
  if (!exact) {
    parts.clear();
    for (const std::string& part : ratio) parts.push_back({QuantityKind::count, part, ""});
  }
  if (people.size() != ratio.size()) {
    people.clear();
    for (size_t n = 0; n < ratio.size(); ++n) people.push_back(fmt::format("payee {}", n + 1));
  }
  add_payees(spec, people, parts, exact ? "share" : "part");
  return true;
}

}  // namespace

void read_shares(RequestWords& words, ContractSpec& spec, std::vector<bool>& taken) {
  const auto& all = words.tokens();
  for (size_t i = 0; i < all.size(); ++i)
    if (is_kind(all[i], QuantityKind::count) && noun_begins(all[i], {"ways", "parts", "shares", "people", "persons"})) taken[i] = true;  // "split three ways"
  std::vector<size_t> shares;
  std::vector<std::string> people;
  for (size_t i = 0; i < all.size(); ++i) {
    if (is_kind(all[i], QuantityKind::share)) shares.push_back(i);
    if (people.empty() && (all[i].is("between") || all[i].is("among") || all[i].is("amongst"))) people = people_from(words, i + 1);
  }
  if (read_ratio(words, spec, taken, people)) return;
  const bool equal = words.says("equally|equal parts|equal shares|evenly|the same share|same amount|in equal|share alike|an equal");
  const bool each = words.says("everybody gets|each gets|everyone gets|each get|each receives|each of them gets|apiece|each member gets|each one gets");
  if (shares.size() == 1 && (each || equal)) {
    const double percent = all[shares[0]].quantity->value();
    const auto count = static_cast<size_t>(percent > 0 ? 100 / percent + 1e-9 : 0);
    taken[shares[0]] = true;
    if (people.size() != count) {
      people.clear();
      for (size_t n = 0; n < std::min<size_t>(count, 20); ++n) people.push_back(fmt::format("payee {}", n + 1));
    }
    for (size_t i = 0; i < all.size(); ++i)
      if (is_kind(all[i], QuantityKind::count) && all[i].quantity->value() == static_cast<double>(count)) taken[i] = true;
    return add_payees(spec, people, {*all[shares[0]].quantity}, "share");
  }
  if (shares.empty() && equal) {
    if (people.size() < 2) {
      people.clear();
      for (size_t i = 0; i < all.size(); ++i)
        if (is_kind(all[i], QuantityKind::count) && !all[i].soft && all[i].quantity->value() >= 2 && all[i].quantity->value() <= 20 && people.empty()) {
          taken[i] = true;
          for (int n = 1; n <= static_cast<int>(all[i].quantity->value()); ++n) people.push_back(fmt::format("payee {}", n));
        }
    }
    return add_payees(spec, people, {{QuantityKind::count, "1", ""}}, "part");
  }
  for (const size_t i : shares) {
    ContractItem item;
    item.terms["share"] = *all[i].quantity;
    taken[i] = true;
    size_t at = i + 1;
    const size_t number = spec.items.size();
    // 60% to Ann; 35 % of it for the cook
    size_t to = at;
    while (to < all.size() && to < at + 4 && all[to].is_word() && !all[to].is("to") && !all[to].is("for")) ++to;
    std::string address;
    if (to < all.size() && (all[to].is("to") || all[to].is("for") || all[to].is("→") || (all[to].is("-") && to + 1 < all.size() && all[to + 1].is(">")))) {
      at = to + 1;
      if (at < all.size() && all[at].address)
        address = all[at].text;
      else
        item.title = person_from(words, at);
      for (size_t k = i; k < std::min(at, all.size()); ++k) words.use_token(k);
    }
    if (item.title.empty() && address.empty()) {
      for (size_t back = 1; back <= 2 && back <= i; ++back)
        if (all[i - back].address) address = all[i - back].text;
      if (address.empty()) item.title = person_before(words, i);
    }
    if (item.title.empty()) item.title = fmt::format("payee {}", number + 1);
    spec.items.push_back(std::move(item));
    if (!address.empty()) put_address(spec, number, address);
  }
}

void read_owners(RequestWords& words, ContractSpec& spec, std::vector<bool>& taken) {
  const auto& all = words.tokens();
  size_t addresses = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].address) ++addresses;
    if (is_kind(all[i], QuantityKind::count) && all[i].noun == "of" && i + 1 < all.size() && is_kind(all[i + 1], QuantityKind::count)) {
      spec.terms["threshold"] = *all[i].quantity;
      spec.terms["owners"] = *all[i + 1].quantity;
      taken[i] = taken[i + 1] = true;
    }
    if (all[i].quantity && all[i].lower == "both") {
      spec.terms["threshold"] = spec.terms["owners"] = *all[i].quantity;
      taken[i] = true;
    }
  }
  if (addresses >= 2 && !spec.terms.contains("owners")) spec.terms["owners"] = {QuantityKind::count, std::to_string(addresses), ""};
}

}  // namespace ptah
