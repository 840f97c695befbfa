#include "train/matting/composite.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace ptah {

namespace {

using Colour = std::array<float, 3>;

/// A square of `channels` planes side by side, values in [0, 1].
struct Plane {
  int64_t edge = 0, channels = 0;
  std::vector<float> values;
  Plane(int64_t e, int64_t c) : edge(e), channels(c), values(static_cast<size_t>(e * e * c)) {}
  float* at(int64_t x, int64_t y) { return values.data() + (y * edge + x) * channels; }
  const float* at(int64_t x, int64_t y) const { return values.data() + (y * edge + x) * channels; }
};

float between(Random& random, float low, float high) { return low + (high - low) * random.uniform(); }
bool chance(Random& random, float share) { return random.uniform() < share; }
Colour random_colour(Random& random) { return {random.uniform(), random.uniform(), random.uniform()}; }

/// Means over squares of 2·radius + 1, rows and then columns; two of them are nearly a Gaussian.
void blur(Plane& plane, int64_t radius, int rounds = 2) {
  if (radius < 1) return;
  const int64_t n = plane.edge, c = plane.channels;
  std::vector<float> line(static_cast<size_t>(n * c));
  const auto pass = [&](int64_t stride, int64_t step) {
    for (int64_t row = 0; row < n; ++row) {
      float* const from = plane.values.data() + row * step;
      for (int64_t k = 0; k < c; ++k) {
        const auto value = [&](int64_t i) { return from[std::clamp<int64_t>(i, 0, n - 1) * stride + k]; };
        float sum = 0;
        for (int64_t i = -radius; i <= radius; ++i) sum += value(i);
        for (int64_t i = 0; i < n; ++i) {
          line[static_cast<size_t>(i * c + k)] = sum / static_cast<float>(2 * radius + 1);
          sum += value(i + radius + 1) - value(i - radius);
        }
      }
      for (int64_t i = 0; i < n; ++i)
        for (int64_t k = 0; k < c; ++k) from[i * stride + k] = line[static_cast<size_t>(i * c + k)];
    }
  };
  for (int i = 0; i < rounds; ++i) {
    pass(c, n * c);
    pass(n * c, c);
  }
}

/// A random part of a photograph, at least 45 % of its edge, at `edge` pixels.
Plane photograph(const MattingPool& pool, int64_t edge, Random& random) {
  const uint8_t* from = pool.background(random.below(static_cast<uint32_t>(pool.backgrounds.dim(0))));
  constexpr auto kEdge = static_cast<float>(kBackgroundEdge);
  const float part = kEdge * between(random, 0.45F, 1), left = (kEdge - part) * random.uniform(), top = (kEdge - part) * random.uniform();
  const bool mirrored = chance(random, 0.5F);
  Plane out(edge, 3);
  for (int64_t y = 0; y < edge; ++y)
    for (int64_t x = 0; x < edge; ++x) {
      const float u =
          std::clamp(left + (static_cast<float>(mirrored ? edge - 1 - x : x) + 0.5F) * part / static_cast<float>(edge) - 0.5F, 0.0F, kEdge - 1.001F);
      const float v = std::clamp(top + (static_cast<float>(y) + 0.5F) * part / static_cast<float>(edge) - 0.5F, 0.0F, kEdge - 1.001F);
      const auto u0 = static_cast<int64_t>(u), v0 = static_cast<int64_t>(v);
      const float fu = u - static_cast<float>(u0), fv = v - static_cast<float>(v0);
      const uint8_t* p = from + (v0 * kBackgroundEdge + u0) * 3;
      for (int64_t c = 0; c < 3; ++c) {
        const float above = static_cast<float>(p[c]) * (1 - fu) + static_cast<float>(p[3 + c]) * fu;
        const float below = static_cast<float>(p[kBackgroundEdge * 3 + c]) * (1 - fu) + static_cast<float>(p[kBackgroundEdge * 3 + 3 + c]) * fu;
        out.at(x, y)[c] = (above * (1 - fv) + below * fv) / 255;
      }
    }
  return out;
}

/// One colour to another, in any direction.
Plane gradient(int64_t edge, Random& random) {
  const Colour a = random_colour(random);
  Colour b = random_colour(random);
  const float unlike = chance(random, 0.4F) ? 0.0F : between(random, 0, 0.6F);
  for (size_t c = 0; c < 3; ++c) b[c] = a[c] + (b[c] - a[c]) * unlike;
  const float angle = between(random, 0, 2 * std::numbers::pi_v<float>), dx = std::cos(angle), dy = std::sin(angle);
  Plane out(edge, 3);
  for (int64_t y = 0; y < edge; ++y)
    for (int64_t x = 0; x < edge; ++x) {
      const float t = std::clamp(
          0.5F + ((static_cast<float>(x) / static_cast<float>(edge) - 0.5F) * dx + (static_cast<float>(y) / static_cast<float>(edge) - 0.5F) * dy), 0.0F, 1.0F);
      for (size_t c = 0; c < 3; ++c) out.at(x, y)[c] = a[c] + (b[c] - a[c]) * t;
    }
  return out;
}

/// Clouds: noise at three scales between two colours.
Plane clouds(int64_t edge, Random& random) {
  const Colour a = random_colour(random), b = random_colour(random);
  Plane noise(edge, 1);
  for (const int64_t radius : {edge / 10, edge / 32, int64_t{2}}) {
    Plane one(edge, 1);
    for (float& v : one.values) v = random.uniform() - 0.5F;
    blur(one, radius);
    const float gain = 0.35F * static_cast<float>(2 * radius + 1);
    for (size_t i = 0; i < noise.values.size(); ++i) noise.values[i] += one.values[i] * gain;
  }
  Plane out(edge, 3);
  for (size_t i = 0; i < noise.values.size(); ++i)
    for (size_t c = 0; c < 3; ++c) out.values[i * 3 + c] = a[c] + (b[c] - a[c]) * std::clamp(0.5F + noise.values[i], 0.0F, 1.0F);
  return out;
}

/// A wall and a floor (or table) with the textures of photographs.
Plane room(const MattingPool& pool, int64_t edge, Random& random) {
  Plane wall = chance(random, 0.5F) ? photograph(pool, edge, random) : gradient(edge, random);
  const Plane floor = chance(random, 0.6F) ? photograph(pool, edge, random) : gradient(edge, random);
  const float horizon = static_cast<float>(edge) * between(random, 0.4F, 0.85F), slope = between(random, -0.1F, 0.1F), dark = between(random, 0.5F, 1);
  for (int64_t y = 0; y < edge; ++y)
    for (int64_t x = 0; x < edge; ++x)
      if (static_cast<float>(y) > horizon + slope * static_cast<float>(x - edge / 2))
        for (int64_t c = 0; c < 3; ++c) wall.at(x, y)[c] = dark * floor.at(x, y)[c];
  return wall;
}

/// Brightness, contrast, warmth, saturation.
void vary_colours(Plane& plane, float strength, Random& random) {
  const float gain = 1 + strength * between(random, -0.6F, 0.5F), contrast = 1 + strength * between(random, -0.6F, 0.5F),
              saturation = 1 + strength * between(random, -0.9F, 0.6F), gamma = std::exp(strength * between(random, -0.5F, 0.5F));
  Colour tint{};
  for (float& t : tint) t = 1 + strength * between(random, -0.2F, 0.2F);
  constexpr int kSteps = 1024;
  std::array<float, kSteps + 1> curve{};
  for (int i = 0; i <= kSteps; ++i) curve[static_cast<size_t>(i)] = std::pow(static_cast<float>(i) / kSteps, gamma);
  const int64_t stride = plane.channels;
  for (size_t i = 0; i < plane.values.size(); i += static_cast<size_t>(stride)) {
    float* p = plane.values.data() + i;
    const float grey = 0.3F * p[0] + 0.59F * p[1] + 0.11F * p[2];
    for (size_t c = 0; c < 3; ++c) {
      const float v = ((grey + (p[c] - grey) * saturation) * tint[c] - 0.5F) * contrast + 0.5F;
      p[c] = curve[static_cast<size_t>(std::clamp(v * gain, 0.0F, 1.0F) * kSteps + 0.5F)];
    }
  }
}

/// A thing as premultiplied colours, halved so often that drawing it at `scale` skips no pixel.
Plane thing_at_scale(const uint8_t* rgba, float scale) {
  Plane out(kForegroundEdge, 4);
  for (int64_t i = 0; i < kForegroundEdge * kForegroundEdge; ++i) {
    const float alpha = static_cast<float>(rgba[i * 4 + 3]) / 255;
    for (int64_t c = 0; c < 3; ++c) out.values[static_cast<size_t>(i * 4 + c)] = static_cast<float>(rgba[i * 4 + c]) / 255 * alpha;
    out.values[static_cast<size_t>(i * 4 + 3)] = alpha;
  }
  while (scale < 0.6F && out.edge > 16) {
    Plane half(out.edge / 2, 4);
    for (int64_t y = 0; y < half.edge; ++y)
      for (int64_t x = 0; x < half.edge; ++x)
        for (int64_t c = 0; c < 4; ++c)
          half.at(x, y)[c] = (out.at(2 * x, 2 * y)[c] + out.at(2 * x + 1, 2 * y)[c] + out.at(2 * x, 2 * y + 1)[c] + out.at(2 * x + 1, 2 * y + 1)[c]) / 4;
    out = std::move(half);
    scale *= 2;
  }
  return out;
}

/// Where a thing stands: its middle in pixels, how long its square's edge is there, turned and mirrored.
struct Place {
  float x = 0, y = 0, edge = 0, angle = 0;
  bool mirrored = false;
};

/// The premultiplied thing as it lies in a picture of `size` pixels.
Plane placed(const Plane& thing, const Place& place, int64_t size) {
  Plane out(size, 4);
  const float per = static_cast<float>(thing.edge) / place.edge, cosine = std::cos(place.angle) * per, sine = std::sin(place.angle) * per;
  const float middle = static_cast<float>(thing.edge) / 2;
  const auto sample = [&](int64_t x, int64_t y) -> const float* {
    static constexpr std::array<float, 4> kNothing{};
    return x < 0 || y < 0 || x >= thing.edge || y >= thing.edge ? kNothing.data() : thing.at(x, y);
  };
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const float dx = (static_cast<float>(x) + 0.5F - place.x) * (place.mirrored ? -1.0F : 1.0F), dy = static_cast<float>(y) + 0.5F - place.y;
      const float u = dx * cosine + dy * sine + middle - 0.5F, v = dy * cosine - dx * sine + middle - 0.5F;
      if (u <= -1 || v <= -1 || u >= static_cast<float>(thing.edge) || v >= static_cast<float>(thing.edge)) continue;
      const float fu = u - std::floor(u), fv = v - std::floor(v);
      const auto u0 = static_cast<int64_t>(std::floor(u)), v0 = static_cast<int64_t>(std::floor(v));
      const float *a = sample(u0, v0), *b = sample(u0 + 1, v0), *c = sample(u0, v0 + 1), *d = sample(u0 + 1, v0 + 1);
      for (int64_t k = 0; k < 4; ++k) out.at(x, y)[k] = (a[k] * (1 - fu) + b[k] * fu) * (1 - fv) + (c[k] * (1 - fu) + d[k] * fu) * fv;
    }
  return out;
}

