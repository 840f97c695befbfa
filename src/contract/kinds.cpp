#include "contract/kinds.h"

#include <charconv>
#include <cstdlib>

#include "contract/kinds/tables.h"

namespace ptah {

const ContractTerm* ContractKind::term(std::string_view term_name) const {
  for (const ContractTerm& t : terms)
    if (t.name == term_name) return &t;
  return nullptr;
}

const ContractFlag* ContractKind::flag(std::string_view flag_name) const {
  for (const ContractFlag& f : flags)
    if (f.name == flag_name) return &f;
  return nullptr;
}

const std::vector<ContractKind>& contract_kinds() {
  static const std::vector<ContractKind> kinds{token_kind(),        collection_kind(), editions_kind(),     vesting_kind(),  escrow_kind(),
                                               crowdfunding_kind(), auction_kind(),    staking_kind(),      splitter_kind(), multisig_kind(),
                                               governor_kind(),     sale_kind(),       subscription_kind(), registry_kind(), reward_kind()};
  return kinds;
}

const ContractKind* find_contract_kind(std::string_view name) {
  for (const ContractKind& kind : contract_kinds())
    if (kind.name == name) return &kind;
  return nullptr;
}

std::vector<CuePhrase> cues_in(std::string_view list) {
  std::vector<CuePhrase> out;
  while (!list.empty()) {
    const size_t bar = std::min(list.find('|'), list.size());
    std::string_view one = list.substr(0, bar);
    CuePhrase cue;
    if (const size_t colon = one.find(':'); colon != std::string_view::npos) {
      cue.weight = std::strtod(std::string(one.substr(colon + 1)).c_str(), nullptr);
      one = one.substr(0, colon);
    }
    cue.phrase = one;
    out.push_back(cue);
    list.remove_prefix(std::min(bar + 1, list.size()));
  }
  return out;
}

}  // namespace ptah
