#include <algorithm>
#include <cmath>
#include <csignal>
#include <ctime>
#include <sstream>

#include "base/budget.h"
#include "base/file.h"
#include "base/input.h"
#include "base/parallel.h"
#include "cli/command_line.h"
#include "cli/request_options.h"
#include "cli/help_format.h"
#include "cli/standard_output.h"
#include "pipelines/request.h"

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

Result<std::string> input_text(const std::string& file, size_t max_bytes) { return read_input_text(file, max_bytes, &interrupted()); }

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
  if (!output_failed()) print_error("ptah: {}\n", in_options(error.message, nullptr));
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

int run_program(int argc, char** argv) {
  CLI::App app{"Ptah makes images, 3D objects and texts on an ordinary processor, and signs what it makes.", "ptah"};
  app.formatter(std::make_shared<ptah::cli::HelpFormat>());
  app.option_defaults()->always_capture_default();
  app.set_version_flag("--version", std::string("ptah ") + ptah::kEngineVersion);
  app.require_subcommand(1);
  ptah::cli::Action action;
  ptah::cli::add_commands(app, action);
  app.footer("`ptah help COMMAND` explains a command. Exit status: 0 done, 2 wrong arguments, 3 not found; all are in docs/command-line.md.");
  ptah::cli::one_value_an_occurrence(app);
  try {
    std::vector<std::string> arguments = ptah::cli::with_new_names({argv + 1, argv + argc});
    std::reverse(arguments.begin(), arguments.end());  // as the parser takes them
    app.parse(std::move(arguments));
  } catch (const CLI::Success& wanted) {
    std::ostringstream text;
    const int status = app.exit(wanted, text, text);
    ptah::cli::print_text(text.str());
    return status;
  } catch (const CLI::ParseError& problem) {
    ptah::cli::print_error("ptah: {}\n", ptah::cli::explain(app, problem, {argv + 1, argv + argc}));
    return ptah::error_info(ptah::ErrorCode::invalid_argument).exit_status;
  }
  const CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  ptah::cli::speak_of(*chosen);
  return action();
}

}  // namespace

int main(int argc, char** argv) {
  const ptah::CancelScope scope(&ptah::cli::interrupted());  // made before a signal can ask for it
  ptah::cli::check_standard_output();
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  const auto status = ptah::guard([&]() -> ptah::Result<int> { return run_program(argc, argv); });
  return ptah::cli::finish_output(status ? *status : ptah::cli::report(status.error()));
}
