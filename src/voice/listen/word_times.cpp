#include "voice/listen/word_times.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace ptah {

namespace {

constexpr double kColumnSeconds = 0.02;  ///< of what the encoder gives
constexpr int64_t kSmoothed = 7;         ///< columns of the median

/// Rows [rows, columns] of one head: each column with mean 0 and deviation 1 over the rows, then the median of neighbouring columns, mirrored at the ends.
void smooth(std::vector<float>& x, int64_t rows, int64_t columns) {
  for (int64_t c = 0; c < columns; ++c) {
    double mean = 0, squares = 0;
    for (int64_t r = 0; r < rows; ++r) mean += static_cast<double>(x[static_cast<size_t>(r * columns + c)]) / static_cast<double>(rows);
    for (int64_t r = 0; r < rows; ++r) squares += std::pow(static_cast<double>(x[static_cast<size_t>(r * columns + c)]) - mean, 2) / static_cast<double>(rows);
    const double deviation = std::sqrt(squares) + 1e-10;
    for (int64_t r = 0; r < rows; ++r) {
      float& value = x[static_cast<size_t>(r * columns + c)];
      value = static_cast<float>((static_cast<double>(value) - mean) / deviation);
    }
  }
  if (columns <= kSmoothed / 2) return;
  std::vector<float> row(static_cast<size_t>(columns));
  for (int64_t r = 0; r < rows; ++r) {
    float* values = x.data() + r * columns;
    std::copy_n(values, columns, row.begin());
    for (int64_t c = 0; c < columns; ++c) {
      std::array<float, kSmoothed> around{};
      for (int64_t k = 0; k < kSmoothed; ++k) {
        int64_t at = std::abs(c + k - kSmoothed / 2);
        if (at >= columns) at = 2 * (columns - 1) - at;
        around[static_cast<size_t>(k)] = row[static_cast<size_t>(at)];
      }
      std::nth_element(around.begin(), around.begin() + kSmoothed / 2, around.end());
      values[c] = around[kSmoothed / 2];
    }
  }
}

/// Where words begin among tokens: at one whose text begins with a blank, or the first; the end comes last.
std::vector<size_t> word_starts(const WhisperModel& model, const std::vector<int32_t>& tokens) {
  std::vector<size_t> out;
  for (size_t i = 0; i < tokens.size(); ++i)
    if (out.empty() || model.text({&tokens[i], 1}).starts_with(' ')) out.push_back(i);
  out.push_back(tokens.size());
  return out;
}

}  // namespace

namespace detail {

std::vector<int64_t> cheapest_columns(const std::vector<float>& costs, int64_t rows, int64_t columns) {
  constexpr float kFar = std::numeric_limits<float>::infinity();
  const int64_t wide = columns + 1;
  std::vector<float> sums(static_cast<size_t>((rows + 1) * wide), kFar);
  std::vector<int8_t> steps(sums.size(), 0);  // 0: both, 1: down, 2: right
  sums[0] = 0;
  for (int64_t r = 1; r <= rows; ++r)
    for (int64_t c = 1; c <= columns; ++c) {
      const auto at = static_cast<size_t>(r * wide + c);
      const float both = sums[at - static_cast<size_t>(wide) - 1], down = sums[at - static_cast<size_t>(wide)], right = sums[at - 1];
      const int8_t step = both < down && both < right ? 0 : down < both && down < right ? 1 : 2;
      sums[at] = costs[static_cast<size_t>((r - 1) * columns + c - 1)] + (step == 0 ? both : step == 1 ? down : right);
      steps[at] = step;
    }
  std::vector<int64_t> out(static_cast<size_t>(rows), 0);
  for (int64_t r = rows, c = columns; r > 0;) {
    out[static_cast<size_t>(r - 1)] = std::max<int64_t>(0, c - 1);
    const int8_t step = c > 0 ? steps[static_cast<size_t>(r * wide + c)] : int8_t{1};
    if (step != 1) --c;
    if (step != 2) --r;
  }
  return out;
}

}  // namespace detail

std::vector<HeardWord> word_times_of(const WhisperModel& model, const Tensor& encoded, const std::vector<int32_t>& prompt, const std::vector<int32_t>& tokens,
                                     int64_t frames, double offset, const CancelToken* cancel) {
  std::vector<int32_t> text;
  for (const int32_t token : tokens)
    if (token < model.tokens().end) text.push_back(token);
  if (text.empty() || model.tokens().alignment_heads.empty()) return {};
  std::vector<int32_t> all = prompt;
  all.push_back(model.tokens().no_times);
  const auto before = static_cast<int64_t>(all.size());
  all.insert(all.end(), text.begin(), text.end());
  all.push_back(model.tokens().end);
  if (static_cast<int64_t>(all.size()) > WhisperModel::kLongest) return {};
  stop_if_cancelled(cancel);
  WhisperModel::Writer writer(model, encoded);
  writer.watch();
  (void)writer.step(all);
  const auto all_rows = static_cast<int64_t>(all.size()), wide = encoded.dim(1), columns = std::clamp<int64_t>(frames / 2, 1, wide);
  const int64_t rows = all_rows - before;  // each text token, and the end
  std::vector<float> costs(static_cast<size_t>(rows * columns), 0.0F);
  const auto& heads = writer.watched();
  for (const std::vector<float>& head : heads) {
    std::vector<float> part(static_cast<size_t>(all_rows * columns));
    for (int64_t r = 0; r < all_rows; ++r) std::copy_n(head.begin() + r * wide, columns, part.begin() + r * columns);
    smooth(part, all_rows, columns);
    // What is written as a token is seen by the one before it.
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c)
        costs[static_cast<size_t>(r * columns + c)] -= part[static_cast<size_t>((r + before - 1) * columns + c)] / static_cast<float>(heads.size());
  }
  const std::vector<int64_t> entered = detail::cheapest_columns(costs, rows, columns);
  std::vector<HeardWord> out;
  const std::vector<size_t> starts = word_starts(model, text);
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    const std::string word(trimmed(model.text(std::span(text).subspan(starts[i], starts[i + 1] - starts[i]))));
    if (!word.empty())
      out.push_back(
          {offset + static_cast<double>(entered[starts[i]]) * kColumnSeconds, offset + static_cast<double>(entered[starts[i + 1]]) * kColumnSeconds, word});
  }
  return out;
}

}  // namespace ptah
