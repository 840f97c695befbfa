// The language models as tensors: against the inference form, and their gradients against PyTorch's (tools/reference/language_gradients.py).
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/philox.h"
#include "models/registry.h"
#include "tensor/blocks.h"
#include "tensor/ops.h"
#include "text/lm/decoder.h"
#include "text/lm/language_families.h"
#include "text/lm/language_model.h"
#include "weights/safetensors.h"
#include "tests/skip.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

const fs::path kGolden = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden";
constexpr const char* kFamilies[] = {"llama", "llama3", "mistral", "qwen2", "qwen3", "gemma3", "gpt2"};

/// The tiny model of a family with all weights as f32.
LanguageWeights exact_weights(const std::string& family) {
  LanguageWeights weights = value_or_throw(language_weights(kGolden / "language" / family));
  for (auto& [name, tensor] : weights.tensors) tensor = cast(tensor, DType::f32).clone();
  return weights;
}

/// The same with its matrices in blocks.
LanguageWeights quantised_weights(const std::string& family, BlockType type) {
  LanguageWeights weights = exact_weights(family);
  for (auto& [name, tensor] : weights.tensors)
    if (tensor.rank() == 2 && name != "position_embd.weight") tensor = quantized(tensor, type);
  return weights;
}

std::vector<int32_t> random_tokens(int64_t count, int64_t vocabulary, uint64_t seed) {
  Random random(seed, 3);
  std::vector<int32_t> out;
  for (int64_t i = 0; i < count; ++i) out.push_back(static_cast<int32_t>(random.below(static_cast<uint32_t>(vocabulary))));
  return out;
}

Tensor as_ids(const std::vector<int32_t>& tokens) { return Tensor::from({1, static_cast<int64_t>(tokens.size())}, tokens); }

double distance(const std::vector<float>& made, const std::vector<float>& wanted) {
  EXPECT_EQ(made.size(), wanted.size());
  double squares = 0, size = 0;
  for (size_t i = 0; i < std::min(made.size(), wanted.size()); ++i) {
    squares += std::pow(static_cast<double>(made[i]) - static_cast<double>(wanted[i]), 2);
    size += std::pow(static_cast<double>(wanted[i]), 2);
  }
  return std::sqrt(squares / size);
}

/// Logits of all positions by the inference form, read at once and token by token.
std::vector<float> read_all(const LanguageModel& model, const std::vector<int32_t>& tokens, bool one_by_one) {
  KeyValueCache cache(model.config(), static_cast<int64_t>(tokens.size()), CacheType::f32);
  if (!one_by_one) return model.read(tokens, cache, true);
  std::vector<float> out;
  for (const int32_t token : tokens)
    for (const float v : model.step({token}, {&cache})) out.push_back(v);
  return out;
}

/// The mean loss of each next token.
Tensor next_token_loss(const Decoder& decoder, const Tensor& tokens, DType type = DType::f32) {
  std::vector<int32_t> targets;
  for (int64_t b = 0; b < tokens.dim(0); ++b)
    for (int64_t i = 0; i < tokens.dim(1); ++i) targets.push_back(i + 1 < tokens.dim(1) ? tokens.data<int32_t>()[b * tokens.dim(1) + i + 1] : -1);
  return cross_entropy(decoder(tokens, type), Tensor::from(tokens.shape(), targets));
}

/// Holds the gradient of every leaf against PyTorch's; `as_theirs`(name, gradient) gives it in the order of theirs.
void expect_gradients(const std::map<std::string, Tensor>& leaves, const std::map<std::string, Tensor>& golden, const std::string& family,
                      const std::function<Tensor(const std::string&, const Tensor&)>& as_theirs) {
  size_t compared = 0;
  for (const auto& [theirs, wanted] : golden) {
    if (theirs.rfind("grad.", 0) != 0) continue;
    const std::string name = gguf_name(theirs.substr(5), family);
    ASSERT_TRUE(leaves.contains(name)) << theirs;
    const Tensor grad = leaves.at(name).grad();
    ASSERT_TRUE(grad.defined()) << family << " " << name;
    const Tensor made = as_theirs(name, grad);
    ASSERT_EQ(made.shape(), wanted.shape()) << name;
    EXPECT_LT(distance(made.to_vector(), wanted.to_vector()), 1e-4) << family << " " << name;
    ++compared;
  }
  EXPECT_EQ(compared, leaves.size()) << family;
}

}  // namespace

