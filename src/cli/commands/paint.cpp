// ptah paint: pictures by other people's checkpoints. ptah recall: how a picture was made. ptah edges: what networks that control look at.
#include <algorithm>
#include <chrono>

#include "base/parallel.h"
#include "base/profile.h"
#include "cli/commands/commands.h"
#include "pipelines/recipes/prompt_files.h"
#include "base/text.h"
#include "base/seed.h"
#include "cli/command_line.h"
#include "cli/input_file.h"
#include "cli/request_options.h"
#include "pipelines/recall/recall.h"
#include "pipelines/schemas.h"
#include "pixels/edges.h"
#include "own/signed_receipt.h"
#include "tensor/device.h"
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

/// Paintings to be made: one for each value along x, y and each seed.
struct PaintJob {
  Json given;            ///< fields of the recipe
  PaintRequest request;  ///< that they ask for
  int64_t count = 1, budget = 0;
  std::pair<std::string, std::vector<Json>> x{"", {nullptr}}, y{"", {nullptr}};  ///< a setting's name and its values
  fs::path out, preview, grid;
  bool json = false, quiet = false, replace = false;
  bool plan_only = false;  ///< says what the first of them needs, and stops
  SigningOptions signing = {};
};

struct PaintOptions {
  std::shared_ptr<RequestOptions> fields;
  PaintJob job;
  std::string out, budget, preview, grid, x, y, lora_folder;
  int64_t threads = 0;
};

/// "steps=10,20" as the name of a field and its values.
Result<std::pair<std::string, std::vector<Json>>> axis_of(const std::string& text) {
  std::pair<std::string, std::vector<Json>> out;
  if (text.empty()) return std::pair{std::string(), std::vector<Json>{nullptr}};
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return fail(ErrorCode::invalid_argument, "'{}'; write e.g. steps=10,20,30", text);
  const Schema& schema = paint_request_schema();
  const SchemaField* field = schema.find(text.substr(0, equals));
  if (!field) {
    std::vector<std::string> known;
    for (const SchemaField& one : schema.fields()) known.emplace_back(one.name);
    return unknown_name("setting", text.substr(0, equals), known);
  }
  out.first = field->name;
  for (size_t at = equals + 1; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    PTAH_TRY(Json value, value_from_text(*field, text.substr(at, end - at)));
    PTAH_TRY_VOID(Schema::check(*field, value));
    out.second.push_back(std::move(value));
    at = end + 1;
  }
  return out;
}

/// Pictures in rows, each in a cell as large as the largest.
Image sheet_of(const std::vector<Image>& pictures, int64_t columns) {
  constexpr int64_t kGap = 4;
  int64_t w = 1, h = 1;
  for (const Image& p : pictures) w = std::max(w, p.width), h = std::max(h, p.height);
  const auto count = static_cast<int64_t>(pictures.size());
  const int64_t rows = (count + columns - 1) / columns;
  Image out = make_image(columns * (w + kGap) - kGap, rows * (h + kGap) - kGap);
  std::fill(out.rgba.begin(), out.rgba.end(), uint8_t{255});
  for (int64_t i = 0; i < count; ++i) {
    const Image& p = pictures[static_cast<size_t>(i)];
    for (int64_t y = 0; y < p.height; ++y) std::copy_n(p.at(0, y), p.width * 4, out.at(i % columns * (w + kGap), i / columns * (h + kGap) + y));
  }
  return out;
}

constexpr const char* kPreviewKeyword = "ptah-preview";

/// A preview gives way to the next one; any other file does not.
Result<void> check_preview(const fs::path& file) {
  if (std::error_code problem; !fs::exists(fs::symlink_status(file, problem))) return {};
  const auto bytes = read_file(file);
  if (bytes && png_text(*bytes, kPreviewKeyword)) return {};
  return fail(ErrorCode::invalid_argument, "`preview` {}: another file has this name; choose another", file.string());
}

Result<void> write_preview(const fs::path& file, const Image& picture) {
  PTAH_TRY(const Bytes png, encode_png(picture, {{kPreviewKeyword, "not finished"}}));
  return write_file(file, std::span<const uint8_t>(png));
}

/// The fields of a work for each value along x, y and each seed. Errors: invalid_argument.
Result<std::vector<Json>> works_of(const PaintJob& job, const Recipe& recipe) {
  if (job.count < 1 || job.count > 1000) return fail_field("count", ErrorCode::invalid_argument, "`count` {}; 1 to 1000 are possible", job.count);
  std::vector<Json> works;
  for (const Json& down : job.y.second)
    for (const Json& across : job.x.second)
      for (int64_t i = 0; i < job.count; ++i) {
        Json fields = job.given;
        if (!job.y.first.empty()) fields[job.y.first] = down;
        if (!job.x.first.empty()) fields[job.x.first] = across;
        const bool seeds = job.x.first == "seed" || job.y.first == "seed";
        PTAH_TRY(const uint64_t seed, counted_up(seeds ? exact_value(fields["seed"]) : job.request.seed, static_cast<uint64_t>(i)));
        fields["seed"] = exact_json(seed);
        PTAH_TRY_VOID(check_fields(recipe, fields));
        works.push_back(std::move(fields));
      }
  return works;
}

