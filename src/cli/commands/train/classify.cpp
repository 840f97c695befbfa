#include <algorithm>

#include "base/text.h"
#include "cli/command_line.h"
#include "models/registry.h"
#include "text/encode/classifier.h"

namespace ptah::cli {

namespace {

struct ClassifyOptions {
  std::vector<std::string> texts;
  std::string file, model;
  int64_t threads = 0;
  bool json = false;
};

constexpr size_t kClassifiedAtOnce = 64, kMaxClassified = 1 << 20;

Result<std::vector<std::string>> texts_to_classify(const ClassifyOptions& o) {
  std::vector<std::string> texts = o.texts;
  if (!o.file.empty()) {
    PTAH_TRY(const std::string all, input_text(o.file));
    for (std::string& line : lines_of(all)) texts.push_back(std::move(line));
  }
  if (texts.empty()) return fail(ErrorCode::invalid_argument, "nothing to classify; give texts, or --file FILE with one a line");
  if (texts.size() > kMaxClassified) return fail(ErrorCode::invalid_argument, "{} texts; at most {} at once", texts.size(), kMaxClassified);
  for (size_t i = 0; i < texts.size(); ++i)
    if (const size_t broken = invalid_utf8_at(texts[i]); broken != std::string::npos)
      return fail(ErrorCode::invalid_argument, "text {} is not valid UTF-8 at byte {}", i + 1, broken);
  return texts;
}

Result<void> run_classify(const ClassifyOptions& o) {
  PTAH_TRY(const auto texts, texts_to_classify(o));
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const auto folder, find_model(o.model));
  PTAH_TRY(const ClassifierLabels labels, read_classifier_labels(folder));
  std::filesystem::path encoder;
  if (!labels.encoder.empty()) {
    PTAH_TRY(encoder, find_model(labels.encoder));
  }
  PTAH_TRY(const auto classifier, TextClassifier::load(folder, encoder));
  const size_t count = labels.names.size();
  for (size_t begin = 0; begin < texts.size(); begin += kClassifiedAtOnce) {
    PTAH_TRY_VOID(interrupted().check());
    const size_t end = std::min(texts.size(), begin + kClassifiedAtOnce);
    const Tensor found = classifier->probabilities({texts.begin() + static_cast<std::ptrdiff_t>(begin), texts.begin() + static_cast<std::ptrdiff_t>(end)});
    for (size_t i = begin; i < end; ++i) {
      const std::span<const float> row(found.data<float>() + (i - begin) * count, count);
      const std::vector<size_t> given = labels_of(row, labels);
      if (o.json) {
        Json line = {{"text", texts[i]}, {"labels", Json::array()}, {"probabilities", Json::object()}};
        for (const size_t label : given) line["labels"].push_back(labels.names[label]);
        for (size_t l = 0; l < count; ++l) line["probabilities"][labels.names[l]] = row[l];
        print_json(line);
        continue;
      }
      std::string shown;
      for (const size_t label : given) shown += fmt::format("{}{} {:.2f}", shown.empty() ? "" : ", ", labels.names[label], row[label]);
      print("{}\t{}\n", shown.empty() ? "-" : shown, texts[i]);
    }
  }
  return {};
}

}  // namespace

void add_classify(CLI::App& app, Action& action) {
  auto o = std::make_shared<ClassifyOptions>();
  CLI::App* command = app.add_subcommand("classify", "label texts with a classifier that ptah train encoder made");
  command->add_option("texts", o->texts, "the texts");
  command->add_option("--file", o->file, "texts from a file, one a line; - is standard input");
  command->add_option("--model", o->model, "the classifier's folder")->required()->type_name("FOLDER");
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->add_flag("--json", o->json, "print one JSON object a line: text, labels, probabilities");
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_classify(*o); })); }; });
}

}  // namespace ptah::cli
