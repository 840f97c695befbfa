#include "serve/classroom_server.h"

#include <chrono>

namespace ptah {

namespace {

constexpr size_t kSmallBody = 8 << 10, kAnswerBody = 512 << 10, kClassBody = 64 << 10, kTextBody = 2 << 20;

HttpResponse class_reply(const Result<Json>& result) {
  return result ? HttpResponse::of(*result) : HttpResponse::error(error_info(result.error().code).http_status, result.error().message);
}

std::optional<int64_t> number_in(const std::string& text) {
  if (text.empty() || text.size() > 15 || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoll(text);
}

Result<std::vector<std::string>> names_in(const Json& body) {
  try {
    return body.at("names").get<std::vector<std::string>>();
  } catch (const Json::exception&) {
    return fail(ErrorCode::invalid_argument, "'names' is no list of texts");
  }
}

HttpResponse class_page(const ClassroomPage& page) {
  HttpResponse out = HttpResponse::text(page.html, "text/html; charset=utf-8");
  out.headers = {{"Content-Security-Policy", page.policy}};
  return out;
}

using In = HttpRequest;

void add_learners_routes(HttpServer& server, Classroom& room) {
  const auto learner = [&](const char* method, const char* path, auto f, size_t body) {
    HttpRoute made{.method = method, .path = path, .handler = {}, .max_body = body};
    made.gate = [&room](const In& in) -> std::optional<HttpResponse> {
      return room.learner_of(in.bearer()) ? std::nullopt : std::optional(HttpResponse::error(401, "join the class first"));
    };
    made.handler = [&room, f](const In& in) {
      return class_reply(guard([&]() -> Result<Json> {
        const auto who = room.learner_of(in.bearer());
        if (!who) return fail(ErrorCode::permission, "join the class first");
        return f(room, *who, in);
      }));
    };
    server.route(std::move(made));
  };
  learner(
      "GET", "/tasks", [](Classroom& r, int64_t who, const In&) { return r.work(who); }, 0);
  learner(
      "GET", "/tasks/{}/{}", [](Classroom& r, int64_t who, const In& in) { return r.item(who, in.parts[0], in.parts[1]); }, 0);
  learner(
      "POST", "/tasks/{}/{}/answer",
      [](Classroom& r, int64_t who, const In& in) -> Result<Json> {
        PTAH_TRY(const Json body, parse_json(in.body, 4));
        return r.answer(who, in.parts[0], in.parts[1], body);
      },
      kAnswerBody);
  learner(
      "POST", "/tasks/{}/{}/hint", [](Classroom& r, int64_t who, const In& in) { return r.hint(who, in.parts[0], in.parts[1]); }, kSmallBody);
}

void add_teachers_routes(HttpServer& server, Classroom& room) {
  const auto refused = [&room](const In& in) -> std::optional<HttpResponse> {
    return room.is_teacher(in.bearer()) ? std::nullopt
                                        : std::optional(HttpResponse::error(401, "this is the teacher's; open the address that the program printed"));
  };
  const auto teacher = [&](const char* method, const char* path, std::function<Result<Json>(Classroom&, const In&, const Json&)> f, size_t body) {
    HttpRoute made{.method = method, .path = path, .handler = {}, .max_body = body, .gate = refused};
    made.handler = [&room, f = std::move(f)](const In& in) {
      return class_reply(guard([&]() -> Result<Json> {
        Json given = Json::object();
        if (!in.body.empty()) {
          PTAH_TRY(given, parse_json(in.body, 4));
        }
        return f(room, in, given);
      }));
    };
    server.route(std::move(made));
  };
  teacher(
      "GET", "/teacher/class", [](Classroom& r, const In&, const Json&) { return r.overview(); }, 0);
  teacher(
      "GET", "/teacher/assignments/{}", [](Classroom& r, const In& in, const Json&) { return r.assignment(in.parts[0]); }, 0);
  teacher(
      "POST", "/teacher/assignments/{}",
      [](Classroom& r, const In& in, const Json& body) -> Result<Json> {
        const Json open = body.is_object() ? body.value("open", Json()) : Json();
        if (!open.is_boolean()) return fail(ErrorCode::invalid_argument, "'open' is true or false");
        return r.set_open(in.parts[0], open.get<bool>());
      },
      kSmallBody);
  teacher(
      "POST", "/teacher/learners",
      [](Classroom& r, const In&, const Json& body) -> Result<Json> {
        PTAH_TRY(const auto names, names_in(body));
        return r.add_learners(names);
      },
      kClassBody);
  teacher(
      "POST", "/teacher/learners/{}/code",
      [](Classroom& r, const In& in, const Json&) -> Result<Json> {
        const auto id = number_in(in.parts[0]);
        if (!id) return fail(ErrorCode::not_found, "there is no such learner");
        return r.new_code(*id);
      },
      kSmallBody);
  teacher(
      "POST", "/teacher/make", [](Classroom& r, const In&, const Json& body) { return r.make(body); }, kTextBody);
  HttpRoute grades{.method = "GET", .path = "/teacher/grades.csv", .handler = {}, .max_body = 0, .gate = refused};
  grades.handler = [&room](const In&) {
    const Result<std::string> csv = room.grades_csv();
    if (!csv) return HttpResponse::error(error_info(csv.error().code).http_status, csv.error().message);
    return HttpResponse::text(*csv, "text/csv; charset=utf-8");
  };
  server.route(std::move(grades));
}

}  // namespace

ClassroomServer::ClassroomServer(Classroom& room, HttpOptions options, ClassroomQuotas quotas) : HttpServer(std::move(options)), joins_(quotas.joins, 300) {
  route({.method = "GET", .path = "/", .handler = [](const In&) { return class_page(learners_page()); }, .immediate = true});
  route({.method = "GET", .path = "/teacher", .handler = [](const In&) { return class_page(teachers_page()); }, .immediate = true});
  HttpRoute join{.method = "POST", .path = "/join", .handler = {}, .max_body = kSmallBody};
  join.handler = [&room](const In& in) {
    return class_reply(guard([&]() -> Result<Json> {
      PTAH_TRY(const Json body, parse_json(in.body, 4));
      return room.join(text_at(body, "code"));
    }));
  };
  join.gate = [this](const In& in) -> std::optional<HttpResponse> {
    const double now = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    const std::lock_guard lock(mutex_);
    if (joins_.take(peer_of(in.peer), now)) return std::nullopt;
    HttpResponse out = HttpResponse::error(429, "too many codes were tried from your address; try again in a few minutes");
    out.headers.emplace_back("Retry-After", "300");
    return out;
  };
  route(std::move(join));
  add_learners_routes(*this, room);
  add_teachers_routes(*this, room);
}

}  // namespace ptah
