// Items put together from statements, events and figures.
#include <algorithm>
#include <array>
#include <cmath>

#include "apps/reading/quiz_statements.h"
#include "base/budget.h"

namespace ptah {

namespace {

constexpr size_t kRounds = 9;

template <class T>
void shuffle(std::vector<T>& list, Random& random) {
  for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.below(static_cast<uint32_t>(i))]);
}

class Bank {
 public:
  Bank(const Article& article, uint64_t seed, const std::set<std::string>& without)
      : text_(analyse(article)), random_(seed, uint64_t{77} << 40), without_(without) {}

  std::vector<QuizItem> make() {
    twins_ = kept(twins_of(text_, random_));
    for (size_t round = 0; round < kRounds; ++round) {
      statements("true", kOptions);
      statements("false", kOptions);
      statements("count", 4);
    }
    chronology();
    figures();
    return std::move(items_);
  }

 private:
  uint32_t fact(const std::string& kind, std::vector<size_t> sentences) {
    std::sort(sentences.begin(), sentences.end());
    std::string key = kind;
    for (const size_t place : sentences) key += fmt::format(" {}", place);
    return facts_.try_emplace(key, static_cast<uint32_t>(facts_.size())).first->second;
  }

  QuizBasis basis(const std::string& kind, const std::vector<size_t>& sentences, const std::string& right = "", double value = 0) const {
    QuizBasis out{kind, {}, right, value};
    for (const size_t place : sentences) out.sentences.push_back(text_.sentences[place].original);
    return out;
  }

  /// Pairs of sentences are many: no kind drowns the others.
  std::vector<Twins> kept(std::vector<Twins> all) {
    shuffle(all, random_);
    std::map<std::string, size_t> count, of_sentence;
    std::vector<Twins> out;
    for (Twins& one : all) {
      if (without_.contains(one.kind)) continue;
      size_t& same = count[one.kind];
      const bool pairs = one.sentences.size() > 1;
      size_t max_count = 0;
      for (const size_t place : one.sentences) max_count = std::max(max_count, of_sentence[one.kind + std::to_string(place)]);
      if ((pairs && same >= 24) || max_count >= (pairs ? 5U : 2U)) continue;
      ++same;
      for (const size_t place : one.sentences) ++of_sentence[one.kind + std::to_string(place)];
      out.push_back(std::move(one));
    }
    return out;
  }

