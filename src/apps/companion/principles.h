// Principles: plain rules with examples of what breaks them and of what only looks like it. A text is matched by meaning against the examples; the threshold is
// found on the examples themselves, each judged by the others; that for answers prefers precision. Requests may be judged by a classifier too, which learnt
// what only sounds harmful.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "text/encode/classifier.h"

namespace ptah {

struct Principle {
  std::string name, rule, reply;            ///< reply: what is said instead
  std::vector<std::string> refuse;          ///< requests that break the rule
  std::vector<std::string> refuse_answers;  ///< sentences of answers that break it
  float doubt = -1;                         ///< of the guard for requests that are nearest to this one's examples; below 0: the guard's own
};

struct Breach {
  std::string principle, rule, reply;
  float score = 0;             ///< how far above the threshold, of the examples or of the classifier
  std::string found, example;  ///< the text or sentence, and the example that it is nearest to
};

class Principles {
 public:
  /// {"principles": [{"name", "rule", "reply", "refuse": [requests], "refuse_answers": [sentences]}], "allow": [requests], "allow_answers": [sentences]}; what
  /// is of answers may be missing. Errors: corrupt, naming what is missing.
  static Result<std::shared_ptr<const Principles>> make(const Json& json, std::shared_ptr<SentenceEncoder> encoder);
  /// From a file. It may name a classifier that judges requests: "guard": {"folder": beside the file, "label": what it calls a request to refuse, "threshold":
  /// from which probability on}, with "doubt": from which probability on a request is refused that the examples are against too; a principle may have a "doubt"
  /// of its own (0: there the examples decide alone). Errors: also not_found, and those of the classifier.
  static Result<std::shared_ptr<const Principles>> load(const std::filesystem::path& path, std::shared_ptr<SentenceEncoder> encoder);

  /// What is judged: somebody's request, or what is answered to one that was let through, which is seldom harmful.
  enum class Of { request, answer };
  /// What the text breaks, if anything. A long text is looked at sentence by sentence too. No guarantee: see docs/language.md for precision and recall.
  std::optional<Breach> check(const std::string& text, Of of = Of::request) const;

  float threshold(Of of = Of::request) const { return of == Of::answer ? answer_threshold_ : threshold_; }
  const std::vector<Principle>& principles() const { return principles_; }

 private:
  Principles() = default;
  struct Score {
    float value = 0;
    size_t principle = 0, example = 0;
  };
  Score score(const float* vector) const;
  void fit(size_t refused_requests, size_t allowed_requests);
  Result<void> take_guard(const Json& json, const std::filesystem::path& folder);

  std::shared_ptr<SentenceEncoder> encoder_;
  std::shared_ptr<const TextClassifier> guard_;  ///< of requests; may be null
  size_t guard_label_ = 0;
  float guard_threshold_ = 1, guard_doubt_ = 1;
  std::vector<Principle> principles_;
  Tensor examples_;                   ///< f32 [examples, width], those to refuse first
  std::vector<size_t> principle_of_;  ///< of the examples to refuse
  std::vector<std::string> refused_;  ///< their texts
  std::vector<float> weights_;        ///< of all examples
  float threshold_ = 0, answer_threshold_ = 0;
};

/// Lets an answer through sentence by sentence, each only after its check; a sentence that breaks a principle and all after it are held back.
class AnswerGuard {
 public:
  /// `principles` may be null: then all passes at once. `show` gets what may be seen.
  AnswerGuard(std::shared_ptr<const Principles> principles, std::function<void(std::string_view)> show);
  /// False once a principle is broken: stop generating.
  bool add(std::string_view news);
  /// The rest; false as above.
  bool finish();
  const std::optional<Breach>& breach() const { return breach_; }
  /// What was shown.
  const std::string& shown() const { return shown_; }

 private:
  bool release(size_t bytes);
  std::shared_ptr<const Principles> principles_;
  std::function<void(std::string_view)> show_;
  std::string held_, shown_;
  std::optional<Breach> breach_;
};

}  // namespace ptah
