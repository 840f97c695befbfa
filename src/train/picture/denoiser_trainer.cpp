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
#include "nn/diffusion/sampler.h"
#include "tensor/ops.h"
#include "text/encode/bert.h"
#include "text/encode/encoder.h"
#include "text/tokenize/vocabulary.h"
#include "train/loop/picture_sampler.h"
#include "train/loop/stage.h"
#include "models/registry.h"
#include "weights/safetensors.h"
#include "tensor/device.h"

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
    return fail(ErrorCode::mismatch, "{} does not belong to this data set; remove it to make it again", path.string());
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
    return fail(ErrorCode::mismatch, "{} does not belong to these texts; remove it to make it again", path.string());
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

struct DenoiserSettings {
  Stage stage;
  int64_t variants = 3;
  float drop = 0.1F, time_mean = 0;
  std::string word_vectors;
  PictureWeights picture_weights;
  DistilConfig distil;
  DenoiserConfig shape;
  TextEncoderConfig text_shape;
};

/// Throws Failure (invalid_argument) for what a config cannot say.
DenoiserSettings read_denoiser_settings(const Json& json, const fs::path& folder, const TrainCallbacks& callbacks) {
  Reader reader(json, "denoiser");
  DenoiserSettings out;
  out.stage = read_stage(reader, folder, callbacks);
  out.variants = reader.get<int64_t>("variants", out.variants);
  out.drop = reader.get<float>("drop_caption", out.drop);
  out.time_mean = reader.get<float>("time_mean", out.time_mean);
  out.word_vectors = reader.get<std::string>("word_vectors", "");
  out.picture_weights = read_picture_weights(reader, "denoiser");
  Reader distil_reader(reader.object("distil"), "denoiser.distil");
  out.distil.texts = distil_reader.get<std::string>("texts", "");
  out.distil.model = distil_reader.get<std::string>("model", out.distil.model);
  out.distil.weight = distil_reader.get<float>("weight", out.distil.weight);
  out.distil.batch = distil_reader.get<int64_t>("batch", out.distil.batch);
  distil_reader.done();
  if (out.distil.batch < 1 || !(out.distil.weight >= 0))
    throw Failure({ErrorCode::invalid_argument, "config: denoiser.distil: batch must be at least 1, weight at least 0"});
  out.shape.width = reader.get<int64_t>("width", out.shape.width);
  out.shape.blocks = reader.get<int64_t>("blocks", out.shape.blocks);
  out.shape.heads = reader.get<int64_t>("heads", out.shape.heads);
  out.text_shape.width = out.shape.text_width = reader.get<int64_t>("text_width", out.text_shape.width);
  out.text_shape.layers = reader.get<int64_t>("text_layers", out.text_shape.layers);
  reader.done();
  return out;
}

/// The trained autoencoder that the latents are of.
struct FrozenAutoencoder {
  TensorFile file;
  AutoencoderConfig shape;
  Weights weights;
  PictureEncoder encoder;
  PictureDecoder decoder;
  FrozenAutoencoder(TensorFile from, const AutoencoderConfig& config)
      : file(std::move(from)), shape(config), weights(file.tensors), encoder(Scope(weights, "encoder"), shape), decoder(Scope(weights, "decoder"), shape) {}
};

Result<std::unique_ptr<FrozenAutoencoder>> load_autoencoder(const fs::path& path) {
  PTAH_TRY(TensorFile file, read_safetensors(path));
  PTAH_TRY(const Json json, parse_json(file.metadata.at("config")));
  PTAH_TRY(const AutoencoderConfig shape, autoencoder_config(json));
  return std::make_unique<FrozenAutoencoder>(std::move(file), shape);
}

/// What the training begins with: weights (none: fresh ones) and the vocabulary.
struct Start {
  std::map<std::string, Tensor> weights;
  Vocabulary vocabulary;
  std::string synonyms;
};

