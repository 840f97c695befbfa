// From words to specifications: what is read, what is asked, what is refused.
#include <gtest/gtest.h>

#include <fstream>

#include "contract/words/reader.h"
#include "contract/words/tokens.h"

namespace ptah {

namespace {

std::vector<Json> lines_of_data(const char* name) {
  std::ifstream file(std::string(PTAH_SOURCE_DIR) + "/tests/data/" + name);
  std::vector<Json> out;
  for (std::string line; std::getline(file, line);) out.push_back(Json::parse(line));
  return out;
}

ContractReading read(const std::string& words, const std::vector<std::string>& set = {}) { return value_or_throw(read_contract(words, {.set = set})); }

/// A specification's value as the data has it: of a list, all of them.
std::string value_of_spec(const ContractSpec& spec, const std::string& name) {
  if (const auto found = spec.terms.find(name); found != spec.terms.end()) return found->second.text();
  std::string out;
  for (const ContractItem& item : spec.items) {
    const std::string one = name == "shares" ? (item.terms.contains("share") ? "share" : "part") : name;
    if (item.terms.contains(one)) out += (out.empty() ? "" : ", ") + item.terms.at(one).text();
  }
  return out;
}

bool same_value(const std::string& a, const std::string& b) {
  if (a == b) return true;
  // All of a list the same.
  if (a == b + ", " + b || a == b + ", " + b + ", " + b) return true;
  const auto x = parse_quantity(a), y = parse_quantity(b);
  return x && y && x->kind == y->kind && x->value() == y->value() && (x->unit == y->unit || x->kind == QuantityKind::duration);
}

/// What of a row is not as it should be; empty: all is.
std::string wrong(const Json& row) {
  const auto reading = read_contract(row["words"]);
  if (!reading) return reading.error().message;
  std::string out;
  if (reading->spec.kind != row["kind"]) out += fmt::format(" kind {}", reading->spec.kind);
  for (const auto& [name, value] : row["values"].items())
    if (const std::string got = value_of_spec(reading->spec, name); !same_value(got, value.get<std::string>()))
      out += fmt::format(" {} is '{}', not '{}'", name, got, value.get<std::string>());
  for (const Json& flag : row.value("flags", Json::array()))
    if (!reading->spec.has(flag.get<std::string>())) out += " not " + flag.get<std::string>();
  return out;
}

std::string asked_about(const ContractReading& reading) {
  std::string out;
  for (const ContractQuestion& question : reading.questions) out += question.about + " ";
  return out;
}

}  // namespace

TEST(ContractWords, KindAndEveryNumberOfTheSentencesAreRead) {
  for (const char* set : {"seen", "held_out", "later", "last"}) {
    int all = 0, right = 0, clear = 0;
    for (const Json& row : lines_of_data("contract_words.jsonl")) {
      if (row["set"] != set) continue;
      ++all;
      const std::string problem = wrong(row);
      if (problem.empty())
        ++right;
      else if (std::getenv("PTAH_SHOW"))
        std::cout << row["words"].get<std::string>() << "\n   " << problem << "\n";
      const auto reading = read_contract(row["words"]);
      if (reading && reading->questions.empty())
        ++clear;
      else if (reading && std::getenv("PTAH_SHOW")) {
        std::cout << row["words"].get<std::string>() << "\n";
        for (const ContractQuestion& question : reading->questions) std::cout << "    ? " << question.about << ": " << question.text << "\n";
      }
    }
    std::cout << set << ": " << right << " of " << all << " right, " << clear << " without a question\n";
    EXPECT_GE(right * 100, all * 95) << set;
    EXPECT_GE(clear * 100, all * 95) << set;
  }
}

TEST(ContractWords, HarmfulRequestsAreRefusedAndHarmlessOnesAreNot) {
  for (const Json& row : lines_of_data("contract_harm.jsonl")) {
    const auto harm = harmful_request(row["words"]);
    EXPECT_EQ(harm.has_value(), row["harm"].get<bool>()) << row["words"] << (harm ? harm->rule : "");
    if (!harm) continue;
    const auto reading = read_contract(row["words"]);
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error().code, ErrorCode::unsupported);
    EXPECT_NE(reading.error().message.find(harm->reason), std::string::npos);
  }
  for (const Json& row : lines_of_data("contract_words.jsonl")) EXPECT_FALSE(harmful_request(row["words"])) << row["words"];
}

TEST(ContractWords, WhatIsForbiddenOrReservedIsReadOrAsked) {
  // A wish that was dropped in silence: the words are of the kind, but no rule made anything of them.
  EXPECT_NE(asked_about(read("a 3-of-5 multisig, and only on Sundays")), "");
  EXPECT_NE(asked_about(read("a token with a supply of 1000, which holders must keep for a friend")), "");
  EXPECT_TRUE(read("membership badges that can't be passed on to anyone, up to 1500 of them").spec.has("soulbound"));
  EXPECT_TRUE(read("an NFT drop of 100 pieces at 1 USDC, only people on my list may buy").spec.has("allow_list"));
  // "ERC-20" is no supply, "one reader" no amount.
  EXPECT_EQ(asked_about(read("an ERC-20 for our club")), "supply ");
  EXPECT_EQ(
      read("reward readers with 2 tokens per article; one reader earns at most 6 tokens a day, all together 600 a day").spec.terms.at("reader_cap").text(),
      "6");
}

