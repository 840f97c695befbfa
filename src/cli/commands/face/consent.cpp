#include <ctime>

#include "base/file.h"
#include "cli/commands/commands.h"
#include "own/consent.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

struct ConsentLine {
  std::vector<std::string> pictures;
  std::vector<std::string> uses{kConsentUses.begin(), kConsentUses.end()};
  std::string person, out, file, picture, use;
  int64_t days = 365;
  bool json = false;
  SigningOptions signing;
};

std::string joined_uses(const std::vector<std::string>& uses) {
  std::string out;
  for (const std::string& use : uses) out += (out.empty() ? "" : ", ") + use;
  return out;
}

constexpr size_t kMaxConsentText = 1 << 20;

Result<Consent> consent_in(const std::string& file) {
  PTAH_TRY(const std::string text, read_text(file, kMaxConsentText));
  auto consent = [&]() -> Result<Consent> {
    PTAH_TRY(const Json json, parse_json(text));
    return read_consent(json);
  }();
  if (!consent) return fail(consent.error().code, "{}: {}", file, consent.error().message);
  return consent;
}

Result<Key> consent_key(const ConsentLine& o) {
  PTAH_TRY(auto key, signing_key(o.signing));
  if (!key) return fail(ErrorCode::not_found, "there is no key to sign with; ptah key new makes one");
  return std::move(*key);
}

Result<void> write_signed(const std::string& out, const Json& json) { return write_new_file(out, json.dump(2) + "\n"); }

Result<void> run_give(const ConsentLine& o) {
  if (o.days < 1 || o.days > 3650) return fail(ErrorCode::invalid_argument, "--days {}; 1 to 3650 are possible", o.days);
  Consent consent{.person = o.person, .uses = o.uses, .from = std::time(nullptr)};
  consent.until = consent.from + o.days * 86400;
  for (const std::string& file : o.pictures) {
    PTAH_TRY(const Image picture, input_image(file));
    consent.pictures.push_back(pixel_id(picture));
  }
  PTAH_TRY(const Key key, consent_key(o));
  PTAH_TRY(const Json json, signed_consent(consent, key));
  PTAH_TRY_VOID(write_signed(o.out, json));
  if (!o.json)
    print("{}: {} allows {} of {} until {}\n", o.out, o.person, joined_uses(o.uses),
          o.pictures.size() == 1 ? "one picture" : fmt::format("{} pictures", o.pictures.size()), time_text(static_cast<uint64_t>(consent.until)));
  if (o.json) print_json({{"file", o.out}, {"consent", json}});
  return {};
}

Result<void> run_check(const ConsentLine& o) {
  PTAH_TRY(const Consent consent, consent_in(o.file));
  PTAH_TRY(const auto revocations, known_revocations(revocations_folder()));
  if (!o.picture.empty()) {
    PTAH_TRY(const Image picture, input_image(o.picture));
    const std::vector<std::string> uses = o.use.empty() ? consent.uses : std::vector{o.use};
    for (const std::string& use : uses) PTAH_TRY_VOID(allowing_consent({consent}, revocations, pixel_id(picture), use, std::time(nullptr)));
  }
  const bool revoked =
      std::any_of(revocations.begin(), revocations.end(), [&](const Revocation& r) { return r.consent == consent.id && r.signer == consent.signer; });
  const bool holds = !revoked && std::time(nullptr) >= consent.from && std::time(nullptr) < consent.until;
  const std::string name = known_as(consent.signer);
  if (o.json) {
    print_json({{"consent", consent.id},
                {"person", consent.person},
                {"signer", to_string(consent.signer)},
                {"pictures", consent.pictures},
                {"uses", consent.uses},
                {"until", consent.until},
                {"revoked", revoked},
                {"holds", holds}});
    return {};
  }
  print("{} allows {} of {} picture(s) until {}\nsigned by {}{}\n", printable(consent.person, 200), joined_uses(consent.uses), consent.pictures.size(),
        time_text(static_cast<uint64_t>(consent.until)), to_string(consent.signer), name.empty() ? "" : " (" + name + ")");
  print("{}\n", revoked ? "It was taken back." : holds ? "It holds now." : "It does not hold now.");
  return {};
}

Result<void> run_revoke(const ConsentLine& o) {
  PTAH_TRY(const Consent consent, consent_in(o.file));
  PTAH_TRY(const Key key, consent_key(o));
  if (key.address() != consent.signer)
    return fail(ErrorCode::permission, "{} was signed by {}; only that key takes it back", o.file, to_string(consent.signer));
  PTAH_TRY(const Json json, signed_revocation(consent.id, std::time(nullptr), key));
  fs::path out = o.out;
  if (o.out.empty()) {
    PTAH_TRY_VOID(make_folders(revocations_folder()));
    out = revocations_folder() / (consent.id.substr(7, 32) + ".json");
  }
  PTAH_TRY_VOID(write_signed(out.string(), json));
  if (o.json) {
    print_json({{"file", out.string()}, {"revocation", json}});
  } else {
    print("{}: taken back. Whoever has the consent needs this file too, in their folder of revocations.\n", out.string());
  }
  return {};
}

}  // namespace

void add_consent(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("consent", "allow, in writing, that pictures of you are changed; and take it back");
  command->require_subcommand(1);
  auto options = std::make_shared<ConsentLine>();
  const auto add = [&](const char* name, const char* what, auto run) {
    CLI::App* sub = command->add_subcommand(name, what);
    sub->add_flag("--json", options->json, "print JSON");
    sub->callback([options, &action, run] { action = [options, run] { return finish(guard([&] { return run(*options); })); }; });
    return sub;
  };
  CLI::App* give = add("give", "sign a consent for pictures that show you", run_give);
  give->add_option("pictures", options->pictures, "the pictures")->required()->type_name("FILE");
  give->add_option("--person", options->person, "your name")->required();
  give->add_option("--use", options->uses, "what is allowed: expression, gaze, swap (default: all)")->delimiter(',');
  give->add_option("--days", options->days, "how long it holds")->capture_default_str();
  give->add_option("--out", options->out, "the file of the consent")->required()->type_name("FILE");
  add_signing_options(*give, options->signing);
  CLI::App* check = add("check", "print what a consent allows, and whether it holds", run_check);
  check->add_option("file", options->file, "the consent")->required()->type_name("FILE");
  check->add_option("--picture", options->picture, "whether it allows the use of this picture")->type_name("FILE");
  check->add_option("--use", options->use, "this use of it");
  CLI::App* revoke = add("revoke", "take a consent back", run_revoke);
  revoke->add_option("file", options->file, "the consent")->required()->type_name("FILE");
  revoke->add_option("--out", options->out, "the file of the revocation (default: in the folder of revocations)")->type_name("FILE");
  add_signing_options(*revoke, options->signing);
}

}  // namespace ptah::cli
