// Communities: a token that votes, a treasury that only votes can move, bounties and grants, markets. What can be done there is a list of calls, each for one
// contract; whoever may send it sends it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "chain/account.h"
#include "chain/deployments.h"
#include "chain/event_index.h"

namespace ptah {

/// The contracts of a community.
struct Community {
  std::string name;
  uint64_t chain = 0, block = 0;  ///< block: its contracts are not older
  Address token{}, timelock{}, governor{}, board{}, market{};
};
Json to_json(const Community& community);
/// Errors: corrupt.
Result<Community> parse_community(const std::string& text);

struct CommunityTerms {
  std::string name, symbol;
  std::vector<std::pair<Address, Uint256>> shares;
  Uint256 treasury{};        ///< what the votes decide about
  uint64_t delay = 86400;    ///< seconds from a proposal to its vote
  uint64_t period = 259200;  ///< seconds of the vote
  uint64_t wait = 172800;    ///< seconds from a vote to its effect
  Uint256 threshold{};       ///< votes it takes to propose
  uint64_t quorum = 20;      ///< per cent of all tokens that have to take part
};
/// Creates the five contracts; nobody keeps a right over them but the votes. Errors: invalid_argument for terms under which nothing could be decided (the
/// treasury does not vote, but it counts for the quorum), and for names that are not UTF-8; as Account::transact.
/// `made` is told of each contract as soon as it is there. With `deployments` they are noted before they are paid for: after an end in between the same terms
/// go on from there.
Result<Community> found_community(const Account& account, const CommunityTerms& terms, const SendOptions& options = {},
                                  const std::function<void(const char* name, const Address& place)>& made = {}, const Deployments* deployments = nullptr);
/// What these contracts are noted under.
std::string founding_purpose(const CommunityTerms& terms);

/// One call of one contract.
struct Call {
  Address to{};
  Bytes data;
  std::string says;  ///< what it does
  Uint256 value{};   ///< wei that go with it
};
/// Errors: as abi_call.
Result<Call> make_call(const Address& to, const std::string& signature, const Json& arguments, std::string says);
/// Lets somebody take so much of the community's token: says both addresses, since the file that they come from may be a stranger's.
Result<Call> approval(const Community& community, const Address& spender, const Uint256& sum);
/// What a call does, read from its bytes: payments, approvals, jobs and markets by their values, anything else by its first four bytes and its length.
std::string what_it_does(const Community& community, const Call& call);

/// Work that is paid from escrow by milestones: for `worker`, or a bounty for whoever the judge picks.
struct JobTerms {
  std::vector<Uint256> amounts;
  std::optional<Address> worker;
  Address judge{};
  uint64_t deadline = 0;  ///< seconds since 1970
  uint64_t window = 0;    ///< seconds in which a funder may object
  std::string brief;
};
/// Approves the sum and opens the job. Errors: invalid_argument.
Result<std::vector<Call>> open_job(const Community& community, const JobTerms& terms);

struct MarketTerms {
  std::string question;
  uint64_t closes = 0;  ///< seconds since 1970
  uint64_t window = 0;  ///< seconds in which an outcome may be disputed
  uint32_t fee = 100;   ///< hundredths of a per cent of each trade
  Address resolver{}, arbiter{};
  Uint256 bond{}, liquidity{};
};
/// Approves the liquidity and opens the market. Errors: invalid_argument.
Result<std::vector<Call>> open_market(const Community& community, const MarketTerms& terms);
/// From whoever sends it, or, proposed, from the treasury.
Result<std::vector<Call>> pay(const Community& community, const Address& to, const Uint256& amount);

enum class Outcome { open, yes, no, void_ };
/// Errors: invalid_argument.
Result<Outcome> parse_outcome(const std::string& text);

/// Which job or market an event of the board or the market says was opened: "job" or "market", and its number.
std::optional<std::pair<const char*, uint64_t>> opened_by(const Community& community, const ChainEvent& event);

/// What a vote decides about. Its number is the hash of all of it.
struct Proposal {
  Uint256 id{};
  std::vector<Call> calls;
  std::string description;
};
/// Errors: invalid_argument for one without calls or words.
/// A text as the governor wants it: it ends in "#proposer=0x…", so that nobody else can bring the proposal and call it off.
std::string bound_description(const std::string& words, const Address& proposer);
/// The text without that ending.
std::string words_of_proposal(const std::string& description);
Result<Proposal> make_proposal(std::vector<Call> calls, const std::string& description);
enum class ProposalStep { propose, queue, execute };
Result<Call> proposal_call(const Community& community, const Proposal& proposal, ProposalStep step);

/// What is known of a proposal.
struct ProposalState {
  Proposal proposal;
  Address proposer{};
  std::string state;  ///< pending, active, canceled, defeated, succeeded, queued, expired, executed
  uint64_t begins = 0, ends = 0, effective = 0;
  Uint256 for_{}, against{}, abstained{};
};
struct BountyState {
  uint64_t job = 0, milestone = 0, deadline = 0, window = 0;
  Address funder{}, worker{}, judge{}, token{};
  bool closed = false;
  std::vector<Uint256> amounts;
  Uint256 remaining{};
  std::string brief;
  struct HandedIn {
    Address worker{};
    Bytes32 work{};
    uint64_t release_from = 0;
    bool objected = false;
  };
  std::vector<HandedIn> pending;
};
struct MarketState {
  uint64_t market = 0, closes = 0, settles_from = 0;
  Address founder{}, resolver{}, arbiter{}, token{};
  Uint256 bond{};
  Outcome named = Outcome::open, outcome = Outcome::open;
  bool disputed = false;
  Uint256 chance{};  ///< of yes, in millionths
  Uint256 yes{}, no{};
  std::string question;
};
/// What is known of a market, but for its question. Errors: as Rpc, corrupt.
Result<MarketState> read_market(const Rpc& rpc, const Community& community, uint64_t market);

/// Reads a community: what was said from its events, what is so from its contracts.
class CommunityReader {
 public:
  /// `index_file`: where its events are kept; made if it is new. Errors: as EventIndex.
  static Result<CommunityReader> open(const Rpc& rpc, const Community& community, const std::filesystem::path& index_file);
  /// Takes up what is new. Errors: as EventIndex::sync.
  Result<EventIndex::Sync> sync() { return index_->sync(); }
  /// Oldest first. Errors: as Rpc.
  Result<std::vector<ProposalState>> proposals() const;
  Result<std::vector<BountyState>> jobs() const;
  Result<std::vector<MarketState>> markets() const;
  /// By the number, or enough of its first digits. Errors: not_found, invalid_argument if it could be several.
  Result<ProposalState> proposal(const std::string& beginning) const;
  Result<Uint256> balance(const Address& who) const;
  Result<Uint256> votes(const Address& who) const;

 private:
  CommunityReader() = default;
  const Rpc* rpc_ = nullptr;
  Community community_;
  std::unique_ptr<EventIndex> index_;
};

}  // namespace ptah
