#include "pipelines/picture_pipeline.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "base/text.h"
#include "models/model_file.h"
#include "pixels/colour.h"
#include "pixels/image_tensor.h"
#include "pixels/mask.h"
#include "shape/inflate.h"
#include "tensor/device.h"

namespace ptah {

std::filesystem::path picture_model_file(const std::filesystem::path& path) {
  std::error_code problem;
  const std::filesystem::path file = std::filesystem::is_directory(path, problem) ? path / "picture.safetensors" : path;
  if (lower_case(file.extension().string()) != ".safetensors") return {};
  const auto content = read_safetensors(file);
  return content && content->metadata.contains("config") && content->metadata.contains("vocabulary") ? file : std::filesystem::path();
}

Result<std::shared_ptr<PictureModel>> PictureModel::load(const std::filesystem::path& path, const std::string& sha256_hex_wanted) {
  PTAH_TRY(ModelFile file, open_model(path, sha256_hex_wanted));
  std::shared_ptr<PictureModel> model(new PictureModel);
  model->file_bytes_ = file.bytes;
  model->sha256_ = file.digest;
  const auto metadata = [&](const char* key) -> Result<std::string> {
    const auto found = file.content.metadata.find(key);
    if (found == file.content.metadata.end()) return fail(ErrorCode::corrupt, "{}: not a picture model (no '{}' in its metadata)", path.string(), key);
    return found->second;
  };
  PTAH_TRY(const std::string config_text, metadata("config"));
  PTAH_TRY(const std::string vocabulary_text, metadata("vocabulary"));
  PTAH_TRY(const Json config, parse_json(config_text));
  for (const char* key : {"autoencoder", "denoiser", "text"})
    if (!config.contains(key)) return fail(ErrorCode::corrupt, "{}: config lacks '{}'", path.string(), key);
  PTAH_TRY(model->autoencoder_, autoencoder_config(config["autoencoder"]));
  PTAH_TRY(const DenoiserConfig denoiser, denoiser_config(config["denoiser"]));
  PTAH_TRY(model->text_config_, text_encoder_config(config["text"]));
  PTAH_TRY(model->vocabulary_, Vocabulary::parse(vocabulary_text));
  if (const auto synonyms = file.content.metadata.find("synonyms"); synonyms != file.content.metadata.end()) {
    auto added = model->vocabulary_.add_synonyms(synonyms->second);
    if (!added) return fail(ErrorCode::corrupt, "{}: {}", path.string(), added.error().message);
  }
  if (config.contains("styles")) {
    if (!config["styles"].is_array() || !std::all_of(config["styles"].begin(), config["styles"].end(), [](const Json& style) { return style.is_string(); }))
      return fail(ErrorCode::corrupt, "{}: 'styles' is no list of names", path.string());
    model->styles_ = config["styles"].get<std::vector<std::string>>();
  }
  return guard([&]() -> Result<std::shared_ptr<PictureModel>> {
    Weights weights(std::move(file.content.tensors));
    model->text_ = std::make_unique<TextEncoder>(Scope(weights, "text"), model->text_config_);
    model->denoiser_ = std::make_unique<Denoiser>(Scope(weights, "denoiser"), denoiser);
    if (weights.all().contains("encoder.in.weight")) model->encoder_ = std::make_unique<PictureEncoder>(Scope(weights, "encoder"), model->autoencoder_);
    model->decoder_ = std::make_unique<PictureDecoder>(Scope(weights, "decoder"), model->autoencoder_);
    model->scale_ = latent_scale(Scope(weights, "latent"), denoiser.channels);
    return model;
  });
}

Result<std::shared_ptr<const PictureJudge>> PictureModel::load_judge(const std::filesystem::path& path, const std::string& sha256_hex_wanted) const {
  return PictureJudge::load(path, vocabulary_, autoencoder_.size, sha256_hex_wanted);
}

Result<void> PictureModel::add_judge(const std::filesystem::path& path, const std::string& sha256_hex_wanted) {
  PTAH_TRY(judge_, load_judge(path, sha256_hex_wanted));
  return {};
}

Result<void> PictureModel::add_upscaler(const std::filesystem::path& path, const std::string& sha256_hex_wanted) {
  PTAH_TRY(upscaler_, PictureUpscaler::load(path, sha256_hex_wanted));
  return {};
}

std::vector<std::string> PictureModel::unknown_words(const std::string& prompt) const {
  static const std::vector<std::string> kSmall{"a",  "an", "the",  "of", "in",  "on", "and",  "with",    "at",
                                               "to", "my", "your", "is", "for", "by", "from", "picture", "style"};
  std::vector<std::string> notes, words;
  for (const ArrangedThing& thing : arrangement(prompt).things)
    for (std::string& word : split_words(thing.prompt))
      if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
  for (const std::string& word : words) {
    if (vocabulary_.knows(word) || std::find(kSmall.begin(), kSmall.end(), word) != kSmall.end()) continue;
    if (std::find(styles_.begin(), styles_.end(), word) != styles_.end()) continue;
    const std::string meant = vocabulary_.meant(word);
    if (!meant.empty()) {
      notes.push_back(fmt::format("{} trained on \"{}\"; drawn as \"{}\"", vocabulary_.knows(word) ? "few pictures were" : "no picture was", word, meant));
      continue;
    }
    notes.push_back(fmt::format("no picture was trained on \"{}\"; nearest: {}", word, nearest(word, vocabulary_.words())));
  }
  return notes;
}

std::string PictureModel::conditioned_prompt(const CreateRequest& request) const {
  std::vector<std::string> words = split_words(request.prompt);
  for (const std::string& word : words)
    if (std::find(styles_.begin(), styles_.end(), word) != styles_.end()) return request.prompt;
  if (request.style == "any") return request.prompt;
  // As in the captions: "a glossy red fox".
  std::string out = "a " + request.style;
  for (size_t i = 0; i < words.size(); ++i)
    if (i > 0 || (words[i] != "a" && words[i] != "an" && words[i] != "the")) out += " " + words[i];
  return out;
}

namespace {

constexpr int64_t kColourRounds = 2;

/// Lays a picture on another, its corner at (left, top).
void lay(const Image& picture, int64_t left, int64_t top, Image& on) {
  for (int64_t y = std::max<int64_t>(0, -top); y < std::min(picture.height, on.height - top); ++y)
    for (int64_t x = std::max<int64_t>(0, -left); x < std::min(picture.width, on.width - left); ++x) {
      const uint8_t* from = picture.at(x, y);
      uint8_t* to = on.at(left + x, top + y);
      const int64_t above = from[3], below = to[3] * (255 - above), alpha = 255 * above + below;  // times 255
      for (int64_t c = 0; c < 3 && alpha > 0; ++c) to[c] = static_cast<uint8_t>((255 * above * from[c] + below * to[c] + alpha / 2) / alpha);
      to[3] = static_cast<uint8_t>((alpha + 127) / 255);
    }
}

}  // namespace

Tensor PictureModel::draw(const CreateRequest& request, const Drawing& d, int64_t round, const ProgressCallback& progress, const CancelToken* cancel) const {
  const int64_t drawn = request.best_of;
  std::vector<std::vector<int32_t>> prompts(static_cast<size_t>(drawn), d.prompt);
  prompts.resize(static_cast<size_t>(2 * drawn), vocabulary_.encode("", d.prompt.size()));
  const TokenBatch tokens = make_token_batch(prompts, static_cast<int64_t>(d.prompt.size()));
  const TextStates text = (*text_)(tokens, compute_dtype());
  PictureSampling how{.steps = request.steps, .guidance = request.guidance, .sampler = d.sampler};
  how.before_step = [&](int64_t step) {
    stop_if_cancelled(cancel);
    const double whole = static_cast<double>(round % kColourRounds) + static_cast<double>(step) / static_cast<double>(request.steps);
    if (progress) progress({"draw", d.colour.empty() ? 0.9 * whole : 0.9 * (1 - std::exp2(-whole)), -1});  // nobody knows how many rounds a colour takes
  };
  if (d.base) {
    how.start = encode_pictures(*encoder_, autoencoder_, to_sample(*d.base, autoencoder_.size));
    how.strength = request.strength;
  }
  if (d.mask) {
    const int64_t edge = autoencoder_.latent_size();
    how.redrawn = resize(fitted_mask_share(*d.mask, autoencoder_.size), edge, edge, Filter::bilinear).reshape({1, edge * edge, 1});
  }
  const DenoiserConfig& shape = denoiser_->config();
  std::vector<Tensor> noises;
  for (int64_t i = 0; i < drawn; ++i)
    noises.push_back(Tensor::normal({1, shape.tokens, shape.channels}, request.seed, static_cast<uint64_t>(round * drawn + i)));
  const Tensor z = sample_latents(*denoiser_, scale_, {text.states, text.pooled, text.lengths}, concat(noises, 0), how);
  return decode_latents(*decoder_, autoencoder_, z);
}

PictureModel::Draft PictureModel::best_of(const Tensor& drafts, const Drawing& d) const {
  if (drafts.dim(0) == 1) return {drafts};
  const Tensor fit = matmul(judge_->pictures(drafts), judge_->prompts({d.prompt}), {.transpose_b = true});
  if (DryRun::active()) return {slice(drafts, 0, 0, 1)};
  // One of the asked colour stands before all others; among equals the judge decides.
  std::pair<bool, float> largest{false, -std::numeric_limits<float>::infinity()};
  int64_t best = 0;
  for (int64_t i = 0; i < drafts.dim(0); ++i) {
    const bool coloured = d.colour.empty() || main_colour(to_image(slice(drafts, 0, i, i + 1))) == d.colour;
    const std::pair here{coloured, fit.data<float>()[i]};
    if (here > largest) largest = here, best = i;
  }
  return {slice(drafts, 0, best, best + 1), largest.first};
}

Image PictureModel::compose(Tensor made, const CreateRequest& request, const Drawing& d) const {
  if (request.size > autoencoder_.size && upscaler_) made = (*upscaler_)(made);
  if (request.size != made.dim(1)) made = resize(made, request.size, request.size, Filter::lanczos);
  if (d.mask) {  // what stays, stays to the pixel
    const Tensor kept = to_sample(*d.base, request.size);
    made = add(kept, mul(sub(made, kept), fitted_mask_share(*d.mask, request.size)));
  }
  if (DryRun::active()) return make_image(request.size, request.size);
  Image picture = to_image(made);
  for (size_t i = 3; i < picture.rgba.size(); i += 4) {  // a clean background: faint haze goes, nearly full becomes full
    const float alpha = std::clamp((static_cast<float>(picture.rgba[i]) / 255 - 0.08F) / 0.87F, 0.0F, 1.0F);
    picture.rgba[i] = static_cast<uint8_t>(std::lround(alpha * 255));
    if (picture.rgba[i] == 0) picture.rgba[i - 1] = picture.rgba[i - 2] = picture.rgba[i - 3] = 0;
  }
  return picture;
}

CreateRequest PictureModel::with_defaults(CreateRequest request) const {
  if (request.best_of == 0) request.best_of = judge_ ? 2 : 1;
  if (request.background == "transparent")
    if (std::string ground = arrangement(request.prompt).background; !ground.empty()) request.background = std::move(ground);
  return request;
}

Arrangement PictureModel::arrangement(const std::string& prompt) const {
  return arranged(prompt, [&](const std::string& word) { return vocabulary_.knows(word) || !vocabulary_.meant(word).empty(); });
}

Result<Image> PictureModel::create(const CreateRequest& asked, const Sources& sources, const ProgressCallback& progress, const CancelToken* cancel) const {
  PTAH_TRY_VOID(check(asked));
  PTAH_TRY_VOID(check(sources));
  const CreateRequest request = with_defaults(asked);
  const Arrangement whole = arrangement(request.prompt);
  if (sources.from || whole.things.size() == 1) {
    CreateRequest one = request;
    one.prompt = whole.prompt;
    return thing(one, sources, 0, progress, cancel);
  }
  Image out = make_image(request.size, request.size);
  const auto count = static_cast<double>(whole.things.size());
  for (size_t i = 0; i < whole.things.size(); ++i) {
    const auto pixels = [&](float share) { return std::lround(share * static_cast<float>(request.size)); };
    const ArrangedThing& at = whole.things[i];
    CreateRequest part = request;
    part.prompt = at.prompt;
    part.size = std::max<int64_t>(pixels(at.edge), 1);
    const ProgressCallback inner = [&](const Progress& p) {
      if (progress) progress({p.stage, (static_cast<double>(i) + p.fraction) / count, p.seconds_left});
    };
    PTAH_TRY(const Image picture, thing(part, {}, static_cast<int64_t>(i), inner, cancel));
    if (!DryRun::active()) lay(picture, pixels(at.left), pixels(at.top), out);
  }
  return out;
}

Result<Image> PictureModel::thing(const CreateRequest& request, const Sources& sources, int64_t number, const ProgressCallback& progress,
                                  const CancelToken* cancel) const {
  if (sources.from && !encoder_) return fail(ErrorCode::unsupported, "this model file has no encoder, so it cannot start from a picture");
  if (request.style != "any" && std::find(styles_.begin(), styles_.end(), request.style) == styles_.end())
    return unknown_name("style", request.style, fmt::format("{} any", fmt::join(styles_, " ")).c_str());
  if (request.best_of > 1 && !judge_) return fail(ErrorCode::unsupported, "best-of {} needs a judge, and there is none among the models", request.best_of);
  PTAH_TRY(const Sampler sampler, sampler_by_name(request.sampler));
  return guard([&]() -> Result<Image> {
    const NoGrad off;
    Drawing drawing{vocabulary_.encode(conditioned_prompt(request), static_cast<size_t>(text_config_.max_tokens)),
                    asked_colour(split_words(request.prompt)),
                    sampler,
                    {},
                    sources.mask};
    if (sources.from) drawing.base = DryRun::active() ? *sources.from : cut_out(*sources.from);
    const int64_t first = number * kColourRounds;
    Draft best = best_of(draw(request, drawing, first, progress, cancel), drawing);
    // A picture that words alone make is drawn again while it lacks the colour they ask for.
    for (int64_t round = 1; round < kColourRounds && !best.right_colour && !drawing.base; ++round)
      if (Draft next = best_of(draw(request, drawing, first + round, progress, cancel), drawing); next.right_colour) best = std::move(next);
    // And if it still does, it is turned to it.
    if (!best.right_colour && !drawing.base && !DryRun::active())
      best.picture = to_sample(turned_to(to_image(best.picture), drawing.colour), autoencoder_.size);
    return compose(std::move(best.picture), request, drawing);
  });
}

}  // namespace ptah
