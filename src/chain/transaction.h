// Transactions of Ethereum: signed by a maker's key, ready to send.
#pragma once

#include <optional>

#include "chain/encoding.h"
#include "own/keys.h"

namespace ptah {

/// A transaction of type 2 (EIP-1559); fees in wei a gas.
struct Transaction {
  uint64_t chain_id = 1, nonce = 0;
  Uint256 max_priority_fee{}, max_fee{};
  uint64_t gas = 21000;
  std::optional<Address> to;  ///< none: creates a contract
  Uint256 value{};
  Bytes data = {};
  std::vector<std::pair<Address, std::vector<Bytes32>>> access_list = {};
};

struct SignedTransaction {
  Bytes raw;
  Bytes32 hash{};
};
/// Errors: what the signer says.
Result<SignedTransaction> sign_transaction(const Transaction& transaction, const Signer& signer);
/// Where a contract comes to lie that this account creates with this nonce.
Address created_address(const Address& from, uint64_t nonce);

}  // namespace ptah
