#include "pipelines/arrangement.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "text/tokenize/vocabulary.h"

namespace ptah {

namespace {

using Words = std::vector<std::string>;

constexpr std::array<std::pair<const char*, const char*>, 12> kBackgrounds{{{"red", "#d93a3a"},
                                                                            {"orange", "#f48c24"},
                                                                            {"yellow", "#fad640"},
                                                                            {"green", "#4aae5a"},
                                                                            {"blue", "#3a78e0"},
                                                                            {"purple", "#8c4cc8"},
                                                                            {"pink", "#f58cb8"},
                                                                            {"brown", "#7a4f2e"},
                                                                            {"black", "#121214"},
                                                                            {"white", "#ffffff"},
                                                                            {"gray", "#8c8c90"},
                                                                            {"grey", "#8c8c90"}}};
constexpr std::array<const char*, 8> kNumbers{"two", "three", "four", "five", "six", "seven", "eight", "nine"};

template <class List>
bool any_of(const List& list, const std::string& word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

bool is_article(const std::string& word) {
  static constexpr std::array kArticles{"a", "an", "the", "one", "another", "my", "your"};
  return any_of(kArticles, word);
}

/// 2 to 9; 0 for other words.
size_t number_of(const std::string& word) {
  if (word.size() == 1 && word[0] >= '2' && word[0] <= '9') return static_cast<size_t>(word[0] - '0');
  const auto found = std::find(kNumbers.begin(), kNumbers.end(), word);
  return found == kNumbers.end() ? 0 : static_cast<size_t>(found - kNumbers.begin()) + 2;
}

bool begins_thing(const Words& words, size_t at) { return at < words.size() && (is_article(words[at]) || number_of(words[at]) > 0); }

std::string joined(const Words& words) { return fmt::format("{}", fmt::join(words, " ")); }

/// Words in small letters, and commas as words of their own.
Words words_and_commas(const std::string& prompt) {
  Words out;
  for (size_t at = 0; at <= prompt.size();) {
    const size_t comma = std::min(prompt.find(',', at), prompt.size());
    for (std::string& word : split_words(std::string_view(prompt).substr(at, comma - at))) out.push_back(std::move(word));
    if (comma < prompt.size()) out.emplace_back(",");
    at = comma + 1;
  }
  return out;
}

/// Takes "on a blue background" (also against, in front of, with; ground, backdrop; a colour alone behind a comma) off the end; the colour, or empty.
std::string take_background(Words& words) {
  static constexpr std::array kNames{"background", "ground", "backdrop"};
  if (words.size() < 3 || !any_of(kNames, words.back())) return "";
  size_t at = words.size() - 2;
  const auto colour = std::find_if(kBackgrounds.begin(), kBackgrounds.end(), [&](const auto& background) { return words[at] == background.first; });
  if (colour == kBackgrounds.end()) return "";
  if (at > 0 && (words[at - 1] == "plain" || words[at - 1] == "solid")) --at;
  if (at > 0 && is_article(words[at - 1])) --at;
  static constexpr std::array kBefore{"on", "against", "with", "before", "over", ","};
  if (at > 0 && any_of(kBefore, words[at - 1]))
    --at;
  else if (at > 2 && words[at - 1] == "of" && words[at - 2] == "front" && words[at - 3] == "in")
    at -= 3;
  else
    return "";
  if (at == 0) return "";
  words.resize(at);
  return colour->second;
}

/// What stands between two things, and whether the first then stands on the right.
struct Joint {
  Words words;
  bool turns = false;
};

/// The groups of things that stand side by side, from left to right; one if the words are no such list.
std::vector<Words> groups_of(const Words& words) {
  static const std::array<Joint, 12> kJoints{{{{"next", "to"}},
                                              {{"to", "the", "left", "of"}},
                                              {{"on", "the", "left", "of"}},
                                              {{"left", "of"}},
                                              {{"to", "the", "right", "of"}, true},
                                              {{"on", "the", "right", "of"}, true},
                                              {{"right", "of"}, true},
                                              {{"beside"}},
                                              {{"alongside"}},
                                              {{",", "and"}},
                                              {{","}},
                                              {{"and"}}}};
  static constexpr std::array kHolding{"with", "holding", "wearing", "carrying"};
  bool holding = false;  // "an owl with a hat and a cane" is one thing
  for (size_t at = 1; at < words.size(); ++at) {
    holding = holding || any_of(kHolding, words[at]);
    const auto joint = std::find_if(kJoints.begin(), kJoints.end(), [&](const Joint& j) {
      return j.words.size() < words.size() - at && std::equal(j.words.begin(), j.words.end(), words.begin() + static_cast<std::ptrdiff_t>(at));
    });
    if (joint == kJoints.end()) continue;
    const size_t after = at + joint->words.size();
    const bool lists = joint->words.back() == "and" || joint->words.back() == ",";
    if (!begins_thing(words, after) || (lists && holding)) continue;
    std::vector<Words> groups = groups_of({words.begin() + static_cast<std::ptrdiff_t>(after), words.end()});
    groups.insert(joint->turns ? groups.end() : groups.begin(), Words(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at)));
    return groups;
  }
  return {words};
}

std::string singular_of(const std::string& word, const std::function<bool(const std::string&)>& knows) {
  static constexpr std::array<std::pair<const char*, const char*>, 8> kOdd{{{"mice", "mouse"},
                                                                            {"geese", "goose"},
                                                                            {"teeth", "tooth"},
                                                                            {"feet", "foot"},
                                                                            {"children", "child"},
                                                                            {"men", "man"},
                                                                            {"women", "woman"},
                                                                            {"people", "person"}}};
  for (const auto& [many, one] : kOdd)
    if (word == many) return one;
  for (std::string& one : singulars(word))
    if (knows(one)) return std::move(one);
  return word;
}

struct Group {
  std::string prompt;
  size_t count = 1;
};

/// "three red owls" → ("a red owl", 3).
Group counted(Words words, const std::function<bool(const std::string&)>& knows) {
  size_t count = words.empty() ? 0 : number_of(words[0]), from = 1;
  if (words.size() > 3 && is_article(words[0]) && (words[1] == "pair" || words[1] == "couple") && words[2] == "of") count = 2, from = 3;
  if (count == 0 || words.size() <= from) return {joined(words), 1};
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(from));
  const auto of = std::find_if(words.begin() + 1, words.end(), [](const std::string& word) { return word == "of" || word == "with" || word == "in"; });
  std::string& name = *(of - 1);
  const std::string one = singular_of(name, knows);
  if (one == name && !std::string_view(name).ends_with('s')) return {joined(words), count};  // "three sheep"
  name = one;
  return {fmt::format("{} {}", std::string_view("aeiou").find(words[0][0]) == std::string_view::npos ? "a" : "an", joined(words)), count};
}

/// Squares for `count` things in a cell: rows as even as they can be, the middle of each row in the middle.
void place(const Group& group, float left, float width, std::vector<ArrangedThing>& out) {
  constexpr float kGap = 0.96F;
  size_t best_columns = 1;
  float best = 0;
  for (size_t columns = 1; columns <= group.count; ++columns) {
    const auto rows = static_cast<float>((group.count + columns - 1) / columns);
    const float edge = std::min(width / static_cast<float>(columns), 1 / rows);
    if (edge > best - 1e-6F) best = edge, best_columns = columns;  // of equal ones the wider
  }
  const size_t rows = (group.count + best_columns - 1) / best_columns;
  size_t placed = 0;
  for (size_t row = 0; row < rows; ++row) {
    const size_t here = (group.count - placed + (rows - row) - 1) / (rows - row);
    for (size_t i = 0; i < here; ++i) {
      const float x = left + width * (static_cast<float>(i) + 0.5F) / static_cast<float>(here);
      const float y = 0.5F + best * (static_cast<float>(row) + 0.5F - static_cast<float>(rows) / 2);
      const float edge = best * (group.count > 1 || width < 1 ? kGap : 1.0F);
      out.push_back({group.prompt, x - edge / 2, y - edge / 2, edge});
    }
    placed += here;
  }
}

}  // namespace

Arrangement arranged(const std::string& prompt, const std::function<bool(const std::string&)>& knows) {
  Arrangement out;
  Words words = words_and_commas(prompt);
  out.background = take_background(words);
  std::vector<Group> groups;
  size_t things = 0;
  for (const Words& group : groups_of(words)) {
    groups.push_back(counted(group, knows));
    things += groups.back().count;
  }
  std::erase(words, ",");
  out.prompt = out.background.empty() ? prompt : joined(words);
  if (things < 2 || things > kMaxThings) {
    out.things.push_back({out.prompt});
    return out;
  }
  const float width = 1 / static_cast<float>(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) place(groups[i], static_cast<float>(i) * width, width, out.things);
  return out;
}

}  // namespace ptah
