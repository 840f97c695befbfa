// BLEU (Papineni et al. 2002) as sacrebleu computes it (Post 2018): one reference a text, 13a tokens, exponential smoothing.
#pragma once

#include <array>
#include <string>
#include <vector>

namespace ptah {

struct Bleu {
  double score = 0;  ///< 0 to 100
  std::array<double, 4> precisions{};
  double brevity_penalty = 0;
};
/// Of a corpus. Throws Failure: invalid_argument unless there are as many references as texts. `lower`: letters are compared as small ones.
Bleu corpus_bleu(const std::vector<std::string>& texts, const std::vector<std::string>& references, bool lower = false);

/// The tokens of mteval-v13a.
std::vector<std::string> tokens_13a(std::string text);

}  // namespace ptah
