#include "chain/event_index.h"

#include <algorithm>
#include <functional>
#include <map>

#include "base/sqlite.h"
#include "chain/abi.h"
#include "chain/account.h"

namespace ptah {

namespace {

constexpr const char* kTables = R"(
  create table setting (name text primary key, value text not null) without rowid;
  create table block (hash blob primary key, number integer not null unique, parent blob) without rowid;
  create table event (block blob not null references block on delete cascade, place integer not null, transaction_hash blob not null,
                      contract blob not null, topics blob, data blob, primary key (block, place)) without rowid;
  create table view (name text primary key, number integer not null, hash blob not null) without rowid;
)";
constexpr const char* kViews[] = {"latest", "safe", "finalized"};
constexpr uint64_t kRange = 2000;  ///< blocks a question for events before the last final block
constexpr size_t kBatch = 128;     ///< questions at once
constexpr int kAttempts = 8;
constexpr uint64_t kMaxOpen = 100000;   ///< blocks that are followed one by one
constexpr size_t kMaxEvents = 1000000;  ///< of one sync

struct Block {
  uint64_t number = 0;
  Bytes32 hash{}, parent{};
};

Result<Block> parse_block(const Json& json) {
  if (!json.is_object()) return fail(ErrorCode::corrupt, "the node gives no block");
  Block out;
  PTAH_TRY(out.number, quantity_at(json, "number"));
  PTAH_TRY(out.hash, parse_hex_of<32>(text_at(json, "hash")));
  PTAH_TRY(out.parent, parse_hex_of<32>(text_at(json, "parentHash")));
  return out;
}

Bytes32 bytes32_of(const Bytes& bytes) {
  if (bytes.size() != 32) throw Failure({ErrorCode::corrupt, "event index: a hash that is none"});
  Bytes32 out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

Rpc::Call block_call(const std::string& which) { return {"eth_getBlockByNumber", Json::array({which, false})}; }

/// All the answers, or the first error.
Result<std::vector<Json>> all_of(const Rpc& rpc, const std::vector<Rpc::Call>& calls) {
  std::vector<Json> out;
  for (size_t from = 0; from < calls.size(); from += kBatch) {
    PTAH_TRY(auto answers,
             rpc.batch({calls.begin() + static_cast<ptrdiff_t>(from), calls.begin() + static_cast<ptrdiff_t>(std::min(from + kBatch, calls.size()))}));
    for (auto& answer : answers) {
      if (!answer) return tl::unexpected(answer.error());
      out.push_back(std::move(*answer));
    }
  }
  return out;
}

}  // namespace

Result<ChainEvent> parse_event(const Json& json) {
  ChainEvent out;
  PTAH_TRY(out.block, quantity_at(json, "blockNumber"));
  PTAH_TRY(out.index, quantity_at(json, "logIndex"));
  PTAH_TRY(out.block_hash, parse_hex_of<32>(text_at(json, "blockHash")));
  PTAH_TRY(out.transaction, parse_hex_of<32>(text_at(json, "transactionHash")));
  PTAH_TRY(out.contract, parse_hex_of<20>(text_at(json, "address")));
  PTAH_TRY(out.data, parse_hex(text_at(json, "data")));
  const Json topics = json.value("topics", Json());
  if (!topics.is_array() || topics.size() > 4) return fail(ErrorCode::corrupt, "the node gives an event without topics");
  for (const Json& topic : topics) {
    if (!topic.is_string()) return fail(ErrorCode::corrupt, "the node gives a topic that is none");
    PTAH_TRY(const Bytes32 one, parse_hex_of<32>(topic.get_ref<const std::string&>()));
    out.topics.push_back(one);
  }
  if (out.block > INT64_MAX || out.index > INT64_MAX) return fail(ErrorCode::corrupt, "the node gives a number of a block that is none");
  if (json.value("removed", Json(false)) == Json(true)) return fail(ErrorCode::corrupt, "the node gives an event it took back");
  return out;
}

Result<std::optional<Json>> decode_event(const std::string& signature, const ChainEvent& event) {
  PTAH_TRY(auto types, argument_types(signature));
  constexpr std::string_view kIndexed = " indexed";
  std::vector<bool> indexed;
  std::string plain = signature.substr(0, signature.find('('));
  for (size_t i = 0; i < types.size(); ++i) {
    indexed.push_back(types[i].ends_with(kIndexed));
    if (indexed.back()) types[i].resize(types[i].size() - kIndexed.size());
    plain += fmt::format("{}{}", i == 0 ? "(" : ",", types[i]);
  }
  plain += types.empty() ? "()" : ")";
  const auto named = static_cast<size_t>(std::count(indexed.begin(), indexed.end(), true));
  if (event.topics.size() != named + 1 || event.topics[0] != keccak256(plain)) return std::optional<Json>();
  std::vector<std::string> unnamed;
  for (size_t i = 0; i < types.size(); ++i)
    if (!indexed[i]) unnamed.push_back(types[i]);
  PTAH_TRY(const Json rest, abi_decode(unnamed, event.data, true));
  Json out = Json::array();
  size_t topic = 1, at = 0;
  for (size_t i = 0; i < types.size(); ++i) {
    if (!indexed[i]) {
      out.push_back(rest[at++]);
      continue;
    }
    const Bytes32& word = event.topics[topic++];
    PTAH_TRY(const AbiType type, AbiType::parse(types[i]));
    const bool hashed = type.dynamic() || type.kind == AbiType::Kind::array || type.kind == AbiType::Kind::tuple;
    PTAH_TRY(const Json value, abi_decode({hashed ? "bytes32" : types[i]}, word));
    out.push_back(value[0]);
  }
  return std::optional(std::move(out));
}

struct EventIndex::State {
  Database db;
  const Rpc& rpc;
  std::vector<Address> contracts;
  uint64_t from = 0;

