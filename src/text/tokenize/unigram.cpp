#include "text/tokenize/unigram.h"

#include <algorithm>
#include <cstring>

#include "text/tokenize/characters.h"

namespace ptah {

Result<CharacterMap> CharacterMap::parse(std::string blob) {
  uint32_t bytes = 0;
  if (blob.size() < 4) return fail(ErrorCode::corrupt, "map of characters: {} bytes", blob.size());
  std::memcpy(&bytes, blob.data(), 4);
  if (bytes % 4 != 0 || bytes < 4 || bytes > blob.size() - 4)
    return fail(ErrorCode::corrupt, "map of characters: a trie of {} bytes in {}", bytes, blob.size());
  CharacterMap map;
  map.units_ = bytes / 4;
  map.texts_ = 4 + bytes;
  map.blob_ = std::move(blob);
  return map;
}

uint32_t CharacterMap::unit(size_t i) const {
  uint32_t value = 0;
  std::memcpy(&value, blob_.data() + 4 + 4 * i, 4);
  return value;
}

bool CharacterMap::look_up(std::string_view chunk, std::string_view& found) const {
  const auto offset = [](uint32_t u) { return static_cast<size_t>(u >> 10) << ((u & (1U << 9)) >> 6); };
  size_t node = offset(unit(0));
  for (const char c : chunk) {
    if (c == 0) return false;
    node ^= static_cast<uint8_t>(c);
    if (node >= units_) return false;
    const uint32_t here = unit(node);
    if ((here & (1U << 31 | 255U)) != static_cast<uint8_t>(c)) return false;
    node ^= offset(here);
    if (node >= units_) return false;
    if ((here >> 8 & 1) == 0) continue;
    const size_t at = texts_ + (unit(node) & 0x7fffffffU);
    if (at >= blob_.size()) return false;
    const size_t end = blob_.find('\0', at);
    found = std::string_view(blob_).substr(at, (end == std::string::npos ? blob_.size() : end) - at);
    return true;
  }
  return false;
}

std::string CharacterMap::apply(std::string_view text) const {
  constexpr size_t kLongest = 6;  // bytes of a cluster that is looked up as a whole
  std::string out;
  for (size_t begin = 0; begin < text.size();) {
    Character before = character_at(text, begin);
    utf8proc_int32_t state = 0;
    size_t end = begin + before.length;
    while (end < text.size() && before.value >= 0) {
      const Character next = character_at(text, end);
      if (next.value < 0 || utf8proc_grapheme_break_stateful(before.value, next.value, &state)) break;
      before = next;
      end += next.length;
    }
    const std::string_view cluster = text.substr(begin, end - begin);
    std::string_view found;
    if (cluster.size() < kLongest && look_up(cluster, found)) {
      out += found;
    } else {
      for (size_t at = 0; at < cluster.size();) {
        const std::string_view one = cluster.substr(at, character_at(cluster, at).length);
        out += look_up(one, found) ? found : one;
        at += one.size();
      }
    }
    begin = end;
  }
  return out;
}

Unigram::Unigram(std::vector<Piece> pieces, double min_score) : pieces_(std::move(pieces)), unknown_(min_score - 10) {
  std::sort(pieces_.begin(), pieces_.end(), [](const Piece& a, const Piece& b) { return a.text < b.text; });
}

std::vector<Unigram::Part> Unigram::divide(std::string_view text) const {
  struct Best {
    double score = 0;
    size_t from = 0;
    int32_t id = -1;
    bool reached = false;
  };
  std::vector<Best> best(text.size() + 1);
  const auto reach = [&](size_t from, size_t to, int32_t id, double score) {
    if (best[to].reached && !(score > best[to].score)) return;
    best[to] = {score, from, id, true};
  };
  for (size_t at = 0; at < text.size();) {
    const size_t length = character_at(text, at).length;
    const double here = best[at].score;
    bool alone = false;
    // Pieces that begin like the text lie side by side: the range narrows with every byte.
    auto low = pieces_.begin(), high = pieces_.end();
    for (size_t depth = 0; at + depth < text.size() && low != high; ++depth) {
      const auto byte = static_cast<uint8_t>(text[at + depth]);
      const auto at_depth = [depth](const Piece& p) { return p.text.size() > depth ? static_cast<int>(static_cast<uint8_t>(p.text[depth])) : -1; };
      low = std::partition_point(low, high, [&](const Piece& p) { return at_depth(p) < byte; });
      high = std::partition_point(low, high, [&](const Piece& p) { return at_depth(p) <= byte; });
      if (low == high || low->text.size() != depth + 1) continue;
      reach(at, at + depth + 1, low->id, here + low->score);
      alone = alone || depth + 1 == length;
    }
    if (!alone) reach(at, at + length, -1, here + unknown_);
    at += length;
  }
  std::vector<Part> parts;
  for (size_t end = text.size(); end > 0; end = best[end].from) {
    const Best& b = best[end];
    if (b.id < 0 && !parts.empty() && parts.back().id < 0)
      parts.back() = {-1, b.from, parts.back().length + end - b.from};
    else
      parts.push_back({b.id, b.from, end - b.from});
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

}  // namespace ptah
