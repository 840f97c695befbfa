#include "own/keys.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <sodium.h>

#include <algorithm>
#include <memory>

#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

struct Destroy {
  void operator()(secp256k1_context* c) const { secp256k1_context_destroy(c); }
};
using Context = std::unique_ptr<secp256k1_context, Destroy>;

/// A context whose numbers are blinded, so that timing tells nothing of a key.
secp256k1_context* context() {
  static const Context made = [] {
    Context c(secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY));
    Secret seed(32);
    fill_random(seed.bytes());
    if (!c || !secp256k1_context_randomize(c.get(), seed.bytes().data())) throw Failure({ErrorCode::internal, "secp256k1 cannot start"});
    return c;
  }();
  return made.get();
}

Address address_of(const secp256k1_pubkey& key) {
  std::array<uint8_t, 65> bytes;
  size_t size = bytes.size();
  secp256k1_ec_pubkey_serialize(context(), bytes.data(), &size, &key, SECP256K1_EC_UNCOMPRESSED);
  const Bytes32 hash = keccak256(std::span<const uint8_t>(bytes).subspan(1));
  Address out;
  std::copy(hash.begin() + 12, hash.end(), out.begin());
  return out;
}

/// Errors: corrupt unless it is exactly `count` bytes in hex.
Result<Bytes> from_hex(const Json& object, const char* name, size_t count) {
  const Json value = object.value(name, Json());
  if (!value.is_string()) return fail(ErrorCode::corrupt, "no '{}'", name);
  const auto& text = value.get_ref<const std::string&>();
  Bytes out(text.size() / 2);
  size_t size = 0;
  const char* end = nullptr;
  if (sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size, &end) != 0 || end != text.data() + text.size() || size != count)
    return fail(ErrorCode::corrupt, "'{}' is not {} bytes in hex", name, count);
  return out;
}

constexpr uint64_t kOps = 3, kMemory = uint64_t{128} << 20;       // Argon2id: about half a second
constexpr uint64_t kMaxOps = 32, kMaxMemory = uint64_t{1} << 30;  // of files from elsewhere
constexpr size_t kSalt = crypto_pwhash_SALTBYTES, kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;

