#include "chain/account.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "chain/abi.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

Result<Uint256> number_in(const Json& json) {
  if (!json.is_string()) return fail(ErrorCode::corrupt, "the node gives no number");
  const auto value = parse_uint256(json);
  if (!value) return fail(ErrorCode::corrupt, "the node: {}", value.error().message);
  return *value;
}

Result<uint64_t> small_number_in(const Json& json) {
  PTAH_TRY(const Uint256 wide, number_in(json));
  const auto value = to_uint64(wide);
  if (!value) return fail(ErrorCode::corrupt, "the node: {}", value.error().message);
  return *value;
}

Result<Bytes32> hash_in(const Json& json) {
  const auto hash = json.is_string() ? parse_hex_of<32>(json.get_ref<const std::string&>()) : fail(ErrorCode::corrupt, "{}", json.dump().substr(0, 80));
  if (!hash) return fail(ErrorCode::corrupt, "the node gives no hash: {}", hash.error().message);
  return *hash;
}

}  // namespace

Result<uint64_t> quantity_at(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return fail(ErrorCode::corrupt, "the node gives no '{}'", key);
  return small_number_in(object[key]);
}

Result<Receipt> parse_receipt(const Json& json) {
  Receipt out;
  if (!json.is_object()) return fail(ErrorCode::corrupt, "the node gives no receipt");
  PTAH_TRY(out.hash, hash_in(json.value("transactionHash", Json())));
  PTAH_TRY(out.block, quantity_at(json, "blockNumber"));
  PTAH_TRY(out.gas_used, quantity_at(json, "gasUsed"));
  PTAH_TRY(const uint64_t status, quantity_at(json, "status"));
  out.worked = status == 1;
  if (json.contains("effectiveGasPrice")) {
    PTAH_TRY(out.gas_price, number_in(json["effectiveGasPrice"]));
  }
  if (const Json created = json.value("contractAddress", Json()); created.is_string()) {
    PTAH_TRY(out.created, parse_address(created.get_ref<const std::string&>()));
  }
  out.logs = json.value("logs", Json::array());
  return out;
}

Result<Account> Account::open(const Rpc& rpc, const Signer& signer, uint64_t chain_id) {
  PTAH_TRY(const Json answer, rpc.call("eth_chainId"));
  Account out;
  PTAH_TRY(out.chain_id_, small_number_in(answer));
  if (chain_id != 0 && out.chain_id_ != chain_id)
    return fail(ErrorCode::mismatch, "{} is on chain {}; chain {} was asked for", rpc.url(), out.chain_id_, chain_id);
  out.rpc_ = &rpc;
  out.signer_ = &signer;
  return out;
}

