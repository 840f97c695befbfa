#include "apps/community/dao.h"

#include "base/sha256.h"
#include "base/text.h"
#include "chain/abi.h"
#include "cli/commands/commands.h"
#include "cli/dao_session.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

const char* outcome_text(Outcome outcome) {
  constexpr const char* kTexts[] = {"open", "yes", "no", "void"};
  return kTexts[static_cast<size_t>(outcome)];
}

Result<void> run_found(const DaoOptions& o) {
  PTAH_TRY_VOID(must_be_new(o.file));
  CommunityTerms terms;
  terms.name = o.name;
  terms.symbol = o.symbol;
  terms.quorum = o.quorum;
  for (const std::string& share : o.shares) {
    const size_t equals = share.find('=');
    if (equals == std::string::npos) return fail(ErrorCode::invalid_argument, "'{}': a share is WHO=AMOUNT", share);
    PTAH_TRY(const Address who, person(share.substr(0, equals)));
    PTAH_TRY(const Uint256 amount, parse_ether(share.substr(equals + 1)));
    terms.shares.emplace_back(who, amount);
  }
  PTAH_TRY(terms.treasury, parse_ether(o.treasury));
  if (o.threshold.empty()) {  // a hundredth of the votes, so that it grows with what is at stake
    for (const auto& [who, amount] : terms.shares) terms.threshold = add(terms.threshold, amount);
    terms.threshold = scaled(terms.threshold, 1, 100);
  } else {
    PTAH_TRY(terms.threshold, parse_ether(o.threshold));
  }
  PTAH_TRY(terms.delay, parse_duration(o.delay));
  PTAH_TRY(terms.period, parse_duration(o.period));
  PTAH_TRY(terms.wait, parse_duration(o.wait));
  PTAH_TRY(const auto signer, needed_signer(o));
  const Signer& key = *signer;
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Account account, Account::open(rpc, key, o.chain));
  PTAH_TRY_VOID(fund_on_dev_chain(rpc, o, key.address()));
  if (!o.json)
    print("five contracts on chain {}: {} ({}) for {} holders, {} in the treasury, a timelock, a governor, a board of bounties, a market\n", account.chain_id(),
          o.name, o.symbol, terms.shares.size(), o.treasury);
  if (!o.json) print("  about ten million gas in all; what each contract costs is shown before it is sent\n");
  if (!agreed(o.yes)) return {};
  PTAH_TRY(const Json head, rpc.call("eth_blockNumber"));
  PTAH_TRY(const Uint256 wide, parse_uint256(head));
  PTAH_TRY(const uint64_t block, to_uint64(wide));
  // Each is noted before it is paid for and said as soon as it is there: after an end in between the same command goes on.
  PTAH_TRY(const Deployments deployments, open_deployments(rpc, account));
  SendOptions sending{.cancel = &interrupted()};
  if (!o.json) sending.before = show_cost;
  const auto made = [&](const char* name, const Address& place) {
    if (o.json)
      print_json({{"made", name}, {"address", to_string(place)}});
    else
      print("  {} {}\n", name, to_string(place));
    std::fflush(stdout);
  };
  PTAH_TRY(Community community, found_community(account, terms, sending, made, &deployments));
  community.block = block;
  PTAH_TRY_VOID(write_new_file(o.file, std::string_view(to_json(community).dump(2) + "\n")));
  PTAH_TRY_VOID(deployments.forget(founding_purpose(terms) + " "));
  if (!o.json) print("{}; holders vote after ptah dao delegate\n", o.file);
  return {};
}

Json proposal_json(const ProposalState& p) {
  Json calls = Json::array();
  for (const Call& call : p.proposal.calls) calls.push_back(call.says);
  return {{"proposal", to_decimal(p.proposal.id)},
          {"words", words_of_proposal(p.proposal.description)},
          {"proposer", to_string(p.proposer)},
          {"state", p.state},
          {"for", ether(p.for_)},
          {"against", ether(p.against)},
          {"abstained", ether(p.abstained)},
          {"begins", p.begins},
          {"ends", p.ends},
          {"effective", p.effective},
          {"calls", std::move(calls)}};
}

