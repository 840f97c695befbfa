// The only source that sees Boost: its headers take most of the time that this folder compiles.
#include "serve/http/server.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <ctime>
#include <list>
#include <map>

#include "serve/http/router.h"

namespace ptah {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using beast::error_code;

std::chrono::nanoseconds span_of(double seconds) { return std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9)); }
auto into(error_code& ec) { return net::redirect_error(net::use_awaitable, ec); }

enum class Phase { waiting, body, running, writing, streaming };

struct Connection {
  Connection(tcp::socket socket, std::string where, bool on_loopback)
      : stream(std::move(socket)), signal(stream.get_executor()), address(std::move(where)), peer(peer_of(address)), loopback(on_loopback) {}
  beast::tcp_stream stream;
  net::steady_timer signal;  ///< cancelled when a stream has something new
  std::string address, peer;
  bool loopback;
  Phase phase = Phase::waiting;
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  size_t body_bytes = 0;              ///< counted against the limits of all
  std::shared_ptr<CancelToken> gone;  ///< of the request that runs
  bool closed = false;

  void enter(Phase next) {
    phase = next;
    since = std::chrono::steady_clock::now();
  }
  void close() {
    closed = true;
    if (gone) gone->cancel();
    error_code ignored;
    stream.socket().close(ignored);
    stream.cancel();
    signal.cancel();
  }
};
using ConnectionPtr = std::shared_ptr<Connection>;

std::string joined(const std::vector<std::string>& methods) { return fmt::format("{}", fmt::join(methods, ", ")); }

}  // namespace

struct HttpServer::State {
  explicit State(HttpOptions given) : options(std::move(given)), acceptor(io), pool(std::max<size_t>(1, options.threads)) {}
  HttpOptions options;
  HttpRouter router;
  net::io_context io{1};
  tcp::acceptor acceptor;
  net::thread_pool pool;
  std::list<ConnectionPtr> connections;  ///< the oldest first
  std::map<std::string, size_t> peers;   ///< how many connections each has
  std::map<std::string, size_t> bodies;  ///< bytes of bodies that are being read, of each
  size_t body_bytes = 0, running = 0;
  net::steady_timer grace{io};
  bool stopping = false;
  std::atomic<size_t> open{0}, accepted{0}, requests{0}, refused{0}, pushed_out{0};

  // Connections.
  net::awaitable<void> accept();
  void welcome(tcp::socket socket);
  net::awaitable<void> serve(ConnectionPtr c);
  bool make_room(const std::string& peer);
  void leave(std::list<ConnectionPtr>::iterator place);
  void stop();

  // One request.
  struct Asked {
    HttpHead head;
    HttpRouter::Match match;
  };
  net::awaitable<HttpResult<size_t>> read_head(Connection& c, beast::flat_buffer& buffer, bool first);
  HttpResult<void> admit(const Connection& c, Asked& asked) const;
  net::awaitable<HttpResult<void>> read_body(Connection& c, beast::flat_buffer& buffer, size_t head_size, Asked& asked);
  HttpResult<void> count_body(Connection& c, size_t bytes);
  net::awaitable<HttpResponse> run(ConnectionPtr c, Asked& asked);
  net::awaitable<void> watch(ConnectionPtr c, std::shared_ptr<CancelToken> gone);
  net::awaitable<bool> exchange(ConnectionPtr c, beast::flat_buffer& buffer, size_t head_size);
  net::awaitable<bool> write(Connection& c, const HttpRequest& request, const HttpResponse& response, bool keep_alive);
  net::awaitable<void> write_stream(ConnectionPtr c, const HttpRequest& request, const HttpResponse& response);
  net::awaitable<void> hang_up(Connection& c);
  template <class Message>
  void fill(Message& message, const HttpRequest& request, const HttpResponse& response) const;
};

// ---- connections -----------------------------------------------------------------------------------------------------------------------------

net::awaitable<void> HttpServer::State::accept() {
  while (!stopping) {
    error_code ec;
    tcp::socket socket = co_await acceptor.async_accept(into(ec));
    if (stopping || ec == net::error::operation_aborted || ec == net::error::bad_descriptor) break;
    if (ec) {  // no more files or memory: whoever waits longest makes room
      make_room("");
      net::steady_timer pause(io, std::chrono::milliseconds(20));
      co_await pause.async_wait(into(ec));
      continue;
    }
    try {
      welcome(std::move(socket));
    } catch (const std::exception&) {  // no memory: this one is not served
      ++refused;
    }
  }
}

