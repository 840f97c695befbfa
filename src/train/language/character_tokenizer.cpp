#include "train/language/character_tokenizer.h"

#include <set>

#include "text/tokenize/characters.h"

namespace ptah {

namespace {

/// Bytes as byte-level tokenizers print them.
std::string printed_bytes(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += utf8_of(printable_bytes()[static_cast<uint8_t>(c)]);
  return out;
}

}  // namespace

Result<Json> character_tokenizer(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::invalid_argument, "the text to learn from is empty");
  std::set<std::string_view> characters;  // UTF-8 sorts by code point
  for (size_t at = 0; at < text.size();) {
    const size_t length = character_at(text, at).length;
    characters.insert(text.substr(at, length));
    at += length;
  }
  Json vocabulary = Json::object(), merges = Json::array();
  const auto add = [&](std::string_view bytes) {
    const std::string token = printed_bytes(bytes);
    if (!vocabulary.contains(token)) vocabulary[token] = vocabulary.size();
  };
  for (const std::string_view character : characters) add(character);
  std::set<std::string> merged;
  for (const std::string_view character : characters) {
    for (size_t i = 0; i < character.size(); ++i) add(character.substr(i, 1));
    for (size_t i = 1; i < character.size(); ++i) {
      add(character.substr(0, i + 1));
      const std::string merge = printed_bytes(character.substr(0, i)) + " " + printed_bytes(character.substr(i, 1));
      if (merged.insert(merge).second) merges.push_back(merge);
    }
  }
  const Json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  return Json{{"version", "1.0"},
              {"truncation", nullptr},
              {"padding", nullptr},
              {"added_tokens", Json::array()},
              {"normalizer", nullptr},
              {"pre_tokenizer", bytes},
              {"post_processor", nullptr},
              {"decoder", bytes},
              {"model",
               {{"type", "BPE"},
                {"dropout", nullptr},
                {"unk_token", nullptr},
                {"continuing_subword_prefix", nullptr},
                {"end_of_word_suffix", nullptr},
                {"fuse_unk", false},
                {"byte_fallback", false},
                {"ignore_merges", false},
                {"vocab", vocabulary},
                {"merges", merges}}}};
}

}  // namespace ptah
