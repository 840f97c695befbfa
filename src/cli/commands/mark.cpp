#include <fmt/ranges.h>

#include <ctime>

#include "base/input.h"
#include "cli/commands/commands.h"
#include "pixels/watermark.h"
#include "media/label.h"
#include "media/manifest_store.h"
#include "own/content_credentials.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

struct MarkOptions {
  std::string file, out, source, title, chain, key_file, timestamp = environment("PTAH_TIMESTAMP");
  bool json = false, quiet = false;
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
  PTAH_TRY_VOID(must_be_new(o.out));
  PTAH_TRY(const Bytes bytes, read_input(o.file, size_t{1} << 31, &interrupted()));
  if (!holds_manifests(bytes)) return fail(ErrorCode::unsupported, "{}: content credentials can be put into PNG, JPEG and WAV files", o.file);
  PTAH_TRY(const auto before, find_manifest(bytes));
  ManifestRequest request;
  request.title = o.title.empty() ? fs::path(o.file).filename().string() : o.title;
  if (before) {
    const ManifestCheck check = check_manifest(bytes, before->store, before->start, before->length, {}, std::time(nullptr));
    if (!check.whole)
      return fail(ErrorCode::mismatch, "{}: the content credentials it has do not hold ({}); nothing is built on them", o.file, check.problems.front());
    request.action = "c2pa.opened";
    request.ingredients.push_back({check.title.empty() ? fs::path(o.file).filename().string() : check.title, "", "",
                                   bytes[0] == 'R' || bytes[0] == 'B' ? "audio/wav"
                                   : bytes[0] == 0xFF                 ? "image/jpeg"
                                                                      : "image/png",
                                   before->store, true});
  } else if (o.source.empty()) {
    return fail(ErrorCode::invalid_argument, "{} has no credentials yet: --source says how it came about, as a digital source type of IPTC: {}", o.file,
                fmt::join(kSourceTerms, ", "));
  }
  if (!o.source.empty()) request.source_type = std::string(kSourceTypes) + o.source;
  PTAH_TRY(auto signer, content_signer(o));
  if (!o.timestamp.empty()) signer = std::make_unique<TimestampedSigner>(std::move(signer), o.timestamp);
  PTAH_TRY(const Bytes marked, sign_content(bytes, request, *signer));
  PTAH_TRY_VOID(write_new_file(o.out, std::span<const uint8_t>(marked)));
  say_made({{}, {o.out}, {{"title", request.title}}}, o.json, o.quiet);
  return {};
}

struct WatermarkOptions {
  std::string file, works;
  bool json = false;
};

/// Works below a folder whose receipt names this watermark.
Result<std::vector<std::string>> works_with(const fs::path& folder, const std::string& id) {
  std::vector<std::string> out;
  std::error_code problem;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::skip_permission_denied, problem);
  if (problem) return fail(ErrorCode::not_found, "{}: {}", folder.string(), problem.message());
  for (auto at = fs::begin(entries); at != fs::end(entries); at.increment(problem)) {
    if (problem) return fail(ErrorCode::io, "{}: {}", folder.string(), problem.message());
    if (at->path().filename() != "receipt.json") continue;
    const auto receipt = read_receipt(at->path());
    if (receipt && text_at(*receipt, "watermark") == id) out.push_back(at->path().parent_path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<bool> run_watermark(const WatermarkOptions& o) {
  PTAH_TRY(const Image picture, input_image(o.file));
  const auto found = find_watermark(picture);
  const std::string id = found ? fmt::format("{:08x}", found->id) : "";
  std::vector<std::string> works;
  if (found && !o.works.empty()) {
    PTAH_TRY(works, works_with(o.works, id));
  }
  if (o.json) {
    print_json(found ? Json{{"watermark", id}, {"strength", found->strength}, {"scale", found->scale}, {"works", works}} : Json{{"watermark", nullptr}});
  } else if (!found) {
    print("{}: no watermark of Ptah found\n", o.file);
  } else {
    print("{}: watermark {} of Ptah{}, strength {:.1f}\n", o.file, id, found->scale == 1 ? "" : fmt::format(", at {:.2f} of its size", found->scale),
          found->strength);
    for (const std::string& work : works) print("  of {}\n", work);
    if (!o.works.empty() && works.empty()) print("  of no work below {}\n", o.works);
  }
  return found.has_value();
}

}  // namespace

void add_watermark(CLI::App& app, Action& action) {
  auto o = std::make_shared<WatermarkOptions>();
  CLI::App* command = app.add_subcommand("watermark", "look for the invisible watermark of --watermark in a picture");
  command->add_option("file", o->file, "PNG, JPEG or WebP")->required();
  command->add_option("--works", o->works, "folder in which to look for the work that the picture is a copy of");
  command->add_flag("--json", o->json, "print a JSON line");
  command->callback([o, &action] {
    action = [o] {
      const auto found = guard([&] { return run_watermark(*o); });
      if (!found) return report(found.error());
      return *found ? 0 : error_info(ErrorCode::not_found).exit_status;
    };
  });
}

void add_mark(CLI::App& app, Action& action) {
  auto o = std::make_shared<MarkOptions>();
  CLI::App* command = app.add_subcommand("mark", "put signed content credentials (C2PA) into a PNG, JPEG or WAV of yours");
  command->add_option("file", o->file, "the file")->required();
  command->add_option("out", o->out, "the file to write; never overwrites")->required();
  command->add_option("--timestamp", o->timestamp, "URL of a time-stamp authority (RFC 3161; also PTAH_TIMESTAMP, which also stamps works)");
  command
      ->add_option("--source", o->source,
                   "how it came about, as an IPTC digital source type: digitalCapture, digitalCreation, humanEdits, trainedAlgorithmicMedia …")
      ->check([](const std::string& term) {
        const bool known = std::find(kSourceTerms.begin(), kSourceTerms.end(), term) != kSourceTerms.end();
        return known ? std::string() : fmt::format("'{}' is no digital source type of IPTC; possible: {}", printable(term, 100), fmt::join(kSourceTerms, ", "));
      });
  command->add_flag("--json", o->json, "print a JSON line");
  command->add_flag("--quiet", o->quiet, "print nothing but errors");
  command->add_option("--title", o->title, "its title (default: the file's name)");
  command->add_option("--chain", o->chain, "sign with another certificate: its chain as PEM");
  command->add_option("--chain-key", o->key_file, "and its private key (P-256, PEM)");
  add_signing_options(*command, o->signing);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_mark(*o); })); }; });
}

}  // namespace ptah::cli
