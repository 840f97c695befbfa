// Contracts as the compiler left them: code, interface, and what their errors are called.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace ptah {

/// One of contracts/artifacts.
struct Artifact {
  std::string name;
  Bytes code;  ///< that creates it
  std::vector<std::string> constructor_types;
  std::vector<std::string> errors;     ///< "TooEarly(uint64)" …
  std::vector<std::string> functions;  ///< "transfer(address,uint256)" …
};
/// The folder: $PTAH_CONTRACTS, else `contracts/artifacts` above the running program, else share/ptah/contracts of the installation. Errors: not_found,
/// corrupt.
Result<Artifact> load_artifact(const std::string& name);
/// One as its file has it: {"bytecode": "0x…", "abi": […]}. Errors: corrupt.
Result<Artifact> parse_artifact(const std::string& name, const Json& json);
/// The data of the transaction that creates it. Errors: invalid_argument.
Result<Bytes> creation_code(const Artifact& artifact, const Json& arguments);

/// The function of our contracts that a call's data begins with, "transfer(address,uint256)"; empty if it is of none.
std::string known_function(std::span<const uint8_t> data);

/// What a contract gave up with: the text of Error(string), what a Panic means, an error of our contracts by name and values, else its first four bytes. Empty
/// if the data says nothing.
std::string explain_revert(std::span<const uint8_t> data);

}  // namespace ptah
