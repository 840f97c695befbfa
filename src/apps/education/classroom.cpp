#include "apps/education/classroom.h"

#include <algorithm>
#include <chrono>

#include "apps/education/item_statistics.h"
#include "apps/education/module_tests.h"
#include "apps/education/teach_request.h"
#include "base/printable.h"
#include "base/sha256.h"
#include "base/text.h"
#include "own/secret.h"
#include "work/work_folder.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxLearners = 500, kMaxAssignments = 200, kMaxItems = 2000, kMaxNameBytes = 80;
constexpr int64_t kMaxTries = 200;
constexpr Database::Kind kClassKind{
    .name = "class",
    .tables =
        "create table learners (id integer primary key, name text not null unique, code blob, token blob, joined integer);"
        "create unique index learners_token on learners (token);"
        "create table assignments (name text primary key, open integer not null) without rowid;"
        "create table answers (learner integer not null references learners (id), assignment text not null, item text not null,"
        " tries integer not null, hints integer not null, right integer not null, percent integer not null,"
        " option text not null, text text not null, at integer not null, primary key (learner, assignment, item)) without rowid;",
    .version = 1};

std::string new_token() {
  std::array<uint8_t, 32> bytes{};
  fill_random(bytes);
  return hex(bytes);
}

/// Ten of 31 letters and digits that look different from one another: 49 bits.
std::string random_code() {
  constexpr std::string_view kLetters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
  std::string out;
  while (out.size() < 10) {
    uint8_t byte = 0;
    fill_random({&byte, 1});
    if (byte < 248) out += kLetters[byte % 31];  // 8 · 31: none is likelier
  }
  return out;
}

Digest digest_of(std::string_view text) { return sha256(as_bytes(text)); }

int64_t class_time() { return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string item_id(char kind, size_t number, const Json& item) { return fmt::format("{}{}-{}", kind, number, hex(digest_of(item.dump())).substr(0, 8)); }

/// How the options of a question stand for a learner.
std::vector<size_t> option_order(int64_t learner, const std::string& id, size_t count) {
  std::vector<std::pair<Digest, size_t>> keys;
  for (size_t i = 0; i < count; ++i) keys.emplace_back(digest_of(fmt::format("{} {} {}", learner, id, i)), i);
  std::sort(keys.begin(), keys.end());
  std::vector<size_t> out;
  for (const auto& [key, i] : keys) out.push_back(i);
  return out;
}

/// A cell of a table that a spreadsheet takes for a text.
std::string cell(const std::string& text) {
  std::string out = "\"";
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out + '"';
}

std::string title_of(const LessonItem& item) { return item.question; }
std::string title_of(const Exercise& exercise) {
  const std::string first = exercise.task.substr(0, exercise.task.find('\n'));
  return first.starts_with("# ") ? first.substr(2) : first;
}

Result<std::shared_ptr<const Assignment>> read_assignment(const fs::path& folder) {
  auto out = std::make_shared<Assignment>();
  out->name = folder.filename().string();
  out->title = out->name;
  const auto read = [&](const char* name) -> Result<Json> {
    std::error_code problem;
    if (!fs::exists(folder / name, problem)) return Json();
    PTAH_TRY(const std::string text, read_text(folder / name, size_t{1} << 26));
    auto json = parse_json(text, 16);
    if (!json) return fail(json.error().code, "{}: {}", (folder / name).string(), json.error().message);
    return json;
  };
  PTAH_TRY(const Json questions, read("questions.json"));
  if (!questions.is_null()) {
    auto lesson = read_lesson(questions);
    if (!lesson) return fail(lesson.error().code, "{}: {}", (folder / "questions.json").string(), lesson.error().message);
    out->questions = std::move(lesson->items);
    if (!lesson->title.empty()) out->title = lesson->title;
  }
  PTAH_TRY(const Json exercises, read("exercises.json"));
  if (!exercises.is_null()) {
    auto items = read_exercises(exercises);
    if (!items) return fail(items.error().code, "{}: {}", (folder / "exercises.json").string(), items.error().message);
    out->exercises = std::move(*items);
    if (const std::string title = text_at(exercises, "title"); !title.empty()) out->title = title;
  }
  if (out->questions.size() + out->exercises.size() > kMaxItems) return fail(ErrorCode::over_budget, "{}: more than {} items", folder.string(), kMaxItems);
  for (size_t i = 0; i < out->questions.size(); ++i) out->ids.push_back(item_id('q', i + 1, to_json(out->questions[i])));
  for (size_t i = 0; i < out->exercises.size(); ++i) out->ids.push_back(item_id('e', i + 1, to_json(out->exercises[i])));
  return std::shared_ptr<const Assignment>(std::move(out));
}

Json progress_json(const ItemProgress& p) {
  return {{"done", p.right || (p.tries > 0 && !p.option.empty())},
          {"right", p.right},
          {"tries", p.tries},
          {"hints", p.hints},
          {"points", static_cast<double>(p.percent) / 100}};
}

}  // namespace

