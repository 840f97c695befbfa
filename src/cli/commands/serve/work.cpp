// ptah work: does on this machine what servers have queued at a broker.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>

#include "base/parallel.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "jobs/engine_identity.h"
#include "jobs/remote/messages.h"
#include "jobs/remote/remote_worker.h"
#include "tensor/device.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

struct RemoteOptions {
  std::string queue, credentials, classes = "text,picture,paint", budget, checkpoints, folder;
  int workers = 1;
  int64_t threads = 0, lease = 30;
  bool json = false, quiet = false;
};

Result<std::vector<std::string>> classes_of(const std::string& said) {
  std::vector<std::string> out;
  for (size_t at = 0; at <= said.size();) {
    const size_t end = std::min(said.find(',', at), said.size());
    const std::string name = said.substr(at, end - at);
    if (std::find(kJobClasses.begin(), kJobClasses.end(), name) == kJobClasses.end())
      return fail(ErrorCode::invalid_argument, "`classes`: there is no '{}'; text, picture and paint are possible, with commas between", name);
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    at = end + 1;
  }
  return out;
}

/// A folder that no other worker of this machine has, as long as the descriptor is open. What earlier ones left there is removed.
Result<std::pair<fs::path, int>> own_folder(const std::string& named) {
  const fs::path above = named.empty() ? user_cache_folder() / "work" : fs::path(named);
  if (above == "work") return fail(ErrorCode::not_found, "there is no home folder to work in; name one with `folder`");
  constexpr int kMaxWorkers = 256;
  for (int i = 1; i <= kMaxWorkers; ++i) {
    const fs::path folder = fs::absolute(above) / std::to_string(i);
    PTAH_TRY_VOID(make_folders(folder));
    const int lock = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0) return fail_errno("cannot open " + folder.string());
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
      ::close(lock);
      continue;
    }
    std::error_code ignored;
    for (const auto& left : fs::directory_iterator(folder, ignored)) fs::remove_all(left.path(), ignored);
    return std::pair(folder, lock);
  }
  return fail(ErrorCode::invalid_argument, "{} workers work in {} already", kMaxWorkers, above.string());
}

/// An address as it may be shown.
std::string without_password(std::string url) {
  for (size_t at = url.find('@'); at != std::string::npos; at = url.find('@', at + 1)) {
    const size_t host = url.rfind("//", at);
    if (host == std::string::npos) break;
    url.erase(host + 2, at - host - 1);
    at = host;
  }
  return url;
}

std::string name_of_worker() {
  std::array<char, 128> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = 0;
  return fmt::format("{}-{}", host[0] ? host.data() : "worker", ::getpid());
}

void show_event(const Json& what, bool json) {
  if (json) return print_json(what);
  const std::string event = text_at(what, "event"), job = text_at(what, "job"), recipe = text_at(what, "recipe");
  const double seconds = what.value("seconds", 0.0);
  if (event == "done") print("{} {}: done ({:.1f} s)\n", job, recipe, seconds);
  if (event == "failed") print("{} {}: {}\n", job, recipe, text_at(what, "message"));
  if (event == "returned") print("{} {}: given back: {}\n", job, recipe, text_at(what, "why"));
  if (event == "lost") print("{} {}: not wanted any more\n", job, recipe);
}

Result<void> run_worker(const RemoteOptions& o) {
  if (o.workers < 1 || o.workers > 64) return fail(ErrorCode::invalid_argument, "`workers` {}; 1 to 64 are possible", o.workers);
  if (o.lease < 1 || o.lease > 3600) return fail(ErrorCode::invalid_argument, "`lease` {}; 1 to 3600 seconds are possible", o.lease);
  const std::string queue = o.queue.empty() ? environment("PTAH_QUEUE") : o.queue;
  if (queue.empty()) return fail(ErrorCode::invalid_argument, "`queue` is missing: the broker where servers queue jobs, e.g. nats://192.168.1.10:4222");
  PTAH_TRY(const auto classes, classes_of(o.classes));
  PTAH_TRY(const int64_t budget, parse_bytes(o.budget));
  PTAH_TRY(const auto own, own_folder(o.folder));
  const std::string checkpoints = o.checkpoints.empty() ? environment("PTAH_CHECKPOINTS") : o.checkpoints;
  PTAH_TRY(const auto broker, connect_broker({.url = queue, .credentials = o.credentials, .name = "ptah work"}));
  const int64_t each = o.threads > 0 ? o.threads : std::max(1, threads() / o.workers);
  const RemoteWorkerOptions options{
      .name = name_of_worker(),
      .engine = engine_identity(),
      .path = numeric_path(),
      .classes = classes,
      .slots = o.workers,
      .budget_bytes = budget,
      .folder = own.first,
      .checkpoints = checkpoints.empty() ? fs::path() : fs::absolute(checkpoints).lexically_normal(),
      .lease_seconds = static_cast<double>(o.lease),
      .make_worker =
          [&](const fs::path& folder) {
            return make_process_worker({"/proc/self/exe", "worker", folder.string(), "--threads", std::to_string(each), "--passing"}, folder / "empty");
          },
      .tell =
          [&](const Json& what) {
            if (!o.quiet) show_event(what, o.json);
            std::fflush(stdout);
          },
      .cancel = &interrupted()};
  print_error("{} waits for jobs of {}: {}, {}\n", options.name, without_password(queue), o.classes, options.path);
  auto ended = work_for_broker(*broker, options);
  ::close(own.second);
  if (!ended && ended.error().code == ErrorCode::cancelled) return {};  // stopped in good order
  return ended;
}

}  // namespace

void add_work(CLI::App& app, Action& action) {
  auto o = std::make_shared<RemoteOptions>();
  CLI::App* command = app.add_subcommand("work", "do the jobs of servers on other machines (ptah serve --queue)");
  command->add_option("--queue", o->queue, "broker where they are queued, e.g. nats://192.168.1.10:4222 (also PTAH_QUEUE)");
  command->add_option("--credentials", o->credentials, "file with the broker's credentials");
  command->add_option("--workers", o->workers, "how many jobs at once (1 to 64)");
  command->add_option("--classes", o->classes, "what to do: text, picture (default models), paint (checkpoints of your own)");
  command->add_option("--budget", o->budget, "most memory of each, e.g. 2G");
  command->add_option("--threads", o->threads, "threads of each (default: all cores, shared)");
  command->add_option("--checkpoints", o->checkpoints, "folder of the models that jobs name, as the server has it (also PTAH_CHECKPOINTS)");
  command->add_option("--folder", o->folder, "where to work (default: work below the user's cache)");
  command->add_option("--lease", o->lease, "seconds without a sign of life until a job is another worker's; of all workers the first decides");
  command->add_flag("--json", o->json, "print one JSON object a line: jobs begun, done, failed, returned, lost");
  command->add_flag("--quiet", o->quiet, "print nothing but errors");
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_worker(*o); })); }; });
}

}  // namespace ptah::cli
