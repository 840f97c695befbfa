#include "pipelines/face/photo_work.h"

#include <algorithm>
#include <cmath>

#include "base/budget.h"
#include "models/registry.h"
#include "own/consent.h"
#include "pixels/visible_label.h"
#include "schema/field_error.h"

namespace ptah {

template <class T, class Visit>
requires std::same_as<std::remove_const_t<T>, PhotoTask>
void fields(T& t, const Visit& visit) {
  constexpr const char* kSince = "0.3.0";
  constexpr Range kBothWays{-1, 1};
  visit(
      Field{.name = "picture", .help = "a picture with a face", .unit = "FILE", .since = kSince, .kept = Kept::elsewhere, .positional = true, .required = true},
      t.picture);
  visit(Field{.name = "donor",
              .help = "another picture, whose face takes the place of the one in the picture",
              .unit = "FILE",
              .since = kSince,
              .kept = Kept::elsewhere},
        t.donor);
  visit(Field{.name = "consents",
              .help = "the signed consent of a person in a picture (ptah consent give)",
              .flag = "consent",
              .unit = "FILE",
              .since = kSince,
              .kept = Kept::elsewhere},
        t.consents);
  visit(Field{.name = "smile", .help = "corners of the mouth: -1 down, 1 up", .range = kBothWays, .since = kSince}, t.smile);
  visit(Field{.name = "brows", .help = "eyebrows: -1 down, 1 up", .range = kBothWays, .since = kSince}, t.brows);
  visit(Field{.name = "eyes", .help = "eyelids: -1 narrower, 1 wider", .range = kBothWays, .since = kSince}, t.eyes);
  visit(Field{.name = "gaze_x", .help = "where the eyes look: -1 left in the picture, 1 right", .range = kBothWays, .since = kSince}, t.gaze_x);
  visit(Field{.name = "gaze_y", .help = "-1 down, 1 up", .range = kBothWays, .since = kSince}, t.gaze_y);
  visit(Field{.name = "label", .help = "write SYNTHETIC into the picture", .since = kSince}, t.label);
  visit(Field{.name = "watermark", .help = "an invisible mark in the picture, which ptah watermark finds", .flag = "no-watermark", .since = kSince},
        t.watermark);
  visit(Field{.name = "model", .help = "name of a pulled model, or its folder", .unit = "MODEL", .since = kSince}, t.model);
}

namespace {

FaceEdit edit_of(const PhotoTask& t) { return {t.smile, t.brows, t.eyes, t.gaze_x, t.gaze_y}; }

constexpr const char* kDonor = "donor.png";
constexpr size_t kMaxConsents = 16, kMaxConsentFile = 1 << 20;

std::string consent_source(size_t i) { return fmt::format("consent-{}.json", i + 1); }

/// The consents among the sources. Errors name the file.
Result<std::vector<Consent>> consents_of(const Sources& sources) {
  std::vector<Consent> out;
  for (size_t i = 0; i < kMaxConsents; ++i) {
    const auto found = sources.files.find(consent_source(i));
    if (found == sources.files.end()) break;
    const auto consent = [&]() -> Result<Consent> {
      PTAH_TRY(const Json json, parse_json({reinterpret_cast<const char*>(found->second.data()), found->second.size()}));
      return read_consent(json);
    }();
    if (!consent) return fail_field("consents", consent.error().code, "`consents`: file {}: {}", i + 1, consent.error().message);
    out.push_back(*consent);
  }
  return out;
}

Result<std::optional<Image>> donor_of(const Sources& sources) {
  const auto found = sources.files.find(kDonor);
  if (found == sources.files.end()) return std::optional<Image>();
  PTAH_TRY(Image picture, decode_png(found->second));
  return std::optional<Image>(std::move(picture));
}

/// What is done needs which consents; each is found, or the work refused. Returns them for the receipt.
Result<Json> asked_consents(const PhotoTask& task, const Sources& sources, const std::optional<Image>& donor, int64_t now) {
  PTAH_TRY(const auto consents, consents_of(sources));
  PTAH_TRY(const auto revocations, known_revocations(revocations_folder()));
  Json out = Json::array();
  const auto ask = [&](const Image& picture, const char* field, const char* use) -> Result<void> {
    const auto allowed = allowing_consent(consents, revocations, pixel_id(picture), use, now);
    if (!allowed) return fail_field(field, allowed.error().code, "`{}`: {}", field, allowed.error().message);
    out.push_back({{"consent", allowed->id}, {"person", allowed->person}, {"signer", to_string(allowed->signer)}, {"use", use}});
    return {};
  };
  if (task.smile != 0 || task.brows != 0 || task.eyes != 0) PTAH_TRY_VOID(ask(*sources.from, "picture", "expression"));
  if (task.gaze_x != 0 || task.gaze_y != 0) PTAH_TRY_VOID(ask(*sources.from, "picture", "gaze"));
  if (donor) {
    PTAH_TRY_VOID(ask(*sources.from, "picture", "swap"));
    PTAH_TRY_VOID(ask(*donor, "donor", "swap"));
  }
  return out;
}

Result<FaceLandmarks> landmarks_of(const FaceNetworks& networks, const Image& picture, const char* field) {
  const auto faces = networks.detect(picture, 0.3F);
  if (faces.empty()) return fail_field(field, ErrorCode::not_found, "`{}`: no face was found in it", field);
  return networks.landmarks(picture, faces.front());
}

Result<Json> network_digests(const FaceNetworks& networks) {
  Json out = Json::object();
  for (const auto& file : networks.files()) {
    PTAH_TRY(out[file.filename().string()], file_id(file));
  }
  return out;
}

}  // namespace

const SchemaOf<PhotoTask>& photo_schema() {
  static const auto schema =
      SchemaOf<PhotoTask>::describe("photo", "Change a face in a photograph, with consent", [](PhotoTask& task, const Json&) -> Result<void> {
        if (task.donor.empty() && edit_of(task).none())
          return fail_field("smile", ErrorCode::invalid_argument, "nothing is to be changed: give `smile`, `brows`, `eyes`, `gaze_x`, `gaze_y` or `donor`");
        if (task.consents.size() > kMaxConsents)
          return fail_field("consents", ErrorCode::invalid_argument, "`consents`: {} files; {} are possible", task.consents.size(), kMaxConsents);
        return {};
      });
  return schema;
}

Result<std::shared_ptr<const FaceNetworks>> load_face_networks(const std::string& name_or_path) {
  PTAH_TRY(const auto path, find_model(name_or_path));
  return FaceNetworks::load(path);
}

Result<Sources> photo_sources(const PhotoTask& task, const std::function<Result<Image>(const std::filesystem::path&)>& read) {
  Sources out;
  PTAH_TRY(out.from, read(task.picture));
  if (!task.donor.empty()) {
    PTAH_TRY(const Image donor, read(task.donor));
    PTAH_TRY(out.files[kDonor], encode_png(donor));
  }
  for (size_t i = 0; i < task.consents.size(); ++i) {
    PTAH_TRY(out.files[consent_source(i)], read_file(task.consents[i], kMaxConsentFile));
  }
  return out;
}

Result<Work> photo_work(const PhotoTask& task, const Sources& sources, int64_t now, const ProgressCallback& progress, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    if (!sources.from) return fail(ErrorCode::corrupt, "a changed photograph without the one it was made of");
    PTAH_TRY(const auto donor, donor_of(sources));
    // Before anything is computed: who is in the pictures has to have agreed.
    PTAH_TRY(const Json consents, asked_consents(task, sources, donor, now));
    if (progress) progress({"photo", 0.1, -1});
    PTAH_TRY(const auto networks, load_face_networks(task.model));
    Json core = begun_receipt(kPhotoKind, photo_schema().to_receipt(task));
    core["consents"] = consents;
    core["sources"] = source_ids(sources);
    PTAH_TRY(core["models"], network_digests(*networks));
    PTAH_TRY(FaceLandmarks landmarks, landmarks_of(*networks, *sources.from, "picture"));
    Image picture = *sources.from;
    Work work;
    if (donor) {
      PTAH_TRY(const FaceLandmarks other, landmarks_of(*networks, *donor, "donor"));
      SwappedFace swapped = swapped_face(picture, landmarks, *donor, other);
      work.facts["seam"] = seam_ratio(swapped.picture, swapped.mask);
      picture = std::move(swapped.picture);
    }
    if (cancel) PTAH_TRY_VOID(cancel->check());
    if (!edit_of(task).none()) picture = edited_face(picture, landmarks, edit_of(task));
    if (task.label) picture = visibly_labelled(std::move(picture), "SYNTHETIC");
    if (task.watermark) {
      PTAH_TRY(picture, watermarked(std::move(picture), core));
    }
    core["pixels"] = pixel_id(picture);
    PTAH_TRY(work.files["picture.png"], receipted_png(picture, core, true));
    PTAH_TRY_VOID(add_sources(work, sources));
    PTAH_TRY_VOID(seal(work, core));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

Result<Work> replay_photo(const Json& receipt, const Sources& sources, int64_t now, const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY_VOID(check_sources(receipt, sources));
  PTAH_TRY(const PhotoTask task, photo_schema().from_receipt(receipt.value("request", Json())));
  PTAH_TRY(Work work, photo_work(task, sources, now, progress, cancel));
  if (receipt.value("models", Json()) != work.receipt.value("models", Json()))
    return fail(ErrorCode::mismatch, "the files of the model '{}' are not those the photograph was changed with", task.model);
  return work;
}

Result<Plan> plan_photo(const PhotoTask& task, const Sources& sources) {
  PTAH_TRY_VOID(find_model(task.model));
  const double pixels = sources.from ? static_cast<double>(sources.from->width * sources.from->height) : 0;
  Plan plan;
  plan.program_bytes = int64_t{60} << 20;
  plan.weight_bytes = int64_t{32} << 20;
  plan.shape_bytes = static_cast<int64_t>(pixels * 80 + 30e6);
  plan.peak_bytes = plan.program_bytes + plan.weight_bytes + plan.shape_bytes;
  plan.seconds = 0.3 + pixels * 2e-6;
  return plan;
}

}  // namespace ptah
