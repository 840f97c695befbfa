#include "pipelines/field/field_work.h"

#include <cmath>
#include <numeric>

#include "base/budget.h"
#include "base/printable.h"
#include "render/field/field_file.h"
#include "render/field/hull.h"
#include "schema/field_error.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPictures = "pictures.zip";
constexpr const char* kStepsKey = "steps";

Result<std::span<const uint8_t>> archive_of(const Sources& sources) {
  const auto found = sources.files.find(kPictures);
  if (found == sources.files.end()) return fail(ErrorCode::invalid_argument, "a field needs pictures");
  return std::span<const uint8_t>(found->second);
}

Result<FieldSteps> steps_of(const Json& receipt) {
  FieldSteps out{};
  try {
    const auto steps = value_of<std::vector<int64_t>>(receipt.at(kStepsKey));
    if (steps.size() != out.size()) return fail(ErrorCode::corrupt, "the receipt's steps are {}, not {}", steps.size(), out.size());
    std::copy(steps.begin(), steps.end(), out.begin());
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "the receipt's steps: {}", problem.what());
  }
  const int64_t all = std::accumulate(out.begin(), out.end(), int64_t{0});
  if (std::any_of(out.begin(), out.end(), [](int64_t n) { return n < 0 || n > 10'000'000; }) || all == 0)
    return fail(ErrorCode::corrupt, "the receipt's steps are not possible");
  return out;
}

double rounded(double decibels) { return std::round(decibels * 100) / 100; }

/// The field, measured; `steps` all 0: as the task says.
Result<Work> made_field(const FieldTask& task, const FieldSteps& steps, const Sources& sources, const FieldCallbacks& calls) {
  const auto tell = [&](const char* stage, double fraction) {
    if (calls.progress) calls.progress({stage, fraction, -1});
  };
  tell("read", 0);
  PTAH_TRY(const auto archive, archive_of(sources));
  PTAH_TRY(const PosedPictures pictures, unpack_posed_pictures(archive, task.max_edge, task.held_out));
  FitSettings settings{.resolution = task.resolution, .seconds = static_cast<double>(task.seconds), .steps = steps, .smooth = task.smooth, .seed = task.seed};
  if (task.steps > 0 && steps == FieldSteps{}) settings.steps = shared_out(task.steps);
  const size_t few = std::min<size_t>(4, pictures.held_out.size());
  const FitWatch watch = [&](const RadianceField& field, size_t phase) -> Result<void> {
    if (!calls.note || few == 0 || phase + 1 == kFieldPhases.size()) return {};
    PTAH_TRY(const double psnr, field_psnr(field, std::span(pictures.held_out).first(few), calls.cancel));
    calls.note(fmt::format("{} points an edge: {:.1f} dB on {} held-out pictures", *std::max_element(field.grid().points.begin(), field.grid().points.end()),
                           psnr, few));
    return {};
  };
  PTAH_TRY(const FittedField fitted, fit_field(
                                         pictures, settings, watch, [&](const Progress& p) { tell("fit", 0.02 + 0.9 * p.fraction); }, calls.cancel));
  Work work;
  PTAH_TRY(work.files[kFieldFile], encode_field(fitted.field));
  // Measured and drawn as it is in the file.
  PTAH_TRY(const RadianceField field, decode_field(work.files[kFieldFile]));
  Json core = begun_receipt(kFieldKind, field_schema().to_receipt(task));
  core[kStepsKey] = fitted.steps;
  core["sources"] = source_ids(sources);
  tell("measure", 0.93);
  if (!pictures.held_out.empty()) {
    PTAH_TRY(const double psnr, field_psnr(field, pictures.held_out, calls.cancel));
    core["psnr"] = rounded(psnr);
    if (calls.note) calls.note(fmt::format("{:.2f} dB on {} held-out pictures", psnr, pictures.held_out.size()));
  }
  const PosedCamera& camera = (pictures.held_out.empty() ? pictures.fitted : pictures.held_out).front().camera;
  PTAH_TRY(const auto seen, draw_field(field, camera, calls.cancel));
  const Image picture = picture_of_field(seen, camera.width, camera.height);
  core["pixels"] = pixel_id(picture);
  PTAH_TRY(const std::string text, canonical_json(core));
  PTAH_TRY(work.files["picture.png"], encode_png(picture, {{kReceiptKeyword, text}}));
  work.facts = {{"steps", std::accumulate(fitted.steps.begin(), fitted.steps.end(), int64_t{0})},
                {"blocks", field.blocks().size()},
                {"fitted", pictures.fitted.size()},
                {"held_out", pictures.held_out.size()}};
  if (core.contains("psnr")) work.facts["psnr"] = core["psnr"];
  PTAH_TRY_VOID(add_sources(work, sources));
  PTAH_TRY_VOID(seal(work, core));
  tell("done", 1);
  return work;
}

}  // namespace