Json exercises_json(const std::string& title, const std::vector<Exercise>& exercises) {
  Json out = exercises_json(exercises);
  out["title"] = title;
  return out;
}

Classroom::Classroom(fs::path folder)
    : folder_(std::move(folder)), teacher_(new_token()), db_(std::make_unique<Database>(folder_ / "class.sqlite", kClassKind)) {}

Classroom::~Classroom() {
  cancel_.cancel();
  if (maker_.joinable()) maker_.join();
}

Result<std::unique_ptr<Classroom>> Classroom::open(const fs::path& folder) {
  return guard([&]() -> Result<std::unique_ptr<Classroom>> {
    std::error_code problem;
    if (!fs::is_directory(folder, problem)) return fail(ErrorCode::not_found, "{}: there is no such folder", folder.string());
    auto out = std::unique_ptr<Classroom>(new Classroom(folder));
    PTAH_TRY_VOID(out->load());
    return out;
  });
}

Result<void> Classroom::load() {
  std::error_code problem;
  std::vector<fs::path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, problem))
    if (entry.is_directory(problem) && entry.path().filename().string()[0] != '.' &&
        (fs::exists(entry.path() / "questions.json", problem) || fs::exists(entry.path() / "exercises.json", problem)))
      folders.push_back(entry.path());
  if (folders.size() > kMaxAssignments) return fail(ErrorCode::over_budget, "{}: more than {} assignments", folder_.string(), kMaxAssignments);
  std::map<std::string, std::shared_ptr<const Assignment>> found;
  for (const fs::path& one : folders) {
    PTAH_TRY(auto assignment, read_assignment(one));
    found[assignment->name] = std::move(assignment);
  }
  const std::lock_guard lock(mutex_);
  assignments_ = std::move(found);
  return {};
}

bool Classroom::is_teacher(std::string_view token) const { return digest_of(token) == digest_of(teacher_); }

bool Classroom::is_open(const std::string& assignment) {
  Statement row(*db_, "select open from assignments where name = ?", assignment);
  return row.next() && row.number(0) != 0;
}

Result<Classroom::Found> Classroom::find(const std::string& assignment, const std::string& id, bool only_open) {
  const auto at = assignments_.find(assignment);
  if (at == assignments_.end() || (only_open && !is_open(assignment))) return fail(ErrorCode::not_found, "there is no such assignment");
  const auto& ids = at->second->ids;
  const auto place = std::find(ids.begin(), ids.end(), id);
  if (place == ids.end()) return fail(ErrorCode::not_found, "there is no such question or exercise");
  return Found{at->second, static_cast<size_t>(place - ids.begin())};
}

ItemProgress Classroom::progress(int64_t learner, const std::string& assignment, const std::string& id) {
  Statement row(*db_, "select tries, hints, right, percent, option, text from answers where learner = ? and assignment = ? and item = ?", learner, assignment,
                id);
  if (!row.next()) return {};
  return {row.number(0), row.number(1), row.number(2) != 0, row.number(3), row.text(4), row.text(5)};
}

void Classroom::keep(int64_t learner, const std::string& assignment, const std::string& id, const ItemProgress& p) {
  run(*db_, "insert or replace into answers values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", learner, assignment, id, p.tries, p.hints, int64_t{p.right}, p.percent,
      p.option, p.text, class_time());
}

// ---- the teacher's

Json Classroom::of_learner(int64_t learner) {
  struct Sum {
    int64_t done = 0, right = 0, percent = 0;
  };
  std::map<std::string, Sum> sums;
  Statement rows(*db_, "select assignment, item, right, percent from answers where learner = ? and tries > 0", learner);
  while (rows.next()) {
    const auto at = assignments_.find(rows.text(0));
    if (at == assignments_.end() || std::find(at->second->ids.begin(), at->second->ids.end(), rows.text(1)) == at->second->ids.end()) continue;
    Sum& sum = sums[rows.text(0)];
    ++sum.done;
    sum.right += rows.number(2);
    sum.percent += rows.number(3);
  }
  Json out = Json::object();
  for (const auto& [name, sum] : sums) out[name] = {{"done", sum.done}, {"right", sum.right}, {"points", static_cast<double>(sum.percent) / 100}};
  return out;
}

