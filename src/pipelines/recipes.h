// Everything that Ptah can make, in one table: the command line, the public API, batches and servers go through it, so that a new row appears in all of them.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "pipelines/recipes/model_cache.h"
#include "schema/schema.h"
#include "work/plan.h"
#include "work/sources.h"

namespace ptah {

/// What somebody asks a recipe for: the values of the fields that were given, by their names (schema.h), and the pictures that they name. What was not given
/// has its default.
struct RecipeRequest {
  Json fields = Json::object();
  Sources sources = {};
};

/// What is told while a recipe runs, and what ends it. All of it may be left out.
struct RunOptions {
  ProgressCallback progress = {};
  std::function<void(int64_t step, const Image& picture)> preview = {};  ///< about what a picture on its way will be, where the recipe can say
  std::function<void(std::string_view news)> text = {};                  ///< a text as it comes, whole UTF-8 characters only
  std::function<void(std::span<const float> sound)> sound = {};          ///< speech as it comes, −1 to 1
  std::function<void(const std::string& note)> note = {};                ///< what a user should know, a sentence
  std::function<void(const Image& picture)> drawn = {};                  ///< a painted picture before it is cut out and marked
  const CancelToken* cancel = nullptr;                                   ///< looked at between steps, tokens and tiles
  int64_t budget_bytes = 0;                                              ///< above 0: the most memory to use; a picture is decoded in tiles if it fits only so
  bool receipt = true;  ///< false: no receipt, for who wants the files alone; of a text this saves reading the model once more
};

/// Reads a picture that a request names. Errors: as read_image.
using PictureReader = std::function<Result<Image>(const std::filesystem::path& file)>;

/// One kind of work. Its functions are called through those below, which catch what they throw.
struct Recipe {
  const Schema* schema;                 ///< what can be asked; its name is that of the command, and of the recipe in requests: "create"
  std::vector<std::string_view> kinds;  ///< what receipts call its works
  const char* named_after;              ///< the field whose text, or file, names a work's folder

  Result<void> (*check)(const Json& fields);
  Result<Sources> (*open)(const Json& fields, const PictureReader& read);
  Result<Plan> (*plan)(ModelCache& models, const RecipeRequest& request, int64_t budget_bytes);
  Result<Work> (*run)(ModelCache& models, const RecipeRequest& request, const RunOptions& options);
  Result<Work> (*replay)(ModelCache& models, const Json& receipt, const Sources& sources, const std::filesystem::path& checkpoints, const RunOptions& options);

  const std::string& name() const { return schema->name(); }
  const std::string& purpose() const { return schema->summary(); }
};

/// All of them, in the order in which they are shown.
const std::vector<Recipe>& recipes();
/// Errors: invalid_argument, with the nearest name.
Result<const Recipe*> find_recipe(std::string_view name);
/// The recipe that makes works such as the receipt's. Errors: unsupported.
Result<const Recipe*> recipe_of(const Json& receipt);

/// The fields that a request in JSON gives (docs/requests.md), checked. The seed -1 becomes a random one, so that the fields ask for the same work each time.
/// Errors: invalid_argument, with the field: unknown, of another type, not possible.
Result<Json> read_fields(const Recipe& recipe, const Json& request);
/// Errors: invalid_argument, with the field that is not possible.
Result<void> check_fields(const Recipe& recipe, const Json& fields);
/// Checks fields and reads the pictures that they name. Errors: as check_fields, and as the reader.
Result<RecipeRequest> open_request(const Recipe& recipe, const Json& fields, const PictureReader& read = {});

/// What it takes, before anything runs. `cancel` is looked at as in run_recipe(). Errors: those of the request; cancelled; with a budget above 0, over_budget
/// with the numbers and what would fit.
Result<Plan> plan_recipe(const Recipe& recipe, ModelCache& models, const RecipeRequest& request, int64_t budget_bytes = 0, const CancelToken* cancel = nullptr);
/// Makes the work. The same request gives the same bytes on one numeric path. Errors: those of the request and its models, cancelled.
Result<Work> run_recipe(const Recipe& recipe, ModelCache& models, const RecipeRequest& request, const RunOptions& options = {});
/// The name of a work's folder: of the prompt and the seed, or of the picture it was made of.
std::string work_name(const Recipe& recipe, const Json& fields);

/// Makes the work of a receipt again, whatever made it. `checkpoints` is the folder of the user's model files (empty: $PTAH_CHECKPOINTS, else here). Call
/// match_numeric_path() first. Errors: mismatch (other models or pictures), not_found, unsupported (a kind that nobody knows), corrupt.
Result<Work> replay_receipt(ModelCache& models, const Json& receipt, const Sources& sources, const std::filesystem::path& checkpoints = {},
                            const RunOptions& options = {});

struct Replayed {
  Json receipt;  ///< that was asked for
  Work work;     ///< made again
};
/// The same of a work's folder, its receipt.json, or a file with the receipt inside, on the numeric path that the receipt names. Errors: also mismatch if this
/// processor has no such path.
Result<Replayed> replay_path(ModelCache& models, const std::filesystem::path& path, const std::filesystem::path& checkpoints = {},
                             const RunOptions& options = {});

}  // namespace ptah
