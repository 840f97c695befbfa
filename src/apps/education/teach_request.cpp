#include "apps/education/teach_request.h"

#include <algorithm>

#include "base/text.h"
#include "models/registry.h"
#include "text/encode/bert.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, QuestionsRequest>
void fields(C& c, const Visit& visit) {
  visit(Field{.name = "text",
              .help = "the text that is taught, Markdown; - is standard input",
              .max_bytes = size_t{1} << 22,
              .positional = true,
              .required = true,
              .text_of_file = true},
        c.text);
  visit(Field{.name = "formats", .help = "files to write: json, markdown, qti, moodle, anki; may be given several times", .flag = "format", .unit = "FORMAT"},
        c.formats);
  visit(Field{.name = "count", .help = "how many questions at most", .range = {1, 1000}}, c.lesson.count);
  visit(
      Field{
          .name = "bloom", .help = "only questions of this level: remember, understand, apply, analyse, evaluate; may be given several times", .unit = "LEVEL"},
      c.lesson.bloom);
  visit(Field{.name = "level", .help = "only questions that are easy, medium or hard; default: all", .choices = {"easy", "medium", "hard"}}, c.lesson.level);
  visit(Field{.name = "seed", .help = "the same text and seed give the same questions", .always = true}, c.lesson.seed);
}

const SchemaOf<QuestionsRequest>& questions_schema() {
  static const auto schema = [] {
    auto out = SchemaOf<QuestionsRequest>::describe("questions", "Make questions for a lesson from a text",
                                                    [](QuestionsRequest& request, const Json&) -> Result<void> {
                                                      for (const std::string& format : request.formats)
                                                        if (std::find(lesson_formats().begin(), lesson_formats().end(), format) == lesson_formats().end()) {
                                                          const auto wrong = unknown_name("format", format, lesson_formats());
                                                          return fail_field("formats", ErrorCode::invalid_argument, "`formats`: {}", wrong.value().message);
                                                        }
                                                      return {};
                                                    });
    out.set_command("teach questions");
    return out;
  }();
  return schema;
}

Result<Lesson> lesson_of(const QuestionsRequest& request) {
  PTAH_TRY(const Article article, parse_article(request.text));
  std::shared_ptr<SentenceEncoder> encoder;
  if (const auto folder = find_model("minilm")) {
    PTAH_TRY(encoder, SentenceEncoder::load(*folder));
  }
  PTAH_TRY(auto items, make_lesson(article, request.lesson, encoder));
  return Lesson{article.title, std::move(items)};
}

}  // namespace ptah