Result<Json> Classroom::overview() {
  return guard([&]() -> Result<Json> {
    const std::lock_guard lock(mutex_);
    Json assignments = Json::array(), learners = Json::array();
    for (const auto& [name, assignment] : assignments_)
      assignments.push_back({{"name", name},
                             {"title", assignment->title},
                             {"open", is_open(name)},
                             {"questions", assignment->questions.size()},
                             {"exercises", assignment->exercises.size()}});
    Statement rows(*db_, "select id, name, joined, code is not null from learners order by name");
    while (rows.next())
      learners.push_back({{"id", rows.number(0)},
                          {"name", rows.text(1)},
                          {"joined", rows.number(2) != 0},
                          {"waiting", rows.number(3) != 0},
                          {"work", of_learner(rows.number(0))}});
    return Json{{"assignments", assignments}, {"learners", learners}, {"making", making_}, {"problem", problem_}};
  });
}

Result<Json> Classroom::assignment(const std::string& name) {
  return guard([&]() -> Result<Json> {
    const std::lock_guard lock(mutex_);
    const auto at = assignments_.find(name);
    if (at == assignments_.end()) return fail(ErrorCode::not_found, "there is no such assignment");
    const Assignment& a = *at->second;
    // Items that somebody answered, as statistics want them.
    ItemResponses responses;
    std::map<int64_t, size_t> learners;
    std::vector<std::tuple<size_t, size_t, bool, std::string>> all;
    std::map<std::string, size_t> item_of;
    Statement rows(*db_, "select learner, item, right, option from answers where assignment = ? and tries > 0 order by item, learner", name);
    while (rows.next()) {
      if (std::find(a.ids.begin(), a.ids.end(), rows.text(1)) == a.ids.end()) continue;
      const size_t item = item_of.try_emplace(rows.text(1), item_of.size()).first->second;
      const size_t learner = learners.try_emplace(rows.number(0), learners.size()).first->second;
      all.emplace_back(learner, item, rows.number(2) != 0, rows.text(3));
    }
    responses.items.resize(item_of.size());
    for (const auto& [id, place] : item_of) responses.items[place] = id;
    responses.learners.resize(learners.size());
    responses.right.assign(item_of.size() * learners.size(), -1);
    responses.chosen.resize(responses.right.size());
    std::vector<std::pair<int64_t, int64_t>> counts(item_of.size());
    for (const auto& [learner, item, right, option] : all) {
      responses.right[learner * item_of.size() + item] = right;
      responses.chosen[learner * item_of.size() + item] = option;
      ++counts[item].first;
      counts[item].second += right;
    }
    std::map<std::string, ItemEstimate> estimates;
    if (const auto statistics = item_statistics(responses))
      for (const ItemEstimate& e : statistics->items) estimates[e.item] = e;
    Json items = Json::array();
    for (size_t i = 0; i < a.ids.size(); ++i) {
      Json one = i < a.questions.size() ? to_json(a.questions[i]) : to_json(a.exercises[i - a.questions.size()]);
      one["id"] = a.ids[i];
      if (const auto item = item_of.find(a.ids[i]); item != item_of.end()) {
        const auto [answers, right] = counts[item->second];
        one["answers"] = answers;
        one["share_right"] = static_cast<double>(right) / static_cast<double>(answers);
        if (const auto e = estimates.find(a.ids[i]); e != estimates.end())
          one.update({{"irt_difficulty", e->second.difficulty}, {"discrimination", e->second.discrimination}, {"problems", e->second.problems}});
      }
      items.push_back(std::move(one));
    }
    return Json{{"name", name}, {"title", a.title}, {"open", is_open(name)}, {"items", items}};
  });
}

std::string Classroom::new_code_of(int64_t learner) {
  const std::string code = random_code();
  const Digest digest = digest_of(code);
  run(*db_, "update learners set code = ?, token = null where id = ?", std::span<const uint8_t>(digest), learner);
  return code.substr(0, 5) + "-" + code.substr(5);
}

