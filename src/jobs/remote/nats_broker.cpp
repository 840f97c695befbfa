#include "jobs/remote/broker.h"

#ifndef PTAH_NATS

namespace ptah {

Result<std::unique_ptr<Broker>> connect_broker(const BrokerOptions&) {
  return fail(ErrorCode::unsupported, "this program was built without NATS: install libnats-dev (Debian's name for NATS's client in C) and build it again");
}

}  // namespace ptah

#else

#include <nats/nats.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "base/printable.h"

namespace ptah {

namespace {

constexpr const char* kStream = "PTAH";
constexpr const char* kJobSubjects = "ptah.jobs.>";
constexpr const char* kBucket = "ptah";
constexpr int64_t kNanoseconds = 1'000'000'000;
constexpr int64_t kValueSeconds = 86400;               ///< what became of a job is forgotten after a day: the server has it by then
constexpr int64_t kForgottenGroupSeconds = 7 * 86400;  ///< of takers: of versions and processors that are no longer there
constexpr int64_t kWaitMilliseconds = 5000;
constexpr int64_t kAckMilliseconds = 1000;  ///< longer, and a taker would do nothing after its broker was killed
constexpr int64_t kTakeMilliseconds = 2000;

Error nats_error(const std::string& what, natsStatus status) {
  const char* last = ::nats_GetLastError(nullptr);
  std::string more = last ? last : "", said = natsStatus_GetText(status);
  if (const size_t place = more.find("): "); more.starts_with("(") && place != std::string::npos) more.erase(0, place + 3);  // of libnats's source
  if (!more.empty() && more != said) said += ": " + printable(more, 200);
  const ErrorCode code = status == NATS_CONNECTION_AUTH_FAILED || status == NATS_NOT_PERMITTED ? ErrorCode::permission : ErrorCode::io;
  return {code, fmt::format("{}: {}", what, said)};
}

Result<void> checked(const std::string& what, natsStatus status) {
  if (status != NATS_OK) return tl::unexpected(nats_error(what, status));
  return {};
}

template <class T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* object) const { destroy(object); }
};
using Connection = std::unique_ptr<natsConnection, Destroy<natsConnection, natsConnection_Destroy>>;
using Context = std::unique_ptr<jsCtx, Destroy<jsCtx, jsCtx_Destroy>>;
using Store = std::unique_ptr<kvStore, Destroy<kvStore, kvStore_Destroy>>;
using Subscription = std::unique_ptr<natsSubscription, Destroy<natsSubscription, natsSubscription_Destroy>>;
using Statistics = std::unique_ptr<natsStatistics, Destroy<natsStatistics, natsStatistics_Destroy>>;
using Message = std::unique_ptr<natsMsg, Destroy<natsMsg, natsMsg_Destroy>>;

/// Messages are asked for one at a time and answered by hand: libnats's own fetch waits for some milliseconds where there is none, for each class of jobs.
/// Which words mean what is in NATS's architecture decision 13 (pull consumers) and its description of acknowledgements.
class NatsDelivery : public Delivery {
 public:
  NatsDelivery(natsConnection* connection, const Message& message) : connection_(connection), subject_(natsMsg_GetSubject(message.get())) {
    text_.assign(natsMsg_GetData(message.get()), static_cast<size_t>(natsMsg_GetDataLength(message.get())));
    if (const char* reply = natsMsg_GetReply(message.get())) reply_ = reply;
    count_ = count_of(reply_);
  }
  const std::string& subject() const override { return subject_; }
  const std::string& text() const override { return text_; }
  int64_t count() const override { return count_; }
  bool done() override {
    for (int i = 0; i < 3; ++i) {
      natsMsg* answer = nullptr;
      const natsStatus status = natsConnection_RequestString(&answer, connection_, reply_.c_str(), "+ACK", kAckMilliseconds);
      natsMsg_Destroy(answer);
      if (status == NATS_OK) return true;
    }
    return false;
  }
  void alive() override { natsConnection_PublishString(connection_, reply_.c_str(), "+WPI"); }
  void back(double seconds) override {
    const std::string word = seconds > 0 ? fmt::format("-NAK {{\"delay\": {}}}", static_cast<int64_t>(seconds * kNanoseconds)) : "-NAK";
    natsConnection_PublishString(connection_, reply_.c_str(), word.c_str());
  }

