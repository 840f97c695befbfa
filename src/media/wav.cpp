#include "media/wav.h"

#include <algorithm>
#include <cmath>
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

namespace {

void append_chunk(Bytes& file, std::string_view type, std::span<const uint8_t> data) {
  const size_t at = file.size();
  file.insert(file.end(), type.begin(), type.end());
  file.resize(at + 8);
  put_sample(file, at + 4, static_cast<uint32_t>(data.size()));
  file.insert(file.end(), data.begin(), data.end());
  if (data.size() % 2 != 0) file.push_back(0);
}

}  // namespace

void append_samples(Bytes& out, std::span<const float> samples) {
  size_t at = out.size();
  out.resize(at + 2 * samples.size());
  for (const float sample : samples) {
    const float value = std::clamp(sample, -1.0F, 1.0F) * 32767.0F;
    put_sample(out, at, static_cast<uint16_t>(static_cast<int16_t>(std::lrint(value))));
    at += 2;
  }
}

Result<Bytes> wav_file(Bytes samples, int64_t rate, const std::string& label, bool streamed) {
  if (samples.size() > size_t{0x7F000000})
    return fail(ErrorCode::invalid_argument, "wav: {} samples; a file holds no more than {}", samples.size() / 2, 0x7F000000 / 2);
  Bytes file;
  for (const char c : std::string_view("RIFF....WAVE")) file.push_back(static_cast<uint8_t>(c));
  Bytes format(16);
  put_sample(format, 0, uint16_t{1});  // whole numbers
  put_sample(format, 2, uint16_t{1});
  put_sample(format, 4, static_cast<uint32_t>(rate));
  put_sample(format, 8, static_cast<uint32_t>(rate * 2));
  put_sample(format, 12, uint16_t{2});
  put_sample(format, 14, uint16_t{16});
  append_chunk(file, "fmt ", format);
  const std::string_view info("INFOISFT\x05\0\0\0Ptah\0\0", 18);
  append_chunk(file, "LIST", {reinterpret_cast<const uint8_t*>(info.data()), info.size()});
  if (!label.empty()) append_chunk(file, "_PMX", {reinterpret_cast<const uint8_t*>(label.data()), label.size()});
  append_chunk(file, "data", samples);
  put_sample(file, 4, streamed ? kUnknown : static_cast<uint32_t>(file.size() - 8));
  if (streamed) put_sample(file, file.size() - samples.size() - 4, kUnknown);
  return file;
}

Result<Bytes> encode_wav(std::span<const float> samples, int64_t rate, const std::string& label) {
  Bytes numbers;
  append_samples(numbers, samples);
  return wav_file(std::move(numbers), rate, label);
}

Result<WavSound> decode_wav(std::span<const uint8_t> file, size_t max_samples) {
  if (!is_wav(file)) return fail(ErrorCode::unsupported, "wav: another format");
  PTAH_TRY(const Wav wav, parse_wav(file));
  WavSound out;
  bool found = false;
  for (const WavChunk& chunk : wav.chunks) {
    if (chunk.type == "fmt ") {
      if (chunk.data.size() < 16) return fail(ErrorCode::corrupt, "wav: a format of {} bytes", chunk.data.size());
      const auto kind = little<uint16_t>(chunk.data, 0), bits = little<uint16_t>(chunk.data, 14);
      if (kind != 1 || bits != 16) return fail(ErrorCode::unsupported, "wav: {} bits of kind {}; whole numbers of 16 bits are read", bits, kind);
      out.channels = little<uint16_t>(chunk.data, 2);
      out.rate = little<uint32_t>(chunk.data, 4);
    }
    if (chunk.type != "data") continue;
    if (out.channels == 0) return fail(ErrorCode::corrupt, "wav: sound before its format");
    found = true;
    for (size_t at = 0; at + 1 < chunk.data.size() && out.samples.size() < max_samples; at += 2)
      out.samples.push_back(static_cast<float>(static_cast<int16_t>(little<uint16_t>(chunk.data, at))) / 32768.0F);
  }
  if (!found || out.rate == 0) return fail(ErrorCode::corrupt, "wav: no sound");
  return out;
}

}  // namespace ptah
