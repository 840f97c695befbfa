#include "apps/characters/character_files.h"

#include "apps/companion/principles.h"
#include "base/file.h"
#include "models/registry.h"
#include "text/lm/adapter_files.h"

namespace ptah {

namespace {

constexpr size_t kMaxDescription = size_t{1} << 22;
constexpr int kMaxDepth = 8;

template <class T, class Read>
Result<T> read_description(const std::filesystem::path& file, const Read& read) {
  PTAH_TRY(const std::string text, read_text(file, kMaxDescription));
  auto out = [&]() -> Result<T> {
    PTAH_TRY(const Json json, parse_json(text, kMaxDepth));
    return read(json);
  }();
  if (!out) return fail(out.error().code, "{}: {}", printable(file.string(), 200), out.error().message);
  return out;
}

}  // namespace

Result<CharacterSheet> read_sheet_file(const std::filesystem::path& file) { return read_description<CharacterSheet>(file, read_sheet); }

Result<std::shared_ptr<const CharacterWorld>> open_world(const std::filesystem::path& file, const WorldModels& models) {
  PTAH_TRY(Game game, read_description<Game>(file, read_game));
  return open_world(std::move(game), models);
}

Result<std::shared_ptr<const CharacterWorld>> open_world(Game game, const WorldModels& models) {
  PTAH_TRY(const auto folder, find_model("minilm"));
  PTAH_TRY(const std::shared_ptr<SentenceEncoder> encoder, SentenceEncoder::load(folder));
  PTAH_TRY(const auto shipped, models_folder());
  PTAH_TRY(auto principles, Principles::load(shipped / "principles" / "principles.json", encoder));
  std::optional<LoadedLanguageModel> language;
  if (models.model != "none") {
    PTAH_TRY(const auto path, find_model(models.model));
    PTAH_TRY(language, load_language_model(path));
    if (!models.adapter.empty()) PTAH_TRY_VOID(apply_adapter(*language, models.adapter));
  } else if (!models.adapter.empty()) {
    return fail(ErrorCode::invalid_argument, "`adapter` belongs to a language model, and `model` is none");
  }
  return CharacterWorld::make(std::move(game), std::move(language), encoder, std::move(principles));
}

}  // namespace ptah
