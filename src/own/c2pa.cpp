#include "own/c2pa.h"

#include <algorithm>
#include <cstring>

#include "base/sha256.h"
#include "work/receipt.h"
#include "media/manifest_store.h"
#include "own/cbor.h"

namespace ptah {

namespace {

constexpr const char *kReceiptLabel = "org.ptah.receipt", *kHashLabel = "c2pa.hash.data";
constexpr int kDeepest = 6;  ///< store, manifest, assertion store, assertion
constexpr size_t kMaxBoxes = 4096;

/// The type of a box's description: four letters and ISO's common ending.
using TypeId = std::array<uint8_t, 16>;
constexpr TypeId type_id(const char (&letters)[5]) {
  TypeId out{0, 0, 0, 0, 0x00, 0x11, 0x00, 0x10, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71};
  for (size_t i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(letters[i]);
  return out;
}

void append(Bytes& out, std::span<const uint8_t> more) { out.insert(out.end(), more.begin(), more.end()); }

Bytes box(const char (&type)[5], std::initializer_list<std::span<const uint8_t>> parts) {
  size_t size = 8;
  for (const auto& part : parts) size += part.size();
  Bytes out;
  for (int i = 3; i >= 0; --i) out.push_back(static_cast<uint8_t>(size >> (8 * i)));
  for (size_t i = 0; i < 4; ++i) out.push_back(static_cast<uint8_t>(type[i]));
  for (const auto& part : parts) append(out, part);
  return out;
}

/// A superbox: what it is, its label, sixteen bytes of salt if it is an assertion, its contents.
Bytes superbox(const TypeId& type, const std::string& label, std::span<const uint8_t> contents, std::span<const uint8_t> salt = {}) {
  Bytes description(type.begin(), type.end());
  description.push_back(salt.empty() ? 0x03 : 0x13);  // may be asked for; has a label (and a private box)
  append(description, as_bytes(label));
  description.push_back(0);
  if (!salt.empty()) append(description, box("c2sh", {salt}));
  return box("jumb", {box("jumd", {description}), contents});
}

/// What a hashed reference covers: the superbox without its own header.
Bytes hash_of(std::span<const uint8_t> whole_box) {
  const Digest digest = sha256(whole_box.subspan(8));
  return Bytes(digest.begin(), digest.end());
}

std::string new_uuid() {
  std::array<uint8_t, 16> b{};
  fill_random(b);
  b[6] = static_cast<uint8_t>((b[6] & 0x0F) | 0x40);
  b[8] = static_cast<uint8_t>((b[8] & 0x3F) | 0x80);
  const std::string h = hex(b);
  return fmt::format("{}-{}-{}-{}-{}", h.substr(0, 8), h.substr(8, 4), h.substr(12, 4), h.substr(16, 4), h.substr(20));
}

// --- reading

struct Superbox {
  TypeId type{};
  std::string label;
  std::span<const uint8_t> whole;  ///< with its header
  std::vector<Superbox> boxes;
  std::vector<std::pair<std::string, std::span<const uint8_t>>> contents;

  const Superbox* find(std::string_view name) const {
    for (const Superbox& one : boxes)
      if (one.label == name) return &one;
    return nullptr;
  }
  /// The contents of the first box of this type.
  std::span<const uint8_t> content(std::string_view of) const {
    for (const auto& [name, bytes] : contents)
      if (name == of) return bytes;
    return {};
  }
};

struct Box {
  std::string type;
  std::span<const uint8_t> whole, contents;
};

/// Takes one box off the front of `rest`.
Result<Box> take_box(std::span<const uint8_t>& rest) {
  if (rest.size() < 8) return fail(ErrorCode::corrupt, "jumbf: cut off");
  uint64_t size = 0;
  for (size_t i = 0; i < 4; ++i) size = size << 8 | rest[i];
  size_t head = 8;
  if (size == 1) {
    if (rest.size() < 16) return fail(ErrorCode::corrupt, "jumbf: cut off");
    size = 0;
    for (size_t i = 8; i < 16; ++i) size = size << 8 | rest[i];
    head = 16;
  } else if (size == 0) {
    size = rest.size();
  }
  if (size < head || size > rest.size()) return fail(ErrorCode::corrupt, "jumbf: a box of {} bytes passes the end", size);
  Box out{std::string(rest.begin() + 4, rest.begin() + 8), rest.first(size), rest.subspan(head, size - head)};
  rest = rest.subspan(size);
  return out;
}

Result<Superbox> parse_superbox(const Box& whole, int depth, size_t& count) {
  if (depth > kDeepest) return fail(ErrorCode::corrupt, "jumbf: nested too deeply");
  if (++count > kMaxBoxes) return fail(ErrorCode::corrupt, "jumbf: more than {} boxes", kMaxBoxes);
  Superbox out;
  out.whole = whole.whole;
  auto rest = whole.contents;
  PTAH_TRY(const Box description, take_box(rest));
  if (description.type != "jumd" || description.contents.size() < 17) return fail(ErrorCode::corrupt, "jumbf: a box without a description");
  std::copy_n(description.contents.begin(), 16, out.type.begin());
  if (description.contents[16] & 2) {
    const auto label = description.contents.subspan(17);
    const auto end = std::find(label.begin(), label.end(), uint8_t{0});
    if (end == label.end()) return fail(ErrorCode::corrupt, "jumbf: a label without an end");
    out.label.assign(label.begin(), end);
  }
  while (!rest.empty()) {
    PTAH_TRY(const Box part, take_box(rest));
    if (part.type == "jumb") {
      PTAH_TRY(Superbox inner, parse_superbox(part, depth + 1, count));
      out.boxes.push_back(std::move(inner));
    } else {
      if (++count > kMaxBoxes) return fail(ErrorCode::corrupt, "jumbf: more than {} boxes", kMaxBoxes);
      out.contents.emplace_back(part.type, part.contents);
    }
  }
  return out;
}

Result<Superbox> parse_store(std::span<const uint8_t> store) {
  size_t count = 0;
  auto rest = store;
  PTAH_TRY(const Box whole, take_box(rest));
  if (whole.type != "jumb") return fail(ErrorCode::corrupt, "jumbf: no superbox");
  PTAH_TRY(Superbox out, parse_superbox(whole, 0, count));
  if (out.type != type_id("c2pa") || out.label != "c2pa" || out.boxes.empty()) return fail(ErrorCode::corrupt, "jumbf: no manifest store of C2PA");
  return out;
}

// --- writing

struct Assertion {
  std::string label;
  Bytes whole;
  Cbor reference() const { return Cbor::Map{{"url", "self#jumbf=c2pa.assertions/" + label}, {"hash", hash_of(whole)}}; }
};

Assertion assertion(const std::string& label, const char (&kind)[5], std::span<const uint8_t> contents) {
  Bytes salt(16);
  fill_random(salt);
  return {label, superbox(type_id(kind), label, box(kind, {contents}), salt)};
}

/// How another manifest is named from this store.
Cbor outside_reference(const std::string& path, std::span<const uint8_t> whole) {
  return Cbor::Map{{"url", "self#jumbf=/c2pa/" + path}, {"hash", hash_of(whole)}};
}

/// An ingredient's assertion; its manifests go to `kept`.
Result<Assertion> ingredient_assertion(const Ingredient& ingredient, size_t index, Bytes& kept) {
  Cbor::Map map{{"dc:title", ingredient.title}};
  if (!ingredient.media_type.empty()) map.emplace_back("dc:format", ingredient.media_type);
  map.emplace_back("relationship", ingredient.is_parent ? "parentOf" : "inputTo");
  if (!ingredient.description.empty()) map.emplace_back("description", ingredient.description);
  if (!ingredient.kind.empty()) map.emplace_back("dataTypes", Cbor::Array{Cbor::Map{{"type", ingredient.kind}}});
  if (!ingredient.store.empty()) {
    PTAH_TRY(const Superbox store, parse_store(ingredient.store));
    const Superbox& active = store.boxes.back();
    const Superbox* signature = active.find("c2pa.signature");
    if (!signature) return fail(ErrorCode::corrupt, "the manifest of '{}' has no signature", ingredient.title);
    for (const Superbox& manifest : store.boxes) append(kept, manifest.whole);
    const Cbor reference = outside_reference(active.label + "/c2pa.signature", signature->whole);
    const Cbor seen = Cbor::Map{{"code", "claimSignature.validated"}, {"url", reference.at("url")}};
    map.emplace_back("activeManifest", outside_reference(active.label, active.whole));
    map.emplace_back("claimSignature", reference);
    map.emplace_back("validationResults",
                     Cbor::Map{{"activeManifest", Cbor::Map{{"success", Cbor::Array{seen}}, {"informational", Cbor::Array{}}, {"failure", Cbor::Array{}}}}});
  }
  const std::string label = index == 0 ? "c2pa.ingredient.v3" : fmt::format("c2pa.ingredient.v3__{}", index);
  return assertion(label, "cbor", Cbor(std::move(map)).encode());
}

/// SHA-256 of everything but one range.
Bytes hash_around(std::span<const uint8_t> file, size_t start, size_t length) {
  Bytes covered(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(start));
  append(covered, file.subspan(start + length));
  const Digest digest = sha256(covered);
  return Bytes(digest.begin(), digest.end());
}

Bytes to_be_signed(const Bytes& protected_header, std::span<const uint8_t> claim) {
  return Cbor(Cbor::Array{"Signature1", protected_header, Bytes(), Bytes(claim.begin(), claim.end())}).encode();
}

/// Everything of a manifest but its hard binding and signature.
struct Draft {
  std::string label;
  std::vector<Assertion> assertions;
  Bytes kept;  ///< manifests of ingredients
  Cbor::Map claim;
};

Result<Draft> draft_of(const ManifestRequest& request) {
  Draft out;
  out.label = "urn:c2pa:" + new_uuid();
  Cbor::Array inputs;
  for (size_t i = 0; i < request.ingredients.size(); ++i) {
    PTAH_TRY(Assertion made, ingredient_assertion(request.ingredients[i], i, out.kept));
    inputs.push_back(made.reference());
    out.assertions.push_back(std::move(made));
  }
  const Cbor agent = Cbor::Map{{"name", "Ptah"}, {"version", kEngineVersion}};
  Cbor::Map action{{"action", request.action}, {"softwareAgent", agent}};
  if (!request.source_type.empty()) action.emplace_back("digitalSourceType", request.source_type);
  if (!inputs.empty()) action.emplace_back("parameters", Cbor::Map{{"ingredients", inputs}});
  out.assertions.insert(out.assertions.begin(), assertion("c2pa.actions.v2", "cbor", Cbor(Cbor::Map{{"actions", Cbor::Array{action}}}).encode()));
  if (!request.receipt.is_null()) {
    PTAH_TRY(const std::string text, canonical_json(request.receipt));
    out.assertions.push_back(assertion(kReceiptLabel, "json", as_bytes(text)));
  }
  out.claim = {{"instanceID", "xmp:iid:" + new_uuid()},
               {"claim_generator_info", agent},
               {"signature", "self#jumbf=/c2pa/" + out.label + "/c2pa.signature"},
               {"dc:title", request.title},
               {"alg", "sha256"}};
  return out;
}

/// What a time-stamp of the second kind (sigTst2) is over: a counter-signature's structure around the encoded signature.
Bytes to_be_stamped(const Bytes& protected_header, const Bytes& signature) {
  return Cbor(Cbor::Array{"CounterSignature", protected_header, Bytes(), Cbor(signature).encode()}).encode();
}

/// The unprotected header: the signature's time-stamp, and padding to the room that was kept for it.
Result<Cbor> stamps_of(const Bytes& protected_header, const Bytes& signature, const ContentSigner& signer) {
  const size_t room = signer.timestamp_room();
  if (room == 0) return Cbor(Cbor::Map{});
  PTAH_TRY(const Bytes token, signer.timestamp(to_be_stamped(protected_header, signature)));
  constexpr size_t kMinPadding = 256;  // so that the padding's own length always takes two bytes
  if (token.size() + 2 * kMinPadding > room) return fail(ErrorCode::unsupported, "a time-stamp of {} bytes; {} were kept free", token.size(), room);
  const auto header = [&](size_t pad) {
    return Cbor(Cbor::Map{{"sigTst2", Cbor::Map{{"tstTokens", Cbor::Array{Cbor::Map{{"val", token}}}}}}, {"pad", Bytes(pad)}});
  };
  return header(kMinPadding + room - header(kMinPadding).encode().size());
}

/// The whole store with this hard binding.
Result<Bytes> finish(const Draft& draft, const Assertion& binding, const ContentSigner& signer) {
  Cbor::Array references{binding.reference()};
  Bytes assertions = binding.whole;
  for (const Assertion& one : draft.assertions) {
    references.push_back(one.reference());
    append(assertions, one.whole);
  }
  Cbor::Map claim = draft.claim;
  claim.emplace_back("created_assertions", references);
  const Bytes claimed = Cbor(std::move(claim)).encode();
  Cbor::Array chain;
  for (const Bytes& certificate : signer.chain()) chain.push_back(certificate);
  const Bytes head = Cbor(Cbor::Map{{1, -7}, {33, chain.size() == 1 ? chain.front() : Cbor(chain)}}).encode();
  PTAH_TRY(const Bytes signature, signer.sign(to_be_signed(head, claimed)));
  PTAH_TRY(Cbor unprotected, stamps_of(head, signature, signer));
  const Bytes cose = Cbor::tagged(18, Cbor::Array{head, std::move(unprotected), Cbor(), signature}).encode();
  Bytes contents = superbox(type_id("c2as"), "c2pa.assertions", assertions);
  append(contents, superbox(type_id("c2cl"), "c2pa.claim.v2", box("cbor", {claimed})));
  append(contents, superbox(type_id("c2cs"), "c2pa.signature", box("cbor", {cose})));
  Bytes manifests = draft.kept;
  append(manifests, superbox(type_id("c2ma"), draft.label, contents));
  return superbox(type_id("c2pa"), "c2pa", manifests);
}

/// Signatures of the right length and nothing else: what a store's size is found with, so that the signer is asked once.
class SizeOnly : public ContentSigner {
 public:
  explicit SizeOnly(const ContentSigner& signer) : signer_(signer) {}
  const std::vector<Bytes>& chain() const override { return signer_.chain(); }
  Result<Bytes> sign(std::span<const uint8_t>) const override { return Bytes(64); }
  size_t timestamp_room() const override { return signer_.timestamp_room(); }
  Result<Bytes> timestamp(std::span<const uint8_t>) const override { return Bytes(1000); }

 private:
  const ContentSigner& signer_;
};

Cbor binding_of(const Bytes& hash, size_t start, size_t length, size_t pad) {
  Cbor::Map out;
  if (length > 0) out.emplace_back("exclusions", Cbor::Array{Cbor::Map{{"start", start}, {"length", length}}});
  out.emplace_back("alg", "sha256");
  out.emplace_back("hash", hash);
  out.emplace_back("name", "jumbf manifest");
  out.emplace_back("pad", Bytes(pad));
  return Cbor(std::move(out));
}

}  // namespace

Result<Bytes> sign_beside(std::span<const uint8_t> file, const ManifestRequest& request, const ContentSigner& signer) {
  PTAH_TRY(const Draft draft, draft_of(request));
  return finish(draft, assertion(kHashLabel, "cbor", binding_of(hash_around(file, 0, 0), 0, 0, 0).encode()), signer);
}

Result<Bytes> sign_content(std::span<const uint8_t> file, const ManifestRequest& request, const ContentSigner& signer) {
  PTAH_TRY(const Draft draft, draft_of(request));
  // The exclusion names the length of the store that holds it: the padding takes up what the number's own length changes.
  const auto bound = [&](const Bytes& hash, size_t start, size_t length, size_t more) {
    const size_t widest = binding_of(Bytes(32), size_t{1} << 40, size_t{1} << 40, 20).encode().size(),
                 plain = binding_of(hash, start, length, 0).encode().size();
    return assertion(kHashLabel, "cbor", binding_of(hash, start, length, widest - plain - 1 + more).encode());
  };
  PTAH_TRY(Bytes first, finish(draft, bound(Bytes(32), 0, 1, 0), SizeOnly(signer)));
  const size_t more = first.size() % 2;  // even, so that no chunk needs a byte behind it that readers count differently
  first.resize(first.size() + more);
  PTAH_TRY(const Bytes placed, with_manifest(file, first));
  PTAH_TRY(const auto found, find_manifest(placed));
  const ManifestPlace place = found.value_or(ManifestPlace{});
  const Bytes hash = hash_around(placed, place.start, place.length);
  PTAH_TRY(const Bytes store, finish(draft, bound(hash, place.start, place.length, more), signer));
  PTAH_CHECK(store.size() == first.size(), "a store of {} bytes, {} were planned", store.size(), first.size());
  return with_manifest(file, store);
}

namespace {

/// Checks one manifest; what is wrong goes to out.problems.
class Checker {
 public:
  Checker(const Superbox& manifest, ManifestCheck& out) : manifest_(manifest), out_(out) {}