void HttpServer::State::welcome(tcp::socket socket) {
  error_code ec;
  const tcp::endpoint remote = socket.remote_endpoint(ec);
  if (ec) return;
  const tcp::endpoint local = socket.local_endpoint(ec);
  if (ec) return;
  ++accepted;
  socket.set_option(tcp::no_delay(true), ec);  // else each answer waits for the client's acknowledgement
  const auto plain = [](const net::ip::address& address) {
    return address.is_v6() && address.to_v6().is_v4_mapped() ? net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6()) : address;
  };
  auto c = std::make_shared<Connection>(std::move(socket), plain(remote.address()).to_string(), plain(local.address()).is_loopback());
  const bool is_proxy = std::find(options.policy.proxies.begin(), options.policy.proxies.end(), c->address) != options.policy.proxies.end();
  const auto found = peers.find(c->peer);
  const size_t own = found == peers.end() ? 0 : found->second;
  if ((connections.size() >= options.max_connections && !make_room("")) || (!is_proxy && own >= options.max_connections_per_peer && !make_room(c->peer))) {
    ++refused;
    return;  // closed
  }
  connections.push_back(c);
  ++peers[c->peer];
  open = connections.size();
  const auto place = std::prev(connections.end());
  net::co_spawn(io, serve(c), [this, place](const std::exception_ptr&) { leave(place); });
}

/// Closes the connection that has waited longest for a request to come or an answer to be taken: of this peer, or of the one that has most of them.
bool HttpServer::State::make_room(const std::string& peer) {
  std::string of = peer;
  if (of.empty() && !peers.empty()) of = std::max_element(peers.begin(), peers.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->first;
  const auto rank = [](const Connection& c) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - c.since).count();
    if (c.closed || c.phase == Phase::running || c.phase == Phase::streaming) return -1.0;
    return c.phase == Phase::writing && seconds < 1 ? -1.0 : seconds;
  };
  ConnectionPtr chosen;
  double largest = -1;
  for (const ConnectionPtr& c : connections)
    if (c->peer == of && rank(*c) > largest) largest = rank(*c), chosen = c;
  if (!chosen) return false;
  ++pushed_out;
  chosen->close();
  if (--peers[chosen->peer] == 0) peers.erase(chosen->peer);
  chosen->peer.clear();  // counted no more
  return true;
}

void HttpServer::State::leave(std::list<ConnectionPtr>::iterator place) {
  Connection& c = **place;
  c.close();
  (void)count_body(c, 0);
  if (const auto found = peers.find(c.peer); found != peers.end() && --found->second == 0) peers.erase(found);
  connections.erase(place);
  open = connections.size();
  if (stopping && connections.empty()) grace.cancel();
}

void HttpServer::State::stop() {
  if (stopping) return;
  stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  for (const ConnectionPtr& c : connections) {
    if (c->gone) c->gone->cancel();
    if (c->phase != Phase::running && c->phase != Phase::writing) c->close();
  }
  grace.expires_after(span_of(connections.empty() ? 0 : options.grace_seconds));
  grace.async_wait([this](const error_code&) {
    for (const ConnectionPtr& c : connections) c->close();
  });
}

net::awaitable<void> HttpServer::State::serve(ConnectionPtr c) {
  beast::flat_buffer buffer(options.head.bytes + 4096);
  size_t ahead = 0;  // requests in a row that came before the last was answered
  for (bool first = true; !stopping && !c->closed; first = false) {
    c->enter(Phase::waiting);
    ahead = buffer.size() > 0 ? ahead + 1 : 0;
    if (ahead > 16) {  // others first
      error_code ignored;
      c->signal.expires_after(std::chrono::milliseconds(50));
      co_await c->signal.async_wait(into(ignored));
    }
    const auto head = co_await read_head(*c, buffer, first);
    if (c->closed) co_return;
    if (!head) {
      if (head.error().status != 0) {
        ++refused;
        const HttpRequest unknown;
        const HttpResponse refusal = HttpResponse::error(head.error().status, head.error().why);
        co_await write(*c, unknown, refusal, false);
        co_await hang_up(*c);
      }
      co_return;
    }
    if (!co_await exchange(c, buffer, *head)) co_return;
  }
}

// ---- one request -----------------------------------------------------------------------------------------------------------------------------

