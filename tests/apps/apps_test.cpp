// Questions, reading sessions, vouchers and tokens: what pays whom, and what a crash, a bot or a liar can do about it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <thread>

#include "apps/community/dao.h"
#include "apps/market/mint.h"
#include "apps/reading/reading.h"
#include "base/philox.h"
#include "chain/abi.h"
#include "own/signed_receipt.h"
#include "tests/chain/test_chain.h"
#include "tests/skip.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

Article article() { return value_or_throw(parse_article(value_or_throw(read_text(fs::path(PTAH_SOURCE_DIR) / "tests" / "data" / "article.md")))); }

ReadingTerms terms() {
  ReadingTerms t;
  t.chain_id = 31337;
  t.contract = value_or_throw(parse_address("0x00000000000000000000000000000000000000c0"));
  t.reward = std::string("5");
  return t;
}

class Reading : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("ptah-reading-{}", getpid());
    fs::remove_all(folder_);
    items_ = make_items(article(), 1);
    value_or_throw(publish_article(article(), items_, terms(), folder_));
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::unique_ptr<ReadingRoom> room() {
    return value_or_throw(ReadingRoom::open(folder_, service_, [this] { return now_; }));
  }

  Result<Json> login(ReadingRoom& r, const Key& reader) {
    PTAH_TRY(const Json nonce, r.nonce());
    PTAH_TRY(const Bytes bytes, parse_hex(nonce["nonce"].get<std::string>()));
    Bytes32 number{};
    std::copy(bytes.begin(), bytes.end(), number.begin());
    const uint64_t expires = nonce["expires"];
    PTAH_TRY(const Bytes digest_bytes, parse_hex(text_at(r.about(), "article")));
    Bytes32 digest{};
    std::copy(digest_bytes.begin(), digest_bytes.end(), digest.begin());
    PTAH_TRY(const Bytes32 to_sign, typed_data_digest(login_data(terms(), reader.address(), digest, number, expires)));
    PTAH_TRY(const Signature signature, reader.sign(to_sign));
    last_ = {number, expires, signature};
    return r.begin(reader.address(), number, expires, signature);
  }
  /// Reads all of it as fast as is allowed; returns the session and the token for the quiz.
  std::pair<std::string, std::string> read_all(ReadingRoom& r, const Key& reader) {
    const Json begun = value_or_throw(login(r, reader));
    std::string token = begun["token"];
    for (size_t i = 0; i < begun["sections"].get<size_t>(); ++i) {
      now_ += 100;
      token = value_or_throw(r.section(begun["session"], i, token))["token"];
    }
    now_ += 100;
    return {begun["session"], token};
  }
  /// The places of the right options.
  std::vector<int> right(const Json& quiz, size_t wrong = 0) {
    std::vector<int> out;
    for (const Json& q : quiz["questions"]) {
      const auto item = std::find_if(items_.begin(), items_.end(), [&](const QuizItem& i) {
        return i.question == q["question"] && std::find(q["options"].begin(), q["options"].end(), i.options[0]) != q["options"].end() &&
               std::is_permutation(i.options.begin(), i.options.end(), q["options"].begin());
      });
      EXPECT_NE(item, items_.end());
      int place = 0;
      while (q["options"][static_cast<size_t>(place)] != item->options[0]) ++place;
      out.push_back(out.size() < wrong ? (place + 1) % static_cast<int>(kOptions) : place);
    }
    return out;
  }

  fs::path folder_;
  std::vector<QuizItem> items_;
  Key service_ = Key::generate();
  double now_ = 1.8e9;
  std::tuple<Bytes32, uint64_t, Signature> last_;
};

double at_least(int needed, int of, double p) {
  double sum = 0;
  for (int k = needed; k <= of; ++k)
    sum += std::exp(std::lgamma(of + 1) - std::lgamma(k + 1) - std::lgamma(of - k + 1)) * std::pow(p, k) * std::pow(1 - p, of - k);
  return sum;
}

}  // namespace

