#include "apps/education/classroom.h"
#include "apps/education/item_statistics.h"
#include "apps/education/module_tests.h"
#include "apps/education/teach_request.h"
#include "base/text.h"
#include "cli/chain_options.h"
#include "cli/command_line.h"
#include "cli/request_options.h"
#include "serve/classroom_server.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

struct TeachOptions {
  std::shared_ptr<RequestOptions> fields;
  std::string file, out, solution, input, host = "127.0.0.1";
  std::vector<std::string> names;
  int port = 8090;
  uint64_t seed = 0;
  double seconds = 8, memory = 512;
  int64_t mutants = 60, exercises = 3, exercise = 1;
  std::vector<std::string> functions, kinds;
  bool json = false;
};

Result<void> run_questions(const TeachOptions& o) {
  PTAH_TRY(const Json given, o.fields->given());
  PTAH_TRY(const QuestionsRequest request, questions_schema().complete(given));
  PTAH_TRY(const Lesson lesson, lesson_of(request));
  if (o.out.empty()) {
    PTAH_TRY(const LessonFile page, lesson_file(lesson, "markdown"));
    print_text(std::string(page.bytes.begin(), page.bytes.end()));
    return {};
  }
  PTAH_TRY(StagedFolder folder, StagedFolder::create(o.out));
  for (const std::string& format : request.formats) {
    PTAH_TRY(const LessonFile file, lesson_file(lesson, format));
    PTAH_TRY_VOID(write_file(folder.path() / file.name, std::span<const uint8_t>(file.bytes)));
  }
  PTAH_TRY_VOID(folder.commit());
  print("{}: {} questions\n", o.out, lesson.items.size());
  return {};
}

Result<void> run_statistics(const TeachOptions& o) {
  PTAH_TRY(const std::string text, input_text(o.file));
  PTAH_TRY(const ItemResponses responses, read_responses(text));
  PTAH_TRY(const ItemStatistics statistics, item_statistics(responses));
  if (o.json) {
    Json items = Json::array(), learners = Json::object();
    for (const ItemEstimate& e : statistics.items)
      items.push_back({{"item", e.item},
                       {"answers", e.answers},
                       {"share_right", e.share_right},
                       {"discrimination", e.discrimination},
                       {"difficulty", e.difficulty},
                       {"correlation", e.correlation},
                       {"problems", e.problems}});
    for (size_t l = 0; l < responses.learners.size(); ++l) learners[responses.learners[l]] = statistics.abilities[l];
    print_json({{"items", items}, {"abilities", learners}, {"reliability", statistics.reliability}, {"iterations", statistics.iterations}});
    return {};
  }
  print("{} learners, {} items, reliability (Cronbach's alpha) {:.2f}\n{:<20} {:>8} {:>7} {:>11} {:>15}\n", responses.learners.size(), responses.items.size(),
        statistics.reliability, "item", "answers", "right", "difficulty", "discrimination");
  for (const ItemEstimate& e : statistics.items) {
    print("{:<20} {:>8} {:>6.0f} % {:>10.2f} {:>15.2f}\n", e.item, e.answers, 100 * e.share_right, e.difficulty, e.discrimination);
    for (const std::string& problem : e.problems) print("  {}\n", problem);
  }
  return {};
}

ModuleTestOptions test_options(const TeachOptions& o) {
  return {.seed = o.seed, .seconds = o.seconds, .mutants = o.mutants, .exercises = o.exercises, .functions = o.functions};
}

Result<CodeModule> module_of(const std::string& file) {
  PTAH_TRY_VOID(language_of(file));
  PTAH_TRY(std::string text, input_text(file, size_t{1} << 20));
  return code_module(file, std::move(text));
}

void show_tests(const ModuleTests& made) {
  for (const Json& function : made.functions) {
    print("{}: {} tests, {} of {} mutants told apart\n", function["name"].get<std::string>(), function["tests"].get<int64_t>(),
          function["killed"].get<int64_t>(), function["mutants"].get<int64_t>());
    for (const Json& survivor : function["survivors"])
      print("  not told: {} on line {}\n", survivor["kind"].get<std::string>(), survivor["line"].get<int64_t>());
  }
  for (const auto& [name, why] : made.skipped) print("{}: no tests: {}\n", name, why);
}

Result<void> run_tests(const TeachOptions& o) {
  PTAH_TRY(const CodeModule module, module_of(o.file));
  ModuleTestOptions options = test_options(o);
  options.exercises = 0;
  PTAH_TRY(const ModuleTests made, make_module_tests(module, options, &interrupted()));
  const fs::path out = o.out.empty() ? fs::path(made.name) : fs::path(o.out);
  PTAH_TRY_VOID(write_new_file(out, std::string_view(made.file)));
  if (o.json) {
    print_json({{"file", out.string()},
                {"tests", made.tests},
                {"candidates", made.candidates},
                {"mutants", made.mutants},
                {"killed", made.killed},
                {"functions", made.functions}});
    return {};
  }
  show_tests(made);
  print("{}: {} tests, passed {} times by the module\n", out, made.tests, kPasses);
  return {};
}

