#include "train/language/learner.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "models/pull.h"
#include "models/registry.h"
#include "pipelines/text_work.h"
#include "tensor/device.h"
#include "text/lm/adapter_files.h"
#include "train/language/preference_trainer.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kLearnTokens = 512, kProseWindow = 256, kMinHeldOut = 5;
constexpr double kMaxProbability = 0.05, kMaxRise = 1.01;

/// Rows as the trainer reads them. With thumbs among them a pair becomes two judgments.
std::string rows_text(const std::vector<FeedbackRow>& rows, bool held_out, bool judgments) {
  std::string out;
  for (const FeedbackRow& one : rows) {
    if (one.held_out() != held_out) continue;
    if (!judgments || !one.is_pair()) {
      out += one.row.dump() + "\n";
      continue;
    }
    out += Json{{"prompt", one.row["prompt"]}, {"completion", one.row["chosen"]}, {"label", true}}.dump() + "\n";
    out += Json{{"prompt", one.row["prompt"]}, {"completion", one.row["rejected"]}, {"label", false}}.dump() + "\n";
  }
  return out;
}

/// For each row how much more the model prefers what was preferred: of a pair the difference of both log-probabilities, of a thumb its own with its sign.
std::vector<double> preferences_of(const LoadedLanguageModel& model, const std::vector<PreferencePair>& rows, DType type, const CancelToken* cancel) {
  const NoGrad off;
  std::vector<double> out;
  const auto likelihood = [&](const PromptedAnswer& answer) { return static_cast<double>(answer_likelihood(model.model->decoder(), answer, type).item()); };
  for (const PreferencePair& row : rows) {
    stop_if_cancelled(cancel);
    const double chosen = likelihood(row.chosen);
    out.push_back(row.rejected.tokens.empty() ? (row.liked ? chosen : -chosen) : chosen - likelihood(row.rejected));
  }
  return out;
}

double perplexity_of(const LoadedLanguageModel& model, const std::string& text, DType type, const CancelToken* cancel) {
  const NoGrad off;
  const std::vector<int32_t> tokens = model.tokenizer->encode(text);
  double sum = 0;
  int64_t counted = 0;
  for (size_t at = 0; at + 2 <= tokens.size(); at += kProseWindow) {
    stop_if_cancelled(cancel);
    const PromptedAnswer part{
        {tokens.begin() + static_cast<std::ptrdiff_t>(at), tokens.begin() + static_cast<std::ptrdiff_t>(std::min(tokens.size(), at + kProseWindow))}, 1};
    if (part.answer_tokens() < 1) continue;
    sum += static_cast<double>(answer_likelihood(model.model->decoder(), part, type).item());
    counted += part.answer_tokens();
  }
  return counted ? std::exp(-sum / static_cast<double>(counted)) : 0;
}

struct Tally {
  int64_t wins = 0, losses = 0;
};
Tally compared(const std::vector<double>& now, const std::vector<double>& before) {
  Tally out;
  for (size_t i = 0; i < now.size(); ++i) {
    if (now[i] > before[i]) ++out.wins;
    if (now[i] < before[i]) ++out.losses;
  }
  return out;
}

/// What was measured of one model.
struct Measured {
  std::vector<double> preferences;
  double perplexity = 0;
};

class Learner {
 public:
  Learner(LearnRequest request, const TrainCallbacks& callbacks)
      : r_(std::move(request)), callbacks_(callbacks), type_(compute_dtype() == DType::bf16 ? DType::bf16 : DType::f32) {}

  Result<Learnt> run() {
    PTAH_TRY(rows_, read_feedback(r_.feedback));
    judgments_ = std::any_of(rows_.begin(), rows_.end(), [](const FeedbackRow& row) { return !row.is_pair(); });
    const auto held = std::count_if(rows_.begin(), rows_.end(), [](const FeedbackRow& row) { return row.held_out(); });
    if (held < kMinHeldOut || held == static_cast<int64_t>(rows_.size()))
      return fail(ErrorCode::invalid_argument, "{}: {} rows, {} of them held out; at least {} have to be, or nothing can be shown (about 25 rows)",
                  r_.feedback.string(), rows_.size(), held, kMinHeldOut);
    PTAH_TRY(model_, find_model(r_.model));
    if (r_.model == kAnyChatModelName) r_.model = model_.filename().string();
    PTAH_TRY_VOID(train_adapter());
    PTAH_TRY(const auto models, models_folder());
    PTAH_TRY(prose_, read_text(models / "learning" / "everyday.txt", 1 << 20));
    if (callbacks_.say) callbacks_.say("measures the held-out rows and the fixed text");
    PTAH_TRY(const Measured base, measured_with({}));
    PTAH_TRY(const Measured now, measured_with(adapter_));
    Learnt out;
    judge(base, now, out);
    if (out.accepted && !r_.out.empty() && fs::exists(r_.out / "adapter_config.json")) PTAH_TRY_VOID(compare_with_old(now, out));
    PTAH_TRY_VOID(make_work(out));
    return out;
  }

 private:
  Result<void> train_adapter() {
    PTAH_TRY_VOID(make_folders(r_.scratch));
    PTAH_TRY_VOID(write_file(r_.scratch / "train.jsonl", rows_text(rows_, false, judgments_)));
    PTAH_TRY_VOID(write_file(r_.scratch / "held_out.jsonl", rows_text(rows_, true, judgments_)));
    adapter_ = r_.scratch / ("adapter-" + merkle_root(rows_).substr(0, 12));  // of other rows it is another training
    const Json config = {{"data", "train.jsonl"},
                         {"held_out", "held_out.jsonl"},
                         {"out", adapter_.filename().string()},
                         {"start_from", r_.model},
                         {"loss", judgments_ ? "kto" : "sigmoid"},
                         {"beta", r_.beta},
                         {"lora", {{"rank", r_.rank}}},
                         {"epochs", r_.epochs},
                         {"max_tokens", kLearnTokens},
                         {"learning_rate", r_.learning_rate},
                         {"sample_seconds", 1e9},
                         {"seed", r_.seed}};
    return train_preference(config, r_.scratch, callbacks_);
  }

