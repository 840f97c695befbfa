#include "create/work.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/parallel.h"
#include "base/sha256.h"
#include "base/text.h"
#include "image/watermark.h"
#include "media/label.h"
#include "media/manifest_store.h"
#include "media/mesh.h"
#include "shape/fit.h"
#include "shape/inflate.h"

namespace ptah {

namespace fs = std::filesystem;

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, ObjectRequest>
void fields(C& c, const Visit& visit) {
  visit("solid", c.solid);
  visit("target_triangles", c.target_triangles);
  visit("size_mm", c.size_mm);
  visit("millimetres", c.millimetres, Later());
  visit("fit", c.fit, Later());
  visit("height_mm", c.height_mm, Later());
}

Json to_json(const ObjectRequest& request) { return json_of_fields(request); }
Result<ObjectRequest> object_request(const Json& json) { return fields_from_json<ObjectRequest>(json, "request"); }

namespace {

constexpr const char *kKeyword = "ptah-receipt", *kObjectKind = "object of a picture";

/// The pictures of `sources` by name.
std::map<std::string, const Picture*> named(const Sources& sources) {
  std::map<std::string, const Picture*> out;
  if (sources.from) out["from"] = &*sources.from;
  if (sources.mask) out["mask"] = &*sources.mask;
  for (size_t i = 0; i < sources.controls.size(); ++i) out[fmt::format("control-{}", i + 1)] = &sources.controls[i];
  return out;
}

Json core_receipt(const PictureModel& model, const CreateRequest& request, const Sources& sources) {
  Json core = begun_receipt(request.object ? "picture and object" : "picture", to_json(request));
  core["models"]["picture"] = "sha256:" + model.sha256();
  if (!model.file_name().empty()) core["model_file"] = model.file_name();
  if (sources.from) core["sources"] = source_ids(sources);
  if (request.best_of > 1) core["models"]["judge"] = "sha256:" + model.judge_sha256();
  if (const std::string upscaler = model.upscaler_sha256(request.size); !upscaler.empty()) core["models"]["upscaler"] = "sha256:" + upscaler;
  return core;
}

}  // namespace

Picture flattened(Picture picture, const std::string& background) {
  if (background == "transparent") return picture;
  std::array<int, 3> ground{255, 255, 255};
  if (background == "black") ground = {0, 0, 0};
  if (background[0] == '#')
    for (size_t c = 0; c < 3; ++c) ground[c] = std::stoi(background.substr(1 + 2 * c, 2), nullptr, 16);
  for (size_t i = 0; i < picture.rgba.size(); i += 4) {
    const int alpha = picture.rgba[i + 3];
    for (size_t c = 0; c < 3; ++c) picture.rgba[i + c] = static_cast<uint8_t>((picture.rgba[i + c] * alpha + ground[c] * (255 - alpha) + 127) / 255);
    picture.rgba[i + 3] = 255;
  }
  return picture;
}

Result<Picture> watermarked(Picture picture, Json& core) {
  PTAH_TRY(const std::string text, canonical_json(core));
  const std::string id = sha256_hex(as_bytes(text)).substr(0, 8);
  core["watermark"] = id;
  return with_watermark(std::move(picture), static_cast<uint32_t>(std::stoul(id, nullptr, 16)));
}

std::string file_id(std::span<const uint8_t> bytes) { return "sha256:" + sha256_hex(bytes); }

bool has_id(std::span<const uint8_t> bytes, const Json& id) {
  if (Json(file_id(bytes)) == id) return true;
  const auto bare = without_manifest(bytes);
  return bare && Json(file_id(*bare)) == id;
}

Result<std::string> file_id(const fs::path& file) {
  PTAH_TRY(const std::string sha256, sha256_of_file(file));
  return "sha256:" + sha256;
}

std::string pixel_id(const Picture& picture) {
  const std::string head = fmt::format("rgba8 {} {}\n", picture.width, picture.height);
  return "sha256:" + hex(sha256_of_parts({as_bytes(head), picture.rgba}));
}

Json source_ids(const Sources& sources) {
  Json ids = Json::object();
  for (const auto& [name, picture] : named(sources)) ids[name] = pixel_id(*picture);
  return ids;
}

Result<void> add_sources(Work& work, const Sources& sources) {
  for (const auto& [name, source] : named(sources)) {
    PTAH_TRY(work.files[name + ".png"], encode_png(*source));
  }
  return {};
}

Result<fs::path> models_folder() {
  const auto candidates = shipped_folders("PTAH_MODELS", "models", "share/ptah/models");
  for (const fs::path& candidate : candidates)
    if (fs::exists(candidate / "index.json")) return candidate;
  return fail(ErrorCode::not_found, "no models found (looked for index.json in {}); set PTAH_MODELS to the folder", candidates.front().string());
}

Result<std::vector<ModelEntry>> list_models(const fs::path& folder) {
  PTAH_TRY(const std::string text, read_text(folder / "index.json", 1 << 20));
  PTAH_TRY(const Json index, parse_json(text));
  std::vector<ModelEntry> entries;
  try {
    for (const Json& item : index.at("models"))
      entries.push_back({item.at("name").get<std::string>(), item.at("file").get<std::string>(), item.at("sha256").get<std::string>(),
                         item.at("licence").get<std::string>(), item.at("summary").get<std::string>(), item.at("bytes").get<int64_t>()});
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "{}: {}", (folder / "index.json").string(), problem.what());
  }
  return entries;
}

