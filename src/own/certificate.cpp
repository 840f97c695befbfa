#include "own/certificate.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/sha256.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using PKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using PKeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using MdContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using Group = std::unique_ptr<EC_GROUP, Freed<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freed<EC_POINT_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

/// Throws Failure if OpenSSL could not.
void must(bool done, const char* what) {
  if (!done) throw Failure({ErrorCode::internal, fmt::format("OpenSSL cannot {}", what)});
}

/// HKDF-SHA-256 of the maker's secret for one purpose, as a number below the order of P-256.
PKey derived_key(const Key& maker, const std::string& purpose) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  must(group != nullptr, "make P-256");
  for (int attempt = 0;; ++attempt) {
    const std::string info = fmt::format("{} {}", purpose, attempt);
    Secret bytes(32);
    const PKeyContext hkdf(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
    size_t size = bytes.size();
    const auto secret = maker.secret().bytes();
    must(hkdf && EVP_PKEY_derive_init(hkdf.get()) > 0 && EVP_PKEY_CTX_set_hkdf_md(hkdf.get(), EVP_sha256()) > 0 &&
             EVP_PKEY_CTX_set1_hkdf_key(hkdf.get(), secret.data(), static_cast<int>(secret.size())) > 0 &&
             EVP_PKEY_CTX_add1_hkdf_info(hkdf.get(), reinterpret_cast<const unsigned char*>(info.data()), static_cast<int>(info.size())) > 0 &&
             EVP_PKEY_derive(hkdf.get(), bytes.bytes().data(), &size) > 0,
         "derive a key");
    const Number number(BN_secure_new());
    must(number && BN_bin2bn(bytes.bytes().data(), 32, number.get()), "make a number");
    BN_set_flags(number.get(), BN_FLG_CONSTTIME);
    if (BN_is_zero(number.get()) || BN_cmp(number.get(), EC_GROUP_get0_order(group.get())) >= 0) continue;
    const Point point(EC_POINT_new(group.get()));
    std::array<uint8_t, 65> open{};
    must(point && EC_POINT_mul(group.get(), point.get(), number.get(), nullptr, nullptr, nullptr) == 1 &&
             EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, open.data(), open.size(), nullptr) == open.size(),
         "make a public key");
    const std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>> build(OSSL_PARAM_BLD_new());
    must(build && OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
             OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get()) &&
             OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, open.data(), open.size()),
         "describe a key");
    const std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>> parameters(OSSL_PARAM_BLD_to_param(build.get()));
    const PKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    must(parameters && context && EVP_PKEY_fromdata_init(context.get()) > 0 && EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) > 0,
         "make a key");
    return PKey(key);
  }
}

Bytes der(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  must(size > 0, "write a certificate");
  Bytes out(bytes, bytes + size);
  OPENSSL_free(bytes);
  return out;
}

Certificate parse_certificate(std::span<const uint8_t> bytes) {
  const unsigned char* at = bytes.data();
  Certificate out(d2i_X509(nullptr, &at, static_cast<long>(bytes.size())));
  if (out && at != bytes.data() + bytes.size()) out.reset();
  return out;
}

struct Naming {
  std::string common_name;
  int64_t from = 0, years = 0;
};

/// A certificate for `key`, signed by `authority_key`; with no `authority` certificate it is an authority itself.
Certificate issue(EVP_PKEY* key, const Naming& naming, EVP_PKEY* authority_key, X509* authority) {
  Certificate out(X509_new());
  must(out && X509_set_version(out.get(), 2) && X509_set_pubkey(out.get(), key), "begin a certificate");
  const Number serial(BN_new());
  must(serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) && BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(out.get())),
       "number a certificate");
  ASN1_TIME_set(X509_getm_notBefore(out.get()), naming.from);
  ASN1_TIME_set(X509_getm_notAfter(out.get()), naming.from + naming.years * 31557600);
  X509_NAME* name = X509_get_subject_name(out.get());
  const auto text = [&](const char* field, const std::string& value) {
    must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()), static_cast<int>(value.size()), -1, 0),
         "name a certificate");
  };
  text("O", "Ptah");
  text("CN", naming.common_name);
  X509* issuer = authority ? authority : out.get();
  must(X509_set_issuer_name(out.get(), X509_get_subject_name(issuer)), "name an authority");
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, out.get(), nullptr, nullptr, 0);
  const auto extend = [&](int nid, const char* value) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    must(extension && X509_add_ext(out.get(), extension.get(), -1), "extend a certificate");
  };
  extend(NID_basic_constraints, authority ? "critical,CA:FALSE" : "critical,CA:TRUE,pathlen:0");
  extend(NID_key_usage, authority ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
  if (authority) extend(NID_ext_key_usage, "emailProtection,1.3.6.1.4.1.62558.2.1");  // older and newer validators of C2PA
  extend(NID_subject_key_identifier, "hash");
  extend(NID_authority_key_identifier, "keyid:always");
  must(X509_sign(out.get(), authority_key, EVP_sha256()) > 0, "sign a certificate");
  return out;
}