/// A model's; its scale of the latents goes into `latents`.
Result<Start> start_from_model(const fs::path& path, LatentStore& latents) {
  Start out;
  PTAH_TRY(const TensorFile model, read_safetensors(path));
  PTAH_TRY(out.vocabulary, Vocabulary::parse(model.metadata.at("vocabulary")));
  if (model.metadata.contains("synonyms")) out.synonyms = model.metadata.at("synonyms");
  for (const auto& [name, scale] : {std::pair{"latent.mean", &latents.mean}, {"latent.deviation", &latents.deviation}}) {
    const auto found = model.tensors.find(name);
    if (found == model.tensors.end() || found->second.shape() != scale->shape() || found->second.dtype() != DType::f32)
      return fail(ErrorCode::mismatch, "{}: tensor '{}' is missing or not f32 {}", path.string(), name, scale->shape().str());
    *scale = found->second;  // the weights know latents in this scale
  }
  for (const auto& [name, tensor] : model.tensors)
    if (name.rfind("text.", 0) == 0 || name.rfind("denoiser.", 0) == 0) out.weights.emplace(name, cast(tensor, DType::f32).clone());
  return out;
}

Start start_from_captions(const PictureSet& set) {
  std::vector<std::string> captions;
  for (const int64_t i : train_indices(set))
    for (const std::string& caption : set.entries[static_cast<size_t>(i)].captions) captions.push_back(caption);
  return {{}, Vocabulary::learn(captions, 400), ""};
}

TokenBatch as_long_as_needed(const std::vector<std::vector<int32_t>>& prompts) {
  size_t longest = 1;
  for (const auto& prompt : prompts) longest = std::max(longest, prompt.size());
  return make_token_batch(prompts, static_cast<int64_t>(longest));
}

class DenoiserTraining {
 public:
  DenoiserTraining(DenoiserSettings settings, fs::path out, const PictureSet& set, const TrainCallbacks& callbacks,
                   std::unique_ptr<FrozenAutoencoder> autoencoder, LatentStore latents, Start start, Teacher teacher)
      : settings_(std::move(settings)),
        out_(std::move(out)),
        set_(set),
        callbacks_(callbacks),
        autoencoder_(std::move(autoencoder)),
        latents_(std::move(latents)),
        vocabulary_(std::move(start.vocabulary)),
        synonyms_(std::move(start.synonyms)),
        teacher_(std::move(teacher)),
        weights_(start.weights.empty() ? Weights::fresh(settings_.stage.seed) : Weights(with_student(std::move(start.weights)))),
        parts_(weights_, settings_.text_shape, settings_.shape),
        picker_(set, settings_.picture_weights) {
    if (!teacher_.texts.empty()) student_ = weights_.get(kStudent, student_shape(), Init::fan_in, 1);
    for (const PictureEntry& entry : set.entries)
      if (std::find(styles_.begin(), styles_.end(), entry.style) == styles_.end()) styles_.push_back(entry.style);
  }