Result<Json> Classroom::add_learners(const std::vector<std::string>& names) {
  return guard([&]() -> Result<Json> {
    const std::lock_guard lock(mutex_);
    DatabaseTransaction all(*db_);
    Json out = Json::array();
    for (const std::string& given : names) {
      const std::string name(trimmed(given));
      if (name.empty() || name.size() > kMaxNameBytes || invalid_utf8_at(name) != std::string::npos || printable(name, 2 * kMaxNameBytes) != name)
        return fail(ErrorCode::invalid_argument, "{} is no name of a learner: 1 to {} bytes without control characters", in_quotes(given, 60), kMaxNameBytes);
      if (Statement same(*db_, "select 1 from learners where name = ?", name); same.next())
        return fail(ErrorCode::invalid_argument, "{} is in the class already", in_quotes(name, 60));
      run(*db_, "insert into learners (name) values (?)", name);
      const int64_t id = db_->last_id();
      out.push_back({{"id", id}, {"name", name}, {"code", new_code_of(id)}});
    }
    Statement count(*db_, "select count(*) from learners");
    count.next();
    if (count.number(0) > static_cast<int64_t>(kMaxLearners)) return fail(ErrorCode::invalid_argument, "a class has {} learners at most", kMaxLearners);
    all.commit();
    return out;
  });
}

Result<Json> Classroom::new_code(int64_t learner) {
  return guard([&]() -> Result<Json> {
    const std::lock_guard lock(mutex_);
    Statement row(*db_, "select name from learners where id = ?", learner);
    if (!row.next()) return fail(ErrorCode::not_found, "there is no such learner");
    return Json{{"id", learner}, {"name", row.text(0)}, {"code", new_code_of(learner)}};
  });
}

Result<Json> Classroom::set_open(const std::string& assignment, bool open) {
  return guard([&]() -> Result<Json> {
    const std::lock_guard lock(mutex_);
    if (!assignments_.contains(assignment)) return fail(ErrorCode::not_found, "there is no such assignment");
    run(*db_, "insert or replace into assignments values (?, ?)", assignment, int64_t{open});
    return Json{{"name", assignment}, {"open", open}};
  });
}

Result<void> Classroom::made(const Json& request, const std::string& name) {
  const std::string title = text_at(request, "title"), text = text_at(request, "text");
  std::string file, content;
  if (text_at(request, "kind") == "questions") {
    QuestionsRequest questions{.text = text};
    questions.lesson.count = request.value("count", Json()).is_number_integer() ? std::clamp<int64_t>(request["count"].get<int64_t>(), 1, 200) : 20;
    questions.lesson.level = text_at(request, "level");
    PTAH_TRY(Lesson lesson, lesson_of(questions));
    file = "questions.json";
    content = lesson_json(title, lesson.items).dump(1);
  } else {
    PTAH_TRY(const CodeModule module, code_module(text_at(request, "file"), text));
    PTAH_TRY(const ModuleTests tests, make_module_tests(module, {}, &cancel_));
    if (tests.exercises.empty()) return fail(ErrorCode::invalid_argument, "no exercise can be made of the module that its tests tell from it");
    file = "exercises.json";
    content = exercises_json(title, tests.exercises).dump(1);
  }
  PTAH_TRY(StagedFolder folder, StagedFolder::create((folder_ / name).string()));
  PTAH_TRY_VOID(write_file(folder.path() / file, std::string_view(content + "\n")));
  PTAH_TRY_VOID(folder.commit());
  return load();
}

Result<Json> Classroom::make(const Json& request) {
  const std::string kind = text_at(request, "kind"), title = text_at(request, "title");
  if (kind != "questions" && kind != "exercises") return fail(ErrorCode::invalid_argument, "'kind' is questions or exercises");
  if (title.empty() || title.size() > 200 || printable(title, 400) != title) return fail(ErrorCode::invalid_argument, "'title' is a text of up to 200 bytes");
  if (text_at(request, "text").empty()) return fail(ErrorCode::invalid_argument, "'text' is empty");
  const std::lock_guard lock(mutex_);
  if (!making_.empty()) return fail(ErrorCode::over_budget, "another assignment is being made");
  if (assignments_.size() >= kMaxAssignments) return fail(ErrorCode::over_budget, "a class has {} assignments at most", kMaxAssignments);
  if (maker_.joinable()) maker_.join();
  std::string name = folder_name(title);
  std::error_code problem;
  for (int i = 2; fs::exists(folder_ / name, problem); ++i) name = fmt::format("{}-{}", folder_name(title), i);
  making_ = title;
  problem_.clear();
  maker_ = std::thread([this, request, name] {
    const Result<void> done = guard([&] { return made(request, name); });
    const std::lock_guard inner(mutex_);
    making_.clear();
    if (!done) problem_ = done.error().message;
  });
  return Json{{"name", name}};
}

