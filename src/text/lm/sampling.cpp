#include "text/lm/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "base/philox.h"
#include "text/lm/sampling_fields.h"

namespace ptah {

namespace {

bool likelier(const Candidate& a, const Candidate& b) { return a.logit != b.logit ? a.logit > b.logit : a.token < b.token; }

}  // namespace

Result<void> check(const SamplingOptions& options) {
  static const auto schema = SchemaOf<SamplingOptions>::describe("sampling", "How tokens are drawn");
  return schema.check_fields(options);
}

std::vector<Candidate> candidates_of(std::span<const float> logits) {
  std::vector<Candidate> out(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) out[i] = {static_cast<int32_t>(i), std::isnan(logits[i]) ? -std::numeric_limits<float>::infinity() : logits[i]};
  return out;
}

void penalize(std::vector<Candidate>& candidates, std::span<const int32_t> seen, float repetition, float frequency, float presence) {
  if (seen.empty() || (repetition == 1 && frequency == 0 && presence == 0)) return;
  std::unordered_map<int32_t, int> counts;
  for (const int32_t token : seen) ++counts[token];
  for (Candidate& c : candidates) {
    const auto found = counts.find(c.token);
    if (found == counts.end()) continue;
    c.logit = c.logit > 0 ? c.logit / repetition : c.logit * repetition;
    c.logit -= static_cast<float>(found->second) * frequency + presence;
  }
}

void penalize_copies(std::vector<Candidate>& candidates, std::span<const int32_t> drawn, float multiplier, float base, int64_t allowed) {
  constexpr int64_t kMaxCopied = 64;
  const auto n = static_cast<int64_t>(drawn.size());
  std::unordered_map<int32_t, int64_t> longest;  // the copy that a token would go on
  for (int64_t next = n - 1; next > 0; --next) {
    int64_t length = 0;
    while (length < next && length < kMaxCopied && drawn[static_cast<size_t>(next - 1 - length)] == drawn[static_cast<size_t>(n - 1 - length)]) ++length;
    if (length < std::max<int64_t>(allowed, 1)) continue;
    int64_t& most = longest[drawn[static_cast<size_t>(next)]];
    most = std::max(most, length);
  }
  if (longest.empty()) return;
  for (Candidate& c : candidates)
    if (const auto found = longest.find(c.token); found != longest.end()) c.logit -= multiplier * std::pow(base, static_cast<float>(found->second - allowed));
}

void keep_top_k(std::vector<Candidate>& candidates, int64_t count) {
  const auto n = static_cast<int64_t>(candidates.size());
  if (count > 0 && count < n) {
    std::partial_sort(candidates.begin(), candidates.begin() + count, candidates.end(), likelier);
    candidates.resize(static_cast<size_t>(count));
  } else {
    std::sort(candidates.begin(), candidates.end(), likelier);
  }
}

void normalize(std::vector<Candidate>& candidates, float temperature) {
  if (candidates.empty()) return;
  float largest = candidates[0].logit;
  for (const Candidate& c : candidates) largest = std::max(largest, c.logit);
  double sum = 0;
  for (Candidate& c : candidates) {
    c.probability = c.logit == largest ? 1.0F : std::exp((c.logit - largest) / temperature);
    sum += static_cast<double>(c.probability);
  }
  for (Candidate& c : candidates) c.probability = static_cast<float>(static_cast<double>(c.probability) / sum);
}

void keep_top_p(std::vector<Candidate>& candidates, float p) {
  if (p >= 1) return;
  double sum = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    sum += static_cast<double>(candidates[i].probability);
    if (sum >= static_cast<double>(p)) return candidates.resize(i + 1);
  }
}

void keep_min_p(std::vector<Candidate>& candidates, float share) {
  if (share <= 0 || candidates.empty()) return;
  const float min_probability = candidates[0].probability * share;
  size_t kept = 1;
  while (kept < candidates.size() && candidates[kept].probability >= min_probability) ++kept;
  candidates.resize(kept);
}

void keep_typical(std::vector<Candidate>& candidates, float p) {
  if (p >= 1 || candidates.empty()) return;
  double entropy = 0;
  for (const Candidate& c : candidates)
    if (c.probability > 0) entropy -= static_cast<double>(c.probability) * std::log(static_cast<double>(c.probability));
  const auto strangeness = [&](const Candidate& c) { return c.probability > 0 ? std::abs(-std::log(static_cast<double>(c.probability)) - entropy) : 1e300; };
  std::stable_sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) { return strangeness(a) < strangeness(b); });
  double sum = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    sum += static_cast<double>(candidates[i].probability);
    if (sum >= static_cast<double>(p)) {
      candidates.resize(i + 1);
      break;
    }
  }
  std::sort(candidates.begin(), candidates.end(), likelier);
}

int32_t draw(const std::vector<Candidate>& candidates, float uniform) {
  PTAH_CHECK(!candidates.empty(), "no candidates");
  double sum = 0;
  for (const Candidate& c : candidates) sum += static_cast<double>(c.probability);
  double left = static_cast<double>(uniform) * sum;
  for (const Candidate& c : candidates)
    if ((left -= static_cast<double>(c.probability)) < 0) return c.token;
  return candidates.front().token;
}

int32_t sample(std::span<const float> logits, std::span<const int32_t> seen, const SamplingOptions& o, uint64_t position) {
  const std::span<const int32_t> drawn = o.dry_multiplier > 0 ? seen.last(std::min(seen.size(), static_cast<size_t>(position))) : seen.first(0);
  const bool penalized = drawn.size() > 1 || (!seen.empty() && (o.repetition_penalty != 1 || o.frequency_penalty != 0 || o.presence_penalty != 0));
  if (o.temperature == 0 && !penalized && o.logit_bias.empty()) {  // the most likely one without a list of all
    size_t best = 0;
    for (size_t i = 1; i < logits.size(); ++i)
      if (logits[i] > logits[best] || (std::isnan(logits[best]) && logits[i] > -std::numeric_limits<float>::infinity())) best = i;
    return static_cast<int32_t>(best);
  }
  std::vector<Candidate> candidates = candidates_of(logits);
  for (const auto& [token, bias] : o.logit_bias)
    if (token >= 0 && token < static_cast<int32_t>(candidates.size())) candidates[static_cast<size_t>(token)].logit += bias;
  const auto window = std::min(seen.size(), static_cast<size_t>(o.penalty_window));
  penalize(candidates, seen.last(window), o.repetition_penalty, o.frequency_penalty, o.presence_penalty);
  if (drawn.size() > 1) penalize_copies(candidates, drawn, o.dry_multiplier, o.dry_base, o.dry_allowed_length);
  if (o.temperature == 0) return std::min_element(candidates.begin(), candidates.end(), likelier)->token;
  keep_top_k(candidates, o.top_k);
  normalize(candidates, 1);
  keep_typical(candidates, o.typical_p);
  normalize(candidates, 1);
  keep_top_p(candidates, o.top_p);
  keep_min_p(candidates, o.min_p);
  normalize(candidates, o.temperature);
  Random random(o.seed, (uint64_t{9} << 48) + position);
  return draw(candidates, random.uniform());
}

float log_probability(std::span<const float> logits, int32_t token) {
  float largest = logits[0];
  for (const float v : logits) largest = std::max(largest, v);
  double sum = 0;
  for (const float v : logits) sum += std::exp(static_cast<double>(v) - static_cast<double>(largest));
  return logits[static_cast<size_t>(token)] - largest - static_cast<float>(std::log(sum));
}

}  // namespace ptah
