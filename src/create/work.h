// A work: its files, its receipt, and what can be done with them: make, plan, replay, verify.
#pragma once

#include <filesystem>
#include <map>

#include "create/picture_pipeline.h"

namespace ptah {

/// Finds the default models: $PTAH_MODELS, else `models` above the running program, else share/ptah/models of the installation.
Result<std::filesystem::path> models_folder();

/// One entry of models/index.json.
struct ModelEntry {
  std::string name, file, sha256, licence, summary;
  int64_t bytes = 0;
};
Result<std::vector<ModelEntry>> list_models(const std::filesystem::path& folder);
/// Loads the default picture model of a folder and checks its digest.
Result<std::shared_ptr<PictureModel>> load_picture_model(const std::filesystem::path& folder);

/// Loads a picture model that `ptah train` made (a file, or its folder), with the judge that was trained beside it, if any, and the default upscaler.
/// Errors: not_found, corrupt, mismatch.
Result<std::shared_ptr<PictureModel>> load_trained_model(const std::filesystem::path& path);

/// Loads an upscaler file, or (with an empty path) the default one. Errors: not_found, corrupt, mismatch.
Result<std::shared_ptr<const PictureUpscaler>> load_upscaler(const std::filesystem::path& file = {});

/// Files of one work by name: picture.png, object.glb and other forms, receipt.json.
struct Work {
  std::map<std::string, Bytes> files;
  Json receipt;
};

/// Which files a work gets besides receipt.json.
struct Formats {
  bool png = true, glb = true, obj = false, ply = false, stl = false;
  bool stl_z_up = true;  ///< the STL stands as printers want it (for_printing()); earlier works had +Y up
  bool any_object() const { return glb || obj || ply || stl; }
};
/// From a list such as "png,glb,stl". Errors: invalid_argument.
Result<Formats> parse_formats(const std::string& list);

/// Words (and pictures to start from) → files. Sources are kept beside the work as from.png and mask.png. Errors as PictureModel::create and inflate.
Result<Work> create_work(const PictureModel& model, const CreateRequest& request, const Formats& formats, const Sources& sources = {},
                         const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);

/// How a picture becomes an object.
struct ObjectRequest {
  std::string solid = "round";
  int64_t target_triangles = 20000;
  float size_mm = 100, height_mm = 0;  ///< longest edge; or, above 0, how high it stands
  bool millimetres = false;            ///< OBJ and PLY in millimetres; false: in metres, as earlier works have them
  int64_t fit = 0;                     ///< the picture is reduced to so many pixels an edge, and the object is of the part that shows something; 0: of it all
};
/// What new objects are made with; older works lack it in their receipts and are made again without.
constexpr int64_t kObjectFit = 1536;
/// Errors: invalid_argument, with what is possible.
Result<void> check(const ObjectRequest& request);
/// A picture of the maker's → files of an object, picture.png (cut out of its ground) and from.png. Errors as inflate.
Result<Work> object_work(const Picture& from, const ObjectRequest& request, const Formats& formats, const ProgressCallback& progress = {},
                         const CancelToken* cancel = nullptr);
/// Whether a receipt is one of object_work.
bool is_object_receipt(const Json& receipt);
Result<Work> replay_object(const Json& receipt, const Sources& sources, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);

/// What every receipt begins with: engine, its version, numeric path, kind and request.
Json begun_receipt(const char* kind, Json request);
/// Lists a work's files in its receipt, which begins as `core`, and puts it beside them as receipt.json.
Result<void> seal(Work& work, const Json& core);

/// The picture on a ground: transparent (as it is), white, black or #rrggbb (checked before).
Picture flattened(Picture picture, const std::string& background);

/// Puts an invisible watermark into what will be shown and its id, the first 32 bits of SHA-256 of the receipt so far, into the receipt. Errors: as
/// canonical_json.
Result<Picture> watermarked(Picture picture, Json& core);

/// "sha256:…" of a file's bytes, and of what a picture shows, whatever the file around it.
std::string file_id(std::span<const uint8_t> bytes);
Result<std::string> file_id(const std::filesystem::path& file);
/// Whether a receipt means these bytes by an id: as they are, or without the content credentials that were put in after the receipt.
bool has_id(std::span<const uint8_t> bytes, const Json& id);
std::string pixel_id(const Picture& picture);
/// The pictures a work started from, as its receipt names them, and as files of the work.
Json source_ids(const Sources& sources);
Result<void> add_sources(Work& work, const Sources& sources);
/// Errors: mismatch if a receipt names other ones.
Result<void> check_sources(const Json& receipt, const Sources& sources);

/// The PNG of a generated picture with the receipt that `core` begins inside (with the key "pixels"), the marks that the law asks for, and more texts.
Result<Bytes> receipted_png(const Picture& picture, const Json& core, bool from_picture, const std::map<std::string, std::string>& more = {});
/// The object's files of a work whose picture is cut out already.
Result<void> add_object(Work& work, const Json& core, const Picture& picture, const ObjectRequest& request, const Formats& formats,
                        const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
Json to_json(const ObjectRequest& request);
/// The inverse. Errors: corrupt.
Result<ObjectRequest> object_request(const Json& json);
/// Notes in a receipt what its formats alone do not say: which way up an STL is.
void note_formats(Json& core, const Formats& formats);
/// Which files a receipt lists.
Formats formats_of(const Json& receipt);

struct Plan {
  int64_t weight_bytes = 0;   ///< the model file, mapped
  int64_t tensor_bytes = 0;   ///< packed weights, activations and scratch at their peak
  int64_t shape_bytes = 0;    ///< grid and meshes of the object
  int64_t program_bytes = 0;  ///< the program, its libraries and generated code
  int64_t peak_bytes = 0;     ///< of the whole process
  int64_t flops = 0;
  double seconds = 0;  ///< estimate
};
/// How long so much arithmetic takes here, about.
double seconds_for(int64_t flops);
/// Runs `work` without numbers and notes what its tensors take and how much arithmetic it is.
Result<void> plan_tensors(Plan& plan, const std::function<Result<void>()>& work);
/// Runs the same code without numbers.
Result<Plan> plan_work(const PictureModel& model, const CreateRequest& request, const Sources& sources = {});
/// over_budget, with the numbers and a request that would fit, if the plan needs more.
Result<void> check_budget(const PictureModel& model, const CreateRequest& request, const Sources& sources, const Plan& plan, int64_t budget_bytes);

/// The folder of a work that is named by it or by a file in it.
std::filesystem::path folder_of_work(const std::filesystem::path& path);
/// not_found: a folder that is no work; says which works lie in it.
tl::unexpected<Error> no_work(const std::filesystem::path& folder);
/// The receipt inside a PNG or GLB, or the file itself if it is a receipt.
Result<Json> read_receipt(const std::filesystem::path& file);

enum class FileState { whole, changed, missing };
struct FileCheck {
  std::string name;
  FileState state = FileState::whole;
  std::string note;  ///< what was looked at, or what is wrong; may be empty
};
/// A file's name to begin a line with: between quotation marks if it has several words, which could read like a sentence of ours.
std::string file_label(const std::string& name);
/// "picture.png: whole; …"
std::string line_of(const FileCheck& check);

struct Verification {
  bool whole = false;
  std::vector<FileCheck> files;
  std::vector<std::string> uncovered;  ///< what else lies in the work's folder, which the receipt says nothing of; folders end with a slash
  std::vector<std::string> lines;      ///< of the files
};
/// Checks a work's folder, a receipt.json with its neighbours, or a single PNG or GLB. Errors: not_found, corrupt.
Result<Verification> verify_work(const std::filesystem::path& path);

/// The pictures that a receipt says its work started from, read from beside it: `path` is the work's folder or its receipt.json. Errors: not_found if there
/// are none there, mismatch if they are others.
Result<Sources> read_sources(const Json& receipt, const std::filesystem::path& path);

/// Makes the work of a receipt again. Errors: mismatch if another model made it or the sources are not the receipt's.
Result<Work> replay_work(const PictureModel& model, const Json& receipt, const Sources& sources = {}, const ProgressCallback& progress = {},
                         const CancelToken* cancel = nullptr);
/// The numeric path a receipt asks for, as cap_isa takes it; mismatch if this processor does not have it. Call before the first op.
Result<void> match_numeric_path(const Json& receipt);

}  // namespace ptah