/// The size of the head at the front of the buffer. A refusal with status 0: nothing is to be said.
net::awaitable<HttpResult<size_t>> HttpServer::State::read_head(Connection& c, beast::flat_buffer& buffer, bool first) {
  HttpHeadScan scan(options.head);
  bool begun = first || buffer.size() > 0;
  c.stream.expires_after(span_of(begun ? options.head_seconds : options.idle_seconds));
  for (;;) {
    const auto bytes = buffer.cdata();
    const auto found = scan.look({static_cast<const char*>(bytes.data()), bytes.size()});
    if (!found) co_return tl::unexpected(found.error());
    if (*found) co_return **found;
    error_code ec;
    const size_t got = co_await c.stream.async_read_some(buffer.prepare(std::min<size_t>(2048, buffer.max_size() - buffer.size())), into(ec));
    if (ec) co_return tl::unexpected(HttpRefusal{0, ""});  // too late, or the client left
    buffer.commit(got);
    if (begun) continue;
    begun = true;
    c.stream.expires_after(span_of(options.head_seconds));
  }
}

/// What can be said from the head alone.
HttpResult<void> HttpServer::State::admit(const Connection& c, Asked& asked) const {
  const auto refuse = [](int status, std::string why) { return tl::unexpected(HttpRefusal{status, std::move(why)}); };
  HttpRequest& r = asked.head.request;
  r.peer = client_address(c.address, r, options.policy);
  if (!host_allowed(r.header("host"), c.loopback, options.policy)) return refuse(421, "this server does not go by that name (Host)");
  const bool changes = r.method != "GET" && r.method != "HEAD" && r.method != "OPTIONS";
  if (changes && !origin_allowed(r.header("origin"), r.header("host"), options.policy)) return refuse(403, "pages of another origin may not do this");
  asked.match = router.find(r.method, r.path);
  if (!asked.match.route && asked.match.methods.empty()) return refuse(404, "there is nothing at this path");
  if (!asked.match.route && r.method != "OPTIONS") return refuse(405, "this path takes " + joined(asked.match.methods));
  if (r.header("range").find(',') != std::string_view::npos) return refuse(416, "several ranges are not served");
  const std::string_view encoding = r.header("content-encoding");
  if (!encoding.empty() && encoding != "identity") return refuse(415, "compressed bodies are not taken");
  r.parts = std::move(asked.match.parts);
  return {};
}

/// Counts the bytes of a connection's body (0 gives them back). Refuses what all bodies together, or the peer's, must not take.
HttpResult<void> HttpServer::State::count_body(Connection& c, size_t bytes) {
  size_t& mine = bodies[c.address];
  const size_t all = body_bytes - c.body_bytes + bytes, own = mine - c.body_bytes + bytes;
  const bool fits = bytes <= c.body_bytes || (all <= options.max_body_bytes && own <= std::max(options.max_body_bytes_per_peer, bytes));
  if (fits) {
    body_bytes = all;
    mine = own;
    c.body_bytes = bytes;
  }
  if (mine == 0) bodies.erase(c.address);
  if (!fits) return tl::unexpected(HttpRefusal{503, "too many requests are coming in; try again"});
  return {};
}

