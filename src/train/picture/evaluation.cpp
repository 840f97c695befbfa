#include "train/picture/evaluation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "base/file.h"
#include "base/philox.h"
#include "pixels/colour.h"
#include "pixels/image_tensor.h"
#include "tensor/ops.h"
#include "train/picture/picture_metrics.h"
#include "train/loop/stage.h"
#include "tensor/device.h"

namespace ptah {

namespace fs = std::filesystem;

Result<std::vector<Synonym>> read_synonyms(const fs::path& file) {
  PTAH_TRY(const std::string text, read_text(file, 1 << 20));
  PTAH_TRY(const Json json, parse_json(text));
  std::vector<Synonym> out;
  try {
    for (const auto& item : json.get<std::vector<std::vector<std::string>>>()) {
      if (item.size() < 2) return fail(ErrorCode::corrupt, "{}: a word without a meaning", file.string());
      out.push_back({item[0], {item.begin() + 1, item.end()}});
    }
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "{}: expected [[word, meant, or meant, …], …]: {}", file.string(), problem.what());
  }
  return out;
}

namespace {

constexpr std::array kColours{"red", "orange", "yellow", "green", "blue", "purple", "pink"};
constexpr std::array kThings{"fox",      "cat",  "dog",  "bird",  "fish",      "car",      "house", "flower", "hat",    "shirt",
                             "balloon",  "ball", "book", "cup",   "butterfly", "dragon",   "frog",  "owl",    "apple",  "heart",
                             "umbrella", "key",  "boat", "chair", "bell",      "mushroom", "snake", "star",   "bicycle"};
constexpr size_t kColourPrompts = 200;
constexpr int64_t kSheetColumns = 16, kNearest = 50, kSmallEdge = 32;

std::string spaced(std::string concept_name) {
  std::replace(concept_name.begin(), concept_name.end(), '-', ' ');
  return concept_name;
}

/// Pictures f32 [n, size, size, 4] → f32 [n, kSmallEdge² · 4].
Tensor small_pixels(const Tensor& pictures) {
  const Tensor small = resize(pictures, kSmallEdge, kSmallEdge, Filter::bilinear);
  return small.reshape({pictures.dim(0), kSmallEdge * kSmallEdge * 4});
}

class Evaluator {
 public:
  Evaluator(const PictureModel& model, const PictureJudge& judge, const PictureSet& set, const Evaluation& evaluation, const TrainCallbacks& callbacks)
      : model_(model), judge_(judge), set_(set), evaluation_(evaluation), callbacks_(callbacks) {}

  using Part = Result<Json> (Evaluator::*)();
  /// Errors: invalid_argument if there is no such part.
  static Result<Part> part(const std::string& name) {
    static const std::map<std::string, Part> parts{{"held-out", &Evaluator::held_out},         {"prompts", &Evaluator::prompts},
                                                   {"colours", &Evaluator::colours},           {"synonyms", &Evaluator::synonyms},
                                                   {"frechet", &Evaluator::frechet},           {"nearest", &Evaluator::nearest_training_pictures},
                                                   {"arrangements", &Evaluator::arrangements}, {"concepts", &Evaluator::concepts}};
    const auto found = parts.find(name);
    if (found == parts.end())
      return fail(ErrorCode::invalid_argument, "no part '{}'; there are: held-out, prompts, colours, synonyms, frechet, nearest, arrangements, concepts", name);
    return found->second;
  }

 private:
  /// f32 [prompts, size, size, 4], premultiplied in [−1, 1].
  Result<Tensor> draw(const std::string& part, const std::vector<std::string>& texts, const std::string& style) {
    if (texts.empty()) return fail(ErrorCode::invalid_argument, "evaluate: there is nothing to measure '{}' on", part);
    std::vector<Tensor> drawn;
    CreateRequest request = evaluation_.request;
    request.size = std::max<int64_t>(128, model_.own_size());
    request.style = style == "any" || std::find(model_.styles().begin(), model_.styles().end(), style) != model_.styles().end() ? style : "any";
    request.background = "transparent";
    for (const std::string& text : texts) {
      request.prompt = text;
      PTAH_TRY(const Image picture, model_.create(request, {}, {}, callbacks_.cancel));
      drawn.push_back(to_sample(picture, model_.own_size()));
      if (callbacks_.say && drawn.size() % 50 == 0) callbacks_.say(fmt::format("{}: {} of {} pictures drawn", part, drawn.size(), texts.size()));
    }
    return concat(drawn, 0);
  }

