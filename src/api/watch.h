// What the engines of the public API share.
#pragma once

#include <chrono>
#include <thread>

#include "base/progress.h"
#include "pipelines/recipes.h"
#include "ptah/engine.h"

namespace ptah {

/// A caller's wishes as the engine takes them.
class Watch {
 public:
  explicit Watch(const MakeOptions& options) : options_(options) { look(); }
  ProgressCallback progress() {
    return [this](const Progress& p) {
      look();
      if (options_.progress) options_.progress(std::string(p.stage), p.fraction);
    };
  }
  RunOptions run_options() {
    RunOptions out{.progress = progress(), .cancel = &token_};
    if (options_.preview)
      out.preview = [this](std::int64_t step, const Image& picture) {
        look();
        options_.preview(step, {picture.width, picture.height, picture.rgba});
      };
    return out;
  }

 private:
  void look() {
    if (options_.cancel && options_.cancel->load()) token_.cancel();
  }
  const MakeOptions& options_;
  CancelToken token_;
};

/// A caller's flag (or null) as a token, carried over every few milliseconds: for work that reports nothing on its way.
class CancelFlag {
 public:
  explicit CancelFlag(const std::atomic<bool>* flag) {
    if (!flag) return;
    if (flag->load()) token_.cancel();
    thread_ = std::jthread([this, flag](const std::stop_token& over) {
      while (!over.stop_requested() && !token_.cancelled()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        if (flag->load()) token_.cancel();
      }
    });
  }
  const CancelToken* token() const { return &token_; }

 private:
  CancelToken token_;
  std::jthread thread_;  // ends before what it looks at
};

inline Result<MadeWork> outer(Work work) {
  MadeWork made;
  PTAH_TRY(made.receipt, canonical_json(work.receipt));
  made.files = std::move(work.files);
  return made;
}

/// The request that values ask for: of what means nothing without another field, nothing is said where that one is not.
inline Result<RecipeRequest> asked(const Recipe& recipe, Json values) {
  for (const SchemaField& field : recipe.schema->fields()) {
    if (!*field.needs || !values.contains(field.name)) continue;
    const SchemaField& needed = *recipe.schema->find(field.needs);
    if (values.value(needed.name, needed.default_value) == needed.default_value) values.erase(field.name);
  }
  return open_request(recipe, values);
}

/// A work by the recipe of this schema.
inline Result<MadeWork> made(const Schema& schema, ModelCache& models, const Json& values, const MakeOptions& options) {
  Watch watch(options);
  PTAH_TRY(const Recipe* recipe, find_recipe(schema.name()));
  PTAH_TRY(const RecipeRequest request, asked(*recipe, values));
  PTAH_TRY(Work work, run_recipe(*recipe, models, request, watch.run_options()));
  return outer(std::move(work));
}

inline Result<MakePlan> planned(const Schema& schema, ModelCache& models, const Json& values, const MakeOptions& options) {
  const CancelFlag cancel(options.cancel);
  PTAH_TRY(const Recipe* recipe, find_recipe(schema.name()));
  PTAH_TRY(const RecipeRequest request, asked(*recipe, values));
  PTAH_TRY(const Plan plan, plan_recipe(*recipe, models, request, 0, cancel.token()));
  return MakePlan{plan.peak_bytes, plan.flops, plan.seconds};
}

}  // namespace ptah
