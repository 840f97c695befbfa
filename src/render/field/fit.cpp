#include "render/field/fit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "base/parallel.h"
#include "base/philox.h"
#include "render/field/hull.h"
#include "render/field/march.h"
#include "render/field/update.h"

namespace ptah {

namespace {

constexpr int64_t kChunkRays = 64, kChunks = kFieldRays / kChunkRays;
/// Steps between two looks at which cells are empty.
constexpr int64_t kLookEvery = 32;
/// How far round a cell that takes light is looked at, in points.
constexpr int kReach = 1;
/// The logarithm of the density that everything begins with.
constexpr float kFirstDensity = -2.5F;
/// Weight of alpha's error beside those of the three colours.
constexpr float kAlphaWeight = 0.5F;
/// Up to this share of the resolution steps have the phase's rate; finer grids, whose neighbours are more alike, take smaller ones in proportion.
constexpr float kFullRate = 0.4F;
constexpr size_t kPullTurns = 8;
constexpr FieldRates kRates{0.12F, 0.04F, 0.5F};
constexpr float kPullColour = 1e-4F, kPullDensity = 2e-5F;

/// A number below `count` for each number below `count`, every one once: four rounds of a Feistel network, walked until it falls into the range.
uint64_t shuffled(uint64_t index, uint64_t count, uint64_t key) {
  int half = 1;
  while ((uint64_t{1} << (2 * half)) < count) ++half;
  const uint64_t mask = (uint64_t{1} << half) - 1;
  do {
    uint64_t left = index >> half, right = index & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      uint64_t mixed = (right + 1) * 0x9E3779B97F4A7C15U + key + round * 0xBF58476D1CE4E5B9U;
      mixed = (mixed ^ (mixed >> 29)) * 0x94D049BB133111EBU;
      left = std::exchange(right, left ^ ((mixed >> 32) & mask));
    }
    index = left << half | right;
  } while (index >= count);
  return index;
}

/// The pixels to learn from: all of them, or of pictures that are cut out those with alpha and their surroundings; the hull lets no others see anything.
class Pixels {
 public:
  explicit Pixels(const PosedPictures& pictures) : pictures_(pictures) {
    begins_.push_back(0);
    for (const PosedPicture& p : pictures.fitted) begins_.push_back(begins_.back() + static_cast<uint64_t>(p.picture.width * p.picture.height));
    if (!pictures.cut_out) return;
    for (size_t i = 0; i < pictures.fitted.size(); ++i) add_near_alpha(pictures.fitted[i].picture, static_cast<uint32_t>(begins_[i]));
  }

  uint64_t count() const { return chosen_.empty() ? begins_.back() : chosen_.size(); }

  void ray(uint64_t index, float jitter, FieldRay& ray, FieldTarget& target) const {
    const uint64_t pixel = chosen_.empty() ? index : chosen_[index];
    const auto picture = static_cast<size_t>(std::upper_bound(begins_.begin(), begins_.end(), pixel) - begins_.begin() - 1);
    const PosedPicture& from = pictures_.fitted[picture];
    const auto within = static_cast<int64_t>(pixel - begins_[picture]);
    const int64_t x = within % from.picture.width, y = within / from.picture.width;
    ray.origin = from.camera.eye;
    ray.direction = from.camera.ray(static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F);
    ray.jitter = jitter;
    const uint8_t* rgba = from.picture.at(x, y);
    target.alpha = static_cast<float>(rgba[3]) / 255;
    for (size_t c = 0; c < 3; ++c) target.colour[c] = static_cast<float>(rgba[c]) / 255 * target.alpha + (1 - target.alpha);
  }

 private:
  static constexpr int64_t kNear = 3;

  void add_near_alpha(const Image& picture, uint32_t first) {
    std::vector<uint8_t> rows(static_cast<size_t>(picture.width * picture.height));
    for (int64_t y = 0; y < picture.height; ++y)
      for (int64_t x = 0; x < picture.width; ++x)
        for (int64_t a = std::max<int64_t>(0, x - kNear); a <= std::min(picture.width - 1, x + kNear); ++a)
          if (picture.at(a, y)[3] > 0) rows[static_cast<size_t>(y * picture.width + x)] = 1;
    for (int64_t y = 0; y < picture.height; ++y)
      for (int64_t x = 0; x < picture.width; ++x) {
        bool near = false;
        for (int64_t b = std::max<int64_t>(0, y - kNear); b <= std::min(picture.height - 1, y + kNear); ++b)
          near = near || rows[static_cast<size_t>(b * picture.width + x)];
        if (near) chosen_.push_back(first + static_cast<uint32_t>(y * picture.width + x));
      }
  }

