#include "serve/studio/pulls.h"

#include <algorithm>

#include "base/file.h"
#include "models/hub.h"
#include "models/pull.h"

namespace ptah {

const char* name_of(PullState::Status status) {
  switch (status) {
    case PullState::Status::running:
      return "running";
    case PullState::Status::done:
      return "done";
    case PullState::Status::failed:
      return "failed";
    case PullState::Status::cancelled:
      break;
  }
  return "cancelled";
}

ModelPulls::~ModelPulls() {
  for (auto& [source, pull] : pulls_) pull->token.cancel();
  for (auto& [source, pull] : pulls_) pull->thread.join();
}

Result<void> ModelPulls::begin(const std::string& source, bool accept_terms) {
  const std::lock_guard lock(mutex_);
  const auto running = [](const auto& one) { return one.second->state.status == PullState::Status::running; };
  if (std::count_if(pulls_.begin(), pulls_.end(), running) >= static_cast<std::ptrdiff_t>(kMaxAtOnce))
    return fail(ErrorCode::invalid_argument, "{} models are being fetched already; wait for one of them", kMaxAtOnce);
  auto& slot = pulls_[source];
  if (slot && slot->state.status == PullState::Status::running) return fail(ErrorCode::invalid_argument, "'{}' is being fetched already", source);
  if (slot) slot->thread.join();  // it has ended
  slot = std::make_unique<Pull>();
  Pull& pull = *slot;
  pull.thread = std::thread([this, &pull, source, accept_terms] { run(pull, source, accept_terms); });
  return {};
}

void ModelPulls::run(Pull& pull, const std::string& source, bool accept_terms) {
  const bool named = !source.starts_with("hf:") && source.find("://") == std::string::npos;
  const auto done = guard([&]() -> Result<std::filesystem::path> {
    if (named) return pull_model(source, folder_, accept_terms, &pull.token);
    HubOptions how{.cancel = &pull.token};
    if (const std::string endpoint = environment("HF_ENDPOINT"); !endpoint.empty()) how.endpoint = endpoint;
    how.token = environment("HF_TOKEN");
    how.progress = [&](const std::string&, int64_t bytes, int64_t total) {
      const std::lock_guard lock(mutex_);
      pull.state.bytes = bytes;
      pull.state.total = total;
    };
    return pull_from_web(source, folder_, how);
  });
  const std::lock_guard lock(mutex_);
  pull.state.status = done ? PullState::Status::done : pull.token.cancelled() ? PullState::Status::cancelled : PullState::Status::failed;
  if (!done) pull.state.message = done.error().message;
}

bool ModelPulls::cancel(const std::string& source) {
  const std::lock_guard lock(mutex_);
  const auto found = pulls_.find(source);
  if (found == pulls_.end() || found->second->state.status != PullState::Status::running) return false;
  found->second->token.cancel();
  return true;
}

std::map<std::string, PullState> ModelPulls::states() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, PullState> out;
  for (const auto& [source, pull] : pulls_) out.emplace(source, pull->state);
  return out;
}

}  // namespace ptah