 private:
  /// "$JS.ACK.STREAM.CONSUMER.COUNT.…", or, of later servers, "$JS.ACK.DOMAIN.ACCOUNT.STREAM.CONSUMER.COUNT.…" with at least eleven words.
  static int64_t count_of(const std::string& reply) {
    std::vector<std::string> words;
    for (size_t at = 0; at <= reply.size();) {
      const size_t end = std::min(reply.find('.', at), reply.size());
      words.push_back(reply.substr(at, end - at));
      at = end + 1;
    }
    const size_t place = words.size() >= 11 ? 6 : 4;
    return place < words.size() ? std::max<int64_t>(1, std::atoll(words[place].c_str())) : 1;
  }

  natsConnection* connection_;
  std::string subject_, reply_, text_;
  int64_t count_ = 1;
};

class NatsTaker : public Taker {
 public:
  NatsTaker(natsConnection* connection, const std::string& group)
      : connection_(connection), subject_(fmt::format("$JS.API.CONSUMER.MSG.NEXT.{}.{}", kStream, group)) {}
  Result<std::unique_ptr<Delivery>> take() override {
    natsMsg* raw = nullptr;
    const natsStatus status = natsConnection_RequestString(&raw, connection_, subject_.c_str(), R"({"batch": 1, "no_wait": true})", kTakeMilliseconds);
    if (status != NATS_OK) return tl::unexpected(nats_error("cannot take a job", status));
    const Message message(raw);
    const char* why = nullptr;
    if (natsMsgHeader_Get(raw, "Status", &why) == NATS_OK) return std::unique_ptr<Delivery>();  // 404: there is none
    return std::make_unique<NatsDelivery>(connection_, message);
  }

 private:
  natsConnection* connection_;
  std::string subject_;
};

class NatsListening : public Listening {
 public:
  explicit NatsListening(Broker::Heard heard) : heard_(std::move(heard)) {}
  Subscription subscription;

  static void hear(natsConnection* connection, natsSubscription*, natsMsg* raw, void* self) {
    const Message message(raw);
    try {
      const std::string text(natsMsg_GetData(raw), static_cast<size_t>(natsMsg_GetDataLength(raw)));
      const auto answer = static_cast<NatsListening*>(self)->heard_(natsMsg_GetSubject(raw), text);
      if (const char* reply = natsMsg_GetReply(raw); answer && reply) natsConnection_PublishString(connection, reply, answer->c_str());
    } catch (...) {  // a message that cannot be taken is as good as lost, which these may be
    }
  }

 private:
  Broker::Heard heard_;
};

/// A listening that ends when nobody hears any more: a message that is being heard is heard to its end.
class EndedListening : public Listening {
 public:
  explicit EndedListening(std::unique_ptr<NatsListening> listening) : listening_(listening.release()) {
    natsSubscription_SetOnCompleteCB(
        listening_->subscription.get(), [](void* held) { delete static_cast<NatsListening*>(held); }, listening_);
  }
  ~EndedListening() override { listening_->subscription.reset(); }

 private:
  NatsListening* listening_;  ///< deletes itself
};

class NatsBroker : public Broker {
 public:
  NatsBroker(Connection connection, Context context, Store values)
      : connection_(std::move(connection)), context_(std::move(context)), values_(std::move(values)) {
    natsStatistics* made = nullptr;
    if (natsStatistics_Create(&made) == NATS_OK) statistics_.reset(made);
  }

  ~NatsBroker() override {
    natsConnection_FlushTimeout(connection_.get(), 500);
    values_.reset();
    context_.reset();
    natsConnection_Close(connection_.get());
  }

  Result<bool> put(const std::string& subject, const std::string& text) override {
    if (text.size() > kMaxBrokerText) return fail(ErrorCode::unsupported, "a request of {} bytes; {} can be sent to workers", text.size(), kMaxBrokerText);
    jsErrCode code{};
    const natsStatus status = js_Publish(nullptr, context_.get(), subject.c_str(), text.data(), static_cast<int>(text.size()), nullptr, &code);
    if (status == NATS_OK) return true;
    if (code == JSStreamStoreFailedErr) {
      const std::string why = ::nats_GetLastError(nullptr) ? ::nats_GetLastError(nullptr) : "";
      if (why.find("per subject") != std::string::npos) return false;
      return fail(ErrorCode::over_budget, "the broker's queue is full ({})", printable(why, 120));
    }
    return tl::unexpected(nats_error("cannot queue a job at the broker", status));
  }

