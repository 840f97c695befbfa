// The commands of `ptah`. Each returns the exit status.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "base/progress.h"
#include "cli/output.h"
#include "cli/outputs.h"
#include "create/painting.h"
#include "create/work_folder.h"
#include "own/keys.h"
#include "text/key_value_cache.h"
#include "text/memory.h"

namespace ptah::cli {

/// Set by SIGINT and SIGTERM.
CancelToken& interrupted();

/// Prints the error in one line and returns its exit status.
int report(const Error& error);
/// 0, or what report() gives.
inline int finish(const Result<void>& result) { return result ? 0 : report(result.error()); }

/// Takes --threads; 0 leaves the default. Errors: invalid_argument.
Result<void> take_threads(int64_t threads);

/// What --cache-type takes, see cache_type_of().
inline constexpr const char* kCacheTypeHelp =
    "what keys and values are kept in: f32, bf16 or q8, which takes half the memory of bf16 (default: what the machine computes in)";

/// The text of a file or pipe; - is standard input. A byte order mark is left out, and line ends of Windows are plain ones.
Result<std::string> input_text(const std::string& file, size_t most_bytes = size_t{1} << 28);
/// A picture from a file or pipe; - is standard input.
Result<Picture> input_picture(const std::string& file);

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
inline constexpr const char* kUsualKey = "maker";
void add_signing_options(CLI::App& command, SigningOptions& options);
/// The key, unlocked; nothing if there is none or none is wished. Errors: not_found, permission.
Result<std::optional<Key>> signing_key(const SigningOptions& options);
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
/// The folder of a work, and what happens if it is taken.
struct WorkPlace {
  std::filesystem::path folder;
  IfTaken if_taken = IfTaken::refuse;
};
/// `out` as it is; with `several`, a folder `name` in it; if it is empty, one below ptah-works. A name that is ours to choose is counted up.
WorkPlace place_of_work(const std::filesystem::path& out, const std::string& name, bool several, bool replace);
void add_replace_option(CLI::App& command, bool& replace);
/// Signs a work, writes it to its place, and says so; of a `series` with --json and --quiet it is only noted there, for one event at the end.
Result<void> deliver(Work work, const std::optional<Key>& key, const WorkPlace& place, bool json, bool quiet, std::vector<Made>* series = nullptr);

/// Makes the work of a receipt again, whatever made it; `checkpoints` is the folder of model files of one's own (empty: $PTAH_CHECKPOINTS, else here). Errors:
/// as replay_work and its like.
Result<Work> replay_receipt(const Json& receipt, const Sources& sources, const std::string& checkpoints);

/// "600M", "2G" or bytes; 0 for an empty text. Errors: invalid_argument.
Result<int64_t> parse_bytes(const std::string& text);

/// Paintings to be made: one for each value along x, y and each seed.
struct PaintJob {
  PaintRequest request;
  DiffusionFiles files;
  Sources sources;
  Finish finish;
  int64_t count = 1, budget = 0;
  std::pair<std::string, std::vector<Json>> x{"", {nullptr}}, y{"", {nullptr}};  ///< a setting's name and its values
  std::filesystem::path out, preview, grid;
  std::filesystem::path lora_folder;  ///< of <lora:name> in the prompt; empty: beside the model
  bool json = false, quiet = false, replace = false;
  bool plan_only = false;  ///< says what the first of them needs, and stops
  SigningOptions signing = {};
};
Result<void> run_paint(const PaintJob& job);

/// A picture file. What a user should know of it (e.g. that it is the first frame of an animation) goes to standard error.
Result<Picture> open_picture(const std::filesystem::path& file);
/// Errors: invalid_argument if something is there, whoever made it meanwhile.
Result<void> write_new_png(const std::filesystem::path& file, const Picture& picture);

/// What a command leaves to be run once the whole line is parsed.
using Action = std::function<int()>;

void add_create(CLI::App& app, Action& action);
void add_object(CLI::App& app, Action& action);
void add_paint(CLI::App& app, Action& action);
void add_profile(CLI::App& app, Action& action);
void add_recall(CLI::App& app, Action& action);
void add_edges(CLI::App& app, Action& action);
void add_upscale(CLI::App& app, Action& action);
void add_plan(CLI::App& app, Action& action);
void add_replay(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_embed(CLI::App& app, Action& action);
void add_similar(CLI::App& app, Action& action);
void add_generate(CLI::App& app, Action& action);
void add_chat(CLI::App& app, Action& action);
void add_memory(CLI::App& app, Action& action);
void add_template(CLI::App& app, Action& action);
void add_quantize(CLI::App& app, Action& action);
void add_tokenize(CLI::App& app, Action& action);
void add_perplexity(CLI::App& app, Action& action);
void add_pull(CLI::App& app, Action& action);
void add_train(CLI::App& app, Action& action);
void add_evaluate(CLI::App& app, Action& action);
void add_completion(CLI::App& app, Action& action);
void add_key(CLI::App& app, Action& action);
void add_watermark(CLI::App& app, Action& action);
void add_mark(CLI::App& app, Action& action);
void add_cid(CLI::App& app, Action& action);
void add_car(CLI::App& app, Action& action);
void add_mint(CLI::App& app, Action& action);
void add_show(CLI::App& app, Action& action);
void add_transfer(CLI::App& app, Action& action);
void add_voucher(CLI::App& app, Action& action);
void add_redeem(CLI::App& app, Action& action);
void add_dev_chain(CLI::App& app, Action& action);
void add_dao(CLI::App& app, Action& action);
void add_read(CLI::App& app, Action& action);
void add_models(CLI::App& app, Action& action);

}  // namespace ptah::cli