net::awaitable<HttpResult<void>> HttpServer::State::read_body(Connection& c, beast::flat_buffer& buffer, size_t head_size, Asked& asked) {
  const HttpHead& head = asked.head;
  const auto refuse = [](int status, std::string why) { return tl::unexpected(HttpRefusal{status, std::move(why)}); };
  const size_t limit = asked.match.route->max_body;
  if (!head.has_body()) {
    buffer.consume(head_size);
    co_return HttpResult<void>();
  }
  if (head.content_length.value_or(0) > limit || limit == 0) co_return refuse(413, fmt::format("at most {} bytes of body are taken here", limit));
  if (const auto counted = count_body(c, head.content_length.value_or(0)); !counted) co_return tl::unexpected(counted.error());
  c.enter(Phase::body);
  c.stream.expires_after(span_of(options.head_seconds + static_cast<double>(limit) / options.min_bytes_per_second));
  error_code ec;
  if (head.expects_continue && buffer.size() == head_size) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await net::async_write(c.stream, net::buffer(kContinue), into(ec));
    if (ec) co_return refuse(0, "");
  }
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<uint32_t>(options.head.bytes));
  parser.body_limit(limit);
  bool extended = false;
  std::function<void(uint64_t, beast::string_view, error_code&)> on_chunk = [&](uint64_t, beast::string_view extension, error_code& problem) {
    extended = !extension.empty();
    if (extended) problem = http::error::bad_chunk_extension;
  };
  parser.on_chunk_header(on_chunk);
  size_t fields = 0;
  const size_t max_wire = head_size + 8 * limit + 4096;  // chunks of one byte take six
  for (size_t wire = 0; !parser.is_done();) {
    wire += co_await http::async_read_some(c.stream, buffer, parser, into(ec));
    if (parser.is_header_done() && fields == 0) fields = static_cast<size_t>(std::distance(parser.get().begin(), parser.get().end()));
    if (ec == http::error::body_limit || parser.get().body().size() > limit || wire > max_wire)
      co_return refuse(413, fmt::format("at most {} bytes of body are taken here", limit));
    if (extended) co_return refuse(400, "extensions of chunks are not taken");
    if (ec && ec.category() == http::make_error_code(http::error::bad_chunk).category() && ec != http::error::partial_message &&
        ec != http::error::end_of_stream)
      co_return refuse(400, "the body is not what its headers say: " + ec.message());
    if (ec) co_return refuse(0, "");
    if (const auto counted = count_body(c, std::max<size_t>(head.content_length.value_or(0), parser.get().body().capacity())); !counted)
      co_return tl::unexpected(counted.error());
  }
  if (static_cast<size_t>(std::distance(parser.get().begin(), parser.get().end())) != fields) co_return refuse(400, "trailers are not taken");
  asked.head.request.body = std::move(parser.get().body());
  co_return HttpResult<void>();
}

/// Sees a client leave while its request runs.
net::awaitable<void> HttpServer::State::watch(ConnectionPtr c, std::shared_ptr<CancelToken> gone) {
  error_code ec;
  co_await c->stream.socket().async_wait(tcp::socket::wait_read, into(ec));
  if (ec || c->closed) co_return;
  char byte = 0;
  const auto got = ::recv(c->stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN)) {
    gone->cancel();
    if (c->phase == Phase::streaming) c->close();
  }
}

net::awaitable<HttpResponse> HttpServer::State::run(ConnectionPtr c, Asked& asked) {
  const HttpRoute& route = *asked.match.route;
  HttpRequest& request = asked.head.request;
  const auto call = [&]() -> HttpResponse {
    const auto answer = guard([&]() -> Result<HttpResponse> { return route.handler(request); });
    return answer ? *answer : HttpResponse::error(error_info(answer.error().code).http_status, answer.error().message);
  };
  c->gone = std::make_shared<CancelToken>();
  request.gone = c->gone;
  if (route.immediate) co_return call();
  if (running >= options.max_running) {
    HttpResponse busy = HttpResponse::error(503, "too many requests at once; try again");
    busy.headers.emplace_back("Retry-After", "1");
    co_return busy;
  }
  ++running;
  net::co_spawn(io, watch(c, c->gone), net::detached);
  HttpResponse out = co_await net::co_spawn(
      pool, [&call]() -> net::awaitable<HttpResponse> { co_return call(); }, net::use_awaitable);
  --running;
  if (!out.stream && !c->closed) {  // ends the watch
    error_code ignored;
    c->stream.socket().cancel(ignored);
  }
  co_return out;
}

