// Whom a certificate chain may be trusted for: forty chains against what they are and against `openssl verify`.
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <map>

#include "base/file.h"
#include "base/process.h"
#include "own/certificate.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNow = 1750000000, kDay = 86400;

using PKey = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

PKey p256() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }
PKey rsa(unsigned bits) { return {EVP_RSA_gen(bits), EVP_PKEY_free}; }

/// A certificate to be made. Extensions are as OpenSSL's configuration writes them.
struct Make {
  std::string name;
  std::map<int, std::string> extensions;
  int64_t from = kNow - 10 * kDay, to = kNow + 10 * kDay;
  const EVP_MD* digest = EVP_sha256();
  long version = 2;
};
struct Made {
  Certificate certificate;
  PKey key;
};

const std::string kCa = "critical,CA:TRUE", kCaUse = "critical,keyCertSign,cRLSign", kLeaf = "critical,CA:FALSE", kSign = "critical,digitalSignature";

Made make(const Make& what, const Made* issuer = nullptr, PKey key = {}, bool broken = false) {
  Made out{{X509_new(), X509_free}, key ? key : p256()};
  X509* c = out.certificate.get();
  static long serial = 1000;
  X509_set_version(c, what.version);
  X509_set_pubkey(c, out.key.get());
  ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
  ASN1_TIME_set(X509_getm_notBefore(c), what.from);
  ASN1_TIME_set(X509_getm_notAfter(c), what.to);
  X509_NAME* name = X509_get_subject_name(c);
  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("Test"), -1, -1, 0);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(what.name.c_str()), -1, -1, 0);
  X509* by = issuer ? issuer->certificate.get() : c;
  X509_set_issuer_name(c, X509_get_subject_name(by));
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, by, c, nullptr, nullptr, 0);
  std::map<int, std::string> extensions = what.extensions;
  if (what.version == 2) extensions[NID_subject_key_identifier] = "hash";
  for (const auto& [nid, value] : extensions) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    EXPECT_NE(extension, nullptr) << value;
    if (extension) X509_add_ext(c, extension, -1);
    X509_EXTENSION_free(extension);
  }
  const PKey other = broken ? p256() : PKey();
  EVP_PKEY* signer = broken ? other.get() : issuer ? issuer->key.get() : out.key.get();
  EXPECT_GT(X509_sign(c, signer, what.digest), 0);
  return out;
}

Bytes der(const Made& made) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(made.certificate.get(), &bytes);
  Bytes out(bytes, bytes + size);
  OPENSSL_free(bytes);
  return out;
}

Make root(const std::string& name = "Root") { return {name, {{NID_basic_constraints, kCa}, {NID_key_usage, kCaUse}}}; }
Make middle(const std::string& name, const std::string& constraints = kCa) { return {name, {{NID_basic_constraints, constraints}, {NID_key_usage, kCaUse}}}; }
Make leaf(const std::string& usages = "emailProtection", const std::string& usage = kSign) {
  Make out{"Signer", {{NID_basic_constraints, kLeaf}, {NID_key_usage, usage}}};
  if (!usages.empty()) out.extensions[NID_ext_key_usage] = usages;
  return out;
}

struct Case {
  std::string name;
  std::vector<Made> chain, anchors;
  bool trusted;
};

