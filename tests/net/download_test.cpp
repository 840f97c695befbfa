// Downloads from a server that cuts, lies, stalls and redirects.
#include "net/download.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

#include "base/file.h"
#include "base/json.h"
#include "base/philox.h"
#include "base/sha256.h"
#include "models/hub.h"
#include "tests/net/small_server.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

std::string random_bytes(int64_t count, uint64_t seed) {
  Random random(seed, 1);
  std::string out;
  for (int64_t i = 0; i < count; ++i) out.push_back(static_cast<char>(random.below(256)));
  return out;
}

/// The file from where it was asked for, `part` bytes of it; `says` is the total that the headers name.
Answer piece(const Asked& asked, const std::string& file, size_t part, const std::string& etag) {
  const auto from = static_cast<size_t>(asked.from);
  std::string head = from > 0 ? fmt::format("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {}-{}/{}\r\nContent-Length: {}", from, file.size() - 1,
                                            file.size(), file.size() - from)
                              : fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}", file.size());
  if (!etag.empty()) head += "\r\nETag: " + etag;
  return {head, file.substr(from, part)};
}

class Download : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("no_proxy", "127.0.0.1", 1);
    ::setenv("NO_PROXY", "127.0.0.1", 1);
    folder_ = fs::temp_directory_path() / fmt::format("ptah-download-{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  /// Nothing but what is expected lies in the folder.
  std::vector<std::string> there() const {
    std::vector<std::string> out;
    for (const auto& item : fs::recursive_directory_iterator(folder_))
      if (item.is_regular_file()) out.push_back(fs::relative(item.path(), folder_).string());
    std::sort(out.begin(), out.end());
    return out;
  }
  fs::path folder_;
  DownloadOptions quick_{.attempts = 3, .stall_seconds = 20, .wait_seconds = 0.01};  // a busy machine stalls too
  const std::string file_ = random_bytes(200000, 3);
};

using Names = std::vector<std::string>;

std::function<Answer(const Asked&)> hub_of_one();

}  // namespace

TEST_F(Download, AFileArrivesWholeAndIsChecked) {
  Server server([&](const Asked& asked) { return piece(asked, file_, file_.size(), "\"one\""); });
  const auto made = download(server.url("/f"), folder_ / "f", quick_);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(*read_text(folder_ / "f"), file_);
  EXPECT_EQ(made->sha256, sha256_hex(as_bytes(file_)));
  EXPECT_FALSE(made->checked);
  EXPECT_EQ(there(), Names{"f"});
  quick_.sha256 = std::string(64, 'a');
  const auto wrong = download(server.url("/f"), folder_ / "g", quick_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::mismatch);
  EXPECT_EQ(there(), Names{"f"}) << "nothing is left of what did not match";
}

TEST_F(Download, ACutFileIsGoneOnFrom) {
  Server server([&](const Asked& asked) { return piece(asked, file_, 30000, "\"one\""); });
  quick_.attempts = 1;  // every attempt brings something, so more are made
  const auto made = download(server.url("/f"), folder_ / "f", quick_);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(*read_text(folder_ / "f"), file_);
  const auto asked = server.asked();
  ASSERT_EQ(asked.size(), 7U);
  EXPECT_EQ(asked[1].from, 30000);
  EXPECT_NE(asked[1].head.find("if-range: \"one\""), std::string::npos);
}

TEST_F(Download, ALaterCallGoesOnWhereAnEarlierWasCut) {
  CancelToken cancel;
  Server server([&](const Asked& asked) { return piece(asked, file_, asked.times == 0 ? 50000 : file_.size(), "\"one\""); });
  quick_.cancel = &cancel;
  quick_.progress = [&](int64_t done, int64_t) {
    if (done >= 50000) cancel.cancel();
  };
  const auto cut = download(server.url("/f"), folder_ / "f", quick_);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::cancelled);
  EXPECT_EQ(there(), (Names{"f.part", "f.part.json"}));
  quick_.cancel = nullptr;
  ASSERT_TRUE(download(server.url("/f"), folder_ / "f", quick_));
  EXPECT_EQ(*read_text(folder_ / "f"), file_);
  EXPECT_EQ(server.asked()[1].from, 50000);
}

