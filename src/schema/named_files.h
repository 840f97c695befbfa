// Which fields of a request may name files.
#pragma once

#include "schema/schema.h"

namespace ptah {

/// A file or folder, or a text that may be the path of one besides a name (a model, an environment).
bool may_name_file(const SchemaField& field);

/// Calls `change` with each text of the values of a request that may name a file; it may change it. Errors: those of `change`, with the field.
Result<void> change_named_files(const Schema& schema, Json& values, const std::function<Result<void>(Json& text)>& change);

}  // namespace ptah
