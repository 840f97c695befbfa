// What oneDNN does for dense.h; which of these is taken where, tensor/cpu/dense.cpp chooses.
#pragma once

#include "tensor/cpu/dense.h"

namespace ptah::detail::onednn {

bool has_avx512();

/// The product on as many threads as this one may use. call.m rows are a part of matrices of `all_rows`.
void multiply(const GemmCall& call, int64_t all_rows);
/// The product of a[m, k] with a weight [n, k] of 8 bits.
void multiply8(const GemmCall& call);

void convolve(const ConvForward& call);
/// With a weight of 8 bits, of one group.
void convolve8(const ConvForward& call);

/// One thread for this thread's primitives while it lives.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace ptah::detail::onednn
