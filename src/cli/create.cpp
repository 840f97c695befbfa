#include <fmt/ranges.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <set>

#include "base/parallel.h"
#include "base/seed.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/input_file.h"
#include "create/painting.h"
#include "create/text_work.h"
#include "create/work_folder.h"
#include "own/content_credentials.h"
#include "own/signed_receipt.h"
#include "weights/hub.h"
#include "weights/pull.h"

namespace ptah::cli {

namespace fs = std::filesystem;

ProgressCallback make_progress(bool json, bool quiet) {
  if (quiet) return {};
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const auto start = std::chrono::steady_clock::now();
  return [=, stage = std::string()](const Progress& p) mutable {
    const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double left = p.fraction > 0.05 ? passed / p.fraction - passed : -1;
    if (json) {
      print_json({{"event", "progress"}, {"stage", p.stage}, {"fraction", p.fraction}, {"seconds_left", left}});
    } else if (terminal) {
      const int filled = static_cast<int>(p.fraction * 30);
      print_error("\r{:<6} [{:<30}] {:3.0f} %  {}", p.stage, std::string(static_cast<size_t>(filled), '#'), p.fraction * 100,
                  left >= 0 && p.fraction < 1 ? fmt::format("{:.1f} s left ", left) : "           ");
      if (p.fraction >= 1) print_error("\r{:60}\r", "");
    } else if (p.stage != stage) {
      stage = p.stage;
      print_error("{}\n", stage);
    }
  };
}

WorkPlace place_of_work(const fs::path& out, const std::string& name, bool several, bool replace) {
  const bool counted = out.empty() || several;  // the name is ours to choose
  return {counted ? (out.empty() ? fs::path("ptah-works") : out) / name : out, replace ? IfTaken::replace : counted ? IfTaken::count : IfTaken::refuse};
}

void add_replace_option(CLI::App& command, bool& replace) {
  command.add_flag("--replace", replace, "replace the work that has this folder, once the new one is whole, if nothing in it was changed or added");
}

Result<void> deliver(Work work, const std::optional<Key>& key, const WorkPlace& place, bool json, bool quiet, std::vector<Made>* series) {
  if (key) {
    PTAH_TRY_VOID(sign_work(work, *key));
    PTAH_TRY(const MakerCredential credential, MakerCredential::of(*key, std::time(nullptr)));
    const std::string authority = environment("PTAH_TIMESTAMP");
    bool stamped = false;
    if (!authority.empty()) {
      Work copy = work;
      const TimestampedSigner signer(std::make_unique<MakerCredential>(credential), authority);
      if (const auto done = credential_work(copy, signer)) {
        work = std::move(copy);
        stamped = true;
      } else {  // the work may have taken an hour
        print_error("no time-stamp: {}; signed without one (ptah mark --timestamp can add it)\n", done.error().message);
      }
    }
    if (!stamped) PTAH_TRY_VOID(credential_work(work, credential));
  }
  PTAH_TRY(const fs::path folder, write_work(work, place.folder, place.if_taken));
  Made made{folder, {}, {{"receipt", work.receipt}}};
  for (const auto& [file, bytes] : work.files) made.files.push_back(folder / file);
  if (series && json && quiet)
    series->push_back(std::move(made));
  else
    say_made(made, json, quiet);
  if (!quiet && !json)
    print_error("{}\n", key ? "signed by " + to_string(key->address()) + " (content credentials are new each time; all else comes out the same)"
                            : "not signed; ptah key new makes a key for your works");
  return {};
}

Result<void> write_new_png(const fs::path& file, const Picture& picture) {
  PTAH_TRY(const Bytes png, encode_png(picture));
  return write_new_file(file, std::span<const uint8_t>(png));
}

Result<int64_t> parse_bytes(const std::string& text) {
  if (text.empty()) return 0;
  size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  std::string unit = text.substr(used);
  for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  double factor = 0;
  if (unit.empty() || unit == "B") factor = 1;
  if (unit == "K" || unit == "KB" || unit == "KIB") factor = 1 << 10;
  if (unit == "M" || unit == "MB" || unit == "MIB") factor = 1 << 20;
  if (unit == "G" || unit == "GB" || unit == "GIB") factor = 1 << 30;
  if (used == 0 || factor == 0 || !(value > 0) || value * factor > 1e15)
    return fail(ErrorCode::invalid_argument, "budget '{}'; write bytes or e.g. 600M, 2G", text);
  return static_cast<int64_t>(value * factor);
}

namespace {

struct CreateOptions {
  CreateRequest request;
  std::string out = "", formats = "png,glb", budget = "", isa = "", from = "", mask = "", model = "";
  std::set<std::string> given = {};  ///< options that were
  std::optional<float> strength;
  int64_t count = 1, threads = 0;
  bool quiet = false, json = false, no_object = false, replace = false;
  SigningOptions signing = {};
};

void add_request_options(CLI::App& command, CreateOptions& o) {
  o.request.millimetres = true;
  command.add_option("prompt", o.request.prompt, "what to make, e.g. \"a red fox\"")->required();
  add_seed_option(command, o.request.seed, "the same seed gives the same work");
  command.add_option("--style", o.request.style, "glossy, flat, cartoon, blob, sticker, badge, plain, or any; of a model of your own, its styles");
  command.add_option("--size", o.request.size, "edge of the picture in pixels, 128 to 512");
  command.add_option("--steps", o.request.steps, "sampling steps");
  command.add_option("--guidance", o.request.guidance, "how strictly the words are followed");
  command.add_option("--sampler", o.request.sampler, "euler or heun");
  command.add_option("--background", o.request.background, "transparent, white, black or #rrggbb");
  command.add_option("--solid", o.request.solid, "round, flat-back or slab");
  command.add_option("--target-tris", o.request.target_triangles, "about how many triangles the object has");
  command.add_option("--size-mm", o.request.size_mm, "longest edge of the object in millimetres");
  command.add_option("--height-mm", o.request.height_mm, "how high the object stands in millimetres, instead of --size-mm");
  command.add_flag("--watermark", o.request.watermark, "an invisible mark in the picture that ptah watermark finds, even in a smaller, cropped or JPEG copy");
  command.add_flag("--no-object", o.no_object, "make the picture only");
  command.add_option("--best-of", o.request.best_of, "draw so many (1 to 16) and keep the one that fits the words best (default: 2 where there is a judge)");
  command.add_option("--from", o.from, "picture to start from (PNG, JPEG, WebP): a drawing, photo or earlier work");
  command.add_option("--strength", o.strength, "with --from: how much is drawn anew, above 0 to 1 (default 0.6; 1 with --mask)");
  command.add_option("--mask", o.mask, "with --from: a picture of the same size; white is drawn anew, black stays");
  command.add_option("--budget", o.budget, "most memory to use, e.g. 600M");
  command.add_option("--threads", o.threads, "threads to use (default: OMP_NUM_THREADS, else all cores)");
  command.add_option("--isa", o.isa, "cap the instruction set: amx, avx512_bf16, avx512, avx2");
  command.add_flag("--json", o.json, "print JSON lines");
  command.add_option("--model", o.model,
                     "a picture model that ptah train made (its file or folder), or a checkpoint of the Stable Diffusion family (see ptah paint)");
}

/// Loads the model; one of the user's own brings its own styles.
Result<std::shared_ptr<PictureModel>> prepare(CreateOptions& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  if (!o.isa.empty()) PTAH_TRY_VOID(cap_isa(o.isa));
  PTAH_TRY_VOID(check(o.request));
  if (o.model.empty()) {
    PTAH_TRY(const fs::path folder, models_folder());
    return load_picture_model(folder);
  }
  PTAH_TRY(const auto model, load_trained_model(o.model));
  const auto& styles = model->styles();
  if (!o.given.contains("--style") && std::find(styles.begin(), styles.end(), o.request.style) == styles.end())
    o.request.style = styles.empty() ? "any" : styles.front();
  return model;
}

/// Whether --model names a checkpoint of the Stable Diffusion family, and no model of ptah train.
bool paints(const CreateOptions& o) { return !o.model.empty() && picture_model_file(o.model).empty(); }

Result<Sources> read_sources(const CreateOptions& o) {
  Sources sources;
  if (!o.from.empty()) {
    PTAH_TRY(sources.from, input_picture(o.from));
  }
  if (!o.mask.empty()) {
    PTAH_TRY(sources.mask, input_picture(o.mask));
  }
  if (o.strength && !sources.from) return fail(ErrorCode::invalid_argument, "--strength needs a picture to start from (--from)");
  PTAH_TRY_VOID(check(sources));
  return sources;
}

Result<Work> replay_made(const Json& receipt, const Sources& sources, const std::string& checkpoints) {
  if (const std::string name = text_at(receipt, "model_file"); !name.empty()) {
    if (name.find('/') != std::string::npos || name[0] == '.') return fail(ErrorCode::corrupt, "receipt: strange name of a model file");
    const fs::path file = fs::path(checkpoints.empty() ? environment("PTAH_CHECKPOINTS") : checkpoints) / name;
    if (!fs::exists(file))
      return fail(ErrorCode::not_found, "{} is not here; say where the model lies (--checkpoints FOLDER, or PTAH_CHECKPOINTS)", printable(file.string()));
    PTAH_TRY(const auto own, load_trained_model(file));
    return replay_work(*own, receipt, sources, {}, &interrupted());
  }
  PTAH_TRY(const fs::path folder, models_folder());
  PTAH_TRY(const auto model, load_picture_model(folder));
  return replay_work(*model, receipt, sources, {}, &interrupted());
}

/// The same with a checkpoint for the picture: what was not asked for is as `ptah paint` has it.
PaintJob paint_job(const CreateOptions& o, const Formats& formats, const Sources& sources, int64_t budget) {
  PaintJob job;
  const auto given = [&](const char* name) { return o.given.contains(name); };
  job.request.prompt = o.request.prompt;
  job.request.seed = o.request.seed;
  if (given("--steps")) job.request.steps = o.request.steps;
  if (given("--guidance")) job.request.guidance = o.request.guidance;
  if (given("--sampler")) job.request.sampler = o.request.sampler;
  if (given("--size")) job.request.width = job.request.height = o.request.size;
  if (sources.from) job.request.strength = o.request.strength;
  job.files.model = o.model;
  job.sources = sources;
  job.finish = {.cut = true,
                .background = o.request.background,
                .formats = formats,
                .object = {.solid = o.request.solid,
                           .target_triangles = o.request.target_triangles,
                           .size_mm = o.request.size_mm,
                           .height_mm = o.request.height_mm,
                           .millimetres = o.request.millimetres},
                .watermark = o.request.watermark};
  job.count = o.count;
  job.budget = budget;
  job.out = o.out;
  job.replace = o.replace;
  job.json = o.json;
  job.quiet = o.quiet;
  job.signing = o.signing;
  return job;
}

/// Where a work goes.
WorkPlace place_of(const CreateOptions& o, const CreateRequest& request) {
  return place_of_work(o.out, fmt::format("{}-{}", folder_name(request.prompt), request.seed), o.count > 1, o.replace);
}

/// What cannot end well: seeds that run out, folders that are taken or cannot be written.
Result<void> check_works(const CreateOptions& o) {
  PTAH_TRY_VOID(counted_up(o.request.seed, static_cast<uint64_t>(o.count - 1)));
  CreateRequest request = o.request;
  for (int64_t i = 0; i < o.count; ++i, ++request.seed) {
    const WorkPlace place = place_of(o, request);
    PTAH_TRY_VOID(o.replace ? check_replaceable(place.folder) : can_write_work(o.out.empty() ? fs::path() : place.folder));
  }
  return {};
}

Result<void> run_create(CreateOptions o) {
  PTAH_TRY(Formats formats, parse_formats(o.formats));
  PTAH_TRY(const int64_t budget, parse_bytes(o.budget));
  if (o.no_object) formats.glb = formats.obj = formats.ply = formats.stl = false;
  if (paints(o)) {
    for (const char* only : {"--style", "--best-of"})
      if (o.given.contains(only)) return fail(ErrorCode::invalid_argument, "{} is of the model that comes along; not with --model", only);
    PTAH_TRY_VOID(take_threads(o.threads));
    if (!o.isa.empty()) PTAH_TRY_VOID(cap_isa(o.isa));
    PTAH_TRY_VOID(check_background(o.request.background));
    PTAH_TRY(const Sources sources, read_sources(o));
    return run_paint(paint_job(o, formats, sources, budget));
  }
  if (o.count < 1 || o.count > 1000) return fail(ErrorCode::invalid_argument, "count {}; 1 to 1000 are possible", o.count);
  PTAH_TRY_VOID(check(o.request));
  PTAH_TRY_VOID(check_works(o));
  PTAH_TRY(const auto model, prepare(o));
  PTAH_TRY(const Sources sources, read_sources(o));
  PTAH_TRY(const auto key, signing_key(o.signing));
  for (const std::string& note : model->unknown_words(o.request.prompt)) {
    if (o.quiet) break;
    if (o.json)
      print_json({{"event", "note"}, {"text", note}});
    else if (!o.quiet)
      print_error("note: {}\n", note);
  }
  if (budget > 0) {
    PTAH_TRY(const Plan plan, plan_work(*model, o.request, sources));
    PTAH_TRY_VOID(check_budget(*model, o.request, sources, plan, budget));
  }
  std::vector<Made> series;
  for (int64_t i = 0; i < o.count; ++i) {
    CreateRequest request = o.request;
    request.seed += static_cast<uint64_t>(i);
    const WorkPlace place = place_of(o, request);
    PTAH_TRY(const Work work, create_work(*model, request, formats, sources, make_progress(o.json, o.quiet), &interrupted()));
    PTAH_TRY_VOID(deliver(work, key, place, o.json, o.quiet, o.count > 1 ? &series : nullptr));
  }
  if (!series.empty()) say_series(series);
  return {};
}

Result<void> run_plan(CreateOptions o) {
  if (paints(o)) {
    PTAH_TRY_VOID(take_threads(o.threads));
    if (!o.isa.empty()) PTAH_TRY_VOID(cap_isa(o.isa));
    PTAH_TRY(const Sources sources, read_sources(o));
    PaintJob job = paint_job(o, {.glb = !o.no_object}, sources, 0);
    job.plan_only = true;
    return run_paint(job);
  }
  PTAH_TRY(const auto model, prepare(o));
  PTAH_TRY(const Sources sources, read_sources(o));
  PTAH_TRY(const Plan plan, plan_work(*model, o.request, sources));
  if (o.json) {
    print_json({{"weight_bytes", plan.weight_bytes},
                {"tensor_bytes", plan.tensor_bytes},
                {"shape_bytes", plan.shape_bytes},
                {"program_bytes", plan.program_bytes},
                {"peak_bytes", plan.peak_bytes},
                {"flops", plan.flops},
                {"seconds", plan.seconds}});
  } else {
    const auto mib = [](int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
    print("memory   {:7.0f} MiB at its peak\n", mib(plan.peak_bytes));
    print("  weights {:6.0f} MiB   tensors {:.0f} MiB   object {:.0f} MiB   program {:.0f} MiB\n", mib(plan.weight_bytes), mib(plan.tensor_bytes),
          mib(plan.shape_bytes), mib(plan.program_bytes));
    print("work     {:7.1f} GFLOP, about {:.1f} s on {} ({} threads)\n", static_cast<double>(plan.flops) * 1e-9, plan.seconds, numeric_path(), threads());
  }
  PTAH_TRY(const int64_t budget, parse_bytes(o.budget));
  return check_budget(*model, o.request, sources, plan, budget);
}

/// What follows from options that were not given.
void complete(const CLI::App& command, CreateOptions& o) {
  for (const CLI::Option* option : command.get_options())
    if (option->count() > 0) o.given.insert(option->get_name());
  o.request.object = !o.no_object;
  if (!o.from.empty()) o.request.strength = o.strength.value_or(o.mask.empty() ? 0.6F : 1.0F);
}

}  // namespace

void add_create(CLI::App& app, Action& action) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* command = app.add_subcommand("create", "words in; picture.png, object.glb and receipt.json out");
  add_request_options(*command, *options);
  command->add_option("--count", options->count, "how many works, with seeds counting up");
  command->add_option("--out", options->out, "folder of the work (default: a new one, ptah-works/PROMPT-SEED)");
  add_replace_option(*command, options->replace);
  command->add_option("--format", options->formats, "files to make: png,glb,obj,ply,stl");
  command->add_flag("--quiet", options->quiet, "print nothing but errors");
  add_signing_options(*command, options->signing);
  command->callback([options, command, &action] {
    complete(*command, *options);
    action = [options] { return finish(guard([&] { return run_create(*options); })); };
  });
}

void add_object(CLI::App& app, Action& action) {
  struct Options {
    ObjectRequest request = {.millimetres = true, .fit = kObjectFit};
    std::string picture, out, formats = "png,glb";
    bool quiet = false, json = false, replace = false;
    SigningOptions signing = {};
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("object", "a picture of yours in; a textured 3D object out");
  command->add_option("picture", options->picture, "PNG, JPEG or WebP; an opaque one is cut out of its ground")->required();
  command->add_option("--solid", options->request.solid, "round, flat-back or slab");
  command->add_option("--target-tris", options->request.target_triangles, "about how many triangles the object has");
  command->add_option("--size-mm", options->request.size_mm, "longest edge of the object in millimetres");
  command->add_option("--height-mm", options->request.height_mm, "how high the object stands in millimetres, instead of --size-mm");
  command->add_option("--out", options->out, "folder of the work (default: a new one, ptah-works/NAME)");
  add_replace_option(*command, options->replace);
  command->add_option("--format", options->formats, "files to make: png,glb,obj,ply,stl");
  command->add_flag("--quiet", options->quiet, "print nothing but errors");
  command->add_flag("--json", options->json, "print JSON lines");
  add_signing_options(*command, options->signing);
  command->callback([options, &action] {
    action = [options] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY(const Formats formats, parse_formats(options->formats));
        if (!formats.any_object()) return fail(ErrorCode::invalid_argument, "--format {} names no object; possible: glb obj ply stl", options->formats);
        if (options->picture.empty()) return fail(ErrorCode::invalid_argument, "name a picture");
        PTAH_TRY_VOID(check(options->request));
        const auto place = place_of_work(options->out, folder_name(fs::path(options->picture).stem().string()), false, options->replace);
        PTAH_TRY_VOID(options->replace ? check_replaceable(place.folder) : can_write_work(options->out));
        PTAH_TRY(const Picture from, input_picture(options->picture));
        PTAH_TRY(const auto key, signing_key(options->signing));
        PTAH_TRY(const Work work, object_work(from, options->request, formats, make_progress(options->json, options->quiet), &interrupted()));
        return deliver(work, key, place, options->json, options->quiet);
      };
      return finish(guard(run));
    };
  });
}

