// The whole way on a tiny model that is trained here: data, training, exact resume, works, receipts, replay, verify, plans.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>

#include "base/parallel.h"
#include "base/sha256.h"
#include "work/work_folder.h"
#include "media/label.h"
#include "train/picture/evaluation.h"
#include "train/picture/picture_trainer.h"
#include "weights/safetensors.h"
#include "work/verification.h"
#include "work/plan.h"
#include "pipelines/object.h"
#include "pipelines/create.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

class Tiny : public testing::Test {
 protected:
  static fs::path& folder() {
    static fs::path path = fs::temp_directory_path() / fmt::format("ptah-create-{}", ::getpid());
    return path;
  }

  static void SetUpTestSuite() {
    fs::create_directories(folder() / "data");
    const char* names[] = {"red ball", "green box", "blue ball", "red box"};
    for (int i = 0; i < 4; ++i) {
      Image picture = make_image(40, 32);
      for (int64_t y = 0; y < 32; ++y)
        for (int64_t x = 0; x < 40; ++x) {
          const bool inside = i % 2 ? x > 8 && x < 32 && y > 6 && y < 26 : (x - 20) * (x - 20) + (y - 16) * (y - 16) < 120;
          uint8_t* to = picture.at(x, y);
          to[i % 3] = 220;
          to[3] = inside ? 255 : 0;
        }
      const auto png = encode_png(picture);
      ASSERT_TRUE(write_file(folder() / "data" / fmt::format("{}.png", i), std::span<const uint8_t>(*png)));
      ASSERT_TRUE(write_file(folder() / "data" / fmt::format("{}.txt", i), std::string("a ") + names[i] + "\nown " + names[i] + "\n"));
    }
    ASSERT_TRUE(run("whole", 0, 2));
  }
  static void TearDownTestSuite() { fs::remove_all(folder()); }

  static Json config(const std::string& out, int64_t stop_at) {
    return {{"data", "data"},
            {"out", out},
            {"autoencoder_model",
             {{"size", 32},
              {"latent_channels", 8},
              {"encoder_widths", {16, 16}},
              {"encoder_blocks", {1, 1}},
              {"decoder_widths", {16, 16}},
              {"decoder_blocks", {1, 1}}}},
            {"autoencoder", {{"batch", 5}, {"steps", 6}, {"warmup", 2}}},
            {"denoiser",
             {{"batch", 6},
              {"steps", 8},
              {"warmup", 2},
              {"width", 32},
              {"blocks", 2},
              {"heads", 2},
              {"text_width", 32},
              {"text_layers", 1},
              {"stop_at", stop_at}}}};
  }

  static Result<void> run(const std::string& out, int64_t stop_at, int threads, const Json& change = {}) {
    set_threads(threads);
    Json json = config(out, stop_at);
    if (change.is_object()) json.merge_patch(change);
    TrainCallbacks calls;
    calls.report = [](const std::string&, const RunReport&) {};
    const auto result = train_picture_model(json, folder(), calls);
    set_threads(0);
    return result;
  }

  static std::string digest(const std::string& out) { return sha256_hex(*read_file(folder() / out / "picture.safetensors")); }

  static std::shared_ptr<PictureModel> model() {
    auto loaded = PictureModel::load(folder() / "whole" / "picture.safetensors");
    EXPECT_TRUE(loaded) << loaded.error().message;
    return *loaded;
  }
  static CreateRequest request() {
    CreateRequest r;
    r.prompt = "a red ball";
    r.style = "own";
    r.size = 128;
    r.steps = 3;
    r.target_triangles = 1000;
    return r;
  }
};

}  // namespace

TEST_F(Tiny, ARunCutAndResumedGivesTheSameBytes) {
  ASSERT_TRUE(run("cut", 3, 2));
  const std::string half = digest("cut");
  ASSERT_TRUE(run("cut", 0, 2));
  EXPECT_NE(half, digest("cut"));
  EXPECT_EQ(digest("whole"), digest("cut"));
}

TEST_F(Tiny, TrainingGivesTheSameBytesForAnyNumberOfThreads) {
  for (const int count : {1, 3, 8}) {
    const std::string out = fmt::format("threads-{}", count);
    ASSERT_TRUE(run(out, 0, count));
    EXPECT_EQ(digest("whole"), digest(out)) << count << " threads";
  }
}

