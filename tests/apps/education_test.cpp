// Lessons: questions with reasons, statistics that find bad items, tests made by running, and the sandbox.
#include <gtest/gtest.h>
#include <pwd.h>

#include "apps/education/item_statistics.h"
#include "apps/education/lesson_files.h"
#include "apps/education/module_tests.h"
#include "apps/education/teach_request.h"
#include "base/philox.h"
#include "base/text.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

const fs::path kTests = fs::path(PTAH_SOURCE_DIR) / "tests" / "data";

std::string article_text(const std::string& name) { return value_or_throw(read_text(kTests / "articles" / (name + ".md"))); }

/// Without the sentence encoder, which takes its time.
Lesson lesson(const std::string& name, const LessonOptions& options) {
  const Article article = value_or_throw(parse_article(article_text(name)));
  return {article.title, value_or_throw(make_lesson(article, options, nullptr))};
}

std::string file_text(const Lesson& l, const std::string& format) {
  const LessonFile file = value_or_throw(lesson_file(l, format));
  return {file.bytes.begin(), file.bytes.end()};
}

constexpr const char* kRoman = R"(def roman(number):
    """The number in Roman numerals.

    >>> roman(4)
    'IV'
    """
    if number < 1 or number > 3999:
        raise ValueError("1 to 3999")
    out = ""
    for value, sign in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        while number >= value:
            out += sign
            number -= value
    return out
)";

constexpr const char* kRomanScript = R"(/** roman(4) gives "IV". @param {number} number */
export function roman(number) {
  if (number < 1 || number > 3999) throw new RangeError("1 to 3999");
  let out = "";
  for (const [value, sign] of [[10, "X"], [9, "IX"], [5, "V"], [4, "IV"], [1, "I"]]) {
    while (number >= value) {
      out += sign;
      number -= value;
    }
  }
  return out;
}
)";

}  // namespace

TEST(Lesson, QuestionsSayWhyEachOptionIsRightOrWrong) {
  for (const char* name : {"history", "biology", "news"}) {
    const Lesson made = lesson(name, {.seed = 3, .count = 40});
    EXPECT_GE(made.items.size(), 30U) << name;
    std::map<std::string, int> bloom;
    const std::string text = plain_text(article_text(name));
    for (const LessonItem& item : made.items) {
      ++bloom[item.bloom];
      size_t right = 0;
      for (const LessonOption& option : item.options) {
        right += option.right;
        EXPECT_FALSE(option.reason.empty()) << item.question;
      }
      EXPECT_EQ(right, 1U);
      EXPECT_FALSE(item.explanation.empty());
      ASSERT_FALSE(item.sentences.empty()) << item.question;
      for (const std::string& sentence : item.sentences) EXPECT_NE(text.find(sentence), std::string::npos) << name << ": " << sentence;
      EXPECT_GE(item.section, 1U);
    }
    EXPECT_GE(bloom.size(), 4U) << name;
  }
}

TEST(Lesson, OptionsOfTheRequestChangeIt) {
  const Json usual = lesson_json("", lesson("history", {}).items);
  EXPECT_EQ(lesson_json("", lesson("history", {}).items), usual);
  EXPECT_NE(lesson_json("", lesson("history", {.seed = 9}).items), usual);
  EXPECT_EQ(lesson("history", {.count = 3}).items.size(), 3U);
  for (const LessonItem& item : lesson("history", {.bloom = {"apply"}}).items) EXPECT_EQ(item.bloom, "apply");
  for (const LessonItem& item : lesson("history", {.level = "easy"}).items) EXPECT_LT(item.difficulty, 0.45);
  const Article article = value_or_throw(parse_article(article_text("history")));
  EXPECT_FALSE(make_lesson(article, {.bloom = {"dream"}}, nullptr));
  EXPECT_FALSE(make_lesson(value_or_throw(parse_article("# A\n\nThe cat sat down on the mat, and it was warm there all day long.\n\n## B\n\nThe dog lay down "
                                                        "on the rug, and it was cold there all night long.")),
                           {}, nullptr));
}

TEST(Lesson, ComesBackFromItsFile) {
  const Lesson made = lesson("biology", {.count = 12});
  const Lesson again = value_or_throw(read_lesson(value_or_throw(parse_json(file_text(made, "json")))));
  EXPECT_EQ(lesson_json(again.title, again.items), lesson_json(made.title, made.items));
  Json broken = lesson_json(made.title, made.items);
  for (Json& option : broken["items"][0]["options"]) option["right"] = true;
  EXPECT_EQ(read_lesson(broken).error().code, ErrorCode::corrupt) << "two keys";
  EXPECT_FALSE(read_lesson(Json::object()));
}

