#include "train/language/loss_curve.h"

#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "train/loop/plot.h"

namespace ptah {

LossCurve::LossCurve(std::filesystem::path folder, std::vector<std::string> columns) : folder_(std::move(folder)), columns_(std::move(columns)) {}

Result<void> LossCurve::put(int64_t step, const std::vector<double>& values) {
  const auto file = folder_ / "curve.csv";
  std::string text = fmt::format("step,{}\n", fmt::join(columns_, ","));
  std::error_code problem;
  if (std::filesystem::exists(file, problem)) {
    PTAH_TRY(const std::string before, read_text(file, 64 << 20));
    for (const std::string& line : lines_of(before))
      if (line.front() >= '0' && line.front() <= '9' && std::atoll(line.c_str()) < step) text += line + "\n";
  }
  text += fmt::format("{},{:.6f}\n", step, fmt::join(values, ","));
  return write_file(file, text);
}

Result<void> LossCurve::draw() const { return save_plot(folder_ / "curve.csv", folder_ / "curve.png", PlotScale::common); }

}  // namespace ptah