template <class T, class Visit>
requires std::same_as<std::remove_const_t<T>, FieldTask>
void fields(T& t, const Visit& visit) {
  visit(Field{.name = "folder",
              .help = "pictures with transforms.json, as NeRF, instant-ngp and nerfstudio write it",
              .unit = "FOLDER",
              .since = "0.3.0",
              .kept = Kept::elsewhere,
              .positional = true,
              .required = true},
        t.folder);
  visit(Field{.name = "seconds", .help = "how long it is fitted; the receipt notes how many steps that were", .range = {0.1, 36000}, .since = "0.3.0"},
        t.seconds);
  visit(Field{.name = "steps", .help = "how many steps of 4096 rays instead; 0: as many as the seconds allow", .range = {0, 10000000}, .since = "0.3.0"},
        t.steps);
  visit(Field{.name = "resolution", .help = "grid points on the longest edge of the box", .range = {.min = 32, .max = 320, .multiple_of = 4}, .since = "0.3.0"},
        t.resolution);
  visit(Field{.name = "held_out", .help = "pictures to measure by and not to fit, unless the folder says which", .range = {0, 1000}, .since = "0.3.0"},
        t.held_out);
  visit(Field{.name = "max_edge", .help = "larger pictures are reduced to this edge", .unit = "pixels", .range = {16, 4096}, .since = "0.3.0"}, t.max_edge);
  visit(Field{.name = "smooth", .help = "how strongly neighbours are pulled together (total variation)", .range = {0, 1000}, .since = "0.3.0"}, t.smooth);
  visit(Field{.name = "seed", .help = "of the order of rays", .since = "0.3.0"}, t.seed);
}

const SchemaOf<FieldTask>& field_schema() {
  static const auto schema = [] {
    auto out = SchemaOf<FieldTask>::describe("field", "A radiance field of posed pictures, fitted on the processor");
    out.set_command("field fit");
    return out;
  }();
  return schema;
}

Result<Sources> field_sources(const FieldTask& task) {
  Sources out;
  std::error_code problem;
  if (fs::is_regular_file(task.folder, problem)) {
    PTAH_TRY(Bytes bytes, read_file(task.folder, kMaxSourceBytes));
    if (bytes.size() < 4 || bytes[0] != 'P' || bytes[1] != 'K')
      return fail_field("folder", ErrorCode::invalid_argument, "`folder` {}: neither a folder nor a ZIP archive of one", printable(task.folder.string()));
    out.files[kPictures] = std::move(bytes);
    return out;
  }
  PTAH_TRY(out.files[kPictures], pack_posed_pictures(task.folder));
  return out;
}

Result<Work> field_work(const FieldTask& task, const Sources& sources, const FieldCallbacks& calls) {
  return guard([&] { return made_field(task, {}, sources, calls); });
}

Result<Work> replay_field(const Json& receipt, const Sources& sources, const FieldCallbacks& calls) {
  PTAH_TRY_VOID(check_sources(receipt, sources));
  PTAH_TRY(const FieldTask task, field_schema().from_receipt(receipt.value("request", Json())));
  PTAH_TRY(const FieldSteps steps, steps_of(receipt));
  return guard([&] { return made_field(task, steps, sources, calls); });
}

Result<Plan> plan_field(const FieldTask& task, const Sources& sources) {
  PTAH_TRY(const auto archive, archive_of(sources));
  PTAH_TRY(const PosedPictures pictures, unpack_posed_pictures(archive, task.max_edge, task.held_out));
  stop_if_cancelled(current_cancel());
  PTAH_TRY(const FieldBox box, box_of(pictures, current_cancel()));
  const FieldGrid coarse = FieldGrid::over(box.low, box.high, 64), fine = FieldGrid::over(box.low, box.high, task.resolution);
  PTAH_TRY(const FieldFlags cells, hull_cells(pictures, coarse, current_cancel()));
  const double share = static_cast<double>(std::count(cells.begin(), cells.end(), 1)) / static_cast<double>(cells.size());
  double pixels = 0;
  for (const auto* some : {&pictures.fitted, &pictures.held_out})
    for (const PosedPicture& p : *some) pixels += static_cast<double>(p.picture.width * p.picture.height);
  Plan plan;
  plan.program_bytes = int64_t{60} << 20;
  // Lines, gradients and squares of the hull; flags of all points; pictures with the numbers of their pixels, and their archive.
  plan.shape_bytes = static_cast<int64_t>(static_cast<double>(fine.point_count()) * (3 * sizeof(FieldLine) * std::min(1.0, share * 1.3) + 4) + pixels * 8) +
                     static_cast<int64_t>(archive.size());
  plan.peak_bytes = plan.program_bytes + plan.shape_bytes;
  plan.seconds = task.steps > 0 ? static_cast<double>(task.steps) * 0.02 : static_cast<double>(task.seconds);
  plan.seconds += 1 + pixels * 1e-7;
  return plan;
}

}  // namespace ptah
