// Keys, signatures and content ids against ethers and ipfs-unixfs-importer (tools/reference/ownership.mjs), and what must not happen to a key.
#include <gtest/gtest.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "media/manifest_store.h"
#include "media/image.h"
#include "own/c2pa.h"
#include "own/cbor.h"
#include "own/content_id.h"
#include "own/keys.h"
#include "own/remote_signer.h"
#include "own/signed_receipt.h"
#include "tests/net/test_server.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

const Json& golden() {
  static const Json json = value_or_throw(parse_json(value_or_throw(read_text(fs::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "ownership.json"))));
  return json;
}

/// The bytes of tools/reference/ownership.mjs.
Bytes bytes(size_t count, uint32_t seed) {
  Bytes out;
  for (size_t i = 0; i < count; ++i) {
    seed = seed * 1664525U + 1013904223U;
    out.push_back(static_cast<uint8_t>(seed >> 24));
  }
  return out;
}

Key key_of(std::span<const uint8_t> secret) {
  Secret kept(secret.size());
  std::copy(secret.begin(), secret.end(), kept.bytes().begin());
  return value_or_throw(Key::from_secret(std::move(kept)));
}

Bytes of_hex(const std::string& text) {
  Bytes out(text.size() / 2);
  if (text.empty()) return out;
  EXPECT_EQ(sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr, nullptr, nullptr), 0);
  return out;
}

class Keys : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("ptah-keys-{}", getpid());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

}  // namespace

TEST(Own, KeccakEqualsItsReference) {
  for (const Json& item : golden()["keccak"]) {
    const auto size = item[0].get<size_t>();
    EXPECT_EQ(hex(keccak256(bytes(size, static_cast<uint32_t>(size + 1)))), item[1]) << size;
  }
}

TEST(Own, AddressesCarryTheirChecksum) {
  for (const Json& item : golden()["keys"]) {
    const Key key = key_of(of_hex(item[0]));
    const std::string wanted = item[1];
    EXPECT_EQ(to_string(key.address()), wanted);
    EXPECT_EQ(value_or_throw(parse_address(wanted)), key.address());
    std::string small = wanted, wrong = wanted;
    for (char& c : small) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    EXPECT_TRUE(parse_address(small)) << "without a checksum it is fine too";
    for (size_t i = 2; i < wrong.size(); ++i)
      if (std::isalpha(static_cast<unsigned char>(wrong[i]))) {
        wrong[i] = static_cast<char>(wrong[i] ^ 0x20);
        break;
      }
    EXPECT_FALSE(parse_address(wrong));
  }
  for (const char* bad : {"", "0x", "0x00", "0xg000000000000000000000000000000000000000", "0000000000000000000000000000000000000000aa"})
    EXPECT_FALSE(parse_address(bad));
}

TEST(Own, SignaturesAreTheReferences) {
  const Key key = key_of(bytes(32, 4242));
  int zeros = 0;
  uint32_t seed = 9000;
  for (const Json& item : golden()["digests"]) {
    const Bytes made = bytes(32, seed++);
    Bytes32 digest;
    std::copy(made.begin(), made.end(), digest.begin());
    const Signature signature = value_or_throw(key.sign(digest));
    EXPECT_EQ(hex(signature), item);
    zeros += signature[0] == 0 || signature[32] == 0;
    EXPECT_EQ(value_or_throw(recover_signer(digest, signature)), key.address());
    digest[5] ^= 1;
    const auto other = recover_signer(digest, signature);
    EXPECT_TRUE(!other || *other != key.address());
  }
  EXPECT_GT(zeros, 0) << "numbers with leading zeros are among them";
}