void add_upscale(CLI::App& app, Action& action) {
  struct Options {
    std::string picture, out, model;
    int64_t threads = 0;
    bool quiet = false, json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("upscale", "a drawing or picture of yours, four times as large each way (or as another model enlarges), with crisp edges");
  command->add_option("picture", options->picture, "PNG, JPEG or WebP")->required();
  command->add_option("--out", options->out, "PNG to write (default: NAME-4x.png beside it); never overwrites");
  command->add_option("--model", options->model, "upscaler file (default: the shipped one), or a network of Real-ESRGAN's kinds (.pth, .safetensors)");
  command->add_option("--threads", options->threads, "threads to use");
  command->add_flag("--quiet", options->quiet, "print nothing but errors");
  command->add_flag("--json", options->json, "print JSON lines");
  command->callback([options, &action] {
    action = [options] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY_VOID(take_threads(options->threads));
        PTAH_TRY(const auto upscaler, load_upscaler(options->model));
        PTAH_TRY(const fs::path out, picture_beside(options->picture, fmt::format("-{}x", upscaler->factor()), options->out));
        PTAH_TRY(const Picture picture, input_picture(options->picture));
        PTAH_TRY(const Picture large, upscaler->upscale(picture, make_progress(options->json, options->quiet), &interrupted()));
        PTAH_TRY_VOID(write_new_png(out, large));
        say_made({{}, {out}, {{"file", shown_path(out)}, {"width", large.width}, {"height", large.height}}}, options->json, options->quiet);
        return {};
      };
      return finish(guard(run));
    };
  });
}

