// Contracts of several people: splitter, multi-signature, governor.
#include "contract/kinds/tables.h"

namespace ptah {

ContractKind splitter_kind() {
  return {
      .name = "splitter",
      .title = "Splitter",
      .summary = "income that is shared by fixed parts",
      .cues =
          "half to:2|goes half:2|comes in:1|everything that comes in:2|split:4|splitter:5|splits:3|split payments:5|payment splitter:6|revenue share:5|revenue "
          "sharing:5|shared:1.5|divide:3|divides:3|divided:3|distribute:1.5|share of:1|everybody gets a:2|gets a quarter:2|incoming "
          "payments:2|income:2|royalties come in:3|equally between:3|profit sharing:4|shares the income:3|proceeds:1.5|earns:1|royalty split:4|revenue:1.5",
      .terms = {{"share", TermType::share, "Who gets how much? Name each person with their percentage; together they have to be 100 %.", "", 0.01, 100, "%:1",
                 "somebody's part in percent"},
                {"part", TermType::count, "", "", 1, 1000000, "parts:1", "somebody's part"}},
      .flags = {},
      .roles = {},
      .examples = {"share our income between three people", "a band that divides what it earns", "70 percent to me and 30 to my partner"}};
}

ContractKind multisig_kind() {
  return {
      .name = "multisig",
      .title = "Shared wallet",
      .summary = "a wallet that several owners decide about",
      .cues =
          "multisig:6|multi-sig:6|multi sig:6|multi-signature:6|multi signature:6|multisignature:6|shared wallet:5|joint account:5|signatures "
          "needed:3|signers:4|must sign:3|have to sign:3|confirmations:3|approvals:2.5|owners:1|board members:2|safe for:2|club fund:2|have to agree:2|have to "
          "confirm:2.5|shared account:5|co-signers:4|cosigners:4|key holders:3|out of:0.5|both partners:2|joint wallet:5|must approve:2.5|sign off:2",
      .terms = {{"owners", TermType::count, "How many people own the wallet?", "", 2, 20,
                 "owners:4|members:3|signers:4|council:2|people:3|partners:3|keys:3|of:1|board:2|keyholders:4|trustees:4|directors:4|friends:2|cosigners:4|key "
                 "holders:4",
                 "how many own it"},
                {"threshold", TermType::count, "How many of them have to agree?", "", 1, 20,
                 "agree:4|signatures:4|confirm:4|confirmations:5|approvals:5|at least:2|needed:3|required:3|sign:4|must:2|any:2|approve:3|have "
                 "to:2|need:2|threshold:5|enough:2",
                 "how many have to agree"},
                {"delay", TermType::duration, "", "", 60, 90 * kDay, "delay:4|timelock:4|wait:4|before:2|waits:4|time lock:4|after:1|waiting:3",
                 "how long it waits before it pays"},
                {"expiry", TermType::duration, "", "", kHour, 2 * kYear,
                 "expire:5|expires:5|expiry:5|lapse:4|valid for:4|expired:4|stale:3|run out:3|invalid after:4|lapses:4",
                 "how long a proposal can be confirmed and run"}},
      .flags = {},
      .roles = {},
      .examples = {"a wallet where two of three have to sign", "our club's money needs several signatures", "a treasury that the board controls together"}};
}

ContractKind governor_kind() {
  return {.name = "governor",
          .title = "Governor",
          .summary = "decisions by the votes of token holders",
          .cues =
              "governor:5|dao:4|governance:3|quorum:4|proposal threshold:3|voting period:4|voting delay:4|proposals:2|vote on:3|on-chain governance:5|onchain "
              "governance:5|token voting:4|votes last:3|timelock:1|propose:1.5|members vote:4|voting:1.5|ballot:2|decide by vote:3|referendum:3|proposal:1.5",
          .terms = {{"voting_delay", TermType::duration, "", "1 day", 0, 60 * kDay,
                     "voting delay:6|delay:2.5|before voting:4|before the vote:4|voting starts:4|voting begins:4|vote starts:4|vote opens:4|voting "
                     "opens:4|opens after:5|starts after:5|begins after:4",
                     "from a proposal to its vote"},
                    {"voting_period", TermType::duration, "How long does a vote last?", "", kHour, 180 * kDay,
                     "voting period:6|votes last:5|voting takes:5|voting:2.5|vote is open:5|period:3|open for:3|voting "
                     "lasts:5|vote:2|votes:1.5|ballot:2|last:1.5|to vote:3",
                     "how long a vote lasts"},
                    {"quorum", TermType::share, "What part of all votes has to take part?", "", 0.01, 100,
                     "quorum:5|take part:5|voted:3|turnout:5|participat:4|must vote:4|of all:2|has to vote:3|have to vote:3",
                     "what part of all votes has to take part"},
                    {"threshold", TermType::share_or_tokens, "How many votes does it take to propose?", "", 0, kMaxTokenAmount,
                     "threshold:4|proposal threshold:6|to propose:5|may propose:5|propose:3|to make a proposal:5|proposals from:5|holds:2|can "
                     "propose:5|proposals need:4|submit:3|proposal:1",
                     "votes that it takes to propose"},
                    {"timelock", TermType::duration, "", "2 days", 60, 60 * kDay,
                     "timelock:5|wait:4|before they run:4|execution after:5|carried out after:5|execution delay:6|executed after:5|time lock:5|take "
                     "effect:3|run:1.5|carried out:3|after:1|execut:3|before it runs:4|queue:2|takes effect:5|later:2.5|days later:2|effective after:4",
                     "how long a decision waits before it is carried out"},
                    {"supply", TermType::tokens, "", "", 1, kMaxTokenAmount,
                     "supply:5|own token:2|its own:3|of its own:3|voting tokens:2|tokens:0.5|in total:2|total supply:5",
                     "votes, if the contract brings a token of its own"}},
          .flags = {},
          .roles = {},
          .has_symbol = true,
          .examples = {"our members decide by vote", "a DAO with a quorum", "token holders vote on proposals"}};
}

}  // namespace ptah