/// False: the connection ends.
net::awaitable<bool> HttpServer::State::exchange(ConnectionPtr c, beast::flat_buffer& buffer, size_t head_size) {
  ++requests;
  Asked asked;
  auto parsed = parse_http_head({static_cast<const char*>(buffer.cdata().data()), head_size}, options.head);
  HttpResult<void> taken;
  if (parsed) {
    asked.head = std::move(*parsed);
    taken = admit(*c, asked);
  } else {
    taken = tl::unexpected(parsed.error());
  }
  const HttpRequest& request = asked.head.request;
  std::optional<HttpResponse> answer;
  bool unread = asked.head.has_body();
  if (taken && !asked.match.route) {  // OPTIONS
    answer = HttpResponse::text("", "text/plain", 204);
    answer->headers.emplace_back("Allow", joined(asked.match.methods));
    if (!request.header("origin").empty() && !options.policy.origins.empty()) {
      answer->headers.emplace_back("Access-Control-Allow-Methods", joined(asked.match.methods));
      answer->headers.emplace_back("Access-Control-Allow-Headers", std::string(request.header("access-control-request-headers")));
      answer->headers.emplace_back("Access-Control-Max-Age", "600");
    }
  } else if (taken && asked.match.route->gate) {
    const auto asking = guard([&]() -> Result<std::optional<HttpResponse>> { return asked.match.route->gate(request); });
    answer = asking ? *asking : HttpResponse::error(500, asking.error().message);
  }
  if (taken && !answer) {
    taken = co_await read_body(*c, buffer, head_size, asked);
    unread = false;
  } else if (taken) {
    buffer.consume(head_size);
  }
  if (!taken) {
    ++refused;
    if (taken.error().status != 0 && !c->closed) {
      HttpResponse refusal = HttpResponse::error(taken.error().status, taken.error().why);
      if (taken.error().status == 405) refusal.headers.emplace_back("Allow", joined(asked.match.methods));
      if (taken.error().status == 503) refusal.headers.emplace_back("Retry-After", "1");
      co_await write(*c, request, refusal, false);
      co_await hang_up(*c);
    }
    co_return false;
  }
  c->enter(Phase::running);
  if (!answer) answer = co_await run(c, asked);
  (void)count_body(*c, 0);
  if (c->closed) co_return false;
  if (answer->stream && (request.method == "HEAD" || asked.head.old_version)) {
    answer->stream->close();
    answer->stream.reset();
    if (asked.head.old_version) answer = HttpResponse::error(505, "this answer comes in parts, which HTTP/1.0 does not know");
  }
  if (answer->stream) {
    co_await write_stream(c, request, *answer);
    co_return false;
  }
  const bool keep = asked.head.keep_alive && !unread && !stopping;
  const bool written = co_await write(*c, request, *answer, keep);
  c->gone.reset();
  if (written && !keep) co_await hang_up(*c);
  co_return written&& keep;
}

template <class Message>
void HttpServer::State::fill(Message& message, const HttpRequest& request, const HttpResponse& response) const {
  const auto plain = [](std::string text) {  // nothing that a handler puts there ends a line
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    return text;
  };
  message.result(static_cast<unsigned>(response.status));
  message.set(http::field::date, http_date(std::time(nullptr)));
  if (response.status != 204 && response.status != 304) message.set(http::field::content_type, plain(response.content_type));
  for (const auto& [name, value] : answer_headers(request, response, options.policy)) message.insert(name, plain(value));
}

net::awaitable<bool> HttpServer::State::write(Connection& c, const HttpRequest& request, const HttpResponse& response, bool keep_alive) {
  c.enter(Phase::writing);
  const bool empty = response.status == 204 || response.status == 304;
  const std::string_view body = response.body && !empty ? std::string_view(*response.body) : std::string_view();
  c.stream.expires_after(span_of(options.head_seconds + static_cast<double>(body.size()) / options.min_bytes_per_second));
  error_code ec;
  if (request.method == "HEAD" || empty) {
    http::response<http::empty_body> message;
    fill(message, request, response);
    message.keep_alive(keep_alive);
    if (!empty) message.content_length(body.size());
    co_await http::async_write(c.stream, message, into(ec));
  } else {
    http::response<http::span_body<const char>> message;
    fill(message, request, response);
    message.keep_alive(keep_alive);
    message.body() = {body.data(), body.size()};
    message.content_length(body.size());
    co_await http::async_write(c.stream, message, into(ec));
  }
  co_return !ec;
}

net::awaitable<void> HttpServer::State::write_stream(ConnectionPtr c, const HttpRequest& request, const HttpResponse& response) {
  c->enter(Phase::streaming);
  HttpStream& stream = *response.stream;
  http::response<http::empty_body> message;
  fill(message, request, response);
  message.keep_alive(false);
  message.chunked(true);
  http::response_serializer<http::empty_body> serializer(message);
  c->stream.expires_after(span_of(options.head_seconds));
  error_code ec;
  co_await http::async_write_header(c->stream, serializer, into(ec));
  stream.attach([this, c] { net::post(io, [c] { c->signal.cancel(); }); });
  const bool events = response.content_type == "text/event-stream";
  while (!ec && !c->closed) {
    HttpStream::Waiting waiting = stream.take();
    if (waiting.behind) break;
    for (const HttpStream::Chunk& chunk : waiting.chunks) {
      c->stream.expires_after(span_of(options.head_seconds + static_cast<double>(chunk->size()) / options.min_bytes_per_second));
      co_await net::async_write(c->stream, http::make_chunk(net::buffer(*chunk)), into(ec));
      if (ec) break;
    }
    if (ec || c->closed) break;
    if (waiting.done) {
      co_await net::async_write(c->stream, http::make_chunk_last(), into(ec));
      break;
    }
    if (!waiting.chunks.empty()) continue;
    error_code woken;
    c->signal.expires_after(span_of(options.keep_alive_seconds));
    co_await c->signal.async_wait(into(woken));
    if (!woken && events && !c->closed) {
      static const std::string comment = ": still here\n\n";
      c->stream.expires_after(span_of(options.head_seconds));
      co_await net::async_write(c->stream, http::make_chunk(net::buffer(comment)), into(ec));
    }
  }
  stream.detach();
  if (c->gone) c->gone->cancel();
  if (!ec && !c->closed) co_await hang_up(*c);
}