void add_plan(CLI::App& app, Action& action) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* command = app.add_subcommand("plan", "memory and time of a `create`, before anything runs");
  add_request_options(*command, *options);
  command->callback([options, command, &action] {
    complete(*command, *options);
    action = [options] { return finish(run_plan(*options)); };
  });
}

Result<Work> replay_receipt(const Json& receipt, const Sources& sources, const std::string& checkpoints) {
  if (is_text_receipt(receipt)) return replay_text(receipt, &interrupted());
  if (is_object_receipt(receipt)) return replay_object(receipt, sources, {}, &interrupted());
  if (is_painting_receipt(receipt)) return replay_painting(receipt, sources, checkpoints, {}, &interrupted());
  return replay_made(receipt, sources, checkpoints);
}

namespace {

/// What was made again against the receipt, and the files that are here against it too. Errors: mismatch.
Result<void> compare_replayed(const Json& receipt, const Work& work, const fs::path& file) {
  const Json outputs = receipt.value("outputs", Json());
  if (!outputs.is_object()) {  // the receipt inside a single file
    const bool same = work.receipt["pixels"] == receipt.value("pixels", Json());
    PTAH_TRY(const Verification here, verify_work(file));
    print("picture: {}\n", !same ? "OTHER pixels" : here.whole ? "the same pixels" : "the receipt's pixels; the file here has OTHER ones");
    if (!same) return fail(ErrorCode::mismatch, "the work made again differs from its receipt");
    if (!here.whole) return fail(ErrorCode::mismatch, "{} was changed since it was made; the receipt's work came out again", file.string());
    return {};
  }
  std::string other, changed;
  for (const auto& [name, id] : outputs.items()) {
    const bool equal = work.receipt["outputs"].value(name, Json()) == id;
    const auto bytes = read_file(folder_of_work(file) / fs::path(name).filename());
    const bool whole = bytes && has_id(*bytes, id), credentials = whole && Json(file_id(*bytes)) != id;
    if (!equal) other = name;
    if (!whole) changed = name;
    print("{}: {}{}\n", file_label(name),
          !equal  ? "OTHER bytes"
          : whole ? "the same bytes"
                  : "the receipt's bytes",
          equal && credentials ? ", but for its content credentials, which are made anew each time"
          : whole              ? ""
          : bytes              ? "; the file here was CHANGED since"
                               : "; the file is MISSING here");
  }
  if (!other.empty()) return fail(ErrorCode::mismatch, "the work made again differs from its receipt");
  if (!changed.empty()) return fail(ErrorCode::mismatch, "{} here is not as it was made; the receipt's work came out again (--out keeps it)", changed);
  return {};
}

}  // namespace