TEST_F(Tiny, WorksAreTheSameForAnyNumberOfThreads) {
  const auto loaded = model();
  std::string first;
  for (const int count : {1, 2, 3, 8}) {
    set_threads(count);
    const auto work = create_work(*loaded, request(), {});
    set_threads(0);
    ASSERT_TRUE(work) << work.error().message;
    const std::string all = work->receipt.dump();
    if (first.empty()) first = all;
    EXPECT_EQ(first, all) << count;
  }
}

TEST_F(Tiny, UnknownConfigKeysAndBadValuesAreRefused) {
  const auto unknown = run("bad", 0, 2, {{"denoiser", {{"widht", 3}}}});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("denoiser.widht"), std::string::npos);
  EXPECT_FALSE(run("bad2", 0, 2, {{"autoencoder", {{"steps", "many"}}}}));
  EXPECT_FALSE(run("bad3", 0, 2, {{"data", "nowhere"}}));
}

TEST_F(Tiny, ReplayMakesTheSameBytesAndVerifyFindsAChangedPixel) {
  const auto loaded = model();
  const fs::path out = folder() / "work";
  const auto work = create_work(*loaded, request(), {true, true, true, true, true});
  ASSERT_TRUE(work) << work.error().message;
  ASSERT_TRUE(write_work(*work, out));
  EXPECT_FALSE(write_work(*work, out)) << "an existing work is never overwritten";
  for (const char* file : {"", "picture.png", "object.glb", "receipt.json"}) {
    const auto receipt = read_receipt(*file ? out / file : out);
    ASSERT_TRUE(receipt) << file << receipt.error().message;
    const auto again = replay_work(*loaded, *receipt);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->files.at("picture.png"), work->files.at("picture.png"));
    EXPECT_EQ(again->files.at("object.glb"), work->files.at("object.glb"));
    const auto verified = verify_work(*file ? out / file : out);
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_TRUE(verified->whole);
  }
  const auto label = png_text(work->files.at("picture.png"), kXmpKeyword);  // marked as made by a machine
  ASSERT_TRUE(label);
  EXPECT_NE(label->find("digitalsourcetype/trainedAlgorithmicMedia<"), std::string::npos);
  const size_t aigc = label->find("<TC260:AIGC>") + 12;
  const auto marked = parse_json(label->substr(aigc, label->find("</TC260:AIGC>") - aigc));
  ASSERT_TRUE(marked) << *label;
  EXPECT_EQ(marked->size(), 7U);
  EXPECT_EQ((*marked)["Label"], "1");
  EXPECT_EQ((*marked)["ProduceID"], work->receipt["pixels"]);
  auto picture = decode_png(work->files.at("picture.png"));
  picture->at(64, 64)[1] ^= 1;
  const auto forged = encode_png(*picture, {{"ptah-receipt", *png_text(work->files.at("picture.png"), "ptah-receipt")}});
  ASSERT_TRUE(write_file(out / "picture.png", std::span<const uint8_t>(*forged)));
  EXPECT_FALSE(verify_work(out / "picture.png")->whole);
  EXPECT_FALSE(verify_work(out)->whole);
  fs::remove(out / "object.stl");
  EXPECT_FALSE(verify_work(out)->whole);
}

Image checkered(int64_t size) {
  Image picture = make_image(size, size);
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      if (x <= 4 || y <= 4 || x >= size - 4 || y >= size - 4) continue;
      uint8_t* to = picture.at(x, y);
      to[(x / 8 + y / 8) % 2] = 200;
      to[3] = 255;
    }
  return picture;
}

