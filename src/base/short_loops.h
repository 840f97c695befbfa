// Many parallel loops of some microseconds each, as a token of a language model has: threads that hand ranges over without a barrier.
#pragma once

#include <cstdint>

namespace ptah {

/// While one lives on this thread, its parallel_for gives ranges to whichever thread is free, the calling one included, and never waits for a thread that
/// has taken none. Between loops the other threads look for work for some microseconds; while other programs need the processor they sleep instead.
/// No oneDNN calls belong inside: OpenMP's threads would compete with these.
class ShortLoops {
 public:
  ShortLoops();
  ~ShortLoops();
  ShortLoops(const ShortLoops&) = delete;
  ShortLoops& operator=(const ShortLoops&) = delete;
  static bool active();
};

namespace detail {

using RangeCall = void (*)(const void* body, int64_t begin, int64_t end);
/// Calls call(body, begin, end) over [0, count) on up to `team` threads; returns when all ranges are done. What a range throws is thrown here.
void share_ranges(int team, int64_t count, RangeCall call, const void* body);
/// Whether this thread works on a range of share_ranges.
bool in_shared_range();

}  // namespace detail
}  // namespace ptah
