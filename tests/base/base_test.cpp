#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/philox.h"
#include "base/sha256.h"
#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / fmt::format("ptah-base-{}-{}", ::getpid(), testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(path_);
  }
  void TearDown() override { fs::remove_all(path_); }
  fs::path path_;
};

/// Vectors of the Random123 distribution (kat_vectors, philox4x32 with 10 rounds).
TEST(Philox, MatchesThePublishedVectors) {
  using A4 = std::array<uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (A4{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t f = 0xffffffff;
  EXPECT_EQ(philox4x32({f, f, f, f}, {f, f}), (A4{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}), (A4{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, ASequenceCanBeTakenUpAnywhere) {
  Random whole(7, 3);
  std::vector<uint32_t> first;
  for (int i = 0; i < 11; ++i) first.push_back(whole.u32());
  Random later(7, 3, 5);
  for (size_t i = 5; i < 11; ++i) EXPECT_EQ(later.u32(), first[i]);
}

TEST(Philox, NormalsHaveTheRightMoments) {
  std::vector<float> values(100000);
  fill_normal(values, 1, 2);
  double sum = 0, squares = 0, fourth = 0;
  for (const float v : values) {
    sum += v;
    squares += v * v;
    fourth += static_cast<double>(v) * v * v * v;
  }
  const auto n = static_cast<double>(values.size());
  EXPECT_NEAR(sum / n, 0, 0.01);
  EXPECT_NEAR(squares / n, 1, 0.02);
  EXPECT_NEAR(fourth / n, 3, 0.12);
}

TEST(Sha256, MatchesTheStandardsExamples) {
  EXPECT_EQ(sha256_hex(as_bytes("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/// The example of RFC 8785, section 3.2.4, and numbers of its appendix B.
TEST(CanonicalJson, MatchesTheRfc) {
  const auto value = parse_json(
      R"({"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]})");
  ASSERT_TRUE(value);
  EXPECT_EQ(*canonical_json(*value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  EXPECT_EQ(ecmascript_number(-0.0), "0");
  EXPECT_EQ(ecmascript_number(5e-324), "5e-324");
  EXPECT_EQ(ecmascript_number(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(ecmascript_number(9007199254740992), "9007199254740992");
  EXPECT_EQ(ecmascript_number(295147905179352830000.0), "295147905179352830000");
  EXPECT_EQ(ecmascript_number(1e21), "1e+21");
  EXPECT_EQ(ecmascript_number(1e-6), "0.000001");
  EXPECT_EQ(ecmascript_number(1e-7), "1e-7");
}

TEST(CanonicalJson, SortsKeysByUtf16) {
  const auto value = parse_json("{\"\\ufb33\":1,\"\\ud83d\\ude00\":2,\"a\":3}");
  ASSERT_TRUE(value);
  EXPECT_EQ(*canonical_json(*value), "{\"a\":3,\"\xF0\x9F\x98\x80\":2,\"\xEF\xAC\xB3\":1}");
}

TEST(CanonicalJson, RefusesWhatItCannotSay) {
  EXPECT_FALSE(canonical_json(Json(std::numeric_limits<double>::infinity())));
  EXPECT_FALSE(canonical_json(Json((int64_t{1} << 53) + 1)));
}

TEST(ParseJson, RefusesHostileText) {
  EXPECT_FALSE(parse_json("{\"a\":1,\"a\":2}"));
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')));
  EXPECT_FALSE(parse_json("\"\xC0\xAF\""));
  EXPECT_FALSE(parse_json("{"));
  EXPECT_FALSE(parse_json(""));
  EXPECT_TRUE(parse_json("[[1]]"));
}

TEST(JsonValues, RefusesNumbersThatTheTypeCannotHold) {
  EXPECT_EQ(value_of<int64_t>(Json::parse("1e3")), 1000);
  EXPECT_EQ(value_of<uint8_t>(Json::parse("255")), 255);
  EXPECT_EQ(value_of<uint64_t>(Json::parse("18446744073709551615")), ~uint64_t{0});
  EXPECT_EQ(value_of<std::vector<int>>(Json::parse("[1, 2]")), (std::vector<int>{1, 2}));
  EXPECT_EQ(value_of<float>(Json::parse("1")), 1.0F);
  EXPECT_TRUE(value_of<bool>(Json::parse("true")));
  for (const char* text : {"1e300", "-1e300", "1.5", "18446744073709551615", "\"1\"", "true", "null"})
    EXPECT_THROW((void)value_of<int64_t>(Json::parse(text)), Json::exception) << text;
  EXPECT_THROW((void)value_of<uint8_t>(Json::parse("256")), Json::exception);
  EXPECT_THROW((void)value_of<uint8_t>(Json::parse("-1")), Json::exception);
  EXPECT_THROW((void)value_of<float>(Json::parse("1e300")), Json::exception);
  EXPECT_THROW((void)value_of<std::vector<int>>(Json::parse("[1, 1e300]")), Json::exception);
  EXPECT_THROW((void)value_of<std::vector<int>>(Json::parse("3")), Json::exception);
  EXPECT_THROW((void)value_of<bool>(Json::parse("1")), Json::exception);
}

TEST(Utf8, FindsTheFirstInvalidByte) {
  EXPECT_EQ(invalid_utf8_at("füchslein 🦊"), std::string::npos);
  EXPECT_EQ(invalid_utf8_at("ab\xC0\xAF"), 2U);         // overlong
  EXPECT_EQ(invalid_utf8_at("\xED\xA0\x80"), 0U);       // surrogate
  EXPECT_EQ(invalid_utf8_at("a\xF4\x90\x80\x80"), 1U);  // beyond U+10FFFF
  EXPECT_EQ(invalid_utf8_at("a\xE2\x82"), 1U);          // cut off
}

TEST(SentenceEnd, IsBehindTheMarkThatEndsIt) {
  const std::pair<const char*, size_t> cases[] = {
      {"One. Two", 4}, {"3.5 is", std::string::npos},   {"Stop!\nGo", 5},        {"line\nline", 5}, {"好。五", 6}, {"well… then", 7},
      {"Really？", 9}, {"not yet.", std::string::npos}, {"", std::string::npos}, {"\n", 1}};
  for (const auto& [text, end] : cases) EXPECT_EQ(sentence_end(text), end) << text;
}

TEST(Nearest, FindsTheClosestWord) { EXPECT_EQ(nearest("foxx", {"dog", "fox", "box"}), "fox"); }

TEST_F(Folder, WritesAreAtomicAndLeaveNothingBehind) {
  ASSERT_TRUE(write_file(path_ / "a.txt", "old"));
  ASSERT_TRUE(write_file(path_ / "a.txt", "new"));
  EXPECT_EQ(*read_text(path_ / "a.txt"), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(path_), fs::directory_iterator()), 1);
  const auto refused = write_file(path_ / "missing" / "a.txt", "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
}

TEST_F(Folder, AFullDiskIsSaidAndLeavesTheOldFile) {
  if (!fs::exists("/dev/full")) GTEST_SKIP();
  // write_file cannot rename over a device, so only the error's kind is looked at here.
  std::ofstream full("/dev/full");
  full << "x" << std::flush;
  EXPECT_TRUE(full.fail());
  errno = ENOSPC;
  EXPECT_EQ(fail_errno("x").value().code, ErrorCode::no_space);
}

TEST_F(Folder, AStagedFolderAppearsWholeOrNotAtAll) {
  {
    auto staged = StagedFolder::create(path_ / "work");
    ASSERT_TRUE(staged);
    ASSERT_TRUE(write_file(staged->path() / "a", "1"));
    EXPECT_FALSE(fs::exists(path_ / "work"));
  }
  EXPECT_TRUE(fs::is_empty(path_));
  auto staged = StagedFolder::create(path_ / "work");
  ASSERT_TRUE(write_file(staged->path() / "a", "1"));
  ASSERT_TRUE(staged->commit());
  EXPECT_TRUE(fs::exists(path_ / "work" / "a"));
}

TEST(Errors, EveryCodeHasAStatus) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    const ErrorInfo& info = error_info(static_cast<ErrorCode>(code));
    EXPECT_EQ(static_cast<int>(info.code), code);
    EXPECT_GT(info.exit_status, 0);
    EXPECT_GE(info.http_status, 400);
  }
}

TEST(Memory, PlannedBlocksHoldNothingAndAreCounted) {
  const DryRun dry;
  reset_memory_peak();
  const int64_t before = memory_account().live_bytes;
  {
    const Block block(size_t{1} << 40);
    EXPECT_EQ(block.data(), nullptr);
    EXPECT_EQ(memory_account().live_bytes - before, int64_t{1} << 40);
  }
  EXPECT_EQ(memory_account().live_bytes, before);
  EXPECT_GE(memory_account().peak_bytes, int64_t{1} << 40);
}

}  // namespace ptah