TEST(Own, OneSignatureHasOneForm) {
  const Key key = key_of(bytes(32, 4242));
  Bytes32 digest{};
  Signature signature = value_or_throw(key.sign(digest));
  // n − s with the other parity is a signature of the same key, too: refused, so that nobody can make a second one out of a first.
  const Bytes order = of_hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
  int borrow = 0;
  for (int i = 31; i >= 0; --i) {
    const int value = order[static_cast<size_t>(i)] - signature[static_cast<size_t>(32 + i)] - borrow;
    borrow = value < 0;
    signature[static_cast<size_t>(32 + i)] = static_cast<uint8_t>(value + (borrow ? 256 : 0));
  }
  signature[64] = static_cast<uint8_t>(55 - signature[64]);
  EXPECT_FALSE(recover_signer(digest, signature));
  EXPECT_FALSE(recover_signer(digest, Signature{}));
  Signature odd = value_or_throw(key.sign(digest));
  odd[64] = 2;
  EXPECT_FALSE(recover_signer(digest, odd));
}

TEST(Own, ReceiptsAreSignedAsWalletsSignThem) {
  for (const Json& item : golden()["receipts"]) {
    const Key key = key_of(of_hex(item["secret"]));
    Work work;
    work.receipt = item["receipt"];
    ASSERT_TRUE(sign_work(work, key));
    EXPECT_EQ(work.receipt["signature"]["value"], item["signature"]);
    EXPECT_EQ(work.receipt["signature"]["maker"], item["maker"]);
    MakerCheck check = check_maker(work.receipt);
    ASSERT_TRUE(check.maker);
    EXPECT_EQ(*check.maker, key.address());
    for (const char* field : {"engine", "kind", "outputs", "request"}) {
      Json changed = work.receipt;
      changed[field] = {{"prompt", "another"}};
      check = check_maker(changed);
      EXPECT_TRUE(check.has_signature);
      EXPECT_FALSE(check.maker) << field;
    }
    Json stolen = work.receipt;  // somebody else's name under it
    stolen["signature"]["maker"] = to_string(key_of(bytes(32, 1)).address());
    EXPECT_FALSE(check_maker(stolen).maker);
  }
  for (const Json& odd : {Json(), Json(3), Json{{"signature", 3}}, Json{{"signature", {{"maker", "x"}}}},
                          Json{{"signature", {{"scheme", "eip712"}, {"maker", "0x"}, {"value", "0x00"}}}}})
    EXPECT_FALSE(check_maker(odd).maker);
}

TEST(Own, ContentIdsAreThoseOfIpfs) {
  for (const Json& item : golden()["cids"]) {
    const auto size = item[0].get<size_t>();
    EXPECT_EQ(content_id(bytes(size, static_cast<uint32_t>(size + 7)), {item[1], item[2]}), item[3]) << item;
  }
}

