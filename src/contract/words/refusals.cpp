#include <array>

#include "base/text.h"
#include "contract/words/matching.h"
#include "contract/words/reader.h"

namespace ptah {

namespace {

/// A rule holds if a phrase of each list stands in one sentence, unless it is denied there.
struct HarmRule {
  std::string_view name;
  std::array<std::string_view, 2> all;  ///< the second may be empty
  std::string_view reason;
};

constexpr HarmRule kHarmRules[] = {
    {"honeypot",
     {"cannot sell|can't sell|can not sell|not be able to sell|unable to sell|never sell|only the owner can sell|only i can sell|only owner can sell|only "
      "the deployer can sell|block sells|block selling|blocks selling|disable selling|prevent selling|"
      "prevents selling|stop selling|prevent holders from selling|stop holders from selling|sells fail|sales fail|selling fails|buy but not sell|buy but "
      "never sell|trap buyers|honeypot|honey pot|cannot withdraw their own|can't get their money out|"
      "never be able to withdraw|never withdraw their|cannot be sold by buyers|only i can withdraw|only the owner can withdraw deposits|buyers are "
      "locked|sell transactions revert|only i may sell|only we can sell|nobody but me can sell|except me can sell|always reverts|always fails|reverts "
      "unless|fails unless|unless the wallet is mine|unless the seller is me|"
      "only my wallet can sell|only the deployer's wallet can sell|everyone except me is blocked from selling"},
     "People could buy in and never get out again (a honeypot)."},
    {"hidden mint",
     {"mint|minting|print|issue myself|extra supply|issue extra|more supply|create tokens|print tokens|new tokens|more tokens|inflate",
      "secret|secretly|hidden|hide|backdoor|back door|without anyone noticing|without anybody noticing|without holders knowing|without anyone knowing|nobody "
      "knows|nobody notices|unnoticed|stealth|invisible|"
      "obfuscated|without telling|covertly|quietly|disguised|undisclosed|silently|no one sees|nobody sees|not visible|not show up|not appear|not be "
      "visible|not be shown|not be seen|without being seen|nobody finds out|no one finds out|nobody will find out|should not see|cannot see|can't see"},
     "Tokens could be made behind the backs of those who hold some (a hidden mint)."},
    {"backdoor",
     {"backdoor|back door|secret function|hidden function|hidden owner|secret owner|hidden admin|secret admin|secret withdrawal|hidden withdraw|secret "
      "way|kill switch that takes|hidden way|secretly withdraw|secretly take|secretly drain|secret access"},
     "A power that users cannot see is a backdoor."},
    {"unlimited fee",
     {"fee|tax|fees|taxes|commission",
      "any value|any amount|to anything|unlimited|without limit|no limit|100 %|100%|99 %|99%|100 percent|up to 100|arbitrarily|arbitrary|whatever i "
      "want|whatever they want|as high as|no upper limit|whenever i want|at will"},
     "A fee without a limit could take everything that people move."},
    {"raised fee",
     {"raise the fee|raise the tax|raise the transfer fee|raise the transfer tax|raise the sell tax|raise fees|raise taxes|increase the fee|increase the "
      "tax|increase the transfer fee|increase the transfer tax|increase fees|increase taxes|change the fee|change the tax|change the transfer "
      "fee|change the transfer tax|set the tax|set the fee|set the transfer fee|set the transfer tax",
      "after launch|after the launch|later|afterwards|any time|anytime|whenever|once people|as i like|as we like|as high"},
     "A fee that rises once people hold the token takes what they did not agree to."},
    {"false shared control",
     {"my key alone|my signature alone|i alone|one key alone|my key is enough|single key can|the founder alone|founder can execute anything|owner can "
      "execute "
      "anything|i can execute anything|founder can do anything|admin can execute|overrides the vote|override the vote|ignore the vote|ignores the "
      "votes|count only my vote|only my vote counts|only my votes count|only my own vote|only for show|just for show|for show only|merely for show",
      "multisig|multi sig|multi signature|signatures|signers|of|votes|vote|voting|dao|governance|governor|council"},
     "What is said to be decided together would be decided by one."},
    {"false promise",
     {"refunds impossible|refunds never work|make refunds fail|refunds fail|never pay the refunds|no refund really|without ever refunding|block "
      "refunds|refunds "
      "are blocked|keep the money even if|keep the money although|keep their money even if|never handed out|whether or not the goal is reached|even if the "
      "goal is missed|even if the goal is not reached|never gets the item|never receives the item|gets nothing "
      "for it|never delivered|keeps charging|keep "
      "charging|charge after they cancel|charging after|impossible to cancel|unable to cancel|cancelling does nothing"},
     "People would pay for something that the contract does not do."},
    {"behind people's backs",
     {"quietly|secretly|silently|covertly|stealthily|behind their backs|behind the buyer's back|without the buyer knowing|without them knowing|without the "
      "users knowing|without users knowing|without the seller knowing|unknown to them",
      "confirm|confirms|release|releases|take|takes|move|moves|withdraw|withdraws|change|changes|send|sends|charge|charges|keep|keeps|transfer|transfers"},
     "What happens behind the backs of those whom it concerns harms them."},
    {"shill bidding",
     {"shill|fake bids|fake bidders|bids without money|without any money behind|not need any money|do not need money|push up the price|drive up the price",
      "bid|bids|bidding|auction"},
     "Bids that nobody means make others pay more."},
    {"high fee",
     {"sell tax of 9|sell tax of 8|sell tax of 7|sell tax of 6|sell tax of 5|sell fee of 9|sell fee of 5|fee of 9|tax of 9|fee of 5|tax of 5"},
     "A fee of half or more takes people's tokens when they move them."},
    {"renounce trap",
     {"renounce|renounced|renouncing|give up ownership|ownership is gone|give up control",
      "fake|pretend|pretends|appear|appears|look like|looks like|seem|seems|still keep|still control|keep control|secretly|but keep|but still|regain|get it "
      "back|take it back|come back|reclaim|hidden|later take|in fact"},
     "People would trust a renunciation that is none (a renounce trap)."},
    {"rug pull",
     {"drain|drains|rug|rug pull|rugpull|steal|steals|run away with|run off with|take everyone's|take everybody's|take all deposits|take all the "
      "deposits|take all stakes|withdraw all deposits|withdraw everyone's|withdraw everybody's|withdraw all user|withdraw all users|withdraw users|"
      "withdraw the users|take users|seize|sweep all|sweep everybody's|take investors|withdraw investors|take the stakes|take people's|empty the "
      "pool|withdraw all stakes|withdraw all funds of|withdraw all the stakes|withdraw their deposits at|confiscate|claw back tokens from anyone|"
      "move tokens out of any wallet|move anyone's tokens|move anybody's tokens|transfer tokens from any|transfer anyone's|transfer from any wallet|take "
      "tokens from any|burn anyone's|burn tokens of any|burn tokens from any|burn anybody's|scam|withdraw the stakers|withdraw the liquidity|pull the "
      "liquidity|sends every deposit|send every deposit|sends all deposits|every deposit to the deployer|every deposit to me|send the money to himself|send "
      "the money to herself|send the money to themselves|take everything|take back any token|take any "
      "token|take tokens back from|take back tokens from|take back their tokens|without paying the owner|beneficiary to myself|redirect the payments to me"},
     "Somebody could take what belongs to the users (a rug pull)."},
    {"selective freeze",
     {"blacklist|blacklists|blocklist|freezes whoever|freezes anyone|freezes anybody|freezes those|freeze whoever|freeze those|freeze any|freeze "
      "anyone|freeze anybody|freeze specific|freeze individual|freeze wallets|freeze accounts|freeze "
      "someone's|block addresses|block any address|block wallets|ban holders|freeze holders|freeze the tokens of|lock anyone's"},
     "Whoever can freeze single holders can keep them from selling; Ptah writes no such power."},
    {"pyramid",
     {"ponzi|pyramid|matrix scheme|deposits of new|new investors|later investors|new members pay|new deposits pay|from newer|later depositors|new "
      "depositors|downline|recruit|recruits|paid from new|with the money of new|with deposits from|double your|doubles your|referral levels|guaranteed "
      "profit|pays the earlier|pay the earlier|the deposits of the ones|from the deposits of|who come after them|earlier members with|earlier investors "
      "with|what the later|later members|later joiners|guaranteed "
      "daily|guaranteed returns|risk-free return|guaranteed return"},
     "Returns that come out of later people's money end with the last of them losing it (a pyramid)."},
    {"impersonation",
     {"pretend to be|pretends to be|impersonate|impersonates|fake usdt|fake usdc|fake dai|fake tether|looks exactly like usdt|looks exactly like "
      "usdc|counterfeit|clone of usdt|fake version|phishing|phish|trick people|trick users|trick them|deceive|mislead users|fool people|fool users|look like "
      "the real|wallet drainer|drainer|so that people think|so people think|so that people believe|so people believe|make people think|make people "
      "believe|people think that it is|people think it is"},
     "The contract would deceive people about what it is."},
    {"unlimited pause",
     {"pause|paused|freeze|stop withdrawals|block withdrawals|disable withdrawals|halt withdrawals|suspend withdrawals|stop all transfers|stop transfers",
      "forever|indefinitely|permanently|for good|without limit|without time limit|no time limit|as long as i want|as long as they want|unlimited|until i "
      "decide|at any time for any|for any length"},
     "A pause without an end keeps people from what is theirs."},
    {"withdrawal control",
     {"stop withdrawals|block withdrawals|disable withdrawals|deny withdrawals|refuse withdrawals|prevent withdrawals|prevent people from withdrawing|stop "
      "people from withdrawing|block people from withdrawing|stop users from withdrawing|prevent users from withdrawing|approve each withdrawal|withdrawals "
      "need my approval"},
     "Somebody could keep people from taking out what is theirs."},
    {"changing rules",
     {"change the price|change the rules|change the terms|change the goal|change the deadline|lower the odds|change the winner|choose the winner|pick the "
      "winner|change the unlock|extend the lock|extend lock|extends the lock|change anything|change everything|change balances|change any balance|set "
      "balances|edit balances|set anyone's balance|modify balances|change the beneficiary",
      "after people|after they|after buyers|after deposits|any time|anytime|at will|whenever|secretly|owner can|i can|admin can|owner may|of anyone|of any"},
     "Terms that change after people paid are not the terms they agreed to."},
};

/// Denials that turn a rule's words into their opposite: "nobody can drain it", "must not be a honeypot".
bool denied(const RequestWords& words, const RequestWords::Place& place) {
  if (!words.negated(place)) {
    for (const std::string_view phrase : {"prevent", "against", "protect", "protects", "protected", "avoid", "impossible", "cannot", "safe from", "instead of",
                                          "nobody", "no one", "never", "not", "without"})
      for (const auto& no : words.find(phrase))
        if (words.clause(no.first) == words.clause(place.first) && no.end <= place.begin && place.begin - no.end <= 3) return true;
    return false;
  }
  return true;
}

/// A word that means something else where it stands: in a name ("a token named Blacklist Records"), or as the first part of another ("pyramid-building").
bool of_another_word(const RequestWords& words, const RequestWords::Place& place) {
  const auto& all = words.tokens();
  if (place.first != place.last) return false;
  const auto capital = [&](size_t i) { return !all[i].text.empty() && all[i].text[0] >= 'A' && all[i].text[0] <= 'Z'; };
  size_t begin = place.first;
  while (begin > 0 && capital(begin - 1)) --begin;
  const bool named = begin > 0 && (all[begin - 1].is("named") || all[begin - 1].is("called") || all[begin - 1].is("name"));
  if (named && capital(place.first)) return true;
  const size_t next = place.last + 1;
  const bool joined = next + 1 < all.size() && all[next].is("-") && all[next].begin == all[place.last].end && all[next + 1].begin == all[next].end;
  return joined && !all[next + 1].is("scheme") && !all[next + 1].is("like") && !all[next + 1].is("style");
}

constexpr double kMaxTax = 25;

/// A share of a quarter or more that stands beside a tax on sales or transfers.
bool takes_too_much(const RequestWords& words) {
  for (const std::string_view phrase :
       {"tax", "taxes", "transfer fee", "sell fee", "selling fee", "fee on transfers", "fee on sales", "of each transfer", "of every transfer"})
    for (const auto& place : words.find(phrase))
      for (size_t i = 0; i < words.tokens().size(); ++i) {
        const auto& quantity = words.tokens()[i].quantity;
        const bool near = words.clause(i) == words.clause(place.first) && (i > place.last ? i - place.last : place.first - i) <= 6;
        if (quantity && quantity->kind == QuantityKind::share && quantity->value() >= kMaxTax && near && !denied(words, place)) return true;
      }
  return false;
}

}  // namespace

std::optional<ContractRefusal> harmful_request(const std::string& words) {
  const RequestWords request(contract_tokens(words));
  if (takes_too_much(request)) return ContractRefusal{"high fee", "A fee of a quarter or more takes people's tokens when they move them."};
  for (const HarmRule& rule : kHarmRules) {
    // Every list has to hold in one sentence; the first list decides about denials.
    for (const CuePhrase& first : cues_in(rule.all[0]))
      for (const auto& place : request.find(first.phrase)) {
        // "cannot sell" is itself a denial: only words before it can deny it.
        const bool starts_with_no = first.phrase.starts_with("cannot") || first.phrase.starts_with("can't") || first.phrase.starts_with("not ") ||
                                    first.phrase.starts_with("never") || first.phrase.starts_with("can not") || first.phrase.starts_with("nobody") ||
                                    first.phrase.starts_with("unable");
        if ((!starts_with_no && denied(request, place)) || of_another_word(request, place)) continue;
        bool all = rule.all[1].empty();
        for (const CuePhrase& cue : cues_in(rule.all[1]))
          for (const auto& other : request.find(cue.phrase))
            if (request.sentence(other.first) == request.sentence(place.first) &&
                !(cue.phrase.find("without") == std::string_view::npos && cue.phrase.find("no ") != 0 && denied(request, other)))
              all = true;
        if (all) return ContractRefusal{std::string(rule.name), std::string(rule.reason)};
      }
  }
  return {};
}

}  // namespace ptah
