#include "apps/dao.h"

#include "base/sha256.h"
#include "base/text.h"
#include "chain/abi.h"
#include "cli/chain_options.h"
#include "cli/commands.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

struct DaoOptions : ChainOptions {
  std::string file, name, symbol, treasury = "0", threshold, delay = "1d", period = "3d", wait = "2d";
  std::vector<std::string> shares, amounts;
  uint64_t quorum = 20;
  std::string to, amount, words, proposal, choice, worker, judge, deadline = "30d", window = "3d", closes = "7d", resolver, arbiter, bond, liquidity, least;
  uint32_t fee = 100;
  uint64_t number = 0;
  std::string text;
};

/// An address, or the name of a key of this computer.
Result<Address> person(const std::string& said) {
  if (said.starts_with("0x")) return parse_address(said);
  PTAH_TRY(const fs::path folder, KeyStore::default_folder());
  const auto key = KeyStore(folder).find(said);
  if (!key) return fail(ErrorCode::not_found, "'{}' is neither an address nor a key of this computer", said);
  return key->address;
}

std::string called(const Address& who) {
  const std::string name = known_as(who);
  return name.empty() ? to_string(who) : name;
}

const char* outcome_text(Outcome outcome) {
  constexpr const char* kTexts[] = {"open", "yes", "no", "void"};
  return kTexts[static_cast<size_t>(outcome)];
}

/// What every command needs: the community, and who sends.
struct Session {
  Community community;
  std::unique_ptr<Signer> key;
  Rpc rpc;
  std::optional<Account> account;
  uint64_t now = 0;  ///< of the chain
};

Result<Community> read_community(const DaoOptions& o) {
  PTAH_TRY(const std::string text, read_text(o.file, 1 << 16));
  PTAH_TRY(Community out, parse_community(text));
  if (o.chain != 0 && o.chain != out.chain) return fail(ErrorCode::mismatch, "{} is on chain {}; chain {} was asked for", o.file, out.chain, o.chain);
  return out;
}

Result<uint64_t> chain_time(const Rpc& rpc) {
  PTAH_TRY(const Json block, rpc.call("eth_getBlockByNumber", Json::array({"latest", false})));
  return quantity_at(block, "timestamp");
}

Result<std::unique_ptr<Session>> begin(const DaoOptions& o) {
  PTAH_TRY(const Community community, read_community(o));
  PTAH_TRY(std::unique_ptr<Signer> key, needed_signer(o));
  PTAH_TRY(Rpc rpc, open_rpc(o));
  auto out = std::make_unique<Session>(Session{community, std::move(key), std::move(rpc), {}, 0});
  PTAH_TRY(out->account, Account::open(out->rpc, *out->key, community.chain));
  PTAH_TRY_VOID(fund_on_dev_chain(out->rpc, o, out->key->address()));
  PTAH_TRY(out->now, chain_time(out->rpc));
  return out;
}

/// Says what will happen, asks, sends one after the other. The last receipt; none if nothing was sent.
Result<std::optional<Receipt>> send_all(const Session& s, const std::vector<Call>& calls, const DaoOptions& o) {
  PTAH_TRY(const Estimate first, s.account->estimate(calls.front().to, calls.front().data));
  if (!o.json) {
    const std::string name = known_as(s.key->address());
    print("from {}{}\n", to_string(s.key->address()), name.empty() ? "" : fmt::format(", your key '{}'", name));
    for (const Call& call : calls) print("{}\n", call.says);
    if (calls.size() > 1) print("the first of these {}:\n", calls.size());
    show_cost(first);
  }
  if (!agreed(o.yes)) return std::optional<Receipt>();
  PTAH_TRY(Receipt receipt, s.account->send(first.transaction, {.cancel = &interrupted()}));
  for (size_t i = 1; i < calls.size(); ++i) {
    PTAH_TRY(const Estimate next, s.account->estimate(calls[i].to, calls[i].data));
    if (!o.json) {
      print("next: {}\n", calls[i].says);
      show_cost(next);
    }
    PTAH_TRY(receipt, s.account->send(next.transaction, {.cancel = &interrupted()}));
  }
  if (o.json)
    print_json({{"block", receipt.block}, {"transaction", hex_text(receipt.hash)}});
  else
    print("done in block {}, transaction {}\n", receipt.block, hex_text(receipt.hash));
  return std::optional(std::move(receipt));
}