  /// `history`: all manifests of the store.
  void run(const std::vector<Superbox>& history, std::span<const uint8_t> file, size_t start, size_t length, const std::vector<Bytes>& anchors, int64_t now) {
    if (manifest_.type != type_id("c2ma")) return wrong("the active manifest is of a kind that is not known here");
    const Superbox* claim = manifest_.find("c2pa.claim.v2");
    if (!claim) claim = manifest_.find("c2pa.claim");
    const Superbox *signature = manifest_.find("c2pa.signature"), *store = manifest_.find("c2pa.assertions");
    if (!claim || !signature || !store) return wrong("the manifest lacks its claim, assertions or signature");
    for (const Superbox& one : manifest_.boxes)
      if (&one != claim && &one != signature && &one != store && one.label != "c2pa.databoxes" && one.label != "c2pa.credentials")
        return wrong(fmt::format("the manifest holds '{}' that nobody signed", one.label));
    const auto claimed = claim->content("cbor");
    const auto parsed = Cbor::parse(claimed);
    if (!parsed) return wrong("claim: " + parsed.error().message);
    check_signature(*signature, claimed, anchors, now);
    check_assertions(*parsed, *store);
    bind(*store, file, start, length);
    read(*parsed, *store, history);
  }

 private:
  void wrong(std::string what) { out_.problems.push_back(std::move(what)); }

