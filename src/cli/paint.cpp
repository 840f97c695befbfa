// ptah paint: pictures by other people's checkpoints. ptah recall: how a picture was made. ptah edges: what networks that control look at.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

#include "base/parallel.h"
#include "base/profile.h"
#include "cli/commands.h"
#include "create/prompt_files.h"
#include "base/text.h"
#include "base/seed.h"
#include "cli/command_line.h"
#include "cli/input_file.h"
#include "create/recall.h"
#include "image/edges.h"
#include "own/signed_receipt.h"
#include "shape/fit.h"
#include "tensor/cpu/dense.h"
#include "tensor/ops.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

/// FLOP/s of the fastest large matrix product, in the dtype that is computed in.
double best_product_rate() {
  const DType type = compute_dtype();
  constexpr int64_t kEdge = 2048;
  const NoGrad off;
  const Tensor x = Tensor::normal({kEdge, kEdge}, 1, 0, type), w = Tensor::normal({kEdge, kEdge}, 1, 1, type);
  double best = 0;
  for (int i = 0; i < 12; ++i) {
    const auto began = std::chrono::steady_clock::now();
    (void)linear(x, w);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    best = std::max(best, 2.0 * static_cast<double>(kEdge * kEdge * kEdge) / seconds);
  }
  return best;
}

/// "FILE" or "FILE:STRENGTH".
StrongFile strong_file(const std::string& text) {
  StrongFile out{text};
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return out;
  float strength = 0;
  const char *begin = text.data() + colon + 1, *end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(begin, end, strength);
  if (problem == std::errc() && stop == end && begin != end) out = {text.substr(0, colon), strength};
  return out;
}

struct PaintOptions {
  PaintJob job;
  std::string model, unet, autoencoder, refiner, t5, t5_words, out, formats = "png", budget, from, mask, preview, grid, x, y, quantize, lora_folder;
  std::vector<std::string> loras, embeddings, controls, control_pictures;
  bool edges = false;
  int64_t threads = 0, extend = 0;
};

/// "steps=10,20" as the name of a field and its values.
Result<std::pair<std::string, std::vector<Json>>> axis_of(const std::string& text) {
  std::pair<std::string, std::vector<Json>> out;
  if (text.empty()) return std::pair{std::string(), std::vector<Json>{nullptr}};
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return fail(ErrorCode::invalid_argument, "'{}'; write e.g. steps=10,20,30", text);
  out.first = text.substr(0, equals);
  std::replace(out.first.begin(), out.first.end(), '-', '_');
  for (size_t at = equals + 1; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string value = text.substr(at, end - at);
    const Json number = Json::parse(value, nullptr, false);
    out.second.push_back(number.is_number() ? number : Json(value));
    at = end + 1;
  }
  return out;
}

/// The request with one field set.
Result<PaintRequest> with_field(const PaintRequest& request, const std::string& name, const Json& value) {
  if (name.empty()) return request;
  Json json = to_json(request);
  if (!json.contains(name)) {
    std::vector<std::string> known;
    for (const auto& [key, old] : json.items()) known.push_back(key);
    return unknown_name("setting", name, known);
  }
  json[name] = value;
  if (name == "seed") {
    PTAH_TRY(const ChosenSeed seed, seed_of(value));
    json[name] = exact_json(seed.value);
  }
  auto out = paint_request(json);
  if (!out) return fail(ErrorCode::invalid_argument, "{} cannot be {}", name, value.dump(-1, ' ', false, Json::error_handler_t::replace));
  return out;
}

/// Pictures in rows, each in a cell as large as the largest.
Picture sheet_of(const std::vector<Picture>& pictures, int64_t columns) {
  constexpr int64_t kGap = 4;
  int64_t w = 1, h = 1;
  for (const Picture& p : pictures) w = std::max(w, p.width), h = std::max(h, p.height);
  const auto count = static_cast<int64_t>(pictures.size());
  const int64_t rows = (count + columns - 1) / columns;
  Picture out = make_picture(columns * (w + kGap) - kGap, rows * (h + kGap) - kGap);
  std::fill(out.rgba.begin(), out.rgba.end(), uint8_t{255});
  for (int64_t i = 0; i < count; ++i) {
    const Picture& p = pictures[static_cast<size_t>(i)];
    for (int64_t y = 0; y < p.height; ++y) std::copy_n(p.at(0, y), p.width * 4, out.at(i % columns * (w + kGap), i / columns * (h + kGap) + y));
  }
  return out;
}