  Result<void> run() {
    if (!settings_.word_vectors.empty())
      PTAH_TRY_VOID(take_word_vectors(settings_.word_vectors, vocabulary_, settings_.stage.seed, weights_.all().at("text.embedding")));
    optimizer_.emplace(weights_.all(), settings_.stage.optimizer,
                       [](const std::string& name, const Tensor&) { return name.rfind("denoiser.blocks.", 0) == 0 || name.rfind("text.layers.", 0) == 0; });
    if (callbacks_.say) {
      int64_t count = 0;
      for (const auto& [name, tensor] : weights_.all()) count += tensor.elements();
      callbacks_.say(fmt::format("text encoder and denoiser: {:.1f} M parameters, a vocabulary of {}", static_cast<double>(count) / 1e6, vocabulary_.size()));
    }
    PTAH_TRY_VOID(train(
        settings_.stage.run, *optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t i) { return sample_sheet(i); },
        [this](const RunReport& r) { callbacks_.report("denoiser", r); }, callbacks_.cancel));
    return save_model();
  }

 private:
  Shape student_shape() const { return {teacher_.vectors.dim(1), settings_.text_shape.width}; }

  /// A model has no such weight; one that goes on from it begins with a fresh one.
  std::map<std::string, Tensor> with_student(std::map<std::string, Tensor> weights) const {
    if (!teacher_.texts.empty()) weights[kStudent] = Weights::fresh(settings_.stage.seed).get(kStudent, student_shape(), Init::fan_in, 1);
    return weights;
  }

  std::vector<int32_t> encode(const std::string& text, Random& random, float lost) const {
    return vocabulary_.encode(text, static_cast<size_t>(settings_.text_shape.max_tokens), [&](size_t) { return random.uniform() < lost; });
  }

  Batch make_batch(int64_t step) const {
    const int64_t n = settings_.stage.batch, tokens = settings_.shape.tokens, channels = settings_.shape.channels;
    Batch batch{Tensor::empty({n, tokens, channels}), Tensor::empty({n, tokens, channels}), Tensor::empty({n}), {}, {}, {}};
    const Tensor noise = Tensor::normal({n, tokens, channels}, settings_.stage.seed, (uint64_t{5} << 48) + static_cast<uint64_t>(step));
    std::vector<std::vector<int32_t>> prompts;
    Random random(settings_.stage.seed, (uint64_t{6} << 48) + static_cast<uint64_t>(step));
    for (int64_t i = 0; i < n; ++i) {
      const int64_t index = picker_.pick(random), variant = random.below(static_cast<uint32_t>(latents_.variants));
      const float t = 1 / (1 + std::exp(-settings_.time_mean - random.normal()));
      const auto& captions = set_.entries[static_cast<size_t>(index)].captions;
      const std::string& caption = captions[random.below(static_cast<uint32_t>(captions.size()))];
      const bool dropped = random.uniform() < settings_.drop;
      prompts.push_back(encode(dropped ? "" : caption, random, 0.03F));
      batch.time.data<float>()[i] = t;
      add_noise(index * latents_.variants + variant, t, noise, i, batch);
    }
    batch.text = as_long_as_needed(prompts);
    if (student_.defined()) add_taught(random, batch);
    return batch;
  }

  /// Latents of a row at time t between them (0) and noise (1), and the velocity there.
  void add_noise(int64_t row, float t, const Tensor& noise, int64_t i, Batch& batch) const {
    const int64_t channels = settings_.shape.channels, width = settings_.shape.tokens * channels;
    const bf16* from = latents_.rows.data<bf16>() + row * width;
    for (int64_t j = 0; j < width; ++j) {
      const int64_t c = j % channels;
      const float x = (to_float(from[j]) - latents_.mean.data<float>()[c]) / latents_.deviation.data<float>()[c];
      const float e = noise.data<float>()[i * width + j];
      batch.noised.data<float>()[i * width + j] = (1 - t) * x + t * e;
      batch.target.data<float>()[i * width + j] = e - x;
    }
  }

  void add_taught(Random& random, Batch& batch) const {
    std::vector<std::vector<int32_t>> texts;
    std::vector<int32_t> rows;
    for (int64_t i = 0; i < settings_.distil.batch; ++i) {
      const uint32_t row = random.below(static_cast<uint32_t>(teacher_.texts.size()));
      rows.push_back(static_cast<int32_t>(row));
      texts.push_back(encode(teacher_.texts[row], random, 0.1F));
    }
    batch.taught = as_long_as_needed(texts);
    batch.vectors = embedding(teacher_.vectors, Tensor::from({settings_.distil.batch}, rows));
  }

  float step(int64_t i) {
    const Batch batch = batches_.get(i);
    GradScope scope;
    const TextStates text = parts_.text(batch.text, compute_dtype());
    const Tensor made = parts_.denoiser(cast(batch.noised, compute_dtype()), batch.time, text.states, text.pooled, text.lengths);
    const Tensor loss = mse_loss(made, batch.target);
    if (!student_.defined()) {
      scope.backward(loss);
      return loss.item();
    }
    const Tensor pooled = cast(parts_.text(batch.taught, compute_dtype()).pooled, DType::f32);
    const Tensor guessed = of_length_one(matmul(pooled, student_, {.transpose_b = true}));
    const Tensor apart = affine(mean(sum(mul(guessed, batch.vectors), 1)), -1, 1);
    scope.backward(add(loss, affine(apart, settings_.distil.weight)));
    const auto now = static_cast<double>(apart.item());
    distance_ = distance_ ? *distance_ + 0.02 * (now - *distance_) : now;
    return loss.item();
  }

  Result<void> save_model() const {
    TensorFile model;
    Weights averaged(optimizer_->averaged());
    model.tensors = averaged.as(DType::bf16);
    model.tensors.erase(kStudent);
    for (const auto& [name, tensor] : autoencoder_->file.tensors) model.tensors.emplace(name, cast(tensor, DType::bf16));
    model.tensors.emplace("latent.mean", latents_.mean);
    model.tensors.emplace("latent.deviation", latents_.deviation);
    model.metadata["config"] = Json{
        {"autoencoder", to_json(autoencoder_->shape)},
        {"denoiser", to_json(settings_.shape)},
        {"text", to_json(settings_.text_shape)},
        {"styles", styles_}}.dump();
    model.metadata["vocabulary"] = vocabulary_.text();
    if (!synonyms_.empty()) model.metadata["synonyms"] = synonyms_;
    return write_safetensors(out_ / "picture.safetensors", model);
  }

  Result<void> sample_sheet(int64_t i) const {
    const NoGrad off;
    Weights averaged(optimizer_->averaged());
    const Parts now(averaged, settings_.text_shape, settings_.shape);
    std::vector<std::vector<int32_t>> prompts;
    const auto max_tokens = static_cast<size_t>(settings_.text_shape.max_tokens);
    for (const char* prompt : kSheetPrompts) prompts.push_back(vocabulary_.encode(prompt, max_tokens));
    const auto n = static_cast<int64_t>(prompts.size());
    for (int64_t j = 0; j < n; ++j) prompts.push_back(vocabulary_.encode("", 1));
    const TextStates text = now.text(make_token_batch(prompts, settings_.text_shape.max_tokens), compute_dtype());
    const Tensor noise = Tensor::normal({n, settings_.shape.tokens, settings_.shape.channels}, 42, 0);
    const Tensor z = sample_latents(now.denoiser, {latents_.mean, latents_.deviation}, {text.states, text.pooled, text.lengths}, noise, {});
    const Tensor pictures = decode_latents(autoencoder_->decoder, autoencoder_->shape, z);
    PTAH_TRY_VOID(save_model());
    if (distance_ && callbacks_.say)
      callbacks_.say(fmt::format("denoiser step {}: cosine of texts with {}'s {:.3f}", i, settings_.distil.model, 1 - *distance_));
    return save_sheet(out_ / "denoiser" / fmt::format("sheet-{:06}.png", i), pictures, 8);
  }

  const DenoiserSettings settings_;
  const fs::path out_;
  const PictureSet& set_;
  const TrainCallbacks& callbacks_;
  const std::unique_ptr<FrozenAutoencoder> autoencoder_;
  const LatentStore latents_;
  const Vocabulary vocabulary_;
  const std::string synonyms_;
  const Teacher teacher_;
  Weights weights_;
  const Parts parts_;
  Tensor student_;
  const PictureSampler picker_;
  std::vector<std::string> styles_;
  std::optional<Optimizer> optimizer_;
  std::optional<double> distance_;  ///< of the text encoder's vectors from the teacher's, 1 − cosine, averaged over the last steps
  Ahead<Batch> batches_{[this](int64_t step) { return make_batch(step); }};
};

}  // namespace

