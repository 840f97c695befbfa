// ptah serve: everything that Ptah makes, over HTTP, and the studio's page.
#include <spawn.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/process.h"
#include "cli/chain_options.h"
#include "cli/commands/commands.h"
#include "net/http.h"
#include "serve/api/api_server.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

struct ServeOptions {
  std::string host = "127.0.0.1", folder, budget, checkpoints, queue, credentials, reach;
  int port = 7878, workers = 1;
  int64_t threads = 0;
  bool keys = false, webhooks_anywhere = false, studio = false, no_open = false;
  std::vector<std::string> names, proxies, origins;
};

struct ServeKeyOptions {
  std::string folder, name, role = "maker";
  int64_t jobs_an_hour = 0, unfinished = 0;
};

Result<fs::path> serve_folder(const std::string& named) {
  if (!named.empty()) return fs::absolute(named).lexically_normal();
  const fs::path data = user_data_folder();
  if (data.empty()) return fail(ErrorCode::not_found, "there is no home folder for the server's jobs; name one with `folder`");
  return data / "serve";
}

bool is_this_computer(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

/// What the page has to send, made once for a folder and readable by its owner only: a page that is open goes on when the studio is started again.
Result<std::string> session_key_of(const fs::path& folder) {
  const fs::path file = folder / "session" / "key";
  if (const auto known = read_text(file, 200)) {
    if (known->size() < 40) return fail(ErrorCode::corrupt, "{} is no key; remove it", file.string());
    return *known;
  }
  uint8_t number[24];
  fill_random(number);
  const std::string key = "studio_" + hex_text(number).substr(2);
  PTAH_TRY_VOID(make_folders(file.parent_path()));
  PTAH_TRY_VOID(write_new_file(file, {as_bytes(key)}, 0600));
  return key;
}

/// Shows a page in the user's browser, where there is a desktop. The address goes through a file that only the user can read, since whoever uses this computer
/// sees the arguments of programs.
void open_browser(const fs::path& folder, const std::string& address) {
  if (environment("DISPLAY").empty() && environment("WAYLAND_DISPLAY").empty()) return;
  const auto program = find_program("xdg-open");
  const fs::path page = folder / "session" / "open.html";
  if (!program || !write_file(page, {as_bytes(fmt::format("<!doctype html><meta http-equiv=\"refresh\" content=\"0; url={}\">", address))}, 0600)) return;
  std::string words[] = {program->string(), page.string()};
  char* arguments[] = {words[0].data(), words[1].data(), nullptr};
  pid_t child = 0;
  (void)::posix_spawn(&child, words[0].c_str(), nullptr, nullptr, arguments, environ);
}

Result<void> run_api_server(const ServeOptions& said) {
  ServeOptions o = said;
  if (o.queue.empty() && !o.studio) o.queue = environment("PTAH_QUEUE");
  if (o.workers < 1 || o.workers > 64) return fail(ErrorCode::invalid_argument, "`workers` {}; 1 to 64 are possible", o.workers);
  if (!is_this_computer(o.host) && !o.keys)
    return fail(ErrorCode::invalid_argument, "others can reach {}: make keys (ptah serve key add NAME) and serve with --keys", o.host);
  if (o.queue.empty() && (!o.credentials.empty() || !o.reach.empty()))
    return fail(ErrorCode::invalid_argument, "`credentials` and `reach` belong to a queue; name it with `queue`");
  if (!o.queue.empty() && o.workers != 1)
    return fail(ErrorCode::invalid_argument, "`workers` {}: with a queue the jobs are done elsewhere (ptah work --workers {})", o.workers, o.workers);
  if (!o.queue.empty() && o.reach.empty() && (o.host == "0.0.0.0" || o.host == "::"))
    return fail(ErrorCode::invalid_argument, "workers have to know where this server is: `reach` http://ADDRESS:{}", o.port);
  if (!o.reach.empty()) PTAH_TRY_VOID(check_http_url(o.reach));
  PTAH_TRY(const fs::path folder, serve_folder(o.folder));
  PTAH_TRY(const int64_t budget, parse_bytes(o.budget));
  const ApiKeys keys(folder);
  if (o.keys) {
    PTAH_TRY(const auto known, keys.list());
    if (known.empty()) return fail(ErrorCode::not_found, "there are no keys yet: ptah serve key add NAME");
  }
  const int64_t each = o.threads > 0 ? o.threads : std::max(1, threads() / o.workers);
  ServiceOptions how{.folder = folder,
                     .command = {"/proc/self/exe", "worker", folder.string(), "--threads", std::to_string(each)},
                     .workers = o.workers,
                     .budget_bytes = budget,
                     .checkpoints = o.checkpoints.empty() ? environment("PTAH_CHECKPOINTS") : o.checkpoints};
  if (!o.queue.empty()) how.broker = BrokerOptions{.url = o.queue, .credentials = o.credentials, .name = "ptah serve"};
  PTAH_TRY(const auto service, JobService::open(std::move(how)));
  ApiOptions api{.keys = o.keys, .webhooks_anywhere = o.webhooks_anywhere};
  api.http.policy = {.hosts = o.names, .origins = o.origins, .proxies = o.proxies};
  api.http.threads = 64;  // an answer that waits for its work takes one
  api.http.max_body_bytes = 256 << 20;
  api.http.max_body_bytes_per_peer = 128 << 20;
  if (o.studio) {
    PTAH_TRY(api.session_key, session_key_of(folder));
  }
  ApiServer server(*service, keys, api);
  PTAH_TRY(const int bound, server.bind(o.host, o.port));
  service->reached_at(o.reach.empty() ? http_address(o.host, bound) : o.reach);
  const std::string address = http_address(o.host, bound) + (o.studio ? "/#key=" + api.session_key : "");
  print("{}\n", address);
  std::fflush(stdout);
  if (o.studio && !o.no_open) open_browser(folder, address);
  run_until_interrupted(server);
  return {};
}

Result<void> add_key(const ServeKeyOptions& o) {
  PTAH_TRY(const fs::path folder, serve_folder(o.folder));
  PTAH_TRY(const KeyRole role, key_role(o.role));
  if (o.jobs_an_hour < 0 || o.unfinished < 0) return fail(ErrorCode::invalid_argument, "limits are 0 (none) or more");
  PTAH_TRY(const std::string token, ApiKeys(folder).add({.name = o.name, .role = role, .jobs_an_hour = o.jobs_an_hour, .unfinished = o.unfinished}));
  print("{}\n", token);
  print_error("it is shown once and not kept: give it to {}\n", o.name);
  return {};
}

Result<void> list_keys(const ServeKeyOptions& o) {
  PTAH_TRY(const fs::path folder, serve_folder(o.folder));
  PTAH_TRY(const auto keys, ApiKeys(folder).list());
  for (const ApiKey& key : keys)
    print("{:<24} {:<7} {:>5} an hour {:>4} at once  {}\n", key.name, name_of(key.role), key.jobs_an_hour, key.unfinished,
          time_text(static_cast<uint64_t>(key.created)));
  return {};
}

Result<void> remove_key(const ServeKeyOptions& o) {
  PTAH_TRY(const fs::path folder, serve_folder(o.folder));
  return ApiKeys(folder).remove(o.name);
}

constexpr const char* kFolderHelp = "where jobs and results are kept (default: serve below the user's data)";

void add_making_options(CLI::App& command, ServeOptions& o) {
  command.add_option("--port", o.port, "port to listen on; 0: a free one")->check(CLI::Range(0, 65535));
  command.add_option("--folder", o.folder, kFolderHelp);
  command.add_option("--workers", o.workers, "how many works at once, where they fit into the budget (1 to 64)");
  command.add_option("--budget", o.budget, "most memory that all of them together use, e.g. 2G");
  command.add_option("--threads", o.threads, "threads of each (default: all cores, shared)");
  command.add_option("--checkpoints", o.checkpoints, "folder of models that requests may name (also PTAH_CHECKPOINTS)");
}

}  // namespace

