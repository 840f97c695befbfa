// What the commands of `ptah` share.
#pragma once

#include <CLI/CLI.hpp>

#include "base/progress.h"
#include "cli/command_table.h"
#include "cli/output.h"
#include "cli/outputs.h"
#include "pipelines/painting.h"
#include "pipelines/recipes.h"
#include "work/place.h"
#include "own/keys.h"
#include "nn/key_value_cache.h"
#include "apps/companion/memory.h"

namespace ptah::cli {

/// Set by SIGINT and SIGTERM.
CancelToken& interrupted();

/// Prints the error in one line and returns its exit status.
int report(const Error& error);
/// 0, or what report() gives.
inline int finish(const Result<void>& result) { return result ? 0 : report(result.error()); }

/// What --threads takes.
inline constexpr const char* kThreadsHelp = "threads to use, 1 to 1024 (default: OMP_NUM_THREADS, else all cores)";
/// Takes --threads; 0 leaves the default. Errors: invalid_argument.
Result<void> take_threads(int64_t threads);

/// The text of a file or pipe; - is standard input. A byte order mark is left out, and line ends of Windows are plain ones.
Result<std::string> input_text(const std::string& file, size_t max_bytes = size_t{1} << 28);
/// A picture from a file or pipe; - is standard input.
Result<Image> input_image(const std::string& file);
/// The same, as recipes read pictures.
inline Result<Image> input_picture(const std::filesystem::path& file) { return input_image(file.string()); }

/// Whose memory, and in which file (empty: the usual one).
struct MemoryOptions {
  std::string user, file;
  MemoryOptions();
};
/// Whether there is a file to keep a memory in, named or usual.
bool has_place(const MemoryOptions& options);
void add_memory_options(CLI::App& command, MemoryOptions& options);
Result<std::unique_ptr<Memory>> open_memory(const MemoryOptions& options, std::shared_ptr<SentenceEncoder> encoder);

/// Whose key signs a work.
struct SigningOptions {
  std::string key, passphrase_file;
  bool none = false;
};
void add_signing_options(CLI::App& command, SigningOptions& options);
/// The key, unlocked; nothing if there is none or none is wished. Errors: not_found, permission.
Result<std::optional<Key>> signing_key(const SigningOptions& options);
/// The keys of this computer.
std::vector<KeyInfo> known_keys();
/// The name of a key of this computer, or empty.
std::string known_as(const Address& address);

/// Seconds since 1970 in UTC, as strftime has it.
std::string time_text(uint64_t seconds, const char* format = "%Y-%m-%d %H:%M UTC");

/// What is known to be ignored, on standard error.
void show_warnings(const std::vector<std::string>& warnings);
/// Seconds as a clock shows them: "0:01", "12:34", "1:02:03".
std::string clock_text(double seconds);
/// A bar on a terminal, a line a stage elsewhere, JSON lines on request.
ProgressCallback make_progress(bool json, bool quiet);
/// What running a recipe shows: its progress, and notes on standard error, or as events unless they are to be `notes_aside`.
RunOptions run_options(bool json, bool quiet, bool notes_aside = false);
void add_replace_option(CLI::App& command, bool& replace);
/// Signs a work, writes it to its place, and says so; of a `series` with --json and --quiet it is only noted there, for one event at the end.
Result<void> deliver(Work work, const std::optional<Key>& key, const WorkPlace& place, bool json, bool quiet, std::vector<Made>* series = nullptr);

/// "600M", "2G" or bytes; 0 for an empty text. Errors: invalid_argument.
Result<int64_t> parse_bytes(const std::string& text);

/// Says what a painting takes.
void show_paint_plan(const Plan& plan, bool json);

/// A picture file. What a user should know of it (e.g. that it is the first frame of an animation) goes to standard error.
Result<Image> open_picture(const std::filesystem::path& file);
/// Adds `plan chat` to `plan`.
void add_plan_chat(CLI::App& plan, Action& action);

/// Errors: invalid_argument if something is there, whoever made it meanwhile.
Result<void> write_new_png(const std::filesystem::path& file, const Image& picture);

}  // namespace ptah::cli
