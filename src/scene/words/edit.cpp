// Changes of a scene by words.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "scene/words/reader.h"

namespace ptah {

namespace {

std::string join(const SceneWords& words, size_t from, size_t to) {
  std::string out;
  for (size_t i = from; i < to; ++i) out += (out.empty() ? "" : " ") + words[i];
  return out;
}

/// What words of a scene name: its kind, what they say of it, and how many ("the", "all").
struct Named {
  std::vector<size_t> objects;
  size_t end = 0;  ///< behind the words
};

bool in_family(const std::string& a, const std::string& b) {
  static const std::vector<std::set<std::string>> kFamilies{{"table", "coffee_table", "desk", "bedside_table"},
                                                            {"table_lamp", "floor_lamp", "ceiling_lamp"},
                                                            {"chair", "armchair", "office_chair", "stool"},
                                                            {"bed", "bunk_bed"},
                                                            {"washbasin", "kitchen_sink"}};
  return a == b || std::any_of(kFamilies.begin(), kFamilies.end(), [&](const auto& f) { return f.contains(a) && f.contains(b); });
}

class Editor {
 public:
  Editor(SceneProgram& program, const SceneWords& words, const std::string& text, const SceneLexicon& lexicon, const ScenePlaces& places,
         const NearestKind& nearest)
      : program_(program), words_(words), text_(text), lexicon_(lexicon), places_(places), nearest_(nearest) {}

  Result<void> run() {
    static const std::set<std::string> kMove{"move", "put", "place", "set", "shift", "bring", "hang", "turn"}, kRemove{"remove", "delete", "drop", "clear"},
        kAdd{"add", "insert", "include"}, kMake{"make", "paint", "colour", "color", "change"};
    size_t at = 0;
    while (at < words_.size() && (words_[at] == "please" || words_[at] == "now" || words_[at] == "and")) ++at;
    if (at >= words_.size()) return fail(ErrorCode::invalid_argument, "an edit without words");
    const std::string& verb = words_[at];
    if (kRemove.contains(verb) || (verb == "take" && at + 1 < words_.size() && words_[at + 1] == "away")) return remove(at + (verb == "take" ? 2 : 1));
    if (kAdd.contains(verb)) return add(at + 1);
    if (kMake.contains(verb)) return make(at + 1);
    if (kMove.contains(verb)) return move(at + 1);
    return fail(ErrorCode::invalid_argument, "\"{}\": an edit begins with move, remove, add or make", printable(text_, 80));
  }

 private:
  Result<Named> named(size_t at) const {
    bool all = false, every = false;
    while (at < words_.size() && (words_[at] == "the" || words_[at] == "all" || words_[at] == "a" || words_[at] == "an" || words_[at] == "every" ||
                                  words_[at] == "each" || words_[at] == "of" || words_[at] == "both" || words_[at] == "one"))
      every = every || words_[at] == "all" || words_[at] == "every" || words_[at] == "both" || words_[at] == "each", ++at;
    const auto number = lexicon_.number(words_, at);
    if (number && number.value > 1) at += number.length;
    for (size_t i = at; i < words_.size() && i < at + 4; ++i) {
      auto noun = lexicon_.noun(words_, i);
      if (!noun) continue;
      while (const auto later = lexicon_.noun(words_, i + noun.length)) {
        if (later.value.is != NounEntry::Kind::thing) break;
        i += noun.length;
        noun = later;
      }
      if (noun.value.is != NounEntry::Kind::thing) break;
      all = every || noun.value.plural;
      const std::string& kind = noun.value.noun.kind;
      Json wanted = Json::object();
      for (size_t k = at; k < i;) {
        const auto found = lexicon_.before(words_, k, i, kind);
        if (found) wanted.update(found.value);
        k += std::max<size_t>(1, found.length);
      }
      Named out;
      out.end = i + noun.length;
      for (const bool exact : {true, false})
        for (size_t o = 0; o < program_.objects.size() && (exact || out.objects.empty()); ++o)
          if ((exact ? program_.objects[o].kind == kind : in_family(program_.objects[o].kind, kind)) && fits(program_.objects[o], wanted))
            out.objects.push_back(o);
      // "chair 2" is one of them.
      if (out.end < words_.size() && words_[out.end].find_first_not_of("0123456789") == std::string::npos)
        for (const size_t o : out.objects)
          if (program_.objects[o].id.ends_with(" " + words_[out.end])) return Named{{o}, out.end + 1};
      if (out.objects.empty()) break;
      const size_t count = number && number.value > 1 ? static_cast<size_t>(number.value) : all ? out.objects.size() : 1;
      if (out.objects.size() > count) out.objects.resize(count);
      return out;
    }
    std::vector<std::string> ids;
    for (const SceneObject& o : program_.objects) ids.push_back(o.id);
    return fail(ErrorCode::invalid_argument, "\"{}\": the scene has no such thing; it has {}", printable(text_, 80), fmt::join(ids, ", "));
  }