TEST_F(Keys, AKeyComesBackWithItsPassphraseOnly) {
  KeyStore store(folder_);
  EXPECT_TRUE(value_or_throw(store.list()).empty());
  const Key key = Key::generate();
  const KeyInfo info = value_or_throw(store.add("anna", key, Secret("correct horse")));
  EXPECT_TRUE(info.locked);
  EXPECT_EQ(value_or_throw(store.unlock("anna", Secret("correct horse"))).address(), key.address());
  const auto wrong = store.unlock("anna", Secret("correct house"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::permission);
  EXPECT_FALSE(store.unlock("anna", Secret()));
  EXPECT_EQ(store.add("anna", key, Secret()).error().code, ErrorCode::invalid_argument) << "never overwritten";
  for (const char* bad : {"", "../x", "a b", "a/b", "-x", "ä"}) EXPECT_FALSE(store.add(bad, key, Secret())) << bad;
  EXPECT_EQ(store.unlock("berta", Secret()).error().code, ErrorCode::not_found);
  // Readable by the owner only, and the private key is nowhere in it.
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "anna.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(::stat(folder_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  EXPECT_EQ(read_text(folder_ / "anna.json")->find(hex(key.secret().bytes())), std::string::npos);
}

TEST_F(Keys, AChangedFileDoesNotOpen) {
  KeyStore store(folder_);
  const Key key = Key::generate();
  ASSERT_TRUE(store.add("open", key, Secret()));
  EXPECT_EQ(value_or_throw(store.unlock("open", Secret())).address(), key.address());
  const std::string good = *read_text(folder_ / "open.json");
  const auto code = [&](const std::function<void(Json&)>& change) {
    Json json = *parse_json(good);
    change(json);
    EXPECT_TRUE(write_file(folder_ / "open.json", json.dump()));
    const auto made = store.unlock("open", Secret());
    return made ? std::optional<ErrorCode>() : made.error().code;
  };
  EXPECT_FALSE(code([](Json&) {}));
  EXPECT_EQ(code([](Json& j) { j["address"] = to_string(Key::generate().address()); }), ErrorCode::permission);
  EXPECT_EQ(code([](Json& j) { j["salt"] = std::string(32, '0'); }), ErrorCode::permission);
  EXPECT_EQ(code([](Json& j) { j["ops"] = 1000000; }), ErrorCode::corrupt) << "a file cannot make us work for hours";
  EXPECT_EQ(code([](Json& j) { j["memory"] = int64_t{1} << 50; }), ErrorCode::corrupt);
  EXPECT_EQ(code([](Json& j) { j["secret"] = "00"; }), ErrorCode::corrupt);
  EXPECT_EQ(code([](Json& j) { j["nonce"] = 5; }), ErrorCode::corrupt);
  EXPECT_EQ(code([](Json& j) { j.erase("kdf"); }), ErrorCode::corrupt);
  EXPECT_EQ(code([](Json& j) { j = Json::array(); }), ErrorCode::corrupt);
  ASSERT_TRUE(write_file(folder_ / "open.json", std::string_view(good).substr(0, good.size() / 2)));
  EXPECT_FALSE(store.unlock("open", Secret()));
}

TEST_F(Keys, AKeyGoesToAnotherComputer) {
  KeyStore here(folder_ / "here"), there(folder_ / "there");
  const Key key = Key::generate();
  ASSERT_TRUE(here.add("anna", key, Secret("pass")));
  const fs::path file = folder_ / "anna.key";
  ASSERT_TRUE(here.export_file("anna", file));
  EXPECT_FALSE(here.export_file("anna", file)) << "nothing is overwritten";
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(value_or_throw(there.import_file(file, "me")).address, key.address());
  EXPECT_FALSE(there.import_file(file, "me"));
  EXPECT_EQ(value_or_throw(there.unlock("me", Secret("pass"))).address(), key.address());
  const Rotation done = value_or_throw(there.rotate(value_or_throw(there.list()).front(), Key::generate(), Secret("new")));
  EXPECT_EQ(value_or_throw(there.list()).size(), 2U);
  EXPECT_FALSE(there.unlock("me", Secret("pass")));
  EXPECT_EQ(value_or_throw(there.unlock("me", Secret("new"))).address(), done.key.address);
  EXPECT_EQ(value_or_throw(there.unlock(done.kept, Secret("pass"))).address(), key.address());
  EXPECT_FALSE(Key::from_secret(Secret(std::string_view("\0\0\0\0", 4))));
  EXPECT_FALSE(Key::from_secret(Secret(std::string(32, '\xff')))) << "not below the order of the group";
}

namespace {

constexpr int64_t kNow = 1'790'000'000;

MakerCredential credential() { return value_or_throw(MakerCredential::of(key_of(bytes(32, 5)), kNow)); }

Bytes a_png() {
  Image picture = make_image(24, 16);
  const Bytes noise = bytes(picture.rgba.size(), 9);
  std::copy(noise.begin(), noise.end(), picture.rgba.begin());
  return value_or_throw(encode_png(picture));
}

Bytes a_jpeg() { return value_or_throw(encode_jpeg(value_or_throw(decode_png(a_png())), 90)); }

Bytes a_wav(size_t samples) {
  Bytes out = {'R', 'I', 'F', 'F', 0,    0,    0, 0, 'W',  'A',  'V', 'E', 'f', 'm', 't', ' ', 16,  0,   0,   0,
               1,   0,   1,   0,   0x40, 0x1F, 0, 0, 0x40, 0x1F, 0,   0,   1,   0,   8,   0,   'd', 'a', 't', 'a'};
  out.push_back(static_cast<uint8_t>(samples));
  out.insert(out.end(), 3, 0);
  const Bytes noise = bytes(samples, 3);
  out.insert(out.end(), noise.begin(), noise.end());
  if (samples % 2) out.push_back(0);
  out[4] = static_cast<uint8_t>(out.size() - 8);
  return out;
}

ManifestRequest a_request() {
  ManifestRequest request;
  request.title = "a red fox";
  request.source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
  request.ingredients = {{"prompt", "a red fox", "c2pa.types.generator.prompt", "text/plain"}, {"picture", "sha256:00", "c2pa.types.model", ""}};
  request.receipt = {{"engine", "ptah"}, {"request", {{"prompt", "a red fox"}}}};
  return request;
}

/// What Ptah's own reader says of a file that carries its manifest.
ManifestCheck look(std::span<const uint8_t> file, const std::vector<Bytes>& anchors = {}, int64_t now = kNow) {
  const auto place = find_manifest(file);
  if (!place || !*place) {
    ManifestCheck none;
    none.problems = {place ? "none" : place.error().message};
    return none;
  }
  return check_manifest(file, (*place)->store, (*place)->start, (*place)->length, anchors, now);
}

bool says(const ManifestCheck& check, const std::string& what) {
  return std::any_of(check.problems.begin(), check.problems.end(), [&](const std::string& p) { return p.find(what) != std::string::npos; });
}

}  // namespace

TEST(Cbor, ValuesComeBackAndBombsDoNot) {
  const Cbor value = Cbor::Map{{"a", Cbor::Array{0, 23, 24, -1, -500, 65535, 65536, int64_t{1} << 40, 1.5, true, false, Cbor(), "é", Bytes{1, 2}}},
                               {1, Cbor::tagged(18, "x")}};
  EXPECT_EQ(value_or_throw(Cbor::parse(value.encode())), value);
  EXPECT_EQ(hex(Cbor(Cbor::Array{1, Cbor::Array{2, 3}}).encode()), "8201820203") << "RFC 8949, appendix A";
  EXPECT_EQ(value_or_throw(Cbor::parse(of_hex("9f018202039f0405ffff"))), value_or_throw(Cbor::parse(of_hex("8301820203820405"))));
  EXPECT_EQ(value_or_throw(Cbor::parse(of_hex("f93e00"))), Cbor(1.5));
  for (const char* bad :
       {"", "9b7fffffffffffffff", "5b7fffffffffffffff00", "bf", "9f", "1c", "ff", "0000", "bb7fffffffffffffff", "1bffffffffffffffff", "5f6161ff", "f8"})
    EXPECT_FALSE(Cbor::parse(of_hex(bad))) << bad;
  EXPECT_FALSE(Cbor::parse(Bytes(100000, 0x81))) << "nested too deeply";
  Bytes many{0x9A, 0x00, 0x10, 0x00, 0x00};
  many.insert(many.end(), size_t{1} << 20, 0xF6);
  EXPECT_FALSE(Cbor::parse(many)) << "too many values";
  const Bytes good = value.encode();
  for (size_t cut = 0; cut < good.size(); ++cut) EXPECT_FALSE(Cbor::parse(std::span(good).first(cut)));
}

TEST(Credentials, AFileSaysWhatMadeIt) {
  const MakerCredential signer = credential();
  for (const Bytes& plain : {a_png(), a_jpeg(), a_wav(100), a_wav(101)}) {
    const Bytes marked = value_or_throw(sign_content(plain, a_request(), signer));
    const ManifestCheck check = look(marked);
    EXPECT_TRUE(check.whole) << (check.problems.empty() ? "" : check.problems.front());
    EXPECT_EQ(check.title, "a red fox");
    EXPECT_EQ(check.chain.signer, to_string(key_of(bytes(32, 5)).address()));
    EXPECT_FALSE(check.chain.trusted);
    EXPECT_TRUE(look(marked, {signer.chain().back()}).chain.trusted);
    EXPECT_TRUE(look(marked, {credential().chain().back()}).chain.trusted) << "the authority made again is the same";
    EXPECT_FALSE(look(marked, {value_or_throw(MakerCredential::of(key_of(bytes(32, 6)), kNow)).chain().back()}).chain.trusted);
    EXPECT_EQ(check.receipt, a_request().receipt);
    EXPECT_EQ(check.ingredients.size(), 2U);
    EXPECT_EQ(value_or_throw(without_manifest(marked)), plain);
    EXPECT_FALSE(look(marked, {}, kNow + 6 * 31557600).whole) << "a certificate ends";
    EXPECT_FALSE(look(marked, {}, kNow - 3 * 86400).whole) << "and begins";
  }
}

TEST(Credentials, AnyChangedBitIsSeen) {
  const Bytes marked = value_or_throw(sign_content(a_png(), a_request(), credential()));
  const auto place = value_or_throw(find_manifest(marked));
  const Bytes dice = bytes(8000, 77);
  for (size_t i = 0; i < 1000; ++i) {  // outside of what the hash leaves out
    size_t at = (size_t{dice[8 * i]} << 16 | size_t{dice[8 * i + 1]} << 8 | dice[8 * i + 2]) % (marked.size() - place->length);
    if (at >= place->start) at += place->length;
    Bytes changed = marked;
    changed[at] = static_cast<uint8_t>(changed[at] ^ (1U << (dice[8 * i + 3] % 8)));
    EXPECT_FALSE(look(changed).whole) << at;
  }
  for (size_t i = 0; i < place->store.size(); ++i) {  // and in the store, each byte
    Bytes store = place->store;
    store[i] = static_cast<uint8_t>(store[i] ^ (1U << (dice[i % 8000] % 8)));
    const ManifestCheck check = check_manifest(marked, store, place->start, place->length, {}, kNow);
    // What is not signed is the framing: labels and types of the boxes that hold claim and assertions, toggles that mean nothing here, the unprotected header.
    EXPECT_TRUE(!check.whole || check.receipt == a_request().receipt) << i;
  }
  for (size_t cut = 0; cut < place->store.size(); ++cut)
    EXPECT_FALSE(check_manifest(marked, std::span(place->store).first(cut), place->start, place->length, {}, kNow).whole) << cut;
}

TEST(Credentials, TheHashMayLeaveOutTheStoreAndNothingElse) {
  const MakerCredential signer = credential();
  const Bytes marked = value_or_throw(sign_content(a_png(), a_request(), signer));
  const auto place = value_or_throw(find_manifest(marked));
  EXPECT_TRUE(says(check_manifest(marked, place->store, place->start, place->length + 10, {}, kNow), "leaves out other bytes"));
  EXPECT_FALSE(check_manifest(marked, place->store, 0, 0, {}, kNow).whole);
  const Bytes beside = value_or_throw(sign_beside(a_png(), a_request(), signer));
  EXPECT_TRUE(check_manifest(a_png(), beside, 0, 0, {}, kNow).whole);
  EXPECT_FALSE(look(value_or_throw(with_manifest(a_png(), beside))).whole);
  // Somebody else's claim over the same assertions.
  const Bytes other = value_or_throw(sign_content(a_png(), a_request(), value_or_throw(MakerCredential::of(key_of(bytes(32, 8)), kNow))));
  EXPECT_NE(look(other).chain.authority, look(marked).chain.authority);
}

TEST(Credentials, WhatWasMarkedBeforeIsKept) {
  const MakerCredential signer = credential();
  const Bytes first = value_or_throw(sign_content(a_png(), a_request(), signer));
  ManifestRequest edit = a_request();
  edit.action = "c2pa.opened";
  edit.source_type.clear();
  edit.ingredients = {{"a red fox", "", "", "image/png", value_or_throw(find_manifest(first))->store, true}};
  const Bytes second = value_or_throw(sign_content(first, edit, signer));
  const ManifestCheck check = look(second);
  EXPECT_TRUE(check.whole) << (check.problems.empty() ? "" : check.problems.front());
  ASSERT_EQ(check.ingredients.size(), 1U);
  EXPECT_EQ(check.ingredients[0].title, "a red fox");
  EXPECT_TRUE(check.ingredients[0].is_parent());
  EXPECT_EQ(check.source_type, look(first).source_type) << "an edit has the source of what was edited";
  EXPECT_TRUE(check.source_of_parent);
  // History that was changed is seen, although the file's hash leaves all manifests out.
  const auto place = value_or_throw(find_manifest(second));
  Bytes store = place->store;
  const std::string title = "a red fox";
  const auto at = std::search(store.begin(), store.end(), title.begin(), title.end());
  ASSERT_NE(at, store.end());
  *at = 'b';
  EXPECT_TRUE(says(check_manifest(second, store, place->start, place->length, {}, kNow), "ingredient"));
  EXPECT_GT(value_or_throw(find_manifest(second))->store.size(), 2 * value_or_throw(find_manifest(first))->store.size() - 1000);
}

TEST(Credentials, HostileFilesAreRefused) {
  EXPECT_FALSE(sign_content(Bytes{1, 2, 3}, a_request(), credential()));
  const Bytes png = a_png(), wav = a_wav(99), jpeg = a_jpeg();
  EXPECT_FALSE(with_manifest(jpeg, Bytes(5))) << "no box";
  for (const Bytes& whole : {png, wav, jpeg})
    for (size_t cut = 0; cut < whole.size(); ++cut) {
      const auto file = std::span(whole).first(cut);
      const auto made = with_manifest(file, Bytes(20));
      EXPECT_TRUE(!made || find_manifest(*made)) << cut;
    }
  Bytes twice = value_or_throw(with_manifest(wav, Bytes(4)));
  twice.insert(twice.end(), twice.end() - 12, twice.end());
  const uint32_t length = static_cast<uint32_t>(twice.size()) - 8;  // both inside of the file: what stands behind it is no chunk
  std::memcpy(twice.data() + 4, &length, 4);
  EXPECT_FALSE(find_manifest(twice)) << "two stores: which one counts?";
}

TEST(Credentials, AJpegHoldsAStoreInPieces) {
  ManifestRequest request = a_request();
  request.ingredients[0].description = std::string(150000, 'x');
  const Bytes plain = a_jpeg(), marked = value_or_throw(sign_content(plain, request, credential()));
  EXPECT_TRUE(look(marked).whole);
  EXPECT_TRUE(decode_jpeg(marked)) << "and is a picture still";
  const ManifestPlace place = value_or_throw(find_manifest(marked)).value();
  EXPECT_GT(place.length, 150000U);
  EXPECT_EQ(place.start, 20U) << "behind JFIF's segment";
  const Bytes dice = bytes(3000, 78);
  for (size_t i = 0; i < 300; ++i) {
    size_t at = (size_t{dice[4 * i]} << 16 | size_t{dice[4 * i + 1]} << 8 | dice[4 * i + 2]) % (marked.size() - place.length);
    if (at >= place.start) at += place.length;
    Bytes changed = marked;
    changed[at] = static_cast<uint8_t>(changed[at] ^ (1U << (dice[4 * i + 3] % 8)));
    EXPECT_FALSE(look(changed).whole) << at;
  }
  Bytes swapped = marked;  // the second piece says that it is the third
  swapped[place.start + 60022 + 9] ^= 1;
  EXPECT_FALSE(find_manifest(swapped) && look(swapped).whole);
  // Marked again: what was there is kept, in a store that is longer.
  ManifestRequest again = a_request();
  again.action = "c2pa.opened";
  again.ingredients = {{"before", "", "", "image/jpeg", place.store, true}};
  EXPECT_TRUE(look(value_or_throw(sign_content(marked, again, credential()))).whole);
}

namespace {

/// A time-stamp authority of a test's own.
class Authority {
 public:
  explicit Authority(const char* purpose = "critical,timeStamping") : key_(EVP_RSA_gen(2048)), certificate_(X509_new()) {
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 86400);
    X509_set_pubkey(certificate_, key_);
    X509_NAME* name = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("Clock"), -1, -1, 0);
    X509_set_issuer_name(certificate_, name);
    for (const auto& [kind, value] : {std::pair{NID_ext_key_usage, purpose}, std::pair{NID_key_usage, "critical,digitalSignature"}}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
      X509_add_ext(certificate_, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate_, key_, EVP_sha256());
  }
  ~Authority() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  Bytes certificate() const {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate_, &der);
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
  }
  Bytes answer(const std::string& query) const {
    TS_RESP_CTX* context = TS_RESP_CTX_new();
    TS_RESP_CTX_set_signer_cert(context, certificate_);
    TS_RESP_CTX_set_signer_key(context, key_);
    TS_RESP_CTX_set_signer_digest(context, EVP_sha256());
    ASN1_OBJECT* policy = OBJ_txt2obj("1.2.3.4", 1);
    TS_RESP_CTX_set_def_policy(context, policy);
    TS_RESP_CTX_add_md(context, EVP_sha256());
    TS_RESP_CTX_set_serial_cb(
        context,
        [](TS_RESP_CTX*, void*) {
          ASN1_INTEGER* serial = ASN1_INTEGER_new();
          ASN1_INTEGER_set(serial, 5);
          return serial;
        },
        nullptr);
    BIO* in = BIO_new_mem_buf(query.data(), static_cast<int>(query.size()));
    TS_RESP* response = TS_RESP_create_response(context, in);
    unsigned char* der = nullptr;
    const int size = i2d_TS_RESP(response, &der);
    Bytes out(der, der + std::max(size, 0));
    OPENSSL_free(der);
    TS_RESP_free(response);
    BIO_free(in);
    ASN1_OBJECT_free(policy);
    TS_RESP_CTX_free(context);
    return out;
  }

 private:
  EVP_PKEY* key_;
  X509* certificate_;
};

}  // namespace

