#include "apps/reading/reading.h"

#include <algorithm>
#include <chrono>

#include "apps/reading/reading_access.h"
#include "base/file.h"
#include "base/sha256.h"
#include "chain/abi.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxSessions = 200000;

std::string random_name() {
  Bytes32 bytes{};
  fill_random(bytes);
  return hex(std::span(bytes).first(16));
}

size_t words_in(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n'; })) + 1;
}

/// What the questions are committed to: keccak256 of the salt and the canonical JSON of all items with their answers.
Result<Bytes32> commitment_of(const Json& items, const std::string& salt) {
  PTAH_TRY(const std::string text, canonical_json(Json{{"items", items}, {"salt", salt}}));
  return keccak256(text);
}

Json to_json(const QuizDraw& draw) {
  Json orders = Json::array();
  for (const auto& order : draw.orders) orders.push_back(std::vector<int>(order.begin(), order.end()));
  return {{"items", draw.items}, {"orders", orders}};
}

Result<QuizDraw> quiz_draw(const Json& json, size_t items) {
  QuizDraw out;
  try {
    out.items = json.at("items").get<std::vector<uint32_t>>();
    for (const Json& row : json.at("orders")) {
      const auto order = row.get<std::vector<uint8_t>>();
      if (order.size() != kOptions) return fail(ErrorCode::corrupt, "log: an order of {} options", order.size());
      out.orders.emplace_back();
      std::copy(order.begin(), order.end(), out.orders.back().begin());
    }
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "log: {}", problem.what());
  }
  if (out.items.size() != out.orders.size() || std::any_of(out.items.begin(), out.items.end(), [&](uint32_t i) { return i >= items; }))
    return fail(ErrorCode::corrupt, "log: questions that are not in the bank");
  return out;
}

/// Compares without telling by its time where they differ.
bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  int different = 0;
  for (size_t i = 0; i < a.size(); ++i) different |= a[i] ^ b[i];
  return different == 0;
}

}  // namespace

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, ReadingTerms>
void fields(C& c, const Visit& visit) {  // all but addresses, which are texts in JSON
  visit("chain", c.chain_id);
  visit("reward", c.reward);
  visit("asked", c.asked);
  visit("needed", c.needed);
  visit("exposures", c.exposures);
  visit("words_a_second", c.words_a_second);
  visit("quiz_seconds", c.quiz_seconds);
  visit("session_seconds", c.session_seconds);
  visit("voucher_days", c.voucher_days);
  visit("section_seconds", c.section_seconds, Later());
  visit("rewards", c.rewards, Later());
  visit("daily", c.daily, Later());
}

Json to_json(const ReadingTerms& terms) {
  Json out = json_of_fields(terms);
  out["contract"] = to_string(terms.contract);
  if (terms.allow != Address{}) out["allow"] = to_string(terms.allow);
  return out;
}

Result<ReadingTerms> reading_terms(const Json& json) {
  PTAH_TRY(ReadingTerms t, fields_from_json<ReadingTerms>(json, "terms"));
  PTAH_TRY(t.contract, parse_address(text_at(json, "contract")));
  if (json.contains("allow")) {
    PTAH_TRY(t.allow, parse_address(text_at(json, "allow")));
  }
  if (t.asked < 1 || t.asked > 100 || t.needed < 1 || t.needed > t.asked || t.exposures < 1 || !(t.words_a_second > 0) || t.voucher_days > 3650 ||
      t.section_seconds > 3600)
    return fail(ErrorCode::corrupt, "terms out of their ranges");
  PTAH_TRY_VOID(parse_uint256(std::string_view(t.reward)));
  return t;
}

Result<void> check_publication(const std::vector<QuizItem>& items, const ReadingTerms& terms, const fs::path& folder) {
  if (items.size() < 4 * terms.asked)
    return fail(ErrorCode::invalid_argument,
                "the article gives {} questions that bots do not answer; {} are needed for sessions of {}. A longer text gives more, and one that tells who "
                "did what, when, "
                "how much and why, in sentences that are understood alone",
                items.size(), 4 * terms.asked, terms.asked);
  std::error_code problem;
  PTAH_TRY_VOID(make_folders(folder));
  if (fs::exists(folder / "article.json", problem)) return fail(ErrorCode::invalid_argument, "{} holds an article already", folder.string());
  return {};
}

