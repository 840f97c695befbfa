#include "scene/words/fitting.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ptah {

namespace {

class Fitter {
 public:
  Fitter(SceneProgram& program, const ScenePlaces& places, const ShapeKinds& kinds) : program_(program), places_(places), kinds_(kinds) {}

  void run() {
    rugs();
    shared_rugs();
    tables();
    beds();
    for (const SceneRelation& r : std::vector(program_.relations))
      if (r.to.size() == 1) make_fit(r);
    carriers();
    rows();
  }

 private:
  bool named(const std::string& id, const char* is) const {
    return std::any_of(program_.relations.begin(), program_.relations.end(),
                       [&](const SceneRelation& r) { return r.is == is && std::find(r.to.begin(), r.to.end(), id) != r.to.end(); });
  }
  static double number_at(const Json& parameters, const char* name, double usual) {
    return parameters.contains(name) && parameters.at(name).is_number() ? parameters.at(name).get<double>() : usual;
  }

  /// A rug that carries furniture reaches beyond it, and below what stands around it.
  void rugs() {
    for (const SceneRelation& r : std::vector(program_.relations)) {
      SceneObject* rug = r.is == "on" && r.to.size() == 1 ? program_.find(r.to[0]) : nullptr;
      const SceneObject* thing = program_.find(r.of);
      if (!rug || rug->kind != "rug" || !thing || rug->pose) continue;
      const bool large = thing->kind == "table" || thing->kind == "bed" || thing->kind == "sofa" || thing->kind == "desk" || thing->kind == "coffee_table";
      if (!large) continue;
      const bool seats = named(thing->id, "around");
      rug->parameters["width"] =
          std::min(4.0, std::max(number_at(rug->parameters, "width", 2), number_at(thing->parameters, "width", 1.6) + (seats ? 1.9 : 0.5)));
      rug->parameters["depth"] = std::min(3.0, std::max(number_at(rug->parameters, "depth", 1.4),
                                                        number_at(thing->parameters, "depth", thing->kind == "bed" ? 2.1 : 0.9) + (seats ? 1.9 : 0.5)));
    }
  }

  /// A rug on which several pieces of furniture stand has room for them.
  void shared_rugs() {
    for (SceneObject& rug : program_.objects) {
      if (rug.kind != "rug" || rug.pose) continue;
      double area = 0;
      int count = 0;
      for (const SceneRelation& r : program_.relations) {
        const SceneObject* thing = r.is == "on" && r.to.size() == 1 && r.to[0] == rug.id ? program_.find(r.of) : nullptr;
        if (!thing || places_.is_small(thing->kind)) continue;
        const double w = std::max(0.5, length_of(*thing, "width")), d = std::max(0.5, std::max(length_of(*thing, "depth"), length_of(*thing, "length")));
        area += (w + 0.4) * (d + 0.6);
        ++count;
      }
      if (count < 2) continue;
      const double width = length_of(rug, "width"), depth = length_of(rug, "depth"), larger = std::sqrt(area * 1.3 / (width * depth));
      if (larger > 1) set_length(rug, "width", width * larger), set_length(rug, "depth", depth * larger);
    }
  }

  /// A table is long enough for who sits around it.
  void tables() {
    std::map<std::string, int> around;
    for (const SceneRelation& r : program_.relations)
      if (r.is == "around" && !r.to.empty()) ++around[r.to[0]];
    for (const auto& [id, count] : around) {
      SceneObject* table = program_.find(id);
      if (!table || table->kind != "table" || table->pose || count <= 4) continue;
      const double need = 0.56 * std::ceil((count - 2) / 2.0);
      table->parameters["width"] = std::clamp(std::max(number_at(table->parameters, "width", 1.6), need), 0.8, 2.6);
    }
  }

  /// A bed is high enough for what lies below it: its rail is 0.3 m under the top of the mattress.
  void beds() {
    for (const SceneRelation& r : program_.relations) {
      SceneObject* bed = r.is == "under" && r.to.size() == 1 ? program_.find(r.to[0]) : nullptr;
      const SceneObject* thing = program_.find(r.of);
      if (!bed || bed->kind != "bed" || bed->pose || !thing || !thing->lying) continue;
      const double need = 0.3 + number_at(thing->parameters, "depth", 0.22) + 0.03;
      bed->parameters["seat_height"] = std::clamp(std::max(number_at(bed->parameters, "seat_height", 0.5), need), 0.38, 0.7);
    }
  }

  const ShapeParameter* parameter(const SceneObject& object, const char* name) const {
    const auto found = kinds_.kinds().find(object.kind);
    if (found == kinds_.kinds().end()) return nullptr;
    for (const ShapeParameter& p : found->second.parameters)
      if (p.name == name) return &p;
    return nullptr;
  }
  /// A length of a thing: what was said, else its kind's own; 0 without such a parameter.
  double length_of(const SceneObject& object, const char* name) const {
    const ShapeParameter* p = parameter(object, name);
    return p && p->is_ranged() ? number_at(object.parameters, name, p->value.number) : 0;
  }
  void set_length(SceneObject& object, const char* name, double value) {
    if (const ShapeParameter* p = parameter(object, name); p && p->is_ranged()) object.parameters[name] = std::clamp(value, p->low, p->high);
  }