Json job_json(const BountyState& j) {
  Json amounts = Json::array(), handed_in = Json::array();
  for (const Uint256& amount : j.amounts) amounts.push_back(ether(amount));
  for (const auto& in : j.pending)
    handed_in.push_back({{"worker", to_string(in.worker)}, {"work", hex_text(in.work)}, {"release_from", in.release_from}, {"objected", in.objected}});
  return {{"job", j.job},
          {"brief", j.brief},
          {"funder", to_string(j.funder)},
          {"worker", j.worker == Address{} ? Json() : Json(to_string(j.worker))},
          {"judge", to_string(j.judge)},
          {"token", to_string(j.token)},
          {"deadline", j.deadline},
          {"milestone", j.milestone},
          {"amounts", std::move(amounts)},
          {"remaining", ether(j.remaining)},
          {"closed", j.closed},
          {"pending", j.pending.size()},
          {"handed_in", std::move(handed_in)}};
}

Json market_json(const MarketState& m) {
  return {{"market", m.market},
          {"question", m.question},
          {"founder", to_string(m.founder)},
          {"resolver", to_string(m.resolver)},
          {"arbiter", to_string(m.arbiter)},
          {"token", to_string(m.token)},
          {"closes", m.closes},
          {"named", outcome_text(m.named)},
          {"disputed", m.disputed},
          {"settles_from", m.settles_from},
          {"outcome", outcome_text(m.outcome)},
          {"chance", to_decimal(m.chance)}};
}

Result<void> run_show(const DaoOptions& o) {
  PTAH_TRY(const Community c, read_community(o));
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Json chain, rpc.call("eth_chainId"));
  if (chain != Json(quantity(c.chain))) return fail(ErrorCode::mismatch, "the community is on chain {}, the node on {}", c.chain, chain.dump());
  PTAH_TRY(const CommunityReader reader, reader_of(rpc, c));
  PTAH_TRY(const Uint256 treasury, reader.balance(c.timelock));
  PTAH_TRY(const auto proposals, reader.proposals());
  PTAH_TRY(const auto jobs, reader.jobs());
  PTAH_TRY(const auto markets, reader.markets());
  if (o.json) {
    print_json({{"name", c.name}, {"treasury", ether(treasury)}});
    for (const ProposalState& p : proposals) print_json(proposal_json(p));
    for (const BountyState& j : jobs) print_json(job_json(j));
    for (const MarketState& m : markets) print_json(market_json(m));
    return {};
  }
  print("{}: {} tokens in the treasury\n", printable(c.name), ether(treasury));
  for (const ProposalState& p : proposals) {
    print("proposal {}… by {}: {}, {} for, {} against, {} abstained; vote {} to {}{}\n  {}\n", to_decimal(p.proposal.id).substr(0, 12), called(p.proposer),
          p.state, ether(p.for_), ether(p.against), ether(p.abstained), time_text(p.begins), time_text(p.ends),
          p.effective > 0 && p.state == "queued" ? ", may be carried out from " + time_text(p.effective) : "",
          printable(words_of_proposal(p.proposal.description)));
    for (const Call& call : p.proposal.calls) print("  it {}\n", call.says);
  }
  const auto tokens = [&](const Address& token) { return token == c.token ? std::string("tokens") : fmt::format("of the OTHER token {}", to_string(token)); };
  for (const BountyState& j : jobs) {
    print("job {} of {}: {} milestone {} of {}, {} {} left, judged by {}, until {}\n  {}\n", j.job, called(j.funder),
          j.worker == Address{} ? "a bounty," : "for " + called(j.worker) + ",", std::min<uint64_t>(j.milestone + 1, j.amounts.size()), j.amounts.size(),
          ether(j.remaining), tokens(j.token), called(j.judge), time_text(j.deadline), printable(j.brief));
    for (const auto& in : j.pending)
      print("  handed in by {}: {}{}\n", called(in.worker), hex_text(in.work),
            in.objected ? ", objected to" : ", released from " + time_text(in.release_from) + (j.worker == Address{} ? " by the judge only" : ""));
    if (j.closed) print("  closed\n");
  }
  for (const MarketState& m : markets) {
    if (m.outcome != Outcome::open)
      print("market {} of {}: settled, {}\n  {}\n", m.market, called(m.founder), outcome_text(m.outcome), printable(m.question));
    else
      print("market {} of {} in {}: {:.1f} % yes, closes {}{}\n  {}\n", m.market, called(m.founder), tokens(m.token), std::stod(to_decimal(m.chance)) / 1e4,
            time_text(m.closes),
            m.named == Outcome::open
                ? std::string()
                : fmt::format("; named {}, {} {}", outcome_text(m.named), m.disputed ? "disputed, void from" : "stands from", time_text(m.settles_from)),
            printable(m.question));
  }
  return {};
}