Result<void> run(PaintOptions o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  PaintJob& job = o.job;
  job.files = {
      .model = o.model, .unet = o.unet, .autoencoder = o.autoencoder, .t5 = o.t5, .t5_words = o.t5_words, .refiner = o.refiner, .wraps = job.files.wraps};
  PTAH_TRY(job.files.packing, packing_by_name(o.quantize));
  for (const auto& [texts, list] : {std::pair{&o.loras, &job.files.loras}, {&o.controls, &job.files.controls}})
    for (const std::string& text : *texts) list->push_back(strong_file(text));
  for (const std::string& text : o.embeddings) job.files.embeddings.emplace_back(text);
  job.lora_folder = o.lora_folder;
  if (!o.from.empty()) {
    PTAH_TRY(job.sources.from, input_picture(o.from));
  }
  if (!o.mask.empty()) {
    PTAH_TRY(job.sources.mask, input_picture(o.mask));
  }
  if (o.extend != 0) {
    if (!job.sources.from || job.sources.mask) return fail(ErrorCode::invalid_argument, "--extend needs a picture to start from (--from), and no mask");
    PTAH_TRY(job.sources, extended(*job.sources.from, o.extend));
  }
  for (const std::string& file : o.control_pictures) {
    PTAH_TRY(const Picture picture, input_picture(file));
    job.sources.controls.push_back(o.edges ? edges_of(picture) : picture);
  }
  PTAH_TRY(job.finish.formats, parse_formats(o.formats));
  PTAH_TRY(job.budget, parse_bytes(o.budget));
  job.out = o.out;
  job.preview = o.preview;
  job.grid = o.grid;
  PTAH_TRY(job.x, axis_of(o.x));
  PTAH_TRY(job.y, axis_of(o.y));
  return run_paint(job);
}

}  // namespace

namespace {

constexpr const char* kPreviewKeyword = "ptah-preview";

/// A preview gives way to the next one; any other file does not.
Result<void> check_preview(const fs::path& file) {
  if (std::error_code problem; !fs::exists(fs::symlink_status(file, problem))) return {};
  const auto bytes = read_file(file);
  if (bytes && png_text(*bytes, kPreviewKeyword)) return {};
  return fail(ErrorCode::invalid_argument, "--preview {}: another file has this name; choose another", file.string());
}

Result<void> write_preview(const fs::path& file, const Picture& picture) {
  PTAH_TRY(const Bytes png, encode_png(picture, {{kPreviewKeyword, "not finished"}}));
  return write_file(file, std::span<const uint8_t>(png));
}

/// A request for each value along x, y and each seed. Errors: invalid_argument.
Result<std::vector<PaintRequest>> requests_of(const PaintJob& job) {
  if (job.count < 1 || job.count > 1000) return fail(ErrorCode::invalid_argument, "count {}; 1 to 1000 are possible", job.count);
  std::vector<PaintRequest> requests;
  for (const Json& down : job.y.second)
    for (const Json& across : job.x.second)
      for (int64_t i = 0; i < job.count; ++i) {
        PTAH_TRY(const PaintRequest halfway, with_field(job.request, job.y.first, down));
        PTAH_TRY(PaintRequest request, with_field(halfway, job.x.first, across));
        PTAH_TRY(request.seed, counted_up(request.seed, static_cast<uint64_t>(i)));
        PTAH_TRY_VOID(check(request));
        requests.push_back(std::move(request));
      }
  return requests;
}

/// Where the i-th work goes.
WorkPlace place_of(const PaintJob& job, const std::vector<PaintRequest>& requests, size_t i) {
  std::string name = fmt::format("{}-{}", folder_name(requests[i].prompt), requests[i].seed);
  if (job.x.second.size() * job.y.second.size() > 1) name += fmt::format("-{}", i + 1);
  return place_of_work(job.out, name, requests.size() > 1, job.replace);
}

/// What cannot end well is refused before a weight is read.
Result<void> check_places(const PaintJob& job, const std::vector<PaintRequest>& requests) {
  for (size_t i = 0; i < requests.size(); ++i) {
    const WorkPlace place = place_of(job, requests, i);
    PTAH_TRY_VOID(place.if_taken == IfTaken::replace ? check_replaceable(place.folder) : can_write_work(job.out.empty() ? job.out : place.folder));
  }
  if (!job.grid.empty()) PTAH_TRY_VOID(must_be_new(job.grid));
  if (!job.preview.empty()) {
    PTAH_TRY_VOID(check_preview(job.preview));
    PTAH_TRY_VOID(can_write(job.preview));
  }
  return {};
}

}  // namespace