/// Ends a connection so that the client can read the answer: what it still sends is read and dropped for a moment, else it would be told of an error.
net::awaitable<void> HttpServer::State::hang_up(Connection& c) {
  error_code ec;
  c.stream.socket().shutdown(tcp::socket::shutdown_send, ec);
  std::array<char, 4096> dropped;
  c.stream.expires_after(std::chrono::milliseconds(500));
  for (size_t bytes = 0; !ec && !stopping && bytes < (256 << 10);) bytes += co_await c.stream.async_read_some(net::buffer(dropped), into(ec));
}

// ---- the interface ---------------------------------------------------------------------------------------------------------------------------

HttpServer::HttpServer(HttpOptions options) : state_(std::make_unique<State>(std::move(options))) {
  route({.method = "GET", .path = "/health", .handler = [](const HttpRequest&) { return HttpResponse::of({{"status", "ok"}}); }, .immediate = true});
}

HttpServer::~HttpServer() = default;

void HttpServer::route(HttpRoute route) { state_->router.add(std::move(route)); }

Result<int> HttpServer::bind(const std::string& host, int port) {
  State& s = *state_;
  error_code ec;
  tcp::resolver resolver(s.io);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, ec);
  if (ec || found.empty()) return fail(ErrorCode::invalid_argument, "'{}' is no address of this computer: {}", host, ec.message());
  tcp::endpoint at = found.begin()->endpoint();
  for (const auto& entry : found)
    if (entry.endpoint().protocol() == tcp::v4()) at = entry.endpoint();  // "localhost" is 127.0.0.1
  s.acceptor.open(at.protocol(), ec);
  // Lets a server start again while connections of the last one linger. It does not let two listen at once: that would take SO_REUSEPORT.
  if (!ec) s.acceptor.set_option(net::socket_base::reuse_address(true), ec);
  if (!ec) s.acceptor.bind(at, ec);
  if (!ec) s.acceptor.listen(1024, ec);
  if (ec) {
    const ErrorCode code = ec == net::error::access_denied ? ErrorCode::permission : ErrorCode::io;
    error_code ignored;
    s.acceptor.close(ignored);
    if (ec == net::error::address_in_use)
      return fail(code, "cannot listen on {}:{}: another program does; choose another port (0 takes a free one)", host, port);
    return fail(code, "cannot listen on {}:{}: {}", host, port, ec.message());
  }
  if (at.address().is_loopback()) s.options.policy.hosts.push_back(host);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {  // a connection is a file
    const rlim_t wanted = s.options.max_connections + 128;
    if (files.rlim_cur < wanted) {
      files.rlim_cur = std::min<rlim_t>(wanted, files.rlim_max);
      (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < wanted)
      s.options.max_connections = files.rlim_cur > 256 ? files.rlim_cur - 128 : files.rlim_cur / 2;
  }
  return s.acceptor.local_endpoint(ec).port();
}

void HttpServer::run() {
  net::co_spawn(state_->io, state_->accept(), net::detached);
  state_->io.run();
  state_->pool.join();
}

void HttpServer::stop() {
  net::post(state_->io, [this] { state_->stop(); });
}

HttpServer::Counts HttpServer::counts() const {
  const State& s = *state_;
  return {s.open, s.accepted, s.requests, s.refused, s.pushed_out};
}

std::string http_address(const std::string& host, int port) {
  return host.find(':') == std::string::npos ? fmt::format("http://{}:{}", host, port) : fmt::format("http://[{}]:{}", host, port);
}

}  // namespace ptah
