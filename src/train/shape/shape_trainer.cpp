#include "train/shape/shape_trainer.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/philox.h"
#include "models/registry.h"
#include "shape/words/captions.h"
#include "shape/words/writer.h"
#include "tensor/device.h"
#include "text/encode/bert.h"
#include "train/loop/stage.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kTrainStream = uint64_t{1} << 48, kTestStream = uint64_t{2} << 48;

struct WriterBatch {
  Tensor states, ids, targets;
};

/// What a training is of.
struct TrainingSet {
  std::shared_ptr<const ShapeKinds> kinds;
  std::shared_ptr<SentenceEncoder> encoder;
  std::vector<std::string> negatives;
};

/// The weights of an earlier writer, for a library that may have other tokens: rows of tokens that it knew are taken over, the others start at random.
// NOLINTNEXTLINE(performance-unnecessary-value-param): the tensors are written to
void take_over(std::map<std::string, Tensor> fresh, const TensorFile& earlier, const ShapeTokens& tokens) {
  if (!earlier.metadata.contains("tokens")) throw Failure({ErrorCode::corrupt, "start_from: not a writer of shapes (no tokens in its metadata)"});
  const auto known = value_or_throw(parse_json(earlier.metadata.at("tokens"))).get<std::vector<std::string>>();
  std::map<std::string, int64_t> row;
  for (size_t i = 0; i < known.size(); ++i) row[known[i]] = static_cast<int64_t>(i);
  const NoGrad off;
  for (auto& [name, to] : fresh) {
    const auto found = earlier.tensors.find(name);
    if (found == earlier.tensors.end()) throw Failure({ErrorCode::mismatch, fmt::format("start_from: it has no '{}'", name)});
    const Tensor from = cast(found->second, DType::f32);
    const bool of_tokens = name == "table" || name == "logits.weight";
    if (of_tokens ? from.dim(0) != static_cast<int64_t>(known.size()) || from.dim(1) != to.dim(1) : from.shape() != to.shape())
      throw Failure({ErrorCode::mismatch, fmt::format("start_from: its '{}' has another shape", name)});
    if (!of_tokens) {
      std::copy_n(from.data<float>(), from.elements(), to.data<float>());
      continue;
    }
    const int64_t width = to.dim(1);
    for (int64_t t = 0; t < tokens.size(); ++t)
      if (const auto at = row.find(tokens.tokens()[static_cast<size_t>(t)]); at != row.end())
        std::copy_n(from.data<float>() + at->second * width, width, to.data<float>() + t * width);
  }
}

class WriterTraining {
 public:
  WriterTraining(Stage stage, TrainingSet material, const Json& phrases, ShapeWriterConfig shape, const fs::path& start_from, const TrainCallbacks& callbacks)
      : stage_(std::move(stage)),
        material_(std::move(material)),
        phrases_(value_or_throw(ShapePhrases::read(phrases, *material_.kinds))),
        tokens_(material_.kinds),
        callbacks_(callbacks),
        shape_(shape) {
    shape_.tokens = tokens_.size();
    shape_.text_width = material_.encoder->width();
    weights_.emplace(Weights::fresh(stage_.seed));
    writer_.emplace(Scope(*weights_), shape_);
    if (!start_from.empty()) take_over(weights_->all(), value_or_throw(read_safetensors(start_from)), tokens_);
    optimizer_.emplace(weights_->all(), stage_.optimizer);
  }

  Result<void> run(const fs::path& out) {
    const auto step = [this](int64_t i) {
      const WriterBatch batch = batches_.get(i);
      GradScope scope;
      const Tensor loss = cross_entropy((*writer_)(batch.states, batch.ids, compute_dtype()), batch.targets);
      scope.backward(loss);
      return loss.item();
    };
    PTAH_TRY_VOID(train(
        stage_.run, *optimizer_, step, [this](int64_t i) { return sample(i); }, [this](const RunReport& r) { callbacks_.report("shape", r); },
        callbacks_.cancel));
    TensorFile file;
    file.tensors = Weights(optimizer_->averaged()).as(DType::bf16);
    file.metadata["config"] = to_json(shape_).dump();
    file.metadata["tokens"] = Json(tokens_.tokens()).dump();
    return write_safetensors(out, file);
  }

 private:
  Caption caption(Random& random) const {
    if (!material_.negatives.empty() && random.uniform() < 0.14F)
      return {random_refusal(material_.negatives[random.below(static_cast<uint32_t>(material_.negatives.size()))], phrases_, random), {}};
    return random_caption(*material_.kinds, phrases_, random);
  }

