// The index of events against chains that change their mind: one of our own making that does so between two questions, and anvil.
#include <gtest/gtest.h>

#include <mutex>

#include "base/philox.h"
#include "chain/abi.h"
#include "chain/event_index.h"
#include "tests/chain/test_chain.h"
#include "tests/net/test_server.h"
#include "tests/skip.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

const Address kContract = value_or_throw(parse_address("0x00000000000000000000000000000000000000c0"));

/// Blocks with events, served as a node does.
class SimulatedChain {
 public:
  SimulatedChain() {
    grow(1);
    server_.post("/", [this](const std::string& body) {
      const std::lock_guard lock(mutex_);
      const Json asked = Json::parse(body);
      if (!asked.is_array()) return answer(asked).dump();
      Json all = Json::array();
      for (const Json& one : asked) all.push_back(answer(one));
      return all.dump();
    });
    server_.start();
    url = server_.url;
  }
  void grow(size_t blocks) {
    for (size_t i = 0; i < blocks; ++i) {
      const Bytes32 parent = blocks_.empty() ? Bytes32{} : blocks_.back().hash;
      Block block{keccak256(fmt::format("block {}", ++made_)), parent, {}};
      for (size_t k = 0; k < made_ % 3; ++k) block.events.push_back(keccak256(fmt::format("event {} {}", made_, k)));
      blocks_.push_back(std::move(block));
    }
    final_ = std::max(final_, height() - std::min<uint64_t>(height(), 12));
  }
  void reorganise(size_t depth, size_t added, bool although_final = false) {
    const size_t max_depth = although_final ? height() : height() - final_;
    blocks_.resize(blocks_.size() - std::min(depth, max_depth));
    grow(added);
  }
  uint64_t final_number() const { return final_; }
  uint64_t safe_number() const { return std::max(final_, height() - std::min<uint64_t>(height(), 6)); }
  /// What an index of this chain has to say.
  std::vector<Bytes32> truth(uint64_t until) const {
    std::vector<Bytes32> out;
    for (size_t n = 0; n < blocks_.size() && n <= until; ++n) out.insert(out.end(), blocks_[n].events.begin(), blocks_[n].events.end());
    return out;
  }
  uint64_t height() const { return blocks_.size() - 1; }

  std::string url;
  size_t max_range = 1000;                       ///< blocks that a question for events may span
  std::function<void(SimulatedChain&)> between;  ///< before each answer
  bool names_final = true;                       ///< whether there are "safe" and "finalized"
  uint64_t claims = 0;                           ///< the number of the newest block, if it is not to be the true one
  std::function<void(Json& result)> lie;         ///< about events
  std::mutex mutex_;

 private:
  struct Block {
    Bytes32 hash, parent;
    std::vector<Bytes32> events;
  };
  Json block_json(size_t n) const {
    return {{"number", quantity(uint64_t{n})}, {"hash", hex_text(blocks_[n].hash)}, {"parentHash", hex_text(blocks_[n].parent)}, {"timestamp", "0x1"}};
  }
  void add_events(Json& out, size_t n) const {
    for (size_t k = 0; k < blocks_[n].events.size(); ++k)
      out.push_back({{"blockNumber", quantity(uint64_t{n})},
                     {"blockHash", hex_text(blocks_[n].hash)},
                     {"logIndex", quantity(uint64_t{k})},
                     {"transactionHash", hex_text(blocks_[n].events[k])},
                     {"address", to_string(kContract)},
                     {"topics", Json::array({hex_text(blocks_[n].events[k])})},
                     {"data", "0x"}});
  }
  Json answer(const Json& asked) {
    if (between) between(*this);
    Json out{{"jsonrpc", "2.0"}, {"id", asked["id"]}};
    const auto block_number = [](const Json& text) { return value_or_throw(to_uint64(value_or_throw(parse_uint256(text)))); };
    if (asked["method"] == "eth_getBlockByNumber") {
      const std::string which = asked["params"][0];
      const uint64_t n = which == "latest"      ? height()
                         : which == "safe"      ? safe_number()
                         : which == "finalized" ? final_number()
                                                : block_number(asked["params"][0]);
      out["result"] = n < blocks_.size() && (names_final || (which != "safe" && which != "finalized")) ? block_json(n) : Json();
      if (claims > 0 && which == "latest") out["result"]["number"] = quantity(claims);
      return out;
    }
    const Json filter = asked["params"][0];
    Json events = Json::array();
    if (filter.contains("blockHash")) {
      const auto found = std::find_if(blocks_.begin(), blocks_.end(), [&](const Block& b) { return hex_text(b.hash) == filter["blockHash"]; });
      if (found == blocks_.end()) {
        out["error"] = {{"code", -32000}, {"message", "unknown block"}};
        return out;
      }
      add_events(events, static_cast<size_t>(found - blocks_.begin()));
    } else {
      const uint64_t from = block_number(filter["fromBlock"]), to = block_number(filter["toBlock"]);
      if (to - from >= max_range) {
        out["error"] = {{"code", -32005}, {"message", "query exceeds the limit"}};
        return out;
      }
      for (uint64_t n = from; n <= to && n < blocks_.size(); ++n) add_events(events, n);
    }
    if (lie) lie(events);
    out["result"] = events;
    return out;
  }
  std::vector<Block> blocks_;
  uint64_t made_ = 0, final_ = 0;
  TestServer server_;
};

