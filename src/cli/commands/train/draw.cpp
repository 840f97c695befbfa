#include <algorithm>

#include "base/file.h"
#include "cli/command_line.h"
#include "image/gan.h"
#include "pixels/image_tensor.h"
#include "tensor/device.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

struct DrawOptions {
  std::string model, out = "drawn";
  int64_t count = 16, threads = 0;
  uint64_t seed = 0;
};

constexpr int64_t kDrawnAtOnce = 64, kMaxDrawn = 100'000;

Result<void> run_draw(const DrawOptions& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(LoadedGan gan, load_gan(o.model));
  const GanGenerator generator(Scope(gan.weights, "generator"), gan.config);
  PTAH_TRY(StagedFolder staged, StagedFolder::create(fs::absolute(fs::path(o.out))));
  for (int64_t first = 0; first < o.count; first += kDrawnAtOnce) {
    PTAH_TRY_VOID(interrupted().check());
    const int64_t count = std::min(kDrawnAtOnce, o.count - first);
    const Tensor pictures = generator(gan_noise(gan.config, first, count, o.seed), compute_dtype());
    for (int64_t i = 0; i < count; ++i) {
      PTAH_TRY(const Bytes png, encode_png(to_image(slice(pictures, 0, i, i + 1))));
      PTAH_TRY_VOID(write_file(staged.path() / fmt::format("{:06}.png", first + i), std::span<const uint8_t>(png)));
    }
    if (first == 0) {
      PTAH_TRY(const Bytes sheet, encode_png(contact_sheet(pictures, 8)));
      PTAH_TRY_VOID(write_file(staged.path() / "sheet.png", std::span<const uint8_t>(sheet)));
    }
  }
  PTAH_TRY(const fs::path made, staged.commit_counted());
  print("{}\n", (made / "sheet.png").string());
  return {};
}

}  // namespace

void add_draw(CLI::App& app, Action& action) {
  auto o = std::make_shared<DrawOptions>();
  CLI::App* command = app.add_subcommand("draw", "draw pictures with a generator that ptah train gan made");
  command->add_option("model", o->model, "the generator's folder")->required()->type_name("FOLDER");
  command->add_option("--count", o->count, "how many pictures")->check(CLI::Range(int64_t{1}, kMaxDrawn));
  command->add_option("--out", o->out, "where they go: 000000.png and so on, and sheet.png with the first 64; if it is there, into FOLDER-2 and so on")
      ->type_name("FOLDER");
  add_seed_option(*command, o->seed, "the same seed gives the same pictures");
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_draw(*o); })); }; });
}

}  // namespace ptah::cli
