#include "pipelines/recipes/model_cache.h"

#include <sys/stat.h>

#include <algorithm>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

#include "models/registry.h"
#include "pipelines/default_models.h"
#include "pipelines/emotion/emotion_work.h"
#include "pipelines/painting.h"
#include "pipelines/text_work.h"
#include "text/lm/adapter_files.h"
#include "voice/speaker.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// What tells a file from another one of the same name, and from itself before it was rewritten.
std::string state_of(const fs::path& file) {
  struct stat state {};
  if (::stat(file.c_str(), &state) != 0) return file.string();
  return fmt::format("{} {} {} {} {}.{}", file.string(), state.st_dev, state.st_ino, state.st_size, state.st_mtim.tv_sec, state.st_mtim.tv_nsec);
}

}  // namespace

template <class T>
Result<std::shared_ptr<const T>> ModelCache::kept(const std::string& kind, const std::vector<fs::path>& files,
                                                  const std::function<Result<std::shared_ptr<const T>>()>& load) {
  std::string key = kind;
  for (const fs::path& file : files) key.append(1, '\n').append(state_of(file));
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(models_.begin(), models_.end(), [&](const auto& one) { return one.first == key; });
  if (found != models_.end()) {
    models_.splice(models_.begin(), models_, found);
    return std::static_pointer_cast<const T>(models_.front().second);
  }
  while (!models_.empty() && models_.size() >= capacity_) models_.pop_back();  // before the new one takes its memory
  PTAH_TRY(const std::shared_ptr<const T> model, load());
  models_.emplace_front(std::move(key), model);
  return model;
}

Result<fs::path> ModelCache::folder() const {
  if (!folder_.empty()) return folder_;
  return models_folder();
}

Result<std::shared_ptr<const PictureModel>> ModelCache::picture(const fs::path& model) {
  if (!model.empty()) return kept<PictureModel>("picture", {picture_model_file(model)}, [&] { return load_trained_model(model); });
  PTAH_TRY(const fs::path at, folder());
  return kept<PictureModel>("picture", {at / "index.json"}, [&] { return load_picture_model(at); });
}

Result<std::shared_ptr<const ShapeMaker>> ModelCache::shape_maker() {
  PTAH_TRY(const fs::path at, folder());
  const std::lock_guard lock(mutex_);
  const std::string key = state_of(at / "index.json");
  if (!shape_maker_ || shape_maker_key_ != key) {  // beside the others: works need it together with a picture model, and it is small
    PTAH_TRY(shape_maker_, ShapeMaker::load(at));
    shape_maker_key_ = key;
  }
  return shape_maker_;
}

Result<std::shared_ptr<const SceneLibrary>> ModelCache::scene_library() {
  const auto at = folder();  // none: nouns that the library lacks are left out
  const std::lock_guard lock(mutex_);
  if (!scene_library_) {
    PTAH_TRY(scene_library_, SceneLibrary::load(at ? *at : fs::path()));
  }
  return scene_library_;
}

Result<std::shared_ptr<const PictureUpscaler>> ModelCache::upscaler(const fs::path& file) {
  if (!file.empty()) return kept<PictureUpscaler>("upscaler", {file}, [&] { return load_upscaler(file); });
  PTAH_TRY(const fs::path at, folder());
  return kept<PictureUpscaler>("upscaler", {at / "index.json"}, [&] { return load_upscaler({}, at); });
}

Result<std::shared_ptr<const CachedCheckpoint>> ModelCache::checkpoint(const DiffusionFiles& files) {
  PTAH_TRY(const fs::path vocabulary, clip_vocabulary());
  PTAH_TRY(const auto list, listed(files));
  std::string kind = "checkpoint " + to_json(files).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::vector<fs::path> paths{vocabulary};
  for (const auto& [name, file] : list) paths.push_back(file);
  return kept<CachedCheckpoint>(kind, paths, [&]() -> Result<std::shared_ptr<const CachedCheckpoint>> {
    // Gigabytes are read for their digests whenever a core has nothing to paint: at the same priority the other threads would wait for the one that is
    // interrupted.
    std::shared_future<Result<Json>> digests = std::async(std::launch::async, [files] {
#if defined(__linux__)
      const sched_param none{};
      (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
#endif
      return checkpoint_digests(files);
    });
    PTAH_TRY(auto model, DiffusionModel::load(files, vocabulary));
    return std::make_shared<const CachedCheckpoint>(CachedCheckpoint{std::move(model), std::move(digests)});
  });
}

Result<std::shared_ptr<const Reconstructor>> ModelCache::reconstructor(const fs::path& model) {
  PTAH_TRY(const ReconstructionFiles files, reconstruction_files(model));
  return kept<Reconstructor>("reconstructor " + model.string(), {files.weights, files.config}, [&] { return load_reconstructor(model); });
}

Result<Json> CachedLanguageModel::digests() const {
  const std::lock_guard lock(mutex_);
  if (digests_.is_null()) {
    PTAH_TRY(digests_, language_model_digests(path_, adapter_));
  }
  return digests_;
}

Result<std::shared_ptr<const CachedLanguageModel>> ModelCache::language(const std::string& name_or_path, const fs::path& adapter) {
  PTAH_TRY(const fs::path path, find_model(name_or_path));
  std::vector<fs::path> files{path};
  std::error_code problem;
  if (fs::is_directory(path, problem))
    for (const auto& item : fs::directory_iterator(path, problem)) files.push_back(item.path());
  std::sort(files.begin(), files.end());
  if (!adapter.empty())
    for (const fs::path& file : adapter_files(adapter)) files.push_back(file);
  return kept<CachedLanguageModel>("language " + adapter.string(), files, [&]() -> Result<std::shared_ptr<const CachedLanguageModel>> {
    PTAH_TRY(LoadedLanguageModel model, load_language_model(path));
    if (!adapter.empty()) PTAH_TRY_VOID(apply_adapter(model, adapter));
    return std::make_shared<const CachedLanguageModel>(path, adapter, std::move(model));
  });
}

Result<std::shared_ptr<const Speaker>> ModelCache::speaker(const std::string& name_or_path) {
  PTAH_TRY(const fs::path path, find_model(name_or_path));
  std::vector<fs::path> files{path};
  std::error_code problem;
  for (const auto& item : fs::directory_iterator(path, problem)) files.push_back(item.path());
  std::sort(files.begin(), files.end());
  return kept<Speaker>("speaker", files, [&] { return Speaker::load(path); });
}

Result<std::shared_ptr<const EmotionReader>> ModelCache::emotion_reader(const std::string& name_or_path) {
  fs::path path = name_or_path;
  std::error_code ignored;
  if (const auto at = folder(); at && name_or_path.find('/') == std::string::npos && fs::exists(*at / name_or_path / "classifier.json", ignored))
    path = *at / name_or_path;
  else {
    PTAH_TRY(path, find_model(name_or_path));
  }
  const std::lock_guard lock(mutex_);
  const std::string key = state_of(path / "classifier.json");
  if (!emotion_reader_ || emotion_reader_key_ != key) {  // beside the others: speech may need it together with its own model
    PTAH_TRY(emotion_reader_, EmotionReader::load(path));
    emotion_reader_key_ = key;
  }
  return emotion_reader_;
}

void ModelCache::clear() {
  const std::lock_guard lock(mutex_);
  models_.clear();
  shape_maker_.reset();
  scene_library_.reset();
  emotion_reader_.reset();
}

}  // namespace ptah
