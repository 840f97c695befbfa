// From a sentence to a shape program: the sentence encoder, the writer of programs and the library of kinds.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "base/budget.h"
#include "base/json.h"
#include "shape/library.h"
#include "shape/words/captions.h"
#include "shape/words/stated.h"
#include "shape/words/writer.h"
#include "text/encode/bert.h"

namespace ptah {

/// Below this probability of its kind (or of one of its kinds) a writing is not believed: the sentence asks for something else.
constexpr float kCertainShape = 0.5F;

/// What a sentence was understood as.
struct WrittenShape {
  Writing writing;
  float certainty = 0;                  ///< the least probability that the model gave one of the kinds
  std::vector<std::string> notes = {};  ///< about stated numbers that could not be kept as they were said, and words that changed nothing
  bool known() const { return !writing.things.empty() && certainty >= kCertainShape; }
};

class ShapeMaker {
 public:
  /// Loads the encoder, the writer and the library that come along. Errors: not_found, corrupt, mismatch.
  static Result<std::shared_ptr<const ShapeMaker>> load(const std::filesystem::path& models);

  /// What a sentence (English, UTF-8) asks for, computed in f32. Errors: cancelled.
  Result<WrittenShape> read(const std::string& sentence, const CancelToken* cancel = nullptr) const;
  /// The program of it, whose title is the sentence; what it does not say varies with the seed. It may `use` shapes of the library.
  ShapeProgram program(const WrittenShape& shape, const std::string& sentence, uint64_t seed) const;

  const ShapeKinds& kinds() const { return *kinds_; }
  /// The models' digests for receipts: "shape-writer" and "minilm".
  const Json& digests() const { return digests_; }
  int64_t file_bytes() const { return file_bytes_; }

 private:
  using Reading = std::function<Result<WrittenShape>(const std::string&)>;
  ShapeMaker() = default;
  /// Words of the sentence without which the same would be written.
  Result<std::vector<std::string>> unused_words(const std::string& sentence, const Writing& writing, const Reading& written) const;
  /// Where the writer refuses a thing that the sentence calls by its name, or takes it for something that nobody named: the named one, of which nothing is
  /// given yet.
  bool take_named(WrittenShape& shape, const std::string& sentence) const;
  /// Whether a word names a part whose count was stated.
  bool counts(const Writing& writing, const StatedNumbers& stated, const std::string& word) const;

  std::shared_ptr<const ShapeKinds> kinds_;
  std::optional<ShapePhrases> phrases_;  ///< nothing if the library has no captions.json
  std::shared_ptr<const SentenceEncoder> encoder_;
  std::optional<Weights> weights_;
  std::optional<ShapeWriter> writer_;
  std::optional<ShapeTokens> tokens_;
  Json digests_ = Json::object();
  int64_t file_bytes_ = 0;
};

}  // namespace ptah
