// Requests of OpenAI's and Ollama's clients as jobs: functions and their schemas, conversations, what a stream says after a worker ended; and the document that
// says what the server takes.
#include <gtest/gtest.h>

#include "base/text.h"
#include "schema/field_error.h"
#include "serve/api/api_server.h"
#include "serve/api/ollama/ollama_request.h"
#include "serve/api/openai/chat_messages.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/openai/tools.h"
#include "tests/files/temporary_folder.h"
#include "text/grammar/grammar.h"

namespace ptah {
namespace {

OrderedJson functions() {
  return OrderedJson::parse(R"({"tools": [
    {"type": "function", "function": {"name": "a", "parameters": {"type": "object", "properties": {"p": {"$ref": "#/$defs/P"}}, "required": ["p"],
      "$defs": {"P": {"type": "object", "properties": {"q": {"$ref": "#/$defs/Q"}}, "required": ["q"]}, "Q": {"type": "integer"}}}}},
    {"type": "function", "name": "b", "parameters": {"type": "object", "properties": {"z": {"type": "boolean"}, "y": {"$ref": "#/definitions/P"}},
      "required": ["z", "y"], "definitions": {"P": {"enum": ["up"]}}}}]})");
}

bool holds(const AskedTools& tools, const std::string& call) {
  const auto grammar = value_or_throw(Grammar::from_json_schema(OrderedJson::parse(text_at(tools.calls, "schema"))));
  return GrammarAutomaton(grammar).matches(call);
}

TEST(Tools, DefinitionsOfSeveralFunctionsDoNotMeet) {
  const AskedTools tools = value_or_throw(tools_of(functions()));
  EXPECT_TRUE(holds(tools, R"({"name":"a","arguments":{"p":{"q":3}}})"));
  EXPECT_TRUE(holds(tools, R"({"name":"b","arguments":{"z":true,"y":"up"}})"));
  EXPECT_FALSE(holds(tools, R"({"name":"b","arguments":{"z":true,"y":{"q":3}}})"));
  EXPECT_FALSE(holds(tools, R"({"name":"a","arguments":{"p":"up"}})"));
  EXPECT_FALSE(holds(tools, R"({"name":"c","arguments":{}})"));
  EXPECT_EQ(text_at(tools.calls, "when"), "auto");
  EXPECT_NE(tools.told.find("\"name\":\"b\""), std::string::npos);
}

TEST(Tools, ChoicesLeaveWhatMayBeCalled) {
  OrderedJson body = functions();
  body["tool_choice"] = {{"type", "function"}, {"function", {{"name", "b"}}}};
  const AskedTools named = value_or_throw(tools_of(body));
  EXPECT_EQ(named.calls["max"], 1);
  EXPECT_EQ(text_at(named.calls, "when"), "always");
  EXPECT_FALSE(holds(named, R"({"name":"a","arguments":{"p":{"q":3}}})"));
  body["tool_choice"] = {{"type", "function"}, {"name", "b"}};  // as responses have it
  EXPECT_EQ(value_or_throw(tools_of(body)).calls, named.calls);
  body["tool_choice"] = "none";
  EXPECT_TRUE(value_or_throw(tools_of(body)).calls.is_null());
  body["tool_choice"] = "required";
  EXPECT_GT(value_or_throw(tools_of(body)).calls["max"], 1);
  body["parallel_tool_calls"] = false;
  EXPECT_EQ(value_or_throw(tools_of(body)).calls["max"], 1);
}

TEST(Tools, WhatIsNoFunctionIsRefused) {
  for (const char* text :
       {R"({"tools": 5})", R"({"tools": [5]})", R"({"tools": [{"type": "web_search"}]})", R"({"tools": [{"type": "function", "function": {"name": ""}}]})",
        R"({"tools": [{"type": "function", "function": {"name": "a b"}}]})",
        R"({"tools": [{"type": "function", "name": "a"}, {"type": "function", "name": "a"}]})",
        R"({"tools": [{"type": "function", "name": "a", "parameters": 5}]})", R"({"tool_choice": "required"})",
        R"({"tools": [{"type": "function", "name": "a"}], "tool_choice": "sometimes"})",
        R"({"tools": [{"type": "function", "name": "a"}], "tool_choice": {"type": "function", "name": "b"}})"}) {
    const auto out = guard([&] { return tools_of(OrderedJson::parse(text)); });
    ASSERT_FALSE(out) << text;
    EXPECT_TRUE(field_of(out.error()) == "tools" || field_of(out.error()) == "tool_choice") << out.error().message;
  }
}

