#include "ptah/npc.h"

#include <algorithm>
#include <cstring>

#include "api/c_status.h"
#include "base/json.h"
#include "ptah/character.h"

struct ptah_cast {
  ptah::GameCast cast;
};

struct ptah_npc {
  ptah::GameCharacter character;
  std::string name, actions = "[]", reply, state;
};

namespace ptah {

namespace {

Error error_of(const Problem& problem) {
  Error out{ErrorCode::internal, problem.message};
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code)
    if (problem.name == error_info(static_cast<ErrorCode>(code)).name) out.code = static_cast<ErrorCode>(code);
  return out;
}

ptah_status npc_problem(const char* what) noexcept {
  try {
    return kept_c_error({ErrorCode::invalid_argument, fmt::format("{} is a null pointer", what)});
  } catch (...) {
    return PTAH_INVALID_ARGUMENT;
  }
}

/// What `call` gives (an Outcome) as a status; `take` gets its value.
template <class Call, class Take>
ptah_status npc_status(const Call& call, const Take& take) noexcept {
  try {
    auto done = call();
    if (!done) return kept_c_error(error_of(done.problem()));
    take(*done);
    return PTAH_OK;
  } catch (...) {
    return kept_c_error({ErrorCode::internal, {}});
  }
}

Json npc_json(const std::vector<CharacterAction>& actions) {
  Json out = Json::array();
  for (const CharacterAction& action : actions) {
    Json values = Json::object();
    for (const auto& [name, value] : action.values) values[name] = value;
    out.push_back({{"name", action.name}, {"values", values}});
  }
  return out;
}

CharacterOptions npc_options(const ptah_npc_options* given) {
  CharacterOptions out;
  if (!given) return out;
  ptah_npc_options o{};
  std::memcpy(&o, given, std::min(sizeof(o), given->struct_size));
  if (o.shortlist) out.shortlist = o.shortlist;
  if (o.max_actions) out.max_actions = o.max_actions;
  if (o.max_tokens) out.max_tokens = o.max_tokens;
  out.temperature = static_cast<float>(o.temperature);
  out.seed = o.seed;
  out.lines = o.lines != 0;
  return out;
}

}  // namespace

}  // namespace ptah

using namespace ptah;

ptah_status ptah_cast_open(const char* game, const char* model, const char* adapter, ptah_cast** cast) {
  if (!cast) return npc_problem("cast");
  *cast = nullptr;
  if (!game) return npc_problem("game");
  return npc_status([&] { return GameCast::open({.game = game, .model = model ? model : "smollm2", .adapter = adapter ? adapter : ""}); },
                    [&](GameCast& opened) { *cast = new ptah_cast{opened}; });
}

void ptah_cast_close(ptah_cast* cast) { delete cast; }

ptah_status ptah_npc_add(ptah_cast* cast, const char* character, ptah_npc** npc) {
  if (!npc) return npc_problem("npc");
  *npc = nullptr;
  if (!cast || !character) return npc_problem(cast ? "character" : "cast");
  return npc_status([&] { return cast->cast.add(character); },
                    [&](GameCharacter& added) {
                      std::string name = added.name();
                      *npc = new ptah_npc{added, std::move(name)};
                    });
}

void ptah_npc_free(ptah_npc* npc) { delete npc; }

const char* ptah_npc_name(const ptah_npc* npc) { return npc ? npc->name.c_str() : ""; }

ptah_status ptah_npc_begin(ptah_npc* npc, const char* who, const char* text, const char* state, const ptah_npc_options* options) {
  if (!npc || !who || !text) return npc_problem(!npc ? "npc" : !who ? "who" : "text");
  return npc_status([&] { return npc->character.begin(who, text, state ? state : "", npc_options(options)); },
                    [&](const Done&) {
                      npc->actions = "[]";
                      npc->reply.clear();
                    });
}

ptah_npc_stage ptah_npc_poll(const ptah_npc* npc) { return npc ? static_cast<ptah_npc_stage>(npc->character.poll()) : PTAH_NPC_IDLE; }

const char* ptah_npc_actions(ptah_npc* npc) {
  if (!npc) return "[]";
  try {
    if (npc->character.poll() != GameCharacter::Stage::idle) npc->actions = npc_json(npc->character.actions()).dump();
  } catch (...) {
    return "[]";
  }
  return npc->actions.c_str();
}

ptah_status ptah_npc_take(ptah_npc* npc, const char** reply) {
  if (!npc || !reply) return npc_problem(npc ? "reply" : "npc");
  *reply = "";
  return npc_status([&] { return npc->character.take(); },
                    [&](const CharacterReply& said) {
                      const Json actions = npc_json(said.actions);
                      npc->actions = actions.dump();
                      npc->reply = Json{{"say", said.say},        {"actions", actions},          {"emotion", said.emotion},
                                        {"voice", said.voice},    {"deflected", said.deflected}, {"decision_seconds", said.decision_seconds},
                                        {"seconds", said.seconds}}
                                       .dump(-1, ' ', false, Json::error_handler_t::replace);
                      *reply = npc->reply.c_str();
                    });
}

void ptah_npc_cancel(ptah_npc* npc) {
  if (npc) npc->character.cancel();
}

const char* ptah_npc_state(ptah_npc* npc) {
  if (!npc) return "{}";
  try {
    npc->state = npc->character.state();
  } catch (...) {
    return "{}";
  }
  return npc->state.c_str();
}

ptah_status ptah_npc_save(const ptah_npc* npc, const char* file) {
  if (!npc || !file) return npc_problem(npc ? "file" : "npc");
  return npc_status([&] { return npc->character.save(file); }, [](const Done&) {});
}

ptah_status ptah_npc_load(ptah_npc* npc, const char* file) {
  if (!npc || !file) return npc_problem(npc ? "file" : "npc");
  return npc_status([&] { return npc->character.load(file); }, [](const Done&) {});
}
