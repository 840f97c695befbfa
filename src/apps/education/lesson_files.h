// Lessons as files that other programs read: learning platforms, card programs, people.
#pragma once

#include "apps/education/lesson.h"
#include "base/file.h"

namespace ptah {

/// The formats: "qti" (a package of QTI 3.0 items, .zip), "moodle" (Moodle XML), "anki" (text with headers for Anki's import), "markdown" (questions first,
/// then the answers), "json".
const std::vector<std::string>& lesson_formats();

struct LessonFile {
  std::string name;
  Bytes bytes;
};
/// The same lesson gives the same bytes. Errors: invalid_argument for an unknown format.
Result<LessonFile> lesson_file(const Lesson& lesson, const std::string& format);

/// A text as content of XML: control characters that XML cannot hold are left out.
std::string xml_text(std::string_view text);

}  // namespace ptah
