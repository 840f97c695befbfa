// From specifications to Solidity, tests and explanations.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "contract/words/reader.h"
#include "contract/writing.h"

namespace ptah {

namespace {

std::vector<Json> rows_of_words() {
  std::ifstream file(PTAH_SOURCE_DIR "/tests/data/contract_words.jsonl");
  std::vector<Json> out;
  for (std::string line; std::getline(file, line);) out.push_back(Json::parse(line));
  return out;
}

ContractSpec spec_of(const std::string& words) { return value_or_throw(read_contract(words)).spec; }

/// Functions of a source that anybody can call and that change something.
std::set<std::string> changing_functions(const std::string& source) {
  std::set<std::string> out;
  static const std::regex kFunction(R"(function (\w+)\([^)]*\)([^{;]*)\{)");
  for (std::sregex_iterator at(source.begin(), source.end(), kFunction), end; at != end; ++at) {
    const std::string rest = (*at)[2];
    if (rest.find("external") == std::string::npos && rest.find("public") == std::string::npos) continue;
    if (rest.find("view") == std::string::npos && rest.find("pure") == std::string::npos) out.insert((*at)[1]);
  }
  return out;
}

}  // namespace

TEST(ContractWriting, EverySentenceGivesACompleteContractTwiceTheSame) {
  size_t written = 0;
  for (const Json& row : rows_of_words()) {
    const auto reading = read_contract(row["words"]);
    if (!reading || !reading->questions.empty()) continue;
    const auto text = contract_text(reading->spec, reading->assumed);
    ASSERT_TRUE(text) << row["words"] << text.error().message;
    ++written;
    EXPECT_EQ(text->files, contract_text(reading->spec, reading->assumed)->files);
    const std::string& source = text->files.at(text->contract + ".sol");
    EXPECT_NE(source.find("contract " + text->contract + " "), std::string::npos) << row["words"];
    for (const auto& [name, content] : text->files) {
      EXPECT_EQ(content.find("{{"), std::string::npos) << name;
      EXPECT_EQ(content.find("{%"), std::string::npos) << name;
    }
    // Whoever may do something is in the explanation.
    for (const std::string& function : changing_functions(source)) {
      if (function == "nonces") continue;
      EXPECT_TRUE(std::regex_search(text->files.at("explanation.md"), std::regex("\\b" + function + "\\b"))) << function << " of " << row["words"];
    }
    // The specification comes out of its own JSON.
    EXPECT_EQ(*contract_spec(Json::parse(text->files.at("specification.json"))), reading->spec);
  }
  EXPECT_GT(written, 90U);
}

/// Text of strangers becomes a literal, an identifier or a comment, and nothing else.
TEST(ContractWriting, FreeTextNeverBecomesCode) {
  ContractSpec spec = spec_of("split income: 60% to Ann and 40% to Ben");
  for (const char* evil : {"\"; selfdestruct(payable(msg.sender)); //", "*/ function steal() external {} /*", "{{ 7 * 7 }}", "{% raw %}", "a\nb",
                           "\xe2\x80\xae\xd7\x90", "mapping", "uint256", "0x", "'", "\\", "<script>", "|`", ""}) {
    spec.name = evil;
    spec.items[0].title = evil;
    const auto text = contract_text(spec);
    ASSERT_TRUE(text) << evil << text.error().message;
    const std::string& source = text->files.at(text->contract + ".sol");
    EXPECT_EQ(source.find("selfdestruct"), std::string::npos == source.find("title") ? std::string::npos : source.find("selfdestruct")) << evil;
    EXPECT_EQ(source.find("function steal() external {}"), std::string::npos);
    EXPECT_EQ(source.find("49"), std::string::npos);
    EXPECT_EQ(source.find("/*"), std::string::npos);
    EXPECT_EQ(text->contract, solidity_identifier(text->contract, true, ""));
  }
  spec = spec_of("A token called Leaf, symbol LEAF, supply 1000");
  spec.name = "\"; selfdestruct(payable(msg.sender)); //";
  const auto text = contract_text(spec);
  ASSERT_TRUE(text);
  EXPECT_NE(text->files.at(text->contract + ".sol").find(R"(ERC20("\"; selfdestruct(payable(msg.sender)); //", "LEAF"))"), std::string::npos);
}

TEST(ContractWriting, IdentifiersAndLiterals) {
  EXPECT_EQ(solidity_identifier("harbour token!", true, "X"), "HarbourToken");
  EXPECT_EQ(solidity_identifier("Ann Lee", false, "x"), "annLee");
  EXPECT_EQ(solidity_identifier("42", false, "payee1"), "payee1");
  EXPECT_EQ(solidity_identifier("address", false, "x"), "addressParty");
  EXPECT_EQ(solidity_identifier("uint8", false, "x"), "uint8Party");
  EXPECT_EQ(solidity_identifier("ERC20", true, "x"), "ERC20Contract");
  EXPECT_EQ(solidity_string("a\"b\\"), R"("a\"b\\")");
  EXPECT_EQ(solidity_string("é"), "hex\"c3a9\"");
  EXPECT_EQ(comment_text("a*/b\n"), "a??b?");
  EXPECT_EQ(*amount_literal(*parse_quantity("0.03 ETH"), 18), "0.03 ether");
  EXPECT_EQ(*amount_literal(*parse_quantity("25.5 USDC"), 6), "25.5e6");
  EXPECT_FALSE(amount_literal(*parse_quantity("0.0000001 USDC"), 6));
}

TEST(ContractWriting, TermsOutOfTheirRangeAreNotWritten) {
  const auto refused = [](ContractSpec spec, const char* name, const char* value) {
    spec.terms[name] = value_or_throw(parse_quantity(value));
    return !contract_text(spec);
  };
  const ContractSpec token = spec_of("A token called Leaf, supply 1000, 1% of every transfer goes to the treasury");
  ASSERT_TRUE(contract_text(token));
  EXPECT_TRUE(refused(token, "fee", "11 %"));
  EXPECT_TRUE(refused(token, "decimals", "19"));
  EXPECT_TRUE(refused(token, "supply", "0.5 ETH"));
  EXPECT_TRUE(refused(token, "goal", "5 ETH"));
  const ContractSpec vesting = spec_of("Vest 1000 tokens over 2 years, cliff of 3 months");
  EXPECT_TRUE(refused(vesting, "cliff", "3 years"));
  EXPECT_TRUE(refused(vesting, "duration", "31 years"));
  const ContractSpec wallet = spec_of("2-of-3 multisig");
  EXPECT_TRUE(refused(wallet, "threshold", "4"));
  EXPECT_TRUE(refused(spec_of("Dutch auction from 4 ETH to 1 ETH over 6 hours"), "end_price", "5 ETH"));
  EXPECT_TRUE(refused(spec_of("staking with an APR of 5 %"), "reward", "100"));
  EXPECT_TRUE(refused(spec_of("staking with an APR of 5 %"), "lock", "5 years"));
}

TEST(ContractWriting, ASpecificationIsReadStrictly) {
  const Json good = to_json(spec_of("crowdfund 3 ETH in ten days"));
  ASSERT_TRUE(contract_spec(good));
  for (const char* broken : {R"([])", R"({"kind":1})", R"({"colour":"red"})", R"({"kind":"token","terms":{"supply":5}})",
                             R"({"kind":"token","terms":{"supply":"red"}})", R"({"kind":"token","flags":[1]})", R"({"kind":"token","items":{}})",
                             R"({"kind":"token","token_decimals":19})", R"({"kind":"token","addresses":{"a":1}})"})
    EXPECT_FALSE(contract_spec(Json::parse(broken))) << broken;
  Json unknown = good;
  unknown["kind"] = "castle";
  EXPECT_FALSE(contract_text(*contract_spec(unknown)));
}

TEST(ContractWriting, ChangesAreNamed) {
  const ContractSpec before = spec_of("crowdfund 3 ETH in ten days");
  ContractSpec after = before;
  EXPECT_TRUE(spec_changes(before, after).empty());
  after.terms["goal"] = *parse_quantity("5 ETH");
  after.terms["cap"] = *parse_quantity("9 ETH");
  after.terms.erase("duration");
  after.name = "Fund";
  EXPECT_EQ(spec_changes(before, after),
            (std::vector<std::string>{"name: Crowdfunding → Fund", "cap: new, 9 ETH", "duration: no longer, was 10 days", "goal: 3 ETH → 5 ETH"}));
}

}  // namespace ptah
