// Who made a work: the receipt, signed.
#pragma once

#include <optional>

#include "work/receipt.h"
#include "own/keys.h"

namespace ptah {

/// What is signed, as EIP-712 typed data, so that any wallet can show and check it: domain {name "Ptah", version "1"}, type
/// Work(address maker,string kind,string prompt,bytes32 receipt) with receipt = keccak256 of the canonical JSON of the receipt without "signature".
/// Errors: corrupt for a receipt that has no canonical form.
Result<Bytes32> receipt_digest(const Json& receipt, const Address& maker);

/// Signs the receipt of a finished work, before it is written. Errors: what the signer says.
Result<void> sign_work(Work& work, const Signer& signer);

/// What a receipt says of its maker.
struct MakerCheck {
  bool has_signature = false;
  std::optional<Address> maker;  ///< only if the signature holds
};
MakerCheck check_maker(const Json& receipt);

}  // namespace ptah