Result<Estimate> Account::estimate(const std::optional<Address>& to, const Bytes& data, const Uint256& value) const {
  Estimate out;
  Transaction& t = out.transaction;
  const std::string me = to_string(address());
  Json call{{"from", me}, {"data", hex_text(data)}, {"value", quantity(value)}};
  if (to) call["to"] = to_string(*to);
  PTAH_TRY(const auto answers, rpc_->batch({{"eth_getBlockByNumber", {"latest", false}},
                                            {"eth_getTransactionCount", {me, "pending"}},
                                            {"eth_getBalance", {me, "latest"}},
                                            {"eth_maxPriorityFeePerGas"}}));
  for (size_t i = 0; i < 3; ++i)
    if (!answers[i]) return tl::unexpected(answers[i].error());
  PTAH_TRY(const Uint256 base, number_in(answers[0]->is_object() ? answers[0]->value("baseFeePerGas", Json()) : Json()));
  PTAH_TRY(t.nonce, small_number_in(*answers[1]));
  PTAH_TRY(out.balance, number_in(*answers[2]));
  // Nodes that do not know the method: one gwei, as most wallets.
  const auto tip = answers[3] ? number_in(*answers[3]) : uint256(1'000'000'000);
  t.max_priority_fee = tip ? *tip : uint256(1'000'000'000);
  t.max_fee = add(scaled(base, 2, 1), t.max_priority_fee);
  PTAH_TRY(const Json gas, rpc_->call("eth_estimateGas", Json::array({call})));
  PTAH_TRY(const uint64_t needed, small_number_in(gas));
  if (needed > 100'000'000) return fail(ErrorCode::corrupt, "the node asks for {} gas", needed);
  t.gas = needed + needed / 10;
  t.chain_id = chain_id_;
  t.to = to;
  t.value = value;
  t.data = data;
  out.max_cost = add(value, scaled(t.max_fee, t.gas, 1));
  if (out.balance < out.max_cost)
    return fail(ErrorCode::mismatch, "{} has {} ether; this may cost up to {}", me, ether(out.balance, 6), ether(out.max_cost, 6));
  return out;
}

Result<Receipt> Account::send(const Transaction& transaction, const SendOptions& o) const {
  using Clock = std::chrono::steady_clock;
  const auto passed = [start = Clock::now()](auto since) { return std::chrono::duration<double>(Clock::now() - since).count(); };
  Transaction t = transaction;
  std::vector<Bytes32> sent;  // one of them will be taken
  const auto begin = Clock::now();
  auto last = begin;
  double poll = o.poll_seconds;
  bool refused = false;
  int gone = 0;  // polls in which the nonce was used and no receipt was there
  const auto give = [&]() -> Result<void> {
    const auto signed_transaction = sign_transaction(t, *signer_);
    if (!signed_transaction && !sent.empty()) {  // somebody who is asked may refuse a dearer version: the one before may still be taken
      refused = true;
      return {};
    }
    PTAH_TRY(const SignedTransaction made, signed_transaction);
    sent.push_back(made.hash);
    last = Clock::now();
    const auto answer = rpc_->call("eth_sendRawTransaction", Json::array({hex_text(made.raw)}));
    if (answer || answer.error().code != ErrorCode::mismatch) return {};  // without an answer it may have come through: the receipt will tell
    const std::string& why = answer.error().message;
    // Known already, or a version of it was taken meanwhile.
    if (why.find("already known") != std::string::npos || why.find("already imported") != std::string::npos ||
        (sent.size() > 1 && why.find("nonce") != std::string::npos) || (sent.size() > 1 && why.find("underpriced") != std::string::npos))
      return {};
    if (sent.size() > 1) {  // a dearer version is refused: the one before may still be taken
      sent.pop_back();
      refused = true;
      return {};
    }
    return tl::unexpected(answer.error());
  };
  PTAH_TRY_VOID(give());
  while (true) {
    if (o.cancel && o.cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled; transaction {} may still run", hex_text(sent.back()));
    std::vector<Rpc::Call> questions;
    for (const Bytes32& hash : sent) questions.push_back({"eth_getTransactionReceipt", Json::array({hex_text(hash)})});
    questions.push_back({"eth_blockNumber"});
    questions.push_back({"eth_getTransactionCount", {to_string(address()), "latest"}});
    if (o.finalized) questions.push_back({"eth_getBlockByNumber", {"finalized", false}});
    const auto answers = rpc_->batch(questions);
    if (answers) {
      bool taken = false;
      for (size_t i = 0; i < sent.size(); ++i) {
        if (!(*answers)[i] || (*answers)[i]->is_null()) continue;
        PTAH_TRY(const Receipt receipt, parse_receipt(*(*answers)[i]));
        if (receipt.hash != sent[i]) return fail(ErrorCode::corrupt, "the node gives the receipt of another transaction");
        taken = true;
        const auto& head = (*answers)[sent.size()];
        const auto height = head ? small_number_in(*head) : uint64_t{0};
        bool stands = height && *height + 1 >= receipt.block + o.confirmations;
        if (o.finalized) {
          const auto& block = (*answers)[sent.size() + 2];
          const auto last_final = block ? quantity_at(*block, "number") : fail(ErrorCode::corrupt, "none");
          stands = last_final && *last_final >= receipt.block;
        }
        if (!stands) continue;
        if (!receipt.worked) return fail(ErrorCode::mismatch, "transaction {} failed in block {}", hex_text(receipt.hash), receipt.block);
        return receipt;
      }
      const auto& count = (*answers)[sent.size() + 1];
      const auto used = count ? small_number_in(*count) : uint64_t{0};
      gone = !taken && used && *used > t.nonce ? gone + 1 : 0;
      if (gone >= 10 && passed(last) > 10) return fail(ErrorCode::mismatch, "another transaction of {} took the nonce {}", to_string(address()), t.nonce);
      if (!taken && !refused && passed(last) > o.bump_after_seconds && static_cast<int>(sent.size()) <= o.bumps) {
        t.max_priority_fee = add(scaled(t.max_priority_fee, 5, 4), uint256(1));
        t.max_fee = add(scaled(t.max_fee, 5, 4), uint256(1));
        PTAH_TRY_VOID(give());
      }
    }
    if (passed(begin) > o.timeout_seconds)
      return fail(ErrorCode::io, "transaction {} is in no block after {:.0f} seconds; it may still be taken", hex_text(sent.back()), o.timeout_seconds);
    std::this_thread::sleep_for(std::chrono::duration<double>(poll));
    poll = std::min(2.0, poll * 1.3);
  }
}

Result<Receipt> Account::transact(const std::optional<Address>& to, const Bytes& data, const Uint256& value, const SendOptions& options) const {
  PTAH_TRY(const Estimate made, estimate(to, data, value));
  if (options.before) options.before(made);
  return send(made.transaction, options);
}

Result<Json> read_contract(const Rpc& rpc, const Address& contract, const std::string& signature, const Json& arguments,
                           const std::vector<std::string>& returns, const std::string& block) {
  PTAH_TRY(const Bytes data, abi_call(signature, arguments));
  PTAH_TRY(const Json answer, rpc.call("eth_call", Json::array({Json{{"to", to_string(contract)}, {"data", hex_text(data)}}, block})));
  if (!answer.is_string()) return fail(ErrorCode::corrupt, "the node answers a call with something else");
  PTAH_TRY(const Bytes bytes, parse_hex(answer.get_ref<const std::string&>()));
  if (bytes.empty() && !returns.empty()) return fail(ErrorCode::not_found, "there is no such contract at {}", to_string(contract));
  return abi_decode(returns, bytes);
}

Result<Address> deploy(const Account& account, const Artifact& artifact, const Json& arguments, const SendOptions& options) {
  PTAH_TRY(const Bytes data, creation_code(artifact, arguments));
  PTAH_TRY(const Estimate estimate, account.estimate({}, data));
  if (options.before) options.before(estimate);
  PTAH_TRY(const Receipt receipt, account.send(estimate.transaction, options));
  const Address place = created_address(account.address(), estimate.transaction.nonce);
  if (receipt.created != place) return fail(ErrorCode::corrupt, "the node says that {} lies somewhere else than at {}", artifact.name, to_string(place));
  return place;
}

}  // namespace ptah
