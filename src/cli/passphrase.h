// Passphrases: typed on the terminal without being shown, or the first line of a file.
#pragma once

#include "base/error.h"
#include "own/secret.h"

namespace ptah::cli {

/// A line typed without being shown. Errors: cancelled (Ctrl-C, the end of the input), io (no terminal), invalid_argument (too long).
Result<Secret> typed_passphrase(const std::string& question);
/// The first line of a file, read into locked memory. Errors: not_found, io, invalid_argument (too long).
Result<Secret> first_line(const std::string& path);
/// The file that was given, else $PTAH_PASSPHRASE_FILE; may be empty.
std::string passphrase_file(const std::string& given);
/// The passphrase of something that is there: from the file, else typed. Errors: permission if nobody can be asked; as above.
Result<Secret> known_passphrase(const std::string& file, const std::string& of_what);
/// One for a new key, typed twice; nothing only if `none` is wished. Errors: invalid_argument (empty, or the two differ); as above.
Result<Secret> new_passphrase(const std::string& file, bool none);

}  // namespace ptah::cli