  Tensor vectors_of(const std::vector<std::string>& texts) const {
    std::vector<std::vector<int32_t>> ids;
    for (const std::string& text : texts) ids.push_back(model_.vocabulary().encode(text, 16));
    return judge_.prompts(ids);
  }

  /// Of each picture a caption that names the style where there is one.
  std::vector<std::string> captions_of(const std::vector<int64_t>& indices) const {
    std::vector<std::string> out;
    for (const int64_t i : indices) {
      const auto& captions = set_.entries[static_cast<size_t>(i)].captions;
      out.push_back(captions[std::min<size_t>(2, captions.size() - 1)]);
    }
    return out;
  }

  Tensor true_pictures(const std::vector<int64_t>& indices) const { return picture_batch(set_, indices, {0, 0, 0}, 0, 0); }

  Result<void> sheet(const std::string& part, const Tensor& pictures, int64_t columns = kSheetColumns) const {
    if (evaluation_.sheets.empty()) return {};
    return save_sheet(evaluation_.sheets / (part + ".png"), pictures, columns);
  }
  /// Pairs: a row of `left`, below it a row of `right`.
  Result<void> sheet_of_pairs(const std::string& part, const Tensor& left, const Tensor& right) const {
    const int64_t count = left.dim(0), columns = std::min(count, kSheetColumns);
    std::vector<Tensor> rows;
    for (int64_t first = 0; first < count; first += columns)
      for (const Tensor* side : {&left, &right}) {
        const int64_t end = std::min(count, first + columns);
        rows.push_back(pad(slice(*side, 0, first, end), 0, 0, columns - (end - first), -1));
      }
    return sheet(part, concat(rows, 0), columns);
  }

  Result<Json> held_out() {
    const std::vector<int64_t> shown = held_out_pictures(set_, 100);
    const std::vector<std::string> captions = captions_of(shown);
    PTAH_TRY(const Tensor drawn, draw("held-out", captions, "any"));
    const Tensor truth = true_pictures(shown), asked = vectors_of(captions);
    const auto [first, fifth] = retrieval(judge_.pictures(drawn), asked);
    const auto [true_first, true_fifth] = retrieval(judge_.pictures(truth), asked);
    PTAH_TRY_VOID(sheet_of_pairs("held-out", drawn, truth));
    return Json{{"of", shown.size()}, {"top1", first}, {"top5", fifth}, {"true_top1", true_first}, {"true_top5", true_fifth}};
  }

  Result<Json> prompts() {
    PTAH_TRY(const Tensor drawn, draw("prompts", evaluation_.prompts, "glossy"));
    std::vector<std::string> asked;
    for (const std::string& prompt : evaluation_.prompts) asked.push_back("glossy " + prompt);
    const auto [first, fifth] = retrieval(judge_.pictures(drawn), vectors_of(asked));
    PTAH_TRY_VOID(sheet("prompts", drawn, 8));
    return Json{{"of", asked.size()}, {"top1", first}, {"top5", fifth}};
  }

  Result<Json> colours() {
    std::vector<std::string> asked, texts;
    for (const char* thing : kThings)
      for (const char* colour : kColours)
        if (texts.size() < kColourPrompts) {
          asked.emplace_back(colour);
          texts.push_back(fmt::format("a {} {}", colour, thing));
        }
    PTAH_TRY(const Tensor drawn, draw("colours", texts, "glossy"));
    int64_t right = 0;
    std::map<std::string, int64_t> by_colour;
    for (size_t i = 0; i < texts.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      const bool obeyed = main_colour(to_image(slice(drawn, 0, at, at + 1))) == asked[i];
      right += obeyed;
      by_colour[asked[i]] += obeyed;
    }
    PTAH_TRY_VOID(sheet("colours", drawn, static_cast<int64_t>(2 * kColours.size())));
    return Json{{"of", texts.size()}, {"obeyed", static_cast<double>(right) / static_cast<double>(texts.size())}, {"by_colour", by_colour}};
  }

  std::vector<std::string> concept_names() const {
    std::set<std::string> names;
    for (const PictureEntry& entry : set_.entries) names.insert(entry.concept_name);
    return {names.begin(), names.end()};
  }

