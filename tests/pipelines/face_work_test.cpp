// Heads, talking heads and photographs as works: what they hold, that they come again, what changes them, and what is refused.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "media/label.h"
#include "media/mesh_files.h"
#include "media/morph/glb_morphs.h"
#include "own/consent.h"
#include "pipelines/face/photo_work.h"
#include "pipelines/face/talk_work.h"
#include "tests/face/small_people.h"
#include "tests/schema/round_trip.h"
#include "tests/voice/small_speech_model.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

class FaceWork : public testing::Test {
 protected:
  void SetUp() override { make_small_people(folder_ / "people"); }
  void TearDown() override { fs::remove_all(folder_); }
  FaceTask task() const {
    return {.text = "an old woman with long hair and glasses, smiling", .size = 64, .texture = 256, .model = (folder_ / "people").string()};
  }

  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-face-{}", ::getpid());
};

Json gltf_of(const Bytes& glb) { return value_or_throw(parse_json(value_or_throw(glb_json(glb)))); }

}  // namespace

TEST_F(FaceWork, IsAPictureAHeadWithTargetsAndItsNumbers) {
  const Work work = value_or_throw(face_work(task()));
  const Json gltf = gltf_of(work.files.at("face.glb"));
  EXPECT_EQ(gltf["meshes"][0]["extras"]["targetNames"].size(), kFaceActions.size()) << "the skin has all of them";
  EXPECT_EQ(value_or_throw(decode_png(work.files.at("picture.png"))).width, 64);
  const Bytes& png = work.files.at("picture.png");
  EXPECT_EQ(claimed_source_term({reinterpret_cast<const char*>(png.data()), png.size()}), "trainedAlgorithmicMedia");
  const Bytes& person = work.files.at("person.json");
  EXPECT_EQ(value_or_throw(parse_json({reinterpret_cast<const char*>(person.data()), person.size()}))["glasses"], "square");
  EXPECT_EQ(work.receipt["models"].size(), 7U);
  EXPECT_TRUE(work.receipt.contains("watermark"));
}

TEST_F(FaceWork, ComesAgainAndNotWithOtherData) {
  const Work work = value_or_throw(face_work(task()));
  EXPECT_EQ(value_or_throw(replay_face(work.receipt)).files, work.files);
  std::string lines;
  for (size_t i = 0; i < kFaceActions.size(); ++i) lines += "9 0 0 .1\n";
  value_or_throw(write_file(folder_ / "people" / "actions.txt", std::string_view(lines)));
  EXPECT_EQ(replay_face(work.receipt).error().code, ErrorCode::mismatch);
}

TEST_F(FaceWork, EachFieldChangesIt) {
  const Work plain = value_or_throw(face_work(task()));
  const auto differs = [&](const char* field, auto change) {
    FaceTask other = task();
    change(other);
    const Work work = value_or_throw(face_work(other));
    EXPECT_NE(work.receipt["pixels"], plain.receipt["pixels"]) << field;
  };
  differs("text", [](FaceTask& t) { t.text = "a young man"; });
  differs("set", [](FaceTask& t) { t.set = {"skin=0.9"}; });
  differs("seed", [](FaceTask& t) { t.seed = 3; });
  differs("azimuth", [](FaceTask& t) { t.azimuth = 60; });
  differs("elevation", [](FaceTask& t) { t.elevation = 30; });
  differs("environment", [](FaceTask& t) { t.environment = "sunset"; });
  differs("background", [](FaceTask& t) { t.background = "#102030"; });
  differs("texture", [](FaceTask& t) { t.texture = 300; });
  differs("watermark", [](FaceTask& t) { t.watermark = false; });
  differs("size", [](FaceTask& t) { t.size = 80; });
}