TEST(Lesson, FilesHoldEveryQuestionAndEscapeWhatIsMarkup) {
  Lesson made = lesson("biology", {.count = 6});
  made.items[0].options[0].text = "a < b & \"c\" <script>";
  for (const char* format : {"moodle", "anki"}) {
    const std::string text = file_text(made, format);
    EXPECT_EQ(text.find("<script>"), std::string::npos) << format;
  }
  EXPECT_NE(file_text(made, "markdown").find("\\<script\\>"), std::string::npos);
  const std::string moodle = file_text(made, "moodle");
  size_t questions = 0, keys = 0;
  for (size_t at = moodle.find("type=\"multichoice\""); at != std::string::npos; at = moodle.find("type=\"multichoice\"", at + 1)) ++questions;
  for (size_t at = moodle.find("fraction=\"100\""); at != std::string::npos; at = moodle.find("fraction=\"100\"", at + 1)) ++keys;
  EXPECT_EQ(questions, made.items.size());
  EXPECT_EQ(keys, made.items.size());
  EXPECT_EQ(file_text(made, "qti").substr(0, 2), "PK");
  EXPECT_EQ(file_text(made, "qti"), file_text(made, "qti"));
  EXPECT_FALSE(lesson_file(made, "word"));
}

TEST(ItemStatistics, FindTheParametersThatAnswersWereMadeWith) {
  constexpr size_t kItems = 30, kLearners = 600;
  Random random(11);
  std::vector<double> a, b;
  for (size_t i = 0; i < kItems; ++i) a.push_back(std::exp(0.35 * random.normal())), b.push_back(random.normal());
  ItemResponses answers;
  for (size_t i = 0; i < kItems; ++i) answers.items.push_back(fmt::format("q{}", i + 1));
  for (size_t l = 0; l < kLearners; ++l) {
    const double ability = random.normal();
    answers.learners.push_back(fmt::format("l{}", l));
    for (size_t i = 0; i < kItems; ++i) {
      bool right = random.uniform() < 1 / (1 + std::exp(-a[i] * (ability - b[i])));
      if (i == 4) right = random.uniform() < 1 / (1 + std::exp(1.5 * ability));  // the key is wrong
      if (i == 9) right = random.uniform() < 0.5F;                               // a coin
      answers.right.push_back(right);
    }
  }
  answers.chosen.resize(answers.right.size());
  const ItemStatistics made = value_or_throw(item_statistics(answers));
  const auto correlation = [&](const std::vector<double>& truth, const std::function<double(const ItemEstimate&)>& of) {
    double xy = 0, xx = 0, yy = 0, mx = 0, my = 0, n = 0;
    for (size_t i = 0; i < kItems; ++i)
      if (i != 4 && i != 9) mx += truth[i], my += of(made.items[i]), ++n;
    for (size_t i = 0; i < kItems; ++i)
      if (i != 4 && i != 9) {
        const double x = truth[i] - mx / n, y = of(made.items[i]) - my / n;
        xy += x * y, xx += x * x, yy += y * y;
      }
    return xy / std::sqrt(xx * yy);
  };
  EXPECT_GE(correlation(b, [](const ItemEstimate& e) { return e.difficulty; }), 0.97);
  EXPECT_GE(correlation(a, [](const ItemEstimate& e) { return e.discrimination; }), 0.85);
  ASSERT_FALSE(made.items[4].problems.empty());
  EXPECT_NE(made.items[4].problems[0].find("is the key right?"), std::string::npos);
  EXPECT_FALSE(made.items[9].problems.empty());
  size_t blamed = 0;
  for (size_t i = 0; i < kItems; ++i)
    if (i != 4 && i != 9) blamed += !made.items[i].problems.empty();
  EXPECT_LE(blamed, 2U);
  EXPECT_GT(made.reliability, 0.7);
}

TEST(ItemStatistics, ReadTablesAndRefuseBrokenOnes) {
  const ItemResponses read = value_or_throw(read_responses("item,learner,right,option\nq1,\"Ann, B.\",1,A\nq1,Tom,0,B\nq2,Tom,1,C\n"));
  EXPECT_EQ(read.learners, (std::vector<std::string>{"Ann, B.", "Tom"}));
  EXPECT_EQ(read.at(0, 1), -1);
  EXPECT_EQ(read.chosen[2], "B");
  for (const char* wrong : {"", "a,b\n", "learner,item,right\nA,q,2\n", "learner,item,right\nA,q\n", "learner,item,right\nA,q,1\nA,q,1\n"})
    EXPECT_FALSE(read_responses(wrong)) << wrong;
  EXPECT_FALSE(item_statistics(read)) << "two learners";
}

