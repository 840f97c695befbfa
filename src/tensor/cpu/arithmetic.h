// Which version of the arithmetic the kernels use (tensor/device.h).
#pragma once

#include <atomic>

#include "tensor/device.h"

namespace ptah::detail {

inline std::atomic<int> arithmetic{kArithmeticVersion};

}  // namespace ptah::detail