  /// How near each picture is to each concept: f32 [pictures, names].
  Tensor nearness(const Tensor& drawn, const std::vector<std::string>& names) const {
    std::vector<std::string> captions;
    for (const std::string& name : names) captions.push_back("glossy " + spaced(name));
    return matmul(judge_.pictures(drawn), vectors_of(captions), {.transpose_b = true});
  }

  /// Of each picture the five concepts that the judge finds nearest.
  std::vector<std::vector<std::string>> nearest_concepts(const Tensor& drawn) const {
    const std::vector<std::string> names = concept_names();
    const Tensor near = nearness(drawn, names);
    std::vector<std::vector<std::string>> out(static_cast<size_t>(drawn.dim(0)));
    for (size_t i = 0; i < out.size(); ++i) {
      const float* row = near.data<float>() + i * names.size();
      std::vector<size_t> order(names.size());
      for (size_t j = 0; j < order.size(); ++j) order[j] = j;
      const size_t top = std::min<size_t>(5, order.size());
      std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(), [&](size_t a, size_t b) { return row[a] > row[b]; });
      for (size_t j = 0; j < top; ++j) out[i].push_back(names[order[j]]);
    }
    return out;
  }

  /// Every concept by its name: at which place the judge finds it among all, for those that it does not find first.
  Result<Json> concepts() {
    const std::vector<std::string> names = concept_names();
    std::vector<std::string> texts;
    for (const std::string& name : names) texts.push_back(spaced(name));
    PTAH_TRY(const Tensor drawn, draw("concepts", texts, "glossy"));
    const Tensor near = nearness(drawn, names);
    Json missed = Json::object();
    int64_t first = 0, fifth = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      const float* row = near.data<float>() + i * names.size();
      const auto place = std::count_if(row, row + names.size(), [&](float other) { return other > row[i]; }) + 1;
      first += place == 1;
      fifth += place <= 5;
      if (place > 1) missed[names[i]] = place;
    }
    PTAH_TRY_VOID(sheet("concepts", drawn, 40));
    const auto share = [&](int64_t found) { return static_cast<double>(found) / static_cast<double>(names.size()); };
    return Json{{"of", names.size()}, {"top1", share(first)}, {"top5", share(fifth)}, {"missed", missed}};
  }

  /// Whether one of the concepts has a word that is meant.
  template <class Meant>
  static bool among(const std::vector<std::string>& concepts, const Meant& meant) {
    for (const std::string& concept_name : concepts)
      for (const std::string& word : split_words(concept_name))
        if (meant(word)) return true;
    return false;
  }

  Result<Json> synonyms() {
    std::vector<std::string> texts;
    for (const Synonym& synonym : evaluation_.synonyms) texts.push_back("a " + synonym.word);
    PTAH_TRY(const Tensor drawn, draw("synonyms", texts, "glossy"));
    const auto found = nearest_concepts(drawn);
    Json seen = Json::object();
    int64_t right = 0;
    for (size_t i = 0; i < texts.size(); ++i) {
      const bool hit = among(found[i], [&](const std::string& word) { return evaluation_.synonyms[i].meant.contains(word); });
      right += hit;
      if (!hit) seen[evaluation_.synonyms[i].word] = found[i];
    }
    PTAH_TRY_VOID(sheet("synonyms", drawn, 10));
    return Json{{"of", texts.size()}, {"top5", static_cast<double>(right) / static_cast<double>(texts.size())}, {"missed", seen}};
  }

  /// Pieces of what shows, of at least a 400th of the picture, that touch one another.
  static int64_t pieces(const Tensor& picture) {
    const int64_t size = picture.dim(1), min_area = size * size / 400;
    std::vector<char> seen(static_cast<size_t>(size * size));
    const auto shows = [&](int64_t at) { return !seen[static_cast<size_t>(at)] && picture.data<float>()[at * 4 + 3] > -0.5F; };
    int64_t count = 0;
    for (int64_t start = 0; start < size * size; ++start) {
      if (!shows(start)) continue;
      std::vector<int64_t> open{start};
      seen[static_cast<size_t>(start)] = 1;
      int64_t area = 0;
      while (!open.empty()) {
        const int64_t at = open.back(), x = at % size, y = at / size;
        open.pop_back();
        ++area;
        for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
          const int64_t next = at + dy * size + dx;
          if (x + dx < 0 || x + dx >= size || y + dy < 0 || y + dy >= size || !shows(next)) continue;
          seen[static_cast<size_t>(next)] = 1;
          open.push_back(next);
        }
      }
      count += area >= min_area;
    }
    return count;
  }

  /// Two things side by side, each half judged by itself beside the same thing alone; and numbers of things, counted.
  Result<Json> arrangements() {
    std::vector<std::string> alone, pairs, numbers;
    for (size_t i = 0; i < kThings.size(); ++i) {
      alone.push_back(fmt::format("a {}", kThings[i]));
      pairs.push_back(fmt::format("a {} and a {}", kThings[i], kThings[(i + 7) % kThings.size()]));
    }
    constexpr std::array kCounted{"apples", "owls", "mushrooms", "hearts", "bells", "stars"};
    constexpr std::array kNumbers{"two", "three", "four", "five"};
    for (const char* thing : kCounted)
      for (const char* number : kNumbers) numbers.push_back(fmt::format("{} {}", number, thing));
    PTAH_TRY(const Tensor singles, draw("arrangements", alone, "glossy"));
    PTAH_TRY(const Tensor doubles, draw("arrangements", pairs, "glossy"));
    PTAH_TRY(const Tensor many, draw("arrangements", numbers, "glossy"));
    const int64_t edge = model_.own_size(), half = edge / 2;
    const auto side = [&](int64_t left) {
      return resize(slice(slice(doubles, 1, half / 2, half / 2 + half), 2, left, left + half), edge, edge, Filter::bilinear);
    };
    const auto seen = nearest_concepts(concat({singles, side(0), side(half)}, 0));  // things alone, left halves, right halves
    int64_t found_alone = 0, found = 0, both = 0;
    for (size_t i = 0; i < kThings.size(); ++i) {
      const auto sees = [&](size_t group, size_t thing) {
        return among(seen[group * kThings.size() + i], [&](const std::string& word) { return word == kThings[thing]; });
      };
      const bool first = sees(1, i), second = sees(2, (i + 7) % kThings.size());
      found_alone += sees(0, i);
      found += first + second;
      both += first && second;
    }
    int64_t counted = 0;
    for (size_t i = 0; i < numbers.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      counted += pieces(slice(many, 0, at, at + 1)) == static_cast<int64_t>(i % kNumbers.size()) + 2;
    }
    PTAH_TRY_VOID(sheet("arrangements", concat({doubles, many}, 0), 8));
    const auto share = [](int64_t part, size_t whole) { return static_cast<double>(part) / static_cast<double>(whole); };
    return Json{{"pairs", pairs.size()},
                {"each_top5", share(found, 2 * pairs.size())},
                {"both_top5", share(both, pairs.size())},
                {"alone_top5", share(found_alone, alone.size())},
                {"numbers", numbers.size()},
                {"counted", share(counted, numbers.size())}};
  }

  /// Glossy pictures (or what there is) of different concepts in an order of chance: `count` to draw, `count` more to compare the true ones with.
  std::vector<int64_t> some_pictures(int64_t count) const {
    std::vector<int64_t> out, all = train_indices(set_);
    Random random(7, uint64_t{10} << 48);
    for (size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.below(static_cast<uint32_t>(i))]);
    const bool glossy = std::any_of(all.begin(), all.end(), [&](int64_t i) { return set_.entries[static_cast<size_t>(i)].style == "glossy"; });
    std::set<std::string> taken;
    for (const int64_t i : all) {
      const PictureEntry& entry = set_.entries[static_cast<size_t>(i)];
      if (entry.recoloured || (glossy && entry.style != "glossy") || !taken.insert(entry.concept_name).second) continue;
      out.push_back(i);
      if (static_cast<int64_t>(out.size()) == count) break;
    }
    return out;
  }

  Result<Json> frechet() {
    std::vector<int64_t> first = some_pictures(2 * evaluation_.count);
    if (first.size() < 4) return fail(ErrorCode::invalid_argument, "evaluate: 'frechet' needs pictures of at least four concepts; there are {}", first.size());
    const size_t half = first.size() / 2;
    const std::vector<int64_t> second(first.begin() + static_cast<std::ptrdiff_t>(half), first.begin() + static_cast<std::ptrdiff_t>(2 * half));
    first.resize(half);
    const std::vector<std::string> captions = captions_of(first);
    PTAH_TRY(const Tensor drawn, draw("frechet", captions, "any"));
    const Tensor truth = judge_.pictures(true_pictures(first));
    PTAH_TRY_VOID(sheet("frechet", drawn));
    return Json{{"of", first.size()},
                {"distance", frechet_distance(judge_.pictures(drawn), truth)},
                {"between_true", frechet_distance(judge_.pictures(true_pictures(second)), truth)}};
  }

  Result<Json> nearest_training_pictures() {
    const std::vector<int64_t> shown = some_pictures(kNearest);
    const std::vector<std::string> captions = captions_of(shown);
    PTAH_TRY(const Tensor drawn, draw("nearest", captions, "any"));
    const Tensor mine = small_pixels(drawn);
    const int64_t width = mine.dim(1), count = static_cast<int64_t>(shown.size());
    std::vector<double> smallest(shown.size(), 1e300);
    std::vector<int64_t> nearest(shown.size());
    constexpr int64_t kPart = 256;
    const std::vector<int64_t> all = train_indices(set_);
    for (size_t first = 0; first < all.size(); first += kPart) {
      const std::vector<int64_t> part(all.begin() + static_cast<std::ptrdiff_t>(first),
                                      all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), first + kPart)));
      const Tensor theirs = small_pixels(true_pictures(part));
      for (int64_t i = 0; i < count; ++i)
        for (size_t j = 0; j < part.size(); ++j) {
          const float *a = mine.data<float>() + i * width, *b = theirs.data<float>() + static_cast<int64_t>(j) * width;
          float sum = 0;
          for (int64_t c = 0; c < width; ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
          const auto at = static_cast<size_t>(i);
          const double distance = static_cast<double>(sum) / static_cast<double>(width);
          if (distance < smallest[at]) {
            smallest[at] = distance;
            nearest[at] = part[j];
          }
        }
    }
    std::vector<double> decibels;
    int64_t own = 0;
    for (size_t i = 0; i < shown.size(); ++i) {
      decibels.push_back(10 * std::log10(4 / std::max(smallest[i], 1e-9)));  // values reach from −1 to 1
      own += nearest[i] == shown[i];
    }
    PTAH_TRY_VOID(sheet_of_pairs("nearest", drawn, true_pictures(nearest)));
    const auto above = [&](double level) { return std::count_if(decibels.begin(), decibels.end(), [&](double d) { return d > level; }); };
    Json out{{"of", shown.size()}, {"own_is_nearest", own}, {"above_20_dB", above(20)}, {"above_25_dB", above(25)}};
    std::sort(decibels.begin(), decibels.end());
    out["median_dB"] = decibels[decibels.size() / 2];
    return out;
  }

  const PictureModel& model_;
  const PictureJudge& judge_;
  const PictureSet& set_;
  const Evaluation& evaluation_;
  const TrainCallbacks& callbacks_;
};

}  // namespace

