#include "own/timestamp.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/printable.h"
#include "base/sha256.h"
#include "own/certificate.h"
#include "net/http.h"

namespace ptah {

namespace {

template <class T, void (*kFree)(T*)>
struct FreedReply {
  void operator()(T* p) const { kFree(p); }
};
template <class T, void (*kFree)(T*)>
using Owned = std::unique_ptr<T, FreedReply<T, kFree>>;
using Query = Owned<TS_REQ, TS_REQ_free>;
using Answer = Owned<TS_RESP, TS_RESP_free>;
using Token = Owned<PKCS7, PKCS7_free>;
using Info = Owned<TS_TST_INFO, TS_TST_INFO_free>;

constexpr size_t kMaxReplyBytes = 1 << 20;
constexpr int kMaxCertificates = 16;

/// DER → an object, all of the bytes.
template <class T, void (*kFree)(T*)>
Owned<T, kFree> parsed(T* (*read)(T**, const unsigned char**, long), std::span<const uint8_t> bytes) {
  const unsigned char* at = bytes.data();
  Owned<T, kFree> out(bytes.size() > kMaxReplyBytes ? nullptr : read(nullptr, &at, static_cast<long>(bytes.size())));
  ERR_clear_error();
  if (at != bytes.data() + bytes.size()) out.reset();
  return out;
}

template <class T>
Bytes written(int (*write)(const T*, unsigned char**), const T* object) {
  unsigned char* der = nullptr;
  const int size = write(object, &der);
  Bytes out(der, der + std::max(size, 0));
  OPENSSL_free(der);
  return out;
}

bool is_for(TS_MSG_IMPRINT* imprint, const Digest& digest) {
  const X509_ALGOR* kind = imprint ? TS_MSG_IMPRINT_get_algo(imprint) : nullptr;
  const ASN1_OCTET_STRING* found = imprint ? TS_MSG_IMPRINT_get_msg(imprint) : nullptr;
  if (!kind || !found) return false;
  const ASN1_OBJECT* name = nullptr;
  X509_ALGOR_get0(&name, nullptr, nullptr, kind);
  return OBJ_obj2nid(name) == NID_sha256 && ASN1_STRING_length(found) == 32 && std::equal(digest.begin(), digest.end(), ASN1_STRING_get0_data(found));
}

}  // namespace

Result<Bytes> timestamp_query(std::span<const uint8_t> message) {
  const Digest digest = sha256(message);
  const Query query(TS_REQ_new());
  const Owned<TS_MSG_IMPRINT, TS_MSG_IMPRINT_free> imprint(TS_MSG_IMPRINT_new());
  const Owned<X509_ALGOR, X509_ALGOR_free> kind(X509_ALGOR_new());
  const Owned<ASN1_INTEGER, ASN1_INTEGER_free> nonce(ASN1_INTEGER_new());
  uint64_t number = 0;
  const bool made = query && imprint && kind && nonce && RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof(number)) == 1 &&
                    X509_ALGOR_set0(kind.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr) == 1 &&
                    TS_MSG_IMPRINT_set_algo(imprint.get(), kind.get()) == 1 &&
                    TS_MSG_IMPRINT_set_msg(imprint.get(), const_cast<unsigned char*>(digest.data()), 32) == 1 && TS_REQ_set_version(query.get(), 1) == 1 &&
                    TS_REQ_set_msg_imprint(query.get(), imprint.get()) == 1 && ASN1_INTEGER_set_uint64(nonce.get(), number) == 1 &&
                    TS_REQ_set_nonce(query.get(), nonce.get()) == 1 && TS_REQ_set_cert_req(query.get(), 1) == 1;
  if (!made) return fail(ErrorCode::internal, "a time-stamp query cannot be made");
  return written(i2d_TS_REQ, query.get());
}

