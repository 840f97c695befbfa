#include "render/environment.h"

#include <numbers>

#include "base/parallel.h"

namespace ptah {

namespace {

constexpr size_t kLevels = 6;          // roughnesses 0, 0.2 … 1
constexpr int64_t kFilterWidth = 256;  // larger maps are reduced before they are convolved

/// Where a direction lies in a map, both in [0, 1].
Vec2 place_of(const Vec3& d) { return {0.5F + std::atan2(d[0], -d[2]) / (2 * kPi), std::acos(std::clamp(d[1], -1.0F, 1.0F)) / kPi}; }

Vec3 direction_of(float u, float v) {
  const float phi = (u - 0.5F) * 2 * kPi, theta = v * kPi, sine = std::sin(theta);
  return {sine * std::sin(phi), std::cos(theta), -sine * std::cos(phi)};
}

/// Bilinear; wraps round sideways.
Rgb look_up(const HdrImage& map, const Vec2& place) {
  const float x = place[0] * static_cast<float>(map.width) - 0.5F,
              y = std::clamp(place[1] * static_cast<float>(map.height) - 0.5F, 0.0F, static_cast<float>(map.height - 1));
  const float left = std::floor(x), above = std::floor(y), u = x - left, v = y - above;
  const auto column = static_cast<int64_t>(left);
  const int64_t x0 = (column + map.width) % map.width, x1 = x0 + 1 == map.width ? 0 : x0 + 1;
  const auto y0 = static_cast<int64_t>(above), y1 = std::min(y0 + 1, map.height - 1);
  const Rgb &a = map.at(x0, y0), &b = map.at(x1, y0), &c = map.at(x0, y1), &d = map.at(x1, y1);
  Rgb out;
  for (size_t i = 0; i < 3; ++i) out[i] = (a[i] * (1 - u) + b[i] * u) * (1 - v) + (c[i] * (1 - u) + d[i] * u) * v;
  return out;
}

/// Solid angle of a pixel in row y.
float solid_angle(const HdrImage& map, int64_t y) {
  const float top = std::cos(kPi * static_cast<float>(y) / static_cast<float>(map.height)),
              bottom = std::cos(kPi * static_cast<float>(y + 1) / static_cast<float>(map.height));
  return (top - bottom) * 2 * kPi / static_cast<float>(map.width);
}

std::array<float, 9> harmonics(const Vec3& d) {
  const float x = d[0], y = d[1], z = d[2];
  return {0.282095F,
          0.488603F * y,
          0.488603F * z,
          0.488603F * x,
          1.092548F * x * y,
          1.092548F * y * z,
          0.315392F * (3 * z * z - 1),
          1.092548F * x * z,
          0.546274F * (x * x - y * y)};
}

/// One direction of the lobe that GGX reflects for view = normal, what it weighs, and how wide it is.
struct LobeSample {
  Vec3 direction;
  float weight, spread;  // spread: the solid angle that it stands for
};

std::vector<LobeSample> lobe(float roughness) {
  constexpr uint32_t kSamples = 48;
  const float alpha = alpha_of(roughness), alpha2 = alpha * alpha;
  std::vector<LobeSample> out;
  for (uint32_t i = 0; i < kSamples; ++i) {
    const float u = (static_cast<float>(i) + 0.5F) / kSamples, phi = 2 * kPi * std::fmod(static_cast<float>(i) * 0.618034F, 1.0F);
    const float cosine = std::sqrt((1 - u) / (1 + (alpha2 - 1) * u)), sine = std::sqrt(std::max(0.0F, 1 - cosine * cosine));
    const Vec3 light{2 * cosine * sine * std::cos(phi), 2 * cosine * sine * std::sin(phi), 2 * cosine * cosine - 1};
    if (light[2] <= 0) continue;
    const float base = 1 + cosine * cosine * (alpha2 - 1), density = alpha2 / (kPi * base * base) / 4;  // by solid angle: D · n·h / (4 v·h)
    out.push_back({light, light[2], 1 / (kSamples * density)});
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const Environment>> Environment::of(HdrImage map, float turn) {
  if (map.width < 2 || map.height < 1 || map.width < map.height || map.pixels.size() != static_cast<size_t>(map.width * map.height))
    return fail(ErrorCode::invalid_argument, "a map of the surroundings is about twice as wide as high; this one has {} × {} pixels", map.width, map.height);
  std::shared_ptr<Environment> out(new Environment);
  out->map_ = std::move(map);
  out->prepare(turn);
  if (!(out->total_ > 0) || !std::isfinite(out->total_)) return fail(ErrorCode::invalid_argument, "the map of the surroundings has no light");
  return std::shared_ptr<const Environment>(std::move(out));
}

std::shared_ptr<const Environment> Environment::constant(const Rgb& radiance) { return value_or_throw(of(HdrImage{16, 8, std::vector<Rgb>(128, radiance)})); }

void Environment::prepare(float turn) {
  sine_ = std::sin(turn * kPi / 180);
  cosine_ = std::cos(turn * kPi / 180);
  prepare_sampling();
  project();
  prefilter();
}

void Environment::project() {
  std::array<std::array<double, 3>, 9> sums{};
  for (int64_t y = 0; y < map_.height; ++y) {
    const double angle = solid_angle(map_, y);
    for (int64_t x = 0; x < map_.width; ++x) {
      const auto basis = harmonics(
          direction_of((static_cast<float>(x) + 0.5F) / static_cast<float>(map_.width), (static_cast<float>(y) + 0.5F) / static_cast<float>(map_.height)));
      const Rgb& pixel = map_.at(x, y);
      for (size_t i = 0; i < 9; ++i)
        for (size_t c = 0; c < 3; ++c) sums[i][c] += pixel[c] * angle * basis[i];
    }
  }
  constexpr std::array<double, 9> kCosine{1, 2.0 / 3, 2.0 / 3, 2.0 / 3, 0.25, 0.25, 0.25, 0.25, 0.25};  // the clamped cosine by degree, through π
  for (size_t i = 0; i < 9; ++i)
    for (size_t c = 0; c < 3; ++c) harmonics_[i][c] = static_cast<float>(sums[i][c] * kCosine[i]);
}

void Environment::prefilter() {
  std::vector<HdrImage> sources{map_};
  while (sources.back().width > kFilterWidth) sources.back() = halved(sources.back());
  while (sources.back().width > 4) sources.push_back(halved(sources.back()));
  const float texel = 2 * kPi * kPi / static_cast<float>(sources[0].width * sources[0].height);
  levels_ = {sources[0]};
  for (size_t level = 1; level < kLevels; ++level) {
    const float roughness = static_cast<float>(level) / (kLevels - 1);
    const auto samples = lobe(roughness);
    const int64_t width = std::min<int64_t>(sources[0].width, level == 1 ? 128 : level == 2 ? 64 : 32), height = std::max<int64_t>(1, width / 2);
    HdrImage out{width, height, std::vector<Rgb>(static_cast<size_t>(width * height))};
    parallel_for(height, width * 48 * 100, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * width; i < end * width; ++i) {
        const int64_t x = i % width, y = i / width;
        const Frame frame(
            direction_of((static_cast<float>(x) + 0.5F) / static_cast<float>(width), (static_cast<float>(y) + 0.5F) / static_cast<float>(height)));
        Rgb sum{};
        float weights = 0;
        for (const LobeSample& sample : samples) {
          const Vec3 direction = frame.out(sample.direction);
          // As coarse as the sample is wide; pixels near the poles are narrower.
          const float area = texel * std::max(0.05F, std::sqrt(std::max(0.0F, 1 - direction[1] * direction[1])));
          const float detail = std::clamp(0.5F * std::log2(std::max(1.0F, sample.spread / area)) + 0.5F, 0.0F, static_cast<float>(sources.size()) - 1.001F);
          const auto fine = static_cast<size_t>(detail);
          const float coarse = detail - static_cast<float>(fine);
          const Vec2 place = place_of(direction);
          const Rgb a = look_up(sources[fine], place), b = look_up(sources[fine + 1], place);
          for (size_t c = 0; c < 3; ++c) sum[c] += sample.weight * (a[c] * (1 - coarse) + b[c] * coarse);
          weights += sample.weight;
        }
        for (size_t c = 0; c < 3; ++c) out.pixels[static_cast<size_t>(i)][c] = sum[c] / weights;
      }
    });
    levels_.push_back(std::move(out));
  }
}

void append_guide(const float* sums, int64_t count, std::vector<int32_t>& to) {
  int64_t at = 0;
  for (int64_t k = 0; k < count; ++k) {
    const double target = static_cast<double>(sums[count]) * static_cast<double>(k) / static_cast<double>(count);
    while (at + 1 < count && sums[at + 1] <= target) ++at;
    to.push_back(static_cast<int32_t>(at));
  }
}

void Environment::prepare_sampling() {
  row_sums_.assign(static_cast<size_t>(map_.height) + 1, 0);
  column_sums_.assign(static_cast<size_t>((map_.width + 1) * map_.height), 0);
  std::vector<double> rows(static_cast<size_t>(map_.height));
  for (int64_t y = 0; y < map_.height; ++y) {
    // What is looked up is bilinear, so a pixel has light where its neighbours have.
    const auto bright = [&](int64_t x, int64_t row) { return luminance(map_.at((x + map_.width) % map_.width, std::clamp<int64_t>(row, 0, map_.height - 1))); };
    float* sums = column_sums_.data() + y * (map_.width + 1);
    double sum = 0;
    for (int64_t x = 0; x < map_.width; ++x) {
      sum += 0.5F * bright(x, y) + 0.125F * (bright(x - 1, y) + bright(x + 1, y) + bright(x, y - 1) + bright(x, y + 1));
      sums[x + 1] = static_cast<float>(sum);
    }
    append_guide(sums, map_.width, column_guide_);
    rows[static_cast<size_t>(y)] = sum * solid_angle(map_, y);
  }
  double sum = 0;
  for (int64_t y = 0; y < map_.height; ++y) {
    sum += rows[static_cast<size_t>(y)];
    row_sums_[static_cast<size_t>(y) + 1] = static_cast<float>(sum);
  }
  append_guide(row_sums_.data(), map_.height, row_guide_);
  total_ = sum;
  for (int64_t y = 0; y <= map_.height; ++y) row_cosines_.push_back(std::cos(kPi * static_cast<float>(y) / static_cast<float>(map_.height)));
}

EnvironmentView Environment::view() const {
  return {.width = map_.width,
          .height = map_.height,
          .texels = map_.pixels.front().data(),
          .row_sums = row_sums_.data(),
          .column_sums = column_sums_.data(),
          .row_cosines = row_cosines_.data(),
          .row_guide = row_guide_.data(),
          .column_guide = column_guide_.data(),
          .density = static_cast<float>(1 / total_),
          .sine = sine_,
          .cosine = cosine_};
}

Rgb Environment::radiance(const Vec3& direction) const { return look_up(map_, place_of(to_map(direction))); }

Rgb Environment::irradiance(const Vec3& normal) const {
  const auto basis = harmonics(to_map(normal));
  Rgb out{};
  for (size_t i = 0; i < 9; ++i)
    for (size_t c = 0; c < 3; ++c) out[c] += harmonics_[i][c] * basis[i];
  for (float& value : out) value = std::max(0.0F, value);
  return out;
}

Rgb Environment::reflected(const Vec3& direction, float roughness) const {
  const Vec2 place = place_of(to_map(direction));
  const float level = std::clamp(roughness, 0.0F, 1.0F) * (kLevels - 1);
  const auto fine = std::min(static_cast<size_t>(level), kLevels - 2);
  const float coarse = level - static_cast<float>(fine);
  const Rgb a = look_up(levels_[fine], place), b = look_up(levels_[fine + 1], place);
  return {a[0] + (b[0] - a[0]) * coarse, a[1] + (b[1] - a[1]) * coarse, a[2] + (b[2] - a[2]) * coarse};
}

namespace {

/// The index whose interval of cumulative sums holds u · total, and where in it u falls.
std::pair<int64_t, float> pick(const float* sums, int64_t count, float u) {
  const float target = u * sums[count];
  const int64_t index = std::clamp<int64_t>(std::upper_bound(sums, sums + count + 1, target) - sums - 1, 0, count - 1);
  const float width = sums[index + 1] - sums[index];
  return {index, width > 0 ? std::clamp((target - sums[index]) / width, 0.0F, 0.9999999F) : 0.5F};
}

}  // namespace

Environment::Sample Environment::sample(float u, float v) const {
  const auto [y, below] = pick(row_sums_.data(), map_.height, v);
  const float* columns = column_sums_.data() + y * (map_.width + 1);
  const auto [x, beside] = pick(columns, map_.width, u);
  // Evenly by solid angle within the row.
  const float top = row_cosines_[static_cast<size_t>(y)], bottom = row_cosines_[static_cast<size_t>(y) + 1];
  const float height = top + (bottom - top) * below, sine = std::sqrt(std::max(0.0F, 1 - height * height));
  const float across = (static_cast<float>(x) + beside) / static_cast<float>(map_.width), phi = (across - 0.5F) * 2 * kPi;
  const Vec3 direction = from_map({sine * std::sin(phi), height, -sine * std::cos(phi)});
  return {direction, look_up(map_, {across, std::acos(std::clamp(height, -1.0F, 1.0F)) / kPi}), static_cast<float>((columns[x + 1] - columns[x]) / total_)};
}

float Environment::pdf(const Vec3& direction) const {
  const Vec2 place = place_of(to_map(direction));
  const auto x = std::clamp<int64_t>(static_cast<int64_t>(place[0] * static_cast<float>(map_.width)), 0, map_.width - 1),
             y = std::clamp<int64_t>(static_cast<int64_t>(place[1] * static_cast<float>(map_.height)), 0, map_.height - 1);
  const float* columns = column_sums_.data() + y * (map_.width + 1);
  return static_cast<float>((columns[x + 1] - columns[x]) / total_);
}

float mean_luminance(const HdrImage& map) {
  double light = 0;
  for (int64_t y = 0; y < map.height; ++y) {
    double row = 0;
    for (int64_t x = 0; x < map.width; ++x) row += luminance(map.at(x, y));
    light += row * solid_angle(map, y);
  }
  return static_cast<float>(light / (4 * std::numbers::pi));
}

HdrImage with_mean(HdrImage map, float mean) {
  const float now = mean_luminance(map);
  if (!(now > 0) || !std::isfinite(mean / now)) return map;
  for (Rgb& pixel : map.pixels)
    for (float& value : pixel) value *= mean / now;
  return map;
}

}  // namespace ptah
