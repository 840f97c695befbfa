#include "serve/reading_server.h"

#include <httplib.h>

#include "chain/encoding.h"
#include "serve/reading_page.h"

namespace ptah {

namespace {

/// Turns a room's answer into one of HTTP.
void reply(httplib::Response& out, const Result<Json>& result) {
  out.status = result ? 200 : error_info(result.error().code).http_status;
  const Json body = result ? *result : Json{{"error", result.error().message}};
  out.set_content(body.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json");
}

template <size_t N>
Result<std::array<uint8_t, N>> bytes_in(const Json& body, const char* key) {
  PTAH_TRY(const Bytes bytes, parse_hex(text_at(body, key)));
  if (bytes.size() != N) return fail(ErrorCode::invalid_argument, "'{}' is not {} bytes", key, N);
  std::array<uint8_t, N> out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

Result<Json> begin(ReadingRoom& room, const std::string& text) {
  PTAH_TRY(const Json body, parse_json(text, 4));
  PTAH_TRY(const Address reader, parse_address(text_at(body, "reader")));
  PTAH_TRY(const Bytes32 nonce, bytes_in<32>(body, "nonce"));
  PTAH_TRY(const Signature signature, bytes_in<65>(body, "signature"));
  const Json expires = body.value("expires", Json());
  if (!expires.is_number_unsigned()) return fail(ErrorCode::invalid_argument, "'expires' is no time");
  return room.begin(reader, nonce, expires.get<uint64_t>(), signature);
}

Result<Json> answer(ReadingRoom& room, const std::string& session, const std::string& text) {
  PTAH_TRY(const Json body, parse_json(text, 4));
  std::vector<int> answers;
  try {
    answers = value_of<std::vector<int>>(body.at("answers"));
  } catch (const Json::exception&) {
    return fail(ErrorCode::invalid_argument, "'answers' is no list of numbers");
  }
  return room.answer(session, answers);
}

}  // namespace

ReadingServer::ReadingServer(ReadingRoom& room) : HttpServer(65536) {
  httplib::Server& s = server();
  // Bodies whose length is not announced, or that grow when they are read, would pass that limit.
  s.set_pre_routing_handler([](const httplib::Request& in, httplib::Response& out) {
    if (in.method != "POST" || (in.has_header("Content-Length") && !in.has_header("Transfer-Encoding") && !in.has_header("Content-Encoding")))
      return httplib::Server::HandlerResponse::Unhandled;
    out.status = 411;
    out.set_header("Connection", "close");
    return httplib::Server::HandlerResponse::Handled;
  });
  s.set_read_timeout(10);
  s.set_write_timeout(10);
  const auto handled = [&room](auto f) {
    return [&room, f](const httplib::Request& in, httplib::Response& out) { reply(out, guard([&]() -> Result<Json> { return f(room, in); })); };
  };
  using In = httplib::Request;
  s.Get("/", [](const In&, httplib::Response& out) { out.set_content(reading_page(), "text/html; charset=utf-8"); });
  s.Get("/article", handled([](ReadingRoom& r, const In&) -> Result<Json> { return r.about(); }));
  s.Get("/counts", handled([](ReadingRoom& r, const In&) -> Result<Json> { return r.counts(); }));
  s.Get("/nonce", handled([](ReadingRoom& r, const In&) { return r.nonce(); }));
  s.Post("/sessions", handled([](ReadingRoom& r, const In& in) { return begin(r, in.body); }));
  s.Get(R"(/sessions/([0-9a-f]{32})/sections/([0-9]{1,4}))", handled([](ReadingRoom& r, const In& in) {
          return r.section(in.matches[1], static_cast<size_t>(std::stoi(in.matches[2])), in.get_param_value("token"));
        }));
  s.Get(R"(/sessions/([0-9a-f]{32})/quiz)", handled([](ReadingRoom& r, const In& in) { return r.quiz(in.matches[1], in.get_param_value("token")); }));
  s.Post(R"(/sessions/([0-9a-f]{32})/answers)", handled([](ReadingRoom& r, const In& in) { return answer(r, in.matches[1], in.body); }));
  s.Get(R"(/vouchers/(0x[0-9a-fA-F]{40}))", handled([](ReadingRoom& r, const In& in) -> Result<Json> {
          PTAH_TRY(const Address reader, parse_address(in.matches[1].str()));
          return r.voucher(reader);
        }));
  s.set_error_handler([](const httplib::Request&, httplib::Response& out) {
    if (out.body.empty()) out.set_content(Json{{"error", fmt::format("status {}", out.status)}}.dump(), "application/json");
  });
}

}  // namespace ptah
