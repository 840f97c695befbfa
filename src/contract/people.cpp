#include "contract/people.h"

#include <algorithm>

namespace ptah {

std::vector<std::string> item_identifiers(const ContractSpec& spec) {
  std::vector<std::string> out;
  const size_t signers =
      spec.kind == "multisig" && spec.terms.contains("owners") ? static_cast<size_t>(std::clamp(spec.terms.at("owners").value(), 0.0, 20.0)) : 0;
  for (size_t i = 0; i < std::max(signers, spec.items.size()); ++i) {
    const bool named = i < spec.items.size() && spec.kind == "splitter";
    std::string id = named ? solidity_identifier(spec.items[i].title, false, fmt::format("payee{}", i + 1)) : fmt::format("signer{}", i + 1);
    // What the template itself calls something.
    for (const char* taken : {"payee", "share", "due", "dueOf", "release", "releaseToken", "released", "releasedOf", "totalReleased", "totalReleasedOf", "made",
                              "handler", "coin", "target", "owner"})
      if (id == taken) id += "Party";
    if (std::find(out.begin(), out.end(), id) != out.end()) id += std::to_string(i + 1);
    out.push_back(id);
  }
  return out;
}

namespace {

bool role_is_there(const ContractSpec& spec, std::string_view when) {
  if (when.empty()) return true;
  for (const CuePhrase& cue : cues_in(when)) {
    if (spec.has(cue.phrase)) return true;
    for (const ContractItem& item : spec.items)
      if (item.terms.contains(std::string(cue.phrase))) return true;
  }
  return false;
}

std::string address_of(const ContractSpec& spec, const std::string& id) {
  const auto found = spec.addresses.find(id);
  return found == spec.addresses.end() ? "" : found->second;
}

/// Whether an amount of the contract is in its tokens.
bool has_tokens(const ContractSpec& spec, const ContractKind& kind) {
  for (const auto& [name, term] : spec.terms) {
    const ContractTerm* const known = kind.term(name);
    if (known && term.kind == QuantityKind::count && (known->type == TermType::tokens || known->type == TermType::asset)) return true;
  }
  return false;
}

}  // namespace

std::vector<ContractParty> contract_parties(const ContractSpec& spec) {
  std::vector<ContractParty> out;
  const ContractKind* const kind = find_contract_kind(spec.kind);
  if (!kind) return out;
  const auto add_token = [&](const char* id, std::string meaning, int decimals) {
    out.push_back({id, std::move(meaning), address_of(spec, id), true, decimals});
  };
  if (spec.kind == "token") {
    if (spec.has("mintable") || spec.has("pausable")) out.push_back({"owner", "May mint or pause.", address_of(spec, "owner")});
    out.push_back({"holder", "Gets the tokens that exist at the start.", address_of(spec, "holder")});
    if (spec.has("fee")) out.push_back({"feeReceiver", "Gets the fees of transfers.", address_of(spec, "feeReceiver")});
    return out;
  }
  if (spec.kind == "governor") {
    out.push_back({spec.has("supply") ? "holder" : "votesToken",
                   spec.has("supply") ? "Gets all votes at the start." : "The token that votes are counted by (ERC-20 with votes by time).",
                   address_of(spec, spec.has("supply") ? "holder" : "votesToken")});
    return out;
  }
  for (const std::string& id : item_identifiers(spec)) {
    if (spec.kind == "editions") break;
    out.push_back({id, spec.kind == "splitter" ? "Gets a part of what comes in." : "Decides about the wallet with the others.", address_of(spec, id)});
  }
  for (const ContractRole& role : kind->roles) {
    if (!role_is_there(spec, role.when)) continue;
    std::string meaning(role.meaning);
    meaning[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(meaning[0])));
    const std::string id(role.name);
    out.push_back({id, meaning + ".", address_of(spec, id)});
  }
  const std::string money = currency_of(spec);
  const bool by_tokens = spec.kind == "vesting" || spec.kind == "reward";
  if (spec.kind == "staking") {
    add_token("token", "What is staked.", spec.has("minimum") || !spec.has("reward") ? spec.token_decimals : -1);
    if (spec.has("reward")) add_token("rewardToken", "What rewards are paid in.", spec.token_decimals);
  } else if (spec.kind == "sale") {
    add_token("token", "What is sold.", spec.token_decimals);
  } else if (by_tokens && (has_tokens(spec, *kind) || (!money.empty() && money != "ETH"))) {
    add_token("token", money.empty() ? "What is paid out." : fmt::format("The token {} that is paid out.", comment_text(money)),
              money.empty() ? spec.token_decimals : known_decimals(money).value_or(spec.token_decimals));
  }
  if (!by_tokens && !money.empty() && money != "ETH")
    add_token("currency", fmt::format("The token {} that is paid with.", comment_text(money)), known_decimals(money).value_or(spec.token_decimals));
  return out;
}

}  // namespace ptah
