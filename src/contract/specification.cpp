#include "contract/specification.h"

#include <algorithm>
#include <array>
#include <regex>

#include "base/text.h"
#include "contract/checks.h"
#include "contract/people.h"

namespace ptah {

bool ContractSpec::has(std::string_view term_or_flag) const {
  const std::string name_of(term_or_flag);
  return terms.contains(name_of) || flags.contains(name_of);
}

Json to_json(const ContractSpec& spec) {
  Json out{{"kind", spec.kind}, {"name", spec.name}};
  if (!spec.symbol.empty()) out["symbol"] = spec.symbol;
  for (const auto& [name, term] : spec.terms) out["terms"][name] = term.text();
  for (const std::string& flag : spec.flags) out["flags"].push_back(flag);
  for (const ContractItem& item : spec.items) {
    Json one{{"title", item.title}};
    for (const auto& [name, term] : item.terms) one[name] = term.text();
    out["items"].push_back(std::move(one));
  }
  for (const auto& [name, address] : spec.addresses) out["addresses"][name] = address;
  if (spec.token_decimals != 18) out["token_decimals"] = spec.token_decimals;
  return out;
}

namespace {

constexpr size_t kMaxTitle = 80, kMaxItems = 20;

/// What Solidity keeps for itself, what the templates import, and what tests are called.
constexpr std::string_view kTakenNames =
    " abstract address after alias anonymous apply as assembly auto bool break byte bytes calldata case catch constant constructor continue"
    " contract copyof default define delete do else emit enum error event external fallback false final fixed for from function hex if immutable"
    " implements import in indexed inline int interface internal is let library macro mapping match memory modifier mutable new null of override"
    " partial payable pragma private promise public pure receive reference relocatable return returns revert sealed sizeof static storage string"
    " struct super supports switch this throw true try type typedef typeof uint ufixed unchecked unicode using var view virtual while block msg"
    " tx abi now gasleft blockhash keccak256 selfdestruct ether wei gwei seconds minutes hours days weeks years assert require transient layout"
    " at ERC20 ERC721 ERC1155 ERC2981 Ownable Ownable2Step Base Coin Vm Invariant Things Closed Caller Address Strings EIP712 IERC20 IERC721"
    " IERC20Metadata SafeERC20 Governor Votes Switch Collection Yes IOwned Nonces ERC20Permit ERC20Votes ERC20Burnable SignatureChecker IVotes"
    " TimelockController ";

Result<std::string> text_member(const Json& json, const char* name, size_t max_bytes) {
  const Json value = json.value(name, Json(""));
  if (!value.is_string() || value.get_ref<const std::string&>().size() > max_bytes)
    return fail(ErrorCode::corrupt, "the specification's \"{}\" has to be a text of at most {} bytes", name, max_bytes);
  return value.get<std::string>();
}

Result<Quantity> quantity_member(const std::string& name, const Json& value) {
  if (!value.is_string()) return fail(ErrorCode::corrupt, "the specification's \"{}\" has to be a text such as \"50 ETH\"", name);
  auto quantity = parse_quantity(value.get_ref<const std::string&>());
  if (!quantity) return fail(ErrorCode::corrupt, "the specification's \"{}\": {}", name, quantity.error().message);
  return quantity;
}

Result<std::vector<ContractItem>> items_member(const Json& json) {
  const Json list = json.value("items", Json::array());
  if (!list.is_array() || list.size() > kMaxItems) return fail(ErrorCode::corrupt, "the specification's \"items\" have to be a list of at most {}", kMaxItems);
  std::vector<ContractItem> out;
  for (const Json& one : list) {
    if (!one.is_object()) return fail(ErrorCode::corrupt, "one of the specification's \"items\" is no object");
    ContractItem item;
    for (const auto& [name, value] : one.items()) {
      if (name == "title") {
        PTAH_TRY(item.title, text_member(one, "title", kMaxTitle));
      } else {
        PTAH_TRY(item.terms[name], quantity_member(name, value));
      }
    }
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace

Result<ContractSpec> contract_spec(const Json& json) {
  if (!json.is_object()) return fail(ErrorCode::corrupt, "a specification is a JSON object");
  for (const auto& [name, value] : json.items()) {
    static const std::vector<std::string> kMembers{"kind", "name", "symbol", "terms", "flags", "items", "addresses", "token_decimals"};
    if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end()) {
      auto unknown = unknown_name("member of a specification", name, kMembers);
      unknown.value().code = ErrorCode::corrupt;
      return unknown;
    }
  }
  ContractSpec out;
  PTAH_TRY(out.kind, text_member(json, "kind", 40));
  PTAH_TRY(out.name, text_member(json, "name", kMaxTitle));
  PTAH_TRY(out.symbol, text_member(json, "symbol", kMaxTitle));
  const Json terms = json.value("terms", Json::object()), flags = json.value("flags", Json::array()), addresses = json.value("addresses", Json::object());
  if (!terms.is_object() || !flags.is_array() || !addresses.is_object())
    return fail(ErrorCode::corrupt, "the specification's \"terms\" and \"addresses\" have to be objects, its \"flags\" a list");
  for (const auto& [name, value] : terms.items()) {
    PTAH_TRY(out.terms[name], quantity_member(name, value));
  }
  for (const Json& flag : flags) {
    if (!flag.is_string()) return fail(ErrorCode::corrupt, "the specification's \"flags\" have to be texts");
    out.flags.insert(flag.get<std::string>());
  }
  for (const auto& [name, value] : addresses.items()) {
    if (!value.is_string() || name.size() > 40) return fail(ErrorCode::corrupt, "the specification's \"addresses\" have to be texts");
    out.addresses[name] = value.get<std::string>();
  }
  PTAH_TRY(out.items, items_member(json));
  const Json decimals = json.value("token_decimals", Json(18));
  if (!decimals.is_number_integer() || decimals < 0 || decimals > 18)
    return fail(ErrorCode::corrupt, "the specification's \"token_decimals\" have to be 0 to 18");
  out.token_decimals = decimals.get<int>();
  return out;
}

std::string currency_of(const ContractSpec& spec) {
  const auto of = [](const Quantity& q) { return q.kind == QuantityKind::money ? q.unit : std::string(); };
  for (const auto& [name, term] : spec.terms)
    if (std::string unit = of(term); !unit.empty()) return unit;
  for (const ContractItem& item : spec.items)
    for (const auto& [name, term] : item.terms)
      if (std::string unit = of(term); !unit.empty()) return unit;
  return "";
}

std::vector<std::string> spec_changes(const ContractSpec& before, const ContractSpec& after) {
  std::vector<std::string> out;
  const auto compare = [&](const std::string& what, const std::string& a, const std::string& b) {
    if (a == b) return;
    if (a.empty())
      out.push_back(fmt::format("{}: new, {}", what, b));
    else if (b.empty())
      out.push_back(fmt::format("{}: no longer, was {}", what, a));
    else
      out.push_back(fmt::format("{}: {} → {}", what, a, b));
  };
  compare("kind", before.kind, after.kind);
  compare("name", before.name, after.name);
  compare("symbol", before.symbol, after.symbol);
  std::set<std::string> names;
  for (const auto& [name, term] : before.terms) names.insert(name);
  for (const auto& [name, term] : after.terms) names.insert(name);
  const auto term_text = [](const ContractSpec& spec, const std::string& name) {
    const auto found = spec.terms.find(name);
    return found == spec.terms.end() ? std::string() : found->second.text();
  };
  for (const std::string& name : names) compare(name, term_text(before, name), term_text(after, name));
  for (const std::string& flag : after.flags)
    if (!before.flags.contains(flag)) out.push_back(flag + ": now so");
  for (const std::string& flag : before.flags)
    if (!after.flags.contains(flag)) out.push_back(flag + ": no longer so");
  const auto item_text = [](const ContractSpec& spec, size_t i) {
    if (i >= spec.items.size()) return std::string();
    std::string text = spec.items[i].title;
    for (const auto& [name, term] : spec.items[i].terms) text += fmt::format(", {} {}", name, term.text());
    return text;
  };
  for (size_t i = 0; i < std::max(before.items.size(), after.items.size()); ++i)
    compare(fmt::format("item {}", i + 1), item_text(before, i), item_text(after, i));
  names.clear();
  for (const auto& [name, address] : before.addresses) names.insert(name);
  for (const auto& [name, address] : after.addresses) names.insert(name);
  for (const std::string& name : names)
    compare("address of " + name, before.addresses.contains(name) ? before.addresses.at(name) : "",
            after.addresses.contains(name) ? after.addresses.at(name) : "");
  if (before.token_decimals != after.token_decimals) compare("token_decimals", std::to_string(before.token_decimals), std::to_string(after.token_decimals));
  return out;
}

std::string solidity_identifier(std::string_view text, bool capital, std::string_view fallback) {
  std::string out;
  bool begins = capital;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), digit = c >= '0' && c <= '9';
    if (!letter && !(digit && !out.empty())) {
      begins = true;
      continue;
    }
    char next = c;
    if (begins && c >= 'a' && c <= 'z') next = static_cast<char>(c - 'a' + 'A');
    if (out.empty() && !capital && c >= 'A' && c <= 'Z') next = static_cast<char>(c - 'A' + 'a');
    out += next;
    begins = false;
    if (out.size() == 40) break;
  }
  if (out.empty()) return std::string(fallback);
  static const std::regex kSized("^(u?int|bytes|u?fixed)[0-9x]*$");
  if (kTakenNames.find(" " + out + " ") != std::string_view::npos || std::regex_match(out, kSized)) out += capital ? "Contract" : "Party";
  return out;
}

std::string solidity_string(std::string_view text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f; });
  std::string out = plain ? "\"" : "hex\"";
  for (const char c : text) {
    if (!plain) {
      out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

std::string comment_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '-' || c == '.' || c == ',' || c == '\'';
    if (letter)
      out += c;
    else if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U)
      out += '?';
  }
  return out.empty() ? "?" : out;
}

}  // namespace ptah