TEST(Decoder, ItsLogitsAreThoseOfTransformers) {
  for (const char* family : kFamilies) {
    const LanguageModel model(exact_weights(family));
    const auto golden = value_or_throw(read_safetensors(kGolden / "language" / family / "logits.safetensors"));
    const Tensor tokens = golden.tensors.at("tokens"), kept = golden.tensors.at("kept"), wanted = golden.tensors.at("logits");
    const Tensor logits = model.decoder()(tokens.reshape({1, tokens.elements()}));
    const int64_t vocabulary = model.config().vocabulary;
    for (int64_t k = 0; k < kept.elements(); ++k)
      for (int64_t v = 0; v < vocabulary; ++v)
        ASSERT_NEAR(logits.data<float>()[kept.data<int32_t>()[k] * vocabulary + v], wanted.data<float>()[k * vocabulary + v], 1e-4)
            << family << ", position " << kept.data<int32_t>()[k] << ", token " << v;
  }
}

TEST(Decoder, WithAMemoryItGoesOnWhereItStopped) {
  for (const char* family : kFamilies) {
    const LanguageModel model(exact_weights(family));
    const std::vector<int32_t> tokens = random_tokens(90, model.config().vocabulary, 4);
    const std::vector<float> whole = model.decoder()(as_ids(tokens)).to_vector();
    DecoderMemory memory;
    std::vector<float> parts;
    for (const auto& [begin, end] : {std::pair{0, 50}, {50, 51}, {51, 52}, {52, 90}})
      for (const float v : model.decoder()(as_ids({tokens.begin() + begin, tokens.begin() + end}), DType::f32, &memory).to_vector()) parts.push_back(v);
    EXPECT_LT(distance(parts, whole), 2e-6) << family;
    EXPECT_EQ(memory.front().keys.dim(1), 90);
  }
}

TEST(Decoder, TheInferenceFormComputesTheSame) {
  for (const char* family : kFamilies) {
    const LanguageModel exact(exact_weights(family));
    const std::vector<int32_t> tokens = random_tokens(130, exact.config().vocabulary, 5);
    const std::vector<float> wanted = exact.decoder()(as_ids(tokens)).to_vector();
    EXPECT_LT(distance(read_all(exact, tokens, false), wanted), 2e-6) << family;
    EXPECT_LT(distance(read_all(exact, tokens, true), wanted), 2e-6) << family;
    // What differs with quantised weights is rounding: to 8 bits, or to the dtype of dense products, of what they multiply. A block that is read wrongly, or a
    // layer left out, moves logits by their own size.
    for (const BlockType type : {BlockType::q8_0, BlockType::q4_0, BlockType::q4_1, BlockType::q5_0, BlockType::q5_1, BlockType::iq4_nl}) {
      const LanguageModel model(quantised_weights(family, type));
      const std::vector<float> tensors = model.decoder()(as_ids(tokens)).to_vector();
      EXPECT_LT(distance(read_all(model, tokens, false), tensors), 0.05) << family << " " << layout_of(type).name;
      EXPECT_LT(distance(read_all(model, tokens, true), tensors), 0.05) << family << " " << layout_of(type).name;
      EXPECT_LT(distance(model.decoder()(as_ids(tokens), DType::bf16).to_vector(), tensors), 0.06) << family << " " << layout_of(type).name;
    }
  }
}

/// Blocks of 256, which the tiny models are too narrow for.
TEST(Decoder, TheInferenceFormReadsSuperblocks) {
  LanguageConfig c;
  c.family = "llama", c.vocabulary = 96, c.width = 256, c.layers = 2, c.heads = 4, c.kv_heads = 2, c.head_dim = 64, c.feed_forward = 512, c.context = 512;
  c.rotated = 64, c.attention_scale = 0.125F;
  Weights fresh = Weights::fresh(3);
  const Decoder made(fresh, c);
  const std::vector<int32_t> tokens = random_tokens(40, 96, 6);
  for (const BlockType type :
       {BlockType::q2_k, BlockType::q3_k, BlockType::q4_k, BlockType::q5_k, BlockType::q6_k, BlockType::iq4_xs, BlockType::bf16, BlockType::f16}) {
    LanguageWeights weights{c, fresh.all(), 0, {}};
    for (auto& [name, tensor] : weights.tensors)
      if (tensor.rank() == 2)
        tensor = type == BlockType::bf16 ? cast(tensor, DType::bf16) : type == BlockType::f16 ? cast(tensor, DType::f16) : quantized(tensor, type);
    const LanguageModel model(std::move(weights));
    const std::vector<float> tensors = model.decoder()(as_ids(tokens)).to_vector();
    EXPECT_LT(distance(read_all(model, tokens, false), tensors), 0.03) << layout_of(type).name;
    EXPECT_LT(distance(read_all(model, tokens, true), tensors), 0.03) << layout_of(type).name;
  }
}

