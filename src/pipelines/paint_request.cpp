#include "base/text.h"
#include "pipelines/painting.h"
#include "text/prompt/prompt_syntax.h"
#include "text/tokenize/clip_tokenizer.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> out;
  for (size_t at = 0; at < list.size();) {
    const size_t end = std::min(list.find(' ', at), list.size());
    if (end > at) out.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

Field share(const char* name, const char* help) { return {.name = name, .help = help, .range = {.min = 0, .max = 1, .above_min = true}}; }
Field edge(const char* name, const char* help) {
  return {.name = name, .help = help, .unit = "pixels", .range = {.min = 64, .max = kMaxPaintedEdge, .multiple_of = kPaintedEdgeStep}};
}
Field later(Field field, Json absent) {
  field.since = "0.2.0";
  field.absent = std::move(absent);
  return field;
}
/// A file in the request's member "files", where it is left out if there is none.
Field file(const char* name, const char* help, const char* flag = "", Json absent = "") {
  return {.name = name, .help = help, .flag = flag, .absent = std::move(absent)};
}

}  // namespace

template <>
struct FieldTraits<WeightPacking> {
  static constexpr FieldKind kKind = FieldKind::text;
  static Json to_json(WeightPacking packing) { return std::string(name_of(packing)); }
  static WeightPacking from_json(const Json& json) { return value_or_throw(packing_by_name(json.get<std::string>())); }
};
template <>
struct FieldTraits<std::vector<StrongFile>> {
  static constexpr FieldKind kKind = FieldKind::weighted_files;
  static Json to_json(const std::vector<StrongFile>& files) {
    Json out = Json::array();
    for (const StrongFile& item : files) out.push_back({{"file", item.file.string()}, {"strength", item.strength}});
    return out;
  }
  static std::vector<StrongFile> from_json(const Json& json) {
    std::vector<StrongFile> out;
    for (const Json& item : json) out.push_back({item.at("file").get<std::string>(), value_of<float>(item.at("strength"))});
    return out;
  }
};

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, PaintRequest>
void fields(C& c, const Visit& visit) {
  visit(Field{.name = "prompt",
              .help = "what to paint; (word:1.2) counts more, [word] less, BREAK begins a new window",
              .positional = true,
              .required = true,
              .may_be_blank = true},
        c.prompt);
  visit(Field{.name = "negative", .help = "what not to paint"}, c.negative);
  visit(Field{.name = "seed", .help = "the same seed gives the same picture", .always = true}, c.seed);
  visit(Field{.name = "steps", .help = "steps of the sampler", .range = {1, 1000}, .always = true}, c.steps);
  visit(Field{.name = "guidance",
              .help = "how closely to follow the prompt; 1 leaves the negative prompt out and takes half the time",
              .range = {0, 100},
              .always = true},
        c.guidance);
  visit(Field{.name = "rescale", .help = "bring guided noise back to its spread (for models that predict velocity about 0.7)", .range = {0, 1}}, c.rescale);
  visit(later({.name = "perpendicular",
               .help = "above 0: the negative prompt pushes only at right angles to the prompt, so strongly; takes half as long again",
               .range = {0, 10}},
              0),
        c.perpendicular);
  visit(Field{.name = "sampler", .help = "default: the model's own", .choices = words_of(noise_sampler_names())}, c.sampler);
  visit(Field{.name = "schedule", .help = "default: the model's own", .choices = words_of(noise_schedule_names())}, c.schedule);
  visit(edge("width", "0: of the picture it starts from, else the model's own"), c.width);
  visit(edge("height", "0: of the picture it starts from, else the model's own"), c.height);
  visit(Field{.name = "clip_skip", .help = "last layers of the text encoder to leave out", .range = {0, 12}}, c.clip_skip);
  visit(
      Field{.name = "prediction", .help = "what the model was trained to predict; default: what its folder says, else noise", .choices = {"noise", "velocity"}},
      c.prediction);
  visit(Field{.name = "noise", .help = "torch is the noise of ComfyUI and the WebUI (on a processor) for the same seed", .choices = {"philox", "torch"}},
        c.noise);
  visit(share("strength", "with a picture to start from: the share of the steps that are gone"), c.strength);
  visit(Field{.name = "enlarge", .help = "paint again so many times as large, from the first picture", .range = {1, 4}}, c.enlarge);
  Field redrawn = share("enlarge_strength", "how much of it is redrawn");
  redrawn.needs = "enlarge";
  visit(redrawn, c.enlarge_strength);
  Field takes_over = later({.name = "refine_from", .help = "the share of the steps after which the refiner takes over", .range = {0, 1}}, 0.8);
  takes_over.needs = "refiner";
  visit(takes_over, c.refine_from);
  visit(Field{.name = "tile",
              .help = "decode in tiles of so many pixels, which takes less memory; 0: in one piece",
              .unit = "pixels",
              .range = {.min = 128, .max = kMaxPaintedEdge, .multiple_of = 64}},
        c.tile);
  visit(later({.name = "as_diffusers",
               .help = "diffusers' way where it differs: steps of a picture to start from, T5's 256 tokens, XL's empty negative, hard masks"},
              false),
        c.as_diffusers);
  visit(Field{.name = "prompt_rules",
              .help = "how brackets are read and weighted: 2, as the WebUI does; 1, as earlier works",
              .range = {1, 2},
              .since = "0.2.0",
              .absent = 1,
              .hidden = true},
        c.prompt_rules);
  visit(Field{.name = "mask_rule",
              .help = "how white a mask's pixel is: 2, by Rec. 709; 1, by Rec. 601, as earlier works",
              .range = {1, 2},
              .since = "0.2.0",
              .absent = 1,
              .hidden = true},
        c.mask_rule);
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, DiffusionFiles>
void fields(C& c, const Visit& visit) {
  visit(Field{.name = "model", .help = "a checkpoint (.safetensors, .ckpt, .gguf), or a folder in diffusers' layout", .required = true}, c.model);
  visit(file("unet", "a file with another U-Net, e.g. a quantized one (.gguf)"), c.unet);
  visit(file("autoencoder", "a file with another autoencoder; a small one (TAESD) is fast", "vae"), c.autoencoder);
  visit(file("refiner", "a file with SDXL's refiner, which paints the last steps"), c.refiner);
  visit(file("t5", "T5's encoder for Stable Diffusion 3: a file, or a folder with its parts"), c.t5);
  visit(file("t5_words", "its tokenizer.json; default: beside it, or in ../tokenizer_3", "t5-tokenizer"), c.t5_words);
  visit(file("loras", "a LoRA, LoHa or LoKr; may be given several times", "lora", Json::array()), c.loras);
  visit(
      file("embeddings", "a file with a word of its own (textual inversion), called in the prompt as the file without its ending", "embedding", Json::array()),
      c.embeddings);
  visit(file("controls", "a network that controls (ControlNet); each wants one of `control_pictures`", "control", Json::array()), c.controls);
  visit(file("wraps", "make a texture that tiles without a seam", "tileable", false), c.wraps);
  Field packing = file("quantize", "w8a16: weights in 8 bits take half the memory; w8a8: products in 8 bits too, faster and less exact");
  packing.choices = {"w8a16", "w8a8"};
  visit(packing, c.packing);
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, PaintTask>
void fields(C& c, const Visit& visit) {
  const auto within = [&](const char* member) {
    return [&visit, member](Field field, auto& value) {
      field.within = member;
      visit(field, value);
    };
  };
  fields(c.files, within("files"));
  fields(c.request, visit);
  visit(Field{.name = "from", .help = "picture to start from (PNG, JPEG, WebP)", .kept = Kept::elsewhere}, c.from);
  visit(Field{.name = "mask", .help = "a picture of the same size; white is repainted, black stays", .kept = Kept::elsewhere, .needs = "from"}, c.mask);
  visit(Field{.name = "extend",
              .help = "paint so many pixels more on every side; 0: none",
              .unit = "pixels",
              .range = {0, kMaxPaintedEdge / 2},
              .kept = Kept::elsewhere,
              .needs = "from"},
        c.extend);
  visit(Field{.name = "control_pictures",
              .help = "what a network that controls looks at: edges, depth, scribbles, as its makers drew them",
              .flag = "control-picture",
              .kept = Kept::elsewhere},
        c.control_pictures);
  visit(Field{.name = "edges", .help = "take the edges of the control pictures (Canny) instead of themselves", .kept = Kept::elsewhere}, c.edges);
  visit(Field{.name = "watermark",
              .help = "an invisible mark in the picture that ptah watermark finds, even in a smaller, cropped or JPEG copy",
              .since = "0.2.0",
              .absent = false},
        c.finish.watermark);
  visit(Field{.name = "cut",
              .help = "cut the picture out, with this behind it; default: it stays as it was painted",
              .flag = "background",
              .choices = {"transparent", "white", "black", "#rrggbb"},
              .pattern = kBackgroundPattern,
              .absent = "",
              .shorthand = "cut",
              .shorthand_value = "transparent"},
        c.finish.cut);
  visit(cut_by_field(), c.finish.cut_by);
  visit(formats_field(), c.finish.formats);
  object_fields(c.finish.object, within("object"));
}

namespace {

const SchemaOf<DiffusionFiles>& files_schema() {
  static const auto schema = SchemaOf<DiffusionFiles>::describe("files", "What is painted with");
  return schema;
}

}  // namespace

const SchemaOf<PaintRequest>& paint_request_schema() {
  static const auto schema = SchemaOf<PaintRequest>::describe("paint", "A painting");
  return schema;
}

const SchemaOf<PaintTask>& paint_schema() {
  static const auto schema = SchemaOf<PaintTask>::describe(
      "paint", "Make a picture with a Stable Diffusion checkpoint (1, 2, XL, 3, 3.5)", [](PaintTask& task, const Json&) -> Result<void> {
        if (task.extend != 0 && !task.mask.empty()) return fail_field("extend", ErrorCode::invalid_argument, "`extend` and `mask` exclude each other");
        return {};
      });
  return schema;
}

Json to_json(const PaintRequest& request) { return paint_request_schema().to_receipt(request); }
Result<PaintRequest> paint_request(const Json& json) { return paint_request_schema().from_receipt(json); }

Json to_json(const DiffusionFiles& files) { return files_schema().to_receipt(files); }
Result<DiffusionFiles> diffusion_files(const Json& json, const fs::path& folder) {
  PTAH_TRY(DiffusionFiles files, files_schema().from_receipt(json));
  return in_folder(std::move(files), folder);
}

DiffusionFiles in_folder(DiffusionFiles files, const fs::path& folder) {
  const auto place = [&](fs::path& file) {
    if (!file.empty()) file = folder / file;
  };
  for (fs::path* file : {&files.model, &files.unet, &files.autoencoder, &files.refiner, &files.t5, &files.t5_words}) place(*file);
  for (auto* list : {&files.loras, &files.controls})
    for (StrongFile& item : *list) place(item.file);
  for (fs::path& file : files.embeddings) place(file);
  return files;
}

Result<void> check(const PaintRequest& r) {
  PTAH_TRY_VOID(paint_request_schema().check_fields(r));
  if (r.perpendicular > 0 && r.guidance == 1)
    return fail_field("perpendicular", ErrorCode::invalid_argument, "`perpendicular` needs `guidance` other than 1, which leaves the negative prompt out");
  if (r.prompt.size() + r.negative.size() > 100000)
    return fail_field("prompt", ErrorCode::invalid_argument, "`prompt` and `negative` have {} bytes; 100,000 are possible",
                      r.prompt.size() + r.negative.size());
  for (const std::string* text : {&r.prompt, &r.negative})  // a weight that is no number is said before a model is read
    PTAH_TRY_VOID(guard([&]() -> Result<void> {
      (void)weighted_parts(*text, r.prompt_rules);
      return {};
    }));
  if (r.prompt_rules == 1) return {};
  PTAH_TRY_VOID(prompt_notes(r));
  return {};
}

Result<std::vector<std::string>> prompt_notes(const PaintRequest& r) {
  PTAH_TRY(std::vector<std::string> notes, check_prompt(r.prompt, "the prompt"));
  PTAH_TRY(const std::vector<std::string> more, check_prompt(r.negative, "the negative prompt"));
  notes.insert(notes.end(), more.begin(), more.end());
  return notes;
}

}  // namespace ptah
