// Parts of `ptah serve` by themselves: which files a request reaches, ranges, keys, events. tests/serve/serve_test.py meets the whole.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "base/sha256.h"
#include "pipelines/recipes.h"
#include "serve/api/answers.h"
#include "serve/api/api_keys.h"
#include "serve/api/event_hub.h"
#include "serve/api/served_files.h"
#include "serve/http/policy.h"
#include "tests/files/temporary_folder.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

// ---- files -------------------------------------------------------------------------------------------------------------------------------------

class FilesOfRequests : public testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path checkpoints_ = folder_.path / "checkpoints";
  ServedFiles files_{folder_.path / "store", checkpoints_};
  void SetUp() override {
    fs::create_directories(checkpoints_ / "sd");
    ASSERT_TRUE(write_file(checkpoints_ / "sd" / "model.safetensors", std::string_view("model")));
    ASSERT_TRUE(write_file(folder_.path / "secret.png", std::string_view("secret")));
  }
  Result<Json> resolve(const std::string& recipe, const Json& given, Json* identities = nullptr, const std::string& owner = "ann") const {
    Json said;
    const auto none = [](const std::string&, const std::string&) -> Result<std::pair<fs::path, std::string>> { return fail(ErrorCode::not_found, "no job"); };
    auto out = files_.resolved(owner, *value_or_throw(find_recipe(recipe))->schema, given, none, said);
    if (identities) *identities = said;
    return out;
  }
};

TEST_F(FilesOfRequests, ReachNothingElseOfTheComputer) {
  const std::string secret = (folder_.path / "secret.png").string();
  for (const std::string& path : {secret, std::string("../secret.png"), std::string("sd/../../secret.png"), std::string("./secret.png"),
                                  std::string("/etc/passwd"), std::string("~/x.png"), std::string("sha256:" + std::string(64, '0')),
                                  std::string("sha256:../secret.png"), std::string("job_1/picture.png"), std::string("secret.png"), std::string("C:\\x.png")}) {
    const auto out = resolve("object", {{"picture", path}});
    ASSERT_FALSE(out) << path << " became " << *out;
    EXPECT_EQ(field_of(out.error()), "picture") << out.error().message;
  }
  const std::string model = (folder_.path / "model.gguf").string();
  for (const char* field : {"model", "draft", "adapter"}) EXPECT_FALSE(resolve("generate", {{"prompt", "x"}, {field, model}})) << field;
  EXPECT_FALSE(resolve("render", {{"file", "chair"}, {"environment", "/etc/x.hdr"}}));
  EXPECT_FALSE(resolve("generate", {{"prompt", "x"}, {"cache", "cache.bin"}})) << "a file that would be written";
  EXPECT_FALSE(resolve("paint", {{"prompt", "x"}, {"model", "other/model.safetensors"}}));
}

/// A field that may name a file and that nothing above looks at would be a way in: every text whose help or unit speaks of files has to be known.
TEST_F(FilesOfRequests, EveryTextThatMayNameAFileIsLookedAt) {
  for (const Recipe& recipe : recipes())
    for (const SchemaField& field : recipe.schema->fields()) {
      if (field.kind != FieldKind::text || field.text_of_file || field.text_or_file != 0 || std::string(field.name) == "program") continue;
      const std::string unit = field.unit;
      if (unit != "FILE" && unit != "MODEL" && unit != "FOLDER") continue;
      EXPECT_FALSE(resolve(recipe.name(), {{field.name, "/etc/passwd"}})) << recipe.name() << " " << field.name;
    }
}

