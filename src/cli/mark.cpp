#include <ctime>

#include "cli/commands.h"
#include "media/manifest_store.h"
#include "own/content_credentials.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

struct MarkOptions {
  std::string file, out, source, title, chain, key_file;
  SigningOptions signing;
};

Result<std::unique_ptr<ContentSigner>> content_signer(const MarkOptions& o) {
  if (o.chain.empty() != o.key_file.empty()) return fail(ErrorCode::invalid_argument, "--chain and --chain-key belong together");
  if (!o.chain.empty()) return read_credential(o.chain, o.key_file);
  PTAH_TRY(const auto key, signing_key(o.signing));
  if (!key) return fail(ErrorCode::not_found, "there is no key to sign with; ptah key new makes one");
  PTAH_TRY(MakerCredential credential, MakerCredential::of(*key, std::time(nullptr)));
  return std::unique_ptr<ContentSigner>(std::make_unique<MakerCredential>(std::move(credential)));
}

Result<void> run_mark(const MarkOptions& o) {
  PTAH_TRY(const Bytes bytes, read_file(o.file));
  if (!holds_manifests(bytes)) return fail(ErrorCode::unsupported, "{}: content credentials can be put into PNG and WAV files", o.file);
  PTAH_TRY(const auto before, find_manifest(bytes));
  ManifestRequest request;
  request.title = o.title.empty() ? fs::path(o.file).filename().string() : o.title;
  if (before) {
    const ManifestCheck check = check_manifest(bytes, before->store, before->start, before->length, {}, std::time(nullptr));
    if (!check.whole)
      return fail(ErrorCode::mismatch, "{}: the content credentials it has do not hold ({}); nothing is built on them", o.file, check.problems.front());
    request.action = "c2pa.opened";
    request.ingredients.push_back({request.title, "", "", bytes[0] == 'R' ? "audio/wav" : "image/png", before->store, true});
  } else if (o.source.empty()) {
    return fail(ErrorCode::invalid_argument,
                "{} has no credentials yet: --source says how it came about (IPTC's word, such as digitalCapture, digitalCreation or "
                "trainedAlgorithmicMedia)",
                o.file);
  }
  if (!o.source.empty()) request.source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/" + o.source;
  PTAH_TRY(const auto signer, content_signer(o));
  PTAH_TRY(const Bytes marked, sign_content(bytes, request, *signer));
  PTAH_TRY_VOID(must_be_new(o.out));
  PTAH_TRY_VOID(write_file(o.out, std::span<const uint8_t>(marked)));
  fmt::print("{}\n", o.out);
  return {};
}

}  // namespace

void add_mark(CLI::App& app, Action& action) {
  auto o = std::make_shared<MarkOptions>();
  CLI::App* command = app.add_subcommand("mark", "puts signed content credentials (C2PA) into a PNG or WAV of yours; those it has are kept as its history");
  command->add_option("file", o->file, "the file")->required();
  command->add_option("out", o->out, "the file to write; never overwrites")->required();
  command
      ->add_option("--source", o->source,
                   "how it came about, in IPTC's words: digitalCapture, digitalCreation, humanEdits, compositeCapture, trainedAlgorithmicMedia …")
      ->check([](const std::string& word) {
        const bool plain = std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
        return plain ? std::string() : "'" + word + "' is no word of IPTC's list";
      });
  command->add_option("--title", o->title, "its title (default: the file's name)");
  command->add_option("--chain", o->chain, "sign with a certificate from elsewhere: its chain as PEM");
  command->add_option("--chain-key", o->key_file, "and its private key (P-256, PEM)");
  add_signing_options(*command, o->signing);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_mark(*o); })); }; });
}

}  // namespace ptah::cli