/// Where the i-th work goes.
WorkPlace painting_place(const PaintJob& job, const Recipe& recipe, const std::vector<Json>& works, size_t i) {
  std::string name = work_name(recipe, works[i]);
  if (job.x.second.size() * job.y.second.size() > 1) name += fmt::format("-{}", i + 1);
  return place_of_work(job.out, name, works.size() > 1, job.replace);
}

/// What cannot end well is refused before a weight is read.
Result<void> check_places(const PaintJob& job, const Recipe& recipe, const std::vector<Json>& works) {
  for (size_t i = 0; i < works.size(); ++i) PTAH_TRY_VOID(check_place(painting_place(job, recipe, works, i), job.out));
  if (!job.grid.empty()) PTAH_TRY_VOID(must_be_new(job.grid));
  if (!job.preview.empty()) {
    PTAH_TRY_VOID(check_preview(job.preview));
    PTAH_TRY_VOID(can_write(job.preview));
  }
  return {};
}

/// The job of a line. The names of files in the prompt are no part of a work's name, and may lie in a folder that only the line names.
Result<PaintJob> job_of(const PaintOptions& o) {
  PaintJob job = o.job;
  PTAH_TRY(job.given, o.fields->given());
  PTAH_TRY(PaintTask task, paint_schema().complete(job.given));
  PTAH_TRY_VOID(take_prompt_files(task.request, task.files, o.lora_folder));
  const Json values = paint_schema().values(task);
  for (const char* taken : {"prompt", "loras"}) job.given[taken] = values[taken];
  job.request = task.request;
  PTAH_TRY(job.budget, parse_bytes(o.budget));
  job.out = o.out;
  job.preview = o.preview;
  job.grid = o.grid;
  PTAH_TRY(job.x, axis_of(o.x));
  PTAH_TRY(job.y, axis_of(o.y));
  return job;
}

/// All pictures side by side: a file of its own, said with the works.
Result<void> write_grid(const PaintJob& job, const std::vector<Image>& made, std::vector<Made>& series) {
  const auto columns = static_cast<int64_t>(job.x.second.size()) * job.count;
  PTAH_TRY_VOID(write_new_png(job.grid, sheet_of(made, columns > 1 ? columns : 1)));
  const Made grid{{}, {job.grid}};
  if (series.empty())
    say_made(grid, job.json, job.quiet);
  else
    series.push_back(grid);
  return {};
}

Result<void> run(const PaintOptions& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const Recipe* recipe, find_recipe("paint"));
  PTAH_TRY(const PaintJob job, job_of(o));
  PTAH_TRY(const std::vector<Json> works, works_of(job, *recipe));
  PTAH_TRY(RecipeRequest request, open_request(*recipe, works.front(), input_picture));
  if (!job.plan_only) PTAH_TRY_VOID(check_places(job, *recipe, works));
  PTAH_TRY_VOID(clip_vocabulary());
  PTAH_TRY(const auto key, signing_key(job.signing));
  ModelCache models;
  if (job.plan_only) {
    PTAH_TRY(const Plan plan, plan_recipe(*recipe, models, request));
    show_paint_plan(plan, job.json);
    return {};
  }
  RunOptions options = run_options(job.json, job.quiet, true);
  options.budget_bytes = job.budget;
  if (!job.preview.empty())
    options.preview = [&](int64_t, const Image& picture) {
      (void)write_preview(job.preview, picture);  // the work itself is written with care
    };
  std::vector<Image> made;
  if (!job.grid.empty()) options.drawn = [&](const Image& picture) { made.push_back(picture); };
  std::vector<Made> series;
  for (size_t i = 0; i < works.size(); ++i) {
    request.fields = works[i];
    PTAH_TRY(const Work work, run_recipe(*recipe, models, request, options));
    options.note = {};
    PTAH_TRY_VOID(deliver(work, key, painting_place(job, *recipe, works, i), job.json, job.quiet, works.size() > 1 || !job.grid.empty() ? &series : nullptr));
  }
  if (!job.grid.empty()) PTAH_TRY_VOID(write_grid(job, made, series));
  if (!series.empty()) say_series(series);
  return {};
}

}  // namespace

