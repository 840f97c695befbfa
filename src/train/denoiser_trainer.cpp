#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/philox.h"
#include "base/sha256.h"
#include "base/text.h"
#include "image/denoiser.h"
#include "image/picture_model.h"
#include "image/sampler.h"
#include "tensor/ops.h"
#include "text/bert.h"
#include "text/encoder.h"
#include "text/vocabulary.h"
#include "train/picker.h"
#include "train/stage.h"
#include "weights/pull.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Sample sheets show these; nobody tunes for them.
constexpr const char* kSheetPrompts[] = {"a glossy red fox",
                                         "a cat",
                                         "a blue whale",
                                         "a red apple",
                                         "a castle",
                                         "a rocket",
                                         "a slice of pizza",
                                         "a crown",
                                         "a green dragon",
                                         "an owl",
                                         "a house",
                                         "a tree",
                                         "a robot",
                                         "a birthday cake",
                                         "a smiling face",
                                         "a pink flower",
                                         "a yellow car",
                                         "a guitar",
                                         "a frog",
                                         "a ghost",
                                         "a bicycle",
                                         "a snowman",
                                         "a purple heart",
                                         "a lion",
                                         "a penguin",
                                         "a hamburger",
                                         "a flat fox",
                                         "a cartoon dog",
                                         "a blob cat",
                                         "a sticker of a bear",
                                         "a badge with a rabbit",
                                         "a plain cow"};

/// Standardised latents of every picture in several variants; row = picture · variants + variant.
struct LatentStore {
  Tensor rows;  ///< bf16 [pictures · variants, tokens · channels]
  Tensor mean, deviation;
  int64_t variants = 0;
};

Augmentation variant_augmentation(int64_t variant) {
  return variant == 0 ? Augmentation{0, 0, 0} : variant == 1 ? Augmentation{1, 0, 0} : Augmentation{0.5F, 0, 5};
}

Result<LatentStore> make_latents(const fs::path& path, const PictureSet& set, const PictureEncoder& encoder, const AutoencoderConfig& config, int64_t variants,
                                 const TrainCallbacks& callbacks) {
  const int64_t width = config.latent_size() * config.latent_size() * config.latent_channels, count = set.pictures.dim(0);
  if (!fs::exists(path)) {
    if (callbacks.say) callbacks.say(fmt::format("encoding {} pictures in {} variants", count, variants));
    Tensor rows = Tensor::empty({count * variants, width}, DType::bf16);
    std::vector<double> sums(static_cast<size_t>(config.latent_channels)), squares(sums);
    constexpr int64_t kBatch = 32;
    for (int64_t first = 0; first < count; first += kBatch)
      for (int64_t v = 0; v < variants; ++v) {
        if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
        std::vector<int64_t> indices;
        for (int64_t i = first; i < std::min(count, first + kBatch); ++i) indices.push_back(i);
        const Tensor pictures = picture_batch(set, indices, variant_augmentation(v), 77, static_cast<uint64_t>(first * variants + v) << 8);
        const Tensor z = encoder(cast(pictures, compute_dtype()));
        const Tensor narrow = cast(z, DType::bf16);
        for (size_t i = 0; i < indices.size(); ++i)
          std::copy_n(narrow.data<bf16>() + static_cast<int64_t>(i) * width, width, rows.data<bf16>() + (indices[i] * variants + v) * width);
        for (int64_t i = 0; i < z.elements(); ++i) {
          const double value = z.data<float>()[i];
          sums[static_cast<size_t>(i % config.latent_channels)] += value;
          squares[static_cast<size_t>(i % config.latent_channels)] += value * value;
        }
      }
    const double n = static_cast<double>(rows.elements()) / static_cast<double>(config.latent_channels);
    std::vector<float> mean, deviation;
    for (size_t c = 0; c < sums.size(); ++c) {
      mean.push_back(static_cast<float>(sums[c] / n));
      deviation.push_back(static_cast<float>(std::sqrt(std::max(1e-8, squares[c] / n - sums[c] / n * (sums[c] / n)))));
    }
    TensorFile file;
    file.tensors = {{"rows", rows}, {"mean", Tensor::from({config.latent_channels}, mean)}, {"deviation", Tensor::from({config.latent_channels}, deviation)}};
    PTAH_TRY_VOID(write_safetensors(path, file));
  }
  PTAH_TRY(TensorFile file, read_safetensors(path));
  LatentStore store{file.tensors["rows"], file.tensors["mean"], file.tensors["deviation"], variants};
  if (!store.rows.defined() || !store.mean.defined() || !store.deviation.defined() || store.rows.shape() != (Shape{count * variants, width}))
    return fail(ErrorCode::mismatch, "{} does not belong to this data set; remove it to make it anew", path.string());
  return store;
}

