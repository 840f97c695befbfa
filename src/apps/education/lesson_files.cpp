#include "apps/education/lesson_files.h"

#include <algorithm>

#include "base/text.h"
#include "media/zip.h"

namespace ptah {

namespace {

Bytes bytes_of_text(const std::string& text) { return {text.begin(), text.end()}; }

/// Lines as paragraphs of XHTML.
std::string xml_paragraphs(const std::string& text) {
  std::string out;
  for (const std::string& line : lines_of(text)) out += "<p>" + xml_text(line) + "</p>";
  return out;
}

std::string place_of(const LessonItem& item) { return fmt::format("section {}", item.section); }

std::string qti_item(const LessonItem& item) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<qti-assessment-item xmlns=\"http://www.imsglobal.org/xsd/imsqtiasi_v3p0\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n"
      "  xsi:schemaLocation=\"http://www.imsglobal.org/xsd/imsqtiasi_v3p0 https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqti_asiv3p0_v1p0.xsd\"\n";
  out += fmt::format("  identifier=\"{}\" title=\"{}: {}, {}\" adaptive=\"false\" time-dependent=\"false\">\n", item.id, item.id, item.bloom, item.level);
  out += "  <qti-response-declaration identifier=\"RESPONSE\" cardinality=\"single\" base-type=\"identifier\">\n    <qti-correct-response>\n";
  for (size_t i = 0; i < item.options.size(); ++i)
    if (item.options[i].right) out += fmt::format("      <qti-value>option{}</qti-value>\n", i + 1);
  out +=
      "    </qti-correct-response>\n  </qti-response-declaration>\n"
      "  <qti-outcome-declaration identifier=\"SCORE\" cardinality=\"single\" "
      "base-type=\"float\"><qti-default-value><qti-value>0</qti-value></qti-default-value>"
      "</qti-outcome-declaration>\n"
      "  <qti-outcome-declaration identifier=\"FEEDBACK\" cardinality=\"single\" base-type=\"identifier\"/>\n  <qti-item-body>\n";
  out += "    <div>" + xml_paragraphs(item.question) + "</div>\n";
  out += "    <qti-choice-interaction response-identifier=\"RESPONSE\" shuffle=\"true\" max-choices=\"1\">\n";
  for (size_t i = 0; i < item.options.size(); ++i)
    out += fmt::format("      <qti-simple-choice identifier=\"option{}\">{}</qti-simple-choice>\n", i + 1, xml_text(item.options[i].text));
  out +=
      "    </qti-choice-interaction>\n  </qti-item-body>\n"
      "  <qti-response-processing>\n    <qti-response-condition>\n      <qti-response-if>\n"
      "        <qti-match><qti-variable identifier=\"RESPONSE\"/><qti-correct identifier=\"RESPONSE\"/></qti-match>\n"
      "        <qti-set-outcome-value identifier=\"SCORE\"><qti-base-value base-type=\"float\">1</qti-base-value></qti-set-outcome-value>\n"
      "      </qti-response-if>\n    </qti-response-condition>\n"
      "    <qti-set-outcome-value identifier=\"FEEDBACK\"><qti-variable identifier=\"RESPONSE\"/></qti-set-outcome-value>\n  </qti-response-processing>\n";
  for (size_t i = 0; i < item.options.size(); ++i)
    out += fmt::format(
        "  <qti-modal-feedback outcome-identifier=\"FEEDBACK\" identifier=\"option{}\" "
        "show-hide=\"show\"><qti-content-body><p>{}</p><p>{}</p></qti-content-body>"
        "</qti-modal-feedback>\n",
        i + 1, xml_text(item.options[i].reason), xml_text(item.explanation));
  return out + "</qti-assessment-item>\n";
}

Result<Bytes> qti_package(const Lesson& lesson) {
  std::string manifest =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<manifest xmlns=\"http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1\" identifier=\"ptah-lesson\">\n"
      "  <metadata><schema>QTI Package</schema><schemaversion>3.0.0</schemaversion></metadata>\n  <organizations/>\n  <resources>\n";
  manifest += "    <resource identifier=\"test\" type=\"imsqti_test_xmlv3p0\" href=\"test.xml\"><file href=\"test.xml\"/>";
  for (const LessonItem& item : lesson.items) manifest += fmt::format("<dependency identifierref=\"{}\"/>", item.id);
  manifest += "</resource>\n";
  std::string test =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<qti-assessment-test xmlns=\"http://www.imsglobal.org/xsd/imsqtiasi_v3p0\" identifier=\"test\" title=\"" +
      xml_text(lesson.title) +
      "\">\n  <qti-test-part identifier=\"part\" navigation-mode=\"nonlinear\" submission-mode=\"individual\">\n"
      "    <qti-assessment-section identifier=\"section\" title=\"" +
      xml_text(lesson.title) + "\" visible=\"true\">\n";
  std::vector<ZipEntry> entries;
  for (const LessonItem& item : lesson.items) {
    const std::string file = "items/" + item.id + ".xml";
    manifest += fmt::format("    <resource identifier=\"{}\" type=\"imsqti_item_xmlv3p0\" href=\"{}\"><file href=\"{}\"/></resource>\n", item.id, file, file);
    test += fmt::format("      <qti-assessment-item-ref identifier=\"{}\" href=\"{}\"/>\n", item.id, file);
    entries.push_back({file, bytes_of_text(qti_item(item))});
  }
  test += "    </qti-assessment-section>\n  </qti-test-part>\n</qti-assessment-test>\n";
  entries.insert(entries.begin(), {{"imsmanifest.xml", bytes_of_text(manifest + "  </resources>\n</manifest>\n")}, {"test.xml", bytes_of_text(test)}});
  return zip_archive(entries);
}

std::string moodle_xml(const Lesson& lesson) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<quiz>\n  <question type=\"category\"><category><text>$course$/top/" + xml_text(lesson.title) +
                    "</text></category></question>\n";
  for (const LessonItem& item : lesson.items) {
    out += fmt::format("  <question type=\"multichoice\">\n    <name><text>{}: {}, {}</text></name>\n", item.id, item.bloom, item.level);
    out += "    <questiontext format=\"html\"><text>" + xml_text(xml_paragraphs(item.question)) + "</text></questiontext>\n";
    out += "    <generalfeedback format=\"html\"><text>" + xml_text(xml_paragraphs(item.explanation + " (" + place_of(item) + ")")) +
           "</text></generalfeedback>\n";
    out +=
        "    <defaultgrade>1</defaultgrade><penalty>0.3333333</penalty><hidden>0</hidden><single>true</single><shuffleanswers>true</shuffleanswers>"
        "<answernumbering>abc</answernumbering>\n";
    for (const LessonOption& option : item.options)
      out += fmt::format("    <answer fraction=\"{}\" format=\"html\"><text>{}</text><feedback format=\"html\"><text>{}</text></feedback></answer>\n",
                         option.right ? 100 : 0, xml_text(xml_paragraphs(option.text)), xml_text(xml_paragraphs(option.reason)));
    out += fmt::format("    <tags><tag><text>{}</text></tag><tag><text>{}</text></tag></tags>\n  </question>\n", item.bloom, item.level);
  }
  return out + "</quiz>\n";
}

