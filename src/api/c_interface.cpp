#include "ptah/c.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "api/c_status.h"
#include "api/given_files.h"
#include "api/outcome.h"
#include "base/parallel.h"
#include "work/verification.h"
#include "work/work_folder.h"

namespace ptah {

namespace {

static_assert(static_cast<int>(ErrorCode::invalid_argument) + 1 == PTAH_INVALID_ARGUMENT && static_cast<int>(ErrorCode::internal) + 1 == PTAH_INTERNAL);
ptah_status status_of(ErrorCode code) { return static_cast<ptah_status>(static_cast<int>(code) + 1); }

/// An error as C sees it; the texts stay here.
class HeldError {
 public:
  void take(const Error& error) noexcept {
    try {
      const Problem problem = problem_of(error);
      message_ = problem.message;
      field_ = problem.field;
      seen_ = {status_of(error.code), message_.c_str(), field_.c_str()};
    } catch (...) {
      seen_ = {PTAH_OVER_BUDGET, "out of memory", ""};
    }
  }
  const ptah_error* seen() const { return &seen_; }

 private:
  std::string message_, field_;
  ptah_error seen_{PTAH_OK, "", ""};
};

thread_local HeldError last_error;

ptah_status failed(const Error& error) noexcept {
  last_error.take(error);
  return last_error.seen()->status;
}

}  // namespace

ptah_status kept_c_error(const Error& error) noexcept { return failed(error); }

namespace {

/// What `call` gives as a status, whatever it throws.
template <class F>
ptah_status status_from(const F& call) noexcept {
  try {
    const Result<void> done = guard(call);
    return done ? PTAH_OK : failed(done.error());
  } catch (...) {  // what is no std::exception, or memory for the message is short
    return failed({ErrorCode::internal, {}});
  }
}

/// A value in memory that C may know an earlier form of: what it does not have is zero.
template <class T>
T taken(const T* given) {
  T out{};
  std::memcpy(&out, given, std::min(sizeof(T), given->struct_size));
  return out;
}

template <class T>
void give(const T& value, T* out) {
  const size_t size = std::min(sizeof(T), out->struct_size);
  if (size > sizeof(size_t))
    std::memcpy(reinterpret_cast<char*>(out) + sizeof(size_t), reinterpret_cast<const char*>(&value) + sizeof(size_t), size - sizeof(size_t));
}

Error null_argument(const char* what) { return {ErrorCode::invalid_argument, fmt::format("{} is a null pointer", what)}; }

/// A request as the recipes take it, and what it names.
struct OpenedRequest {
  const Recipe* recipe = nullptr;
  GivenFiles files;
  RecipeRequest request;
  int64_t budget_bytes = 0;
};

constexpr size_t kMaxGivenFiles = 1000;

Result<OpenedRequest> opened(const ptah_request* given) {
  if (!given) return tl::unexpected(null_argument("request"));
  const ptah_request asked = taken(given);
  if (!asked.recipe) return tl::unexpected(null_argument("request->recipe"));
  if (asked.file_count > kMaxGivenFiles) return fail(ErrorCode::invalid_argument, "{} files; at most {} can be given", asked.file_count, kMaxGivenFiles);
  if (asked.file_count > 0 && !asked.files) return tl::unexpected(null_argument("request->files"));
  OpenedRequest out;
  out.budget_bytes = std::max<int64_t>(0, asked.budget_bytes);
  PTAH_TRY(out.recipe, find_recipe(asked.recipe));
  Json json = Json::object();
  if (asked.json) {
    PTAH_TRY(json, parse_json(asked.json));
  }
  PTAH_TRY(Json fields, out.recipe->schema->given(json));
  for (size_t i = 0; i < asked.file_count; ++i) {
    const ptah_file& file = asked.files[i];
    if (!file.name || (!file.bytes && file.size > 0)) return tl::unexpected(null_argument("the name or the bytes of a file"));
    const std::span bytes(static_cast<const uint8_t*>(file.bytes), file.size);
    const bool pixels = file.width != 0 || file.height != 0;
    PTAH_TRY_VOID(pixels ? out.files.add_pixels(file.name, file.width, file.height, bytes) : out.files.add(file.name, bytes));
  }
  PTAH_TRY(fields, out.files.placed(*out.recipe, std::move(fields)));
  auto request = open_request(*out.recipe, fields, out.files.reader());
  if (!request) return tl::unexpected(out.files.told(request.error()));
  out.request = std::move(*request);
  return out;
}

}  // namespace

}  // namespace ptah

