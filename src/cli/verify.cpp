#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>

#include "cli/commands.h"
#include "cli/input_file.h"
#include "create/work.h"
#include "image/watermark.h"
#include "media/label.h"
#include "own/content_credentials.h"
#include "own/signed_receipt.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

/// What everything that was looked at comes to.
enum class Verdict { trusted, valid, unknown, changed };
struct VerdictInfo {
  const char* name;
  int exit_status;
};
VerdictInfo info_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::trusted:
      return {"trusted", 0};
    case Verdict::valid:
      return {"valid", 11};
    case Verdict::unknown:
      return {"unknown", 12};
    case Verdict::changed:
      break;
  }
  return {"changed", error_info(ErrorCode::mismatch).exit_status};
}

struct VerifyOptions {
  std::string file;
  std::vector<std::string> trusted;
  bool json = false;
};

struct Trust {
  std::vector<Bytes> anchors;
  std::vector<Address> makers;
};

struct CheckedFile {
  FileCheck file;
  std::optional<ManifestCheck> credentials;
};

struct Facts {
  std::vector<CheckedFile> files;
  std::vector<std::string> uncovered;
  bool of_ptah = false;  ///< there is a receipt, inside or beside
  Json receipt;
  MakerCheck maker;
  std::string key;  ///< the maker's name among the keys of this computer
  bool maker_trusted = false;
  bool of_another = false;        ///< the receipt in the credentials is that of another work
  std::string claims, watermark;  ///< of a file with nothing to check: the source its XMP names; the work's mark in its pixels
};

Result<Trust> read_trust(const std::vector<std::string>& given) {
  Trust out;
  for (const std::string& one : given) {
    if (one.starts_with("0x")) {
      PTAH_TRY(const Address maker, parse_address(one));
      out.makers.push_back(maker);
    } else {
      PTAH_TRY(const auto certificates, read_certificates(one));
      out.anchors.insert(out.anchors.end(), certificates.begin(), certificates.end());
    }
  }
  return out;
}

/// Whether a file's bytes are among the outputs of a receipt.
bool lists_output(const Json& receipt, const fs::path& file) {
  const auto bytes = read_file(file);
  const Json outputs = receipt.value("outputs", Json());
  return bytes && outputs.is_object() && std::any_of(outputs.begin(), outputs.end(), [&](const Json& id) { return has_id(*bytes, id); });
}