Result<Json> publish_article(const Article& article, const std::vector<QuizItem>& items, const ReadingTerms& terms, const fs::path& folder) {
  PTAH_TRY_VOID(check_publication(items, terms, folder));
  PTAH_TRY(const FolderLock lock, FolderLock::take(folder));  // the questions and the article belong together
  PTAH_TRY_VOID(check_publication(items, terms, folder));
  const std::string salt = random_name();
  Json all = Json::array();
  for (const QuizItem& item : items) all.push_back(to_json(item));
  PTAH_TRY(const Bytes32 commitment, commitment_of(all, salt));
  PTAH_TRY(const Bytes32 digest, article_digest(article));
  const Json open{{"format", "ptah article 1"},         {"title", article.title},  {"sections", article.sections}, {"article", hex_text(digest)},
                  {"commitment", hex_text(commitment)}, {"terms", to_json(terms)}, {"questions", items.size()}};
  const std::string bank = Json{{"format", "ptah questions 1"}, {"salt", salt}, {"items", all}}.dump(1);
  PTAH_TRY_VOID(write_file(folder / "bank.json", {as_bytes(bank)}, 0600));
  PTAH_TRY_VOID(write_new_file(folder / "article.json", std::string_view(open.dump(1) + "\n")));
  return open;
}

Result<Bytes32> article_digest(const Article& article) {
  PTAH_TRY(const std::string text, canonical_json(Json{{"title", article.title}, {"sections", article.sections}}));
  const Digest digest = sha256(as_bytes(text));
  Bytes32 out;
  std::copy(digest.begin(), digest.end(), out.begin());
  return out;
}

Json login_data(const ReadingTerms& terms, const Address& reader, const Bytes32& article, const Bytes32& nonce, uint64_t expires) {
  return typed_data("Ptah Reading", terms.chain_id, terms.contract, "Login",
                    {{"reader", "address", to_string(reader)},
                     {"article", "bytes32", hex_text(article)},
                     {"nonce", "bytes32", hex_text(nonce)},
                     {"expires", "uint256", expires}});
}

Json reward_voucher_data(const ReadingTerms& terms, const Address& reader, const Address& to, const std::string& total, uint64_t deadline) {
  return typed_data(
      "Ptah ReadRewards", terms.chain_id, terms.contract, "Voucher",
      {{"reader", "address", to_string(reader)}, {"to", "address", to_string(to)}, {"total", "uint256", total}, {"deadline", "uint256", deadline}});
}

SecretRandom::SecretRandom() { fill_random(seed_); }

uint32_t SecretRandom::below(uint32_t bound) {
  if (used_ == 32) {
    std::array<uint8_t, 40> in{};
    std::copy(seed_.begin(), seed_.end(), in.begin());
    for (size_t i = 0; i < 8; ++i) in[32 + i] = static_cast<uint8_t>(counter_ >> (8 * i));
    ++counter_;
    block_ = sha256(in);
    used_ = 0;
  }
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | block_[used_++];
  return static_cast<uint32_t>((uint64_t{value} * bound) >> 32);
}

