// An account that sends: nonces, fees, waiting until it stands.
#pragma once

#include <functional>

#include "chain/artifact.h"
#include "chain/rpc.h"
#include "chain/transaction.h"

namespace ptah {

/// What a transaction did, once it is in a block.
struct Receipt {
  Bytes32 hash{};
  uint64_t block = 0, gas_used = 0;
  Uint256 gas_price{};
  bool worked = false;
  std::optional<Address> created;
  Json logs = Json::array();
};
/// Errors: corrupt for what is no receipt.
Result<Receipt> parse_receipt(const Json& json);

/// What sending would cost, before anything is sent.
struct Estimate {
  Transaction transaction;
  Uint256 max_cost{};  ///< value and the most the fees can be
  Uint256 balance{};
};

struct SendOptions {
  uint64_t confirmations = 1;  ///< blocks, the one it is in included; 0 with `finalized`: until the chain calls it final
  bool finalized = false;
  double bump_after_seconds = 45;  ///< without a block: once more with fees a quarter higher, under the same nonce
  int bumps = 4;
  double timeout_seconds = 600;
  double poll_seconds = 0.2;  ///< grows to 2 seconds
  const CancelToken* cancel = nullptr;
  std::function<void(const Estimate&)> before = {};  ///< told what a transaction may cost before it is sent (by transact() and deploy())
};

/// One key on one chain. Nonces are asked of the node each time, so that whatever else the key sends is counted, and a gap cannot be left behind.
class Account {
 public:
  /// Asks the node for its chain. Errors: as Rpc; mismatch if `chain_id` is not 0 and the node is on another chain.
  static Result<Account> open(const Rpc& rpc, const Signer& signer, uint64_t chain_id = 0);
  Address address() const { return signer_->address(); }
  uint64_t chain_id() const { return chain_id_; }

  /// Gas with a tenth to spare, fees for the next blocks. Errors: mismatch (it would fail, with the contract's reason; not enough money).
  Result<Estimate> estimate(const std::optional<Address>& to, const Bytes& data, const Uint256& value = {}) const;
  /// Sends and waits. If no block takes it, it is sent again with higher fees under the same nonce, so that it can never run twice.
  /// Errors: mismatch (it failed in its block, or another transaction took its nonce), io (the node or the time ended; says the hash), cancelled.
  Result<Receipt> send(const Transaction& transaction, const SendOptions& options = {}) const;
  /// estimate() and send().
  Result<Receipt> transact(const std::optional<Address>& to, const Bytes& data, const Uint256& value = {}, const SendOptions& options = {}) const;

 private:
  const Rpc* rpc_ = nullptr;
  const Signer* signer_ = nullptr;
  uint64_t chain_id_ = 0;
};

/// Asks a contract without sending anything; the answer as JSON values (see abi.h). Errors: as Rpc, corrupt, not_found if no contract is there.
Result<Json> read_contract(const Rpc& rpc, const Address& contract, const std::string& signature, const Json& arguments,
                           const std::vector<std::string>& returns, const std::string& block = "latest");

/// Creates it. Errors: as Account::transact.
Result<Address> deploy(const Account& account, const Artifact& artifact, const Json& arguments, const SendOptions& options = {});

/// A number of JSON-RPC ("0x1a"). Errors: corrupt.
Result<uint64_t> quantity_at(const Json& object, const char* key);

}  // namespace ptah