Result<std::shared_ptr<PictureModel>> load_picture_model(const fs::path& folder) {
  PTAH_TRY(const auto entries, list_models(folder));
  const auto find = [&](const char* name) { return std::find_if(entries.begin(), entries.end(), [&](const ModelEntry& entry) { return entry.name == name; }); };
  const auto picture = find("picture"), judge = find("judge"), upscaler = find("upscaler");
  if (picture == entries.end()) return fail(ErrorCode::not_found, "{} lists no model 'picture'", (folder / "index.json").string());
  PTAH_TRY(const auto model, PictureModel::load(folder / picture->file, picture->sha256));
  if (judge != entries.end()) PTAH_TRY_VOID(model->add_judge(folder / judge->file, judge->sha256));
  if (upscaler != entries.end()) PTAH_TRY_VOID(model->add_upscaler(folder / upscaler->file, upscaler->sha256));
  return model;
}

Result<std::shared_ptr<PictureModel>> load_trained_model(const fs::path& path) {
  const fs::path file = picture_model_file(path);
  if (file.empty()) return fail(ErrorCode::unsupported, "{}: no picture model of ptah train", path.string());
  PTAH_TRY(const auto model, PictureModel::load(file));
  model->set_file_name(file.filename().string());
  if (const fs::path judge = file.parent_path() / "judge" / "judge.safetensors"; fs::exists(judge)) PTAH_TRY_VOID(model->add_judge(judge));
  const auto folder = models_folder();
  const auto entries = folder ? list_models(*folder) : fail(ErrorCode::not_found, "none");
  if (!entries) return model;  // larger pictures are then resized by a filter
  for (const ModelEntry& entry : *entries)
    if (entry.name == "upscaler") PTAH_TRY_VOID(model->add_upscaler(*folder / entry.file, entry.sha256));
  return model;
}

Result<std::shared_ptr<const PictureUpscaler>> load_upscaler(const fs::path& file) {
  if (!file.empty()) return PictureUpscaler::load(file);
  PTAH_TRY(const fs::path folder, models_folder());
  PTAH_TRY(const auto entries, list_models(folder));
  for (const ModelEntry& entry : entries)
    if (entry.name == "upscaler") return PictureUpscaler::load(folder / entry.file, entry.sha256);
  return fail(ErrorCode::not_found, "{} lists no model 'upscaler'", (folder / "index.json").string());
}

