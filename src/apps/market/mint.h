// Works on a chain: what a token says, minting, selling by voucher, looking at what somebody else minted.
#pragma once

#include <filesystem>

#include "chain/account.h"
#include "work/receipt.h"
#include "own/keys.h"

namespace ptah {

/// keccak256 of ABI (bytes32 models, string engine_version, string numeric_path, uint256 seed, bytes32 parameters, string prompt), where models and parameters
/// are keccak256 of the canonical JSON of the receipt's models and of its request without prompt and seed: what has to be the same for the same work to come
/// out. Errors: corrupt for a receipt that lacks one of them.
Result<Bytes32> prompt_commitment(const Json& receipt);
/// The token of a commitment in an AigcWork contract: keccak256 of it.
Uint256 token_of(const Bytes32& commitment);

/// Files by content id, as a gateway of IPFS serves them: FOLDER/ipfs/CID.
class Gateway {
 public:
  /// A folder, or the address of a gateway (https://…), which can only be read.
  explicit Gateway(std::string place) : place_(std::move(place)) {}
  /// Errors: io, invalid_argument for an address.
  Result<std::string> put(std::span<const uint8_t> bytes) const;
  /// What an "ipfs://CID" or CID names, checked against its id. Errors: not_found, io, mismatch (the gateway serves something else).
  Result<Bytes> get(const std::string& uri, size_t max_bytes = size_t{256} << 20) const;

 private:
  std::string place_;
};

/// What will be public of a work, and the token that will stand for it.
struct TokenPlan {
  Bytes32 commitment{}, metadata_digest{};
  Uint256 token{};
  std::string metadata, uri;                 ///< the file, and where it will be
  std::map<std::string, std::string> files;  ///< name → content id, all of them public
};
/// A finished, whole work that `maker` signed. Errors: mismatch (changed, not signed, signed by somebody else), unsupported (no picture), what verify_work
/// says.
Result<TokenPlan> plan_token(const std::filesystem::path& folder, const Address& maker);
/// Puts a work's files and its metadata into a gateway's folder.
Result<void> publish(const std::filesystem::path& folder, const TokenPlan& plan, const Gateway& gateway);

/// What a token says, and whether it is true.
struct TokenCheck {
  bool true_ = true;
  std::vector<std::string> lines;
  Json receipt;                        ///< of the work, if it could be had
  std::map<std::string, Bytes> files;  ///< those of the work, by name
};
/// Asks the chain, fetches what the token names and checks all of it: the metadata against its digest, the files against their ids and the receipt, the
/// receipt's signature against the contract's maker, the commitment against the token. Errors: not_found (no such token), as Rpc.
Result<TokenCheck> check_token(const Rpc& rpc, const Address& contract, const Uint256& token, const Gateway& gateway);

/// A promise of the maker: whoever pays may mint the work until then.
struct Voucher {
  Bytes32 commitment{}, metadata{};
  std::optional<Address> to;  ///< only this buyer
  Uint256 price{};            ///< wei
  uint64_t deadline = 0;      ///< seconds since 1970
};
Json to_json(const Voucher& voucher, uint64_t chain_id, const Address& contract, const Signature& signature);
struct SignedVoucher {
  Voucher voucher;
  uint64_t chain_id = 0;
  Address contract{};
  Signature signature{};
};
/// Errors: corrupt.
Result<SignedVoucher> parse_voucher(const std::string& text);
/// The maker's signature over a voucher (EIP-712, domain "Ptah AigcWork" "1"). Errors: what the signer says.
Result<Signature> sign_voucher(const Voucher& voucher, uint64_t chain_id, const Address& contract, const Signer& signer);
/// The call that redeems it.
Result<Bytes> redeem_call(const SignedVoucher& voucher);

}  // namespace ptah