struct ptah_engine {
  std::shared_ptr<ptah::ModelCache> models;
};

struct ptah_job {
  using Run = std::function<ptah::Result<ptah::Work>(const ptah::RunOptions& options)>;

  explicit ptah_job(const ptah_callbacks* given) : calls(given ? ptah::taken(given) : ptah_callbacks{}) {}
  ~ptah_job() {
    token.cancel();
    if (thread.joinable()) thread.join();
  }
  ptah_job(const ptah_job&) = delete;
  ptah_job& operator=(const ptah_job&) = delete;

  void begin(Run run) {
    thread = std::thread([this, run = std::move(run)] { end(ptah::guard([&] { return run(options()); })); });
  }

  bool on_its_thread() const { return std::this_thread::get_id() == thread.get_id(); }

  const ptah_callbacks calls;
  ptah::CancelToken token;
  mutable std::mutex mutex;  ///< of what follows; once it has ended nothing changes any more
  std::condition_variable changed;
  ptah_state state = PTAH_RUNNING;
  ptah_progress progress{sizeof(ptah_progress), 0, {}};
  std::string text;
  int64_t preview_step = 0;
  ptah::Image preview;
  ptah::HeldError error;
  ptah::Work work;
  std::vector<std::string> names;
  std::string receipt, facts = "null";

 private:
  ptah::RunOptions options() {
    ptah::RunOptions out{.cancel = &token};
    out.progress = [this](const ptah::Progress& now) {
      ptah_progress said{sizeof(ptah_progress), now.fraction, {}};
      now.stage.substr(0, sizeof(said.stage) - 1).copy(said.stage, sizeof(said.stage) - 1);
      {
        const std::lock_guard lock(mutex);
        progress = said;
      }
      if (calls.progress) calls.progress(calls.user, said.stage, said.fraction);
    };
    out.text = [this](std::string_view news) {
      {
        const std::lock_guard lock(mutex);
        text += news;
      }
      if (calls.text) calls.text(calls.user, news.data(), news.size());
    };
    if (calls.note) out.note = [this](const std::string& note) { calls.note(calls.user, note.c_str()); };
    if (calls.sound) out.sound = [this](std::span<const float> sound) { calls.sound(calls.user, sound.data(), sound.size()); };
    if (calls.preview || calls.previews)
      out.preview = [this](int64_t step, const ptah::Image& picture) {
        {
          const std::lock_guard lock(mutex);
          preview_step = step;
          preview = picture;
        }
        if (calls.preview) calls.preview(calls.user, step, picture.width, picture.height, picture.rgba.data());
      };
    return out;
  }

  void end(ptah::Result<ptah::Work> made) {
    auto kept = made ? ptah::guard([&] { return take(std::move(*made)); }) : ptah::Result<void>(tl::unexpected(made.error()));
    ptah_state ended = PTAH_DONE;
    if (!kept) ended = kept.error().code == ptah::ErrorCode::cancelled ? PTAH_WAS_CANCELLED : PTAH_FAILED;
    {
      const std::lock_guard lock(mutex);
      if (!kept) error.take(kept.error());
      if (kept) progress.fraction = 1;
      state = ended;
    }
    changed.notify_all();
    if (calls.ended) calls.ended(calls.user, ended);
  }

  ptah::Result<void> take(ptah::Work made) {
    PTAH_TRY(std::string said, ptah::canonical_json(made.receipt));
    std::vector<std::string> found;
    for (const auto& [name, bytes] : made.files) found.push_back(name);
    std::string told = made.facts.dump(-1, ' ', false, ptah::Json::error_handler_t::replace);
    const std::lock_guard lock(mutex);
    receipt = std::move(said);
    facts = std::move(told);
    names = std::move(found);
    work = std::move(made);
    return {};
  }

  std::thread thread;
};