  /// Statements of different sentences, of which one is true, one is false, or some number of four is true.
  void statements(const char* kind, size_t count) {
    std::vector<size_t> order(twins_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    shuffle(order, random_);
    std::vector<const Twins*> group;
    std::set<size_t> used;
    std::vector<size_t> waiting;
    for (size_t pass = 0; pass < 2; ++pass) {
      for (const size_t i : pass == 0 ? std::vector<size_t>(order) : std::exchange(waiting, {})) {
        const Twins& one = twins_[i];
        if (std::any_of(one.sentences.begin(), one.sentences.end(), [&](size_t place) { return used.contains(place); })) {
          waiting.push_back(i);
          continue;
        }
        group.push_back(&one);
        used.insert(one.sentences.begin(), one.sentences.end());
        if (group.size() < count) continue;
        put(kind, group);
        group.clear();
        used.clear();
      }
    }
  }

  void put(const std::string& kind, const std::vector<const Twins*>& group) {
    QuizItem item;
    item.kind = kind;
    item.section = group[0]->section;
    for (const Twins* one : group) item.facts.push_back(fact(one->kind, one->sentences));
    if (kind == "count") {
      static const char* const kNames[] = {"None", "One", "Two", "Three", "All four"};
      const size_t right = random_.below(kOptions);
      std::vector<size_t> places{0, 1, 2, 3};
      shuffle(places, random_);
      item.question = "How many of these four statements are true, according to the article?";
      for (size_t i = 0; i < 4; ++i) {
        const bool stands = places[i] < right;
        item.question += fmt::format("\n{}) {}", i + 1, stands ? group[i]->right : group[i]->wrong);
        item.basis.push_back(basis(group[i]->kind, group[i]->sentences, stands ? "" : group[i]->right));
      }
      item.options.push_back(kNames[right]);
      for (size_t i = 0; i < kOptions; ++i)
        if (i != right) item.options.push_back(kNames[i]);
    } else {
      const bool asks_true = kind == "true";
      item.question =
          asks_true ? "Which of these statements is true, according to the article?" : "Which of these statements is false, according to the article?";
      for (size_t i = 0; i < group.size(); ++i) {
        const bool stands = (i == 0) == asks_true;
        item.options.push_back(stands ? group[i]->right : group[i]->wrong);
        item.basis.push_back(basis(group[i]->kind, group[i]->sentences, stands ? "" : group[i]->right));
      }
    }
    add(std::move(item));
  }

  void chronology() {
    const std::vector<QuizEvent> events = events_of(text_);
    if (events.size() < 3) return;
    const auto draw = [&](size_t count) {
      std::vector<QuizEvent> all = events, out;
      shuffle(all, random_);
      for (const QuizEvent& e : all)
        if (out.size() < count && std::none_of(out.begin(), out.end(), [&](const QuizEvent& o) { return o.year == e.year; })) out.push_back(e);
      std::sort(out.begin(), out.end(), [](const QuizEvent& a, const QuizEvent& b) { return a.year < b.year; });
      return out;
    };
    const auto known = [&](QuizItem& item, const std::vector<QuizEvent>& of) {
      item.section = text_.sentences[of[0].sentence].section;
      for (const QuizEvent& e : of) {
        item.facts.push_back(fact("event", {e.sentence}));
        item.basis.push_back(basis("event", {e.sentence}, "", e.year));
      }
    };
    std::set<double> spans;
    for (const QuizEvent& a : events)
      for (const QuizEvent& b : events)
        if (b.year > a.year) spans.insert(b.year - a.year);
    for (size_t round = 0; round < 3 * events.size(); ++round) {
      stop_if_cancelled(current_cancel());
      if (auto five = draw(kOptions); five.size() == kOptions) {
        const bool last = round % 2 == 1;
        if (last) std::reverse(five.begin(), five.end());
        QuizItem item{last ? "last" : "first", fmt::format("By the dates in the article, which of these happened {}?", last ? "last" : "first"), {}, 0, {}};
        for (const QuizEvent& e : five) item.options.push_back(as_sentence(e.clause));
        known(item, five);
        add(std::move(item));
      }
      if (auto three = draw(3); three.size() == 3) sequence(three, known);
      if (auto two = draw(2); two.size() == 2) years(two, spans, known);
    }
  }

  void sequence(const std::vector<QuizEvent>& three, const auto& known) {
    std::vector<size_t> shown{0, 1, 2};
    shuffle(shown, random_);
    QuizItem item{"sequence", "By the dates in the article, in what order did these happen?", {}, 0, {}};
    for (size_t i = 0; i < 3; ++i) item.question += fmt::format("\n{}) {}", static_cast<char>('A' + i), as_sentence(three[shown[i]].clause));
    std::array<char, 3> letters{};
    for (size_t i = 0; i < 3; ++i) letters[shown[i]] = static_cast<char>('A' + i);
    const auto text = [](const std::array<char, 3>& l) { return fmt::format("{}, then {}, then {}", l[0], l[1], l[2]); };
    std::vector<std::string> wrong;
    std::array<char, 3> other{'A', 'B', 'C'};
    do {
      if (other != letters) wrong.push_back(text(other));
    } while (std::next_permutation(other.begin(), other.end()));
    shuffle(wrong, random_);
    item.options.push_back(text(letters));
    item.options.insert(item.options.end(), wrong.begin(), wrong.begin() + kOptions - 1);
    known(item, three);
    add(std::move(item));
  }

  void years(const std::vector<QuizEvent>& two, const std::set<double>& spans, const auto& known) {
    const int right = two[1].year - two[0].year;
    if (right < 2) return;
    QuizItem item{"years", "", {}, 0, {}};
    item.question =
        fmt::format("By the dates in the article, how many years lie between these two?\nA) {}\nB) {}", as_sentence(two[0].clause), as_sentence(two[1].clause));
    if (random_.below(2))
      item.question = fmt::format("By the dates in the article, how many years lie between these two?\nA) {}\nB) {}", as_sentence(two[1].clause),
                                  as_sentence(two[0].clause));
    known(item, two);
    if (numbers(item, right, spans)) add(std::move(item));
  }

  /// The right number among four others, at any place in their order of size; others of the text where there are enough.
  bool numbers(QuizItem& item, double right, const std::set<double>& others) {
    const size_t smaller = random_.below(kOptions);
    std::vector<double> low, high;
    for (const double other : others)
      if (other != right && other > right / 4 && other < right * 4 && other > 1) (other < right ? low : high).push_back(other);
    const auto fill = [&](std::vector<double>& side, size_t count, bool below) {
      shuffle(side, random_);
      for (int i = 0; side.size() < count && i < 60; ++i) {
        const double step = 1 + std::floor(random_.uniform() * std::max(6.0, right * 0.4)), near = below ? right - step : right + step;
        if (near > 1 && std::find(side.begin(), side.end(), near) == side.end()) side.push_back(near);
      }
      if (side.size() < count) return false;
      side.resize(count);
      return true;
    };
    if (!fill(low, smaller, true) || !fill(high, kOptions - 1 - smaller, false)) return false;
    const auto text = [](double value) {
      return value == std::floor(value) ? written_number(static_cast<int64_t>(value), false, value >= 10000) : fmt::format("{:.1f}", value);
    };
    item.options.push_back(text(right));
    for (const double value : low) item.options.push_back(text(value));
    for (const double value : high) item.options.push_back(text(value));
    return true;
  }

  /// A sentence that has lost its number.
  std::string gap(const QuizFigure& f) const { return as_sentence(shortened(with_number(text_.sentences[f.sentence], f, "…"))); }

  void figures() {
    std::vector<QuizFigure> all;
    for (const QuizFigure& f : figures_of(text_))
      if (gap(f).find("…") != std::string::npos) all.push_back(f);
    for (size_t round = 0; round < 2 * all.size(); ++round) {
      stop_if_cancelled(current_cancel());
      shuffle(all, random_);
      std::vector<QuizFigure> five;
      for (const QuizFigure& f : all)
        if (five.size() < kOptions && std::none_of(five.begin(), five.end(), [&](const QuizFigure& o) {
              return o.sentence == f.sentence || std::abs(o.value - f.value) <= 0.1 * f.value;
            }))
          five.push_back(f);
      if (five.size() < kOptions) break;
      const bool smallest = round % 2 == 1;
      std::sort(five.begin(), five.end(), [&](const QuizFigure& a, const QuizFigure& b) { return smallest ? a.value < b.value : a.value > b.value; });
      QuizItem item{smallest ? "smallest" : "largest", "", {}, text_.sentences[five[0].sentence].section, {}};
      item.question = fmt::format("Each of these sentences has lost a number (…). In which one was it the {}?", smallest ? "smallest" : "largest");
      for (const QuizFigure& f : five) {
        item.options.push_back(gap(f));
        item.facts.push_back(fact("figure", {f.sentence}));
        item.basis.push_back(basis("figure", {f.sentence}, "", f.value));
      }
      add(std::move(item));
    }
    std::set<double> sums, differences;
    for (const QuizFigure& f : all)
      for (const QuizFigure& g : all)
        if (&f != &g) sums.insert(f.value + g.value), differences.insert(std::abs(f.value - g.value));
    for (size_t i = 0; i < all.size(); ++i)
      for (size_t k = i + 1; k < all.size(); ++k) {
        stop_if_cancelled(current_cancel());
        const QuizFigure &a = all[i], &b = all[k];
        if (a.unit != b.unit || a.sentence == b.sentence || a.value == b.value || a.approximate || b.approximate || a.value != std::floor(a.value) ||
            b.value != std::floor(b.value))
          continue;
        const bool sum = random_.below(2) == 0;
        QuizItem item{sum ? "sum" : "difference", "", {}, text_.sentences[a.sentence].section, {fact("figure", {a.sentence}), fact("figure", {b.sentence})}};
        item.question = fmt::format("Each of these sentences has lost a number (…). {}?\nA) {}\nB) {}",
                                    sum ? "What do the two numbers add up to" : "How far apart are the two numbers", gap(a), gap(b));
        item.basis = {basis("figure", {a.sentence}, "", a.value), basis("figure", {b.sentence}, "", b.value)};
        if (numbers(item, sum ? a.value + b.value : std::abs(a.value - b.value), sum ? sums : differences)) add(std::move(item));
      }
  }

  void add(QuizItem item) {
    std::set<std::string> different(item.options.begin(), item.options.end());
    if (different.size() != kOptions) return;
    std::string key = item.question;
    for (const std::string& option : different) key += "\n" + option;
    if (seen_.insert(key).second) items_.push_back(std::move(item));
  }

  QuizText text_;
  Random random_;
  const std::set<std::string>& without_;
  std::vector<Twins> twins_;
  std::map<std::string, uint32_t> facts_;
  std::set<std::string> seen_;
  std::vector<QuizItem> items_;
};

}  // namespace

