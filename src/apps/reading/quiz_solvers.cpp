#include "apps/reading/quiz_solvers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>

#include "apps/reading/quiz_text.h"
#include "base/budget.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr double kAllowed = 1.0 / kOptions + 0.1;

using Terms = std::vector<std::string>;

Terms terms_of(const std::string& text, bool content) {
  Terms out;
  for (const QuizWord& word : quiz_words(lower_case(text)))
    if (!content || !common_word(word.text)) out.push_back(word.text);
  return out;
}

bool numeric(const QuizItem& item) {
  return std::all_of(item.options.begin(), item.options.end(),
                     [](const std::string& o) { return !o.empty() && std::isdigit(static_cast<unsigned char>(o[0])) != 0; });
}

/// The article as rows of words: sentences with their places.
struct Passages {
  explicit Passages(const Article& article) {
    for (const std::string& section : article.sections) {
      sections.push_back(section);
      for (const std::string& s : sentences_of(section)) {
        if (!sentences.empty()) pairs.push_back(sentences.back() + " " + s);
        sentences.push_back(s);
      }
      const Terms here = terms_of(section, false);
      all.insert(all.end(), here.begin(), here.end());
    }
  }
  std::vector<std::string> sentences, pairs, sections;
  Terms all;
};

/// The longest run of words that both have.
size_t common_run(const Terms& a, const Terms& b) {
  size_t longest = 0;
  std::vector<size_t> row(b.size() + 1), before(b.size() + 1);
  for (const std::string& x : a) {
    for (size_t k = 0; k < b.size(); ++k) {
      row[k + 1] = x == b[k] ? before[k] + 1 : 0;
      longest = std::max(longest, row[k + 1]);
    }
    std::swap(row, before);
  }
  return longest;
}

/// A statement without what the forms of questions add to it.
std::string stripped(const std::string& text) {
  static const std::regex not_this(", not [^,]+,"), frame(
                                                        "^(It was|First|The article first says that) |^Of [^,]+, |( who| that) |the former |and the latter "
                                                        "|and in a later year |, and only later that |That is why |"
                                                        "did not |not |(more|less|fewer) than ");
  return std::regex_replace(std::regex_replace(text, not_this, ""), frame, " ");
}

class StringSearch : public QuizSolver {
 public:
  enum class Way { longest, share, stripped, sentence };
  StringSearch(std::shared_ptr<Passages> passages, Way way, std::string own_name)
      : QuizSolver("string search", std::move(own_name)), passages_(std::move(passages)), way_(way) {
    for (const std::string& s : passages_->sentences) {
      const Terms words = terms_of(s, true);
      sets_.emplace_back(words.begin(), words.end());
    }
  }
  Result<double> score(const std::string& question, const std::string& option) override {
    const std::string key = way_ == Way::sentence ? question + "\n" + option : option;
    const auto [at, fresh] = known_.try_emplace(key, 0.0);
    if (fresh) at->second = find(question, option);
    return at->second;
  }

 private:
  double find(const std::string& question, const std::string& option) const {
    if (way_ == Way::sentence) {
      double best = 0;
      const Terms of_option = terms_of(option, true), asked = terms_of(question.substr(0, question.find('\n')), true);
      for (const auto& words : sets_) {
        double here = 0;
        for (const std::string& word : of_option) here += words.contains(word) ? 1.0 / static_cast<double>(of_option.size()) : 0;
        for (const std::string& word : asked) here += words.contains(word) ? 0.01 : 0;
        best = std::max(best, here);
      }
      return best;
    }
    const Terms words = terms_of(way_ == Way::stripped ? stripped(option) : option, false);
    if (words.empty()) return 0;
    const auto run = static_cast<double>(common_run(passages_->all, words));
    return way_ == Way::longest ? run : run / static_cast<double>(words.size());
  }

  std::shared_ptr<Passages> passages_;
  Way way_;
  std::vector<std::set<std::string>> sets_;
  std::map<std::string, double> known_;
};