Place random_place(int64_t size, bool first, Random& random) {
  const auto s = static_cast<float>(size);
  Place place;
  const bool near = first && chance(random, 0.15F);  // a close-up: much of it is outside of the picture
  place.edge = s * (near ? between(random, 1.2F, 2.2F) : first ? between(random, 0.45F, 1.15F) : between(random, 0.25F, 0.7F));
  const float free = near ? place.edge / 2 - 0.2F * s : std::max(0.12F * s, (s - place.edge) / 2 + 0.1F * s);
  const auto away = [&] { return free * (first ? random.uniform() + random.uniform() - 1 : between(random, -1, 1)); };  // the subject is mostly in the middle
  place.x = s / 2 + away();
  place.y = s / 2 + away();
  if (!near && chance(random, 0.3F)) place.y = s - place.edge * between(random, 0.15F, 0.45F);  // cut off by the lower edge, as people in portraits are
  place.angle = chance(random, 0.12F) ? between(random, -3.14F, 3.14F) : 0.12F * random.normal();
  place.mirrored = chance(random, 0.5F);
  return place;
}

/// Colours of their own: premultiplied, so that alpha stays.
void vary_thing(Plane& thing, const MattingPool& pool, Random& random) {
  for (size_t i = 0; i < thing.values.size(); i += 4)
    for (size_t c = 0; c < 3; ++c) thing.values[i + c] = thing.values[i + 3] > 0 ? thing.values[i + c] / thing.values[i + 3] : 0;
  if (chance(random, 0.2F)) {  // the texture of a photograph in the thing's light and shade
    const Plane texture = photograph(pool, thing.edge, random);
    const float share = between(random, 0.4F, 1), lift = between(random, 0.3F, 0.9F);
    for (size_t i = 0; i < thing.values.size(); i += 4) {
      const float* p = thing.values.data() + i;
      const float light = lift + (1.6F - lift) * (0.3F * p[0] + 0.59F * p[1] + 0.11F * p[2]);
      for (size_t c = 0; c < 3; ++c) {
        float& v = thing.values[i + c];
        v += share * (std::min(1.0F, texture.values[i / 4 * 3 + c] * light) - v);
      }
    }
  }
  if (chance(random, 0.15F)) {  // as another thing of this form would be coloured
    const uint32_t turn = 1 + random.below(2);
    for (size_t i = 0; i < thing.values.size(); i += 4) {
      float* p = thing.values.data() + i;
      const Colour was{p[0], p[1], p[2]};
      for (size_t c = 0; c < 3; ++c) p[c] = was[(c + turn) % 3];
    }
  }
  vary_colours(thing, 0.55F, random);
  for (size_t i = 0; i < thing.values.size(); i += 4)
    for (size_t c = 0; c < 3; ++c) thing.values[i + c] *= thing.values[i + 3];
}

