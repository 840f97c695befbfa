#include "apps/companion/feedback_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/json.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

OrderedJson as_messages(std::span<const ChatMessage> messages) {
  OrderedJson out = OrderedJson::array();
  for (const ChatMessage& message : messages) out.push_back({{"role", message.role}, {"content", message.content}});
  return out;
}

/// What was said before the last answer.
Result<OrderedJson> prompt_before(const std::vector<ChatMessage>& messages) {
  if (messages.size() < 2 || messages.back().role != "assistant") return fail(ErrorCode::invalid_argument, "there is no answer yet to judge");
  return as_messages(std::span(messages).first(messages.size() - 1));
}

OrderedJson as_answer(const std::string& text) { return OrderedJson::array({{{"role", "assistant"}, {"content", text}}}); }

}  // namespace

Result<fs::path> FeedbackLog::usual_path() {
  if (const std::string own = environment("PTAH_DATA"); !own.empty()) return fs::path(own) / "feedback.jsonl";
  if (const auto folder = user_data_folder(); !folder.empty()) return folder / "feedback.jsonl";
  return fail(ErrorCode::not_found, "neither PTAH_DATA nor HOME is set, so there is no place for feedback");
}

Result<void> FeedbackLog::thumb(const std::vector<ChatMessage>& messages, bool liked) const {
  PTAH_TRY(const OrderedJson prompt, prompt_before(messages));
  return add(OrderedJson{{"prompt", prompt}, {"completion", as_answer(messages.back().content)}, {"label", liked}}.dump());
}

Result<void> FeedbackLog::better(const std::vector<ChatMessage>& messages, const std::string& chosen, const std::string& rejected) const {
  PTAH_TRY(const OrderedJson prompt, prompt_before(messages));
  if (chosen.empty() || rejected.empty() || chosen == rejected) return fail(ErrorCode::invalid_argument, "two different answers are compared");
  return add(OrderedJson{{"prompt", prompt}, {"chosen", as_answer(chosen)}, {"rejected", as_answer(rejected)}}.dump());
}

/// One write at the file's end, so that two programs do not mix their lines.
Result<void> FeedbackLog::add(const std::string& line) const {
  if (!file_.parent_path().empty()) PTAH_TRY_VOID(make_folders(file_.parent_path()));
  const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorCode::io, "{}: {}", file_.string(), std::strerror(errno));
  const std::string whole = line + "\n";
  const ssize_t written = ::write(file, whole.data(), whole.size());
  const int problem = errno;
  ::close(file);
  if (written != static_cast<ssize_t>(whole.size()))
    return fail(ErrorCode::io, "{}: {}", file_.string(), written < 0 ? std::strerror(problem) : "only a part was written");
  return {};
}

}  // namespace ptah