Result<void> run_paint(const PaintJob& asked) {
  PaintJob job = asked;
  PTAH_TRY_VOID(take_prompt_files(job.request, job.files, job.lora_folder));
  PTAH_TRY_VOID(check_background(job.finish.background));
  if (job.finish.formats.any_object()) PTAH_TRY_VOID(check(job.finish.object));
  PTAH_TRY(std::vector<PaintRequest> requests, requests_of(job));
  if (!job.plan_only) PTAH_TRY_VOID(check_places(job, requests));
  PTAH_TRY(const fs::path words, clip_words());
  PTAH_TRY(const auto key, signing_key(job.signing));
  if (job.plan_only) {
    PTAH_TRY(const Plan plan, plan_painting(requests.front(), job.files, words, job.sources));
    const auto mib = [](int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
    if (job.json)
      print_json({{"peak_bytes", plan.peak_bytes}, {"weight_bytes", plan.weight_bytes}, {"flops", plan.flops}, {"seconds", plan.seconds}});
    else
      print("memory   {:7.0f} MiB at its peak, of which {:.0f} MiB are weights\nwork     {:7.1f} TFLOP, about {:.0f} s on {} ({} threads)\n",
            mib(plan.peak_bytes), mib(plan.weight_bytes), static_cast<double>(plan.flops) * 1e-12, plan.seconds, numeric_path(), threads());
    return {};
  }
  if (job.budget > 0)
    for (PaintRequest& request : requests) {
      PTAH_TRY(request, within_budget(request, job.files, words, job.sources, job.budget));
    }
  const auto progress = make_progress(job.json, job.quiet);
  // Gigabytes are read for their digests whenever a core has nothing to paint: at the same priority the other threads would wait for the one that is
  // interrupted.
  std::future<Result<Json>> reading = std::async(std::launch::async, [&] {
#if defined(__linux__)
    const sched_param none{};
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
#endif
    return checkpoint_digests(job.files);
  });
  PTAH_TRY(const auto model, DiffusionModel::load(job.files, words));
  if (!job.quiet) {
    PTAH_TRY(const std::vector<std::string> of_prompt, prompt_notes(requests.front()));
    for (const auto& list : {model->notes(requests.front()), of_prompt})
      for (const std::string& note : list) print_error("note: {}\n", note);
  }
  const PreviewCallback preview = job.preview.empty() ? PreviewCallback() : [&](int64_t, const Picture& picture) {
    (void)write_preview(job.preview, picture);  // a look on the way; the work itself is written with care
  };
  Json digests;
  std::vector<Picture> made;
  std::vector<Made> series;
  for (size_t i = 0; i < requests.size(); ++i) {
    const PaintRequest request = model->settled(requests[i]);
    PTAH_TRY(Picture picture, model->paint(request, job.sources, progress, &interrupted(), preview));
    if (job.finish.cut || job.finish.formats.any_object())
      if (const auto cut = cut_for_object(picture, job.finish.object.solid == "slab"); !cut) print_error("note: {}\n", cut.error().message);
    if (digests.is_null()) {
      PTAH_TRY(digests, reading.get());
    }
    PTAH_TRY(const Work work, painting(request, job.files, digests, picture, job.sources, job.finish, progress, &interrupted()));
    if (progress) progress({"done", 1, 0});
    PTAH_TRY_VOID(deliver(work, key, place_of(job, requests, i), job.json, job.quiet, requests.size() > 1 || !job.grid.empty() ? &series : nullptr));
    if (!job.grid.empty()) made.push_back(std::move(picture));
  }
  if (!job.grid.empty()) {
    const auto columns = static_cast<int64_t>(job.x.second.size()) * job.count;
    PTAH_TRY_VOID(write_new_png(job.grid, sheet_of(made, columns > 1 ? columns : 1)));
    const Made grid{{}, {job.grid}};
    if (series.empty())
      say_made(grid, job.json, job.quiet);
    else
      series.push_back(grid);
  }
  if (!series.empty()) say_series(series);
  return {};
}

void add_paint(CLI::App& app, Action& action) {
  auto o = std::make_shared<PaintOptions>();
  o->job.finish.object.millimetres = true;
  CLI::App* command = app.add_subcommand("paint", "a picture by a checkpoint of the Stable Diffusion family (1, 2, XL or 3)");
  PaintRequest& r = o->job.request;
  command->add_option("prompt", r.prompt, "what to paint; (word:1.2) counts more, [word] less, BREAK begins a new window")->required();
  command->add_option("--model", o->model, "a checkpoint (.safetensors, .ckpt, .gguf), or a folder in diffusers' layout")->required();
  command->add_option("--unet", o->unet, "a file with another U-Net, e.g. a quantised one (.gguf)");
  command->add_option("--vae", o->autoencoder, "a file with another autoencoder; a small one (TAESD) is fast");
  command->add_option("--refiner", o->refiner, "a file with SDXL's refiner, which paints the last steps");
  command->add_option("--refine-from", r.refine_from, "the share of the steps after which the refiner takes over");
  command->add_option("--t5", o->t5, "T5's encoder for Stable Diffusion 3: a file, or a folder with its parts");
  command->add_option("--t5-words", o->t5_words, "its tokenizer.json (default: beside it, or in ../tokenizer_3)");
  command->add_option("--lora", o->loras, "FILE or FILE:STRENGTH, a LoRA, LoHa or LoKr; may be given several times");
  command->add_option("--lora-folder", o->lora_folder,
                      "where the files of <lora:name:0.8> in the prompt lie (default: beside the checkpoint, or in Lora there)");
  command->add_option("--embedding", o->embeddings, "a file with a word of its own (textual inversion), called in the prompt as the file without its ending");
  command->add_option("--control", o->controls, "FILE or FILE:STRENGTH, a network that controls (ControlNet); each wants a --control-picture");
  command->add_option("--control-picture", o->control_pictures, "what it looks at: edges, depth, scribbles, as its makers drew them");
  command->add_flag("--edges", o->edges, "take the edges of the control pictures (Canny) instead of themselves");
  command->add_option("--negative", r.negative, "what not to paint");
  add_seed_option(*command, r.seed, "the same seed gives the same picture");
  command->add_option("--steps", r.steps, "steps of the sampler");
  command->add_option("--guidance", r.guidance, "how closely to follow the words; 1 leaves the negative prompt out and takes half the time");
  command->add_option("--rescale", r.rescale, "bring guided noise back to its spread, 0 to 1 (for models that foresee velocity about 0.7)");
  command->add_option("--perpendicular", r.perpendicular,
                      "above 0: the negative prompt pushes only at right angles to the prompt, so strongly; takes half as long again");
  command->add_option("--sampler", r.sampler, noise_sampler_names());
  command->add_option("--schedule", r.schedule, noise_schedule_names());
  command->add_option("--width", r.width, "pixels, a multiple of 8 (default: of the picture it starts from, else the model's own)");
  command->add_option("--height", r.height, "pixels, a multiple of 8 (the same)");
  command->add_option("--clip-skip", r.clip_skip, "last layers of the text encoder to leave out");
  command->add_option("--prediction", r.prediction, "noise, or velocity for models trained so (default: what the model's folder says, else noise)");
  command->add_flag("--as-diffusers", r.as_diffusers, "diffusers' way where it differs: steps of --strength, T5's 256 tokens, XL's empty negative, hard masks");
  command->add_option("--noise", r.noise, "philox, or torch: the noise of ComfyUI and the WebUI (on a processor) for the same seed");
  command->add_option("--from", o->from, "picture to start from");
  command->add_option("--mask", o->mask, "with --from: a picture of the same size; white is painted anew, black stays");
  command->add_option("--extend", o->extend, "with --from: paint so many pixels more on every side");
  command->add_option("--strength", r.strength, "with --from: the share of the steps that are gone, above 0 to 1");
  command->add_option("--enlarge", r.enlarge, "paint again so many times as large, 1 to 4, from the first picture");
  command->add_option("--enlarge-strength", r.enlarge_strength, "and how much of it anew, above 0 to 1");
  command->add_option("--tile", r.tile, "decode in tiles of so many pixels: takes less memory");
  command->add_flag("--seamless", o->job.files.wraps, "a texture that can be laid side by side without a seam");
  command->add_option("--quantize", o->quantize, "w8a16: weights in 8 bits take half the memory; w8a8: products in 8 bits too, faster and less exact");
  command->add_option("--count", o->job.count, "how many, with seeds counting up");
  command->add_option("--x", o->x, "one picture for each value of a setting, e.g. steps=10,20,30");
  command->add_option("--y", o->y, "and of another, e.g. guidance=3,7");
  command->add_option("--grid", o->grid, "PNG with all pictures side by side; never overwrites");
  command->add_option("--preview", o->preview, "PNG that shows after every step what the picture will be about; it is written anew each time");
  command->add_option("--budget", o->budget, "most memory to use, e.g. 3G; tiles are taken if they help");
  command->add_flag("--plan", o->job.plan_only, "say what memory and time it takes, and stop; nothing of the weights is read");
  command->add_flag("--watermark", o->job.finish.watermark,
                    "an invisible mark in the picture that ptah watermark finds, even in a smaller, cropped or JPEG copy");
  command->add_flag("--cut", o->job.finish.cut, "cut out of its ground");
  command->add_option("--background", o->job.finish.background, "with --cut: transparent, white, black or #rrggbb");
  command->add_option("--format", o->formats, "files to make: png,glb,obj,ply,stl");
  command->add_option("--solid", o->job.finish.object.solid, "of an object: round, flat-back or slab");
  command->add_option("--height-mm", o->job.finish.object.height_mm, "of an object: how high it stands in millimetres");
  command->add_option("--out", o->out, "folder of the work (default: a new one, ptah-works/PROMPT-SEED)");
  add_replace_option(*command, o->job.replace);
  command->add_option("--threads", o->threads, "threads to use");
  command->add_flag("--json", o->job.json, "print JSON lines");
  command->add_flag("--quiet", o->job.quiet, "print nothing but errors");
  add_signing_options(*command, o->job.signing);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run(*o); })); }; });
}