/// A single file: a picture or object of Ptah, or anybody's.
Result<void> look_at_file(const fs::path& file, const Trust& trust, Facts& out) {
  const auto work = verify_work(file);
  const auto credentials = check_credentials(file, trust.anchors, std::time(nullptr));
  if (!work && !credentials) return tl::unexpected(credentials.error());
  CheckedFile checked{{file.filename().string(), FileState::whole, ""}, {}};
  if (*credentials) checked.credentials = std::move(**credentials);
  if (work) {
    out.of_ptah = true;
    checked.file = work->files.front();
    if (auto inside = read_receipt(file)) out.receipt = std::move(*inside);
  } else if (!checked.credentials) {
    if (work.error().code == ErrorCode::corrupt) return tl::unexpected(work.error());
    PTAH_TRY(const Bytes bytes, read_file(file));
    out.claims = claimed_source_term({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    const auto picture = read_picture(file);
    if (!picture && picture.error().code == ErrorCode::corrupt) return tl::unexpected(picture.error());
    constexpr int64_t kMostPixels = int64_t{1} << 25;
    if (picture && int64_t{picture->width} * picture->height <= kMostPixels)
      if (const auto mark = find_watermark(*picture)) out.watermark = fmt::format("{:08x}", mark->id);
  }
  // The manifest holds the receipt as it was signed.
  if (const auto& held = checked.credentials; held && held->whole && check_maker(held->receipt).has_signature) {
    out.of_another = !lists_output(held->receipt, file);
    if (!out.of_another) out.receipt = held->receipt, out.of_ptah = true;
  }
  out.files.push_back(std::move(checked));
  return {};
}

Result<void> look_at_folder(const fs::path& path, const Trust& trust, Facts& out) {
  PTAH_TRY(Verification work, verify_work(path));
  PTAH_TRY(out.receipt, read_receipt(path));
  out.of_ptah = true;
  out.uncovered = std::move(work.uncovered);
  const fs::path folder = folder_of_work(path);
  for (FileCheck& check : work.files) {
    CheckedFile checked{std::move(check), {}};
    if (checked.file.state == FileState::whole) {
      PTAH_TRY(checked.credentials, check_credentials(folder / checked.file.name, trust.anchors, std::time(nullptr)));
    }
    out.files.push_back(std::move(checked));
  }
  return {};
}

Result<Facts> look_at(const fs::path& path, const Trust& trust) {
  Facts out;
  std::error_code problem;
  if (!fs::exists(path, problem)) return fail(ErrorCode::not_found, "{} does not exist", path.string());
  const bool folder = fs::is_directory(path, problem);
  if (!folder && !fs::is_regular_file(path, problem)) return fail(ErrorCode::invalid_argument, "{} is no regular file", path.string());
  PTAH_TRY_VOID(folder || path.extension() == ".json" ? look_at_folder(path, trust, out) : look_at_file(path, trust, out));
  out.maker = check_maker(out.receipt);
  if (out.maker.maker) {
    out.key = known_as(*out.maker.maker);
    out.maker_trusted = !out.key.empty() || std::find(trust.makers.begin(), trust.makers.end(), *out.maker.maker) != trust.makers.end();
  }
  return out;
}

/// What is wrong, a few words each.
std::vector<std::string> faults(const Facts& facts) {
  std::vector<std::string> out, changed;
  for (const CheckedFile& one : facts.files) {
    if (one.file.state == FileState::missing) out.push_back(one.file.name + " is missing");
    if (one.file.state == FileState::changed || (one.credentials && !one.credentials->whole)) changed.push_back(one.file.name);
  }
  const bool is_signed = facts.maker.maker || std::any_of(facts.files.begin(), facts.files.end(), [](const auto& one) { return one.credentials; });
  const char* since = is_signed ? "signed" : "made";
  if (changed.size() > 3) out.push_back(fmt::format("{} and {} more files changed since they were {}", changed[0], changed.size() - 1, since));
  if (changed.size() == 1) out.push_back(fmt::format("{} changed since it was {}", changed[0], since));
  if (changed.size() == 2 || changed.size() == 3) out.push_back(fmt::format("{} changed since they were {}", fmt::join(changed, ", "), since));
  if (facts.maker.has_signature && !facts.maker.maker) out.push_back("the receipt changed since it was signed, or somebody else signed it");
  if (facts.of_another) out.push_back("its content credentials are those of another work");
  return out;
}

/// Whether somebody whom the user trusts vouches for all of it with a certificate.
bool certified(const Facts& facts) {
  return std::any_of(facts.files.begin(), facts.files.end(), [&](const CheckedFile& one) {
    const bool good = one.credentials && one.credentials->whole && one.credentials->chain.trusted;
    return good && (facts.files.size() == 1 || one.credentials->receipt == facts.receipt);  // the receipt covers the other files
  });
}

std::pair<Verdict, std::string> verdict_of(const Facts& facts) {
  if (const auto wrong = faults(facts); !wrong.empty()) return {Verdict::changed, fmt::format("NOT AUTHENTIC: {}", fmt::join(wrong, "; "))};
  const auto credentials = std::find_if(facts.files.begin(), facts.files.end(), [](const CheckedFile& one) { return one.credentials.has_value(); });
  const std::string more = facts.uncovered.empty() ? "" : fmt::format("; {} beside it not covered", facts.uncovered.size());
  if (facts.maker_trusted)
    return {Verdict::trusted, fmt::format("AUTHENTIC: whole, signed by {}{}", to_string(*facts.maker.maker),
                                          facts.key.empty() ? ", whom you trust" : ", your key '" + facts.key + "'") +
                                  more};
  if (certified(facts)) return {Verdict::trusted, "AUTHENTIC: whole, certified by an authority on your trust list" + more};
  if (facts.maker.maker)
    return {Verdict::valid, fmt::format("VALID, NOT TRUSTED: whole, signed by {}, which is none of your keys", to_string(*facts.maker.maker)) + more};
  if (credentials != facts.files.end())
    return {Verdict::valid, "VALID, NOT TRUSTED: whole, signed with a certificate of an authority that is not on your trust list (--trust)" + more};
  if (facts.of_ptah) return {Verdict::valid, "VALID, NOT SIGNED: whole as its receipt has it, but anybody could have written that receipt" + more};
  return {Verdict::unknown, "UNKNOWN: no content credentials and no receipt of Ptah, so nothing says where it comes from or whether it was changed"};
}

std::string source_text(const ManifestCheck& check) {
  const std::string term = source_term(check.source_type);
  return (term.empty() ? in_quotes(check.source_type) : term) + (check.source_of_parent ? " (of its parent)" : "");
}

std::string time_of(const TimestampCheck& stamp) { return time_text(static_cast<uint64_t>(std::max<int64_t>(0, stamp.time)), "%Y-%m-%d %H:%M:%S UTC"); }

constexpr size_t kMostLines = 50;  ///< of one kind; --json has all

/// Calls `show` for each, but not without end.
template <class T, class Show>
void each_of(const std::vector<T>& all, const Show& show) {
  for (size_t i = 0; i < std::min(all.size(), kMostLines); ++i) show(all[i]);
  if (all.size() > kMostLines) print("  … and {} more\n", all.size() - kMostLines);
}

void show_credentials(const ManifestCheck& check) {
  if (!check.whole) {
    each_of(check.problems, [](const std::string& problem) { print("  content credentials do NOT hold: {}\n", problem); });
    return;
  }
  print("  content credentials whole, signed with the certificate of {} ({})\n", in_quotes(check.chain.signer),
        check.chain.trusted ? "on your trust list" : "an authority of its own");
  if (check.timestamp)
    print("  signed at {} by the clock of {} ({})\n", time_of(*check.timestamp), in_quotes(check.timestamp->authority),
          check.timestamp->trusted ? "on your trust list" : "not on your trust list");
  print("  title: {}\n  made with: {}\n", in_quotes(check.title), in_quotes(check.generator));
  if (!check.source_type.empty()) print("  digital source: {}\n", source_text(check));
  each_of(check.ingredients, [](const NamedIngredient& one) {
    const bool known = one.is_parent() || one.relation == "componentOf" || one.relation == "inputTo";
    print("  {}: {}{}\n",
          one.is_parent() ? "parent"
          : known         ? one.relation
                          : in_quotes(one.relation, 40),
          in_quotes(one.title), one.description.empty() ? "" : ", " + in_quotes(one.description));
  });
}

void show(const Facts& facts) {
  for (const CheckedFile& one : facts.files) {
    if (facts.of_ptah || one.credentials) print("{}\n", line_of(one.file));
    if (one.credentials) show_credentials(*one.credentials);
  }
  if (!facts.claims.empty()) print("its metadata names the digital source {}, which nobody signed\n", facts.claims);
  if (!facts.watermark.empty())
    print("its pixels hold Ptah's watermark {}; ptah watermark --works FOLDER looks for the work it is a copy of\n", facts.watermark);
  each_of(facts.uncovered, [&](const std::string& name) { print("not covered by the {}: {}\n", facts.maker.maker ? "signature" : "receipt", name); });
  if (facts.maker.maker)
    print("signed by {}{}\n", to_string(*facts.maker.maker), facts.key.empty() ? "" : ", your key '" + facts.key + "'");
  else if (facts.maker.has_signature)
    print("the SIGNATURE does not hold: the receipt was changed, or somebody else signed it\n");
  else if (facts.of_ptah)
    print("the receipt is not signed\n");
}

Json json_of(const ManifestCheck& check) {
  Json ingredients = Json::array();
  for (const NamedIngredient& one : check.ingredients)
    ingredients.push_back({{"title", one.title}, {"relation", one.relation}, {"description", one.description}});
  Json out{{"whole", check.whole},
           {"problems", check.problems},
           {"title", check.title},
           {"generator", check.generator},
           {"digital_source", check.source_type},
           {"digital_source_of_parent", check.source_of_parent},
           {"ingredients", ingredients},
           {"certificate", {{"name", check.chain.signer}, {"authority", check.chain.authority}, {"trusted", check.chain.trusted}}}};
  if (check.timestamp)
    out["timestamp"] = {{"time", time_of(*check.timestamp)}, {"authority", check.timestamp->authority}, {"trusted", check.timestamp->trusted}};
  return out;
}

Json json_of(const Facts& facts, Verdict verdict, const std::string& says, const std::string& file) {
  Json files = Json::array();
  for (const CheckedFile& one : facts.files) {
    const char* state = one.file.state == FileState::missing                                                   ? "missing"
                        : one.file.state == FileState::changed || (one.credentials && !one.credentials->whole) ? "changed"
                        : facts.of_ptah || one.credentials                                                     ? "whole"
                                                                                                               : "unknown";
    Json entry{{"name", one.file.name}, {"state", state}, {"note", one.file.note}};
    if (one.credentials) entry["credentials"] = json_of(*one.credentials);
    files.push_back(std::move(entry));
  }
  Json out{{"file", file},
           {"verdict", info_of(verdict).name},
           {"exit_status", info_of(verdict).exit_status},
           {"says", says},
           {"files", files},
           {"not_covered", facts.uncovered},
           {"signature", nullptr}};
  if (facts.maker.has_signature) out["signature"] = {{"holds", facts.maker.maker.has_value()}, {"trusted", facts.maker_trusted}};
  if (facts.maker.maker) out["signature"]["maker"] = to_string(*facts.maker.maker);
  if (!facts.key.empty()) out["signature"]["key"] = facts.key;
  if (!facts.claims.empty()) out["unsigned_digital_source"] = facts.claims;
  if (!facts.watermark.empty()) out["watermark"] = facts.watermark;
  return out;
}

Result<Verdict> run_verify(const VerifyOptions& o) {
  PTAH_TRY(const Trust trust, read_trust(o.trusted));
  PTAH_TRY(const Facts facts, look_at(o.file, trust));
  const auto [verdict, says] = verdict_of(facts);
  if (o.json) {
    print_json(json_of(facts, verdict, says, o.file));
  } else {
    show(facts);
    print("{}\n", says);
  }
  return verdict;
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command =
      app.add_subcommand("verify", "says what of a work is whole, what was changed, who signed it and what it was made of; the last line is the verdict");
  command->footer(
      "Exit status: 0 trusted (whole, and signed by one of your keys or by whom --trust names), 11 valid (whole, but signed by a stranger or not signed), "
      "12 unknown (nothing there to check), 6 changed since it was signed or made; others are errors.");
  command->add_option("file", options->file, "a work's folder or receipt.json; a PNG, JPEG, WAV or GLB; anybody's")->required();
  command->add_option("--trust", options->trusted,
                      "whom you trust: PEM files of authorities whose content credentials you trust (see ptah key certificate), addresses of makers (0x…)");
  command->add_flag("--json", options->json, "print one JSON object with the verdict and all that was found");
  command->callback([options, &action] {
    action = [options] {
      const auto verdict = guard([&]() -> decltype(run_verify(*options)) {
        PTAH_TRY(const auto input, InputFile::open(options->file));
        options->file = input->path().string();
        return run_verify(*options);
      });
      return verdict ? info_of(*verdict).exit_status : report(verdict.error());
    };
  });
}

}  // namespace ptah::cli
