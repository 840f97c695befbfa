// Calls and answers of contracts (Solidity's ABI), and typed data (EIP-712). Values are JSON: numbers as numbers or decimal or hex texts, addresses and bytes
// as hex texts, arrays and tuples as lists.
#pragma once

#include "chain/encoding.h"
#include "own/keys.h"

namespace ptah {

/// "uint256", "bytes32[]", "(address,string)[2]" …
struct AbiType {
  enum class Kind { uint, integer, address, boolean, fixed_bytes, bytes, string, array, tuple };
  Kind kind = Kind::uint;
  size_t size = 256;           ///< bits of numbers, bytes of bytesN, elements of T[k]
  bool open = false;           ///< T[]: as many elements as there are
  std::vector<AbiType> inner;  ///< the element of an array, the fields of a tuple
  /// Errors: invalid_argument.
  static Result<AbiType> parse(std::string_view text);
  bool dynamic() const;
  /// Bytes of its place in the head.
  size_t head_size() const;
};

/// Arguments as a contract takes them. Errors: invalid_argument for types that are none and values that are not of them.
Result<Bytes> abi_encode(const std::vector<std::string>& types, const Json& values);
/// The inverse; numbers come as decimal texts, bytes as hex texts. `mend_texts`: a text that is not UTF-8 is no error, what is wrong in it becomes U+FFFD.
/// Errors: corrupt.
Result<Json> abi_decode(const std::vector<std::string>& types, std::span<const uint8_t> bytes, bool mend_texts = false);
/// The first four bytes of keccak256 of "name(type,type)", then the arguments.
Result<Bytes> abi_call(const std::string& signature, const Json& values);
/// The types between the brackets of "name(type,type)".
Result<std::vector<std::string>> argument_types(const std::string& signature);

/// What is signed of typed data: {types, primaryType, domain, message}; EIP712Domain may be left out of types. Errors: invalid_argument.
Result<Bytes32> typed_data_digest(const Json& typed_data);
/// Errors: as typed_data_digest, and what the signer says.
Result<Signature> sign_typed_data(const Json& typed_data, const Signer& signer);

struct TypedField {
  std::string name, type;
  Json value;
};
/// Typed data of one flat struct, for a contract: domain {name, version "1", chainId, verifyingContract}.
Json typed_data(const std::string& name, uint64_t chain_id, const Address& contract, const std::string& type, const std::vector<TypedField>& fields);

}  // namespace ptah