std::optional<QuizDraw> draw_quiz(std::vector<uint32_t>& exposures, uint64_t count, uint64_t cap, SecretRandom& random) {
  QuizDraw out;
  std::vector<uint32_t> level;
  for (uint32_t seen = 0; seen < cap && out.items.size() < count; ++seen) {
    level.clear();
    for (uint32_t i = 0; i < exposures.size(); ++i)
      if (exposures[i] == seen) level.push_back(i);
    while (!level.empty() && out.items.size() < count) {
      const uint32_t pick = random.below(static_cast<uint32_t>(level.size()));
      out.items.push_back(level[pick]);
      level[pick] = level.back();
      level.pop_back();
    }
  }
  if (out.items.size() < count) return std::nullopt;
  for (const uint32_t item : out.items) {
    ++exposures[item];
    std::array<uint8_t, kOptions> order{0, 1, 2, 3, 4};
    for (uint32_t i = kOptions; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    out.orders.push_back(order);
  }
  return out;
}

size_t right_answers(const QuizDraw& draw, const std::vector<int>& answers) {
  size_t right = 0;
  for (size_t i = 0; i < draw.orders.size() && i < answers.size(); ++i)
    right += answers[i] >= 0 && answers[i] < static_cast<int>(kOptions) && draw.orders[i][static_cast<size_t>(answers[i])] == 0;
  return right;
}

Result<std::unique_ptr<ReadingRoom>> ReadingRoom::open(const fs::path& folder, const Signer& signer, Clock clock) {
  std::unique_ptr<ReadingRoom> room(new ReadingRoom);
  ReadingRoom& r = *room;
  r.signer_ = &signer;
  r.clock_ = clock ? std::move(clock) : [] { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); };
  PTAH_TRY(const std::string open_text, read_text(folder / "article.json"));
  PTAH_TRY(r.published_, parse_json(open_text));
  PTAH_TRY(const std::string bank_text, read_text(folder / "bank.json"));
  PTAH_TRY(const Json bank, parse_json(bank_text));
  if (text_at(r.published_, "format") != "ptah article 1" || text_at(bank, "format") != "ptah questions 1")
    return fail(ErrorCode::corrupt, "{}: not a published article", folder.string());
  try {
    r.article_.title = r.published_.at("title").get<std::string>();
    r.article_.sections = r.published_.at("sections").get<std::vector<std::string>>();
    for (const Json& item : bank.at("items")) {
      PTAH_TRY(QuizItem one, quiz_item(item));
      r.items_.push_back(std::move(one));
    }
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "{}: {}", folder.string(), problem.what());
  }
  PTAH_TRY(r.terms_, reading_terms(r.published_.value("terms", Json())));
  PTAH_TRY(r.reward_, parse_uint256(std::string_view(r.terms_.reward)));
  PTAH_TRY(r.article_digest_, article_digest(r.article_));
  PTAH_TRY(const Bytes32 commitment, commitment_of(bank["items"], text_at(bank, "salt")));
  if (hex_text(commitment) != text_at(r.published_, "commitment") || hex_text(r.article_digest_) != text_at(r.published_, "article"))
    return fail(ErrorCode::mismatch, "{}: article or questions are not those that were published", folder.string());
  r.exposures_.assign(r.items_.size(), 0);
  std::vector<Json> records;
  PTAH_TRY(r.log_, DurableLog::open(folder / "log", records));               // first: it keeps other processes out
  if (std::error_code problem; fs::exists(folder / "token.key", problem)) {  // tokens outlast a restart
    PTAH_TRY(const Bytes kept, read_file(folder / "token.key", 64));
    if (kept.size() != r.token_key_.size()) return fail(ErrorCode::corrupt, "{}: token.key is not 32 bytes", folder.string());
    std::copy(kept.begin(), kept.end(), r.token_key_.begin());
  } else {
    fill_random(r.token_key_);
    PTAH_TRY_VOID(write_file(folder / "token.key", {std::span<const uint8_t>(r.token_key_)}, 0600));
  }
  for (const Json& record : records) PTAH_TRY_VOID(r.take_in(record));
  return room;
}