/// Writes the meaning of the vocabulary's whole words into their rows of `table` f32 [vocabulary, width]: a sentence encoder's vectors without their mean,
/// thrown onto `width` random directions (which keeps distances; Johnson and Lindenstrauss 1984), of the deviation that fresh tables have. Pieces stay.
Result<void> take_word_vectors(const std::string& model, const Vocabulary& vocabulary, uint64_t seed, Tensor table) {
  PTAH_TRY(const fs::path folder, find_model(model));
  PTAH_TRY(const auto encoder, SentenceEncoder::load(folder));
  const std::vector<std::string>& words = vocabulary.words();
  const NoGrad off;
  const Tensor vectors = encoder->embed(words);
  const Tensor directions = Tensor::normal({table.dim(1), encoder->width()}, seed, uint64_t{8} << 48);
  const Tensor thrown = matmul(sub(vectors, mean(vectors, 0)), directions, {.transpose_b = true});
  const float scale = 0.5F / std::sqrt(mean(square(thrown)).item());
  const int64_t width = table.dim(1);
  float* rows = table.data<float>();
  for (size_t i = 0; i < words.size(); ++i)
    for (int64_t c = 0; c < width; ++c) rows[vocabulary.id(words[i]) * width + c] = scale * thrown.data<float>()[static_cast<int64_t>(i) * width + c];
  return {};
}

/// What the text encoder learns beside the pictures: the vectors that a sentence encoder gives to texts (distillation: Hinton et al. 2015).
struct DistilConfig {
  std::string texts;  ///< a file of one text a line; the captions are learnt too
  std::string model = "minilm";
  float weight = 0.1F;  ///< of 1 − cosine, beside the error of the pictures
  int64_t batch = 64;
};

struct Teacher {
  std::vector<std::string> texts;
  Tensor vectors;  ///< f32 [texts, width], of length 1
};

/// The captions and the lines of the file with their vectors, kept in `path`.
Result<Teacher> make_teacher(const fs::path& path, const DistilConfig& config, const fs::path& base_folder, const PictureSet& set,
                             const TrainCallbacks& callbacks) {
  PTAH_TRY(const std::string lines, read_text(base_folder / config.texts, 64 << 20));
  std::set<std::string> distinct;
  for (const std::string& line : lines_of(lines)) distinct.insert(line);
  for (const int64_t i : train_indices(set))
    for (const std::string& caption : set.entries[static_cast<size_t>(i)].captions) distinct.insert(caption);
  distinct.erase("");
  Teacher teacher{{distinct.begin(), distinct.end()}, {}};
  const auto count = static_cast<int64_t>(teacher.texts.size());
  std::string all;
  for (const std::string& text : teacher.texts) all += text + "\n";
  const std::string digest = sha256_hex(as_bytes(config.model + "\n" + all));
  if (!fs::exists(path)) {
    PTAH_TRY(const fs::path folder, find_model(config.model));
    PTAH_TRY(const auto encoder, SentenceEncoder::load(folder));
    if (callbacks.say) callbacks.say(fmt::format("{} gives vectors to {} texts", config.model, count));
    const NoGrad off;
    std::vector<Tensor> parts;
    constexpr size_t kPart = 1024;
    for (size_t first = 0; first < teacher.texts.size(); first += kPart) {
      if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
      const auto from = teacher.texts.begin() + static_cast<std::ptrdiff_t>(first);
      parts.push_back(encoder->embed({from, from + static_cast<std::ptrdiff_t>(std::min(kPart, teacher.texts.size() - first))}));
    }
    TensorFile file;
    file.tensors["vectors"] = concat(parts, 0);
    file.metadata["texts_sha256"] = digest;
    PTAH_TRY_VOID(write_safetensors(path, file));
  }
  PTAH_TRY(TensorFile file, read_safetensors(path));
  teacher.vectors = file.tensors["vectors"];
  if (!teacher.vectors.defined() || teacher.vectors.rank() != 2 || teacher.vectors.dim(0) != count || file.metadata["texts_sha256"] != digest)
    return fail(ErrorCode::mismatch, "{} does not belong to these texts; remove it to make it anew", path.string());
  return teacher;
}