std::vector<Bytes32> transactions(const EventIndex& index, ChainView view) {
  std::vector<Bytes32> out;
  for (const ChainEvent& event : value_or_throw(index.events(view))) out.push_back(event.transaction);
  return out;
}

struct IndexFile {
  fs::path path = fs::temp_directory_path() / fmt::format("ptah-index-{}.sqlite", getpid());
  IndexFile() { remove(); }
  ~IndexFile() { remove(); }
  void remove() const {
    for (const char* end : {"", "-wal", "-shm"}) fs::remove(path.string() + end);
  }
};

}  // namespace

TEST(EventIndex, FollowsAChainThatChangesItsMind) {
  SimulatedChain chain;
  chain.max_range = 16;  // the first sync has to ask in parts
  chain.grow(200);
  const Rpc rpc = value_or_throw(Rpc::open(chain.url));
  const IndexFile file;
  auto index = value_or_throw(EventIndex::open(file.path, rpc, {kContract}));
  Random random(1, 2);
  const auto below = [&](uint32_t n) -> uint64_t { return random.below(n); };
  uint64_t dropped = 0;
  const int rounds = std::getenv("PTAH_LONG") ? 1000 : 200;
  for (int round = 0; round < rounds; ++round) {
    {
      const std::lock_guard lock(chain.mutex_);
      chain.reorganise(below(12), 1 + below(14));
      // Every third time the chain changes once more while it is read.
      uint64_t questions = below(30);
      chain.between = round % 3 != 0 ? std::function<void(SimulatedChain&)>() : [&chain, questions](SimulatedChain& c) mutable {
        if (questions-- == 0) c.reorganise(5, 6), chain.between = nullptr;
      };
    }
    const auto synced = index->sync();
    ASSERT_TRUE(synced) << synced.error().message;
    dropped += synced->dropped;
    {
      const std::lock_guard lock(chain.mutex_);
      chain.between = nullptr;  // it may not have come to it
    }
    const auto again = index->sync();
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_TRUE(transactions(*index, ChainView::latest) == chain.truth(chain.height())) << round;
    ASSERT_TRUE(transactions(*index, ChainView::safe) == chain.truth(chain.safe_number())) << round;
    ASSERT_TRUE(transactions(*index, ChainView::finalized) == chain.truth(chain.final_number())) << round;
    if (round % 100 == 0) {  // what another run left is taken up
      index.reset();
      index = value_or_throw(EventIndex::open(file.path, rpc, {kContract}));
    }
  }
  EXPECT_GT(dropped, 400U);
}

