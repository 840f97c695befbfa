#include "text/translate/bleu.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"

namespace ptah {

namespace {

bool is_digit_13a(char c) { return c >= '0' && c <= '9'; }
bool is_point_13a(char c) { return c == '.' || c == ','; }
bool is_mark_13a(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

/// Where two neighbours fit, they come out as `write` puts them; matches do not overlap.
template <class Fits, class Write>
std::string pairs_replaced(const std::string& text, const Fits& fits, const Write& write) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && fits(text[i], text[i + 1])) {
      write(out, text[i], text[i + 1]);
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

using Counts = std::map<std::vector<std::string>, int64_t>;

Counts grams_of(const std::vector<std::string>& tokens, size_t n) {
  Counts out;
  for (size_t i = 0; i + n <= tokens.size(); ++i) ++out[{tokens.begin() + static_cast<std::ptrdiff_t>(i), tokens.begin() + static_cast<std::ptrdiff_t>(i + n)}];
  return out;
}

}  // namespace

std::vector<std::string> tokens_13a(std::string text) {
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  replace_all(text, "&quot;", "\"");
  replace_all(text, "&amp;", "&");
  replace_all(text, "&lt;", "<");
  replace_all(text, "&gt;", ">");
  std::string apart = " ";
  for (const char c : text) {
    if (is_mark_13a(c) && c != ' ')
      (((apart += ' ') += c) += ' ');
    else
      apart += c;
  }
  apart += ' ';
  apart = pairs_replaced(
      apart, [](char a, char b) { return !is_digit_13a(a) && is_point_13a(b); }, [](std::string& out, char a, char b) { (((out += a) += ' ') += b) += ' '; });
  apart = pairs_replaced(
      apart, [](char a, char b) { return is_point_13a(a) && !is_digit_13a(b); }, [](std::string& out, char a, char b) { (((out += ' ') += a) += ' ') += b; });
  apart = pairs_replaced(
      apart, [](char a, char b) { return is_digit_13a(a) && b == '-'; }, [](std::string& out, char a, char b) { (((out += a) += ' ') += b) += ' '; });
  std::vector<std::string> out;
  std::string token;
  for (const char c : apart + " ") {
    if (c != ' ' && c != '\t' && c != '\r') {
      token += c;
    } else if (!token.empty()) {
      out.push_back(std::exchange(token, ""));
    }
  }
  return out;
}

Bleu corpus_bleu(const std::vector<std::string>& texts, const std::vector<std::string>& references, bool lower) {
  if (texts.size() != references.size())
    throw Failure({ErrorCode::invalid_argument, fmt::format("BLEU: {} texts and {} references", texts.size(), references.size())});
  std::array<int64_t, 4> right{}, all{};
  int64_t length = 0, wanted = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto made = tokens_13a(lower ? lower_case(texts[i]) : texts[i]), reference = tokens_13a(lower ? lower_case(references[i]) : references[i]);
    length += static_cast<int64_t>(made.size());
    wanted += static_cast<int64_t>(reference.size());
    for (size_t n = 1; n <= 4; ++n) {
      const Counts theirs = grams_of(reference, n);
      for (const auto& [gram, count] : grams_of(made, n)) {
        all[n - 1] += count;
        if (const auto found = theirs.find(gram); found != theirs.end()) right[n - 1] += std::min(count, found->second);
      }
    }
  }
  Bleu out;
  out.brevity_penalty = length == 0 ? 0 : length < wanted ? std::exp(1 - static_cast<double>(wanted) / static_cast<double>(length)) : 1;
  double smooth = 1, sum = 0;
  for (size_t n = 0; n < 4; ++n) {
    if (all[n] == 0) return out;
    if (right[n] == 0) smooth *= 2;
    out.precisions[n] = 100 * (right[n] ? static_cast<double>(right[n]) : 1 / smooth) / static_cast<double>(all[n]);
    sum += std::log(out.precisions[n]);
  }
  out.score = out.brevity_penalty * std::exp(sum / 4);
  return out;
}

}  // namespace ptah
