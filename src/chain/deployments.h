// Contracts that an account makes: noted on the disk before they are paid for.
#pragma once

#include <filesystem>
#include <string>

#include "chain/account.h"

namespace ptah {

/// Notes of contracts under way, by chain, account and purpose, in one file. A contract's address follows from its transaction's nonce, so it is known, and on
/// the disk, before anything is sent: whatever cuts the work short, the next try finds what was paid for instead of paying again.
class Deployments {
 public:
  /// Nothing is read yet. `file` is made when the first contract is.
  static Result<Deployments> open(const std::filesystem::path& file, const Account& account, const Rpc& rpc);
  /// Where the contract noted for a purpose is, if its transaction was taken; waits for one that the node still holds. none: there is none, and one can be
  /// made. Errors: io, cancelled, corrupt.
  Result<std::optional<Address>> find(const std::string& purpose, const CancelToken* cancel = nullptr) const;
  /// Notes the contract, sends the transaction of an estimate, waits. If another process noted one meanwhile, that one is found. Errors: as Account::send.
  Result<Address> make(const std::string& purpose, const Transaction& transaction, const SendOptions& options = {}) const;
  /// find(), else make() with what creates it.
  Result<Address> once(const std::string& purpose, const Bytes& creation, const SendOptions& options = {}) const;
  /// The nonce noted for a purpose.
  Result<std::optional<uint64_t>> nonce(const std::string& purpose) const;
  /// A purpose for just this creation code, constructor's arguments included.
  static std::string purpose(const std::string& name, const Bytes& creation);
  /// Forgets what is kept elsewhere by now: all purposes that begin so.
  Result<void> forget(const std::string& purpose) const;

 private:
  Deployments(std::filesystem::path file, const Account& account, const Rpc& rpc) : file_(std::move(file)), account_(&account), rpc_(&rpc) {}
  Result<Json> all() const;
  std::filesystem::path file_;
  const Account* account_;
  const Rpc* rpc_;
  std::string place_;  ///< the chain, by its number and its first block, and the account
};

}  // namespace ptah
