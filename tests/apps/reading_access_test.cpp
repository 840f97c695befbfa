// Who may read, how fast, how often, and how many are paid.
#include "apps/reading/reading_access.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "chain/abi.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

const fs::path kTests = fs::path(PTAH_SOURCE_DIR) / "tests";

class Access : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("ptah-access-{}", getpid());
    fs::remove_all(folder_);
    terms_.chain_id = 31337;
    terms_.contract = value_or_throw(parse_address("0x00000000000000000000000000000000000000c0"));
    terms_.reward = std::string("5");
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::unique_ptr<ReadingRoom> room() {
    if (!fs::exists(folder_)) {
      const Article article = value_or_throw(parse_article(value_or_throw(read_text(kTests / "data" / "article.md"))));
      value_or_throw(publish_article(article, make_items(article, 1), terms_, folder_));
    }
    return value_or_throw(ReadingRoom::open(folder_, service_, [this] { return now_; }));
  }
  Result<Json> login(ReadingRoom& r, const Key& reader, const std::string& peer = "") {
    PTAH_TRY(const Json nonce, r.nonce());
    PTAH_TRY(const Bytes bytes, parse_hex(nonce["nonce"].get<std::string>()));
    PTAH_TRY(const Bytes digest_bytes, parse_hex(text_at(r.about(), "article")));
    Bytes32 number{}, digest{};
    std::copy(bytes.begin(), bytes.end(), number.begin());
    std::copy(digest_bytes.begin(), digest_bytes.end(), digest.begin());
    const uint64_t expires = nonce["expires"];
    PTAH_TRY(const Bytes32 to_sign, typed_data_digest(login_data(terms_, reader.address(), digest, number, expires)));
    PTAH_TRY(const Signature signature, reader.sign(to_sign));
    return r.begin(reader.address(), number, expires, signature, peer);
  }
  /// Reads all of it; the quiz.
  Result<Json> read(ReadingRoom& r, const Key& reader) {
    PTAH_TRY(const Json begun, login(r, reader));
    session_ = begun["session"];
    std::string token = begun["token"];
    for (size_t i = 0; i < begun["sections"].get<size_t>(); ++i) {
      PTAH_TRY(const Json part, r.section(session_, i, token));
      token = part["token"];
      now_ += part["seconds"].get<double>();
    }
    return r.quiz(session_, token);
  }
  ReaderList list(const std::vector<Address>& readers, const Key& signer, const ReadingRoom& r) {
    ReaderList out;
    out.readers = readers;
    out.expires = static_cast<uint64_t>(now_) + 1000;
    const Bytes digest = value_or_throw(parse_hex(text_at(r.about(), "article")));
    std::copy(digest.begin(), digest.end(), out.article.begin());
    return value_or_throw(sign_reader_list(terms_, std::move(out), signer));
  }

  fs::path folder_;
  ReadingTerms terms_;
  Key service_ = Key::generate();
  double now_ = 1.8e9;
  std::string session_;
};

}  // namespace

TEST_F(Access, OnlyThoseOnTheSignedListMayRead) {
  const Key community = Key::generate(), member = Key::generate(), stranger = Key::generate();
  terms_.allow = community.address();
  auto r = room();
  EXPECT_EQ(text_at(r->about()["terms"], "allow"), to_string(community.address())) << "readers see it beforehand";
  EXPECT_EQ(login(*r, member).error().code, ErrorCode::permission) << "no list yet: nobody";
  EXPECT_EQ(r->allow(list({member.address()}, stranger, *r)).error().code, ErrorCode::permission) << "signed by somebody else";
  ReaderList good = list({stranger.address(), member.address()}, community, *r);
  ReaderList more = good;
  more.readers.push_back(Address{1});
  EXPECT_EQ(r->allow(more).error().code, ErrorCode::permission) << "a name added after it was signed";
  ReaderList other = good;
  other.article[0] ^= 1;
  EXPECT_EQ(r->allow(other).error().code, ErrorCode::mismatch) << "of another article";
  good = list({member.address()}, community, *r);
  EXPECT_EQ(to_json(value_or_throw(reader_list(to_json(good)))), to_json(good));
  ASSERT_TRUE(r->allow(good));
  EXPECT_EQ(login(*r, stranger).error().code, ErrorCode::permission);
  EXPECT_TRUE(login(*r, member));
  now_ += 2000;
  EXPECT_EQ(login(*r, member).error().code, ErrorCode::permission) << "expired";
  EXPECT_EQ(r->allow(good).error().code, ErrorCode::invalid_argument);
  for (const char* bad : {"[]", "{}", R"({"format":"ptah readers 1"})", R"({"format":"ptah readers 1","expires":1e300,"readers":[]})",
                          R"({"format":"ptah readers 1","expires":1,"readers":["0x"]})"})
    EXPECT_FALSE(reader_list(value_or_throw(parse_json(bad)))) << bad;
}

