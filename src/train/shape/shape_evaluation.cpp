#include "train/shape/shape_evaluation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "base/text.h"
#include "shape/material.h"

namespace ptah {

namespace {

/// Behind those of training (shape_trainer.cpp).
constexpr uint64_t kEvaluationStream = uint64_t{3} << 48;

/// So many of so many.
struct Share {
  int64_t right = 0, all = 0;
  void take(bool good) {
    ++all;
    right += good;
  }
  Json json() const { return all == 0 ? Json() : Json(static_cast<double>(right) / static_cast<double>(all)); }
};

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

bool gives(const WrittenThing& thing, const std::string& word) {
  return std::any_of(thing.given.begin(), thing.given.end(), [&](const auto& one) { return one.second.word == word; });
}

/// Whether a thing is what a paraphrase asks for: words that some parameter has to have, and "name=value" of single ones, with commas. What is not given is as
/// the kind has it; numbers may differ by 3 %.
bool is_as_asked(const WrittenThing& thing, const ShapeKind& kind, const std::string& asked) {
  std::stringstream list(asked);
  for (std::string one; std::getline(list, one, ',');) {
    const size_t equals = one.find('=');
    if (equals == std::string::npos) {
      if (!gives(thing, one)) return false;
      continue;
    }
    const std::string name = one.substr(0, equals), value = one.substr(equals + 1);
    const ShapeParameter* p = kind.parameter(name);
    if (!p) return false;
    const auto given = std::find_if(thing.given.begin(), thing.given.end(), [&](const auto& g) { return g.first == name; });
    const ShapeValue& has = given == thing.given.end() ? p->value : given->second;
    char* rest = nullptr;
    const double number = std::strtod(value.c_str(), &rest);
    const auto close = [&](double own) { return *rest == 0 && std::abs(own - number) <= 0.03 * std::abs(number) + 1e-6; };
    const bool right = has.kind == ShapeValue::Kind::number    ? close(has.number) || close(has.number * thing.scale)
                       : has.kind == ShapeValue::Kind::boolean ? (has.number != 0) == (value == "true")
                                                               : has.word == value;
    if (!right) return false;
  }
  return true;
}

Result<Json> evaluate_paraphrases(const ShapeMaker& maker, const std::vector<Paraphrase>& all, std::vector<std::string>& wrong, const CancelToken* cancel) {
  Share kind, both, refused;
  for (const Paraphrase& one : all) {
    PTAH_TRY(const WrittenShape read, maker.read(one.text, cancel));
    if (!maker.kinds().kinds().contains(one.kind)) {
      refused.take(!read.known());
      continue;
    }
    const bool right = read.known() && read.writing.things[0].kind == one.kind;
    const bool coloured = one.asked.empty() || (right && is_as_asked(read.writing.things[0], maker.kinds().kinds().at(one.kind), one.asked));
    kind.take(right);
    both.take(right && coloured);
    if (!right || !coloured)
      wrong.push_back(fmt::format("{} ({} {}): {} {:.2f}", one.text, one.kind, one.asked, read.writing.things.empty() ? "nothing" : read.writing.things[0].kind,
                                  read.certainty));
  }
  return Json{{"count", kind.all}, {"kind", kind.json()}, {"kind_and_asked", both.json()}, {"unknown_kinds", refused.all}, {"refused", refused.json()}};
}

/// How the parameters of sentences came out, by what they are.
struct Attributes {
  Share color, material, count, word, number;

