#include "train/loop/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "base/file.h"
#include "media/image.h"

namespace ptah {

namespace {

constexpr int64_t kWidth = 640, kHeight = 360, kMargin = 12;
constexpr std::array<std::array<uint8_t, 3>, 6> kInks{{{210, 30, 30}, {40, 80, 210}, {30, 150, 60}, {230, 140, 20}, {130, 60, 190}, {30, 30, 30}}};

/// The columns of a CSV text behind its header.
Result<std::vector<std::vector<double>>> columns_of(const std::string& text, const std::string& name) {
  std::vector<std::vector<double>> columns;
  size_t line = 0;
  for (size_t at = 0; at < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string row = text.substr(at, end - at);
    at = end + 1;
    const auto count = static_cast<size_t>(std::count(row.begin(), row.end(), ',')) + 1;
    if (line == 0) columns.resize(count);
    if (line == 0 || row.empty()) continue;
    if (count != columns.size()) return fail(ErrorCode::corrupt, "{}:{}: {} columns; expected {}", name, line + 1, count, columns.size());
    const char* from = row.c_str();
    for (auto& column : columns) {
      char* after = nullptr;
      column.push_back(std::strtod(from, &after));
      if (after == from || (*after != ',' && *after != '\0' && *after != '\r')) return fail(ErrorCode::corrupt, "{}:{}: not a number", name, line + 1);
      from = *after ? after + 1 : after;
    }
  }
  return columns;
}

/// The lowest and the highest finite value of columns [first, last), or nothing.
std::vector<double> range_of(const std::vector<std::vector<double>>& columns, size_t first, size_t last) {
  std::vector<double> finite;
  for (size_t c = first; c < last; ++c)
    std::copy_if(columns[c].begin(), columns[c].end(), std::back_inserter(finite), [](double v) { return std::isfinite(v); });
  if (finite.empty()) return {};
  const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
  return {*low, *high};
}

void dot(Image& picture, double x, double y, const std::array<uint8_t, 3>& ink) {
  const auto cx = static_cast<int64_t>(std::lround(x)), cy = static_cast<int64_t>(std::lround(y));
  for (int64_t dy = 0; dy < 2; ++dy)
    for (int64_t dx = 0; dx < 2; ++dx)
      if (cx + dx >= 0 && cx + dx < picture.width && cy + dy >= 0 && cy + dy < picture.height) std::copy(ink.begin(), ink.end(), picture.at(cx + dx, cy + dy));
}

}  // namespace

Result<void> save_plot(const std::filesystem::path& csv, const std::filesystem::path& png, PlotScale scale) {
  PTAH_TRY(const std::string text, read_text(csv, 64 << 20));
  PTAH_TRY(const auto columns, columns_of(text, csv.string()));
  Image picture = make_image(kWidth, kHeight);
  std::fill(picture.rgba.begin(), picture.rgba.end(), uint8_t{255});
  const size_t rows = columns.empty() ? 0 : columns[0].size();
  for (size_t c = 1; c < columns.size() && rows > 1; ++c) {
    const std::vector<double> range = scale == PlotScale::common ? range_of(columns, 1, columns.size()) : range_of(columns, c, c + 1);
    if (range.empty()) continue;
    const double low = range[0], high = range[1];
    const double first = columns[0].front(), wide = std::max(columns[0].back() - first, 1e-30), tall = std::max(high - low, 1e-30);
    const auto place = [&](size_t i) {
      return std::pair{kMargin + (columns[0][i] - first) / wide * (kWidth - 2 * kMargin),
                       kHeight - kMargin - (columns[c][i] - low) / tall * (kHeight - 2 * kMargin)};
    };
    for (size_t i = 1; i < rows; ++i) {
      if (!std::isfinite(columns[c][i]) || !std::isfinite(columns[c][i - 1])) continue;
      const auto [x0, y0] = place(i - 1);
      const auto [x1, y1] = place(i);
      const auto steps = static_cast<int64_t>(std::min(2000.0, std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1.0})));
      for (int64_t s = 0; s <= steps; ++s) {
        const double t = static_cast<double>(s) / static_cast<double>(steps);
        dot(picture, x0 + t * (x1 - x0), y0 + t * (y1 - y0), kInks[(c - 1) % kInks.size()]);
      }
    }
  }
  PTAH_TRY(const Bytes bytes, encode_png(picture));
  return write_file(png, std::span<const uint8_t>(bytes));
}

}  // namespace ptah
