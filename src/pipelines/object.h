// From an image to an object: the work that `ptah object` makes, and the object of every other work.
#pragma once

#include "base/progress.h"
#include "geometry/mesh.h"
#include "pipelines/cut/background_remover.h"
#include "pipelines/mesh/export_options.h"
#include "schema/schema.h"
#include "work/plan.h"
#include "work/sources.h"

namespace ptah {

/// Which files a work gets besides receipt.json.
struct Formats {
  bool png = true, glb = true, obj = false, ply = false, stl = false;
  bool stl_z_up = true;  ///< the STL stands as printers want it (for_printing()); earlier works had +Y up
  bool any_object() const { return glb || obj || ply || stl; }
};
/// What the options of files have to know.
ExportFormats export_formats(const Formats& formats);
/// From a list such as "png,glb,stl". Errors: invalid_argument.
Result<Formats> parse_formats(const std::string& list);
/// The inverse.
std::string text_of(const Formats& formats);
template <>
struct FieldTraits<Formats> {
  static constexpr FieldKind kKind = FieldKind::text;
  static Json to_json(const Formats& formats) { return text_of(formats); }
  static Formats from_json(const Json& json) { return value_or_throw(parse_formats(json.get<std::string>())); }
};

/// How a picture becomes an object.
struct ObjectRequest {
  std::string solid = "round";
  int64_t target_triangles = 20000;
  float size_mm = 100, height_mm = 0;  ///< longest edge; or, above 0, how high it stands
  bool millimetres = false;            ///< OBJ and PLY in millimetres; false: in metres, as earlier works have them
  int64_t fit = 0;                     ///< the picture is reduced to so many pixels an edge, and the object is of the part that shows something; 0: of it all
  ExportOptions output = {};           ///< of the files of meshes: those of game_fields()
};
/// What new objects are made with; older works lack it in their receipts and are made again without.
constexpr int64_t kObjectFit = 1536;
/// Errors: invalid_argument, with the field and what is possible.
Result<void> check(const ObjectRequest& request);

/// All that can be asked of `object`.
struct ObjectTask {
  ObjectRequest request = {.millimetres = true, .fit = kObjectFit};
  std::filesystem::path picture = {};
  Formats formats = {};
  CutBy cut_by = CutBy::best;
  std::string route = "auto";        ///< auto, two-sided or inflate: what makes the body where no model is given
  std::filesystem::path model = {};  ///< a model that reconstructs objects (pipelines/reconstruction/); empty: the picture is inflated
  int64_t resolution = 256;          ///< of its grid
};
const SchemaOf<ObjectTask>& object_schema();
/// What a receipt asks for, with the picture as it lies in the folder `sources`. Errors: corrupt.
Result<ObjectTask> object_task(const Json& receipt, const std::filesystem::path& sources);

/// The fields of an object in any request that has them.
template <class R, class Visit>
void object_fields(R& r, const Visit& visit) {
  visit(Field{.name = "solid", .help = "how the picture becomes a body", .choices = {"round", "flat-back", "slab"}}, r.solid);
  visit(Field{.name = "target_triangles", .help = "about how many triangles the object has", .flag = "target-tris", .range = {100, 500000}},
        r.target_triangles);
  constexpr bool kHasRoute = requires { r.route; };
  visit(Field{.name = "size_mm",
              .help = kHasRoute ? "longest edge of the object; 0: its real size if a shape program makes it, else 100" : "longest edge of the object",
              .unit = "millimetres",
              .range = {1, 10000}},
        r.size_mm);
  visit(Field{.name = "height_mm",
              .help = "how high the object stands, instead of `size_mm`; 0: as `size_mm` says",
              .unit = "millimetres",
              .range = {1, 10000},
              .since = "0.2.0",
              .absent = 0},
        r.height_mm);
  visit(Field{.name = "millimetres", .help = "OBJ and PLY in millimetres; earlier works have metres", .since = "0.2.0", .absent = false, .hidden = true},
        r.millimetres);
  if constexpr (requires { r.fit; })
    visit(Field{.name = "fit",
                .help = "reduce the picture to so many pixels an edge first, and make the object of the part that shows something; 0: of all of it",
                .unit = "pixels",
                .range = {0, 4096},
                .since = "0.2.0",
                .absent = 0,
                .hidden = true},
          r.fit);
}
/// A background: transparent, white, black or #rrggbb.
inline constexpr const char* kBackgroundPattern = "transparent|white|black|#[0-9a-fA-F]{6}";
/// Which files a work gets, in any request that makes pictures and objects.
inline Field formats_field() {
  return {.name = "formats", .help = "files to make, of png, glb, obj, ply, stl", .flag = "format", .unit = "LIST", .kept = Kept::elsewhere};
}
/// What makes the body of a cut-out picture in place of inflation, and what a receipt says of it. Empty: inflation.
struct ObjectMaker {
  std::function<Result<TexturedMesh>(const Image& cut, const ObjectRequest& request, const ProgressCallback& progress, const CancelToken* cancel)> make = {};
  std::function<Result<void>(Json& core)> note = {};
  int64_t resolution = 256;
  std::string route = "inflate";  ///< the field of the request
};
/// A picture of the maker's → files of an object, picture.png (cut out of its background) and from.png. The receipt says what cut, if it was the network.
/// Errors as inflate and cut_with.
Result<Work> object_work(const Image& from, const ObjectRequest& request, const Formats& formats, const ProgressCallback& progress = {},
                         const CancelToken* cancel = nullptr, Cutter cutter = {}, const ObjectMaker& maker = {});
/// Memory and time of it.
Result<Plan> plan_object(const Image& from, const ObjectRequest& request);
Result<Work> replay_object(const Json& receipt, const Sources& sources, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr,
                           const ObjectMaker& maker = {});

/// The object's files of a work whose picture is cut out already.
Result<void> add_object(Work& work, const Json& core, const Image& picture, const ObjectRequest& request, const Formats& formats,
                        const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
Json to_json(const ObjectRequest& request);
/// The inverse. Errors: corrupt.
Result<ObjectRequest> object_request(const Json& json);
/// Notes in a receipt what its formats alone do not say: which way up an STL is.
void note_formats(Json& core, const Formats& formats);
/// Which files a receipt lists.
Formats formats_of(const Json& receipt);

}  // namespace ptah
