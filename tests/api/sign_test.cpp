// A program signs works as the command line does.
#include "ptah/sign.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "own/keys.h"
#include "own/signed_receipt.h"
#include "ptah/render.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class PublicSigning : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    ASSERT_EQ(::setenv("PTAH_KEYS", (folder_ / "keys").c_str(), 1), 0);
    const auto program = folder_ / "box.shape";
    value_or_throw(write_file(program, std::string_view("shape box \"a box\"\npart all = box(1, 1, 1)\n")));
    const auto work = render({.file = program, .size = 32});
    ASSERT_TRUE(work) << work.problem().message;
    work_ = *work;
  }
  void TearDown() override {
    ::unsetenv("PTAH_KEYS");
    fs::remove_all(folder_);
  }
  /// Keeps a new key, and says its address.
  std::string keep(const std::string& name, std::string_view passphrase = {}) {
    const KeyInfo info = value_or_throw(KeyStore(folder_ / "keys").add(name, Key::generate(), passphrase.empty() ? Secret() : Secret(passphrase)));
    return to_string(info.address);
  }
  static std::string maker_of(const MadeWork& work) {
    const MakerCheck check = check_maker(value_or_throw(parse_json(work.receipt)));
    return check.maker ? to_string(*check.maker) : "nobody";
  }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-sign-{}", ::getpid());
  MadeWork work_;
};

TEST_F(PublicSigning, WithoutAKeyTheWorkStaysAsItIs) {
  const auto out = sign(work_);
  ASSERT_TRUE(out) << out.problem().message;
  EXPECT_EQ(out->signer, "");
  EXPECT_EQ(out->note, "");
  EXPECT_EQ(out->work.files, work_.files);
  EXPECT_EQ(out->work.receipt, work_.receipt);
}

TEST_F(PublicSigning, TheUsualKeySignsTheReceiptAndTheFiles) {
  const std::string maker = keep("maker"), other = keep("other");
  const auto out = sign(work_);
  ASSERT_TRUE(out) << out.problem().message;
  EXPECT_EQ(out->signer, maker);
  EXPECT_EQ(out->note, "");
  EXPECT_EQ(maker_of(out->work), maker);
  EXPECT_EQ(maker_of(work_), "nobody");
  const auto& receipt = out->work.files.at("receipt.json");
  EXPECT_EQ(std::string(receipt.begin(), receipt.end()), out->work.receipt);
  EXPECT_NE(out->work.files.at("picture.png"), work_.files.at("picture.png")) << "content credentials are inside";
  ASSERT_TRUE(save(out->work, folder_ / "signed"));
  std::vector<std::string> lines;
  const auto verified = verify(folder_ / "signed", &lines);
  ASSERT_TRUE(verified) << verified.problem().message;
  EXPECT_TRUE(*verified);
  const auto named = sign(work_, {.key = "other"});
  ASSERT_TRUE(named) << named.problem().message;
  EXPECT_EQ(named->signer, other);
  EXPECT_EQ(maker_of(named->work), other);
}

TEST_F(PublicSigning, AKeyWithAPassphraseWantsTheRightOne) {
  const std::string maker = keep("maker", "open sesame");
  const auto without = sign(work_);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.problem().name, "permission");
  EXPECT_EQ(without.problem().field, "passphrase");
  const auto wrong = sign(work_, {.passphrase = "open"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.problem().name, "permission");
  const auto right = sign(work_, {.passphrase = "open sesame"});
  ASSERT_TRUE(right) << right.problem().message;
  EXPECT_EQ(maker_of(right->work), maker);
}

TEST_F(PublicSigning, WhatCannotBeSignedIsSaid) {
  const auto nobody = sign(work_, {.key = "nobody"});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.problem().name, "not_found");
  keep("maker");
  const auto broken = sign({.files = work_.files, .receipt = "{"});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.problem().name, "corrupt");
}

TEST_F(PublicSigning, AnAuthorityThatDoesNotAnswerTakesNothingAway) {
  const std::string maker = keep("maker");
  const auto out = sign(work_, {.authority = "http://127.0.0.1:1"});
  ASSERT_TRUE(out) << out.problem().message;
  EXPECT_NE(out->note.find("no time-stamp"), std::string::npos) << out->note;
  EXPECT_EQ(maker_of(out->work), maker);
}

}  // namespace
}  // namespace ptah
