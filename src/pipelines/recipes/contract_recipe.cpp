#include "pipelines/contract/contract_work.h"
#include "pipelines/recipes/rows.h"

namespace ptah {

namespace {

constexpr int64_t kContractProgramBytes = int64_t{64} << 20;  ///< the program; the sentence encoder, if it is needed, is 23 MB of it

Result<void> check_contract_request(const Json& given) {
  PTAH_TRY_VOID(contract_schema().complete(given));
  return {};
}

Result<Plan> plan_contract_recipe(ModelCache&, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY_VOID(contract_schema().complete(asked.fields));
  Plan plan;
  plan.program_bytes = plan.peak_bytes = kContractProgramBytes;
  plan.seconds = 0.1;
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_contract(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const ContractTask task, contract_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_contract_recipe(models, asked, options.budget_bytes));
  stop_if_cancelled(options.cancel);
  if (options.progress) options.progress({"read", 0, -1});
  PTAH_TRY(Work work, contract_work(task, nearest_contract_kind({}), options.receipt));
  stop_if_cancelled(options.cancel);
  if (options.progress) options.progress({"done", 1, 0});
  if (options.note) {
    for (const Json& one : work.facts.at("assumed")) options.note(one.get<std::string>());
    for (const Json& one : work.facts.at("unused")) options.note(fmt::format("these words changed nothing: {}", one.get<std::string>()));
  }
  return work;
}

Result<Work> replay_contract_recipe(ModelCache&, const Json& receipt, const Sources&, const std::filesystem::path&, const RunOptions&) {
  return replay_contract(receipt);
}

}  // namespace

Recipe contract_recipe() {
  return {.schema = &contract_schema(),
          .kinds = {kContractKind},
          .named_after = "text",
          .check = check_contract_request,
          .open = [](const Json&, const PictureReader&) -> Result<Sources> { return Sources{}; },
          .plan = plan_contract_recipe,
          .run = run_contract,
          .replay = replay_contract_recipe};
}

}  // namespace ptah
