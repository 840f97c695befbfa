// Fitting a radiance field to posed pictures.
#pragma once

#include <functional>

#include "base/progress.h"
#include "render/field/march.h"
#include "render/field/posed_pictures.h"

namespace ptah {

/// A stretch of the fit: the grid's resolution and the step size, both as shares, and how much of all steps, or of the time, it takes.
struct FieldPhase {
  float resolution, rate, share;
};
inline constexpr std::array<FieldPhase, 8> kFieldPhases{
    {{0.2F, 1, 0.06F}, {0.4F, 1, 0.12F}, {0.6F, 0.9F, 0.17F}, {1, 0.8F, 0.2F}, {1, 0.5F, 0.15F}, {1, 0.25F, 0.12F}, {1, 0.12F, 0.1F}, {1, 0.05F, 0.08F}}};
using FieldSteps = std::array<int64_t, kFieldPhases.size()>;
/// How a number of steps is spent.
FieldSteps shared_out(int64_t steps);

struct FitSettings {
  int64_t resolution = 160;  ///< grid points on the longest edge, a multiple of 4
  double seconds = 20;       ///< of the clock; used if `steps` are all 0
  FieldSteps steps{};        ///< in each phase
  float smooth = 1;          ///< factor of the pull towards neighbours (total variation)
  uint64_t seed = 0;
};

/// Rays of a step.
inline constexpr int64_t kFieldRays = 4096;

struct FittedField {
  RadianceField field;
  FieldSteps steps{};  ///< that were taken: the same ones again give the same field
  double loss = 0;     ///< the mean square error of the last steps
};

/// Told after each phase; `field` may be drawn.
using FitWatch = std::function<Result<void>(const RadianceField& field, size_t phase)>;

/// Coarse to fine: RMSprop on the voxels that the rays of a step touch, squared errors over white, total variation, empty cells left out. The same field for
/// the same steps and seed, with any number of threads: each ray writes its own records, these are sorted by rows of blocks, and a row's gradients are summed
/// by one thread in a fixed order. Errors: those of box_of(), cancelled.
Result<FittedField> fit_field(const PosedPictures& pictures, const FitSettings& settings, const FitWatch& watch = {}, const ProgressCallback& progress = {},
                              const CancelToken* cancel = nullptr);

/// What each pixel of a camera sees. The same for any number of threads. Errors: cancelled.
Result<std::vector<FieldColour>> draw_field(const RadianceField& field, const PosedCamera& camera, const CancelToken* cancel = nullptr);
/// As a picture with alpha.
Image picture_of_field(const std::vector<FieldColour>& seen, int64_t width, int64_t height);

/// 10 · log10 of 1 over the mean square error over white, in decibels, mean over the pictures. Errors: invalid_argument (no pictures), cancelled.
Result<double> field_psnr(const RadianceField& field, std::span<const PosedPicture> pictures, const CancelToken* cancel = nullptr);

}  // namespace ptah
