// Models kept ready between works, so that a series, a server or a batch reads each once.
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "pipelines/diffusion_model.h"
#include "pipelines/picture_pipeline.h"
#include "pipelines/reconstruction/reconstructor.h"
#include "pipelines/scene/scene_library.h"
#include "pipelines/shape/shape_maker.h"
#include "text/lm/language_model.h"

namespace ptah {

class EmotionReader;
class Speaker;

/// A checkpoint, and the digests of its files, which are read while it paints.
struct CachedCheckpoint {
  std::shared_ptr<const DiffusionModel> model;
  std::shared_future<Result<Json>> digests;
};

/// A language model and its files' digests, which are read when they are first asked for.
class CachedLanguageModel {
 public:
  CachedLanguageModel(std::filesystem::path path, std::filesystem::path adapter, LoadedLanguageModel model)
      : path_(std::move(path)), adapter_(std::move(adapter)), model_(std::move(model)) {}
  const LoadedLanguageModel& model() const { return model_; }
  const std::filesystem::path& path() const { return path_; }
  /// Errors: as language_model_digests.
  Result<Json> digests() const;

 private:
  std::filesystem::path path_, adapter_;
  LoadedLanguageModel model_;
  mutable std::mutex mutex_;
  mutable Json digests_;
};

/// For several threads. A model whose files changed since is read again.
class ModelCache {
 public:
  /// `folder`: where the default models lie; empty: where models_folder() finds them. Keeps the `capacity` models that were used last; one that is given up
  /// lives as long as somebody uses it.
  explicit ModelCache(std::filesystem::path folder = {}, size_t capacity = 1) : folder_(std::move(folder)), capacity_(capacity) {}

  /// A picture model that `ptah train` made (a file, or its folder), or (with an empty path) the default one. Errors: as load_picture_model and
  /// load_trained_model.
  Result<std::shared_ptr<const PictureModel>> picture(const std::filesystem::path& model = {});
  /// What writes shape programs. Errors: as ShapeMaker::load.
  Result<std::shared_ptr<const ShapeMaker>> shape_maker();
  /// What scenes are made with. Errors: as SceneLibrary::load.
  Result<std::shared_ptr<const SceneLibrary>> scene_library();
  /// An upscaler's file, or (with an empty path) the default one. Errors: as load_upscaler.
  Result<std::shared_ptr<const PictureUpscaler>> upscaler(const std::filesystem::path& file = {});
  /// A checkpoint of the Stable Diffusion family. Errors: as DiffusionModel::load; not_found (CLIP's words).
  Result<std::shared_ptr<const CachedCheckpoint>> checkpoint(const DiffusionFiles& files);
  /// A model that reconstructs objects: its file or folder. Errors: as load_reconstructor.
  Result<std::shared_ptr<const Reconstructor>> reconstructor(const std::filesystem::path& model);
  /// By its name or path, with an adapter's folder or without. Errors: as find_model, load_language_model and apply_adapter.
  Result<std::shared_ptr<const CachedLanguageModel>> language(const std::string& name_or_path, const std::filesystem::path& adapter = {});
  /// What speaks: the name or folder of a model. Errors: as find_model and Speaker::load.
  Result<std::shared_ptr<const Speaker>> speaker(const std::string& name_or_path);
  /// What guesses emotions: the name or folder of a classifier. Errors: as find_model and EmotionReader::load.
  Result<std::shared_ptr<const EmotionReader>> emotion_reader(const std::string& name_or_path);
  /// Where the default models lie; empty: where models_folder() finds them.
  const std::filesystem::path& given_folder() const { return folder_; }
  /// Gives up all of them.
  void clear();

 private:
  /// The model of this kind that was read from `files`, else a new one.
  template <class T>
  Result<std::shared_ptr<const T>> kept(const std::string& kind, const std::vector<std::filesystem::path>& files,
                                        const std::function<Result<std::shared_ptr<const T>>()>& load);
  Result<std::filesystem::path> folder() const;

  std::filesystem::path folder_;
  size_t capacity_;
  std::mutex mutex_;
  std::shared_ptr<const ShapeMaker> shape_maker_;
  std::string shape_maker_key_;
  std::shared_ptr<const SceneLibrary> scene_library_;
  std::shared_ptr<const EmotionReader> emotion_reader_;
  std::string emotion_reader_key_;
  std::list<std::pair<std::string, std::shared_ptr<const void>>> models_;  ///< by what they are and were read from, the last used first
};

}  // namespace ptah