Result<void> run_delegate(const DaoOptions& o) {
  PTAH_TRY(const auto s, begin(o));
  Address to = s->key->address();
  if (!o.to.empty()) {
    PTAH_TRY(to, person(o.to));
  }
  PTAH_TRY(const Call call, make_call(s->community.token, "delegate(address)", Json::array({to_string(to)}),
                                      fmt::format("{} votes with the tokens of {} from now on", called(to), called(s->key->address()))));
  return send_done(*s, {call}, o);
}

Result<void> run_pay(const DaoOptions& o) {
  PTAH_TRY(const auto s, begin(o));
  PTAH_TRY(const Address to, person(o.to));
  PTAH_TRY(const Uint256 amount, parse_ether(o.amount));
  PTAH_TRY(auto calls, pay(s->community, to, amount));
  return send_or_propose(*s, std::move(calls), o);
}

Result<void> run_job(const DaoOptions& o) {
  PTAH_TRY(const auto s, begin(o));
  JobTerms terms;
  terms.brief = o.text;
  for (const std::string& amount : o.amounts) {
    PTAH_TRY(const Uint256 one, parse_ether(amount));
    terms.amounts.push_back(one);
  }
  if (!o.worker.empty()) {
    PTAH_TRY(terms.worker, person(o.worker));
  }
  PTAH_TRY(terms.judge, person(o.judge));
  PTAH_TRY(const uint64_t deadline, parse_duration(o.deadline));
  terms.deadline = s->now + deadline;
  PTAH_TRY(terms.window, parse_duration(o.window));
  PTAH_TRY(auto calls, open_job(s->community, terms));
  return send_or_propose(*s, std::move(calls), o);
}

Result<void> run_market(const DaoOptions& o) {
  PTAH_TRY(const auto s, begin(o));
  MarketTerms terms;
  terms.question = o.text;
  PTAH_TRY(const uint64_t closes, parse_duration(o.closes));
  terms.closes = s->now + closes;
  PTAH_TRY(terms.window, parse_duration(o.window));
  terms.fee = o.fee;
  PTAH_TRY(terms.resolver, person(o.resolver));
  PTAH_TRY(terms.arbiter, person(o.arbiter));
  PTAH_TRY(terms.liquidity, parse_ether(o.liquidity));
  if (o.bond.empty()) {
    terms.bond = scaled(terms.liquidity, 1, 10);
  } else {
    PTAH_TRY(terms.bond, parse_ether(o.bond));
  }
  PTAH_TRY(auto calls, open_market(s->community, terms));
  return send_or_propose(*s, std::move(calls), o);
}

/// What stands in a proposal's calls, whatever its words say.
void show_calls(const ProposalState& p, const DaoOptions& o) {
  if (o.json) return;
  print("what it does:\n");
  for (const Call& call : p.proposal.calls) print("  {}\n", call.says);
}

Result<void> run_vote(const DaoOptions& o) {
  const int support = o.choice == "against" ? 0 : o.choice == "for" ? 1 : 2;
  PTAH_TRY(const auto s, begin(o));
  PTAH_TRY(const CommunityReader reader, reader_of(s->rpc, s->community));
  PTAH_TRY(const ProposalState p, reader.proposal(o.proposal));
  if (p.state == "pending") return fail(ErrorCode::mismatch, "the vote begins {}; the chain's clock says {}", time_text(p.begins + 1), time_text(s->now));
  PTAH_TRY(const Call call,
           make_call(s->community.governor, "castVote(uint256,uint8)", {to_decimal(p.proposal.id), support},
                     fmt::format("{} votes {}: {}", called(s->key->address()), o.choice, printable(words_of_proposal(p.proposal.description)))));
  show_calls(p, o);
  return send_done(*s, {call}, o);
}

