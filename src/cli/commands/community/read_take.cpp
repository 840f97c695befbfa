#include "cli/commands/community/read_take.h"

#include "apps/reading/reading_visit.h"
#include "base/text.h"
#include "cli/chain_options.h"
#include "cli/line_reader.h"

namespace ptah::cli {

namespace {

struct TakeOptions : ChainOptions {
  std::string url, out;
};

/// "2" of "2", " 2 " or "2." in 1 to `max_choice`; 0 for anything else.
size_t choice_of(const std::string& line, size_t max_choice) {
  std::string text(trimmed(line));
  if (text.ends_with('.') || text.ends_with(')')) text.pop_back();
  if (text.empty() || text.size() > 2 || text.find_first_not_of("0123456789") != std::string::npos) return 0;
  const size_t number = std::stoul(text);
  return number <= max_choice ? number : 0;
}

class ReadingSession {
 public:
  ReadingSession(ReadingVisit& visit, const TakeOptions& o) : visit_(visit), o_(o), terminal_(isatty(STDIN_FILENO) != 0) {}

  Result<void> read() {
    while (visit_.read() < visit_.sections()) {
      PTAH_TRY(const ReadingVisit::Section section, visit_.next_section());
      if (o_.json) {
        print_json({{"event", "section"}, {"number", visit_.read()}, {"of", visit_.sections()}, {"text", section.text}, {"seconds", section.seconds}});
      } else {
        print("\nSection {} of {}\n\n", visit_.read(), visit_.sections());
        print_text(section.text + "\n");
        print("\n({} goes on in {:.0f} seconds)\n", visit_.read() < visit_.sections() ? "the text" : "the session", section.seconds);
      }
      std::fflush(stdout);
    }
    return {};
  }

  Result<std::vector<int>> answers() {
    PTAH_TRY(const std::vector<AskedQuestion> questions, visit_.questions());
    std::vector<int> out;
    for (const AskedQuestion& question : questions) {
      if (o_.json) {
        print_json({{"event", "question"}, {"number", out.size() + 1}, {"question", question.text}, {"options", question.options}});
      } else {
        print("\n{}. ", out.size() + 1);
        print_text(question.text + "\n");
        for (size_t i = 0; i < question.options.size(); ++i) print("   {}  {}\n", i + 1, question.options[i]);
      }
      PTAH_TRY(const int place, answer(question.options.size()));
      out.push_back(place);
    }
    return out;
  }

 private:
  /// Asks again on a terminal; what comes from a program has to be right.
  Result<int> answer(size_t max_choice) {
    for (;;) {
      if (!o_.json) print("1 to {}: ", max_choice);
      std::fflush(stdout);
      std::string line;
      if (!lines_.next(line)) return fail(ErrorCode::invalid_argument, "the answers end too soon; nothing was handed in");
      if (const size_t number = choice_of(line, max_choice)) return static_cast<int>(number) - 1;
      if (!terminal_) return fail(ErrorCode::invalid_argument, "'{}' is none of 1 to {}; nothing was handed in", beginning(line, 40), max_choice);
    }
  }

  ReadingVisit& visit_;
  const TakeOptions& o_;
  bool terminal_;
  LineReader lines_;
};

Result<void> run_read_take(const TakeOptions& o) {
  PTAH_TRY_VOID(must_be_new(o.out));
  PTAH_TRY(const auto reader, needed_signer(o));
  PTAH_TRY(ReadingVisit visit, ReadingVisit::open(o.url, &interrupted()));
  if (!o.json) {
    print("{}\n", in_quotes(visit.title()));
    print("{} sections, then {} questions; whoever answers {} of them earns a reward. There is one try.\n", visit.sections(), visit.terms().asked,
          visit.terms().needed);
  }
  PTAH_TRY_VOID(visit.sign_in(*reader));
  ReadingSession session(visit, o);
  PTAH_TRY_VOID(session.read());
  PTAH_TRY(const std::vector<int> answers, session.answers());
  PTAH_TRY(const ReadingVisit::Outcome outcome, visit.answer(answers));
  if (outcome.late) return fail(ErrorCode::mismatch, "the time for the questions was over");
  if (!outcome.passed) return fail(ErrorCode::mismatch, "{} right; that was not enough, {} are needed", outcome.right, visit.terms().needed);
  PTAH_TRY_VOID(write_new_file(o.out, std::string_view(outcome.voucher.dump(1) + "\n")));
  if (!o.json) print("\n{} right: you have earned your reward. ptah read claim FILE cashes it in.\n", outcome.right);
  say_made({{}, {o.out}, {{"right", outcome.right}}}, o.json, false);
  return {};
}

}  // namespace

void add_read_take(CLI::App& read, Action& action) {
  auto o = std::make_shared<TakeOptions>();
  CLI::App* take = read.add_subcommand("take", "read an article in the terminal, answer its questions, earn a voucher");
  take->add_option("url", o->url, "address of a reading service (ptah read serve)")->required();
  take->add_option("voucher", o->out, "file to write if you pass; never overwrites")->required();
  take->add_flag("--json", o->json, "print one JSON object a line; answers are read from standard input, a number a line");
  take->add_option("--signer", o->signer, "URL of a signer that holds the key (ptah key serve; also PTAH_SIGNER, with PTAH_SIGNER_TOKEN)");
  add_signing_options(*take, o->signing);
  take->callback([o, &action] { action = [o] { return finish(guard([&] { return run_read_take(*o); })); }; });
}

}  // namespace ptah::cli
