// Verbs of sentences about scenes.
#pragma once

#include "scene/words/reference_reader.h"

namespace ptah::scene_words_detail {

class VerbReader : public ReferenceReader {
 public:
  using ReferenceReader::ReferenceReader;

 protected:
  // ----- states that a look ahead comes back to

  struct Saved {
    size_t at;
    ReadScene out;
    std::vector<int> salience, topic;
    int rest, anchor, host;
  };
  Saved saved() const { return {at_, out_, salience_, topic_, rest_, anchor_, host_}; }
  void restore(Saved&& s) {
    at_ = s.at, out_ = std::move(s.out), salience_ = std::move(s.salience), topic_ = std::move(s.topic);
    rest_ = s.rest, anchor_ = s.anchor, host_ = s.host;
  }

  // ----- verbs

  struct Verb {
    bool any = false, finite = false, several = false, passive = false, inverse = false, lying = false;
    std::string is;
  };
  bool known(size_t at) const {
    return at >= words_.size() || ends_phrase(words_[at]) || lexicon_.noun(words_, at) || lexicon_.relation(words_, at) || lexicon_.number(words_, at) ||
           lexicon_.colour(words_, at) || lexicon_.material(words_, at, false) || verb_words(words_, at) || lexicon_.is_size(words_[at]) ||
           words_[at] == "made";
  }
  bool adverb() {
    static const std::set<std::string> kAdverbs{"also",  "just",   "right",      "there", "now",  "still",     "always",      "together", "up",    "down",
                                                "close", "half",   "all",        "both",  "each", "once",      "out",         "straight", "high",  "again",
                                                "too",   "even",   "only",       "quite", "by",   "to",        "off",         "here",     "maybe", "halfway",
                                                "very",  "itself", "themselves", "alone", "away", "somewhere", "immediately", "back",     "aside", "tight"};
    if (lexicon_.relation(words_, at_) || lexicon_.noun(words_, at_) || at_end()) return false;
    if (is("back") && !lexicon_.relation(words_, at_ + 1)) return false;
    const bool ly = word().ends_with("ly") && word().size() > 4 && !known(at_);
    if (!ly && !(kAdverbs.contains(word()) && !is("all") && !is("both") && !is("each") && !is("by") && !is("to"))) return false;
    ++at_;
    return true;
  }

  /// A run of auxiliaries, verbs and adverbs: "are", "have been placed", "stands proudly", "is flanked". Words that are not in the table are verbs by their
  /// endings and by what follows. Consumes it.
  Verb verb() {
    Verb out;
    for (;;) {
      const size_t start = at_;
      while (adverb()) {
      }
      const auto v = verb_words(words_, at_);
      if (v && !(lexicon_.relation(words_, at_) && lexicon_.relation(words_, at_).length > v.length)) {
        at_ += v.length;
        using Form = VerbWords::Form;
        const bool finite = v.value.form == Form::one || v.value.form == Form::several;
        if (finite && !out.any) out.finite = true, out.several = v.value.form == Form::several;
        out.any = true;
        if (words_[at_ - 1].starts_with("hang") || words_[at_ - 1] == "hung" || words_[at_ - 1].starts_with("mount")) hung_ = true;
        out.lying = out.lying || words_[at_ - 1] == "lies" || words_[at_ - 1] == "lie" || words_[at_ - 1] == "lying";
        if (v.value.is.empty()) continue;
        if (v.value.form == Form::past) {
          const size_t by = at_;
          while (adverb()) {
          }
          if (!is("by") && !is("with") && !is("in")) {
            at_ = by;
            continue;
          }
          if (is("in")) continue;
          ++at_;
          // "is held by a table" is on it, "is flanked by two lamps" has them beside it.
          return out.passive = !v.value.inverse, out.is = v.value.is, out;
        }
        return out.is = v.value.is, out.inverse = v.value.inverse, out;
      }
      if (out.any && is("left") && !lexicon_.relation(words_, at_)) {
        ++at_;
        continue;
      }
      if (guessed(out)) continue;
      if (!out.any) at_ = start;
      return out;
    }
  }

  /// A verb that is not in the table.
  bool guessed(Verb& out) {
    static const std::set<std::string> kNone{"side", "back", "face", "end", "one"};  // "side by side"
    if (at_end() || known(at_) || lexicon_.is_filler(word()) || lexicon_.is_size(word()) || kNone.contains(word())) return false;
    const bool row = word(1) == "one" && (lexicon_.relation(words_, at_ + 2) || word(2) == "after");  // "queueing one behind the other"
    const bool before = at_ + 1 >= words_.size() || lexicon_.relation(words_, at_ + 1) || word(1) == "." || word(1) == "," || row;
    const std::string& w = word();
    const bool participle = w.size() > 4 && (w.ends_with("ing") || w.ends_with("ed")), third = w.size() > 3 && w.ends_with("s") && before && !out.any;
    const bool complement = out.any && (before || (at_ + 2 < words_.size() && lexicon_.relation(words_, at_ + 2) && !known(at_ + 1)));
    if (!(participle && before) && !third && !complement) return false;
    ++at_;
    if (third) out.finite = true;
    out.any = true;
    return true;
  }

  /// Whether a verb of a clause, not a participle, begins here.
  bool finite_ahead() {
    const size_t start = at_;
    const bool hung = hung_;
    const Verb v = verb();
    at_ = start, hung_ = hung;
    return v.any && v.finite;
  }

  /// Whether "flanked by" or "sleeping on" begins here.
  bool participle_ahead() {
    const size_t start = at_;
    const bool hung = hung_;
    const Verb v = verb();
    const bool out = v.any && !v.finite && (v.passive || lexicon_.relation(words_, at_));
    at_ = start, hung_ = hung;
    return out;
  }

  bool hung_ = false;  ///< a verb said that it hangs
};

}  // namespace ptah::scene_words_detail