Result<Bytes> timestamp_token(std::span<const uint8_t> answer, std::span<const uint8_t> query) {
  const Answer parsed_answer = parsed<TS_RESP, TS_RESP_free>(d2i_TS_RESP, answer);
  const Query asked = parsed<TS_REQ, TS_REQ_free>(d2i_TS_REQ, query);
  if (!asked) return fail(ErrorCode::invalid_argument, "no time-stamp query");
  if (!parsed_answer) return fail(ErrorCode::corrupt, "the time-stamp authority answers with something that is no time-stamp");
  TS_STATUS_INFO* status = TS_RESP_get_status_info(parsed_answer.get());
  const int64_t code = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status));
  PKCS7* token = TS_RESP_get_token(parsed_answer.get());
  if ((code != 0 && code != 1) || !token) {
    std::string reason;
    if (const auto* texts = TS_STATUS_INFO_get0_text(status); texts && sk_ASN1_UTF8STRING_num(texts) > 0) {
      const ASN1_UTF8STRING* text = sk_ASN1_UTF8STRING_value(texts, 0);
      reason.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<size_t>(std::min(ASN1_STRING_length(text), 200)));
    }
    return fail(ErrorCode::mismatch, "the time-stamp authority refuses (status {}){}", code, reason.empty() ? "" : ": " + reason);
  }
  const Info info(PKCS7_to_TS_TST_INFO(token));
  ERR_clear_error();
  const ASN1_OCTET_STRING* digest = TS_MSG_IMPRINT_get_msg(TS_REQ_get_msg_imprint(asked.get()));
  Digest wanted{};
  if (ASN1_STRING_length(digest) == 32) std::copy_n(ASN1_STRING_get0_data(digest), 32, wanted.begin());
  const ASN1_INTEGER *nonce = info ? TS_TST_INFO_get_nonce(info.get()) : nullptr, *sent = TS_REQ_get_nonce(asked.get());
  if (!info || !is_for(TS_TST_INFO_get_msg_imprint(info.get()), wanted) || !nonce || !sent || ASN1_INTEGER_cmp(nonce, sent) != 0)
    return fail(ErrorCode::mismatch, "the time-stamp authority answers another query");
  return written(i2d_PKCS7, token);
}

Result<Bytes> request_timestamp(const std::string& url, std::span<const uint8_t> message) {
  PTAH_TRY(const Bytes query, timestamp_query(message));
  PTAH_TRY(const std::string answer,
           http_post(url, "application/timestamp-query", std::string(query.begin(), query.end()), {.max_bytes = kMaxReplyBytes, .environment_proxies = true}));
  return timestamp_token(as_bytes(answer), query);
}

TimestampCheck check_timestamp(std::span<const uint8_t> bytes, std::span<const uint8_t> message, const std::vector<Bytes>& anchors) {
  TimestampCheck out;
  const Token token = parsed<PKCS7, PKCS7_free>(d2i_PKCS7, bytes);
  const Info info(token && PKCS7_type_is_signed(token.get()) ? PKCS7_to_TS_TST_INFO(token.get()) : nullptr);
  ERR_clear_error();
  if (!info) return out.problem = "the time-stamp cannot be read", out;
  if (!is_for(TS_TST_INFO_get_msg_imprint(info.get()), sha256(message))) return out.problem = "the time-stamp is of something else", out;
  std::tm parts{};
  if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info.get()), &parts) != 1) return out.problem = "the time-stamp names no time", out;
  out.time = timegm(&parts);
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> signers(PKCS7_get0_signers(token.get(), nullptr, 0),
                                                                           [](STACK_OF(X509) * s) { sk_X509_free(s); });
  if (!signers || sk_X509_num(signers.get()) != 1) {
    ERR_clear_error();
    return out.problem = "the time-stamp does not hold its authority's certificate", out;
  }
  X509* signer = sk_X509_value(signers.get(), 0);
  char name[200] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(signer), NID_commonName, name, sizeof(name));
  out.authority = printable(name, sizeof(name));
  // The signature and the certificate's purpose; whom one trusts is another question.
  const bool right = PKCS7_verify(token.get(), nullptr, nullptr, nullptr, nullptr, PKCS7_NOVERIFY | PKCS7_NOCHAIN) == 1;
  const bool may = (X509_get_extended_key_usage(signer) & XKU_TIMESTAMP) != 0 && X509_get_extended_key_usage(signer) != UINT32_MAX;
  ERR_clear_error();
  if (!right) return out.problem = "the time-stamp was changed after it was signed", out;
  if (!may) return out.problem = fmt::format("the certificate of '{}' is not one to sign time-stamps with", out.authority), out;
  // The path: by itself, and to somebody who is trusted.
  std::vector<Bytes> held;
  const STACK_OF(X509)* certificates = token->d.sign->cert;
  for (int i = 0; i < sk_X509_num(certificates) && i < kMaxCertificates; ++i) held.push_back(written(i2d_X509, sk_X509_value(certificates, i)));
  const Bytes own = written(i2d_X509, signer);
  const auto problem = [&](const std::vector<Bytes>& trusted, bool whole_chain) {
    return path_problem(own, held, trusted, out.time, CertificatePurpose::timestamp, whole_chain);
  };
  out.problem = problem({own}, false);
  out.holds = out.problem.empty();
  out.trusted = out.holds && !anchors.empty() && problem(anchors, true).empty();
  return out;
}

}  // namespace ptah
