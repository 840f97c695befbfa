#include "contract/writing.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "contract/people.h"
#include "text/template/jinja.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxTemplate = size_t{1} << 20;

/// "1234567.5" → "1,234,567.5".
std::string grouped_digits(const std::string& number) {
  const size_t point = std::min(number.find('.'), number.size());
  std::string out;
  for (size_t i = 0; i < point; ++i) {
    if (i > 0 && (point - i) % 3 == 0) out += ',';
    out += number[i];
  }
  return out + number.substr(point);
}

std::string term_text(const Quantity& q) {
  if (q.kind == QuantityKind::date || q.kind == QuantityKind::duration) return q.text();
  const std::string number = grouped_digits(q.number);
  return q.unit.empty() ? number : number + " " + q.unit;
}

/// "30 days", "90 minutes", as Solidity writes it.
Result<std::string> time_literal(const Quantity& q) {
  PTAH_TRY(const int64_t seconds, seconds_of(q));
  if (q.kind == QuantityKind::date || seconds == 0) return std::to_string(seconds);
  if (seconds % 86400 == 0) return fmt::format("{} days", seconds / 86400);
  if (seconds % 3600 == 0) return fmt::format("{} hours", seconds / 3600);
  if (seconds % 60 == 0) return fmt::format("{} minutes", seconds / 60);
  return fmt::format("{} seconds", seconds);
}

class TemplateValues {
 public:
  TemplateValues(const ContractSpec& spec, const ContractKind& kind, const std::vector<std::string>& assumed) : spec_(spec), kind_(kind), assumed_(assumed) {}

  Result<OrderedJson> all() {
    out_ = {{"kind", spec_.kind}, {"kind_title", std::string(kind_.title)}, {"summary", std::string(kind_.summary)}, {"contract", contract_identifier(spec_)}};
    out_["title"] = comment_text(spec_.name);
    out_["name"] = solidity_string(spec_.name);
    out_["symbol"] = solidity_string(spec_.symbol);
    out_["symbol_text"] = comment_text(spec_.symbol);
    out_["eth"] = currency_of(spec_) == "ETH" || (spec_.kind == "registry" && currency_of(spec_).empty());
    out_["assumed"] = OrderedJson::array();
    for (const std::string& one : assumed_) out_["assumed"].push_back(prose(one));
    PTAH_TRY_VOID(terms());
    PTAH_TRY_VOID(items());
    parties();
    PTAH_TRY_VOID(rest());
    return out_;
  }

  /// Functions and dangers that belong to what the contract has.
  Result<void> tables(const Json& rights, const Json& dangers) {
    OrderedJson functions = OrderedJson::array(), risks = OrderedJson::array();
    for (const Json& row : rights.at(spec_.kind))
      if (holds(row.at(3).get<std::string>()))
        functions.push_back({{"name", row.at(0).get<std::string>()}, {"who", row.at(1).get<std::string>()}, {"what", row.at(2).get<std::string>()}});
    for (const Json& row : dangers.at(spec_.kind))
      if (holds(row.at(1).get<std::string>())) risks.push_back(OrderedJson(row.at(0).get<std::string>()));
    out_["rights"] = functions;
    out_["dangers"] = risks;
    return {};
  }
  const OrderedJson& values() const { return out_; }

 private:
  /// Sentences of ours with texts of people inside; only what could begin markup has to go.
  static std::string prose(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '`' || c == '<' || c == '>' || c == '|' || c == '[' || c == '*' || c == '\n' ? '?' : c;
    return out;
  }
  bool holds(const std::string& condition) const {
    if (condition.empty()) return true;
    for (const CuePhrase& cue : cues_in(condition)) {
      const bool no = cue.phrase.starts_with("!");
      const std::string_view name = no ? cue.phrase.substr(1) : cue.phrase;
      const bool item = std::any_of(spec_.items.begin(), spec_.items.end(), [&](const ContractItem& one) { return one.terms.contains(std::string(name)); });
      if ((spec_.has(name) || item) != no) return true;
    }
    return false;
  }

