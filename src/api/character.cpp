#include "ptah/character.h"

#include "api/outcome.h"
#include "apps/characters/character_files.h"
#include "apps/characters/stage.h"

namespace ptah {

namespace {

CharacterAction action_of(const ActionCall& call) {
  CharacterAction out{call.name, {}};
  for (const auto& [name, value] : call.values.items()) out.values.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  return out;
}

std::vector<CharacterAction> actions_of(const std::vector<ActionCall>& calls) {
  std::vector<CharacterAction> out;
  for (const ActionCall& call : calls) out.push_back(action_of(call));
  return out;
}

CharacterReply reply_of(CharacterTurn turn) {
  return {.say = std::move(turn.say),
          .actions = actions_of(turn.actions),
          .emotion = std::move(turn.emotion),
          .voice = std::move(turn.voice),
          .deflected = turn.deflected,
          .decision_seconds = turn.decision_seconds,
          .seconds = turn.seconds};
}

Result<Perception> perceived(const std::string& who, const std::string& text, const std::string& state) {
  Perception out{.who = who, .text = text};
  if (!state.empty()) {
    PTAH_TRY(out.state, parse_json(state, 4));
  }
  return out;
}

Result<TurnOptions> turn_of(const CharacterOptions& o) {
  CharacterRequest request;
  request.turn.shortlist = o.shortlist;
  request.turn.margin = o.margin;
  request.turn.max_actions = o.max_actions;
  request.turn.max_tokens = o.max_tokens;
  request.turn.lines = o.lines;
  request.turn.sampling.temperature = o.temperature;
  request.turn.sampling.seed = number_of(o.seed);
  PTAH_TRY_VOID(character_schema().check_fields(request));
  return request.turn;
}

}  // namespace

struct GameCast::State {
  std::shared_ptr<const CharacterWorld> world;
};

struct GameCharacter::State {
  std::unique_ptr<CharacterMind> character;
  std::unique_ptr<PendingTurn> pending;
};

Outcome<GameCast> GameCast::open(const CastSetup& setup) {
  return outcome<GameCast>([&]() -> Result<GameCast> {
    auto state = std::make_shared<State>();
    PTAH_TRY(state->world, open_world(setup.game, {.model = setup.model, .adapter = setup.adapter}));
    GameCast cast;
    cast.state_ = std::move(state);
    return cast;
  });
}

Outcome<GameCharacter> GameCast::add(const std::filesystem::path& character) const {
  return outcome<GameCharacter>([&]() -> Result<GameCharacter> {
    PTAH_TRY(CharacterSheet sheet, read_sheet_file(character));
    auto state = std::make_shared<GameCharacter::State>();
    PTAH_TRY(state->character, CharacterMind::make(state_->world, std::move(sheet)));
    GameCharacter out;
    out.state_ = std::move(state);
    return out;
  });
}

Outcome<CharacterReply> GameCharacter::hear(const std::string& who, const std::string& text, const std::string& state, const CharacterOptions& options) {
  const auto begun = begin(who, text, state, options);
  if (!begun) return begun.problem();
  return take();
}

Outcome<Done> GameCharacter::begin(const std::string& who, const std::string& text, const std::string& state, const CharacterOptions& options) {
  return outcome<Done>([&]() -> Result<Done> {
    if (state_->pending) return fail(ErrorCode::invalid_argument, "{} still has a turn; take() it first", name());
    PTAH_TRY(Perception perception, perceived(who, text, state));
    PTAH_TRY(const TurnOptions turn, turn_of(options));
    state_->pending = std::make_unique<PendingTurn>(*state_->character, std::move(perception), turn);
    return Done{};
  });
}

GameCharacter::Stage GameCharacter::poll() const noexcept {
  if (!state_->pending) return Stage::idle;
  switch (state_->pending->poll()) {
    case PendingTurn::State::thinking:
      return Stage::thinking;
    case PendingTurn::State::decided:
      return Stage::decided;
    case PendingTurn::State::done:
      return Stage::done;
  }
  return Stage::idle;
}

std::vector<CharacterAction> GameCharacter::actions() const {
  if (poll() != Stage::decided && poll() != Stage::done) return {};
  return actions_of(state_->pending->actions());
}

Outcome<CharacterReply> GameCharacter::take() {
  return outcome<CharacterReply>([&]() -> Result<CharacterReply> {
    if (!state_->pending) return fail(ErrorCode::invalid_argument, "{} has no turn; begin() one first", name());
    const auto pending = std::exchange(state_->pending, nullptr);
    PTAH_TRY(CharacterTurn turn, pending->wait());
    return reply_of(std::move(turn));
  });
}

void GameCharacter::cancel() {
  if (state_->pending) state_->pending->cancel();
}

const std::string& GameCharacter::name() const { return state_->character->sheet().name; }
std::string GameCharacter::state() const { return state_->character->state().dump(); }

Outcome<Done> GameCharacter::save(const std::filesystem::path& file) const {
  return outcome<Done>([&]() -> Result<Done> {
    if (state_->pending) return fail(ErrorCode::invalid_argument, "{} still has a turn; take() it first", name());
    PTAH_TRY_VOID(save_memory(file, name(), state_->character->memory()));
    return Done{};
  });
}

Outcome<Done> GameCharacter::load(const std::filesystem::path& file) {
  return outcome<Done>([&]() -> Result<Done> {
    if (state_->pending) return fail(ErrorCode::invalid_argument, "{} still has a turn; take() it first", name());
    PTAH_TRY(CharacterMemory memory, load_memory(file, name()));
    state_->character->remember(std::move(memory));
    return Done{};
  });
}

}  // namespace ptah