TEST(Quiz, BotsPassAsSeldomAsTheirOddsSay) {
  // A million sessions by the very functions that draw and judge; 7 of 8, five options.
  SecretRandom random(Bytes32{1});
  std::vector<uint32_t> exposures(400, 0);
  const auto pass_rate = [&](int sessions, double knows) {
    int passed = 0;
    for (int i = 0; i < sessions; ++i) {
      if (i % 40 == 0) std::fill(exposures.begin(), exposures.end(), 0U);
      const auto draw = draw_quiz(exposures, 8, 1, random);
      std::vector<int> answers;
      for (const auto& order : draw->orders) {
        const bool known = random.below(1000000) < knows * 1e6;
        answers.push_back(known ? static_cast<int>(std::find(order.begin(), order.end(), 0) - order.begin()) : static_cast<int>(random.below(kOptions)));
      }
      passed += right_answers(*draw, answers) >= 7;
    }
    return passed / static_cast<double>(sessions);
  };
  const double bot = pass_rate(1000000, 0);
  EXPECT_LE(bot, 1.2e-4);  // 8.5e-5 and its chance: ± 3 σ of a million
  EXPECT_GE(bot, 5e-5);
  const double reader = pass_rate(100000, 0.9375);  // 95 % an item: known, or guessed right
  EXPECT_NEAR(reader, at_least(7, 8, 0.95), 0.003);
  EXPECT_GE(reader, 0.94);
}