Result<std::string> Classroom::grades_csv() {
  return guard([&]() -> Result<std::string> {
    const std::lock_guard lock(mutex_);
    std::string out = "learner,item,right,assignment,kind,tries,hints,points,option,answered\n";
    Statement rows(*db_,
                   "select name, assignment, item, right, tries, hints, percent, option, at from answers join learners on id = learner where tries > 0"
                   " order by name, assignment, item");
    while (rows.next()) {
      const std::string assignment = rows.text(1), item = rows.text(2);
      const auto found = find(assignment, item, false);
      if (!found) continue;  // the text was changed since
      const std::string kind = found->is_question() ? found->assignment->questions[found->place].kind : found->exercise().kind;
      out += fmt::format("{},{},{},{},{},{},{},{:.2f},{},{}\n", cell(rows.text(0)), cell(assignment + "/" + item), rows.number(3), cell(assignment), cell(kind),
                         rows.number(4), rows.number(5), static_cast<double>(rows.number(6)) / 100, cell(rows.text(7)), rows.number(8));
    }
    return out;
  });
}

// ---- learners'

Result<Json> Classroom::join(const std::string& given) {
  return guard([&]() -> Result<Json> {
    std::string code;
    for (const char c : given)
      if (std::isalnum(static_cast<unsigned char>(c))) code += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const Digest digest = digest_of(code);
    const std::lock_guard lock(mutex_);
    Statement row(*db_, "select id, name from learners where code = ?", std::span<const uint8_t>(digest));
    if (!row.next()) return fail(ErrorCode::permission, "this code is not good, or was used already; ask your teacher for a new one");
    const std::string token = new_token();
    const Digest kept = digest_of(token);
    run(*db_, "update learners set code = null, token = ?, joined = ? where id = ?", std::span<const uint8_t>(kept), class_time(), row.number(0));
    return Json{{"token", token}, {"name", row.text(1)}};
  });
}

std::optional<int64_t> Classroom::learner_of(std::string_view token) {
  const Digest digest = digest_of(token);
  const std::lock_guard lock(mutex_);
  Statement row(*db_, "select id from learners where token = ?", std::span<const uint8_t>(digest));
  return row.next() ? std::optional(row.number(0)) : std::nullopt;
}

Result<Json> Classroom::work(int64_t learner) {
  return guard([&]() -> Result<Json> {
    const std::lock_guard lock(mutex_);
    Json out = Json::array();
    for (const auto& [name, assignment] : assignments_) {
      if (!is_open(name)) continue;
      Json items = Json::array();
      for (size_t i = 0; i < assignment->ids.size(); ++i) {
        const bool question = i < assignment->questions.size();
        Json one = progress_json(progress(learner, name, assignment->ids[i]));
        one["id"] = assignment->ids[i];
        one["kind"] = question ? "question" : assignment->exercises[i - assignment->questions.size()].kind;
        one["title"] = question ? title_of(assignment->questions[i]) : title_of(assignment->exercises[i - assignment->questions.size()]);
        items.push_back(std::move(one));
      }
      out.push_back({{"name", name}, {"title", assignment->title}, {"items", items}});
    }
    Statement who(*db_, "select name from learners where id = ?", learner);
    who.next();
    return Json{{"name", who.text(0)}, {"assignments", out}};
  });
}

Result<Json> Classroom::item(int64_t learner, const std::string& assignment, const std::string& id) {
  return guard([&]() -> Result<Json> {
    const std::lock_guard lock(mutex_);
    PTAH_TRY(const Found found, find(assignment, id, true));
    const ItemProgress p = progress(learner, assignment, id);
    Json out = progress_json(p);
    out["id"] = id;
    if (found.is_question()) {
      const LessonItem& q = found.assignment->questions[found.place];
      Json options = Json::array();
      for (const size_t i : option_order(learner, id, q.options.size())) options.push_back(q.options[i].text);
      out.update({{"kind", "question"}, {"question", q.question}, {"options", options}});
      return out;
    }
    const Exercise& e = found.exercise();
    Json hints = Json::array();
    for (int64_t i = 0; i < std::min<int64_t>(p.hints, static_cast<int64_t>(e.hints.size())); ++i) hints.push_back(e.hints[static_cast<size_t>(i)]);
    out.update({{"kind", e.kind},
                {"task", e.task},
                {"file", e.start.file()},
                {"language", e.language},
                {"start", e.start.text},
                {"text", p.text.empty() ? e.start.text : p.text},
                {"shown", hints},
                {"more_hints", p.hints < static_cast<int64_t>(e.hints.size())}});
    return out;
  });
}