Result<Secret> derive(const Secret& passphrase, const Bytes& salt, uint64_t ops, uint64_t memory) {
  Secret out(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  static const char nothing[1] = "";
  const char* text = passphrase.empty() ? nothing : reinterpret_cast<const char*>(passphrase.bytes().data());
  if (crypto_pwhash(out.bytes().data(), out.size(), text, passphrase.size(), salt.data(), ops, memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorCode::no_space, "{} MB are needed to make a key of the passphrase", memory >> 20);
  return out;
}

constexpr size_t kMaxName = 64;

bool plain_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxName && name.front() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

struct KeyFile {
  Json head;  ///< everything but the encrypted key: what is authenticated
  Bytes salt, nonce, secret;
  uint64_t ops = 0, memory = 0;
  Address address{};
  bool locked = true;
};

Result<KeyFile> parse_key_file(const std::string& text) {
  PTAH_TRY(const Json json, parse_json(text, 4));
  if (!json.is_object() || json.value("format", Json()) != Json("ptah key 1") || json.value("kind", Json()) != Json("secp256k1") ||
      json.value("kdf", Json()) != Json("argon2id") || json.value("cipher", Json()) != Json("xchacha20-poly1305"))
    return fail(ErrorCode::corrupt, "not a key of Ptah");
  KeyFile out;
  PTAH_TRY(out.salt, from_hex(json, "salt", kSalt));
  PTAH_TRY(out.nonce, from_hex(json, "nonce", kNonce));
  PTAH_TRY(out.secret, from_hex(json, "secret", 32 + kTag));
  const Json address = json.value("address", Json()), ops = json.value("ops", Json()), memory = json.value("memory", Json()),
             locked = json.value("locked", Json());
  const auto parsed = address.is_string() ? parse_address(address.get<std::string>()) : fail(ErrorCode::corrupt, "none");
  if (!parsed || !ops.is_number_unsigned() || !memory.is_number_unsigned() || !locked.is_boolean()) return fail(ErrorCode::corrupt, "not a key of Ptah");
  out.address = *parsed;
  out.ops = ops;
  out.memory = memory;
  out.locked = locked;
  if (out.ops < 1 || out.ops > kMaxOps || out.memory < crypto_pwhash_MEMLIMIT_MIN || out.memory > kMaxMemory)
    return fail(ErrorCode::corrupt, "asks for {} passes over {} bytes to make a key of the passphrase", out.ops, out.memory);
  out.head = json;
  out.head.erase("secret");
  return out;
}

Result<KeyFile> read_key_file(const fs::path& path) {
  PTAH_TRY(const std::string text, read_text(path, 1 << 16));
  auto parsed = parse_key_file(text);
  if (!parsed) return fail(parsed.error().code, "{}: {}", path.string(), parsed.error().message);
  return parsed;
}

/// A key as its file has it: encrypted.
Result<std::string> key_file_text(const Key& key, const Secret& passphrase) {
  const bool locked = !passphrase.empty();
  Bytes salt(kSalt), nonce(kNonce), sealed(32 + kTag);
  fill_random(salt);
  fill_random(nonce);
  const uint64_t ops = locked ? kOps : 1, memory = locked ? kMemory : crypto_pwhash_MEMLIMIT_MIN;  // nothing is gained by slowness without a passphrase
  Json json{{"format", "ptah key 1"},
            {"kind", "secp256k1"},
            {"address", to_string(key.address())},
            {"kdf", "argon2id"},
            {"ops", ops},
            {"memory", memory},
            {"cipher", "xchacha20-poly1305"},
            {"salt", hex(salt)},
            {"nonce", hex(nonce)},
            {"locked", locked}};
  PTAH_TRY(const std::string head, canonical_json(json));
  PTAH_TRY(const Secret lock, derive(passphrase, salt, ops, memory));
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data(), nullptr, key.secret().bytes().data(), 32, reinterpret_cast<const uint8_t*>(head.data()),
                                             head.size(), nullptr, nonce.data(), lock.bytes().data());
  json["secret"] = hex(sealed);
  return json.dump(2) + "\n";
}

tl::unexpected<Error> name_taken(const std::string& name) { return fail(ErrorCode::invalid_argument, "there is a key '{}' already", name); }

/// ".NAME.json.PROCESS.NUMBER.part" of earlier versions: a key that was never finished, perhaps without a passphrase.
void sweep_old_parts(const fs::path& folder) {
  std::error_code problem;
  std::vector<fs::path> found;
  for (const auto& item : fs::directory_iterator(folder, problem)) {
    const std::string name = item.path().filename().string();
    const size_t at = name.find(".json.");
    if (!name.starts_with('.') || at == std::string::npos || !name.ends_with(".part") || !item.is_regular_file(problem) || item.is_symlink(problem)) continue;
    const std::string numbers = name.substr(at + 6, name.size() - at - 6 - 5), process = numbers.substr(0, numbers.find('.'));
    if (process.empty() || numbers.find_first_not_of("0123456789.") != std::string::npos || std::count(numbers.begin(), numbers.end(), '.') != 1) continue;
    if (!fs::exists(fs::path("/proc") / process, problem)) found.push_back(item.path());
  }
  for (const fs::path& path : found) fs::remove(path, problem);
}

}  // namespace

std::string to_string(const Address& address) {
  std::string text = hex(address);
  const Bytes32 hash = keccak256(text);
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] >= 'a' && (hash[i / 2] >> (i % 2 ? 0 : 4) & 15) >= 8) text[i] = static_cast<char>(text[i] - 'a' + 'A');
  return "0x" + text;
}

Result<Address> parse_address(std::string_view text) {
  Address out;
  size_t size = 0;
  const bool fits = text.size() == 42 && text.starts_with("0x") && sodium_hex2bin(out.data(), out.size(), text.data() + 2, 40, nullptr, &size, nullptr) == 0 &&
                    size == out.size();
  if (!fits) return fail(ErrorCode::invalid_argument, "'{}' is no address", text);
  const bool mixed = std::any_of(text.begin() + 2, text.end(), [](char c) { return c >= 'a' && c <= 'f'; }) &&
                     std::any_of(text.begin() + 2, text.end(), [](char c) { return c >= 'A' && c <= 'F'; });
  if (mixed && to_string(out) != text) return fail(ErrorCode::invalid_argument, "'{}' has a wrong checksum: is a letter mistyped?", text);
  return out;
}