/// ECDSA's two numbers, `width` bytes each, from their DER.
Result<Bytes> raw_signature(const Bytes& encoded, int width) {
  const unsigned char* at = encoded.data();
  const EcSignature parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(encoded.size())));
  Bytes out(static_cast<size_t>(2 * width));
  if (!parsed || BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), out.data(), width) != width ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), out.data() + width, width) != width)
    return fail(ErrorCode::internal, "OpenSSL made no ECDSA signature");
  return out;
}

Result<Bytes> sign_es256(EVP_PKEY* key, std::span<const uint8_t> message) {
  const MdContext context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) != 1)
    return fail(ErrorCode::internal, "OpenSSL cannot sign");
  Bytes encoded(size);
  if (EVP_DigestSign(context.get(), encoded.data(), &size, message.data(), message.size()) != 1) return fail(ErrorCode::internal, "OpenSSL cannot sign");
  encoded.resize(size);
  return raw_signature(encoded, 32);
}

class FileCredential : public ContentSigner {
 public:
  FileCredential(std::vector<Bytes> chain, PKey key) : chain_(std::move(chain)), key_(std::move(key)) {}
  const std::vector<Bytes>& chain() const override { return chain_; }
  Result<Bytes> sign(std::span<const uint8_t> message) const override { return sign_es256(key_.get(), message); }

 private:
  std::vector<Bytes> chain_;
  PKey key_;
};

std::string common_name(X509* certificate) {
  char text[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof(text));
  return text;
}

using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using Stack = std::unique_ptr<STACK_OF(X509), Freed<[](STACK_OF(X509) * s) { sk_X509_pop_free(s, X509_free); }>>;

/// Whether a certificate's extended key usages allow content to be signed; `if_none`: what it is without any.
bool for_content(X509* certificate, bool if_none) {
  using Usages = std::unique_ptr<EXTENDED_KEY_USAGE, Freed<EXTENDED_KEY_USAGE_free>>;
  int critical = 0;
  const Usages usages(static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, &critical, nullptr)));
  if (!usages) return critical == -1 && if_none;  // -1: there is none; else it is broken or stands twice
  bool found = false;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    char text[64] = "";
    OBJ_obj2txt(text, sizeof(text), sk_ASN1_OBJECT_value(usages.get(), i), 1);
    const std::string_view oid(text);
    if (oid == "2.5.29.37.0") return if_none;  // any purpose: not good enough for a signer of content
    found = found || oid == "1.3.6.1.5.5.7.3.4" || oid == "1.3.6.1.5.5.7.3.36" || oid == "1.3.6.1.4.1.62558.2.1";
  }
  return found;
}

/// What C2PA asks of a certificate that signs content.
std::string leaf_problem(X509* leaf) {
  const uint32_t usage = X509_get_key_usage(leaf);
  if (X509_get_version(leaf) == 2 && X509_check_ca(leaf) == 0 && !(X509_get_extension_flags(leaf) & EXFLAG_CA) && usage != UINT32_MAX &&
      (usage & KU_DIGITAL_SIGNATURE) && for_content(leaf, false))
    return "";
  return fmt::format("the certificate of '{}' is not one to sign content with", common_name(leaf));
}

}  // namespace