std::string task_text(const Exercise& exercise, const std::string& tests) {
  std::string out = exercise.task + fmt::format("\n```\n{} {}\n```\n\n## Hints\n\n", exercise.language == "python" ? "python3" : "node", tests);
  for (size_t i = 0; i < exercise.hints.size(); ++i)
    out += fmt::format("<details><summary>Hint {}</summary>\n\n{}\n\n</details>\n\n", i + 1, exercise.hints[i]);
  return out;
}

Result<void> run_exercises(const TeachOptions& o) {
  PTAH_TRY(const CodeModule module, module_of(o.file));
  PTAH_TRY(ModuleTests made, make_module_tests(module, test_options(o), &interrupted()));
  if (!o.kinds.empty()) std::erase_if(made.exercises, [&](const Exercise& e) { return std::find(o.kinds.begin(), o.kinds.end(), e.kind) == o.kinds.end(); });
  if (made.exercises.empty()) return fail(ErrorCode::invalid_argument, "no exercise can be made of the module that its tests tell from it");
  PTAH_TRY(StagedFolder folder, StagedFolder::create(o.out));
  for (size_t i = 0; i < made.exercises.size(); ++i) {
    const Exercise& exercise = made.exercises[i];
    const fs::path place = folder.path() / fmt::format("exercise-{}", i + 1);
    PTAH_TRY_VOID(make_folders(place));
    PTAH_TRY_VOID(write_file(place / "task.md", std::string_view(task_text(exercise, made.name))));
    PTAH_TRY_VOID(write_file(place / module.file(), std::string_view(exercise.start.text)));
    PTAH_TRY_VOID(write_file(place / made.name, std::string_view(made.file)));
  }
  PTAH_TRY_VOID(make_folders(folder.path() / "reference"));
  PTAH_TRY_VOID(write_file(folder.path() / "reference" / module.file(), std::string_view(module.text)));
  PTAH_TRY_VOID(write_file(folder.path() / "exercises.json", std::string_view(exercises_json(made.exercises).dump(1) + "\n")));
  PTAH_TRY_VOID(folder.commit());
  show_tests(made);
  for (size_t i = 0; i < made.exercises.size(); ++i) print("exercise-{}: {} {}\n", i + 1, made.exercises[i].kind, made.exercises[i].function);
  print("{}: {} exercises\n", o.out, made.exercises.size());
  return {};
}

/// By a file of tests, or by an exercise of exercises.json.
Result<Graded> graded(const TeachOptions& o) {
  PTAH_TRY(const CodeModule module, module_of(o.file));
  PTAH_TRY(const std::string tests, input_text(o.solution, size_t{1} << 24));
  if (fs::path(o.solution).extension() != ".json") return grade_tests(module, fs::path(o.solution).filename().string(), tests, 1, &interrupted());
  PTAH_TRY(const Json json, parse_json(tests, 16));
  PTAH_TRY(const std::vector<Exercise> exercises, read_exercises(json));
  if (o.exercise < 1 || o.exercise > static_cast<int64_t>(exercises.size()))
    return fail(ErrorCode::invalid_argument, "--exercise: 1 to {} are there", exercises.size());
  return grade_exercise(exercises[static_cast<size_t>(o.exercise) - 1], module.text, &interrupted());
}

Result<void> run_grade(const TeachOptions& o) {
  PTAH_TRY(const Graded graded, ptah::cli::graded(o));
  if (o.json) {
    print_json({{"passed", graded.passed}, {"tests", graded.tests}, {"failed", graded.failed}, {"why", graded.why}});
    return {};
  }
  if (graded.passed) {
    print("passed: {} tests\n", graded.tests);
    return {};
  }
  print_text(graded.why + "\n");
  if (graded.failed == 0) return fail(ErrorCode::mismatch, "not passed");
  return fail(ErrorCode::mismatch, "not passed: {} of {} tests failed", graded.failed, graded.tests);
}

Result<void> run_program_of_learner(const TeachOptions& o) {
  PTAH_TRY(const CodeLanguage* const language, language_of(o.file));
  PTAH_TRY(const std::string program, input_text(o.file, size_t{1} << 20));
  std::string input;
  if (!o.input.empty()) {
    PTAH_TRY(input, input_text(o.input));
  }
  SandboxLimits limits = language->limits;
  limits.seconds = o.seconds;
  limits.memory_bytes = static_cast<int64_t>(o.memory * (1 << 20));
  const std::string name = "program" + fs::path(o.file).extension().string();
  std::vector<std::string> command = language->command;
  command.push_back(name);
  PTAH_TRY(const SandboxRun run, run_sandboxed(command, {{name, program}}, limits, input, &interrupted()));
  print_text(run.output);
  std::fflush(stdout);
  print_error("{}", "");
  if (!run.errors.empty())
    for (const std::string& line : lines_of(run.errors)) print_error("{}\n", line);
  if (run.timed_out) return fail(ErrorCode::over_budget, "the program took longer than {} seconds and was ended", o.seconds);
  if (run.too_much) return fail(ErrorCode::over_budget, "the program printed more than {} bytes and was ended", limits.output_bytes);
  if (run.exit_status != 0) return fail(ErrorCode::mismatch, "the program ended with status {}", run.exit_status);
  return {};
}

