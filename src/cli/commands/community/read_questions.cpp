#include "cli/commands/community/read_questions.h"

#include <charconv>
#include <map>

#include "base/text.h"
#include "own/secret.h"
#include "text/encode/bert.h"
#include "text/lm/language_model.h"
#include "text/lm/sampling.h"
#include "models/registry.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

/// Chooses the option that a language model finds most likely, without the article.
Solver language_solver(const LoadedLanguageModel& loaded) {
  return [&loaded](const std::string& question, const std::vector<std::string>& options) -> Result<size_t> {
    const auto score = [&](const std::string& text) {
      std::vector<int32_t> tokens = loaded.tokenizer->encode(text);
      if (tokens.size() < 2) return -1e9;
      tokens.resize(std::min<size_t>(tokens.size(), 256));
      KeyValueCache cache(loaded.model->config(), static_cast<int64_t>(tokens.size()), default_cache_type());
      const std::vector<float> logits = loaded.model->read(tokens, cache, true, &interrupted());
      const auto vocabulary = static_cast<size_t>(loaded.model->config().vocabulary);
      double sum = 0;
      for (size_t i = 0; i + 1 < tokens.size(); ++i) sum += static_cast<double>(log_probability({logits.data() + i * vocabulary, vocabulary}, tokens[i + 1]));
      return sum / static_cast<double>(tokens.size());
    };
    const bool lowest = question.find("is false") != std::string::npos, apart = question.find('\n') != std::string::npos;
    size_t best = 0;
    double best_score = -1e300;
    for (size_t i = 0; i < options.size(); ++i)
      if (const double here = (lowest ? -1 : 1) * score(apart ? question + "\n" + options[i] : options[i]); here > best_score) best_score = here, best = i;
    return best;
  };
}

/// Of kinds that a solver gets right more often than chance and ten points, drops the items it got right.
Result<double> drop_solved(std::vector<QuizItem>& items, const Solver& solver) {
  std::map<std::string, std::vector<QuizItem>> of_kind;
  std::vector<std::string> order;
  for (QuizItem& item : items) {
    if (!of_kind.contains(item.kind)) order.push_back(item.kind);
    of_kind[item.kind].push_back(std::move(item));
  }
  double right = 0, all = 0;
  items.clear();
  for (const std::string& kind : order) {
    std::vector<QuizItem>& list = of_kind[kind];
    PTAH_TRY(Solved solved, solve(list, solver, 1));
    right += solved.share * static_cast<double>(list.size());
    all += static_cast<double>(list.size());
    std::vector<QuizItem>& kept = solved.share > 1.0 / kOptions + 0.1 ? solved.unsolved : list;
    items.insert(items.end(), kept.begin(), kept.end());
  }
  return all > 0 ? right / all : 0;
}

struct Models {
  std::shared_ptr<SentenceEncoder> encoder;
  std::shared_ptr<LoadedLanguageModel> language;
};
/// What has been pulled.
Result<Models> models_of(const QuestionOptions& o) {
  Models out;
  if (o.models == "none") return out;
  if (const auto path = find_model("minilm")) {
    PTAH_TRY(out.encoder, SentenceEncoder::load(*path));
  }
  if (const auto path = find_model("smollm2"); path && o.models == "all") {
    PTAH_TRY(LoadedLanguageModel model, load_language_model(*path));
    out.language = std::make_shared<LoadedLanguageModel>(std::move(model));
  }
  return out;
}

struct Evaluated {
  Questions questions;
  std::vector<QuizItem> all;  ///< before anything was dropped
  std::vector<QuizSolvers> solvers;
};

Result<Evaluated> made_of(const std::string& file, const QuestionOptions& o, const Models& models, uint64_t seed) {
  Evaluated out;
  PTAH_TRY(const std::string text, input_text(file));
  auto article_of_text = parse_article(text);
  if (!article_of_text) return fail(article_of_text.error().code, "{}: {}", printable(file, 200), article_of_text.error().message);
  out.questions.article = std::move(*article_of_text);
  const Article& article = out.questions.article;
  std::vector<QuizItem>& items = out.questions.items;
  out.all = items = make_items(article, seed);
  out.questions.made = items.size();
  PTAH_TRY(const double plain, drop_solved(items, plain_solver()));
  out.questions.dropped.emplace_back("without the article", plain);
  out.solvers.push_back(text_solvers(article));
  if (models.encoder) out.solvers.push_back(embedding_solvers(article, models.encoder));
  if (models.language) out.solvers.push_back(language_solvers(article, models.language));
  for (size_t i = 0; i < out.solvers.size(); ++i) {
    if (models.language && i + 1 == out.solvers.size()) items = spread_items(items, 8);  // a model that reads takes its time
    PTAH_TRY(Filtered filtered, filter_items(items, out.solvers[i]));
    items = std::move(filtered.items);
    for (auto& one : filtered.dropped) out.questions.dropped.push_back(std::move(one));
  }
  if (!o.solver.empty()) {
    PTAH_TRY(const fs::path path, find_model(o.solver));
    PTAH_TRY(const LoadedLanguageModel model, load_language_model(path));
    PTAH_TRY(const double share, drop_solved(items, language_solver(model)));
    out.questions.dropped.emplace_back(o.solver + " without the article", share);
  }
  items = spread_items(items);
  return out;
}

