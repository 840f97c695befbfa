// What a contract's code may not do.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ptah {

/// The instructions of EVM code that no contract of the writer needs and that could undo what its source says: SELFDESTRUCT, DELEGATECALL, CALLCODE, CREATE,
/// CREATE2, ORIGIN. Each as often as it stands there, with its place ("DELEGATECALL at 1021"). Data behind the code (an INVALID that no JUMPDEST follows before
/// the end) is not read as instructions.
std::vector<std::string> forbidden_instructions(std::span<const uint8_t> code);

}  // namespace ptah