void add_simple(std::vector<Case>& out) {
  const Made r = make(root()), other = make(root("Another"));
  const auto direct = [&](const std::string& name, const Make& what, bool trusted) { out.push_back({name, {make(what, &r), r}, {r}, trusted}); };
  direct("email protection", leaf(), true);
  direct("C2PA's own usage", leaf("1.3.6.1.4.1.62558.2.1"), true);
  direct("both, as Ptah's own", leaf("emailProtection,1.3.6.1.4.1.62558.2.1"), true);
  direct("document signing", leaf("1.3.6.1.5.5.7.3.36"), true);
  direct("a TLS server", leaf("serverAuth"), false);
  direct("a TLS client", leaf("clientAuth"), false);
  direct("code signing", leaf("codeSigning"), false);
  direct("time-stamping", leaf("critical,timeStamping"), false);
  direct("OCSP", leaf("OCSPSigning"), false);
  direct("any usage", leaf("anyExtendedKeyUsage"), false);
  direct("no usage", leaf(""), false);
  direct("key agreement only", leaf("emailProtection", "critical,keyAgreement"), false);
  Make without = leaf();
  without.extensions.erase(NID_key_usage);
  direct("no key usage", without, false);
  Make authority = leaf();
  authority.extensions[NID_basic_constraints] = kCa;
  direct("an authority signs itself", authority, false);
  Make late = leaf();
  late.from = kNow + kDay;
  direct("not valid yet", late, false);
  Make gone = leaf();
  gone.to = kNow - kDay;
  direct("expired", gone, false);
  Make old = leaf();
  old.digest = EVP_sha1();
  direct("signed with SHA-1", old, false);
  Make plain = leaf();
  plain.version = 0;
  plain.extensions.clear();
  direct("version 1", plain, false);
  Make critical = leaf();
  critical.extensions[NID_netscape_comment] = "critical,unknown to validators";
  direct("a critical extension nobody knows", critical, false);
  out.push_back({"a short RSA key", {make(leaf(), &r, rsa(1024)), r}, {r}, false});
  out.push_back({"an RSA key of 2,048", {make(leaf(), &r, rsa(2048)), r}, {r}, true});
  out.push_back({"a forged signature", {make(leaf(), &r, {}, true), r}, {r}, false});
  out.push_back({"another anchor", {make(leaf(), &r), r}, {other}, false});
  out.push_back({"no anchor", {make(leaf(), &r), r}, {}, false});
  out.push_back({"the root left out of the chain", {make(leaf(), &r)}, {r}, true});
  out.push_back({"an anchor of the same name and another key", {make(leaf(), &r), r}, {make(root())}, false});
  Make ended = root("Ended");
  ended.to = kNow - kDay;
  const Made e = make(ended);
  out.push_back({"an expired root", {make(leaf(), &e), e}, {e}, false});
}

void add_longer(std::vector<Case>& out) {
  const Made r = make(root());
  const auto below = [&](const std::string& name, const Make& between, const Make& end, bool trusted) {
    const Made m = make(between, &r);
    out.push_back({name, {make(end, &m), m, r}, {r}, trusted});
  };
  below("one authority between", middle("Middle"), leaf(), true);
  below("its path may be 0 long and is", middle("Middle", "critical,CA:TRUE,pathlen:0"), leaf(), true);
  below("no authority between", {"Middle", {{NID_basic_constraints, kLeaf}, {NID_key_usage, kCaUse}}}, leaf(), false);
  below("an authority that may not sign certificates", {"Middle", {{NID_basic_constraints, kCa}, {NID_key_usage, "critical,digitalSignature"}}}, leaf(), false);
  Make web = middle("Middle");
  web.extensions[NID_ext_key_usage] = "serverAuth,clientAuth";
  below("an authority for the web", web, leaf(), false);
  Make mail = middle("Middle");
  mail.extensions[NID_ext_key_usage] = "emailProtection";
  below("an authority for mail", mail, leaf(), true);
  Make ended = middle("Middle");
  ended.to = kNow - kDay;
  below("an expired authority", ended, leaf(), false);
  Make named = middle("Middle");
  named.extensions[NID_name_constraints] = "critical,permitted;email:.example.org";
  Make inside = leaf(), outside = leaf();
  inside.extensions[NID_subject_alt_name] = "email:a@mail.example.org";
  outside.extensions[NID_subject_alt_name] = "email:a@example.com";
  below("a name that is permitted", named, inside, true);
  below("a name that is not", named, outside, false);
  Make weak = middle("Middle");
  weak.digest = EVP_sha1();
  below("an authority signed with SHA-1", weak, leaf(), false);
  const Made narrow = make(middle("Narrow", "critical,CA:TRUE,pathlen:0"), &r), deeper = make(middle("Deeper"), &narrow);
  out.push_back({"a leaf below an authority below pathlen 0", {make(leaf(), &deeper), deeper, narrow, r}, {r}, false});
  Make short_root = root("Short");
  short_root.extensions[NID_basic_constraints] = "critical,CA:TRUE,pathlen:0";
  const Made s = make(short_root), m = make(middle("Middle"), &s);
  out.push_back({"an authority below a root of pathlen 0", {make(leaf(), &m), m, s}, {s}, false});
  const Made whole = make(middle("Whole"), &r);
  out.push_back({"an anchor that is no root", {make(leaf(), &whole), whole}, {whole}, false});
  out.push_back({"authorities in the wrong order", {make(leaf(), &whole), r, whole}, {r}, false});
}

