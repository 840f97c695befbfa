#include "own/consent.h"

#include <algorithm>

#include "base/file.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char *kConsentKind = "ptah consent", *kRevocationKind = "ptah revocation";
constexpr int64_t kTenYears = int64_t{3653} * 86400;
constexpr size_t kMaxConsentPictures = 1000, kMaxConsentBytes = 1 << 20, kMaxRevocations = 100000;

/// keccak256 of the typed data: what `type` is called, who signs, and the canonical JSON without its signature.
Result<Bytes32> consent_digest(const char* type, const Json& json, const Address& signer) {
  Json bare = json;
  bare.erase("signature");
  PTAH_TRY(const std::string text, canonical_json(bare));
  Bytes words;
  const auto put = [&](const Bytes32& word) { words.insert(words.end(), word.begin(), word.end()); };
  put(keccak256("EIP712Domain(string name,string version)"));
  put(keccak256("Ptah"));
  put(keccak256("1"));
  const Bytes32 domain = keccak256(words);
  Bytes32 person{};
  std::copy(signer.begin(), signer.end(), person.begin() + 12);
  words.clear();
  put(keccak256(fmt::format("{}(address person,bytes32 content)", type)));
  put(person);
  put(keccak256(text));
  const Bytes32 content = keccak256(words);
  std::array<uint8_t, 66> all{0x19, 0x01};
  std::copy(domain.begin(), domain.end(), all.begin() + 2);
  std::copy(content.begin(), content.end(), all.begin() + 34);
  return keccak256(all);
}

Result<Json> with_signature(Json json, const char* type, const Signer& signer) {
  PTAH_TRY(const Bytes32 digest, consent_digest(type, json, signer.address()));
  PTAH_TRY(const Signature signature, signer.sign(digest));
  json["signature"] = {{"signer", to_string(signer.address())}, {"scheme", "eip712"}, {"value", hex_text(signature)}};
  return json;
}

/// Who signed it. Errors: corrupt, mismatch.
Result<Address> signer_of(const Json& json, const char* kind, const char* type) {
  if (!json.is_object() || text_at(json, "kind") != kind) return fail(ErrorCode::corrupt, "this is no file of the kind '{}'", kind);
  if (json.value("version", Json()) != Json(1)) return fail(ErrorCode::unsupported, "'{}' of another version", kind);
  const Json said = json.value("signature", Json::object());
  const auto signer = parse_address(text_at(said, "signer"));
  const auto signature = parse_hex_of<std::tuple_size_v<Signature>>(text_at(said, "value"));
  if (!signer || !signature || text_at(said, "scheme") != "eip712") return fail(ErrorCode::corrupt, "it has no signature");
  PTAH_TRY(const Bytes32 digest, consent_digest(type, json, *signer));
  const auto found = recover_signer(digest, *signature);
  if (!found || *found != *signer) return fail(ErrorCode::mismatch, "its signature does not hold: it was changed after it was signed");
  return *signer;
}

bool is_digest(std::string_view text) { return text.starts_with("sha256:") && is_hex(text.substr(7), 64); }

Result<std::vector<std::string>> consent_texts(const Json& json, const char* name) {
  const Json list = json.value(name, Json());
  if (!list.is_array() || list.empty() || list.size() > kMaxConsentPictures) return fail(ErrorCode::corrupt, "'{}' is no list", name);
  std::vector<std::string> out;
  for (const Json& one : list) {
    if (!one.is_string()) return fail(ErrorCode::corrupt, "'{}' is no list of texts", name);
    out.push_back(one.get<std::string>());
  }
  return out;
}

Result<void> check_terms(const Consent& c, ErrorCode code) {
  if (trimmed(c.person).empty() || c.person.size() > 200) return fail(code, "a consent names the person who gives it");
  if (c.pictures.empty() || c.pictures.size() > kMaxConsentPictures || !std::all_of(c.pictures.begin(), c.pictures.end(), is_digest))
    return fail(code, "a consent names the digests of pictures");
  if (c.uses.empty()) return fail(code, "a consent names what the pictures may be used for");
  for (const std::string& use : c.uses)
    if (std::find(kConsentUses.begin(), kConsentUses.end(), use) == kConsentUses.end())
      return unknown_name("use", use, {kConsentUses.begin(), kConsentUses.end()});
  if (c.until <= c.from || c.until - c.from > kTenYears) return fail(code, "a consent ends after it begins, and within ten years");
  return {};
}

}  // namespace