namespace ptah {

namespace {

/// A job that runs `run`, begun.
ptah_status start(const ptah_callbacks* callbacks, ptah_job** job, const std::function<Result<ptah_job::Run>()>& prepare) {
  if (!job) return failed(null_argument("job"));
  *job = nullptr;
  return status_from([&]() -> Result<void> {
    PTAH_TRY(ptah_job::Run run, prepare());
    auto made = std::make_unique<ptah_job>(callbacks);
    made->begin(std::move(run));
    *job = made.release();
    return {};
  });
}

/// Whether a job is done, so that its work can be looked at.
bool is_done(const ptah_job* job) {
  if (!job) return false;
  const std::lock_guard lock(job->mutex);
  return job->state == PTAH_DONE;
}

}  // namespace

}  // namespace ptah

extern "C" {

uint32_t ptah_interface_version(void) { return PTAH_INTERFACE_VERSION; }

const char* ptah_version(void) { return ptah::kEngineVersion; }

const char* ptah_recipes(void) {
  static const std::string text = []() -> std::string {
    const auto made = ptah::guard([]() -> ptah::Result<std::string> {
      ptah::Json list = ptah::Json::array();
      for (const ptah::Recipe& recipe : ptah::recipes()) {
        ptah::Json files = ptah::Json::array();
        for (const ptah::SchemaField& field : recipe.schema->fields())
          if (field.is_file()) files.push_back(field.name);
        list.push_back({{"name", recipe.name()}, {"purpose", recipe.purpose()}, {"files", files}, {"schema", recipe.schema->json_schema()}});
      }
      return list.dump();
    });
    return made ? *made : "";
  }();
  return text.c_str();
}

const ptah_error* ptah_last_error(void) { return ptah::last_error.seen(); }

ptah_status ptah_use_threads(int count) {
  return ptah::status_from([&]() -> ptah::Result<void> {
    if (count < 0 || count > 1024) return ptah::fail(ptah::ErrorCode::invalid_argument, "{} threads; 0 to 1024 are possible", count);
    ptah::set_threads(count);
    return {};
  });
}

ptah_status ptah_engine_open(const char* models, ptah_engine** engine) {
  if (!engine) return ptah::failed(ptah::null_argument("engine"));
  *engine = nullptr;
  return ptah::status_from([&]() -> ptah::Result<void> {
    constexpr size_t kModels = 3;
    *engine = new ptah_engine{std::make_shared<ptah::ModelCache>(models ? models : "", kModels)};
    return {};
  });
}

void ptah_engine_close(ptah_engine* engine) { delete engine; }

ptah_status ptah_plan(ptah_engine* engine, const ptah_request* request, ptah_prediction* prediction) {
  if (!engine || !prediction) return ptah::failed(ptah::null_argument(engine ? "prediction" : "engine"));
  return ptah::status_from([&]() -> ptah::Result<void> {
    PTAH_TRY(const ptah::OpenedRequest asked, ptah::opened(request));
    const auto plan = ptah::plan_recipe(*asked.recipe, *engine->models, asked.request, asked.budget_bytes);
    if (!plan) return tl::unexpected(asked.files.told(plan.error()));
    ptah::give(ptah_prediction{sizeof(ptah_prediction), plan->peak_bytes, plan->flops, plan->seconds}, prediction);
    return {};
  });
}

ptah_status ptah_job_start(ptah_engine* engine, const ptah_request* request, const ptah_callbacks* callbacks, ptah_job** job) {
  if (!engine) return ptah::failed(ptah::null_argument("engine"));
  return ptah::start(callbacks, job, [&]() -> ptah::Result<ptah_job::Run> {
    PTAH_TRY(ptah::OpenedRequest asked, ptah::opened(request));
    auto kept = std::make_shared<ptah::OpenedRequest>(std::move(asked));
    return [kept, models = engine->models](ptah::RunOptions options) -> ptah::Result<ptah::Work> {
      options.budget_bytes = kept->budget_bytes;
      auto work = ptah::run_recipe(*kept->recipe, *models, kept->request, options);
      if (!work) return tl::unexpected(kept->files.told(work.error()));
      return work;
    };
  });
}

ptah_status ptah_replay_start(ptah_engine* engine, const char* path, const char* checkpoints, const ptah_callbacks* callbacks, ptah_job** job) {
  if (!engine || !path) return ptah::failed(ptah::null_argument(engine ? "path" : "engine"));
  return ptah::start(callbacks, job, [&]() -> ptah::Result<ptah_job::Run> {
    return [models = engine->models, place = std::filesystem::path(path),
            own = std::filesystem::path(checkpoints ? checkpoints : "")](const ptah::RunOptions& options) -> ptah::Result<ptah::Work> {
      PTAH_TRY(ptah::Replayed again, ptah::replay_path(*models, place, own, options));
      return std::move(again.work);
    };
  });
}

ptah_state ptah_job_poll(const ptah_job* job, ptah_progress* progress) {
  if (!job) return PTAH_FAILED;
  const std::lock_guard lock(job->mutex);
  if (progress) ptah::give(job->progress, progress);
  return job->state;
}

ptah_state ptah_job_wait(ptah_job* job, double seconds) {
  if (!job) return PTAH_FAILED;
  std::unique_lock lock(job->mutex);
  const auto ended = [job] { return job->state != PTAH_RUNNING; };
  constexpr double kLongest = 1e6;  // beyond, a clock would overflow
  if (seconds < 0)
    job->changed.wait(lock, ended);
  else
    job->changed.wait_for(lock, std::chrono::duration<double>(std::min(seconds, kLongest)), ended);
  return job->state;
}

void ptah_job_cancel(ptah_job* job) {
  if (job) job->token.cancel();
}

const ptah_error* ptah_job_error(const ptah_job* job) {
  static const ptah_error none{PTAH_INVALID_ARGUMENT, "job is a null pointer", ""};
  if (!job) return &none;
  const std::lock_guard lock(job->mutex);
  return job->error.seen();
}

void ptah_job_free(ptah_job* job) {
  if (job && !job->on_its_thread()) delete job;  // a callback that frees its job would wait for itself
}

size_t ptah_job_text(const ptah_job* job, size_t from, char* text, size_t capacity) {
  if (!job) return 0;
  const std::lock_guard lock(job->mutex);
  if (text && from < job->text.size()) job->text.copy(text, std::min(capacity, job->text.size() - from), from);
  return job->text.size();
}

size_t ptah_job_preview(const ptah_job* job, int64_t* step, int64_t* width, int64_t* height, unsigned char* rgba, size_t capacity) {
  if (!job) return 0;
  const std::lock_guard lock(job->mutex);
  const ptah::Image& picture = job->preview;
  if (step) *step = job->preview_step;
  if (width) *width = picture.width;
  if (height) *height = picture.height;
  if (rgba && !picture.rgba.empty() && picture.rgba.size() <= capacity) std::memcpy(rgba, picture.rgba.data(), picture.rgba.size());
  return picture.rgba.size();
}

size_t ptah_job_file_count(const ptah_job* job) { return ptah::is_done(job) ? job->names.size() : 0; }

const char* ptah_job_file_name(const ptah_job* job, size_t index) { return index < ptah_job_file_count(job) ? job->names[index].c_str() : nullptr; }

const unsigned char* ptah_job_file_bytes(const ptah_job* job, size_t index, size_t* size) {
  if (size) *size = 0;
  if (index >= ptah_job_file_count(job)) return nullptr;
  const ptah::Bytes& bytes = job->work.files.find(job->names[index])->second;
  if (size) *size = bytes.size();
  return bytes.data();
}

const char* ptah_job_receipt(const ptah_job* job) { return ptah::is_done(job) ? job->receipt.c_str() : ""; }

const char* ptah_job_facts(const ptah_job* job) { return ptah::is_done(job) ? job->facts.c_str() : "null"; }

ptah_status ptah_job_save(const ptah_job* job, const char* folder) {
  if (!job || !folder) return ptah::failed(ptah::null_argument(job ? "folder" : "job"));
  return ptah::status_from([&]() -> ptah::Result<void> {
    if (!ptah::is_done(job)) return ptah::fail(ptah::ErrorCode::invalid_argument, "the job is not done: there is nothing to save");
    PTAH_TRY_VOID(ptah::write_work(job->work, folder));
    return {};
  });
}

ptah_status ptah_verify(const char* path) {
  if (!path) return ptah::failed(ptah::null_argument("path"));
  return ptah::status_from([&]() -> ptah::Result<void> {
    PTAH_TRY(const ptah::Verification found, ptah::verify_work(path));
    if (found.whole) return {};
    std::string changed;
    for (const ptah::FileCheck& file : found.files)
      if (file.state != ptah::FileState::whole) changed += (changed.empty() ? "" : "; ") + ptah::line_of(file);
    return ptah::fail(ptah::ErrorCode::mismatch, "{}", changed.empty() ? "the work is not that of its receipt" : changed);
  });
}

}  // extern "C"
