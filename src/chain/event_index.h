// What contracts told the world, kept in SQLite: events by the hash of their block, so that a block the chain takes back takes its events with it.
#pragma once

#include <filesystem>
#include <memory>

#include "base/file.h"
#include "chain/rpc.h"
#include "own/keys.h"

namespace ptah {

/// How sure a block has to be: in the newest one; one that would need much to be taken back; one that cannot be.
enum class ChainView { latest, safe, finalized };

struct ChainEvent {
  uint64_t block = 0, index = 0;  ///< index: of the event in its block
  Bytes32 block_hash{}, transaction{};
  Address contract{};
  std::vector<Bytes32> topics;
  Bytes data;
  bool operator==(const ChainEvent&) const = default;
};
/// One of eth_getLogs. Errors: corrupt.
Result<ChainEvent> parse_event(const Json& json);

/// The values of an event in their order, e.g. of "Transfer(address indexed,address indexed,uint256)"; texts, bytes and lists that are indexed come as their
/// hash. Nothing if it is another event. Errors: invalid_argument for a signature that is none, corrupt.
Result<std::optional<Json>> decode_event(const std::string& signature, const ChainEvent& event);

/// Follows a chain. The blocks since the last final one are kept with their parents' hashes; before that only those with events.
class EventIndex {
 public:
  /// Events of these contracts from that block on. Errors: as Database; mismatch if the file is of another chain or of other contracts.
  static Result<std::unique_ptr<EventIndex>> open(const std::filesystem::path& file, const Rpc& rpc, const std::vector<Address>& contracts,
                                                  uint64_t from_block = 0);

  struct Sync {
    uint64_t head = 0;     ///< number of the newest block
    uint64_t taken = 0;    ///< blocks taken up
    uint64_t dropped = 0;  ///< blocks that the chain took back
  };
  /// Takes up what is new and drops what the chain took back; in one transaction, so that a failure changes nothing.
  /// Errors: as Rpc; corrupt (answers that contradict each other, after some attempts); mismatch (the node denies a block it once called final); unsupported
  /// (more than 100,000 blocks that are not final, or a million events at once).
  Result<Sync> sync();
  /// In the chain's order. Errors: io.
  Result<std::vector<ChainEvent>> events(ChainView view = ChainView::latest) const;
  /// The newest block of a view. Errors: io.
  Result<uint64_t> head(ChainView view) const;

 private:
  EventIndex() = default;
  struct State;
  struct StateDeleter {
    void operator()(State* state) const;
  };
  std::unique_ptr<State, StateDeleter> state_;
};

}  // namespace ptah