TEST_F(Download, AFileThatChangedMeanwhileIsFetchedAgain) {
  const std::string other = random_bytes(90000, 4);
  Server server([&](const Asked& asked) {
    if (asked.times == 0) return piece(asked, file_, 50000, "\"one\"");
    Asked whole = asked;  // what a server does when If-Range does not hold
    whole.from = 0;
    return piece(whole, other, other.size(), "\"two\"");
  });
  ASSERT_TRUE(download(server.url("/f"), folder_ / "f", quick_));
  EXPECT_EQ(*read_text(folder_ / "f"), other);
}

TEST_F(Download, WithoutATagOrDigestNothingIsGoneOnFrom) {
  Server server([&](const Asked& asked) { return piece(asked, file_, asked.times < 2 ? 30000 : file_.size(), ""); });
  ASSERT_TRUE(download(server.url("/f"), folder_ / "f", quick_));
  EXPECT_EQ(*read_text(folder_ / "f"), file_);
  for (const Asked& asked : server.asked()) EXPECT_EQ(asked.from, 0);
}

TEST_F(Download, LiesAboutTheLengthAreFound) {
  Server server([&](const Asked& asked) {
    if (asked.path == "/short") return Answer{"HTTP/1.1 200 OK\r\nContent-Length: 300000", file_};
    if (asked.path == "/range") return Answer{"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 7-9/10\r\nContent-Length: 3", "abc"};
    return Answer{"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000", file_};
  });
  for (const char* path : {"/short", "/range", "/huge"}) {
    const auto made = download(server.url(path), folder_ / "f", quick_);
    ASSERT_FALSE(made) << path;
    EXPECT_EQ(made.error().code, path[1] == 'h' ? ErrorCode::over_budget : ErrorCode::io) << path << made.error().message;
    EXPECT_FALSE(fs::exists(folder_ / "f"));
  }
}

TEST_F(Download, AServerThatStallsIsGivenUp) {
  Server server([&](const Asked& asked) {
    Answer answer = piece(asked, file_, asked.times < 1 ? 1000 : 0, "\"one\"");
    answer.stall = true;
    return answer;
  });
  quick_.attempts = 1;
  quick_.stall_seconds = 1;
  const auto made = download(server.url("/f"), folder_ / "f", quick_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::io);
  EXPECT_EQ(server.asked().size(), 2U) << "the first brought something";
  EXPECT_EQ(there(), (Names{"f.part", "f.part.json"})) << "what came is kept";
}

TEST_F(Download, RedirectsAreFollowedAndTellTheDigest) {
  const std::string digest = sha256_hex(as_bytes(file_));
  std::string told = digest;
  Server server([&](const Asked& asked) {
    if (asked.path == "/f") return Answer{fmt::format("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nX-Linked-ETag: \"{}\"\r\nContent-Length: 0", told), ""};
    if (asked.path == "/loop") return Answer{"HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0", ""};
    if (asked.path == "/file") return Answer{"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0", ""};
    return piece(asked, file_, 120000, "");
  });
  const auto made = download(server.url("/f"), folder_ / "f", quick_);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->checked);
  EXPECT_EQ(*read_text(folder_ / "f"), file_);
  told = std::string(64, '0');
  const auto wrong = download(server.url("/f"), folder_ / "g", quick_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::mismatch);
  for (const char* path : {"/loop", "/file"}) EXPECT_FALSE(download(server.url(path), folder_ / "h", quick_)) << path;
  EXPECT_FALSE(fs::exists(folder_ / "h"));
}