Result<void> run_step(const DaoOptions& o, ProposalStep step) {
  PTAH_TRY(const auto s, begin(o));
  PTAH_TRY(const CommunityReader reader, reader_of(s->rpc, s->community));
  PTAH_TRY(const ProposalState p, reader.proposal(o.proposal));
  const std::string needed = step == ProposalStep::queue ? "succeeded" : "queued";
  if (p.state != needed) return fail(ErrorCode::mismatch, "the proposal is {}; it has to be {} first", p.state, needed);
  // The number is the hash of all that will be done: a description that was mended for showing, or a node that lies, would give another.
  PTAH_TRY(const Proposal same, make_proposal(p.proposal.calls, p.proposal.description));
  if (same.id != p.proposal.id)
    return fail(ErrorCode::unsupported, "this proposal cannot be rebuilt from what the chain says of it (its words are not UTF-8, or the node lies)");
  PTAH_TRY(const Call call, proposal_call(s->community, p.proposal, step));
  show_calls(p, o);
  return send_done(*s, {call}, o);
}

/// What is handed in: the digest of a work's receipt, or of a file.
Result<Bytes32> digest_of(const std::string& what) {
  std::error_code problem;
  const fs::path file = fs::is_directory(what, problem) ? folder_of_work(what) / "receipt.json" : fs::path(what);
  PTAH_TRY(const Bytes bytes, read_file(file));
  return sha256(bytes);
}

Result<void> run_submit(const DaoOptions& o) {
  PTAH_TRY(const Bytes32 work, digest_of(o.text));
  return send_one(o, &Community::board, "handIn(uint256,bytes32)", {o.number, hex_text(work)}, fmt::format("hands in {} for job {}", o.text, o.number));
}

Result<void> run_decide_job(const DaoOptions& o, bool accept) {
  PTAH_TRY(const Address worker, person(o.worker));
  return send_one(o, &Community::board, "decide(uint256,address,bool)", {o.number, to_string(worker), accept},
                  fmt::format("{} the work of {} for job {}", accept ? "accepts" : "turns down", called(worker), o.number));
}

/// Lets the market take so much, if it is one in the community's token.
Result<Call> market_approval(const DaoSession& s, const MarketState& market, const Uint256& sum) {
  if (market.token != s.community.token)
    return fail(ErrorCode::unsupported, "market {} is in the token {}, not in the community's", market.market, to_string(market.token));
  return approval(s.community, s.community.market, sum);
}

/// What is sent to a market: first, if tokens go there, that it may take them.
Result<void> send_to_market(const DaoSession& s, const DaoOptions& o, const std::optional<Uint256>& sum, Call call) {
  std::vector<Call> calls;
  if (sum) {
    PTAH_TRY(const MarketState market, read_market(s.rpc, s.community, o.number));
    PTAH_TRY(const Call first, market_approval(s, market, *sum));
    calls.push_back(first);
  }
  calls.push_back(std::move(call));
  return send_done(s, calls, o);
}

Result<void> run_trade(const DaoOptions& o, bool buy) {
  PTAH_TRY(const Outcome side, parse_outcome(o.choice));
  if (side == Outcome::void_) return fail(ErrorCode::invalid_argument, "there are two sides, yes and no");
  const bool yes = side == Outcome::yes;
  PTAH_TRY(const auto s, begin(o));
  PTAH_TRY(const Uint256 sum, parse_ether(o.amount));
  PTAH_TRY(const Json asked, read_contract(s->rpc, s->community.market, buy ? "sharesFor(uint256,bool,uint256)" : "sharesToGet(uint256,bool,uint256)",
                                           {o.number, yes, to_decimal(sum)}, {"uint256"}));
  PTAH_TRY(const Uint256 shares, parse_uint256(asked[0]));
  // A hundredth more or less than now is agreed to; beyond it the trade fails.
  Uint256 limit = buy ? scaled(shares, 99, 100) : scaled(shares, 101, 100);
  if (!o.limit.empty()) {
    PTAH_TRY(limit, parse_ether(o.limit));
  }
  PTAH_TRY(Call call, make_call(s->community.market, buy ? "buy(uint256,bool,uint256,uint256)" : "sell(uint256,bool,uint256,uint256)",
                                {o.number, yes, to_decimal(sum), to_decimal(limit)},
                                fmt::format("{} about {} {} shares of market {} for {} tokens", buy ? "buys" : "sells", ether(shares, 4), o.choice, o.number,
                                            ether(sum))));
  return send_to_market(*s, o, buy ? std::optional(sum) : std::nullopt, std::move(call));
}