TEST(Decoder, GradientsEqualPyTorchs) {
  for (const char* family : kFamilies) {
    const auto golden = value_or_throw(read_safetensors(kGolden / "language" / family / "gradients.safetensors"));
    LanguageWeights weights = exact_weights(family);
    const std::map<std::string, Tensor> leaves = weights.tensors;
    for (auto [name, leaf] : leaves) leaf.set_requires_grad();
    const LanguageModel model(std::move(weights));
    GradScope scope;
    const Tensor loss = next_token_loss(model.decoder(), golden.tensors.at("tokens"));
    EXPECT_NEAR(loss.item(), golden.tensors.at("loss").item(), 1e-5) << family;
    scope.backward(loss);
    SCOPED_TRACE(family);
    expect_gradients(leaves, golden.tensors, model.config().family, [&](const std::string& name, const Tensor& grad) {
      return is_transposed(name, model.config().family) && grad.rank() == 2 ? permute(grad, {1, 0}) : grad;
    });
  }
}

TEST(Decoder, AdaptersOnQuantisedWeightsHavePyTorchsGradients) {
  const auto golden = value_or_throw(read_safetensors(kGolden / "lora.safetensors"));
  std::map<std::string, Tensor> given;
  for (const auto& [name, tensor] : golden.tensors)
    if (name.find("lora_") != std::string::npos && name.rfind("grad.", 0) != 0) given[name] = tensor.clone().set_requires_grad();
  Weights adapters(given);
  LanguageModel model(quantised_weights("llama", BlockType::q8_0));
  const LoraConfig lora{3, 12, {"attn_q", "attn_v", "ffn_down"}};
  model.decoder().add_adapters(lora, adapters);
  const Tensor tokens = golden.tensors.at("tokens");
  {
    GradScope scope;
    const Tensor loss = next_token_loss(model.decoder(), tokens);
    EXPECT_NEAR(loss.item(), golden.tensors.at("loss").item(), 1e-5);
    scope.backward(loss);
  }
  EXPECT_EQ(given.size(), 12U);
  for (auto& [name, leaf] : given) {
    EXPECT_LT(distance(leaf.grad().to_vector(), golden.tensors.at("grad." + name).to_vector()), 1e-4) << name;
    // Central differences along a direction.
    const Tensor direction = Tensor::normal(leaf.shape(), 8, 1), before = leaf.clone();
    double analytic = 0, size = 0;
    const auto loss_at = [&](float step) {
      for (int64_t i = 0; i < leaf.elements(); ++i) leaf.data<float>()[i] = before.data<float>()[i] + step * direction.data<float>()[i];
      leaf.touch();
      return static_cast<double>(next_token_loss(model.decoder(), tokens).item());
    };
    for (int64_t i = 0; i < leaf.elements(); ++i) {
      analytic += static_cast<double>(leaf.grad().data<float>()[i]) * static_cast<double>(direction.data<float>()[i]);
      size += std::pow(static_cast<double>(leaf.grad().data<float>()[i]), 2);
    }
    const double numeric = (loss_at(1e-3F) - loss_at(-1e-3F)) / 2e-3;
    (void)loss_at(0);
    EXPECT_NEAR(numeric, analytic, 0.02 * std::sqrt(size) + 5e-4) << name;
  }
}