TEST_F(Tiny, APictureToStartFromShapesTheWorkAndIsKeptWithIt) {
  const auto loaded = model();
  CreateRequest r = request();
  r.steps = 6;
  const Sources sources{checkered(128), {}};
  const auto distance = [&](float strength) {
    r.strength = strength;
    const auto made = loaded->create(r, sources), without = loaded->create(r);
    EXPECT_TRUE(made && without);
    double sum = 0;
    for (size_t i = 0; i < made->rgba.size(); ++i) sum += std::abs(made->rgba[i] - without->rgba[i]);
    return sum;
  };
  EXPECT_EQ(distance(1), 0) << "at full strength nothing of the picture is left";
  EXPECT_GT(distance(0.1F), 0);
  r.strength = 0.5F;
  const auto work = create_work(*loaded, r, {}, sources);
  ASSERT_TRUE(work) << work.error().message;
  const fs::path out = folder() / "from-work";
  ASSERT_TRUE(write_work(*work, out));
  EXPECT_TRUE(verify_work(out)->whole);
  const auto receipt = read_receipt(out);
  ASSERT_TRUE(receipt);
  EXPECT_FALSE(replay_work(*loaded, *receipt)) << "without its source the work cannot be made again";
  const auto found = read_sources(*receipt, out);
  ASSERT_TRUE(found) << found.error().message;
  const auto again = replay_work(*loaded, *receipt, *found);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->files, work->files);
  Image other = checkered(128);
  other.at(64, 64)[0] ^= 1;
  ASSERT_TRUE(write_file(out / "from.png", std::span<const uint8_t>(*encode_png(other))));
  EXPECT_FALSE(read_sources(*receipt, out));
  EXPECT_FALSE(verify_work(out)->whole);
}

TEST_F(Tiny, AnObjectOfAPictureIsMadeAgainFromItsFolder) {
  const auto work = object_work(checkered(96), {.target_triangles = 1000}, {true, true, false, false, true});
  ASSERT_TRUE(work) << work.error().message;
  const fs::path out = folder() / "object-work";
  ASSERT_TRUE(write_work(*work, out));
  EXPECT_TRUE(verify_work(out)->whole);
  EXPECT_TRUE(verify_work(out / "object.glb")->whole);
  EXPECT_TRUE(verify_work(out / "picture.png")->whole);
  const auto receipt = read_receipt(out);
  ASSERT_TRUE(receipt);
  EXPECT_TRUE(is_object_receipt(*receipt));
  const auto again = replay_object(*receipt, *read_sources(*receipt, out));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->files, work->files);
  EXPECT_FALSE(replay_object(*receipt, {checkered(97), {}}));
  EXPECT_FALSE(object_work(checkered(96), {.target_triangles = 1}, {}));
}

TEST_F(Tiny, TrainingsGoOnWithOtherNoiseAndRates) {
  const auto go_on = [&](const std::string& out, const Json& denoiser) {
    return run(out, 0, 2, {{"start_from", "whole/picture.safetensors"}, {"autoencoder", Json::object()}, {"denoiser", denoiser}});
  };
  ASSERT_TRUE(go_on("plain", {{"time_mean", 0}}));
  const auto trained = go_on("noisier", {{"time_mean", 1}});
  ASSERT_TRUE(trained) << trained.error().message;
  ASSERT_TRUE(go_on("tables", {{"table_learning_rate", 0.02}}));
  const auto weights = [&](const std::string& out) { return *read_safetensors(folder() / out / "picture.safetensors"); };
  EXPECT_NE(digest("plain"), digest("noisier"));
  const auto moved = [&](const std::string& out) {  // how far the words went from where they began
    const auto before = weights("whole").tensors.at("text.embedding").to_vector(), after = weights(out).tensors.at("text.embedding").to_vector();
    double sum = 0;
    for (size_t i = 0; i < before.size(); ++i) sum += std::abs(static_cast<double>(after[i]) - static_cast<double>(before[i]));
    return sum;
  };
  EXPECT_GT(moved("tables"), 5 * moved("plain"));
  for (const Json& wrong : {Json(1e300), Json(1.5), Json("8"), Json(-1e30)}) {
    const auto refused = go_on("refused", {{"steps", wrong}});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("'denoiser.steps'"), std::string::npos) << refused.error().message;
  }
}

