// From a text to the emotions that its words express, as a classifier of the 28 labels of GoEmotions (Demszky et al. 2020) guesses them.
#pragma once

#include <filesystem>

#include "base/progress.h"
#include "schema/schema.h"
#include "text/encode/classifier.h"
#include "work/plan.h"
#include "work/receipt.h"

namespace ptah {

/// All that can be asked of `emotion`.
struct EmotionTask {
  std::string text;
  bool lines = false;             ///< each line is a text of its own
  std::string model = "emotion";  ///< the classifier that comes along, or a folder
};
const SchemaOf<EmotionTask>& emotion_schema();
/// What a receipt calls such a work.
inline constexpr const char* kEmotionKind = "emotion";

/// What has to be said wherever the result is shown.
extern const char* const kEmotionNotice;

/// A classifier and the files that it was read from.
class EmotionReader {
 public:
  /// `folder`: the classifier; the encoder that an adapter belongs to lies beside it, or where find_model() finds it. Errors: as TextClassifier::load; mismatch
  /// for a classifier of other labels.
  static Result<std::shared_ptr<const EmotionReader>> load(const std::filesystem::path& folder);

  struct Guess {
    std::string name;
    float probability = 0;
  };
  struct Reading {
    std::vector<Guess> emotions;  ///< of the 28 those from their thresholds on, the likeliest first; may be empty
    std::vector<Guess> all;       ///< all 28 in alphabetical order
    std::vector<Guess> ekman;     ///< anger, disgust, fear, joy, neutral, sadness, surprise: all of them, the likeliest first
    std::vector<Guess> groups;    ///< positive, negative, ambiguous, neutral: all of them, the likeliest first
  };
  /// Of each text. Does not depend on which texts are read together. Throws Failure: cancelled.
  std::vector<Reading> read(const std::vector<std::string>& texts) const;
  /// By name, for receipts. Errors: io.
  Result<Json> digests() const;
  const std::vector<std::filesystem::path>& files() const { return files_; }

 private:
  std::shared_ptr<const TextClassifier> classifier_;
  std::vector<std::filesystem::path> files_;
};

/// emotion.json ({"notice", "texts": [{"text", "emotions", "ekman", "groups", "probabilities"}]}) and a receipt; facts: what that file says. Errors:
/// invalid_argument (more lines than are read at once), cancelled.
Result<Work> emotion_work(const EmotionReader& reader, const EmotionTask& task, const CancelToken* cancel = nullptr, bool receipt = true);
/// The work of a receipt again. Errors: also mismatch, if the classifier's files are not those that it names.
Result<Work> replay_emotion(const EmotionReader& reader, const EmotionTask& task, const Json& receipt, const CancelToken* cancel = nullptr);
Result<Plan> plan_emotion(const EmotionReader& reader, const EmotionTask& task);

}  // namespace ptah