/// Passages as vectors of words weighed by how rare they are.
class TfIdf {
 public:
  explicit TfIdf(const std::vector<std::string>& passages) {
    for (const std::string& p : passages) {
      const Terms words = terms_of(p, true);
      for (const std::string& word : std::set<std::string>(words.begin(), words.end())) ++in_[word];
    }
    count_ = static_cast<double>(passages.size());
    for (const std::string& p : passages) rows_.push_back(vector_of(p));
  }
  /// The cosine of the likest passage, and which it is.
  std::pair<double, size_t> likest(const std::string& text) const {
    const auto v = vector_of(text);
    std::pair<double, size_t> best{0, 0};
    for (size_t i = 0; i < rows_.size(); ++i) {
      double sum = 0;
      for (const auto& [word, weight] : v)
        if (const auto at = rows_[i].find(word); at != rows_[i].end()) sum += weight * at->second;
      if (sum > best.first) best = {sum, i};
    }
    return best;
  }

 private:
  std::map<std::string, double> vector_of(const std::string& text) const {
    std::map<std::string, double> v;
    for (const std::string& word : terms_of(text, true)) v[word] += 1;
    double length = 0;
    for (auto& [word, weight] : v) {
      const auto at = in_.find(word);
      weight *= std::log((1 + count_) / (1 + (at == in_.end() ? 0 : at->second))) + 1;
      length += weight * weight;
    }
    for (auto& [word, weight] : v) weight /= std::sqrt(length);
    return v;
  }
  std::map<std::string, double> in_;
  double count_ = 0;
  std::vector<std::map<std::string, double>> rows_;
};

class Retrieval : public QuizSolver {
 public:
  Retrieval(std::shared_ptr<TfIdf> index, bool with_question, std::string own_name)
      : QuizSolver("TF-IDF", std::move(own_name)), index_(std::move(index)), with_question_(with_question) {}
  Result<double> score(const std::string& question, const std::string& option) override {
    return index_->likest(with_question_ ? question + " " + option : option).first;
  }

 private:
  std::shared_ptr<TfIdf> index_;
  bool with_question_;
};

/// Where in the article an option stands, and whether what is said to be first stands first.
class Places : public QuizSolver {
 public:
  explicit Places(std::shared_ptr<TfIdf> index) : QuizSolver("string search", "places"), index_(std::move(index)) {}
  Result<double> score(const std::string& question, const std::string& option) override {
    static const std::regex order(
        "^First (.*), and in a later year (.*)$|^The article first says that (.*), and only later that (.*)$|^(.*) That is why (.*)$");
    const auto place = [&](const std::string& text) { return static_cast<double>(index_->likest(text).second); };
    std::smatch match;
    if (std::regex_match(option, match, order))
      for (size_t i = 1; i + 1 < match.size(); i += 2)
        if (match[i].matched) return place(match[i]) < place(match[i + 1]) ? 1.0 : 0.0;
    if (question.find("happened first") != std::string::npos) return -place(option);
    if (question.find("happened last") != std::string::npos) return place(option);
    if (question.find("in what order") != std::string::npos) return -place(option);
    return 0.5;
  }

 private:
  std::shared_ptr<TfIdf> index_;
};

/// 1 for the highest, shared among equals.
std::vector<double> picks(const std::vector<double>& scores) {
  std::vector<double> out(scores.size(), 0.0);
  const double best = *std::max_element(scores.begin(), scores.end());
  const auto equal = [&](double s) { return s >= best - 1e-9 * std::max(1.0, std::abs(best)); };
  const auto ties = static_cast<double>(std::count_if(scores.begin(), scores.end(), equal));
  for (size_t i = 0; i < scores.size(); ++i) out[i] = equal(scores[i]) ? 1 / ties : 0;
  return out;
}

/// All that is scored for one item: its options, or the statements in its question.
struct Scored {
  std::vector<double> options, statements;
};

Result<std::vector<Scored>> scores_of(QuizSolver& solver, const std::vector<QuizItem>& items) {
  PTAH_TRY_VOID(solver.prepare(items));
  std::vector<Scored> out;
  for (const QuizItem& item : items) {
    PTAH_TRY_VOID(check_cancelled());
    Scored one;
    const std::vector<std::string> statements = numeric(item) ? std::vector<std::string>() : listed_statements(item.question);
    for (const std::string& s : statements) {
      PTAH_TRY(const double score, solver.score(item.question.substr(0, item.question.find('\n')), s));
      one.statements.push_back(score);
    }
    for (const std::string& o : item.options) {
      if (!statements.empty()) break;
      PTAH_TRY(const double score, solver.score(item.question, o));
      one.options.push_back(score);
    }
    out.push_back(std::move(one));
  }
  return out;
}