TEST_F(FilesOfRequests, NameBytesThatWerePutAndModelsOfTheFolder) {
  const std::string bytes = "picture";
  const std::string sha256 = sha256_hex(as_bytes(bytes));
  EXPECT_EQ(files_.put("ann", std::string(64, 'a'), as_bytes(bytes)).error().code, ErrorCode::mismatch);
  EXPECT_EQ(files_.put("ann", "../" + sha256, as_bytes(bytes)).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(files_.find("ann", sha256).error().code, ErrorCode::not_found);
  ASSERT_TRUE(files_.put("ann", sha256, as_bytes(bytes)));
  ASSERT_TRUE(files_.put("ann", sha256, as_bytes(bytes))) << "once is enough, twice is no error";
  Json said;
  const Json named = value_or_throw(resolve("object", {{"picture", "sha256:" + sha256 + "/fox.png"}}, &said));
  EXPECT_EQ(fs::path(named["picture"].get<std::string>()).filename(), "fox.png");
  EXPECT_EQ(value_or_throw(read_text(named["picture"].get<std::string>())), bytes);
  EXPECT_EQ(said["picture"], "sha256:" + sha256 + "/fox.png");
  EXPECT_FALSE(resolve("object", {{"picture", "sha256:" + sha256 + "/fox.png"}}, nullptr, "eve")) << "who knows the digest, from a receipt, has not the bytes";
  EXPECT_EQ(files_.find("eve", sha256).error().code, ErrorCode::not_found);
  ASSERT_TRUE(files_.put("eve", sha256, as_bytes(bytes)));
  EXPECT_TRUE(files_.find("eve", sha256)) << "who has them may bring them";
  EXPECT_FALSE(resolve("object", {{"picture", "sha256:" + sha256 + "/../../secret.png"}}));
  EXPECT_FALSE(resolve("object", {{"picture", "sha256:" + sha256 + "/.hidden"}}));

  const Json painted = value_or_throw(resolve("paint", {{"prompt", "x"}, {"model", "sd/model.safetensors"}}, &said));
  EXPECT_EQ(painted["model"], (checkpoints_ / "sd" / "model.safetensors").string());
  const Json before = said;
  ASSERT_TRUE(write_file(checkpoints_ / "sd" / "model.safetensors", std::string_view("another")));
  value_or_throw(resolve("paint", {{"prompt", "x"}, {"model", "sd/model.safetensors"}}, &said));
  EXPECT_NE(said, before) << "another model is another request";
  EXPECT_EQ(value_or_throw(resolve("render", {{"file", "chair"}}))["file"], "chair") << "a plain word stays";
}

// ---- ranges ------------------------------------------------------------------------------------------------------------------------------------

class Ranges : public testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path file_ = folder_.path / "result";
  std::string sha256_ = sha256_hex(as_bytes("0123456789"));
  void SetUp() override { ASSERT_TRUE(write_file(file_, std::string_view("0123456789"))); }
  HttpResponse get(const HttpFields& headers, const std::string& method = "GET") const {
    HttpRequest request;
    request.method = method;
    request.headers = headers;
    return file_answer(request, file_, sha256_, "text/plain");
  }
  static std::string header(const HttpResponse& answer, const std::string& name) {
    for (const auto& [key, value] : answer.headers)
      if (key == name) return value;
    return "";
  }
};

TEST_F(Ranges, OneIsServedAndWrongOnesAreSaid) {
  const std::tuple<const char*, int, const char*, const char*> cases[] = {
      {"bytes=0-3", 206, "0123", "bytes 0-3/10"},       {"bytes=4-", 206, "456789", "bytes 4-9/10"}, {"bytes=-3", 206, "789", "bytes 7-9/10"},
      {"bytes=-99", 206, "0123456789", "bytes 0-9/10"}, {"bytes=8-99", 206, "89", "bytes 8-9/10"},   {"bytes=9-9", 206, "9", "bytes 9-9/10"}};
  for (const auto& [range, status, body, content] : cases) {
    const HttpResponse answer = get({{"range", range}});
    EXPECT_EQ(answer.status, status) << range;
    EXPECT_EQ(*answer.body, body) << range;
    EXPECT_EQ(header(answer, "Content-Range"), content) << range;
  }
  for (const char* none : {"bytes=10-", "bytes=-0", "bytes=99-100"}) {
    EXPECT_EQ(get({{"range", none}}).status, 416) << none;
    EXPECT_EQ(header(get({{"range", none}}), "Content-Range"), "bytes */10");
  }
  for (const char* ignored : {"bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=", "bytes=-", "bytes=1"}) {
    EXPECT_EQ(get({{"range", ignored}}).status, 200) << ignored;
    EXPECT_EQ(*get({{"range", ignored}}).body, "0123456789") << ignored;
  }
}

