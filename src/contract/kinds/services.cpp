// Contracts that sell, bill, look up and reward: sale, subscription, royalty registry, proof-of-read reward.
#include "contract/kinds/tables.h"

namespace ptah {

ContractKind sale_kind() {
  return {.name = "sale",
          .title = "Sale",
          .summary = "tokens for money, to people on a list",
          .cues =
              "token sale:5|presale:5|pre-sale:5|allow-list sale:6|allowlist sale:6|allow list sale:6|private sale:5|ico:4|sell our tokens:4|of our "
              "tokens:1.5|whitelisted addresses:3|tokens at:1.5|may buy:2|sale of:3|public sale:4|sale restricted:4|per token:1|sale:2|buyers:1.5|approved "
              "buyers:2|crowdsale:5|sell:1|a token each:1|only members on our list:3|whitelist:1.5|allowlist:1.5|allow list:1.5",
          .terms = {{"total", TermType::tokens, "How many tokens are sold, in all?", "", 0, kMaxTokenAmount,
                     "tokens:2|sale of:3|sell:3|in all:3|of our tokens:3|total:3|sold:1|offer:2|for sale:3|available:2|up for:2", "what is sold"},
                    {"price", TermType::money, "What does one token cost, and in what?", "", 0, 1e12,
                     "each:3|price:3|per token:4|apiece:3|at:1|a token:3|for:1|cost:3|costs:3|one:0.5|a piece:3|every token:3", "of one token"},
                    {"per_wallet", TermType::tokens, "", "", 0, kMaxTokenAmount,
                     "per wallet:5|per buyer:5|per person:5|limit:3|at most:3|max:3|no more than:3|each at most:4|per address:5|a "
                     "person:2|maximum:2|buyer:1|each:1|per account:5|per user:5|everybody:1|may buy up to:3|up to:2",
                     "the most one address can buy"},
                    {"duration", TermType::duration, "How long does it last?", "", kHour, 2 * kYear,
                     "open for:4|in total:5|runs:4|for:1.5|after:1.5|lasts:4|ends after:4|sale:0.5|days:0.2|during:3|over:2|within:2|sale ends:4|closes "
                     "after:4|duration:4",
                     "how long it lasts"},
                    {"list_only", TermType::duration, "", "", 60, 2 * kYear,
                     "first:4|only for people on the list:4|list only:4|early access:5|head start:5|then open:3|exclusive:3|only for listed:4|before "
                     "everyone:3|then everyone:3|priority:3",
                     "how long only people on the list can buy"},
                    {"start", TermType::date, "", "", 1, 4e9, "from:3|starts:3|starting:3|begins:3|on:2|opens:3|start:2", "when it begins"}},
          .flags = {{"allow_list",
                     "allow list|allowlist|allow-list|whitelist|whitelisted|on the list|our list|approved buyers|on our list|listed|kyc|registered "
                     "buyers|invited|private|my list|people on a list|on a list|list of buyers",
                     "no allow list|no allowlist|no whitelist|open to everyone|open to everybody|anyone can buy|anybody can buy|open to anyone|public "
                     "sale|everybody can buy|without a list|without an allow list|without a whitelist|everyone can buy",
                     "only people on a list can buy"}},
          .roles = {{"treasury", "", "gets what is paid, and what is not sold", "treasury|proceeds to|paid to|seller"},
                    {"curator", "allow_list", "says who is on the list", "curator|list kept by|manager"}},
          .examples = {"sell tokens to people we approved", "a presale with a whitelist", "offer our tokens at a fixed price"}};
}

ContractKind subscription_kind() {
  return {
      .name = "subscription",
      .title = "Subscription",
      .summary = "access that is paid for by the period",
      .cues =
          "subscription:5|subscribe:5|per week:1|each week:1|charge:1|in advance:1.5|access:1|per year:0.7|subscriber:4|subscribers:4|membership fee:4|a "
          "month:1|per month:1.5|monthly fee:3|every 30 days:1.5|recurring:4|pass "
          "for:2|magazine pass:2|access pass:3|prepaid:2|grace:2|newsletter:2|periods ahead:3|a yearly:1|membership:1.5|dues:3|per quarter:1|for "
          "access:2.5|billing:3|renew:2|renews:2|paywall:3|each quarter:2|every quarter:2|each month:2|every month:2|each year:1.5|every year:1.5|to "
          "use:0.5|cancel any time:1.5|cancel anytime:1.5|weekly magazine:1|rent:1",
      .terms = {{"price", TermType::money, "What does a period cost, and in what?", "", 0, 1e12,
                 "a month:2|pay:2|for:1|fee:2|costs:3|price:3|per:2|each:1|subscribe:1|/:1|every:1|subscription:1", "of one period"},
                {"period", TermType::duration, "How long is a period?", "", kHour, 5 * kYear,
                 "every:3|per:3|a:0.5|yearly:3|weekly:3|monthly:3|each:2|/:3|period:3|for:0.5|lasts:2|quarterly:3|daily:3", "how long a period is"},
                {"max_periods", TermType::count, "", "12", 1, 120,
                 "ahead:5|periods ahead:6|in advance:5|prepaid:4|up to:2|at most:2|periods:3|prepay:4|upfront:3|up front:3",
                 "how many periods can be paid ahead"},
                {"grace", TermType::duration, "", "", 60, 90 * kDay, "grace:6|grace period:6|grace of:6|late:3|leeway:4", "how long access goes on afterwards"},
                {"trial", TermType::duration, "", "", 60, 90 * kDay, "trial:6|free:5|first:4|for free:4|try:3|tryout:4|test period:4",
                 "what is free the first time"}},
      .flags = {{"refundable",
                 "refund|refunded|refundable|returns the remaining|money back|unused months|paid back|gets back|get back|remaining months|pro rata|unused "
                 "periods|returned|given back|give back|giving back|repaid|reimbursed|have not begun|has not begun|have not started|not used yet",
                 "no refunds|no refund|non-refundable|not refundable|without refund|without refunds|nonrefundable|not refunded|no money back|never "
                 "refunded|are not refunded",
                 "periods that have not begun are paid back"}},
      .roles = {{"provider", "", "gets what is paid", "provider|paid to|treasury|goes to|publisher"}},
      .examples = {"readers pay each month for access", "a yearly membership fee", "a pass that has to be renewed"}};
}

ContractKind registry_kind() {
  return {.name = "registry",
          .title = "Royalty registry",
          .summary = "who gets royalties of which collection",
          .cues =
              "royalty registry:7|royalties registry:7|registry of royalties:7|registry:4|register of royalties:7|register:2.5|registers:2|look it "
              "up:2|lookup:3|look up:2|marketplaces:2|royalty information:4|royalties:1|registering:2|who gets royalties:3|directory:3|royalty lookup:5|max "
              "royalty:2",
          .terms = {{"max_royalty", TermType::share, "What is the highest royalty that can be registered?", "", 0.01, 50,
                     "at most:3|above:3|up to:3|max:3|limit:3|ceiling:4|no royalty above:5|maximum:3|cap:3|royalty:1|royalties:1|capped:3|highest:3|no more "
                     "than:3|exceed:3",
                     "the highest royalty"},
                    {"change_delay", TermType::duration, "", "", 60, 180 * kDay,
                     "change:4|changes:4|wait:3|takes effect:4|delay:4|take effect:4|before:1|notice:3|updates:3|update:3", "how long a change waits"},
                    {"fee", TermType::money, "", "", 0, 1e9,
                     "registering:3|costs:3|fee:4|entry fee:5|cost:2|registration:4|to register:4|charge:3|listing:2|per entry:3",
                     "of the first entry of a collection"}},
          .flags = {{"curated", "curator|curated|manager|only the label|kept by|administrator|admin|only we|registrar|editor|maintained by",
                     "no curator|without a curator|no admin|without an admin|without a registrar",
                     "one curator writes the entries, not the owners of collections"}},
          .roles = {{"curator", "curated", "writes the entries", "curator|manager|registrar"}, {"treasury", "fee", "gets the fees", "treasury|fees to"}},
          .examples = {"a place where artists say what royalty they want", "marketplaces look up who gets royalties", "a register of royalties of our label"}};
}

ContractKind reward_kind() {
  return {.name = "reward",
          .title = "Reading rewards",
          .summary = "rewards for having read and understood",
          .cues =
              "proof-of-read:6|proof of read:6|proof of reading:6|readers:2|reader:1.5|read-to-earn:6|read to earn:6|quiz:3|article:2|articles:2|reward for "
              "reading:5|pay readers:4|reading service:4|voucher:2|learners:3|chapter:2|reading rewards:5|understood:2|questions about a text:3|for "
              "reading:3|lesson:2|lessons:2|students:1.5|course:1|learn-to-earn:5|learn to earn:5|who read:3",
          .terms = {{"reward", TermType::asset, "How much does a reader get for an article?", "", 0, kMaxTokenAmount,
                     "article:2|get:3|each article:4|an article:4|per article:5|gives:3|claims:3|for every:3|reward:2|gets:3|earn:1.5|pay "
                     "readers:3|chapter:2|receives:3|receive:3|per lesson:5|per quiz:4|a quiz:3|per read:4|for each:3",
                     "for one article"},
                    {"reader_cap", TermType::asset, "How much can one reader get in an epoch (a day, unless it is said)?", "", 0, kMaxTokenAmount,
                     "per reader:5|per learner:5|no reader earns more than:6|each reader:5|reader:1.5|at most:1.5|each:2|learner:2|per person:5|a reader:3|per "
                     "user:5|per student:5|one reader:4|no reader:4|per account:5|individual:3|single reader:4|per wallet:5",
                     "the most of one reader in an epoch"},
                    {"epoch_cap", TermType::asset, "How much is paid in an epoch (a day, unless it is said) in all?", "", 0, kMaxTokenAmount,
                     "overall:5|in all:5|daily cap:5|altogether:5|everybody together:5|weekly limit:5|daily limit:5|together:3|total:3|cap:1.5|limit:1.5|in "
                     "total:4|all readers:4|monthly limit:5|monthly cap:5|weekly cap:5|everyone:3|combined:4|across all:4",
                     "the most of all readers in an epoch"},
                    {"epoch", TermType::duration, "", "1 day", kHour, 90 * kDay,
                     "a day:1|per:2|daily:2|weekly:2|a week:1|epoch:4|every:2|a month:1|day:1|week:1", "an epoch"},
                    {"budget", TermType::asset, "", "", 0, kMaxTokenAmount,
                     "budget:5|ever:3|in total ever:4|lifetime:4|overall budget:6|fund of:3|total budget:6|pot of:4|pool of:3|whole programme:6|whole "
                     "program:6|over the whole:5|entire:4|all the time:3|programme:2",
                     "the most that is ever paid"},
                    {"notice", TermType::duration, "", "7 days", kDay, 180 * kDay, "notice:5|end:2|withdraw:2",
                     "how long before the sponsor can take back the rest"}},
          .flags = {},
          .roles = {{"signer", "", "the reading service, whose vouchers are paid", "signer|service|signed by"},
                    {"sponsor", "", "can end it with notice and gets the rest", "sponsor|owner|publisher"}},
          .examples = {"pay people for reading our articles", "readers who pass a quiz earn tokens", "learners get tokens for right answers"}};
}

}  // namespace ptah