Result<uint64_t> seed_of(const QuestionOptions& o) {
  if (!o.seed.empty()) {
    uint64_t seed = 0;
    const char* end = o.seed.data() + o.seed.size();
    if (const auto read = std::from_chars(o.seed.data(), end, seed); read.ec != std::errc() || read.ptr != end)
      return fail(ErrorCode::invalid_argument, "--seed {}: expected a whole number from 0 to 18446744073709551615", printable(o.seed, 100));
    return seed;
  }
  std::array<uint8_t, 8> bytes{};
  fill_random(bytes);
  uint64_t seed = 0;
  for (const uint8_t byte : bytes) seed = seed << 8 | byte;
  return seed;
}

}  // namespace

void add_question_options(CLI::App& command, QuestionOptions& o) {
  command.add_option("--solver", o.solver, "a language model that answers without the article; what it gets right too often is dropped (default: none)");
  command.add_option("--seed", o.seed, "the same text and seed give the same questions (default: by chance; odds: 1)");
  command.add_option("--models", o.models, "which pulled models may drop questions besides string search and TF-IDF")
      ->check(CLI::IsMember({"all", "minilm", "none"}));
}

Result<Questions> questions_of(const std::string& file, const QuestionOptions& o) {
  PTAH_TRY(const uint64_t seed, seed_of(o));
  PTAH_TRY(const Models models, models_of(o));
  PTAH_TRY(Evaluated made, made_of(file, o, models, seed));
  const Questions& q = made.questions;
  print("{} sections, {} questions made, {} stay. Of what it met, dropped because a bot answered:", q.article.sections.size(), q.made, q.items.size());
  for (const auto& [family, share] : q.dropped) print(" {} {:.0f} %;", family, 100 * share);
  print("\n");
  if (!models.encoder || !models.language) print("{} not used: what they would answer stays (ptah pull minilm, ptah pull smollm2)\n", "minilm or smollm2");
  return std::move(made.questions);
}

Result<void> print_odds(const std::vector<std::string>& files, const QuestionOptions& o, bool details) {
  QuestionOptions measured = o;
  if (measured.seed.empty()) measured.seed = "1";
  PTAH_TRY(const uint64_t seed, seed_of(measured));
  PTAH_TRY(const Models models, models_of(o));
  print("{:<16}{:>6}{:>6}", "article", "made", "bank");
  std::vector<std::string> families{"string search", "TF-IDF"};
  if (models.encoder) families.emplace_back("MiniLM");
  if (models.language) families.emplace_back("SmolLM2");
  for (const std::string& family : families) print("  {:>20}", family);
  print("  reader at 95 %\n{:<28}", "");
  for (size_t i = 0; i < families.size(); ++i) print("  {:>20}", "an item    a session");
  print("\n");
  for (const std::string& file : files) {
    PTAH_TRY(const Evaluated made, made_of(file, o, models, seed));
    const std::vector<QuizItem>& bank = made.questions.items;
    struct Best {
      double item = 0, session = 0;
      std::vector<std::string> rows;
    };
    std::map<std::string, Best> best;
    for (const QuizSolvers& solvers : made.solvers)
      for (const auto& solver : solvers) {
        PTAH_TRY(const std::vector<double> chances, chances_of(*solver, bank));
        double mean = 0;
        for (const double p : chances) mean += p / static_cast<double>(chances.size());
        Best& b = best[solver->family];
        b.item = std::max(b.item, mean);
        b.session = std::max(b.session, pass_chance(chances));
        b.rows.push_back(fmt::format("    {:<14} {:<30} {:5.1f} % {:8.4f} %", solver->family, solver->name, 100 * mean, 100 * pass_chance(chances)));
      }
    print("{:<16}{:>6}{:>6}", fs::path(file).filename().string(), made.questions.made, bank.size());
    for (const std::string& family : families) print("  {:>8.1f} %{:>9.4f} %", 100 * best[family].item, 100 * best[family].session);
    print("  {:>12.1f} %\n", 100 * pass_chance(std::vector<double>(std::max<size_t>(bank.size(), 8), 0.95)));
    for (const std::string& family : families)
      for (size_t i = 0; details && i < best[family].rows.size(); ++i) print("{}\n", best[family].rows[i]);
    std::fflush(stdout);
  }
  return {};
}

}  // namespace ptah::cli
