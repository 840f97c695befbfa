// What a user names as input: a file, a pipe (also <(…) of a shell), or - for standard input.
#pragma once

#include "base/file.h"
#include "base/progress.h"

namespace ptah {

/// All bytes. Pipes, terminals and standard input are read to their end, up to 128 MiB; a read that waits stops when it is cancelled. Errors: not_found,
/// permission, io, invalid_argument (a folder), corrupt (more than `max_bytes`), cancelled.
Result<Bytes> read_input(const std::filesystem::path& path, size_t max_bytes = size_t{1} << 31, const CancelToken* cancel = nullptr);

/// The same as a text, without a byte order mark and with plain line ends (plain_text()).
Result<std::string> read_input_text(const std::filesystem::path& path, size_t max_bytes = size_t{1} << 28, const CancelToken* cancel = nullptr);

}  // namespace ptah
