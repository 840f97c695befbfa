// Keys that sign: made, kept encrypted, unlocked for a moment.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "own/keccak.h"
#include "own/secret.h"

namespace ptah {

/// An Ethereum address: the last 20 bytes of keccak256 of the public key.
using Address = std::array<uint8_t, 20>;
/// "0x…" with the checksum of EIP-55 in the case of its letters.
std::string to_string(const Address& address);
/// Errors: invalid_argument for anything but 40 hex digits after 0x, or capitals and small letters that are not the checksum's.
Result<Address> parse_address(std::string_view text);

/// r, s and 27 or 28, as contracts and wallets take them.
using Signature = std::array<uint8_t, 65>;
/// Who signed a digest. Errors: invalid_argument if the signature cannot be anybody's, or s is in the upper half (another form of the same signature).
Result<Address> recover_signer(const Bytes32& digest, const Signature& signature);

/// What can sign a digest: a key of this computer, or something that asks a device or service.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual Address address() const = 0;
  virtual Result<Signature> sign(const Bytes32& digest) const = 0;
  /// sign(), with what the digest was made of, for a signer that shows it to somebody: {"transaction": "0x02…"} (the bytes) or {"typed_data": {…}} (EIP-712).
  virtual Result<Signature> sign_shown(const Bytes32& digest, const Json& subject) const {
    (void)subject;
    return sign(digest);
  }
};

/// A secp256k1 key in locked memory; signatures are deterministic (RFC 6979).
class Key : public Signer {
 public:
  static Key generate();
  /// Errors: invalid_argument if the 32 bytes are not a private key.
  static Result<Key> from_secret(Secret secret);
  Address address() const override { return address_; }
  Result<Signature> sign(const Bytes32& digest) const override;
  const Secret& secret() const { return secret_; }

 private:
  Key() = default;
  Secret secret_;
  Address address_{};
};

struct KeyInfo {
  std::string name;
  Address address;
  bool locked = false;  ///< a passphrase is needed
};
struct Rotation {
  KeyInfo key;       ///< the new one, under the old name
  std::string kept;  ///< the old one's name now
};

/// A folder with one file a key, readable by its owner only. The private key is encrypted (XChaCha20-Poly1305) under a key that Argon2id makes of the
/// passphrase; everything else in the file is authenticated with it. An empty passphrase hides the key from backups that leave the salt out, no more.
class KeyStore {
 public:
  explicit KeyStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// $PTAH_KEYS, else $XDG_DATA_HOME/ptah/keys, else ~/.local/share/ptah/keys. Errors: not_found without a home.
  static Result<std::filesystem::path> default_folder();

  /// By name. A file that cannot be read is left out, and why is added to `broken` (may be null).
  Result<std::vector<KeyInfo>> list(std::vector<Error>* broken = nullptr) const;
  /// Keeps a key. Errors: invalid_argument (a name that is taken or no plain word), permission, io.
  Result<KeyInfo> add(const std::string& name, const Key& key, const Secret& passphrase);
  /// Errors: not_found, permission (a wrong passphrase or a changed file), corrupt.
  Result<Key> unlock(const std::string& name, const Secret& passphrase) const;
  Result<KeyInfo> find(const std::string& name) const;
  /// The encrypted form, as it is kept; can be imported elsewhere with the same passphrase.
  Result<void> export_file(const std::string& name, const std::filesystem::path& to) const;
  Result<KeyInfo> import_file(const std::filesystem::path& from, const std::string& name);
  /// Puts a new key under the name of `old`, which stays as NAME-ADDRESS and still can sign. Of two at once one succeeds, and whatever cuts this short, a key
  /// has the name and the old one is there. Errors: not_found, mismatch (another key has the name by now), io, no_space.
  Result<Rotation> rotate(const KeyInfo& old, const Key& key, const Secret& passphrase);
  /// Moves a key's file into the folder `deleted` beside the keys, where nothing uses it and from which it can be imported again. Returns its new place.
  /// Errors: not_found, mismatch (another key has the name by now), permission, io.
  Result<std::filesystem::path> remove(const KeyInfo& key);

 private:
  Result<void> must_exist(const std::string& name) const;
  Result<void> make_place(const std::string& name) const;                  ///< the folder, if the name is free
  Result<void> put(const std::string& name, std::string_view text) const;  ///< into a file that must be new
  std::filesystem::path file_of(const std::string& name) const { return folder_ / (name + ".json"); }
  std::filesystem::path folder_;
};

}  // namespace ptah
