#include "text/language_of.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/text.h"

namespace ptah {

namespace {

struct KnownLanguage {
  const char* code;
  const char* own_name;
  const char* words;    ///< common ones, small letters
  const char* letters;  ///< that few other languages have
  const char* names;    ///< of the language, in several languages
};

constexpr KnownLanguage kLanguages[] = {
    {"en", "English",
     "the a of and to in is that it for you was with on as are be this have from or by but not what all were when we there can an your which their if will do "
     "how "
     "about my i'm don't has his her they would could should some any who where why me name it's yes please thank thanks hello i am like so very good than "
     "then "
     "them been out one want need know make tell help old new years live let's i've i'll you're we're list exactly write give short words sentence",
     "", "english englisch anglais inglés inglese inglês"},
    {"de", "Deutsch",
     "der die das und ist nicht ein eine einen einem einer zu den dem mit von für auf sich auch es ich du sie wir ihr mein meine dein deine wie was wo wer "
     "warum "
     "kann sind haben hat bin war werden oder aber wenn als im am bei nach aus um noch nur mir dir danke bitte ja heiße hallo gut sehr",
     "ßäöü", "german deutsch allemand alemán tedesco alemão"},
    {"fr", "français",
     "le la les un une des du de et est en que qui dans pour pas sur au aux avec il elle je tu nous vous mon ma mes ton ta votre vos ce cette ces son sa ses "
     "se "
     "ne plus ou où mais comme sont être avoir peut puis quel quelle c'est j'ai d'un d'une l'on s'il merci bonjour oui très bien",
     "çœêèùîû", "french französisch français francés francese francês"},
    {"es", "español",
     "el la los las un una unos de del y en que es por para con no se lo le me mi tu su sus al como más pero está este esta esto son ser tiene puede puedes "
     "qué "
     "cómo cuál dónde hay muy también o si ya yo gracias hola usted nos te sí",
     "ñ¿¡", "spanish spanisch espagnol español spagnolo espanhol"},
    {"it", "italiano",
     "il lo la i gli le un uno una di del della dei che e è in per con non si da al alla nel nella sono mi ti ci come più ma anche questo questa quello se io "
     "tu "
     "lui lei noi hai ho puoi può cosa chi dove grazie ciao molto tuo mio sua suo o ed",
     "ìò", "italian italienisch italien italiano"},
    {"pt", "português",
     "o a os as um uma de do da dos das e em no na que é não por para com se eu você tu ele ela nós meu minha seu sua isso este esta como mais mas ao à também "
     "está são ser tem pode muito obrigado obrigada olá sim qual onde foi",
     "ãõ", "portuguese portugiesisch portugais portugués portoghese português"},
    {"nl", "Nederlands",
     "de het een en van ik je is niet in op te dat die dit met voor zijn was aan er maar om ook als bij nog wel naar kan mijn jouw wat wie waar hoe u heeft "
     "hebben heb worden deze geen ja dank hallo goed of uit",
     "ĳ", "dutch niederländisch néerlandais nederlands"},
    {"sv", "svenska", "och att det i en jag är på som för av den med har inte till om ett du så men vi var kan min din vad hur från eller ska tack hej mycket",
     "å", "swedish schwedisch suédois svenska"},
    {"pl", "polski", "i w nie na to się że z jest do jak co ale po tak mnie od za czy dla jestem mam ten ta są być o twój mój dziękuję cześć bardzo", "ąęłńśźż",
     "polish polnisch polonais polski"},
    {"tr", "Türkçe", "bir ve bu için çok ile de da ne var ben sen mi mı değil gibi daha ama olan olarak nasıl benim senin teşekkürler merhaba evet", "ğşı",
     "turkish türkisch turc türkçe"},
    {"ru", "русский", "", "", "russian russisch russe ruso русский"},
    {"el", "ελληνικά", "", "", "greek griechisch grec griego"},
    {"zh", "中文", "", "", "chinese chinesisch chinois chino cinese chinês mandarin"},
    {"ja", "日本語", "", "", "japanese japanisch japonais japonés giapponese japonês"},
    {"ko", "한국어", "", "", "korean koreanisch coréen coreano"},
    {"ar", "العربية", "", "", "arabic arabisch arabe árabe"},
    {"he", "עברית", "", "", "hebrew hebräisch hébreu"},
    {"hi", "हिन्दी", "", "", "hindi"},
    {"th", "ไทย", "", "", "thai"},
};

std::vector<std::string> split_at_blanks(std::string_view text) {
  std::vector<std::string> out(1);
  for (const char c : text)
    if (c == ' ')
      out.emplace_back();
    else
      out.back() += c;
  return out;
}

struct Word {
  std::vector<size_t> languages;  ///< that have it
};

const std::map<std::string, Word, std::less<>>& common_words() {
  static const auto made = [] {
    std::map<std::string, Word, std::less<>> out;
    for (size_t i = 0; i < std::size(kLanguages); ++i)
      for (const std::string& word : split_at_blanks(kLanguages[i].words))
        if (!word.empty()) out[word].languages.push_back(i);
    return out;
  }();
  return made;
}

/// The code point at `at`, which moves behind it; U+FFFD for what is no UTF-8.
uint32_t next_code_point(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const uint8_t first = byte(at);
  const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  uint32_t point = length == 1 ? first : first & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80) {
      ++at;
      return 0xFFFD;
    }
    point = point << 6 | (byte(at + i) & 0x3FU);
  }
  at += length;
  return point;
}