TEST_F(Download, TheRestOfAnotherFileIsNotTaken) {
  const std::string other = random_bytes(200000, 9);
  Server server([&](const Asked& asked) {  // does not look at If-Range
    if (asked.path == "/odd" && asked.times == 0) return piece(asked, file_, 50000, "\"\xff\"");
    if (asked.path == "/odd") return piece(asked, file_, file_.size(), "");
    return asked.times == 0 ? piece(asked, file_, 50000, "\"one\"") : piece(asked, other, other.size(), "\"two\"");
  });
  ASSERT_TRUE(download(server.url("/f"), folder_ / "f", quick_));
  EXPECT_EQ(*read_text(folder_ / "f"), other);
  ASSERT_TRUE(download(server.url("/odd"), folder_ / "g", quick_)) << "a tag that is no text";
  EXPECT_EQ(*read_text(folder_ / "g"), file_);
}

TEST_F(Download, ATokenGoesToTheHubOnly) {
  Server server(hub_of_one());
  HubOptions how;
  how.endpoint = server.url("");
  how.token = "hf_secret";
  how.wait_seconds = 0.01;
  ASSERT_TRUE(pull_from_web("hf:me/it", folder_, how));
  ASSERT_TRUE(pull_from_web(server.url("/me/it/resolve/main/some.gguf"), folder_, how));
  for (const Asked& asked : server.asked())
    EXPECT_EQ(asked.head.find("hf_secret") != std::string::npos, asked.path.find("some.gguf") == std::string::npos) << asked.path;
  how.sha256 = std::string(64, 'c');
  const auto other = pull_from_web("hf:me/it", folder_, how);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::mismatch);
}

TEST_F(Download, RefusalsAreSaid) {
  Server server([&](const Asked& asked) {
    if (asked.path == "/busy" && asked.times < 2) return Answer{"HTTP/1.1 503 Busy\r\nContent-Length: 0", ""};
    if (asked.path == "/busy") return piece(asked, file_, file_.size(), "");
    return Answer{fmt::format("HTTP/1.1 {} No\r\nContent-Length: 6", asked.path.substr(1)), "sorry\n"};
  });
  for (const auto& [path, code] :
       {std::pair{"/404", ErrorCode::not_found}, {"/401", ErrorCode::permission}, {"/403", ErrorCode::permission}, {"/500", ErrorCode::io}}) {
    const auto made = download(server.url(path), folder_ / "f", quick_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, code) << path;
    EXPECT_NE(made.error().message.find("sorry"), std::string::npos) << made.error().message;
  }
  EXPECT_TRUE(download(server.url("/busy"), folder_ / "f", quick_));
  for (const char* bad : {"", "file:///etc/passwd", "ftp://a/b", "http://a b", "https://x\r\ny"}) {
    const auto made = download(bad, folder_ / "f", quick_);
    ASSERT_FALSE(made) << bad;
    EXPECT_EQ(made.error().code, ErrorCode::invalid_argument) << bad;
  }
}

namespace {

/// A hub with one repository.
std::function<Answer(const Asked&)> hub(const Json& files, const std::string& content) {
  return [=](const Asked& asked) {
    if (asked.path == "/api/models/me/it") {
      const std::string text = Json{{"siblings", files}, {"tags", {"gguf", "license:mit"}}}.dump();
      return Answer{fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}", text.size()), text};
    }
    if (!asked.path.starts_with("/me/it/resolve/main/")) return Answer{"HTTP/1.1 404 Not Found\r\nContent-Length: 0", ""};
    const std::string file = asked.path + content;
    return piece(asked, file, asked.times == 0 ? file.size() / 2 : file.size(), fmt::format("\"{}\"", file.size()));
  };
}

Json names(std::initializer_list<const char*> list) {
  Json out = Json::array();
  for (const char* name : list) out.push_back({{"rfilename", name}});
  return out;
}

std::function<Answer(const Asked&)> hub_of_one() { return hub(names({"queen-of-hearts.gguf"}), "x"); }

}  // namespace

