#include "geometry/atlas/bitmap.h"

#include <algorithm>

namespace ptah::atlas {

namespace {

/// to |= from >> shift: bit x takes bit x + shift.
void or_shifted(const uint64_t* from, int64_t shift, uint64_t* to, int64_t words) {
  const int64_t whole = shift / 64, bits = shift % 64;
  if (bits == 0) {
    for (int64_t i = 0; i + whole < words; ++i) to[i] |= from[i + whole];
    return;
  }
  for (int64_t i = 0; i + whole + 1 < words; ++i) to[i] |= from[i + whole] >> bits | from[i + whole + 1] << (64 - bits);
  if (words > whole) to[words - whole - 1] |= from[words - 1] >> bits;
}

}  // namespace

Occupancy::Occupancy(int64_t edge) : edge_(edge), words_((edge + 63) / 64), levels_(1) {
  while (int64_t{1} << levels_ <= edge) ++levels_;
  bits_.assign(static_cast<size_t>(edge_ * levels_ * words_), 0);
}

bool Occupancy::find(const Runs& shape, const std::vector<int32_t>& order, int64_t top, int64_t& x, int64_t& y) const {
  const int64_t columns = edge_ - shape.width + 1;
  if (columns <= 0) return false;
  const int64_t words = (columns + 63) / 64;
  const uint64_t last = columns % 64 ? ~uint64_t{0} << columns % 64 : 0;
  std::vector<uint64_t> blocked(static_cast<size_t>(words_));
  for (y = 0; y + shape.height <= std::min(edge_, top); ++y) {
    std::fill(blocked.begin(), blocked.end(), 0);
    blocked[static_cast<size_t>(words - 1)] = last;
    bool room = true;
    for (const int32_t r : order) {
      for (uint32_t k = shape.begin[static_cast<size_t>(r)]; k < shape.begin[static_cast<size_t>(r) + 1]; ++k) {
        const auto [first, end] = shape.runs[k];
        const int64_t level = std::bit_width(static_cast<uint32_t>(end - first + 1)) - 1;
        const uint64_t* taken = row(y + r, level);
        or_shifted(taken, first, blocked.data(), words_);
        or_shifted(taken, end + 1 - (int64_t{1} << level), blocked.data(), words_);
      }
      room = std::any_of(blocked.begin(), blocked.begin() + words, [](uint64_t w) { return w != ~uint64_t{0}; });
      if (!room) break;
    }
    if (!room) continue;
    for (int64_t i = 0; i < words; ++i)
      if (const uint64_t free = ~blocked[static_cast<size_t>(i)]) {
        x = i * 64 + std::countr_zero(free);
        return true;
      }
  }
  return false;
}

void Occupancy::take(const Runs& shape, int64_t x, int64_t y, int64_t margin) {
  for (int64_t r = 0; r < shape.height; ++r)
    for (uint32_t k = shape.begin[static_cast<size_t>(r)]; k < shape.begin[static_cast<size_t>(r) + 1]; ++k) {
      const int64_t first = std::max<int64_t>(0, x + shape.runs[k].first - margin), last = std::min(edge_ - 1, x + shape.runs[k].second + margin);
      for (int64_t to = std::max<int64_t>(0, y + r - margin); to <= std::min(edge_ - 1, y + r + margin); ++to) {
        uint64_t* bits = row(to, 0);
        for (int64_t i = first / 64; i <= last / 64; ++i) {
          uint64_t mask = ~uint64_t{0};
          if (i == first / 64) mask &= ~uint64_t{0} << first % 64;
          if (i == last / 64 && last % 64 != 63) mask &= (uint64_t{1} << (last % 64 + 1)) - 1;
          bits[i] |= mask;
        }
      }
    }
  const int64_t from = std::max<int64_t>(0, y - margin), to = std::min(edge_ - 1, y + shape.height - 1 + margin);
  for (int64_t r = from; r <= to; ++r)
    for (int64_t level = 1; level < levels_; ++level) {
      uint64_t* out = row(r, level);
      const uint64_t* before = row(r, level - 1);
      std::copy(before, before + words_, out);
      or_shifted(before, int64_t{1} << (level - 1), out, words_);
    }
}

}  // namespace ptah::atlas
