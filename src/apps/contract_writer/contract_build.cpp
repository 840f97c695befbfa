#include "apps/contract_writer/contract_build.h"

#include <unistd.h>

#include <algorithm>
#include <regex>

#include "apps/contract_writer/bytecode.h"
#include "base/process.h"
#include "base/sha256.h"
#include "base/text.h"
#include "chain/encoding.h"
#include "contract/specification.h"
#include "work/verification.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kForge = "1.7.1";
constexpr const char* kSolc = "0.8.37";
constexpr const char* kOpenZeppelin = "5.6.1";
constexpr int64_t kMaxCodeBytes = 24576;
constexpr size_t kMaxArtifact = size_t{32} << 20;

/// The compiler from npm (WebAssembly) as forge calls a native one.
constexpr const char* kCompiler = R"(#!/usr/bin/env node
const { readFileSync, writeSync } = require("node:fs");
const solc = require("../node_modules/solc/index.js");
function print(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (problem) {
      if (problem.code !== "EAGAIN") throw problem;
    }
  }
}
if (process.argv.includes("--version")) print(`solc, the solidity compiler commandline interface\nVersion: ${solc.version().replace("Emscripten.clang", "Linux.g++")}\n`);
else if (process.argv.includes("--standard-json")) print(solc.compile(readFileSync(0, "utf8")));
else process.exit(1);
)";

struct BuildTools {
  fs::path folder, forge, compiler;
};

Result<BuildTools> build_tools(const CancelToken* cancel) {
  if (user_cache_folder().empty()) return fail(ErrorCode::not_found, "no home folder to keep the compiler in; set PTAH_CACHE to a folder");
#if defined(__aarch64__)
  const std::string package = "@foundry-rs/forge-linux-arm64";
#else
  const std::string package = "@foundry-rs/forge-linux-amd64";
#endif
  BuildTools out;
  out.folder = fs::absolute(user_cache_folder()) / "contracts";
  out.forge = out.folder / "node_modules" / package / "bin" / "forge";
  out.compiler = out.folder / "tools" / "solc";
  const fs::path openzeppelin = out.folder / "node_modules" / "@openzeppelin" / "contracts" / "package.json",
                 solc = out.folder / "node_modules" / "solc" / "index.js";
  const auto there = [&] { return ::access(out.forge.c_str(), X_OK) == 0 && ::access(openzeppelin.c_str(), R_OK) == 0 && ::access(solc.c_str(), R_OK) == 0; };
  if (!there()) {
    PTAH_TRY_VOID(make_folders(out.folder));
    const auto got = run_program({"npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", out.folder.string(),
                                  package + "@" + kForge, std::string("solc@") + kSolc, std::string("@openzeppelin/contracts@") + kOpenZeppelin},
                                 cancel);
    if (!got && got.error().code == ErrorCode::not_found)
      return fail(ErrorCode::not_found, "checking a contract needs npm and node to get a compiler with (apt install npm)");
    if (!got) return tl::unexpected(got.error());
    if (got->exit_status != 0 || !there()) return fail(ErrorCode::io, "npm does not bring forge, solc and OpenZeppelin's contracts: {}", got->output);
  }
  PTAH_TRY_VOID(make_folders(out.compiler.parent_path()));
  const auto old = read_text(out.compiler, 1 << 16);
  if (!old || *old != kCompiler) {
    const std::string_view text = kCompiler;
    PTAH_TRY_VOID(write_file(out.compiler, {as_bytes(text)}, 0755));
    std::error_code problem;
    fs::permissions(out.compiler, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec,
                    problem);
  }
  return out;
}

