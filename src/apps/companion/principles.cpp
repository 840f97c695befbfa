#include "apps/companion/principles.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/text.h"
#include "tensor/ops.h"
#include "apps/companion/memory.h"
#include "models/registry.h"

namespace ptah {

namespace {

constexpr size_t kMaxExamples = 2000;
constexpr double kSharpness = 2, kRidge = 0.1;  // of the kernel exp(sharpness · (cosine − 1)): the best of 15 pairs by left-out examples
constexpr size_t kFewAnswers = 20;              // below, the examples of requests stand for answers too

Result<std::vector<std::string>> texts_of(const Json& json, const std::string& where) {
  if (!json.is_array()) return fail(ErrorCode::corrupt, "principles: {} is no list", where);
  std::vector<std::string> out;
  for (const Json& item : json) {
    if (!item.is_string() || item.get<std::string>().empty()) return fail(ErrorCode::corrupt, "principles: {} holds something that is no text", where);
    out.push_back(item.get<std::string>());
  }
  return out;
}

Result<std::string> text_of(const Json& json, const char* key, const std::string& where) {
  if (!json.is_object() || !json.contains(key) || !json[key].is_string() || json[key].get<std::string>().empty())
    return fail(ErrorCode::corrupt, "principles: {} has no text '{}'", where, key);
  return json[key].get<std::string>();
}

/// The inverse of a symmetric positive definite matrix [n, n], by Cholesky's factor.
std::vector<double> inverse(std::vector<double> a, size_t n) {
  for (size_t j = 0; j < n; ++j)  // the factor, in the lower half
    for (size_t i = j; i < n; ++i) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
  std::vector<double> out(n * n), column(n);
  for (size_t c = 0; c < n; ++c) {
    for (size_t i = 0; i < n; ++i) {
      double sum = i == c ? 1 : 0;
      for (size_t k = 0; k < i; ++k) sum -= a[i * n + k] * column[k];
      column[i] = sum / a[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
      double sum = column[i];
      for (size_t k = i + 1; k < n; ++k) sum -= a[k * n + i] * column[k];
      column[i] = sum / a[i * n + i];
    }
    for (size_t i = 0; i < n; ++i) out[i * n + c] = column[i];
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const Principles>> Principles::make(const Json& json, std::shared_ptr<SentenceEncoder> encoder) {
  return guard([&]() -> Result<std::shared_ptr<const Principles>> {
    PTAH_CHECK(encoder, "principles need a sentence encoder");
    if (!json.is_object() || !json.contains("principles") || !json["principles"].is_array() || json["principles"].empty())
      return fail(ErrorCode::corrupt, "principles: a list 'principles' is missing");
    std::shared_ptr<Principles> out(new Principles);
    std::vector<std::string> texts;
    for (const Json& item : json["principles"]) {
      const std::string where = fmt::format("principle {}", out->principles_.size() + 1);
      Principle p;
      PTAH_TRY(p.name, text_of(item, "name", where));
      PTAH_TRY(p.rule, text_of(item, "rule", where));
      PTAH_TRY(p.reply, text_of(item, "reply", where));
      PTAH_TRY(p.refuse, texts_of(item.value("refuse", Json()), "'refuse' of " + p.name));
      if (p.refuse.empty()) return fail(ErrorCode::corrupt, "principles: {} has no example to refuse", p.name);
      PTAH_TRY(p.refuse_answers, texts_of(item.value("refuse_answers", Json::array()), "'refuse_answers' of " + p.name));
      if (item.contains("doubt")) {
        if (!item["doubt"].is_number() || !(item["doubt"] >= 0 && item["doubt"] <= 1))
          return fail(ErrorCode::corrupt, "principles: 'doubt' of {} is no number from 0 to 1", p.name);
        p.doubt = item["doubt"].get<float>();
      }
      out->principles_.push_back(std::move(p));
    }
    const auto refuse = [&](std::vector<std::string> Principle::*list) {
      for (size_t i = 0; i < out->principles_.size(); ++i)
        for (const std::string& text : out->principles_[i].*list) {
          texts.push_back(text);
          out->principle_of_.push_back(i);
        }
    };
    refuse(&Principle::refuse);
    const size_t refused_requests = texts.size();
    refuse(&Principle::refuse_answers);
    out->refused_ = texts;
    PTAH_TRY(const auto allow, texts_of(json.value("allow", Json()), "'allow'"));
    if (allow.empty()) return fail(ErrorCode::corrupt, "principles: 'allow' needs examples of what is answered");
    texts.insert(texts.end(), allow.begin(), allow.end());
    PTAH_TRY(const auto allow_answers, texts_of(json.value("allow_answers", Json::array()), "'allow_answers'"));
    texts.insert(texts.end(), allow_answers.begin(), allow_answers.end());
    if (texts.size() > kMaxExamples) return fail(ErrorCode::corrupt, "principles: {} examples; at most {}", texts.size(), kMaxExamples);
    for (const std::string& text : texts)
      if (invalid_utf8_at(text) != std::string::npos) return fail(ErrorCode::corrupt, "principles: an example is not valid UTF-8");
    out->encoder_ = std::move(encoder);
    out->examples_ = out->encoder_->embed(texts);
    out->fit(refused_requests, allow.size());
    return out;
  });
}

Result<std::shared_ptr<const Principles>> Principles::load(const std::filesystem::path& path, std::shared_ptr<SentenceEncoder> encoder) {
  PTAH_TRY(const std::string text, read_text(path, size_t{1} << 24));
  auto json = parse_json(text);
  if (!json) return fail(ErrorCode::corrupt, "{}: {}", path.string(), json.error().message);
  auto made = make(*json, std::move(encoder));
  if (!made) return fail(made.error().code, "{}: {}", path.string(), made.error().message);
  if (!json->contains("guard")) return made;
  auto with_guard = std::make_shared<Principles>(**made);
  const auto taken = with_guard->take_guard(json->at("guard"), path.parent_path());
  if (!taken) return fail(taken.error().code, "{}: {}", path.string(), taken.error().message);
  return std::shared_ptr<const Principles>(with_guard);
}

Result<void> Principles::take_guard(const Json& json, const std::filesystem::path& folder) {
  PTAH_TRY(const std::string name, text_of(json, "folder", "'guard'"));
  PTAH_TRY(const std::string label, text_of(json, "label", "'guard'"));
  const auto share = [&](const char* key) { return json.contains(key) && json[key].is_number() ? json[key].get<float>() : -1.0F; };
  guard_threshold_ = share("threshold");
  guard_doubt_ = json.contains("doubt") ? share("doubt") : guard_threshold_;
  if (!(guard_threshold_ > 0 && guard_threshold_ <= 1) || !(guard_doubt_ > 0 && guard_doubt_ <= guard_threshold_))
    return fail(ErrorCode::corrupt, "principles: 'guard' needs a 'threshold' from 0 to 1, and a 'doubt' not above it");
  PTAH_TRY(const ClassifierLabels labels, read_classifier_labels(folder / name));
  const auto found = std::find(labels.names.begin(), labels.names.end(), label);
  if (found == labels.names.end()) return unknown_name("label of the guard", label, labels.names);
  guard_label_ = static_cast<size_t>(found - labels.names.begin());
  std::filesystem::path encoder;
  if (!labels.encoder.empty()) {
    PTAH_TRY(encoder, find_model(labels.encoder));
  }
  PTAH_TRY(guard_, TextClassifier::load(folder / name, encoder));
  return {};
}

namespace {

/// The threshold with the best F score of these (score, is to be refused), in the middle of its gap; beta below 1 prefers precision.
float best_threshold(std::vector<std::pair<double, bool>> scores, double beta) {
  std::sort(scores.begin(), scores.end(), std::greater<>());
  const auto refused = static_cast<double>(std::count_if(scores.begin(), scores.end(), [](const auto& s) { return s.second; }));
  double caught = 0, best = 0;
  float threshold = 0;
  for (size_t i = 0; i + 1 < scores.size(); ++i) {
    if (scores[i].second) ++caught;
    const double f = (1 + beta * beta) * caught / (beta * beta * refused + static_cast<double>(i + 1));
    if (f <= best) continue;
    best = f;
    threshold = static_cast<float>((scores[i].first + scores[i + 1].first) / 2);
  }
  return threshold;
}

}  // namespace

/// Kernel ridge regression to +1 (refuse) and −1 (allow). What each example would score without itself follows from the same inverse
/// (Cawley and Talbot 2004); the thresholds are the best for those scores.
void Principles::fit(size_t refused_requests, size_t allowed_requests) {
  const Tensor products = matmul(examples_, examples_, {.transpose_b = true});
  const auto n = static_cast<size_t>(examples_.dim(0)), refused = principle_of_.size();
  std::vector<double> kernel(n * n);
  for (size_t i = 0; i < n * n; ++i) kernel[i] = std::exp(kSharpness * (static_cast<double>(products.data<float>()[i]) - 1));
  for (size_t i = 0; i < n; ++i) kernel[i * n + i] += kRidge;
  const std::vector<double> inverted = inverse(std::move(kernel), n);
  const auto wanted = [&](size_t i) { return i < refused ? 1.0 : -1.0; };
  std::vector<std::pair<double, bool>> requests, answers;  // each as it scores when it is left out
  for (size_t i = 0; i < n; ++i) {
    double weight = 0;
    for (size_t k = 0; k < n; ++k) weight += inverted[i * n + k] * wanted(k);
    weights_.push_back(static_cast<float>(weight));
    const bool request = i < refused_requests || (i >= refused && i < refused + allowed_requests);
    (request ? requests : answers).emplace_back(wanted(i) - weight / inverted[i * n + i], i < refused);
  }
  constexpr double kPrecise = 0.5;
  threshold_ = best_threshold(requests, 1);
  answer_threshold_ = best_threshold(answers.size() < kFewAnswers ? requests : answers, kPrecise);
}

Principles::Score Principles::score(const float* vector) const {
  const int64_t width = examples_.dim(1);
  Score out;
  float nearest = -2;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const float* row = examples_.data<float>() + static_cast<int64_t>(i) * width;
    float dot = 0;
    for (int64_t c = 0; c < width; ++c) dot += vector[c] * row[c];
    out.value += weights_[i] * std::exp(static_cast<float>(kSharpness) * (dot - 1));
    if (i < principle_of_.size() && dot > nearest) {
      nearest = dot;
      out.principle = principle_of_[i];
      out.example = i;
    }
  }
  return out;
}

std::optional<Breach> Principles::check(const std::string& text, Of of) const {
  std::vector<std::string> parts{text};
  if (const auto sentences = sentences_of(text); sentences.size() > 1)
    for (const std::string& sentence : sentences) parts.push_back(sentence);
  const Tensor vectors = encoder_->embed(parts);
  Score worst = score(vectors.data<float>());
  size_t found = 0;
  for (size_t i = 1; i < parts.size(); ++i)
    if (const Score s = score(vectors.data<float>() + static_cast<int64_t>(i) * vectors.dim(1)); s.value > worst.value) worst = s, found = i;
  float above = worst.value - threshold(of);
  if (of == Of::request && guard_) {
    const Tensor judged = guard_->probabilities(parts);
    const auto labels = static_cast<size_t>(judged.dim(1));
    float surest = 0;
    size_t surest_part = 0;
    for (size_t i = 0; i < parts.size(); ++i)
      if (const float p = std::as_const(judged).data<float>()[i * labels + guard_label_]; p > surest) surest = p, surest_part = i;
    if (surest >= guard_threshold_) {
      above = surest - guard_threshold_;
      found = surest_part;
      worst = score(vectors.data<float>() + static_cast<int64_t>(found) * vectors.dim(1));
    } else if (const float own = principles_[worst.principle].doubt; above < 0 || surest < (own < 0 ? guard_doubt_ : own)) {
      return std::nullopt;
    }
  } else if (above < 0) {
    return std::nullopt;
  }
  const Principle& p = principles_[worst.principle];
  return Breach{p.name, p.rule, p.reply, above, parts[found], refused_[worst.example]};
}

AnswerGuard::AnswerGuard(std::shared_ptr<const Principles> principles, std::function<void(std::string_view)> show)
    : principles_(std::move(principles)), show_(std::move(show)) {}

bool AnswerGuard::release(size_t bytes) {
  const std::string part = held_.substr(0, bytes);
  held_.erase(0, bytes);
  if (principles_ && part.find_first_not_of(" \n\t") != std::string::npos) breach_ = principles_->check(part, Principles::Of::answer);
  if (breach_) return false;
  shown_ += part;
  if (show_) show_(part);
  return true;
}

bool AnswerGuard::add(std::string_view news) {
  if (breach_) return false;
  held_ += news;
  if (!principles_) return release(held_.size());
  while (true) {
    const size_t end = sentence_end(held_);
    if (end == std::string::npos) return true;
    if (!release(end)) return false;
  }
}

bool AnswerGuard::finish() {
  if (breach_) return false;
  return held_.empty() || release(held_.size());
}

}  // namespace ptah
