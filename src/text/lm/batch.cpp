#include "text/lm/batch.h"

#include <algorithm>
#include <chrono>

#include "tensor/ops.h"

namespace ptah {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); }

Error cancelled_error() { return {ErrorCode::cancelled, "cancelled"}; }

}  // namespace

struct BatchEngine::Job {
  BatchRequest request;
  std::promise<Result<Generated>> promise;
  int64_t capacity = 0, bytes = 0;  ///< of its cache; of its pages that are not kept beginnings
  PrefixCache::Found beginning;     ///< kept before
  bool keeps = false;               ///< all its pages so far are kept beginnings
  // from its beginning on
  std::unique_ptr<KeyValueCache> cache;
  std::unique_ptr<Decoding> answer;
  size_t read = 0;               ///< tokens of the prompt that the cache holds
  std::optional<int32_t> token;  ///< what is to be read next
  double prompt_seconds = 0;
  Clock::time_point decoding;
  bool done = false;
};

BatchEngine::BatchEngine(LoadedLanguageModel model, const BatchLimits& limits) : model_(std::move(model)), limits_(limits) {
  if (limits.cache_bytes < 1 || limits.at_once < 1)
    throw Failure({ErrorCode::invalid_argument, fmt::format("batch: {} bytes for {} at once", limits.cache_bytes, limits.at_once)});
  thread_ = std::thread([this] { work(); });
}

BatchEngine::~BatchEngine() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  news_.notify_all();
  thread_.join();
}

BatchEngine::Load BatchEngine::load() const {
  const std::lock_guard lock(mutex_);
  Load now = load_;
  now.waiting = static_cast<int64_t>(waiting_.size());
  return now;
}

std::future<Result<Generated>> BatchEngine::submit(BatchRequest request) {
  auto job = std::make_unique<Job>();
  job->request = std::move(request);
  std::future<Result<Generated>> future = job->promise.get_future();
  const LanguageConfig& config = model_.model->config();
  const auto prompt = static_cast<int64_t>(job->request.prompt.size());
  job->capacity = cache_length_for(config, prompt, job->request.options.max_tokens);
  job->bytes = KeyValueCache::bytes_for(config, job->capacity, limits_.cache_type, true);
  if (prompt == 0 || prompt >= config.context || job->request.options.max_tokens < 0) {
    fail_job(*job, {ErrorCode::invalid_argument, fmt::format("batch: a prompt of {} tokens and an answer of {}; the context holds {}", prompt,
                                                             job->request.options.max_tokens, config.context)});
  } else if (job->bytes > limits_.cache_bytes) {
    fail_job(*job, {ErrorCode::over_budget,
                    fmt::format("batch: a request of {} tokens needs {} bytes of cache; there are {}", job->capacity, job->bytes, limits_.cache_bytes)});
  } else {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(job));
    }
    news_.notify_all();
  }
  return future;
}

void BatchEngine::fail_job(Job& job, const Error& error) {
  job.done = true;
  job.cache.reset();
  job.promise.set_value(tl::unexpected<Error>(error));
}

void BatchEngine::attempt(Job& job, const std::function<void()>& part) {
  try {
    part();
  } catch (const Failure& failure) {
    fail_job(job, failure.error());
  } catch (const std::exception& problem) {
    fail_job(job, {ErrorCode::internal, problem.what()});
  }
}

void BatchEngine::finish(Job& job) {
  Generated out = job.answer->finish();
  out.prompt_seconds = job.prompt_seconds;
  out.decode_seconds = seconds_since(job.decoding);
  job.done = true;
  job.cache.reset();
  job.promise.set_value(std::move(out));
}

bool BatchEngine::make_room(Job& job) {
  const LanguageConfig& config = model_.model->config();
  const auto fits = [&] {
    load_.kept_bytes = beginnings_.bytes();
    int64_t sum = load_.kept_bytes + job.bytes;
    for (const auto& other : running_) sum += other->bytes;
    return sum <= limits_.cache_bytes;
  };
  job.beginning = limits_.keep_beginnings ? beginnings_.find(job.request.prompt) : PrefixCache::Found();
  job.bytes = KeyValueCache::bytes_for(config, job.capacity - job.beginning.tokens, limits_.cache_type, true);
  while (!fits() && beginnings_.forget_one()) {
  }
  if (!fits() && running_.empty()) {  // its own beginning is in the way
    job.beginning = {};
    job.bytes = KeyValueCache::bytes_for(config, job.capacity, limits_.cache_type, true);
    while (!fits() && beginnings_.forget_one()) {
    }
  }
  if (fits()) return true;
  job.beginning = {};
  return false;
}