void lay_over(const Plane& thing, Plane& picture, Plane* cover) {
  for (size_t i = 0; i < thing.values.size() / 4; ++i) {
    const float alpha = thing.values[i * 4 + 3];
    for (size_t c = 0; c < 3; ++c) picture.values[i * 3 + c] = picture.values[i * 3 + c] * (1 - alpha) + thing.values[i * 4 + c];
    if (cover) cover->values[i] = alpha + cover->values[i] * (1 - alpha);
  }
}

Plane random_thing(const MattingPool& pool, int64_t size, bool first, Random& random) {
  const uint8_t* rgba = pool.foreground(random.below(static_cast<uint32_t>(pool.foreground_count())));
  const Place place = random_place(size, first, random);
  Plane thing = thing_at_scale(rgba, place.edge / static_cast<float>(kForegroundEdge));
  vary_thing(thing, pool, random);
  return placed(thing, place, size);
}

Plane random_background(const MattingPool& pool, int64_t size, Random& random, Behind behind) {
  if (behind == Behind::plain) {
    const Colour colour = random_colour(random);
    Plane out(size, 3);
    for (size_t i = 0; i < out.values.size(); ++i) out.values[i] = colour[i % 3];
    return out;
  }
  const float kind = random.uniform();
  Plane out = kind < 0.6F    ? photograph(pool, size, random)
              : kind < 0.78F ? room(pool, size, random)
              : kind < 0.92F ? gradient(size, random)
                             : clouds(size, random);
  if (chance(random, 0.2F)) {  // things out of focus are background
    for (uint32_t i = 0, count = 1 + random.below(3); i < count; ++i) lay_over(random_thing(pool, size, false, random), out, nullptr);
    blur(out, 3 + random.below(5));
  } else if (chance(random, 0.55F)) {
    blur(out, random.below(6));
  }
  vary_colours(out, 0.7F, random);
  return out;
}

