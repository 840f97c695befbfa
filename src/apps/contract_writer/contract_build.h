// Builds and checks a written contract: the compiler, its tests, static analysis, proofs, and a list of instructions that its code may not have.
#pragma once

#include <filesystem>
#include <optional>

#include "base/progress.h"
#include "work/receipt.h"

namespace ptah {

/// What a receipt calls a build.
inline constexpr const char* kContractBuildKind = "contract build";

struct ContractBuildOptions {
  int64_t fuzz_runs = 256;  ///< of each fuzz test
  int64_t invariant_runs = 32, invariant_depth = 64;
  bool analyse = true;  ///< slither and halmos, where they are installed
  const CancelToken* cancel = nullptr;
  ProgressCallback progress = {};
};

struct ContractBuild {
  std::string contract;
  int64_t passed = 0;
  std::vector<std::string> failures;                 ///< lines of tests that failed, and findings of high or medium weight
  std::optional<std::vector<std::string>> findings;  ///< of slither, high and medium; none: it is not installed
  std::optional<int64_t> proofs;                     ///< that halmos made; none: it is not installed, or there are none to make
  std::vector<std::string> forbidden;                ///< instructions of the code that are on the list
  Json gas = Json::object();                         ///< of each test, by name
  int64_t code_bytes = 0;                            ///< of the largest contract, when it is deployed; 24,576 are possible
  /// artifacts.json (interface and creation code of every contract), checks.json (all of the above) and a receipt with the digests of the sources and of
  /// the code. Not signed.
  Work work;
  bool good() const { return failures.empty() && forbidden.empty() && (!findings || findings->empty()) && passed > 0; }
};

/// Errors: mismatch, naming the first file of a work's folder that is not as its receipt says; not_found, corrupt.
Result<void> must_be_whole(const std::filesystem::path& folder);

/// Of a folder that `contract write` made. The compiler (solc from npm), forge and OpenZeppelin's contracts are looked for in the cache, where npm puts them
/// the first time. Errors: not_found (no such work; npm and node are missing), mismatch (the files are not those of its receipt), io (npm brings nothing; the
/// compiler's errors), cancelled.
Result<ContractBuild> build_contract(const std::filesystem::path& folder, const ContractBuildOptions& options = {});

}  // namespace ptah
