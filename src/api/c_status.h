// What the sources of the C interface share.
#pragma once

#include "base/error.h"
#include "ptah/c.h"

namespace ptah {

/// Keeps an error for ptah_last_error() of this thread.
ptah_status kept_c_error(const Error& error) noexcept;

}  // namespace ptah
