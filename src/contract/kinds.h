// What kinds of contracts there are, and what each has to know: one table that words are read by, specifications checked by, and questions asked by.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "contract/quantity.h"

namespace ptah {

/// What a contract's term may be given as.
enum class TermType : uint8_t {
  count,   ///< whole things
  tokens,  ///< an amount of tokens
  money,   ///< of a currency
  asset,   ///< tokens, or money of a currency
  duration,
  share,
  share_or_money,
  share_or_tokens,
  date,
};

/// A number that a contract has.
struct ContractTerm {
  std::string_view name;  ///< "goal"
  TermType type;
  std::string_view question;  ///< asked if it is needed and was not said; empty: it need not be said
  std::string_view usual;     ///< what holds if it is not said; empty: nothing does
  double min, max;            ///< in percent, seconds, units
  /// What stands near the number in sentences: "goal|target|raise:2"; a number behind : is a weight other than 1.
  std::string_view cues;
  std::string_view meaning;  ///< for explanations and help: "what has to be reached"
};

/// Something that a contract has or has not.
struct ContractFlag {
  std::string_view name;
  std::string_view cues;      ///< phrases that say so, "|" between
  std::string_view contrary;  ///< phrases that say the opposite
  std::string_view meaning;
};

/// Somebody with a part in a contract. Their address is given in the specification, or when it is deployed.
struct ContractRole {
  std::string_view name;  ///< "beneficiary"
  std::string_view when;  ///< a flag or term, one of several ("price|royalty"); empty: always
  std::string_view meaning;
  std::string_view cues;  ///< what stands before an address that is theirs
};

struct ContractKind {
  std::string_view name;
  std::string_view title;  ///< "Crowdfunding"
  std::string_view summary;
  /// Phrases that ask for it: "crowdfund|fundraiser:3".
  std::string_view cues;
  std::vector<ContractTerm> terms;
  std::vector<ContractFlag> flags;
  std::vector<ContractRole> roles;
  bool has_symbol = false;
  /// Sentences like those that ask for it, for a sentence encoder.
  std::vector<std::string_view> examples;

  const ContractTerm* term(std::string_view term_name) const;
  const ContractFlag* flag(std::string_view flag_name) const;
};

/// All fifteen.
const std::vector<ContractKind>& contract_kinds();
/// Null if there is none of this name.
const ContractKind* find_contract_kind(std::string_view name);

/// Phrases of a list "a b|c:2" with their weights.
struct CuePhrase {
  std::string_view phrase;
  double weight = 1;
};
std::vector<CuePhrase> cues_in(std::string_view list);

}  // namespace ptah