Result<void> run_sets(const DaoOptions& o, bool split) {
  PTAH_TRY(const auto s, begin(o));
  PTAH_TRY(const Uint256 sets, parse_ether(o.amount));
  PTAH_TRY(Call call, make_call(s->community.market, split ? "split(uint256,uint256)" : "merge(uint256,uint256)", {o.number, to_decimal(sets)},
                                split ? fmt::format("{} tokens become as many yes and no shares of market {}", ether(sets), o.number)
                                      : fmt::format("{} yes and no shares of market {} become as many tokens", ether(sets), o.number)));
  return send_to_market(*s, o, split ? std::optional(sets) : std::nullopt, std::move(call));
}

Result<void> run_outcome(const DaoOptions& o, bool decide) {
  PTAH_TRY(const Outcome outcome, parse_outcome(o.choice));
  return send_one(o, &Community::market, decide ? "decide(uint256,uint8)" : "name(uint256,uint8)", {o.number, static_cast<int>(outcome)},
                  fmt::format("{} the outcome of market {}: {}", decide ? "decides" : "names", o.number, o.choice));
}

Result<void> run_dispute(const DaoOptions& o) {
  PTAH_TRY(const auto s, begin(o));
  PTAH_TRY(const MarketState m, read_market(s->rpc, s->community, o.number));
  // More than the terms' bond if much is at stake; markets of contracts before that have no such question.
  const auto asked = read_contract(s->rpc, s->community.market, "disputeBond(uint256)", Json::array({o.number}), {"uint256"});
  Uint256 bond = m.bond;
  if (asked) {
    PTAH_TRY(bond, parse_uint256((*asked)[0]));
  }
  PTAH_TRY(const Call first, market_approval(*s, m, bond));
  PTAH_TRY(const Call second, make_call(s->community.market, "dispute(uint256)", Json::array({o.number}),
                                        fmt::format("disputes the outcome of market {} with a bond of {} tokens", o.number, ether(bond))));
  return send_done(*s, {first, second}, o);
}

/// What the board and the market owe you, or, proposed, the treasury.
Result<void> run_take(const DaoOptions& o) {
  PTAH_TRY(const auto s, begin(o));
  const Address who = o.words.empty() ? s->key->address() : s->community.timelock;
  const std::string token = to_string(s->community.token);
  std::vector<Call> calls;
  for (const auto& [contract, name] : {std::pair{s->community.board, "board"}, std::pair{s->community.market, "market"}}) {
    PTAH_TRY(const Json credit, read_contract(s->rpc, contract, "credit(address,address)", {token, to_string(who)}, {"uint256"}));
    if (credit[0] == "0") continue;
    PTAH_TRY(const Uint256 sum, parse_uint256(credit[0]));
    PTAH_TRY(const Call call, make_call(contract, "take(address)", Json::array({token}), fmt::format("takes {} tokens out of the {}", ether(sum), name)));
    calls.push_back(call);
  }
  if (calls.empty()) return fail(ErrorCode::not_found, "{} has nothing to take out", o.words.empty() ? called(who) : "the treasury");
  return send_or_propose(*s, std::move(calls), o);
}

using Run = std::function<Result<void>(const DaoOptions&)>;

/// `ptah dao …`, one command after the other.
class DaoCommands {
 public:
  DaoCommands(CLI::App& app, Action& action) : action_(action) {
    command_ = app.add_subcommand("dao", "run a community: votes, treasury, grants, bounties, markets");
    command_->require_subcommand(1);
  }