TEST(Timestamps, AnAuthoritysWordIsKeptAndChecked) {
  const Authority clock, other("critical,serverAuth");
  TestServer server;
  std::string last;
  const auto reply = [&](const std::string& query) {
    const Bytes answer = clock.answer(query);
    return std::string(answer.begin(), answer.end());
  };
  server.post("/", [&](const std::string& body) { return reply(last = body); });
  server.post("/old", [&](const std::string&) { return reply(last); });  // an answer that was given before
  server.post("/wrong", [](const std::string&) { return "<html>"; });
  server.post("/long", [](const std::string&) { return std::string(2 << 20, 'x'); });
  server.post("/cross", [&](const std::string& body) { return reply(body.substr(0, body.size() / 2)); });
  server.start();
  const auto signer = [&](const std::string& path) { return TimestampedSigner(std::make_unique<MakerCredential>(credential()), server.url + path); };
  for (const Bytes& plain : {a_png(), a_jpeg()}) {
    const Bytes marked = value_or_throw(sign_content(plain, a_request(), signer("/")));
    const ManifestCheck check = look(marked, {clock.certificate()});
    EXPECT_TRUE(check.whole) << (check.problems.empty() ? "" : check.problems.front());
    ASSERT_TRUE(check.timestamp);
    EXPECT_EQ(check.timestamp->authority, "Clock");
    EXPECT_TRUE(check.timestamp->trusted);
    EXPECT_NEAR(static_cast<double>(check.timestamp->time), static_cast<double>(std::time(nullptr)), 60);
    EXPECT_FALSE(look(marked).timestamp->trusted);
    EXPECT_FALSE(look(marked, {other.certificate()}).timestamp->trusted);
  }
  EXPECT_EQ(sign_content(a_png(), a_request(), signer("/old")).error().code, ErrorCode::mismatch) << "an answer to another query";
  EXPECT_EQ(sign_content(a_png(), a_request(), signer("/wrong")).error().code, ErrorCode::corrupt);
  EXPECT_EQ(sign_content(a_png(), a_request(), signer("/long")).error().code, ErrorCode::io);
  EXPECT_EQ(sign_content(a_png(), a_request(), signer("/cross")).error().code, ErrorCode::mismatch) << "refused by the authority";
  EXPECT_EQ(sign_content(a_png(), a_request(), signer("/nowhere")).error().code, ErrorCode::io);
  EXPECT_EQ(request_timestamp("ftp://x", a_png()).error().code, ErrorCode::invalid_argument);

  const Bytes message{1, 2, 3}, query = value_or_throw(timestamp_query(message));
  const std::string query_text(query.begin(), query.end());
  const Bytes token = value_or_throw(timestamp_token(clock.answer(query_text), query));
  EXPECT_TRUE(check_timestamp(token, message, {}).holds);
  EXPECT_FALSE(check_timestamp(token, Bytes{1, 2}, {}).holds) << "of something else";
  for (size_t i = 0; i < token.size(); i += 3) {
    Bytes changed = token;
    changed[i] ^= 0x40;
    const TimestampCheck check = check_timestamp(changed, message, {clock.certificate()});
    EXPECT_TRUE(!check.holds || std::abs(check.time - std::time(nullptr)) < 60) << i;
  }
  for (size_t cut = 0; cut < token.size(); cut += 7) EXPECT_FALSE(check_timestamp(std::span(token).first(cut), message, {}).holds);
  EXPECT_FALSE(timestamp_token(Bytes{}, query));
}

