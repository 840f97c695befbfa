// From sentences to a scene program, by a grammar: lists of things, what they are like, and where they are to each other.
#pragma once

#include <set>

#include "scene/words/lexicon.h"

namespace ptah {

/// The kind whose names are nearest to words that the lexicon lacks; empty if none is near.
using NearestKind = std::function<Result<std::string>(const std::string& words)>;

/// Things alike that a sentence names together.
struct ReadGroup {
  NounEntry noun;
  std::string kind;   ///< empty: architecture, or unknown
  std::string words;  ///< as it was said
  int count = 1;
  int per = -1;  ///< the count is for each of this group
  Json set = Json::object();
  bool lying = false;                        ///< a verb said that it lies
  bool guessed = false, told_apart = false;  ///< no number was said; some of them were named one by one
};

struct ReadLink {
  std::string is;
  int of = -1;
  std::vector<int> to;
  std::string wall;   ///< "left", "back" …
  bool each = false;  ///< one of them for each of the others
  bool assumed = false;
};

/// What was read.
struct ReadScene {
  std::string room = "room";
  std::string room_size;  ///< "big", "small" or empty
  float width = 0, depth = 0;
  int windows = -1, doors = -1;
  std::string floor, walls;
  std::vector<ReadGroup> groups;
  std::vector<ReadLink> links;
  std::set<std::string> absent;  ///< kinds that are said not to be there: "without a fridge"
  std::vector<std::string> notes;
};

/// Reads a text of one or several sentences. Errors: invalid_argument if it names nothing; those of `nearest`.
Result<ReadScene> read_scene_words(const std::string& text, const SceneLexicon& lexicon, const ScenePlaces& places, const NearestKind& nearest);

/// The program of it: each thing with an id, relations between ids, and what is usual where nothing was said.
Result<SceneProgram> scene_of_words(const std::string& text, const SceneLexicon& lexicon, const ScenePlaces& places, const NearestKind& nearest, uint64_t seed);
/// Adds relations that are usual (chairs at tables, a coffee table before the sofa, small things on furniture), and gives things sizes at which what was asked
/// for fits: a table for its chairs, a plate for its cakes, a bin below a desk.
void assume_relations(SceneProgram& program, const ScenePlaces& places, const ShapeKinds& kinds);

/// Changes a program by words: "move the lamp to the left of the sofa", "remove the rug", "add a chair", "make the sofa red". What is changed, and what stood
/// on or beside it by a relation, loses its pose. Errors: invalid_argument for words that ask for no change, naming what is there.
Result<void> edit_scene_by_words(SceneProgram& program, const std::string& text, const SceneLexicon& lexicon, const ScenePlaces& places,
                                 const NearestKind& nearest);

}  // namespace ptah
