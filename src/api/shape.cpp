#include "ptah/shape.h"

#include "api/members.h"
#include "api/watch.h"
#include "base/text.h"
#include "pipelines/mesh/convert.h"
#include "pipelines/shape/shape_maker.h"
#include "pipelines/shape/shape_work.h"

namespace ptah {

namespace {

/// The text of the program that is meant.
Result<std::string> program_text(const ShapeRequest& request, ModelCache& models) {
  if (!request.program.empty() + !request.kind.empty() + !request.prompt.empty() != 1)
    return fail_field("program", ErrorCode::invalid_argument, "exactly one of `program`, kind and prompt has to be given");
  if (!request.program.empty()) return request.program;
  if (!request.kind.empty()) {
    PTAH_TRY(const auto folder, ShapeKinds::folder());
    PTAH_TRY(const auto kinds, ShapeKinds::load(folder));
    PTAH_TRY_VOID(kinds->find(request.kind));
    return read_text(folder / (request.kind + ".shape"), kMaxShapeBytes);
  }
  PTAH_TRY(const auto maker, models.shape_maker());
  PTAH_TRY(const WrittenShape shape, maker->read(request.prompt));
  if (!shape.known()) return fail(ErrorCode::not_found, "no kind of the library of shapes is what \"{}\" asks for", printable(request.prompt, 80));
  return shape_text(maker->program(shape, request.prompt, number_of(request.seed)));
}

Result<Json> shape_request(const ShapeRequest& request, ModelCache& models) {
  ShapeRequest whole = request;
  PTAH_TRY(whole.program, program_text(request, models));
  return values_of(whole, whole.output);
}

}  // namespace

Outcome<MadeWork> make_shape(const ShapeRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&]() -> Result<MadeWork> {
    ModelCache models;
    PTAH_TRY(const Json values, shape_request(request, models));
    return made(shape_schema(), models, values, options);
  });
}

Outcome<MakePlan> plan_make_shape(const ShapeRequest& request, const MakeOptions& options) {
  return outcome<MakePlan>([&]() -> Result<MakePlan> {
    ModelCache models;
    PTAH_TRY(const Json values, shape_request(request, models));
    return planned(shape_schema(), models, values, options);
  });
}

Outcome<std::vector<std::string>> shape_kinds() {
  return outcome<std::vector<std::string>>([]() -> Result<std::vector<std::string>> {
    PTAH_TRY(const auto folder, ShapeKinds::folder());
    PTAH_TRY(const auto kinds, ShapeKinds::load(folder));
    std::vector<std::string> names;
    for (const auto& [name, kind] : kinds->kinds()) names.push_back(name);
    return names;
  });
}

Outcome<MadeWork> convert(const ConvertRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(convert_schema(), models, values_of(request, request.output), options);
  });
}

}  // namespace ptah