void BatchEngine::admit() {
  while (!waiting_.empty() && static_cast<int64_t>(running_.size()) < limits_.at_once && make_room(*waiting_.front())) {
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  count_bytes();
}

void BatchEngine::count_bytes() {
  load_.kept_bytes = load_.cache_bytes = beginnings_.bytes();
  for (const auto& job : running_) load_.cache_bytes += job->bytes;
  load_.max_cache_bytes = std::max(load_.max_cache_bytes, load_.cache_bytes);
  load_.running = static_cast<int64_t>(running_.size());
}

void BatchEngine::keep_beginning(Job& job) {
  const auto read = static_cast<int64_t>(job.read);
  if (!job.keeps || read % LanguageModel::kChunk) return;
  job.keeps = false;
  auto pages = job.cache->share(read - LanguageModel::kChunk, read);
  if (pages.empty()) return;
  const LanguageConfig& config = model_.model->config();
  const int64_t own = KeyValueCache::bytes_for(config, job.capacity - read, limits_.cache_type, true);
  const int64_t chunk = KeyValueCache::bytes_for(config, LanguageModel::kChunk, limits_.cache_type);
  const std::lock_guard lock(mutex_);
  while (load_.cache_bytes - job.bytes + own + chunk > limits_.cache_bytes) {
    if (!beginnings_.forget_one()) return;
    count_bytes();
  }
  if (!beginnings_.put(job.request.prompt, read - LanguageModel::kChunk, std::move(pages), job.cache->page_bytes())) return;
  job.bytes = own;
  job.keeps = true;
  count_bytes();
}

void BatchEngine::read_prompts() {
  for (auto& job : running_) {
    const std::vector<int32_t>& prompt = job->request.prompt;
    if (job->done || job->read == prompt.size()) continue;
    attempt(*job, [&] {
      const auto start = Clock::now();
      if (!job->cache) {
        job->cache = std::make_unique<KeyValueCache>(model_.model->config(), job->capacity, limits_.cache_type, true);
        if (job->beginning.tokens > 0) job->cache->append(job->beginning.pages);
        job->read = static_cast<size_t>(job->beginning.tokens);
        job->beginning.pages.clear();
        job->keeps = limits_.keep_beginnings;
        {
          const std::lock_guard lock(mutex_);
          load_.reused_tokens += job->beginning.tokens;
        }
        job->answer = std::make_unique<Decoding>(model_, prompt, job->request.options,
                                                 max_tokens(job->request.options, job->capacity, static_cast<int64_t>(prompt.size())), job->request.show);
      }
      const size_t end = std::min(prompt.size(), job->read + static_cast<size_t>(LanguageModel::kChunk));
      std::vector<float> logits =
          model_.model->read({prompt.begin() + static_cast<std::ptrdiff_t>(job->read), prompt.begin() + static_cast<std::ptrdiff_t>(end)}, *job->cache);
      job->read = end;
      keep_beginning(*job);
      job->prompt_seconds += seconds_since(start);
      if (end < prompt.size()) return;
      job->decoding = Clock::now();
      job->token = job->answer->next(logits);
      if (!job->token) finish(*job);
    });
  }
}

void BatchEngine::decode() {
  std::vector<int32_t> tokens;
  std::vector<KeyValueCache*> caches;
  std::vector<Job*> jobs;
  for (auto& job : running_) {
    if (job->done || !job->token) continue;
    if (job->cache->length() >= job->cache->capacity()) {
      job->answer->end(FinishReason::context);
      attempt(*job, [&] { finish(*job); });
      continue;
    }
    tokens.push_back(*job->token);
    caches.push_back(job->cache.get());
    jobs.push_back(job.get());
  }
  if (jobs.empty()) return;
  std::vector<float> logits;
  try {
    logits = model_.model->step(tokens, caches);
  } catch (const std::exception& problem) {
    for (Job* job : jobs) fail_job(*job, {ErrorCode::internal, problem.what()});
    return;
  }
  const size_t width = logits.size() / jobs.size();
  for (size_t i = 0; i < jobs.size(); ++i) {
    attempt(*jobs[i], [&] {
      jobs[i]->token = jobs[i]->answer->next({logits.data() + i * width, width});
      if (!jobs[i]->token) finish(*jobs[i]);
    });
  }
}

void BatchEngine::remove_done() {
  std::erase_if(running_, [](const auto& job) { return job->done; });
  const auto gone = [](const auto& job) { return job->request.cancel && job->request.cancel->cancelled(); };
  for (auto& job : waiting_)
    if (gone(job)) fail_job(*job, cancelled_error());
  std::erase_if(waiting_, [](const auto& job) { return job->done; });
  count_bytes();
}

void BatchEngine::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    remove_done();
    if (closing_) break;
    admit();
    if (running_.empty()) {
      if (waiting_.empty()) news_.wait(lock);
      continue;
    }
    lock.unlock();
    for (auto& job : running_)
      if (job->request.cancel && job->request.cancel->cancelled()) fail_job(*job, cancelled_error());
    read_prompts();
    decode();
    lock.lock();
  }
  for (auto& job : running_) fail_job(*job, cancelled_error());
  for (auto& job : waiting_) fail_job(*job, cancelled_error());
  running_.clear();
  waiting_.clear();
  load_ = {};
}

}  // namespace ptah
