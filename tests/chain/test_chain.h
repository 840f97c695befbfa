// A local chain for tests, if anvil is at hand.
#pragma once

#include <unistd.h>

#include <filesystem>

#include "chain/account.h"
#include "chain/dev_chain.h"

namespace ptah {

struct TestChain {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / fmt::format("ptah-chain-{}", getpid());
  std::optional<Rpc> rpc;
  std::string why;  ///< there is none
  TestChain() {
    std::filesystem::remove_all(folder);
    const auto chain = start_dev_chain(folder);
    if (chain)
      rpc.emplace(value_or_throw(Rpc::open(chain->url)));
    else
      why = chain.error().message;
  }
  ~TestChain() {
    if (rpc) (void)stop_dev_chain(folder);
    std::filesystem::remove_all(folder);
  }
  TestChain(const TestChain&) = delete;
  TestChain& operator=(const TestChain&) = delete;
  /// With 10 ether.
  Account account(const Key& key) {
    value_or_throw(rpc->call("anvil_setBalance", {to_string(key.address()), "0x8ac7230489e80000"}));
    return value_or_throw(Account::open(*rpc, key));
  }
  uint64_t time() const { return value_or_throw(quantity_at(value_or_throw(rpc->call("eth_getBlockByNumber", Json::array({"latest", false}))), "timestamp")); }
  void advance(uint64_t seconds) {
    value_or_throw(rpc->call("evm_increaseTime", Json::array({seconds})));
    value_or_throw(rpc->call("evm_mine"));
  }
};

}  // namespace ptah
