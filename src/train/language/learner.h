// Learning from one's own feedback: an adapter of a language model that is kept only if it is shown to be better and to have cost nothing.
#pragma once

#include "train/language/feedback.h"
#include "train/loop/run.h"
#include "work/receipt.h"

namespace ptah {

inline constexpr const char* kAdapterKind = "adapter";

struct LearnRequest {
  std::filesystem::path feedback;  ///< rows of JSON
  std::string model = "chat";      ///< name or path of the base model
  std::filesystem::path out;       ///< where the adapter is, or will be
  std::filesystem::path scratch;   ///< the training's folder: one that was cut goes on
  int64_t epochs = 3, rank = 8;
  float learning_rate = 5e-5F;
  double beta = 0.1;
  uint64_t seed = 0;
};

struct Learnt {
  bool accepted = false;
  std::string reason;  ///< why not; empty if it was accepted
  Json measured;       ///< held-out rows won and lost, p, perplexities
  Work work;           ///< the adapter (PEFT's files) and its receipt, whether accepted or not
};

/// Trains an adapter on the rows that are not held out (pairs by DPO; with thumbs among them all rows by KTO) and measures it on those that are, each against
/// the base model, and on a fixed text of everyday words. Accepted only if more held-out rows were won than lost with p < 0.05 of the sign test, no fewer won
/// than lost against the adapter in `out` (if there is one), and the perplexity of the fixed text rose by at most 1 %. The receipt names the base model's
/// digests, the Merkle root of the rows and what was measured; nothing of the rows' words. The same request gives the same bytes on one numeric path. Errors:
/// not_found, corrupt, invalid_argument (fewer than 5 held-out rows: nothing could be shown), cancelled.
Result<Learnt> learn_from_feedback(const LearnRequest& request, const TrainCallbacks& callbacks);

/// Trains the adapter of a receipt again. Errors: mismatch (other rows, another base model), and as learn_from_feedback.
Result<Work> replay_adapter(const Json& receipt, const std::filesystem::path& feedback, const std::filesystem::path& scratch, const TrainCallbacks& callbacks);

}  // namespace ptah