Result<void> train_denoiser(const Json& json, const fs::path& base_folder, const fs::path& out, const fs::path& start_from, const PictureSet& set,
                            const TrainCallbacks& callbacks) {
  const fs::path folder = out / "denoiser";
  DenoiserSettings settings = read_denoiser_settings(json, folder, callbacks);
  if (callbacks.only_check) return {};
  (void)PictureSampler(set, settings.picture_weights);  // refuses weights that leave nothing, before anything is prepared
  std::error_code problem;
  fs::create_directories(folder, problem);
  PTAH_TRY(auto autoencoder, load_autoencoder(out / "autoencoder" / "weights.safetensors"));
  PTAH_TRY(LatentStore latents, make_latents(folder / "latents.safetensors", set, autoencoder->encoder, autoencoder->shape, settings.variants, callbacks));
  settings.shape.tokens = autoencoder->shape.latent_size() * autoencoder->shape.latent_size();
  settings.shape.channels = autoencoder->shape.latent_channels;
  PTAH_TRY(Start start, start_from.empty() ? Result<Start>(start_from_captions(set)) : start_from_model(start_from, latents));
  settings.text_shape.vocabulary = start.vocabulary.size();
  Teacher teacher;
  if (!settings.distil.texts.empty()) {
    PTAH_TRY(teacher, make_teacher(folder / "teacher.safetensors", settings.distil, base_folder, set, callbacks));
  }
  return DenoiserTraining(std::move(settings), out, set, callbacks, std::move(autoencoder), std::move(latents), std::move(start), std::move(teacher)).run();
}

}  // namespace ptah
