#include "apps/contract_writer/bytecode.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

namespace ptah {

namespace {

struct Instruction {
  uint8_t code;
  std::string_view name;
};
constexpr std::array<Instruction, 6> kForbidden{
    {{0xff, "SELFDESTRUCT"}, {0xf4, "DELEGATECALL"}, {0xf2, "CALLCODE"}, {0xf0, "CREATE"}, {0xf5, "CREATE2"}, {0x32, "ORIGIN"}}};
constexpr uint8_t kPush1 = 0x60, kPush32 = 0x7f, kJumpTarget = 0x5b, kInvalid = 0xfe;

/// Instructions from the first byte on, with what PUSH takes left out.
template <class Visit>
void each_instruction(std::span<const uint8_t> code, const Visit& visit) {
  for (size_t i = 0; i < code.size(); ++i) {
    visit(i, code[i]);
    if (code[i] >= kPush1 && code[i] <= kPush32) i += static_cast<size_t>(code[i] - kPush1) + 1;
  }
}

}  // namespace

std::vector<std::string> forbidden_instructions(std::span<const uint8_t> code) {
  size_t last_target = 0;
  each_instruction(code, [&](size_t at, uint8_t one) {
    if (one == kJumpTarget) last_target = at;
  });
  std::vector<std::string> out;
  bool data = false;
  each_instruction(code, [&](size_t at, uint8_t one) {
    if (one == kInvalid && at > last_target) data = true;
    if (data) return;
    for (const Instruction& known : kForbidden)
      if (known.code == one) out.push_back(fmt::format("{} at {}", known.name, at));
  });
  return out;
}

}  // namespace ptah