Result<Formats> parse_formats(const std::string& list) {
  Formats formats{false, false, false, false, false};
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    const std::string name = lower_case(std::string(trimmed(list.substr(at, end - at))));
    if (name == "png")
      formats.png = true;
    else if (name == "glb")
      formats.glb = true;
    else if (name == "obj")
      formats.obj = true;
    else if (name == "ply")
      formats.ply = true;
    else if (name == "stl")
      formats.stl = true;
    else
      return unknown_name("format", name, "png glb obj ply stl");
    at = end + 1;
  }
  return formats;
}

namespace {

void scale_to_height(TexturedMesh& mesh, float metres) {
  float low = std::numeric_limits<float>::max(), high = std::numeric_limits<float>::lowest();
  for (const Vec3& p : mesh.positions) low = std::min(low, p[1]), high = std::max(high, p[1]);
  if (!(high > low)) return;
  for (Vec3& p : mesh.positions) p = p * (metres / (high - low));
}

}  // namespace

Result<void> check(const ObjectRequest& r) {
  CreateRequest whole{.prompt = "object", .solid = r.solid, .target_triangles = r.target_triangles, .size_mm = r.size_mm};
  whole.height_mm = r.height_mm;
  return check(whole);
}

void note_formats(Json& core, const Formats& formats) {
  if (formats.stl && formats.stl_z_up) core["stl"] = "z-up";
}

Result<void> add_object(Work& work, const Json& core, const Picture& picture, const ObjectRequest& request, const Formats& formats,
                        const ProgressCallback& progress, const CancelToken* cancel) {
  if (progress) progress({"shape", 0.9, -1});
  PTAH_TRY(const Solid solid, solid_by_name(request.solid));
  PTAH_TRY(
      TexturedMesh mesh,
      inflate(picture, {.solid = solid, .target_triangles = request.target_triangles, .size_mm = request.size_mm, .slab_if_faint = request.fit == 0}, cancel));
  if (request.height_mm > 0) scale_to_height(mesh, request.height_mm / 1000);
  if (formats.glb) {
    const auto extras = [&](std::span<const uint8_t> body) {
      Json inside = core;
      inside["body"] = file_id(body);
      return canonical_json(Json{{"ptah", inside}});
    };
    PTAH_TRY(work.files["object.glb"], encode_glb(mesh, extras));
  }
  if (formats.obj) {
    const ObjFiles files = encode_obj(mesh, "object", request.millimetres);
    const auto text = [](const std::string& s) { return Bytes(s.begin(), s.end()); };
    work.files["object.obj"] = text(files.obj);
    work.files["object.mtl"] = text(files.mtl);
    work.files["object.png"] = mesh.texture_png;
  }
  if (formats.ply) work.files["object.ply"] = encode_ply(mesh, request.millimetres);
  if (formats.stl) work.files["object.stl"] = encode_stl(formats.stl_z_up ? for_printing(welded(mesh)) : welded(mesh));
  return {};
}

Json begun_receipt(const char* kind, Json request) {
  return {{"engine", "ptah"}, {"engine_version", kEngineVersion}, {"kind", kind}, {"numeric_path", numeric_path()}, {"request", std::move(request)}};
}

Result<void> seal(Work& work, const Json& core) {
  work.receipt = core;
  work.receipt["outputs"] = Json::object();
  for (const auto& [name, bytes] : work.files) work.receipt["outputs"][name] = file_id(bytes);
  PTAH_TRY(const std::string text, canonical_json(work.receipt));
  work.files["receipt.json"] = Bytes(text.begin(), text.end());
  return {};
}

Result<Bytes> receipted_png(const Picture& picture, const Json& core, bool from_picture, const std::map<std::string, std::string>& more) {
  PTAH_TRY(const std::string receipt, canonical_json(core));
  std::map<std::string, std::string> texts = more;
  texts[kKeyword] = receipt;
  texts[kXmpKeyword] = generated_label(core["pixels"], from_picture);
  return encode_png(picture, texts);
}