void add_profile(CLI::App& app, Action& action) {
  struct Options {
    std::string model, unet, autoencoder;
    PaintRequest request = {.prompt = "a photograph", .steps = 2, .sampler = {}};
    int64_t threads = 0;
    bool json = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("profile", "where the time of a painting goes, by kind of operation, beside the best product of this machine");
  command->add_option("--model", o->model, "a checkpoint, as for ptah paint")->required();
  command->add_option("--unet", o->unet, "as for ptah paint");
  command->add_option("--vae", o->autoencoder, "as for ptah paint");
  command->add_option("--width", o->request.width, "pixels, a multiple of 64");
  command->add_option("--height", o->request.height, "pixels, a multiple of 64");
  command->add_option("--guidance", o->request.guidance, "1: one evaluation a step instead of two");
  command->add_option("--threads", o->threads, "threads to use");
  command->add_flag("--json", o->json, "print JSON lines");
  command->callback([o, &action] {
    action = [o] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY_VOID(take_threads(o->threads));
        PTAH_TRY(const fs::path words, clip_words());
        PTAH_TRY(const auto model, DiffusionModel::load({.model = o->model, .unet = o->unet, .autoencoder = o->autoencoder}, words));
        PTAH_TRY(const Picture first, model->paint(o->request, {}, make_progress(false, o->json), &interrupted()));  // packs the weights
        const double best = best_product_rate();
        const Profile profile;
        const auto began = std::chrono::steady_clock::now();
        PTAH_TRY(const Picture second, model->paint(o->request, {}, {}, &interrupted()));
        const double whole = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        double named = 0;
        if (!o->json)
          print("{} × {}, {} steps, {:.2f} s on {} ({} threads); best product {:.0f} GFLOP/s\n", second.width, second.height, o->request.steps, whole,
                numeric_path(), threads(), best * 1e-9);
        for (const ProfileEntry& e : profile.entries()) {
          const double rate = static_cast<double>(e.flops) / std::max(e.seconds, 1e-9);
          named += e.seconds;
          if (o->json)
            print_json({{"kind", e.kind},
                        {"calls", e.calls},
                        {"seconds", e.seconds},
                        {"flops", e.flops},
                        {"share_of_time", e.seconds / whole},
                        {"share_of_ceiling", rate / best}});
          else if (e.flops > 0)
            print("{:<28} {:5} calls {:7.2f} s  {:4.0f} %   {:6.0f} GFLOP/s, {:3.0f} % of the best\n", e.kind, e.calls, e.seconds, 100 * e.seconds / whole,
                  rate * 1e-9, 100 * rate / best);
          else
            print("{:<28} {:5} calls {:7.2f} s  {:4.0f} %\n", e.kind, e.calls, e.seconds, 100 * e.seconds / whole);
        }
        if (!o->json) print("{:<28} {:>19.2f} s  {:4.0f} %\n", "everything else", whole - named, 100 * (whole - named) / whole);
        return {};
      };
      return finish(guard(run));
    };
  });
}

