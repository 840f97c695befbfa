#include "apps/characters/character_request.h"

#include "text/lm/sampling_fields.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, CharacterRequest>
void fields(C& c, const Visit& visit) {
  visit(
      Field{.name = "model",
            .help =
                "a pulled model, a GGUF file or a folder with one; it needs a chat template. none: characters do what is likeliest wanted and say their lines",
            .unit = "MODEL"},
      c.model);
  visit(Field{.name = "adapter", .help = "a folder with an adapter of the model, trained on the game's examples (ptah character examples)", .unit = "FOLDER"},
        c.adapter);
  visit(Field{.name = "who", .help = "who speaks to the character", .unit = "NAME", .max_bytes = 60, .one_line = true}, c.who);
  visit(Field{.name = "shortlist", .help = "how many actions are offered to the model at most", .range = {1, 50}}, c.turn.shortlist);
  visit(Field{.name = "margin", .help = "only actions whose score is within this of the likeliest one's are offered", .range = {0, 2}}, c.turn.margin);
  visit(Field{.name = "max_actions", .help = "how many actions one sentence may lead to, e.g. \"a beer, then show me the way\"", .range = {1, 8}},
        c.turn.max_actions);
  visit(Field{.name = "max_tokens", .help = "longest answer", .unit = "tokens", .range = {16, 1024}}, c.turn.max_tokens);
  visit(Field{.name = "lines", .help = "the character says its lines and what it knows; the model only decides"}, c.turn.lines);
  fields(c.turn.sampling, visit);
}

const SchemaOf<CharacterRequest>& character_schema() {
  static const auto schema = SchemaOf<CharacterRequest>::describe("character", "Talk with a character of a game");
  return schema;
}

}  // namespace ptah
