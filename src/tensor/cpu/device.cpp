// The choice of instruction set, made once for oneDNN and Highway together.
#include <hwy/targets.h>

#include "tensor/cpu/arithmetic.h"
#include "tensor/device.h"

namespace ptah {

namespace detail {
Result<void> cap_dense_isa(std::string_view name);
}

Result<void> cap_isa(std::string_view name) {
  PTAH_TRY_VOID(detail::cap_dense_isa(name));
#if HWY_ARCH_X86
  if (name == "avx2") hwy::DisableTargets(HWY_AVX3 | (HWY_AVX3 - 1));
#endif
  return {};
}

DType compute_dtype() { return has_bf16() ? DType::bf16 : DType::f32; }

namespace {

std::string path_family() {
  if (has_amx()) return "amx-bf16";
  if (has_bf16()) return "avx512-bf16";
#if HWY_ARCH_X86
  const bool wide = (hwy::SupportedTargets() & HWY_AVX3) != 0;
  hwy::GetChosenTarget().DeInit();  // asking (Highway 1.0) forgets what was disabled until the kernels are chosen again
  return wide ? "avx512-f32" : "avx2-f32";
#else
  return "generic-f32";
#endif
}

}  // namespace

std::string numeric_path() {
  const int version = arithmetic_version();
  return version == 1 ? path_family() : path_family() + "-" + std::to_string(version);
}

int arithmetic_version() { return detail::arithmetic.load(std::memory_order_relaxed); }

int arithmetic_version(std::string_view path) {
  for (int version = 2; version <= kArithmeticVersion; ++version)
    if (path.ends_with("-" + std::to_string(version))) return version;
  return path.ends_with("f32") || path.ends_with("bf16") ? 1 : 0;
}

ArithmeticScope::ArithmeticScope(int version) : before_(detail::arithmetic.exchange(version)) {}
ArithmeticScope::~ArithmeticScope() { detail::arithmetic.store(before_); }

}  // namespace ptah
