// Contracts are paid for once, whatever cuts the making short.
#include "chain/deployments.h"

#include <gtest/gtest.h>

#include "fake_node.h"
#include "processes.h"
#include "temporary_folder.h"

namespace ptah {
namespace {

class Paid : public testing::Test {
 protected:
  Paid() : key_(Key::generate()), node_(key_.address()) {}
  TemporaryFolder folder_;
  Key key_;
  FakeNode node_;
  std::filesystem::path noted() const { return folder_.path / "deployments.json"; }
  std::filesystem::path kept() const { return folder_.path / "kept"; }
  /// As `ptah mint` does it: the contract that is known, or noted, or else made; then it is kept.
  Result<Address> made(const std::string& purpose = "works", bool keeps = true) {
    PTAH_TRY(const Rpc rpc, Rpc::open(node_.url()));
    PTAH_TRY(const Account account, Account::open(rpc, key_));
    if (const auto known = read_text(kept()); known && keeps) return parse_address(*known);
    PTAH_TRY(const Deployments deployments, Deployments::open(noted(), account, rpc));
    PTAH_TRY(const Address place, deployments.once(purpose, Bytes{1, 2, 3}, {.poll_seconds = 0.01}));
    if (!keeps) return place;
    PTAH_TRY_VOID(write_file(kept(), std::string_view(to_string(place))));
    PTAH_TRY_VOID(deployments.forget(purpose));
    return place;
  }
};

TEST_F(Paid, AContractIsPaidForOnceWhereverTheFirstTryWasKilled) {
  bool paid_and_killed = false;
  const int kills = killed_everywhere(
      [&] {
        folder_.empty();
        node_.restart();
      },
      [&] { return made().has_value(); },
      [&](bool killed) {
        paid_and_killed = paid_and_killed || (killed && node_.contracts() == 1 && !read_text(kept()));
        const auto again = made();
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(*again, created_address(key_.address(), 7)) << "its address was forgotten";
        EXPECT_EQ(node_.contracts(), 1U) << "paid for twice";
      });
  EXPECT_GT(kills, 10);
  EXPECT_TRUE(paid_and_killed) << "this test would see nothing";
}

TEST_F(Paid, ManyAtOncePayOnce) {
  EXPECT_EQ(succeeding(4, [&](int) { return made("works", false).has_value(); }), 4);
  EXPECT_EQ(node_.contracts(), 1U);
}

TEST_F(Paid, APurposeDoesNotTakeAnothersContract) {
  // "works" was noted, but nothing was sent; then something else took its nonce.
  const Rpc rpc = value_or_throw(Rpc::open(node_.url()));
  const Account account = value_or_throw(Account::open(rpc, key_));
  const Deployments deployments = value_or_throw(Deployments::open(noted(), account, rpc));
  ASSERT_TRUE(write_file(noted(), std::string_view(fmt::format("{{\"1:0x{}:{}\": {{\"works\": 7}}}}", std::string(16, 'a'), to_string(key_.address())))));
  ASSERT_EQ(value_or_throw(deployments.nonce("works")), 7U);
  EXPECT_FALSE(value_or_throw(deployments.find("works")));
  const Address other = value_or_throw(deployments.once("other", Bytes{4}, {.poll_seconds = 0.01}));
  EXPECT_EQ(other, created_address(key_.address(), 7));
  EXPECT_FALSE(value_or_throw(deployments.find("works"))) << "that is the other's contract";
  EXPECT_EQ(value_or_throw(deployments.once("works", Bytes{5}, {.poll_seconds = 0.01})), created_address(key_.address(), 8));
  EXPECT_EQ(value_or_throw(deployments.find("other")), other);
  ASSERT_TRUE(deployments.forget("wor"));
  EXPECT_FALSE(value_or_throw(deployments.nonce("works")));
  EXPECT_TRUE(value_or_throw(deployments.nonce("other")));
}

}  // namespace
}  // namespace ptah
