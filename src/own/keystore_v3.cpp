#include "own/keystore_v3.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <bit>
#include <memory>

#include "base/hex.h"
#include "base/json.h"

namespace ptah {

namespace {

constexpr uint64_t kMaxScryptMemory = uint64_t{512} << 20, kMaxBlocks = uint64_t{1} << 24, kMaxRounds = 10'000'000;
constexpr size_t kKeyBytes = 32, kMaxSalt = 1024;

/// Errors: corrupt unless it is hex of `min_bytes` to `max_bytes` bytes.
Result<Bytes> hex_at(const Json& object, const char* name, size_t min_bytes, size_t max_bytes) {
  const std::string text = text_at(object, name);
  const std::string_view digits = std::string_view(text).substr(text.starts_with("0x") ? 2 : 0);
  Bytes out(digits.size() / 2);
  size_t size = 0;
  const char* end = nullptr;
  if (digits.size() > 2 * max_bytes || sodium_hex2bin(out.data(), out.size(), digits.data(), digits.size(), nullptr, &size, &end) != 0 ||
      end != digits.data() + digits.size() || size != out.size() || digits.size() % 2 || size < min_bytes)
    return fail(ErrorCode::corrupt, "keystore: '{}' is not {} bytes in hex", name,
                min_bytes == max_bytes ? fmt::format("{}", min_bytes) : fmt::format("{} to {}", min_bytes, max_bytes));
  return out;
}

Result<uint64_t> number_at(const Json& object, const char* name) {
  const Json value = object.value(name, Json());
  if (!value.is_number_unsigned()) return fail(ErrorCode::corrupt, "keystore: '{}' is no whole number", name);
  return value.get<uint64_t>();
}

Result<Secret> scrypt(const Json& parameters, const Bytes& salt, const Secret& passphrase) {
  PTAH_TRY(const uint64_t n, number_at(parameters, "n"));
  PTAH_TRY(const uint64_t r, number_at(parameters, "r"));
  PTAH_TRY(const uint64_t p, number_at(parameters, "p"));
  if (n < 2 || !std::has_single_bit(n) || r < 1 || p < 1) return fail(ErrorCode::corrupt, "keystore: scrypt with n {}, r {}, p {}", n, r, p);
  if (n > kMaxBlocks || r > kMaxBlocks || p > kMaxBlocks || n * r > kMaxScryptMemory / 128 || p * r > kMaxScryptMemory / 128 || n * r > kMaxBlocks / p)
    return fail(ErrorCode::unsupported, "keystore: scrypt with n {}, r {}, p {} takes more than {} MiB or {} blocks", n, r, p, kMaxScryptMemory >> 20,
                kMaxBlocks);
  Secret out(kKeyBytes);
  if (crypto_pwhash_scryptsalsa208sha256_ll(passphrase.bytes().data(), passphrase.size(), salt.data(), salt.size(), n, static_cast<uint32_t>(r),
                                            static_cast<uint32_t>(p), out.bytes().data(), out.size()) != 0)
    return fail(ErrorCode::no_space, "{} MiB are needed to make a key of the passphrase", 128 * n * r >> 20);
  return out;
}

Result<Secret> pbkdf2(const Json& parameters, const Bytes& salt, const Secret& passphrase) {
  if (text_at(parameters, "prf") != "hmac-sha256")
    return fail(ErrorCode::unsupported, "keystore: PBKDF2 with '{}'; known: hmac-sha256", text_at(parameters, "prf"));
  PTAH_TRY(const uint64_t c, number_at(parameters, "c"));
  if (c < 1) return fail(ErrorCode::corrupt, "keystore: PBKDF2 with {} rounds", c);
  if (c > kMaxRounds) return fail(ErrorCode::unsupported, "keystore: PBKDF2 with {} rounds; up to {} are computed", c, kMaxRounds);
  Secret out(kKeyBytes);
  if (PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(passphrase.bytes().data()), static_cast<int>(passphrase.size()), salt.data(),
                        static_cast<int>(salt.size()), static_cast<int>(c), EVP_sha256(), static_cast<int>(out.size()), out.bytes().data()) != 1)
    return fail(ErrorCode::internal, "OpenSSL cannot compute PBKDF2");
  return out;
}

/// AES-128-CTR, which is its own inverse.
Result<Secret> decrypted(std::span<const uint8_t> key, const Bytes& iv, const Bytes& text) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  Secret out(text.size());
  int size = 0;
  if (!context || EVP_DecryptInit_ex(context.get(), EVP_aes_128_ctr(), nullptr, key.data(), iv.data()) != 1 ||
      EVP_DecryptUpdate(context.get(), out.bytes().data(), &size, text.data(), static_cast<int>(text.size())) != 1 || size != static_cast<int>(text.size()))
    return fail(ErrorCode::internal, "OpenSSL cannot decrypt");
  return out;
}

