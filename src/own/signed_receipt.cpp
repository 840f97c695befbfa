#include "own/signed_receipt.h"

#include "base/hex.h"
#include "base/sha256.h"

namespace ptah {

namespace {

/// keccak256 over words of 32 bytes.
Bytes32 hash_words(std::initializer_list<Bytes32> words) {
  Bytes all;
  for (const Bytes32& word : words) all.insert(all.end(), word.begin(), word.end());
  return keccak256(all);
}

Bytes32 word_of(const Address& address) {
  Bytes32 out{};
  std::copy(address.begin(), address.end(), out.begin() + 12);
  return out;
}

}  // namespace

Result<Bytes32> receipt_digest(const Json& receipt, const Address& maker) {
  Json bare = receipt;
  if (bare.is_object()) bare.erase("signature");
  const auto text = canonical_json(bare);
  if (!text) return fail(ErrorCode::corrupt, "receipt: {}", text.error().message);
  const Bytes32 domain = hash_words({keccak256("EIP712Domain(string name,string version)"), keccak256("Ptah"), keccak256("1")});
  const Bytes32 work = hash_words({keccak256("Work(address maker,string kind,string prompt,bytes32 receipt)"), word_of(maker), keccak256(text_at(bare, "kind")),
                                   keccak256(text_at(bare.value("request", Json()), "prompt")), keccak256(*text)});
  std::array<uint8_t, 66> all{0x19, 0x01};
  std::copy(domain.begin(), domain.end(), all.begin() + 2);
  std::copy(work.begin(), work.end(), all.begin() + 34);
  return keccak256(all);
}

Result<void> sign_work(Work& work, const Signer& signer) {
  work.receipt.erase("signature");
  PTAH_TRY(const Bytes32 digest, receipt_digest(work.receipt, signer.address()));
  PTAH_TRY(const Signature signature, signer.sign(digest));
  work.receipt["signature"] = {{"maker", to_string(signer.address())}, {"scheme", "eip712"}, {"value", hex_text(signature)}};
  PTAH_TRY(const std::string text, canonical_json(work.receipt));
  work.files["receipt.json"] = Bytes(text.begin(), text.end());
  return {};
}

MakerCheck check_maker(const Json& receipt) {
  MakerCheck out;
  if (!receipt.is_object() || !receipt.contains("signature")) return out;
  out.has_signature = true;
  const Json& said = receipt["signature"];
  const auto maker = parse_address(text_at(said, "maker"));
  const auto signature = parse_hex_of<std::tuple_size_v<Signature>>(text_at(said, "value"));
  if (!maker || !signature || text_at(said, "scheme") != "eip712") return out;
  const auto digest = receipt_digest(receipt, *maker);
  const auto signer = digest ? recover_signer(*digest, *signature) : fail(ErrorCode::corrupt, "none");
  if (signer && *signer == *maker) out.maker = *maker;
  return out;
}

}  // namespace ptah