Result<Work> create_work(const PictureModel& model, const CreateRequest& asked, const Formats& formats, const Sources& sources,
                         const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY_VOID(check(asked));
  const CreateRequest request = model.settled(asked);
  PTAH_TRY(const Picture picture, model.create(request, sources, progress, cancel));
  Picture shown = flattened(picture, request.background);
  Work work;
  Json core = core_receipt(model, request, sources);
  if (request.object) note_formats(core, formats);
  if (request.watermark) {
    PTAH_TRY(shown, watermarked(std::move(shown), core));
  }
  core["pixels"] = pixel_id(shown);
  if (formats.png) {
    PTAH_TRY(work.files["picture.png"], receipted_png(shown, core, sources.from.has_value()));
  }
  PTAH_TRY_VOID(add_sources(work, sources));
  if (request.object && formats.any_object()) {
    const ObjectRequest object{.solid = request.solid,
                               .target_triangles = request.target_triangles,
                               .size_mm = request.size_mm,
                               .height_mm = request.height_mm,
                               .millimetres = request.millimetres};
    PTAH_TRY_VOID(add_object(work, core, picture, object, formats, progress, cancel));
  }
  PTAH_TRY_VOID(seal(work, core));
  if (progress) progress({"done", 1, 0});
  return work;
}

