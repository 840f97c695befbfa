// Questions that ask for what a text says outright: years and numbers, with wrong options from elsewhere in the text.
#pragma once

#include "apps/education/lesson.h"

namespace ptah {

/// The right option first; a question for each event with a year and each figure for which the text has enough others.
std::vector<LessonItem> recall_items(const Article& article, uint64_t seed);

}  // namespace ptah
