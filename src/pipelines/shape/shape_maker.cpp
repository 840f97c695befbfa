#include "pipelines/shape/shape_maker.h"

#include <algorithm>

#include "models/model_file.h"
#include "models/registry.h"
#include "shape/words/said.h"
#include "shape/words/unused_words.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Words of a sentence that are tried out: each is one more run of the writer.
constexpr size_t kMaxWordsTried = 6;

/// Every file of a model must be as the index of the models has it. Gives the digest of its weights.
Result<std::string> checked(const Model& model) {
  std::string weights;
  for (const auto& [name, digest] : model.files) {
    PTAH_TRY(const auto file, MappedFile::open(model.place / name));
    if (sha256_hex(file->bytes()) != digest) return fail(ErrorCode::mismatch, "{}: its SHA-256 is not the one in index.json", (model.place / name).string());
    if (name.ends_with(".safetensors")) weights = digest;
  }
  return weights;
}

}  // namespace

Result<std::shared_ptr<const ShapeMaker>> ShapeMaker::load(const fs::path& models) {
  PTAH_TRY(const Model encoder, shipped_model(models, "minilm"));
  PTAH_TRY(const Model writer, shipped_model(models, "shape-writer"));
  PTAH_TRY(const std::string encoder_digest, checked(encoder));
  PTAH_TRY(ModelFile file, open_model(writer.place, writer.files.front().second));
  auto& metadata = file.content.metadata;
  if (!metadata.contains("config") || !metadata.contains("tokens"))
    return fail(ErrorCode::corrupt, "{}: not a writer of shapes (no config and tokens in its metadata)", writer.place.string());
  return guard([&]() -> Result<std::shared_ptr<const ShapeMaker>> {
    std::shared_ptr<ShapeMaker> out(new ShapeMaker);
    PTAH_TRY(const fs::path library, ShapeKinds::folder());
    PTAH_TRY(out->kinds_, ShapeKinds::load(library));
    if (fs::exists(library / "captions.json")) {
      PTAH_TRY(const std::string text, read_text(library / "captions.json", size_t{8} << 20));
      PTAH_TRY(const Json captions, parse_json(text));
      PTAH_TRY(out->phrases_, ShapePhrases::read(captions, *out->kinds_));
    }
    PTAH_TRY(const Json tokens, parse_json(metadata["tokens"]));
    if (!tokens.is_array() || !std::all_of(tokens.begin(), tokens.end(), [](const Json& one) { return one.is_string(); }))
      return fail(ErrorCode::corrupt, "{}: its tokens are no list of texts", writer.place.string());
    PTAH_TRY(out->tokens_, ShapeTokens::of(out->kinds_, tokens.get<std::vector<std::string>>()));
    PTAH_TRY(const Json json, parse_json(metadata["config"]));
    PTAH_TRY(const ShapeWriterConfig config, shape_writer_config(json));
    PTAH_TRY(out->encoder_, SentenceEncoder::load(encoder.place));
    if (config.tokens != out->tokens_->size() || config.text_width != out->encoder_->width())
      return fail(ErrorCode::mismatch, "{}: {} tokens and texts of width {} by its config; they are {} and {}", writer.place.string(), config.tokens,
                  config.text_width, out->tokens_->size(), out->encoder_->width());
    out->weights_.emplace(std::move(file.content.tensors));
    out->writer_.emplace(Scope(*out->weights_), config);
    out->digests_ = {{"shape-writer", "sha256:" + file.digest}, {"minilm", "sha256:" + encoder_digest}};
    out->file_bytes_ = encoder.bytes + writer.bytes;
    return out;
  });
}

