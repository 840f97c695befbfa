#include <fmt/ranges.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "base/parallel.h"
#include "base/seed.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/input_file.h"
#include "cli/work_command.h"
#include "pipelines/painting.h"
#include "pipelines/schemas.h"
#include "pipelines/text_work.h"
#include "work/comparison.h"
#include "own/finish.h"
#include "models/hub.h"
#include "tensor/device.h"
#include "models/registry.h"
#include "pipelines/default_models.h"

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

RunOptions run_options(bool json, bool quiet, bool notes_aside) {
  RunOptions out{.progress = make_progress(json, quiet), .cancel = &interrupted()};
  if (!quiet)
    out.note = [json = json && !notes_aside](const std::string& note) {
      if (json)
        print_json({{"event", "note"}, {"text", in_options(note, nullptr)}});
      else
        print_error("note: {}\n", in_options(note, nullptr));
    };
  return out;
}

void add_replace_option(CLI::App& command, bool& replace) {
  command.add_flag("--replace", replace, "replace the work in this folder if nothing in it was changed or added");
}

Result<void> deliver(Work work, const std::optional<Key>& key, const WorkPlace& place, bool json, bool quiet, std::vector<Made>* series) {
  PTAH_TRY(const FinishedWork done, finish_work(std::move(work), {key ? &*key : nullptr, environment("PTAH_TIMESTAMP")}, place));
  if (!done.note.empty()) print_error("{} (ptah mark --timestamp can add it)\n", done.note);
  Made made{done.folder, {}, {{"receipt", done.work.receipt}}};
  for (const auto& [file, bytes] : done.work.files) made.files.push_back(done.folder / file);
  if (series && json && quiet)
    series->push_back(std::move(made));
  else
    say_made(made, json, quiet);
  const auto usual = signing_key_info("");
  if (!quiet && !json)
    print_error("{}\n", key               ? "signed by " + to_string(key->address()) + " (content credentials are new each time; all else comes out the same)"
                        : usual && *usual ? "not signed"
                                          : "not signed; ptah key new makes a key for your works");
  return {};
}

Result<void> write_new_png(const fs::path& file, const Image& picture) {
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
  std::shared_ptr<RequestOptions> fields;
  std::string out = "", budget = "", isa = "", prompts = "";
  int64_t count = 1, threads = 0;
  bool quiet = false, json = false, replace = false;
  SigningOptions signing = {};
};

void add_request_options(CLI::App& command, CreateOptions& o) {
  o.fields = std::make_shared<RequestOptions>(command, create_schema(), [](const std::string& file) { return input_text(file); });
  command.add_option("--budget", o.budget, "most memory to use, e.g. 600M");
  command.add_option("--threads", o.threads, kThreadsHelp);
  command.add_option("--isa", o.isa, "cap the instruction set: amx, avx512_bf16, avx512, avx2");
  command.add_flag("--json", o.json, "print JSON lines");
}

/// Whether the model is a checkpoint of the Stable Diffusion family, and none of ptah train.
bool paints(const CreateTask& task) { return !task.model.empty() && picture_model_file(task.model).empty(); }

Result<void> take_machine(const CreateOptions& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  if (!o.isa.empty()) PTAH_TRY_VOID(cap_isa(o.isa));
  return {};
}

/// Where a work goes.
WorkPlace place_of(const CreateOptions& o, const std::string& prompt, uint64_t seed) {
  return place_of_work(o.out, fmt::format("{}-{}", folder_name(prompt), seed), o.count > 1 || !o.prompts.empty(), o.replace);
}

/// The prompt of the line, or those of a file. Errors: invalid_argument if both or none are there.
Result<std::vector<std::string>> prompts_of(const CreateOptions& o, const Json& given) {
  if (given.contains("prompt") == !o.prompts.empty()) return fail(ErrorCode::invalid_argument, "say what to make: a prompt, or --prompts FILE with one a line");
  if (o.prompts.empty()) return std::vector<std::string>{given["prompt"].get<std::string>()};
  PTAH_TRY(const std::string text, input_text(o.prompts, 1 << 24));
  std::vector<std::string> out = lines_of(text);
  if (out.empty()) return fail(ErrorCode::invalid_argument, "{} holds no prompt; one a line is wanted", o.prompts);
  return out;
}