TEST_F(FaceWork, TellsWordsThatItDoesNotKnowAndRefusesNumbers) {
  FaceTask other = task();
  other.text = "a woman with a zeppelin";
  std::string said;
  ASSERT_TRUE(face_work(other, {}, [&](const std::string& note) { said = note; }));
  EXPECT_NE(said.find("zeppelin"), std::string::npos);
  EXPECT_EQ(face_schema().complete({{"set", {"age=200"}}}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(face_schema().complete({{"set", {"nobody=1"}}}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(face_schema().complete({{"size", 5}}).error().code, ErrorCode::invalid_argument);
  other.model = (folder_ / "nowhere").string();
  EXPECT_EQ(face_work(other).error().code, ErrorCode::not_found);
}

TEST_F(FaceWork, HasEveryKindOfHair) {
  for (const std::string& hair : person_texts().front().choices) {
    FaceTask other = task();
    other.set = {"hair=" + hair, "beard=full"};
    const auto work = face_work(other);
    ASSERT_TRUE(work) << hair << ": " << work.error().message;
  }
}

class TalkWork : public FaceWork {
 protected:
  void SetUp() override {
    FaceWork::SetUp();
    make_small_speech_model(folder_ / "voice");
    speaker_ = value_or_throw(Speaker::load(folder_ / "voice"));
  }
  TalkTask talk() const {
    return {.text = "Papa.",
            .person = "a young man",
            .size = 64,
            .frame_rate = 4,
            .voice_model = (folder_ / "voice").string(),
            .model = (folder_ / "people").string()};
  }
  std::shared_ptr<const Speaker> speaker_;
};

TEST_F(TalkWork, IsSpeechAndAMovingHead) {
  const Work work = value_or_throw(talk_work(*speaker_, talk(), {}));
  for (const char* name : {"speech.wav", "words.json", "talking.glb", "talking.webp"}) EXPECT_TRUE(work.files.contains(name)) << name;
  const Bytes& webp = work.files.at("talking.webp");
  EXPECT_EQ(claimed_source_term({reinterpret_cast<const char*>(webp.data()), webp.size()}), "trainedAlgorithmicMedia");
  const Json gltf = gltf_of(work.files.at("talking.glb"));
  ASSERT_EQ(gltf["animations"].size(), 1U);
  EXPECT_FALSE(gltf["animations"][0]["channels"].empty());
  EXPECT_TRUE(gltf["asset"]["extras"].contains("ptah")) << "the receipt";
  EXPECT_EQ(value_or_throw(replay_talk(*speaker_, talk(), work.receipt, {})).files, work.files);
  TalkTask still = talk();
  still.animate = false;
  EXPECT_FALSE(value_or_throw(talk_work(*speaker_, still, {})).files.contains("talking.webp"));
}

TEST_F(TalkWork, SpeaksWithTheHeadOfAFile) {
  const Work face = value_or_throw(face_work(task()));
  const fs::path file = folder_ / "face.glb";
  value_or_throw(write_file(file, std::span<const uint8_t>(face.files.at("face.glb"))));
  TalkTask own = talk();
  own.person.clear();
  own.face = file;
  own.animate = false;
  const Sources sources = value_or_throw(talk_sources(own));
  const Work work = value_or_throw(talk_work(*speaker_, own, sources));
  EXPECT_TRUE(work.files.contains("from-face.glb"));
  EXPECT_EQ(value_or_throw(replay_talk(*speaker_, own, work.receipt, sources)).files, work.files);
  value_or_throw(write_file(file, std::string_view("no GLB")));
  EXPECT_EQ(talk_sources(own).error().code, ErrorCode::unsupported);
  Sources other;
  MeshScene plain;
  plain.materials.emplace_back();
  SceneMesh mesh;
  mesh.path = "stone";
  mesh.mesh = {{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}}, {{0, 0, 1}, {0, 0, 1}, {0, 0, 1}}, {{0, 1, 2}}};
  plain.meshes.push_back(mesh);
  other.files["face.glb"] = value_or_throw(encode_glb(plain));
  EXPECT_EQ(talk_work(*speaker_, own, other).error().code, ErrorCode::invalid_argument) << "a stone does not speak";
}

TEST(FaceRequests, ComeBackByTheirCommands) {
  Json face = test::other_values(face_schema());
  face["set"] = {"age=70", "hair=long"};
  face["background"] = "#12ab9F";
  test::expect_same_by_command(face_schema(), value_or_throw(face_schema().request(face)),
                               face_schema().command_of(value_or_throw(face_schema().request(face))));
  Json talk = test::other_values(talk_schema());
  talk["set"] = {"age=70"};
  talk["voice"] = "af_sky";
  talk["lexicon"] = "Ptah=tˈɑ";
  talk["background"] = "#12ab9F";
  for (const bool finished : {true, false}) {  // a finished head, or one that is described
    Json one = talk;
    for (const char* other : finished ? std::vector{"person", "set"} : std::vector{"face"}) one.erase(other);
    const auto request = value_or_throw(talk_schema().request(one));
    test::expect_same_by_command(talk_schema(), request, talk_schema().command_of(request));
  }
  EXPECT_EQ(talk_schema().complete({{"text", "a"}, {"face", "a.glb"}, {"person", "a man"}}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(photo_schema().complete({{"picture", "a.png"}}).error().code, ErrorCode::invalid_argument) << "nothing to do";
}

namespace {

class PhotoWork : public testing::Test {
 protected:
  void SetUp() override {
    setenv("PTAH_REVOCATIONS", (folder_ / "revocations").c_str(), 1);
    fs::create_directories(folder_);
    sources_.from = make_image(64, 64);
  }
  void TearDown() override {
    unsetenv("PTAH_REVOCATIONS");
    fs::remove_all(folder_);
  }
  Bytes consent(const std::vector<std::string>& uses, const std::string& picture) const {
    const Json json = value_or_throw(signed_consent({.person = "Ann", .pictures = {picture}, .uses = uses, .from = 1000, .until = 2000}, key_));
    const std::string text = json.dump();
    return {text.begin(), text.end()};
  }
  std::string refusal(int64_t now = 1500) const {
    const auto work = photo_work(task_, sources_, now);
    if (work) return "made";
    return fmt::format("{}: {}", error_info(work.error().code).name, work.error().message);
  }
  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-photo-{}", ::getpid());
  const Key key_ = Key::generate();
  Sources sources_;
  PhotoTask task_{.smile = 1, .model = "no-such-model"};
};

}  // namespace

TEST_F(PhotoWork, IsRefusedWithoutConsentBeforeAnythingIsRead) {
  EXPECT_TRUE(refusal().starts_with("permission")) << refusal();
  sources_.files["consent-1.json"] = consent({"gaze"}, pixel_id(*sources_.from));
  EXPECT_NE(refusal().find("does not allow 'expression'"), std::string::npos) << refusal();
  sources_.files["consent-1.json"] = consent({"expression"}, "sha256:" + std::string(64, '0'));
  EXPECT_NE(refusal().find("no consent names this picture"), std::string::npos) << refusal();
  sources_.files["consent-1.json"] = consent({"expression"}, pixel_id(*sources_.from));
  EXPECT_NE(refusal(2000).find("expired"), std::string::npos) << refusal(2000);
  EXPECT_TRUE(refusal().starts_with("not_found")) << "consent is given; the model is not there: " << refusal();
  sources_.files["consent-1.json"][40] ^= 1;
  EXPECT_FALSE(refusal().starts_with("not_found")) << "a changed consent is none";
}

TEST_F(PhotoWork, NeedsTheConsentOfBothForASwap) {
  task_.smile = 0;
  Image donor = make_image(32, 32);
  donor.rgba[0] = 7;
  sources_.files["donor.png"] = value_or_throw(encode_png(donor));
  sources_.files["consent-1.json"] = consent({"swap"}, pixel_id(*sources_.from));
  EXPECT_NE(refusal().find("`donor`"), std::string::npos) << refusal();
  sources_.files["consent-2.json"] = consent({"swap"}, pixel_id(value_or_throw(decode_png(sources_.files["donor.png"]))));
  EXPECT_TRUE(refusal().starts_with("not_found")) << refusal();
}

TEST_F(PhotoWork, IsRefusedOnceTheConsentIsTakenBack) {
  sources_.files["consent-1.json"] = consent({"expression"}, pixel_id(*sources_.from));
  const Bytes& file = sources_.files["consent-1.json"];
  const Consent given = value_or_throw(read_consent(value_or_throw(parse_json({reinterpret_cast<const char*>(file.data()), file.size()}))));
  fs::create_directories(folder_ / "revocations");
  value_or_throw(write_file(folder_ / "revocations" / "one.json", std::string_view(value_or_throw(signed_revocation(given.id, 1200, key_)).dump())));
  EXPECT_NE(refusal().find("took this consent back"), std::string::npos) << refusal();
}

}  // namespace ptah