constexpr const char* kStudent = "distil.weight";  // throws pooled text states into the teacher's space; no part of the model

struct Batch {
  Tensor noised, target, time;
  TokenBatch text, taught;
  Tensor vectors;  ///< of `taught`, f32 [texts, width]
};

struct Parts {
  TextEncoder text;
  Denoiser denoiser;
  Parts(Weights& weights, const TextEncoderConfig& text_config, const DenoiserConfig& config)
      : text(Scope(weights, "text"), text_config), denoiser(Scope(weights, "denoiser"), config) {}
};

}  // namespace

Result<void> train_denoiser(const Json& json, const fs::path& base_folder, const fs::path& out, const fs::path& start_from, const PictureSet& set,
                            const TrainCallbacks& callbacks) {
  Reader reader(json, "denoiser");
  const fs::path folder = out / "denoiser";
  Stage stage = read_stage(reader, folder, callbacks);
  const auto variants = reader.get<int64_t>("variants", 3);
  const auto drop = reader.get<float>("drop_caption", 0.1F);
  const auto time_mean = reader.get<float>("time_mean", 0);
  const auto word_vectors = reader.get<std::string>("word_vectors", "");
  const PictureWeights picture_weights = read_picture_weights(reader, "denoiser");
  DistilConfig distil;
  Reader distil_reader(reader.object("distil"), "denoiser.distil");
  distil.texts = distil_reader.get<std::string>("texts", "");
  distil.model = distil_reader.get<std::string>("model", distil.model);
  distil.weight = distil_reader.get<float>("weight", distil.weight);
  distil.batch = distil_reader.get<int64_t>("batch", distil.batch);
  distil_reader.done();
  if (distil.batch < 1 || !(distil.weight >= 0))
    return fail(ErrorCode::invalid_argument, "config: denoiser.distil: batch must be at least 1, weight at least 0");
  DenoiserConfig shape;
  shape.width = reader.get<int64_t>("width", shape.width);
  shape.blocks = reader.get<int64_t>("blocks", shape.blocks);
  shape.heads = reader.get<int64_t>("heads", shape.heads);
  TextEncoderConfig text_shape;
  text_shape.width = shape.text_width = reader.get<int64_t>("text_width", text_shape.width);
  text_shape.layers = reader.get<int64_t>("text_layers", text_shape.layers);
  reader.done();
  if (callbacks.only_check) return {};
  std::error_code problem;
  fs::create_directories(folder, problem);

  PTAH_TRY(const TensorFile autoencoder, read_safetensors(out / "autoencoder" / "weights.safetensors"));
  PTAH_TRY(const Json autoencoder_json, parse_json(autoencoder.metadata.at("config")));
  PTAH_TRY(const AutoencoderConfig autoencoder_shape, autoencoder_config(autoencoder_json));
  Weights autoencoder_weights(autoencoder.tensors);
  const PictureEncoder encoder(Scope(autoencoder_weights, "encoder"), autoencoder_shape);
  const PictureDecoder decoder(Scope(autoencoder_weights, "decoder"), autoencoder_shape);
  PTAH_TRY(LatentStore stored, make_latents(folder / "latents.safetensors", set, encoder, autoencoder_shape, variants, callbacks));
  shape.tokens = autoencoder_shape.latent_size() * autoencoder_shape.latent_size();
  shape.channels = autoencoder_shape.latent_channels;

  std::map<std::string, Tensor> start;
  Vocabulary vocabulary;
  std::string synonyms;
  if (!start_from.empty()) {
    PTAH_TRY(const TensorFile model, read_safetensors(start_from));
    PTAH_TRY(vocabulary, Vocabulary::parse(model.metadata.at("vocabulary")));
    if (model.metadata.contains("synonyms")) synonyms = model.metadata.at("synonyms");
    for (const auto& [name, scale] : {std::pair{"latent.mean", &stored.mean}, {"latent.deviation", &stored.deviation}}) {
      const auto found = model.tensors.find(name);
      if (found == model.tensors.end() || found->second.shape() != scale->shape() || found->second.dtype() != DType::f32)
        return fail(ErrorCode::mismatch, "{}: tensor '{}' is missing or not f32 {}", start_from.string(), name, scale->shape().str());
      *scale = found->second;  // the weights know latents in this scale
    }
    for (const auto& [name, tensor] : model.tensors)
      if (name.rfind("text.", 0) == 0 || name.rfind("denoiser.", 0) == 0) start.emplace(name, cast(tensor, DType::f32).clone());
  } else {
    std::vector<std::string> captions;
    for (const int64_t i : train_indices(set))
      for (const std::string& caption : set.entries[static_cast<size_t>(i)].captions) captions.push_back(caption);
    vocabulary = Vocabulary::learn(captions, 400);
  }
  const LatentStore latents = std::move(stored);
  text_shape.vocabulary = vocabulary.size();
  Teacher teacher;
  if (!distil.texts.empty()) {
    PTAH_TRY(teacher, make_teacher(folder / "teacher.safetensors", distil, base_folder, set, callbacks));
    if (!start.empty()) start[kStudent] = Weights::fresh(stage.seed).get(kStudent, {teacher.vectors.dim(1), text_shape.width}, Init::fan_in, 1);
  }
  Weights weights = start.empty() ? Weights::fresh(stage.seed) : Weights(start);
  const Parts parts(weights, text_shape, shape);
  const Tensor student = teacher.texts.empty() ? Tensor() : weights.get(kStudent, {teacher.vectors.dim(1), text_shape.width}, Init::fan_in, 1);
  if (!word_vectors.empty()) {
    PTAH_TRY_VOID(take_word_vectors(word_vectors, vocabulary, stage.seed, weights.all().at("text.embedding")));
  }
  Optimizer optimizer(weights.all(), stage.optimizer,
                      [](const std::string& name, const Tensor&) { return name.rfind("denoiser.blocks.", 0) == 0 || name.rfind("text.layers.", 0) == 0; });
  if (callbacks.say) {
    int64_t count = 0;
    for (const auto& [name, tensor] : weights.all()) count += tensor.elements();
    callbacks.say(fmt::format("text encoder and denoiser: {:.1f} M parameters, {} words and pieces", static_cast<double>(count) / 1e6, vocabulary.size()));
  }

  const PicturePicker picker(set, picture_weights);
  std::vector<std::string> styles;
  for (const PictureEntry& entry : set.entries)
    if (std::find(styles.begin(), styles.end(), entry.style) == styles.end()) styles.push_back(entry.style);
  const int64_t tokens = shape.tokens, channels = shape.channels, width = tokens * channels;
  const auto as_long_as_needed = [](const std::vector<std::vector<int32_t>>& prompts) {
    size_t longest = 1;
    for (const auto& prompt : prompts) longest = std::max(longest, prompt.size());
    return make_token_batch(prompts, static_cast<int64_t>(longest));
  };
  std::optional<double> distance;  // of the text encoder's vectors from the teacher's, 1 − cosine, averaged over the last steps
  const auto make_batch = [&](int64_t step) {
    const int64_t n = stage.batch;
    Batch batch{Tensor::empty({n, tokens, channels}), Tensor::empty({n, tokens, channels}), Tensor::empty({n}), {}, {}, {}};
    const Tensor noise = Tensor::normal({n, tokens, channels}, stage.seed, (uint64_t{5} << 48) + static_cast<uint64_t>(step));
    std::vector<std::vector<int32_t>> prompts;
    Random random(stage.seed, (uint64_t{6} << 48) + static_cast<uint64_t>(step));
    for (int64_t i = 0; i < n; ++i) {
      const int64_t index = picker.pick(random), variant = random.below(static_cast<uint32_t>(latents.variants));
      const float t = 1 / (1 + std::exp(-time_mean - random.normal()));
      const auto& captions = set.entries[static_cast<size_t>(index)].captions;
      const std::string& caption = captions[random.below(static_cast<uint32_t>(captions.size()))];
      const bool dropped = random.uniform() < drop;
      prompts.push_back(
          vocabulary.encode(dropped ? "" : caption, static_cast<size_t>(text_shape.most_tokens), [&](size_t) { return random.uniform() < 0.03F; }));
      batch.time.data<float>()[i] = t;
      const bf16* from = latents.rows.data<bf16>() + (index * latents.variants + variant) * width;
      for (int64_t j = 0; j < width; ++j) {
        const int64_t c = j % channels;
        const float x = (to_float(from[j]) - latents.mean.data<float>()[c]) / latents.deviation.data<float>()[c];
        const float e = noise.data<float>()[i * width + j];
        batch.noised.data<float>()[i * width + j] = (1 - t) * x + t * e;
        batch.target.data<float>()[i * width + j] = e - x;
      }
    }
    batch.text = as_long_as_needed(prompts);
    if (student.defined()) {
      std::vector<std::vector<int32_t>> texts;
      std::vector<int32_t> rows;
      for (int64_t i = 0; i < distil.batch; ++i) {
        const uint32_t row = random.below(static_cast<uint32_t>(teacher.texts.size()));
        rows.push_back(static_cast<int32_t>(row));
        texts.push_back(vocabulary.encode(teacher.texts[row], static_cast<size_t>(text_shape.most_tokens), [&](size_t) { return random.uniform() < 0.1F; }));
      }
      batch.taught = as_long_as_needed(texts);
      batch.vectors = embedding(teacher.vectors, Tensor::from({distil.batch}, rows));
    }
    return batch;
  };
  Ahead<Batch> batches(make_batch);
  const auto step = [&](int64_t i) {
    const Batch batch = batches.get(i);
    GradScope scope;
    const TextStates text = parts.text(batch.text, compute_dtype());
    const Tensor made = parts.denoiser(cast(batch.noised, compute_dtype()), batch.time, text.states, text.pooled, text.lengths);
    const Tensor loss = mse_loss(made, batch.target);
    if (!student.defined()) {
      scope.backward(loss);
      return loss.item();
    }
    const Tensor pooled = cast(parts.text(batch.taught, compute_dtype()).pooled, DType::f32);
    const Tensor guessed = of_length_one(matmul(pooled, student, {.transpose_b = true}));
    const Tensor apart = affine(mean(sum(mul(guessed, batch.vectors), 1)), -1, 1);
    scope.backward(add(loss, affine(apart, distil.weight)));
    const auto now = static_cast<double>(apart.item());
    distance = distance ? *distance + 0.02 * (now - *distance) : now;
    return loss.item();
  };
  const LatentScale scale{latents.mean, latents.deviation};
  const auto save_model = [&]() -> Result<void> {
    TensorFile model;
    Weights averaged(optimizer.averaged());
    model.tensors = averaged.as(DType::bf16);
    model.tensors.erase(kStudent);
    for (const auto& [name, tensor] : autoencoder.tensors) model.tensors.emplace(name, cast(tensor, DType::bf16));
    model.tensors.emplace("latent.mean", latents.mean);
    model.tensors.emplace("latent.deviation", latents.deviation);
    model.metadata["config"] =
        Json{{"autoencoder", to_json(autoencoder_shape)}, {"denoiser", to_json(shape)}, {"text", to_json(text_shape)}, {"styles", styles}}.dump();
    model.metadata["vocabulary"] = vocabulary.text();
    if (!synonyms.empty()) model.metadata["synonyms"] = synonyms;
    return write_safetensors(out / "picture.safetensors", model);
  };
  const auto sample_sheet = [&](int64_t i) -> Result<void> {
    const NoGrad off;
    Weights averaged(optimizer.averaged());
    const Parts now(averaged, text_shape, shape);
    std::vector<std::vector<int32_t>> prompts;
    for (const char* prompt : kSheetPrompts) prompts.push_back(vocabulary.encode(prompt, static_cast<size_t>(text_shape.most_tokens)));
    const auto n = static_cast<int64_t>(prompts.size());
    for (int64_t j = 0; j < n; ++j) prompts.push_back(vocabulary.encode("", 1));
    const TextStates text = now.text(make_token_batch(prompts, text_shape.most_tokens), compute_dtype());
    const Tensor z = sample_latents(now.denoiser, scale, {text.states, text.pooled, text.lengths}, Tensor::normal({n, tokens, channels}, 42, 0), {});
    const Tensor pictures = decode_latents(decoder, autoencoder_shape, z);
    PTAH_TRY_VOID(save_model());
    if (distance && callbacks.say) callbacks.say(fmt::format("denoiser step {}: cosine of texts with {}'s {:.3f}", i, distil.model, 1 - *distance));
    return save_sheet(folder / fmt::format("sheet-{:06}.png", i), pictures, 8);
  };
  PTAH_TRY_VOID(train(
      stage.run, optimizer, step, sample_sheet, [&](const RunReport& r) { callbacks.report("denoiser", r); }, callbacks.cancel));
  return save_model();
}

}  // namespace ptah
