#include "pipelines/scene/scene_library.h"

#include "base/text.h"
#include "models/registry.h"

namespace ptah {

namespace {

/// "king" is not a "king's crown": the last word of what is asked for is one of the others of the name.
bool says_of_what(const std::string& words, const std::string& name) {
  const auto plain = [](std::string text) {
    replace_all(text, "'s", "");
    return text;
  };
  const std::string asked = plain(words), head = asked.substr(asked.rfind(' ') + 1), known = plain(name);
  const size_t last = known.rfind(' ');
  if (last == std::string::npos || known.substr(last + 1) == head) return false;
  return (" " + known.substr(0, last) + " ").find(" " + head + " ") != std::string::npos;
}

}  // namespace

Result<std::shared_ptr<const SceneLibrary>> SceneLibrary::load(std::filesystem::path models) {
  std::shared_ptr<SceneLibrary> out(new SceneLibrary);
  PTAH_TRY(const auto folder, ShapeKinds::folder());
  PTAH_TRY(out->kinds_, ShapeKinds::load(folder));
  PTAH_TRY(out->places_, ScenePlaces::load(folder, *out->kinds_));
  PTAH_TRY(out->lexicon_, SceneLexicon::load(folder, out->kinds_, *out->places_));
  out->models_ = std::move(models);
  return std::shared_ptr<const SceneLibrary>(std::move(out));
}

Result<std::string> SceneLibrary::nearest(const std::string& words) const {
  const std::lock_guard lock(mutex_);
  if (!encoder_) {
    const auto model = shipped_model(models_, "minilm");
    if (!model) return std::string();
    PTAH_TRY(encoder_, SentenceEncoder::load(model->place));
    names_ = lexicon_->names();
    std::vector<std::string> texts;
    for (const auto& [name, kind] : names_) texts.push_back(name);
    const Tensor all = encoder_->embed(texts);
    const auto values = all.span<float>();
    vectors_.assign(values.begin(), values.end());
  }
  const Tensor one = encoder_->embed({words});
  const auto query = one.span<float>();
  float best = kNearNoun;
  std::string kind;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (says_of_what(words, names_[i].first)) continue;
    float cosine = 0;
    for (size_t k = 0; k < query.size(); ++k) cosine += query[k] * vectors_[i * query.size() + k];
    if (cosine > best) best = cosine, kind = names_[i].second;
  }
  return kind;
}

}  // namespace ptah
