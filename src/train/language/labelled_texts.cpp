#include "train/language/labelled_texts.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "train/picture/captions.h"

namespace ptah {

Result<LabelledTexts> read_labelled_texts(const std::filesystem::path& file) {
  PTAH_TRY(const std::string all, read_text(file, size_t{1} << 30));
  const auto rows = parse_csv(all);
  if (!rows) return fail(ErrorCode::corrupt, "{}: {}", file.string(), rows.error().message);
  if (rows->size() < 2) return fail(ErrorCode::corrupt, "{}: no rows; the first line names the columns, text and label", file.string());
  const auto column = [&](std::initializer_list<const char*> names) {
    for (const char* name : names)
      for (size_t i = 0; i < rows->front().size(); ++i)
        if (lower_case(std::string(trimmed(rows->front()[i]))) == name) return i;
    return std::string::npos;
  };
  const size_t text = column({"text"}), label = column({"label", "labels"});
  if (text == std::string::npos || label == std::string::npos)
    return fail(ErrorCode::corrupt, "{}: the first line names the columns; 'text' and 'label' are needed", file.string());
  LabelledTexts out;
  for (size_t i = 1; i < rows->size(); ++i) {
    const std::vector<std::string>& row = (*rows)[i];
    if (std::max(text, label) >= row.size())
      return fail(ErrorCode::corrupt, "{}: row {} has {} columns, the first line {}", file.string(), i + 1, row.size(), rows->front().size());
    if (const size_t broken = invalid_utf8_at(row[text]); broken != std::string::npos)
      return fail(ErrorCode::corrupt, "{}: row {} is not valid UTF-8 at byte {}", file.string(), i + 1, broken);
    std::vector<std::string> labels;
    for (size_t at = 0; at <= row[label].size();) {
      const size_t end = std::min(row[label].find('|', at), row[label].size());
      if (const auto one = trimmed(std::string_view(row[label]).substr(at, end - at)); !one.empty()) labels.emplace_back(one);
      at = end + 1;
    }
    out.texts.push_back(row[text]);
    out.labels.push_back(std::move(labels));
  }
  return out;
}

std::vector<std::string> label_names(const LabelledTexts& data) {
  std::set<std::string> names;
  for (const auto& labels : data.labels) names.insert(labels.begin(), labels.end());
  return {names.begin(), names.end()};
}

LabelScores label_scores(const std::vector<uint8_t>& truth, const std::vector<uint8_t>& found, size_t labels) {
  PTAH_CHECK(truth.size() == found.size() && labels > 0 && truth.size() % labels == 0, "scores of {} and {} labels", truth.size(), found.size());
  struct Counts {
    double right = 0, wrong = 0, missed = 0;
    double f1() const { return right > 0 ? 2 * right / (2 * right + wrong + missed) : 0; }
  };
  std::vector<Counts> each(labels);
  Counts all;
  const size_t texts = truth.size() / labels;
  LabelScores out;
  for (size_t i = 0; i < texts; ++i) {
    bool exact = true;
    for (size_t l = 0; l < labels; ++l) {
      const bool is = truth[i * labels + l] != 0, said = found[i * labels + l] != 0;
      for (Counts* counts : {&each[l], &all}) {
        counts->right += is && said;
        counts->wrong += !is && said;
        counts->missed += is && !said;
      }
      exact = exact && is == said;
    }
    out.accuracy += exact ? 1 / static_cast<double>(texts) : 0;
  }
  for (const Counts& counts : each) {
    out.f1.push_back(counts.f1());
    out.macro_f1 += counts.f1() / static_cast<double>(labels);
  }
  out.micro_f1 = all.f1();
  return out;
}

}  // namespace ptah