TEST_F(Access, SectionsTakeAsLongAsReadingTakes) {
  terms_.words_a_second = 2;
  terms_.section_seconds = 60;
  auto r = room();
  const Json begun = value_or_throw(login(*r, service_));
  std::string token = begun["token"];
  for (size_t i = 0; i < begun["sections"].get<size_t>(); ++i) {
    const Json part = value_or_throw(r->section(begun["session"], i, token));
    const std::string text = part["text"];
    const auto words = static_cast<double>(std::count(text.begin(), text.end(), ' ')) + 1;
    EXPECT_GE(part["seconds"].get<double>(), std::max(60.0, 0.95 * words / 2)) << i;
    token = part["token"];
    now_ += part["seconds"].get<double>() - 1;
    const bool last = part["last"];
    EXPECT_FALSE(last ? r->quiz(begun["session"], token) : r->section(begun["session"], i + 1, token)) << "a second too soon";
    now_ += 1;
  }
  EXPECT_TRUE(r->quiz(begun["session"], token));
}

TEST_F(Access, ADayHasSoManyReaders) {
  terms_.daily = 2;
  auto r = room();
  EXPECT_TRUE(read(*r, Key::generate()));
  EXPECT_TRUE(read(*r, Key::generate()));
  const Key third = Key::generate();
  EXPECT_EQ(read(*r, third).error().code, ErrorCode::over_budget);
  r.reset();
  r = room();
  EXPECT_EQ(read(*r, third).error().code, ErrorCode::over_budget) << "counted across a restart";
  now_ += 86400;
  EXPECT_TRUE(read(*r, third));
}

TEST_F(Access, QuestionsAreNotShownForRewardsThatCannotBePaid) {
  terms_.rewards = 2;
  auto r = room();
  value_or_throw(r->award(Key::generate().address(), std::string(32, 'a')));
  EXPECT_EQ(r->counts()["readers_left"], 1);
  ASSERT_TRUE(read(*r, Key::generate())) << "one is left, and this quiz may earn it";
  const Key late = Key::generate();
  EXPECT_EQ(read(*r, late).error().code, ErrorCode::invalid_argument);
  value_or_throw(r->answer(session_, std::vector<int>(8, 0)));
  now_ += 1000;
  EXPECT_TRUE(read(*r, late)) << "the one before failed: its reward is free again";
}

TEST_F(Access, ANetworkAddressBeginsSoManySessionsADay) {
  auto r = room();
  r->limit_peers(2);
  EXPECT_TRUE(login(*r, Key::generate(), "192.0.2.1"));
  EXPECT_TRUE(login(*r, Key::generate(), "192.0.2.1"));
  EXPECT_EQ(login(*r, Key::generate(), "192.0.2.1").error().code, ErrorCode::over_budget);
  EXPECT_TRUE(login(*r, Key::generate(), "192.0.2.2"));
  now_ += 86400;
  EXPECT_TRUE(login(*r, Key::generate(), "192.0.2.1"));
}

TEST_F(Access, ArticlesPublishedByEarlierVersionsAreStillServed) {
  fs::create_directories(folder_);
  for (const char* file : {"article.json", "bank.json"}) fs::copy_file(kTests / "data" / "old_article" / file, folder_ / file);
  auto r = room();
  const Json quiz = value_or_throw(read(*r, Key::generate()));
  const Json bank = value_or_throw(parse_json(value_or_throw(read_text(folder_ / "bank.json"))));
  std::vector<int> answers;
  for (const Json& q : quiz["questions"])
    for (const Json& item : bank["items"])
      if (item["question"] == q["question"] && std::is_permutation(item["options"].begin(), item["options"].end(), q["options"].begin()) && answers.size() < 8)
        answers.push_back(static_cast<int>(std::find(q["options"].begin(), q["options"].end(), item["options"][0]) - q["options"].begin()));
  ASSERT_EQ(answers.size(), 8U);
  EXPECT_TRUE(value_or_throw(r->answer(session_, answers))["passed"]);
}

}  // namespace ptah
