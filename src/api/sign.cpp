#include "ptah/sign.h"

#include "api/outcome.h"
#include "api/watch.h"
#include "own/finish.h"

namespace ptah {

namespace {

Result<Key> unlocked(const KeyInfo& info, const std::string& passphrase) {
  if (info.locked && passphrase.empty()) return fail_field("passphrase", ErrorCode::permission, "`passphrase` is empty, and the key '{}' has one", info.name);
  PTAH_TRY(const auto folder, KeyStore::default_folder());
  return KeyStore(folder).unlock(info.name, passphrase.empty() ? Secret() : Secret(passphrase));
}

}  // namespace

Outcome<SignedWork> sign(const MadeWork& made, const SignOptions& options) {
  return outcome<SignedWork>([&]() -> Result<SignedWork> {
    PTAH_TRY(const auto info, signing_key_info(options.key));
    if (!info) return SignedWork{made, {}, {}};
    PTAH_TRY(const Key key, unlocked(*info, options.passphrase));
    Work work{.files = made.files, .receipt = {}};
    PTAH_TRY(work.receipt, parse_json(made.receipt));
    SignedWork out;
    PTAH_TRY(work, signed_work(std::move(work), {&key, options.authority}, out.note));
    PTAH_TRY(out.work, outer(std::move(work)));
    out.signer = to_string(key.address());
    return out;
  });
}

}  // namespace ptah