  void check_signature(const Superbox& box, std::span<const uint8_t> claim, const std::vector<Bytes>& anchors, int64_t now) {
    const auto cose = Cbor::parse(box.content("cbor"));
    const auto* parts = cose ? cose->untagged().as<Cbor::Array>() : nullptr;
    const auto* head = parts && parts->size() == 4 ? (*parts)[0].as<Bytes>() : nullptr;
    const auto* signature = head ? (*parts)[3].as<Bytes>() : nullptr;
    const auto header = signature ? Cbor::parse(*head) : fail(ErrorCode::corrupt, "no COSE_Sign1");
    if (!header) return wrong("signature: " + header.error().message);
    const auto* algorithm = header->at(1).as<int64_t>();
    std::vector<Bytes> chain;
    for (const Cbor* where : {&header->at(33), &header->at("x5chain"), &(*parts)[1].at(33), &(*parts)[1].at("x5chain")}) {
      if (!chain.empty()) break;
      if (const auto* one = where->as<Bytes>()) chain.push_back(*one);
      if (const auto* list = where->as<Cbor::Array>())
        for (const Cbor& item : *list)
          if (const auto* bytes = item.as<Bytes>()) chain.push_back(*bytes);
    }
    if (!algorithm || chain.empty() || chain.size() > 16) return wrong("the signature names no algorithm or no certificates");
    check_stamp((*parts)[1], *head, *signature, anchors);
    const bool then = out_.timestamp && out_.timestamp->holds && out_.timestamp->trusted;
    out_.chain = check_chain(chain, anchors, then ? out_.timestamp->time : now);
    if (!out_.chain.holds) wrong(out_.chain.problem);
    if (!signed_with(chain.front(), *algorithm, to_be_signed(*head, claim), *signature)) wrong("the claim was changed after it was signed");
  }

