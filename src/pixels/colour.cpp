#include "pixels/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace ptah {

namespace {

constexpr std::array<std::pair<const char*, float>, 7> kHues{
    {{"red", 0.0F}, {"orange", 0.075F}, {"yellow", 0.145F}, {"green", 0.34F}, {"blue", 0.6F}, {"purple", 0.76F}, {"pink", 0.91F}}};

/// Hue, saturation, value, each in [0, 1].
struct Hsv {
  float h = 0, s = 0, v = 0;
};

/// What main_colour() judges a pixel by.
struct Tone {
  float hue = 0, high = 0, low = 0;  ///< hue 0 where there is none; the largest and the smallest channel
  float range() const { return high - low; }
};

Tone tone_of(const uint8_t* p) {
  const float r = static_cast<float>(p[0]) / 255, g = static_cast<float>(p[1]) / 255, b = static_cast<float>(p[2]) / 255;
  Tone out{0, std::max({r, g, b}), std::min({r, g, b})};
  const float range = out.range();
  if (range <= 0) return out;
  const float turn = out.high == r ? (g - b) / range : out.high == g ? 2 + (b - r) / range : 4 + (r - g) / range;
  out.hue = turn / 6 - std::floor(turn / 6);
  return out;
}

Hsv hsv_of(const uint8_t* p) {
  const Tone tone = tone_of(p);
  return {tone.hue, tone.range() > 0 ? tone.range() / tone.high : 0, tone.high};
}

void put_hsv(uint8_t* p, const Hsv& c) {
  for (int i = 0; i < 3; ++i) {
    const float k = std::fmod(static_cast<float>(5 - 2 * i) + 6 * c.h, 6.0F);  // red 5, green 3, blue 1
    const float x = c.v - c.v * c.s * std::clamp(std::min(k, 4 - k), 0.0F, 1.0F);
    p[i] = static_cast<uint8_t>(std::lround(std::clamp(x, 0.0F, 1.0F) * 255));
  }
}

/// The shorter way from one hue to another, in (−0.5, 0.5].
float way(float from, float to) {
  const float d = to - from;
  return d - std::round(d);
}

/// Whether a pixel counts as having a hue.
bool is_vivid(float range, float high) { return range > 0.25F && high > 0.25F; }

/// Of values that may be put in another order.
float median_of(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Calls `see` with the tone of each pixel that shows.
template <class See>
void each_shown(const Image& picture, See see) {
  for (size_t i = 0; i + 3 < picture.rgba.size(); i += 4)
    if (picture.rgba[i + 3] > 128) see(tone_of(picture.rgba.data() + i));
}

/// The picture with another colour for each pixel that is not transparent.
template <class Change>
Image changed(Image picture, Change change) {
  for (size_t i = 0; i + 3 < picture.rgba.size(); i += 4)
    if (picture.rgba[i + 3] > 0) put_hsv(picture.rgba.data() + i, change(hsv_of(picture.rgba.data() + i)));
  return picture;
}

/// The commonest hue of the vivid pixels, and the median of their values; nothing if they are too few to name a colour by.
struct Dominant {
  float hue = 0, value = 0;
};
std::optional<Dominant> dominant(const Image& picture) {
  constexpr size_t kBins = 36;
  std::array<double, kBins> votes{};
  std::vector<float> values;
  size_t seen = 0;
  each_shown(picture, [&](const Tone& tone) {
    ++seen;
    if (!is_vivid(tone.range(), tone.high)) return;
    ++votes[std::min(kBins - 1, static_cast<size_t>(tone.hue * kBins))];
    values.push_back(tone.high);
  });
  if (values.empty() || static_cast<double>(values.size()) < 0.36 * static_cast<double>(seen)) return {};
  size_t best = 0;
  double largest = -1;
  for (size_t i = 0; i < kBins; ++i) {
    const double here = votes[(i + kBins - 1) % kBins] + 2 * votes[i] + votes[(i + 1) % kBins];
    if (here > largest) largest = here, best = i;
  }
  return Dominant{(static_cast<float>(best) + 0.5F) / kBins, median_of(values)};
}

/// A picture that is dark all over, made light enough to have a colour; any other as it is.
Image lifted(const Image& picture) {
  std::vector<float> values;
  each_shown(picture, [&](const Tone& tone) { values.push_back(tone.high); });
  const float middle = values.empty() ? 1 : median_of(values);
  if (middle >= 0.3F) return picture;
  const float factor = 0.62F / std::max(middle, 0.02F);
  return changed(picture, [&](Hsv c) { return Hsv{c.h, c.s, std::min(1.0F, c.v * factor)}; });
}

}  // namespace

std::string main_colour(const Image& picture) {
  size_t seen = 0, dark = 0, pale = 0;
  std::vector<float> heights;  // of the vivid pixels
  std::array<size_t, kHues.size()> votes{};
  each_shown(picture, [&](const Tone& tone) {
    ++seen;
    dark += tone.high < 0.3F;
    pale += tone.low > 0.8F;
    if (!is_vivid(tone.range(), tone.high)) return;
    heights.push_back(tone.high);
    const auto away = [&](const auto& named) { return std::min(std::abs(tone.hue - named.second), 1 - std::abs(tone.hue - named.second)); };
    const auto nearest = std::min_element(kHues.begin(), kHues.end(), [&](const auto& x, const auto& y) { return away(x) < away(y); });
    ++votes[static_cast<size_t>(nearest - kHues.begin())];
  });
  if (seen < 50) return "";
  const auto share = [&](size_t count) { return static_cast<double>(count) / static_cast<double>(seen); };
  if (share(heights.size()) < 0.35) {
    if (share(dark) > 0.6) return "black";
    if (share(pale) > 0.6) return "white";
    return share(heights.size()) < 0.1 ? "gray" : "";
  }
  const auto largest = std::max_element(votes.begin(), votes.end());
  if (static_cast<double>(*largest) < 0.6 * static_cast<double>(heights.size())) return "";
  const std::string word = kHues[static_cast<size_t>(largest - votes.begin())].first;
  return (word == "orange" || word == "red") && median_of(heights) < 0.62F ? "brown" : word;
}

Image turned_to(const Image& original, const std::string& colour) {
  if (main_colour(original) == colour) return original;
  const Image picture = colour == "black" ? original : lifted(original);
  constexpr float kDark = 0.3F;
  if (colour == "black") {
    const Image out = changed(picture, [](Hsv c) { return Hsv{c.h, 0.5F * c.s, 0.04F + 0.24F * c.v}; });
    return main_colour(out) == colour ? out : original;
  }
  if (colour == "white" || colour == "gray") {
    const bool white = colour == "white";
    const Image out = changed(picture, [&](Hsv c) {
      if (c.v < kDark) return Hsv{c.h, 0.3F * c.s, c.v};
      return white ? Hsv{c.h, 0.05F * c.s, 0.87F + 0.13F * c.v} : Hsv{c.h, 0.12F * c.s, 0.3F + 0.4F * c.v};
    });
    return main_colour(out) == colour ? out : original;
  }
  const auto named = std::find_if(kHues.begin(), kHues.end(), [&](const auto& hue) { return colour == hue.first; });
  if (named == kHues.end() && colour != "brown") return original;
  const float target = named == kHues.end() ? 0.06F : named->second;
  const auto found = dominant(picture);
  // Reds and oranges are brown when they are dark.
  const auto value = [&](float v, float middle) {
    if (colour == "brown") return v * std::min(1.0F, 0.56F / std::max(middle, 0.05F));
    if ((colour == "red" || colour == "orange") && middle < 0.68F) return v < kDark ? v : std::min(1.0F, v * 0.7F / middle);
    return v;
  };
  if (found) {
    for (const float spread : {1.0F, 0.4F, 0.0F}) {
      Image out = changed(picture, [&](Hsv c) {
        const float hue = target + spread * way(found->hue, c.h);
        return Hsv{hue - std::floor(hue), c.s, is_vivid(c.s * c.v, c.v) ? value(c.v, found->value) : c.v};
      });
      if (main_colour(out) == colour) return out;
    }
    return original;
  }
  // Without hues: what is not dark is tinted; reds and oranges brightly, or they would be browns.
  const Image out = changed(picture, [&](Hsv c) {
    if (c.v < 0.33F) return c;
    float v = c.v < 0.5F ? 0.35F + 0.5F * c.v : c.v;
    if (colour == "red" || colour == "orange") v = std::max(v, 0.72F);
    if (colour == "brown") v = std::clamp(0.6F * v, 0.42F, 0.57F);
    return Hsv{target, std::max(c.s, 0.72F), v};
  });
  return main_colour(out) == colour ? out : original;
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