  Result<std::unique_ptr<Taker>> taker(const TakerGroup& group) override {
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = group.name.c_str();
    config.FilterSubject = group.filter.c_str();
    config.AckPolicy = js_AckExplicit;
    config.AckWait = static_cast<int64_t>(group.lease_seconds * kNanoseconds);
    config.MaxDeliver = -1;  // whoever takes a job decides when it has killed enough
    config.MaxAckPending = 100000;
    config.InactiveThreshold = kForgottenGroupSeconds * kNanoseconds;
    PTAH_TRY_VOID(checked("cannot make a group of workers at the broker", js_AddConsumer(nullptr, context_.get(), kStream, &config, nullptr, nullptr)));
    return std::make_unique<NatsTaker>(connection_.get(), group.name);
  }

  Result<bool> set_once(const std::string& key, const std::string& text) override {
    // An answer that got lost leaves open whether it was noted: what is there then decides.
    const natsStatus status = kvStore_CreateString(nullptr, values_.get(), key.c_str(), text.c_str());
    if (status == NATS_OK) return true;
    PTAH_TRY(const auto there, get(key));
    if (there) return *there == text;
    return tl::unexpected(nats_error("cannot note at the broker what became of a job", status));
  }

  Result<void> set(const std::string& key, const std::string& text) override {
    return checked("cannot note a value at the broker", kvStore_PutString(nullptr, values_.get(), key.c_str(), text.c_str()));
  }

  Result<std::optional<std::string>> get(const std::string& key) override {
    kvEntry* entry = nullptr;
    const natsStatus status = kvStore_Get(&entry, values_.get(), key.c_str());
    if (status == NATS_NOT_FOUND) return std::nullopt;
    PTAH_TRY_VOID(checked("cannot read a value of the broker", status));
    std::string out(static_cast<const char*>(kvEntry_Value(entry)), static_cast<size_t>(kvEntry_ValueLen(entry)));
    kvEntry_Destroy(entry);
    return out;
  }

  Result<void> erase(const std::string& key) override { return checked("cannot remove a value at the broker", kvStore_Delete(values_.get(), key.c_str())); }

  void say(const std::string& subject, const std::string& text) override {
    if (text.size() <= kMaxBrokerText) natsConnection_Publish(connection_.get(), subject.c_str(), text.data(), static_cast<int>(text.size()));
  }

  Result<std::unique_ptr<Listening>> listen(const std::string& subject, Heard heard) override {
    auto out = std::make_unique<NatsListening>(std::move(heard));
    natsSubscription* made = nullptr;
    PTAH_TRY_VOID(checked("cannot listen to the broker", natsConnection_Subscribe(&made, connection_.get(), subject.c_str(), NatsListening::hear, out.get())));
    natsSubscription_SetPendingLimits(made, 100000, 256 << 20);
    out->subscription.reset(made);
    return std::make_unique<EndedListening>(std::move(out));
  }

  std::optional<std::string> ask(const std::string& subject, const std::string& text, double seconds) override {
    natsMsg* reply = nullptr;
    const auto milliseconds = std::max<int64_t>(1, static_cast<int64_t>(seconds * 1000));
    if (natsConnection_RequestString(&reply, connection_.get(), subject.c_str(), text.c_str(), milliseconds) != NATS_OK) return {};
    const Message held(reply);
    return std::string(natsMsg_GetData(reply), static_cast<size_t>(natsMsg_GetDataLength(reply)));
  }

  double connected_seconds() override {
    const std::lock_guard lock(mutex_);
    uint64_t reconnects = 0;
    if (natsConnection_GetStats(connection_.get(), statistics_.get()) == NATS_OK)
      natsStatistics_GetCounts(statistics_.get(), nullptr, nullptr, nullptr, nullptr, &reconnects);
    const auto now = std::chrono::steady_clock::now();
    if (reconnects != reconnects_ || natsConnection_Status(connection_.get()) != NATS_CONN_STATUS_CONNECTED) since_ = now;
    reconnects_ = reconnects;
    return std::chrono::duration<double>(now - since_).count();
  }

 private:
  Connection connection_;
  Context context_;
  Store values_;
  std::mutex mutex_;  ///< of what follows
  Statistics statistics_;
  uint64_t reconnects_ = 0;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now() - std::chrono::hours(1);
};