  Result<Measured> measured_with(const fs::path& adapter) {
    PTAH_TRY(LoadedLanguageModel model, load_language_model(model_));
    if (!adapter.empty()) PTAH_TRY_VOID(apply_adapter(model, adapter));
    if (held_out_.empty()) {
      int64_t left_out = 0;
      PTAH_TRY(held_out_, read_preferences(r_.scratch / "held_out.jsonl", model, std::min(kLearnTokens, model.model->config().context),
                                           judgments_ ? PreferenceRows::judgments : PreferenceRows::pairs, left_out));
    }
    Measured out;
    out.preferences = preferences_of(model, held_out_, type_, callbacks_.cancel);
    out.perplexity = perplexity_of(model, prose_, type_, callbacks_.cancel);
    return out;
  }

  static void judge(const Measured& base, const Measured& now, Learnt& out) {
    const Tally tally = compared(now.preferences, base.preferences);
    const double p = sign_test(tally.wins, tally.losses), rise = now.perplexity / base.perplexity;
    out.measured = {
        {"held_out_won", tally.wins}, {"held_out_lost", tally.losses}, {"p", p}, {"perplexity_before", base.perplexity}, {"perplexity", now.perplexity}};
    if (p >= kMaxProbability)
      out.reason = fmt::format("of {} held-out rows {} moved to the side that was preferred, {} away: that may be chance (p = {:.3f}; below {} is needed)",
                               base.preferences.size(), tally.wins, tally.losses, p, kMaxProbability);
    else if (rise > kMaxRise)
      out.reason = fmt::format("everyday text became harder for it: its perplexity rose by {:.1f} % (at most 1 %)", 100 * (rise - 1));
    out.accepted = out.reason.empty();
  }

  Result<void> compare_with_old(const Measured& now, Learnt& out) {
    const auto old = measured_with(r_.out);
    if (!old) return fail(old.error().code, "the adapter in {}: {}", r_.out.string(), old.error().message);
    const Tally tally = compared(now.preferences, old->preferences);
    out.measured["won_against_old"] = tally.wins;
    out.measured["lost_against_old"] = tally.losses;
    if (tally.wins >= tally.losses) return {};
    out.accepted = false;
    out.reason = fmt::format("the old adapter is better on {} of the held-out rows, the new one on {}", tally.losses, tally.wins);
    return {};
  }

  Result<void> make_work(Learnt& out) const {
    PTAH_TRY(const Json digests, language_model_digests(model_));
    Json core = begun_receipt(
        kAdapterKind,
        {{"model", r_.model}, {"epochs", r_.epochs}, {"rank", r_.rank}, {"learning_rate", r_.learning_rate}, {"beta", r_.beta}, {"seed", r_.seed}});
    core["models"] = digests;
    core["feedback"] = {{"merkle_root", merkle_root(rows_)}, {"rows", rows_.size()}, {"loss", judgments_ ? "kto" : "sigmoid"}};
    core["measured"] = out.measured;
    core["measured"]["accepted"] = out.accepted;
    for (const fs::path& file : adapter_files(adapter_)) {
      PTAH_TRY(out.work.files[file.filename().string()], read_file(file));
    }
    return seal(out.work, core);
  }

  LearnRequest r_;
  const TrainCallbacks& callbacks_;
  DType type_;
  std::vector<FeedbackRow> rows_;
  bool judgments_ = false;
  fs::path model_, adapter_;
  std::string prose_;
  std::vector<PreferencePair> held_out_;
};

}  // namespace

Result<Learnt> learn_from_feedback(const LearnRequest& request, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<Learnt> { return Learner(request, callbacks).run(); });
}

Result<Work> replay_adapter(const Json& receipt, const fs::path& feedback, const fs::path& scratch, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<Work> {
    LearnRequest r;
    std::string root;
    Json models;
    try {
      if (receipt.at("kind") != Json(kAdapterKind)) return fail(ErrorCode::unsupported, "the receipt is of no adapter that ptah learn made");
      const Json& asked = receipt.at("request");
      r.model = asked.at("model").get<std::string>();
      r.epochs = asked.at("epochs").get<int64_t>();
      r.rank = asked.at("rank").get<int64_t>();
      r.learning_rate = asked.at("learning_rate").get<float>();
      r.beta = asked.at("beta").get<double>();
      r.seed = asked.at("seed").get<uint64_t>();
      root = receipt.at("feedback").at("merkle_root").get<std::string>();
      models = receipt.at("models");
    } catch (const Json::exception& problem) {
      return fail(ErrorCode::corrupt, "the receipt: {}", problem.what());
    }
    r.feedback = feedback;
    r.scratch = scratch;
    PTAH_TRY(const auto rows, read_feedback(feedback));
    if (merkle_root(rows) != root)
      return fail(ErrorCode::mismatch, "{}: not the rows that the adapter was trained on (another Merkle root)", feedback.string());
    PTAH_TRY(const fs::path path, find_model(r.model));
    PTAH_TRY(const Json digests, language_model_digests(path));
    if (digests != models) return fail(ErrorCode::mismatch, "the files of the model '{}' are not those the adapter was trained on", r.model);
    PTAH_TRY(Learnt made, learn_from_feedback(r, callbacks));
    return std::move(made.work);
  });
}

}  // namespace ptah