  /// What eth_getLogs is asked, but for the blocks.
  Json filter() const {
    Json addresses = Json::array();
    for (const Address& contract : contracts) addresses.push_back(to_string(contract));
    return {{"address", addresses}};
  }

  std::optional<std::pair<uint64_t, Bytes32>> view(const char* name) const {
    Statement row(db, "select number, hash from view where name = ?", std::string(name));
    if (!row.next()) return {};
    return std::pair{static_cast<uint64_t>(row.number(0)), bytes32_of(row.bytes(1))};
  }

  std::optional<Bytes32> hash_at(uint64_t number) const {
    Statement row(db, "select hash from block where number = ?", static_cast<int64_t>(number));
    if (!row.next()) return {};
    return bytes32_of(row.bytes(0));
  }

  /// What one sync found out, before any of it is written.
  struct Found {
    std::vector<Block> blocks;
    std::vector<ChainEvent> events;
    uint64_t drop_above = 0;  ///< blocks of the index beyond are dropped
    bool drops = false;
    Block views[3];  ///< latest, safe, finalized
    uint64_t before = 0;
  };

  /// Errors: corrupt for an event of a contract that was not asked for, or of a block that it should not be of.
  Result<void> take_events(const Json& answer, Found& found, const std::function<bool(const ChainEvent&)>& right) const {
    if (!answer.is_array()) return fail(ErrorCode::corrupt, "the node gives no list of events");
    for (const Json& one : answer) {
      PTAH_TRY(ChainEvent event, parse_event(one));
      if (std::find(contracts.begin(), contracts.end(), event.contract) == contracts.end())
        return fail(ErrorCode::corrupt, "the node gives events of {}, which were not asked for", to_string(event.contract));
      if (!right(event)) return fail(ErrorCode::corrupt, "the node gives events of other blocks than asked for");
      found.events.push_back(std::move(event));
      if (found.events.size() > kMaxEvents) return fail(ErrorCode::unsupported, "more than {} events at once", kMaxEvents);
    }
    return {};
  }

