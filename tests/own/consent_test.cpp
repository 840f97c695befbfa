// Consent: what it allows, and all the ways in which it does not.
#include <gtest/gtest.h>
#include <unistd.h>

#include "own/consent.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

const std::string kPicture = "sha256:" + std::string(64, 'a'), kOther = "sha256:" + std::string(64, 'b');
constexpr int64_t kNow = 1800000000;

Consent terms() { return {.person = "Ann", .pictures = {kPicture}, .uses = {"expression", "swap"}, .from = kNow - 10, .until = kNow + 1000}; }

class ConsentOf : public testing::Test {
 protected:
  const Key ann_ = Key::generate(), bob_ = Key::generate();
  const Json json_ = value_or_throw(signed_consent(terms(), ann_));
  const Consent consent_ = value_or_throw(read_consent(json_));

  std::string refused(const std::string& picture, const std::string& use, int64_t now, const std::vector<Revocation>& revocations = {}) const {
    const auto allowed = allowing_consent({consent_}, revocations, picture, use, now);
    if (allowed) return "allowed";
    EXPECT_EQ(allowed.error().code, ErrorCode::permission);
    return allowed.error().message;
  }
};

}  // namespace

TEST_F(ConsentOf, APersonAllowsWhatItSays) {
  EXPECT_EQ(consent_.person, "Ann");
  EXPECT_EQ(consent_.signer, ann_.address());
  EXPECT_EQ(value_or_throw(allowing_consent({consent_}, {}, kPicture, "swap", kNow)).id, consent_.id);
}

TEST_F(ConsentOf, APersonAllowsNothingElse) {
  EXPECT_NE(refused(kOther, "swap", kNow).find("no consent names this picture"), std::string::npos);
  EXPECT_NE(refused(kPicture, "gaze", kNow).find("does not allow 'gaze'"), std::string::npos);
  EXPECT_NE(refused(kPicture, "swap", kNow + 1000).find("has expired"), std::string::npos);
  EXPECT_NE(refused(kPicture, "swap", kNow - 11).find("does not hold yet"), std::string::npos);
  EXPECT_EQ(allowing_consent({}, {}, kPicture, "swap", kNow).error().code, ErrorCode::permission);
}

TEST_F(ConsentOf, APersonIsTakenBackByTheSameKeyOnly) {
  const Revocation own = value_or_throw(read_revocation(value_or_throw(signed_revocation(consent_.id, kNow, ann_))));
  const Revocation strangers = value_or_throw(read_revocation(value_or_throw(signed_revocation(consent_.id, kNow, bob_))));
  EXPECT_NE(refused(kPicture, "swap", kNow, {own}).find("took this consent back"), std::string::npos);
  EXPECT_EQ(refused(kPicture, "swap", kNow, {strangers}), "allowed");
}

TEST_F(ConsentOf, APersonDoesNotHoldOnceItIsChanged) {
  for (const auto& [name, value] :
       {std::pair<const char*, Json>{"person", "Bob"}, {"pictures", Json::array({kOther})}, {"uses", Json::array({"gaze"})}, {"until", kNow + 999999}}) {
    Json changed = json_;
    changed[name] = value;
    EXPECT_EQ(read_consent(changed).error().code, ErrorCode::mismatch) << name;
  }
  Json other = json_;
  other["signature"]["signer"] = to_string(bob_.address());
  EXPECT_EQ(read_consent(other).error().code, ErrorCode::mismatch);
  other.erase("signature");
  EXPECT_EQ(read_consent(other).error().code, ErrorCode::corrupt);
  for (const Json& wrong : {Json(), Json::array(), Json{{"kind", "ptah revocation"}}, Json{{"kind", "ptah consent"}, {"version", 2}}})
    EXPECT_FALSE(read_consent(wrong)) << wrong.dump();
  EXPECT_FALSE(read_revocation(json_)) << "a consent is no revocation";
}

TEST_F(ConsentOf, APersonHasTermsThatMakeSense) {
  const auto wrong = [&](auto change) {
    Consent c = terms();
    change(c);
    EXPECT_EQ(signed_consent(c, ann_).error().code, ErrorCode::invalid_argument);
  };
  wrong([](Consent& c) { c.person = " "; });
  wrong([](Consent& c) { c.pictures.clear(); });
  wrong([](Consent& c) { c.pictures = {"sha256:12"}; });
  wrong([](Consent& c) { c.uses = {"anything"}; });
  wrong([](Consent& c) { c.until = c.from; });
  wrong([](Consent& c) { c.until = c.from + int64_t{11} * 366 * 86400; });
}

TEST_F(ConsentOf, RevocationsAreReadFromAFolderOrNothingIsAllowed) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-revocations-{}", ::getpid());
  EXPECT_TRUE(value_or_throw(known_revocations(folder)).empty()) << "there is none";
  fs::create_directories(folder);
  ASSERT_TRUE(write_file(folder / "one.json", value_or_throw(signed_revocation(consent_.id, kNow, ann_)).dump()));
  ASSERT_TRUE(write_file(folder / "readme.txt", "no revocation"));
  EXPECT_EQ(value_or_throw(known_revocations(folder)).at(0).consent, consent_.id);
  ASSERT_TRUE(write_file(folder / "broken.json", "{"));
  EXPECT_FALSE(known_revocations(folder)) << "what was taken back is not known";
  fs::remove_all(folder);
}

}  // namespace ptah
