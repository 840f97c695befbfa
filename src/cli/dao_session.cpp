#include "cli/dao_session.h"

#include "base/sha256.h"
#include "base/text.h"
#include "chain/abi.h"
#include "cli/commands/commands.h"

namespace ptah::cli {

namespace fs = std::filesystem;

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

Result<Community> read_community(const DaoOptions& o) {
  PTAH_TRY(const std::string text, read_text(o.file, 1 << 16));
  PTAH_TRY(Community out, parse_community(text));
  if (o.chain != 0 && o.chain != out.chain) return fail(ErrorCode::mismatch, "{} is on chain {}; chain {} was asked for", o.file, out.chain, o.chain);
  return out;
}

namespace {

Result<uint64_t> chain_time(const Rpc& rpc) {
  PTAH_TRY(const Json block, rpc.call("eth_getBlockByNumber", Json::array({"latest", false})));
  return quantity_at(block, "timestamp");
}

}  // namespace

Result<std::unique_ptr<DaoSession>> begin(const DaoOptions& o) {
  PTAH_TRY(const Community community, read_community(o));
  PTAH_TRY(std::unique_ptr<Signer> key, needed_signer(o));
  PTAH_TRY(Rpc rpc, open_rpc(o));
  auto out = std::make_unique<DaoSession>(DaoSession{community, std::move(key), std::move(rpc), {}, 0});
  PTAH_TRY(out->account, Account::open(out->rpc, *out->key, community.chain));
  PTAH_TRY_VOID(fund_on_dev_chain(out->rpc, o, out->key->address()));
  PTAH_TRY(out->now, chain_time(out->rpc));
  return out;
}

Result<std::optional<Receipt>> send_all(const DaoSession& s, const std::vector<Call>& calls, const DaoOptions& o) {
  if (!o.wallet.empty()) {
    for (const Call& call : calls) left_to_wallet(o, s.account->chain_id(), call.to, call.data, call.value, call.says);
    return std::optional<Receipt>();
  }
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

Result<void> send_done(const DaoSession& s, const std::vector<Call>& calls, const DaoOptions& o) {
  PTAH_TRY_VOID(send_all(s, calls, o));
  return {};
}

Result<void> send_or_propose(const DaoSession& s, std::vector<Call> calls, const DaoOptions& o) {
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
  if (!o.json && o.wallet.empty())
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
  // A test chain that was started again is another chain; another file with the same governor is another community.
  const Bytes32 name = keccak256(hex_text(genesis) + to_json(c).dump());
  PTAH_TRY(CommunityReader reader, CommunityReader::open(rpc, c, cache / "index" / (hex(std::span<const uint8_t>(name).first(16)) + ".sqlite")));
  PTAH_TRY_VOID(reader.sync());
  return reader;
}

}  // namespace ptah::cli
