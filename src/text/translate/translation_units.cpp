#include <algorithm>

#include "base/text.h"
#include "text/translate/translation_model.h"

namespace ptah {

Result<TextUnits> text_units_of(const std::string& name) {
  if (name == "words") return TextUnits::words;
  if (name == "characters") return TextUnits::characters;
  if (name == "pieces") return TextUnits::pieces;
  return unknown_name("units", name, "words characters pieces");
}

std::string_view name_of(TextUnits units) { return units == TextUnits::words ? "words" : units == TextUnits::characters ? "characters" : "pieces"; }

namespace {

bool is_word_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80; }

size_t utf8_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// Small letters, of Latin-1's two bytes too.
std::string small_letters(std::string text) {
  text = lower_case(std::move(text));
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    const auto second = static_cast<unsigned char>(text[i + 1]);
    if (text[i] == '\xC3' && second >= 0x80 && second <= 0x9E && second != 0x97) text[i + 1] = static_cast<char>(second + 0x20);
  }
  return text;
}

}  // namespace

std::vector<std::string> units_of(const std::string& text, TextUnits units, size_t max_units) {
  std::vector<std::string> out;
  const std::string all = units == TextUnits::words ? small_letters(text) : text;
  for (size_t at = 0; at < all.size() && out.size() < max_units;) {
    const bool blank = all[at] == ' ' || all[at] == '\t' || all[at] == '\r' || all[at] == '\n';
    if (blank && units != TextUnits::characters) {
      ++at;
      continue;
    }
    size_t end = at;
    if (units == TextUnits::characters) {
      end = std::min(all.size(), at + utf8_length(all[at]));
    } else if (units == TextUnits::pieces) {
      while (end < all.size() && all[end] != ' ' && all[end] != '\t' && all[end] != '\r' && all[end] != '\n') ++end;
    } else if (is_word_byte(all[at])) {
      while (end < all.size() && (is_word_byte(all[end]) || (all[end] == '\'' && end + 1 < all.size() && is_word_byte(all[end + 1])))) ++end;
    } else {
      ++end;
    }
    out.push_back(all.substr(at, end - at));
    at = end;
  }
  return out;
}

std::string joined_units(const std::vector<std::string>& units, TextUnits how) {
  std::string out;
  for (const std::string& unit : units) {
    const bool mark = unit.size() == 1 && std::string_view(".,!?;:)%").find(unit[0]) != std::string_view::npos;
    if (!out.empty() && how != TextUnits::characters && !(how == TextUnits::words && (mark || out.back() == '('))) out += ' ';
    out += unit;
  }
  return out;
}

Json to_json(const TranslationConfig& c) {
  return {{"kind", c.kind},
          {"width", c.width},
          {"layers", c.layers},
          {"heads", c.heads},
          {"feed_forward", c.feed_forward},
          {"source_units", name_of(c.source_units)},
          {"target_units", name_of(c.target_units)},
          {"source_vocabulary", c.source_vocabulary},
          {"target_vocabulary", c.target_vocabulary},
          {"max_units", c.max_units}};
}

Result<TranslationConfig> translation_config(const Json& json) {
  TranslationConfig c;
  try {
    c.kind = json.at("kind").get<std::string>();
    c.width = json.at("width").get<int64_t>();
    c.layers = json.at("layers").get<int64_t>();
    c.heads = json.at("heads").get<int64_t>();
    c.feed_forward = json.at("feed_forward").get<int64_t>();
    PTAH_TRY(c.source_units, text_units_of(json.at("source_units").get<std::string>()));
    PTAH_TRY(c.target_units, text_units_of(json.at("target_units").get<std::string>()));
    c.source_vocabulary = json.at("source_vocabulary").get<std::vector<std::string>>();
    c.target_vocabulary = json.at("target_vocabulary").get<std::vector<std::string>>();
    c.max_units = json.at("max_units").get<int64_t>();
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "translation config: {}", problem.what());
  }
  const bool good = (c.kind == "transformer" || c.kind == "lstm") && c.width >= 2 && c.width <= 8192 && c.width % 2 == 0 && c.layers >= 1 && c.layers <= 64 &&
                    c.heads >= 1 && (c.kind == "lstm" || (c.width % c.heads == 0 && c.width / c.heads % 2 == 0)) && c.feed_forward >= 1 &&
                    c.feed_forward <= 65536 && c.max_units >= 1 && c.max_units <= 4096 && c.source_vocabulary.size() <= 1'000'000 &&
                    c.target_vocabulary.size() <= 1'000'000;
  if (!good)
    return fail(ErrorCode::corrupt,
                "translation config: kind {}, width {}, {} layers, {} heads, feed-forward {}, at most {} units: out of range or not divisible", c.kind, c.width,
                c.layers, c.heads, c.feed_forward, c.max_units);
  return c;
}

UnitVocabulary::UnitVocabulary(const std::vector<std::string>& units) : units_(units) {
  for (size_t i = 0; i < units_.size(); ++i) tokens_.emplace(units_[i], static_cast<int32_t>(i) + kSpecialTokens);
}

std::vector<int32_t> UnitVocabulary::tokens_of(const std::vector<std::string>& units) const {
  std::vector<int32_t> out;
  for (const std::string& unit : units) {
    const auto found = tokens_.find(unit);
    out.push_back(found == tokens_.end() ? kUnknownToken : found->second);
  }
  return out;
}

std::string UnitVocabulary::unit_of(int32_t token) const {
  if (token == kUnknownToken) return "⁇";
  const auto at = static_cast<int64_t>(token) - kSpecialTokens;
  return at >= 0 && at < static_cast<int64_t>(units_.size()) ? units_[static_cast<size_t>(at)] : "";
}

namespace {

std::string svg_text(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (c == ' ')
      out += "␣";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
  return out;
}

}  // namespace

std::string attention_svg(const Translator::Looked& looked) {
  constexpr int kCell = 24, kLeft = 110, kTop = 90;
  const auto columns = static_cast<int>(looked.source.size()), rows = static_cast<int>(looked.weights.size());
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"13\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      kLeft + columns * kCell + 20, kTop + rows * kCell + 20);
  for (int c = 0; c < columns; ++c)
    out += fmt::format("<text transform=\"translate({},{}) rotate(-45)\">{}</text>\n", kLeft + c * kCell + kCell * 2 / 3, kTop - 8,
                       svg_text(looked.source[static_cast<size_t>(c)]));
  for (int r = 0; r < rows; ++r) {
    const auto row = static_cast<size_t>(r);
    out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", kLeft - 8, kTop + r * kCell + kCell * 2 / 3,
                       row < looked.target.size() ? svg_text(looked.target[row]) : "(end)");
    for (int c = 0; c < columns; ++c)
      out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#15427a\" fill-opacity=\"{:.3f}\" stroke=\"#ddd\"/>\n", kLeft + c * kCell,
                         kTop + r * kCell, kCell, kCell, std::clamp(looked.weights[row][static_cast<size_t>(c)], 0.0F, 1.0F));
  }
  return out + "</svg>\n";
}

}  // namespace ptah