void add_replay(CLI::App& app, Action& action) {
  struct Options {
    std::string file, out, checkpoints;
    int64_t threads = 0;
    bool replace = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("replay", "makes a work again from its receipt and compares the bytes");
  command->add_option("file", options->file, "a work's folder, receipt.json, PNG or GLB; or any file with content credentials")->required();
  command->add_option("--out", options->out, "write the work made again to this folder");
  add_replace_option(*command, options->replace);
  command->add_option("--checkpoints", options->checkpoints,
                      "where the model files of your own lie that it was made with (default: $PTAH_CHECKPOINTS, else here)");
  command->add_option("--threads", options->threads, "threads to use");
  command->callback([options, &action] {
    action = [options] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY_VOID(take_threads(options->threads));
        if (!options->out.empty()) PTAH_TRY_VOID(can_write_work(options->out));
        PTAH_TRY(const auto input, InputFile::open(options->file));
        PTAH_TRY(const Json receipt, read_receipt(input->path()));
        PTAH_TRY_VOID(match_numeric_path(receipt));
        PTAH_TRY(const Sources sources, ptah::read_sources(receipt, input->path()));
        PTAH_TRY(const Work work, replay_receipt(receipt, sources, options->checkpoints));
        if (!options->out.empty()) PTAH_TRY_VOID(write_work(work, options->out, options->replace ? IfTaken::replace : IfTaken::refuse));
        PTAH_TRY_VOID(compare_replayed(receipt, work, options->file));
        return {};
      };
      return finish(guard(run));
    };
  });
}