Result<Json> Classroom::answer_question(int64_t learner, const Found& found, const Json& body) {
  const std::string& name = found.assignment->name;
  const std::string& id = found.assignment->ids[found.place];
  const LessonItem& q = found.assignment->questions[found.place];
  const Json chosen = body.is_object() ? body.value("option", Json()) : Json();
  if (!chosen.is_number_unsigned() || chosen.get<uint64_t>() >= q.options.size()) return fail(ErrorCode::invalid_argument, "'option' is none of the options");
  const std::lock_guard lock(mutex_);
  ItemProgress p = progress(learner, name, id);
  if (p.tries > 0) return fail(ErrorCode::invalid_argument, "this question is answered already");
  const auto order = option_order(learner, id, q.options.size());
  const LessonOption& option = q.options[order[chosen.get<size_t>()]];
  p.tries = 1;
  p.right = option.right;
  p.percent = option.right ? 100 : 0;
  p.option = option.text;
  keep(learner, name, id, p);
  Json out = progress_json(p);
  const auto key = std::find_if(q.options.begin(), q.options.end(), [](const LessonOption& o) { return o.right; });
  out.update({{"why", option.reason}, {"answer", key->text}, {"explanation", q.explanation}, {"sentences", q.sentences}});
  return out;
}

Result<Json> Classroom::answer_exercise(int64_t learner, const Found& found, const std::string& text) {
  const std::string& name = found.assignment->name;
  const std::string& id = found.assignment->ids[found.place];
  {
    const std::lock_guard lock(mutex_);
    if (progress(learner, name, id).tries >= kMaxTries) return fail(ErrorCode::over_budget, "{} tries are all there are", kMaxTries);
    if (!busy_.insert(learner).second) return fail(ErrorCode::over_budget, "your last answer is still being run");
  }
  const Result<Graded> graded = grade_exercise(found.exercise(), text, &cancel_);
  const std::lock_guard lock(mutex_);
  busy_.erase(learner);
  if (!graded) return tl::unexpected(graded.error());
  ItemProgress p = progress(learner, name, id);
  ++p.tries;
  p.text = text;
  if (graded->passed && !p.right) {
    p.right = true;
    p.percent = std::max<int64_t>(50, 100 - 10 * p.hints);
  }
  keep(learner, name, id, p);
  Json out = progress_json(p);
  out.update({{"passed", graded->passed}, {"tests", graded->tests}, {"failed", graded->failed}, {"why", printable(graded->why, 2000)}});
  return out;
}

Result<Json> Classroom::answer(int64_t learner, const std::string& assignment, const std::string& id, const Json& body) {
  return guard([&]() -> Result<Json> {
    Found found;
    {
      const std::lock_guard lock(mutex_);
      PTAH_TRY(found, find(assignment, id, true));
    }
    if (found.is_question()) return answer_question(learner, found, body);
    if (text_at(body, "text").empty()) return fail(ErrorCode::invalid_argument, "'text' is the module");
    return answer_exercise(learner, found, text_at(body, "text"));
  });
}

Result<Json> Classroom::hint(int64_t learner, const std::string& assignment, const std::string& id) {
  return guard([&]() -> Result<Json> {
    const std::lock_guard lock(mutex_);
    PTAH_TRY(const Found found, find(assignment, id, true));
    if (found.is_question()) return fail(ErrorCode::not_found, "questions have no hints");
    ItemProgress p = progress(learner, assignment, id);
    const auto& hints = found.exercise().hints;
    if (p.hints >= static_cast<int64_t>(hints.size())) return fail(ErrorCode::not_found, "there are no more hints");
    const std::string& text = hints[static_cast<size_t>(p.hints)];
    ++p.hints;
    keep(learner, assignment, id, p);
    return Json{{"hint", text}, {"hints", p.hints}, {"more_hints", p.hints < static_cast<int64_t>(hints.size())}};
  });
}

}  // namespace ptah
