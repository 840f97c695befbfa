// A class as teachers, learners and strangers meet it.
#include <gtest/gtest.h>

#include <thread>

#include "apps/education/item_statistics.h"
#include "base/text.h"
#include "raw_client.h"
#include "serve/classroom_server.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

class ClassService : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder);
    value_or_throw(make_folders(folder / "lesson"));
    value_or_throw(make_folders(folder / "work"));
    LessonItem item{.id = "q1",
                    .kind = "year",
                    .bloom = "remember",
                    .level = "easy",
                    .question = "When?",
                    .explanation = "It says so.",
                    .section = 1,
                    .sentences = {"It was 1815."}};
    item.options = {{"1815", true, "so it says"}, {"1816", false, "that is another year"}, {"=1+1", false, "no year"}};
    LessonItem second = item;
    second.question = "And when else?";
    value_or_throw(write_file(folder / "lesson" / "questions.json", std::string_view(lesson_json("Years", {item, second}).dump())));
    const Exercise exercise{.kind = "repair",
                            .language = "python",
                            .function = "twice",
                            .start = {"twice", ".py", "def twice(x):\n    return x\n"},
                            .reference = "def twice(x):\n    return 2 * x\n",
                            .cases = Json::parse(R"([[["2"], ["is", "4"]], [["0"], ["is", "0"]]])"),
                            .task = "# Repair `twice`\n",
                            .hints = {"Look.", "Look again."}};
    value_or_throw(write_file(folder / "work" / "exercises.json", std::string_view(exercises_json("Work", {exercise}).dump())));
    begin();
  }
  void begin() {
    room = value_or_throw(Classroom::open(folder));
    server = std::make_unique<ClassroomServer>(*room, HttpOptions{}, ClassroomQuotas{.joins = 30});
    port = value_or_throw(server->bind("127.0.0.1", 0));
    thread = std::thread([this] { server->run(); });
  }
  void end() {
    server->stop();
    thread.join();
    server.reset();
    room.reset();
  }
  void TearDown() override {
    end();
    fs::remove_all(folder);
  }
  static std::string bearer(const std::string& token) { return token.empty() ? "" : "Authorization: Bearer " + token + "\r\n"; }
  std::string raw(const std::string& path, const std::string& token, const std::string& body = "") const {
    return ask(port, body.empty() ? get_text(path, bearer(token)) : post_text(path, body, bearer(token)));
  }
  static Json json_of(const std::string& answer) { return Json::parse(answer.substr(std::min(answer.find("\r\n\r\n") + 4, answer.size())), nullptr, false); }
  Json teacher(const std::string& path, const Json& body = Json()) const {
    return json_of(raw("/teacher/" + path, room->teacher_token(), body.is_null() ? "" : body.dump()));
  }
  /// A learner who has joined; the token.
  std::string learner(const std::string& name) const {
    const Json added = teacher("learners", {{"names", {name}}});
    return text_at(json_of(raw("/join", "", Json{{"code", added[0]["code"]}}.dump())), "token");
  }
  std::string path_of(const std::string& token, size_t assignment, size_t item) const {
    const Json work = json_of(raw("/tasks", token));
    return "/tasks/" + work["assignments"][assignment]["name"].get<std::string>() + "/" +
           work["assignments"][assignment]["items"][item]["id"].get<std::string>();
  }

  fs::path folder = fs::temp_directory_path() / fmt::format("ptah-class-{}", getpid());
  std::unique_ptr<Classroom> room;
  std::unique_ptr<ClassroomServer> server;
  int port = 0;
  std::thread thread;
};

}  // namespace

