// Contracts that hold somebody's money for a while: vesting, escrow, crowdfunding, auction, staking.
#include "contract/kinds/tables.h"

namespace ptah {

ContractKind vesting_kind() {
  return {
      .name = "vesting",
      .title = "Vesting",
      .summary = "money or tokens that come free over time",
      .cues =
          "vest:4|vests:4|vesting:4|vested:3|cliff:3|unlock:1.5|unlocks:2|unlocked:1.5|released linearly:3|gradually:2|grant:1.5|allocation:1|over "
          "time:1.5|release it:2|pay out:1|released monthly:2|linearly:2|drip:2|trust fund:3|allowance:2|stream:2|streamed:2|streaming:2|lock:0.5|bit by "
          "bit:3|little by little:3|let it flow:3|flow evenly:2|put aside:1.5|set aside:1|nothing in the first:3|nothing "
          "for the first:3|nothing before:2|not earned yet:2|founder:1|co-founder:1.5|cofounder:1.5|employee:1",
      .terms =
          {{"total", TermType::asset, "How much is put in, in all?", "", 0, kMaxTokenAmount,
            "vest:2|tokens:2|allocation of:2|grant:2|lock:2|pay out:2|schedule:1|of:0.5|total:2|release:1|for:0.3|amount:2", "all that comes free"},
           {"duration", TermType::duration, "Over how long does it come free?", "", kHour, 30 * kYear,
            "over:4|during:4|linearly:2|months:0.5|for:0.5|in the course of:3|within:2|schedule:1|period:2|vests over:3|spread over:3|fully vested "
            "after:3|across:3|through:1|duration:3",
            "until everything is free"},
           {"cliff", TermType::duration, "", "", 1, 10 * kYear,
            "cliff:5|nothing in the first:5|nothing before:4|nothing for the first:5|first:2|nothing until:3|no tokens before:4|nothing during the "
            "first:5|initial lock:3|waiting period:3|starts after:2",
            "until anything is free"},
           {"step", TermType::duration, "", "", 60, 5 * kYear,
            "steps:4|monthly:3|unlocks:3|quarterly:3|weekly:3|every:3|each:3|installments:3|instalments:3|tranches:3|portions:2|per:2|daily:3|yearly:3|parts:1",
            "how often more comes free"},
           {"start", TermType::date, "", "", 1, 4e9, "starting:3|start:3|starts:3|from:2|begins:3|beginning:3|on:1|as of:2", "when it begins"}},
      .flags = {{"revocable",
                 "revoke|revocable|can revoke|cancel the|may cancel|take back|can be cancelled|can be revoked|clawback|claw back|may revoke|can "
                 "cancel|terminate|reclaim|take the rest back|take it back|stop the vesting|ended early",
                 "not revocable|irrevocable|irrevocably|cannot be revoked|non-revocable|cannot revoke|not be revoked|can't be revoked|nobody can revoke|no "
                 "clawback|no one can revoke|cannot be cancelled|never be revoked|not revoke|no revocation|without revocation",
                 "the owner can end it and take back what is not free"}},
      .roles = {{"beneficiary", "", "gets what is free", "beneficiary|to|for"},
                {"owner", "revocable", "can end it and gets back what is not free", "owner|company|revoked by"}},
      .examples = {"lock tokens for the team and release them over years", "an allowance for my child paid out monthly", "founder shares with a cliff"}};
}

ContractKind escrow_kind() {
  return {.name = "escrow",
          .title = "Escrow",
          .summary = "money that waits until a buyer is content",
          .cues =
              "escrow:5|confirms receipt:2.5|confirms the receipt:2.5|buyer sends:2|sends the money to the contract:2|get "
              "paid:0.7|confirm:0.5|refund:0.3|safekeeping:3|arbiter:3|arbitrator:3|mediator:2|buyer:1|seller:1|held in trust:3|in trust:2|deposit for "
              "a:2|money held:2|hold:1|until "
              "the buyer confirms:2|until the client accepts:3|deal between:2|safe purchase:3|dispute:1.5|disputes:1.5|milestone "
              "payment:2|client:1|freelance:1.5|landlord:1.5|tenant:1.5|surveyor:1|third party:1.5",
          .terms = {{"amount", TermType::money, "How much does the buyer deposit, and in what?", "", 0, 1e15,
                     "escrow:1|for:1|deposits:2|deposit:2|hold:2|pays:2|money:1|price:2|of:0.5|amount:2|payment:1", "what waits"},
                    {"deadline", TermType::duration, "After how long without a decision does the money go somewhere by itself?", "", kHour, 5 * kYear,
                     "within:2|after:3|deadline:3|time limit:3|if nothing happens:3|for:1|automatically:1|refund:1|timeout:3|expires:3|days "
                     "later:2|unless:1|until:1|inside:1",
                     "until the money goes by itself"},
                    {"fee", TermType::share, "", "", 0.01, 10, "fee:3|takes:3|arbiter:2|mediator:2|gets:1|commission:3|earns:2|charges:2|keeps:1",
                     "what the arbiter gets for a decision"}},
          .flags = {{"arbiter", "arbiter|arbitrator|mediator|judge|referee|third party|umpire|surveyor|decides disputes|dispute",
                     "no arbiter|without an arbiter|without arbiter|no mediator|without a mediator|no third party|without a third party|no arbitrator",
                     "somebody decides for one of the two"},
                    {"timeout_to_seller",
                     "money goes to the designer|goes to the seller|gets paid automatically|paid automatically|freelancer gets paid|contractor gets "
                     "paid|seller gets paid|designer gets paid|artist gets paid|developer gets paid|supplier gets paid|seller is paid|pays the seller|released "
                     "to the seller|automatically to the seller|seller "
                     "gets|the seller receives|paid to the seller|designer automatically|go to the seller|"
                     "released automatically|supplier is paid|developer is paid|designer is paid|artist is paid|freelancer is paid|contractor is paid|the "
                     "provider is paid|goes to the freelancer|goes to the "
                     "contractor|goes to the developer|goes to the provider|goes to the supplier|worker is paid|the artist is paid|goes to the artist|the "
                     "landlord gets|goes to the landlord|vendor is paid|goes to the vendor|paid out to the|auto-release|auto release",
                     "", "after the time the seller is paid"},
                    {"timeout_to_buyer",
                     "refund|refunded|money back|back to the buyer|back to the payer|returns to the|buyer gets the money|back to the client|goes back|get it "
                     "back|returned to|back to me|refund me|back to the tenant|returned|sent back|buyer can take it back",
                     "no refund|no refunds|without refund", "after the time the buyer is paid back"}},
          .roles = {{"buyer", "", "pays the money in, and decides that it is released", "buyer|client|payer|tenant"},
                    {"seller", "", "gets the money when it is released", "seller|designer|freelancer|landlord"},
                    {"arbiter", "arbiter", "decides for one of the two", "arbiter|arbitrator|mediator|surveyor|judge"}},
          .examples = {"hold the buyer's money until the goods arrive", "a deposit that a third person decides about",
                       "pay a freelancer when the work is accepted"}};
}

ContractKind crowdfunding_kind() {
  return {
      .name = "crowdfunding",
      .title = "Crowdfunding",
      .summary = "money for a goal, with refunds if it is missed",
      .cues =
          "crowdfunding:5|crowdfund:5|refunds:0.5|refund:0.5|refunded:0.5|miss:0|missed:0|back:0|otherwise:0|everybody:0|crowd "
          "funding:5|fundraiser:4|fundraising:4|raise:2.5|kickstarter:4|campaign:3|donations:3|donors:2|pledge:3|pledges:3|all or nothing:3|funding "
          "goal:4|target:1|goal:1.5|fund a:2|contributions:1.5|contribution:1.5|backers:3|collect:1|collect money:3|donate:2",
      .terms =
          {{"goal", TermType::money, "How much has to be reached, and in what?", "", 0, 1e15,
            "goal:4|target:4|raise:3|need:3|all or nothing:2|crowdfund:2|collect:2|of:0.3|we need:3|reach:2|reached:1|funding goal:4|threshold:2|gather:2",
            "what has to be reached"},
           {"duration", TermType::duration, "", "", kHour, 2 * kYear,
            "in:1|within:2|over:1|lasts:2|running for:3|for:1|runs:2|days:0.2|duration:3|campaign:1|open for:3|during:2|deadline:2", "how long it lasts"},
           {"end", TermType::date, "", "", 1, 4e9, "until:4|by:3|ends:4|end:3|before:2|deadline:3|closes:3|on:1|till:3", "when it ends"},
           {"minimum", TermType::money, "", "", 0, 1e15,
            "minimum:4|at least:4|less than:4|no less:4|min:4|minimum contribution:5|smallest:4|from:1|give less:3|not below:3|lowest:3",
            "the least of one contribution"},
           {"maximum", TermType::money, "", "", 0, 1e15,
            "a person:2|each:1|per person:4|at most:2.5|per donor:4|per backer:4|maximum contribution:5|no more than:3|max:2|per contributor:4|per "
            "wallet:4|per address:4|nobody may give more:5|give more than:4",
            "the most of one person"},
           {"cap", TermType::money, "", "", 0, 1e15,
            "hard cap:6|cap:4|stops at:4|stop at:4|ceiling:4|not take more than:4|close at:3|upper limit:3|no more than:2|in all:1|closes at:2|maximum total:4",
            "the most that is taken in all"}},
      .flags = {},
      .roles = {{"beneficiary", "", "gets the money if the goal is reached", "beneficiary|for|to|goes to"}},
      .examples = {"collect money for a project and give it back if too little comes", "a Kickstarter for our magazine",
                   "donations for a new roof with a deadline"}};
}

ContractKind auction_kind() {
  return {.name = "auction",
          .title = "Auction",
          .summary = "one token of a collection for the best price",
          .cues =
              "auction:5|bid:2|bids:2|bidding:3|bidder:2.5|highest bidder:4|english auction:5|dutch auction:6|starting bid:3|outbid:3|falling "
              "price:3|descending price:3|price falls:3|reserve price:3|price drops:3|price goes down:3",
          .terms =
              {{"reserve", TermType::money, "What is the least first bid?", "", 0, 1e15,
                "reserve:4|reserve price:5|starting bid:5|minimum price:5|minimum:2|floor:4|no bids below:5|below:3|start at:3|starts at:3|opening "
                "bid:5|from:1|first bid:4|starting price:4|at least:2|begins at:3|starting at:3|minimum bid:5|opening price:4",
                "the least first bid"},
               {"start_price", TermType::money, "At what price does it start?", "", 0, 1e15,
                "from:3|begins at:4|starts at:4|starting at:4|start price:5|starting price:5|start:2|high of:3|beginning at:4|initial price:4|begins:2",
                "the price at the start"},
               {"end_price", TermType::money, "To what price does it fall?", "", 0, 1e15,
                "to:2|ends at:5|down to:5|end price:5|lowest:4|floor:4|until:2|falls to:4|end:2|final price:5|bottom:3|drops to:4|ends:2|not below:4|minimum:3",
                "the price at the end"},
               {"duration", TermType::duration, "How long does it last?", "", 600, 180 * kDay,
                "lasts:3|days:0.3|over:2|for:1.5|runs:3|open for:3|duration:3|after:2|auction:0.5|within:2|during:2|takes:2|ends after:3|closes "
                "after:3|long:1|stays open:3",
                "how long it lasts"},
               {"increment", TermType::share_or_money, "", "5 %", 0, 1e15,
                "higher:4|increment:5|increments:5|raise:4|outbid:4|at least:2|step:3|above:2|more than:2|beat:3|increase:3|steps of:4|each bid:2|next bid:3",
                "by how much a bid has to be above the one before"},
               {"extension", TermType::duration, "", "", 10, 7 * kDay,
                "last:4|extend:5|extends:5|extension:5|late bids:4|prolong:5|prolongs:5|final:3|sniping:4|extended:5|more "
                "time:3|snipe:4|anti-snipe:5|anti-sniping:5|longer:2|adds:4|add:3|another:3",
                "the time that a bid leaves to answer"}},
          .flags = {{"dutch",
                     "dutch|price falls|descending|price drops|falling price|price goes down|decreasing price|declining price|price sinks|price "
                     "decreases|price declines",
                     "not dutch", "the price falls until somebody buys"}},
          .roles = {{"seller", "", "puts the token up and gets what is paid", "seller|sold by"},
                    {"nft", "", "the collection that the token is of", "nft|collection|contract|token"}},
          .examples = {"sell my picture to whoever bids most", "the price falls until somebody buys", "highest bid after a week wins"}};
}

ContractKind staking_kind() {
  return {
      .name = "staking",
      .title = "Staking",
      .summary = "rewards for those who keep tokens in it",
      .cues =
          "staking:5|stake:4|stakes:3|stakers:4|staked:3|apr:3|apy:3|yield:2|farm:3|farming:3|interest:2.5|reward tokens:2|long term holders:2|rewards "
          "of:1|lock our token:2|lock their tokens:2|deposit tokens:2|lock-up:1.5|earn:1|savings:2",
      .terms =
          {{"reward", TermType::tokens, "", "", 0, kMaxTokenAmount,
            "share:3|reward:3|rewards:3|distributes:4|distribute:4|pool of:4|reward tokens:5|rewards of:4|paid "
            "out:2|pool:1|emits:3|emission:3|budget:3|total:1|given out:3|divide:2|hand out:3",
            "all that is given out"},
           {"duration", TermType::duration, "", "", kHour, 10 * kYear,
            "over:4|during:4|across:4|in:0.5|within:2|for:0.5|spread:3|evenly:2|period:2|program:2|through:1", "over how long"},
           {"apr", TermType::share, "", "", 0.01, 100,
            "apr:5|apy:5|a year:2|yearly:3|interest:4|per year:3|annual:4|earn:2|annually:3|per annum:4|yield:3|return:2|rate:3",
            "what a stake earns in a year"},
           {"lock", TermType::duration, "", "", 60, 4 * kYear,
            "lock:4|locked:4|lock-up:4|before withdrawing:4|wait:3|before they can withdraw:4|before taking:3|withdrawing:2|lockup:4|at "
            "least:2|stay:3|minimum period:3|locked for:5|lock of:5|withdraw after:3|cannot withdraw:2|unlock "
            "after:4|cooldown:3|locking:4|stay for:3|kept for:2",
            "how long a stake stays"},
           {"minimum", TermType::tokens, "", "", 0, kMaxTokenAmount,
            "minimum:4|at least:3|smallest:4|min:4|minimum stake:5|smallest deposit:5|least:2|no less than:3|minimal:3|or more:3|to take part:4|to join:4|to "
            "participate:4|to enter:3|from:1",
            "the least that can be put in at once"}},
      .flags = {},
      .roles = {{"sponsor", "reward", "gets back what nobody earned", "sponsor|owner|back to"}},
      .examples = {"people lock tokens and get rewards", "interest on deposited tokens", "a pool that is shared by who stakes"}};
}

}  // namespace ptah
