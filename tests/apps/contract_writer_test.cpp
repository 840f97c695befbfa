// What may be deployed of written contracts. Compiling and testing them is tools/check/contract_writer.
#include <gtest/gtest.h>
#include <unistd.h>

#include "apps/contract_writer/bytecode.h"
#include "apps/contract_writer/contract_build.h"
#include "apps/contract_writer/contract_deployment.h"
#include "base/text.h"
#include "contract/words/reader.h"
#include "work/work_folder.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// A written contract with a build that passed, as the commands leave them; what is built is two bytes.
class WrittenContract : public ::testing::Test {
 protected:
  void SetUp() override {
    const ContractText text = value_or_throw(contract_text(spec_));
    Work written;
    for (const auto& [name, content] : text.files) written.files[name] = Bytes(content.begin(), content.end());
    Json core = begun_receipt("contract", Json::object());
    core["contract"] = text.contract;
    core["specification"] = to_json(spec_);
    ASSERT_TRUE(seal(written, core));
    outputs_ = written.receipt["outputs"];
    ASSERT_TRUE(write_work(written, folder_));
    build(true, outputs_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void build(bool good, const Json& outputs) {
    fs::remove_all(folder_ / "build");
    Work built;
    const std::string code = "0x6001";
    const Json artifacts = Json::array({{{"contract", "Crowdfunding"}, {"abi", Json::array()}, {"bytecode", code}}});
    const std::string text = artifacts.dump();
    built.files["artifacts.json"] = Bytes(text.begin(), text.end());
    Json core = begun_receipt(kContractBuildKind, Json::object());
    core["sources"]["Crowdfunding.sol"] = outputs["Crowdfunding.sol"];
    core["good"] = good;
    core["bytecode"]["Crowdfunding"] = file_id(Bytes{0x60, 0x01});
    ASSERT_TRUE(seal(built, core));
    ASSERT_TRUE(write_work(built, folder_ / "build"));
  }
  /// Why it cannot be deployed; empty if it can.
  std::string problem() const {
    const auto contract = deployable_contract(folder_);
    return contract ? "" : contract.error().message;
  }

  ContractSpec spec_ = value_or_throw(read_contract("crowdfund 3 ETH in ten days")).spec;
  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-written-{}", ::getpid());
  Json outputs_;
};

}  // namespace

TEST(ContractCode, ForbiddenInstructionsAreFoundAndDataIsNot) {
  EXPECT_TRUE(forbidden_instructions(Bytes{}).empty());
  // PUSH2 takes what looks like DELEGATECALL and SELFDESTRUCT.
  EXPECT_TRUE(forbidden_instructions(Bytes{0x61, 0xf4, 0xff, 0x00}).empty());
  EXPECT_EQ(forbidden_instructions(Bytes{0x60, 0xf4, 0xf4, 0x00}), std::vector<std::string>{"DELEGATECALL at 2"});
  EXPECT_EQ(forbidden_instructions(Bytes{0x5b, 0xff, 0xf2, 0xf0, 0xf5, 0x32}).size(), 5U);
  // Behind an INVALID that no JUMPDEST follows lie data.
  EXPECT_TRUE(forbidden_instructions(Bytes{0x5b, 0x00, 0xfe, 0xff, 0xf4}).empty());
  EXPECT_EQ(forbidden_instructions(Bytes{0x5b, 0x00, 0xfe, 0xff, 0x5b, 0x00}).size(), 1U);
  // A PUSH at the very end reads beyond it.
  EXPECT_TRUE(forbidden_instructions(Bytes{0x7f, 0xff}).empty());
}

TEST_F(WrittenContract, WhatPassedItsCheckCanBeDeployed) {
  EXPECT_EQ(problem(), "");
  const auto contract = deployable_contract(folder_);
  ASSERT_TRUE(contract);
  ASSERT_EQ(contract->arguments.size(), 1U);
  EXPECT_EQ(contract->arguments[0].id, "beneficiary");
  EXPECT_EQ(contract->built.at("Crowdfunding").code, (Bytes{0x60, 0x01}));
}

TEST_F(WrittenContract, WhatDidNotPassOrWasChangedCannot) {
  build(false, outputs_);
  EXPECT_NE(problem().find("did not pass"), std::string::npos) << problem();
  build(true, {{"Crowdfunding.sol", "sha256:0"}});
  EXPECT_NE(problem().find("another Crowdfunding.sol"), std::string::npos) << problem();
  build(true, outputs_);
  ASSERT_TRUE(write_file(folder_ / "build" / "artifacts.json", std::string_view(R"([{"contract":"Crowdfunding","abi":[],"bytecode":"0x6002"}])")));
  EXPECT_NE(problem().find("artifacts.json"), std::string::npos) << problem();
  build(true, outputs_);
  ASSERT_TRUE(write_file(folder_ / "Crowdfunding.sol", std::string_view("contract Crowdfunding {}")));
  EXPECT_NE(problem().find("Crowdfunding.sol"), std::string::npos) << problem();
  fs::remove_all(folder_ / "build");
  fs::remove_all(folder_);
  EXPECT_NE(problem(), "");
}

TEST_F(WrittenContract, WithoutABuildItIsSaidWhatToDo) {
  fs::remove_all(folder_ / "build");
  EXPECT_NE(problem().find("ptah contract check"), std::string::npos) << problem();
}

}  // namespace ptah