Result<void> send_done(const Session& s, const std::vector<Call>& calls, const DaoOptions& o) {
  PTAH_TRY_VOID(send_all(s, calls, o));
  return {};
}

/// Sends the calls, or, with --propose, puts them to the vote.
Result<void> send_or_propose(const Session& s, std::vector<Call> calls, const DaoOptions& o) {
  if (o.words.empty()) {
    PTAH_TRY(const auto receipt, send_all(s, calls, o));
    if (!receipt) return {};
    for (const Json& log : receipt->logs) {
      const auto event = parse_event(log);
      const auto opened = event ? opened_by(s.community, *event) : std::nullopt;
      if (!opened) continue;
      const auto [kind, number] = *opened;
      if (o.json)
        print_json({{kind, number}});
      else
        print("{} {}\n", kind, number);
    }
    return {};
  }
  if (!o.json)
    for (const Call& call : calls) print("would do: {}\n", call.says);
  PTAH_TRY(const Proposal proposal, make_proposal(std::move(calls), bound_description(o.words, s.key->address())));
  PTAH_TRY(const Call call, proposal_call(s.community, proposal, ProposalStep::propose));
  PTAH_TRY(const auto sent, send_all(s, {call}, o));
  if (sent && o.json) print_json({{"proposal", to_decimal(proposal.id)}});
  if (sent && !o.json) print("proposal {}\n", to_decimal(proposal.id));
  return {};
}

Result<void> send_one(const DaoOptions& o, Address Community::*contract, const std::string& signature, const Json& arguments, const std::string& says) {
  PTAH_TRY(const auto s, begin(o));
  PTAH_TRY(const Call call, make_call(s->community.*contract, signature, arguments, says));
  return send_or_propose(*s, {call}, o);
}

