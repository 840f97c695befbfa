// Vector intrinsics of x86 and the function attributes that let single functions use them.
#pragma once

#if defined(__x86_64__)

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 takes the undefined operand inside some intrinsics for one
#endif
#include <immintrin.h>

#define PTAH_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define PTAH_AVX512_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define PTAH_AMX __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,amx-tile,amx-bf16")))

#endif