void add_models(CLI::App& app, Action& action) {
  auto gone = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("models", "the models that are here, shipped and pulled, with licence and digest");
  command->add_option("--remove", *gone, "removes a pulled model");
  command->callback([gone, &action] {
    action = [gone] {
      const auto run = [&]() -> Result<void> {
        const auto pulled = pulled_models_folder();
        if (!gone->empty()) {
          PTAH_TRY(const fs::path here, pulled);
          PTAH_TRY_VOID(remove_pulled(*gone, here));
          print("removed {}\n", *gone);
          return {};
        }
        PTAH_TRY(const fs::path folder, models_folder());
        PTAH_TRY(const auto entries, list_models(folder));
        for (const ModelEntry& e : entries)
          print("{}  {:.1f} MB  {}\n  {}\n  sha256 {}\n  {}\n", e.name, static_cast<double>(e.bytes) / 1e6, e.file, e.summary, e.sha256, e.licence);
        if (!pulled) return {};  // no home: none is here
        PTAH_TRY(const auto others, pulled_models(*pulled));
        for (const PulledModel& m : others) {
          print("{}  {:.1f} MB  {}\n  from {}\n", m.name, static_cast<double>(m.bytes) / 1e6, (*pulled / m.name).string(), m.source.empty() ? "?" : m.source);
          for (const auto& [file, sha256] : m.files) print("  sha256 {}  {}\n", sha256, file);
          print("  {}\n", m.licence.empty() ? "licence not stated" : m.licence);
        }
        return {};
      };
      return finish(guard(run));
    };
  });
}

}  // namespace ptah::cli
