#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "text/translate/bleu.h"
#include "train/language/translation_trainer.h"

namespace ptah {

namespace fs = std::filesystem;

Result<TranslationPairs> read_translation_pairs(const fs::path& file) {
  PTAH_TRY(const std::string raw, read_text(file, size_t{1} << 30));
  const std::string text = plain_text(raw);
  if (const size_t broken = invalid_utf8_at(text); broken != std::string::npos)
    return fail(ErrorCode::corrupt, "{}: no valid UTF-8 at byte {}", file.string(), broken);
  TranslationPairs out;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (trimmed(line).empty()) continue;
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) return fail(ErrorCode::corrupt, "{}:{}: no tab; a line holds a source, a tab and a target", file.string(), number);
    const size_t next = line.find('\t', tab + 1);
    out.sources.push_back(line.substr(0, tab));
    out.targets.push_back(line.substr(tab + 1, next == std::string::npos ? next : next - tab - 1));
    if (trimmed(out.sources.back()).empty() || trimmed(out.targets.back()).empty())
      return fail(ErrorCode::corrupt, "{}:{}: the source or the target is empty", file.string(), number);
  }
  if (out.sources.empty()) return fail(ErrorCode::corrupt, "{}: no pairs", file.string());
  return out;
}

namespace {

size_t unit_edits(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string length_range(size_t units) {
  constexpr size_t kBounds[] = {1, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128};
  for (size_t i = 0; i + 1 < std::size(kBounds); ++i)
    if (units < kBounds[i + 1]) return fmt::format("{}-{}", kBounds[i], kBounds[i + 1] - 1);
  return "128-";
}

}  // namespace

TranslationScores translation_scores(const TranslationPairs& pairs, const std::vector<std::string>& distinct, const std::vector<std::string>& answers,
                                     const TranslationConfig& config) {
  std::map<std::string, std::vector<std::string>> targets;
  for (size_t i = 0; i < pairs.sources.size(); ++i)
    targets[pairs.sources[i]].push_back(joined_units(units_of(pairs.targets[i], config.target_units), config.target_units));
  TranslationScores out;
  size_t edits = 0, units = 0;
  std::map<size_t, std::pair<std::string, std::pair<int64_t, int64_t>>> by_length;
  std::vector<std::string> references;
  for (size_t i = 0; i < distinct.size(); ++i) {
    const auto& right = targets.at(distinct[i]);
    references.push_back(right.front());
    const bool exact = std::find(right.begin(), right.end(), answers[i]) != right.end();
    out.exact += exact ? 1.0 / static_cast<double>(distinct.size()) : 0;
    const auto answer = units_of(answers[i], config.target_units);
    size_t fewest = ~size_t{0}, of = 0;
    for (const std::string& one : right) {
      const auto wanted = units_of(one, config.target_units);
      if (const size_t now = unit_edits(answer, wanted); now < fewest) fewest = now, of = wanted.size();
    }
    edits += fewest;
    units += of;
    const size_t length = units_of(distinct[i], config.source_units).size();
    const std::string range = length_range(length);
    auto& tally = by_length[static_cast<size_t>(std::strtoull(range.c_str(), nullptr, 10))];
    tally.first = range;
    tally.second.first += exact;
    ++tally.second.second;
  }
  out.unit_error = units ? static_cast<double>(edits) / static_cast<double>(units) : 0;
  if (config.target_units == TextUnits::words) out.bleu = corpus_bleu(answers, references, true).score;
  for (auto& [first, tally] : by_length) out.by_length.push_back(tally);
  return out;
}

}  // namespace ptah