Result<Json> signed_consent(const Consent& consent, const Signer& signer) {
  PTAH_TRY_VOID(check_terms(consent, ErrorCode::invalid_argument));
  return with_signature({{"kind", kConsentKind},
                         {"version", 1},
                         {"person", consent.person},
                         {"pictures", consent.pictures},
                         {"uses", consent.uses},
                         {"from", consent.from},
                         {"until", consent.until}},
                        "Consent", signer);
}

Result<Consent> read_consent(const Json& json) {
  Consent out;
  PTAH_TRY(out.signer, signer_of(json, kConsentKind, "Consent"));
  out.person = text_at(json, "person");
  PTAH_TRY(out.pictures, consent_texts(json, "pictures"));
  PTAH_TRY(out.uses, consent_texts(json, "uses"));
  for (const auto& [name, time] : {std::pair{"from", &out.from}, {"until", &out.until}}) {
    if (!json.contains(name) || !json[name].is_number_integer()) return fail(ErrorCode::corrupt, "'{}' is no time", name);
    *time = json[name].get<int64_t>();
  }
  PTAH_TRY_VOID(check_terms(out, ErrorCode::corrupt));
  PTAH_TRY(const std::string text, canonical_json(json));
  out.id = "sha256:" + sha256_hex(as_bytes(text));
  return out;
}

Result<Json> signed_revocation(const std::string& consent, int64_t now, const Signer& signer) {
  return with_signature({{"kind", kRevocationKind}, {"version", 1}, {"consent", consent}, {"at", now}}, "Revocation", signer);
}

Result<Revocation> read_revocation(const Json& json) {
  Revocation out;
  PTAH_TRY(out.signer, signer_of(json, kRevocationKind, "Revocation"));
  out.consent = text_at(json, "consent");
  if (!is_digest(out.consent)) return fail(ErrorCode::corrupt, "it names no consent");
  return out;
}

fs::path revocations_folder() {
  const std::string given = environment("PTAH_REVOCATIONS");
  return given.empty() ? user_data_folder() / "revocations" : fs::path(given);
}

Result<std::vector<Revocation>> known_revocations(const fs::path& folder) {
  std::vector<Revocation> out;
  std::error_code problem;
  if (folder.empty() || !fs::exists(folder, problem)) return out;
  for (const auto& item : fs::directory_iterator(folder, problem)) {
    if (item.path().extension() != ".json") continue;
    if (out.size() >= kMaxRevocations) return fail(ErrorCode::over_budget, "{}: more than {} revocations", folder.string(), kMaxRevocations);
    const auto revocation = [&]() -> Result<Revocation> {
      PTAH_TRY(const std::string text, read_text(item.path(), kMaxConsentBytes));
      PTAH_TRY(const Json json, parse_json(text));
      return read_revocation(json);
    }();
    if (!revocation) return fail(revocation.error().code, "{}: {}", item.path().string(), revocation.error().message);
    out.push_back(*revocation);
  }
  if (problem) return fail(ErrorCode::permission, "{}: {}", folder.string(), problem.message());
  return out;
}

Result<Consent> allowing_consent(const std::vector<Consent>& consents, const std::vector<Revocation>& revocations, const std::string& picture,
                                 const std::string& use, int64_t now) {
  std::string why = "no consent names this picture; whoever is in it can give one: ptah consent give";
  for (const Consent& consent : consents) {
    if (std::find(consent.pictures.begin(), consent.pictures.end(), picture) == consent.pictures.end()) continue;
    const bool taken_back =
        std::any_of(revocations.begin(), revocations.end(), [&](const Revocation& r) { return r.consent == consent.id && r.signer == consent.signer; });
    if (std::find(consent.uses.begin(), consent.uses.end(), use) == consent.uses.end()) {
      why = fmt::format("the consent of {} does not allow '{}'", printable(consent.person, 80), use);
    } else if (taken_back) {
      why = fmt::format("{} took this consent back", printable(consent.person, 80));
    } else if (now < consent.from || now >= consent.until) {
      why = fmt::format("the consent of {} {}", printable(consent.person, 80), now < consent.from ? "does not hold yet" : "has expired");
    } else {
      return consent;
    }
  }
  return fail(ErrorCode::permission, "{}", why);
}

}  // namespace ptah
