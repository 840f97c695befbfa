#include "apps/companion/chat_request.h"

#include "text/lm/sampling_fields.h"

namespace ptah {

namespace {

/// How a chat model answers.
template <class C, class Visit>
void answer_fields(C& generation, const Visit& visit) {
  visit(Field{.name = "max_tokens", .help = "longest answer", .unit = "tokens", .range = {.min = 1}}, generation.max_tokens);
  fields(generation.sampling, visit);
  visit(Field{.name = "stop", .help = "a text that ends the answer; may be given several times"}, generation.stop);
  visit(Field{.name = "end_loops", .help = "end an answer that repeats itself without end", .flag = "no-end-loops"}, generation.end_loops);
}

Field model_field() {
  return {
      .name = "model", .help = "a pulled model, a GGUF file or a folder with one; it needs a chat template; chat: the best one that is here", .unit = "MODEL"};
}
Field cache_type_field() {
  return {.name = "cache_type",
          .help = "what keys and values are kept in; q8 takes half the memory of bf16; default: what the machine computes in",
          .choices = {"f32", "bf16", "q8"}};
}
Field adapter_field() { return {.name = "adapter", .help = "a folder with an adapter of the model (ptah train preference; or PEFT's)", .unit = "FOLDER"}; }
Field system_field() { return {.name = "system", .help = "how the model should behave"}; }

}  // namespace

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, ChatRequest>
void fields(C& c, const Visit& visit) {
  visit(model_field(), c.model);
  visit(adapter_field(), c.adapter);
  visit(system_field(), c.system);
  visit(Field{.name = "load", .help = "file of a saved conversation to continue"}, c.load);
  visit(Field{.name = "resume", .help = "number of a remembered conversation to continue (ptah memory conversations); 0: a new one", .range = {.min = 0}},
        c.resume);
  visit(Field{.name = "user", .help = "whose memory; users never see each other's; default: the user of this computer", .unit = "NAME"}, c.user);
  visit(Field{.name = "memory", .help = "the memory's file; default: ~/.local/share/ptah/memory.sqlite"}, c.memory);
  visit(Field{.name = "remember", .help = "remember anything", .flag = "no-memory"}, c.remember);
  visit(Field{.name = "principles", .help = "what is refused, with examples (JSON); default: the shipped principles"}, c.principles);
  visit(Field{.name = "refuse", .help = "refuse anything", .flag = "no-principles"}, c.refuse);
  visit(Field{.name = "context", .help = "how much to remember; 0: what the model was trained for", .unit = "tokens", .range = {.min = 0}}, c.context);
  visit(cache_type_field(), c.cache_type);
  answer_fields(c.generation, visit);
}

const SchemaOf<ChatRequest>& chat_schema() {
  static const auto schema = SchemaOf<ChatRequest>::describe("chat", "Talk with a language model", [](ChatRequest& request, const Json&) -> Result<void> {
    if (request.resume == 0 || request.remember) return {};
    return fail_field("resume", ErrorCode::invalid_argument, "`resume` needs the memory, which `remember` leaves out");
  });
  return schema;
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, AskRequest>
void fields(C& c, const Visit& visit) {
  visit(Field{.name = "question", .help = "what to ask; with a file, what to do with its text", .positional = true}, c.question);
  visit(model_field(), c.model);
  visit(adapter_field(), c.adapter);
  visit(system_field(), c.system);
  visit(Field{.name = "schema", .help = "a JSON schema: the answer is JSON that satisfies it", .text_of_file = true}, c.schema);
  visit(Field{.name = "grammar", .help = "a GBNF grammar: the answer matches it", .text_of_file = true}, c.grammar);
  answer_fields(c.generation, visit);
}

const SchemaOf<AskRequest>& ask_schema() {
  static const auto schema =
      SchemaOf<AskRequest>::describe("ask", "Answer one question with a chat model", [](AskRequest& request, const Json&) -> Result<void> {
        if (request.schema.empty() || request.grammar.empty()) return {};
        return fail_field("schema", ErrorCode::invalid_argument, "`schema` and `grammar` exclude each other");
      });
  return schema;
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, ChatPlanRequest>
void fields(C& c, const Visit& visit) {
  visit(Field{.name = "model",
              .help = "a pulled model, a GGUF file, or a folder in Hugging Face's layout; chat: the best chat model that is here",
              .unit = "MODEL"},
        c.model);
  visit(Field{.name = "prompt_tokens", .help = "length of the prompt; ptah tokenize counts them", .unit = "tokens", .range = {.min = 1}}, c.prompt_tokens);
  visit(Field{.name = "max_tokens", .help = "length of the answer", .unit = "tokens", .range = {.min = 1}}, c.max_tokens);
  visit(cache_type_field(), c.cache_type);
}

const SchemaOf<ChatPlanRequest>& chat_plan_schema() {
  static const auto schema = SchemaOf<ChatPlanRequest>::describe("plan chat", "Predict the memory and time of a chat");
  return schema;
}

}  // namespace ptah