  WriterBatch make_batch(int64_t step) const {
    std::vector<std::string> texts;
    std::vector<std::vector<int32_t>> rows;
    size_t longest = 1;
    for (int64_t i = 0; i < stage_.batch; ++i) {
      Random random(stage_.seed, kTrainStream + static_cast<uint64_t>(step * stage_.batch + i));
      const Caption one = caption(random);
      texts.push_back(one.text);
      rows.push_back(value_or_throw(tokens_.encode(one.writing)));
      longest = std::max(longest, rows.back().size());
    }
    const auto n = static_cast<int64_t>(longest);
    const std::vector<int32_t> padding(static_cast<size_t>(stage_.batch * n), tokens_.end()), none(padding.size(), -1);
    WriterBatch out{material_.encoder->states(texts, shape_.text_tokens, compute_dtype()), Tensor::from({stage_.batch, n}, padding),
                    Tensor::from({stage_.batch, n}, none)};
    for (size_t b = 0; b < rows.size(); ++b)
      for (size_t t = 0; t < rows[b].size(); ++t) {
        const int64_t at = static_cast<int64_t>(b) * n + static_cast<int64_t>(t);
        out.ids.data<int32_t>()[at] = t == 0 ? tokens_.begin() : rows[b][t - 1];
        out.targets.data<int32_t>()[at] = rows[b][t];
      }
    return out;
  }

  /// How many of some sentences that are never trained on are written right.
  Result<void> sample(int64_t i) {
    const NoGrad off;
    Weights averaged(optimizer_->averaged());
    const ShapeWriter now(Scope(averaged), shape_);
    constexpr int kSentences = 100;
    int exact = 0;
    std::string wrong;
    for (int s = 0; s < kSentences; ++s) {
      Random random(stage_.seed, kTestStream + static_cast<uint64_t>(s));
      const Caption one = caption(random);
      PTAH_TRY(const Writing written,
               now.write(material_.encoder->states({one.text}, shape_.text_tokens, compute_dtype()), tokens_, compute_dtype(), callbacks_.cancel));
      const bool right = value_or_throw(tokens_.encode(written)) == value_or_throw(tokens_.encode(one.writing));
      exact += right;
      if (!right && wrong.empty()) wrong = fmt::format("; \"{}\" became \"{}\"", one.text, shape_text(program_of(written, *material_.kinds, "", 0)));
    }
    if (callbacks_.say) callbacks_.say(fmt::format("step {}: {} of {} held-out sentences are written exactly{}", i, exact, kSentences, wrong));
    return {};
  }

  Stage stage_;
  TrainingSet material_;
  ShapePhrases phrases_;
  ShapeTokens tokens_;
  const TrainCallbacks& callbacks_;
  ShapeWriterConfig shape_;
  std::optional<Weights> weights_;
  std::optional<ShapeWriter> writer_;
  std::optional<Optimizer> optimizer_;
  Ahead<WriterBatch> batches_{[this](int64_t step) { return make_batch(step); }};
};

}  // namespace

Result<void> train_shape_writer(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    Reader reader(config, "");
    const auto out = base_folder / reader.get<std::string>("out", "shape-writer");
    const auto library = reader.get<std::string>("library", "");
    const auto encoder = reader.get<std::string>("encoder", "minilm");
    const auto negatives = reader.get<std::string>("negatives", "");
    const auto start_from = reader.get<std::string>("start_from", "");
    Reader model(reader.object("model"), "model");
    ShapeWriterConfig shape;
    shape.width = model.get<int64_t>("width", shape.width);
    shape.heads = model.get<int64_t>("heads", shape.heads);
    shape.layers = model.get<int64_t>("layers", shape.layers);
    shape.hidden = model.get<int64_t>("hidden", shape.hidden);
    shape.text_tokens = model.get<int64_t>("text_tokens", shape.text_tokens);
    model.done();
    Stage stage = read_stage(reader, out, callbacks);
    reader.done();
    if (callbacks.only_check) return {};
    TrainingSet material;
    fs::path folder = base_folder / library;
    if (library.empty()) {
      PTAH_TRY(folder, ShapeKinds::folder());
    }
    PTAH_TRY(material.kinds, ShapeKinds::load(folder));
    Json phrases = Json::object();
    if (fs::exists(folder / "captions.json")) {
      PTAH_TRY(const std::string text, read_text(folder / "captions.json", size_t{8} << 20));
      PTAH_TRY(phrases, parse_json(text));
    }
    PTAH_TRY(const fs::path model_folder, find_model(encoder));
    PTAH_TRY(material.encoder, SentenceEncoder::load(model_folder));
    if (!negatives.empty()) {
      PTAH_TRY(const std::string text, read_text(base_folder / negatives, size_t{8} << 20));
      material.negatives = lines_of(text);
    }
    std::error_code problem;
    fs::create_directories(out, problem);
    return WriterTraining(std::move(stage), std::move(material), phrases, shape, start_from.empty() ? fs::path() : base_folder / start_from, callbacks)
        .run(out / "writer.safetensors");
  });
}

}  // namespace ptah
