#include "media/manifest_store.h"

#include <cstring>
#include <string_view>

#include "media/png_chunks.h"

namespace ptah {

namespace {

constexpr size_t kBehindHeader = 33;  ///< signature and IHDR

bool is_wav(std::span<const uint8_t> file) {
  return file.size() >= 12 && std::memcmp(file.data(), "RIFF", 4) == 0 && std::memcmp(file.data() + 8, "WAVE", 4) == 0;
}

uint32_t little(const uint8_t* at) { return uint32_t{at[3]} << 24 | uint32_t{at[2]} << 16 | uint32_t{at[1]} << 8 | at[0]; }
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
  for (size_t at = 12; at < file.size();) {
    if (file.size() - at < 8) return fail(ErrorCode::corrupt, "wav: cut off at byte {}", at);
    const uint32_t length = little(file.data() + at + 4);
    const size_t padded = size_t{length} + length % 2;
    if (length > file.size() - at - 8) return fail(ErrorCode::corrupt, "wav: chunk at byte {} of {} bytes passes the end", at, length);
    if (std::memcmp(file.data() + at, "C2PA", 4) == 0) {
      if (out) return fail(ErrorCode::corrupt, "wav: two manifest stores");
      const uint8_t* data = file.data() + at + 8;
      out = ManifestPlace{Bytes(data, data + length), at, std::min(padded, file.size() - at - 8) + 8};
    }
    at += std::min(padded, file.size() - at - 8) + 8;
  }
  return out;
}

}  // namespace

bool holds_manifests(std::span<const uint8_t> file) { return is_png(file) || is_wav(file); }

Result<std::optional<ManifestPlace>> find_manifest(std::span<const uint8_t> file) {
  if (is_png(file)) return find_in_png(file);
  if (is_wav(file)) return find_in_wav(file);
  return std::optional<ManifestPlace>();
}

Result<Bytes> without_manifest(std::span<const uint8_t> file) {
  PTAH_TRY(const auto place, find_manifest(file));
  Bytes out(file.begin(), file.end());
  if (!place) return out;
  const auto from = out.begin() + static_cast<std::ptrdiff_t>(place->start);
  out.erase(from, from + static_cast<std::ptrdiff_t>(place->length));
  if (is_wav(out)) put_little(out.data() + 4, static_cast<uint32_t>(out.size() - 8));
  return out;
}

Result<Bytes> with_manifest(std::span<const uint8_t> file, std::span<const uint8_t> store) {
  if (!holds_manifests(file)) return fail(ErrorCode::unsupported, "a manifest store can be put into PNG and WAV files only");
  if (store.size() > (size_t{1} << 30)) return fail(ErrorCode::unsupported, "a manifest store of {} bytes", store.size());
  PTAH_TRY(Bytes out, without_manifest(file));
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
  if (out.size() % 2) out.push_back(0);
  const size_t at = out.size();
  for (const char c : std::string_view("C2PA")) out.push_back(static_cast<uint8_t>(c));
  out.resize(out.size() + 4);
  put_little(out.data() + at + 4, static_cast<uint32_t>(store.size()));
  out.insert(out.end(), store.begin(), store.end());
  if (out.size() % 2) out.push_back(0);
  put_little(out.data() + 4, static_cast<uint32_t>(out.size() - 8));
  return out;
}

}  // namespace ptah