Result<WrittenShape> ShapeMaker::read(const std::string& sentence, const CancelToken* cancel) const {
  return guard([&]() -> Result<WrittenShape> {
    const auto written = [&](const std::string& words) -> Result<WrittenShape> {
      WrittenShape out;
      const Tensor states = encoder_->states({words}, writer_->config().text_tokens);
      PTAH_TRY(out.writing, writer_->write(states, *tokens_, DType::f32, cancel, &out.certainty));
      return out;
    };
    // Sizes are read by rules, and the words around them by the model; of several things the model reads all of it.
    const StatedNumbers stated = stated_numbers(sentence);
    std::string read = stated.without_sizes;
    PTAH_TRY(WrittenShape out, written(read));
    if (!stated.sizes.empty() && (out.writing.things.size() != 1 || !out.known())) {
      read = sentence;
      PTAH_TRY(out, written(read));
    }
    const auto size = size_word(read);
    if (size && !out.known()) {  // "a tiny pink bed" is a pink bed
      read = without_word(read, size->word);
      PTAH_TRY(out, written(read));
    }
    const bool by_name = phrases_ && take_named(out, stated.without_sizes);
    if (by_name) read = stated.without_sizes;
    if (!out.known()) return out;
    std::vector<std::string> unused;
    if (!by_name) {
      PTAH_TRY(unused, unused_words(read, out.writing, written));
    }
    std::set<std::string> used;
    if (phrases_ && out.writing.things.size() == 1) {
      WrittenThing& thing = out.writing.things[0];
      used = apply_said(thing, stated.without_sizes, kinds_->kinds().at(thing.kind), *phrases_, by_name);
    }
    if (by_name) unused = words_to_explain(read, out.writing, *kinds_, *phrases_);
    std::erase_if(unused, [&](const std::string& word) { return used.contains(word) || counts(out.writing, stated, word); });
    const auto unused_size = std::find(unused.begin(), unused.end(), size ? size->word : "");
    const bool scales = size && stated.sizes.empty() && out.writing.things.size() == 1 && (unused_size != unused.end() || read != stated.without_sizes);
    if (unused_size != unused.end() && scales) unused.erase(unused_size);
    out.notes = apply_stated(out.writing, stated, *kinds_, phrases_ ? &*phrases_ : nullptr);
    if (scales && out.writing.things[0].scale == 1) {
      out.writing.things[0].scale = size->scale;
      out.notes.push_back(fmt::format("all of it is made {} times its usual size, for '{}'", size->scale, size->word));
    }
    if (!unused.empty()) out.notes.push_back(fmt::format("not used, as it changes nothing here: {}", fmt::join(unused, ", ")));
    return out;
  });
}

bool ShapeMaker::take_named(WrittenShape& shape, const std::string& sentence) const {
  const NamedKind named = named_kind(sentence, *kinds_, *phrases_);
  if (named.kind.empty()) return false;
  const std::vector<WrittenThing>& things = shape.writing.things;
  WrittenThing alone{.kind = named.kind};
  if (shape.known()) {
    if (things.size() == 1 && things[0].kind == named.kind) return false;
    if (things[0].kind == named.kind) alone.given = things[0].given;
    // Another kind may be what is meant if it is named too, by other words than those that say something of this one.
    WrittenThing said = alone;
    std::set<std::string> used = apply_said(said, sentence, kinds_->kinds().at(named.kind), *phrases_, true);
    used.insert(named.words.begin(), named.words.end());
    std::string rest = sentence;
    for (const std::string& word : used) rest = without_word(rest, word);
    if (std::any_of(things.begin(), things.end(), [&](const WrittenThing& thing) { return thing.kind != named.kind && is_named(rest, thing.kind, *phrases_); }))
      return false;
  }
  shape.writing.things = {alone};
  shape.certainty = 1;
  return true;
}

bool ShapeMaker::counts(const Writing& writing, const StatedNumbers& stated, const std::string& word) const {
  if (!phrases_ || writing.things.size() != 1) return false;
  const auto kind = kinds_->find(writing.things[0].kind);
  return kind && counts_part(stated.without_sizes, word, **kind, &phrases_->of(writing.things[0].kind));
}

Result<std::vector<std::string>> ShapeMaker::unused_words(const std::string& sentence, const Writing& writing, const Reading& written) const {
  std::vector<std::string> out;
  if (!phrases_) return out;
  std::vector<std::string> words = words_to_explain(sentence, writing, *kinds_, *phrases_);
  if (words.size() > kMaxWordsTried) words.resize(kMaxWordsTried);
  for (const std::string& word : words) {
    PTAH_TRY(const WrittenShape without, written(without_word(sentence, word)));
    if (without.writing == writing) out.push_back(word);
  }
  return out;
}

ShapeProgram ShapeMaker::program(const WrittenShape& shape, const std::string& sentence, uint64_t seed) const {
  return program_of(shape.writing, *kinds_, sentence, seed);
}

}  // namespace ptah
