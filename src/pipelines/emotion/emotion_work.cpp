#include "pipelines/emotion/emotion_work.h"

#include <algorithm>
#include <array>

#include "base/parallel.h"
#include "base/text.h"
#include "models/registry.h"

namespace ptah {

namespace fs = std::filesystem;

const char* const kEmotionNotice =
    "Guessed by a machine from the words alone: what they express, not what anybody feels. People whose texts are read so have to be told (EU AI Act, Article "
    "50(3)); not to be used on people at work or in education (Article 5(1)(f)).";

namespace {

constexpr std::string_view kEkman = "ekman/", kGroup = "group/";
constexpr size_t kEmotions = 28, kEkmanEmotions = 7, kGroups = 4;
constexpr size_t kMaxTexts = 10000;
constexpr int64_t kEmotionProgramBytes = int64_t{64} << 20;

std::vector<std::string> emotion_texts(const EmotionTask& task) {
  if (!task.lines) return {task.text};
  std::vector<std::string> out;
  for (std::string& line : lines_of(task.text))
    if (!trimmed(line).empty()) out.push_back(std::move(line));
  return out;
}

Result<void> check_texts(const EmotionTask& task) {
  const size_t count = emotion_texts(task).size();
  if (count == 0) return fail_field("text", ErrorCode::invalid_argument, "`text` is empty");
  if (count > kMaxTexts) return fail_field("text", ErrorCode::invalid_argument, "`text` has {} lines; {} are read at once", count, kMaxTexts);
  return {};
}

Json json_of(const std::vector<EmotionReader::Guess>& guesses, const char* name) {
  Json out = Json::array();
  for (const EmotionReader::Guess& guess : guesses) out.push_back({{name, guess.name}, {"probability", guess.probability}});
  return out;
}

Json json_of(const std::string& text, const EmotionReader::Reading& reading) {
  Json all = Json::object();
  for (const EmotionReader::Guess& guess : reading.all) all[guess.name] = guess.probability;
  return {{"text", text},
          {"emotions", json_of(reading.emotions, "emotion")},
          {"ekman", json_of(reading.ekman, "emotion")},
          {"groups", json_of(reading.groups, "group")},
          {"probabilities", std::move(all)}};
}

}  // namespace

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, EmotionTask>
void fields(C& c, const Visit& visit) {
  constexpr const char* kSince = "0.3.0";
  visit(Field{.name = "text",
              .help = "an English text; what is beyond about 200 words is not read",
              .max_bytes = size_t{1} << 20,
              .since = kSince,
              .positional = true,
              .required = true},
        c.text);
  visit(Field{.name = "lines", .help = "each line is a text of its own", .since = kSince}, c.lines);
  visit(Field{.name = "model", .help = "a classifier of the same labels, by its folder; emotion: the one that comes along", .unit = "MODEL", .since = kSince},
        c.model);
}

const SchemaOf<EmotionTask>& emotion_schema() {
  static const auto schema = SchemaOf<EmotionTask>::describe("emotion", "Guess the emotions that the words of a text express",
                                                             [](EmotionTask& task, const Json&) { return check_texts(task); });
  return schema;
}

Result<std::shared_ptr<const EmotionReader>> EmotionReader::load(const fs::path& folder) {
  auto out = std::make_shared<EmotionReader>();
  PTAH_TRY(const ClassifierLabels labels, read_classifier_labels(folder));
  fs::path encoder = folder;
  if (!labels.encoder.empty()) {
    encoder = folder.parent_path() / labels.encoder;
    std::error_code ignored;
    if (!fs::exists(encoder / "config.json", ignored)) {
      PTAH_TRY(encoder, find_model(labels.encoder));
    }
  }
  PTAH_TRY(out->classifier_, TextClassifier::load(folder, encoder));
  std::array<size_t, 3> counts{};
  for (const std::string& name : labels.names) ++counts[name.starts_with(kEkman) ? 1 : name.starts_with(kGroup) ? 2 : 0];
  if (counts != std::array<size_t, 3>{kEmotions, kEkmanEmotions, kGroups} || !labels.several)
    return fail(ErrorCode::mismatch, "{}: a classifier of {} emotions, {} of Ekman's and {} groups; {}, {} and {} are expected, several a text",
                folder.string(), counts[0], counts[1], counts[2], kEmotions, kEkmanEmotions, kGroups);
  for (const fs::path& file : {folder / "classifier.json", folder / "adapter.safetensors", encoder / "model.safetensors", encoder / "vocab.txt"}) {
    std::error_code ignored;
    if (fs::exists(file, ignored)) out->files_.push_back(file);
  }
  return out;
}

std::vector<EmotionReader::Reading> EmotionReader::read(const std::vector<std::string>& texts) const {
  const ClassifierLabels& labels = classifier_->labels();
  const size_t count = labels.names.size();
  const Tensor found = classifier_->probabilities(texts);
  std::vector<Reading> out(texts.size());
  if (DryRun::active()) return out;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::span<const float> row = found.span<float>().subspan(i * count, count);
    const auto likelier = [](const Guess& a, const Guess& b) { return a.probability > b.probability; };
    for (size_t l = 0; l < count; ++l) {
      const std::string& name = labels.names[l];
      if (name.starts_with(kEkman)) {
        out[i].ekman.push_back({name.substr(kEkman.size()), row[l]});
      } else if (name.starts_with(kGroup)) {
        out[i].groups.push_back({name.substr(kGroup.size()), row[l]});
      } else {
        out[i].all.push_back({name, row[l]});
        if (row[l] >= labels.threshold_of(l)) out[i].emotions.push_back({name, row[l]});
      }
    }
    for (std::vector<Guess>* list : {&out[i].emotions, &out[i].ekman, &out[i].groups}) std::stable_sort(list->begin(), list->end(), likelier);
  }
  return out;
}

