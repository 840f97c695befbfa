#include "own/finish.h"

#include <ctime>

#include "own/content_credentials.h"
#include "own/signed_receipt.h"

namespace ptah {

Result<std::optional<KeyInfo>> signing_key_info(const std::string& name) {
  const auto folder = KeyStore::default_folder();
  if (!folder && name.empty()) return std::optional<KeyInfo>();  // no home, no keys
  PTAH_TRY(const std::filesystem::path keys, folder);
  auto found = KeyStore(keys).find(name.empty() ? kUsualKey : name);
  if (!found && name.empty() && found.error().code == ErrorCode::not_found) return std::optional<KeyInfo>();
  PTAH_TRY(KeyInfo info, std::move(found));
  return std::optional<KeyInfo>(std::move(info));
}

Result<Work> signed_work(Work work, const Signing& signing, std::string& note) {
  if (!signing.key) return work;
  PTAH_TRY_VOID(sign_work(work, *signing.key));
  PTAH_TRY(const MakerCredential credential, MakerCredential::of(*signing.key, std::time(nullptr)));
  if (!signing.authority.empty()) {
    Work copy = work;
    const TimestampedSigner signer(std::make_unique<MakerCredential>(credential), signing.authority);
    const auto done = credential_work(copy, signer);
    if (done) return copy;
    note = fmt::format("no time-stamp: {}; signed without one", done.error().message);
  }
  PTAH_TRY_VOID(credential_work(work, credential));
  return work;
}

Result<FinishedWork> finish_work(Work work, const Signing& signing, const WorkPlace& place) {
  FinishedWork out;
  PTAH_TRY(out.work, signed_work(std::move(work), signing, out.note));
  PTAH_TRY(out.folder, write_work(out.work, place.folder, place.if_taken));
  return out;
}

}  // namespace ptah
