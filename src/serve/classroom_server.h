// A class over HTTP, for a classroom's network.
#pragma once

#include <mutex>

#include "apps/education/classroom.h"
#include "serve/http/server.h"

namespace ptah {

/// What one peer may try in five minutes; more is answered with 429. A school may have one address for all.
struct ClassroomQuotas {
  size_t joins = 300;
};

/// Serves a class. For learners: GET / (the page), POST /join {code}, and with their token as Authorization: Bearer: GET /tasks, GET /tasks/ASSIGNMENT/ITEM,
/// POST /tasks/ASSIGNMENT/ITEM/answer {option} or {text}, POST /tasks/ASSIGNMENT/ITEM/hint. For the teacher: GET /teacher (the page), and with the class's
/// token: GET /teacher/class, GET /teacher/assignments/NAME, POST /teacher/assignments/NAME {open}, POST /teacher/learners {names}, POST
/// /teacher/learners/ID/code, POST /teacher/make, GET /teacher/grades.csv. Answers are JSON; errors are {error} with the status of base/error.h.
class ClassroomServer : public HttpServer {
 public:
  explicit ClassroomServer(Classroom& room, HttpOptions options = {}, ClassroomQuotas quotas = {});

 private:
  std::mutex mutex_;
  PeerQuota joins_;
};

struct ClassroomPage {
  std::string html;
  std::string policy;  ///< its content security policy: only the page's own script and style run, by their hashes
};
/// One HTML file each, without anything from elsewhere. All texts are set as text, never as HTML.
const ClassroomPage& learners_page();
const ClassroomPage& teachers_page();

}  // namespace ptah
