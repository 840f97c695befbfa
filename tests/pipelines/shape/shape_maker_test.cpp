// Sentences become shape programs, and `create` makes its object of one, with the models that come along.
#include "pipelines/shape/shape_maker.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/file.h"
#include "media/image.h"
#include "models/registry.h"
#include "pipelines/recipes.h"
#include "shape/program/syntax.h"
#include "work/work_folder.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

const ShapeMaker& maker() {
  static const auto loaded = value_or_throw(ShapeMaker::load(value_or_throw(models_folder())));
  return *loaded;
}

std::string word_of(const WrittenThing& thing, const std::string& parameter) {
  for (const auto& [name, value] : thing.given)
    if (name == parameter) return value.kind == ShapeValue::Kind::boolean ? (value.number != 0 ? "true" : "false") : value.word;
  return {};
}

TEST(ShapeMaker, ReadsKindsColoursAndParts) {
  const WrittenShape chair = value_or_throw(maker().read("a blue chair with armrests"));
  ASSERT_TRUE(chair.known()) << chair.certainty;
  ASSERT_EQ(chair.writing.things.size(), 1U);
  EXPECT_EQ(chair.writing.things[0].kind, "chair");
  EXPECT_EQ(word_of(chair.writing.things[0], "color"), "blue");
  EXPECT_EQ(word_of(chair.writing.things[0], "arms"), "true");
  EXPECT_EQ(value_or_throw(maker().read("a red guitar")).writing.things.at(0).kind, "guitar");
}

TEST(ShapeMaker, IsNotSureOfWhatItDoesNotKnow) {
  for (const char* sentence : {"a feeling of sadness", "qwzx vbnm", "the president's speech about taxes"})
    EXPECT_FALSE(value_or_throw(maker().read(sentence)).known()) << sentence;
}

TEST(ShapeMaker, WhatIsSaidHoldsAndWhatIsNamedIsMade) {
  const WrittenShape chair = value_or_throw(maker().read("a wooden chair with arms"));
  EXPECT_EQ(word_of(chair.writing.things.at(0), "arms"), "true");
  EXPECT_EQ(chair.notes, std::vector<std::string>());                                 // nothing of it is unused
  const WrittenShape toaster = value_or_throw(maker().read("a four-slice toaster"));  // the model refuses it
  ASSERT_TRUE(toaster.known());
  EXPECT_EQ(toaster.writing.things.at(0).kind, "toaster");
  EXPECT_EQ(value_or_throw(maker().read("a two-storey house")).writing.things.at(0).kind, "house");  // no skyscraper
  const WrittenShape chest = value_or_throw(maker().read("a pine chest of 3 drawers"));
  EXPECT_EQ(chest.writing.things.at(0).count, 1);
}

TEST(ShapeMaker, WhatChangesNothingIsSaid) {
  EXPECT_EQ(value_or_throw(maker().read("a wooden chair with a red cushion")).notes, std::vector<std::string>());
  const WrittenShape elegant = value_or_throw(maker().read("an elegant chair"));
  ASSERT_EQ(elegant.notes.size(), 1U);
  EXPECT_NE(elegant.notes[0].find("elegant"), std::string::npos);
}

TEST(ShapeMaker, WordsOfSizeScaleTheWholeThing) {
  EXPECT_EQ(value_or_throw(maker().read("a small table")).writing.things.at(0).scale, 0.75);
  const WrittenShape bed = value_or_throw(maker().read("a tiny pink bed"));  // no caption says "tiny"
  ASSERT_TRUE(bed.known());
  EXPECT_EQ(bed.writing.things.at(0).scale, 0.5);
  EXPECT_EQ(word_of(bed.writing.things[0], "accent") + word_of(bed.writing.things[0], "color"), "pink");
  EXPECT_EQ(value_or_throw(maker().read("a small table 75 cm high")).writing.things.at(0).scale, 1);  // what is stated holds
}

TEST(ShapeMaker, TheProgramIsWholeAndRuns) {
  const std::string sentence = "a green \"table\" of glass";
  const WrittenShape shape = value_or_throw(maker().read(sentence));
  const ShapeProgram program = maker().program(shape, sentence, 0), other = maker().program(shape, sentence, 7);
  EXPECT_NE(shape_text(program), shape_text(other));  // the seed varies what was left open
  EXPECT_EQ(value_or_throw(parse_shape(shape_text(program))), program);
  EXPECT_FALSE(value_or_throw(run_shape(program)).parts.empty());  // without the library
}

TEST(ShapeMaker, ModelsOfOtherDigestsAreRefused) {
  const fs::path from = value_or_throw(models_folder()), folder = fs::temp_directory_path() / fmt::format("ptah-shape-maker-{}", ::getpid());
  fs::create_directories(folder);
  fs::create_directory_symlink(from / "minilm", folder / "minilm");
  fs::create_directories(folder / "shape");
  std::string weights = value_or_throw(read_text(from / "shape" / "writer.safetensors", size_t{64} << 20));
  fs::copy_file(from / "index.json", folder / "index.json");
  weights.back() = static_cast<char>(weights.back() ^ 1);
  value_or_throw(write_file(folder / "shape" / "writer.safetensors", weights));
  const auto refused = ShapeMaker::load(folder);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::mismatch) << refused.error().message;
  fs::remove_all(folder);
}

class CreateRoutes : public testing::Test {
 protected:
  Result<Work> create(Json fields) {
    fields["steps"] = 1;
    fields["best_of"] = 1;
    fields["size"] = 128;
    const Recipe* recipe = value_or_throw(find_recipe("create"));
    PTAH_TRY(const Json given, read_fields(*recipe, fields));
    PTAH_TRY(const RecipeRequest request, open_request(*recipe, given));
    return run_recipe(*recipe, models_, request, {.note = [this](const std::string& note) { notes_ += note + "\n"; }});
  }
  ModelCache models_;
  std::string notes_;
};

