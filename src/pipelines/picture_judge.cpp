#include "pipelines/picture_judge.h"

#include "base/parallel.h"
#include "models/model_file.h"
#include "text/encode/encoder.h"
#include "tensor/device.h"

namespace ptah {

Result<std::shared_ptr<const PictureJudge>> PictureJudge::load(const std::filesystem::path& path, const Vocabulary& words, int64_t picture_size,
                                                               const std::string& sha256_hex_wanted) {
  PTAH_TRY(ModelFile file, open_model(path, sha256_hex_wanted));
  auto& metadata = file.content.metadata;
  if (!metadata.contains("config") || !metadata.contains("vocabulary_sha256"))
    return fail(ErrorCode::corrupt, "{}: not a judge (no config in its metadata)", path.string());
  PTAH_TRY(const Json json, parse_json(metadata["config"]));
  PTAH_TRY(const JudgeConfig config, judge_config(json));
  if (metadata["vocabulary_sha256"] != sha256_hex(as_bytes(words.text())) || picture_size % config.size != 0)
    return fail(ErrorCode::mismatch, "{}: this judge was trained for the vocabulary or the size of another picture model", path.string());
  return guard([&]() -> Result<std::shared_ptr<const PictureJudge>> {
    Weights weights(std::move(file.content.tensors));
    std::shared_ptr<PictureJudge> judge(new PictureJudge);
    judge->judge_ = std::make_unique<Judge>(Scope(weights), config);
    judge->sha256_ = file.digest;
    judge->file_bytes_ = file.bytes;
    return judge;
  });
}

Tensor PictureJudge::pictures(const Tensor& samples) const {
  const NoGrad off;
  return judge_->pictures(samples, compute_dtype());
}

Tensor PictureJudge::prompts(const std::vector<std::vector<int32_t>>& prompts) const {
  const NoGrad off;
  size_t longest = 1;
  for (const auto& prompt : prompts) longest = std::max(longest, prompt.size());
  const TokenBatch batch = make_token_batch(prompts, static_cast<int64_t>(longest));
  return judge_->prompts(batch.ids, batch.lengths);
}

}  // namespace ptah