/// What cannot end well: prompts that cannot be, seeds that run out, folders that are taken or cannot be written.
Result<void> check_works(const CreateOptions& o, const Recipe& recipe, Json given, const std::vector<std::string>& prompts) {
  if (o.count < 1 || o.count > 1000) return fail_field("count", ErrorCode::invalid_argument, "`count` {}; 1 to 1000 are possible", o.count);
  for (const std::string& prompt : prompts) {
    PTAH_TRY_VOID(interrupted().check());
    given["prompt"] = prompt;
    PTAH_TRY_VOID(check_fields(recipe, given));
    PTAH_TRY(const CreateTask task, create_schema().request(given));
    for (int64_t i = 0; i < o.count; ++i) {
      PTAH_TRY(const uint64_t seed, counted_up(task.request.seed, static_cast<uint64_t>(i)));
      PTAH_TRY_VOID(check_place(place_of(o, prompt, seed), o.out));
    }
  }
  return {};
}

Result<void> run_create(const CreateOptions& o) {
  PTAH_TRY(const Recipe* recipe, find_recipe("create"));
  PTAH_TRY(Json given, o.fields->given());
  PTAH_TRY(const std::vector<std::string> prompts, prompts_of(o, given));
  PTAH_TRY(const int64_t budget, parse_bytes(o.budget));
  PTAH_TRY_VOID(check_works(o, *recipe, given, prompts));
  given["prompt"] = prompts.front();
  PTAH_TRY(const CreateTask task, create_schema().request(given));
  PTAH_TRY_VOID(take_machine(o));
  PTAH_TRY(RecipeRequest request, open_request(*recipe, given, input_picture));
  PTAH_TRY(const auto key, signing_key(o.signing));
  ModelCache models;
  std::vector<Made> series;
  const bool many = prompts.size() > 1 || o.count > 1;
  for (const std::string& prompt : prompts) {
    request.fields["prompt"] = prompt;
    for (int64_t i = 0; i < o.count; ++i) {
      RunOptions options = run_options(o.json, o.quiet, paints(task));
      options.budget_bytes = budget;
      if (i > 0) options.note = {};
      const uint64_t seed = task.request.seed + static_cast<uint64_t>(i);
      request.fields["seed"] = exact_json(seed);
      PTAH_TRY(const Work work, run_recipe(*recipe, models, request, options));
      PTAH_TRY_VOID(deliver(work, key, place_of(o, prompt, seed), o.json, o.quiet, many ? &series : nullptr));
    }
  }
  if (!series.empty()) say_series(series);
  return {};
}

void show_plan(const Plan& plan, bool json) {
  if (json) {
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
}

Result<void> run_plan(const CreateOptions& o) {
  PTAH_TRY(const Recipe* recipe, find_recipe("create"));
  PTAH_TRY(const Json given, o.fields->given());
  PTAH_TRY_VOID(check_fields(*recipe, given));
  PTAH_TRY_VOID(take_machine(o));
  PTAH_TRY(const CreateTask task, create_schema().request(given));
  PTAH_TRY(const RecipeRequest request, open_request(*recipe, given, input_picture));
  ModelCache models;
  PTAH_TRY(const Plan plan, plan_recipe(*recipe, models, request));
  if (paints(task)) {
    show_paint_plan(plan, o.json);
    return {};
  }
  show_plan(plan, o.json);
  PTAH_TRY(const int64_t budget, parse_bytes(o.budget));
  if (budget > 0) PTAH_TRY_VOID(plan_recipe(*recipe, models, request, budget));
  return {};
}

}  // namespace

void add_create(CLI::App& app, Action& action) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* command = app.add_subcommand(create_schema().name(), create_schema().summary());
  add_request_options(*command, *options);
  command->get_option("prompt")->required(false);
  command->add_option("--prompts", options->prompts, "file of prompts, one a line: a work of each, in one style; - is standard input")->type_name("FILE");
  command->add_option("--count", options->count, "how many works of each prompt, with seeds counting up; 1 to 1000");
  command->add_option("--out", options->out, "folder of the work (default: a new one, ptah-works/PROMPT-SEED)");
  add_replace_option(*command, options->replace);
  command->add_flag("--quiet", options->quiet, "print nothing but errors");
  add_signing_options(*command, options->signing);
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_create(*options); })); }; });
}

