// From logits to a token: pure functions on a list of candidates, put into a chain.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/error.h"

namespace ptah {

struct Candidate {
  int32_t token;
  float logit;
  float probability = 0;  ///< set by normalize
};

struct SamplingOptions {
  float temperature = 0.8F;  ///< 0: always the most likely token
  int64_t top_k = 40;        ///< 0: all
  float top_p = 0.95F;       ///< 1: all
  float min_p = 0;           ///< share of the most likely token's probability that a token needs
  float typical_p = 1;       ///< 1: off
  float repetition_penalty = 1, frequency_penalty = 0, presence_penalty = 0;
  int64_t penalty_window = 64;                 ///< how many last tokens the penalties look at
  float dry_multiplier = 0, dry_base = 1.75F;  ///< against copies of what was drawn before (penalize_copies); 0: off
  int64_t dry_allowed_length = 2;              ///< tokens that may be copied freely
  std::map<int32_t, float> logit_bias = {};    ///< added to a token's logit; −∞ forbids it
  uint64_t seed = 0;
};
/// Errors: invalid_argument, naming the field and what is possible.
Result<void> check(const SamplingOptions& options);

/// Candidates of all logits; NaN counts as −∞.
std::vector<Candidate> candidates_of(std::span<const float> logits);
/// Divides positive and multiplies negative logits of seen tokens (Keskar et al. 2019); frequency and presence penalties are subtracted.
void penalize(std::vector<Candidate>& candidates, std::span<const int32_t> seen, float repetition, float frequency, float presence);
/// "DRY", don't repeat yourself (p-e-w 2024): a token that would go on a copy of `length` ≥ allowed tokens of what was drawn before loses multiplier ·
/// base^(length − allowed).
void penalize_copies(std::vector<Candidate>& candidates, std::span<const int32_t> drawn, float multiplier, float base, int64_t allowed);
/// Sorted by logit, largest first, equal ones by token; only the first `count` if it is not 0.
void keep_top_k(std::vector<Candidate>& candidates, int64_t count);
/// Softmax of logits / temperature over what is left.
void normalize(std::vector<Candidate>& candidates, float temperature);
/// The smallest set of most likely tokens whose probabilities sum to p (Holtzman et al. 2020). Candidates are sorted and normalised.
void keep_top_p(std::vector<Candidate>& candidates, float p);
void keep_min_p(std::vector<Candidate>& candidates, float share);
/// The tokens whose information is nearest to the expected one, up to probability p (Meister et al. 2023).
void keep_typical(std::vector<Candidate>& candidates, float p);
/// By the probabilities, which need not sum to 1; `uniform` in [0, 1).
int32_t draw(const std::vector<Candidate>& candidates, float uniform);

/// The whole chain: bias, penalties (those on copies look at the last `position` tokens of `seen`, which were drawn), top-k, typical, top-p, min-p,
/// temperature, draw. `position` numbers the draws of one seed.
int32_t sample(std::span<const float> logits, std::span<const int32_t> seen, const SamplingOptions& options, uint64_t position);
/// log softmax(logits)[token].
float log_probability(std::span<const float> logits, int32_t token);

}  // namespace ptah