  void take(const ShapeKind& kind, const KindPhrases& phrases, const WrittenThing& meant, const WrittenThing& read) {
    for (const auto& [name, value] : meant.given) {
      const auto p =
          std::find_if(kind.parameters.begin(), kind.parameters.end(), [&, &wanted = name](const ShapeParameter& one) { return one.name == wanted; });
      const auto found = std::find_if(read.given.begin(), read.given.end(), [&, &wanted = name](const auto& one) { return one.first == wanted; });
      const bool there = found != read.given.end();
      if (value.kind == ShapeValue::Kind::number && !phrases.counts.contains(name)) {
        number.take(there && std::abs(found->second.number - value.number) <= (p->high - p->low) * 3 / kShapeLevels);
        continue;
      }
      const bool right = there && found->second.word == value.word && found->second.number == value.number;
      const auto has = [&](const char* one) { return std::find(p->choices.begin(), p->choices.end(), one) != p->choices.end(); };
      (value.kind == ShapeValue::Kind::number ? count : has("red") ? color : has("oak") ? material : word).take(right);
    }
  }
};

/// Every edge once in each direction.
bool is_closed(const Mesh& mesh) {
  std::set<std::pair<uint32_t, uint32_t>> edges;
  for (const auto& t : mesh.triangles)
    for (size_t i = 0; i < 3; ++i)
      if (!edges.insert({t[i], t[(i + 1) % 3]}).second) return false;
  return std::all_of(edges.begin(), edges.end(), [&](const auto& e) { return edges.contains({e.second, e.first}); });
}

/// Connected surfaces that enclose matter; one that encloses a hollow (its volume is negative) is no body of its own.
int64_t bodies(const Mesh& mesh) {
  const std::vector<uint32_t> component = component_of_vertices(mesh);
  std::map<uint32_t, double> volumes;
  for (const auto& t : mesh.triangles) {
    const Vec3 &a = mesh.positions[t[0]], &b = mesh.positions[t[1]], &c = mesh.positions[t[2]];
    volumes[component[t[0]]] += static_cast<double>(dot(a, cross(b, c)));
  }
  return std::count_if(volumes.begin(), volumes.end(), [](const auto& v) { return v.second > 0; });
}

}  // namespace

Result<std::vector<Paraphrase>> read_paraphrases(const std::string& text) {
  std::vector<Paraphrase> out;
  for (const std::string& line : lines_of(text)) {
    const size_t first = line.find('|'), second = first == std::string::npos ? first : line.find('|', first + 1);
    if (second == std::string::npos) return fail(ErrorCode::corrupt, "paraphrases: '{}' is not kind|what is asked for|text", line.substr(0, 80));
    out.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return out;
}

Result<Json> evaluate_shapes(const ShapeMaker& maker, const ShapePhrases& phrases, const ShapeEvaluation& how, std::vector<std::string>& wrong,
                             const CancelToken* cancel) {
  Json out;
  PTAH_TRY(out["paraphrases"], evaluate_paraphrases(maker, how.paraphrases, wrong, cancel));
  Share exact, kinds, run, closed, one_body;
  Attributes attributes;
  double writing = 0, running = 0;
  for (int64_t i = 0; i < how.sentences; ++i) {
    Random random(how.seed, kEvaluationStream + static_cast<uint64_t>(i));
    const Caption meant = random_caption(maker.kinds(), phrases, random);
    const auto start = std::chrono::steady_clock::now();
    PTAH_TRY(const WrittenShape read, maker.read(meant.text, cancel));
    writing += milliseconds_since(start);
    exact.take(read.writing == meant.writing);
    for (size_t t = 0; t < meant.writing.things.size(); ++t) {
      const WrittenThing& thing = meant.writing.things[t];
      const bool right = t < read.writing.things.size() && read.writing.things[t].kind == thing.kind;
      kinds.take(right);
      PTAH_TRY(const ShapeKind* kind, maker.kinds().find(thing.kind));
      if (right) attributes.take(*kind, phrases.of(thing.kind), thing, read.writing.things[t]);
    }
    if (i >= how.solids || read.writing.things.empty()) continue;
    const auto begin = std::chrono::steady_clock::now();
    const auto kinds_here = std::shared_ptr<const ShapeKinds>(std::shared_ptr<void>(), &maker.kinds());  // lives as long as the maker
    const auto assembly = run_shape(maker.program(read, meant.text, static_cast<uint64_t>(i)), {.set = {}, .library = ShapeKinds::library(kinds_here)}, cancel);
    const auto whole = assembly ? whole_solid(*assembly, cancel) : tl::unexpected<Error>(assembly.error());
    running += milliseconds_since(begin);
    run.take(whole.has_value());
    if (!whole) wrong.push_back(fmt::format("{}: {}", meant.text, whole.error().message));
    closed.take(whole && is_closed(whole->mesh));
    if (whole && read.writing.things.size() == 1 && read.writing.things[0].count == 1) one_body.take(bodies(whole->mesh) == 1);
  }
  out["sentences"] = {{"count", how.sentences},
                      {"exact", exact.json()},
                      {"kind", kinds.json()},
                      {"color", attributes.color.json()},
                      {"material", attributes.material.json()},
                      {"count_words", attributes.count.json()},
                      {"words", attributes.word.json()},
                      {"numbers", attributes.number.json()}};
  out["solids"] = {{"count", run.all}, {"run", run.json()}, {"closed", closed.json()}, {"one_body", one_body.json()}};
  out["milliseconds"] = {{"write", how.sentences > 0 ? Json(writing / static_cast<double>(how.sentences)) : Json()},
                         {"run", run.all > 0 ? Json(running / static_cast<double>(run.all)) : Json()}};
  return out;
}

}  // namespace ptah
