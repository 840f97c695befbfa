#include "apps/characters/intent.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace ptah {

std::vector<std::pair<std::string, Json>> put_in(const std::string& example, const GameAction& action, const Json& state, size_t max_count) {
  std::vector<std::vector<std::pair<std::string, Json>>> values;  // of each parameter that stands in the example
  std::vector<std::string> names;
  for (const ActionParameter& p : action.parameters) {
    if (example.find("{" + p.name + "}") == std::string::npos) continue;
    std::vector<std::pair<std::string, Json>> of;
    if (p.type == ActionParameter::Type::choice) {
      for (const std::string& choice : choices_in(p, state)) of.emplace_back(choice, choice);
    } else if (p.type == ActionParameter::Type::text) {
      of.emplace_back("something", "something");
    } else {
      const NumberBounds bounds = bounds_in(p, state);
      for (int i = 0; i < 5 && bounds.min <= bounds.max; ++i) {
        const double value = bounds.min + std::floor((bounds.max - bounds.min) * i / 4);
        if (!of.empty() && of.back().second == Json(static_cast<int64_t>(value))) continue;
        of.emplace_back(fmt::format("{}", static_cast<int64_t>(value)), static_cast<int64_t>(value));
      }
    }
    if (of.empty()) return {};
    names.push_back(p.name);
    values.push_back(std::move(of));
  }
  size_t ways = 1;
  for (const auto& of : values) ways = std::min<size_t>(ways * of.size(), 10000);
  const size_t count = std::min(ways, max_count);
  std::vector<std::pair<std::string, Json>> out;
  for (size_t i = 0; i < count; ++i) {
    size_t way = i;
    std::string text = example;
    Json put = Json::object();
    for (size_t p = 0; p < names.size(); ++p) {
      // All ways if there is room for them; else the values of each parameter in turn.
      const size_t at = count == ways ? way % values[p].size() : (i + p * (1 + i / values[p].size())) % values[p].size();
      const auto& [written, value] = values[p][at];
      replace_all(text, "{" + names[p] + "}", written);
      put[names[p]] = value;
      way /= values[p].size();
    }
    out.emplace_back(std::move(text), std::move(put));
  }
  return out;
}

namespace {

constexpr size_t kWays = 6;  ///< of each example

void add_normed(float* to, const float* vector, int64_t width, float weight) {
  for (int64_t c = 0; c < width; ++c) to[c] += weight * vector[c];
}

}  // namespace

IntentIndex::IntentIndex(const Game& game, const SentenceEncoder& encoder) : game_(game), width_(encoder.width()) {
  std::vector<std::string> texts;
  struct ExamplePlace {
    size_t row;
    float weight;
  };
  std::vector<ExamplePlace> places;
  for (size_t a = 0; a < game.actions.size(); ++a)
    for (const std::string& example : game.actions[a].examples) {
      const auto ways = put_in(example, game.actions[a], game.state, kWays);
      for (const auto& [text, values] : ways) {
        texts.push_back(text);
        places.push_back({a, 1.0F / static_cast<float>(ways.size())});
      }
    }
  for (const std::string& text : game.talk) texts.push_back(text), places.push_back({game.actions.size(), 1});
  means_.assign((game.actions.size() + 1) * static_cast<size_t>(width_), 0);
  constexpr size_t kAtOnce = 64;
  for (size_t from = 0; from < texts.size(); from += kAtOnce) {
    const size_t end = std::min(texts.size(), from + kAtOnce);
    const Tensor vectors = encoder.embed({texts.begin() + static_cast<std::ptrdiff_t>(from), texts.begin() + static_cast<std::ptrdiff_t>(end)});
    for (size_t i = from; i < end; ++i)
      add_normed(means_.data() + places[i].row * static_cast<size_t>(width_), vectors.data<float>() + static_cast<int64_t>(i - from) * width_, width_,
                 places[i].weight);
  }
  for (size_t row = 0; row <= game.actions.size(); ++row) {
    float* mean = means_.data() + row * static_cast<size_t>(width_);
    float square = 0;
    for (int64_t c = 0; c < width_; ++c) square += mean[c] * mean[c];
    for (int64_t c = 0; c < width_ && square > 0; ++c) mean[c] /= std::sqrt(square);
  }
}

std::vector<Wanted> IntentIndex::ranked(const float* vector) const {
  std::vector<Wanted> out;
  for (size_t row = 0; row <= game_.actions.size(); ++row) {
    float dot = 0;
    for (int64_t c = 0; c < width_; ++c) dot += vector[c] * means_[row * static_cast<size_t>(width_) + static_cast<size_t>(c)];
    out.push_back({row < game_.actions.size() ? &game_.actions[row] : nullptr, dot});
  }
  std::stable_sort(out.begin(), out.end(), [](const Wanted& a, const Wanted& b) { return a.score > b.score; });
  return out;
}

}  // namespace ptah
