#include "serve/api/event_hub.h"

#include <algorithm>
#include <chrono>

#include "serve/api/answers.h"

namespace ptah {

namespace {

bool ends_job(const Json& what) {
  const std::string event = text_at(what, "event");
  return event == "done" || event == "failed" || event == "cancelled";
}

std::string sent_event(const JobEvent& event) {
  Json data = event.what;
  data["job"] = job_name(event.job);
  return HttpStream::event(data.dump(-1, ' ', false, Json::error_handler_t::replace), text_at(event.what, "event"), std::to_string(event.number));
}

std::string sent_preview(int64_t job, int64_t step) {
  const Json data{{"event", "preview"}, {"job", job_name(job)}, {"step", step}, {"url", fmt::format("/v1/jobs/{}/preview?step={}", job_name(job), step)}};
  return HttpStream::event(data.dump(), "preview");
}

}  // namespace

std::string job_name(int64_t id) { return fmt::format("job_{}", id); }

int64_t job_number(std::string_view name) {
  constexpr std::string_view kBegin = "job_";
  return name.starts_with(kBegin) ? whole_number<int64_t>(name.substr(kBegin.size())).value_or(0) : 0;
}

EventHub::EventHub(JobStore& store) : store_(store) {
  store_.watch([this](int64_t job) {
    const std::lock_guard lock(mutex_);
    touched_.insert(job);
    ++count_;
    changed_.notify_one();
  });
  thread_ = std::thread([this] { run(); });
}

EventHub::~EventHub() {
  store_.watch({});
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    happened_.notify_all();
  }
  thread_.join();
  for (const auto& follower : followers_) follower->stream->close();
}

std::shared_ptr<HttpStream> EventHub::add(const std::shared_ptr<Follower>& follower, size_t max_waiting) {
  follower->stream = std::make_shared<HttpStream>(max_waiting);
  const std::lock_guard lock(mutex_);
  touched_.insert(follower->job);
  followers_.push_back(follower);
  changed_.notify_one();
  return follower->stream;
}

std::shared_ptr<HttpStream> EventHub::follow(int64_t job, int64_t after) {
  const EventShape shape{.event = sent_event, .preview = [job](const JobPreview& preview) { return sent_preview(job, preview.step); }};
  return add(std::make_shared<Follower>(Follower{.job = job, .after = std::max<int64_t>(0, after), .shape = shape}));
}

std::shared_ptr<HttpStream> EventHub::follow(int64_t job, EventShape shape, size_t max_waiting) {
  return add(std::make_shared<Follower>(Follower{.job = job, .shape = std::move(shape)}), max_waiting);
}

void EventHub::hear(int64_t job, const JobSound& sound) {
  std::vector<std::shared_ptr<Follower>> followers;
  {
    const std::lock_guard lock(mutex_);
    followers = followers_;
  }
  for (const auto& follower : followers) {
    if (follower->job != job || !follower->shape.sound) continue;
    std::string news = follower->shape.sound(sound);
    if (!news.empty()) follower->stream->send(std::move(news));
  }
}

std::shared_ptr<HttpStream> EventHub::follow_all(const std::string& owner, int64_t after) {
  if (after < 0) after = store_.last_event();
  auto stream = add(std::make_shared<Follower>(Follower{.owner = owner, .after = after, .shape = {.event = sent_event}}));
  stream->send(std::string(": follows\n\n"));  // so that the client sees that it is connected
  return stream;
}

void EventHub::show(int64_t job, const JobPreview& preview) {
  std::vector<std::shared_ptr<Follower>> followers;
  {
    const std::lock_guard lock(mutex_);
    previews_[job] = preview;
    ++count_;
    followers = followers_;
  }
  happened_.notify_all();
  for (const auto& follower : followers) {
    if (follower->job == job && follower->shape.preview) follower->stream->send(follower->shape.preview(preview));
    if (follower->job == 0 && store_.asked(job, follower->owner)) follower->stream->send(sent_preview(job, preview.step));
  }
}

std::optional<JobPreview> EventHub::preview(int64_t job) const {
  const std::lock_guard lock(mutex_);
  const auto found = previews_.find(job);
  return found == previews_.end() ? std::nullopt : std::optional(found->second);
}

uint64_t EventHub::seen() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

void EventHub::wait(uint64_t seen, double seconds) const {
  std::unique_lock lock(mutex_);
  happened_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return stopping_ || count_ != seen; });
}

size_t EventHub::followers() const {
  const std::lock_guard lock(mutex_);
  return followers_.size();
}

void EventHub::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, std::chrono::seconds(1), [&] { return stopping_ || !touched_.empty(); });
    std::vector<std::shared_ptr<Follower>> left;
    std::erase_if(followers_, [&](const auto& follower) {
      if (follower->stream->open()) return false;
      if (!follower->ended && follower->shape.left) left.push_back(follower);
      return true;
    });
    if (!left.empty()) {
      lock.unlock();
      for (const auto& follower : left) follower->shape.left();
      lock.lock();
    }
    if (touched_.empty()) continue;
    const std::set<int64_t> touched = std::exchange(touched_, {});
    const std::vector<std::shared_ptr<Follower>> followers = followers_;
    lock.unlock();
    std::map<std::pair<int64_t, int64_t>, std::vector<JobEvent>> read;
    const auto served = guard([&]() -> Result<void> {
      for (const auto& follower : followers)
        if (follower->job == 0 || touched.contains(follower->job)) serve(*follower, read);
      forget_ended(touched);
      return {};
    });
    if (!served)  // the disk: who follows comes back and says where it was
      for (const auto& follower : followers) follower->stream->close();
    happened_.notify_all();
    lock.lock();
  }
}

/// Sends what is new; the store is read once for all who are equally far.
void EventHub::serve(Follower& follower, std::map<std::pair<int64_t, int64_t>, std::vector<JobEvent>>& read) {
  const auto [found, is_new] = read.try_emplace({follower.job, follower.after});
  if (is_new) found->second = store_.events(follower.after, follower.job);
  std::string text;
  bool ended = false;
  for (const JobEvent& event : found->second) {
    follower.after = event.number;
    if (follower.job == 0 && !store_.asked(event.job, follower.owner)) continue;
    text += follower.shape.event(event);
    ended = follower.job != 0 && ends_job(event.what);
  }
  if (!text.empty()) follower.stream->send(std::move(text));
  if (follower.job == 0) return;
  if (!ended && found->second.empty()) {  // the client has seen the end already, or there is none of these
    const JobState state = store_.get(follower.job).state;
    ended = state != JobState::queued && state != JobState::running;
  }
  follower.ended = ended;
  if (ended) follower.stream->close();
}

void EventHub::forget_ended(const std::set<int64_t>& jobs) {
  for (const int64_t job : jobs) {
    if (!preview(job)) continue;
    const JobState state = store_.get(job).state;
    if (state == JobState::queued || state == JobState::running) continue;
    const std::lock_guard lock(mutex_);
    previews_.erase(job);
  }
}

}  // namespace ptah