TEST(ContractWords, WhatIsMissingIsAsked) {
  EXPECT_EQ(asked_about(read("an escrow of 2 ETH between a buyer and a seller")), "deadline timeout ");
  EXPECT_EQ(asked_about(read("crowdfund a magazine within 30 days")), "goal ");
  EXPECT_EQ(asked_about(read("a mintable token called Leaf, supply 1000")), "cap ");
  EXPECT_EQ(asked_about(read("a subscription")), "price period ");
  EXPECT_EQ(asked_about(read("sell me the moon")), "kind ");
  EXPECT_EQ(asked_about(read("split income: 60% to Ann and 30% to Ben")), "share ");
  EXPECT_EQ(asked_about(read("a DAO with a voting period of 3 days, quorum 4 % and a threshold of 100 tokens")), "");
  // Dollars are of no chain; two currencies are one too many.
  EXPECT_NE(asked_about(read("crowdfunding: goal $500 in 10 days")).find("goal"), std::string::npos);
  EXPECT_NE(asked_about(read("crowdfunding, goal 5 ETH, minimum contribution 3 USDC, 10 days")).find("minimum"), std::string::npos);
}

TEST(ContractWords, AnswersFillWhatWasAsked) {
  const auto reading = read("an escrow of 2 ETH between a buyer and a seller", {"deadline=2 weeks", "timeout=seller"});
  EXPECT_EQ(asked_about(reading), "");
  EXPECT_EQ(reading.spec.terms.at("deadline").text(), "2 weeks");
  EXPECT_TRUE(reading.spec.has("timeout_to_seller"));
  EXPECT_FALSE(read_contract("an escrow of 2 ETH", {.set = {"colour=red"}}));
  EXPECT_FALSE(read_contract("an escrow of 2 ETH", {.set = {"deadline"}}));
  EXPECT_FALSE(read_contract("an escrow of 2 ETH", {.set = {"deadline=red"}}));
  EXPECT_EQ(read("sell me the moon", {"kind=escrow"}).spec.kind, "escrow");
}

TEST(ContractWords, NumbersThatNothingWasMadeOfAreAsked) {
  EXPECT_EQ(asked_about(read("crowdfund 3 ETH in ten days with 77 turtles")), "words ");
  EXPECT_EQ(asked_about(value_or_throw(read_contract("crowdfund 3 ETH in ten days with 77 turtles", {.ignore = {" with 77 turtles"}}))), "");
  EXPECT_FALSE(read_contract("crowdfund 3 ETH in ten days", {.ignore = {"turtles"}}));
  // So are wishes that no rule knows, and what Ptah does not write.
  EXPECT_EQ(asked_about(read("crowdfund 3 ETH in ten days, the mayor must wear green trousers")), "words ");
  EXPECT_EQ(asked_about(read("an upgradeable crowdfunding of 3 ETH in ten days")), "words ");
}

TEST(ContractWords, NobodysWordsAreTooManyOrBroken) {
  EXPECT_FALSE(read_contract(""));
  EXPECT_FALSE(read_contract("   \n"));
  EXPECT_FALSE(read_contract(std::string(kMaxContractWords + 1, 'a')));
  EXPECT_FALSE(read_contract("crowdfund \xff 3 ETH"));
  EXPECT_TRUE(read_contract(std::string(kMaxContractWords, '"')));
  EXPECT_TRUE(read_contract(std::string(kMaxContractWords / 2, '9')));
}

TEST(ContractWords, QuantitiesAreReadAsPeopleWriteThem) {
  const std::vector<std::pair<std::string, std::string>> same{{"1,000,000", "1000000"},
                                                              {"1.5 million", "1500000"},
                                                              {"10k", "10000"},
                                                              {"one hundred and twenty", "120"},
                                                              {"twenty-five", "25"},
                                                              {"two thousand", "2000"},
                                                              {"0.050 ether", "0.05 ETH"},
                                                              {"30 gwei", "0.00000003 ETH"},
                                                              {"five percent", "5 %"},
                                                              {"250 basis points", "2.5 %"},
                                                              {"7.5 per cent", "7.5 %"},
                                                              {"a week", "1 week"},
                                                              {"two fortnights", "4 weeks"},
                                                              {"72h", "72 hours"},
                                                              {"half a year", "6 months"},
                                                              {"14-day", "14 days"},
                                                              {"1 March 2027", "2027-03-01"},
                                                              {"March 1st, 2027", "2027-03-01"},
                                                              {"2027-03-01", "2027-03-01"},
                                                              {"a dozen", "12"},
                                                              {"25 USDC", "25 USDC"},
                                                              {"eighteen months", "18 months"},
                                                              {"half", "50 %"},
                                                              {"5000.00", "5000"}};
  for (const auto& [said, meant] : same) {
    const auto quantity = parse_quantity(said);
    ASSERT_TRUE(quantity) << said;
    EXPECT_EQ(quantity->text(), meant) << said;
  }
  for (const char* none : {"", "red", "1,5", "1 2", "99999999999999999999999999999999999999999999999999999999999999999", "0x12", "5 USDC 3"})
    EXPECT_FALSE(parse_quantity(none)) << none;
  EXPECT_EQ(*seconds_of(*parse_quantity("1 month")), 30 * 86400);
  EXPECT_EQ(*seconds_of(*parse_quantity("2027-03-01")), 1803859200);
  EXPECT_FALSE(seconds_of(*parse_quantity("200 years")));
}

}  // namespace ptah
