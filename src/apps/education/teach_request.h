// What can be asked of the commands for lessons.
#pragma once

#include "apps/education/lesson_files.h"
#include "schema/schema.h"

namespace ptah {

/// All that can be asked of `teach questions`.
struct QuestionsRequest {
  std::string text = {};  ///< Markdown
  std::vector<std::string> formats{"json", "markdown"};
  LessonOptions lesson = {};
};
const SchemaOf<QuestionsRequest>& questions_schema();

/// The lesson of a request, its solvers with MiniLM if it is there. Errors: those of parse_article() and make_lesson().
Result<Lesson> lesson_of(const QuestionsRequest& request);

}  // namespace ptah
