#include "train/loop/picture_sampler.h"

namespace ptah {

namespace {

float weight_of(const std::map<std::string, float>& weights, const std::string& name) {
  const auto found = weights.find(name);
  return found == weights.end() ? 1.0F : found->second;
}

std::map<std::string, float> read_weights(const Json& json, const std::string& where) {
  std::map<std::string, float> weights;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_number() || !(value.get<float>() >= 0))
      throw Failure({ErrorCode::invalid_argument, fmt::format("config: '{}.{}' is {}; expected a number of at least 0", where, name, value.dump())});
    weights[name] = value.get<float>();
  }
  return weights;
}

template <class Items, class Weight>
size_t draw(Random& random, const Items& items, float total, const Weight& weight) {
  float left = random.uniform() * total;
  for (size_t i = 0; i < items.size(); ++i)
    if ((left -= weight(items[i])) < 0) return i;
  return items.size() - 1;
}

}  // namespace

PictureWeights read_picture_weights(Reader& reader, const std::string& stage) {
  PictureWeights weights;
  weights.groups = read_weights(reader.object("group_weights"), stage + ".group_weights");
  weights.concepts = read_weights(reader.object("concept_weights"), stage + ".concept_weights");
  weights.styles = read_weights(reader.get<Json>("style_weights", {{"glossy", 3}}), stage + ".style_weights");
  weights.recoloured = reader.get<float>("recoloured_weight", 0.5F);
  return weights;
}

PictureSampler::PictureSampler(const PictureSet& set, const PictureWeights& weights) {
  std::map<std::string, Concept> concepts;
  for (const int64_t i : train_indices(set)) {
    const PictureEntry& entry = set.entries[static_cast<size_t>(i)];
    const float weight = weight_of(weights.styles, entry.style) * (entry.recoloured ? weights.recoloured : 1.0F);
    if (weight <= 0) continue;
    Concept& mine = concepts[entry.concept_name];
    mine.weight = weight_of(weights.groups, entry.group) * weight_of(weights.concepts, entry.concept_name);
    mine.total += weight;
    mine.pictures.emplace_back(i, weight);
  }
  for (auto& [name, found] : concepts) {
    if (found.weight <= 0) continue;
    total_ += found.weight;
    concepts_.push_back(std::move(found));
  }
  if (concepts_.empty()) throw Failure({ErrorCode::invalid_argument, "config: every picture has weight 0"});
}

size_t PictureSampler::draw_concept(Random& random) const {
  return draw(random, concepts_, total_, [](const Concept& c) { return c.weight; });
}

int64_t PictureSampler::draw_picture(const Concept& from, Random& random) {
  return from.pictures[draw(random, from.pictures, from.total, [](const auto& p) { return p.second; })].first;
}

int64_t PictureSampler::pick(Random& random) const { return draw_picture(concepts_[draw_concept(random)], random); }

std::vector<int64_t> PictureSampler::pick_of_different_concepts(int64_t count, Random& random) const {
  PTAH_CHECK(count <= concepts(), "{} different concepts of {}", count, concepts());
  std::vector<char> taken(concepts_.size());
  std::vector<int64_t> out;
  while (static_cast<int64_t>(out.size()) < count) {
    size_t i = draw_concept(random);
    while (taken[i]) i = (i + 1) % concepts_.size();
    taken[i] = 1;
    out.push_back(draw_picture(concepts_[i], random));
  }
  return out;
}

}  // namespace ptah
