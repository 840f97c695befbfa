// The reader's side of proof of read: signs in at a service, takes section after section, answers once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/reading/reading.h"
#include "base/progress.h"

namespace ptah {

struct AskedQuestion {
  std::string text;
  std::vector<std::string> options;
};

/// Speaks to ReadingServer. What the service says is a stranger's: sizes, counts and waiting times are bounded, and the text that was shown has to be the one
/// that the article was published with.
class ReadingVisit {
 public:
  /// Reads what is published at the service's address. Errors: invalid_argument (no http or https URL), corrupt, those of http_error().
  static Result<ReadingVisit> open(const std::string& url, const CancelToken* cancel = nullptr);

  const std::string& title() const { return article_.title; }
  const ReadingTerms& terms() const { return terms_; }
  size_t sections() const { return sections_; }

  /// Signs in: typed data of the article's contract, which says nothing else. Errors: those of http_error() (not on the list, read already) and of the signer.
  Result<void> sign_in(const Signer& reader);
  struct Section {
    std::string text;
    double seconds = 0;  ///< before the next one opens
  };
  /// The next section; after the last one come the questions. Waits until the one before may be left. Errors: as sign_in; cancelled.
  Result<Section> next_section();
  size_t read() const { return article_.sections.size(); }
  /// Errors: mismatch if the sections are not those of the published article; as next_section().
  Result<std::vector<AskedQuestion>> questions();

  struct Outcome {
    size_t right = 0;
    bool passed = false, late = false;
    Json voucher;  ///< null unless passed
  };
  /// Hands in the place of an option (from 0) for each question, once. Errors: mismatch for a voucher of another reader or contract; as sign_in.
  Result<Outcome> answer(const std::vector<int>& places);

 private:
  ReadingVisit() = default;
  Result<Json> ask(const std::string& path, const Json* body = nullptr, const std::string& token = "") const;
  Result<void> wait();

  std::string url_, session_, token_;
  const CancelToken* cancel_ = nullptr;
  Article article_;  ///< its sections as far as they were read
  ReadingTerms terms_;
  Bytes32 digest_{};
  Address reader_{};
  size_t sections_ = 0;
  double opens_ = 0;  ///< when the next step is open, on the steady clock
};

}  // namespace ptah
