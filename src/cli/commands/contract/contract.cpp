// ptah contract: smart contracts of words.
#include "apps/contract_writer/contract_build.h"
#include "apps/contract_writer/contract_deployment.h"
#include "base/file.h"
#include "cli/chain_options.h"
#include "cli/work_command.h"
#include "own/signed_receipt.h"
#include "pipelines/contract/contract_work.h"
#include "work/work_folder.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

struct ContractLine : WorkOptions {
  std::string file;
};

Result<void> run_contract_write(const ContractLine& o) {
  PTAH_TRY(Json given, o.fields->given());
  if (!o.file.empty()) {
    if (given.contains("text")) return fail(ErrorCode::invalid_argument, "give a text, or --from a file that holds it");
    PTAH_TRY(given["text"], input_text(o.file, kMaxContractWords));
  }
  PTAH_TRY(const ContractTask task, contract_schema().complete(given));
  PTAH_TRY(const ContractReading reading, read_contract_task(task, nearest_contract_kind({})));
  if (!reading.questions.empty()) {
    Json asked = Json::array();
    for (const ContractQuestion& question : reading.questions) {
      asked.push_back({{"about", question.about}, {"question", question.text}});
      if (!o.json) print_error("{}: {}\n", question.about, contract_schema().in_options(question.text));
    }
    if (o.json) print_json({{"understood", to_json(reading.spec)}, {"questions", asked}});
    return fail(ErrorCode::invalid_argument, "nothing was written; say more, or answer with --set NAME=VALUE");
  }
  ModelCache models;
  return make_work("contract", given, o, models);
}

struct CheckLine {
  std::string folder;
  int64_t runs = 256;
  bool json = false, quiet = false, quick = false;
  SigningOptions signing;
};

std::string tool_text(const std::optional<std::vector<std::string>>& findings, bool quick) {
  if (!findings) return quick ? "slither and halmos left out (--quick)" : "slither is not installed";
  return findings->empty() ? "slither: nothing" : fmt::format("slither: {} findings", findings->size());
}

Result<void> run_contract_check(const CheckLine& o) {
  if (o.runs < 1 || o.runs > 1000000) return fail(ErrorCode::invalid_argument, "--runs {}; 1 to 1000000 are possible", o.runs);
  PTAH_TRY(auto key, signing_key(o.signing));
  PTAH_TRY(ContractBuild built,
           build_contract(o.folder, {.fuzz_runs = o.runs, .analyse = !o.quick, .cancel = &interrupted(), .progress = make_progress(o.json, o.quiet)}));
  if (key) PTAH_TRY_VOID(sign_work(built.work, *key));
  const fs::path place = fs::path(o.folder) / "build";
  PTAH_TRY_VOID(write_work(built.work, place, IfTaken::replace));
  if (o.json) {
    print_json({{"folder", place.string()},
                {"good", built.good()},
                {"tests", built.passed},
                {"failures", built.failures},
                {"forbidden", built.forbidden},
                {"findings", built.findings ? Json(*built.findings) : Json(nullptr)},
                {"proofs", built.proofs ? Json(*built.proofs) : Json(nullptr)},
                {"code_bytes", built.code_bytes}});
  } else {
    for (const std::string& line : built.failures) print("{}\n", line);
    for (const std::string& line : built.forbidden) print("forbidden: {}\n", line);
    if (built.findings)
      for (const std::string& line : *built.findings) print("{}\n", line);
    if (!o.quiet) {
      print("{} tests passed, {} failed; {}; {}; {} bytes of code\n", built.passed, built.failures.size(), tool_text(built.findings, o.quick),
            built.proofs ? fmt::format("{} proofs by halmos", *built.proofs) : std::string("no proofs"), built.code_bytes);
      print("{}\n", place);
    }
  }
  if (!built.good()) return fail(ErrorCode::mismatch, "the contract did not pass its checks");
  return {};
}

struct DiffLine {
  std::string before, after;
  bool json = false;
};

Result<ContractSpec> specification_of(const std::string& place) {
  std::error_code problem;
  const fs::path file = fs::is_directory(place, problem) ? fs::path(place) / "specification.json" : fs::path(place);
  PTAH_TRY(const std::string text, read_text(file, size_t{1} << 16));
  PTAH_TRY(const Json json, parse_json(text, 8));
  return contract_spec(json);
}

Result<void> run_contract_diff(const DiffLine& o) {
  PTAH_TRY(const ContractSpec before, specification_of(o.before));
  PTAH_TRY(const ContractSpec after, specification_of(o.after));
  const auto changes = spec_changes(before, after);
  if (o.json) {
    print_json({{"changes", changes}});
    return {};
  }
  for (const std::string& change : changes) print("{}\n", change);
  if (changes.empty()) print("nothing changed\n");
  return {};
}

struct DeployLine : ChainOptions {
  std::string folder;
  std::vector<std::string> people;
};

/// "owner=me", "ann=0x…", "ben=KEY".
Result<std::map<std::string, Address>> people_of(const std::vector<std::string>& said, const Address& me) {
  std::map<std::string, Address> out;
  for (const std::string& one : said) {
    const size_t equals = one.find('=');
    if (equals == std::string::npos) return fail(ErrorCode::invalid_argument, "--set {}: say NAME=ADDRESS, NAME=KEY or NAME=me", one);
    const std::string name = one.substr(0, equals), who = one.substr(equals + 1);
    if (who == "me") {
      out[name] = me;
      continue;
    }
    if (who.starts_with("0x")) {
      PTAH_TRY(out[name], parse_address(who));
      continue;
    }
    bool found = false;
    for (const KeyInfo& key : known_keys())
      if (key.name == who) out[name] = key.address, found = true;
    if (!found) return fail(ErrorCode::not_found, "--set {}: '{}' is neither an address nor a key of this computer", one, who);
  }
  return out;
}

