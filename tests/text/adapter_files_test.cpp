// Adapters in PEFT's layout, written and read.
#include "text/lm/adapter_files.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "base/file.h"
#include "text/lm/decoder.h"
#include "text/lm/gguf_export.h"
#include "text/lm/language_families.h"
#include "weights/safetensors.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

const fs::path kModels = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "language";

LoadedLanguageModel model_of(LanguageWeights weights) {
  LoadedLanguageModel out;
  out.model = std::make_shared<LanguageModel>(std::move(weights));
  return out;
}

std::vector<float> logits_of(const LoadedLanguageModel& model) {
  return model.model->decoder()(Tensor::from({1, 5}, std::vector<int32_t>{7, 3, 9, 1, 4})).to_vector();
}

class AdapterFiles : public testing::Test {
 protected:
  void TearDown() override { fs::remove_all(folder_); }
  /// Of random numbers, on every layer.
  LanguageAdapter adapter_of(LoadedLanguageModel& model) {
    LanguageAdapter out{.lora = {3, 6, {"attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_down"}}, .tensors = {}, .base = "base"};
    Weights fresh = Weights::fresh(5);
    model.model->decoder().add_adapters(out.lora, fresh);
    uint64_t stream = 0;
    for (const auto& [name, tensor] : fresh.all()) {
      Tensor leaf = tensor;
      const Tensor noise = Tensor::normal(tensor.shape(), 1, ++stream);
      std::copy_n(noise.data<float>(), noise.elements(), leaf.data<float>());
      leaf.touch();
    }
    out.tensors = fresh.all();
    return out;
  }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-adapter-files-{}", ::getpid());
};

TEST_F(AdapterFiles, ComeBackTheSameForEveryFamily) {
  for (const char* family : {"llama", "gpt2", "qwen2", "gemma3"}) {
    LoadedLanguageModel model = model_of(value_or_throw(language_weights(kModels / family)));
    const auto before = logits_of(model);
    const LanguageAdapter adapter = adapter_of(model);
    const auto adapted = logits_of(model);
    EXPECT_NE(before, adapted);
    value_or_throw(write_adapter(folder_ / family, adapter, model.model->config()));
    model.model->decoder().remove_adapters();
    EXPECT_EQ(logits_of(model), before);
    value_or_throw(apply_adapter(model, folder_ / family));
    EXPECT_EQ(logits_of(model), adapted) << family;
  }
}

TEST_F(AdapterFiles, FitTheSameModelInGguf) {  // where the llama family's rows of queries and keys lie in another order
  LoadedLanguageModel model = model_of(value_or_throw(language_weights(kModels / "llama")));
  const LanguageAdapter adapter = adapter_of(model);
  value_or_throw(write_adapter(folder_ / "adapter", adapter, model.model->config()));
  fs::create_directories(folder_ / "copy");
  GgufMaker maker(BlockType::f32);
  const LanguageWeights weights = value_or_throw(language_weights(kModels / "llama"));
  LanguageWeights turned = weights;
  turned.config.rotate_halves = false;
  const int64_t d = turned.config.head_dim;
  for (auto& [name, tensor] : turned.tensors) {
    if (name.find("attn_q.") == std::string::npos && name.find("attn_k.") == std::string::npos) continue;
    Tensor rows = Tensor::empty(tensor.shape(), tensor.dtype());
    const auto bytes = static_cast<int64_t>(tensor.bytes()) / tensor.dim(0);
    for (int64_t r = 0; r < tensor.dim(0); ++r) {
      const int64_t from = r - r % d + r % d % 2 * (d / 2) + r % d / 2;
      std::copy_n(static_cast<const char*>(std::as_const(tensor).raw()) + from * bytes, bytes, static_cast<char*>(rows.raw()) + r * bytes);
    }
    tensor = rows;
  }
  LoadedLanguageModel neighbours = model_of(turned);
  value_or_throw(apply_adapter(neighbours, folder_ / "adapter"));
  const auto a = logits_of(model), b = logits_of(neighbours);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-4F * (1 + std::abs(a[i])));
  // And back: written from there it is the same file.
  const LanguageAdapter read = value_or_throw(read_adapter(folder_ / "adapter", turned.config));
  value_or_throw(write_adapter(folder_ / "again", read, turned.config));
  EXPECT_EQ(value_or_throw(read_file(folder_ / "adapter" / "adapter_model.safetensors")),
            value_or_throw(read_file(folder_ / "again" / "adapter_model.safetensors")));
}

TEST_F(AdapterFiles, AreRefusedWhereTheyDoNotFit) {
  LoadedLanguageModel llama = model_of(value_or_throw(language_weights(kModels / "llama"))),
                      gpt2 = model_of(value_or_throw(language_weights(kModels / "gpt2")));
  const LanguageAdapter adapter = adapter_of(llama);
  value_or_throw(write_adapter(folder_, adapter, llama.model->config()));
  EXPECT_EQ(apply_adapter(gpt2, folder_).error().code, ErrorCode::mismatch);
  EXPECT_EQ(apply_adapter(llama, folder_ / "nowhere").error().code, ErrorCode::not_found);
  Json config = value_or_throw(parse_json(value_or_throw(read_text(folder_ / "adapter_config.json"))));
  const auto with = [&](const char* key, const Json& value) {
    Json other = config;
    other[key] = value;
    value_or_throw(write_file(folder_ / "adapter_config.json", other.dump()));
    return apply_adapter(llama, folder_);
  };
  EXPECT_TRUE(with("r", 3));
  const auto plain = logits_of(llama);
  EXPECT_TRUE(with("lora_alpha", 12));
  EXPECT_NE(logits_of(llama), plain);
  EXPECT_TRUE(with("use_rslora", true));
  EXPECT_NE(logits_of(llama), plain);
  EXPECT_EQ(with("use_dora", true).error().code, ErrorCode::unsupported);
  EXPECT_EQ(with("peft_type", "LOHA").error().code, ErrorCode::unsupported);
  EXPECT_EQ(with("bias", "all").error().code, ErrorCode::unsupported);
  EXPECT_EQ(with("r", 0).error().code, ErrorCode::corrupt);
  EXPECT_EQ(with("r", 5).error().code, ErrorCode::mismatch);
}

TEST(HuggingFaceNames, AreTheInverseOfGgufs) {
  for (const char* family : {"llama", "gpt2", "qwen2", "qwen3", "gemma3"}) {
    const LanguageWeights weights = value_or_throw(language_weights(kModels / family));
    for (const auto& [name, tensor] : weights.tensors) {
      const std::string theirs = hugging_face_name(name, family);
      EXPECT_FALSE(theirs.empty()) << name;
      EXPECT_EQ(gguf_name(theirs, family), name) << theirs;
    }
    const auto file = value_or_throw(read_safetensors(kModels / family / "model.safetensors"));
    for (const auto& [theirs, tensor] : file.tensors)
      if (const std::string name = gguf_name(theirs, family); !name.empty()) {
        const std::string back = hugging_face_name(name, family);
        EXPECT_TRUE(back == theirs || back == "transformer." + theirs || back == "model." + theirs) << theirs << " " << back;
      }
  }
}

}  // namespace
}  // namespace ptah
