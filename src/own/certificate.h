// Certificates for content credentials: who a manifest's signature is from.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "own/keys.h"

namespace ptah {

/// What signs manifests: a certificate chain and ES256.
class ContentSigner {
 public:
  virtual ~ContentSigner() = default;
  /// X.509 in DER, the signer's own certificate first.
  virtual const std::vector<Bytes>& chain() const = 0;
  /// ECDSA over P-256 and SHA-256: r and s, 32 bytes each. Errors: what the key says.
  virtual Result<Bytes> sign(std::span<const uint8_t> message) const = 0;
  /// Bytes kept free for a time-stamp of the signature; 0: none is wished.
  virtual size_t timestamp_room() const { return 0; }
  /// An RFC 3161 token over this message. Errors: what the authority says.
  virtual Result<Bytes> timestamp(std::span<const uint8_t>) const { return Bytes(); }
};

/// A maker's P-256 key for content credentials, with a certificate from the maker's own authority. Both private keys are derived (HKDF-SHA-256) from the
/// maker's secp256k1 key, so that one key file and one passphrase hold all; the certificates are public and made again each time, of the same keys and names.
class MakerCredential : public ContentSigner {
 public:
  /// `now`: seconds since 1970; the certificate is valid from a day before for five years.
  static Result<MakerCredential> of(const Key& key, int64_t now);
  const std::vector<Bytes>& chain() const override { return chain_; }
  Result<Bytes> sign(std::span<const uint8_t> message) const override;
  /// The authority's certificate as PEM: what others put on their trust lists.
  std::string authority_pem() const;

 private:
  std::vector<Bytes> chain_;
  std::shared_ptr<void> key_;
};

/// A credential that somebody else's authority certified: PEM files of the chain (the signer's own certificate first) and of its P-256 key (not encrypted).
/// Errors: not_found, corrupt, mismatch if key and certificate are not of each other.
Result<std::unique_ptr<ContentSigner>> read_credential(const std::filesystem::path& chain, const std::filesystem::path& key);

/// What a path of certificates has to be good for.
enum class CertificatePurpose { content, timestamp };
/// Why OpenSSL's path validation (X509_verify_cert: signatures, times, basic constraints, path lengths, key usage, name constraints, unknown critical
/// extensions, strength of keys and digests) finds no way from `leaf` over `between` to one of `anchors`, all in DER, that was good at the time `at`; empty if
/// there is one. The leaf has to be for the purpose, and so have authorities that are limited to some (extended key usage). Content: emailProtection,
/// documentSigning or C2PA's own 1.3.6.1.4.1.62558.2.1, and digital signatures; time-stamps: as RFC 3161 has it. With `whole_chain` false an anchor may be any
/// certificate, not only a root.
std::string path_problem(const Bytes& leaf, const std::vector<Bytes>& between, const std::vector<Bytes>& anchors, int64_t at, CertificatePurpose purpose,
                         bool whole_chain = true);

/// What a certificate chain says.
struct ChainCheck {
  std::string signer;     ///< the common name in the first certificate
  std::string authority;  ///< SHA-256 of the last certificate's public key, in hex
  bool holds = false;     ///< each certificate is signed by the next, the path is good by itself, and the first may sign content
  std::string problem;    ///< why not
  bool trusted = false;   ///< a path that is good for content leads to one of the anchors
};
/// `at`: the time it has to be valid. `anchors`: certificates in DER.
ChainCheck check_chain(const std::vector<Bytes>& chain, const std::vector<Bytes>& anchors, int64_t at);
/// Whether `signature` (raw r ‖ s, or as the algorithm has it) over `message` is from the key of this certificate. `algorithm`: COSE's number:
/// −7 (ES256), −35 (ES384), −36 (ES512), −37, −38, −39 (PS256 to PS512), −8 (Ed25519).
bool signed_with(const Bytes& certificate, int64_t algorithm, std::span<const uint8_t> message, std::span<const uint8_t> signature);
/// The certificates of a PEM file, in DER. Errors: not_found, corrupt.
Result<std::vector<Bytes>> read_certificates(const std::filesystem::path& file);

}  // namespace ptah