const char* script_language(uint32_t c) {
  struct Range {
    uint32_t first, last;
    const char* language;
  };
  constexpr Range kRanges[] = {{0x0370, 0x03FF, "el"}, {0x0400, 0x052F, "ru"}, {0x0590, 0x05FF, "he"}, {0x0600, 0x06FF, "ar"}, {0x0900, 0x097F, "hi"},
                               {0x0E00, 0x0E7F, "th"}, {0x1100, 0x11FF, "ko"}, {0x3040, 0x30FF, "ja"}, {0x4E00, 0x9FFF, "zh"}, {0xAC00, 0xD7AF, "ko"}};
  for (const Range& range : kRanges)
    if (c >= range.first && c <= range.last) return range.language;
  return nullptr;
}

/// Small letters where Latin scripts have capitals.
uint32_t small_letter(uint32_t c) {
  if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7)) return c + 32;
  if (c == 0x2019) return '\'';
  return c;
}

bool is_word_letter(uint32_t c) { return (c >= 'a' && c <= 'z') || c == '\'' || (c >= 0xC0 && c < 0x250); }

/// Words of Latin letters, and what other scripts there are.
struct Letters {
  std::vector<std::string> words;
  std::set<std::string> marks;  ///< letters beyond ASCII
  std::map<std::string_view, int> scripts;
  int latin = 0;
};

Letters letters_of(std::string_view text) {
  Letters out;
  std::string word;
  for (size_t at = 0; at < text.size();) {
    const uint32_t c = small_letter(next_code_point(text, at));
    if (const char* language = script_language(c)) ++out.scripts[language];
    if (is_word_letter(c)) {
      word += utf8_of(static_cast<int32_t>(c));
      ++out.latin;
    } else if (!word.empty()) {
      out.words.push_back(std::exchange(word, ""));
    }
    if (c >= 0xA1 && c < 0x250) out.marks.insert(utf8_of(static_cast<int32_t>(c)));
  }
  if (!word.empty()) out.words.push_back(word);
  return out;
}

constexpr double kClearlyMore = 1.5, kMinShare = 0.12, kMinScore = 1.5;

}  // namespace

std::string language_of(std::string_view text) {
  const Letters letters = letters_of(text);
  int max_count = 0;
  std::string_view script;
  for (const auto& [language, count] : letters.scripts)
    if (count > max_count) max_count = count, script = language;
  if (max_count > letters.latin / 2) {
    if (script == "zh" && letters.scripts.contains("ja")) return "ja";
    return std::string(script);
  }
  std::array<double, std::size(kLanguages)> scores{};
  for (const std::string& word : letters.words)
    if (const auto found = common_words().find(word); found != common_words().end())
      for (const size_t i : found->second.languages) scores[i] += 1 / static_cast<double>(found->second.languages.size());
  for (size_t i = 0; i < std::size(kLanguages); ++i) {
    const std::string_view own = kLanguages[i].letters;
    for (const std::string& mark : letters.marks)
      if (own.find(mark) != std::string_view::npos) scores[i] += 0.75;
  }
  const auto best = std::max_element(scores.begin(), scores.end());
  const double score = *best;
  *best = -1;
  const double second = std::max(0.0, *std::max_element(scores.begin(), scores.end()));
  if (score < kMinScore || score < kClearlyMore * second || score < kMinShare * static_cast<double>(letters.words.size())) return "";
  return kLanguages[best - scores.begin()].code;
}

std::string_view own_name_of(std::string_view language) {
  for (const KnownLanguage& known : kLanguages)
    if (language == known.code) return known.own_name;
  return "";
}

bool names_a_language(std::string_view text) {
  static const auto names = [] {
    std::set<std::string, std::less<>> out;
    for (const KnownLanguage& known : kLanguages)
      for (const std::string& name : split_at_blanks(known.names)) out.insert(name);
    return out;
  }();
  const Letters letters = letters_of(text);
  return std::any_of(letters.words.begin(), letters.words.end(), [](const std::string& word) { return names.contains(word) || word.starts_with("translat"); });
}

}  // namespace ptah
