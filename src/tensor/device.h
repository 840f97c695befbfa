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
/// The numeric path in force, e.g. "amx-bf16": receipts name it.
std::string numeric_path();
/// The dtype models compute in on this path.
DType compute_dtype();

}  // namespace ptah