  /// What lies below furniture is low enough, what a thing would carry of its own gives way to what was asked for.
  void make_fit(const SceneRelation& r) {
    SceneObject *thing = program_.find(r.of), *other = program_.find(r.to[0]);
    if (!thing || !other || thing->pose) return;
    if (r.is == "under") {
      const double high = length_of(*thing, "height") > 0 ? length_of(*thing, "height") : length_of(*thing, "size");
      double clear = 0;
      if (other->kind == "table" || other->kind == "desk") clear = length_of(*other, "height") - 0.16;
      if (other->kind == "coffee_table" || other->kind == "bench") clear = length_of(*other, "height") - 0.12;
      if (other->kind == "coffee_table" && !other->pose && !other->parameters.contains("shelf")) other->parameters["shelf"] = false;
      if (other->kind == "armchair") clear = 0.11;
      if (other->kind == "sofa") clear = 0.1;
      if (other->kind == "chair" || other->kind == "stool") clear = length_of(*other, other->kind == "chair" ? "seat_height" : "height") - 0.12;
      if (other->kind == "chair" && !other->pose && !other->parameters.contains("legs")) other->parameters["legs"] = "square";
      if (other->kind == "stool" && !other->pose && !other->parameters.contains("footrest")) other->parameters["footrest"] = false;
      if (other->kind == "bed" && !other->pose && !thing->lying) {
        set_length(*other, "seat_height", std::max(length_of(*other, "seat_height"), 0.3 + high + 0.05));
        clear = length_of(*other, "seat_height") - 0.34;
      }
      if (clear <= 0 || high <= clear) return;
      for (const char* name : {"width", "length", "depth", "size"})
        if (const double size = length_of(*thing, name); size > 0) set_length(*thing, name, size * clear / high);
      set_length(*thing, "height", clear);
      if (other->kind == "desk" && !other->parameters.contains("panel")) other->parameters["panel"] = false;
    }
    if ((r.is != "on" && r.is != "in") || other->pose) return;
    const KindPlace* carrier = places_.named(other->kind);
    const double tall = length_of(*thing, "height");
    if (carrier && carrier->stands != Stands::surface && other->kind != "rug" && other->kind != "bed" && !places_.named(thing->kind) && tall > 0.5 &&
        !thing->parameters.contains("height")) {  // a cactus on a stool is a small one
      for (const char* name : {"width", "length", "depth"})
        if (const double size = length_of(*thing, name); size > 0 && !thing->parameters.contains(name)) set_length(*thing, name, size * 0.35 / tall);
      set_length(*thing, "height", 0.35);
      if (parameter(*thing, "pot") && !thing->parameters.contains("pot")) thing->parameters["pot"] = true;
    }
    if (other->kind == "bookshelf" && !r.assumed && !other->parameters.contains("books")) other->parameters["books"] = false;
    if (r.is == "in" && other->kind == "basket" && !other->parameters.contains("handle")) other->parameters["handle"] = "none";
    if (r.is == "in" && other->kind == "bowl") set_length(*other, "height", std::max(length_of(*other, "height"), 0.11));
    if (other->kind == "cake") other->parameters["candles"] = 0;
    if (other->kind == "vase") other->parameters["flowers"] = 0;
    if (thing->kind == "owl" && !thing->parameters.contains("perch")) thing->parameters["perch"] = "none";         // it has what it sits on
    if (other->kind == "street_lamp" && !other->parameters.contains("style")) other->parameters["style"] = "arm";  // where an owl can sit
    if (other->kind == "vase" && (thing->kind == "tulip" || thing->kind == "flower")) flower_in_vase(*thing, *other);
  }

  /// A cut flower, and a neck through which its stem goes.
  void flower_in_vase(SceneObject& flower, SceneObject& vase) {
    const auto usual = [](SceneObject& object, const char* name, const Json& value) {
      if (!object.parameters.contains(name)) object.parameters[name] = value;
    };
    usual(flower, "pot", false);
    if (flower.kind == "tulip") usual(flower, "leaves", 1), usual(flower, "height", 0.3);
    if (flower.kind == "flower") usual(flower, "width", 0.07);
    usual(vase, "style", "slender");
    usual(vase, "width", 0.2);
  }

