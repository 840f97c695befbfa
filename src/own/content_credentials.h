// A work's content credentials: put in when it is delivered, checked when somebody asks.
#pragma once

#include <optional>

#include "work/receipt.h"
#include "own/c2pa.h"

namespace ptah {

/// Signs every picture and sound a work made (inside the file) and every GLB (as NAME.glb.c2pa beside it), after the receipt was signed. The words, the models
/// and the pictures it began with are the ingredients; the signed receipt stands in each manifest. The digests in the receipt stay those of the files without
/// their manifests. Errors: what the signer says.
Result<void> credential_work(Work& work, const ContentSigner& signer);

/// What the credentials of a file's bytes say: those inside, else the store `beside` it (null: none); nothing if it has none. Errors: corrupt (a broken file).
Result<std::optional<ManifestCheck>> check_credentials(std::span<const uint8_t> file, const Bytes* beside, const std::vector<Bytes>& anchors, int64_t now);
/// What a file's credentials say; nothing if it has none, inside or beside it (FILE.c2pa). Errors: not_found, io, corrupt (a broken file).
Result<std::optional<ManifestCheck>> check_credentials(const std::filesystem::path& file, const std::vector<Bytes>& anchors, int64_t now);

}  // namespace ptah
