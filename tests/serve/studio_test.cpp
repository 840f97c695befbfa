// The studio's page and what only it needs: drafts, stars and tags, search.
#include "serve/studio/studio.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <regex>

#include "base/base64.h"
#include "serve/studio/drafts.h"
#include "serve/studio/gallery.h"
#include "serve/studio/own_commands.h"
#include "tests/files/temporary_folder.h"

namespace ptah {
namespace {

using namespace std::chrono_literals;

std::string_view page_file(const std::string& path) {
  for (const PageFile& file : page_files())
    if (file.path == path) return file.bytes;
  return {};
}

std::string ungzipped(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

// ---- the page ----------------------------------------------------------------------------------------------------------------------------------

TEST(StudioPage, AsksForNothingThatTheServerDoesNotHave) {
  const std::regex named("[\"'](/studio/[a-z.]+)[\"']");
  size_t asked = 0;
  for (const PageFile& file : page_files()) {
    const std::string text(file.bytes);
    for (std::sregex_iterator at(text.begin(), text.end(), named), end; at != end; ++at, ++asked) EXPECT_FALSE(page_file((*at)[1]).empty()) << (*at)[1];
  }
  EXPECT_GE(asked, 4U) << "style, script, viewer, another language";
  const std::string html(page_file("/"));
  EXPECT_EQ(html.find("<script>"), std::string::npos) << "the policy refuses what stands in the page itself";
  EXPECT_EQ(html.find(" style="), std::string::npos);
  EXPECT_EQ(html.find("https://"), std::string::npos);
}

TEST(StudioPage, RunsItsOwnScriptsAndAsksNobodyElse) {
  const std::string policy = kPagePolicy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(policy.find('*'), std::string::npos);
  EXPECT_EQ(policy.find("http"), std::string::npos);
  for (const char* said : {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"})
    EXPECT_NE(policy.find(said), std::string::npos) << said;
}

TEST(StudioPage, IsSmall) {
  size_t first = 0, viewer = 0;
  for (const PageFile& file : page_files()) {
    const std::string packed = gzipped(file.bytes);
    EXPECT_EQ(ungzipped(packed), file.bytes) << file.path;
    const std::string_view path = file.path;
    if (path == "/" || path == "/studio/studio.js" || path == "/studio/style.css") first += packed.size();
    if (path == "/studio/viewer.js") viewer = packed.size();
  }
  EXPECT_LE(first, 60U << 10);
  EXPECT_GT(viewer, 1000U);
  EXPECT_LE(first + viewer, 300U << 10);
}

// ---- commands ----------------------------------------------------------------------------------------------------------------------------------

TEST(OwnCommands, GetThePassphraseAsAFileAndWordsAsTheyAre) {
  const auto said = run_own_command(
      "/bin/sh", {"-c", R"sh(printf '{"secret": "%s", "word": "%s", "in": "%s"}\n' "$(cat "$PTAH_PASSPHRASE_FILE")" "$1" "$(cat)")sh", "sh", "$(rm -rf x) 'y'"},
      "correct horse");
  ASSERT_TRUE(said) << said.error().message;
  ASSERT_EQ(said->lines.size(), 1U);
  EXPECT_EQ(said->lines[0], (Json{{"secret", "correct horse"}, {"word", "$(rm -rf x) 'y'"}, {"in", ""}}));
}

TEST(OwnCommands, TellWhatACommandSaysWhenItFails) {
  const int status = error_info(ErrorCode::permission).exit_status;
  const auto failed = run_own_command("/bin/sh", {"-c", fmt::format("echo before >&2; echo 'ptah: the passphrase is wrong' >&2; exit {}", status)});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::permission);
  EXPECT_EQ(failed.error().message, "the passphrase is wrong");
  const auto untrue = run_own_command("/bin/sh", {"-c", "echo text; echo '{\"true\": false}'; exit 11"});
  ASSERT_TRUE(untrue) << "what it printed as JSON is its answer";
  EXPECT_EQ(untrue->exit_status, 11);
  EXPECT_EQ(untrue->lines.size(), 1U);
  EXPECT_FALSE(run_own_command("/no/such/program", {}));
}

// ---- drafts ------------------------------------------------------------------------------------------------------------------------------------

/// Says the prompt; takes as long as the field "seconds" says, and looks at the token meanwhile.
class SlowWorker : public JobWorker {
 public:
  Result<Plan> plan(const Job&, int64_t) override { return Plan{}; }
  Result<JobResult> run(const Job& job, int64_t, const Tell& tell, const CancelToken* cancel) override {
    ++runs;
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(job.fields.value("seconds", 0.0));
    while (std::chrono::steady_clock::now() < end) {
      if (cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
      tell({{"event", "progress"}});
      std::this_thread::sleep_for(2ms);
    }
    return JobResult{{}, {{"draft", to_base64(as_bytes(text_at(job.fields, "prompt") + "." + job.draft))}}};
  }
  void rest() override { ++rests; }
  std::atomic<int> runs{0}, rests{0};
};

NewJob draft_of(const std::string& prompt, double seconds = 0) { return {.recipe = "create", .fields = {{"prompt", prompt}, {"seconds", seconds}}}; }

TEST(DraftsOfRequests, TheNewestOfSomebodyTakesThePlaceOfTheOthers) {
  auto worker = std::make_unique<SlowWorker>();
  SlowWorker& seen = *worker;
  Drafts drafts(std::move(worker), 0, 60);
  // While one of Bob's runs, four of Ann's come: the last of them is drawn, and Bob's is not touched.
  Result<Bytes> bobs;
  std::thread bob([&] { bobs = drafts.draw(draft_of("bob", 0.3), "png", "bob", nullptr); });
  while (seen.runs == 0) std::this_thread::sleep_for(1ms);
  std::vector<Result<Bytes>> anns(4);
  std::vector<std::thread> ann;
  for (size_t i = 0; i < 4; ++i) {
    ann.emplace_back([&, i] { anns[i] = drafts.draw(draft_of("a" + std::to_string(i)), "glb", "ann", nullptr); });
    std::this_thread::sleep_for(10ms);
  }
  bob.join();
  for (std::thread& one : ann) one.join();
  EXPECT_TRUE(bobs) << bobs.error().message;
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_FALSE(anns[i]) << i;
    EXPECT_EQ(anns[i].error().code, ErrorCode::cancelled);
  }
  ASSERT_TRUE(anns[3]) << anns[3].error().message;
  EXPECT_EQ(std::string(anns[3]->begin(), anns[3]->end()), "a3.glb");
  EXPECT_EQ(seen.runs, 2);
}

TEST(DraftsOfRequests, ANewerOneCancelsOneThatHasRunForAWhile) {
  Drafts drafts(std::make_unique<SlowWorker>(), 0, 60);
  Result<Bytes> older;
  std::thread first([&] { older = drafts.draw(draft_of("older", 8), "png", "", nullptr); });
  std::this_thread::sleep_for(std::chrono::duration<double>(Drafts::kOldSeconds + 0.1));
  const auto begun = std::chrono::steady_clock::now();
  const auto newer = drafts.draw(draft_of("newer"), "png", "", nullptr);
  first.join();
  EXPECT_TRUE(newer);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s) << "it did not wait for the older one";
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, ErrorCode::cancelled);
}

/// Ends with every other draft, as a process does that was told to stop while it had just finished.
class MortalWorker : public SlowWorker {
 public:
  Result<JobResult> run(const Job& job, int64_t budget, const Tell& tell, const CancelToken* cancel) override {
    alive_ = !alive_;
    if (!alive_) return fail(ErrorCode::internal, "the worker ended");
    return SlowWorker::run(job, budget, tell, cancel);
  }
  bool alive() const override { return alive_; }

