#include "jobs/turns.h"

#include <algorithm>
#include <deque>

namespace ptah {

namespace {

constexpr int kShortOnesInARow = 3;
constexpr double kMinSeconds = 0.05;  ///< what a job costs at least, planned or not

}  // namespace

double Turns::State::of(const std::string& owner) const {
  const auto found = had.find(owner);
  return std::max(now, found == had.end() ? 0 : found->second);
}

void Turns::count(State& state, const QueuedJob& job) {
  state.now = state.of(job.owner);
  state.had[job.owner] = state.now + std::max(kMinSeconds, job.planned_seconds);
  state.short_ones = job.batch ? 0 : state.short_ones + 1;
}

std::vector<QueuedJob> Turns::order(const std::vector<QueuedJob>& queued, size_t max) const {
  std::map<std::string, std::deque<const QueuedJob*>> lanes[2];  // short and long ones of each owner
  for (const QueuedJob& job : queued) lanes[job.batch ? 1 : 0][job.owner].push_back(&job);
  State state = state_;
  std::vector<QueuedJob> out;
  while (out.size() < std::min(queued.size(), max)) {
    const bool batch = !lanes[1].empty() && (lanes[0].empty() || state.short_ones >= kShortOnesInARow);
    auto& lane = lanes[batch ? 1 : 0];
    const auto best = std::min_element(lane.begin(), lane.end(), [&](const auto& a, const auto& b) {
      const double had_a = state.of(a.first), had_b = state.of(b.first);
      return had_a < had_b || (had_a == had_b && a.second.front()->id < b.second.front()->id);
    });
    out.push_back(*best->second.front());
    best->second.pop_front();
    if (best->second.empty()) lane.erase(best);
    count(state, out.back());
  }
  return out;
}

}  // namespace ptah