TEST_F(Tiny, TheJudgeChoosesAmongSeveral) {
  const auto trained = run("judges", 0, 2,
                           {{"start_from", "whole/picture.safetensors"},
                            {"autoencoder", Json::object()},
                            {"denoiser", Json::object()},
                            {"judges", {{"judge", {{"batch", 4}, {"steps", 60}, {"warmup", 5}, {"learning_rate", 3e-3}, {"group_weights", Json::object()}}}}}});
  ASSERT_TRUE(trained) << trained.error().message;
  const auto loaded = model();
  CreateRequest r = request();
  r.best_of = 3;
  EXPECT_FALSE(loaded->create(r)) << "without a judge";
  ASSERT_TRUE(loaded->add_judge(folder() / "judges" / "judge" / "judge.safetensors"));
  EXPECT_EQ(loaded->with_defaults(request()).best_of, 2) << "with a judge two pay";
  EXPECT_EQ(model()->with_defaults(request()).best_of, 1);
  const auto plan = plan_work(*loaded, r);
  ASSERT_TRUE(plan) << plan.error().message;
  const auto work = create_work(*loaded, r, {});
  ASSERT_TRUE(work) << work.error().message;
  EXPECT_EQ(work->receipt["models"]["judge"], "sha256:" + loaded->judge_sha256());
  const auto again = replay_work(*loaded, work->receipt);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->files, work->files);
  EXPECT_FALSE(replay_work(*model(), work->receipt)) << "a model without that judge";
  EXPECT_FALSE(loaded->add_judge(folder() / "whole" / "picture.safetensors")) << "not a judge";
}

TEST_F(Tiny, SynonymsAreDrawnAsTheWordsTheyStandFor) {
  const auto give = [&](const std::string& lines, const std::string& out) {
    EXPECT_TRUE(write_file(folder() / "synonyms.txt", lines));
    return run(out, 0, 2, {{"start_from", "whole/picture.safetensors"}, {"autoencoder", nullptr}, {"denoiser", nullptr}, {"synonyms", "synonyms.txt"}});
  };
  EXPECT_FALSE(give("sphere moon\n", "refused")) << "no picture of a moon";
  EXPECT_FALSE(fs::exists(folder() / "refused" / "picture.safetensors"));
  const auto given = give("sphere ball\n", "synonyms");
  ASSERT_TRUE(given) << given.error().message;
  const auto loaded = PictureModel::load(folder() / "synonyms" / "picture.safetensors");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ((*loaded)->unknown_words("a red sphere"), std::vector<std::string>{"no picture was trained on \"sphere\"; drawn as \"ball\""});
  CreateRequest asked = request();
  const auto ball = (*loaded)->create(asked);
  asked.prompt = "a red sphere";
  const auto sphere = (*loaded)->create(asked), without = model()->create(asked);
  ASSERT_TRUE(ball && sphere && without);
  EXPECT_EQ(sphere->rgba, ball->rgba);
  EXPECT_NE(without->rgba, ball->rgba);
  // They outlive a training that goes on from there.
  ASSERT_TRUE(run("later", 0, 2, {{"start_from", "synonyms/picture.safetensors"}, {"autoencoder", Json::object()}, {"denoiser", {{"steps", 1}}}}));
  EXPECT_EQ(read_safetensors(folder() / "later" / "picture.safetensors")->metadata.at("synonyms"), "sphere ball\n");
}