void add_object(CLI::App& app, Action& action) {
  struct Options : WorkOptions {
    bool plan_only = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(object_schema().name(), object_schema().summary());
  add_work_options(*command, object_schema(), *options);
  command->add_flag("--plan", options->plan_only, "predict memory and time and stop; no weights are read");
  command->callback([options, &action] {
    action = [options] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY(const Json given, options->fields->given());
        if (options->plan_only) {
          PTAH_TRY(const Recipe* recipe, find_recipe("object"));
          PTAH_TRY_VOID(check_fields(*recipe, given));
          ModelCache planned;
          PTAH_TRY(const RecipeRequest asked, open_request(*recipe, given, input_picture));
          PTAH_TRY(const Plan plan, plan_recipe(*recipe, planned, asked));
          show_plan(plan, options->json);
          return {};
        }
        ModelCache models;
        return make_work("object", given, *options, models);
      };
      return finish(guard(run));
    };
  });
}

void add_upscale(CLI::App& app, Action& action) {
  struct Options {
    std::shared_ptr<RequestOptions> fields;
    std::string out;
    int64_t threads = 0;
    bool quiet = false, json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(upscale_schema().name(), upscale_schema().summary());
  options->fields = std::make_shared<RequestOptions>(*command, upscale_schema(), [](const std::string& file) { return input_text(file); });
  command->add_option("--out", options->out, "PNG to write (default: NAME-4x.png beside it); never overwrites");
  command->add_option("--threads", options->threads, "threads to use");
  command->add_flag("--quiet", options->quiet, "print nothing but errors");
  command->add_flag("--json", options->json, "print one JSON object a line: progress, notes, works");
  command->callback([options, &action] {
    action = [options] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY_VOID(take_threads(options->threads));
        PTAH_TRY(const Json given, options->fields->given());
        PTAH_TRY(const UpscaleTask task, upscale_schema().complete(given));
        ModelCache models;
        PTAH_TRY(const auto upscaler, models.upscaler(task.model));
        PTAH_TRY(const fs::path out, picture_beside(task.picture, fmt::format("-{}x", upscaler->factor()), options->out));
        PTAH_TRY(const Recipe* recipe, find_recipe("upscale"));
        PTAH_TRY(const RecipeRequest request, open_request(*recipe, given, input_picture));
        RunOptions how = run_options(options->json, options->quiet);
        how.receipt = false;
        PTAH_TRY(const Work work, run_recipe(*recipe, models, request, how));
        PTAH_TRY_VOID(write_new_file(out, std::span<const uint8_t>(work.files.at("picture.png"))));
        say_made({{}, {out}, {{"file", shown_path(out)}, {"width", work.facts["width"]}, {"height", work.facts["height"]}}}, options->json, options->quiet);
        return {};
      };
      return finish(guard(run));
    };
  });
}

void add_plan(CLI::App& app, Action& action) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* command = app.add_subcommand("plan", "predict the memory and time of a create, or of a chat");
  add_request_options(*command, *options);
  command->get_option("prompt")->required(false);
  add_plan_chat(*command, action);
  command->callback([options, command, &action] {
    if (!command->get_subcommands().empty()) return;
    if (!options->fields->has("prompt")) throw CLI::RequiredError("prompt");
    action = [options] { return finish(guard([&] { return run_plan(*options); })); };
  });
}

void add_replay(CLI::App& app, Action& action) {
  struct Options {
    std::string file, out, checkpoints;
    int64_t threads = 0;
    bool replace = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("replay", "make a work again from its receipt and compare the bytes");
  command->add_option("file", options->file, "a work's folder, receipt.json, PNG or GLB; or any file with content credentials")->required();
  command->add_option("--out", options->out, "write the work made again to this folder");
  add_replace_option(*command, options->replace);
  command->add_option("--checkpoints", options->checkpoints, "folder with the model files it was made with (default: $PTAH_CHECKPOINTS, else here)");
  command->add_option("--threads", options->threads, kThreadsHelp);
  command->callback([options, &action] {
    action = [options] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY_VOID(take_threads(options->threads));
        if (!options->out.empty()) PTAH_TRY_VOID(can_write_work(options->out));
        PTAH_TRY(const auto input, InputFile::open(options->file));
        ModelCache models;
        PTAH_TRY(const Replayed made, replay_path(models, input->path(), options->checkpoints, {.cancel = &interrupted()}));
        if (!options->out.empty()) PTAH_TRY_VOID(write_work(made.work, options->out, options->replace ? IfTaken::replace : IfTaken::refuse));
        PTAH_TRY(const ReplayComparison compared, compare_replayed(made.receipt, made.work, options->file));
        for (const std::string& line : compared.lines) print("{}\n", line);
        if (!compared.same()) return tl::unexpected(compared.problem);
        return {};
      };
      return finish(guard(run));
    };
  });
}

}  // namespace ptah::cli
