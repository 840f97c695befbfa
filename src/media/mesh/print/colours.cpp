// Few colours, for printers that have few filaments.
#include <algorithm>
#include <limits>
#include <map>

#include "base/text.h"
#include "media/mesh/print/print_model.h"
#include "media/oklab.h"

namespace ptah {

namespace {

constexpr size_t kMaxPalette = 256;

int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

Result<Colour8> colour_of(std::string_view text) {
  const auto wrong = [&] { return fail(ErrorCode::invalid_argument, "'{}' is no colour: expected #rrggbb", printable(text, 40)); };
  if (!text.starts_with('#') || (text.size() != 7 && text.size() != 4)) return wrong();
  Colour8 out{0, 0, 0, 255};
  for (size_t i = 0; i < 3; ++i) {
    const int high = digit(text.size() == 7 ? text[1 + 2 * i] : text[1 + i]), low = digit(text.size() == 7 ? text[2 + 2 * i] : text[1 + i]);
    if (high < 0 || low < 0) return wrong();
    out[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return out;
}

/// Lines of three numbers and a name, behind a head; # begins a comment.
Result<std::vector<Colour8>> parse_gimp(std::string_view text) {
  std::vector<Colour8> out;
  for (size_t at = 0; at < text.size() && out.size() <= kMaxPalette;) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = trimmed(text.substr(at, end - at));
    at = end + 1;
    if (line.empty() || digit(line[0]) < 0 || digit(line[0]) > 9 || line.find(':') != std::string_view::npos) continue;
    Colour8 colour{0, 0, 0, 255};
    for (size_t i = 0; i < 3; ++i) {
      while (!line.empty() && (line[0] == ' ' || line[0] == '\t')) line.remove_prefix(1);
      int value = -1;
      for (; !line.empty() && line[0] >= '0' && line[0] <= '9' && value < 1000; line.remove_prefix(1)) value = std::max(value, 0) * 10 + (line[0] - '0');
      if (value < 0 || value > 255)
        return fail(ErrorCode::invalid_argument, "a palette's line '{}' is no colour of three numbers from 0 to 255", printable(line, 40));
      colour[i] = static_cast<uint8_t>(value);
    }
    out.push_back(colour);
  }
  return out;
}

double distance(const Oklab& a, const Oklab& b) {
  double sum = 0;
  for (size_t i = 0; i < 3; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/// The index of the nearest one; the first of several.
uint32_t nearest(const std::vector<Oklab>& among, const Oklab& colour) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < among.size(); ++i)
    if (distance(among[i], colour) < distance(among[best], colour)) best = i;
  return best;
}

struct Weighted {
  Oklab colour;
  double weight;  ///< area, m²
};

double error_of(const std::vector<Weighted>& colours, const std::vector<Oklab>& kept) {
  double sum = 0;
  for (const Weighted& c : colours) sum += c.weight * distance(kept[nearest(kept, c.colour)], c.colour);
  return sum;
}

/// Adds the colour that helps most, one after the other, then changes single ones while that helps.
std::vector<uint32_t> best_of_palette(const std::vector<Weighted>& colours, const std::vector<Oklab>& palette, size_t count) {
  std::vector<uint32_t> chosen;
  std::vector<Oklab> kept;
  while (chosen.size() < count) {
    uint32_t best = 0;
    double smallest_error = std::numeric_limits<double>::infinity();
    kept.emplace_back();
    for (uint32_t i = 0; i < palette.size(); ++i) {
      if (std::find(chosen.begin(), chosen.end(), i) != chosen.end()) continue;
      kept.back() = palette[i];
      if (const double error = error_of(colours, kept); error < smallest_error) smallest_error = error, best = i;
    }
    kept.back() = palette[best];
    chosen.push_back(best);
  }
  double smallest_error = error_of(colours, kept);
  constexpr int kRounds = 8;
  bool better = true;
  for (int round = 0; round < kRounds && better; ++round) {
    better = false;
    for (size_t k = 0; k < chosen.size(); ++k)
      for (uint32_t i = 0; i < palette.size(); ++i) {
        if (std::find(chosen.begin(), chosen.end(), i) != chosen.end()) continue;
        const Oklab before = kept[k];
        kept[k] = palette[i];
        if (const double error = error_of(colours, kept); error < smallest_error * (1 - 1e-9))
          smallest_error = error, chosen[k] = i, better = true;
        else
          kept[k] = before;
      }
  }
  return chosen;
}

/// Lloyd's k-means; begins with the colour of the largest area, then each time with the one whose area times distance is largest.
std::vector<Oklab> clusters(const std::vector<Weighted>& colours, size_t count) {
  std::vector<Oklab> middles;
  const auto heavier = [](const Weighted& a, const Weighted& b) { return a.weight < b.weight; };
  middles.push_back(std::max_element(colours.begin(), colours.end(), heavier)->colour);
  while (middles.size() < std::min(count, colours.size())) {
    const Weighted* far = nullptr;
    double largest = 0;
    for (const Weighted& c : colours)
      if (const double here = c.weight * distance(middles[nearest(middles, c.colour)], c.colour); here > largest) largest = here, far = &c;
    if (!far) break;
    middles.push_back(far->colour);
  }
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Oklab> sums(middles.size());
    std::vector<double> weights(middles.size());
    for (const Weighted& c : colours) {
      const uint32_t i = nearest(middles, c.colour);
      weights[i] += c.weight;
      for (size_t k = 0; k < 3; ++k) sums[i][k] += c.weight * c.colour[k];
    }
    double moved = 0;
    for (size_t i = 0; i < middles.size(); ++i) {
      if (weights[i] <= 0) continue;
      for (double& k : sums[i]) k /= weights[i];
      moved = std::max(moved, distance(middles[i], sums[i]));
      middles[i] = sums[i];
    }
    if (moved < 1e-12) break;
  }
  return middles;
}

std::vector<Weighted> weighted_colours(const PrintModel& model) {
  std::vector<Weighted> out;
  for (const Colour8& c : model.colours) out.push_back({oklab_of(c), 0});
  for (const ThreeMfBody& body : model.bodies)
    for (size_t t = 0; t < body.colour.size(); ++t) {
      const auto [a, b, c] = body.mesh.triangles[t];
      out[body.colour[t]].weight +=
          static_cast<double>(length(cross(body.mesh.positions[b] - body.mesh.positions[a], body.mesh.positions[c] - body.mesh.positions[a]))) / 2;
    }
  return out;
}

}  // namespace

Result<std::vector<Colour8>> parse_palette(std::string_view text) {
  std::vector<Colour8> out;
  if (text.starts_with("GIMP Palette")) {
    PTAH_TRY(out, parse_gimp(text.substr(std::min(text.find('\n'), text.size()))));
  } else {
    for (size_t at = 0; at < text.size() && out.size() <= kMaxPalette;) {
      const size_t end = std::min(text.find_first_of(", \t\r\n", at), text.size());
      if (end > at) {
        PTAH_TRY(const Colour8 colour, colour_of(text.substr(at, end - at)));
        out.push_back(colour);
      }
      at = end + 1;
    }
  }
  if (out.empty()) return fail(ErrorCode::invalid_argument, "a palette without colours: expected #rrggbb,#rrggbb or the text of a GIMP palette");
  if (out.size() > kMaxPalette) return fail(ErrorCode::invalid_argument, "a palette of more than {} colours", kMaxPalette);
  return out;
}

std::string text_of_palette(const std::vector<Colour8>& palette) {
  std::string out;
  for (const Colour8& c : palette) out += fmt::format("{}#{:02x}{:02x}{:02x}", out.empty() ? "" : ",", c[0], c[1], c[2]);
  return out;
}

void reduce_colours(PrintModel& model, const std::vector<Colour8>& palette, size_t count) {
  if (model.colours.empty() || (palette.empty() && count == 0)) return;
  const std::vector<Weighted> colours = weighted_colours(model);
  std::vector<Colour8> kept = palette;
  if (palette.empty()) {
    kept.clear();
    for (const Oklab& middle : clusters(colours, count)) kept.push_back(srgb_of(middle));
  } else if (count > 0 && count < palette.size()) {
    std::vector<Oklab> all;
    for (const Colour8& c : palette) all.push_back(oklab_of(c));
    kept.clear();
    for (const uint32_t i : best_of_palette(colours, all, count)) kept.push_back(palette[i]);
  }
  std::vector<Oklab> places;
  for (const Colour8& c : kept) places.push_back(oklab_of(c));
  std::map<uint32_t, uint32_t> index;  // of a kept colour that is used
  std::vector<uint32_t> of(colours.size());
  std::vector<Colour8> used;
  for (size_t c = 0; c < colours.size(); ++c) {
    const uint32_t k = nearest(places, colours[c].colour);
    const auto [at, added] = index.emplace(k, static_cast<uint32_t>(used.size()));
    if (added) used.push_back(kept[k]);
    of[c] = at->second;
  }
  model.colours = std::move(used);
  for (ThreeMfBody& body : model.bodies)
    for (uint32_t& c : body.colour) c = of[c];
}

}  // namespace ptah