  /// Final blocks: only those with events are kept. The span is halved when the node finds it too much.
  Result<void> take_final(uint64_t first, const Block& last, Found& found) const {
    std::map<uint64_t, Bytes32> seen;
    uint64_t span = kRange;
    for (uint64_t at = first; at <= last.number;) {
      const uint64_t until = last.number - at < span ? last.number : at + span - 1;
      Json asked = filter();
      asked["fromBlock"] = quantity(at);
      asked["toBlock"] = quantity(until);
      const auto answer = rpc.call("eth_getLogs", Json::array({asked}));
      if (!answer) {
        if (span == 1 || answer.error().code == ErrorCode::cancelled || answer.error().code == ErrorCode::io) return tl::unexpected(answer.error());
        span = std::max<uint64_t>(1, span / 2);
        continue;
      }
      PTAH_TRY_VOID(take_events(*answer, found, [&](const ChainEvent& event) {
        if (event.block < at || event.block > until || (event.block == last.number && event.block_hash != last.hash)) return false;
        const auto [known, inserted] = seen.emplace(event.block, event.block_hash);
        if (inserted) found.blocks.push_back({event.block, event.block_hash, {}});
        return known->second == event.block_hash;
      }));
      at = until + 1;
    }
    if (!seen.contains(last.number)) found.blocks.push_back(last);
    return {};
  }

  /// Blocks that may be taken back yet, one by one by their hash. Returns false if they do not follow one another: the chain changed meanwhile.
  Result<bool> take_open(Block tip, const Block& head, Found& found) const {
    if (head.number - tip.number > kMaxOpen)
      return fail(ErrorCode::unsupported, "{} has {} blocks that are not final; {} are followed", rpc.url(), head.number - tip.number, kMaxOpen);
    while (tip.number < head.number) {
      std::vector<Rpc::Call> calls;
      for (uint64_t n = tip.number + 1; n <= head.number && calls.size() < kBatch; ++n) calls.push_back(block_call(quantity(n)));
      PTAH_TRY(const std::vector<Json> blocks, all_of(rpc, calls));
      calls.clear();
      std::vector<Block> fresh;
      for (const Json& json : blocks) {
        if (json.is_null()) return false;
        PTAH_TRY(const Block block, parse_block(json));
        if (block.number != tip.number + 1 || block.parent != tip.hash) return false;
        Json asked = filter();
        asked["blockHash"] = hex_text(block.hash);
        calls.push_back({"eth_getLogs", Json::array({asked})});
        fresh.push_back(tip = block);
      }
      PTAH_TRY(const auto answers, rpc.batch(calls));
      for (size_t i = 0; i < answers.size(); ++i) {
        if (!answers[i]) {
          // A block that is no longer there is an error of the node.
          if (answers[i].error().code == ErrorCode::mismatch) return false;
          return tl::unexpected(answers[i].error());
        }
        const Block& block = fresh[i];
        found.blocks.push_back(block);
        PTAH_TRY_VOID(take_events(*answers[i], found, [&](const ChainEvent& event) { return event.block_hash == block.hash && event.block == block.number; }));
      }
    }
    return tip.hash == head.hash;
  }