/// A field of Anki's text files: HTML on one line, in quotation marks.
std::string anki_field(const std::string& html) {
  std::string out = html;
  replace_all(out, "\"", "\"\"");
  return "\"" + out + "\"";
}

std::string anki_text(const Lesson& lesson) {
  std::string out = "#separator:tab\n#html:true\n#notetype:Basic\n#tags column:3\n";
  std::string deck = lesson.title;
  std::replace_if(
      deck.begin(), deck.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  out += "#deck:" + deck + "\n";
  for (const LessonItem& item : lesson.items) {
    std::string front = xml_paragraphs(item.question) + "<ol type=\"A\">", back;
    for (size_t i = 0; i < item.options.size(); ++i) {
      front += "<li>" + xml_text(item.options[i].text) + "</li>";
      if (item.options[i].right) back = fmt::format("<p><b>{}: {}</b></p>", static_cast<char>('A' + i), xml_text(item.options[i].text));
    }
    back += "<p>" + xml_text(item.explanation) + "</p><p>" + place_of(item) + "</p>";
    out += anki_field(front + "</ol>") + "\t" + anki_field(back) + "\t" + item.bloom + " " + item.level + "\n";
  }
  return out;
}

/// A text in Markdown as it is: signs that mean something are escaped.
std::string markdown_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_[]<>#|").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string markdown_lesson(const Lesson& lesson) {
  std::string out = "# " + markdown_text(lesson.title) + "\n\n## Questions\n", answers = "\n## Answers\n";
  for (size_t n = 0; n < lesson.items.size(); ++n) {
    const LessonItem& item = lesson.items[n];
    out += fmt::format("\n### {}. ({}, {})\n\n", n + 1, item.bloom, item.level);
    for (const std::string& line : lines_of(item.question)) out += markdown_text(line) + "  \n";
    out += "\n";
    answers += fmt::format("\n### {}.\n\n", n + 1);
    for (size_t i = 0; i < item.options.size(); ++i) {
      const char letter = static_cast<char>('A' + i);
      out += fmt::format("- [ ] **{}.** {}\n", letter, markdown_text(item.options[i].text));
      answers += fmt::format("- {}**{}.** {}\n", item.options[i].right ? "✓ " : "", letter, markdown_text(item.options[i].reason));
    }
    answers += "\n" + markdown_text(item.explanation) + fmt::format(" ({})\n", place_of(item));
  }
  return out + answers;
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 32 || c == '\n' || c == '\t')
      out += c;
  }
  return out;
}

const std::vector<std::string>& lesson_formats() {
  static const std::vector<std::string> out{"json", "markdown", "qti", "moodle", "anki"};
  return out;
}

Result<LessonFile> lesson_file(const Lesson& lesson, const std::string& format) {
  if (format == "json") return LessonFile{"questions.json", bytes_of_text(lesson_json(lesson.title, lesson.items).dump(1) + "\n")};
  if (format == "markdown") return LessonFile{"questions.md", bytes_of_text(markdown_lesson(lesson))};
  if (format == "moodle") return LessonFile{"questions.moodle.xml", bytes_of_text(moodle_xml(lesson))};
  if (format == "anki") return LessonFile{"questions.anki.txt", bytes_of_text(anki_text(lesson))};
  if (format != "qti") return unknown_name("format", format, lesson_formats());
  PTAH_TRY(Bytes package, qti_package(lesson));
  return LessonFile{"questions.qti.zip", std::move(package)};
}

}  // namespace ptah
