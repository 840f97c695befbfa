// What all commands share that use a chain.
#pragma once

#include <chrono>
#include <filesystem>
#include <thread>

#include "chain/account.h"
#include "chain/deployments.h"
#include "cli/commands/commands.h"
#include "cli/standard_output.h"
#include "serve/http/server.h"

namespace ptah::cli {

/// Which chain, and how it is reached.
struct ChainOptions {
  std::string rpc, contract, gateway, signer, wallet;
  uint64_t chain = 0;
  bool dev = false, yes = false, json = false;
  SigningOptions signing;
};
void add_chain_options(CLI::App& command, ChainOptions& o, bool sends);

/// Where contracts' addresses and the test chain are kept. Errors: not_found without a home.
Result<std::filesystem::path> state_folder();
/// The node of --rpc, PTAH_RPC, --dev-chain or a test chain that runs. Errors: invalid_argument if none is named.
Result<Rpc> open_rpc(const ChainOptions& o);
/// Notes of contracts that were paid for and not kept yet.
Result<Deployments> open_deployments(const Rpc& rpc, const Account& account);
/// The key of --signer or PTAH_SIGNER, else one of this computer. Errors: not_found if there is none; as RemoteSigner::open.
Result<std::unique_ptr<Signer>> needed_signer(const ChainOptions& o);
/// With --wallet: prints a transaction for a program that holds that key, as one line of JSON, and sends nothing. `to`: none makes a contract.
bool left_to_wallet(const ChainOptions& o, uint64_t chain, const std::optional<Address>& to, const Bytes& data, const Uint256& value, const std::string& says);
/// On a test chain an account without money gets some that is worth nothing.
Result<void> fund_on_dev_chain(const Rpc& rpc, const ChainOptions& o, const Address& who);
/// What a transaction costs at most, its gas, and what there is.
void show_cost(const Estimate& estimate);
/// Asks on a terminal; elsewhere only --yes counts.
bool agreed(bool yes);

/// Serves until Ctrl-C. Server: run(), stop().
template <class Server>
void run_until_interrupted(Server& server) {
  serve_without_reader();
  std::thread watch([&] {
    while (!interrupted().cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    server.stop();
  });
  server.run();
  interrupted().cancel();  // it may have ended by itself
  watch.join();
}

/// The same at a host and a port, whose address it prints. Errors: as Server::bind.
template <class Server>
Result<void> serve_at(Server& server, const std::string& host, int port) {
  PTAH_TRY(const int bound, server.bind(host, port));
  print("{}\n", http_address(host, bound));
  std::fflush(stdout);
  run_until_interrupted(server);
  return {};
}

/// "0.05" in wei. Errors: invalid_argument.
Result<Uint256> parse_ether(const std::string& text);
/// "90", "90s", "10m", "2h" or "3d" in seconds. Errors: invalid_argument.
Result<uint64_t> parse_duration(const std::string& text);

}  // namespace ptah::cli