TEST(Sandbox, ThirtyEscapesAreTriedAndNoneSucceeds) {
  ASSERT_TRUE(sandbox_ready()) << sandbox_ready().error().message;
  const std::string escapes = value_or_throw(read_text(kTests / "education" / "escapes.py"));
  std::string homes;  // of this machine's people
  ::setpwent();
  while (const passwd* user = ::getpwent())
    if ((user->pw_uid == 0 || user->pw_uid >= 1000) && fs::is_directory(user->pw_dir)) homes += std::string(user->pw_dir) + "\n";
  ::endpwent();
  ASSERT_FALSE(homes.empty());
  const SandboxRun run = value_or_throw(run_sandboxed({"/usr/bin/python3", "-I", "escapes.py"}, {{"escapes.py", escapes}}, {.seconds = 60}, homes));
  EXPECT_EQ(run.output, "30 tried\n") << run.errors;
  EXPECT_EQ(run.exit_status, 0);
}

TEST(Sandbox, BoundsTimeMemoryOutputFilesAndProcesses) {
  const auto run = [](const std::string& program, SandboxLimits limits = {}, const std::string& input = "") {
    return value_or_throw(run_sandboxed({"/usr/bin/python3", "-I", "p.py"}, {{"p.py", program}}, limits, input));
  };
  EXPECT_EQ(run("print(input()[::-1])", {}, "abc\n").output, "cba\n");
  EXPECT_EQ(run("import sys; sys.exit(7)").exit_status, 7);
  EXPECT_TRUE(run("while True: pass", {.seconds = 0.5}).timed_out);
  EXPECT_TRUE(run("import os, time\nos.close(1); os.close(2); time.sleep(99)", {.seconds = 0.5}).timed_out) << "who closes its streams";
  EXPECT_TRUE(run("while True: print('x' * 1000)", {.output_bytes = 50000}).too_much);
  EXPECT_NE(run("x = bytearray(1 << 30)", {.memory_bytes = int64_t{128} << 20}).errors.find("MemoryError"), std::string::npos);
  EXPECT_NE(run("open('big', 'wb').write(b'0' * (1 << 22))", {.file_bytes = 1 << 20}).exit_status, 0);
  const SandboxRun forks = run(
      "import os, time\nn = 0\ntry:\n    for _ in range(60):\n        if os.fork() == 0:\n            time.sleep(30)\n            os._exit(0)\n        n += 1\n"
      "except OSError: pass\nprint(n)",
      {.seconds = 5, .processes = 8});
  EXPECT_LE(std::atoi(forks.output.c_str()), 8);
  EXPECT_FALSE(forks.output.empty());
  EXPECT_FALSE(run_sandboxed({"/tmp/x"}, {}, {}));
  EXPECT_FALSE(run_sandboxed({"/usr/bin/env"}, {{"../x", ""}}, {}));
  CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ(run_sandboxed({"/usr/bin/sleep", "9"}, {}, {}, "", &cancel).error().code, ErrorCode::cancelled);
}

TEST(ModuleTests, AcceptTheModuleAndTellItsFaults) {
  for (const CodeModule& module : {CodeModule{"roman", ".py", kRoman}, CodeModule{"roman", ".mjs", kRomanScript}}) {
    const ModuleTests made = value_or_throw(make_module_tests(module, {.exercises = 2}));
    EXPECT_GE(made.tests, 4) << module.extension;
    EXPECT_GE(made.mutants, 10) << module.extension;
    EXPECT_GE(10 * made.killed, 8 * made.mutants) << module.extension;
    EXPECT_NE(made.file.find(module.extension == ".py" ? "assertRaises(ValueError)" : "name: \"RangeError\""), std::string::npos) << made.file;
    EXPECT_TRUE(value_or_throw(grade_tests(module, made.name, made.file, kPasses)).passed);
    std::map<std::string, int> kinds;
    for (const Exercise& exercise : made.exercises) {
      ++kinds[exercise.kind];
      EXPECT_NE(exercise.start.text, module.text);
      EXPECT_GE(exercise.hints.size(), 4U);
      EXPECT_TRUE(value_or_throw(grade_exercise(exercise, exercise.reference)).passed);
      const Graded graded = value_or_throw(grade_exercise(exercise, exercise.start.text));
      EXPECT_FALSE(graded.passed);
      EXPECT_EQ(graded.failed == 0, exercise.kind == "refactor") << graded.why;
      EXPECT_FALSE(graded.why.empty());
      EXPECT_EQ(value_or_throw(grade_tests(exercise.start, made.name, made.file)).passed, exercise.kind == "refactor") << exercise.start.text;
    }
    EXPECT_EQ(kinds["repair"], 2) << module.extension;
    EXPECT_EQ(kinds["extend"], 1) << module.extension;
    EXPECT_EQ(kinds["refactor"], 1) << module.extension;
    EXPECT_EQ(exercises_json(value_or_throw(read_exercises(exercises_json(made.exercises)))), exercises_json(made.exercises));
  }
}

