#include <array>
#include <vector>

#include "base/text.h"
#include "contract/words/matching.h"
#include "contract/words/reader.h"

namespace ptah {

namespace {

/// A rule holds if a phrase of each list stands in one sentence, unless it is denied there.
struct HarmRule {
  std::string_view name;
  std::vector<std::string_view> all;
  std::string_view reason;
};

const std::vector<HarmRule>& harm_rules() {
  static const std::vector<HarmRule> rules{
      {"honeypot",
       {"cannot sell|can't sell|can not sell|not be able to sell|unable to sell|never sell|only the owner can sell|only i can sell|only owner can sell|only "
        "the deployer can sell|block sells|block selling|blocks selling|disable selling|prevent selling|"
        "prevents selling|stop selling|prevent holders from selling|stop holders from selling|sells fail|sales fail|selling fails|buy but not sell|buy but "
        "never sell|trap buyers|honeypot|honey pot|cannot withdraw their own|can't get their money out|"
        "never be able to withdraw|never withdraw their|cannot be sold by buyers|only i can withdraw|only the owner can withdraw deposits|buyers are "
        "locked|sell transactions revert|only i may sell|only we can sell|nobody but me can sell|except me can sell"},
       "People could buy in and never get out again (a honeypot)."},
      {"hidden mint",
       {"mint|minting|create tokens|print tokens|new tokens|more tokens|inflate",
        "secret|secretly|hidden|hide|backdoor|back door|without anyone noticing|without anybody noticing|without holders knowing|without anyone knowing|nobody "
        "knows|nobody notices|unnoticed|stealth|invisible|"
        "obfuscated|without telling|covertly|quietly|disguised|undisclosed|silently|no one sees|nobody sees|not visible"},
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
        "liquidity"},
       "Somebody could take what belongs to the users (a rug pull)."},
      {"selective freeze",
       {"blacklist|blacklists|blocklist|freeze any|freeze anyone|freeze anybody|freeze specific|freeze individual|freeze wallets|freeze accounts|freeze "
        "someone's|block addresses|block any address|block wallets|ban holders|freeze holders|freeze the tokens of|lock anyone's"},
       "Whoever can freeze single holders can keep them from selling; Ptah writes no such power."},
      {"pyramid",
       {"ponzi|pyramid|matrix scheme|deposits of new|new investors|later investors|new members pay|new deposits pay|from newer|later depositors|new "
        "depositors|downline|recruit|recruits|paid from new|with the money of new|with deposits from|double your|doubles your|referral levels|guaranteed "
        "profit|guaranteed daily|guaranteed returns|risk-free return|guaranteed return"},
       "Returns that come out of later people's money end with the last of them losing it (a pyramid)."},
      {"impersonation",
       {"pretend to be|pretends to be|impersonate|impersonates|fake usdt|fake usdc|fake dai|fake tether|looks exactly like usdt|looks exactly like "
        "usdc|counterfeit|clone of usdt|fake version|phishing|phish|trick people|trick users|trick them|deceive|mislead users|fool people|fool users|look like "
        "the real|wallet drainer|drainer"},
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
  return rules;
}

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

}  // namespace

std::optional<ContractRefusal> harmful_request(const std::string& words) {
  const RequestWords request(contract_tokens(words));
  for (const HarmRule& rule : harm_rules()) {
    // Every list has to hold in one sentence; the first list decides about denials.
    for (const CuePhrase& first : cues_in(rule.all[0]))
      for (const auto& place : request.find(first.phrase)) {
        // "cannot sell" is itself a denial: only words before it can deny it.
        const bool starts_with_no = first.phrase.starts_with("cannot") || first.phrase.starts_with("can't") || first.phrase.starts_with("not ") ||
                                    first.phrase.starts_with("never") || first.phrase.starts_with("can not") || first.phrase.starts_with("nobody") ||
                                    first.phrase.starts_with("unable");
        if (!starts_with_no && denied(request, place)) continue;
        bool all = true;
        for (size_t i = 1; i < rule.all.size() && all; ++i) {
          all = false;
          for (const CuePhrase& cue : cues_in(rule.all[i]))
            for (const auto& other : request.find(cue.phrase))
              if (request.sentence(other.first) == request.sentence(place.first) &&
                  !(cue.phrase.find("without") == std::string_view::npos && cue.phrase.find("no ") != 0 && denied(request, other)))
                all = true;
        }
        if (all) return ContractRefusal{std::string(rule.name), std::string(rule.reason)};
      }
  }
  return {};
}

}  // namespace ptah