Result<MakerCredential> MakerCredential::of(const Key& key, int64_t now) {
  return guard([&]() -> Result<MakerCredential> {
    const PKey authority_key = derived_key(key, "ptah c2pa authority"), signer = derived_key(key, "ptah c2pa signer");
    const std::string maker = to_string(key.address());
    const int64_t from = now - 86400;
    const Certificate authority = issue(authority_key.get(), {"Authority of " + maker, from, 20}, authority_key.get(), nullptr);
    const Certificate own = issue(signer.get(), {maker, from, 5}, authority_key.get(), authority.get());
    MakerCredential out;
    out.chain_ = {der(own.get()), der(authority.get())};
    EVP_PKEY_up_ref(signer.get());
    out.key_ = std::shared_ptr<void>(signer.get(), [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); });
    return out;
  });
}

Result<Bytes> MakerCredential::sign(std::span<const uint8_t> message) const { return sign_es256(static_cast<EVP_PKEY*>(key_.get()), message); }

std::string MakerCredential::authority_pem() const {
  const Certificate authority = parse_certificate(chain_.back());
  const Bio out(BIO_new(BIO_s_mem()));
  must(authority && out && PEM_write_bio_X509(out.get(), authority.get()) == 1, "write a certificate");
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

Result<std::vector<Bytes>> read_certificates(const fs::path& file) {
  PTAH_TRY(const std::string text, read_text(file, 1 << 20));
  const Bio in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<Bytes> out;
  while (const Certificate one{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) out.push_back(der(one.get()));
  if (out.empty()) return fail(ErrorCode::corrupt, "{}: no certificate in PEM", file.string());
  return out;
}

Result<std::unique_ptr<ContentSigner>> read_credential(const fs::path& chain, const fs::path& key) {
  PTAH_TRY(std::vector<Bytes> certificates, read_certificates(chain));
  const Bio in(BIO_new_file(key.c_str(), "rb"));
  if (!in) return fail(ErrorCode::not_found, "cannot open {}", key.string());
  PKey parsed(PEM_read_bio_PrivateKey(
      in.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr));
  char group[32] = "";
  if (!parsed || EVP_PKEY_get_utf8_string_param(parsed.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), nullptr) != 1 ||
      std::string_view(group) != "prime256v1")
    return fail(ErrorCode::corrupt, "{}: no private key of P-256 in PEM", key.string());
  const Certificate first = parse_certificate(certificates.front());
  if (!first || X509_check_private_key(first.get(), parsed.get()) != 1)
    return fail(ErrorCode::mismatch, "{}: the first certificate is not of the key in {}", chain.string(), key.string());
  return std::unique_ptr<ContentSigner>(std::make_unique<FileCredential>(std::move(certificates), std::move(parsed)));
}

std::string path_problem(const Bytes& leaf, const std::vector<Bytes>& between, const std::vector<Bytes>& anchors, int64_t at, CertificatePurpose purpose,
                         bool whole_chain) {
  const Certificate own = parse_certificate(leaf);
  const Store store(X509_STORE_new());
  const Stack untrusted(sk_X509_new_null());
  const StoreContext context(X509_STORE_CTX_new());
  if (!own) return "a certificate cannot be read";
  if (!store || !untrusted || !context) return "OpenSSL has no memory";
  for (const Bytes& bytes : between) {
    Certificate one = parse_certificate(bytes);
    if (!one) return "a certificate cannot be read";
    if (sk_X509_push(untrusted.get(), one.get()) > 0) (void)one.release();
  }
  for (const Bytes& bytes : anchors)
    if (const Certificate anchor = parse_certificate(bytes)) X509_STORE_add_cert(store.get(), anchor.get());
  std::string problem;
  if (X509_STORE_CTX_init(context.get(), store.get(), own.get(), untrusted.get()) != 1) return "OpenSSL cannot look at the certificates";
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(at));
  X509_VERIFY_PARAM_set_depth(parameters, 16);
  X509_VERIFY_PARAM_set_auth_level(parameters, 2);  // 112 bits: RSA from 2,048, no SHA-1
  X509_VERIFY_PARAM_set_purpose(parameters, purpose == CertificatePurpose::timestamp ? X509_PURPOSE_TIMESTAMP_SIGN : X509_PURPOSE_ANY);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CHECK_SS_SIGNATURE | (whole_chain ? 0UL : X509_V_FLAG_PARTIAL_CHAIN));
  if (X509_verify_cert(context.get()) != 1) {
    X509* bad = X509_STORE_CTX_get_current_cert(context.get());
    problem =
        fmt::format("the certificate of '{}': {}", common_name(bad ? bad : own.get()), X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
  }
  ERR_clear_error();
  if (!problem.empty() || purpose != CertificatePurpose::content) return problem;
  const STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 1; i < sk_X509_num(path); ++i)
    if (X509* authority = sk_X509_value(path, i); !for_content(authority, true))
      return fmt::format("the authority '{}' may not issue certificates to sign content with", common_name(authority));
  return leaf_problem(own.get());
}