Result<void> run_contract_deploy(const DeployLine& o) {
  PTAH_TRY(const DeployableContract contract, deployable_contract(o.folder));
  PTAH_TRY(const auto signer, needed_signer(o));
  PTAH_TRY(const auto people, people_of(o.people, signer->address()));
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Account account, Account::open(rpc, *signer, o.chain));
  PTAH_TRY_VOID(fund_on_dev_chain(rpc, o, account.address()));
  if (!o.json) {
    print("{} on chain {}\n", contract.contract, account.chain_id());
    for (const auto& [name, id] : contract.sha256) print("  {}: {}\n", name, id);
  }
  if (!agreed(o.yes)) return {};
  SendOptions sending{.cancel = &interrupted()};
  if (!o.json) sending.before = show_cost;
  const auto made = [&](const std::string& name, const Address& place) {
    if (!o.json) print("  {} is {}\n", name, to_string(place));
    std::fflush(stdout);
  };
  PTAH_TRY(const DeployedContract deployed, deploy_contract(account, contract, people, sending, made));
  Json note{{"contract", contract.contract}, {"address", to_string(deployed.place)}, {"chain", account.chain_id()}, {"bytecode", contract.sha256}};
  for (const auto& [name, place] : deployed.others) note[name] = to_string(place);
  PTAH_TRY_VOID(write_file(fs::path(o.folder) / fmt::format("deployed-{}.json", account.chain_id()), std::string_view(note.dump(1) + "\n")));
  if (o.json) print_json(note);
  return {};
}

void print_contract_kinds(bool json) {
  for (const ContractKind& kind : contract_kinds()) {
    Json terms = Json::array();
    if (!json) print("{:14} {}\n", kind.name, kind.summary);
    for (const ContractTerm& term : kind.terms) {
      terms.push_back({{"name", term.name}, {"meaning", term.meaning}, {"needed", !term.question.empty()}, {"usual", term.usual}});
      if (!json)
        print("    {:14} {}{}\n", term.name, term.meaning,
              !term.question.empty() ? " (needed)"
              : term.usual.empty()   ? ""
                                     : fmt::format(" (usually {})", term.usual));
    }
    Json flags = Json::array();
    for (const ContractFlag& flag : kind.flags) {
      flags.push_back({{"name", flag.name}, {"meaning", flag.meaning}});
      if (!json) print("    {:14} yes or no: {}\n", flag.name, flag.meaning);
    }
    if (json) print_json({{"kind", kind.name}, {"summary", kind.summary}, {"terms", terms}, {"flags", flags}});
  }
}

template <class Line>
void on_call(CLI::App& command, const std::shared_ptr<Line>& line, Action& action, Result<void> (*run)(const Line&)) {
  command.callback([line, &action, run] { action = [line, run] { return finish(guard([&] { return run(*line); })); }; });
}

}  // namespace

void add_contract(CLI::App& app, Action& action) {
  CLI::App* contract = app.add_subcommand("contract", "smart contracts of words: write, check, compare, deploy");
  contract->require_subcommand(1);

  auto writing = std::make_shared<ContractLine>();
  CLI::App* write = contract->add_subcommand("write", contract_schema().summary());
  write->add_option("--from", writing->file, "instead of a text: a file that holds it (- for standard input)")->type_name("FILE");
  add_work_options(*write, contract_schema(), *writing);
  on_call(*write, writing, action, run_contract_write);

  auto checking = std::make_shared<CheckLine>();
  CLI::App* check = contract->add_subcommand("check", "Compile a written contract, run its tests and analyse it");
  check->add_option("folder", checking->folder, "a folder that ptah contract write made")->required()->type_name("FOLDER");
  check->add_option("--runs", checking->runs, "runs of each fuzz test")->capture_default_str();
  check->add_flag("--quick", checking->quick, "leave out slither and halmos");
  check->add_flag("--json", checking->json, "print JSON");
  check->add_flag("--quiet", checking->quiet, "print only what is wrong");
  add_signing_options(*check, checking->signing);
  on_call(*check, checking, action, run_contract_check);

  auto comparing = std::make_shared<DiffLine>();
  CLI::App* diff = contract->add_subcommand("diff", "Say what changed between two specifications");
  diff->add_option("before", comparing->before, "a written contract's folder, or a specification.json")->required();
  diff->add_option("after", comparing->after, "the same of the other one")->required();
  diff->add_flag("--json", comparing->json, "print JSON");
  on_call(*diff, comparing, action, run_contract_diff);

  auto deploying = std::make_shared<DeployLine>();
  CLI::App* deploy = contract->add_subcommand("deploy", "Put a checked contract on a chain");
  deploy->add_option("folder", deploying->folder, "a folder that ptah contract check passed")->required()->type_name("FOLDER");
  deploy->add_option("--set", deploying->people, "whose address an argument is: NAME=0x…, NAME=KEY or NAME=me")->type_name("NAME=WHO");
  add_chain_options(*deploy, *deploying, true);
  deploy->remove_option(deploy->get_option("--contract"));
  on_call(*deploy, deploying, action, run_contract_deploy);

  auto listing = std::make_shared<bool>(false);
  CLI::App* kinds = contract->add_subcommand("kinds", "List the kinds of contracts and their terms");
  kinds->add_flag("--json", *listing, "print JSON");
  kinds->callback([listing, &action] {
    action = [listing] {
      print_contract_kinds(*listing);
      return 0;
    };
  });
}

}  // namespace ptah::cli