std::vector<QuizItem> make_items(const Article& article, uint64_t seed, const std::set<std::string>& without) { return Bank(article, seed, without).make(); }

std::vector<QuizItem> spread_items(const std::vector<QuizItem>& items, size_t uses) {
  std::map<uint32_t, size_t> used;
  std::map<std::string, std::vector<const QuizItem*>> of_kind;
  for (const QuizItem& item : items) of_kind[item.kind].push_back(&item);
  std::vector<const QuizItem*> chosen;
  std::map<std::string, size_t> next;
  for (bool more = true; more;) {
    more = false;
    for (const auto& [kind, list] : of_kind)
      for (size_t& at = next[kind]; at < list.size();) {
        const QuizItem* item = list[at++];
        if (std::any_of(item->facts.begin(), item->facts.end(), [&](uint32_t f) { return used[f] >= uses; })) continue;
        for (const uint32_t f : item->facts) ++used[f];
        chosen.push_back(item);
        more = true;
        break;
      }
  }
  const auto rank = [&](const QuizItem* item) { return item - items.data(); };
  std::sort(chosen.begin(), chosen.end(), [&](const QuizItem* a, const QuizItem* b) { return rank(a) < rank(b); });
  std::vector<QuizItem> out;
  for (const QuizItem* item : chosen) out.push_back(*item);
  return out;
}

}  // namespace ptah
