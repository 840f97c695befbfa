// Losses of pairs of answers of which one was preferred: direct preference optimization (Rafailov et al. 2023) and its kin, as TRL computes them.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace ptah {

enum class PreferenceLoss : uint8_t {
  sigmoid,       ///< Rafailov et al. 2023 ("DPO")
  hinge,         ///< Zhao et al. 2023 ("SLiC")
  ipo,           ///< Azar et al. 2023, of log-probabilities per token
  robust,        ///< Chowdhury et al. 2024: some of the preferences are the wrong way round
  apo_zero,      ///< D'Oosterlinck et al. 2024
  sigmoid_norm,  ///< sigmoid of log-probabilities per token
};
inline constexpr const char* kPreferenceLosses = "sigmoid hinge ipo robust apo_zero sigmoid_norm";
/// Errors: invalid_argument, naming those there are.
Result<PreferenceLoss> preference_loss_of(const std::string& name);

/// Log-probabilities of the two answers under the model and under the one that training began with, and their lengths in tokens.
struct AnswerPair {
  double chosen = 0, rejected = 0, reference_chosen = 0, reference_rejected = 0;
  int64_t chosen_tokens = 1, rejected_tokens = 1;
  /// How much more the model than the reference prefers the chosen answer, in nats.
  double margin() const { return chosen - reference_chosen - rejected + reference_rejected; }
};

/// A loss and its derivatives by the log-probabilities of both answers.
struct PairLoss {
  double loss = 0, by_chosen = 0, by_rejected = 0;
};
/// `beta`: how far the model may go from the reference; `smoothing`: of robust, the share of wrong preferences (below 1/2).
PairLoss pair_loss(PreferenceLoss kind, const AnswerPair& pair, double beta, double smoothing = 0);

/// The loss of one answer that was liked or not, and its derivative by the answer's log-probability: Kahneman–Tversky optimization (Ethayarajh et al. 2024).
/// `log_ratio`: the log-probability under the model less that under the reference; `divergence`: how far the model is from the reference on answers that do
/// not belong to their prompts, not below 0. With a divergence of 0 it is the unpaired form of apo_zero.
struct AnswerLoss {
  double loss = 0, by_answer = 0;
};
AnswerLoss answer_loss(double log_ratio, bool liked, double beta, double divergence);

}  // namespace ptah