  Result<OrderedJson> value(const ContractTerm& term, const Quantity& q) const {
    std::string literal = q.number;
    if (q.kind == QuantityKind::duration || q.kind == QuantityKind::date) {
      PTAH_TRY(literal, time_literal(q));
    } else if (q.kind == QuantityKind::share) {
      PTAH_TRY(const int64_t points, basis_points(q));
      literal = std::to_string(points);
    } else if (q.kind == QuantityKind::money) {
      PTAH_TRY(literal, amount_literal(q, known_decimals(q.unit).value_or(spec_.token_decimals)));
    } else if (term.type != TermType::count) {
      const auto own = spec_.terms.find("decimals");
      const int decimals = spec_.kind == "token" && own != spec_.terms.end() ? static_cast<int>(own->second.value())
                           : spec_.kind == "governor"                        ? 18
                                                                             : spec_.token_decimals;
      PTAH_TRY(literal, amount_literal(q, decimals));
    }
    std::string text = term_text(q);
    if (q.kind == QuantityKind::count && term.type == TermType::asset) text += " tokens";
    return OrderedJson{{"sol", literal}, {"text", text}};
  }
  Result<void> terms() {
    OrderedJson v = OrderedJson::object(), f = OrderedJson::object();
    for (const auto& [name, q] : spec_.terms) {
      const ContractTerm* const term = kind_.term(name);
      if (!term) continue;
      PTAH_TRY(v[name], value(*term, q));
    }
    for (const std::string& flag : spec_.flags) f[flag] = true;
    if (spec_.kind == "auction" && spec_.terms.contains("increment") && spec_.terms.at("increment").kind == QuantityKind::money) {
      v["increment_amount"] = v["increment"];
      v.erase("increment");
    }
    if (spec_.kind == "escrow") {
      const char* const to = spec_.has("timeout_to_seller") ? "seller" : "buyer";
      v["timeout_to"] = {{"sol", to}, {"text", to}};
    }
    if (spec_.kind == "governor" && spec_.terms.contains("threshold")) {
      if (spec_.terms.at("threshold").kind == QuantityKind::share) v["threshold_percent"] = true;
      // Enough for a test in which shares of it are whole.
      v["threshold_supply"] = v.contains("threshold_percent") ? "1000000e18" : "1000 * " + v["threshold"]["sol"].get<std::string>();
    }
    out_["v"] = v;
    out_["f"] = f;
    return {};
  }
  Result<void> items() {
    OrderedJson list = OrderedJson::array();
    const auto ids = item_identifiers(spec_);
    int64_t total = 0;
    bool parts = false;
    for (size_t i = 0; i < spec_.items.size(); ++i) {
      const ContractItem& item = spec_.items[i];
      OrderedJson one{{"id", i + 1}, {"title", comment_text(item.title)}, {"literal", solidity_string(item.title)}};
      for (const auto& [name, q] : item.terms) {
        const ContractTerm* const term = kind_.term(name);
        if (!term) return fail(ErrorCode::invalid_argument, "a {} has no '{}'", kind_.title, name);
        PTAH_TRY(one[name], value(*term, q));
        if (name == "price") out_["v"]["price"] = one[name];
      }
      if (spec_.kind == "splitter") {
        parts = item.terms.contains("part");
        one["share"] = one[parts ? "part" : "share"];
        total += std::stoll(one["share"]["sol"].get<std::string>());
        one["party"] = ids[i];
        one["constant"] = constant_of(ids[i]);
      }
      list.push_back(std::move(one));
    }
    out_["items"] = list;
    out_["shares_total"] = std::to_string(total);
    out_["shares_are_parts"] = parts;
    return {};
  }

  std::string constant_of(const std::string& id) const {
    std::string out = spec_.kind == "splitter" || spec_.kind == "multisig" ? "P_" : "";
    for (const char c : id) {
      if (c >= 'A' && c <= 'Z') out += '_';
      out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return out;
  }
  void parties() {
    OrderedJson people = OrderedJson::array(), parties = OrderedJson::array(), assets = OrderedJson::array();
    const bool owned = spec_.kind == "collection" || spec_.kind == "editions" || spec_.kind == "token";
    bool open_parties = false, open_assets = false, checked = false;
    for (const ContractParty& p : contract_parties(spec_)) {
      const bool by_argument = spec_.kind == "token" || spec_.kind == "governor" || (owned && p.id == "owner");
      OrderedJson one{
          {"id", p.id}, {"role", p.meaning}, {"constant", constant_of(p.id)}, {"address", p.address.empty() ? OrderedJson(nullptr) : OrderedJson(p.address)}};
      OrderedJson person = one;
      person["meaning"] = p.meaning;
      person["passes"] = owned && p.id == "owner";
      if (by_argument) person["address"] = nullptr;
      people.push_back(std::move(person));
      if (by_argument) continue;
      if (p.is_token) {
        one["decimals"] = p.decimals < 0 ? OrderedJson(nullptr) : OrderedJson(p.decimals);
        checked = checked || p.decimals >= 0;
        open_assets = open_assets || p.address.empty();
        assets.push_back(std::move(one));
      } else {
        open_parties = open_parties || p.address.empty();
        parties.push_back(std::move(one));
      }
    }
    out_["people"] = people;
    out_["parties"] = parties;
    out_["assets"] = assets;
    out_["open_parties"] = open_parties;
    out_["open_assets"] = open_assets;
    out_["checked_assets"] = checked;
    out_["owned"] = spec_.kind == "token" && (spec_.has("mintable") || spec_.has("pausable"));
  }
  Result<void> rest() {
    PTAH_TRY(const std::string one, amount_literal({QuantityKind::count, "1", ""}, spec_.token_decimals));
    out_["one"] = one;
    if (spec_.kind == "sale" && spec_.terms.contains("per_wallet"))
      out_["many_buyers"] = spec_.terms.at("per_wallet").value() < spec_.terms.at("total").value();
    const char* standard = "its own views";
    if (spec_.kind == "token") standard = "ERC-20";
    if (spec_.kind == "collection") standard = "ERC-721, ERC-2981";
    if (spec_.kind == "editions") standard = "ERC-1155, ERC-2981";
    if (spec_.kind == "governor") standard = "OpenZeppelin's Governor and TimelockController";
    out_["standard"] = standard;
    return {};
  }

  const ContractSpec& spec_;
  const ContractKind& kind_;
  const std::vector<std::string>& assumed_;
  OrderedJson out_;
};

Result<std::string> rendered(const fs::path& folder, const std::string& macros, const std::string& name, const OrderedJson& values) {
  PTAH_TRY(const std::string text, read_text(folder / name, kMaxTemplate));
  const auto parsed = JinjaTemplate::parse(macros + text);
  if (!parsed) return fail(ErrorCode::corrupt, "{}: {}", name, parsed.error().message);
  auto out = (*parsed)->render(values);
  if (!out) return fail(ErrorCode::corrupt, "{}: {}", name, out.error().message);
  // No more than one empty line at a time, none before a closing brace or behind an opening one.
  std::string neat;
  for (const char c : *out) {
    if (c == '\n' && neat.ends_with("\n\n")) continue;
    neat += c;
  }
  replace_all(neat, "{\n\n", "{\n");
  replace_all(neat, "\n\n}", "\n}");
  replace_all(neat, "\n\n    }", "\n    }");
  while (neat.ends_with("\n\n")) neat.pop_back();
  if (!neat.ends_with("\n")) neat += "\n";
  return neat;
}

}  // namespace

