// Proof of read: an article, questions about it, and vouchers for those who answer them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

#include "apps/reading/durable_log.h"
#include "apps/reading/login_nonces.h"
#include "apps/reading/quiz.h"
#include "chain/encoding.h"
#include "own/keys.h"

namespace ptah {

struct ReadingTerms {
  uint64_t chain_id = 0;
  Address contract{};        ///< ReadRewards
  std::string reward = "0";  ///< of the token's smallest unit, for a reader who passes
  uint64_t asked = 8, needed = 7;
  uint64_t exposures = 2;     ///< an item is asked so often, then no more
  double words_a_second = 6;  ///< a section is not left sooner than this allows
  uint64_t quiz_seconds = 600, session_seconds = 7200, voucher_days = 180;
  // Later than the first published articles, which lack them: 0 is no limit.
  uint64_t section_seconds = 0;  ///< no section takes less
  uint64_t rewards = 0;          ///< so many the budget on the chain pays; no quiz is shown beyond
  uint64_t daily = 0;            ///< quizzes shown in a day (UTC)
  Address allow{};               ///< who signs the list of readers (apps/reading/reading_access.h); zero: open to all
};
Json to_json(const ReadingTerms& terms);
Result<ReadingTerms> reading_terms(const Json& json);

/// What is published: FOLDER/article.json (open to all: article, terms, commitment to the questions) and FOLDER/bank.json (questions and salt, the publisher's
/// only). Whether it could be, without writing anything. Errors: invalid_argument (too few questions: `asked` · 4 at least; the folder holds an article).
Result<void> check_publication(const std::vector<QuizItem>& items, const ReadingTerms& terms, const std::filesystem::path& folder);
/// The same checks, then the files. Errors: as check_publication; io.
Result<Json> publish_article(const Article& article, const std::vector<QuizItem>& items, const ReadingTerms& terms, const std::filesystem::path& folder);

/// SHA-256 over the canonical JSON (RFC 8785) of {title, sections}: what a published article is called by.
Result<Bytes32> article_digest(const Article& article);
/// The typed data that a reader signs to come in.
Json login_data(const ReadingTerms& terms, const Address& reader, const Bytes32& article, const Bytes32& nonce, uint64_t expires);
/// The typed data of a voucher, as contracts/src/ReadRewards.sol takes it.
Json reward_voucher_data(const ReadingTerms& terms, const Address& reader, const Address& to, const std::string& total, uint64_t deadline);

/// Which items a session gets and in which order their options are shown.
struct QuizDraw {
  std::vector<uint32_t> items;
  std::vector<std::array<uint8_t, kOptions>> orders;
};
/// The least exposed first, among equals by chance; none if fewer than `count` are left below the cap.
std::optional<QuizDraw> draw_quiz(std::vector<uint32_t>& exposures, uint64_t count, uint64_t cap, class SecretRandom& random);
/// How many of the answers (places of options as shown) are right.
size_t right_answers(const QuizDraw& draw, const std::vector<int>& answers);

/// Numbers that nobody can predict: SHA-256 over a secret and a counter.
class SecretRandom {
 public:
  SecretRandom();
  /// For tests.
  explicit SecretRandom(const Bytes32& seed) : seed_(seed) {}
  uint32_t below(uint32_t bound);

 private:
  Bytes32 seed_{}, block_{};
  uint64_t counter_ = 0;
  size_t used_ = 32;
};

/// Sessions: nonce → login → sections one after the other → quiz → answers, once. What decides over money (who was asked what, who passed) is in the log before
/// an answer leaves, so that a crash neither loses nor doubles a voucher, and nobody sees questions twice. All calls may come from many threads.
class ReadingRoom {
 public:
  using Clock = std::function<double()>;  ///< seconds since 1970
  /// Errors: corrupt, io; mismatch if the questions are not those the article is committed to.
  static Result<std::unique_ptr<ReadingRoom>> open(const std::filesystem::path& folder, const Signer& signer, Clock clock = {});

  /// Who may read. Errors: permission (signed by another key than the terms name), mismatch (of another article or contract), invalid_argument (expired).
  Result<void> allow(const struct ReaderList& list);
  /// Sessions that one network address may begin in a day (UTC); 0: no limit.
  void limit_peers(uint64_t sessions_a_day) { peer_daily_ = sessions_a_day; }

  /// Open to all: title, number of sections, terms, commitment.
  Json about() const;
  /// A number to sign in the login, good for five minutes. However many are asked for, they do not run out.
  Result<Json> nonce();
  /// → {session, token}. `peer` is the network address that asks. Errors: permission (not signed by the reader; not on the list; a nonce used or too old),
  /// invalid_argument (read already; no questions left), over_budget (too many from one peer).
  Result<Json> begin(const Address& reader, const Bytes32& nonce, uint64_t expires, const Signature& login, const std::string& peer = "");
  /// → {text, token of the next}. Errors: permission (a wrong token), invalid_argument (too soon).
  Result<Json> section(const std::string& session, size_t index, const std::string& token);
  /// → {questions: [{question, options}], seconds}. The same again if asked again.
  Result<Json> quiz(const std::string& session, const std::string& token);
  /// → {right, passed, voucher}. One try; the same answer again if asked again. Errors: invalid_argument (no quiz, too late, not that many answers).
  Result<Json> answer(const std::string& session, const std::vector<int>& answers);
  /// What a reader earned so far, signed again. Errors: not_found.
  Result<Json> voucher(const Address& reader) const;

  /// Counts: sessions, passed, failed, readers the questions are left for.
  Json counts() const;
  /// For measuring: a voucher for a reader who passed, by the same way as answer().
  Result<Json> award(const Address& reader, const std::string& session);

 private:
  struct Session {
    Address reader{};
    size_t next = 0;  ///< the section that comes next
    double not_before = 0, ends = 0;
    std::optional<QuizDraw> draw;
    std::optional<Json> result;
    Json unsaved;       ///< the record of a result that could not be written
    bool safe = false;  ///< what was drawn or decided last is in the log
  };
  struct Earned {
    Uint256 total{};
    uint64_t deadline = 0;
  };
  ReadingRoom() = default;
  Result<void> may_begin(const Address& reader, const std::string& peer, double now);
  Result<void> may_ask(double now) const;
  std::string token_of(const std::string& session, size_t step) const;
  Result<void> take_in(const Json& record);
  Result<Json> signed_voucher(const Address& reader, const Earned& earned) const;
  Json shown_quiz(const Session& session) const;

  Json published_;
  Article article_;
  ReadingTerms terms_;
  Bytes32 article_digest_{};
  Uint256 reward_{};
  std::vector<QuizItem> items_;
  const Signer* signer_ = nullptr;
  Clock clock_;
  Bytes32 token_key_{};
  std::unique_ptr<DurableLog> log_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Session> sessions_;
  LoginNonces nonces_;
  std::map<Address, std::string> readers_;  ///< who has begun, and their session; who saw the questions stays here
  std::map<Address, Earned> earned_;
  std::vector<uint32_t> exposures_;
  SecretRandom random_;
  uint64_t passed_ = 0, failed_ = 0;
  std::map<int64_t, uint64_t> quizzes_of_day_;
  std::set<Address> allowed_;
  uint64_t allowed_until_ = 0, peer_daily_ = 0;
  int64_t peer_day_ = 0;
  std::unordered_map<std::string, uint64_t> peers_;  ///< of peer_day_
};

}  // namespace ptah
