#include "train/composition.h"

#include <algorithm>
#include <array>

#include "tensor/ops.h"
#include "text/vocabulary.h"

namespace ptah {

namespace {

constexpr int kTries = 24;

/// Where a thing stands, in parts of the picture's edge: centre and edge of its square.
struct Place {
  float x = 0.5F, y = 0.5F, edge = 1;
};

struct Ground {
  const char* word;
  std::array<float, 3> colour;  // sRGB
};
constexpr std::array<Ground, 11> kGrounds{{{"red", {0.85F, 0.16F, 0.16F}},
                                           {"orange", {0.96F, 0.55F, 0.14F}},
                                           {"yellow", {0.98F, 0.84F, 0.25F}},
                                           {"green", {0.25F, 0.68F, 0.34F}},
                                           {"blue", {0.20F, 0.45F, 0.88F}},
                                           {"purple", {0.55F, 0.30F, 0.78F}},
                                           {"pink", {0.96F, 0.55F, 0.72F}},
                                           {"brown", {0.48F, 0.31F, 0.18F}},
                                           {"black", {0.07F, 0.07F, 0.08F}},
                                           {"white", {0.98F, 0.98F, 0.98F}},
                                           {"gray", {0.55F, 0.55F, 0.56F}}}};

bool is_vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

std::string with_article(const std::string& words) { return (is_vowel(words[0]) ? "an " : "a ") + words; }

/// What a picture is called: its first caption without "face"; empty if that cannot be counted.
std::string thing_of(const PictureEntry& entry) {
  std::string name = entry.captions[0];
  if (name.ends_with(" face")) name.resize(name.size() - 5);
  if (name.empty() || split_words(name).size() > 3) return "";
  for (const char c : name)
    if (!(c == ' ' || (c >= 'a' && c <= 'z'))) return "";
  for (const char* bad : {" with ", " in ", " and ", " on "})
    if (name.find(bad) != std::string::npos) return "";
  return name;
}

/// The picture `index`, shrunk to `edge` pixels, laid over `canvas` f32 [size, size, 4] with its corner at (left, top).
void lay(Tensor& canvas, const PictureSet& set, int64_t index, bool flip, int64_t left, int64_t top, int64_t edge) {
  const int64_t size = set.size();
  const Tensor whole = picture_batch(set, {index}, {flip ? 1.0F : 0.0F, 0, 0}, 0, 0);
  const Tensor small = edge == size ? whole : resize(whole, edge, edge, Filter::bilinear);
  for (int64_t y = std::max<int64_t>(0, -top); y < std::min(edge, size - top); ++y)
    for (int64_t x = std::max<int64_t>(0, -left); x < std::min(edge, size - left); ++x) {
      const float* from = small.data<float>() + (y * edge + x) * 4;
      float* to = canvas.data<float>() + ((top + y) * size + left + x) * 4;
      const float clear = 1 - (from[3] + 1) / 2;
      for (int c = 0; c < 4; ++c) to[c] = from[c] + (to[c] + 1) * clear;
    }
}

std::vector<Place> places_of(size_t count, Random& random) {
  switch (count) {
    case 1:
      return {{0.5F, 0.5F, 0.78F}};
    case 2:
      return {{0.25F, 0.5F, 0.5F}, {0.75F, 0.5F, 0.5F}};
    case 3:
      if (random.uniform() < 0.5F) return {{0.5F, 0.26F, 0.48F}, {0.25F, 0.74F, 0.48F}, {0.75F, 0.74F, 0.48F}};
      return {{0.17F, 0.5F, 0.34F}, {0.5F, 0.5F, 0.34F}, {0.83F, 0.5F, 0.34F}};
    case 4:
      return {{0.25F, 0.25F, 0.48F}, {0.75F, 0.25F, 0.48F}, {0.25F, 0.75F, 0.48F}, {0.75F, 0.75F, 0.48F}};
    default:
      return {{0.2F, 0.2F, 0.38F}, {0.8F, 0.2F, 0.38F}, {0.5F, 0.5F, 0.38F}, {0.2F, 0.8F, 0.38F}, {0.8F, 0.8F, 0.38F}};
  }
}

}  // namespace

std::string plural_of(const std::string& thing) {
  const size_t of = thing.find(" of ");
  const std::string head = thing.substr(0, of), rest = of == std::string::npos ? std::string() : thing.substr(of);
  const auto ends = [&](const char* end) { return head.ends_with(end); };
  for (const auto& [one, many] : {std::pair{"mouse", "mice"}, {"goose", "geese"}, {"tooth", "teeth"}, {"foot", "feet"}, {"child", "children"}, {"man", "men"}})
    if (ends(one)) return head.substr(0, head.size() - std::string_view(one).size()) + many + rest;
  for (const char* same : {"fish", "sheep", "deer", "glasses", "scissors", "shorts", "jeans"})
    if (ends(same)) return head + rest;
  if (ends("s") || ends("x") || ends("ch") || ends("sh")) return head + "es" + rest;
  if (head.size() > 1 && ends("y") && !is_vowel(head[head.size() - 2])) return head.substr(0, head.size() - 1) + "ies" + rest;
  for (const auto& [one, many] :
       {std::pair{"leaf", "leaves"}, {"wolf", "wolves"}, {"knife", "knives"}, {"loaf", "loaves"}, {"tomato", "tomatoes"}, {"potato", "potatoes"}})
    if (ends(one)) return head.substr(0, head.size() - std::string_view(one).size()) + many + rest;
  return head + "s" + rest;
}

Composition compose_pictures(const PictureSet& set, const PicturePicker& picker, Random& random) {
  const auto entry = [&](int64_t i) -> const PictureEntry& { return set.entries[static_cast<size_t>(i)]; };
  const float kind = random.uniform();
  const bool pair = kind < 0.45F, grounded = kind >= 0.8F || random.uniform() < 0.1F;
  const size_t count = pair || kind >= 0.8F ? 1 : 2 + random.below(4);
  int64_t first = -1, second = -1;
  for (int i = 0; i < kTries && first < 0; ++i)
    if (const int64_t picked = picker.pick(random); !thing_of(entry(picked)).empty()) first = picked;
  if (first < 0) return {};
  for (int i = 0; i < kTries && pair; ++i) {
    const int64_t picked = picker.pick(random);
    if (thing_of(entry(picked)).empty() || entry(picked).concept_name == entry(first).concept_name) continue;
    second = picked;
    if (entry(picked).style == entry(first).style) break;
  }
  if (pair && second < 0) return {};

  const int64_t size = set.size();
  Composition out{Tensor::full({size, size, 4}, -1.0F), {}};
  // Words: what there is, of which style, on which ground.
  const std::string one = thing_of(entry(first));
  std::string prefix;
  if (random.uniform() < 0.5F && (!pair || entry(first).style == entry(second).style)) prefix = entry(first).style + " ";
  if (pair) {
    static constexpr std::array kJoints{"and", "and", "and", "next to", "beside", "left of"};
    out.caption = fmt::format("{} {} {}", with_article(prefix + one), kJoints[random.below(kJoints.size())], with_article(thing_of(entry(second))));
  } else if (count == 1) {
    out.caption = with_article(prefix + one);
  } else {
    static constexpr std::array kNumbers{"two", "three", "four", "five"};
    const std::string number = random.uniform() < 0.2F ? std::to_string(count) : kNumbers[count - 2];
    out.caption = fmt::format("{} {}{}", number, prefix, plural_of(one));
  }
  if (grounded) {
    const Ground& ground = kGrounds[random.below(kGrounds.size())];
    const float light = 0.9F + 0.2F * random.uniform();
    for (int64_t i = 0; i < size * size; ++i) {
      float* to = out.picture.data<float>() + i * 4;
      for (size_t c = 0; c < 3; ++c) to[c] = 2 * std::min(1.0F, ground.colour[c] * light) - 1;
      to[3] = 1;
    }
    out.caption += fmt::format(" on a {} {}", ground.word, random.uniform() < 0.25F ? "ground" : "background");
  }
  const std::vector<Place> places = places_of(pair ? 2 : count, random);
  const bool flip = random.uniform() < 0.5F;
  for (size_t i = 0; i < places.size(); ++i) {
    const auto jitter = [&] { return 0.04F * (random.uniform() - 0.5F); };
    const float edge = places[i].edge * (grounded && places.size() > 1 ? 0.92F : 1.0F) * (0.94F + 0.06F * random.uniform());
    const auto pixels = static_cast<int64_t>(edge * static_cast<float>(size));
    const auto at = [&](float centre) { return static_cast<int64_t>((centre + jitter()) * static_cast<float>(size)) - pixels / 2; };
    const int64_t left = at(places[i].x), top = at(places[i].y);
    lay(out.picture, set, pair && i == 1 ? second : first, pair ? random.uniform() < 0.5F : flip, left, top, pixels);
  }
  return out;
}

}  // namespace ptah
