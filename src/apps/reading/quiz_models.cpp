// Solvers that use models: sentence vectors, and a language model that has read the section.
#include <algorithm>
#include <map>
#include <numeric>

#include "apps/reading/quiz_solvers.h"
#include "base/budget.h"
#include "text/encode/bert.h"
#include "text/lm/language_model.h"
#include "text/lm/sampling.h"

namespace ptah {

namespace {

/// Vectors of texts, each computed once; the solvers of one article share them.
class Vectors {
 public:
  Vectors(const Article& article, std::shared_ptr<SentenceEncoder> encoder) : encoder_(std::move(encoder)) {
    for (const std::string& section : article.sections)
      for (const std::string& s : sentences_of(section)) sentences_.push_back(s);
    add(sentences_);
  }
  void add(std::vector<std::string> texts) {
    std::erase_if(texts, [&](const std::string& t) { return known_.contains(t); });
    for (size_t from = 0; from < texts.size(); from += 64) {
      value_or_throw(check_cancelled());
      const std::vector<std::string> part(texts.begin() + static_cast<std::ptrdiff_t>(from),
                                          texts.begin() + static_cast<std::ptrdiff_t>(std::min(texts.size(), from + 64)));
      const Tensor rows = encoder_->embed(part);
      const auto width = static_cast<size_t>(encoder_->width());
      for (size_t i = 0; i < part.size(); ++i) known_[part[i]] = std::vector<float>(rows.data<float>() + i * width, rows.data<float>() + (i + 1) * width);
    }
  }
  double likest(const std::string& text) {
    add({text});
    const std::vector<float>& v = known_.at(text);
    double best = -1;
    for (const std::string& s : sentences_) {
      const std::vector<float>& row = known_.at(s);
      best = std::max(best, static_cast<double>(std::inner_product(v.begin(), v.end(), row.begin(), 0.0F)));
    }
    return best;
  }

 private:
  std::shared_ptr<SentenceEncoder> encoder_;
  std::vector<std::string> sentences_;
  std::map<std::string, std::vector<float>> known_;
};

std::string asked(const std::string& question, const std::string& option) { return question.substr(0, question.find('\n')) + " " + option; }

class Similarity : public QuizSolver {
 public:
  Similarity(std::shared_ptr<Vectors> vectors, bool with_question, std::string own_name)
      : QuizSolver("MiniLM", std::move(own_name)), vectors_(std::move(vectors)), with_question_(with_question) {}
  Result<void> prepare(const std::vector<QuizItem>& items) override {
    return guard([&]() -> Result<void> {
      std::vector<std::string> texts;
      for (const QuizItem& item : items)
        for (const std::string& statement : listed_statements(item.question)) texts.push_back(with_question_ ? asked(item.question, statement) : statement);
      for (const QuizItem& item : items)
        for (const std::string& option : item.options) texts.push_back(with_question_ ? asked(item.question, option) : option);
      vectors_->add(std::move(texts));
      return {};
    });
  }
  Result<double> score(const std::string& question, const std::string& option) override {
    return guard([&]() -> Result<double> { return vectors_->likest(with_question_ ? asked(question, option) : option); });
  }

 private:
  std::shared_ptr<Vectors> vectors_;
  bool with_question_;
};

constexpr size_t kContexts = 48;  ///< sections with a question that are kept read; about 10 MB each

/// Log-likelihoods of options after a section; in all and by token, computed once for both.
class Likelihoods {
 public:
  Likelihoods(const Article& article, std::shared_ptr<LoadedLanguageModel> model) : sections_(article.sections), model_(std::move(model)) {
    for (const std::string& section : sections_) article_of_one_.push_back(text_solvers({article.title, {section}}));
  }
  Result<std::pair<double, double>> of(const std::string& question, const std::string& option) {
    const std::string key = question + "\n" + option;
    if (const auto at = known_.find(key); at != known_.end()) return at->second;
    PTAH_TRY(const size_t section, section_of(question + " " + option));
    const std::string context = sections_[section] + "\n\nQuestion: " + question + "\nAnswer:";
    const Tokenizer& tokenizer = *model_->tokenizer;
    if (contexts_.size() >= kContexts && !contexts_.contains(context)) contexts_.clear();
    Context& read = contexts_[context];
    if (!read.cache) {
      read.cache = std::make_unique<KeyValueCache>(model_->model->config(), 2048, default_cache_type());
      std::vector<int32_t> tokens = tokenizer.encode(context);
      if (tokens.size() > 1500) tokens.erase(tokens.begin(), tokens.end() - 1500);
      read.after = model_->model->read(tokens, *read.cache);
    }
    const int64_t length = read.cache->length();
    std::vector<int32_t> tokens = tokenizer.encode(" " + option);
    tokens.resize(std::min<size_t>(tokens.size(), 256));
    if (tokens.empty()) return std::pair{-1e9, -1e9};
    const auto vocabulary = static_cast<size_t>(model_->model->config().vocabulary);
    double sum = log_probability(read.after, tokens[0]);
    const std::vector<float> logits = model_->model->read(tokens, *read.cache, true);
    for (size_t i = 0; i + 1 < tokens.size(); ++i) sum += static_cast<double>(log_probability({logits.data() + i * vocabulary, vocabulary}, tokens[i + 1]));
    read.cache->truncate(length);
    return known_[key] = {sum, sum / static_cast<double>(tokens.size())};
  }

 private:
  struct Context {
    std::unique_ptr<KeyValueCache> cache;
    std::vector<float> after;
  };
  /// The section whose words are most like those of question and option.
  Result<size_t> section_of(const std::string& text) {
    size_t best = 0;
    double best_score = -1;
    for (size_t i = 0; i < article_of_one_.size(); ++i) {
      PTAH_TRY(const double here, article_of_one_[i][3]->score("", text));
      if (here > best_score) best_score = here, best = i;
    }
    return best;
  }

  std::vector<std::string> sections_;
  std::vector<QuizSolvers> article_of_one_;
  std::shared_ptr<LoadedLanguageModel> model_;
  std::map<std::string, std::pair<double, double>> known_;
  std::map<std::string, Context> contexts_;
};

class Reader : public QuizSolver {
 public:
  Reader(std::shared_ptr<Likelihoods> likelihoods, bool by_token)
      : QuizSolver("SmolLM2", by_token ? "likelihood by token" : "likelihood"), likelihoods_(std::move(likelihoods)), by_token_(by_token) {}
  Result<double> score(const std::string& question, const std::string& option) override {
    return guard([&]() -> Result<double> {
      PTAH_TRY(const auto both, likelihoods_->of(question, option));
      return by_token_ ? both.second : both.first;
    });
  }

 private:
  std::shared_ptr<Likelihoods> likelihoods_;
  bool by_token_;
};

}  // namespace

QuizSolvers embedding_solvers(const Article& article, std::shared_ptr<SentenceEncoder> encoder) {
  const auto vectors = std::make_shared<Vectors>(article, std::move(encoder));
  QuizSolvers out;
  out.push_back(std::make_unique<Similarity>(vectors, false, "sentence"));
  out.push_back(std::make_unique<Similarity>(vectors, true, "sentence, with the question"));
  return out;
}

QuizSolvers language_solvers(const Article& article, std::shared_ptr<LoadedLanguageModel> model) {
  const auto likelihoods = std::make_shared<Likelihoods>(article, std::move(model));
  QuizSolvers out;
  out.push_back(std::make_unique<Reader>(likelihoods, false));
  out.push_back(std::make_unique<Reader>(likelihoods, true));
  return out;
}

}  // namespace ptah
