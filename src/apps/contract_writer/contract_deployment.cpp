#include "apps/contract_writer/contract_deployment.h"

#include <algorithm>

#include "apps/contract_writer/contract_build.h"
#include "base/sha256.h"
#include "base/text.h"
#include "chain/abi.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxArtifacts = size_t{32} << 20;

}  // namespace

Result<DeployableContract> deployable_contract(const fs::path& folder) {
  PTAH_TRY(const Json written, read_receipt(folder / "receipt.json"));
  PTAH_TRY_VOID(must_be_whole(folder));
  const fs::path place = folder / "build";
  std::error_code problem;
  if (!fs::exists(place / "receipt.json", problem))
    return fail(ErrorCode::not_found, "{} was not built and checked yet; ptah contract check {} does it", folder.string(), folder.string());
  PTAH_TRY(const Json build, read_receipt(place / "receipt.json"));
  PTAH_TRY_VOID(must_be_whole(place));
  if (text_at(build, "kind") != kContractBuildKind) return fail(ErrorCode::mismatch, "{} is no build of a contract", place.string());
  const Json outputs = written.value("outputs", Json::object()), sources = build.value("sources", Json::object());
  for (const auto& [name, id] : sources.items())
    if (outputs.value(name, Json()) != id)
      return fail(ErrorCode::mismatch, "the build is of another {}; ptah contract check {} builds this one", name, folder.string());
  if (sources.empty() || build.value("good", Json()) != Json(true))
    return fail(ErrorCode::mismatch, "the contract did not pass its checks: see {}", (place / "checks.json").string());
  DeployableContract out;
  PTAH_TRY(out.spec, contract_spec(written.value("specification", Json())));
  out.contract = text_at(written, "contract");
  out.arguments = deployment_arguments(out.spec);
  PTAH_TRY(const std::string text, read_text(place / "artifacts.json", kMaxArtifacts));
  PTAH_TRY(const Json artifacts, parse_json(text, 64));
  for (const Json& one : artifacts) {
    const std::string name = text_at(one, "contract");
    PTAH_TRY(Artifact artifact, parse_artifact(name, one));
    const std::string id = file_id(artifact.code);
    if (build.value("bytecode", Json::object()).value(name, Json()) != Json(id))
      return fail(ErrorCode::mismatch, "the code of {} is not that of the receipt", name);
    out.sha256[name] = id;
    out.built.emplace(name, std::move(artifact));
  }
  if (!out.built.contains(out.contract)) return fail(ErrorCode::mismatch, "{} holds no {}", (place / "artifacts.json").string(), out.contract);
  return out;
}

Result<DeployedContract> deploy_contract(const Account& account, const DeployableContract& c, const std::map<std::string, Address>& people,
                                         const SendOptions& options, const std::function<void(const std::string&, const Address&)>& made) {
  for (const auto& person : people)
    if (const std::string& id = person.first; std::none_of(c.arguments.begin(), c.arguments.end(), [&](const ContractParty& p) { return p.id == id; })) {
      std::vector<std::string> known;
      for (const ContractParty& p : c.arguments) known.push_back(p.id);
      return unknown_name("argument of the contract", id, known);
    }
  Json arguments = Json::array();
  for (const ContractParty& p : c.arguments) {
    const auto given = people.find(p.id);
    if (given == people.end() && p.address.empty()) return fail(ErrorCode::invalid_argument, "whose address is `{}`? {} (`set` {}=0x…)", p.id, p.meaning, p.id);
    arguments.push_back(given == people.end() ? p.address : to_string(given->second));
  }
  DeployedContract out;
  const auto create = [&](const std::string& name, const Json& with) -> Result<Address> {
    PTAH_TRY(const Address place, deploy(account, c.built.at(name), with, options));
    if (made) made(name, place);
    return place;
  };
  if (c.spec.kind != "governor") {
    PTAH_TRY(out.place, create(c.contract, arguments));
    return out;
  }
  Json token = arguments[0];
  if (c.spec.has("supply")) {
    PTAH_TRY(const Address place, create(c.contract + "Token", arguments));
    out.others["token"] = place;
    token = to_string(place);
  }
  PTAH_TRY(const Address timelock, create(c.contract + "Timelock", Json::array({to_string(account.address())})));
  out.others["timelock"] = timelock;
  PTAH_TRY(out.place, create(c.contract, Json::array({token, to_string(timelock)})));
  for (const char* role : {"PROPOSER_ROLE", "CANCELLER_ROLE", "EXECUTOR_ROLE"}) {
    PTAH_TRY(const Bytes call, abi_call("grantRole(bytes32,address)", Json::array({"0x" + hex(keccak256(role)), to_string(out.place)})));
    PTAH_TRY_VOID(account.transact(timelock, call, {}, options));
  }
  PTAH_TRY(const Bytes last, abi_call("renounceRole(bytes32,address)", Json::array({"0x" + std::string(64, '0'), to_string(account.address())})));
  PTAH_TRY_VOID(account.transact(timelock, last, {}, options));
  return out;
}

}  // namespace ptah
