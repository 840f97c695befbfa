#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "media/animation/animation.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// A folder that only its owner reads and that goes with all that lies in it.
class ScratchFolder {
 public:
  static Result<std::unique_ptr<ScratchFolder>> make() {
    std::error_code problem;
    std::string name = (fs::absolute(fs::temp_directory_path(problem), problem) / "ptah-frames-XXXXXX").string();
    if (problem || !::mkdtemp(name.data())) return fail_errno("cannot make " + name);
    return std::make_unique<ScratchFolder>(name);
  }
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

Result<Bytes> encode_mp4(const Animation& animation, const CancelToken* cancel) {
  PTAH_TRY_VOID(check(animation));
  for (const Image& frame : animation.frames)
    for (size_t i = 3; i < frame.rgba.size(); i += 4)
      if (frame.rgba[i] != 255) return fail(ErrorCode::invalid_argument, "mp4: it has no transparency; a background is needed");
  if (std::min(animation.frames[0].width, animation.frames[0].height) < 2) return fail(ErrorCode::invalid_argument, "mp4: at least 2 × 2 pixels are needed");
  const auto program = find_program("ffmpeg");
  if (!program) return fail(program.error().code, "mp4: ffmpeg is needed and is not installed (webp and gif need nothing)");
  PTAH_TRY(const auto scratch, ScratchFolder::make());
  for (size_t i = 0; i < animation.frames.size(); ++i) {
    PTAH_TRY(const Bytes png, encode_png(animation.frames[i]));
    PTAH_TRY_VOID(write_file(scratch->path() / fmt::format("{:04}.png", i), std::span<const uint8_t>(png)));
    if (cancel) PTAH_TRY_VOID(cancel->check());
  }
  const fs::path out = scratch->path() / "out.mp4";
  // Even edges, as halved colour needs them; one thread and no versions, so that the same frames give the same bytes.
  PTAH_TRY(const ProcessOutcome outcome, run_program({program->string(),
                                                      "-nostdin",
                                                      "-v",
                                                      "error",
                                                      "-framerate",
                                                      fmt::format("1000/{}", animation.milliseconds),
                                                      "-i",
                                                      (scratch->path() / "%04d.png").string(),
                                                      "-vf",
                                                      "crop=trunc(iw/2)*2:trunc(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv",
                                                      "-c:v",
                                                      "libx264",
                                                      "-preset",
                                                      "medium",
                                                      "-crf",
                                                      "18",
                                                      "-pix_fmt",
                                                      "yuv420p",
                                                      "-colorspace",
                                                      "bt709",
                                                      "-color_primaries",
                                                      "bt709",
                                                      "-color_trc",
                                                      "iec61966-2-1",
                                                      "-threads",
                                                      "1",
                                                      "-fflags",
                                                      "+bitexact",
                                                      "-flags:v",
                                                      "+bitexact",
                                                      "-map_metadata",
                                                      "-1",
                                                      "-movflags",
                                                      "+faststart",
                                                      out.string()},
                                                     cancel));
  if (outcome.exit_status != 0) return fail(ErrorCode::io, "mp4: ffmpeg ended with {}: {}", outcome.exit_status, outcome.output);
  return read_file(out, size_t{1} << 30);
}

}  // namespace ptah
