// A request that describes itself once is read, written, checked, printed and documented by that description alone.
#include "schema/schema.h"

#include "tests/schema/round_trip.h"

namespace ptah {

/// Of every kind of field.
struct Letter {
  std::string text;
  uint64_t seed = 0;
  int64_t steps = 20, edge = 0;
  float warmth = 0.6F, share = 0.5F;
  bool sealed = false, stamped = true;
  std::string colour = "white", note = {}, form = {}, cut = {};
  std::vector<std::string> stop = {};
  std::filesystem::path from = {};
  std::vector<std::filesystem::path> enclosures = {};
  int64_t rules = 2;
  int64_t lookahead = 0;
};

template <class R, class Visit>
requires std::same_as<std::remove_const_t<R>, Letter>
void fields(R& r, const Visit& visit) {
  visit(Field{.name = "text", .help = "what to write", .max_bytes = 40, .positional = true, .required = true, .one_line = true}, r.text);
  visit(Field{.name = "seed", .help = "which one", .always = true}, r.seed);
  visit(Field{.name = "steps", .help = "how often", .range = {1, 1000}}, r.steps);
  visit(Field{.name = "edge", .help = "how wide; 0: as it is", .unit = "pixels", .range = {.min = 64, .max = 2048, .multiple_of = 8}}, r.edge);
  visit(Field{.name = "warmth", .help = "how warm", .range = {.min = 0, .max = 1, .above_min = true}}, r.warmth);
  visit(Field{.name = "share", .help = "how much of it", .range = {0, 1}, .needs = "from", .always = true}, r.share);
  visit(Field{.name = "sealed", .help = "with a seal", .since = "0.2.0", .absent = false}, r.sealed);
  visit(Field{.name = "stamped", .help = "put a stamp on it"}, r.stamped);
  visit(Field{.name = "colour", .help = "of the paper", .choices = {"white", "#rrggbb"}, .pattern = "white|#[0-9a-fA-F]{6}"}, r.colour);
  visit(Field{.name = "note", .help = "of its own", .within = "more"}, r.note);
  visit(Field{.name = "form", .help = "how it reads", .text_of_file = true}, r.form);
  visit(Field{.name = "cut", .help = "which edge", .flag = "edge-form", .absent = "", .shorthand = "cut", .shorthand_value = "plain"}, r.cut);
  visit(Field{.name = "stop", .help = "where it ends"}, r.stop);
  visit(Field{.name = "from", .help = "name a file", .kept = Kept::elsewhere}, r.from);
  visit(Field{.name = "enclosures", .help = "what is with it", .absent = Json::array(), .within = "files"}, r.enclosures);
  visit(Field{.name = "rules", .help = "how it is read", .range = {1, 2}, .since = "0.3.0", .absent = 1, .hidden = true}, r.rules);
  visit(Field{.name = "lookahead", .help = "how far to guess", .range = {0, 11}, .kept = Kept::nowhere}, r.lookahead);
}

namespace {

const SchemaOf<Letter>& letter_schema() {
  static const auto schema = SchemaOf<Letter>::describe("letter", "A letter");
  return schema;
}
Letter other_letter() { return value_or_throw(letter_schema().request(test::other_values(letter_schema()))); }

TEST(Schema, EveryFieldComesBackByJsonByTheCommandAndFromTheReceipt) {
  const auto& schema = letter_schema();
  const Letter letter = other_letter();
  const Json values = schema.values(letter);
  for (const SchemaField& field : schema.fields()) EXPECT_NE(values[field.name], field.default_value) << field.name << " is off its default";
  const Json json = schema.request_json(values);
  EXPECT_EQ(schema.values(value_or_throw(schema.read(value_or_throw(parse_json(json.dump()))))), values) << json.dump();
  test::expect_same_by_command(schema, letter, schema.command_of(letter));
  const Json kept = schema.values(value_or_throw(schema.from_receipt(schema.to_receipt(letter))));
  for (const SchemaField& field : schema.fields())
    EXPECT_EQ(kept[field.name] == values[field.name], field.kept == Kept::request) << field.name << " is in the receipt if it decides bytes";
}

TEST(Schema, AFieldIsNamedInOnePlaceAndFoundInAll) {
  const auto& schema = letter_schema();
  const Json form = schema.json_schema();
  const std::string page = schema.reference(), command = schema.command_of(other_letter());
  CLI::App app;
  const cli::RequestOptions options(app, schema, {});
  for (const SchemaField& field : schema.fields()) {
    const Json& holder = *field.within ? form["properties"][field.within] : form;
    EXPECT_TRUE(holder["properties"].contains(field.name)) << field.name;
    EXPECT_NE(page.find(fmt::format("{}`", field.name)), std::string::npos) << field.name;
    EXPECT_NE(app.get_option_no_throw(field.positional ? std::string(field.name) : field.option), nullptr) << field.name;
    EXPECT_NE(command.find(field.option), std::string::npos) << field.name;  // the empty option of a positional one is in everything
  }
}

TEST(Schema, AReceiptOfAnEarlierVersionMeansWhatThatVersionDid) {
  const auto& schema = letter_schema();
  Json receipt = schema.to_receipt({.text = "a", .rules = 1});
  for (const char* later : {"sealed", "rules", "cut", "files"}) EXPECT_FALSE(receipt.contains(later)) << later;
  const Letter old = value_or_throw(schema.from_receipt(receipt));
  EXPECT_EQ(old.rules, 1) << "though new ones have 2";
  EXPECT_TRUE(schema.to_receipt({.text = "a"}).contains("rules"));
  EXPECT_EQ(schema.to_receipt(old), receipt);
  receipt.erase("steps");
  const auto broken = schema.from_receipt(receipt);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::corrupt);
  EXPECT_EQ(field_of(broken.error()), "steps");
  receipt["steps"] = "many";
  EXPECT_EQ(field_of(schema.from_receipt(receipt).error()), "steps");
}

TEST(Schema, FilesAreNamedWithoutTheirFoldersInAReceipt) {
  const auto& schema = letter_schema();
  const Json receipt = schema.to_receipt({.text = "a", .enclosures = {"folder/b.png", "c/"}});
  EXPECT_EQ(receipt["files"]["enclosures"], Json({"b.png", "c"}));
  Json hostile = receipt;
  hostile["files"]["enclosures"] = {"../../etc/passwd"};
  EXPECT_EQ(value_or_throw(schema.from_receipt(hostile)).enclosures[0], "passwd");
}

TEST(Schema, WhatIsNotPossibleIsSaidWithTheField) {
  const auto& schema = letter_schema();
  const auto refused = [&](Json values) -> Error {
    if (!values.contains("text")) values["text"] = "a";
    auto out = schema.complete(values);
    EXPECT_FALSE(out) << values.dump(-1, ' ', false, Json::error_handler_t::replace);
    return out ? Error{} : out.error();
  };
  const std::vector<std::tuple<const char*, Json, const char*>> cases = {
      {"steps", 0, "`steps` 0; 1 to 1000 are possible"},
      {"edge", 65, "`edge` 65; multiples of 8 from 64 to 2048 are possible"},
      {"warmth", 0.0F, "`warmth` 0; above 0 to 1 are possible"},
      {"colour", "whit", "unknown `colour` 'whit'; did you mean 'white'? known: white #rrggbb"},
      {"colour", "#12345", "unknown `colour` '#12345'; known: white #rrggbb"},
      {"text", "  ", "`text` is empty; what to write"},
      {"text", "a\nb", "`text` has a control character (0x0a) at byte 1; leave it out"},
      {"text", "a\xff", "`text` is not valid UTF-8 at byte 1"},
      {"text", std::string(41, 'a'), "`text` has 41 bytes; at most 40 are possible"},
      {"stop", Json{"a", "\xff"}, "`stop` is not valid UTF-8 at byte 0"},
      {"share", 0.5F, "`share` needs `from`: name a file"},
  };
  for (const auto& [field, value, message] : cases) {
    const Error error = refused({{field, value}});
    EXPECT_EQ(error.message, message);
    EXPECT_EQ(field_of(error), field);
    EXPECT_EQ(error.code, ErrorCode::invalid_argument);
  }
  EXPECT_EQ(schema.check_fields({.text = "a", .warmth = std::nanf("")}).error().message, "`warmth` nan; above 0 to 1 are possible");
  EXPECT_TRUE(schema.complete({{"text", "a"}, {"edge", 0}})) << "the default is always possible";
  EXPECT_TRUE(schema.complete({{"text", "a"}, {"warmth", 0.01F}, {"share", 0.0F}, {"from", "x"}}));
}

TEST(Schema, JsonFromOutsideIsReadStrictly) {
  const auto& schema = letter_schema();
  const auto problem = [&](const char* json) { return schema.read(Json::parse(json)).error(); };
  EXPECT_EQ(problem(R"({"text": "a", "step": 3})").message,
            "unknown field `step`; did you mean steps? known: text seed steps edge warmth share sealed "
            "stamped colour form cut stop from rules lookahead");
  EXPECT_EQ(field_of(problem(R"({"text": "a", "note": "x"})")), "note") << "its place is in more";
  EXPECT_EQ(problem(R"({"text": "a", "steps": "3"})").message, "`steps`: expected a whole number, found \"3\"");
  EXPECT_EQ(field_of(problem(R"({"text": "a", "more": 3})")), "more");
  EXPECT_EQ(problem(R"({"steps": 3})").message, "`text` is missing; what to write");
  EXPECT_EQ(field_of(problem(R"({"text": "a", "seed": -2})")), "seed");
  EXPECT_EQ(problem("3").code, ErrorCode::invalid_argument);
  EXPECT_EQ(value_or_throw(schema.read(Json::parse(R"({"text": "a", "seed": "18446744073709551615"})"))).seed, UINT64_MAX);
  EXPECT_LE(value_or_throw(schema.read(Json::parse(R"({"text": "a", "seed": -1})"))).seed, UINT32_MAX);
  EXPECT_EQ(value_or_throw(schema.read(Json::parse(R"({"text": "a", "steps": 30, "more": {"note": "x"}})"))).note, "x");
}

TEST(Schema, ALineIsReadByTheDescription) {
  const auto& schema = letter_schema();
  EXPECT_EQ(test::given_by(schema, {"letter", "--cut", "--no-stamped", "a"}), Json({{"cut", "plain"}, {"stamped", false}, {"text", "a"}}));
  EXPECT_EQ(test::given_by(schema, {"letter", "--cut", "--edge-form", "torn", "a"})["cut"], "torn") << "what is said is said";
  EXPECT_EQ(schema.command_of({.text = "-a", .cut = "plain"}), "ptah letter --seed 0 --cut -- '-a'");
  const auto said_of = [&](std::vector<std::string> line) {
    CLI::App app("test", "ptah");
    CLI::App* command = app.add_subcommand("letter", "");
    const cli::RequestOptions options(*command, schema, {});
    std::reverse(line.begin(), line.end());
    try {
      app.parse(line);
    } catch (const CLI::ParseError& problem) {
      return std::string(problem.what());
    }
    return cli::in_options(schema.complete(value_or_throw(options.given())).error().message, command);
  };
  EXPECT_EQ(said_of({"letter", "a", "--steps", "many"}), "--steps 'many' is no whole number");
  EXPECT_EQ(said_of({"letter", "a", "--steps", "1.5"}), "--steps '1.5' is no whole number");
  EXPECT_EQ(said_of({"letter", "a", "--steps", "0"}), "--steps 0; 1 to 1000 are possible");
  EXPECT_EQ(said_of({"letter", "a", "--warmth", "inf"}), "--warmth 'inf' is no number");
  EXPECT_EQ(said_of({"letter", "a\x01"}), "the text has a control character (0x01) at byte 1; leave it out");
  EXPECT_EQ(said_of({"letter", "a", "--share", "1"}), "--share needs --from: name a file");
}

TEST(Schema, MessagesNameFieldsAsEachFrontEndDoes) {
  const auto shout = [](const std::string& name) -> std::optional<std::string> { return name == "size" ? std::optional<std::string>("SIZE") : std::nullopt; };
  EXPECT_EQ(said("`size` 9, `other`, `ptah key new`, `", shout, true), "SIZE 9, other, `ptah key new`, `");
  EXPECT_EQ(said("`size` `other`", shout), "SIZE `other`");
}

TEST(Schema, WhatIsQuotedForAShellShowsNothingThatMovesACursor) {
  EXPECT_EQ(shell_quoted("a.png"), "a.png");
  EXPECT_EQ(shell_quoted("-a.png", true), "./-a.png");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted("a\n\x1b[31m'\\"), "$'a\\n\\x1b[31m\\'\\\\'");
  EXPECT_EQ(shell_quoted("\xE2\x80\xAE\xFF é"), "$'\\xe2\\x80\\xae\\xff é'");
}

TEST(Schema, ADefaultOutOfRangeIsPossibleInJsonSchemaToo) {
  const Json form = letter_schema().json_schema();
  EXPECT_EQ(form["properties"]["edge"]["anyOf"][0]["const"], 0);
  EXPECT_EQ(form["properties"]["edge"]["anyOf"][1]["multipleOf"], 8);
  EXPECT_EQ(form["properties"]["steps"]["maximum"], 1000);
  EXPECT_EQ(form["properties"]["warmth"]["exclusiveMinimum"], 0.0);
  EXPECT_EQ(form["required"], Json({"text"}));
  EXPECT_EQ(form["dependentRequired"]["share"], Json({"from"}));
  EXPECT_EQ(form["additionalProperties"], false);
}

}  // namespace
}  // namespace ptah