TEST(Decoder, AdaptersAreUsedByTheInferenceFormAndCanBeMerged) {
  for (const char* family : {"llama", "gpt2"}) {
    LanguageModel model(exact_weights(family));
    const std::vector<int32_t> tokens = random_tokens(40, model.config().vocabulary, 7);
    const std::vector<float> before = model.decoder()(as_ids(tokens)).to_vector();
    const LoraConfig lora{4, 8, {"attn_qkv", "attn_k", "attn_output", "ffn_up"}};
    Weights adapters = Weights::fresh(9);
    model.decoder().add_adapters(lora, adapters);
    EXPECT_LT(distance(model.decoder()(as_ids(tokens)).to_vector(), before), 1e-6) << "a fresh adapter adds zero";
    for (auto [name, tensor] : adapters.all())
      if (name.ends_with("lora_b"))
        for (float& v : tensor.span<float>()) v = 0.1F * static_cast<float>((&v - tensor.data<float>()) % 7 - 3);
    for (auto [name, tensor] : adapters.all()) tensor.touch();
    const std::vector<float> adapted = model.decoder()(as_ids(tokens)).to_vector();
    EXPECT_GT(distance(adapted, before), 0.05);
    EXPECT_LT(distance(read_all(model, tokens, false), adapted), 2e-6) << family;
    EXPECT_LT(distance(read_all(model, tokens, true), adapted), 2e-6) << family;
    LanguageWeights merged = exact_weights(family);
    model.decoder().each_linear([&](const std::string& name, Linear& layer) { merged.tensors.at(name + ".weight") = merged_weight(layer); });
    EXPECT_LT(distance(LanguageModel(std::move(merged)).decoder()(as_ids(tokens)).to_vector(), adapted), 1e-5) << family;
    model.decoder().remove_adapters();
    EXPECT_EQ(model.decoder()(as_ids(tokens)).to_vector(), before);
    EXPECT_THROW(model.decoder().add_adapters({4, 8, {"no_such_layer"}}, adapters), Failure);
    EXPECT_THROW(model.decoder().add_adapters({0, 8, {"attn_output"}}, adapters), Failure);
  }
}

TEST(SmolLm2, GradientsOfItsLayersEqualPyTorchs) {
  const auto path = find_model("smollm2");
  if (!path) PTAH_LEFT_OUT("models", path.error().message);
  fs::path file = *path;
  for (const auto& item : fs::directory_iterator(*path))
    if (item.path().extension() == ".gguf") file = item.path();
  const auto golden = value_or_throw(read_safetensors(kGolden / "smollm2_gradients.safetensors"));
  LanguageWeights weights = value_or_throw(language_weights(value_or_throw(read_gguf(file))));
  weights.config.layers = 4;
  for (auto item = weights.tensors.begin(); item != weights.tensors.end();) {
    const bool layer = item->first.rfind("blk.", 0) == 0, kept = !layer || std::stoi(item->first.substr(4)) < 4;
    if (kept) item->second = cast(item->second, DType::f32).clone();
    item = kept ? std::next(item) : weights.tensors.erase(item);
  }
  const bool interleaved = !weights.config.rotate_halves;
  const std::map<std::string, Tensor> leaves = weights.tensors;
  for (auto [name, leaf] : leaves) leaf.set_requires_grad();
  const LanguageModel model(std::move(weights));
  GradScope scope;
  const Tensor loss = next_token_loss(model.decoder(), golden.tensors.at("tokens"));
  EXPECT_NEAR(loss.item(), golden.tensors.at("loss").item(), 1e-5F * loss.item());
  scope.backward(loss);
  // Of each weight some numbers are kept.
  expect_gradients(leaves, golden.tensors, model.config().family, [&](const std::string& name, const Tensor& grad) {
    // GGUF holds rows of queries and keys in the order that rotates neighbours: row r of Hugging Face's is there at 2 j + h of its head.
    const bool turned = interleaved && (name.find("attn_q.") != std::string::npos || name.find("attn_k.") != std::string::npos);
    const int64_t d = model.config().head_dim, columns = grad.rank() == 2 ? grad.dim(1) : 1, step = std::max<int64_t>(1, grad.elements() / 512);
    std::vector<float> kept;
    for (int64_t i = 0; i < grad.elements(); i += step) {
      int64_t row = i / columns;
      if (turned) row = row / d * d + row % d % (d / 2) * 2 + row % d / (d / 2);
      kept.push_back(grad.data<float>()[row * columns + i % columns]);
    }
    return Tensor::from({static_cast<int64_t>(kept.size())}, kept);
  });
}

}  // namespace ptah