/// A soft shadow of what covers, moved and pressed down.
void add_shadow(Plane& background, const Plane& cover, Random& random) {
  const int64_t n = background.edge;
  const float dx = between(random, -0.12F, 0.12F) * static_cast<float>(n), dy = between(random, -0.02F, 0.12F) * static_cast<float>(n),
              dark = between(random, 0.2F, 0.7F);
  Plane shadow(n, 1);
  for (int64_t y = 0; y < n; ++y)
    for (int64_t x = 0; x < n; ++x) {
      const auto u = static_cast<int64_t>(static_cast<float>(x) - dx), v = static_cast<int64_t>(static_cast<float>(y) - dy);
      if (u >= 0 && v >= 0 && u < n && v < n) *shadow.at(x, y) = *cover.at(u, v);
    }
  blur(shadow, 1 + random.below(static_cast<uint32_t>(n / 20)));
  for (size_t i = 0; i < shadow.values.size(); ++i)
    for (size_t c = 0; c < 3; ++c) background.values[i * 3 + c] *= 1 - dark * shadow.values[i];
}

/// The background's light on the things' edges.
void wrap_light(Plane& thing, const Plane& background, Random& random) {
  Plane light = background, inner(thing.edge, 1);
  for (size_t i = 0; i < inner.values.size(); ++i) inner.values[i] = thing.values[i * 4 + 3];
  blur(light, 6);
  blur(inner, 2 + random.below(3));
  const float strength = between(random, 0.1F, 0.6F);
  for (size_t i = 0; i < inner.values.size(); ++i) {
    const float alpha = thing.values[i * 4 + 3], by = strength * std::clamp(1 - inner.values[i], 0.0F, 1.0F);
    for (size_t c = 0; c < 3; ++c) thing.values[i * 4 + c] += by * (light.values[i * 3 + c] * alpha - thing.values[i * 4 + c]);
  }
}

