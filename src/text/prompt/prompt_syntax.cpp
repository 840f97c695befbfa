#include "text/prompt/prompt_syntax.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxShown = 60;

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (static_cast<uint8_t>(c) & 0x80); }

std::string shown(std::string_view text) { return printable(beginning(std::string(text), kMaxShown), 3 * kMaxShown) + (text.size() > kMaxShown ? "…" : ""); }

/// Where a tag <word:…> that begins at `at` ends (behind the >); none if there is none.
std::optional<size_t> tag_end(std::string_view prompt, size_t at) {
  size_t colon = at + 1;
  while (colon < prompt.size() && in_word(prompt[colon])) ++colon;
  if (colon == at + 1 || colon >= prompt.size() || prompt[colon] != ':') return {};
  const size_t close = prompt.find('>', colon);
  if (close == std::string_view::npos || close == colon + 1) return {};
  return close + 1;
}

bool is_number(std::string_view text) {
  text = trimmed(text);
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  bool digits = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9')
      digits = true;
    else if (c != '.')
      return false;
  }
  return digits;
}

/// Whether a word stands at a place, with nothing of a word beside it.
bool word_is(std::string_view prompt, size_t at, std::string_view word) {
  return prompt.substr(at, word.size()) == word && (at == 0 || !in_word(prompt[at - 1])) &&
         (at + word.size() >= prompt.size() || !in_word(prompt[at + word.size()]));
}

struct Bracket {
  char kind;
  size_t at;
  size_t colon = std::string_view::npos;  ///< the last one of its own
  bool bar = false;
};

Error refusal(std::string_view what, const std::string& why) { return {ErrorCode::invalid_argument, fmt::format("{}: {}", what, why)}; }

/// What is wrong with a bracket that closes.
std::optional<std::string> wrong_bracket(std::string_view prompt, const Bracket& open, size_t close) {
  const std::string_view whole = prompt.substr(open.at, close + 1 - open.at);
  const char* escape = "; to paint the brackets write \\[ and \\]";
  if (open.kind == '[' && open.bar) return fmt::format("'{}' alternates between words from step to step, which is not computed here{}", shown(whole), escape);
  if (open.kind == '[' && open.colon != std::string_view::npos && is_number(prompt.substr(open.colon + 1, close - open.colon - 1)))
    return fmt::format("'{}' changes the words at a step (prompt editing), which is not computed here{}", shown(whole), escape);
  if (open.kind == '{' && open.bar) return fmt::format("'{}' chooses between words by chance, which is not done here; choose one of them", shown(whole));
  return {};
}

/// What cannot be meant as words where a word could begin.
std::optional<std::string> wrong_word(std::string_view prompt, size_t at) {
  for (const std::string_view word : {"ADDCOL", "ADDROW", "ADDCOMM", "ADDBASE"})
    if (word_is(prompt, at, word)) return fmt::format("'{}' parts the picture in regions, which is not computed here", word);
  constexpr std::string_view kEmbedding = "embedding:";
  if (prompt.substr(at, kEmbedding.size()) == kEmbedding && (at == 0 || !in_word(prompt[at - 1]))) {
    const size_t end = std::min(prompt.find_first_of(" ,)\n", at), prompt.size());
    return fmt::format("'{}': give the file as one of `embeddings`, and write the file's name without its ending", shown(prompt.substr(at, end - at)));
  }
  if (prompt.substr(at, 2) == "__" && (at == 0 || !in_word(prompt[at - 1]))) {
    size_t end = at + 2;
    while (end < prompt.size() && (in_word(prompt[end]) || prompt[end] == '-' || prompt[end] == '/' || prompt[end] == '*' || prompt[end] == '.')) ++end;
    const size_t close = prompt.substr(0, end).rfind("__");
    if (close != std::string_view::npos && close > at + 2)
      return fmt::format("'{}' stands for a line of a file chosen by chance (a wildcard), which is not done here; write what it is to be",
                         shown(prompt.substr(at, close + 2 - at)));
  }
  return {};
}

std::string wrong_tag(std::string_view tag) {
  for (const std::string_view kind : {"<lora:", "<lyco:", "<locon:"})
    if (tag.starts_with(kind))
      return fmt::format("'{}' names a LoRA, which is read only from the prompt of ptah paint; else give the file as one of `loras`", shown(tag));
  return fmt::format("'{}' asks for something that is not computed here", shown(tag));
}

}  // namespace

std::vector<PromptTag> take_tags(std::string& prompt) {
  std::vector<PromptTag> out;
  std::string kept;
  for (size_t i = 0; i < prompt.size();) {
    const auto end = prompt[i] == '<' ? tag_end(prompt, i) : std::nullopt;
    if (!end) {
      kept += prompt[i++];
      continue;
    }
    PromptTag tag;
    tag.text = prompt.substr(i, *end - i);
    const std::string inner = tag.text.substr(1, tag.text.size() - 2);
    size_t at = inner.find(':');
    tag.kind = inner.substr(0, at);
    while (at != std::string::npos) {
      const size_t next = inner.find(':', at + 1);
      tag.arguments.push_back(inner.substr(at + 1, next == std::string::npos ? next : next - at - 1));
      at = next;
    }
    out.push_back(std::move(tag));
    i = *end;
  }
  prompt = kept;
  return out;
}

Result<std::vector<std::string>> check_prompt(std::string_view prompt, std::string_view what) {
  std::vector<std::string> notes;
  const auto note = [&](std::string text) {
    const std::string whole = fmt::format("{}: {}", what, text);
    if (std::find(notes.begin(), notes.end(), whole) == notes.end()) notes.push_back(whole);
  };
  std::vector<Bracket> open;
  for (size_t i = 0; i < prompt.size(); ++i) {
    const char c = prompt[i];
    std::optional<std::string> wrong;
    if (c == '\\') {
      ++i;
    } else if (c == '<') {
      if (const auto end = tag_end(prompt, i)) wrong = wrong_tag(prompt.substr(i, *end - i));
    } else if (c == '(' || c == '[' || c == '{') {
      open.push_back({c, i});
    } else if (c == ')' || c == ']' || c == '}') {
      const char wanted = c == ')' ? '(' : c == ']' ? '[' : '{';
      // Brackets that are left open inside one that closes are text.
      const auto found = std::find_if(open.rbegin(), open.rend(), [&](const Bracket& one) { return one.kind == wanted; });
      if (found != open.rend()) {
        const Bracket closed = *found;
        open.erase(std::prev(found.base()), open.end());
        wrong = wrong_bracket(prompt, closed, i);
        if (!wrong && c == '}')
          note(fmt::format("'{}' is painted as words; to stress them write (words:1.1)", shown(prompt.substr(closed.at, i + 1 - closed.at))));
        if (c == ')')
          for (const std::string_view behind : {"++", "--", ".and(", ".blend(", ".swap("})
            if (prompt.substr(i + 1, behind.size()) == behind) note(fmt::format("'){}' is painted as words; weights are written (words:1.1)", behind));
      }
    } else if (!open.empty() && c == ':') {
      open.back().colon = i;
    } else if (!open.empty() && c == '|') {
      open.back().bar = true;
    } else if (word_is(prompt, i, "AND")) {
      note("AND is painted as a word; several prompts at once (composable diffusion) are not computed here");
    } else {
      wrong = wrong_word(prompt, i);
    }
    if (wrong) return tl::unexpected<Error>(refusal(what, *wrong));
  }
  return notes;
}

}  // namespace ptah
