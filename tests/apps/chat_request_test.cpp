// What can be asked of a chat model: every option arrives, and what cannot be asked is said with its field.
#include "apps/companion/chat_request.h"

#include "tests/schema/round_trip.h"

namespace ptah {
namespace {

/// A request with every field off its default comes back from the options of its command, but for fields that exclude others.
template <class R>
void expect_round_trip(const SchemaOf<R>& schema, const std::vector<std::string>& left_out) {
  Json values = test::other_values(schema);
  for (const SchemaField& field : schema.fields()) EXPECT_NE(values[field.name], field.default_value) << field.name;
  for (const std::string& name : left_out) values.erase(name);
  const R request = value_or_throw(schema.request(values));
  test::expect_same_by_command(schema, request, schema.command_of(request));
}

TEST(ChatRequests, EveryFieldComesBackByItsOption) {
  for (const char* one : {"resume", "remember"}) expect_round_trip(chat_schema(), {one});
  for (const char* one : {"schema", "grammar"}) expect_round_trip(ask_schema(), {one});
}

TEST(ChatRequests, AnswersAreCalmerThanTextsThatGoOn) {
  for (const GenerationOptions& g : {ChatRequest{}.generation, AskRequest{}.generation}) {
    EXPECT_EQ(g.max_tokens, 512);
    EXPECT_EQ(g.sampling.temperature, 0.2F);
    EXPECT_EQ(g.sampling.top_p, 0.9F);
    EXPECT_EQ(g.sampling.repetition_penalty, 1.05F);
  }
}

/// The field at fault, or "none".
template <class R>
std::string fault(const SchemaOf<R>& schema, const Json& given) {
  const auto read = schema.complete(given);
  return read ? "none" : field_of(read.error());
}

TEST(ChatRequests, WhatCannotBeAskedIsSaidWithItsField) {
  EXPECT_EQ(fault(chat_schema(), Json::object()), "none");
  EXPECT_EQ(fault(chat_schema(), {{"resume", 3}}), "none");
  EXPECT_EQ(fault(chat_schema(), {{"resume", 3}, {"remember", false}}), "resume");
  EXPECT_EQ(fault(chat_schema(), {{"resume", -1}}), "resume");
  EXPECT_EQ(fault(chat_schema(), {{"context", -1}}), "context");
  EXPECT_EQ(fault(chat_schema(), {{"cache_type", "f8"}}), "cache_type");
  const Json impossible{
      {"max_tokens", 0},          {"temperature", -1},       {"top_k", -1},         {"top_p", 2}, {"min_p", 2}, {"typical_p", 2}, {"repetition_penalty", 0},
      {"frequency_penalty", 101}, {"presence_penalty", 101}, {"penalty_window", -1}};
  for (const auto& [name, wrong] : impossible.items()) {
    EXPECT_EQ(fault(chat_schema(), {{name, wrong}}), name);
    EXPECT_EQ(fault(ask_schema(), {{name, wrong}}), name);
  }
  EXPECT_EQ(fault(chat_plan_schema(), {{"prompt_tokens", 0}}), "prompt_tokens");
  EXPECT_EQ(fault(chat_plan_schema(), {{"max_tokens", 0}}), "max_tokens");
  EXPECT_EQ(fault(chat_plan_schema(), {{"cache_type", "f8"}}), "cache_type");
  EXPECT_EQ(fault(ask_schema(), {{"schema", "{}"}, {"grammar", "root ::= \"a\""}}), "schema");
}

}  // namespace
}  // namespace ptah
