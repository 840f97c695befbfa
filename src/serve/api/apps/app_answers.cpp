#include "serve/api/apps/app_answers.h"

#include "apps/characters/character_files.h"
#include "apps/education/teach_request.h"
#include "models/registry.h"

namespace ptah {

namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

/// The game that was played last, with its models.
struct PlayedGame {
  std::string key;
  std::shared_ptr<const CharacterWorld> world;
};

Result<JobResult> answer_turn(PlayedGame& played, const Json& fields, const CancelToken* cancel) {
  Json given = Json::object();
  for (const SchemaField& field : character_schema().fields())
    if (fields.contains(field.name)) given[field.name] = fields[field.name];
  PTAH_TRY(const CharacterRequest request, character_schema().complete(given));
  const std::string key = fields.at("game").dump() + "\n" + request.model;
  if (key != played.key) {
    PTAH_TRY(Game game, read_game(fields.at("game")));
    played.world = nullptr;  // one model at a time in memory
    PTAH_TRY(played.world, open_world(std::move(game), {.model = request.model}));
    played.key = key;
  }
  PTAH_TRY(CharacterSheet sheet, read_sheet(fields.at("character")));
  PTAH_TRY(const auto character, CharacterMind::make(played.world, std::move(sheet)));
  if (const Json memory = fields.value("memory", Json()); !memory.is_null()) {
    PTAH_TRY(CharacterMemory known, CharacterMemory::from_json(memory));
    character->remember(std::move(known));
  }
  Perception perception{.who = request.who, .text = text_at(fields, "text"), .state = fields.value("state", Json())};
  perception.happens = fields.value("happens", std::vector<std::string>());
  PTAH_TRY(const CharacterTurn turn, character->turn(perception, request.turn, {}, std::shared_ptr<const CancelToken>(cancel, [](const CancelToken*) {})));
  return JobResult{{}, {{"turn", to_json(turn)}, {"memory", character->memory().to_json()}, {"state", character->state()}}};
}

Result<Plan> plan_turn(const Json& fields) {
  Plan plan;
  plan.program_bytes = 256 * kMiB;
  plan.seconds = 1;
  if (const std::string model = text_at(fields, "model"); model != "none") {
    PTAH_TRY(const auto path, find_model(model.empty() ? "smollm2" : model));
    PTAH_TRY(const auto file, language_model_file(path));
    std::error_code problem;
    const auto bytes = std::filesystem::file_size(file, problem);
    plan.tensor_bytes = (problem ? 0 : static_cast<int64_t>(bytes)) + 512 * kMiB;
  }
  plan.peak_bytes = plan.program_bytes + plan.tensor_bytes;
  return plan;
}

}  // namespace

std::vector<AnswerKind> app_answers() {
  const auto played = std::make_shared<PlayedGame>();
  AnswerKind turn{
      kCharacterJob,
      [played](const Json& fields, const JobWorker::Tell&, const CancelToken* cancel) { return guard([&] { return answer_turn(*played, fields, cancel); }); },
      [](const Json& fields) { return plan_turn(fields); }, [played] { *played = {}; }};
  AnswerKind questions{kQuestionsJob,
                       [](const Json& fields, const JobWorker::Tell&, const CancelToken*) {
                         return guard([&]() -> Result<JobResult> {
                           PTAH_TRY(const QuestionsRequest request, questions_schema().complete(fields));
                           PTAH_TRY(const Lesson lesson, lesson_of(request));
                           return JobResult{{}, {{"lesson", lesson_json(lesson.title, lesson.items)}}};
                         });
                       },
                       [](const Json&) -> Result<Plan> {
                         Plan plan;
                         plan.program_bytes = plan.peak_bytes = 256 * kMiB;
                         plan.seconds = 5;
                         return plan;
                       },
                       [] {}};
  return {std::move(turn), std::move(questions)};
}

}  // namespace ptah
