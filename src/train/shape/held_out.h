// Which kinds of shapes no training reads.
#pragma once

#include <string>

#include "base/file.h"
#include "base/sha256.h"

namespace ptah {

/// A tenth of them, by name.
inline bool is_held_out_kind(const std::string& name) { return sha256(as_bytes(name))[0] < 26; }

}  // namespace ptah
