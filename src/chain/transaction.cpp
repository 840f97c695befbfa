#include "chain/transaction.h"

#include <algorithm>

namespace ptah {

Result<SignedTransaction> sign_transaction(const Transaction& t, const Signer& signer) {
  std::vector<Rlp> access;
  for (const auto& [address, keys] : t.access_list) {
    std::vector<Rlp> slots;
    for (const Bytes32& key : keys) slots.push_back(Rlp::of(std::span<const uint8_t>(key)));
    access.push_back(Rlp::of_list({Rlp::of(std::span<const uint8_t>(address)), Rlp::of_list(std::move(slots))}));
  }
  Rlp fields = Rlp::of_list({Rlp::of(uint256(t.chain_id)), Rlp::of(uint256(t.nonce)), Rlp::of(t.max_priority_fee), Rlp::of(t.max_fee), Rlp::of(uint256(t.gas)),
                             t.to ? Rlp::of(std::span<const uint8_t>(*t.to)) : Rlp{}, Rlp::of(t.value), Rlp::of(std::span<const uint8_t>(t.data)),
                             Rlp::of_list(std::move(access))});
  const auto typed = [&] {
    Bytes out{2};
    const Bytes body = fields.encode();
    out.insert(out.end(), body.begin(), body.end());
    return out;
  };
  PTAH_TRY(const Signature signature, signer.sign_shown(keccak256(typed()), {{"transaction", hex_text(typed())}}));
  Uint256 r{}, s{};
  std::copy_n(signature.begin(), 32, r.begin());
  std::copy_n(signature.begin() + 32, 32, s.begin());
  fields.items.push_back(Rlp::of(uint256(signature[64] - 27U)));
  fields.items.push_back(Rlp::of(r));
  fields.items.push_back(Rlp::of(s));
  SignedTransaction out{typed(), {}};
  out.hash = keccak256(out.raw);
  return out;
}

Address created_address(const Address& from, uint64_t nonce) {
  const Bytes32 hash = keccak256(Rlp::of_list({Rlp::of(std::span<const uint8_t>(from)), Rlp::of(uint256(nonce))}).encode());
  Address out;
  std::copy(hash.begin() + 12, hash.end(), out.begin());
  return out;
}

}  // namespace ptah