TEST_F(ClassService, ACodeIsGoodOnceAndANewOneShutsTheOldDeviceOut) {
  const Json added = teacher("learners", {{"names", {"Ann", "Tom <b>"}}});
  ASSERT_EQ(added.size(), 2U) << added;
  const std::string code = added[0]["code"];
  std::string typed = lower_case(code);
  const Json joined = json_of(raw("/join", "", Json{{"code", " " + typed}}.dump()));
  EXPECT_EQ(joined["name"], "Ann") << "small letters and blanks are no matter";
  EXPECT_EQ(status_of_answer(raw("/join", "", Json{{"code", code}}.dump())), 403) << "once";
  const std::string token = joined["token"];
  EXPECT_EQ(status_of_answer(raw("/tasks", token)), 200);
  const Json renewed = teacher("learners/" + added[0]["id"].dump() + "/code", Json::object());
  EXPECT_EQ(status_of_answer(raw("/tasks", token)), 401);
  EXPECT_EQ(status_of_answer(raw("/join", "", Json{{"code", renewed["code"]}}.dump())), 200);
  EXPECT_TRUE(teacher("learners", {{"names", {"Eve", "Ann"}}}).contains("error")) << "a name that is there";
  EXPECT_EQ(teacher("class")["learners"].size(), 2U) << "and then nobody is added";
  for (const char* name : {"", "a\nb", "\x1b[2J"}) EXPECT_TRUE(teacher("learners", {{"names", {name}}}).contains("error"));
  for (int i = 0; i < 30; ++i) raw("/join", "", R"({"code": "AAAAA-AAAAA"})");
  EXPECT_EQ(status_of_answer(raw("/join", "", R"({"code": "AAAAA-AAAAA"})")), 429) << "codes cannot be tried for long";
}

TEST_F(ClassService, StrangersAndLearnersSeeNoKeys) {
  const std::string token = learner("Ann");
  for (const char* path : {"/teacher/class", "/teacher/grades.csv", "/teacher/assignments/lesson", "/tasks", "/tasks/lesson/q1"}) {
    EXPECT_EQ(status_of_answer(raw(path, "")), 401) << path;
    EXPECT_EQ(status_of_answer(raw(path, std::string(64, '0'))), 401) << path;
  }
  for (const char* path : {"/teacher/class", "/teacher/grades.csv"}) EXPECT_EQ(status_of_answer(raw(path, token)), 401) << path;
  EXPECT_EQ(status_of_answer(raw("/teacher/learners", token, R"({"names": ["Eve"]})")), 401);
  EXPECT_EQ(json_of(raw("/tasks", token))["assignments"].size(), 0U) << "nothing was given yet";
  teacher("assignments/lesson", {{"open", true}});
  teacher("assignments/work", {{"open", true}});
  const std::string question = raw(path_of(token, 0, 0), token), exercise = raw(path_of(token, 1, 0), token);
  for (const char* secret : {"so it says", "It says so", "\"right\":true", "reference", "2 * x", "cases", "Look."}) {
    EXPECT_EQ(question.find(secret), std::string::npos) << secret;
    EXPECT_EQ(exercise.find(secret), std::string::npos) << secret;
  }
  teacher("assignments/lesson", {{"open", false}});
  EXPECT_EQ(status_of_answer(raw("/tasks/lesson/" + teacher("assignments/lesson")["items"][0]["id"].get<std::string>(), token)), 404);
}

