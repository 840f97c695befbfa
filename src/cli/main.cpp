#include <cmath>
#include <csignal>
#include <ctime>
#include <sstream>

#include "base/budget.h"
#include "base/file.h"
#include "base/input.h"
#include "base/parallel.h"
#include "cli/command_line.h"
#include "cli/standard_output.h"
#include "create/request.h"

namespace ptah::cli {

CancelToken& interrupted() {
  static CancelToken token;
  return token;
}

Result<void> take_threads(int64_t threads) {
  if (threads < 0 || threads > 1024) return fail(ErrorCode::invalid_argument, "threads {}; 1 to 1024 are possible", threads);
  if (threads > 0) set_threads(static_cast<int>(threads));
  return {};
}

Result<std::string> input_text(const std::string& file, size_t most_bytes) { return read_input_text(file, most_bytes, &interrupted()); }

std::string time_text(uint64_t seconds, const char* format) {
  const auto time = static_cast<std::time_t>(std::min<uint64_t>(seconds, 253402300799));  // the end of the year 9999
  std::tm parts{};
  gmtime_r(&time, &parts);
  char out[64];
  return {out, std::strftime(out, sizeof(out), format, &parts)};
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::clamp(std::ceil(seconds), 0.0, 3.6e9));
  const int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60) : fmt::format("{}:{:02}", minutes, whole % 60);
}

int report(const Error& error) {
  if (!output_failed()) print_error("ptah: {}\n", error.message);
  return error_info(error.code).exit_status;
}

}  // namespace ptah::cli

namespace {

/// The first asks the command to end; whoever asks again does not want to wait.
void on_signal(int number) {
  if (ptah::cli::interrupted().cancelled()) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
  ptah::cli::interrupted().cancel();
}

int run(int argc, char** argv) {
  CLI::App app{"Ptah: words in; pictures and textured objects out, owned by their maker", "ptah"};
  app.set_version_flag("--version", std::string("ptah ") + ptah::kEngineVersion);
  app.require_subcommand(1);
  ptah::cli::Action action;
  ptah::cli::add_create(app, action);
  ptah::cli::add_object(app, action);
  ptah::cli::add_paint(app, action);
  ptah::cli::add_profile(app, action);
  ptah::cli::add_recall(app, action);
  ptah::cli::add_edges(app, action);
  ptah::cli::add_upscale(app, action);
  ptah::cli::add_plan(app, action);
  ptah::cli::add_replay(app, action);
  ptah::cli::add_verify(app, action);
  ptah::cli::add_embed(app, action);
  ptah::cli::add_similar(app, action);
  ptah::cli::add_generate(app, action);
  ptah::cli::add_chat(app, action);
  ptah::cli::add_memory(app, action);
  ptah::cli::add_template(app, action);
  ptah::cli::add_quantize(app, action);
  ptah::cli::add_tokenize(app, action);
  ptah::cli::add_perplexity(app, action);
  ptah::cli::add_pull(app, action);
  ptah::cli::add_train(app, action);
  ptah::cli::add_evaluate(app, action);
  ptah::cli::add_key(app, action);
  ptah::cli::add_mark(app, action);
  ptah::cli::add_watermark(app, action);
  ptah::cli::add_cid(app, action);
  ptah::cli::add_car(app, action);
  ptah::cli::add_mint(app, action);
  ptah::cli::add_show(app, action);
  ptah::cli::add_transfer(app, action);
  ptah::cli::add_voucher(app, action);
  ptah::cli::add_redeem(app, action);
  ptah::cli::add_dev_chain(app, action);
  ptah::cli::add_read(app, action);
  ptah::cli::add_dao(app, action);
  ptah::cli::add_models(app, action);
  ptah::cli::add_completion(app, action);
  ptah::cli::add_help(app, action);
  ptah::cli::one_value_an_occurrence(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    std::ostringstream text;
    const int status = app.exit(wanted, text, text);
    ptah::cli::print_text(text.str());
    return status;
  } catch (const CLI::ParseError& problem) {
    ptah::cli::print_error("ptah: {}\n", ptah::cli::explain(app, problem, {argv + 1, argv + argc}));
    return ptah::error_info(ptah::ErrorCode::invalid_argument).exit_status;
  }
  return action();
}

}  // namespace

int main(int argc, char** argv) {
  const ptah::CancelScope scope(&ptah::cli::interrupted());  // made before a signal can ask for it
  ptah::cli::check_standard_output();
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  const auto status = ptah::guard([&]() -> ptah::Result<int> { return run(argc, argv); });
  return ptah::cli::finish_output(status ? *status : ptah::cli::report(status.error()));
}
