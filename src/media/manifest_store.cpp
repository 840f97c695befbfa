#include "media/manifest_store.h"

#include <cstring>
#include <string_view>

#include "media/jpeg_segments.h"
#include "media/png_chunks.h"
#include "media/wav.h"

namespace ptah {

namespace {

constexpr size_t kBehindHeader = 33;  ///< signature and IHDR

void put_big(Bytes& out, uint32_t value) {
  for (int i = 3; i >= 0; --i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
void put_little(uint8_t* at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

Result<std::optional<ManifestPlace>> find_in_png(std::span<const uint8_t> file) {
  std::optional<ManifestPlace> out;
  for (size_t at = 8; at < file.size();) {
    PTAH_TRY(const PngChunk chunk, png_chunk_at(file, at, false));  // a wrong checksum is for those to say who read the picture
    if (chunk.type == "caBX") {
      if (out) return fail(ErrorCode::corrupt, "png: two manifest stores");
      out = ManifestPlace{Bytes(chunk.data.begin(), chunk.data.end()), at, chunk.size};
    }
    at += chunk.size;
    if (chunk.type == "IEND") break;
  }
  return out;
}

Result<std::optional<ManifestPlace>> find_in_wav(std::span<const uint8_t> file) {
  std::optional<ManifestPlace> out;
  PTAH_TRY(const Wav wav, parse_wav(file));
  for (const WavChunk& chunk : wav.chunks) {
    if (chunk.type != "C2PA") continue;
    if (out) return fail(ErrorCode::corrupt, "wav: two manifest stores");
    out = ManifestPlace{Bytes(chunk.data.begin(), chunk.data.end()), chunk.at, chunk.size};
  }
  return out;
}

/// Behind the last chunk; the lengths in the head become those of the whole.
Result<Bytes> with_manifest_in_wav(Bytes file, std::span<const uint8_t> store) {
  PTAH_TRY(const Wav wav, parse_wav(file));
  Bytes chunk(wav.end % 2, 0);
  for (const char c : std::string_view("C2PA")) chunk.push_back(static_cast<uint8_t>(c));
  chunk.resize(chunk.size() + 4);
  put_little(chunk.data() + chunk.size() - 4, static_cast<uint32_t>(store.size()));
  chunk.insert(chunk.end(), store.begin(), store.end());
  if (store.size() % 2) chunk.push_back(0);
  set_wav_lengths(file, wav, wav.end + chunk.size());
  file.insert(file.begin() + static_cast<std::ptrdiff_t>(wav.end), chunk.begin(), chunk.end());
  return file;
}

uint32_t big(const uint8_t* at) { return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3]; }

constexpr size_t kSegmentHead = 12;     ///< marker, length, "JP", box number, sequence number
constexpr size_t kSegmentPart = 60000;  ///< bytes of a box a segment
constexpr size_t kBoxHead = 8;          ///< repeated in each segment

/// The segments APP11 of one box, pieces of C2PA's superbox, lie behind one another.
Result<std::optional<ManifestPlace>> find_in_jpeg(std::span<const uint8_t> file) {
  PTAH_TRY(const auto segments, jpeg_segments(file));
  std::optional<ManifestPlace> out;
  uint16_t number = 0;
  uint32_t next = 0;
  for (const JpegSegment& s : segments) {
    const uint8_t* at = file.data() + s.start;
    if (s.marker != 0xEB || s.size < kSegmentHead + kBoxHead || at[4] != 'J' || at[5] != 'P') continue;
    const auto here = static_cast<uint16_t>(at[6] << 8 | at[7]);
    const uint32_t sequence = big(at + 8);
    const uint8_t *box = at + kSegmentHead, *end = at + s.size;
    if (out && here == number) {
      if (sequence != next || s.start != out->start + out->length)
        return fail(ErrorCode::corrupt, "jpeg: the pieces of the manifest store are not in their order");
      out->store.insert(out->store.end(), box + kBoxHead, end);
      out->length += s.size;
      ++next;
      continue;
    }
    // A superbox whose description says C2PA: jumb, jumd, the type's first letters.
    if (sequence != 1 || end - box < 20 || std::memcmp(box + 4, "jumb", 4) != 0 || std::memcmp(box + 12, "jumd", 4) != 0 ||
        std::memcmp(box + 16, "c2pa", 4) != 0)
      continue;
    if (out) return fail(ErrorCode::corrupt, "jpeg: two manifest stores");
    out = ManifestPlace{Bytes(box, end), s.start, s.size};
    number = here;
    next = 2;
  }
  if (out && out->store.size() < big(out->store.data())) return fail(ErrorCode::corrupt, "jpeg: the manifest store is not whole");
  return out;
}

/// Behind JFIF's own segment, where there is one.
Result<Bytes> with_manifest_in_jpeg(Bytes file, std::span<const uint8_t> store) {
  PTAH_TRY(const auto segments, jpeg_segments(file));
  size_t place = 2;
  uint16_t number = 1;
  for (const JpegSegment& s : segments) {
    const uint8_t* at = file.data() + s.start;
    if (s.marker == 0xE0 && s.start == place) place = s.start + s.size;
    if (s.marker == 0xEB && s.size >= kSegmentHead && at[4] == 'J' && at[5] == 'P')
      number = std::max(number, static_cast<uint16_t>((at[6] << 8 | at[7]) + 1));  // other boxes keep theirs
  }
  Bytes pieces;
  const auto head = store.first(kBoxHead);
  uint32_t sequence = 0;
  for (size_t at = kBoxHead; at < store.size(); at += kSegmentPart) {
    const auto part = store.subspan(at, std::min(kSegmentPart, store.size() - at));
    const size_t size = kSegmentHead - 2 + kBoxHead + part.size();
    for (const int byte : {0xFF, 0xEB, static_cast<int>(size >> 8), static_cast<int>(size & 0xFF), int{'J'}, int{'P'}, number >> 8, number & 0xFF})
      pieces.push_back(static_cast<uint8_t>(byte));
    put_big(pieces, ++sequence);
    pieces.insert(pieces.end(), head.begin(), head.end());
    pieces.insert(pieces.end(), part.begin(), part.end());
  }
  file.insert(file.begin() + static_cast<std::ptrdiff_t>(place), pieces.begin(), pieces.end());
  return file;
}

}  // namespace

bool holds_manifests(std::span<const uint8_t> file) { return is_png(file) || is_wav(file) || is_jpeg(file); }

Result<std::optional<ManifestPlace>> find_manifest(std::span<const uint8_t> file) {
  if (is_png(file)) return find_in_png(file);
  if (is_wav(file)) return find_in_wav(file);
  if (is_jpeg(file)) return find_in_jpeg(file);
  return std::optional<ManifestPlace>();
}

Result<Bytes> without_manifest(std::span<const uint8_t> file) {
  PTAH_TRY(const auto place, find_manifest(file));
  Bytes out(file.begin(), file.end());
  if (!place) return out;
  if (is_wav(file)) {
    PTAH_TRY(const Wav wav, parse_wav(file));
    if (!wav.streamed) set_wav_lengths(out, wav, wav.end - place->length);
  }
  const auto from = out.begin() + static_cast<std::ptrdiff_t>(place->start);
  out.erase(from, from + static_cast<std::ptrdiff_t>(place->length));
  return out;
}

Result<Bytes> with_manifest(std::span<const uint8_t> file, std::span<const uint8_t> store) {
  if (!holds_manifests(file)) return fail(ErrorCode::unsupported, "a manifest store can be put into PNG, JPEG and WAV files only");
  if (store.size() > (size_t{1} << 30)) return fail(ErrorCode::unsupported, "a manifest store of {} bytes", store.size());
  PTAH_TRY(Bytes out, without_manifest(file));
  if (is_jpeg(out)) return store.size() < 16 ? fail(ErrorCode::invalid_argument, "no manifest store") : with_manifest_in_jpeg(std::move(out), store);
  if (is_png(out)) {
    if (out.size() < kBehindHeader || std::memcmp(out.data() + 12, "IHDR", 4) != 0) return fail(ErrorCode::corrupt, "png: no IHDR");
    Bytes chunk;
    put_big(chunk, static_cast<uint32_t>(store.size()));
    for (const char c : std::string_view("caBX")) chunk.push_back(static_cast<uint8_t>(c));
    chunk.insert(chunk.end(), store.begin(), store.end());
    put_big(chunk, crc32_of(std::span(chunk).subspan(4)));
    out.insert(out.begin() + kBehindHeader, chunk.begin(), chunk.end());
    return out;
  }
  return with_manifest_in_wav(std::move(out), store);
}

}  // namespace ptah