Result<Json> evaluate_picture_model(const PictureModel& model, const PictureJudge& judge, const PictureSet& set, const Evaluation& evaluation,
                                    const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<Json> {
    const NoGrad off;
    if (evaluation.count < 2) return fail(ErrorCode::invalid_argument, "evaluate: count is {}; expected at least 2", evaluation.count);
    std::vector<Evaluator::Part> measures;  // all are known before the first is drawn
    for (const std::string& name : evaluation.parts) {
      PTAH_TRY(const auto measure, Evaluator::part(name));
      measures.push_back(measure);
      const fs::path sheet = evaluation.sheets / (name + ".png");
      if (!evaluation.sheets.empty() && fs::exists(fs::symlink_status(sheet)))
        return fail(ErrorCode::invalid_argument, "evaluate: {} is there already; choose another folder for the sheets", sheet.string());
    }
    if (!evaluation.sheets.empty()) {
      std::error_code problem;
      fs::create_directories(evaluation.sheets, problem);
      if (problem) return fail(ErrorCode::io, "cannot create {}: {}", evaluation.sheets.string(), problem.message());
    }
    Evaluator evaluator(model, judge, set, evaluation, callbacks);
    const CreateRequest& r = evaluation.request;
    Json out{{"model", "sha256:" + model.sha256()},
             {"judge", "sha256:" + judge.sha256()},
             {"numeric_path", numeric_path()},
             {"request", {{"seed", r.seed}, {"steps", r.steps}, {"guidance", r.guidance}, {"sampler", r.sampler}, {"best_of", r.best_of}}}};
    for (size_t i = 0; i < measures.size(); ++i) {
      const std::string& part = evaluation.parts[i];
      PTAH_TRY(out[part], (evaluator.*measures[i])());
      if (callbacks.say) callbacks.say(part + ": " + out[part].dump());
    }
    return out;
  });
}

}  // namespace ptah