Result<Json> crypto_of(const std::string& text) {
  PTAH_TRY(const Json json, parse_json(text, 8));
  if (!json.is_object() || json.value("version", Json()) != Json(3)) return fail(ErrorCode::corrupt, "no keystore of version 3");
  const Json crypto = json.value("crypto", json.value("Crypto", Json()));
  if (!crypto.is_object()) return fail(ErrorCode::corrupt, "keystore: no 'crypto'");
  return Json{{"crypto", crypto}, {"address", json.value("address", Json())}};
}

}  // namespace

bool is_v3_keystore(const std::string& text) { return crypto_of(text).has_value(); }

Result<Key> open_v3_keystore(const std::string& text, const Secret& passphrase) {
  PTAH_TRY(const Json file, crypto_of(text));
  const Json &crypto = file["crypto"], parameters = crypto.value("kdfparams", Json());
  if (text_at(crypto, "cipher") != "aes-128-ctr")
    return fail(ErrorCode::unsupported, "keystore: the cipher '{}'; known: aes-128-ctr", text_at(crypto, "cipher"));
  if (!parameters.is_object()) return fail(ErrorCode::corrupt, "keystore: no 'kdfparams'");
  PTAH_TRY(const uint64_t length, number_at(parameters, "dklen"));
  if (length != kKeyBytes) return fail(ErrorCode::unsupported, "keystore: a 'dklen' of {}; known: {}", length, kKeyBytes);
  PTAH_TRY(const Bytes salt, hex_at(parameters, "salt", 0, kMaxSalt));
  PTAH_TRY(const Bytes iv, hex_at(crypto.value("cipherparams", Json::object()), "iv", 16, 16));
  PTAH_TRY(const Bytes sealed, hex_at(crypto, "ciphertext", 32, 32));
  PTAH_TRY(const Bytes mac, hex_at(crypto, "mac", 32, 32));
  const std::string kdf = text_at(crypto, "kdf");
  if (kdf != "scrypt" && kdf != "pbkdf2") return fail(ErrorCode::unsupported, "keystore: the key derivation '{}'; known: scrypt, pbkdf2", kdf);
  PTAH_TRY(const Secret derived, kdf == "scrypt" ? scrypt(parameters, salt, passphrase) : pbkdf2(parameters, salt, passphrase));
  Bytes covered(derived.bytes().begin() + 16, derived.bytes().end());
  covered.insert(covered.end(), sealed.begin(), sealed.end());
  const Bytes32 found = keccak256(covered);
  sodium_memzero(covered.data(), covered.size());
  if (sodium_memcmp(found.data(), mac.data(), found.size()) != 0)
    return fail(ErrorCode::permission, "the keystore does not open: a wrong passphrase, or the file was changed");
  PTAH_TRY(Secret secret, decrypted(derived.bytes().first(16), iv, sealed));
  PTAH_TRY(Key key, Key::from_secret(std::move(secret)));
  if (const Json& address = file["address"]; address.is_string()) {
    const std::string said = address.get<std::string>();
    const auto parsed = parse_address(said.starts_with("0x") ? said : "0x" + said);
    if (!parsed || *parsed != key.address())
      return fail(ErrorCode::mismatch, "the keystore's key is that of {}, not of the address in the file", to_string(key.address()));
  }
  return key;
}

}  // namespace ptah