Result<Address> recover_signer(const Bytes32& digest, const Signature& signature) {
  const int v = signature[64];
  secp256k1_ecdsa_recoverable_signature parsed;
  secp256k1_ecdsa_signature plain;
  secp256k1_pubkey key;
  bool good = (v == 27 || v == 28) && secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, signature.data(), v - 27) == 1;
  good = good && secp256k1_ecdsa_recoverable_signature_convert(context(), &plain, &parsed) == 1 &&
         secp256k1_ecdsa_signature_normalize(context(), nullptr, &plain) == 0;  // 0: s is in the lower half
  good = good && secp256k1_ecdsa_recover(context(), &key, &parsed, digest.data()) == 1;
  if (!good) return fail(ErrorCode::invalid_argument, "no signature");
  return address_of(key);
}

Key Key::generate() {
  while (true) {
    Secret secret(32);
    fill_random(secret.bytes());
    if (auto key = from_secret(std::move(secret))) return std::move(*key);
  }
}

Result<Key> Key::from_secret(Secret secret) {
  secp256k1_pubkey key;
  if (secret.size() != 32 || !secp256k1_ec_pubkey_create(context(), &key, secret.bytes().data()))
    return fail(ErrorCode::invalid_argument, "these bytes are no private key");
  Key out;
  out.address_ = address_of(key);
  out.secret_ = std::move(secret);
  return out;
}

Result<Signature> Key::sign(const Bytes32& digest) const {
  secp256k1_ecdsa_recoverable_signature made;
  Signature out;
  int id = 0;
  if (!secp256k1_ecdsa_sign_recoverable(context(), &made, digest.data(), secret_.bytes().data(), nullptr, nullptr) ||
      !secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), out.data(), &id, &made))
    return fail(ErrorCode::internal, "cannot sign");
  out[64] = static_cast<uint8_t>(27 + id);
  return out;
}

Result<fs::path> KeyStore::default_folder() {
  if (const std::string keys = environment("PTAH_KEYS"); !keys.empty()) return fs::path(keys);
  if (const auto folder = user_data_folder(); !folder.empty()) return folder / "keys";
  return fail(ErrorCode::not_found, "no home folder to keep keys in; set PTAH_KEYS to a folder");
}

Result<std::vector<KeyInfo>> KeyStore::list(std::vector<Error>* broken) const {
  std::vector<KeyInfo> out;
  sweep_unfinished(folder_);
  std::error_code problem;
  for (const auto& item : fs::directory_iterator(folder_, problem)) {
    const std::string name = item.path().stem().string();
    if (item.path().extension() != ".json" || !plain_name(name)) continue;
    const auto file = read_key_file(item.path());
    if (file)
      out.push_back({name, file->address, file->locked});
    else if (broken)
      broken->push_back(file.error());
  }
  std::sort(out.begin(), out.end(), [](const KeyInfo& a, const KeyInfo& b) { return a.name < b.name; });
  return out;
}

Result<void> KeyStore::make_place(const std::string& name) const {
  if (!plain_name(name)) return fail(ErrorCode::invalid_argument, "a key's name is a word of letters, digits, - and _");
  std::error_code problem;
  if (fs::exists(fs::symlink_status(file_of(name), problem))) return name_taken(name);
  PTAH_TRY_VOID(make_folders(folder_));
  fs::permissions(folder_, fs::perms::owner_all, problem);
  if (problem) return fail(ErrorCode::permission, "cannot use {}: {}", folder_.string(), problem.message());
  sweep_old_parts(folder_);
  return {};
}

Result<void> KeyStore::put(const std::string& name, std::string_view text) const {
  auto written = write_new_file(file_of(name), {as_bytes(text)}, 0600);
  std::error_code problem;
  if (!written && written.error().code == ErrorCode::invalid_argument && fs::exists(fs::symlink_status(file_of(name), problem))) return name_taken(name);
  return written;
}

Result<KeyInfo> KeyStore::add(const std::string& name, const Key& key, const Secret& passphrase) {
  PTAH_TRY_VOID(make_place(name));
  PTAH_TRY(const std::string text, key_file_text(key, passphrase));
  PTAH_TRY_VOID(put(name, text));
  return KeyInfo{name, key.address(), !passphrase.empty()};
}

Result<void> KeyStore::must_exist(const std::string& name) const {
  std::error_code problem;
  if (!plain_name(name) || !fs::exists(file_of(name), problem)) return fail(ErrorCode::not_found, "there is no key '{}'; ptah key list shows them", name);
  return {};
}