TEST_F(CreateRoutes, AKnownKindIsMadeByAProgramThatTheReceiptHolds) {
  const Work work = value_or_throw(create({{"prompt", "a wooden chair with a red cushion"}, {"seed", 3}, {"formats", "png,glb,obj,stl"}}));
  EXPECT_EQ(work.receipt.at("route"), "program");
  EXPECT_TRUE(work.files.contains("preview.png") && work.files.contains("object.stl") && work.files.contains("object.glb"));
  const Bytes& program = work.files.at("object.shape");
  EXPECT_EQ(std::string(program.begin(), program.end()), work.receipt.at("program"));
  EXPECT_TRUE(work.receipt.at("models").contains("shape-writer"));
  // Made again without the writer's opinion: another digest of it changes nothing.
  Json receipt = work.receipt;
  EXPECT_EQ(value_or_throw(replay_receipt(models_, receipt, {})).files, work.files);
  receipt["models"]["shape-writer"] = "sha256:" + std::string(64, '0');  // as long: the GLB holds it
  EXPECT_EQ(value_or_throw(replay_receipt(models_, receipt, {})).files.at("object.glb").size(), work.files.at("object.glb").size());
}

TEST_F(CreateRoutes, ThePictureShowsTheObjectThatAProgramMakes) {
  const Work shown = value_or_throw(create({{"prompt", "a blue mug"}, {"background", "white"}}));
  EXPECT_EQ(shown.receipt.at("request").at("picture"), "object");
  EXPECT_FALSE(shown.receipt.at("models").contains("picture")) << "nothing was drawn";
  const Image picture = value_or_throw(decode_png(shown.files.at("picture.png")));
  const auto at = [&](int64_t x, int64_t y) {
    return std::vector<int>(&picture.rgba[static_cast<size_t>((y * 128 + x) * 4)], &picture.rgba[static_cast<size_t>((y * 128 + x) * 4 + 4)]);
  };
  EXPECT_EQ(at(0, 0), (std::vector<int>{255, 255, 255, 255})) << "the background that was asked for";
  EXPECT_GT(at(64, 64)[2], at(64, 64)[0] + 40) << "a blue thing in the middle";
  EXPECT_EQ(value_or_throw(replay_receipt(models_, shown.receipt, {})).files, shown.files);

  const Work drawn = value_or_throw(create({{"prompt", "a blue mug"}, {"background", "white"}, {"picture", "drawn"}}));
  EXPECT_TRUE(drawn.receipt.at("models").contains("picture"));
  EXPECT_NE(drawn.files.at("picture.png"), shown.files.at("picture.png"));
  EXPECT_EQ(drawn.files.at("object.shape"), shown.files.at("object.shape"));
  // Another style is one of drawings.
  EXPECT_TRUE(value_or_throw(create({{"prompt", "a blue mug"}, {"style", "flat"}})).receipt.at("models").contains("picture"));
  // Receipts of before the choice drew.
  const Json& old = drawn.receipt;
  EXPECT_FALSE(old["request"].contains("picture"));
  EXPECT_EQ(pixel_id(value_or_throw(decode_png(value_or_throw(replay_receipt(models_, old, {})).files.at("picture.png")))),
            pixel_id(value_or_throw(decode_png(drawn.files.at("picture.png")))));
  // What cannot be shown is refused.
  for (const Json& fields :
       {Json{{"prompt", "a feeling of sadness"}, {"picture", "object"}}, Json{{"prompt", "a mug"}, {"picture", "object"}, {"route", "picture"}}}) {
    const auto refused = create(fields);
    ASSERT_FALSE(refused) << fields;
    EXPECT_EQ(field_of(refused.error()), "picture");
  }
}

/// The greatest number of a binary STL's vertices along z, which is up there, in millimetres.
float stl_height(const Bytes& stl) {
  float high = 0;
  for (size_t at = 84; at + 50 <= stl.size(); at += 50)
    for (size_t corner = 0; corner < 3; ++corner) {
      float z;
      std::memcpy(&z, &stl[at + 12 + corner * 12 + 8], 4);
      high = std::max(high, z);
    }
  return high;
}

TEST_F(CreateRoutes, SizesAreRealUnlessTheyAreSaid) {
  const float real = stl_height(value_or_throw(create({{"prompt", "a chair"}, {"formats", "stl"}})).files.at("object.stl"));
  EXPECT_GT(real, 600);
  EXPECT_LT(real, 1300);
  EXPECT_NEAR(stl_height(value_or_throw(create({{"prompt", "a chair"}, {"formats", "stl"}, {"height_mm", 50}})).files.at("object.stl")), 50, 0.01);
}

TEST_F(CreateRoutes, WhatNoKindIsMeantByIsInflated) {
  const Work work = value_or_throw(create({{"prompt", "a feeling of sadness"}}));
  EXPECT_FALSE(work.receipt.contains("route"));
  EXPECT_FALSE(work.files.contains("object.shape"));
  EXPECT_NE(notes_.find("no shape program"), std::string::npos) << notes_;
  const auto refused = create({{"prompt", "a feeling of sadness"}, {"route", "program"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  const Work picture = value_or_throw(create({{"prompt", "a chair"}, {"route", "picture"}}));
  EXPECT_FALSE(picture.files.contains("object.shape"));
}

}  // namespace
}  // namespace ptah