  /// Asks the node for everything, without touching the file: nothing if the chain changed while it was read.
  Result<std::optional<Found>> look(const std::optional<std::pair<uint64_t, Bytes32>>& known_final) const {
    PTAH_TRY(const auto named, rpc.batch({block_call("latest"), block_call("safe"), block_call("finalized")}));
    if (!named[0]) return tl::unexpected(named[0].error());
    PTAH_TRY(const Block latest, parse_block(*named[0]));
    const auto or_first = [&](size_t i) -> Result<Block> {  // chains without these names: only their first block is sure
      if (named[i] && named[i]->is_object()) return parse_block(*named[i]);
      PTAH_TRY(const Json first, rpc.call("eth_getBlockByNumber", Json::array({"0x0", false})));
      return parse_block(first);
    };
    PTAH_TRY(Block safe, or_first(1));
    PTAH_TRY(Block final_block, or_first(2));
    if (latest.number > INT64_MAX || final_block.number > safe.number || safe.number > latest.number)
      return fail(ErrorCode::corrupt, "the node calls block {} final, {} safe and {} the newest", final_block.number, safe.number, latest.number);
    Found found;
    std::optional<Block> tip;  // the newest block that both have; from it on everything is dropped
    if (known_final) {
      if (latest.number < known_final->first)
        return fail(ErrorCode::io, "{} is behind: it knows {} blocks, {} are final", rpc.url(), latest.number, known_final->first);
      PTAH_TRY(const Json again, rpc.call("eth_getBlockByNumber", Json::array({quantity(known_final->first), false})));
      PTAH_TRY(const Block same, parse_block(again));
      if (same.hash != known_final->second)
        return fail(ErrorCode::mismatch, "{} denies block {} which was final; it is another chain, or a node that lies", rpc.url(), known_final->first);
      if (final_block.number < known_final->first) {  // one node of several may be slower
        final_block = Block{known_final->first, known_final->second, {}};
        if (safe.number < final_block.number) safe = final_block;
      }
      std::vector<Block> kept;
      {
        Statement rows(db, "select number, hash from block where number >= ? order by number desc", static_cast<int64_t>(known_final->first));
        while (rows.next()) kept.push_back({static_cast<uint64_t>(rows.number(0)), bytes32_of(rows.bytes(1)), {}});
      }
      for (size_t at = 0; at < kept.size() && !tip; at += kBatch) {
        std::vector<Rpc::Call> calls;
        const size_t until = std::min(kept.size(), at + kBatch);
        for (size_t i = at; i < until; ++i) calls.push_back(block_call(quantity(kept[i].number)));
        PTAH_TRY(const std::vector<Json> answers, all_of(rpc, calls));
        for (size_t i = at; i < until && !tip; ++i)
          if (answers[i - at].is_object() && text_at(answers[i - at], "hash") == hex_text(kept[i].hash)) tip = kept[i];
      }
      if (!tip) return std::optional<Found>();
      found.drops = true;
      found.drop_above = tip->number;
    }
    found.before = tip ? tip->number : from == 0 ? 0 : from - 1;
    if (!tip || tip->number < final_block.number) {
      const uint64_t first = tip ? tip->number + 1 : from;
      if (first <= final_block.number) {
        PTAH_TRY_VOID(take_final(first, final_block, found));
        tip = final_block;
      } else if (from - 1 > final_block.number) {  // begins among blocks that are not final yet
        PTAH_TRY(const Json json, rpc.call("eth_getBlockByNumber", Json::array({quantity(std::min(from - 1, latest.number)), false})));
        if (json.is_null()) return std::optional<Found>();
        PTAH_TRY(tip, parse_block(json));
        found.blocks.push_back(final_block);
        found.blocks.push_back(*tip);
      } else {
        found.blocks.push_back(final_block);
        tip = final_block;
      }
    }
    PTAH_TRY(const bool followed, take_open(*tip, latest, found));
    if (!followed) return std::optional<Found>();
    found.views[0] = latest;
    found.views[1] = safe;
    found.views[2] = final_block;
    return std::optional(std::move(found));
  }

