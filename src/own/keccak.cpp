#include "own/keccak.h"

#include <cryptopp/keccak.h>

namespace ptah {

Bytes32 keccak256(std::span<const uint8_t> bytes) {
  Bytes32 out;
  CryptoPP::Keccak_256 hash;
  hash.CalculateDigest(out.data(), bytes.data(), bytes.size());
  return out;
}

}  // namespace ptah
