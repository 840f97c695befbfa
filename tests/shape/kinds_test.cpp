// The kinds that come along: each one runs at every end of what its parameters allow, stands on the ground, and is small enough for games.
#include <gtest/gtest.h>

#include <regex>

#include "base/file.h"
#include "base/text.h"
#include "shape/library.h"
#include "shape/words/captions.h"
#include "tests/sanitized.h"

namespace ptah {
namespace {

const std::shared_ptr<const ShapeKinds>& library() {
  static const std::shared_ptr<const ShapeKinds> loaded = value_or_throw(ShapeKinds::load(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes"));
  return loaded;
}
const ShapeKinds& kinds() { return *library(); }

using Settings = std::map<std::string, ShapeExpr>;

ShapeExpr number(double value) {
  ShapeExpr e;
  e.number = value;
  return e;
}
ShapeExpr word(const std::string& text) { return value_or_throw(parse_shape_expression(text)); }

/// The defaults, every word of every choice, true and false, and both ends of every range: alone, and all ranges at once with each word.
std::vector<Settings> corners(const ShapeKind& kind) {
  std::vector<Settings> out{{}};
  Settings low, high;
  for (const ShapeParameter& p : kind.parameters)
    if (p.low < p.high) {
      low[p.name] = number(p.low), high[p.name] = number(p.high);
      out.push_back({{p.name, number(p.low)}});
      out.push_back({{p.name, number(p.high)}});
    }
  const auto with_ends = [&](const std::string& name, const ShapeExpr& value) {
    for (const Settings& ends : {Settings(), low, high}) {
      out.push_back(ends);
      out.back()[name] = value;
    }
  };
  for (const ShapeParameter& p : kind.parameters) {
    for (const std::string& choice : p.choices) with_ends(p.name, word(choice));
    if (p.value.kind == ShapeValue::Kind::boolean) with_ends(p.name, word("true")), with_ends(p.name, word("false"));
  }
  return out;
}

std::string described(const Settings& set) {
  std::string out;
  for (const auto& [name, value] : set) out += name + "=" + shape_text(value) + " ";
  return out;
}

TEST(ShapeKinds, RunAtEveryCorner) {
  EXPECT_GE(kinds().kinds().size(), 120U);
  size_t at = 0;
  for (const auto& [name, kind] : kinds().kinds())
    for (const Settings& set : corners(kind)) {
      if (kSanitized && at++ % 16 != 0) continue;
      ShapeOptions options;
      options.set = set;
      options.library = ShapeKinds::library(library());  // a unicorn uses a horse
      const auto made = run_shape(*kind.program, options);
      ASSERT_TRUE(made.has_value()) << name << " " << described(set) << ": " << made.error().message;
      const Vec3 size = made->bounds().size();
      EXPECT_LE(std::abs(made->bounds().low[1]), 0.01F * length(size)) << name << " does not stand on the ground: " << described(set);
      size_t triangles = 0;
      for (const Part& part : made->parts) triangles += triangulated(part.mesh).triangles.size();
      EXPECT_LE(triangles, 7000U) << name << " " << described(set);
      EXPECT_LE(made->parts.size(), 75U) << name << " " << described(set);
    }
}

TEST(ShapeKinds, HaveChoicesNumbersAndNotes) {
  for (const auto& [name, kind] : kinds().kinds()) {
    EXPECT_FALSE(kind.program->title.empty()) << name;
    int choices = 0, numbers = 0;
    for (const ShapeParameter& p : kind.parameters) {
      EXPECT_FALSE(p.note.empty()) << name << "." << p.name;
      if (p.low < p.high) ++numbers;
      if (p.value.kind == ShapeValue::Kind::boolean || (!p.choices.empty() && p.choices.size() < colour_words().size())) ++choices;
    }
    EXPECT_GE(choices, 1) << name;
    EXPECT_GE(numbers, 3) << name;
  }
}

TEST(ShapeKinds, CaptionsSpeakOfEveryParameter) {
  const auto text = read_text(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes" / "captions.json", size_t{8} << 20);
  const Json captions = parse_json(value_or_throw(text)).value();
  for (const auto& [name, kind] : kinds().kinds()) {
    ASSERT_TRUE(captions.at("kinds").contains(name)) << name;
    const Json& parameters = captions.at("kinds").at(name).at("parameters");
    EXPECT_EQ(parameters.size(), kind.parameters.size()) << name;
    EXPECT_GE(captions.at("kinds").at(name).at("synonyms").size(), 2U) << name;
    for (const ShapeParameter& p : kind.parameters) {
      ASSERT_TRUE(parameters.contains(p.name)) << name << "." << p.name;
      const Json& said = parameters.at(p.name);
      const std::vector<std::string> said_of = said.at("type") == "choice" ? p.choices : std::vector<std::string>();
      for (const std::string& choice : said_of) EXPECT_TRUE(said.at("values").contains(choice)) << name << "." << p.name << " " << choice;
      for (const auto& [other, values] : said.at("needs").items()) EXPECT_TRUE(parameters.contains(other) && !values.empty()) << name << "." << p.name;
    }
  }
  EXPECT_EQ(captions.at("kinds").size(), kinds().kinds().size());
}

TEST(ShapeKinds, NoPhraseMeansTwoThings) {
  const std::filesystem::path root(PTAH_SOURCE_DIR);
  const Json captions = parse_json(value_or_throw(read_text(root / "shapes" / "captions.json", size_t{8} << 20))).value().at("kinds");
  std::map<std::string, std::string> nouns, descriptions;
  for (const auto& [name, entry] : captions.items()) {
    nouns[entry.at("noun")] = name;
    for (const std::string noun : entry.at("synonyms")) nouns[noun] = name;
    EXPECT_GE(entry.at("descriptions").size(), 8U) << name;
    for (const std::string text : entry.at("descriptions"))
      EXPECT_TRUE(descriptions.try_emplace(text, name).second) << text << ": " << name << " and " << descriptions[text];
  }
  // What is taught as unknown names nothing that the library has.
  const std::regex before("^(a|an|the|one|two|three|my|some|cute|golden|happy|black|white|red|blue|green|little|big|old) ");
  const std::regex between(" (and|on|of|in|under|with|beside) ");
  for (const std::string& line : lines_of(value_or_throw(read_text(root / "shapes" / "negatives.txt")))) {
    for (std::sregex_token_iterator part(line.begin(), line.end(), between, -1), end; part != end; ++part) {
      std::string thing = *part;
      while (std::regex_search(thing, before)) thing = std::regex_replace(thing, before, "");
      EXPECT_FALSE(nouns.contains(thing)) << line;
    }
  }
}

}  // namespace
}  // namespace ptah