Result<CommunityReader> reader_of(const Rpc& rpc, const Community& c) {
  const fs::path cache = user_cache_folder();
  if (cache.empty()) return fail(ErrorCode::not_found, "no home folder to keep an index in; set PTAH_CACHE to a folder");
  PTAH_TRY(const Json first, rpc.call("eth_getBlockByNumber", Json::array({"0x0", false})));
  PTAH_TRY(const Bytes32 genesis, parse_hex_of<32>(text_at(first, "hash")));
  // A chain of one's own that began anew is another chain; another file with the same governor is another community.
  const Bytes32 name = keccak256(hex_text(genesis) + to_json(c).dump());
  PTAH_TRY(CommunityReader reader, CommunityReader::open(rpc, c, cache / "index" / (hex(std::span<const uint8_t>(name).first(16)) + ".sqlite")));
  PTAH_TRY_VOID(reader.sync());
  return reader;
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
    for (const ProposalState& p : proposals)
      print_json({{"proposal", to_decimal(p.proposal.id)},
                  {"words", words_of_proposal(p.proposal.description)},
                  {"state", p.state},
                  {"for", ether(p.for_)},
                  {"against", ether(p.against)},
                  {"abstained", ether(p.abstained)}});
    for (const JobState& j : jobs)
      print_json({{"job", j.job},
                  {"brief", j.brief},
                  {"milestone", j.milestone},
                  {"remaining", ether(j.remaining)},
                  {"closed", j.closed},
                  {"pending", j.pending.size()}});
    for (const MarketState& m : markets)
      print_json({{"market", m.market}, {"question", m.question}, {"outcome", outcome_text(m.outcome)}, {"chance", to_decimal(m.chance)}});
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
  for (const JobState& j : jobs) {
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
Result<Call> market_approval(const Session& s, const MarketState& market, const Uint256& sum) {
  if (market.token != s.community.token)
    return fail(ErrorCode::unsupported, "market {} is in the token {}, not in the community's", market.market, to_string(market.token));
  return approval(s.community, s.community.market, sum);
}

/// What is sent to a market: first, if tokens go there, that it may take them.
Result<void> send_to_market(const Session& s, const DaoOptions& o, const std::optional<Uint256>& sum, Call call) {
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
  if (!o.least.empty()) {
    PTAH_TRY(limit, parse_ether(o.least));
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

}  // namespace

void add_dao(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("dao", "a community: votes, a treasury, grants, bounties and markets");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run, bool sends = true) {
    auto o = std::make_shared<DaoOptions>();
    CLI::App* sub = command->add_subcommand(name, what);
    sub->callback([o, run, &action] { action = [o, run] { return finish(guard([&]() -> Result<void> { return run(*o); })); }; });
    sub->add_option("community", o->file, "the community's file")->required();
    add_chain_options(*sub, *o, sends);
    return std::pair{sub, o};
  };
  const auto takes_proposal = [](const auto& added) {
    added.first->add_option("proposal", added.second->proposal, "its number, or enough first digits")->required();
  };
  const auto takes_number = [](CLI::App* sub, DaoOptions& o, const char* of) { sub->add_option(of, o.number, "its number")->required(); };
  const auto may_propose = [](CLI::App* sub, DaoOptions& o) {
    sub->add_option("--propose", o.words, "as the treasury, by a vote, instead of as yourself: what the proposal says");
  };
  {
    const auto [sub, o] = add("found", "creates a community's contracts and writes its file", run_found);
    sub->add_option("--name", o->name, "of the community and its token")->required();
    sub->add_option("--symbol", o->symbol, "of the token")->required();
    sub->add_option("--share", o->shares, "WHO=AMOUNT, tokens for an address or a key of this computer; can be repeated")->required();
    sub->add_option("--treasury", o->treasury, "tokens that the votes decide about");
    sub->add_option("--threshold", o->threshold, "votes it takes to propose, above 0 (default: a hundredth of all shares)");
    sub->add_option("--quorum", o->quorum, "per cent of all tokens that have to take part")->check(CLI::Range(1, 100));
    sub->add_option("--delay", o->delay, "from a proposal to its vote (s, m, h, d)");
    sub->add_option("--period", o->period, "of a vote");
    sub->add_option("--wait", o->wait, "from a vote to its effect");
  }
  (void)add("show", "treasury, proposals, jobs and markets", run_show, false);
  {
    const auto [sub, o] = add("delegate", "lets somebody vote with your tokens; yourself, if nobody is named", run_delegate);
    sub->add_option("to", o->to, "an address or a key of this computer");
  }
  {
    const auto [sub, o] = add("pay", "pays tokens to somebody", run_pay);
    sub->add_option("to", o->to, "an address or a key of this computer")->required();
    sub->add_option("amount", o->amount, "in whole tokens")->required();
    may_propose(sub, *o);
  }
  {
    const auto [sub, o] = add("job", "puts money for work into escrow: a bounty, or with --worker a grant", run_job);
    sub->add_option("brief", o->text, "what is wanted")->required();
    sub->add_option("--amount", o->amounts, "tokens of a milestone; can be repeated")->required();
    sub->add_option("--worker", o->worker, "who is to do it (default: whoever the judge picks)");
    sub->add_option("--judge", o->judge, "who decides")->required();
    sub->add_option("--deadline", o->deadline, "for handing in (s, m, h, d)");
    sub->add_option("--window", o->window, "in which the funder may object");
    may_propose(sub, *o);
  }
  {
    const auto [sub, o] = add("market", "opens a market on a question with yes or no for an answer", run_market);
    sub->add_option("question", o->text, "the question")->required();
    sub->add_option("--liquidity", o->liquidity, "tokens that the market maker begins with")->required();
    sub->add_option("--resolver", o->resolver, "who names the outcome")->required();
    sub->add_option("--arbiter", o->arbiter, "who decides a dispute")->required();
    sub->add_option("--bond", o->bond,
                    "tokens that a dispute costs at least, above 0 (default: a tenth of the liquidity); a twentieth of what is at stake if that is more");
    sub->add_option("--closes", o->closes, "time to trade (s, m, h, d)");
    sub->add_option("--window", o->window, "in which an outcome may be disputed");
    sub->add_option("--fee", o->fee, "hundredths of a per cent of each trade")->check(CLI::Range(0, 500));
    may_propose(sub, *o);
  }
  {
    const auto added = add("vote", "votes for or against a proposal", run_vote);
    takes_proposal(added);
    const auto& [sub, o] = added;
    sub->add_option("choice", o->choice, "for, against or abstain")->required()->check(CLI::IsMember({"for", "against", "abstain"}));
  }
  takes_proposal(add("queue", "a proposal that won begins to wait for its effect", [](const DaoOptions& o) { return run_step(o, ProposalStep::queue); }));
  takes_proposal(add("execute", "carries out what was voted for and has waited", [](const DaoOptions& o) { return run_step(o, ProposalStep::execute); }));
  {
    const auto [sub, o] = add("submit", "hands in work for a job's milestone", run_submit);
    takes_number(sub, *o, "job");
    sub->add_option("work", o->text, "a work's folder or a file; its digest is handed in")->required();
  }
  for (const bool accept : {true, false}) {
    const auto [sub, o] = accept
                              ? add("accept", "pays for what somebody handed in (judge or funder)", [](const DaoOptions& p) { return run_decide_job(p, true); })
                              : add("reject", "turns down what somebody handed in (judge)", [](const DaoOptions& p) { return run_decide_job(p, false); });
    takes_number(sub, *o, "job");
    sub->add_option("worker", o->worker, "an address or a key of this computer")->required();
  }
  const auto simple = [&](const char* name, const char* what, const char* of, Address Community::*contract, const char* signature, const char* says) {
    const auto [sub, o] =
        add(name, what, [=](const DaoOptions& p) { return send_one(p, contract, signature, Json::array({p.number}), fmt::format("{} {}", says, p.number)); });
    takes_number(sub, *o, of);
    may_propose(sub, *o);
  };
  simple("object", "a funder objects to what was handed in; the judge decides", "job", &Community::board, "object(uint256)",
         "objects to what was handed in for job");
  simple("release", "pays for what nobody objected to in time; anybody may", "job", &Community::board, "release(uint256)", "releases the milestone of job");
  simple("close", "ends a job after its deadline; what is left goes back", "job", &Community::board, "close(uint256)", "closes job");
  for (const bool buy : {true, false}) {
    const auto [sub, o] = buy ? add("buy", "buys shares of a side", [](const DaoOptions& p) { return run_trade(p, true); })
                              : add("sell", "sells shares of a side", [](const DaoOptions& p) { return run_trade(p, false); });
    takes_number(sub, *o, "market");
    sub->add_option("side", o->choice, "yes or no")->required();
    sub->add_option("tokens", o->amount, buy ? "what is paid" : "what is got")->required();
    sub->add_option("--limit", o->least, buy ? "the fewest shares to accept (default: 99 % of now)" : "the most shares to give (default: 101 % of now)");
  }
  for (const bool split : {true, false}) {
    const auto [sub, o] = split ? add("split", "tokens become as many shares of both sides", [](const DaoOptions& p) { return run_sets(p, true); })
                                : add("merge", "shares of both sides become as many tokens", [](const DaoOptions& p) { return run_sets(p, false); });
    takes_number(sub, *o, "market");
    sub->add_option("sets", o->amount, "how many")->required();
  }
  for (const bool decide : {true, false}) {
    const auto [sub, o] = decide ? add("decide", "the arbiter decides a disputed outcome", [](const DaoOptions& p) { return run_outcome(p, true); })
                                 : add("name", "the resolver names a market's outcome", [](const DaoOptions& p) { return run_outcome(p, false); });
    takes_number(sub, *o, "market");
    sub->add_option("outcome", o->choice, "yes, no or void")->required();
  }
  {
    const auto [sub, o] = add("dispute", "disputes a named outcome, with the market's bond", run_dispute);
    takes_number(sub, *o, "market");
  }
  simple("settle", "lets a named outcome stand after its window", "market", &Community::market, "settle(uint256)", "settles market");
  simple("redeem", "pays out your shares of a settled market", "market", &Community::market, "redeem(uint256)", "redeems the shares of market");
  {
    const auto [sub, o] = add("take", "takes out what the board and the market owe you", run_take);
    may_propose(sub, *o);
  }
}

}  // namespace ptah::cli
