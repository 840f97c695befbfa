// When the words that a recogniser wrote are said: which part of the sound the network looks at as it writes each token.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "voice/listen/whisper.h"

namespace ptah {

struct HeardWord {
  double begin = 0, end = 0;  ///< seconds
  std::string text;           ///< with the punctuation beside it, without blanks around it
};

/// The words of tokens that stand for text (times among them are left out). The attention of the model's alignment heads to the sound is normalised over the
/// tokens and smoothed over time, and the cheapest path through it says when each token begins (Whisper's own way: Radford et al. 2022; dynamic time warping:
/// Sakoe and Chiba 1978). `prompt` as for writing, `encoded` of WhisperModel::encode(), `frames` of it hold sound; `offset` is added to all times. None for a
/// model that names no such heads.
std::vector<HeardWord> word_times_of(const WhisperModel& model, const Tensor& encoded, const std::vector<int32_t>& prompt, const std::vector<int32_t>& tokens,
                                     int64_t frames, double offset, const CancelToken* cancel);

namespace detail {
/// The cheapest way from the first to the last corner of costs [rows, columns], a step down, right or both at a time: for each row the column where it is
/// entered.
std::vector<int64_t> cheapest_columns(const std::vector<float>& costs, int64_t rows, int64_t columns);
}  // namespace detail

}  // namespace ptah