class Matrix : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("ptah-chains-{}", ::getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path pem(const char* name, const std::vector<Made>& certificates, size_t from, size_t to) {
    const fs::path file = folder_ / name;
    std::FILE* out = std::fopen(file.c_str(), "w");
    for (size_t i = from; i < std::min(to, certificates.size()); ++i) PEM_write_X509(out, certificates[i].certificate.get());
    std::fclose(out);
    return file;
  }
  /// What the program says; nothing where there is none.
  std::optional<bool> by_program(const Case& one) {
    if (!find_program("openssl")) return {};
    std::vector<std::string> command{"openssl", "verify", "-attime", std::to_string(kNow), "-auth_level", "2", "-no-CAfile", "-no-CApath", "-no-CAstore"};
    if (!one.anchors.empty()) command.insert(command.end(), {"-CAfile", pem("anchors.pem", one.anchors, 0, 99).string()});
    if (one.chain.size() > 1) command.insert(command.end(), {"-untrusted", pem("between.pem", one.chain, 1, 99).string()});
    command.push_back(pem("leaf.pem", one.chain, 0, 1).string());
    const auto done = run_program(command);
    return done ? std::optional<bool>(done->exit_status == 0) : std::nullopt;
  }
  fs::path folder_;
};

TEST_F(Matrix, FortyChainsAreTrustedAsTheyDeserveAndNeverAgainstOpenssl) {
  std::vector<Case> cases;
  add_simple(cases);
  add_longer(cases);
  EXPECT_GE(cases.size(), 40U);
  for (const Case& one : cases) {
    std::vector<Bytes> chain, anchors;
    for (const Made& made : one.chain) chain.push_back(der(made));
    for (const Made& made : one.anchors) anchors.push_back(der(made));
    const ChainCheck check = check_chain(chain, anchors, kNow);
    EXPECT_EQ(check.trusted, one.trusted) << one.name << ": " << check.problem;
    EXPECT_TRUE(check.holds || !check.trusted) << one.name;
    EXPECT_TRUE(check.holds || !check.problem.empty()) << one.name << ": a refusal says why";
    if (const auto other = by_program(one)) {
      EXPECT_TRUE(*other || !check.trusted) << one.name << ": openssl verify refuses it";
    }
  }
}

TEST_F(Matrix, GarbageIsRefused) {
  const Made r = make(root());
  const Bytes good = der(make(leaf(), &r));
  EXPECT_FALSE(check_chain({}, {der(r)}, kNow).holds);
  EXPECT_FALSE(check_chain({Bytes{1, 2, 3}}, {der(r)}, kNow).holds);
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(check_chain({longer, der(r)}, {der(r)}, kNow).holds) << "bytes behind a certificate";
  for (size_t i = 0; i < good.size(); i += 3) {
    Bytes changed = good;
    changed[i] = static_cast<uint8_t>(changed[i] ^ 0x10);
    EXPECT_FALSE(check_chain({changed, der(r)}, {der(r)}, kNow).trusted) << i;
  }
}

}  // namespace
}  // namespace ptah