/// A folder that goes away with the object.
class ProjectFolder {
 public:
  static Result<ProjectFolder> create() {
    std::string pattern = (fs::temp_directory_path() / "ptah-contract-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) return fail_errno("no temporary folder");
    return ProjectFolder(pattern);
  }
  ProjectFolder(ProjectFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ProjectFolder& operator=(ProjectFolder&&) = delete;
  ~ProjectFolder() {
    std::error_code problem;
    if (!path_.empty()) fs::remove_all(path_, problem);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit ProjectFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

std::string project_settings(const BuildTools& tools, const ContractBuildOptions& o, const char* tests = "src") {
  return fmt::format(
      "[profile.default]\nsrc = \"src\"\ntest = \"{}\"\nout = \"out\"\ncache_path = \"cache\"\nlibs = [\"node_modules\"]\n"
      "remappings = [\"@openzeppelin/=node_modules/@openzeppelin/\"]\nsolc = \"{}\"\noffline = true\noptimizer = true\noptimizer_runs = 200\n"
      "evm_version = \"cancun\"\nbytecode_hash = \"none\"\ncbor_metadata = false\n"
      "[fuzz]\nruns = {}\nseed = \"0x70746168\"\n[invariant]\nruns = {}\ndepth = {}\nfail_on_revert = false\n[lint]\nlint_on_build = false\n",
      tests, tools.compiler.string(), o.fuzz_runs, o.invariant_runs, o.invariant_depth);
}

/// Runs a program of others in a project, with forge in its PATH.
Result<ProcessOutcome> run_in(const fs::path& project, const BuildTools& tools, std::vector<std::string> command, const CancelToken* cancel) {
  std::string path = tools.forge.parent_path().string();
  for (const fs::path& folder : program_folders()) path += ":" + folder.string();
  std::vector<std::string> all{"env", "-C", project.string(), "PATH=" + path, "HOME=" + project.string(), "NO_COLOR=1", "FOUNDRY_DISABLE_NIGHTLY_WARNING=1"};
  all.insert(all.end(), command.begin(), command.end());
  return run_program(all, cancel);
}

std::vector<std::string> lines_with(const std::string& text, std::string_view part) {
  std::vector<std::string> out;
  for (const std::string& line : lines_of(text))
    if (line.find(part) != std::string::npos && out.size() < 20) out.emplace_back(trimmed(line));
  return out;
}

/// What forge printed: how many passed, the gas of each, and which failed.
void read_tests(const std::string& output, ContractBuild& out) {
  static const std::regex kPassed(R"(\[PASS\] (\w+)\([^)]*\) \((?:gas: (\d+)|runs: (\d+)))");
  for (std::sregex_iterator at(output.begin(), output.end(), kPassed), end; at != end; ++at) {
    ++out.passed;
    if ((*at)[2].matched) out.gas[(*at)[1].str()] = std::stoll((*at)[2].str());
  }
  for (const std::string& line : lines_with(output, "[FAIL"))
    if (std::find(out.failures.begin(), out.failures.end(), line) == out.failures.end()) out.failures.push_back(line);
}

Result<void> link_libraries(const fs::path& project, const BuildTools& tools) {
  std::error_code problem;
  fs::create_directory_symlink(tools.folder / "node_modules", project / "node_modules", problem);
  if (problem) return fail(ErrorCode::io, "{}: {}", project.string(), problem.message());
  return {};
}

Result<void> analyse(const fs::path& project, const BuildTools& tools, const ContractBuildOptions& o, ContractBuild& out) {
  if (const auto slither = find_program("slither")) {
    if (o.progress) o.progress({"slither", 0.7, -1});
    // A project of the contract alone: slither has forge leave out the folder of the tests.
    const fs::path alone = project / "alone", report = project / "slither.json";
    PTAH_TRY_VOID(make_folders(alone / "src"));
    PTAH_TRY(const Bytes source, read_file(project / "src" / (out.contract + ".sol"), kMaxArtifact));
    PTAH_TRY_VOID(write_file(alone / "src" / (out.contract + ".sol"), std::span<const uint8_t>(source)));
    PTAH_TRY_VOID(write_file(alone / "foundry.toml", std::string_view(project_settings(tools, o, "test"))));
    PTAH_TRY_VOID(link_libraries(alone, tools));
    PTAH_TRY(const ProcessOutcome ran, run_in(alone, tools,
                                              {slither->string(), ".", "--json", report.string(), "--filter-paths", "node_modules", "--exclude-informational",
                                               "--exclude-optimization", "--exclude-low"},
                                              o.cancel));
    PTAH_TRY(const std::string text, read_text(report, kMaxArtifact));
    PTAH_TRY(const Json json, parse_json(text, 128));
    if (json.value("success", Json()) != Json(true)) return fail(ErrorCode::io, "slither: {}", ran.output);
    out.findings.emplace();
    for (const Json& one : json.value("results", Json::object()).value("detectors", Json::array())) {
      const std::string impact = text_at(one, "impact");
      if (impact == "High" || impact == "Medium")
        out.findings->push_back(fmt::format("{} ({}): {}", text_at(one, "check"), impact, std::string(trimmed(beginning(text_at(one, "description"), 400)))));
    }
  }
  PTAH_TRY(const std::string tests, read_text(project / "src" / (out.contract + ".t.sol"), kMaxArtifact));
  const auto halmos = find_program("halmos");
  if (halmos && tests.find("function check_") != std::string::npos) {
    if (o.progress) o.progress({"halmos", 0.85, -1});
    PTAH_TRY(const ProcessOutcome ran,
             run_in(project, tools, {halmos->string(), "--contract", out.contract + "Test", "--solver-timeout-assertion", "60000", "--loop", "4"}, o.cancel));
    out.proofs = static_cast<int64_t>(lines_with(ran.output, "[PASS]").size());
    for (const std::string& line : lines_with(ran.output, "[FAIL]")) out.failures.push_back("halmos: " + line);
  }
  return {};
}

/// The contracts of the source, as the compiler left them.
Result<Json> artifacts_of(const fs::path& project, ContractBuild& out) {
  Json all = Json::array();
  std::error_code problem;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(project / "out" / (out.contract + ".sol"), problem)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    PTAH_TRY(const std::string text, read_text(file, kMaxArtifact));
    PTAH_TRY(const Json json, parse_json(text, 256));
    const std::string creation = text_at(json.value("bytecode", Json()), "object"), runtime = text_at(json.value("deployedBytecode", Json()), "object");
    if (creation.size() <= 2) continue;  // an interface
    PTAH_TRY(const Bytes code, parse_hex(runtime));
    PTAH_TRY(const Bytes made, parse_hex(creation));
    const std::string name = file.stem().string();
    out.code_bytes = std::max(out.code_bytes, static_cast<int64_t>(code.size()));
    for (const std::string& one : forbidden_instructions(code)) out.forbidden.push_back(name + ": " + one);
    all.push_back(
        {{"contract", name}, {"compiler", fmt::format("solc {}", kSolc)}, {"abi", json.at("abi")}, {"bytecode", creation}, {"sha256", file_id(made)}});
  }
  if (all.empty()) return fail(ErrorCode::io, "the compiler made nothing of {}.sol", out.contract);
  return all;
}

void put(Work& work, const std::string& name, const std::string& text) { work.files[name] = Bytes(text.begin(), text.end()); }

}  // namespace

Result<void> must_be_whole(const fs::path& folder) {
  PTAH_TRY(const Verification checked, verify_work(folder));
  for (const FileCheck& file : checked.files)
    if (file.state != FileState::whole) return fail(ErrorCode::mismatch, "{}: {}", folder.string(), line_of(file));
  return checked.whole ? Result<void>() : fail(ErrorCode::mismatch, "{}: not the files of its receipt", folder.string());
}

Result<ContractBuild> build_contract(const fs::path& folder, const ContractBuildOptions& o) {
  PTAH_TRY(const Json receipt, read_receipt(folder / "receipt.json"));
  const std::string contract = text_at(receipt, "contract");
  PTAH_TRY_VOID(must_be_whole(folder));
  ContractBuild out;
  out.contract = contract;
  if (contract.empty() || contract != solidity_identifier(contract, true, ""))
    return fail(ErrorCode::not_found, "{} is no contract that ptah contract write made", folder.string());
  PTAH_TRY(const BuildTools tools, build_tools(o.cancel));
  PTAH_TRY(const ProjectFolder project, ProjectFolder::create());
  PTAH_TRY_VOID(make_folders(project.path() / "src"));
  Json sources = Json::object();
  for (const std::string& name : {contract + ".sol", contract + ".t.sol", std::string("Base.sol")}) {
    PTAH_TRY(const Bytes bytes, read_file(folder / name, kMaxArtifact));
    sources[name] = file_id(bytes);
    PTAH_TRY_VOID(write_file(project.path() / "src" / name, std::span<const uint8_t>(bytes)));
  }
  PTAH_TRY_VOID(write_file(project.path() / "foundry.toml", std::string_view(project_settings(tools, o))));
  PTAH_TRY_VOID(link_libraries(project.path(), tools));
  if (o.progress) o.progress({"build", 0.1, -1});
  PTAH_TRY(const ProcessOutcome built, run_in(project.path(), tools, {tools.forge.string(), "build"}, o.cancel));
  if (built.exit_status != 0) return fail(ErrorCode::io, "the compiler says: {}", built.output);
  PTAH_TRY(const Json artifacts, artifacts_of(project.path(), out));
  if (out.code_bytes > kMaxCodeBytes) out.failures.push_back(fmt::format("the code has {} bytes; a chain takes {}", out.code_bytes, kMaxCodeBytes));
  if (o.progress) o.progress({"test", 0.4, -1});
  PTAH_TRY(const ProcessOutcome tested, run_in(project.path(), tools, {tools.forge.string(), "test"}, o.cancel));
  read_tests(tested.output, out);
  if (tested.exit_status != 0 && out.failures.empty()) out.failures.push_back(beginning(tested.output, 2000));
  if (o.analyse) PTAH_TRY_VOID(analyse(project.path(), tools, o, out));
  Json checks{{"tests", out.passed}, {"failures", out.failures}, {"forbidden_instructions", out.forbidden}, {"gas", out.gas}, {"code_bytes", out.code_bytes}};
  checks["slither"] = out.findings ? Json(*out.findings) : Json(nullptr);
  checks["halmos"] = out.proofs ? Json(*out.proofs) : Json(nullptr);
  put(out.work, "artifacts.json", artifacts.dump() + "\n");
  put(out.work, "checks.json", checks.dump(1) + "\n");
  Json core = begun_receipt(kContractBuildKind, {{"contract", contract}, {"fuzz_runs", o.fuzz_runs}});
  core["sources"] = sources;
  core["tools"] = {{"solc", kSolc}, {"openzeppelin", kOpenZeppelin}, {"forge", kForge}, {"optimizer_runs", 200}, {"evm", "cancun"}};
  core["good"] = out.good();
  for (const Json& one : artifacts) core["bytecode"][one.at("contract").get<std::string>()] = one.at("sha256");
  PTAH_TRY_VOID(seal(out.work, core));
  if (o.progress) o.progress({"done", 1, 0});
  return out;
}

}  // namespace ptah
