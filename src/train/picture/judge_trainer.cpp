#include <algorithm>

#include "base/philox.h"
#include "base/sha256.h"
#include "image/judge.h"
#include "tensor/ops.h"
#include "text/encode/encoder.h"
#include "text/tokenize/vocabulary.h"
#include "train/loop/picture_sampler.h"
#include "train/picture/picture_metrics.h"
#include "train/loop/stage.h"
#include "weights/safetensors.h"
#include "tensor/device.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kWords = 16;

struct JudgeBatch {
  Tensor pictures;
  TokenBatch text;
};

}  // namespace

Result<void> train_judge(const Json& json, const fs::path& folder, const fs::path& picture_model, const PictureSet& set, const TrainCallbacks& callbacks) {
  Reader reader(json, "judge");
  Stage stage = read_stage(reader, folder, callbacks);
  const PictureWeights picture_weights = read_picture_weights(reader, "judge");
  reader.done();
  if (callbacks.only_check) return {};
  PTAH_TRY(const TensorFile model, read_safetensors(picture_model));
  const auto words = model.metadata.find("vocabulary");
  if (words == model.metadata.end()) return fail(ErrorCode::corrupt, "{}: not a picture model (no vocabulary)", picture_model.string());
  PTAH_TRY(const Vocabulary vocabulary, Vocabulary::parse(words->second));
  JudgeConfig shape;
  shape.vocabulary = vocabulary.size();
  if (set.size() < shape.size) shape.size = set.size();
  Weights weights = Weights::fresh(stage.seed);
  const Judge judge(Scope(weights), shape);
  Optimizer optimizer(weights.all(), stage.optimizer);
  const PictureSampler picker(set, picture_weights);
  const int64_t batch_size = std::min(stage.batch, picker.concepts());
  const auto make_batch = [&](int64_t step) {
    Random random(stage.seed, (uint64_t{8} << 48) + static_cast<uint64_t>(step));
    const std::vector<int64_t> picked = picker.pick_of_different_concepts(batch_size, random);
    std::vector<std::vector<int32_t>> prompts;
    for (const int64_t index : picked) {
      const auto& captions = set.entries[static_cast<size_t>(index)].captions;
      prompts.push_back(vocabulary.encode(captions[random.below(static_cast<uint32_t>(captions.size()))], kWords));
    }
    return JudgeBatch{picture_batch(set, picked, {0.5F, 0, 6}, stage.seed, (uint64_t{9} << 48) + static_cast<uint64_t>(step * batch_size)),
                      make_token_batch(prompts, kWords)};
  };
  Ahead<JudgeBatch> batches(make_batch);
  std::vector<int32_t> own(static_cast<size_t>(batch_size));
  for (size_t i = 0; i < own.size(); ++i) own[i] = static_cast<int32_t>(i);
  const Tensor diagonal = Tensor::from({batch_size}, own);
  const auto step = [&](int64_t i) {
    const JudgeBatch batch = batches.get(i);
    GradScope scope;
    const Tensor near = mul(matmul(judge.pictures(batch.pictures, compute_dtype()), judge.prompts(batch.text.ids, batch.text.lengths), {.transpose_b = true}),
                            judge.sharpness());
    const Tensor loss = affine(add(cross_entropy(near, diagonal), cross_entropy(permute(near, {1, 0}), diagonal)), 0.5F);
    scope.backward(loss);
    return loss.item();
  };
  // Held-out pictures of different concepts, each with its first caption that names the style.
  const std::vector<int64_t> shown = held_out_pictures(set, 100);
  const auto sample = [&](int64_t i) -> Result<void> {
    if (shown.empty()) return {};
    const NoGrad off;
    Weights averaged(optimizer.averaged());
    const Judge now(Scope(averaged), shape);
    std::vector<std::vector<int32_t>> prompts;
    for (const int64_t index : shown) {
      const auto& captions = set.entries[static_cast<size_t>(index)].captions;
      prompts.push_back(vocabulary.encode(captions[std::min<size_t>(2, captions.size() - 1)], kWords));
    }
    const TokenBatch text = make_token_batch(prompts, kWords);
    const auto [first, fifth] = retrieval(now.pictures(picture_batch(set, shown, {0, 0, 0}, 0, 0), compute_dtype()), now.prompts(text.ids, text.lengths));
    if (callbacks.say)
      callbacks.say(fmt::format("judge step {}: of {} held-out pictures the right caption is first for {:.0f} %, among the first five for {:.0f} %", i,
                                shown.size(), 100 * first, 100 * fifth));
    return {};
  };
  PTAH_TRY_VOID(train(
      stage.run, optimizer, step, sample, [&](const RunReport& r) { callbacks.report("judge", r); }, callbacks.cancel));
  TensorFile file;
  file.tensors = Weights(optimizer.averaged()).as(DType::bf16);
  file.metadata["config"] = to_json(shape).dump();
  file.metadata["vocabulary_sha256"] = sha256_hex(as_bytes(vocabulary.text()));
  return write_safetensors(folder / "judge.safetensors", file);
}

}  // namespace ptah
