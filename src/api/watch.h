// What the engines of the public API share.
#pragma once

#include "base/progress.h"
#include "create/work.h"
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
  const CancelToken* token() const { return &token_; }

 private:
  void look() {
    if (options_.cancel && options_.cancel->load()) token_.cancel();
  }
  const MakeOptions& options_;
  CancelToken token_;
};

/// The pictures that a request names.
template <class Request>
Result<Sources> sources_of(const Request& r) {
  Sources sources;
  if (!r.from.empty()) {
    PTAH_TRY(sources.from, read_picture(r.from));
  }
  if (!r.mask.empty()) {
    PTAH_TRY(sources.mask, read_picture(r.mask));
  }
  return sources;
}

inline Result<MadeWork> outer(Work work) {
  MadeWork made;
  PTAH_TRY(made.receipt, canonical_json(work.receipt));
  made.files = std::move(work.files);
  return made;
}

}  // namespace ptah
