// What things are like, and remarks on how several stand, of sentences about scenes.
#pragma once

#include "scene/words/link_reader.h"

namespace ptah::scene_words_detail {

class RemarkReader : public LinkReader {
 public:
  using LinkReader::LinkReader;

 protected:
  // ----- what is said of a thing

  /// "is red", "painted white", "wrapped in red paper".
  bool attribute(const std::vector<int>& subjects) {
    const size_t start = at_;
    static const std::set<std::string> kLeads{"painted", "coloured", "colored", "in", "all",  "both", "completely", "wrapped",
                                              "covered", "entirely", "made",    "of", "from", "dark", "bright",     "mostly"};
    while (kLeads.contains(word()) && !lexicon_.colour(words_, at_)) ++at_;
    bool any = false;
    for (const int subject : subjects) {
      if (group(subject).kind.empty()) continue;
      size_t at = at_;
      while (const auto found = lexicon_.before(words_, at, words_.size(), group(subject).kind)) {
        const size_t after = at + found.length;
        const bool next = after < words_.size() && lexicon_.before(words_, after, words_.size(), group(subject).kind);
        if (!next && after < words_.size() && !ends_before(after) && !lexicon_.relation(words_, after) && words_[after] != "paper" && words_[after] != "in")
          break;
        group(subject).set.update(found.value);
        any = true;
        at = after;
        if (at < words_.size() && words_[at] == "and" && lexicon_.before(words_, at + 1, words_.size(), group(subject).kind) &&
            !lexicon_.noun(words_, at + 2) && !lexicon_.number(words_, at + 1))
          ++at;
      }
      if (any && subject == subjects.back()) at_ = at;
    }
    if (any) take("paper");
    if (!any) at_ = start;
    return any;
  }

  /// "in a row", "side by side", "for four people".
  bool remark(const std::vector<int>& subjects, bool& said) {
    const size_t start = at_;
    if (is("in") && is("a", 1) && (is("row", 2) || is("line", 2) || is("circle", 2) || is("group", 2) || is("queue", 2))) {
      const bool queue = is("queue", 2), row = queue || is("row", 2) || is("line", 2);
      at_ += 3;
      if (row && in_line(together(subjects))) link_each_other(queue ? "behind" : "right_of", together(subjects));
      return true;
    }
    if ((is("side") && is("by", 1) && is("side", 2)) || (is("next") && is("to", 1) && is("each", 2) && is("other", 3))) {
      at_ += is("side") ? 3 : 4;
      link_each_other("next_to", together(subjects));
      return said = true;
    }
    if (is("in") && (is("rows", 1) || is("lines", 1) || is("columns", 1) || is("single", 1) || is("pairs", 1))) return at_ += is("single") ? 3 : 2, in_rows();
    if (is("in") && lexicon_.number(words_, at_ + 1) && !is("a", 1)) {
      const size_t behind = 1 + lexicon_.number(words_, at_ + 1).length;
      if (is("rows", behind) || is("lines", behind) || is("columns", behind) || is("groups", behind) || is("circles", behind))
        return at_ += behind + 1, in_rows();
    }
    if (is("one") && one_after_the_other(subjects)) return said = true;
    if (is("full") && is("of", 1)) {
      at_ += 2;
      phrase();
      return true;
    }
    if (is("laid") || is("set") || is("decked") || is("big") || is("large")) ++at_;
    if (is("for") && lexicon_.number(words_, at_ + 1) && !is("a", 1)) {
      at_ += 1 + lexicon_.number(words_, at_ + 1).length;
      while (is("person") || is("people") || is("guests") || is("persons")) ++at_;
      return true;
    }
    at_ = start;
    return false;
  }

  /// Whether what stands in a row may be placed one beside the other: on the ground, and nothing else says where each is.
  bool in_line(const std::vector<int>& subjects) {
    if (subjects.empty()) return false;
    int count = 0;
    for (const int g : subjects) {
      if (hangs(g) || stands(g) == Stands::surface || has_place(g)) return false;
      count += total(g);
    }
    return count > 1 && count <= 12;
  }
  /// "of five", behind "in rows": how they are spread is not said to the layout.
  bool in_rows() {
    if (is("of") && lexicon_.number(words_, at_ + 1)) at_ += 1 + lexicon_.number(words_, at_ + 1).length;
    return true;
  }
  /// What "side by side" is about: a thing alone means all that were listed.
  std::vector<int> together(const std::vector<int>& subjects) {
    if (subjects.size() > 1 || !listed_ || listed_->size() < 2 || total(subjects[0]) > 1 || !is_in(*listed_, subjects[0])) return subjects;
    return *listed_;
  }
  /// "one behind the other", "one after another", "one on top of the other" of several things.
  bool one_after_the_other(const std::vector<int>& subjects) {
    const size_t start = at_++;
    const auto relation = lexicon_.relation(words_, at_);
    const bool after = is("after");
    at_ += relation ? relation.length : after ? 1 : 0;
    take("the") || take("each");
    const bool other = (relation || after) && (take("other") || take("another") || take("next"));
    const std::vector<int> all = together(subjects);
    if (!other || (all.size() < 2 && total(all[0]) < 2)) return at_ = start, false;
    link_each_other(after ? "behind" : relation.value.is, all);
    return true;
  }

  /// "in pots", of plants that may have one.
  bool potted(int g) {
    const size_t n = is("in") && is("pots", 1) ? 2 : is("in") && is("a", 1) && is("pot", 2) ? 3 : 0;
    const bool plant = group(g).kind == "cactus" || group(g).kind == "bush" || group(g).kind == "tulip" || group(g).kind == "flower";
    if (n == 0 || (!plant && group(g).kind != "potted_plant")) return false;
    if (plant) group(g).set["pot"] = true;
    at_ += n;
    return true;
  }

  bool has_place(int g) const {
    return std::any_of(out_.links.begin(), out_.links.end(), [&](const ReadLink& l) { return l.of == g && !l.assumed; });
  }

  const std::vector<int>* listed_ = nullptr;  ///< the things of the clause so far
};

}  // namespace ptah::scene_words_detail