/// What is chosen by these scores; `reversed` takes the lowest for the highest.
double chance(const QuizItem& item, const Scored& scored, double median, bool reversed) {
  const double sign = reversed ? -1 : 1;
  if (scored.statements.size() == 4) {  // how many are true?
    double min_true = 0, ties = 0;
    for (const double s : scored.statements)
      (std::abs(s - median) < 1e-12 ? ties : min_true) += std::abs(s - median) < 1e-12 || sign * (s - median) > 0 ? 1 : 0;
    static const char* const kNames[] = {"None", "One", "Two", "Three", "All four"};
    double sum = 0;  // a statement at the median is true or false by chance
    for (int more = 0; more <= static_cast<int>(ties); ++more) {
      const double ways = std::exp(std::lgamma(ties + 1) - std::lgamma(more + 1) - std::lgamma(ties - more + 1)) / std::pow(2, ties);
      if (item.options[0] == kNames[static_cast<int>(min_true) + more]) sum += ways;
    }
    return sum;
  }
  if (scored.statements.size() == 3) {  // in what order? by their scores; an order that is not offered is a guess
    std::array<size_t, 3> rank{0, 1, 2};
    std::stable_sort(rank.begin(), rank.end(), [&](size_t a, size_t b) { return sign * scored.statements[a] > sign * scored.statements[b]; });
    const std::string order =
        fmt::format("{}, then {}, then {}", static_cast<char>('A' + rank[0]), static_cast<char>('A' + rank[1]), static_cast<char>('A' + rank[2]));
    const bool all_same = scored.statements[0] == scored.statements[1] && scored.statements[1] == scored.statements[2];
    if (all_same || std::find(item.options.begin(), item.options.end(), order) == item.options.end()) return 1.0 / kOptions;
    return order == item.options[0] ? 1 : 0;
  }
  std::vector<double> scores = scored.options;
  const bool lowest = (item.question.find("is false") != std::string::npos) != reversed;
  for (double& s : scores) s = lowest ? -s : s;
  return picks(scores)[0];
}

double median_of(const std::vector<Scored>& scored) {
  std::vector<double> all;
  for (const Scored& one : scored)
    if (one.statements.size() == 4) all.insert(all.end(), one.statements.begin(), one.statements.end());
  if (all.empty()) return 0;
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
  return all[all.size() / 2];
}

/// Of each kind, drops what this solver gets right until it does in at most kAllowed of the rest.
void even_out(std::vector<QuizItem>& items, std::vector<std::vector<double>>& all) {
  std::map<std::string, std::vector<size_t>> of_kind;
  for (size_t i = 0; i < items.size(); ++i) of_kind[items[i].kind].push_back(i);
  std::set<size_t> gone;
  for (const auto& [kind, list] : of_kind)
    for (const auto& chances : all) {
      std::vector<size_t> left;
      double sum = 0;
      for (const size_t i : list)
        if (!gone.contains(i)) left.push_back(i), sum += chances[i];
      std::stable_sort(left.begin(), left.end(), [&](size_t a, size_t b) { return chances[a] < chances[b]; });
      while (left.size() >= 8 && sum > kAllowed * static_cast<double>(left.size())) {
        sum -= chances[left.back()];
        gone.insert(left.back());
        left.pop_back();
      }
    }
  std::vector<QuizItem> kept;
  for (size_t i = 0; i < items.size(); ++i)
    if (!gone.contains(i)) kept.push_back(std::move(items[i]));
  items = std::move(kept);
}

}  // namespace

std::vector<std::string> listed_statements(const std::string& question) {
  std::vector<std::string> out;
  for (size_t at = question.find('\n'); at != std::string::npos;) {
    const size_t end = question.find('\n', at + 1);
    const std::string line = question.substr(at + 1, end == std::string::npos ? end : end - at - 1);
    if (line.size() > 3 && line[1] == ')') out.push_back(line.substr(3));
    at = end;
  }
  return out;
}

Result<void> QuizSolver::prepare(const std::vector<QuizItem>&) { return {}; }