  void add_treasury() {
    {
      const auto [sub, o] = add("found", "deploy a community's contracts and write its file", run_found);
      sub->add_option("--name", o->name, "name of the community and its token")->required();
      sub->add_option("--symbol", o->symbol, "symbol of the token")->required();
      sub->add_option("--share", o->shares, "WHO=AMOUNT: tokens for an address or a key of this computer; can be repeated")->required();
      sub->add_option("--treasury", o->treasury, "tokens for the treasury");
      sub->add_option("--threshold", o->threshold, "votes needed to propose, above 0 (default: a hundredth of all shares)");
      sub->add_option("--quorum", o->quorum, "percent of all tokens that have to take part in a vote")->check(CLI::Range(1, 100));
      sub->add_option("--delay", o->delay, "time from a proposal to its vote, e.g. 90s, 10m, 2h or 3d");
      sub->add_option("--period", o->period, "how long a vote lasts");
      sub->add_option("--wait", o->wait, "time from a vote to its effect");
    }
    (void)add("show", "show treasury, proposals, jobs and markets", run_show, false);
    {
      const auto [sub, o] = add("delegate", "let somebody vote with your tokens (default: yourself)", run_delegate);
      sub->add_option("to", o->to, "an address or a key of this computer");
    }
    {
      const auto [sub, o] = add("pay", "pay tokens to somebody", run_pay);
      sub->add_option("to", o->to, "an address or a key of this computer")->required();
      sub->add_option("amount", o->amount, "in whole tokens")->required();
      may_propose(sub, *o);
    }
  }

  void add_openings() {
    {
      const auto [sub, o] = add("job", "put money for work into escrow: a bounty, or with --worker a grant", run_job);
      sub->add_option("brief", o->text, "what is to be done")->required();
      sub->add_option("--amount", o->amounts, "tokens for a milestone; can be repeated")->required();
      sub->add_option("--worker", o->worker, "who does it (default: whoever the judge picks)");
      sub->add_option("--judge", o->judge, "who decides whether the work is accepted")->required();
      sub->add_option("--deadline", o->deadline, "time for handing in, e.g. 12h or 30d");
      sub->add_option("--window", o->window, "time in which the funder may object");
      may_propose(sub, *o);
    }
    {
      const auto [sub, o] = add("market", "open a market on a yes-or-no question", run_market);
      sub->add_option("question", o->text, "the question")->required();
      sub->add_option("--liquidity", o->liquidity, "tokens that the market maker starts with")->required();
      sub->add_option("--resolver", o->resolver, "who names the outcome")->required();
      sub->add_option("--arbiter", o->arbiter, "who decides a dispute")->required();
      sub->add_option("--bond", o->bond,
                      "least bond of a dispute in tokens, above 0 (default: a tenth of the liquidity; never less than a twentieth of what is at stake)");
      sub->add_option("--closes", o->closes, "time to trade, e.g. 12h or 7d");
      sub->add_option("--window", o->window, "time in which an outcome may be disputed");
      sub->add_option("--fee", o->fee, "fee of a trade in hundredths of a percent: 100 is 1 %")->check(CLI::Range(0, 500));
      may_propose(sub, *o);
    }
  }

  void add_votes() {
    {
      const auto [sub, o] = add("vote", "vote on a proposal", run_vote);
      takes_proposal(sub, *o);
      sub->add_option("choice", o->choice, "for, against or abstain")->required()->check(CLI::IsMember({"for", "against", "abstain"}));
    }
    for (const auto& [name, what, step] : {std::tuple{"queue", "queue a proposal that won", ProposalStep::queue},
                                           std::tuple{"execute", "execute a queued proposal after its waiting time", ProposalStep::execute}}) {
      const auto [sub, o] = add(name, what, [step = step](const DaoOptions& p) { return run_step(p, step); });
      takes_proposal(sub, *o);
    }
  }

  void add_jobs() {
    {
      const auto [sub, o] = add("submit", "hand in work for a milestone of a job", run_submit);
      takes_number(sub, *o, "job");
      sub->add_option("work", o->text, "a work's folder or a file; its digest is handed in")->required();
    }
    for (const bool accept : {true, false}) {
      const auto [sub, o] = add(accept ? "accept" : "reject", accept ? "accept and pay for handed-in work (judge or funder)" : "reject handed-in work (judge)",
                                [accept](const DaoOptions& p) { return run_decide_job(p, accept); });
      takes_number(sub, *o, "job");
      sub->add_option("worker", o->worker, "an address or a key of this computer")->required();
    }
    add_simple("object", "object to handed-in work (funder); the judge decides", "job", &Community::board, "object(uint256)",
               "objects to what was handed in for job");
    add_simple("release", "pay for work that nobody objected to in time (anybody)", "job", &Community::board, "release(uint256)",
               "releases the milestone of job");
    add_simple("close", "end a job after its deadline; the rest goes back", "job", &Community::board, "close(uint256)", "closes job");
  }