Result<Json> EmotionReader::digests() const {
  Json out = Json::object();
  for (const fs::path& file : files_) {
    PTAH_TRY(out[file.filename().string()], file_id(file));
  }
  return out;
}

Result<Work> emotion_work(const EmotionReader& reader, const EmotionTask& task, const CancelToken* cancel, bool receipt) {
  return guard([&]() -> Result<Work> {
    stop_if_cancelled(cancel);
    const std::vector<std::string> texts = emotion_texts(task);
    const std::vector<EmotionReader::Reading> readings = reader.read(texts);
    Json list = Json::array();
    for (size_t i = 0; i < texts.size(); ++i) list.push_back(json_of(texts[i], readings[i]));
    Work work;
    work.facts = {{"notice", kEmotionNotice}, {"texts", std::move(list)}};
    const std::string file = work.facts.dump(1) + "\n";
    work.files["emotion.json"] = Bytes(file.begin(), file.end());
    if (!receipt) return work;
    Json core = begun_receipt(kEmotionKind, emotion_schema().to_receipt(task));
    PTAH_TRY(core["models"], reader.digests());
    PTAH_TRY_VOID(seal(work, core));
    return work;
  });
}

Result<Work> replay_emotion(const EmotionReader& reader, const EmotionTask& task, const Json& receipt, const CancelToken* cancel) {
  PTAH_TRY(const Json digests, reader.digests());
  if (digests != receipt.value("models", Json()))
    return fail(ErrorCode::mismatch, "the files of the model '{}' are not those the emotions were guessed with", task.model);
  return emotion_work(reader, task, cancel);
}

Result<Plan> plan_emotion(const EmotionReader& reader, const EmotionTask& task) {
  Plan plan;
  PTAH_TRY_VOID(plan_tensors(plan, [&]() -> Result<void> {
    (void)reader.read(emotion_texts(task));
    return {};
  }));
  for (const fs::path& file : reader.files()) {
    std::error_code ignored;
    plan.weight_bytes += static_cast<int64_t>(fs::file_size(file, ignored));
  }
  plan.weight_bytes *= 3;  // the encoder as it lies, and its matrices in 16 bits
  plan.program_bytes = kEmotionProgramBytes;
  plan.peak_bytes = plan.weight_bytes + plan.program_bytes + plan.tensor_bytes;
  plan.seconds = seconds_for(plan.flops);
  return plan;
}

}  // namespace ptah
