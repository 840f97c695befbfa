// Objects by the network that sees both sides of them: what a receipt says of it, what it takes, and how it is made again.
#pragma once

#include "pipelines/object.h"
#include "shape/two_sided/two_sided_model.h"

namespace ptah {

/// The one of a folder of models; null where it lists none. Errors: as TwoSidedModel::load.
Result<std::shared_ptr<const TwoSidedModel>> load_two_sided_model(const std::filesystem::path& folder);

/// What makes the body of an object; it must not outlive the model. The receipt gets "route": "two-sided" and the digest of the model.
ObjectMaker two_sided_maker(const TwoSidedModel& model);

/// Memory and time. Errors: as plan_object.
Result<Plan> plan_two_sided_object(const Image& from, const ObjectRequest& request, const TwoSidedModel& model);

/// Whether the object of a receipt was made so.
bool is_two_sided(const Json& receipt);
/// The work of such a receipt. Errors: mismatch (another model, or none: null).
Result<Work> replay_two_sided(const Json& receipt, const Sources& sources, const TwoSidedModel* model, const ProgressCallback& progress = {},
                              const CancelToken* cancel = nullptr);

}  // namespace ptah
