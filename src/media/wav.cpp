#include "media/wav.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace ptah {

namespace {

constexpr uint32_t kUnknown = 0xFFFFFFFF;
constexpr uint32_t kStreamed = 0x7FFF0000;  ///< programs that write into a pipe put 0, or one of the largest numbers

template <class T>
T little(std::span<const uint8_t> file, size_t at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(T{file[at + i]} << (8 * i));
  return value;
}
template <class T>
void put_sample(Bytes& file, size_t at, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) file[at + i] = static_cast<uint8_t>(value >> (8 * i));
}

bool has_long_lengths(std::span<const uint8_t> file) { return std::memcmp(file.data(), "RIFF", 4) != 0; }

/// The lengths in "ds64", by type; "" is the whole.
std::map<std::string, uint64_t, std::less<>> long_lengths(std::span<const uint8_t> data) {
  std::map<std::string, uint64_t, std::less<>> out;
  if (data.size() < 28) return out;
  out[""] = little<uint64_t>(data, 0);
  out["data"] = little<uint64_t>(data, 8);
  for (size_t at = 28, left = little<uint32_t>(data, 24); left > 0 && at + 12 <= data.size(); at += 12, --left)
    out[std::string(reinterpret_cast<const char*>(data.data()) + at, 4)] = little<uint64_t>(data, at + 4);
  return out;
}

}  // namespace

bool is_wav(std::span<const uint8_t> file) {
  if (file.size() < 12 || std::memcmp(file.data() + 8, "WAVE", 4) != 0) return false;
  for (const char* id : {"RIFF", "RF64", "BW64"})
    if (std::memcmp(file.data(), id, 4) == 0) return true;
  return false;
}

Result<Wav> parse_wav(std::span<const uint8_t> file) {
  Wav out;
  std::map<std::string, uint64_t, std::less<>> lengths;
  uint64_t whole = little<uint32_t>(file, 4);
  const bool streamed = whole == 0 || whole >= kStreamed;
  size_t at = 12, end = streamed ? file.size() : std::min<uint64_t>(file.size(), whole + 8);
  while (end - std::min(at, end) >= 8) {
    const auto rest = file.size() - at - 8;
    WavChunk chunk{{reinterpret_cast<const char*>(file.data()) + at, 4}, {}, at, 0};
    uint64_t length = little<uint32_t>(file, at + 4);
    const auto longer = lengths.find(chunk.type);
    const bool told = length == kUnknown && longer != lengths.end() && longer->second != 0 && longer->second >> 63 == 0;
    if (told) length = longer->second;
    if (chunk.type == "data" && !told && (length >= kStreamed || (length == 0 && streamed)) && length != rest && (length == 0 || length > rest)) {
      length = rest;
      out.streamed = true;
    }
    if (length > rest)
      return fail(ErrorCode::corrupt, "wav: cut off: the chunk at byte {} of {} bytes passes the end, {} are missing", at, length, length - rest);
    chunk.data = file.subspan(at + 8, length);
    chunk.size = static_cast<size_t>(std::min<uint64_t>(length + length % 2, rest)) + 8;
    out.chunks.push_back(chunk);
    at += chunk.size;
    if (chunk.type == "ds64" && out.chunks.size() == 1 && has_long_lengths(file)) {
      lengths = long_lengths(chunk.data);
      whole = lengths[""];
      if (whole != 0) end = static_cast<size_t>(std::min<uint64_t>(file.size(), whole > file.size() ? file.size() : whole + 8));
    }
  }
  if (out.chunks.empty()) return fail(ErrorCode::corrupt, "wav: cut off at byte {}, before its first chunk", file.size());
  out.end = at;
  return out;
}

void set_wav_lengths(Bytes& file, const Wav& was, size_t end) {
  const bool wide = has_long_lengths(file) && was.chunks.front().type == "ds64" && was.chunks.front().data.size() >= 28;
  if (wide)
    put_sample(file, was.chunks.front().at + 8, static_cast<uint64_t>(end - 8));
  else
    put_sample(file, 4, static_cast<uint32_t>(end - 8));
  for (const WavChunk& chunk : was.chunks) {
    if (!was.streamed || chunk.type != "data") continue;
    if (wide) put_sample(file, was.chunks.front().at + 16, static_cast<uint64_t>(chunk.data.size()));
    put_sample(file, chunk.at + 4, wide ? kUnknown : static_cast<uint32_t>(chunk.data.size()));
  }
}

}  // namespace ptah