  const PosedPictures& pictures_;
  std::vector<uint64_t> begins_;
  std::vector<uint32_t> chosen_;
};

class Fitter {
 public:
  Fitter(const PosedPictures& pictures, const FitSettings& settings)
      : pictures_(pictures),
        settings_(settings),
        pixels_(pictures),
        chunks_(kChunks),
        rays_(kFieldRays),
        targets_(kFieldRays),
        harmonics_(kFieldRays),
        losses_(kChunks) {}

  Result<FittedField> run(const FitWatch& watch, const ProgressCallback& progress, const CancelToken* cancel) {
    PTAH_TRY(box_, box_of(pictures_, cancel));
    const bool timed = std::all_of(settings_.steps.begin(), settings_.steps.end(), [](int64_t n) { return n == 0; });
    const int64_t all = std::accumulate(settings_.steps.begin(), settings_.steps.end(), int64_t{0});
    const auto started = std::chrono::steady_clock::now();
    double idle = 0, share = 0;
    const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count() - idle; };
    FittedField out;
    int64_t done = 0;
    for (size_t phase = 0; phase < kFieldPhases.size(); ++phase) {
      if (!timed && settings_.steps[phase] == 0) continue;
      PTAH_TRY_VOID(enter(phase, cancel));
      share += kFieldPhases[phase].share;
      while (timed ? out.steps[phase] == 0 || seconds() < share * settings_.seconds : out.steps[phase] < settings_.steps[phase]) {
        if (cancel) PTAH_TRY_VOID(cancel->check());
        step(kFieldPhases[phase].rate * std::min(1.0F, kFullRate / kFieldPhases[phase].resolution));
        if (++out.steps[phase] % kLookEvery == 0 && phase > 0) field_.look_at(field_.occupied(kMinOpacity, kReach));
        ++done;
        if (progress) progress({"fit", std::min(1.0, timed ? seconds() / settings_.seconds : static_cast<double>(done) / static_cast<double>(all)), -1});
      }
      const double before = seconds();
      if (watch) PTAH_TRY_VOID(watch(field_, phase));
      idle += seconds() - before;
    }
    out.loss = loss_;
    out.field = std::move(field_);
    return out;
  }

 private:
  /// The grid of a phase.
  Result<void> enter(size_t phase, const CancelToken* cancel) {
    const int64_t resolution = std::max<int64_t>(16, std::llround(static_cast<double>(settings_.resolution) * kFieldPhases[phase].resolution / 4) * 4);
    const FieldGrid grid = FieldGrid::over(box_.low, box_.high, resolution);
    if (field_.blocks().empty()) {
      PTAH_TRY(const FieldFlags cells, hull_cells(pictures_, grid, cancel));
      FieldLine line;
      line.lane[kDensityLane] = kFirstDensity;
      field_ = RadianceField(grid, cells, line);
    } else if (grid.points != field_.grid().points) {
      field_ = field_.resampled(grid, field_.occupied(kMinOpacity, kReach));
    } else {
      return {};
    }
    gradients_.assign(field_.lines().size(), {});
    squares_.assign(field_.lines().size(), {});
    touched_.assign(field_.blocks().size(), 0);
    rows_ = static_cast<size_t>(grid.blocks(1)) * static_cast<size_t>(grid.blocks(2));
    return {};
  }

  size_t row_of(const FieldRecord& record) const {
    const auto& place = field_.blocks()[record.slot].place;
    return static_cast<size_t>(place[2]) * static_cast<size_t>(field_.grid().blocks(1)) + place[1];
  }

  void step(float rate) {
    counts_.assign(static_cast<size_t>(kChunks) * rows_, 0);
    parallel_for(kChunks, 1 << 20, [&](int64_t begin, int64_t end) {
      for (int64_t chunk = begin; chunk < end; ++chunk) march_chunk(chunk);
    });
    loss_ = 0.9 * loss_ + 0.1 * std::accumulate(losses_.begin(), losses_.end(), 0.0) / (3 * kFieldRays);
    sort();
    for (size_t colour = 0; colour < 4; ++colour) add_rows(colour);
    const auto slots = static_cast<int64_t>(field_.blocks().size());
    const float pull = settings_.smooth * field_.thickness();
    parallel_for(slots, 4096, [&](int64_t begin, int64_t end) {
      pull_together(field_, touched_.data(), static_cast<size_t>(begin), static_cast<size_t>(end), static_cast<size_t>(taken_) % kPullTurns, kPullTurns,
                    kPullColour * pull, kPullDensity * pull, gradients_.data());
    });
    parallel_for(slots, 4096, [&](int64_t begin, int64_t end) {
      update_lines(field_, static_cast<size_t>(begin), static_cast<size_t>(end), {kRates.colour * rate, kRates.shine * rate, kRates.density * rate},
                   gradients_.data(), squares_.data(), touched_.data());
    });
    ++taken_;
  }

