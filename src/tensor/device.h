// The processor: its instruction sets, and the numeric path that follows from them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "tensor/dtype.h"

namespace ptah {

/// What this processor computes natively.
bool has_bf16();
bool has_amx();
/// Caps the instruction set of every kernel: "amx", "avx512_bf16", "avx512", "avx2". Call before the first op.
Result<void> cap_isa(std::string_view name);
/// The numeric path in force, e.g. "amx-bf16-3": receipts name it. An instruction-set family, a dtype, and the version of the arithmetic if it is not 1.
std::string numeric_path();

/// How works are computed. Version 1 estimated reciprocals by the processor's own instruction, of which each maker has another table; version 2 uses additions,
/// multiplications and shifts only, so that a path gives the same bytes on every maker's processors. Version 1 also took faint coverage within an object for
/// its outline, so that plates were uneven (shape/inflate.h). Since version 3 prompts are read in 8-bit integers where weights come in blocks and the processor
/// has AVX512-BF16 but no AMX (tensor/cpu/block_panels.h); before, the weights were dequantized to bf16.
inline constexpr int kArithmeticVersion = 3;
/// The version in force.
int arithmetic_version();
/// The version that a numeric path's name says, e.g. 1 for "avx2-f32", 3 for "avx2-f32-3"; 0 for a version that is not known here.
int arithmetic_version(std::string_view path);
/// Works made by earlier versions are made again with their arithmetic: for all threads of the process, until the scope ends.
class ArithmeticScope {
 public:
  explicit ArithmeticScope(int version);
  ~ArithmeticScope();
  ArithmeticScope(const ArithmeticScope&) = delete;
  ArithmeticScope& operator=(const ArithmeticScope&) = delete;

 private:
  int before_;
};
/// The dtype models compute in on this path.
DType compute_dtype();

}  // namespace ptah