QuizSolvers text_solvers(const Article& article) {
  const auto passages = std::make_shared<Passages>(article);
  const auto sentences = std::make_shared<TfIdf>(passages->sentences), pairs = std::make_shared<TfIdf>(passages->pairs),
             sections = std::make_shared<TfIdf>(passages->sections);
  QuizSolvers out;
  out.push_back(std::make_unique<StringSearch>(passages, StringSearch::Way::longest, "longest run"));
  out.push_back(std::make_unique<StringSearch>(passages, StringSearch::Way::share, "longest run by length"));
  out.push_back(std::make_unique<StringSearch>(passages, StringSearch::Way::stripped, "without the question's forms"));
  out.push_back(std::make_unique<StringSearch>(passages, StringSearch::Way::sentence, "sentence of most words"));
  out.push_back(std::make_unique<Places>(sentences));
  out.push_back(std::make_unique<Retrieval>(sentences, false, "sentence"));
  out.push_back(std::make_unique<Retrieval>(sentences, true, "sentence, with the question"));
  out.push_back(std::make_unique<Retrieval>(pairs, false, "two sentences"));
  out.push_back(std::make_unique<Retrieval>(sections, false, "section"));
  return out;
}

Result<std::vector<double>> chances_of(QuizSolver& solver, const std::vector<QuizItem>& items) {
  PTAH_TRY(const std::vector<Scored> scored, scores_of(solver, items));
  const double median = median_of(scored);
  std::vector<double> out;
  for (size_t i = 0; i < items.size(); ++i) out.push_back(chance(items[i], scored[i], median, false));
  return out;
}

Result<Filtered> filter_items(const std::vector<QuizItem>& items, const QuizSolvers& solvers) {
  std::map<std::string, std::vector<double>> family;  // the mean over its solvers
  std::map<std::string, double> members;
  std::vector<std::string> order;
  std::vector<std::vector<double>> each;  // every solver, and its reverse
  for (const auto& solver : solvers) {
    PTAH_TRY(const std::vector<Scored> scored, scores_of(*solver, items));
    const double median = median_of(scored);
    std::vector<double>& sum = family[solver->family];
    if (sum.empty()) sum.resize(items.size()), order.push_back(solver->family);
    ++members[solver->family];
    each.emplace_back();
    for (size_t i = 0; i < items.size(); ++i) {
      each.back().push_back(chance(items[i], scored[i], median, false));
      sum[i] += each.back().back();
    }
    each.emplace_back();
    for (size_t i = 0; i < items.size(); ++i) each.back().push_back(chance(items[i], scored[i], median, true));
  }
  Filtered out;
  std::vector<bool> gone(items.size(), false);
  for (const std::string& name : order) {
    double met = 0, dropped = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      if (gone[i]) continue;
      ++met;
      if (family[name][i] / members[name] > kAllowed + 1e-9) gone[i] = true, ++dropped;
    }
    out.dropped.emplace_back(name, met > 0 ? dropped / met : 0);
  }
  std::vector<std::vector<double>> left(each.size());
  for (size_t i = 0; i < items.size(); ++i) {
    if (gone[i]) continue;
    out.items.push_back(items[i]);
    for (size_t k = 0; k < each.size(); ++k) left[k].push_back(each[k][i]);
  }
  even_out(out.items, left);
  return out;
}

double pass_chance(const std::vector<double>& chances, size_t asked, size_t needed) {
  if (chances.size() < asked) return 0;
  // Of all ways to draw `j` items, the share with `k` right: item by item, each drawn with the chance that makes all draws equally likely.
  std::vector<std::vector<double>> ways(asked + 1, std::vector<double>(asked + 1, 0.0));
  ways[0][0] = 1;
  double left = static_cast<double>(chances.size());
  for (const double p : chances) {
    std::vector<std::vector<double>> next(asked + 1, std::vector<double>(asked + 1, 0.0));
    for (size_t j = 0; j <= asked; ++j) {
      const double draws = std::clamp(static_cast<double>(asked - j) / left, 0.0, 1.0);
      for (size_t k = 0; k <= j; ++k) {
        next[j][k] += ways[j][k] * (1 - draws);
        if (j == asked) continue;
        next[j + 1][k + 1] += ways[j][k] * draws * p;
        next[j + 1][k] += ways[j][k] * draws * (1 - p);
      }
    }
    ways = std::move(next);
    --left;
  }
  double sum = 0;
  for (size_t k = needed; k <= asked; ++k) sum += ways[asked][k];
  return sum;
}

}  // namespace ptah