Result<void> run_class(const TeachOptions& o) {
  PTAH_TRY_VOID(sandbox_ready());
  PTAH_TRY(const auto room, Classroom::open(o.file));
  HttpOptions http;
  http.policy.hosts = o.names;
  ClassroomServer server(*room, http);
  PTAH_TRY(const int port, server.bind(o.host, o.port));
  const std::string address = http_address(o.host, port);
  print("learners  {}\nteacher   {}/teacher#{}\n", address, address, room->teacher_token());
  std::fflush(stdout);
  run_until_interrupted(server);
  return {};
}

Result<void> run_grades(const TeachOptions& o) {
  PTAH_TRY(const auto room, Classroom::open(o.file));
  PTAH_TRY(const std::string csv, room->grades_csv());
  print_text(csv);
  return {};
}

}  // namespace

void add_teach(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("teach", "questions, exercises and tests for lessons");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    auto o = std::make_shared<TeachOptions>();
    CLI::App* sub = command->add_subcommand(name, what);
    sub->callback([o, run, &action] { action = [o, run] { return finish(guard([&] { return run(*o); })); }; });
    return std::pair{sub, o};
  };
  const auto [questions, q] = add("questions", "make questions from a text, with explanations", run_questions);
  q->fields = std::make_shared<RequestOptions>(*questions, questions_schema(), [](const std::string& file) { return input_text(file, size_t{1} << 22); });
  questions->add_option("--out", q->out, "folder to write; default: the questions are printed")->type_name("FOLDER");
  const auto [statistics, s] = add("statistics", "measure questions by learners' answers, and name those that are bad", run_statistics);
  statistics->add_option("answers", s->file, "CSV with the columns learner, item, right (0 or 1), and maybe option; - is standard input")->required();
  statistics->add_flag("--json", s->json, "print one JSON object");
  const auto for_module = [](CLI::App* sub, TeachOptions& o) {
    sub->add_option("module", o.file, "a module in Python (.py) or JavaScript (.js, .mjs, .cjs)")->required();
    sub->add_option("--function", o.functions, "only this function; may be given several times; default: all that are public")->allow_extra_args(false);
    sub->add_option("--seconds", o.seconds, "time for a function")->check(CLI::Range(1.0, 600.0));
    sub->add_option("--mutants", o.mutants, "how many changed modules are tried for a function at most")->check(CLI::Range(1, 1000));
    add_seed_option(*sub, o.seed, "the same module and seed try the same inputs");
  };
  const auto [tests, t] = add("tests", "write unit tests for a module, by running it", run_tests);
  for_module(tests, *t);
  tests->add_option("--out", t->out, "file to write; default: test_MODULE here")->type_name("FILE");
  tests->add_flag("--json", t->json, "print one JSON object");
  const auto [exercises, e] = add("exercises", "make exercises of a module: find a fault, handle more, make it plainer; with tests and hints", run_exercises);
  for_module(exercises, *e);
  exercises->add_option("--out", e->out, "folder to write")->required()->type_name("FOLDER");
  exercises->add_option("--count", e->exercises, "exercises of a function and kind at most")->check(CLI::Range(1, 20));
  exercises->add_option("--kind", e->kinds, "only these: repair, extend, refactor; may be given several times")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"repair", "extend", "refactor"}));
  const auto [grade, g] = add("grade", "run the tests of an exercise on a learner's module, in a sandbox", run_grade);
  grade->add_option("module", g->file, "the learner's module")->required();
  grade->add_option("tests", g->solution, "the tests (test_MODULE.py), or exercises.json")->required();
  grade->add_option("--exercise", g->exercise, "which one of exercises.json, from 1")->check(CLI::Range(1, 100000));
  grade->add_flag("--json", g->json, "print one JSON object");
  const auto [serve, c] = add("serve", "serve a class: a page for the teacher, and one for learners", run_class);
  serve->add_option("folder", c->file, "the class: folders that `teach questions` and `teach exercises` wrote; answers are kept there")->required();
  serve->add_option("--host", c->host, "address to listen on; 0.0.0.0: all of this computer's");
  serve->add_option("--port", c->port, "port to listen on; 0: a free one")->check(CLI::Range(0, 65535));
  serve->add_option("--name", c->names, "name that learners reach this computer by; requests for other names are refused")->allow_extra_args(false);
  const auto [grades, d] = add("grades", "print the grades of a class as CSV", run_grades);
  grades->add_option("folder", d->file, "the class")->required();
  const auto [run, r] = add("run", "run a learner's program in a sandbox", run_program_of_learner);
  run->add_option("program", r->file, "a program in Python (.py) or JavaScript (.js, .mjs, .cjs)")->required();
  run->add_option("--input", r->input, "file whose text is the program's standard input")->type_name("FILE");
  run->add_option("--seconds", r->seconds, "longest time")->check(CLI::Range(0.1, 600.0));
  run->add_option("--memory", r->memory, "most memory, in MiB")->check(CLI::Range(16.0, 65536.0));
}

}  // namespace ptah::cli