TEST(EventIndex, ANodeThatLiesChangesNothing) {
  SimulatedChain chain;
  chain.grow(60);
  const Rpc rpc = value_or_throw(Rpc::open(chain.url));
  const IndexFile file;
  const auto index = value_or_throw(EventIndex::open(file.path, rpc, {kContract}));
  EXPECT_EQ(index->head(ChainView::latest).error().code, ErrorCode::not_found);
  value_or_throw(index->sync());
  const auto before = transactions(*index, ChainView::latest);
  const auto refused = [&](ErrorCode code, const char* what) {
    const auto synced = index->sync();
    ASSERT_FALSE(synced) << what;
    EXPECT_EQ(synced.error().code, code) << what << ": " << synced.error().message;
    EXPECT_TRUE(transactions(*index, ChainView::latest) == before) << what;
  };
  chain.grow(20);
  chain.lie = [](Json& events) {
    for (Json& event : events) event["address"] = "0x00000000000000000000000000000000000000c1";
  };
  refused(ErrorCode::corrupt, "events of a contract that was not asked for");
  chain.lie = [](Json& events) {
    for (Json& event : events) event["blockHash"] = "0x" + std::string(64, '1');
  };
  refused(ErrorCode::corrupt, "events of another block");
  chain.lie = [](Json& events) {
    for (Json& event : events) event["topics"] = Json::array({1, 2});
  };
  refused(ErrorCode::corrupt, "topics that are none");
  chain.lie = [](Json& events) { events = Json::object(); };
  refused(ErrorCode::corrupt, "no list");
  chain.lie = [](Json& events) {
    if (!events.empty()) events.push_back(Json(events[0]));
  };
  EXPECT_FALSE(index->sync()) << "the same event twice";
  EXPECT_TRUE(transactions(*index, ChainView::latest) == before);
  chain.lie = nullptr;
  chain.between = [](SimulatedChain& c) { c.reorganise(2, 3); };
  refused(ErrorCode::corrupt, "a chain that never holds still");
  chain.between = nullptr;
  value_or_throw(index->sync());
  EXPECT_TRUE(transactions(*index, ChainView::latest) == chain.truth(chain.height()));
  const uint64_t tall = chain.height();
  chain.reorganise(30, 40, true);
  const auto denied = index->sync();
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::mismatch) << "what was final is denied";
  chain.reorganise(tall, 5, true);
  EXPECT_FALSE(index->sync()) << "a node that is far behind";
  EXPECT_EQ(EventIndex::open(file.path, rpc, {Address{}}).error().code, ErrorCode::mismatch) << "other contracts";
  const fs::path other = file.path.string() + ".other";
  value_or_throw(write_file(other, std::string_view("no database at all, and long enough to be one that was damaged")));
  EXPECT_EQ(EventIndex::open(other, rpc, {kContract}).error().code, ErrorCode::corrupt);
  fs::remove(other);
}

TEST(EventIndex, AChainWithoutFinalBlocksIsFollowedFromTheBlockAskedFor) {
  SimulatedChain chain;
  chain.names_final = false;
  chain.grow(300);
  const Rpc rpc = value_or_throw(Rpc::open(chain.url));
  const IndexFile file;
  const auto index = value_or_throw(EventIndex::open(file.path, rpc, {kContract}, 250));
  const auto synced = value_or_throw(index->sync());
  EXPECT_EQ(synced.taken, chain.height() - 249);
  const auto all = chain.truth(chain.height()), before = chain.truth(249);
  EXPECT_TRUE(transactions(*index, ChainView::latest) == std::vector<Bytes32>(all.begin() + static_cast<ptrdiff_t>(before.size()), all.end()));
  EXPECT_TRUE(transactions(*index, ChainView::finalized).empty());
  chain.reorganise(5, 9);
  value_or_throw(index->sync());
  EXPECT_EQ(transactions(*index, ChainView::latest).size(), chain.truth(chain.height()).size() - before.size());
  chain.claims = uint64_t{1} << 40;  // a node that says it has so many blocks
  EXPECT_EQ(index->sync().error().code, ErrorCode::unsupported);
}

