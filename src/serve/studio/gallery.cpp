#include "serve/studio/gallery.h"

#include <algorithm>
#include <numeric>

#include "base/json.h"
#include "schema/field_error.h"
#include "base/sha256.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr Database::Kind kGallery{
    "gallery",
    "create table mark (owner text not null, job integer not null, star integer not null, tags text not null, primary key (owner, "
    "job)) without rowid;"
    "create table vector (text text primary key, numbers blob not null) without rowid;",
    1};

std::string text_id(const std::string& text) { return sha256_hex(as_bytes(text)); }

WorkMarks marks_of(const Statement& row, int star, int tags) {
  WorkMarks out{row.number(star) != 0, {}};
  const auto list = parse_json(row.text(tags));
  if (list && list->is_array())
    for (const Json& tag : *list)
      if (tag.is_string()) out.tags.push_back(tag.get<std::string>());
  return out;
}

}  // namespace

Gallery::Gallery(const std::filesystem::path& file) : db_(std::make_unique<Database>(file, kGallery)) {
  // Files of before have no boards.
  Statement(*db_,
            "create table if not exists board (owner text not null, board text not null, job integer not null, primary key (owner, job, board)) without rowid")
      .next();
}

std::map<int64_t, WorkMarks> Gallery::marks(const std::string& owner) const {
  const std::lock_guard lock(mutex_);
  std::map<int64_t, WorkMarks> out;
  Statement row(*db_, "select job, star, tags from mark where owner = ?", owner);
  while (row.next()) out.emplace(row.number(0), marks_of(row, 1, 2));
  Statement on(*db_, "select job, board from board where owner = ? order by board", owner);
  while (on.next()) out[on.number(0)].boards.push_back(on.text(1));
  return out;
}

WorkMarks Gallery::marks(const std::string& owner, int64_t job) const {
  const std::lock_guard lock(mutex_);
  Statement row(*db_, "select star, tags from mark where owner = ? and job = ?", owner, job);
  WorkMarks out = row.next() ? marks_of(row, 0, 1) : WorkMarks{};
  Statement on(*db_, "select board from board where owner = ? and job = ? order by board", owner, job);
  while (on.next()) out.boards.push_back(on.text(0));
  return out;
}

void Gallery::mark(const std::string& owner, int64_t job, const WorkMarks& marks) {
  const std::lock_guard lock(mutex_);
  Statement(*db_, "insert or replace into mark (owner, job, star, tags) values (?, ?, ?, ?)", owner, job, int64_t{marks.star}, Json(marks.tags).dump()).next();
  Statement(*db_, "delete from board where owner = ? and job = ?", owner, job).next();
  for (const std::string& board : marks.boards) Statement(*db_, "insert or ignore into board (owner, board, job) values (?, ?, ?)", owner, board, job).next();
}

bool Gallery::rename_board(const std::string& owner, const std::string& board, const std::string& name) {
  const std::lock_guard lock(mutex_);
  Statement known(*db_, "select 1 from board where owner = ? and board = ?", owner, board);
  if (!known.next()) return false;
  if (board == name) return true;
  Statement(*db_, "insert or ignore into board (owner, board, job) select owner, ?, job from board where owner = ? and board = ?", name, owner, board).next();
  Statement(*db_, "delete from board where owner = ? and board = ?", owner, board).next();
  return true;
}

bool Gallery::remove_board(const std::string& owner, const std::string& board) {
  const std::lock_guard lock(mutex_);
  Statement known(*db_, "select 1 from board where owner = ? and board = ?", owner, board);
  if (!known.next()) return false;
  Statement(*db_, "delete from board where owner = ? and board = ?", owner, board).next();
  return true;
}

std::vector<std::vector<float>> Gallery::vectors(const std::vector<std::string>& texts) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::vector<float>> out;
  for (const std::string& text : texts) {
    Statement row(*db_, "select numbers from vector where text = ?", text_id(text));
    out.push_back(row.next() ? row.floats(0) : std::vector<float>());
  }
  return out;
}

void Gallery::keep_vector(const std::string& text, const std::vector<float>& vector) {
  const std::lock_guard lock(mutex_);
  Statement(*db_, "insert or replace into vector (text, numbers) values (?, ?)", text_id(text), vector).next();
}

Result<std::vector<std::string>> read_tags(const std::vector<std::string>& typed, const char* field) {
  std::vector<std::string> out;
  for (const std::string& one : typed) {
    const std::string tag(trimmed(one));
    if (tag.empty() || std::find(out.begin(), out.end(), tag) != out.end()) continue;
    if (tag.size() > Gallery::kMaxTagBytes || invalid_utf8_at(tag) != std::string::npos)
      return fail_field(field, ErrorCode::invalid_argument, "`{}`: texts of at most {} bytes", field, Gallery::kMaxTagBytes);
    out.push_back(tag);
  }
  if (out.size() > Gallery::kMaxTags) return fail_field(field, ErrorCode::invalid_argument, "`{}`: at most {}", field, Gallery::kMaxTags);
  return out;
}

bool has_words(const std::string& text, const std::string& query) {
  const std::string small = lower_case(text), wanted = lower_case(query);
  for (size_t at = 0; at < wanted.size();) {
    const size_t end = std::min(wanted.find(' ', at), wanted.size());
    if (end > at && small.find(wanted.substr(at, end - at)) == std::string::npos) return false;
    at = end + 1;
  }
  return true;
}

float similarity(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() ? std::inner_product(a.begin(), a.end(), b.begin(), 0.0F) : 0;
}

}  // namespace ptah