  void add_trades() {
    for (const bool buy : {true, false}) {
      const auto [sub, o] =
          add(buy ? "buy" : "sell", buy ? "buy shares of a side" : "sell shares of a side", [buy](const DaoOptions& p) { return run_trade(p, buy); });
      takes_number(sub, *o, "market");
      sub->add_option("side", o->choice, "yes or no")->required();
      sub->add_option("tokens", o->amount, buy ? "tokens to pay" : "tokens to get")->required();
      sub->add_option("--limit", o->limit, buy ? "the fewest shares to accept (default: 99 % of now)" : "the most shares to give (default: 101 % of now)");
    }
    for (const bool split : {true, false}) {
      const auto [sub, o] =
          add(split ? "split" : "merge", split ? "turn tokens into equal shares of both sides" : "turn equal shares of both sides back into tokens",
              [split](const DaoOptions& p) { return run_sets(p, split); });
      takes_number(sub, *o, "market");
      sub->add_option("sets", o->amount, "how many")->required();
    }
  }

  void add_outcomes() {
    for (const bool decide : {true, false}) {
      const auto [sub, o] = add(decide ? "decide" : "name", decide ? "decide a disputed outcome (arbiter)" : "name the outcome of a market (resolver)",
                                [decide](const DaoOptions& p) { return run_outcome(p, decide); });
      takes_number(sub, *o, "market");
      sub->add_option("outcome", o->choice, "yes, no or void")->required();
    }
    {
      const auto [sub, o] = add("dispute", "dispute a named outcome, with a bond", run_dispute);
      takes_number(sub, *o, "market");
    }
    add_simple("settle", "settle a market after the time for disputes", "market", &Community::market, "settle(uint256)", "settles market");
    add_simple("redeem", "pay out your shares of a settled market", "market", &Community::market, "redeem(uint256)", "redeems the shares of market");
    {
      const auto [sub, o] = add("take", "withdraw what the board and the market owe you", run_take);
      may_propose(sub, *o);
    }
  }

 private:
  std::pair<CLI::App*, std::shared_ptr<DaoOptions>> add(const char* name, const char* what, const Run& run, bool sends = true) {
    auto o = std::make_shared<DaoOptions>();
    CLI::App* sub = command_->add_subcommand(name, what);
    sub->callback([o, run, &action = action_] { action = [o, run] { return finish(guard([&]() -> Result<void> { return run(*o); })); }; });
    sub->add_option("community", o->file, "the community's file")->required();
    add_chain_options(*sub, *o, sends);
    return {sub, o};
  }
  static void takes_proposal(CLI::App* sub, DaoOptions& o) { sub->add_option("proposal", o.proposal, "its number, or enough first digits")->required(); }
  static void takes_number(CLI::App* sub, DaoOptions& o, const char* of) { sub->add_option(of, o.number, "its number")->required(); }
  static void may_propose(CLI::App* sub, DaoOptions& o) { sub->add_option("--propose", o.words, "act as the treasury, by a vote: the text of the proposal"); }
  /// What only calls a contract with a number.
  void add_simple(const char* name, const char* what, const char* of, Address Community::*contract, const char* signature, const char* says) {
    const auto [sub, o] =
        add(name, what, [=](const DaoOptions& p) { return send_one(p, contract, signature, Json::array({p.number}), fmt::format("{} {}", says, p.number)); });
    takes_number(sub, *o, of);
    may_propose(sub, *o);
  }

  CLI::App* command_ = nullptr;
  Action& action_;
};

}  // namespace

void add_dao(CLI::App& app, Action& action) {
  DaoCommands commands(app, action);
  commands.add_treasury();
  commands.add_openings();
  commands.add_votes();
  commands.add_jobs();
  commands.add_trades();
  commands.add_outcomes();
}

}  // namespace ptah::cli