TEST_F(Ranges, WhoHasTheBytesGetsThemNotAgain) {
  const HttpResponse whole = get({});
  EXPECT_EQ(header(whole, "ETag"), "\"" + sha256_ + "\"");
  EXPECT_EQ(header(whole, "Repr-Digest"), "sha-256=:hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=:") << "printf 0123456789 | openssl sha256 -binary | base64";
  const HttpResponse same = get({{"if-none-match", "\"" + sha256_ + "\""}});
  EXPECT_EQ(same.status, 304);
  EXPECT_FALSE(same.body);
  EXPECT_EQ(get({{"if-none-match", "\"other\""}}).status, 200);
  EXPECT_EQ(get({{"range", "bytes=0-1"}, {"if-range", "\"other\""}}).status, 200) << "the part of something else";
  EXPECT_EQ(get({{"range", "bytes=0-1"}, {"if-range", "\"" + sha256_ + "\""}}).status, 206);
}

// ---- keys --------------------------------------------------------------------------------------------------------------------------------------

TEST(ApiKeysOfAServer, AreKeptAsDigests) {
  const TemporaryFolder folder;
  const ApiKeys keys(folder.path);
  EXPECT_FALSE(keys.find("ptah_x"));
  const std::string ann = value_or_throw(ApiKeys(folder.path).add({.name = "ann", .role = KeyRole::viewer, .jobs_an_hour = 3}));
  const std::string ben = value_or_throw(ApiKeys(folder.path).add({.name = "ben"}));
  EXPECT_EQ(ann.size(), 69U);
  EXPECT_NE(ann, ben);
  const std::string text = value_or_throw(read_text(folder.path / "keys" / "keys.json"));
  EXPECT_EQ(text.find(ann.substr(5)), std::string::npos) << "the key itself is not on the disk";
  EXPECT_NE(text.find(sha256_hex(as_bytes(ann))), std::string::npos);
  struct stat about {};
  ASSERT_EQ(::stat((folder.path / "keys" / "keys.json").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  ASSERT_TRUE(keys.find(ann));
  EXPECT_EQ(keys.find(ann)->name, "ann");
  EXPECT_EQ(keys.find(ann)->role, KeyRole::viewer);
  EXPECT_EQ(keys.find(ann)->jobs_an_hour, 3);
  for (const std::string& wrong : {ann.substr(0, 68), ann + "0", sha256_hex(as_bytes(ann)), std::string(), std::string(1000, 'a')})
    EXPECT_FALSE(keys.find(wrong));
  EXPECT_EQ(ApiKeys(folder.path).add({.name = "ann"}).error().code, ErrorCode::invalid_argument);
  for (const char* name : {"", "a b", "../x", "a\nb"}) EXPECT_FALSE(ApiKeys(folder.path).add({.name = name})) << name;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // file systems have coarse clocks
  ASSERT_TRUE(ApiKeys(folder.path).remove("ann"));
  EXPECT_FALSE(keys.find(ann)) << "a key that was taken back is none, though this object has read it";
  EXPECT_TRUE(keys.find(ben));
  ASSERT_TRUE(write_file(folder.path / "keys" / "keys.json", std::string_view("{\"keys\": [")));
  EXPECT_FALSE(keys.find(ben)) << "what cannot be read lets nobody in";
}

// ---- events ------------------------------------------------------------------------------------------------------------------------------------

class Events : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::unique_ptr<JobStore> store_ = value_or_throw(JobStore::open(folder_.path / "store"));
  EventHub hub_{*store_};
  int64_t ask(const std::string& owner, const std::string& key) { return store_->ask({.recipe = "create"}, {owner, key, false}).first; }
  static std::string read_of(HttpStream& stream, const std::string& until) {
    std::string out;
    for (int i = 0; i < 1000 && out.find(until) == std::string::npos; ++i) {
      const auto waiting = stream.take();
      for (const auto& chunk : waiting.chunks) out += *chunk;
      if (waiting.done && until.empty()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return out;
  }
  static std::vector<int64_t> ids_in(const std::string& text) {
    std::vector<int64_t> out;
    for (size_t at = 0; (at = text.find("id: ", at)) != std::string::npos; ++at) out.push_back(std::stoll(text.substr(at + 4)));
    return out;
  }
};

TEST_F(Events, ComeOnceAndInOrderHoweverOftenAClientComesBack) {
  const int64_t job = ask("ann", "k");
  std::vector<int64_t> seen;
  std::thread making([&] {
    store_->start(job);
    for (int i = 0; i < 200; ++i) store_->tell(job, {{"event", "progress"}, {"fraction", i / 200.0}});
    store_->finish(job, {}, {}, 1);
  });
  std::string text;
  while (text.find("event: done") == std::string::npos) {  // a connection that is lost after every few events
    const auto stream = hub_.follow(job, seen.empty() ? 0 : seen.back());
    text = read_of(*stream, "\n\n");
    for (const int64_t id : ids_in(text)) seen.push_back(id);
    stream->detach();
  }
  making.join();
  ASSERT_EQ(seen.size(), 203U) << "queued, running, 200 of progress, done";
  for (size_t i = 1; i < seen.size(); ++i) ASSERT_EQ(seen[i], seen[i - 1] + 1);
  const auto late = hub_.follow(job, seen.back());
  for (int i = 0; i < 400 && late->open(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_FALSE(late->open()) << "who has seen the end is told that there is no more";
}

TEST_F(Events, OfOthersAreNotTold) {
  const auto anns = hub_.follow_all("ann", -1);
  const int64_t bens = ask("ben", "kb"), own = ask("ann", "ka");
  store_->cancel(bens);
  store_->cancel(own);
  const std::string text = read_of(*anns, "event: cancelled");
  EXPECT_NE(text.find(job_name(own)), std::string::npos);
  EXPECT_EQ(text.find(job_name(bens)), std::string::npos) << text;
}

TEST_F(Events, PreviewsAreShownAndForgottenWithTheEnd) {
  const int64_t job = ask("ann", "k");
  store_->start(job);
  const auto stream = hub_.follow(job, 0);
  hub_.show(job, {3, std::make_shared<const std::string>("png")});
  const std::string text = read_of(*stream, "event: preview");
  EXPECT_NE(text.find("\"step\":3"), std::string::npos) << text;
  ASSERT_TRUE(hub_.preview(job));
  EXPECT_EQ(*hub_.preview(job)->png, "png");
  store_->finish(job, {}, {}, 1);
  for (int i = 0; i < 400 && hub_.preview(job); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_FALSE(hub_.preview(job));
}

TEST_F(Events, SoundsGoToWhoFollowsNow) {
  const int64_t job = ask("ann", "k"), other = ask("ann", "other");
  store_->start(job);
  EventShape shape{.event = [](const JobEvent& event) { return std::string(text_at(event.what, "event") == "done" ? "end" : ""); }};
  shape.sound = [](const JobSound& sound) { return fmt::format("{}:{} ", sound.at, sound.pcm); };
  const auto stream = hub_.follow(job, shape);
  hub_.hear(job, {0, "ab"});
  hub_.hear(other, {0, "no"});
  hub_.hear(job, {2, "cd"});
  store_->finish(job, {}, {}, 1);
  EXPECT_EQ(read_of(*stream, "end"), "0:ab 2:cd end");
}

TEST_F(Events, WhoLeavesBeforeTheEndIsMissed) {
  const int64_t job = ask("ann", "k");
  std::atomic<int> left{0};
  const EventShape shape{.event = [](const JobEvent&) { return std::string("x"); }, .left = [&] { ++left; }};
  const auto leaves = hub_.follow(job, shape);
  const auto stays = hub_.follow(job, shape);
  (void)read_of(*leaves, "x");
  leaves->detach();
  for (int i = 0; i < 1000 && left == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(left, 1);
  store_->cancel(job);
  (void)read_of(*stays, "xx");
  stays->detach();
  store_->tell(job, {{"event", "note"}});
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(left, 1) << "who saw the end did not leave";
}

TEST(NamesOfJobs, AreReadStrictly) {
  EXPECT_EQ(job_number(job_name(12)), 12);
  for (const char* none : {"", "job_", "job_0", "job_-1", "job_+1", "job_1x", "12", "job_99999999999999999999", "job_ 1"})
    EXPECT_EQ(job_number(none), 0) << none;
}

}  // namespace
}  // namespace ptah
