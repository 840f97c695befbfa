#include "apps/reading/quiz.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "apps/reading/quiz_text.h"
#include "base/budget.h"
#include "base/philox.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kSectionWords = 150;

size_t count_words(const std::string& text) { return quiz_words(text).size(); }

/// A line without Markdown's signs: emphasis, code, links (their text stays), pictures (nothing stays).
std::string plain_line(const std::string& line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool picture = line[i] == '!' && i + 1 < line.size() && line[i + 1] == '[';
    if (picture || line[i] == '[') {
      const size_t open = picture ? i + 1 : i, close = line.find(']', open);
      const bool link = close != std::string::npos && close + 1 < line.size() && line[close + 1] == '(';
      const size_t end = link ? line.find(')', close) : std::string::npos;
      if (end != std::string::npos) {
        if (!picture) out += plain_line(line.substr(open + 1, close - open - 1));
        i = end;
        continue;
      }
    }
    if (line[i] != '*' && line[i] != '`') out += line[i];
  }
  return out;
}

}  // namespace

Result<Article> parse_article(const std::string& markdown) {
  if (markdown.find('\0') != std::string::npos) return fail(ErrorCode::invalid_argument, "the article is no text");
  Article out;
  std::string section, paragraph;
  bool code = false;
  const auto end_paragraph = [&] {
    if (const auto text = trimmed(paragraph); !text.empty()) section.append(section.empty() ? "" : "\n\n").append(text);
    paragraph.clear();
  };
  const auto end_section = [&] {
    end_paragraph();
    if (count_words(section) >= 12) out.sections.push_back(section);
    section.clear();
  };
  for (size_t from = 0; from <= markdown.size();) {
    const size_t end = std::min(markdown.find('\n', from), markdown.size());
    std::string line = markdown.substr(from, end - from);
    from = end + 1;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.starts_with("```") || line.starts_with("~~~")) {
      code = !code;
      continue;
    }
    if (code || line.starts_with("|")) continue;
    if (line.starts_with("#")) {
      const std::string heading(trimmed(plain_line(line.substr(std::min(line.find_first_not_of('#'), line.size())))));
      if (out.title.empty()) out.title = heading;
      end_section();
    } else if (line.empty()) {
      end_paragraph();
      if (count_words(section) >= kSectionWords) end_section();
    } else {
      paragraph +=
          (paragraph.empty() ? "" : " ") + plain_line(line.starts_with("* ") || line.starts_with("- ") || line.starts_with("> ") ? line.substr(2) : line);
    }
  }
  end_section();
  if (out.sections.size() < 2)
    return fail(ErrorCode::invalid_argument, "the article has {} section(s) of sentences; two are needed at least", out.sections.size());
  if (out.title.empty()) out.title = "article";
  return out;
}

std::vector<std::string> sentences_of(const std::string& section) {
  std::vector<std::string> out;
  size_t from = 0;
  const auto take = [&](size_t end) {
    std::string sentence(trimmed(std::string_view(section).substr(from, end - from)));
    std::replace(sentence.begin(), sentence.end(), '\n', ' ');
    if (!sentence.empty()) out.push_back(std::move(sentence));
    from = end;
  };
  for (size_t i = 0; i < section.size(); ++i) {
    const char c = section[i];
    if (c == '\n' && i + 1 < section.size() && section[i + 1] == '\n') take(i);
    if (c != '.' && c != '!' && c != '?') continue;
    size_t next = i + 1;
    while (next < section.size() && (section[next] == '"' || section[next] == '\'' || section[next] == ')')) ++next;
    if (next < section.size() && section[next] != ' ' && section[next] != '\n') continue;
    size_t start = next;
    while (start < section.size() && std::isspace(static_cast<unsigned char>(section[start])) != 0) ++start;
    // "Mr. Hale", "3. edition": an ending is followed by a capital, and no short name with a point stands before it.
    if (start < section.size() && std::islower(static_cast<unsigned char>(section[start])) != 0) continue;
    size_t word = i;
    while (word > 0 && std::isalpha(static_cast<unsigned char>(section[word - 1])) != 0) --word;
    if (c == '.' && i - word > 0 && i - word <= 2 && std::isupper(static_cast<unsigned char>(section[word])) != 0) continue;
    take(next);
  }
  take(section.size());
  return out;
}

Solver plain_solver() {
  return [](const std::string& question, const std::vector<std::string>& options) -> Result<size_t> {
    std::set<std::string> asked;
    for (const QuizWord& word : quiz_words(lower_case(question))) asked.insert(word.text);
    std::map<std::string, int> shared;  // words that several options hold
    for (const std::string& option : options)
      for (const QuizWord& word : quiz_words(lower_case(option))) ++shared[word.text];
    size_t best = 0;
    double best_score = -1;
    for (size_t i = 0; i < options.size(); ++i) {
      const auto words = quiz_words(lower_case(options[i]));
      double score = 0.001 * static_cast<double>(options[i].size());
      for (const QuizWord& word : words) {
        if (asked.contains(word.text) && !common_word(word.text)) score += 1;
        score += 0.5 * (shared[word.text] - 1) / static_cast<double>(words.size());
      }
      if (score > best_score) best_score = score, best = i;
    }
    return best;
  };
}

Result<Solved> solve(const std::vector<QuizItem>& items, const Solver& solver, uint64_t seed) {
  Solved out;
  Random random(seed, uint64_t{78} << 40);
  size_t right = 0;
  for (const QuizItem& item : items) {
    PTAH_TRY_VOID(check_cancelled());
    std::vector<size_t> order{0, 1, 2, 3, 4};
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
    std::vector<std::string> shown;
    for (const size_t i : order) shown.push_back(item.options[i]);
    PTAH_TRY(const size_t chosen, solver(item.question, shown));
    if (chosen < order.size() && order[chosen] == 0)
      ++right;
    else
      out.unsolved.push_back(item);
  }
  out.share = items.empty() ? 0 : static_cast<double>(right) / static_cast<double>(items.size());
  return out;
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, QuizItem>
void fields(C& c, const Visit& visit) {
  visit("kind", c.kind);
  visit("question", c.question);
  visit("options", c.options);
  visit("section", c.section);
}

Json to_json(const QuizItem& item) { return json_of_fields(item); }

Result<QuizItem> quiz_item(const Json& json) {
  PTAH_TRY(QuizItem out, fields_from_json<QuizItem>(json, "quiz item"));
  if (out.options.size() != kOptions) return fail(ErrorCode::corrupt, "quiz item: {} options", out.options.size());
  return out;
}

}  // namespace ptah
