// Jobs of characters and lessons, which make no work.
#pragma once

#include "jobs/worker.h"

namespace ptah {

inline constexpr const char* kCharacterJob = "character turn";
inline constexpr const char* kQuestionsJob = "questions";

/// What a worker of a server answers besides recipes and language models.
///  - A turn of a character: {"game", "character", "memory", "who", "text", "state", "happens"} and fields of CharacterRequest; gives {"turn", "memory",
///  "state"}.
///  - Questions of a text: the fields of QuestionsRequest; gives {"lesson"}.
std::vector<AnswerKind> app_answers();

}  // namespace ptah
