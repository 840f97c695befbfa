// Numbers to sign in a login: good once, for a while.
#pragma once

#include <map>

#include "own/keccak.h"

namespace ptah {

/// A nonce carries its own end and a mark only this object can make, so giving one out keeps nothing: however many are asked for, none is used up. Only those
/// that came back with a login are remembered, until their time is over. Not for many threads at once.
class LoginNonces {
 public:
  explicit LoginNonces(double seconds = 300, size_t max_used = 200000);
  Bytes32 give(double now);
  double seconds() const { return seconds_; }
  /// True for a nonce of ours that is not over; then never again.
  bool take(const Bytes32& nonce, double now);

 private:
  Bytes32 mark(const Bytes32& nonce) const;
  double seconds_;
  size_t max_used_;
  Bytes32 secret_{};
  std::map<Bytes32, double> used_;  ///< and when they end
};

}  // namespace ptah
