#include <algorithm>
#include <ctime>

#include "cli/commands.h"
#include "create/work.h"
#include "own/content_credentials.h"
#include "own/signed_receipt.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

struct VerifyOptions {
  std::string file;
  std::vector<std::string> trusted;
};

/// Whose the receipt is. Returns false if a signature does not hold.
bool show_maker(const Json& receipt) {
  const MakerCheck check = check_maker(receipt);
  if (check.maker) {
    const std::string name = known_as(*check.maker);
    fmt::print("signed by {}{}\n", to_string(*check.maker), name.empty() ? "" : ", your key '" + name + "'");
  } else if (check.has_signature) {
    fmt::print("the SIGNATURE does not hold: the receipt was changed, or somebody else signed it\n");
    return false;
  } else {
    fmt::print("not signed\n");
  }
  return true;
}

/// What a file's content credentials say. Returns false if they do not hold.
bool show_credentials(const std::string& name, const ManifestCheck& check) {
  if (!check.whole) {
    for (const std::string& problem : check.problems) fmt::print("{}: content credentials do NOT hold: {}\n", name, problem);
    return false;
  }
  fmt::print("{}: content credentials whole; '{}' by {}, signed with the certificate of {} ({})\n", name, check.title, check.generator, check.chain.signer,
             check.chain.trusted ? "on your trust list" : "an authority of its own");
  if (check.timestamp) {
    const std::string text = time_text(static_cast<uint64_t>(std::max<int64_t>(0, check.timestamp->time)), "%Y-%m-%d %H:%M:%S UTC");
    fmt::print("  signed at {} by the clock of {} ({})\n", text, check.timestamp->authority,
               check.timestamp->trusted ? "on your trust list" : "not on your trust list");
  }
  for (const std::string& ingredient : check.ingredients) fmt::print("  from {}\n", ingredient);
  return true;
}

/// Whether a file's bytes are among the outputs of a receipt.
bool lists_output(const Json& receipt, const fs::path& file) {
  const auto bytes = read_file(file);
  const Json outputs = receipt.value("outputs", Json());
  return bytes && outputs.is_object() && std::any_of(outputs.begin(), outputs.end(), [&](const Json& id) { return has_id(*bytes, id); });
}

Result<bool> run_verify(const VerifyOptions& o) {
  std::vector<Bytes> anchors;
  for (const std::string& file : o.trusted) {
    PTAH_TRY(const auto certificates, read_certificates(file));
    anchors.insert(anchors.end(), certificates.begin(), certificates.end());
  }
  const auto work = verify_work(o.file);
  if (!work) {
    // A file that is no work of Ptah may have content credentials all the same.
    std::error_code problem;
    const auto check =
        fs::is_regular_file(o.file, problem) ? check_credentials(fs::path(o.file), anchors, std::time(nullptr)) : fail(work.error().code, "none");
    if (!check || !*check) return tl::unexpected(work.error());
    return show_credentials(fs::path(o.file).filename().string(), **check);
  }
  const Verification& verified = *work;
  for (const std::string& line : verified.lines) fmt::print("{}\n", line);
  bool good = verified.whole;
  Json receipt;
  if (auto read = read_receipt(o.file)) receipt = std::move(*read);
  const fs::path file = fs::is_directory(o.file) ? fs::path(o.file) / "receipt.json" : fs::path(o.file);
  std::vector<fs::path> files{file};
  if (file.extension() == ".json") {
    files.clear();
    const Json outputs = receipt.value("outputs", Json::object());
    for (const auto& [name, id] : outputs.items()) files.push_back(file.parent_path() / name);
  }
  for (const fs::path& one : files) {
    const auto check = check_credentials(one, anchors, std::time(nullptr));
    if (!check || !*check) continue;  // missing and broken files are said above
    good = show_credentials(one.filename().string(), **check) && good;
    // A single file carries its signed receipt in the manifest.
    if (file.extension() == ".json" || !(*check)->whole || !check_maker((*check)->receipt).has_signature) continue;
    if (lists_output((*check)->receipt, one)) {
      receipt = (*check)->receipt;
    } else {
      fmt::print("{}: the receipt in its content credentials is that of ANOTHER work\n", one.filename().string());
      good = false;
    }
  }
  return show_maker(receipt) && good;
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand("verify", "says what of a work is whole, what was changed, who signed it and what it was made of");
  command->add_option("file", options->file, "a work's folder, receipt.json, PNG or GLB")->required();
  command->add_option("--trust", options->trusted, "PEM files of authorities whose content credentials you trust (see ptah key certificate)");
  command->callback([options, &action] {
    action = [options] {
      const auto good = guard([&] { return run_verify(*options); });
      if (!good) return report(good.error());
      return *good ? 0 : error_info(ErrorCode::mismatch).exit_status;
    };
  });
}

}  // namespace ptah::cli