TEST(RemoteSigner, SignsAsTheKeyDoesAndCannotLie) {
  const Key key = key_of(bytes(32, 5)), other = key_of(bytes(32, 6));
  TestServer server;
  bool allowed = true;
  const auto post = [&](const char* path, std::function<std::string(const std::string&)> answer) { server.post(path, std::move(answer)); };
  const auto honest = [&](const Signer& who, const std::string& body) {
    return answer_signing_request(who, body, [&](const SigningRequest&) { return allowed; });
  };
  post("/", [&](const std::string& body) { return honest(key, body); });
  post("/liar", [&](const std::string& body) { return honest(body.find("sign") == std::string::npos ? key : other, body); });
  post("/broken", [&](const std::string& body) { return body.find("sign") == std::string::npos ? honest(key, body) : R"({"signature":"0x12"})"; });
  post("/nothing", [](const std::string&) { return "{}"; });
  post("/html", [](const std::string&) { return "<html>"; });
  post("/long", [](const std::string&) { return std::string(100000, ' '); });
  server.start();
  const auto open = [&](const std::string& path) { return RemoteSigner::open(server.url + path, {.timeout_seconds = 5}); };
  Bytes32 digest{};
  digest[3] = 7;
  const RemoteSigner remote = value_or_throw(open("/"));
  EXPECT_EQ(remote.address(), key.address());
  EXPECT_EQ(value_or_throw(remote.sign(digest)), value_or_throw(key.sign(digest)));
  allowed = false;
  EXPECT_EQ(remote.sign(digest).error().code, ErrorCode::permission);
  allowed = true;
  EXPECT_EQ(value_or_throw(open("/liar")).sign(digest).error().code, ErrorCode::mismatch);
  EXPECT_EQ(value_or_throw(open("/broken")).sign(digest).error().code, ErrorCode::corrupt);
  EXPECT_EQ(open("/nothing").error().code, ErrorCode::corrupt);
  EXPECT_EQ(open("/html").error().code, ErrorCode::corrupt);
  EXPECT_EQ(open("/long").error().code, ErrorCode::io);
  EXPECT_EQ(open("/nowhere").error().code, ErrorCode::io);
  EXPECT_EQ(RemoteSigner::open("file:///etc/passwd", {}).error().code, ErrorCode::invalid_argument);
  for (const char* bad : {"", "[]", "{", R"({"method":"sign"})", R"({"method":"sign","digest":"0x12"})", R"({"method":"other"})"})
    EXPECT_NE(answer_signing_request(key, bad, [](const SigningRequest&) { return true; }).find("error"), std::string::npos) << bad;
}

}  // namespace ptah