TEST_F(Tiny, EvaluationMeasuresEveryPart) {
  ASSERT_TRUE(run("measured", 0, 2,
                  {{"start_from", "whole/picture.safetensors"},
                   {"autoencoder", nullptr},
                   {"denoiser", nullptr},
                   {"judges", {{"measure", {{"batch", 4}, {"steps", 5}, {"warmup", 2}, {"group_weights", Json::object()}}}}}}));
  const auto loaded = model();
  const auto judge = loaded->load_judge(folder() / "measured" / "measure" / "judge.safetensors");
  ASSERT_TRUE(judge) << judge.error().message;
  auto set = read_picture_set(folder() / "data", 32);
  ASSERT_TRUE(set);
  Evaluation evaluation;
  evaluation.request.steps = 1;
  evaluation.count = 2;
  evaluation.prompts = {"a red ball", "a green box"};
  evaluation.synonyms = {{"orb", {set->entries[0].concept_name}}, {"moon", {"moon"}}};
  int sheets = 0;
  const auto measure = [&] {
    evaluation.sheets = folder() / fmt::format("sheets-{}", ++sheets);  // new ones each time: nothing is written over
    return evaluate_picture_model(*loaded, **judge, *set, evaluation, {});
  };
  evaluation.parts = {"prompts", "colours", "synonyms", "frechet", "nearest", "arrangements", "concepts"};
  const auto report = measure();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ((*report)["prompts"]["of"], 2);
  EXPECT_EQ((*report)["colours"]["of"], 200);
  EXPECT_EQ((*report)["synonyms"]["top5"], 0.5) << "there are but four concepts, and none is meant by the second";
  EXPECT_GT((*report)["frechet"]["distance"].get<double>(), (*report)["frechet"]["between_true"].get<double>()) << "hardly trained";
  EXPECT_EQ((*report)["nearest"]["of"], 4);
  EXPECT_EQ((*report)["arrangements"]["numbers"], 24);
  const Json& concepts = (*report)["concepts"];
  EXPECT_EQ(concepts["of"], 4);
  EXPECT_EQ(concepts["top5"], 1) << "there are but four";
  EXPECT_EQ(concepts["top1"], 1 - static_cast<double>(concepts["missed"].size()) / 4);
  for (const auto& [name, place] : concepts["missed"].items()) EXPECT_TRUE(place >= 2 && place <= 4) << name;
  for (const std::string& part : evaluation.parts) EXPECT_TRUE(read_image(folder() / "sheets-1" / (part + ".png"))) << part;
  EXPECT_EQ(*measure(), *report) << "the same figures again";
  PictureSet with_test = *set;
  with_test.entries[1].test = with_test.entries[2].test = true;
  evaluation.parts = {"held-out"};
  evaluation.sheets = folder() / "held-out";
  const auto held_out = evaluate_picture_model(*loaded, **judge, with_test, evaluation, {});
  ASSERT_TRUE(held_out) << held_out.error().message;
  EXPECT_EQ((*held_out)["held-out"]["of"], 2);
  for (const char* part : {"held-out", "beauty"}) {
    evaluation.parts = {part};
    const auto refused = measure();
    ASSERT_FALSE(refused) << part;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
  CancelToken cancel;
  cancel.cancel();
  evaluation.parts = {"prompts"};
  evaluation.sheets = folder() / "cancelled";
  const auto cancelled = evaluate_picture_model(*loaded, **judge, *set, evaluation, {{}, {}, &cancel});
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
}

TEST_F(Tiny, ConceptsHaveWeights) {
  const auto set = read_picture_set(folder() / "data", 32);
  ASSERT_TRUE(set);
  Json weights = Json::object();
  for (const PictureEntry& entry : set->entries) weights[entry.concept_name] = 0;
  const auto refused = run("weighed", 0, 2, {{"denoiser", {{"concept_weights", weights}}}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("weight 0"), std::string::npos) << refused.error().message;
  weights[set->entries[2].concept_name] = 2;
  const auto weighed = run("weighed", 0, 2, {{"denoiser", {{"concept_weights", weights}}}});
  ASSERT_TRUE(weighed) << weighed.error().message;
  EXPECT_NE(digest("weighed"), digest("whole"));
  weights[set->entries[2].concept_name] = "often";
  EXPECT_FALSE(run("odd", 0, 2, {{"denoiser", {{"concept_weights", weights}}}}));
}

TEST_F(Tiny, TheTextEncoderLearnsFromASentenceEncoder) {
  const fs::path teacher = folder() / "teacher";
  fs::create_directories(teacher);
  for (const char* file : {"config.json", "model.safetensors", "vocab.txt"})
    fs::copy_file(fs::path(PTAH_SOURCE_DIR) / "tests/golden/bert" / file, teacher / file);
  ASSERT_TRUE(write_file(folder() / "texts.txt", std::string("ball: a round thing\nbox: a thing with corners\n\n")));
  const auto learn = [&](const std::string& out, int64_t stop_at, int threads, const Json& more = Json::object()) {
    Json distil{{"texts", "texts.txt"}, {"model", teacher.string()}, {"batch", 3}};
    distil.merge_patch(more);
    return run(out, stop_at, threads, {{"denoiser", {{"distil", distil}}}});
  };
  const auto taught = learn("taught", 0, 2);
  ASSERT_TRUE(taught) << taught.error().message;
  EXPECT_NE(digest("taught"), digest("whole"));
  ASSERT_TRUE(learn("taught-cut", 3, 1));
  ASSERT_TRUE(learn("taught-cut", 0, 3));
  EXPECT_EQ(digest("taught-cut"), digest("taught")) << "resumed, with other numbers of threads";
  ASSERT_TRUE(learn("taught-less", 0, 2, {{"weight", 0}}));
  EXPECT_NE(digest("taught-less"), digest("taught")) << "the vectors count";
  const auto file = read_safetensors(folder() / "taught" / "picture.safetensors");
  ASSERT_TRUE(file);
  for (const auto& [name, tensor] : file->tensors)
    EXPECT_EQ(name.find("distil"), std::string::npos) << "the way to the teacher's vectors is no part of the model";
  ASSERT_TRUE(run("taught-on", 0, 2,
                  {{"start_from", "taught/picture.safetensors"}, {"denoiser", {{"distil", {{"texts", "texts.txt"}, {"model", teacher.string()}}}}}}));

  ASSERT_TRUE(write_file(folder() / "texts.txt", std::string("another text\n")));
  const auto others = learn("taught-cut", 0, 2);
  ASSERT_FALSE(others) << "vectors of other texts";
  EXPECT_NE(others.error().message.find("teacher.safetensors"), std::string::npos) << others.error().message;
  EXPECT_EQ(learn("lost", 0, 2, {{"texts", "nowhere.txt"}}).error().code, ErrorCode::not_found);
  EXPECT_FALSE(learn("lost", 0, 2, {{"weight", -1}}));
  EXPECT_FALSE(learn("lost", 0, 2, {{"wait", 1}}));
}

TEST_F(Tiny, TheUpscalerIsTrainedAgainstADiscriminatorAndUsed) {
  const auto train = [&](const std::string& out, int64_t stop_at, int threads, const Json& more = Json::object()) {
    Json stage{{"batch", 2},         {"steps", 6},    {"warmup", 1},           {"width", 8},
               {"blocks", 1},        {"patch", 16},   {"adversarial_from", 3}, {"discriminator_widths", {8, 8}},
               {"stop_at", stop_at}, {"log_every", 1}};
    stage.merge_patch(more);
    return run(out, 0, threads,
               {{"start_from", "whole/picture.safetensors"}, {"autoencoder", nullptr}, {"denoiser", nullptr}, {"large_data", "data"}, {"upscaler", stage}});
  };
  const auto file = [&](const std::string& out) { return folder() / out / "upscaler" / "upscaler.safetensors"; };
  const auto trained = train("up", 0, 2);
  ASSERT_TRUE(trained) << trained.error().message;
  ASSERT_TRUE(train("up-cut", 4, 3));
  ASSERT_TRUE(train("up-cut", 0, 1));
  EXPECT_EQ(sha256_hex(*read_file(file("up"))), sha256_hex(*read_file(file("up-cut")))) << "resumed, with other numbers of threads";
  EXPECT_TRUE(read_image(folder() / "up" / "upscaler" / "balance.png"));
  ASSERT_TRUE(train("up-plain", 0, 2, {{"adversarial_weight", 0}}));
  EXPECT_NE(sha256_hex(*read_file(file("up"))), sha256_hex(*read_file(file("up-plain")))) << "the discriminator counts";
  const auto refused = train("up-refused", 0, 2, {{"patch", 17}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("patch"), std::string::npos) << refused.error().message;

  const auto loaded = model();
  const CreateRequest r = request();
  const auto classical = create_work(*loaded, r, {});
  ASSERT_TRUE(loaded->add_upscaler(file("up")));
  const auto work = create_work(*loaded, r, {});
  ASSERT_TRUE(work && classical);
  EXPECT_NE(work->files.at("picture.png"), classical->files.at("picture.png"));
  EXPECT_EQ(work->receipt["models"]["upscaler"], "sha256:" + loaded->upscaler_sha256(r.size));
  EXPECT_EQ(replay_work(*loaded, work->receipt)->files, work->files);
  const auto elsewhere = replay_work(*model(), work->receipt);
  ASSERT_FALSE(elsewhere) << "a model without that upscaler";
  EXPECT_NE(elsewhere.error().message.find("upscaler"), std::string::npos) << elsewhere.error().message;
  EXPECT_FALSE(replay_work(*loaded, classical->receipt)) << "made without one";
  const auto plan = plan_work(*loaded, r);
  ASSERT_TRUE(plan) << plan.error().message;
}

TEST_F(Tiny, WhatTheMaskKeepsStaysToThePixel) {
  const auto loaded = model();
  Image mask = make_image(128, 128);
  for (int64_t y = 0; y < 128; ++y)
    for (int64_t x = 0; x < 128; ++x) {
      std::fill_n(mask.at(x, y), 3, static_cast<uint8_t>(x < 64 ? 0 : 255));
      mask.at(x, y)[3] = 255;
    }
  CreateRequest r = request();
  r.strength = 1;
  const Image from = checkered(128);
  const auto made = loaded->create(r, {from, mask});
  ASSERT_TRUE(made) << made.error().message;
  int64_t changed = 0;
  for (int64_t y = 0; y < 128; ++y)
    for (int64_t x = 0; x < 128; ++x)
      for (int c = 0; c < 4; ++c) {
        const int off = std::abs(made->at(x, y)[c] - from.at(x, y)[c]);
        if (x < 63) {
          EXPECT_LE(off, 1) << x << ' ' << y;
        }
        if (x > 64) changed += off > 8;
      }
  EXPECT_GT(changed, 1000);
  EXPECT_FALSE(loaded->create(r, {{}, mask})) << "a mask alone";
  EXPECT_FALSE(loaded->create(r, {checkered(64), mask})) << "another size";
}

TEST_F(Tiny, PlannedTensorMemoryHoldsWithSourcesToo) {
  const auto planner = model();
  const Sources sources{checkered(300), checkered(300)};
  const auto plan = plan_work(*planner, request(), sources);
  ASSERT_TRUE(plan) << plan.error().message;
  const auto fresh = model();
  release_free_blocks();
  reset_memory_peak();
  const int64_t before = memory_account().live_bytes;
  ASSERT_TRUE(fresh->create(request(), sources));
  const int64_t measured = memory_account().peak_bytes - before;
  EXPECT_LE(measured, plan->tensor_bytes);
  EXPECT_LE(static_cast<double>(plan->tensor_bytes), 1.25 * static_cast<double>(measured));
}

TEST_F(Tiny, BadRequestsAreRefusedInOneLine) {
  const auto loaded = model();
  const auto refused = [&](const std::function<void(CreateRequest&)>& change, const std::string& part) {
    CreateRequest r = request();
    change(r);
    const auto work = create_work(*loaded, r, {});
    ASSERT_FALSE(work) << part;
    EXPECT_NE(work.error().message.find(part), std::string::npos) << work.error().message;
    EXPECT_EQ(work.error().message.find('\n'), std::string::npos);
  };
  refused([](auto& r) { r.prompt = "   "; }, "empty");
  refused([](auto& r) { r.prompt = std::string(100000, 'x'); }, "100000 bytes");
  refused([](auto& r) { r.prompt = "a\x01"; }, "control character");
  refused([](auto& r) { r.prompt = "a\xFF"; }, "UTF-8");
  refused([](auto& r) { r.style = "cubist"; }, "known: own");
  refused([](auto& r) { r.size = 4096; }, "128 to 512");
  refused([](auto& r) { r.background = "#12345"; }, "background");
  refused([](auto& r) { r.strength = 0; }, "strength");
  refused([](auto& r) { r.best_of = 17; }, "`best_of`");
  refused([](auto& r) { r.guidance = std::nanf(""); }, "guidance");
  EXPECT_FALSE(parse_formats("png,exe"));
}

TEST_F(Tiny, UnknownWordsAreSaidWithTheNearest) {
  const auto notes = model()->unknown_words("a red bal of xyzzy");
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[0], "no picture was trained on \"bal\"; nearest: ball");
  EXPECT_TRUE(notes[1].starts_with("no picture was trained on \"xyzzy\"; nearest: ")) << notes[1];
  EXPECT_TRUE(model()->unknown_words("a red ball").empty());
}

TEST_F(Tiny, SeveralThingsStandSideBySideOnTheGroundThatIsAskedFor) {
  const auto model = value_or_throw(PictureModel::load(folder() / "whole" / "picture.safetensors"));
  CreateRequest r = request();
  r.prompt = "a red ball and two green boxes on a blue background";
  r.size = 128;
  const Image picture = value_or_throw(model->create(r));
  for (int i = 0; i < 128; ++i) EXPECT_EQ(picture.at(64, i)[3], 0) << "nothing in between";
  r.object = false;
  const Work work = value_or_throw(create_work(*model, r, {.png = true}));
  EXPECT_EQ(work.receipt["request"]["background"], "#3a78e0");
  const Image shown = value_or_throw(decode_png(work.files.at("picture.png")));
  EXPECT_EQ(shown.at(64, 0)[2], 0xE0);
  EXPECT_EQ(shown.at(64, 0)[3], 255);
  r.background = "white";
  EXPECT_EQ(model->with_defaults(r).background, "white") << "what was said outright counts";
  CreateRequest one = request();
  one.prompt = "a red ball on a blue background";
  CreateRequest bare = one;
  bare.prompt = "a red ball";
  EXPECT_EQ(value_or_throw(model->create(one)).rgba, value_or_throw(model->create(bare)).rgba);
  double last = 0;
  (void)value_or_throw(model->create(r, {}, [&](const Progress& p) {
    EXPECT_GE(p.fraction, last);
    EXPECT_LE(p.fraction, 1);
    last = p.fraction;
  }));
  EXPECT_GT(last, 0.6);
  const Plan plan = value_or_throw(plan_work(*model, r, {})), single = value_or_throw(plan_work(*model, bare, {}));
  EXPECT_GT(plan.flops, 2 * single.flops);
}

TEST_F(Tiny, CancellingLeavesNothing) {
  CancelToken token;
  token.cancel();
  const auto work = create_work(*model(), request(), {}, {}, {}, {}, &token);
  ASSERT_FALSE(work);
  EXPECT_EQ(error_info(work.error().code).exit_status, 130);
}

TEST_F(Tiny, BrokenModelFilesAreRefused) {
  const fs::path good = folder() / "whole" / "picture.safetensors", bad = folder() / "bad.safetensors";
  Bytes bytes = *read_file(good);
  EXPECT_FALSE(PictureModel::load(good, std::string(64, '0')));
  EXPECT_FALSE(PictureModel::load(folder() / "none.safetensors"));
  for (const size_t keep : {size_t{0}, size_t{7}, size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    ASSERT_TRUE(write_file(bad, std::span(bytes).first(keep)));
    const auto loaded = PictureModel::load(bad);
    ASSERT_FALSE(loaded) << keep;
    EXPECT_NE(loaded.error().message.find("bad.safetensors"), std::string::npos) << loaded.error().message;
  }
}

TEST_F(Tiny, PlannedTensorMemoryHoldsTheMeasuredPeak) {
  const auto planner = model();
  const auto plan = plan_work(*planner, request());
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_GT(plan->flops, 0);
  const auto fresh = model();
  release_free_blocks();
  reset_memory_peak();
  const int64_t before = memory_account().live_bytes;
  ASSERT_TRUE(fresh->create(request()));
  const int64_t measured = memory_account().peak_bytes - before;
  EXPECT_LE(measured, plan->tensor_bytes);
  EXPECT_LE(static_cast<double>(plan->tensor_bytes), 1.25 * static_cast<double>(measured));
  EXPECT_EQ(memory_account().flops, plan->flops);
  EXPECT_TRUE(check_budget(*planner, request(), {}, *plan, plan->peak_bytes));
  const auto refused = check_budget(*planner, request(), {}, *plan, 1 << 20);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::over_budget);
}

TEST_F(Tiny, APlanLeavesNoTraceAndAWorkNoneInThePlan) {
  const auto used = model(), fresh = model();
  const auto before = plan_work(*used, request());
  const auto made = create_work(*used, request(), {});
  const auto after = plan_work(*used, request());
  ASSERT_TRUE(before && made && after);
  EXPECT_EQ(before->peak_bytes, after->peak_bytes);
  EXPECT_EQ(made->files, create_work(*fresh, request(), {})->files);
}

TEST_F(Tiny, AReadOnlyPlaceIsSaid) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const fs::path locked = folder() / "locked";
  fs::create_directories(locked);
  ::chmod(locked.c_str(), 0500);
  const auto written = write_work({{{"a", {1}}}, {}}, locked / "work");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::permission);
}

}  // namespace ptah
