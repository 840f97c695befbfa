#include "chain/artifact.h"

#include <map>

#include "base/printable.h"
#include "base/sha256.h"
#include "chain/abi.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFolderVariable = "PTAH_CONTRACTS";

std::vector<fs::path> folders() { return shipped_folders(kFolderVariable, "contracts/artifacts", "share/ptah/contracts"); }

/// "(uint256,address)[]" of a parameter in a contract's interface.
std::string type_of(const Json& parameter) {
  std::string type = text_at(parameter, "type");
  if (!type.starts_with("tuple")) return type;
  std::string inner;
  for (const Json& part : parameter.value("components", Json::array())) inner += fmt::format("{}{}", inner.empty() ? "" : ",", type_of(part));
  return fmt::format("({}){}", inner, type.substr(5));
}

std::string signature_of(const Json& item) {
  std::string types;
  for (const Json& input : item.value("inputs", Json::array())) types += fmt::format("{}{}", types.empty() ? "" : ",", type_of(input));
  return fmt::format("{}({})", text_at(item, "name"), types);
}

/// Selector → signature of every error and function of the contracts at hand.
struct Known {
  std::map<std::string, std::string> errors, functions;
};
const Known& known_signatures() {
  static const auto known = [] {
    Known out;
    for (const fs::path& folder : folders()) {
      std::error_code problem;
      for (const auto& entry : fs::directory_iterator(folder, problem)) {
        const auto artifact = load_artifact(entry.path().stem().string());
        if (!artifact) continue;
        for (const std::string& error : artifact->errors) out.errors.emplace(hex(std::span<const uint8_t>(keccak256(error)).first(4)), error);
        for (const std::string& one : artifact->functions) out.functions.emplace(hex(std::span<const uint8_t>(keccak256(one)).first(4)), one);
      }
      if (!out.functions.empty()) break;
    }
    return out;
  }();
  return known;
}

const char* panic_reason(const std::string& code) {
  if (code == "1") return "an assertion does not hold";
  if (code == "17") return "a number leaves its range";
  if (code == "18") return "division by zero";
  if (code == "49" || code == "50") return "nothing is at that place";
  return "panic";
}

}  // namespace

Result<Artifact> parse_artifact(const std::string& name, const Json& json) {
  Artifact out{name, {}, {}, {}, {}};
  auto code = parse_hex(text_at(json, "bytecode"));
  if (!code || code->empty()) return fail(ErrorCode::corrupt, "{} has no bytecode", name);
  out.code = std::move(*code);
  const Json abi = json.value("abi", Json::array());
  for (const Json& item : abi) {
    if (text_at(item, "type") == "error") out.errors.push_back(signature_of(item));
    if (text_at(item, "type") == "function") out.functions.push_back(signature_of(item));
    if (text_at(item, "type") == "constructor")
      for (const Json& input : item.value("inputs", Json::array())) out.constructor_types.push_back(type_of(input));
  }
  return out;
}

Result<Artifact> load_artifact(const std::string& name) {
  for (const fs::path& folder : folders()) {
    const fs::path file = folder / (name + ".json");
    if (std::error_code problem; !fs::exists(file, problem)) continue;
    PTAH_TRY(const std::string text, read_text(file, 1 << 22));
    PTAH_TRY(const Json json, parse_json(text));
    auto out = parse_artifact(name, json);
    if (!out) out.error().message = fmt::format("{}: {}", file.string(), out.error().message);
    return out;
  }
  return fail(ErrorCode::not_found, "no contract '{}' (looked in {}); set {} to the folder", name, folders().front().string(), kFolderVariable);
}

Result<Bytes> creation_code(const Artifact& artifact, const Json& arguments) {
  PTAH_TRY(const Bytes encoded, abi_encode(artifact.constructor_types, arguments));
  Bytes out = artifact.code;
  out.insert(out.end(), encoded.begin(), encoded.end());
  return out;
}

std::string known_function(std::span<const uint8_t> data) {
  if (data.size() < 4) return "";
  const auto found = known_signatures().functions.find(hex(data.first(4)));
  return found == known_signatures().functions.end() ? "" : found->second;
}

std::string explain_revert(std::span<const uint8_t> data) {
  if (data.size() < 4) return "";
  const std::string selector = hex(data.first(4));
  if (selector == "08c379a0") {  // Error(string)
    const auto reason = abi_decode({"string"}, data.subspan(4));
    return reason ? printable((*reason)[0].get<std::string>(), 300) : "";
  }
  if (selector == "4e487b71") {  // Panic(uint256)
    const auto code = abi_decode({"uint256"}, data.subspan(4));
    return code ? panic_reason((*code)[0].get<std::string>()) : "";
  }
  const auto found = known_signatures().errors.find(selector);
  if (found == known_signatures().errors.end()) return fmt::format("error 0x{}", selector);
  std::string out = found->second.substr(0, found->second.find('('));
  const auto types = argument_types(found->second);
  const auto values = types ? abi_decode(*types, data.subspan(4)) : fail(ErrorCode::corrupt, "none");
  if (!values) return out;
  for (size_t i = 0; i < values->size(); ++i)
    out += fmt::format("{}{}", i == 0 ? ": " : ", ", (*values)[i].is_string() ? (*values)[i].get<std::string>() : (*values)[i].dump());
  return printable(out, 300);
}

}  // namespace ptah