  void check_stamp(const Cbor& unprotected, const Bytes& protected_header, const Bytes& signature, const std::vector<Bytes>& anchors) {
    const auto* tokens = unprotected.at("sigTst2").at("tstTokens").as<Cbor::Array>();
    const auto* token = tokens && !tokens->empty() ? tokens->front().at("val").as<Bytes>() : nullptr;
    if (!token) return;
    out_.timestamp = check_timestamp(*token, to_be_stamped(protected_header, signature), anchors);
    if (!out_.timestamp->holds) wrong(out_.timestamp->problem);
  }

  void check_assertions(const Cbor& claim, const Superbox& store) {
    if (!claim.at("alg").is_null() && claim.at("alg").text() != "sha256")
      return wrong(fmt::format("hashes of the kind {} are not known here", claim.at("alg").text()));
    std::vector<const Superbox*> seen;
    for (const char* list : {"created_assertions", "gathered_assertions", "assertions"}) {
      const auto* references = claim.at(list).as<Cbor::Array>();
      if (!references) continue;
      if (references->size() > kMaxBoxes) return wrong("the claim names too many assertions");
      for (const Cbor& reference : *references) {
        const std::string_view url = reference.at("url").text();
        const std::string name(url.substr(url.rfind('/') + 1));
        const Superbox* found = store.find(name);
        const auto* hash = reference.at("hash").as<Bytes>();
        const Cbor& alg = reference.at("alg");
        const bool right = url == "self#jumbf=c2pa.assertions/" + name || url == "self#jumbf=/c2pa/" + manifest_.label + "/c2pa.assertions/" + name;
        const bool twice = found && std::find(seen.begin(), seen.end(), found) != seen.end();
        if (!right || !found || twice || !hash || !(alg.is_null() || alg.text() == "sha256"))
          wrong(fmt::format("the claim names an assertion that is not there: {}", name));
        else if (hash_of(found->whole) != *hash)
          wrong(fmt::format("the assertion {} was changed", name));
        seen.push_back(found);
      }
    }
    for (const Superbox& one : store.boxes)
      if (std::find(seen.begin(), seen.end(), &one) == seen.end()) wrong(fmt::format("the assertion {} was put in without being signed", one.label));
  }