TEST(Messages, CallsAndTheirResultsBecomeTexts) {
  const Json list = Json::parse(
      R"([{"role": "developer", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": "{\"z\":1,\"a\":2}"}}]},
    {"role": "tool", "content": "one"}, {"role": "tool", "content": "two"}])");
  const Json out = value_or_throw(messages_of(list, "TOOLS"));
  ASSERT_EQ(out.size(), 4U);
  EXPECT_EQ(out[0]["content"], "Be brief.\n\nTOOLS");
  EXPECT_EQ(out[1]["content"], "ab");
  EXPECT_EQ(out[2]["content"], "<tool_call>\n{\"name\":\"f\",\"arguments\":{\"z\":1,\"a\":2}}\n</tool_call>");
  EXPECT_EQ(out[3], (Json{{"role", "user"}, {"content", "<tool_response>\none\n</tool_response>\n<tool_response>\ntwo\n</tool_response>"}}));
  EXPECT_EQ(value_or_throw(messages_of(Json::parse(R"([{"role": "user", "content": "x"}])"), "TOOLS"))[0]["role"], "system");
  for (const char* wrong :
       {"null", "[]", "[5]", R"([{"role": "king"}])", R"([{"role": "user", "content": 5}])", R"([{"role": "user", "content": [{"type": "image_url"}]}])",
        R"([{"role": "assistant", "tool_calls": 5}])", R"([{"role": "assistant", "tool_calls": [{}]}])"})
    EXPECT_FALSE(messages_of(Json::parse(wrong), "")) << wrong;
}

TEST(Messages, OllamasRequestsAreChats) {
  const OrderedJson out = value_or_throw(openai_chat_of(OrderedJson::parse(
      R"({"model": "m:latest", "prompt": "x", "system": "s", "tools": [], "format": {"type": "object", "properties": {"z": {}, "a": {}}}, "options": {"num_predict": 5, "seed": 2}})")));
  EXPECT_EQ(
      out.dump(),
      R"({"model":"m","seed":2,"max_tokens":5,"response_format":{"type":"json_schema","json_schema":{"name":"format","schema":{"type":"object","properties":{"z":{},"a":{}}}}},)"
      R"("messages":[{"role":"system","content":"s"},{"role":"user","content":"x"}]})");
  for (const char* wrong : {R"({"images": ["x"]})", R"({"options": 5})", R"({"format": "xml"})", R"({"messages": [{"role": "user", "images": ["x"]}]})"})
    EXPECT_FALSE(openai_chat_of(OrderedJson::parse(wrong))) << wrong;
}

TEST(Streams, SayNothingTwiceWhenAWorkerBeginsAgain) {
  Unheard heard;
  const auto tell = [&](const Json& what) {
    const JobEvent event{1, 1, what};
    heard.see(event);
    return text_at(what, "event") == "text" ? heard.text(event) : std::string();
  };
  std::string text;
  for (const Json& what :
       {Json{{"event", "running"}}, Json{{"event", "text"}, {"text", "ab"}}, Json{{"event", "text"}, {"text", "cd"}}, Json{{"event", "queued"}},
        Json{{"event", "running"}}, Json{{"event", "text"}, {"text", "abc"}}, Json{{"event", "text"}, {"text", "de"}}})
    text += tell(what);
  EXPECT_EQ(text, "abcde");
}

TEST(OpenApi, EveryRouteIsTold) {
  TemporaryFolder folder;
  const auto service = JobService::open({.folder = folder.path / "store", .command = {"/bin/false"}});
  ASSERT_TRUE(service) << service.error().message;
  const ApiKeys keys(folder.path / "store");
  const ApiServer server(**service, keys);
  std::vector<RouteName> untold;
  const Json document = openapi_document(server.routes(), &untold);
  for (const RouteName& route : untold) ADD_FAILURE() << route.first << " " << route.second;
  EXPECT_GT(document["paths"].size(), 40U);
  EXPECT_TRUE(document["components"]["schemas"].contains("request_create"));
}

}  // namespace
}  // namespace ptah