ChainCheck check_chain(const std::vector<Bytes>& chain, const std::vector<Bytes>& anchors, int64_t at) {
  ChainCheck out;
  std::vector<Certificate> parsed;
  for (const Bytes& one : chain) {
    parsed.push_back(parse_certificate(one));
    if (!parsed.back()) return out.problem = "a certificate cannot be read", out;
  }
  if (parsed.empty()) return out.problem = "no certificate", out;
  out.signer = common_name(parsed.front().get());
  unsigned char* spki = nullptr;
  if (const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(parsed.back().get()), &spki); size > 0)
    out.authority = sha256_hex({spki, static_cast<size_t>(size)});
  OPENSSL_free(spki);
  for (size_t i = 0; i + 1 < parsed.size(); ++i) {
    X509 *here = parsed[i].get(), *next = parsed[i + 1].get();
    if (X509_check_issued(next, here) != X509_V_OK || X509_check_ca(next) < 1 || X509_verify(here, X509_get0_pubkey(next)) != 1) {
      ERR_clear_error();
      return out.problem = fmt::format("the certificate of '{}' is not signed by the next one", common_name(here)), out;
    }
  }
  const std::vector<Bytes> between(chain.begin() + 1, chain.end());
  out.problem = path_problem(chain.front(), between, {chain.back()}, at, CertificatePurpose::content, false);
  if (!out.problem.empty()) return out;
  out.holds = true;
  out.trusted = !anchors.empty() && path_problem(chain.front(), between, anchors, at, CertificatePurpose::content).empty();
  return out;
}

bool signed_with(const Bytes& certificate, int64_t algorithm, std::span<const uint8_t> message, std::span<const uint8_t> signature) {
  const Certificate parsed = parse_certificate(certificate);
  EVP_PKEY* key = parsed ? X509_get0_pubkey(parsed.get()) : nullptr;
  if (!key) return false;
  const bool elliptic = algorithm == -7 || algorithm == -35 || algorithm == -36, rsa = algorithm <= -37 && algorithm >= -39, edwards = algorithm == -8;
  const int kind = EVP_PKEY_get_base_id(key);
  if (!(elliptic && kind == EVP_PKEY_EC) && !(rsa && (kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS)) && !(edwards && kind == EVP_PKEY_ED25519))
    return false;
  const EVP_MD* digest = edwards                                ? nullptr
                         : algorithm == -7 || algorithm == -37  ? EVP_sha256()
                         : algorithm == -35 || algorithm == -38 ? EVP_sha384()
                                                                : EVP_sha512();
  Bytes encoded(signature.begin(), signature.end());
  if (elliptic) {
    if (signature.empty() || signature.size() % 2 || signature.size() > 132) return false;
    const int width = static_cast<int>(signature.size() / 2);
    const EcSignature pair(ECDSA_SIG_new());
    BIGNUM *r = BN_bin2bn(signature.data(), width, nullptr), *s = BN_bin2bn(signature.data() + width, width, nullptr);
    if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r, s) != 1) return BN_free(r), BN_free(s), false;
    unsigned char* bytes = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &bytes);
    if (size <= 0) return false;
    encoded.assign(bytes, bytes + size);
    OPENSSL_free(bytes);
  }
  const MdContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* padding = nullptr;
  if (!context || EVP_DigestVerifyInit(context.get(), &padding, digest, nullptr, key) != 1) return false;
  if (rsa && (EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) <= 0 || EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST) <= 0))
    return false;
  return EVP_DigestVerify(context.get(), encoded.data(), encoded.size(), message.data(), message.size()) == 1;
}

}  // namespace ptah
