#include "apps/community/dao.h"

#include <algorithm>

#include "base/printable.h"
#include "base/text.h"
#include "chain/abi.h"

namespace ptah {

namespace {

constexpr const char* kFormat = "ptah community 1";
constexpr const char* kStates[] = {"pending", "active", "canceled", "defeated", "succeeded", "queued", "expired", "executed"};
constexpr const char* kTermsOfJob = "(address,uint256[],address,address,uint64,uint64,string)";
constexpr const char* kTermsOfMarket = "(address,uint64,uint64,uint32,address,address,uint256,uint256,string)";
constexpr const char* kMarket = "(address,uint64,uint32,address,uint64,uint8,uint8,address,uint64,bool,address,address,uint256,uint256,uint256,uint256)";
/// How the board and the market say that something was opened.
std::string opened_job() { return fmt::format("Opened(uint256 indexed,address indexed,{})", kTermsOfJob); }
std::string opened_market() { return fmt::format("Opened(uint256 indexed,address indexed,{})", kTermsOfMarket); }
constexpr const char* kCalls = "(address[],uint256[],bytes[],bytes32)";

template <class C, class Visit>
void fields(C& c, Visit visit) {
  visit("token", c.token);
  visit("timelock", c.timelock);
  visit("governor", c.governor);
  visit("board", c.board);
  visit("market", c.market);
}

/// targets, values, calls: as the governor takes them.
Json lists_of(const std::vector<Call>& calls) {
  Json targets = Json::array(), values = Json::array(), data = Json::array();
  for (const Call& call : calls) {
    targets.push_back(to_string(call.to));
    values.push_back(to_decimal(call.value));
    data.push_back(hex_text(call.data));
  }
  return Json::array({targets, values, data});
}

Json with(Json lists, const Json& last) {
  lists.push_back(last);
  return lists;
}

Result<Address> address_in(const Json& json) { return parse_address(json.get_ref<const std::string&>()); }
Result<uint64_t> small_in(const Json& json) {
  PTAH_TRY(const Uint256 wide, parse_uint256(json));
  return to_uint64(wide);
}
Result<Outcome> outcome_in(const Json& json) {
  PTAH_TRY(const uint64_t number, small_in(json));
  if (number > 3) return fail(ErrorCode::corrupt, "the market's outcome is none");
  return static_cast<Outcome>(number);
}

}  // namespace

Json to_json(const Community& community) {
  Json out{{"format", kFormat}, {"name", community.name}, {"chain", community.chain}, {"block", community.block}};
  fields(community, [&](const char* name, const Address& address) { out[name] = to_string(address); });
  return out;
}

Result<Community> parse_community(const std::string& text) {
  PTAH_TRY(const Json json, parse_json(text, 4));
  if (text_at(json, "format") != kFormat) return fail(ErrorCode::corrupt, "not a community of Ptah");
  return guard([&]() -> Result<Community> {
    Community out;
    out.name = text_at(json, "name");
    const Json chain = json.value("chain", Json()), block = json.value("block", Json());
    if (!chain.is_number_unsigned() || !block.is_number_unsigned()) return fail(ErrorCode::corrupt, "community: no chain or block");
    out.chain = chain;
    if (out.chain == 0) return fail(ErrorCode::corrupt, "community: chain 0");
    out.block = block;
    fields(out, [&](const char* name, Address& address) { address = value_or_throw(parse_address(text_at(json, name))); });
    return out;
  });
}

std::string founding_purpose(const CommunityTerms& terms) {
  Json all{terms.name, terms.symbol, to_decimal(terms.treasury), terms.delay, terms.period, terms.wait, to_decimal(terms.threshold), terms.quorum};
  for (const auto& [who, amount] : terms.shares) all.push_back({to_string(who), to_decimal(amount)});
  const Bytes32 digest = keccak256(all.dump(-1, ' ', false, Json::error_handler_t::replace));
  return "community " + hex_text(std::span(digest).first(16));
}

Result<Community> found_community(const Account& account, const CommunityTerms& terms, const SendOptions& options,
                                  const std::function<void(const char*, const Address&)>& made, const Deployments* deployments) {
  if (terms.name.empty() || terms.symbol.empty() || terms.symbol.size() > 11)
    return fail(ErrorCode::invalid_argument, "a community needs a name and a short symbol");
  if (terms.period == 0 || terms.quorum == 0 || terms.quorum > 100)
    return fail(ErrorCode::invalid_argument, "a vote needs a time and a quorum of 1 to 100 per cent");
  if (invalid_utf8_at(terms.name + terms.symbol) != std::string::npos) return fail(ErrorCode::invalid_argument, "the name and the symbol have to be UTF-8");
  Json holders = Json::array(), amounts = Json::array();
  Uint256 voting{};
  for (const auto& [who, amount] : terms.shares) {
    holders.push_back(to_string(who));
    amounts.push_back(to_decimal(amount));
    voting = add(voting, amount);
  }
  const Uint256 needed = scaled(add(voting, terms.treasury), terms.quorum, 100);
  if (voting < needed)
    return fail(ErrorCode::invalid_argument,
                "a quorum of {} % is {} tokens, and only {} can vote: the treasury does not, but it counts. Nothing could ever be decided", terms.quorum,
                ether(needed), ether(voting));
  if (terms.threshold == Uint256{})
    return fail(ErrorCode::invalid_argument,
                "a threshold of 0: whoever sees a proposal coming could bring it first and call it off; proposing has to take votes");
  if (voting < terms.threshold)
    return fail(ErrorCode::invalid_argument, "{} votes are needed to propose, and there are {} in all", ether(terms.threshold), ether(voting));
  if (holders.empty()) return fail(ErrorCode::invalid_argument, "somebody has to hold the community's tokens");
  PTAH_TRY(const Artifact token, load_artifact("MediaToken"));
  PTAH_TRY(const Artifact timelock, load_artifact("MediaTimelock"));
  PTAH_TRY(const Artifact governor, load_artifact("MediaGov"));
  PTAH_TRY(const Artifact board, load_artifact("BountyBoard"));
  PTAH_TRY(const Artifact market, load_artifact("OutcomeMarket"));
  Community out;
  out.name = terms.name;
  out.chain = account.chain_id();
  // The timelock is made for a governor that is not there yet, at the address that the next transaction gives it: so that no administrator is needed who
  // could keep a right. It holds the treasury from the token's first moment.
  PTAH_TRY(const Bytes probe, creation_code(board, Json::array()));
  const std::string purpose = founding_purpose(terms);
  PTAH_TRY(const auto begun, deployments ? deployments->find(purpose + " timelock", options.cancel) : std::optional<Address>());
  uint64_t nonce = 0;
  if (begun) {  // an earlier try was cut short
    PTAH_TRY(const auto noted, deployments->nonce(purpose + " timelock"));
    nonce = *noted;
  } else {
    PTAH_TRY(const Estimate first, account.estimate({}, probe));
    nonce = first.transaction.nonce;
  }
  const Address later_timelock = created_address(account.address(), nonce), later_governor = created_address(account.address(), nonce + 2);
  if (terms.treasury != Uint256{}) {
    holders.push_back(to_string(later_timelock));
    amounts.push_back(to_decimal(terms.treasury));
  }
  const auto create = [&](const char* name, const Artifact& artifact, const Json& arguments) -> Result<Address> {
    PTAH_TRY(const Bytes creation, creation_code(artifact, arguments));
    PTAH_TRY(const Address place, deployments ? deployments->once(purpose + " " + name, creation, options) : deploy(account, artifact, arguments, options));
    if (made) made(name, place);
    return place;
  };
  PTAH_TRY(out.timelock,
           create("timelock", timelock, {terms.wait, Json::array({to_string(later_governor)}), Json::array({to_string(Address{})}), to_string(Address{})}));
  PTAH_TRY(out.token, create("token", token, {terms.name, terms.symbol, holders, amounts}));
  PTAH_TRY(out.governor,
           create("governor", governor, {to_string(out.token), to_string(out.timelock), terms.delay, terms.period, to_decimal(terms.threshold), terms.quorum}));
  if (out.timelock != later_timelock || out.governor != later_governor) {
    if (deployments) PTAH_TRY_VOID(deployments->forget(purpose + " "));
    return fail(ErrorCode::mismatch, "something else of {} was sent meanwhile; found the community again", to_string(account.address()));
  }
  PTAH_TRY(out.board, create("board", board, Json::array()));
  PTAH_TRY(out.market, create("market", market, Json::array()));
  return out;
}

Result<Call> make_call(const Address& to, const std::string& signature, const Json& arguments, std::string says) {
  PTAH_TRY(Bytes data, abi_call(signature, arguments));
  return Call{to, std::move(data), std::move(says), {}};
}

Result<Call> approval(const Community& c, const Address& spender, const Uint256& sum) {
  return make_call(c.token, "approve(address,uint256)", {to_string(spender), to_decimal(sum)},
                   fmt::format("lets {} take {} of the token {}", to_string(spender), ether(sum), to_string(c.token)));
}

std::optional<std::pair<const char*, uint64_t>> opened_by(const Community& c, const ChainEvent& event) {
  const bool job = event.contract == c.board;
  if (!job && event.contract != c.market) return {};
  const auto said = decode_event(job ? opened_job() : opened_market(), event);
  if (!said || !*said) return {};
  const auto number = small_in((**said)[0]);
  return number ? std::optional(std::pair{job ? "job" : "market", *number}) : std::nullopt;
}

Result<std::vector<Call>> open_job(const Community& c, const JobTerms& terms) {
  Uint256 sum{};
  Json amounts = Json::array();
  for (const Uint256& amount : terms.amounts) {
    sum = add(sum, amount);
    amounts.push_back(to_decimal(amount));
  }
  if (amounts.empty() || sum == Uint256{}) return fail(ErrorCode::invalid_argument, "work needs at least one milestone with a sum");
  PTAH_TRY(const Call first, approval(c, c.board, sum));
  PTAH_TRY(const Call second, make_call(c.board, fmt::format("open({})", kTermsOfJob),
                                        Json::array({Json{to_string(c.token), amounts, to_string(terms.worker.value_or(Address{})), to_string(terms.judge),
                                                          terms.deadline, terms.window, terms.brief}}),
                                        fmt::format("opens {} of {} tokens in {} milestones: {}", terms.worker ? "a grant" : "a bounty", ether(sum),
                                                    amounts.size(), beginning(terms.brief, 80))));
  return std::vector{first, second};
}

Result<std::vector<Call>> open_market(const Community& c, const MarketTerms& terms) {
  if (terms.resolver == terms.arbiter)
    return fail(ErrorCode::invalid_argument, "{} would name the outcome and judge over it too; resolver and arbiter have to differ", to_string(terms.resolver));
  if (terms.bond == Uint256{}) return fail(ErrorCode::invalid_argument, "a dispute has to cost a bond");
  PTAH_TRY(const Call first, approval(c, c.market, terms.liquidity));
  PTAH_TRY(const Call second, make_call(c.market, fmt::format("open({})", kTermsOfMarket),
                                        Json::array({Json{to_string(c.token), terms.closes, terms.window, terms.fee, to_string(terms.resolver),
                                                          to_string(terms.arbiter), to_decimal(terms.bond), to_decimal(terms.liquidity), terms.question}}),
                                        fmt::format("opens a market with {} tokens: {}", ether(terms.liquidity), beginning(terms.question, 80))));
  return std::vector{first, second};
}

Result<std::vector<Call>> pay(const Community& c, const Address& to, const Uint256& amount) {
  PTAH_TRY(const Call call, make_call(c.token, "transfer(address,uint256)", {to_string(to), to_decimal(amount)},
                                      fmt::format("pays {} tokens to {}", ether(amount), to_string(to))));
  return std::vector{call};
}

Result<Outcome> parse_outcome(const std::string& text) {
  if (text == "yes") return Outcome::yes;
  if (text == "no") return Outcome::no;
  if (text == "void") return Outcome::void_;
  return fail(ErrorCode::invalid_argument, "'{}' is no outcome; there are yes, no and void", text);
}

namespace {
constexpr std::string_view kProposerMark = "#proposer=";
}  // namespace

std::string bound_description(const std::string& words, const Address& proposer) {
  return fmt::format("{}{}{}", words, kProposerMark, lower_case(to_string(proposer)));
}

std::string words_of_proposal(const std::string& description) {
  constexpr size_t kAddress = 42;
  const size_t length = kProposerMark.size() + kAddress;
  const bool bound = description.size() >= length && description.compare(description.size() - length, kProposerMark.size(), kProposerMark) == 0;
  return bound ? description.substr(0, description.size() - length) : description;
}

Result<Proposal> make_proposal(std::vector<Call> calls, const std::string& description) {
  if (calls.empty() || trimmed(words_of_proposal(description)).empty()) return fail(ErrorCode::invalid_argument, "a proposal needs words, and something to do");
  const Json all = with(lists_of(calls), hex_text(keccak256(description)));
  PTAH_TRY(const Bytes encoded, abi_encode({"address[]", "uint256[]", "bytes[]", "bytes32"}, all));
  return Proposal{keccak256(encoded), std::move(calls), description};
}

Result<Call> proposal_call(const Community& c, const Proposal& p, ProposalStep step) {
  if (step == ProposalStep::propose)
    return make_call(c.governor, "propose(address[],uint256[],bytes[],string)", with(lists_of(p.calls), p.description),
                     "proposes: " + beginning(words_of_proposal(p.description), 80));
  const bool queue = step == ProposalStep::queue;
  return make_call(c.governor, (queue ? "queue" : "execute") + std::string(kCalls), with(lists_of(p.calls), hex_text(keccak256(p.description))),
                   (queue ? "queues: " : "carries out: ") + beginning(words_of_proposal(p.description), 80));
}

std::string what_it_does(const Community& c, const Call& call) {
  const std::string money = call.value == Uint256{} ? std::string() : fmt::format(", with {} ether", ether(call.value));
  const auto values_of = [&](const std::string& signature) -> std::optional<Json> {
    const auto types = argument_types(signature);
    const Bytes32 hash = keccak256(signature);
    if (!types || call.data.size() < 4 || !std::equal(hash.begin(), hash.begin() + 4, call.data.begin())) return {};
    const auto values = abi_decode(*types, std::span(call.data).subspan(4), true);
    return values ? std::optional(*values) : std::nullopt;
  };
  const auto amount = [](const Json& number) {
    const auto value = parse_uint256(number);
    return value ? ether(*value) : number.dump();
  };
  const auto token_named = [&](const Json& address) {
    return address == Json(to_string(c.token)) ? std::string("tokens") : fmt::format("of the OTHER token {}", address.get<std::string>());
  };
  if (call.to == c.token) {
    if (const auto v = values_of("transfer(address,uint256)")) return fmt::format("pays {} tokens to {}{}", amount((*v)[1]), (*v)[0].get<std::string>(), money);
    if (const auto v = values_of("approve(address,uint256)"))
      return fmt::format("lets {} take {} tokens{}", (*v)[0].get<std::string>(), amount((*v)[1]), money);
  }
  if (call.to == c.board)
    if (const auto v = values_of(fmt::format("open({})", kTermsOfJob))) {
      const Json& t = (*v)[0];
      std::string sums;
      for (const Json& sum : t[1]) sums += fmt::format("{}{}", sums.empty() ? "" : " + ", amount(sum));
      const bool open_to_all = t[2] == Json(to_string(Address{}));
      return fmt::format("opens a {} of {} {}, judged by {}: {}{}", open_to_all ? "bounty" : "grant for " + t[2].get<std::string>(), sums, token_named(t[0]),
                         t[3].get<std::string>(), printable(t[6].get<std::string>(), 300), money);
    }
  if (call.to == c.market)
    if (const auto v = values_of(fmt::format("open({})", kTermsOfMarket))) {
      const Json& t = (*v)[0];
      return fmt::format("opens a market with {} {}, resolved by {}, arbitrated by {}: {}{}", amount(t[7]), token_named(t[0]), t[4].get<std::string>(),
                         t[5].get<std::string>(), printable(t[8].get<std::string>(), 300), money);
    }
  const std::string place = call.to == c.governor   ? "the governor (its rules)"
                            : call.to == c.timelock ? "the timelock (its rules)"
                            : call.to == c.board    ? "the board"
                            : call.to == c.market   ? "the market"
                            : call.to == c.token    ? "the token"
                                                    : "a contract that is not the community's, " + to_string(call.to);
  for (const char* known : {"take(address)", "redeem(uint256)", "object(uint256)", "close(uint256)"})
    if (const auto v = values_of(known))
      return fmt::format("{} of {}: {}{}", std::string_view(known).substr(0, std::string_view(known).find('(')), place, v->dump(), money);
  return fmt::format("calls {} with {} bytes that begin with {}{}", place, call.data.size(),
                     hex_text(std::span(call.data).first(std::min<size_t>(4, call.data.size()))), money);
}

Result<CommunityReader> CommunityReader::open(const Rpc& rpc, const Community& community, const std::filesystem::path& index_file) {
  CommunityReader out;
  out.rpc_ = &rpc;
  out.community_ = community;
  PTAH_TRY(out.index_, EventIndex::open(index_file, rpc, {community.governor, community.board, community.market}, community.block));
  return out;
}

Result<Uint256> CommunityReader::balance(const Address& who) const {
  PTAH_TRY(const Json answer, read_contract(*rpc_, community_.token, "balanceOf(address)", Json::array({to_string(who)}), {"uint256"}));
  return parse_uint256(answer[0]);
}

Result<Uint256> CommunityReader::votes(const Address& who) const {
  PTAH_TRY(const Json answer, read_contract(*rpc_, community_.token, "getVotes(address)", Json::array({to_string(who)}), {"uint256"}));
  return parse_uint256(answer[0]);
}

Result<std::vector<ProposalState>> CommunityReader::proposals() const {
  PTAH_TRY(const auto events, index_->events());
  std::vector<ProposalState> out;
  for (const ChainEvent& event : events) {
    if (event.contract != community_.governor) continue;
    PTAH_TRY(const auto said, decode_event("ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)", event));
    if (!said) continue;
    const Json& s = *said;
    ProposalState p;
    p.proposal.description = s[8];
    PTAH_TRY(p.proposal.id, parse_uint256(s[0]));
    PTAH_TRY(p.proposer, address_in(s[1]));
    if (s[2].size() != s[5].size() || s[2].size() != s[3].size()) return fail(ErrorCode::corrupt, "a proposal with lists of unequal length");
    for (size_t i = 0; i < s[2].size(); ++i) {
      Call call;
      PTAH_TRY(call.to, address_in(s[2][i]));
      PTAH_TRY(call.data, parse_hex(s[5][i].get<std::string>()));
      PTAH_TRY(call.value, parse_uint256(s[3][i]));
      call.says = what_it_does(community_, call);
      p.proposal.calls.push_back(std::move(call));
    }
    PTAH_TRY(p.begins, small_in(s[6]));
    PTAH_TRY(p.ends, small_in(s[7]));
    const Json id = Json::array({s[0]});
    PTAH_TRY(const Json state, read_contract(*rpc_, community_.governor, "state(uint256)", id, {"uint8"}));
    PTAH_TRY(const uint64_t number, small_in(state[0]));
    if (number >= std::size(kStates)) return fail(ErrorCode::corrupt, "a proposal in a state that is none");
    p.state = std::string(kStates[number]);
    PTAH_TRY(const Json votes, read_contract(*rpc_, community_.governor, "proposalVotes(uint256)", id, {"uint256", "uint256", "uint256"}));
    PTAH_TRY(p.against, parse_uint256(votes[0]));
    PTAH_TRY(p.for_, parse_uint256(votes[1]));
    PTAH_TRY(p.abstained, parse_uint256(votes[2]));
    PTAH_TRY(const Json eta, read_contract(*rpc_, community_.governor, "proposalEta(uint256)", id, {"uint256"}));
    PTAH_TRY(p.effective, small_in(eta[0]));
    out.push_back(std::move(p));
  }
  return out;
}

Result<ProposalState> CommunityReader::proposal(const std::string& start) const {
  PTAH_TRY(const auto all, proposals());
  const ProposalState* found = nullptr;
  for (const ProposalState& p : all) {
    if (start.empty() || !(to_decimal(p.proposal.id).starts_with(start) || hex_text(p.proposal.id).starts_with(start))) continue;
    if (found) return fail(ErrorCode::invalid_argument, "several proposals begin with {}", start);
    found = &p;
  }
  if (!found) return fail(ErrorCode::not_found, "no proposal begins with {}", start);
  return *found;
}

Result<std::vector<BountyState>> CommunityReader::jobs() const {
  PTAH_TRY(const auto events, index_->events());
  std::vector<BountyState> out;
  for (const ChainEvent& event : events) {
    if (event.contract != community_.board) continue;
    PTAH_TRY(const auto opened, decode_event(opened_job(), event));
    if (opened) {
      const Json id = Json::array({(*opened)[0]});
      BountyState j;
      PTAH_TRY(j.job, small_in((*opened)[0]));
      if (j.job != out.size()) return fail(ErrorCode::corrupt, "the board's jobs are not in their order");
      PTAH_TRY(const Json now,
               read_contract(*rpc_, community_.board, "jobOf(uint256)", id, {"(address,uint64,uint32,address,uint64,bool,address,address)", "uint256[]"}));
      PTAH_TRY(j.funder, address_in(now[0][0]));
      PTAH_TRY(j.deadline, small_in(now[0][1]));
      PTAH_TRY(j.milestone, small_in(now[0][2]));
      PTAH_TRY(j.worker, address_in(now[0][3]));
      PTAH_TRY(j.window, small_in(now[0][4]));
      j.closed = now[0][5];
      PTAH_TRY(j.judge, address_in(now[0][6]));
      PTAH_TRY(j.token, address_in(now[0][7]));
      for (const Json& amount : now[1]) {
        PTAH_TRY(const Uint256 one, parse_uint256(amount));
        j.amounts.push_back(one);
      }
      PTAH_TRY(const Json left, read_contract(*rpc_, community_.board, "remaining(uint256)", id, {"uint256"}));
      PTAH_TRY(j.remaining, parse_uint256(left[0]));
      j.brief = (*opened)[2][6];
      out.push_back(std::move(j));
      continue;
    }
    PTAH_TRY(const auto handed, decode_event("HandedIn(uint256 indexed,uint256,address indexed,bytes32,uint64)", event));
    if (!handed) continue;
    PTAH_TRY(const uint64_t job, small_in((*handed)[0]));
    if (job >= out.size()) return fail(ErrorCode::corrupt, "work for a job that was not opened");
    BountyState& j = out[job];
    BountyState::HandedIn in;
    PTAH_TRY(in.worker, address_in((*handed)[2]));
    if (std::any_of(j.pending.begin(), j.pending.end(), [&](const auto& p) { return p.worker == in.worker; })) continue;
    PTAH_TRY(const Json now,
             read_contract(*rpc_, community_.board, "submissionOf(uint256,address)", {job, to_string(in.worker)}, {"(bytes32,uint64,uint32,bool)"}));
    PTAH_TRY(in.work, parse_hex_of<32>(now[0][0].get<std::string>()));
    PTAH_TRY(in.release_from, small_in(now[0][1]));
    PTAH_TRY(const uint64_t milestone, small_in(now[0][2]));
    in.objected = now[0][3];
    if (in.work != Bytes32{} && milestone == j.milestone && !j.closed) j.pending.push_back(in);
  }
  return out;
}

Result<MarketState> read_market(const Rpc& rpc, const Community& c, uint64_t market) {
  MarketState m;
  m.market = market;
  const Json id = Json::array({market});
  PTAH_TRY(const Json answer, read_contract(rpc, c.market, "marketOf(uint256)", id, {kMarket}));
  const Json& now = answer[0];
  PTAH_TRY(m.token, address_in(now[0]));
  PTAH_TRY(m.closes, small_in(now[1]));
  PTAH_TRY(m.founder, address_in(now[3]));
  PTAH_TRY(m.settles_from, small_in(now[4]));
  PTAH_TRY(m.named, outcome_in(now[5]));
  PTAH_TRY(m.outcome, outcome_in(now[6]));
  PTAH_TRY(m.resolver, address_in(now[7]));
  m.disputed = now[9];
  PTAH_TRY(m.arbiter, address_in(now[10]));
  PTAH_TRY(m.bond, parse_uint256(now[12]));
  PTAH_TRY(m.yes, parse_uint256(now[13]));
  PTAH_TRY(m.no, parse_uint256(now[14]));
  if (m.outcome == Outcome::open) {
    PTAH_TRY(const Json chance, read_contract(rpc, c.market, "chance(uint256)", id, {"uint256"}));
    PTAH_TRY(m.chance, parse_uint256(chance[0]));
  }
  return m;
}

Result<std::vector<MarketState>> CommunityReader::markets() const {
  PTAH_TRY(const auto events, index_->events());
  std::vector<MarketState> out;
  for (const ChainEvent& event : events) {
    if (event.contract != community_.market) continue;
    PTAH_TRY(const auto opened, decode_event(opened_market(), event));
    if (!opened) continue;
    PTAH_TRY(const uint64_t number, small_in((*opened)[0]));
    PTAH_TRY(MarketState m, read_market(*rpc_, community_, number));
    m.question = (*opened)[2][8];
    out.push_back(std::move(m));
  }
  return out;
}

}  // namespace ptah