TEST_F(Download, AModelComesFromTheHubWholeOrNotAtAll) {
  Server server(hub(names({"README.md", "m.gguf", "../../../evil.gguf", "sub/x.gguf", ".hidden.gguf"}), "bytes"));
  HubOptions how;
  how.endpoint = server.url("");
  how.wait_seconds = 0.01;
  const auto made = pull_from_web("hf:me/it", folder_, how);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(*made, folder_ / "me--it");
  EXPECT_EQ(there(), (Names{"me--it/m.gguf", "me--it/origin.json"}));
  EXPECT_EQ(*read_text(*made / "m.gguf"), "/me/it/resolve/main/m.ggufbytes");
  const size_t before = server.asked().size();
  EXPECT_TRUE(pull_from_web("hf:me/it", folder_, how));
  EXPECT_EQ(server.asked().size(), before + 1) << "only the list is asked for again";
  const auto models = pulled_models(folder_);
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 1U);
  EXPECT_EQ((*models)[0].licence, "mit");
  EXPECT_EQ((*models)[0].source, "hf:me/it");
  EXPECT_EQ((*models)[0].files[0].second, sha256_hex(as_bytes("/me/it/resolve/main/m.ggufbytes")));
  EXPECT_FALSE(remove_pulled("me--itt", folder_));
  EXPECT_FALSE(remove_pulled("../x", folder_));
  EXPECT_TRUE(remove_pulled("me--it", folder_));
  EXPECT_EQ(there(), Names{});
  how.sha256 = std::string(64, 'b');
  EXPECT_FALSE(pull_from_web("hf:me/it", folder_, how));
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(Download, SplitFilesAndFoldersComeWithAllTheirParts) {
  Server split(hub(names({"m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf"}), "x"));
  HubOptions how;
  how.endpoint = split.url("");
  how.wait_seconds = 0.01;
  ASSERT_TRUE(pull_from_web("hf:me/it", folder_, how));
  EXPECT_EQ(there(), (Names{"me--it/m-00001-of-00003.gguf", "me--it/m-00002-of-00003.gguf", "me--it/m-00003-of-00003.gguf", "me--it/origin.json"}));
  const auto named = pull_from_web("hf:me/it/sub/m-00002-of-00002.gguf", folder_, how);
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_TRUE(fs::exists(folder_ / "me--it--m-00002-of-00002" / "m-00001-of-00002.gguf"));
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  Server tensors(hub(names({"config.json", "tokenizer.json", "model.safetensors", "model-00001-of-00002.safetensors", "pytorch_model.bin"}), "y"));
  how.endpoint = tensors.url("");
  ASSERT_TRUE(pull_from_web("hf:me/it", folder_, how));
  EXPECT_EQ(there(), (Names{"me--it/config.json", "me--it/model.safetensors", "me--it/origin.json", "me--it/tokenizer.json"}));
  EXPECT_TRUE(pull_from_web(tensors.url("/me/it/resolve/main/some.gguf?download=true"), folder_, how));
  EXPECT_TRUE(fs::exists(folder_ / "some" / "some.gguf"));
}

TEST_F(Download, BadSourcesAreRefused) {
  Server several(hub(names({"a.gguf", "b.gguf"}), ""));
  HubOptions how;
  how.endpoint = several.url("");
  how.wait_seconds = 0.01;
  const auto two = pull_from_web("hf:me/it", folder_, how);
  ASSERT_FALSE(two);
  EXPECT_NE(two.error().message.find("a.gguf b.gguf"), std::string::npos) << two.error().message;
  for (const char* bad : {"hf:", "hf:me", "hf:me/", "hf:/it", "hf:me/it/", "hf:../it", "hf:me/it/../x.gguf", "hf:me/it//x.gguf", "hf:me/it?x", "hf:me/it/x.bin",
                          "http://h/x.bin", "http://h/.gguf", "http://h/..%2fx.gguf", "http://h/m-00001-of-99999.gguf"}) {
    const auto made = pull_from_web(bad, folder_, how);
    ASSERT_FALSE(made) << bad;
    EXPECT_TRUE(made.error().code == ErrorCode::invalid_argument || made.error().code == ErrorCode::unsupported) << bad << ": " << made.error().message;
  }
  for (const Json& odd : {Json(3), Json::array({1, Json{{"rfilename", 7}}}), names({"config.json"})}) {
    Server server(hub(odd, ""));
    how.endpoint = server.url("");
    EXPECT_FALSE(pull_from_web("hf:me/it", folder_, how));
  }
  EXPECT_EQ(there(), Names{});
}

}  // namespace ptah
