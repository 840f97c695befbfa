#include "train/language/preference_loss.h"

#include <array>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "train/language/logistic.h"

namespace ptah {

namespace {

constexpr std::array<std::pair<const char*, PreferenceLoss>, 6> kLossNames{{{"sigmoid", PreferenceLoss::sigmoid},
                                                                            {"hinge", PreferenceLoss::hinge},
                                                                            {"ipo", PreferenceLoss::ipo},
                                                                            {"robust", PreferenceLoss::robust},
                                                                            {"apo_zero", PreferenceLoss::apo_zero},
                                                                            {"sigmoid_norm", PreferenceLoss::sigmoid_norm}}};

}  // namespace

Result<PreferenceLoss> preference_loss_of(const std::string& name) {
  for (const auto& [known, loss] : kLossNames)
    if (name == known) return loss;
  return unknown_name("loss", name, kPreferenceLosses);
}

PairLoss pair_loss(PreferenceLoss kind, const AnswerPair& p, double beta, double smoothing) {
  const double chosen = p.chosen - p.reference_chosen, rejected = p.rejected - p.reference_rejected, margin = chosen - rejected;
  const auto both = [](double loss, double slope) { return PairLoss{loss, slope, -slope}; };
  switch (kind) {
    case PreferenceLoss::sigmoid:
      return both(softplus_of_minus(beta * margin), -beta * logistic(-beta * margin));
    case PreferenceLoss::hinge:
      return both(std::max(0.0, 1 - beta * margin), beta * margin < 1 ? -beta : 0);
    case PreferenceLoss::robust: {
      const double x = beta * margin, by = 1 - 2 * smoothing;
      return both(((1 - smoothing) * softplus_of_minus(x) - smoothing * softplus_of_minus(-x)) / by,
                  beta * (-(1 - smoothing) * logistic(-x) - smoothing * logistic(x)) / by);
    }
    case PreferenceLoss::apo_zero: {
      const double a = logistic(beta * chosen), b = logistic(beta * rejected);
      return {1 - a + b, -beta * a * (1 - a), beta * b * (1 - b)};
    }
    case PreferenceLoss::ipo:
    case PreferenceLoss::sigmoid_norm: {
      const auto n = static_cast<double>(std::max<int64_t>(p.chosen_tokens, 1)), m = static_cast<double>(std::max<int64_t>(p.rejected_tokens, 1));
      const double each = chosen / n - rejected / m;
      const double away = each - 1 / (2 * beta);
      const bool ipo = kind == PreferenceLoss::ipo;
      const double loss = ipo ? away * away : softplus_of_minus(beta * each), slope = ipo ? 2 * away : -beta * logistic(-beta * each);
      return {loss, slope / n, -slope / m};
    }
  }
  return {};
}

AnswerLoss answer_loss(double log_ratio, bool liked, double beta, double divergence) {
  const double side = liked ? 1 : -1, value = logistic(beta * side * (log_ratio - divergence));
  return {1 - value, -beta * side * value * (1 - value)};
}

}  // namespace ptah
