// What a contract is to be: its kind, terms and people, typed and checked. Everything else (Solidity, tests, explanation) follows from it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "contract/kinds.h"

namespace ptah {

/// One of several things that a contract lists: an edition with its copies and price, somebody who shares with their part.
struct ContractItem {
  std::string title;  ///< what people call it
  std::map<std::string, Quantity> terms;
  bool operator==(const ContractItem&) const = default;
};

struct ContractSpec {
  std::string kind;
  std::string name;    ///< what people call it; any text
  std::string symbol;  ///< of a token or collection
  std::map<std::string, Quantity> terms;
  std::set<std::string> flags;
  std::vector<ContractItem> items;               ///< editions, payees
  std::map<std::string, std::string> addresses;  ///< of roles, currencies and tokens that are known already, by their names, with EIP-55's checksum
  int token_decimals = 18;                       ///< of the tokens that amounts without a currency are of
  bool operator==(const ContractSpec&) const = default;

  bool has(std::string_view term_or_flag) const;
};

/// Canonical: {"kind", "name", "terms": {"goal": "50 ETH"}, "flags": […], …}; what is empty or usual is left out.
Json to_json(const ContractSpec& spec);
/// Errors: corrupt, with the member: unknown, of another type, no quantity. What is read is not yet checked.
Result<ContractSpec> contract_spec(const Json& json);

/// Something that has to be said before a contract can be written.
struct ContractQuestion {
  std::string about;  ///< the term, "kind", "words" …
  std::string text;   ///< a sentence
};
/// What is missing, and what cannot be: terms out of their range or against one another. Empty: it can be written. Usual values are put in where nothing was
/// said, and `assumed` gets a sentence for each.
std::vector<ContractQuestion> complete_spec(ContractSpec& spec, std::vector<std::string>* assumed = nullptr);

/// The currency that a specification's money is in ("ETH", "USDC"); empty: it has none.
std::string currency_of(const ContractSpec& spec);
/// Who has a part in it, in the order of the constructor's arguments; and the tokens that it handles.
struct ContractParty {
  std::string id;       ///< a Solidity identifier
  std::string meaning;  ///< "Gets what is raised."
  std::string address;  ///< empty: given when it is deployed
  bool is_token = false;
  int decimals = -1;  ///< of a token, as amounts were written for; −1: whatever it has
};
std::vector<ContractParty> contract_parties(const ContractSpec& spec);

/// What changed between two, a sentence for each change.
std::vector<std::string> spec_changes(const ContractSpec& before, const ContractSpec& after);

/// A Solidity identifier from any text: letters and digits of ASCII, the first a letter, no reserved word; `fallback` if none is left. `capital`: as types
/// begin.
std::string solidity_identifier(std::string_view text, bool capital, std::string_view fallback);
/// A Solidity string literal that means exactly this text (UTF-8), whatever is in it.
std::string solidity_string(std::string_view text);
/// The text for a comment in Solidity or Markdown: printable ASCII without what could end it or begin markup; '?' for the rest.
std::string comment_text(std::string_view text);

}  // namespace ptah