Result<Work> object_work(const Picture& from, const ObjectRequest& request, const Formats& formats, const ProgressCallback& progress,
                         const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY_VOID(check(request));
    Work work;
    Json core = begun_receipt(kObjectKind, to_json(request));
    core["sources"] = {{"from", pixel_id(from)}};  // as source_ids(), without another copy of what may be large
    note_formats(core, formats);
    Picture shown;
    if (request.fit) {
      PTAH_TRY(shown, cut_for_object(reduced(from, request.fit), request.solid == "slab"));
    } else {
      shown = cut_out(from);
    }
    if (formats.png) {
      Json inside = core;
      inside["pixels"] = pixel_id(shown);
      PTAH_TRY(const std::string text, canonical_json(inside));
      PTAH_TRY(work.files["picture.png"], encode_png(shown, {{kKeyword, text}}));
    }
    PTAH_TRY(work.files["from.png"], encode_png(from));
    PTAH_TRY_VOID(add_object(work, core, request.fit ? cropped_for_object(shown) : shown, request, formats, progress, cancel));
    PTAH_TRY_VOID(seal(work, core));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

bool is_object_receipt(const Json& receipt) { return receipt.value("kind", Json()) == Json(kObjectKind); }

fs::path folder_of_work(const fs::path& path) { return fs::is_directory(path) ? path : path.parent_path(); }

tl::unexpected<Error> no_work(const fs::path& folder) {
  std::vector<std::string> works;
  std::error_code problem;
  for (const auto& item : fs::directory_iterator(folder, problem))
    if (fs::exists(item.path() / "receipt.json", problem)) works.push_back(item.path().string());
  std::sort(works.begin(), works.end());
  const std::string begins = works.empty() ? "" : fmt::format("; it holds {} works, e.g. {}", works.size(), works.front());
  return fail(ErrorCode::not_found, "{} is no work: there is no receipt.json in it{}. Name a work's folder, its receipt.json, or a PNG or GLB", folder.string(),
              begins);
}

Result<Json> read_receipt(const fs::path& file) {
  if (std::error_code problem; fs::is_directory(file, problem) && !fs::exists(file / "receipt.json", problem)) return no_work(file);
  PTAH_TRY(const auto mapped, MappedFile::open(fs::is_directory(file) ? file / "receipt.json" : file));
  const auto bytes = mapped->bytes();
  const auto begins = [&](std::string_view magic) { return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0; };
  std::string text;
  if (begins("\x89PNG")) {
    PTAH_TRY(text, png_text(bytes, kKeyword));
  } else if (begins("glTF")) {
    PTAH_TRY(const std::string json, glb_json(bytes));
    PTAH_TRY(const Json gltf, parse_json(json));
    const Json pointer = gltf.value("/asset/extras/ptah"_json_pointer, Json());
    if (!pointer.is_object()) return fail(ErrorCode::not_found, "{}: no receipt in asset.extras", file.string());
    return pointer;
  } else if (begins("{")) {
    if (bytes.size() > (1 << 20)) return fail(ErrorCode::corrupt, "{}: too long for a receipt", file.string());
    text.assign(bytes.begin(), bytes.end());
  } else {
    return fail(ErrorCode::unsupported, "{}: neither PNG nor GLB nor a receipt", file.string());
  }
  auto receipt = parse_json(text);
  if (!receipt) return fail(ErrorCode::corrupt, "{}: {}", file.string(), receipt.error().message);
  if (!receipt->is_object() || receipt->value("engine", Json()) != Json("ptah") || !receipt->contains("request"))
    return fail(ErrorCode::corrupt, "{}: not a receipt of Ptah", file.string());
  return receipt;
}

Result<void> match_numeric_path(const Json& receipt) {
  const Json wanted = receipt.value("numeric_path", Json());
  if (!wanted.is_string()) return fail(ErrorCode::corrupt, "receipt: no numeric path");
  const auto& path = wanted.get_ref<const std::string&>();
  if (path == numeric_path()) return {};
  const std::string isa = path == "avx512-bf16" ? "avx512_bf16" : path == "avx512-f32" ? "avx512" : path == "avx2-f32" ? "avx2" : "";
  if (!isa.empty()) PTAH_TRY_VOID(cap_isa(isa));
  if (path != numeric_path())
    return fail(ErrorCode::mismatch, "the work was made on the numeric path {}; this processor offers {}, so other bytes would come out", path, numeric_path());
  return {};
}

Result<Sources> read_sources(const Json& receipt, const fs::path& path) {
  Sources sources;
  const Json ids = receipt.value("sources", Json());
  if (ids.is_null()) return sources;
  if (!ids.is_object()) return fail(ErrorCode::corrupt, "receipt: 'sources' is not an object");
  const fs::path folder = folder_of_work(path);
  const auto take = [&](const std::string& name) -> Result<Picture> {
    const fs::path file = folder / (name + ".png");
    const auto bytes = read_file(file);
    if (!bytes) return fail(ErrorCode::not_found, "the work started from a picture that is not here: {}; give the folder of the work", file.string());
    return decode_png(*bytes, nullptr, kMostPicturePixels);  // kept by earlier versions, which read larger ones
  };
  if (ids.contains("from")) {
    PTAH_TRY(sources.from, take("from"));
  }
  if (ids.contains("mask")) {
    PTAH_TRY(sources.mask, take("mask"));
  }
  for (int i = 1; ids.contains(fmt::format("control-{}", i)); ++i) {
    PTAH_TRY(Picture control, take(fmt::format("control-{}", i)));
    sources.controls.push_back(std::move(control));
  }
  if (ids.size() != named(sources).size()) return fail(ErrorCode::unsupported, "receipt: sources of an unknown name");
  if (source_ids(sources) != ids) return fail(ErrorCode::mismatch, "the pictures in {} are not those that the work started from", folder.string());
  return sources;
}

Formats formats_of(const Json& receipt) {
  const Json outputs = receipt.value("outputs", Json());
  if (!outputs.is_object()) return {.stl = receipt.contains("stl")};  // the receipt inside a file lists none; what it says of the STL has to be said again
  return {outputs.contains("picture.png"), outputs.contains("object.glb"), outputs.contains("object.obj"),
          outputs.contains("object.ply"),  outputs.contains("object.stl"), text_at(receipt, "stl") == "z-up"};
}

namespace {

/// The models a receipt names must be `here`, and no other.
Result<void> check_models(const Json& receipt, const Json& here) {
  const Json then = receipt.value("models", Json::object());
  if (!then.is_object()) return fail(ErrorCode::corrupt, "receipt: 'models' is no object");
  for (const Json* list : {&then, &here})
    for (const auto& [name, id] : list->items()) {
      const Json was = then.value(name, Json()), is = here.value(name, Json());
      if (was != is)
        return fail(ErrorCode::mismatch, "the work was made with {} {}; here it would be {}", name, was.is_null() ? "none" : was.dump(),
                    is.is_null() ? "none" : is.dump());
    }
  return {};
}

}  // namespace

Result<void> check_sources(const Json& receipt, const Sources& sources) {
  if (receipt.value("sources", Json::object()) == source_ids(sources)) return {};
  return fail(ErrorCode::mismatch, "the work started from pictures that were not given; give the folder of the work");
}

Result<Work> replay_object(const Json& receipt, const Sources& sources, const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY_VOID(check_sources(receipt, sources));
  if (!sources.from) return fail(ErrorCode::corrupt, "receipt: an object without its picture");
  PTAH_TRY(const ObjectRequest request, object_request(receipt["request"]));
  return object_work(*sources.from, request, formats_of(receipt), progress, cancel);
}

Result<Work> replay_work(const PictureModel& model, const Json& receipt, const Sources& sources, const ProgressCallback& progress, const CancelToken* cancel) {
  const Formats formats = formats_of(receipt);
  PTAH_TRY(const CreateRequest request, create_request(receipt["request"]));
  PTAH_TRY_VOID(check_models(receipt, core_receipt(model, request, sources)["models"]));
  PTAH_TRY_VOID(check_sources(receipt, sources));
  return create_work(model, request, formats, sources, progress, cancel);
}

double seconds_for(int64_t flops) {
  const double rate = has_amx() ? 0.8e12 : has_bf16() ? 0.35e12 : 0.15e12;
  return static_cast<double>(flops) / rate * 2 / std::max(1, threads());
}

Result<void> plan_tensors(Plan& plan, const std::function<Result<void>()>& work) {
  const DryRun dry;
  const int64_t before = memory_account().live_bytes;
  reset_memory_peak();
  PTAH_TRY_VOID(work());
  // A freed block may serve a request that is up to an eighth smaller (base/memory.cpp).
  plan.tensor_bytes = (memory_account().peak_bytes - before) * 9 / 8;
  plan.flops = memory_account().flops;
  return {};
}

Result<Plan> plan_work(const PictureModel& model, const CreateRequest& request, const Sources& sources) {
  PTAH_TRY_VOID(check(request));
  Plan plan;
  const auto work = [&]() -> Result<void> {
    PTAH_TRY_VOID(model.create(request, sources));
    return {};
  };
  PTAH_TRY_VOID(plan_tensors(plan, work));
  plan.weight_bytes = model.file_bytes();
  plan.program_bytes = int64_t{80} << 20;
  // The grid's values and edge table, the raw mesh, the decimator's lists, the texture.
  if (request.object) plan.shape_bytes = (int64_t{56} << 20) + request.size * request.size * 160;
  plan.peak_bytes = plan.weight_bytes + plan.program_bytes + std::max(plan.tensor_bytes, plan.shape_bytes);
  plan.seconds = 0.35 + seconds_for(plan.flops) + (request.object ? 0.3 : 0.0);
  return plan;
}

Result<void> check_budget(const PictureModel& model, const CreateRequest& request, const Sources& sources, const Plan& plan, int64_t budget_bytes) {
  if (budget_bytes <= 0 || plan.peak_bytes <= budget_bytes) return {};
  CreateRequest smaller = request;
  smaller.size = 128;
  smaller.object = false;
  PTAH_TRY(const Plan least, plan_work(model, smaller, sources));
  const double mib = 1.0 / (1 << 20);
  return fail(ErrorCode::over_budget, "this needs {:.0f} MiB, the budget is {:.0f} MiB; {}", static_cast<double>(plan.peak_bytes) * mib,
              static_cast<double>(budget_bytes) * mib,
              least.peak_bytes <= budget_bytes ? fmt::format("--size 128 without an object would fit ({:.0f} MiB)", static_cast<double>(least.peak_bytes) * mib)
                                               : fmt::format("the least that works is {:.0f} MiB", static_cast<double>(least.peak_bytes) * mib));
}

}  // namespace ptah