Result<KeyInfo> KeyStore::find(const std::string& name) const {
  PTAH_TRY_VOID(must_exist(name));
  PTAH_TRY(const KeyFile file, read_key_file(file_of(name)));
  return KeyInfo{name, file.address, file.locked};
}

Result<Key> KeyStore::unlock(const std::string& name, const Secret& passphrase) const {
  PTAH_TRY_VOID(must_exist(name));
  PTAH_TRY(const KeyFile file, read_key_file(file_of(name)));
  PTAH_TRY(const std::string head, canonical_json(file.head));
  PTAH_TRY(const Secret lock, derive(passphrase, file.salt, file.ops, file.memory));
  Secret secret(32);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(secret.bytes().data(), nullptr, nullptr, file.secret.data(), file.secret.size(),
                                                 reinterpret_cast<const uint8_t*>(head.data()), head.size(), file.nonce.data(), lock.bytes().data()) != 0)
    return fail(ErrorCode::permission, "the key '{}' does not open: a wrong passphrase, or its file was changed", name);
  PTAH_TRY(Key key, Key::from_secret(std::move(secret)));
  if (key.address() != file.address) return fail(ErrorCode::corrupt, "the key '{}' is not that of the address beside it", name);
  return key;
}

Result<void> KeyStore::export_file(const std::string& name, const fs::path& to) const {
  PTAH_TRY_VOID(must_exist(name));
  PTAH_TRY(const std::string text, read_text(file_of(name), 1 << 16));
  return write_new_file(to, {as_bytes(text)}, 0600);
}

Result<KeyInfo> KeyStore::import_file(const fs::path& from, const std::string& name) {
  PTAH_TRY(const std::string text, read_text(from, 1 << 16));
  const auto file = parse_key_file(text);
  if (!file) return fail(file.error().code, "{}: {}", from.string(), file.error().message);
  PTAH_TRY_VOID(make_place(name));
  PTAH_TRY_VOID(put(name, text));
  return KeyInfo{name, file->address, file->locked};
}

Result<Rotation> KeyStore::rotate(const KeyInfo& old, const Key& key, const Secret& passphrase) {
  PTAH_TRY_VOID(must_exist(old.name));
  PTAH_TRY(const std::string coming, key_file_text(key, passphrase));
  PTAH_TRY(const FolderLock lock, FolderLock::take(folder_));
  PTAH_TRY(const std::string text, read_text(file_of(old.name), 1 << 16));
  const auto now = parse_key_file(text);
  if (!now) return fail(now.error().code, "{}: {}", file_of(old.name).string(), now.error().message);
  if (now->address != old.address)
    return fail(ErrorCode::mismatch, "another process made '{}' a new key meanwhile ({}); this one was not kept", old.name, to_string(now->address));
  // The old key is under its second name before the new one takes the first: at every moment there is a key under `name`, and none is lost.
  const std::string kept = fmt::format("{}-{}", old.name.substr(0, kMaxName - 9), to_string(old.address).substr(2, 8));
  if (auto put_aside = put(kept, text); !put_aside) {
    const auto there = read_text(file_of(kept), 1 << 16);  // of a rotation that was cut short
    if (!there || *there != text) return tl::unexpected(put_aside.error());
  }
  PTAH_TRY_VOID(write_file(file_of(old.name), {as_bytes(coming)}, 0600));
  return Rotation{{old.name, key.address(), !passphrase.empty()}, kept};
}

Result<fs::path> KeyStore::remove(const KeyInfo& key) {
  PTAH_TRY_VOID(must_exist(key.name));
  PTAH_TRY(const FolderLock lock, FolderLock::take(folder_));
  PTAH_TRY(const KeyInfo now, find(key.name));
  if (now.address != key.address)
    return fail(ErrorCode::mismatch, "another process made '{}' a new key meanwhile ({}); nothing was deleted", key.name, to_string(now.address));
  const fs::path bin = folder_ / "deleted";
  PTAH_TRY_VOID(make_folders(bin));
  std::error_code problem;
  fs::permissions(bin, fs::perms::owner_all, problem);
  if (problem) return fail(ErrorCode::permission, "cannot use {}: {}", bin.string(), problem.message());
  for (int number = 1;; ++number) {
    const fs::path to = bin / (number == 1 ? key.name + ".json" : fmt::format("{}-{}.json", key.name, number));
    if (fs::exists(fs::symlink_status(to, problem))) continue;
    PTAH_TRY_VOID(rename_new(file_of(key.name), to));
    return to;
  }
}

}  // namespace ptah
