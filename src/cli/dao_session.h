// What every command about a community needs: its options, the community, who sends, and how calls are agreed to and sent.
#pragma once

#include "apps/community/dao.h"
#include "cli/chain_options.h"

namespace ptah::cli {

struct DaoOptions : ChainOptions {
  std::string file, name, symbol, treasury = "0", threshold, delay = "1d", period = "3d", wait = "2d";
  std::vector<std::string> shares, amounts;
  uint64_t quorum = 20;
  std::string to, amount, words, proposal, choice, worker, judge, deadline = "30d", window = "3d", closes = "7d", resolver, arbiter, bond, liquidity, limit;
  uint32_t fee = 100;
  uint64_t number = 0;
  std::string text;
};

/// An address, or the name of a key of this computer.
Result<Address> person(const std::string& said);

/// An address as the name of a key of this computer, if it has one here.
std::string called(const Address& who);

struct DaoSession {
  Community community;
  std::unique_ptr<Signer> key;
  Rpc rpc;
  std::optional<Account> account;
  uint64_t now = 0;  ///< of the chain
};

Result<Community> read_community(const DaoOptions& o);
Result<std::unique_ptr<DaoSession>> begin(const DaoOptions& o);

/// Says what will happen, asks, sends one after the other. The last receipt; none if nothing was sent.
Result<std::optional<Receipt>> send_all(const DaoSession& s, const std::vector<Call>& calls, const DaoOptions& o);
Result<void> send_done(const DaoSession& s, const std::vector<Call>& calls, const DaoOptions& o);

/// Sends the calls, or, with --propose, puts them to the vote.
Result<void> send_or_propose(const DaoSession& s, std::vector<Call> calls, const DaoOptions& o);
Result<void> send_one(const DaoOptions& o, Address Community::*contract, const std::string& signature, const Json& arguments, const std::string& says);

/// The community's events, kept in this computer's cache.
Result<CommunityReader> reader_of(const Rpc& rpc, const Community& c);

}  // namespace ptah::cli