void show_paint_plan(const Plan& plan, bool json) {
  const auto mib = [](int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  if (json)
    print_json({{"peak_bytes", plan.peak_bytes}, {"weight_bytes", plan.weight_bytes}, {"flops", plan.flops}, {"seconds", plan.seconds}});
  else
    print("memory   {:7.0f} MiB at its peak, of which {:.0f} MiB are weights\nwork     {:7.1f} TFLOP, about {:.0f} s on {} ({} threads)\n",
          mib(plan.peak_bytes), mib(plan.weight_bytes), static_cast<double>(plan.flops) * 1e-12, plan.seconds, numeric_path(), threads());
}

void add_paint(CLI::App& app, Action& action) {
  auto o = std::make_shared<PaintOptions>();
  CLI::App* command = app.add_subcommand(paint_schema().name(), paint_schema().summary());
  o->fields = std::make_shared<RequestOptions>(*command, paint_schema(), [](const std::string& file) { return input_text(file); });
  command->add_option("--lora-folder", o->lora_folder,
                      "where the files of <lora:name:0.8> in the prompt lie (default: beside the checkpoint, or in Lora there)");
  command->add_option("--count", o->job.count, "how many, with seeds counting up; 1 to 1000");
  command->add_option("--x", o->x, "one picture for each value of a setting, e.g. steps=10,20,30");
  command->add_option("--y", o->y, "and of another, e.g. guidance=3,7");
  command->add_option("--grid", o->grid, "PNG with all pictures side by side; never overwrites");
  command->add_option("--preview", o->preview, "PNG that shows a preview of the picture after every step");
  command->add_option("--budget", o->budget, "memory limit, e.g. 600M or 3G; the picture is decoded in tiles if that helps");
  command->add_flag("--plan", o->job.plan_only, "predict memory and time and stop; no weights are read");
  command->add_option("--out", o->out, "folder of the work (default: a new one, ptah-works/PROMPT-SEED)");
  add_replace_option(*command, o->job.replace);
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->add_flag("--json", o->job.json, "print one JSON object a line: progress, notes, works");
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
  CLI::App* command = app.add_subcommand("profile", "show where the time of a picture goes, by kind of operation");
  command->add_option("--model", o->model, "a checkpoint, as for ptah paint")->required();
  command->add_option("--unet", o->unet, "as for ptah paint");
  command->add_option("--vae", o->autoencoder, "as for ptah paint");
  command->add_option("--width", o->request.width, "pixels, a multiple of 64");
  command->add_option("--height", o->request.height, "pixels, a multiple of 64");
  command->add_option("--guidance", o->request.guidance, "guidance scale; 1: one evaluation a step instead of two");
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->add_flag("--json", o->json, "print one JSON object a line: progress, notes, works");
  command->callback([o, &action] {
    action = [o] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY_VOID(take_threads(o->threads));
        PTAH_TRY(const fs::path words, clip_vocabulary());
        PTAH_TRY(const auto model, DiffusionModel::load({.model = o->model, .unet = o->unet, .autoencoder = o->autoencoder}, words));
        PTAH_TRY(const Image first, model->paint(o->request, {}, make_progress(false, o->json), &interrupted()));  // packs the weights
        const double best = best_product_rate();
        const Profile profile;
        const auto began = std::chrono::steady_clock::now();
        PTAH_TRY(const Image second, model->paint(o->request, {}, {}, &interrupted()));
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
  CLI::App* command = app.add_subcommand("recall", "print the command that makes a picture again, whatever program made it");
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
    std::shared_ptr<RequestOptions> fields;
    std::string out;
    bool quiet = false, json = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(edges_schema().name(), edges_schema().summary());
  o->fields = std::make_shared<RequestOptions>(*command, edges_schema(), [](const std::string& file) { return input_text(file); });
  command->add_option("--out", o->out, "PNG to write (default: NAME-edges.png beside it); never overwrites");
  command->add_flag("--quiet", o->quiet, "print nothing but errors");
  command->add_flag("--json", o->json, "print a JSON line");
  command->callback([o, &action] {
    action = [o] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY(const Json given, o->fields->given());
        PTAH_TRY(const EdgesTask task, edges_schema().complete(given));
        PTAH_TRY(const fs::path out, picture_beside(task.picture, "-edges", o->out));
        PTAH_TRY(const Image picture, input_image(task.picture.string()));
        const Image edges = edges_of(picture, task.low, task.high);
        PTAH_TRY_VOID(write_new_png(out, edges));
        say_made({{}, {out}, {{"width", edges.width}, {"height", edges.height}}}, o->json, o->quiet);
        return {};
      };
      return finish(guard(run));
    };
  });
}

}  // namespace ptah::cli
