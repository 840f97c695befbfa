// Programs as OpenSCAD files. tools/check/openscad renders what this writes and compares it with the solids.
#include "shape/program/openscad.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "shape/library.h"
#include "tests/shape/dump.h"
#include "tests/sanitized.h"
#include "tests/shape/random_program.h"

namespace ptah {
namespace {

using namespace testing_shapes;

const std::shared_ptr<const ShapeKinds>& library() {
  static const std::shared_ptr<const ShapeKinds> loaded = value_or_throw(ShapeKinds::load(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes"));
  return loaded;
}

/// A kind of the library with every parameter at random within what is possible.
std::pair<const ShapeKind*, std::map<std::string, ShapeExpr>> random_kind(Random& random) {
  auto at = library()->kinds().begin();
  std::advance(at, random.below(static_cast<uint32_t>(library()->kinds().size())));
  std::map<std::string, ShapeExpr> set;
  for (const ShapeParameter& p : at->second.parameters) {
    ShapeExpr e;
    if (p.low < p.high) {
      e.number = p.low + (p.high - p.low) * static_cast<double>(random.uniform());
      const bool whole = p.value.number == std::floor(p.value.number) && p.low == std::floor(p.low) && p.high == std::floor(p.high);
      if (whole) e.number = std::round(e.number);
    } else if (!p.choices.empty()) {
      e = value_or_throw(parse_shape_expression(p.choices[random.below(static_cast<uint32_t>(p.choices.size()))]));
    } else if (p.value.kind == ShapeValue::Kind::boolean) {
      e.kind = ShapeExpr::Kind::boolean;
      e.number = random.below(2);
    } else {
      continue;
    }
    set[p.name] = e;
  }
  return {&at->second, set};
}

TEST(OpenScad, ANameIsAVariableFromItsStatementToTheEndOfItsBlock) {
  const auto scad = openscad_of(value_or_throw(parse_shape(R"(shape thing "a thing"
param style = sport of (sport, dirt)
param color = red of (colors)
let sport = style == sport
let x = 30 cm
if sport {
  let d = 1
  part low = box(d, 1, 1) is color
}
part p = box(0.1, 0.2, pick(sport, 0.3, 0.4)) rotate(z, 90) at (x, 0, 0) mirror(x)
)")),
                                {});
  ASSERT_TRUE(scad) << scad.error().message;
  for (const char* said : {"let(sport_v = (style_v == \"sport\"))", "(sport_v ? 0.3 : 0.4)", "[\"mirror\", \"x\"]", "[\"at\", x_v, 0, 0]", "colour_(color_v)"})
    EXPECT_NE(scad->find(said), std::string::npos) << said << " in\n" << scad->substr(scad->find("function shape_thing_"));
}

/// Even ones are kinds of the library, odd ones random programs. PTAH_SCAD=first:end says which, PTAH_SCAD_DUMP is a folder for them.
TEST(OpenScad, ProgramsAreWrittenWithTheirParameters) {
  const auto [first, end] = cases_of("PTAH_SCAD", kSanitized ? 8 : 40);
  const char* folder = std::getenv("PTAH_SCAD_DUMP");
  uint64_t written = 0;
  for (uint64_t seed = first; seed < end; ++seed) {
    ShapeOptions options;
    options.library = ShapeKinds::library(library());
    ShapeProgram program;
    Random random(seed, 11);
    if (seed % 2 == 0) {
      const auto [kind, set] = random_kind(random);
      program = *kind->program;
      options.set = set;
    } else {
      program = value_or_throw(parse_shape(RandomPrograms(seed).program()));
    }
    const auto assembly = run_shape(program, options);
    const auto whole = assembly ? whole_solid(*assembly) : tl::unexpected<Error>(assembly.error());
    if (!whole) continue;
    const auto scad = openscad_of(program, options);
    ASSERT_TRUE(scad) << program.name << ": " << scad.error().message;
    for (const ShapeParameter& p : value_or_throw(shape_parameters(program)))
      EXPECT_NE(scad->find("\n" + p.name + " = "), std::string::npos) << program.name << " has no " << p.name;
    ++written;
    if (!folder) continue;
    const std::filesystem::path name = std::filesystem::path(folder) / fmt::format("{}_{}", seed, program.name);
    std::ofstream(name.string() + ".scad") << *scad;
    std::ofstream solid(name.string() + ".solid", std::ios::binary);
    dump(solid, whole->mesh);
  }
  EXPECT_GT(written, (end - first) * 8 / 10);
}

}  // namespace
}  // namespace ptah