  void march_chunk(int64_t chunk) {
    const auto first = static_cast<size_t>(chunk * kChunkRays);
    Random random(settings_.seed, 1, static_cast<uint64_t>(taken_ * kFieldRays) + first);
    for (size_t i = first; i < first + kChunkRays; ++i) {
      const uint64_t number = static_cast<uint64_t>(taken_ * kFieldRays) + i, round = number / pixels_.count();
      const auto key =
          philox4x32({static_cast<uint32_t>(round), 0, 2, 0}, {static_cast<uint32_t>(settings_.seed), static_cast<uint32_t>(settings_.seed >> 32)});
      pixels_.ray(shuffled(number % pixels_.count(), pixels_.count(), uint64_t{key[0]} << 32 | key[1]), random.uniform(), rays_[i], targets_[i]);
      harmonics_[i] = field_harmonics(rays_[i].direction);
    }
    std::vector<FieldRecord>& records = chunks_[static_cast<size_t>(chunk)];
    records.clear();
    losses_[static_cast<size_t>(chunk)] = differentiate(field_, std::span(rays_).subspan(first, kChunkRays), std::span(targets_).subspan(first, kChunkRays),
                                                        kAlphaWeight, static_cast<uint32_t>(first), records);
    uint32_t* counts = counts_.data() + static_cast<size_t>(chunk) * rows_;
    for (const FieldRecord& record : records) ++counts[row_of(record)];
  }

  /// Records by rows of blocks, within each in the order of rays.
  void sort() {
    row_begins_.assign(rows_ + 1, 0);
    uint32_t at = 0;
    for (size_t row = 0; row < rows_; ++row) {
      row_begins_[row] = at;
      for (size_t chunk = 0; chunk < static_cast<size_t>(kChunks); ++chunk) at += std::exchange(counts_[chunk * rows_ + row], at);
    }
    row_begins_[rows_] = at;
    if (sorted_.size() < at) sorted_.resize(at + at / 4);
    parallel_for(kChunks, 1 << 16, [&](int64_t begin, int64_t end) {
      for (auto chunk = static_cast<size_t>(begin); chunk < static_cast<size_t>(end); ++chunk)
        for (const FieldRecord& record : chunks_[chunk]) sorted_[counts_[chunk * rows_ + row_of(record)]++] = record;
    });
  }

  /// The rows of blocks whose place across is odd or even, as the colour says: no two of them touch the same block.
  void add_rows(size_t colour) {
    std::vector<size_t> own;
    const auto across = static_cast<size_t>(field_.grid().blocks(1));
    for (size_t row = 0; row < rows_; ++row)
      if ((row % across & 1) == (colour & 1) && (row / across & 1) == colour >> 1 && row_begins_[row] < row_begins_[row + 1]) own.push_back(row);
    parallel_for(static_cast<int64_t>(own.size()), 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const size_t row = own[static_cast<size_t>(i)];
        add_gradients(field_, std::span(sorted_).subspan(row_begins_[row], row_begins_[row + 1] - row_begins_[row]), harmonics_, gradients_.data(),
                      touched_.data());
      }
    });
  }

  const PosedPictures& pictures_;
  const FitSettings& settings_;
  Pixels pixels_;
  FieldBox box_;
  RadianceField field_;
  std::vector<FieldLine> gradients_, squares_;
  std::vector<uint64_t> touched_;
  std::vector<std::vector<FieldRecord>> chunks_;
  std::vector<FieldRecord> sorted_;
  std::vector<FieldRay> rays_;
  std::vector<FieldTarget> targets_;
  std::vector<std::array<float, 4>> harmonics_;
  std::vector<double> losses_;
  std::vector<uint32_t> counts_, row_begins_;
  size_t rows_ = 0;
  int64_t taken_ = 0;
  double loss_ = 0;
};

}  // namespace

FieldSteps shared_out(int64_t steps) {
  FieldSteps out{};
  float share = 0;
  int64_t given = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    share += kFieldPhases[i].share;
    out[i] = (i + 1 == out.size() ? steps : std::llround(static_cast<double>(steps) * share)) - given;
    given += out[i];
  }
  return out;
}

Result<FittedField> fit_field(const PosedPictures& pictures, const FitSettings& settings, const FitWatch& watch, const ProgressCallback& progress,
                              const CancelToken* cancel) {
  if (settings.resolution < 16 || settings.resolution > 512 || settings.resolution % 4 != 0)
    return fail(ErrorCode::invalid_argument, "a grid of {} points an edge; multiples of 4 from 16 to 512 are possible", settings.resolution);
  return Fitter(pictures, settings).run(watch, progress, cancel);
}

}  // namespace ptah