Result<void> ReadingRoom::take_in(const Json& record) {
  const std::string kind = text_at(record, "kind"), session = text_at(record, "session");
  PTAH_TRY(const Address reader, parse_address(text_at(record, "reader")));
  if (kind == "quiz") {
    Session s;
    s.reader = reader;
    s.next = article_.sections.size();
    PTAH_TRY(s.draw, quiz_draw(record, items_.size()));
    s.ends = record.value("ends", 0.0);
    for (const uint32_t item : s.draw->items) ++exposures_[item];
    ++quizzes_of_day_[day_of(s.ends - static_cast<double>(terms_.quiz_seconds))];
    readers_[reader] = session;
    s.safe = true;
    sessions_[session] = std::move(s);
  } else if (kind == "result") {
    const bool passed = record.value("passed", false);
    ++(passed ? passed_ : failed_);
    readers_[reader] = session;
    Json result{{"right", record.value("right", 0)}, {"passed", passed}};
    sessions_[session].reader = reader;
    sessions_[session].result = result;
    sessions_[session].safe = true;
    if (passed) {
      PTAH_TRY(const Uint256 total, parse_uint256(std::string_view(text_at(record, "total"))));
      earned_[reader] = {total, record.value("deadline", uint64_t{0})};
    }
  } else {
    return fail(ErrorCode::corrupt, "log: a record of the kind '{}'", kind);
  }
  return {};
}

std::string ReadingRoom::token_of(const std::string& session, size_t step) const {
  Bytes all(token_key_.begin(), token_key_.end());
  const std::string text = fmt::format("{} {}", session, step);
  all.insert(all.end(), text.begin(), text.end());
  // The key stands first and has a fixed length, and only Keccak, which cannot be lengthened, sees it.
  const Bytes32 hash = keccak256(all);
  return hex(std::span(hash).first(16));
}

Json ReadingRoom::about() const {
  Json out = published_;
  out["sections"] = article_.sections.size();
  return out;
}

Result<Json> ReadingRoom::nonce() {
  const double now = clock_();
  const std::lock_guard lock(mutex_);
  return Json{{"nonce", hex_text(nonces_.give(now))}, {"expires", static_cast<uint64_t>(now + nonces_.seconds())}};
}

Result<Json> ReadingRoom::begin(const Address& reader, const Bytes32& nonce, uint64_t expires, const Signature& login, const std::string& peer) {
  const double now = clock_();
  PTAH_TRY(const Bytes32 digest, typed_data_digest(login_data(terms_, reader, article_digest_, nonce, expires)));
  const auto signer = recover_signer(digest, login);
  if (!signer || *signer != reader) return fail(ErrorCode::permission, "the login is not signed by {}", to_string(reader));
  const std::lock_guard lock(mutex_);
  if (static_cast<double>(expires) < now || !nonces_.take(nonce, now)) return fail(ErrorCode::permission, "this login was used already, or is too old");
  PTAH_TRY_VOID(may_begin(reader, peer, now));
  if (const auto before = readers_.find(reader); before != readers_.end()) {
    const Session& old = sessions_[before->second];
    if (old.draw || old.result) return fail(ErrorCode::invalid_argument, "{} has read this article already", to_string(reader));
    sessions_.erase(before->second);  // begun, but never got to the questions
  }
  if (sessions_.size() >= kMaxSessions)
    std::erase_if(sessions_, [&](const auto& entry) { return !entry.second.draw && !entry.second.result && entry.second.ends < now; });
  if (sessions_.size() >= kMaxSessions) return fail(ErrorCode::over_budget, "too many readers at once");
  const std::string name = random_name();
  Session s;
  s.reader = reader;
  s.ends = now + static_cast<double>(terms_.session_seconds);
  s.not_before = now;
  sessions_[name] = std::move(s);
  readers_[reader] = name;
  return Json{{"session", name}, {"token", token_of(name, 0)}, {"sections", article_.sections.size()}};
}