  void bind(const Superbox& store, std::span<const uint8_t> file, size_t start, size_t length) {
    const Superbox* binding = store.find(kHashLabel);
    const auto parsed = binding ? Cbor::parse(binding->content("cbor")) : fail(ErrorCode::corrupt, "none");
    const auto* hash = parsed ? parsed->at("hash").as<Bytes>() : nullptr;
    if (!hash) return wrong("the manifest is not bound to the file by a hash of its bytes");
    if (const Cbor& alg = parsed->at("alg"); !alg.is_null() && alg.text() != "sha256") return wrong("the file's hash is of a kind that is not known here");
    const auto* exclusions = parsed->at("exclusions").as<Cbor::Array>();
    size_t from = 0, size = 0;
    if (exclusions && !exclusions->empty()) {  // only the store itself may be left out
      const auto *a = exclusions->front().at("start").as<int64_t>(), *b = exclusions->front().at("length").as<int64_t>();
      if (exclusions->size() != 1 || !a || !b || *a != static_cast<int64_t>(start) || *b != static_cast<int64_t>(length))
        return wrong("the file's hash leaves out other bytes than the manifest's");
      from = start, size = length;
    } else if (length > 0) {
      return wrong("the file's hash does not leave the manifest out");
    }
    if (hash_around(file, from, size) != *hash) wrong("the file was changed after it was signed");
  }

