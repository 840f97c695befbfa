// Which instruction sets the path tracer's lanes are compiled for; included before Highway. Eight lanes on every x86 with AVX2: pictures have the same bytes
// there.
#pragma once

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
