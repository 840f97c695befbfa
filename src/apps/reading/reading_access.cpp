#include "apps/reading/reading_access.h"

#include <algorithm>
#include <cmath>

#include "chain/abi.h"

namespace ptah {

namespace {

constexpr size_t kMaxReaders = 1000000, kMaxPeers = 100000;

template <size_t N>
Result<std::array<uint8_t, N>> bytes_at(const Json& json, const char* key) {
  PTAH_TRY(const Bytes bytes, parse_hex(text_at(json, key)));
  if (bytes.size() != N) return fail(ErrorCode::corrupt, "list of readers: '{}' is not {} bytes", key, N);
  std::array<uint8_t, N> out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

}  // namespace

int64_t day_of(double seconds) { return static_cast<int64_t>(std::floor(seconds / 86400)); }

Json reader_list_data(const ReadingTerms& terms, const ReaderList& list) {
  Bytes all;
  all.reserve(list.readers.size() * 20);
  for (const Address& reader : list.readers) all.insert(all.end(), reader.begin(), reader.end());
  return typed_data("Ptah Reading", terms.chain_id, terms.contract, "Readers",
                    {{"article", "bytes32", hex_text(list.article)}, {"readers", "bytes32", hex_text(keccak256(all))}, {"expires", "uint256", list.expires}});
}

Result<ReaderList> sign_reader_list(const ReadingTerms& terms, ReaderList list, const Signer& signer) {
  std::sort(list.readers.begin(), list.readers.end());
  list.readers.erase(std::unique(list.readers.begin(), list.readers.end()), list.readers.end());
  if (list.readers.empty() || list.readers.size() > kMaxReaders)
    return fail(ErrorCode::invalid_argument, "a list of {} readers; between 1 and {} are possible", list.readers.size(), kMaxReaders);
  PTAH_TRY(list.signature, sign_typed_data(reader_list_data(terms, list), signer));
  return list;
}

Json to_json(const ReaderList& list) {
  Json readers = Json::array();
  for (const Address& reader : list.readers) readers.push_back(to_string(reader));
  return {{"format", "ptah readers 1"},
          {"article", hex_text(list.article)},
          {"expires", list.expires},
          {"readers", readers},
          {"signature", hex_text(list.signature)}};
}

Result<ReaderList> reader_list(const Json& json) {
  if (text_at(json, "format") != "ptah readers 1") return fail(ErrorCode::corrupt, "no list of readers");
  ReaderList out;
  try {
    out.expires = value_of<uint64_t>(json.at("expires"));
    const auto texts = value_of<std::vector<std::string>>(json.at("readers"));
    if (texts.size() > kMaxReaders) return fail(ErrorCode::corrupt, "list of readers: more than {}", kMaxReaders);
    for (const std::string& text : texts) {
      PTAH_TRY(const Address reader, parse_address(text));
      if (!out.readers.empty() && !(out.readers.back() < reader)) return fail(ErrorCode::corrupt, "list of readers: {} is out of order", text);
      out.readers.push_back(reader);
    }
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "list of readers: {}", problem.what());
  }
  PTAH_TRY(out.article, bytes_at<32>(json, "article"));
  PTAH_TRY(out.signature, bytes_at<65>(json, "signature"));
  return out;
}

Result<void> ReadingRoom::allow(const ReaderList& list) {
  if (terms_.allow == Address{}) return fail(ErrorCode::invalid_argument, "this article is open to all readers: its terms name nobody who signs a list");
  if (list.article != article_digest_) return fail(ErrorCode::mismatch, "the list of readers is for another article");
  PTAH_TRY(const Bytes32 digest, typed_data_digest(reader_list_data(terms_, list)));
  const auto signer = recover_signer(digest, list.signature);
  if (!signer || *signer != terms_.allow) return fail(ErrorCode::permission, "the list of readers is not signed by {}", to_string(terms_.allow));
  if (static_cast<double>(list.expires) < clock_()) return fail(ErrorCode::invalid_argument, "the list of readers has expired");
  const std::lock_guard lock(mutex_);
  allowed_ = std::set<Address>(list.readers.begin(), list.readers.end());
  allowed_until_ = list.expires;
  return {};
}

Result<void> ReadingRoom::may_begin(const Address& reader, const std::string& peer, double now) {
  if (terms_.allow != Address{} && (!allowed_.contains(reader) || static_cast<double>(allowed_until_) < now))
    return fail(ErrorCode::permission, "{} is not on the list of readers that {} has signed", to_string(reader), to_string(terms_.allow));
  PTAH_TRY_VOID(may_ask(now));  // nobody reads for nothing
  if (peer_daily_ == 0 || peer.empty()) return {};
  if (peer_day_ != day_of(now)) peers_.clear();
  peer_day_ = day_of(now);
  const auto known = peers_.find(peer);
  if (known == peers_.end() && peers_.size() >= kMaxPeers) return fail(ErrorCode::over_budget, "too many readers today; come back tomorrow");
  if (known != peers_.end() && known->second >= peer_daily_)
    return fail(ErrorCode::over_budget, "{} sessions a day may be begun from one network address; come back tomorrow", peer_daily_);
  ++peers_[peer];
  return {};
}

Result<void> ReadingRoom::may_ask(double now) const {
  if (terms_.daily > 0) {
    const auto today = quizzes_of_day_.find(day_of(now));
    if (today != quizzes_of_day_.end() && today->second >= terms_.daily)
      return fail(ErrorCode::over_budget, "{} readers a day are asked, and that many were today; come back tomorrow", terms_.daily);
  }
  if (terms_.rewards > 0) {
    uint64_t open = 0;
    for (const auto& [name, session] : sessions_) open += session.draw && !session.result && session.ends >= now;
    if (passed_ + open >= terms_.rewards)
      return fail(ErrorCode::invalid_argument, "what was set aside for this article is spent or promised; it is closed for new readers");
  }
  return {};
}

}  // namespace ptah