  /// Plates, cakes and the like are wide enough for what stands on them, as far as they can be; then what stands there is smaller.
  void carriers() {
    std::map<std::string, std::vector<SceneObject*>> loads;
    for (const SceneRelation& r : program_.relations)
      if ((r.is == "on" || r.is == "in") && r.to.size() == 1)
        if (SceneObject* thing = program_.find(r.of); thing && !thing->pose) loads[r.to[0]].push_back(thing);
    for (auto& [id, things] : loads) {
      SceneObject* carrier = program_.find(id);
      if (carrier && !carrier->pose) large_carrier(*carrier, things);
      const double width = carrier ? length_of(*carrier, "width") : 0;
      if (!carrier || carrier->pose || width <= 0 || width > 0.45) continue;
      const double depth = length_of(*carrier, "depth") > 0 ? length_of(*carrier, "depth") : width, share = carrier->kind == "plate" ? 0.5 : 0.8;
      double area = 0;
      for (const SceneObject* thing : things) {
        const double w = std::max({length_of(*thing, "width"), length_of(*thing, "size"), 0.03}),
                     d = length_of(*thing, "depth") > 0 ? length_of(*thing, "depth") : w;
        area += (w + 0.012) * (d + 0.012);
      }
      // Squares in a round: about seven tenths of it are used.
      const double need = std::sqrt(area / 0.62) / share;
      if (need <= std::min(width, depth)) continue;
      const double smaller = std::max(0.6, std::min(width, depth) / need);
      for (SceneObject* thing : things)
        for (const char* name : {"width", "depth"})
          if (const double size = length_of(*thing, name); size > 0 && !thing->parameters.contains(name)) set_length(*thing, name, size * smaller);
      const double larger = need * smaller / std::min(width, depth);
      if (larger <= 1) continue;
      set_length(*carrier, "width", width * larger);
      if (length_of(*carrier, "depth") > 0) set_length(*carrier, "depth", depth * larger);
    }
  }

  /// Three and more large things behind or in front of one stand side by side there, so that all of them are behind it: they are narrower, it is wider.
  void rows() {
    std::map<std::pair<std::string, std::string>, std::vector<SceneObject*>> all;
    for (const SceneRelation& r : program_.relations)
      if ((r.is == "behind" || r.is == "in_front_of") && r.to.size() == 1)
        if (SceneObject* thing = program_.find(r.of); thing && !thing->pose && places_.is_large(thing->kind)) all[{r.is, r.to[0]}].push_back(thing);
    constexpr double kGap = 0.8;
    for (auto& [where, things] : all) {
      SceneObject* other = program_.find(where.second);
      const auto n = static_cast<double>(things.size());
      if (!other || other->pose || n < 3) continue;
      double widest = 0;
      for (const SceneObject* thing : things) widest = std::max({widest, length_of(*thing, "width"), length_of(*thing, "depth")});
      const double need = widest * (n - 2) + (n - 1) * kGap;
      if (widest <= 0 || need <= length_of(*other, "width")) continue;
      set_length(*other, "width", need);
      const double each = (length_of(*other, "width") - (n - 1) * kGap) / (n - 2);
      for (SceneObject* thing : things)
        for (const char* name : {"width", "depth"})
          if (length_of(*thing, name) > each) set_length(*thing, name, each);
    }
  }

  /// A fence is long enough for who sits on it, and flat on top; a cart for its barrels, which are as small as they have to be.
  void large_carrier(SceneObject& carrier, const std::vector<SceneObject*>& things) {
    if (carrier.kind == "fence" || carrier.kind == "wall") {
      double need = 0.3;
      for (const SceneObject* thing : things) need += std::max({length_of(*thing, "width"), length_of(*thing, "length"), 0.2}) + 0.25;
      if (need > length_of(carrier, "width")) set_length(carrier, "width", need);
      if (carrier.kind == "fence" && !carrier.parameters.contains("tips")) carrier.parameters["tips"] = "flat";
      return;
    }
    if (carrier.kind == "bowl" && things.size() > 6) {  // in two layers
      set_length(carrier, "width", 0.35);
      set_length(carrier, "height", 0.16);
      for (SceneObject* thing : things)
        for (const char* name : {"width", "height", "length"})
          if (const double size = length_of(*thing, name); size > 0) set_length(*thing, name, size * 0.7);
      return;
    }
    if (carrier.kind != "cart" && carrier.kind != "wagon" && carrier.kind != "wheelbarrow" && carrier.kind != "crate") return;
    const char* along = length_of(carrier, "length") > 0 ? "length" : "depth";
    double area = 0;
    for (const SceneObject* thing : things) {
      const double w = std::max(length_of(*thing, "width"), 0.05), d = std::max({length_of(*thing, "depth"), length_of(*thing, "length"), w});
      area += (w + 0.03) * (d + 0.03);
    }
    const auto has = [&] { return length_of(carrier, "width") * length_of(carrier, along) * 0.5; };
    if (area <= has()) return;
    const double larger = std::sqrt(area / has());
    set_length(carrier, "width", length_of(carrier, "width") * larger);
    set_length(carrier, along, length_of(carrier, along) * larger);
    if (area <= has()) return;
    for (SceneObject* thing : things)
      for (const char* name : {"width", "depth", "length", "height"})
        if (const double size = length_of(*thing, name); size > 0) set_length(*thing, name, size * std::sqrt(has() / area));
  }

  SceneProgram& program_;
  const ScenePlaces& places_;
  const ShapeKinds& kinds_;
};

}  // namespace

void fit_sizes(SceneProgram& program, const ScenePlaces& places, const ShapeKinds& kinds) { Fitter(program, places, kinds).run(); }

}  // namespace ptah
