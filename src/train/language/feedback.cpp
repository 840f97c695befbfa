#include "train/language/feedback.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/file.h"
#include "base/json_lines.h"
#include "base/sha256.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxFeedbackBytes = size_t{256} << 20;
constexpr unsigned kHeldOutOf256 = 51;  ///< about one in five

bool is_text_or_messages(const Json& value) {
  if (value.is_string()) return true;
  if (!value.is_array() || value.empty()) return false;
  return std::all_of(value.begin(), value.end(), [](const Json& message) {
    return message.is_object() && message.contains("role") && message["role"].is_string() && message.contains("content") && message["content"].is_string();
  });
}

Result<FeedbackRow> feedback_row(const Json& given) {
  FeedbackRow out;
  out.row = Json::object();
  const bool pair = given.is_object() && given.contains("chosen");
  for (const char* name : {"prompt", pair ? "chosen" : "completion", pair ? "rejected" : "label"}) {
    if (!given.is_object() || !given.contains(name))
      return fail(ErrorCode::corrupt, "no '{}'; a row has prompt, chosen and rejected, or prompt, completion and label", name);
    const bool good = std::string_view(name) == "label" ? given[name].is_boolean() : is_text_or_messages(given[name]);
    if (!good) return fail(ErrorCode::corrupt, "'{}' is no {}", name, std::string_view(name) == "label" ? "true or false" : "text or list of messages");
    out.row[name] = given[name];
  }
  PTAH_TRY(const std::string text, canonical_json(out.row));
  out.digest = sha256_hex(as_bytes(text));
  return out;
}

/// A thumb of Open WebUI as a row; nothing if it says nothing.
Json row_of_open_webui(const Json& feedback) {
  try {
    const Json& rating = feedback.at("data").at("rating");
    const int thumb = rating.is_number() ? rating.get<int>() : rating.is_string() ? std::atoi(rating.get<std::string>().c_str()) : 0;
    if (thumb == 0) return {};
    const std::string wanted = feedback.at("meta").at("message_id").get<std::string>();
    const Json& messages = feedback.at("snapshot").at("chat").at("chat").at("history").at("messages");
    Json prompt = Json::array();
    std::string at = wanted;
    const std::string answer = messages.at(at).at("content").get<std::string>();
    for (int depth = 0; depth < 10000; ++depth) {  // up to the conversation's beginning
      const Json parent = messages.at(at).value("parentId", Json());
      if (!parent.is_string()) break;
      at = parent.get<std::string>();
      const Json message = {{"role", messages.at(at).at("role")}, {"content", messages.at(at).at("content")}};
      prompt.insert(prompt.begin(), message);
    }
    Json completion = Json::array();
    completion.push_back({{"role", "assistant"}, {"content", answer}});
    return {{"prompt", prompt}, {"completion", completion}, {"label", thumb > 0}};
  } catch (const Json::exception&) {
    return {};
  }
}

}  // namespace

bool FeedbackRow::held_out() const {
  const std::string prompt = row["prompt"].dump();
  return sha256(as_bytes(prompt))[0] < kHeldOutOf256;
}

Result<std::vector<FeedbackRow>> read_feedback(const std::filesystem::path& file) {
  PTAH_TRY(const std::string raw, read_text(file, kMaxFeedbackBytes));
  const std::string text = plain_text(raw);
  std::vector<FeedbackRow> out;
  std::set<std::string> known;
  const auto take = [&](const Json& json, const std::string& where) -> Result<void> {
    auto row = feedback_row(json);
    if (!row) return fail(row.error().code, "{}: {}", where, row.error().message);
    if (known.insert(row->digest).second) out.push_back(std::move(*row));
    return {};
  };
  if (trimmed(text).starts_with("[")) {
    PTAH_TRY(const Json list, parse_json(text));
    for (const Json& one : list)
      if (const Json row = row_of_open_webui(one); !row.is_null()) PTAH_TRY_VOID(take(row, file.string()));
  } else {
    PTAH_TRY_VOID(each_json_line(text, file.string(), take));
  }
  if (out.empty()) return fail(ErrorCode::corrupt, "{}: no feedback in it", file.string());
  return out;
}

std::string merkle_root(const std::vector<FeedbackRow>& rows) {
  constexpr uint8_t kLeaf[] = {0}, kNode[] = {1};
  std::vector<Digest> level;
  for (const FeedbackRow& row : rows) level.push_back(sha256_of_parts({kLeaf, as_bytes(row.digest)}));
  if (level.empty()) return sha256_hex({});
  const auto root = [&](const auto& self, size_t begin, size_t end) -> Digest {
    if (end - begin == 1) return level[begin];
    size_t left = 1;  // the largest power of two below the count
    while (left * 2 < end - begin) left *= 2;
    const Digest a = self(self, begin, begin + left), b = self(self, begin + left, end);
    return sha256_of_parts({kNode, a, b});
  };
  return hex(root(root, 0, level.size()));
}

double sign_test(int64_t wins, int64_t losses) {
  const int64_t n = wins + losses;
  double sum = 0;
  for (int64_t k = wins; k <= n; ++k)
    sum += std::exp(std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) - std::lgamma(static_cast<double>(n - k) + 1) -
                    static_cast<double>(n) * std::log(2.0));
  return std::min(1.0, sum);
}

}  // namespace ptah
