#include "image/colour.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ptah {

namespace {

constexpr std::array<std::pair<const char*, float>, 7> kHues{
    {{"red", 0.0F}, {"orange", 0.075F}, {"yellow", 0.145F}, {"green", 0.34F}, {"blue", 0.6F}, {"purple", 0.76F}, {"pink", 0.91F}}};

}  // namespace

std::string main_colour(const Picture& picture) {
  size_t seen = 0, dark = 0, pale = 0;
  std::vector<float> heights;  // of the vivid pixels
  std::array<size_t, kHues.size()> votes{};
  for (size_t i = 0; i + 3 < picture.rgba.size(); i += 4) {
    if (picture.rgba[i + 3] <= 128) continue;
    const float r = static_cast<float>(picture.rgba[i]) / 255, g = static_cast<float>(picture.rgba[i + 1]) / 255,
                b = static_cast<float>(picture.rgba[i + 2]) / 255;
    const float high = std::max({r, g, b}), low = std::min({r, g, b}), range = high - low;
    ++seen;
    dark += high < 0.3F;
    pale += low > 0.8F;
    if (range <= 0.25F || high <= 0.25F) continue;
    heights.push_back(high);
    const float turn = high == r ? (g - b) / range : high == g ? 2 + (b - r) / range : 4 + (r - g) / range;
    const float hue = turn / 6 - std::floor(turn / 6);
    const auto away = [&](const auto& named) { return std::min(std::abs(hue - named.second), 1 - std::abs(hue - named.second)); };
    const auto nearest = std::min_element(kHues.begin(), kHues.end(), [&](const auto& x, const auto& y) { return away(x) < away(y); });
    ++votes[static_cast<size_t>(nearest - kHues.begin())];
  }
  if (seen < 50) return "";
  const auto share = [&](size_t count) { return static_cast<double>(count) / static_cast<double>(seen); };
  if (share(heights.size()) < 0.35) {
    if (share(dark) > 0.6) return "black";
    if (share(pale) > 0.6) return "white";
    return share(heights.size()) < 0.1 ? "gray" : "";
  }
  const auto most = std::max_element(votes.begin(), votes.end());
  if (static_cast<double>(*most) < 0.6 * static_cast<double>(heights.size())) return "";
  const std::string word = kHues[static_cast<size_t>(most - votes.begin())].first;
  const auto middle = heights.begin() + static_cast<std::ptrdiff_t>(heights.size() / 2);
  std::nth_element(heights.begin(), middle, heights.end());
  return (word == "orange" || word == "red") && *middle < 0.62F ? "brown" : word;
}

std::string asked_colour(const std::vector<std::string>& words) {
  std::string found;
  for (const std::string& word : words) {
    const std::string colour = word == "grey" ? "gray" : word;
    const bool hue = std::any_of(kHues.begin(), kHues.end(), [&](const auto& named) { return colour == named.first; });
    if (!hue && colour != "brown" && colour != "black" && colour != "white" && colour != "gray") continue;
    if (!found.empty() && found != colour) return "";
    found = colour;
  }
  return found;
}

}  // namespace ptah