TEST_F(ClassService, GradesComeFromAnswersAndRuns) {
  teacher("assignments/lesson", {{"open", true}});
  teacher("assignments/work", {{"open", true}});
  const std::string token = learner("=Ann, \"A\"");
  const std::string question = path_of(token, 0, 0), exercise = path_of(token, 1, 0);
  const Json options = json_of(raw(question, token))["options"];
  const size_t right = static_cast<size_t>(std::find(options.begin(), options.end(), "1815") - options.begin());
  EXPECT_EQ(status_of_answer(raw(question + "/answer", token, R"({"option": 7})")), 400);
  const Json told = json_of(raw(question + "/answer", token, Json{{"option", right}}.dump()));
  EXPECT_EQ(told["right"], true);
  EXPECT_EQ(told["explanation"], "It says so.");
  EXPECT_EQ(status_of_answer(raw(question + "/answer", token, R"({"option": 0})")), 400) << "a question is answered once";

  const auto hand_in = [&](const std::string& text) { return json_of(raw(exercise + "/answer", token, Json{{"text", text}}.dump())); };
  const Json failed = hand_in("def twice(x):\n    return x + 1\n");
  EXPECT_EQ(failed["passed"], false);
  EXPECT_EQ(failed["failed"], 2);
  EXPECT_EQ(hand_in("import os\nos.write(1, b'passed')\nos._exit(0)\n")["passed"], false);
  EXPECT_EQ(json_of(raw(exercise + "/hint", token, "{}"))["hint"], "Look.");
  const Json passed = hand_in("def twice(x):\n    return x + x\n");
  EXPECT_EQ(passed["passed"], true) << passed;
  EXPECT_EQ(passed["points"], 0.9) << "one hint";
  EXPECT_EQ(passed["tries"], 3);

  end();
  begin();  // it is all in the folder
  const Json work = json_of(raw("/tasks", token));
  EXPECT_EQ(work["assignments"][1]["items"][0]["points"], 0.9) << work;
  EXPECT_EQ(json_of(raw(exercise, token))["text"], "def twice(x):\n    return x + x\n");
  EXPECT_EQ(teacher("class")["learners"][0]["work"]["lesson"]["points"], 1.0);
  const std::string csv = value_or_throw(room->grades_csv());
  EXPECT_NE(csv.find("\"'=Ann, \"\"A\"\"\",\"lesson/q1-"), std::string::npos) << csv;
  const ItemResponses read = value_or_throw(read_responses(csv));
  EXPECT_EQ(read.items.size(), 2U);
  EXPECT_EQ(read.learners.size(), 1U);
}

TEST_F(ClassService, MakesAssignmentsOfTextsAndModules) {
  const std::string module = "def triple(x: int) -> int:\n    if x < 0:\n        raise ValueError('below 0')\n    return 3 * x\n";
  EXPECT_TRUE(teacher("make", {{"kind", "dream"}, {"title", "A"}, {"text", "x"}}).contains("error"));
  const Json made = teacher("make", {{"kind", "exercises"}, {"title", "Three times"}, {"file", "triple.py"}, {"text", module}});
  EXPECT_EQ(made["name"], "three-times");
  EXPECT_TRUE(teacher("make", {{"kind", "exercises"}, {"title", "B"}, {"file", "triple.py"}, {"text", module}}).contains("error")) << "one at a time";
  Json now;
  for (int i = 0; i < 600; ++i) {
    now = teacher("class");
    if (now["making"] == "") break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(now["problem"], "");
  ASSERT_EQ(now["assignments"].size(), 3U) << now;
  EXPECT_EQ(now["assignments"][1]["title"], "Three times");
  EXPECT_EQ(now["assignments"][1]["open"], false);
  EXPECT_GE(now["assignments"][1]["exercises"], 3);
}

TEST_F(ClassService, ThePagesRunTheirOwnScriptsOnly) {
  for (const auto& [path, page] : {std::pair<std::string, const ClassroomPage*>{"/", &learners_page()}, {"/teacher", &teachers_page()}}) {
    const std::string answer = raw(path, ""), &html = page->html;
    const size_t at = answer.find("Content-Security-Policy: ");
    const std::string policy = answer.substr(at, answer.find("\r\n", at) - at);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    for (const auto& [kind, directive] : {std::pair<std::string, std::string>{"script", "script-src "}, {"style", "style-src "}}) {
      const size_t begin = html.find("<" + kind + ">") + kind.size() + 2;
      EXPECT_NE(policy.find(directive + csp_hash(html.substr(begin, html.find("</" + kind + ">") - begin))), std::string::npos) << kind;
      EXPECT_EQ(html.find("<" + kind), html.rfind("<" + kind)) << "one of each";
    }
    for (const char* danger : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://", "style="})
      EXPECT_EQ(html.find(danger), std::string::npos) << danger;
  }
}

}  // namespace ptah
