// ptah paint: pictures by other people's checkpoints.
#include "cli/commands.h"
#include "create/painting.h"
#include "own/signed_receipt.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

struct PaintOptions {
  PaintRequest request;
  std::string model, out;
  int64_t threads = 0;
  bool json = false, quiet = false;
  SigningOptions signing = {};
};

Result<void> run_paint(const PaintOptions& o) {
  PTAH_TRY_VOID(check(o.request));
  PTAH_TRY(const fs::path words, clip_words());
  PTAH_TRY(const auto key, signing_key(o.signing));
  PTAH_TRY_VOID(take_threads(o.threads));
  const auto progress = make_progress(o.json, o.quiet);
  PTAH_TRY(const auto model, DiffusionModel::load(o.model, words));
  PTAH_TRY(const Picture picture, model->paint(o.request, progress, &interrupted()));
  PTAH_TRY(const Json digests, checkpoint_digests(o.model));
  PTAH_TRY(const Work work, painting(o.request, fs::absolute(o.model), digests, picture));
  if (progress) progress({"done", 1, 0});
  return deliver(work, key, fmt::format("{}-{}", slug(o.request.prompt), o.request.seed), o.out, o.json, o.quiet);
}

}  // namespace

void add_paint(CLI::App& app, Action& action) {
  auto o = std::make_shared<PaintOptions>();
  CLI::App* command = app.add_subcommand("paint", "a picture by a checkpoint of the Stable Diffusion family (1, 2 or XL)");
  PaintRequest& r = o->request;
  command->add_option("prompt", r.prompt, "what to paint; (word:1.2) counts more, [word] less, BREAK begins a new window")->required();
  command->add_option("--model", o->model, "a .safetensors file, or a folder in diffusers' layout")->required();
  command->add_option("--negative", r.negative, "what not to paint");
  command->add_option("--seed", r.seed, "the same seed gives the same picture");
  command->add_option("--steps", r.steps, "steps of the sampler");
  command->add_option("--guidance", r.guidance, "how closely to follow the words; 1 leaves the negative prompt out and takes half the time");
  command->add_option("--sampler", r.sampler, noise_sampler_names());
  command->add_option("--schedule", r.schedule, noise_schedule_names());
  command->add_option("--width", r.width, "pixels, a multiple of 64 (default: the model's own)");
  command->add_option("--height", r.height, "pixels, a multiple of 64 (default: the model's own)");
  command->add_option("--clip-skip", r.clip_skip, "last layers of the text encoder to leave out");
  command->add_option("--prediction", r.prediction, "noise, or velocity for models trained so");
  command->add_option("--out", o->out, "folder of the work (default: ptah-works/NAME)");
  command->add_option("--threads", o->threads, "threads to use");
  command->add_flag("--json", o->json, "print JSON lines");
  command->add_flag("--quiet", o->quiet, "print nothing but errors");
  add_signing_options(*command, o->signing);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_paint(*o); })); }; });
}

}  // namespace ptah::cli
