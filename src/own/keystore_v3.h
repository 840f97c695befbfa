// Keys as other wallets keep them: Ethereum's Web3 Secret Storage, version 3 (geth, MyEtherWallet, …).
#pragma once

#include "own/keys.h"

namespace ptah {

/// Whether a text is a keystore of version 3, whatever is in it.
bool is_v3_keystore(const std::string& text);

/// The key in a keystore: scrypt or PBKDF2 (HMAC-SHA-256), AES-128-CTR, a MAC by Keccak-256. What the file asks for is bounded before anything is computed: 512
/// MiB and 2^24 blocks for scrypt, 10,000,000 rounds for PBKDF2. Errors: corrupt (naming the field), unsupported (other methods, or beyond the bounds),
/// permission (a wrong passphrase, or a changed file), mismatch (the key is not that of the address in the file).
Result<Key> open_v3_keystore(const std::string& text, const Secret& passphrase);

}  // namespace ptah