  /// The manifest that an ingredient names must be in the store, as it was when this one was signed.
  void check_ingredient(const Cbor& active, const std::vector<Superbox>& history) {
    const std::string_view url = active.at("url").text();
    const auto* hash = active.at("hash").as<Bytes>();
    for (const Superbox& one : history)
      if (hash && url == "self#jumbf=/c2pa/" + one.label && hash_of(one.whole) == *hash) return;
    wrong(fmt::format("the manifest of an ingredient is missing or was changed: {}", url.substr(0, 100)));
  }

  void read(const Cbor& claim, const Superbox& store, const std::vector<Superbox>& history) {
    out_.title = claim.at("dc:title").text();
    const Cbor& info = claim.at("claim_generator_info");
    const auto* list = info.as<Cbor::Array>();
    const Cbor& agent = list && !list->empty() ? list->front() : info;
    out_.generator = agent.at("name").text();
    if (!agent.at("version").text().empty()) out_.generator += " " + std::string(agent.at("version").text());
    out_.source_type = source_of(store);
    for (const Superbox& one : store.boxes) {
      if (one.label.starts_with("c2pa.ingredient")) {
        const auto parsed = Cbor::parse(one.content("cbor"));
        if (!parsed) continue;
        if (const Cbor& active = parsed->at("activeManifest"); !active.is_null()) check_ingredient(active, history);
        out_.ingredients.push_back(
            {std::string(parsed->at("dc:title").text()), std::string(parsed->at("relationship").text()), std::string(parsed->at("description").text())});
      } else if (one.label == kReceiptLabel) {
        const auto text = one.content("json");
        if (auto receipt = parse_json({reinterpret_cast<const char*>(text.data()), text.size()})) out_.receipt = std::move(*receipt);
      }
    }
    inherit_source(&store, history);
  }

