// Whose job comes next: short ones before long ones, and nobody waits for all that somebody else asked for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "jobs/job_store.h"

namespace ptah {

/// Fair turns by planned seconds (fair queueing by virtual time: Demers, Keshav, Shenker 1989): the next job is of the owner who had the least so far. Jobs of
/// an owner keep their order. Short jobs go first, but every fourth is a long one, so that these do not starve. For one thread at a time.
class Turns {
 public:
  /// The jobs that wait (as JobStore::queued() has them), as they will be begun if nothing else comes; the first `max` of them.
  std::vector<QueuedJob> order(const std::vector<QueuedJob>& queued, size_t max = SIZE_MAX) const;
  /// A job was begun.
  void take(const QueuedJob& job) { count(state_, job); }

 private:
  struct State {
    std::map<std::string, double> had;  ///< planned seconds of each owner
    double now = 0;                     ///< what the owner had whose turn was last: who comes new begins there
    int short_ones = 0;                 ///< in a row
    double of(const std::string& owner) const;
  };
  static void count(State& state, const QueuedJob& job);
  State state_;
};

}  // namespace ptah