TEST(ModuleTests, RefuseWhatIsNoModuleAndWhatAnswersByChance) {
  const auto made = [](const char* text, const char* name, const char* extension) { return make_module_tests({name, extension, text}, {.exercises = 0}); };
  EXPECT_FALSE(made("def f(:\n", "broken", ".py"));
  EXPECT_FALSE(made("x = 1\n", "empty", ".py"));
  EXPECT_FALSE(made("import random\ndef f():\n    return random.random()\n", "chance", ".py"));
  EXPECT_FALSE(made("def f():\n    return 1\n", "a/b", ".py"));
  EXPECT_FALSE(made("export function f( {}", "broken", ".mjs"));
  EXPECT_FALSE(made("function f() { return 1 }", "private", ".js")) << "nothing is exported";
  EXPECT_FALSE(made("exports.f = function f() { return Math.random() }", "chance", ".js"));
  EXPECT_EQ(made("x", "x", ".rb").error().code, ErrorCode::unsupported);
  const Graded none = value_or_throw(grade_tests({"m", ".py", "def f():\n    return 1\n"}, "test_m.py", "import unittest\n"));
  EXPECT_FALSE(none.passed) << "no tests are no pass";
}

TEST(Exercise, APassCannotBeClaimedFromInside) {
  const Json cases = Json::parse(R"([[["2"], ["is", "4"]], [["3"], ["is", "9.0"]]])");
  Exercise exercise{.kind = "repair", .language = "python", .function = "square", .start = {"square", ".py", "x"}, .reference = "x", .cases = cases};
  const auto passed = [&](const std::string& answer) { return value_or_throw(grade_exercise(exercise, answer)).passed; };
  EXPECT_TRUE(passed("def square(x):\n    return x * x\n")) << "9 is 9.0";
  EXPECT_FALSE(passed("def square(x):\n    return x + x\n"));
  EXPECT_FALSE(passed("def other(x):\n    return x * x\n"));
  EXPECT_FALSE(passed("import os\nos.write(1, b'{\"outcomes\": [], \"problem\": \"\", \"passed\": true}\\n2 0\\n')\nos._exit(0)\n"));
  EXPECT_FALSE(passed("class Any(int):\n    def __eq__(self, other): return True\ndef square(x):\n    return Any(1)\n")) << "what is equal to all";
  EXPECT_FALSE(passed("import sys\ndef square(x):\n    sys.exit(0)\n"));
  EXPECT_FALSE(passed("while True: pass\n"));
  exercise.language = "javascript";
  exercise.start.extension = ".js";
  exercise.cases[1][1][1] = "9";
  EXPECT_TRUE(passed("exports.square = square; function square(x) { return x * x }"));
  EXPECT_FALSE(passed("exports.square = square; function square(x) { return { valueOf: () => x * x } }"));
  EXPECT_FALSE(passed("const p = this.constructor.constructor('return process')(); p.stdout.write('{\"outcomes\":[[\"is\",\"4\"]]}\\n'); p.exit(0)"));
  EXPECT_FALSE(passed("while (true) {}"));
  EXPECT_FALSE(passed("exports.square = square; const all = []; function square(x) { for (;;) all.push(new Array(1e6).fill(1)) }"));
}

TEST(Exercise, ReadsNoBrokenFile) {
  const Exercise exercise{
      .kind = "repair", .language = "python", .function = "f", .start = {"m", ".py", "x"}, .reference = "x", .cases = Json::parse(R"([[["1"], ["is", "1"]]])")};
  const Json whole = exercises_json({exercise});
  EXPECT_TRUE(read_exercises(whole));
  for (const char* change :
       {R"({"kind": "dream"})", R"({"language": "latin"})", R"({"name": "../x"})", R"({"cases": []})", R"({"cases": [[["1"], ["was", "1"]]]})",
        R"({"cases": [[[1], ["is", "1"]]]})", R"({"hints": [1]})", R"({"goal": {"statements": 1, "depth": 1}})", R"({"kind": "refactor"})"}) {
    Json broken = whole;
    broken["items"][0].merge_patch(Json::parse(change));
    EXPECT_FALSE(read_exercises(broken)) << change;
  }
}

}  // namespace ptah
