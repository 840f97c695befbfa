// Content credentials (C2PA 2.x): a signed statement inside a file of what made it, checked by anybody's tools.
#pragma once

#include <optional>

#include "base/json.h"
#include "own/certificate.h"
#include "own/timestamp.h"

namespace ptah {

/// What went into a work: the words, a model, a picture.
struct Ingredient {
  std::string title, description;
  std::string kind;        ///< a data type such as "c2pa.types.generator.prompt"; may be empty
  std::string media_type;  ///< such as "image/png"; may be empty
  Bytes store = {};        ///< its own manifest store, kept with the work's; may be empty
  bool is_parent = false;  ///< the work is an edited form of it
};

/// What a manifest says.
struct ManifestRequest {
  std::string title;
  std::string action = "c2pa.created";
  std::string source_type;  ///< IPTC's full URI; may be empty for edits
  std::vector<Ingredient> ingredients;
  Json receipt;  ///< kept as the assertion org.ptah.receipt; null: none
};

/// The file with a signed manifest store in it (PNG: chunk caBX behind IHDR; JPEG: segments APP11; WAV: chunk C2PA), instead of any it had: manifests to be
/// kept come as ingredients. The store: JUMBF boxes `c2pa` > `urn:c2pa:UUID` > assertions (actions.v2, ingredient.v3, hash.data over everything but the store's
/// chunk), claim.v2 and a COSE_Sign1 signature. Errors: unsupported (another kind of file), corrupt, what the signer says.
Result<Bytes> sign_content(std::span<const uint8_t> file, const ManifestRequest& request, const ContentSigner& signer);
/// The store for a file that has no place for it, to lie beside it as NAME.c2pa; it covers all bytes of the file.
Result<Bytes> sign_beside(std::span<const uint8_t> file, const ManifestRequest& request, const ContentSigner& signer);

/// An ingredient as a manifest names it.
struct NamedIngredient {
  std::string title, relation, description;  ///< the relation in C2PA's words: parentOf, componentOf, inputTo
  bool is_parent() const { return relation == "parentOf"; }
};

/// All texts are the signer's and may hold anything: print them with printable().
struct ManifestCheck {
  bool whole = false;                 ///< claim, assertions and file are as they were signed, and the certificates hold together
  std::vector<std::string> problems;  ///< why not
  ChainCheck chain;
  std::optional<TimestampCheck> timestamp;  ///< if the signature has one; a trusted one says when the certificate had to be valid
  std::string title, generator;
  std::string source_type;  ///< IPTC's full URI, of the first action that has one; of an edit without one that of the parent, or its parent
  bool source_of_parent = false;
  std::vector<NamedIngredient> ingredients;
  Json receipt;  ///< Ptah's, if it holds one
};
/// Checks the active manifest of a store: `file` with the store at `place` (start and length; both 0 for a store beside the file). Never throws for hostile
/// bytes: what is wrong stands in `problems`.
ManifestCheck check_manifest(std::span<const uint8_t> file, std::span<const uint8_t> store, size_t start, size_t length, const std::vector<Bytes>& anchors,
                             int64_t now);

}  // namespace ptah
