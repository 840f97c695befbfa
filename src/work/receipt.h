// A work: its files, its receipt, and the digests in it.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/json.h"
#include "media/image.h"

namespace ptah {

inline constexpr const char* kEngineVersion = "0.2.0";

/// What a receipt calls an object that was made of a picture.
inline constexpr const char* kObjectKind = "object of a picture";
bool is_object_receipt(const Json& receipt);

/// The key of the PNG text that holds a receipt.
inline constexpr const char* kReceiptKeyword = "ptah-receipt";

/// Files of one work by name: picture.png, object.glb and other forms, receipt.json.
struct Work {
  std::map<std::string, Bytes> files;
  Json receipt;
  Json facts = nullptr;  ///< what making it told besides, e.g. tokens and seconds; in no file
};

/// What every receipt begins with: engine, its version, numeric path, kind and request.
Json begun_receipt(const char* kind, Json request);
/// Lists a work's files in its receipt, which begins as `core`, and puts it beside them as receipt.json.
Result<void> seal(Work& work, const Json& core);

/// Puts an invisible watermark into what will be shown and its id, the first 32 bits of SHA-256 of the receipt so far, into the receipt. Errors: as
/// canonical_json.
Result<Image> watermarked(Image picture, Json& core);

/// "sha256:…" of a file's bytes, and of what a picture shows, whatever the file around it.
std::string file_id(std::span<const uint8_t> bytes);
Result<std::string> file_id(const std::filesystem::path& file);
/// Whether a receipt means these bytes by an id: as they are, or without the content credentials that were put in after the receipt.
bool has_id(std::span<const uint8_t> bytes, const Json& id);
std::string pixel_id(const Image& picture);
/// The PNG of a generated picture with the receipt that `core` begins inside (with the key "pixels"), the marks that the law asks for, and more texts.
Result<Bytes> receipted_png(const Image& picture, const Json& core, bool from_picture, const std::map<std::string, std::string>& more = {});
/// The folder of a work that is named by it or by a file in it.
std::filesystem::path folder_of_work(const std::filesystem::path& path);
/// not_found: a folder that is no work; says which works lie in it.
tl::unexpected<Error> no_work(const std::filesystem::path& folder);
/// The receipt inside a PNG or GLB, or the file itself if it is a receipt.
Result<Json> read_receipt(const std::filesystem::path& file);

/// The version of the arithmetic of the numeric path that a receipt names. Errors: corrupt without a path, mismatch for one that is not known.
Result<int> arithmetic_of(const Json& receipt);
/// The numeric path a receipt asks for, as cap_isa takes it; mismatch if this processor does not have it. Call before the first op.
Result<void> match_numeric_path(const Json& receipt);

}  // namespace ptah