Result<std::string> contract_templates() {
  for (const fs::path& folder : shipped_folders("PTAH_CONTRACT_TEMPLATES", "contracts/writer", "share/ptah/contract-templates")) {
    std::error_code problem;
    if (fs::is_regular_file(folder / "macros.jinja", problem)) return folder.string();
  }
  return fail(ErrorCode::not_found, "the templates of contracts are nowhere; PTAH_CONTRACT_TEMPLATES names their folder");
}

std::string contract_identifier(const ContractSpec& spec) {
  const ContractKind* const kind = find_contract_kind(spec.kind);
  const std::string usual = kind ? solidity_identifier(kind->title, true, "Contract") : "Contract";
  return solidity_identifier(spec.name, true, usual);
}

std::vector<ContractParty> deployment_arguments(const ContractSpec& spec) {
  std::vector<ContractParty> out;
  const bool all = spec.kind == "token" || spec.kind == "governor";
  const bool owned = spec.kind == "collection" || spec.kind == "editions";
  const auto parties = contract_parties(spec);
  for (const bool tokens : {false, true})
    for (const ContractParty& p : parties)
      if (p.is_token == tokens && (all || p.address.empty() || (owned && p.id == "owner"))) out.push_back(p);
  return out;
}

Result<ContractText> contract_text(const ContractSpec& spec, const std::vector<std::string>& assumed) {
  ContractSpec complete = spec;
  std::vector<std::string> said = assumed;
  if (const auto questions = complete_spec(complete, &said); !questions.empty()) return fail(ErrorCode::invalid_argument, "{}", questions[0].text);
  const ContractKind* const kind = find_contract_kind(complete.kind);
  PTAH_TRY(const std::string place, contract_templates());
  const fs::path folder = place;
  PTAH_TRY(const std::string macros, read_text(folder / "macros.jinja", kMaxTemplate));
  PTAH_TRY(const std::string rights_text, read_text(folder / "rights.json", kMaxTemplate));
  PTAH_TRY(const std::string dangers_text, read_text(folder / "dangers.json", kMaxTemplate));
  PTAH_TRY(const Json rights, parse_json(rights_text));
  PTAH_TRY(const Json dangers, parse_json(dangers_text));
  TemplateValues values(complete, *kind, said);
  PTAH_TRY_VOID(values.all());
  PTAH_TRY_VOID(values.tables(rights, dangers));
  ContractText out;
  out.contract = contract_identifier(complete);
  PTAH_TRY(out.files[out.contract + ".sol"], rendered(folder, macros, complete.kind + ".sol.jinja", values.values()));
  PTAH_TRY(out.files[out.contract + ".t.sol"], rendered(folder, macros, complete.kind + ".t.sol.jinja", values.values()));
  PTAH_TRY(out.files["explanation.md"], rendered(folder, macros, "explanation.md.jinja", values.values()));
  PTAH_TRY(out.files["Base.sol"], read_text(folder / "Base.sol", kMaxTemplate));
  out.files["specification.json"] = to_json(complete).dump(1) + "\n";
  return out;
}

}  // namespace ptah