Result<Json> ReadingRoom::section(const std::string& session, size_t index, const std::string& token) {
  const double now = clock_();
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || !same(token, token_of(session, index))) return fail(ErrorCode::permission, "no such session, or a wrong token");
  Session& s = found->second;
  if (index >= article_.sections.size() || index > s.next) return fail(ErrorCode::invalid_argument, "the article has {} sections", article_.sections.size());
  if (now > s.ends) return fail(ErrorCode::invalid_argument, "the session is over");
  const std::string& text = article_.sections[index];
  if (index == s.next) {  // for the first time: the one before took as long as reading takes
    if (now < s.not_before) return fail(ErrorCode::invalid_argument, "too soon: {:.0f} seconds more for this section", s.not_before - now);
    ++s.next;
    s.not_before = now + std::max(static_cast<double>(words_in(text)) / terms_.words_a_second, static_cast<double>(terms_.section_seconds));
  }
  return Json{{"text", text},
              {"token", token_of(session, index + 1)},
              {"last", index + 1 == article_.sections.size()},
              {"seconds", index + 1 == s.next ? std::max(0.0, s.not_before - now) : 0.0}};
}

Json ReadingRoom::shown_quiz(const Session& s) const {
  Json questions = Json::array();
  for (size_t i = 0; i < s.draw->items.size(); ++i) {
    const QuizItem& item = items_[s.draw->items[i]];
    Json options = Json::array();
    for (const uint8_t place : s.draw->orders[i]) options.push_back(item.options[place]);
    questions.push_back({{"question", item.question}, {"options", options}});
  }
  return {{"questions", questions}, {"seconds", std::max(0.0, s.ends - clock_())}, {"needed", terms_.needed}};
}

Result<Json> ReadingRoom::quiz(const std::string& session, const std::string& token) {
  const double now = clock_();
  Json record;
  double ends_before = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end() || !same(token, token_of(session, article_.sections.size())))
      return fail(ErrorCode::permission, "no such session, or a wrong token");
    Session& s = found->second;
    if (s.result) return fail(ErrorCode::invalid_argument, "this quiz was answered already");
    if (s.draw && !s.safe) return fail(ErrorCode::io, "being written; ask again");
    if (s.draw) return shown_quiz(s);
    if (s.next < article_.sections.size()) return fail(ErrorCode::invalid_argument, "section {} comes first", s.next);
    if (now > s.ends) return fail(ErrorCode::invalid_argument, "the session is over");
    if (now < s.not_before) return fail(ErrorCode::invalid_argument, "too soon: {:.0f} seconds more for the last section", s.not_before - now);
    PTAH_TRY_VOID(may_ask(now));
    s.draw = draw_quiz(exposures_, terms_.asked, terms_.exposures, random_);
    if (!s.draw) return fail(ErrorCode::invalid_argument, "all questions of this article were asked; it is closed for new readers");
    ends_before = s.ends;
    s.ends = now + static_cast<double>(terms_.quiz_seconds);
    ++quizzes_of_day_[day_of(now)];
    record = to_json(*s.draw);
    record["kind"] = "quiz";
    record["session"] = session;
    record["reader"] = to_string(s.reader);
    record["ends"] = s.ends;
  }
  const auto kept = log_->append(record);  // nobody sees questions that a crash would forget
  const std::lock_guard lock(mutex_);
  Session& s = sessions_.at(session);
  if (!kept) {  // nobody saw these: the reader may ask again once the log can be written
    for (const uint32_t item : s.draw->items) --exposures_[item];
    s.draw.reset();
    s.ends = ends_before;
    --quizzes_of_day_[day_of(now)];
    return tl::unexpected(kept.error());
  }
  s.safe = true;
  return shown_quiz(s);
}

Result<Json> ReadingRoom::signed_voucher(const Address& reader, const Earned& earned) const {
  const std::string total = to_decimal(earned.total);
  PTAH_TRY(const Signature signature, sign_typed_data(reward_voucher_data(terms_, reader, reader, total, earned.deadline), *signer_));
  return Json{{"format", "ptah reward 1"},   {"chain", terms_.chain_id},        {"contract", to_string(terms_.contract)},
              {"reader", to_string(reader)}, {"to", to_string(reader)},         {"total", total},
              {"deadline", earned.deadline}, {"signature", hex_text(signature)}};
}

