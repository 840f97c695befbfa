#include "contract/words/matching.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ptah {

std::vector<std::string_view> phrase_words(std::string_view phrase) {
  std::vector<std::string_view> out;
  while (!phrase.empty()) {
    const size_t end = std::min(phrase.find_first_of(" -"), phrase.size());
    if (end > 0) out.push_back(phrase.substr(0, end));
    phrase.remove_prefix(std::min(end + 1, phrase.size()));
  }
  return out;
}

RequestWords::RequestWords(std::vector<ContractToken> tokens) : tokens_(std::move(tokens)), used_(tokens_.size(), false) {
  size_t clause = 0, sentence = 0;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const ContractToken& token = tokens_[i];
    const bool ends = token.is(".") || token.is(";") || token.is("!") || token.is("?");
    const bool parts = ends || token.is(",") || token.is(":") || token.is("(") || token.is(")");
    if (parts || token.is("and") || token.is("but") || token.is("while")) ++clause;
    clauses_.push_back(clause);
    sentences_.push_back(sentence);
    if (ends) ++sentence;
    if (token.quoted) continue;
    for (const std::string_view word : phrase_words(token.lower)) words_.push_back({word, i});
  }
}

std::vector<RequestWords::Place> RequestWords::find(std::string_view phrase) const {
  const auto wanted = phrase_words(phrase);
  std::vector<Place> out;
  if (wanted.empty()) return out;
  for (size_t i = 0; i + wanted.size() <= words_.size(); ++i) {
    bool same = true;
    for (size_t j = 0; j < wanted.size() && same; ++j) {
      // A phrase's last word of six letters and more stands for longer ones too: "inflat", "participat".
      const std::string_view word = words_[i + j].text;
      same = word == wanted[j] || (j + 1 == wanted.size() && wanted[j].size() >= 6 && word.starts_with(wanted[j]) && word.size() <= wanted[j].size() + 5);
    }
    if (same) out.push_back({words_[i].token, words_[i + wanted.size() - 1].token, i, i + wanted.size()});
  }
  return out;
}

bool RequestWords::negated(const Place& place) const {
  static constexpr std::array<std::string_view, 18> kNo{"no",    "not",     "never", "without", "cannot", "nobody",    "none",   "neither", "nor",
                                                        "don't", "doesn't", "isn't", "can't",   "won't",  "shouldn't", "aren't", "mustn't", "non"};
  for (size_t back = 1; back <= 4 && back <= place.begin; ++back) {
    const Word& word = words_[place.begin - back];
    if (clauses_[word.token] != clauses_[place.first]) break;
    if (std::find(kNo.begin(), kNo.end(), word.text) != kNo.end()) return true;
  }
  return false;
}

bool RequestWords::says(std::string_view list) const {
  for (const CuePhrase& cue : cues_in(list))
    for (const Place& place : find(cue.phrase))
      if (!negated(place)) return true;
  return false;
}

double RequestWords::weight(std::string_view cues) const {
  double sum = 0;
  for (const CuePhrase& cue : cues_in(cues))
    if (!find(cue.phrase).empty()) sum += cue.weight;
  return sum;
}

double RequestWords::near_one(const Place& place, size_t token) const {
  const bool inside = place.first <= token && token <= place.last;
  if (inside) return 1;
  if (sentences_[token] != sentences_[place.first]) return 0;
  const bool before = place.last < token;
  const size_t from = before ? place.last + 1 : token + 1, to = before ? token : place.first;
  size_t distance = 0, others = 0;
  for (size_t i = from; i < to; ++i) {
    ++distance;
    if (tokens_[i].quantity && !tokens_[i].soft) ++others;
  }
  double near = 1 - 0.07 * static_cast<double>(std::min<size_t>(distance, 12));
  if (clauses_[token] != clauses_[place.first]) near *= 0.45;
  if (others > 0) near *= std::pow(0.35, static_cast<double>(std::min<size_t>(others, 3)));
  return near;
}

double RequestWords::nearness(std::string_view cues, size_t token) const {
  double best = 0, second = 0;
  for (const CuePhrase& cue : cues_in(cues)) {
    double of_cue = 0;
    for (const Place& place : find(cue.phrase)) of_cue = std::max(of_cue, cue.weight * near_one(place, token));
    if (of_cue > best) std::swap(of_cue, best);
    second = std::max(second, of_cue);
  }
  return best + 0.4 * second;
}

void RequestWords::use(const Place& place) {
  for (size_t i = place.first; i <= place.last; ++i) used_[i] = true;
}

void RequestWords::use_token(size_t token) { used_[token] = true; }

}  // namespace ptah
