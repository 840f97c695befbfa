#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>

#include "cli/commands/commands.h"
#include "cli/input_file.h"
#include "cli/request_options.h"
#include "media/label.h"
#include "own/authenticity.h"
#include "own/facts_json.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

struct VerifyOptions {
  std::string file;
  std::vector<std::string> trusted;
  bool json = false;
};

std::string source_text(const ManifestCheck& check) {
  const std::string term = source_term(check.source_type);
  return (term.empty() ? in_quotes(check.source_type) : term) + (check.source_of_parent ? " (of its parent)" : "");
}

constexpr size_t kMaxLines = 50;  ///< of one kind; --json has all

/// Calls `show` for each, but not without end.
template <class T, class Show>
void each_of(const std::vector<T>& all, const Show& show) {
  for (size_t i = 0; i < std::min(all.size(), kMaxLines); ++i) show(all[i]);
  if (all.size() > kMaxLines) print("  … and {} more\n", all.size() - kMaxLines);
}

void show_credentials(const ManifestCheck& check) {
  if (!check.whole) {
    each_of(check.problems, [](const std::string& problem) { print("  content credentials do NOT hold: {}\n", problem); });
    return;
  }
  print("  content credentials whole, signed with the certificate of {} ({})\n", in_quotes(check.chain.signer),
        check.chain.trusted ? "on your trust list" : "an authority of its own");
  if (check.timestamp)
    print("  signed at {} by the clock of {} ({})\n", utc_text(check.timestamp->time), in_quotes(check.timestamp->authority),
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
  if (facts.marked_sound) print("its sound holds the watermark of Ptah's speech: a machine said it\n");
  each_of(facts.uncovered, [&](const std::string& name) { print("not covered by the {}: {}\n", facts.maker.maker ? "signature" : "receipt", name); });
  if (facts.maker.maker)
    print("signed by {}{}\n", to_string(*facts.maker.maker), facts.key.empty() ? "" : ", your key '" + facts.key + "'");
  else if (facts.maker.has_signature)
    print("the SIGNATURE does not hold: the receipt was changed, or somebody else signed it\n");
  else if (facts.of_ptah)
    print("the receipt is not signed\n");
}

Result<Verdict> run_verify(const VerifyOptions& o) {
  PTAH_TRY(Trust trust, read_trust(o.trusted));
  trust.keys = known_keys();
  PTAH_TRY(const Facts facts, look_at(o.file, trust));
  const auto [verdict, found] = verdict_of(facts);
  const std::string says = in_options(found, nullptr);
  if (o.json) {
    print_json(facts_json(facts, verdict, says, o.file));
  } else {
    show(facts);
    print("{}\n", says);
  }
  return verdict;
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand("verify", "check whether a work is unchanged, and who signed it");
  command->footer(
      "The last line is the verdict. Exit status: 0 trusted (whole, and signed by one of your keys or by whom --trust names), 11 valid (whole, but signed by a "
      "stranger or not signed), "
      "12 unknown (nothing there to check), 6 changed since it was signed or made; others are errors.");
  command->add_option("file", options->file, "a work's folder or receipt.json; a PNG, JPEG, WAV, Opus or GLB; anybody's")->required();
  command->add_option("--trust", options->trusted,
                      "whom you trust: a PEM file of an authority (ptah key certificate) or the address of a maker (0x…); can be repeated");
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