  static bool fits(const SceneObject& object, const Json& wanted) {
    for (const auto& [name, value] : wanted.items())
      if (!object.parameters.contains(name) || object.parameters.at(name) != value) return false;
    return true;
  }

  /// A thing and what is relative to it have to be placed again.
  void loosen(const std::string& id, std::set<std::string>& done) {
    if (!done.insert(id).second) return;
    SceneObject* object = program_.find(id);
    if (object) object->pose.reset(), object->on.clear();
    for (const SceneObject& other : program_.objects)
      if (other.on == id) loosen(other.id, done);
    for (const SceneRelation& r : program_.relations)
      if (std::find(r.to.begin(), r.to.end(), id) != r.to.end() && r.is != "facing") loosen(r.of, done);
  }

  Result<void> remove(size_t at) {
    PTAH_TRY(const Named found, named(at));
    std::set<std::string> gone, loose;
    for (const size_t o : found.objects) gone.insert(program_.objects[o].id);
    for (const std::string& id : gone) {
      for (const SceneObject& other : program_.objects)
        if (other.on == id && !gone.contains(other.id)) loosen(other.id, loose);
    }
    std::erase_if(program_.relations, [&](const SceneRelation& r) {
      return gone.contains(r.of) || std::any_of(r.to.begin(), r.to.end(), [&](const std::string& to) { return gone.contains(to); });
    });
    std::erase_if(program_.objects, [&](const SceneObject& o) { return gone.contains(o.id); });
    assume_relations(program_, places_, lexicon_.kinds());
    return {};
  }

  /// What a relation that was read is to, by the scene's names; walls keep theirs.
  Result<void> rename(SceneRelation& relation, const SceneProgram& read, const std::map<std::string, std::string>& names) const {
    for (std::string& to : relation.to) {
      if (const auto known = names.find(to); known != names.end())
        to = known->second;
      else if (std::any_of(read.objects.begin(), read.objects.end(), [&](const SceneObject& o) { return o.id == to; }))
        return fail(ErrorCode::invalid_argument, "\"{}\": the scene has no {}", printable(text_, 80), to);
    }
    return {};
  }

  Result<void> add(size_t at) {
    // Read as a sentence behind those that name what is there, so that "the table" is the one of the scene.
    PTAH_TRY(const SceneProgram read, scene_of_words(known_words() + join(words_, at, words_.size()), lexicon_, places_, nearest_, program_.seed));
    const size_t before = counted_;
    if (read.objects.size() <= before) return fail(ErrorCode::invalid_argument, "\"{}\": it names nothing that can be added", printable(text_, 80));
    std::map<std::string, std::string> names;
    for (size_t i = 0; i < before && i < read.objects.size(); ++i) names[read.objects[i].id] = program_.objects[order_[i]].id;
    for (size_t i = before; i < read.objects.size(); ++i) {
      SceneObject object = read.objects[i];
      object.id = fresh_id(object.kind);
      names[read.objects[i].id] = object.id;  // the reader counted anew, so the two may differ
      program_.objects.push_back(std::move(object));
    }
    for (SceneRelation r : read.relations) {
      const bool ours =
          std::any_of(read.objects.begin() + static_cast<std::ptrdiff_t>(before), read.objects.end(), [&](const SceneObject& o) { return o.id == r.of; });
      if (!ours) continue;
      r.of = names[r.of];
      PTAH_TRY_VOID(rename(r, read, names));
      program_.relations.push_back(std::move(r));
    }
    program_.left_out.insert(program_.left_out.end(), read.left_out.begin(), read.left_out.end());
    return {};
  }

  /// "a bedroom. a bed. two chairs." for what is there, kinds one behind the other.
  std::string known_words() {
    std::string out = "a " + program_.room.kind + ". ";
    std::set<std::string> done;
    counted_ = 0;
    order_.clear();
    for (const SceneObject& object : program_.objects) {
      if (!done.insert(object.kind).second) continue;
      std::vector<size_t> same;
      for (size_t o = 0; o < program_.objects.size(); ++o)
        if (program_.objects[o].kind == object.kind) same.push_back(o);
      std::string name = object.kind;
      std::replace(name.begin(), name.end(), '_', ' ');
      const auto usual = lexicon_.names();
      const auto found = std::find_if(usual.begin(), usual.end(), [&](const auto& n) { return n.second == object.kind; });
      const SceneWords test = scene_words(name);
      if (!lexicon_.noun(test, 0) && found != usual.end()) name = found->first;
      out += fmt::format("{} {}. ", same.size(), name);
      order_.insert(order_.end(), same.begin(), same.end());
      counted_ += same.size();
    }
    return out;
  }

