#include "train/loop/run.h"

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "base/file.h"
#include "base/text.h"
#include "weights/safetensors.h"

namespace ptah {

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Result<void> save(const std::filesystem::path& path, const Optimizer& optimizer) {
  TensorFile file;
  file.tensors = optimizer.state();
  return write_safetensors(path, file);
}

/// Opens the log at its end; lines of steps that a run took behind its last checkpoint go, for they are taken again.
Result<std::ofstream> open_log(const std::filesystem::path& file, int64_t first) {
  std::string kept = "step,loss,grad_norm,seconds_per_step\n";
  if (std::filesystem::exists(file)) {
    PTAH_TRY(const std::string before, read_text(file, 64 << 20));
    for (const std::string& line : lines_of(before))
      if (const int64_t step = std::atoll(line.c_str()); step > 0 && step <= first) kept += line + "\n";
  }
  PTAH_TRY_VOID(write_file(file, kept));
  return std::ofstream(file, std::ios::app);
}

}  // namespace

Result<void> train(const RunConfig& config, Optimizer& optimizer, const std::function<float(int64_t)>& step, const std::function<Result<void>(int64_t)>& sample,
                   const std::function<void(const RunReport&)>& report, const CancelToken* cancel) {
  keep_free_blocks(0.5);
  std::error_code problem;
  std::filesystem::create_directories(config.folder, problem);
  if (problem) return fail(ErrorCode::io, "cannot create {}: {}", config.folder.string(), problem.message());
  const auto checkpoint = config.folder / "checkpoint.safetensors";
  if (std::filesystem::exists(checkpoint)) {
    PTAH_TRY(const TensorFile file, read_safetensors(checkpoint));
    PTAH_TRY_VOID(optimizer.restore(file.tensors));
  }
  PTAH_TRY(std::ofstream log, open_log(config.folder / "log.csv", optimizer.steps()));
  const int64_t first = optimizer.steps(), last = config.stop_at > 0 ? std::min(config.stop_at, config.schedule.steps) : config.schedule.steps;
  auto saved = Clock::now(), sampled = Clock::now(), reported = Clock::now();
  double loss_sum = 0;
  int64_t counted = 0;
  for (int64_t i = first; i < last; ++i) {
    if (cancel && cancel->cancelled()) {
      PTAH_TRY_VOID(save(checkpoint, optimizer));
      return fail(ErrorCode::cancelled, "cancelled at step {}; the same command continues from there", i);
    }
    const float loss = step(i);
    if (!std::isfinite(loss)) return fail(ErrorCode::internal, "the loss became {} at step {}", loss, i);
    const float norm = optimizer.step(config.schedule.at(i));
    loss_sum += loss;
    ++counted;
    if ((i + 1) % config.log_every == 0 || i + 1 == last) {
      RunReport now{i + 1,
                    config.schedule.steps,
                    static_cast<float>(loss_sum / static_cast<double>(counted)),
                    norm,
                    seconds_since(reported) / static_cast<double>(counted),
                    0};
      now.seconds_left = now.seconds_per_step * static_cast<double>(last - i - 1);
      log << now.step << ',' << now.loss << ',' << now.grad_norm << ',' << now.seconds_per_step << std::endl;
      if (report) report(now);
      loss_sum = 0;
      counted = 0;
      reported = Clock::now();
    }
    if (seconds_since(saved) > config.checkpoint_seconds) {
      PTAH_TRY_VOID(save(checkpoint, optimizer));
      saved = Clock::now();
    }
    if (sample && seconds_since(sampled) > config.sample_seconds) {
      PTAH_TRY_VOID(sample(i + 1));
      sampled = Clock::now();
    }
  }
  PTAH_TRY_VOID(save(checkpoint, optimizer));
  return sample ? sample(last) : Result<void>{};
}

}  // namespace ptah