Result<Connection> connected(const BrokerOptions& o) {
  std::vector<std::string> servers;
  for (size_t at = 0; at <= o.url.size();) {
    const size_t end = std::min(o.url.find(',', at), o.url.size());
    servers.push_back(o.url.substr(at, end - at));
    if (!servers.back().starts_with("nats://") && !servers.back().starts_with("tls://"))
      return fail(ErrorCode::invalid_argument, "'{}' is no address of a broker: nats://host:4222 is one, or tls://host:4222",
                  printable(servers.back().substr(servers.back().rfind('@') + 1), 120));
    at = end + 1;
  }
  std::vector<const char*> named;
  for (const std::string& server : servers) named.push_back(server.c_str());
  natsOptions* made = nullptr;
  PTAH_TRY_VOID(checked("cannot use NATS", natsOptions_Create(&made)));
  const std::unique_ptr<natsOptions, Destroy<natsOptions, natsOptions_Destroy>> options(made);
  natsStatus status = natsOptions_SetServers(made, named.data(), static_cast<int>(named.size()));
  const auto then = [&](natsStatus next) { status = status == NATS_OK ? next : status; };
  then(natsOptions_SetName(made, o.name.c_str()));
  then(natsOptions_SetTimeout(made, kWaitMilliseconds));
  then(natsOptions_SetMaxReconnect(made, -1));
  then(natsOptions_SetReconnectWait(made, 200));
  then(natsOptions_SetReconnectJitter(made, 100, 100));
  then(natsOptions_SetPingInterval(made, 20000));
  if (!o.credentials.empty()) then(natsOptions_SetUserCredentialsFromFiles(made, o.credentials.c_str(), nullptr));
  const std::string shown =
      servers.size() == 1 ? printable(servers[0].substr(servers[0].rfind('@') == std::string::npos ? 0 : servers[0].rfind('@') + 1), 120) : "the brokers";
  PTAH_TRY_VOID(checked("cannot use " + shown, status));
  natsConnection* connection = nullptr;
  PTAH_TRY_VOID(checked("cannot connect to " + shown, natsConnection_Connect(&connection, made)));
  return Connection(connection);
}

Result<void> make_queue(jsCtx* context, int64_t max_bytes) {
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  const char* subjects[] = {kJobSubjects};
  config.Name = kStream;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Retention = js_WorkQueuePolicy;
  config.Storage = js_FileStorage;
  config.Discard = js_DiscardNew;  // a full queue refuses, and forgets nothing
  config.MaxBytes = max_bytes;
  config.MaxMsgsPerSubject = 1;
  config.DiscardNewPerSubject = true;  // a job is queued once, however often a server that was killed says so
  jsErrCode code{};
  const natsStatus status = js_AddStream(nullptr, context, &config, nullptr, &code);
  if (status == NATS_OK || code == JSStreamNameExistErr) return {};
  return tl::unexpected(nats_error("cannot make the queue at the broker (is JetStream on? nats-server -js)", status));
}

Result<Store> open_values(jsCtx* context) {
  kvStore* made = nullptr;
  if (js_KeyValue(&made, context, kBucket) == NATS_OK) return Store(made);
  kvConfig config;
  kvConfig_Init(&config);
  config.Bucket = kBucket;
  config.TTL = kValueSeconds * kNanoseconds;
  config.StorageType = js_FileStorage;
  config.MaxValueSize = static_cast<int32_t>(kMaxBrokerText);
  const natsStatus status = js_CreateKeyValue(&made, context, &config);
  if (status != NATS_OK && js_KeyValue(&made, context, kBucket) != NATS_OK)  // another program may have made it meanwhile
    return tl::unexpected(nats_error("cannot make values at the broker", status));
  return Store(made);
}

}  // namespace

Result<std::unique_ptr<Broker>> connect_broker(const BrokerOptions& options) {
  PTAH_TRY(Connection connection, connected(options));
  jsOptions wait;
  jsOptions_Init(&wait);
  wait.Wait = kWaitMilliseconds;
  jsCtx* made = nullptr;
  PTAH_TRY_VOID(checked("cannot use JetStream", natsConnection_JetStream(&made, connection.get(), &wait)));
  Context context(made);
  PTAH_TRY_VOID(make_queue(context.get(), options.max_bytes));
  PTAH_TRY(Store values, open_values(context.get()));
  return std::make_unique<NatsBroker>(std::move(connection), std::move(context), std::move(values));
}

}  // namespace ptah

#endif