TEST(Quiz, LeakedQuestionsAreNotAskedAgainWhileOthersAreLeft) {
  SecretRandom random(Bytes32{2});
  std::vector<uint32_t> exposures(800, 0);
  std::set<uint32_t> leaked;
  const auto drawn = [&] { return draw_quiz(exposures, 8, 2, random).value_or(QuizDraw{}).items; };
  for (int i = 0; i < 50; ++i) {
    const auto items = drawn();
    leaked.insert(items.begin(), items.end());
  }
  EXPECT_EQ(leaked.size(), 400U);
  for (int i = 0; i < 50; ++i) {
    const auto items = drawn();
    for (const uint32_t item : items) EXPECT_FALSE(leaked.contains(item)) << "colluders gain nothing";
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(drawn().size(), 8U);
  EXPECT_TRUE(drawn().empty()) << "then it is closed";
}

TEST_F(Reading, AReaderEarnsOnce) {
  auto r = room();
  const Key reader = Key::generate();
  const auto [session, token] = read_all(*r, reader);
  const Json quiz = value_or_throw(r->quiz(session, token));
  EXPECT_EQ(quiz["questions"].size(), 8U);
  EXPECT_EQ(value_or_throw(r->quiz(session, token))["questions"], quiz["questions"]) << "asked again: the same";
  const Json result = value_or_throw(r->answer(session, right(quiz, 1)));
  EXPECT_EQ(result["right"], 7);
  EXPECT_TRUE(result["passed"]);
  const Json& v = result["voucher"];
  EXPECT_EQ(v["total"], "5");
  const Bytes signature = value_or_throw(parse_hex(v["signature"].get<std::string>()));
  Signature s{};
  std::copy(signature.begin(), signature.end(), s.begin());
  const auto digest = value_or_throw(typed_data_digest(reward_voucher_data(terms(), reader.address(), reader.address(), "5", v["deadline"])));
  EXPECT_EQ(value_or_throw(recover_signer(digest, s)), service_.address());
  EXPECT_EQ(value_or_throw(r->answer(session, std::vector<int>(8, 0))), result) << "a second try changes nothing";
  EXPECT_EQ(login(*r, reader).error().code, ErrorCode::invalid_argument) << "one try a reader";
  EXPECT_EQ(value_or_throw(r->voucher(reader.address())), v);
  // A crash: everything that counts is there again.
  r.reset();
  r = room();
  EXPECT_EQ(value_or_throw(r->voucher(reader.address())), v);
  EXPECT_EQ(login(*r, reader).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(r->counts()["passed"], 1);
}

TEST_F(Reading, ShortcutsDoNotWork) {
  auto r = room();
  const Key reader = Key::generate(), other = Key::generate();
  const Json begun = value_or_throw(login(*r, reader));
  const std::string session = begun["session"], first = begun["token"];
  const auto [nonce, expires, signature] = last_;
  EXPECT_EQ(r->begin(reader.address(), nonce, expires, signature).error().code, ErrorCode::permission) << "a login replayed";
  EXPECT_EQ(r->begin(other.address(), nonce, expires, signature).error().code, ErrorCode::permission) << "somebody else's";
  EXPECT_EQ(r->section(session, 1, first).error().code, ErrorCode::permission) << "a section skipped";
  EXPECT_EQ(r->quiz(session, first).error().code, ErrorCode::permission);
  const std::string second = value_or_throw(r->section(session, 0, first))["token"];
  EXPECT_EQ(r->section(session, 1, second).error().code, ErrorCode::invalid_argument) << "faster than anybody reads";
  now_ += 100;
  EXPECT_TRUE(r->section(session, 1, second));
  EXPECT_EQ(r->answer(session, std::vector<int>(8, 0)).error().code, ErrorCode::invalid_argument) << "answers before questions";
  EXPECT_EQ(r->section("00", 0, "").error().code, ErrorCode::permission);
  now_ += 8000;
  EXPECT_FALSE(r->section(session, 2, "x"));
  // Another session's tokens.
  const auto [theirs, token] = read_all(*r, other);
  EXPECT_EQ(r->quiz(session, token).error().code, ErrorCode::permission);
  const Json quiz = value_or_throw(r->quiz(theirs, token));
  EXPECT_FALSE(r->answer(theirs, {1, 2, 3}));
  now_ += 601;
  const Json late = value_or_throw(r->answer(theirs, right(quiz)));
  EXPECT_FALSE(late["passed"]) << "too late";
  EXPECT_EQ(r->voucher(other.address()).error().code, ErrorCode::not_found);
}

TEST_F(Reading, QuestionsSeenBeforeACrashAreTheSameAfterIt) {
  auto r = room();
  const Key reader = Key::generate();
  const auto [session, token] = read_all(*r, reader);
  const Json quiz = value_or_throw(r->quiz(session, token));
  r.reset();
  r = room();
  EXPECT_EQ(login(*r, reader).error().code, ErrorCode::invalid_argument) << "no other questions after a crash";
  EXPECT_EQ(value_or_throw(r->quiz(session, token))["questions"], quiz["questions"]) << "whoever never got them sees them now";
  EXPECT_TRUE(value_or_throw(r->answer(session, right(quiz)))["passed"]) << "and may answer";
}

TEST_F(Reading, AChangedLogIsSeenAndACutOneMended) {
  {
    auto r = room();
    for (int i = 0; i < 5; ++i) value_or_throw(r->award(Key::generate().address(), fmt::format("{:032x}", i)));
    EXPECT_FALSE(ReadingRoom::open(folder_, service_)) << "one process at a time";
  }
  const std::string log = value_or_throw(read_text(folder_ / "log"));
  const auto with = [&](const std::string& text) {
    value_or_throw(write_file(folder_ / "log", std::string_view(text)));
    return ReadingRoom::open(folder_, service_);
  };
  for (size_t cut = 0; cut <= log.size(); cut += 7) {
    const auto opened = with(log.substr(0, cut));
    ASSERT_TRUE(opened) << cut;
    EXPECT_EQ((*opened)->counts()["passed"], std::count(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(cut), '\n'));
  }
  for (size_t at = 0; at < log.size(); at += 11) {
    std::string changed(log);
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto opened = with(changed);
    EXPECT_TRUE(!opened || (*opened)->counts()["passed"] != 5) << at;  // the last line may look cut
  }
  std::string bank = value_or_throw(read_text(folder_ / "bank.json"));
  bank[bank.find("Varn")] = 'B';
  value_or_throw(write_file(folder_ / "bank.json", std::string_view(bank)));
  EXPECT_EQ(with(log).error().code, ErrorCode::mismatch) << "questions changed after they were committed to";
}

TEST_F(Reading, KilledAtAnyMomentNoVoucherIsLostOrDoubled) {
  // A child hands out vouchers and says so through a pipe once each has left; it is killed in the middle.
  for (int round = 0; round < 4; ++round) {
    fs::remove(folder_ / "log");
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      const auto r = ReadingRoom::open(folder_, service_, [] { return 1.8e9; });
      for (uint32_t i = 0; r && i < 100000; ++i) {
        Address reader{};
        std::copy_n(reinterpret_cast<const uint8_t*>(&i), 4, reader.begin());
        if (!(*r)->award(reader, fmt::format("{:032x}", i))) break;
        if (::write(ends[1], &i, 4) != 4) break;
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 37 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    uint32_t said = 0, i = 0;
    while (::read(ends[0], &i, 4) == 4) said = i + 1;
    ::close(ends[0]);
    const auto r = room();
    const uint64_t kept = r->counts()["passed"];
    EXPECT_GE(kept, said) << "a voucher that left is in the log";
    EXPECT_LE(kept, said + 1) << "and nothing more than the one under way";
    for (uint32_t k = 0; k < said; ++k) {
      Address reader{};
      std::copy_n(reinterpret_cast<const uint8_t*>(&k), 4, reader.begin());
      EXPECT_EQ(value_or_throw(r->voucher(reader))["total"], "5");
    }
  }
}

TEST_F(Reading, VouchersPayOnALiveChain) {
  TestChain chain;
  if (!chain.rpc) PTAH_LEFT_OUT("chain", chain.why);
  const Account account = chain.account(service_);
  const std::string me = to_string(service_.address());
  const Address token =
      value_or_throw(deploy(account, value_or_throw(load_artifact("MediaToken")), {"Reading", "READ", Json::array({me}), Json::array({"1000"})}));
  const Address rewards =
      value_or_throw(deploy(account, value_or_throw(load_artifact("ReadRewards")), {me, me, to_string(token), me, 86400, "100", "50", 3600}));
  value_or_throw(account.transact(token, value_or_throw(abi_call("transfer(address,uint256)", {to_string(rewards), "1000"}))));
  ReadingTerms t = terms();
  t.contract = rewards;
  const Key reader = Key::generate();
  const auto claim = [&](const std::string& total, const Key& signer) {
    const auto digest = value_or_throw(typed_data_digest(reward_voucher_data(t, reader.address(), reader.address(), total, 4000000000)));
    const Json voucher{to_string(reader.address()), to_string(reader.address()), total, 4000000000};
    return account.transact(
        rewards, value_or_throw(abi_call("claim((address,address,uint256,uint256),bytes)", {voucher, hex_text(value_or_throw(signer.sign(digest)))})));
  };
  EXPECT_TRUE(claim("5", service_));
  EXPECT_FALSE(claim("5", service_)) << "twice";
  EXPECT_FALSE(claim("9", reader)) << "signed by the reader";
  EXPECT_TRUE(claim("12", service_));
  const Json paid = value_or_throw(read_contract(*chain.rpc, token, "balanceOf(address)", Json::array({to_string(reader.address())}), {"uint256"}));
  EXPECT_EQ(paid[0], "12");
  // A transaction that cannot work is refused before it is sent, with the contract's reason; another chain is refused at once.
  EXPECT_EQ(Account::open(*chain.rpc, service_, 1).error().code, ErrorCode::mismatch);
  const Key poor = Key::generate();
  const Account nothing = value_or_throw(Account::open(*chain.rpc, poor));
  EXPECT_EQ(nothing.transact(reader.address(), {}, uint256(1)).error().code, ErrorCode::mismatch);
}

TEST(Mint, ACommitmentNeedsAReceipt) {
  for (const char* bad : {"4", "[]", "null", "{}", R"({"request":4})", R"({"request":{},"engine_version":"1","models":[1e999]})"}) {
    const auto json = parse_json(bad);
    if (json) {
      EXPECT_EQ(prompt_commitment(*json).error().code, ErrorCode::corrupt) << bad;
    }
  }
}

TEST(Dao, FilesAndProposals) {
  Community c;
  c.name = "Fox \"Review\"";
  c.chain = 31337;
  c.block = 5;
  c.market[0] = 1;
  const std::string text = to_json(c).dump();
  const Community again = value_or_throw(parse_community(text));
  EXPECT_EQ(to_json(again), to_json(c));
  for (const char* bad : {"", "[]", "{}", R"({"format":"ptah community 1"})", R"({"format":"ptah community 2","chain":1,"block":2})"})
    EXPECT_FALSE(parse_community(bad)) << bad;
  for (size_t i = 0; i < text.size(); ++i) (void)parse_community(text.substr(0, i));
  Json changed = to_json(c);
  changed["board"] = "0x12";
  EXPECT_FALSE(parse_community(changed.dump()));
  changed = to_json(c);
  changed["chain"] = 0;
  EXPECT_FALSE(parse_community(changed.dump())) << "would be any chain";
  changed = to_json(c);
  changed["chain"] = -1;
  EXPECT_EQ(parse_community(changed.dump()).error().code, ErrorCode::corrupt);
  const auto calls = value_or_throw(pay(c, Address{}, uint256(5)));
  // What a call does is read from its bytes.
  const Address eve = value_or_throw(parse_address("0x00000000000000000000000000000000000000E0"));
  c.token[0] = 2;
  c.board[0] = 3;
  const auto paying = value_or_throw(pay(c, eve, value_or_throw(parse_uint256(std::string_view("10000000000000000000000")))));
  Call lying = paying[0];
  lying.says = std::string("pays 1 token to Ann");
  EXPECT_EQ(what_it_does(c, lying), "pays 10000 tokens to " + to_string(eve));
  JobTerms job;
  job.amounts = {uint256(1)};
  job.judge = eve;
  job.brief = "a\n\x1b[2Jfox";
  const auto opening = value_or_throw(open_job(c, job));
  EXPECT_NE(what_it_does(c, opening[0]).find(to_string(c.board)), std::string::npos);
  EXPECT_NE(what_it_does(c, opening[1]).find("opens a bounty"), std::string::npos);
  EXPECT_EQ(what_it_does(c, opening[1]).find('\x1b'), std::string::npos) << "no control characters";
  c.token[0] = 4;
  EXPECT_NE(what_it_does(c, opening[1]).find("OTHER"), std::string::npos);
  EXPECT_NE(what_it_does(c, {eve, {1, 2, 3, 4, 5}, "", uint256(1)}).find("not the community's"), std::string::npos);
  EXPECT_FALSE(what_it_does(c, {c.token, {}, "", {}}).empty());
  EXPECT_NE(value_or_throw(make_proposal(calls, "a")).id, value_or_throw(make_proposal(calls, "b")).id);
  EXPECT_EQ(make_proposal({}, "a").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(make_proposal(calls, " ").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(open_job(c, {}).error().code, ErrorCode::invalid_argument) << "no milestones";
  EXPECT_EQ(words_of_proposal(bound_description("pay Eve", eve)), "pay Eve");
  EXPECT_EQ(words_of_proposal("pay Eve#proposer=0x12"), "pay Eve#proposer=0x12");
  EXPECT_EQ(make_proposal(calls, bound_description(" ", eve)).error().code, ErrorCode::invalid_argument);
  MarketTerms market;
  market.liquidity = market.bond = uint256(1000);
  market.resolver = market.arbiter = eve;
  EXPECT_EQ(open_market(c, market).error().code, ErrorCode::invalid_argument) << "who names the outcome does not judge over it";
  market.arbiter = c.board;
  EXPECT_TRUE(open_market(c, market));
  market.bond = {};
  EXPECT_EQ(open_market(c, market).error().code, ErrorCode::invalid_argument) << "a dispute costs something";
  EXPECT_FALSE(parse_outcome("perhaps"));
  EXPECT_FALSE(parse_outcome("open"));
}

TEST(Dao, FromATokenToAPayout) {
  TestChain chain;
  if (!chain.rpc) PTAH_LEFT_OUT("chain", chain.why);
  const Key ann = Key::generate(), eve = Key::generate();
  const Account a = chain.account(ann), e = chain.account(eve);
  CommunityTerms terms;
  terms.name = "Foxes";
  terms.symbol = "FOX";
  EXPECT_EQ(found_community(a, terms).error().code, ErrorCode::invalid_argument) << "nobody holds anything";
  terms.shares = {{ann.address(), uint256(100)}};
  terms.treasury = uint256(1000);
  terms.quorum = 20;
  EXPECT_EQ(found_community(a, terms).error().code, ErrorCode::invalid_argument) << "100 votes can never be a fifth of 1100";
  terms.quorum = 5;
  terms.threshold = uint256(101);
  EXPECT_EQ(found_community(a, terms).error().code, ErrorCode::invalid_argument) << "nobody could propose";
  terms.threshold = {};
  EXPECT_EQ(found_community(a, terms).error().code, ErrorCode::invalid_argument) << "whoever has no votes could propose";
  terms.threshold = uint256(1);
  terms.name = "F\xff";
  EXPECT_EQ(found_community(a, terms).error().code, ErrorCode::invalid_argument);
  terms.name = "Foxes";
  const Community c = value_or_throw(found_community(a, terms));
  const fs::path file = fs::temp_directory_path() / fmt::format("ptah-dao-{}.sqlite", getpid());
  fs::remove(file);
  CommunityReader reader = value_or_throw(CommunityReader::open(*chain.rpc, c, file));
  const auto send = [](const Account& who, const Call& call) { return who.transact(call.to, call.data); };
  value_or_throw(a.transact(c.token, value_or_throw(abi_call("delegate(address)", Json::array({to_string(ann.address())})))));
  chain.advance(10);
  JobTerms job;
  job.amounts = {uint256(30), uint256(40)};
  job.worker = eve.address();
  job.judge = ann.address();
  job.deadline = chain.time() + 30 * 86400;
  job.window = 3600;
  job.brief = "a fox, twice";
  const Proposal proposal = value_or_throw(make_proposal(value_or_throw(open_job(c, job)), bound_description("pay Eve", ann.address())));
  value_or_throw(send(a, value_or_throw(proposal_call(c, proposal, ProposalStep::propose))));
  value_or_throw(reader.sync());
  ProposalState state = value_or_throw(reader.proposal(to_decimal(proposal.id).substr(0, 8)));
  EXPECT_EQ(state.proposal.id, proposal.id) << "the number is the governor's";
  EXPECT_EQ(state.state, "pending");
  ASSERT_EQ(state.proposal.calls.size(), 2U);
  EXPECT_NE(state.proposal.calls[1].says.find("opens a grant for " + to_string(eve.address())), std::string::npos) << state.proposal.calls[1].says;
  // Words that are not UTF-8 do not hide what others proposed.
  Proposal broken = proposal;
  EXPECT_FALSE(send(e, value_or_throw(proposal_call(c, proposal, ProposalStep::propose)))) << "nobody else brings it";
  broken.description = bound_description("caf\xe9", ann.address());
  value_or_throw(send(a, value_or_throw(proposal_call(c, broken, ProposalStep::propose))));
  value_or_throw(reader.sync());
  EXPECT_EQ(value_or_throw(reader.proposals()).size(), 2U);
  EXPECT_EQ(reader.proposal("x").error().code, ErrorCode::not_found);
  EXPECT_FALSE(send(a, value_or_throw(proposal_call(c, proposal, ProposalStep::queue)))) << "before the vote";
  chain.advance(terms.delay + 10);
  value_or_throw(a.transact(c.governor, value_or_throw(abi_call("castVote(uint256,uint8)", {to_decimal(proposal.id), 1}))));
  chain.advance(terms.period + 10);
  // What was read from the chain is enough to queue and to carry out.
  state = value_or_throw(reader.proposal(to_decimal(proposal.id)));
  EXPECT_EQ(state.state, "succeeded");
  EXPECT_EQ(state.for_, uint256(100));
  value_or_throw(send(e, value_or_throw(proposal_call(c, state.proposal, ProposalStep::queue))));
  const auto early = send(e, value_or_throw(proposal_call(c, state.proposal, ProposalStep::execute)));
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().message.find("TimelockUnexpectedOperationState"), std::string::npos) << early.error().message;
  chain.advance(terms.wait + 10);
  value_or_throw(send(e, value_or_throw(proposal_call(c, state.proposal, ProposalStep::execute))));
  EXPECT_EQ(value_or_throw(reader.balance(c.timelock)), uint256(930));
  value_or_throw(reader.sync());
  auto jobs = value_or_throw(reader.jobs());
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].brief, job.brief);
  EXPECT_EQ(jobs[0].funder, c.timelock);
  EXPECT_EQ(jobs[0].remaining, uint256(70));
  value_or_throw(e.transact(c.board, value_or_throw(abi_call("handIn(uint256,bytes32)", {0, hex_text(keccak256("work"))}))));
  value_or_throw(reader.sync());
  jobs = value_or_throw(reader.jobs());
  ASSERT_EQ(jobs[0].pending.size(), 1U);
  EXPECT_EQ(jobs[0].pending[0].work, keccak256("work"));
  chain.advance(3700);
  value_or_throw(a.transact(c.board, value_or_throw(abi_call("release(uint256)", Json::array({0})))));
  value_or_throw(e.transact(c.board, value_or_throw(abi_call("take(address)", Json::array({to_string(c.token)})))));
  EXPECT_EQ(value_or_throw(reader.balance(eve.address())), uint256(30));
  MarketTerms market;
  market.question = "a third fox?";
  market.closes = chain.time() + 86400;
  market.window = 60;
  market.resolver = ann.address();
  market.arbiter = eve.address();
  market.bond = uint256(10);
  market.liquidity = uint256(1000);
  const auto poor = value_or_throw(open_market(c, market));
  EXPECT_TRUE(send(a, poor[0]));
  EXPECT_FALSE(send(a, poor[1])) << "more than she has";
  value_or_throw(reader.sync());
  EXPECT_TRUE(value_or_throw(reader.markets()).empty());
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(file.string() + end);
}

}  // namespace ptah
