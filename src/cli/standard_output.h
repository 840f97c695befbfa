// Standard output, checked: what cannot be written cancels the work and decides the exit status.
#pragma once

#include <string>

namespace ptah::cli {

/// Call first. From then on a failed write to standard output (a full disk, a closed pipe) cancels what runs, and so does a reader of a pipe who has seen
/// something and leaves; failed writes to standard error are dropped. Descriptors 0 to 2 that are closed are kept from being given to files.
void check_standard_output();

/// Whether a write to standard output failed, or its reader left.
bool output_failed();

/// A server goes on when whoever read its address has left; its failed writes still count.
void serve_without_reader();

/// Call last, with the exit status so far: writes what is left and returns the status, which is never 0 if anything was lost. Says so on standard error,
/// except for a closed pipe, which ends the program as SIGPIPE does.
int finish_output(int status);

}  // namespace ptah::cli