void add_recall(CLI::App& app, Action& action) {
  auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "recall", "prints the command that makes a work again: of Ptah's own, and of pictures by the WebUI, ComfyUI, Fooocus, InvokeAI, SwarmUI and NovelAI");
  command->add_option("file", *file, "a PNG, JPEG or WebP, or a work's folder or receipt; - is standard input")->required();
  command->callback([file, &action] {
    action = [file] {
      return finish(guard([&]() -> Result<void> {
        PTAH_TRY(const auto input, InputFile::open(*file));
        PTAH_TRY(const std::string text, recall(input->path()));
        print_text(text);
        return {};
      }));
    };
  });
}

void add_edges(CLI::App& app, Action& action) {
  struct Options {
    std::string picture, out;
    int low = 100, high = 200;
    bool quiet = false, json = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("edges", "the edges of a picture (Canny), as networks that control look at");
  command->add_option("picture", o->picture, "PNG, JPEG or WebP")->required();
  command->add_option("--out", o->out, "PNG to write (default: NAME-edges.png beside it); never overwrites");
  command->add_option("--low", o->low, "an edge goes on above this change of colour");
  command->add_option("--high", o->high, "and begins above this one");
  command->add_flag("--quiet", o->quiet, "print nothing but errors");
  command->add_flag("--json", o->json, "print a JSON line");
  command->callback([o, &action] {
    action = [o] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY(const fs::path out, picture_beside(o->picture, "-edges", o->out));
        PTAH_TRY(const Picture picture, input_picture(o->picture));
        const Picture edges = edges_of(picture, o->low, o->high);
        PTAH_TRY_VOID(write_new_png(out, edges));
        say_made({{}, {out}, {{"width", edges.width}, {"height", edges.height}}}, o->json, o->quiet);
        return {};
      };
      return finish(guard(run));
    };
  });
}

}  // namespace ptah::cli
