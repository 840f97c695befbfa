// Words to picture and object: make, plan, replay.
#pragma once

#include "pipelines/object.h"
#include "pipelines/picture_pipeline.h"
#include "work/plan.h"

namespace ptah {

/// What makes the object of a work: a shape program, with the digests of the models that wrote it; or the picture, where the program is empty.
struct ObjectRoute {
  std::string program = {};
  Json models = Json::object();
};

/// Whether the picture is a render of the object, and not drawn.
bool shows_object(const CreateRequest& request, const PictureModel& model, const ObjectRoute& route);

/// Words (and pictures to start from) → files. Sources are kept beside the work as from.png and mask.png. Errors as PictureModel::create, inflate and
/// add_shape_object.
Result<Work> create_work(const PictureModel& model, const CreateRequest& request, const Formats& formats, const Sources& sources = {},
                         const ObjectRoute& route = {}, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);

/// Runs the same code without numbers.
Result<Plan> plan_work(const PictureModel& model, const CreateRequest& request, const Sources& sources = {});
/// over_budget, with the numbers and a request that would fit, if the plan needs more.
Result<void> check_budget(const PictureModel& model, const CreateRequest& request, const Sources& sources, const Plan& plan, int64_t budget_bytes);

/// Makes the work of a receipt again; a program is run as the receipt has it, without the models that wrote it. Errors: mismatch if another model made it or
/// the sources are not the receipt's.
Result<Work> replay_work(const PictureModel& model, const Json& receipt, const Sources& sources = {}, const ProgressCallback& progress = {},
                         const CancelToken* cancel = nullptr);

}  // namespace ptah
