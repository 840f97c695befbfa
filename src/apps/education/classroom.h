// A class: assignments of a folder, learners who join by a code, what they answer, and grades that come from runs alone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "apps/education/exercise.h"
#include "apps/education/lesson.h"
#include "base/sqlite.h"

namespace ptah {

/// Questions and exercises that are given together: a folder with questions.json or exercises.json.
struct Assignment {
  std::string name;   ///< of its folder
  std::string title;  ///< for people
  std::vector<LessonItem> questions;
  std::vector<Exercise> exercises;
  std::vector<std::string> ids;  ///< of the questions, then of the exercises; another text is another id
};

/// What a learner has done of an item. A question is answered once. An exercise can be tried often; each hint costs a tenth of its point, five at most.
struct ItemProgress {
  int64_t tries = 0, hints = 0;
  bool right = false;
  int64_t percent = 0;  ///< of a point
  std::string option;   ///< the text of the option that was chosen
  std::string text;     ///< the last module that was handed in
};

/// Learners and answers are kept in class.sqlite of the folder, readable by its owner only; codes and tokens as digests. For many threads.
class Classroom {
 public:
  /// Every sub-folder with questions.json or exercises.json is an assignment, closed until the teacher opens it. Errors: not_found, corrupt (with the file),
  /// io.
  static Result<std::unique_ptr<Classroom>> open(const std::filesystem::path& folder);
  ~Classroom();
  Classroom(const Classroom&) = delete;
  Classroom& operator=(const Classroom&) = delete;

  /// What the teacher's page has to send; a new one each time the class is opened.
  const std::string& teacher_token() const { return teacher_; }
  bool is_teacher(std::string_view token) const;

  /// {"assignments": [{"name", "title", "open", "items": […]}], "learners": [{"id", "name", "joined", "work": {assignment: {"done", "right", "points"}}}],
  /// "making", "problem"}
  Result<Json> overview();
  /// Items with their keys, and {"answers", "share_right", "difficulty", "discrimination", "problems"} of each that was answered.
  Result<Json> assignment(const std::string& name);
  /// Adds learners: [{"id", "name", "code"}]. A code is good once. Errors: invalid_argument (a name that is empty, too long or there already; more than 500).
  Result<Json> add_learners(const std::vector<std::string>& names);
  /// A new code for somebody who lost their device; what they joined with is no longer good. Errors: not_found.
  Result<Json> new_code(int64_t learner);
  Result<Json> set_open(const std::string& assignment, bool open);
  /// Begins to make an assignment, one at a time: {"kind": "questions", "title", "text", "count", "level"} or {"kind": "exercises", "title", "file", "text"}.
  /// Errors: invalid_argument; over_budget while another one is made.
  Result<Json> make(const Json& request);
  /// learner, item, right, assignment, kind, tries, hints, points, option, answered: what `ptah teach statistics` reads. Texts that a spreadsheet would take
  /// for a formula get an apostrophe.
  Result<std::string> grades_csv();

  /// {"token", "name"}. Errors: permission for a code that is not, or no longer, good.
  Result<Json> join(const std::string& code);
  /// The learner of a token, or nothing.
  std::optional<int64_t> learner_of(std::string_view token);
  /// What is open: [{"name", "title", "items": [{"id", "kind", "title", "done", "right", "tries", "hints", "points"}]}]
  Result<Json> work(int64_t learner);
  /// A question with its options, in an order of the learner's own, or an exercise with what the learner handed in last. Errors: not_found.
  Result<Json> item(int64_t learner, const std::string& assignment, const std::string& id);
  /// {"option": n} or {"text": module}: {"right", "why", …}. Errors: not_found; invalid_argument (answered already; no such option); over_budget while an
  /// answer of the same learner is run, or after 200 tries; those of grade_exercise().
  Result<Json> answer(int64_t learner, const std::string& assignment, const std::string& id, const Json& body);
  /// The next hint of an exercise. Errors: not_found if there are no more.
  Result<Json> hint(int64_t learner, const std::string& assignment, const std::string& id);

 private:
  explicit Classroom(std::filesystem::path folder);
  struct Found {
    std::shared_ptr<const Assignment> assignment;
    size_t place = 0;
    bool is_question() const { return place < assignment->questions.size(); }
    const Exercise& exercise() const { return assignment->exercises[place - assignment->questions.size()]; }
  };
  Result<void> load();
  Result<Found> find(const std::string& assignment, const std::string& id, bool only_open);
  bool is_open(const std::string& assignment);
  ItemProgress progress(int64_t learner, const std::string& assignment, const std::string& id);
  void keep(int64_t learner, const std::string& assignment, const std::string& id, const ItemProgress& progress);
  Result<Json> answer_question(int64_t learner, const Found& found, const Json& body);
  Result<Json> answer_exercise(int64_t learner, const Found& found, const std::string& text);
  Json of_learner(int64_t learner);
  std::string new_code_of(int64_t learner);
  Result<void> made(const Json& request, const std::string& name);

  std::filesystem::path folder_;
  std::string teacher_;
  std::mutex mutex_;
  std::unique_ptr<Database> db_;
  std::map<std::string, std::shared_ptr<const Assignment>> assignments_;
  std::set<int64_t> busy_;
  CancelToken cancel_;
  std::string making_, problem_;
  std::thread maker_;
};

/// The file of an assignment: exercises with a title.
Json exercises_json(const std::string& title, const std::vector<Exercise>& exercises);

}  // namespace ptah
