#include "apps/companion/feedback_log.h"
#include "base/file.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "models/pull.h"
#include "own/finish.h"
#include "train/language/learner.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

struct LearnOptions {
  LearnRequest request = {.model = kAnyChatModelName, .out = "learnt"};
  std::string replay;
  int64_t threads = 0;
  bool json = false;
  SigningOptions signing = {};
};

TrainCallbacks told_of_learning() {
  TrainCallbacks calls;
  calls.report = [](const std::string&, const RunReport& r) {
    print_error("{}/{}  loss {:.4f}  {} left\n", r.step, r.steps, r.loss, clock_text(r.seconds_left));
  };
  calls.say = [](const std::string& line) { print_error("{}\n", line); };
  calls.cancel = &interrupted();
  return calls;
}

/// The folder beside another one where it is trained.
fs::path scratch_beside(const fs::path& folder) {
  fs::path name = folder;
  if (!name.has_filename()) name = name.parent_path();
  return name.parent_path() / (name.filename().string() + ".training");
}

Result<void> replay_learning(const LearnOptions& o) {
  PTAH_TRY(const Json receipt, read_receipt(fs::path(o.replay) / "receipt.json"));
  PTAH_TRY_VOID(match_numeric_path(receipt));
  PTAH_TRY(const StagedFolder scratch, StagedFolder::create(fs::absolute(scratch_beside(o.replay))));  // never committed: it goes with this call
  PTAH_TRY(const Work made, replay_adapter(receipt, o.request.feedback, scratch.path(), told_of_learning()));
  for (const char* name : {"adapter_model.safetensors", "adapter_config.json"}) {
    PTAH_TRY(const Bytes there, read_file(fs::path(o.replay) / name));
    if (there != made.files.at(name)) return fail(ErrorCode::mismatch, "{}: other bytes than the training gives", (fs::path(o.replay) / name).string());
    print("{}: the same bytes\n", name);
  }
  return {};
}

Result<void> run_learn(const LearnOptions& given) {
  LearnOptions o = given;
  if (o.request.feedback.empty()) {
    PTAH_TRY(o.request.feedback, FeedbackLog::usual_path());
  }
  PTAH_TRY_VOID(take_threads(o.threads));
  if (!o.replay.empty()) return replay_learning(o);
  PTAH_TRY(const auto key, signing_key(o.signing));
  PTAH_TRY_VOID(check_replaceable(o.request.out));
  o.request.scratch = scratch_beside(o.request.out);
  PTAH_TRY(const Learnt learnt, learn_from_feedback(o.request, told_of_learning()));
  if (learnt.accepted) PTAH_TRY_VOID(finish_work(learnt.work, {.key = key ? &*key : nullptr}, {o.request.out, IfTaken::replace}));
  Json facts = learnt.measured;
  facts["accepted"] = learnt.accepted;
  if (!learnt.accepted) facts["reason"] = learnt.reason;
  if (o.json) return print_json(facts), Result<void>();
  if (learnt.accepted)
    print(
        "learnt: of {} held-out rows {} moved to the side that was preferred, {} away (p = {:.4f}); perplexity of everyday text {:.2f} instead of {:.2f}\n"
        "ptah chat --adapter {}\n",
        learnt.measured["held_out_won"].get<int64_t>() + learnt.measured["held_out_lost"].get<int64_t>(), learnt.measured["held_out_won"].get<int64_t>(),
        learnt.measured["held_out_lost"].get<int64_t>(), learnt.measured["p"].get<double>(), learnt.measured["perplexity"].get<double>(),
        learnt.measured["perplexity_before"].get<double>(), o.request.out.string());
  else
    print("not kept: {}. {}\n", learnt.reason, fs::exists(o.request.out) ? "The adapter that is there stays." : "No adapter was written.");
  return {};
}

}  // namespace

void add_learn(CLI::App& app, Action& action) {
  auto o = std::make_shared<LearnOptions>();
  CLI::App* command = app.add_subcommand("learn", "train an adapter on your own feedback; kept only if it is better");
  command->add_option("feedback", o->request.feedback, "rows of JSON: pairs or thumbs; default: what /good, /bad, /better and /prefer of ptah chat noted")
      ->type_name("FILE");
  command->add_option("--model", o->request.model, "the model that learns; chat: the best one that is here")->type_name("MODEL");
  command->add_option("--out", o->request.out, "where the adapter is, and where a better one takes its place")->type_name("FOLDER");
  command->add_option("--epochs", o->request.epochs, "passes over the rows")->check(CLI::Range(1, 100));
  command->add_option("--rank", o->request.rank, "of the adapter's matrices")->check(CLI::Range(1, 256));
  command->add_option("--learning-rate", o->request.learning_rate, "how far a step goes")->check(CLI::Range(1e-7, 1e-1));
  command->add_option("--beta", o->request.beta, "the smaller, the further the model may go from where it began")->check(CLI::Range(1e-3, 10.0));
  add_seed_option(*command, o->request.seed, "the same rows and seed give the same adapter");
  command->add_option("--replay", o->replay, "train the adapter of this folder again from the same feedback, and compare the bytes")->type_name("FOLDER");
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->add_flag("--json", o->json, "print one JSON object: accepted, reason, what was measured");
  add_signing_options(*command, o->signing);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_learn(*o); })); }; });
}

}  // namespace ptah::cli