void add_studio(CLI::App& app, Action& action) {
  auto o = std::make_shared<ServeOptions>();
  o->studio = true;
  CLI::App* command = app.add_subcommand("studio", "open the studio in your browser: a page that makes everything Ptah makes");
  add_making_options(*command, *o);
  command->add_flag("--no-open", o->no_open, "only print the address");
  command->footer("The address holds a key: only who has it may use the studio, also on a computer with several users.");
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_api_server(*o); })); }; });
}

void add_serve(CLI::App& app, Action& action) {
  auto o = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "make works over HTTP: jobs, OpenAI's interface, and the studio's page");
  command->require_subcommand(0, 1);
  command->add_option("--host", o->host, "address to listen on; beyond this computer only with --keys");
  command->add_option("--queue", o->queue, "broker whose workers (ptah work) do the jobs, e.g. nats://127.0.0.1:4222 (also PTAH_QUEUE)");
  command->add_option("--credentials", o->credentials, "with --queue: file with the broker's credentials");
  command->add_option("--reach", o->reach, "with --queue: address at which workers reach this server, e.g. http://192.168.1.10:7878");
  add_making_options(*command, *o);
  command->add_flag("--keys", o->keys, "only for who sends a key (ptah serve key add)");
  command->add_flag("--webhooks-anywhere", o->webhooks_anywhere, "webhooks of jobs may go to this computer and private networks");
  command->add_option("--name", o->names, "public name of this server; requests for other names are refused")->allow_extra_args(false);
  command->add_option("--proxy", o->proxies, "address of a reverse proxy whose X-Forwarded-For is believed")->allow_extra_args(false);
  command->add_option("--allow-origin", o->origins, "origin whose pages may use this server (CORS), e.g. https://example.org")->allow_extra_args(false);
  command->callback([o, command, &action] {
    if (command->get_subcommands().empty()) action = [o] { return finish(guard([&] { return run_api_server(*o); })); };
  });
  CLI::App* key = command->add_subcommand("key", "keys of the server's users")->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Result<void> (*run)(const ServeKeyOptions&), bool named) {
    auto k = std::make_shared<ServeKeyOptions>();
    CLI::App* sub = key->add_subcommand(name, help);
    if (named) sub->add_option("name", k->name, "whose key: letters, digits, '.', '-' and '_'")->required();
    sub->add_option("--folder", k->folder, kFolderHelp);
    sub->callback([k, run, &action] { action = [k, run] { return finish(guard([&] { return run(*k); })); }; });
    return std::pair(sub, k);
  };
  const auto [added, k] = add("add", "make a key; it is printed once", add_key, true);
  added->add_option("--role", k->role, "viewer (looks at what there is) or maker (also makes)");
  added->add_option("--jobs-an-hour", k->jobs_an_hour, "most jobs it may ask for within an hour; 0: no limit");
  added->add_option("--unfinished", k->unfinished, "most jobs it may have queued or running; 0: no limit");
  add("list", "show names, roles and limits", list_keys, false);
  add("remove", "take a key back", remove_key, true);
}

}  // namespace ptah::cli
