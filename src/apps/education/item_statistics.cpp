#include "apps/education/item_statistics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/text.h"

namespace ptah {

namespace {

constexpr int kNodes = 61, kMaxIterations = 500;
constexpr double kRange = 6, kConverged = 1e-4;
/// Priors keep items that all or none get right finite: log a ~ N(0, 0.5²), b ~ N(0, 2²).
constexpr double kPriorLogA = 0.5, kPriorB = 2;
constexpr size_t kMaxResponses = 20'000'000;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// The fields of a line of CSV, with quotation marks as RFC 4180 has them.
std::vector<std::string> csv_fields(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"')
      out.back() += '"', ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

struct Quadrature {
  std::vector<double> node = std::vector<double>(kNodes), weight = std::vector<double>(kNodes);
  Quadrature() {
    double sum = 0;
    for (int q = 0; q < kNodes; ++q) {
      node[static_cast<size_t>(q)] = -kRange + 2 * kRange * q / (kNodes - 1);
      sum += weight[static_cast<size_t>(q)] = std::exp(-0.5 * node[static_cast<size_t>(q)] * node[static_cast<size_t>(q)]);
    }
    for (double& w : weight) w /= sum;
  }
};

struct TwoParameters {
  double log_a = 0, b = 0;
};

/// One item's parameters for expected counts at the nodes: Newton's method on the penalised likelihood.
TwoParameters maximised(TwoParameters p, const Quadrature& grid, const double* count, const double* right) {
  for (int step = 0; step < 20; ++step) {
    const double a = std::exp(p.log_a);
    double g_a = -p.log_a / (kPriorLogA * kPriorLogA), g_b = -p.b / (kPriorB * kPriorB);
    double h_aa = 1 / (kPriorLogA * kPriorLogA), h_bb = 1 / (kPriorB * kPriorB), h_ab = 0;
    for (int q = 0; q < kNodes; ++q) {
      const double distance = grid.node[static_cast<size_t>(q)] - p.b, chance = logistic(a * distance), rest = right[q] - count[q] * chance,
                   w = count[q] * chance * (1 - chance);
      g_a += rest * a * distance;
      g_b -= rest * a;
      h_aa += w * a * a * distance * distance;  // Fisher's information
      h_bb += w * a * a;
      h_ab -= w * a * a * distance;
    }
    const double determinant = h_aa * h_bb - h_ab * h_ab;
    const double d_a = std::clamp((h_bb * g_a - h_ab * g_b) / determinant, -0.5, 0.5), d_b = std::clamp((h_aa * g_b - h_ab * g_a) / determinant, -1.0, 1.0);
    p.log_a += d_a;
    p.b += d_b;
    if (std::abs(d_a) + std::abs(d_b) < 1e-6) break;
  }
  return p;
}

double correlation_of(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  if (n < 3) return 0;
  const double mx = std::accumulate(x.begin(), x.end(), 0.0) / n, my = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) xy += (x[i] - mx) * (y[i] - my), xx += (x[i] - mx) * (x[i] - mx), yy += (y[i] - my) * (y[i] - my);
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

/// The item with the share of the other items right.
double item_rest(const ItemResponses& r, size_t item) {
  std::vector<double> own, rest;
  for (size_t l = 0; l < r.learners.size(); ++l) {
    if (r.at(l, item) < 0) continue;
    double right = 0, all = 0;
    for (size_t i = 0; i < r.items.size(); ++i)
      if (i != item && r.at(l, i) >= 0) right += r.at(l, i), ++all;
    if (all == 0) continue;
    own.push_back(r.at(l, item));
    rest.push_back(right / all);
  }
  return correlation_of(own, rest);
}

/// An option that those who chose it are better at the other items than those who chose the right one.
std::string better_option(const ItemResponses& r, size_t item, const std::vector<double>& abilities) {
  std::map<std::string, std::pair<double, int>> of_option;
  double right = 0;
  int rights = 0;
  for (size_t l = 0; l < r.learners.size(); ++l) {
    if (r.at(l, item) == 1) right += abilities[l], ++rights;
    const std::string& option = r.chosen[l * r.items.size() + item];
    if (r.at(l, item) == 0 && !option.empty()) of_option[option].first += abilities[l], ++of_option[option].second;
  }
  for (const auto& [option, sum] : of_option)
    if (sum.second >= 5 && rights >= 5 && sum.first / sum.second > right / rights + 0.2) return option;
  return "";
}

void find_problems(const ItemResponses& r, size_t item, const std::vector<double>& abilities, ItemEstimate& e) {
  if (e.answers < 30) e.problems.push_back(fmt::format("only {} answers: too few to judge", e.answers));
  if (e.correlation < 0)
    e.problems.emplace_back("those who know more get it wrong: is the key right?");
  else if (e.discrimination < 0.45)
    e.problems.emplace_back("it hardly tells who knows more");
  if (e.share_right > 0.97) e.problems.emplace_back("nearly everybody gets it right");
  if (e.share_right < 0.1) e.problems.emplace_back("hardly anybody gets it right");
  if (const std::string option = better_option(r, item, abilities); !option.empty())
    e.problems.push_back(fmt::format("those who choose {} know more than those who choose the right one", in_quotes(option, 60)));
}

}  // namespace

Result<ItemResponses> read_responses(const std::string& csv) {
  const std::vector<std::string> lines = lines_of(csv);
  if (lines.empty()) return fail(ErrorCode::corrupt, "no answers");
  const std::vector<std::string> header = csv_fields(lines[0]);
  const auto column = [&](const char* name) { return static_cast<size_t>(std::find(header.begin(), header.end(), name) - header.begin()); };
  const size_t learner = column("learner"), item = column("item"), right = column("right"), option = column("option");
  if (learner == header.size() || item == header.size() || right == header.size())
    return fail(ErrorCode::corrupt, "line 1: the columns learner, item and right are expected");
  struct Answer {
    size_t learner, item;
    int8_t right;
    std::string option;
  };
  ItemResponses out;
  std::vector<Answer> answers;
  std::map<std::string, size_t> learners, items;
  for (size_t n = 1; n < lines.size(); ++n) {
    const auto fields = csv_fields(lines[n]);
    if (fields.size() != header.size() || (fields[right] != "0" && fields[right] != "1"))
      return fail(ErrorCode::corrupt, "line {}: {} fields are expected, and 0 or 1 for right", n + 1, header.size());
    const auto l = learners.try_emplace(fields[learner], out.learners.size());
    if (l.second) out.learners.push_back(fields[learner]);
    const auto i = items.try_emplace(fields[item], out.items.size());
    if (i.second) out.items.push_back(fields[item]);
    answers.push_back({l.first->second, i.first->second, static_cast<int8_t>(fields[right] == "1"), option < fields.size() ? fields[option] : ""});
  }
  if (out.items.size() * out.learners.size() > kMaxResponses)
    return fail(ErrorCode::over_budget, "{} learners and {} items are too many", out.learners.size(), out.items.size());
  out.right.assign(out.items.size() * out.learners.size(), -1);
  out.chosen.resize(out.right.size());
  for (const Answer& a : answers) {
    const size_t at = a.learner * out.items.size() + a.item;
    if (out.right[at] >= 0) return fail(ErrorCode::corrupt, "{} answered {} twice", in_quotes(out.learners[a.learner], 60), in_quotes(out.items[a.item], 60));
    out.right[at] = a.right;
    out.chosen[at] = a.option;
  }
  return out;
}

Result<ItemStatistics> item_statistics(const ItemResponses& r) {
  const size_t n_items = r.items.size(), n_learners = r.learners.size();
  if (n_items < 2 || n_learners < 10) return fail(ErrorCode::invalid_argument, "{} items and {} learners; 2 and 10 are needed at least", n_items, n_learners);
  const Quadrature grid;
  std::vector<TwoParameters> parameters(n_items);
  ItemStatistics out;
  std::vector<double> log_right(n_items * kNodes), log_wrong(n_items * kNodes), count(n_items * kNodes), right(n_items * kNodes), posterior(kNodes);
  out.abilities.resize(n_learners);
  for (out.iterations = 1; out.iterations <= kMaxIterations; ++out.iterations) {
    for (size_t i = 0; i < n_items; ++i)
      for (size_t q = 0; q < kNodes; ++q) {
        const double x = std::exp(parameters[i].log_a) * (grid.node[q] - parameters[i].b);
        log_right[i * kNodes + q] = -std::log1p(std::exp(-x));
        log_wrong[i * kNodes + q] = -std::log1p(std::exp(x));
      }
    std::fill(count.begin(), count.end(), 0);
    std::fill(right.begin(), right.end(), 0);
    for (size_t l = 0; l < n_learners; ++l) {
      for (size_t q = 0; q < kNodes; ++q) posterior[q] = std::log(grid.weight[q]);
      for (size_t i = 0; i < n_items; ++i)
        if (r.at(l, i) >= 0)
          for (size_t q = 0; q < kNodes; ++q) posterior[q] += (r.at(l, i) ? log_right : log_wrong)[i * kNodes + q];
      const double most = *std::max_element(posterior.begin(), posterior.end());
      double sum = 0, mean = 0;
      for (double& p : posterior) sum += p = std::exp(p - most);
      for (size_t q = 0; q < kNodes; ++q) posterior[q] /= sum, mean += posterior[q] * grid.node[q];
      out.abilities[l] = mean;
      for (size_t i = 0; i < n_items; ++i)
        if (r.at(l, i) >= 0)
          for (size_t q = 0; q < kNodes; ++q) {
            count[i * kNodes + q] += posterior[q];
            if (r.at(l, i)) right[i * kNodes + q] += posterior[q];
          }
    }
    double change = 0;
    for (size_t i = 0; i < n_items; ++i) {
      const TwoParameters next = maximised(parameters[i], grid, count.data() + i * kNodes, right.data() + i * kNodes);
      change = std::max({change, std::abs(next.log_a - parameters[i].log_a), std::abs(next.b - parameters[i].b)});
      parameters[i] = next;
    }
    if (change < kConverged) break;
  }
  double item_variance = 0;
  std::vector<double> totals(n_learners, 0);
  for (size_t i = 0; i < n_items; ++i) {
    ItemEstimate e{.item = r.items[i], .discrimination = std::exp(parameters[i].log_a), .difficulty = parameters[i].b};
    double sum = 0;
    for (size_t l = 0; l < n_learners; ++l)
      if (r.at(l, i) >= 0) ++e.answers, sum += r.at(l, i), totals[l] += r.at(l, i);
    e.share_right = e.answers ? sum / static_cast<double>(e.answers) : 0;
    item_variance += e.share_right * (1 - e.share_right);
    e.correlation = item_rest(r, i);
    find_problems(r, i, out.abilities, e);
    out.items.push_back(std::move(e));
  }
  const double mean = std::accumulate(totals.begin(), totals.end(), 0.0) / static_cast<double>(n_learners);
  double variance = 0;
  for (const double total : totals) variance += (total - mean) * (total - mean) / static_cast<double>(n_learners);
  const auto k = static_cast<double>(n_items);
  out.reliability = variance > 0 ? k / (k - 1) * (1 - item_variance / variance) : 0;
  return out;
}

}  // namespace ptah