Result<Json> ReadingRoom::answer(const std::string& session, const std::vector<int>& answers) {
  const double now = clock_();
  Json record;
  Address reader{};
  Earned will;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end() || (!found->second.draw && !found->second.result))
      return fail(ErrorCode::invalid_argument, "no such session, or it got no questions yet");
    Session& s = found->second;
    reader = s.reader;
    if (!s.safe) return fail(ErrorCode::io, "being written; ask again");
    if (!s.unsaved.is_null()) {
      record = std::exchange(s.unsaved, Json());
      s.safe = false;
      if (record["passed"].get<bool>()) {
        PTAH_TRY(will.total, parse_uint256(std::string_view(text_at(record, "total"))));
        will.deadline = record["deadline"];
      }
    } else if (!s.result) {
      if (answers.size() != s.draw->items.size()) return fail(ErrorCode::invalid_argument, "{} answers to {} questions", answers.size(), s.draw->items.size());
      const bool late = now > s.ends;
      const size_t right = late ? 0 : right_answers(*s.draw, answers);
      const bool passed = right >= terms_.needed;
      s.result = Json{{"right", right}, {"passed", passed}, {"late", late}};
      s.safe = false;
      record = {{"kind", "result"}, {"session", session}, {"reader", to_string(reader)}, {"right", right}, {"passed", passed}};
      if (passed) {  // counts once it is in the log
        const auto before = earned_.find(reader);
        will = {add(before == earned_.end() ? Uint256{} : before->second.total, reward_), static_cast<uint64_t>(now) + terms_.voucher_days * 86400};
        record["total"] = to_decimal(will.total);
        record["deadline"] = will.deadline;
      }
    }
  }
  if (!record.is_null()) {  // before any signature leaves
    if (const auto kept = log_->append(record); !kept) {
      const std::lock_guard lock(mutex_);
      sessions_.at(session).unsaved = record;  // what was answered stays; asking again writes it
      sessions_.at(session).safe = true;
      return tl::unexpected(kept.error());
    }
  }
  Json out;
  Earned earned;
  {
    const std::lock_guard lock(mutex_);
    sessions_.at(session).safe = true;
    out = *sessions_.at(session).result;
    if (!record.is_null()) {
      const bool passed = out["passed"].get<bool>();
      ++(passed ? passed_ : failed_);
      if (passed) earned_[reader] = will;
    }
    if (out["passed"].get<bool>()) earned = earned_.at(reader);
  }
  if (out["passed"].get<bool>()) {
    PTAH_TRY(out["voucher"], signed_voucher(reader, earned));
  }
  return out;
}

Result<Json> ReadingRoom::award(const Address& reader, const std::string& session) {
  {
    const std::lock_guard lock(mutex_);
    Session s;
    s.reader = reader;
    s.next = article_.sections.size();
    s.ends = clock_() + 60;
    s.safe = true;
    s.draw = QuizDraw{};
    for (uint64_t i = 0; i < terms_.asked; ++i) {
      s.draw->items.push_back(static_cast<uint32_t>(i));
      s.draw->orders.push_back({0, 1, 2, 3, 4});
    }
    sessions_[session] = std::move(s);
  }
  return answer(session, std::vector<int>(terms_.asked, 0));
}

Result<Json> ReadingRoom::voucher(const Address& reader) const {
  Earned earned;
  {
    const std::lock_guard lock(mutex_);
    const auto found = earned_.find(reader);
    if (found == earned_.end()) return fail(ErrorCode::not_found, "{} earned nothing here", to_string(reader));
    earned = found->second;
  }
  return signed_voucher(reader, earned);
}

Json ReadingRoom::counts() const {
  const std::lock_guard lock(mutex_);
  uint64_t left = 0;
  for (const uint32_t seen : exposures_) left += terms_.exposures - std::min<uint64_t>(seen, terms_.exposures);
  left /= terms_.asked;
  if (terms_.rewards > 0) left = std::min(left, terms_.rewards - std::min(terms_.rewards, passed_));
  return {{"passed", passed_}, {"failed", failed_}, {"sessions", sessions_.size()}, {"readers_left", left}};
}

}  // namespace ptah
