// Deflate (RFC 1951), as the formats here wrap it.
#pragma once

#include "base/error.h"
#include "base/file.h"

namespace ptah {

enum class DeflateWrapping { none, gzip };  ///< gzip (RFC 1952) without a name or time, so that the same bytes give the same file
/// Errors: internal, with `what` in front.
Result<Bytes> deflated(const Bytes& bytes, DeflateWrapping wrapping, const char* what);

}  // namespace ptah
