// What stands between servers and workers of many machines: a durable queue, small values, and messages to whoever listens. NATS with JetStream is one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"

namespace ptah {

/// A message of the queue that this process has now, until it is done() or given back, or too long passes without alive().
class Delivery {
 public:
  virtual ~Delivery() = default;
  virtual const std::string& subject() const = 0;
  virtual const std::string& text() const = 0;
  /// How often somebody has had it, now included.
  virtual int64_t count() const = 0;
  /// It is over; true once the queue has said so.
  virtual bool done() = 0;
  /// Somebody works on it.
  virtual void alive() = 0;
  /// Somebody else may have it, so many seconds from now.
  virtual void back(double seconds) = 0;
};

/// Takes messages of one class. For one thread.
class Taker {
 public:
  virtual ~Taker() = default;
  /// The next message; nothing if there is none just now. Errors: io.
  virtual Result<std::unique_ptr<Delivery>> take() = 0;
};

/// Hears messages until it ends.
class Listening {
 public:
  virtual ~Listening() = default;
};

/// Which messages of the queue a group of takers shares: each message belongs to one group.
struct TakerGroup {
  std::string name;           ///< letters, digits, '-' and '_'
  std::string filter;         ///< of subjects: "ptah.jobs.picture.>"
  double lease_seconds = 30;  ///< a message that nobody is alive() with for so long goes to another taker
};

/// For several threads. A connection that is lost is made again by itself.
class Broker {
 public:
  virtual ~Broker() = default;

  /// Adds a message to the queue, on its disk when this returns. False: one with this subject is there. Errors: over_budget (the queue is full), io.
  virtual Result<bool> put(const std::string& subject, const std::string& text) = 0;
  /// Errors: io.
  virtual Result<std::unique_ptr<Taker>> taker(const TakerGroup& group) = 0;

  /// Notes a value that has none yet, on the disk when this returns. False: it has one. Errors: io.
  virtual Result<bool> set_once(const std::string& key, const std::string& text) = 0;
  virtual Result<void> set(const std::string& key, const std::string& text) = 0;
  /// Errors: io.
  virtual Result<std::optional<std::string>> get(const std::string& key) = 0;
  virtual Result<void> erase(const std::string& key) = 0;

  /// To whoever listens now. What cannot be sent is lost.
  virtual void say(const std::string& subject, const std::string& text) = 0;
  /// What is heard may be answered with a text. Called on a thread of the broker, one call at a time; must be quick.
  using Heard = std::function<std::optional<std::string>(const std::string& subject, const std::string& text)>;
  /// Errors: io.
  virtual Result<std::unique_ptr<Listening>> listen(const std::string& subject, Heard heard) = 0;
  /// The first answer of who listens; nothing if nobody does, or in so many seconds.
  virtual std::optional<std::string> ask(const std::string& subject, const std::string& text, double seconds) = 0;
  /// How long ago a lost connection came back, by and large: others may come back a little later than this one. Very long if none was lost.
  virtual double connected_seconds() = 0;
};

/// Largest text of a message or a value.
inline constexpr size_t kMaxBrokerText = 1000 * 1000;

struct BrokerOptions {
  std::string url;                       ///< "nats://host:4222", or several with commas between; may hold a name and a password
  std::string credentials;               ///< a file of NATS with them; empty: none
  std::string name;                      ///< of this program, for who looks at the broker
  int64_t max_bytes = int64_t{1} << 30;  ///< of the queue, when it is made
};

/// Connects to NATS, and makes the queue if there is none. Errors: invalid_argument (the address), unsupported (the program was built without libnats),
/// permission, io.
Result<std::unique_ptr<Broker>> connect_broker(const BrokerOptions& options);

}  // namespace ptah