  std::string fresh_id(const std::string& kind) const {
    if (!program_.find(kind)) {
      const bool numbered = std::any_of(program_.objects.begin(), program_.objects.end(), [&](const SceneObject& o) { return o.kind == kind; });
      if (!numbered) return kind;
    }
    for (int i = 2;; ++i)
      if (std::string id = fmt::format("{} {}", kind, i); !program_.find(id)) return id;
  }

  Result<void> make(size_t at) {
    PTAH_TRY(const Named found, named(at));
    bool any = false;
    for (const size_t o : found.objects) {
      SceneObject& object = program_.objects[o];
      for (size_t i = found.end; i < words_.size();) {
        auto said = lexicon_.before(words_, i, words_.size(), object.kind);
        if (!said) said = lexicon_.behind(words_, i, object.kind);
        if (said) object.parameters.update(said.value), any = true;
        i += std::max<size_t>(1, said.length);
      }
      // A colour changes no size; anything else may.
      std::set<std::string> loose;
      if (resized(found.end, object.kind)) loosen(object.id, loose);
    }
    if (!any) return fail(ErrorCode::invalid_argument, "\"{}\": it names no colour, material or size that the thing can have", printable(text_, 80));
    return {};
  }

  bool resized(size_t from, const std::string& kind) const {
    for (size_t i = from; i < words_.size(); ++i)
      if (const auto said = lexicon_.before(words_, i, words_.size(), kind))
        for (const auto& [name, value] : said.value.items())
          if (name != "color" && name != "finish" && name != "accent") return true;
    return false;
  }

  Result<void> move(size_t at) {
    PTAH_TRY(const Named found, named(at));
    const SceneObject& object = program_.objects[found.objects[0]];
    // As "the lamp is to the left of the sofa" behind what is there.
    PTAH_TRY(const SceneProgram read, scene_of_words(known_words() + "the " + words_of_kind(object.kind) + " is " + join(words_, found.end, words_.size()),
                                                     lexicon_, places_, nearest_, program_.seed));
    std::map<std::string, std::string> names;
    for (size_t i = 0; i < counted_ && i < read.objects.size(); ++i) names[read.objects[i].id] = program_.objects[order_[i]].id;
    std::vector<SceneRelation> moved;
    for (const SceneRelation& r : read.relations) {
      if (r.assumed || !names.contains(r.of) || program_.find(names[r.of])->kind != object.kind) continue;
      SceneRelation one = r;
      PTAH_TRY_VOID(rename(one, read, names));
      moved.push_back(std::move(one));
    }
    if (moved.empty()) return fail(ErrorCode::invalid_argument, "\"{}\": it does not say where to", printable(text_, 80));
    std::set<std::string> loose;
    for (const size_t o : found.objects) {
      const std::string id = program_.objects[o].id;
      std::erase_if(program_.relations, [&](const SceneRelation& r) { return r.of == id; });
      std::set<std::string> said;
      for (SceneRelation r : moved) {
        r.of = id;
        std::erase(r.to, id);
        std::string key = r.is;
        for (const std::string& to : r.to) key += "|" + to;
        if (said.insert(key).second && (said.size() == 1 || r.is != moved.front().is)) program_.relations.push_back(r);
      }
      loosen(id, loose);
    }
    return {};
  }

  std::string words_of_kind(const std::string& kind) const {
    std::string name = kind;
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
  }

  SceneProgram& program_;
  const SceneWords& words_;
  const std::string& text_;
  const SceneLexicon& lexicon_;
  const ScenePlaces& places_;
  const NearestKind& nearest_;
  size_t counted_ = 0;
  std::vector<size_t> order_;
};

}  // namespace

Result<void> edit_scene_by_words(SceneProgram& program, const std::string& text, const SceneLexicon& lexicon, const ScenePlaces& places,
                                 const NearestKind& nearest) {
  return guard([&] {
    const SceneWords words = scene_words(text);
    return Editor(program, words, text, lexicon, places, nearest).run();
  });
}

}  // namespace ptah
