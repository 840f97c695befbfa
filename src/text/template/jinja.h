// The part of the Jinja template language that chat templates use (Jinja 3 as transformers sets it up: trim_blocks, lstrip_blocks, loop controls).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace ptah {

class JinjaTemplate {
 public:
  /// Errors: corrupt for broken syntax, unsupported for constructs, filters, tests and functions that are not computed; each names the line.
  static Result<std::shared_ptr<const JinjaTemplate>> parse(std::string_view text);
  ~JinjaTemplate();

  /// The text for these variables (an object; the order of its keys, and theirs, is kept). Errors: invalid_argument with the template's words if it raises an
  /// exception; unsupported or corrupt when values do not fit the operations; over_budget past 16 MiB of text, 96 MiB of values, five million steps or 10 s;
  /// cancelled.
  Result<std::string> render(const OrderedJson& variables) const;

  struct Tree;

 private:
  explicit JinjaTemplate(std::unique_ptr<Tree> tree);
  std::unique_ptr<Tree> tree_;
};

}  // namespace ptah