  /// IPTC's URI in the first action of a manifest that has one.
  static std::string source_of(const Superbox& assertions) {
    for (const Superbox& one : assertions.boxes) {
      if (!one.label.starts_with("c2pa.actions")) continue;
      const auto parsed = Cbor::parse(one.content("cbor"));
      const auto* actions = parsed ? parsed->at("actions").as<Cbor::Array>() : nullptr;
      if (!actions) continue;
      for (const Cbor& action : *actions)
        if (const auto text = action.at("digitalSourceType").text(); !text.empty()) return std::string(text);
    }
    return "";
  }

  /// The assertions of the manifest that this one's parent had; null if there is none in the store.
  static const Superbox* parent_of(const Superbox& assertions, const std::vector<Superbox>& history) {
    for (const Superbox& one : assertions.boxes) {
      if (!one.label.starts_with("c2pa.ingredient")) continue;
      const auto parsed = Cbor::parse(one.content("cbor"));
      if (!parsed || parsed->at("relationship").text() != "parentOf") continue;
      for (const Superbox& manifest : history)
        if (parsed->at("activeManifest").at("url").text() == "self#jumbf=/c2pa/" + manifest.label) return manifest.find("c2pa.assertions");
    }
    return nullptr;
  }

  void inherit_source(const Superbox* assertions, const std::vector<Superbox>& history) {
    for (size_t step = 0; out_.source_type.empty() && assertions && step < history.size(); ++step) {
      assertions = parent_of(*assertions, history);
      if (!assertions) return;
      out_.source_type = source_of(*assertions);
      out_.source_of_parent = !out_.source_type.empty();
    }
  }

  const Superbox& manifest_;
  ManifestCheck& out_;
};

}  // namespace

ManifestCheck check_manifest(std::span<const uint8_t> file, std::span<const uint8_t> store, size_t start, size_t length, const std::vector<Bytes>& anchors,
                             int64_t now) {
  ManifestCheck out;
  const auto parsed = parse_store(store);
  if (!parsed) {
    out.problems.push_back(parsed.error().message);
    return out;
  }
  if (start + length > file.size()) {
    out.problems.push_back("the manifest lies outside of the file");
    return out;
  }
  Checker(parsed->boxes.back(), out).run(parsed->boxes, file, start, length, anchors, now);
  out.whole = out.problems.empty();
  return out;
}

}  // namespace ptah