 private:
  bool alive_ = true;
};

TEST(DraftsOfRequests, AreDrawnByAnotherWorkerWhereOneHasEnded) {
  Drafts drafts(std::make_unique<MortalWorker>(), 0, 60);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(drafts.draw(draft_of("one"), "png", "", nullptr)) << i;
}

TEST(DraftsOfRequests, EndWhenWhoAskedHasLeft) {
  Drafts drafts(std::make_unique<SlowWorker>(), 0, 60);
  CancelToken gone;
  std::thread leaves([&] {
    std::this_thread::sleep_for(50ms);
    gone.cancel();
  });
  const auto begun = std::chrono::steady_clock::now();
  const auto drawn = drafts.draw(draft_of("left", 8), "png", "", &gone);
  leaves.join();
  EXPECT_FALSE(drawn);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
}

TEST(DraftsOfRequests, GiveTheMemoryBackWhenNobodyTypes) {
  auto worker = std::make_unique<SlowWorker>();
  SlowWorker& seen = *worker;
  Drafts drafts(std::move(worker), 0, 0.3);
  ASSERT_TRUE(drafts.draw(draft_of("one"), "png", "", nullptr));
  EXPECT_EQ(seen.rests, 0);
  for (int i = 0; i < 200 && seen.rests == 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(seen.rests, 1);
}

// ---- the gallery -------------------------------------------------------------------------------------------------------------------------------

TEST(GalleryOfWorks, KeepsTheMarksOfEachUserApart) {
  const TemporaryFolder folder;
  {
    Gallery gallery(folder.path / "g.sqlite");
    gallery.mark("ann", 7, {true, {"animals", "für Anna"}});
    gallery.mark("ann", 8, {false, {"x"}});
    gallery.mark("bob", 7, {false, {"his"}});
    gallery.mark("ann", 8, {true, {}});
  }
  Gallery gallery(folder.path / "g.sqlite");
  EXPECT_TRUE(gallery.marks("ann", 7).star);
  EXPECT_EQ(gallery.marks("ann", 7).tags, (std::vector<std::string>{"animals", "für Anna"}));
  EXPECT_EQ(gallery.marks("bob", 7).tags, std::vector<std::string>{"his"});
  EXPECT_TRUE(gallery.marks("ann").at(8).tags.empty()) << "the last marks stand in place of those before";
  EXPECT_EQ(gallery.marks("ann").size(), 2U);
  EXPECT_FALSE(gallery.marks("carl", 7).star);
}

TEST(GalleryOfWorks, RemembersVectorsOfTexts) {
  const TemporaryFolder folder;
  Gallery gallery(folder.path / "g.sqlite");
  gallery.keep_vector("a fox", {0.6F, 0.8F});
  const auto found = gallery.vectors({"a dog", "a fox"});
  EXPECT_TRUE(found[0].empty());
  EXPECT_EQ(found[1], (std::vector<float>{0.6F, 0.8F}));
  EXPECT_FLOAT_EQ(similarity(found[1], {1, 0}), 0.6F);
  EXPECT_FLOAT_EQ(similarity(found[1], {}), 0);
}

TEST(GalleryOfWorks, TagsAreTrimmedAndBounded) {
  const auto tags = read_tags({" a ", "", "a", "b c"});
  ASSERT_TRUE(tags);
  EXPECT_EQ(*tags, (std::vector<std::string>{"a", "b c"}));
  EXPECT_FALSE(read_tags({std::string(Gallery::kMaxTagBytes + 1, 'x')}));
  EXPECT_FALSE(read_tags({"\xff"}));
  std::vector<std::string> many;
  for (size_t i = 0; i <= Gallery::kMaxTags; ++i) many.push_back(std::to_string(i));
  EXPECT_FALSE(read_tags(many));
  many.pop_back();
  EXPECT_TRUE(read_tags(many));
}

TEST(GalleryOfWorks, EveryWordHasToBeThere) {
  EXPECT_TRUE(has_words("A Red Fox in the snow", "fox  red"));
  EXPECT_FALSE(has_words("A Red Fox in the snow", "fox blue"));
  EXPECT_TRUE(has_words("anything", " "));
}

}  // namespace
}  // namespace ptah