TEST(EventIndex, ValuesOfEvents) {
  ChainEvent event;
  event.topics = {keccak256("Opened(uint256,address,(uint256,string))"), uint256(7), Bytes32{}};
  event.topics[2][31] = 9;
  event.data = value_or_throw(abi_encode({"(uint256,string)"}, Json::array({Json{"5", "five"}})));
  const auto values = value_or_throw(decode_event("Opened(uint256 indexed,address indexed,(uint256,string))", event));
  ASSERT_TRUE(values);
  EXPECT_EQ((*values)[0], "7");
  EXPECT_EQ(value_or_throw(parse_address((*values)[1].get<std::string>()))[19], 9);
  EXPECT_EQ((*values)[2][1], "five");
  EXPECT_FALSE(value_or_throw(decode_event("Closed(uint256 indexed,address indexed,(uint256,string))", event))) << "another event";
  EXPECT_FALSE(decode_event("Opened", event)) << "no signature";
  event.data.resize(10);
  EXPECT_EQ(decode_event("Opened(uint256 indexed,address indexed,(uint256,string))", event).error().code, ErrorCode::corrupt);
}

TEST(EventIndex, FollowsAnvilThroughAThousandReorganisations) {
  TestChain chain;
  if (!chain.rpc) PTAH_LEFT_OUT("chain", chain.why);
  const Rpc& rpc = *chain.rpc;
  const Json accounts = value_or_throw(rpc.call("eth_accounts"));
  const std::string me = accounts[0];
  const Key key = Key::generate();
  const Account account = chain.account(key);
  const Address token =
      value_or_throw(deploy(account, value_or_throw(load_artifact("MediaToken")), {"Media", "M", Json::array({me}), Json::array({"1000000000"})}));
  value_or_throw(rpc.call("anvil_mine", Json::array({"0x50"})));
  value_or_throw(rpc.call("evm_setAutomine", Json::array({false})));  // else blocks come some time after the question that made them
  const IndexFile file;
  const auto index = value_or_throw(EventIndex::open(file.path, rpc, {token}));
  Random random(3, 4);
  const auto below = [&](uint32_t n) -> uint64_t { return random.below(n); };
  const auto transfer = [&](uint64_t amount) {
    return Json{{"from", me},
                {"to", to_string(token)},
                {"gas", "0x30000"},
                {"data", hex_text(value_or_throw(abi_call("transfer(address,uint256)", Json::array({to_string(kContract), amount}))))}};
  };
  const int rounds = std::getenv("PTAH_LONG") ? 1000 : 60;
  size_t rows = 0;
  for (int round = 0; round < rounds; ++round) {
    for (uint64_t i = below(3) + 1; i > 0; --i) {
      for (uint64_t k = below(3); k > 0; --k) value_or_throw(rpc.call("eth_sendTransaction", Json::array({transfer(1 + below(1000))})));
      value_or_throw(rpc.call("evm_mine"));
    }
    const auto depth = static_cast<uint32_t>(1 + below(10));
    Json with = Json::array();
    for (uint64_t i = below(3); i > 0; --i) with.push_back(Json::array({transfer(2000 + below(1000)), below(depth)}));
    const auto changed = rpc.call("anvil_reorg", Json::array({depth, with}));
    ASSERT_TRUE(changed) << changed.error().message;
    if (round % 4 == 3) continue;  // two at once
    const auto synced = index->sync();
    ASSERT_TRUE(synced) << round << ": " << synced.error().message;
    std::vector<ChainEvent> truth;
    for (const Json& log :
         value_or_throw(rpc.call("eth_getLogs", Json::array({Json{{"address", to_string(token)}, {"fromBlock", "0x0"}, {"toBlock", "latest"}}}))))
      truth.push_back(value_or_throw(parse_event(log)));
    ASSERT_TRUE(value_or_throw(index->events()) == truth) << round;
    rows = truth.size();
    for (const auto& [view, name] : {std::pair{ChainView::safe, "safe"}, std::pair{ChainView::finalized, "finalized"}}) {
      const uint64_t until = value_or_throw(quantity_at(value_or_throw(rpc.call("eth_getBlockByNumber", Json::array({name, false}))), "number"));
      std::vector<ChainEvent> part;
      std::copy_if(truth.begin(), truth.end(), std::back_inserter(part), [&](const ChainEvent& e) { return e.block <= until; });
      ASSERT_TRUE(value_or_throw(index->events(view)) == part) << round << " " << name;
    }
  }
  EXPECT_GT(rows, 5U);
}

}  // namespace ptah
