// JSON-RPC to a node of Ethereum, which may be slow, wrong or hostile.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"

namespace ptah {

struct RpcOptions {
  double timeout_seconds = 20;          ///< of one exchange
  int attempts = 4;                     ///< of a question whose answer did not come; what changes something is asked once
  double wait_seconds = 0.5;            ///< before the next attempt, doubled each time
  size_t max_bytes = size_t{32} << 20;  ///< of an answer
  const CancelToken* cancel = nullptr;
};

class Rpc {
 public:
  /// http or https. Errors: invalid_argument.
  static Result<Rpc> open(const std::string& url, const RpcOptions& options = {});
  Rpc(Rpc&&) noexcept;
  ~Rpc();

  struct Call {
    std::string method;
    Json params = Json::array();
  };
  /// The node's answer. Errors: io (no answer; the last reason), corrupt (an answer that is none, for another question, or too long), mismatch (the node's own
  /// error, with its message and, of a revert, the reason), cancelled. Questions are asked again after 429, 5xx and cut connections.
  Result<Json> call(const std::string& method, const Json& params = Json::array()) const;
  /// Many at once, answered in their order; an error of one is its own.
  Result<std::vector<Result<Json>>> batch(const std::vector<Call>& calls) const;
  const std::string& url() const;

 private:
  struct State;
  explicit Rpc(std::unique_ptr<State> state);
  Result<Json> exchange(const Json& body, bool again) const;
  std::unique_ptr<State> state_;
};

}  // namespace ptah