void through_jpeg(Plane& picture, Random& random) {
  Image image = make_image(picture.edge, picture.edge);
  for (size_t i = 0; i < picture.values.size() / 3; ++i) {
    for (size_t c = 0; c < 3; ++c) image.rgba[i * 4 + c] = static_cast<uint8_t>(std::lround(255 * std::clamp(picture.values[i * 3 + c], 0.0F, 1.0F)));
    image.rgba[i * 4 + 3] = 255;
  }
  const Bytes bytes = value_or_throw(encode_jpeg(image, 30 + static_cast<int>(random.below(66))));
  image = value_or_throw(decode_jpeg(bytes));
  for (size_t i = 0; i < picture.values.size() / 3; ++i)
    for (size_t c = 0; c < 3; ++c) picture.values[i * 3 + c] = static_cast<float>(image.rgba[i * 4 + c]) / 255;
}

/// What a camera and a file do to the whole picture. Blurs soften the coverage too.
void as_photographed(Plane& picture, Plane& cover, Random& random) {
  if (chance(random, 0.4F)) vary_colours(picture, 0.35F, random);
  if (chance(random, 0.15F)) {
    blur(picture, 1, 1);
    blur(cover, 1, 1);
  }
  if (chance(random, 0.5F)) {
    const float noise = between(random, 0, 0.04F);
    const bool grey = chance(random, 0.4F);
    for (size_t i = 0; i < picture.values.size(); i += 3) {
      const float same = (random.uniform() + random.uniform() - 1) * 2.4F;
      for (size_t c = 0; c < 3; ++c) picture.values[i + c] += noise * (grey ? same : (random.uniform() + random.uniform() - 1) * 2.4F);
    }
  }
  if (chance(random, 0.35F)) through_jpeg(picture, random);
}

}  // namespace

Composite random_composite(const MattingPool& pool, int64_t size, Random& random, Behind behind) {
  Plane picture = random_background(pool, size, random, behind);
  Plane cover(size, 1);
  const float many = random.uniform();
  for (int left = many < 0.84F ? 1 : many < 0.95F ? 2 : 3, first = 1; left > 0; --left, first = 0) {
    Plane thing = random_thing(pool, size, first == 1, random);
    if (chance(random, 0.35F)) {
      Plane alone(size, 1);
      for (size_t i = 0; i < alone.values.size(); ++i) alone.values[i] = thing.values[i * 4 + 3];
      add_shadow(picture, alone, random);
    }
    if (chance(random, 0.3F)) wrap_light(thing, picture, random);
    lay_over(thing, picture, &cover);
  }
  as_photographed(picture, cover, random);
  const auto bar = static_cast<int64_t>(chance(random, 0.5F) ? between(random, 0, 0.24F) * static_cast<float>(size) : 0.0F);
  const bool wide = chance(random, 0.5F);
  const int64_t across = wide ? 0 : bar, down = wide ? bar : 0;
  Composite out{
      size, across, down, size - 2 * across, size - 2 * down, std::vector<float>(picture.values.size(), 0.0F), std::vector<float>(cover.values.size(), 0.0F)};
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const int64_t along = wide ? y : x;
      if (along < bar || along >= size - bar) continue;
      for (int64_t c = 0; c < 3; ++c) out.colours[static_cast<size_t>((y * size + x) * 3 + c)] = 2 * std::clamp(picture.at(x, y)[c], 0.0F, 1.0F) - 1;
      out.cover[static_cast<size_t>(y * size + x)] = std::clamp(*cover.at(x, y), 0.0F, 1.0F);
    }
  return out;
}

}  // namespace ptah