  /// One attempt: nothing if the chain, or another process, changed what was built on.
  Result<std::optional<Sync>> attempt() const {
    const auto known_final = view("finalized"), known_latest = view("latest");
    PTAH_TRY(const auto found, look(known_final));
    if (!found) return std::optional<Sync>();
    DatabaseTransaction changing(db);
    if (view("finalized") != known_final || view("latest") != known_latest) return std::optional<Sync>();
    const auto& [latest, safe, final_block] = found->views;
    Sync out{latest.number, latest.number - std::min(found->before, latest.number), 0};
    if (found->drops) out.dropped = static_cast<uint64_t>(run(db, "delete from block where number > ?", static_cast<int64_t>(found->drop_above)));
    for (const Block& block : found->blocks)
      run(db, "insert into block (hash, number, parent) values (?, ?, ?) on conflict (hash) do nothing", std::span<const uint8_t>(block.hash),
          static_cast<int64_t>(block.number), std::span<const uint8_t>(block.parent));
    for (const ChainEvent& event : found->events) {
      Bytes topics;
      for (const Bytes32& topic : event.topics) topics.insert(topics.end(), topic.begin(), topic.end());
      const int64_t added =
          run(db, "insert into event (block, place, transaction_hash, contract, topics, data) values (?, ?, ?, ?, ?, ?) on conflict do nothing",
              std::span<const uint8_t>(event.block_hash), static_cast<int64_t>(event.index), std::span<const uint8_t>(event.transaction),
              std::span<const uint8_t>(event.contract), std::span<const uint8_t>(topics), std::span<const uint8_t>(event.data));
      if (added == 0) return fail(ErrorCode::corrupt, "the node gives two events {} of block {}", event.index, event.block);
    }
    if (hash_at(final_block.number) != final_block.hash || hash_at(safe.number).value_or(safe.hash) != safe.hash) return std::optional<Sync>();
    for (size_t i = 0; i < 3; ++i)
      run(db, "insert into view (name, number, hash) values (?, ?, ?) on conflict (name) do update set number = excluded.number, hash = excluded.hash",
          std::string(kViews[i]), static_cast<int64_t>(found->views[i].number), std::span<const uint8_t>(found->views[i].hash));
    run(db, "delete from block where number < ? and hash not in (select block from event)", static_cast<int64_t>(final_block.number));
    changing.commit();
    return std::optional(out);
  }
};

void EventIndex::StateDeleter::operator()(State* state) const { delete state; }

Result<std::unique_ptr<EventIndex>> EventIndex::open(const std::filesystem::path& file, const Rpc& rpc, const std::vector<Address>& contracts,
                                                     uint64_t from_block) {
  return guard([&]() -> Result<std::unique_ptr<EventIndex>> {
    if (contracts.empty()) return fail(ErrorCode::invalid_argument, "an event index needs contracts");
    std::unique_ptr<EventIndex> out(new EventIndex);
    out->state_.reset(new State{Database(file, {"event index", kTables, 1}), rpc, contracts, from_block});
    const State& s = *out->state_;
    PTAH_TRY(const Json first, rpc.call("eth_getBlockByNumber", Json::array({"0x0", false})));
    Json about = s.filter();
    PTAH_TRY(const Block genesis, parse_block(first));
    about["chain"] = hex_text(genesis.hash);
    about["from"] = from_block;
    const std::string text = about.dump();
    run(s.db, "insert into setting (name, value) values ('about', ?) on conflict (name) do nothing", text);
    Statement kept(s.db, "select value from setting where name = 'about'");
    if (!kept.next() || kept.text(0) != text) return fail(ErrorCode::mismatch, "{} is of another chain or of other contracts", file.string());
    return out;
  });
}

Result<EventIndex::Sync> EventIndex::sync() {
  return guard([&]() -> Result<Sync> {
    for (int i = 0; i < kAttempts; ++i) {
      PTAH_TRY(const auto done, state_->attempt());
      if (done) return *done;
    }
    return fail(ErrorCode::corrupt, "{} gives blocks that do not follow one another", state_->rpc.url());
  });
}

Result<std::vector<ChainEvent>> EventIndex::events(ChainView view) const {
  return guard([&]() -> Result<std::vector<ChainEvent>> {
    std::vector<ChainEvent> out;
    Statement rows(state_->db,
                   "select block.number, event.place, block.hash, transaction_hash, contract, topics, data from event join block on block.hash = event.block "
                   "where block.number <= (select number from view where name = ?) order by block.number, event.place",
                   std::string(kViews[static_cast<size_t>(view)]));
    while (rows.next()) {
      ChainEvent event{static_cast<uint64_t>(rows.number(0)),
                       static_cast<uint64_t>(rows.number(1)),
                       bytes32_of(rows.bytes(2)),
                       bytes32_of(rows.bytes(3)),
                       {},
                       {},
                       rows.bytes(6)};
      const Bytes contract = rows.bytes(4), topics = rows.bytes(5);
      if (contract.size() != event.contract.size() || topics.size() % 32 != 0) return fail(ErrorCode::corrupt, "event index: a row that is none");
      std::copy(contract.begin(), contract.end(), event.contract.begin());
      for (size_t at = 0; at < topics.size(); at += 32) std::copy_n(topics.begin() + static_cast<ptrdiff_t>(at), 32, event.topics.emplace_back().begin());
      out.push_back(std::move(event));
    }
    return out;
  });
}

Result<uint64_t> EventIndex::head(ChainView view) const {
  return guard([&]() -> Result<uint64_t> {
    const auto found = state_->view(kViews[static_cast<size_t>(view)]);
    if (!found) return fail(ErrorCode::not_found, "the event index was never synced");
    return found->first;
  });
}

}  // namespace ptah
