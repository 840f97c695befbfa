#include "media/zip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace ptah {

namespace {

using Span = std::span<const uint8_t>;

constexpr size_t kMaxEntries = 65535, kEndBytes = 22, kCentralBytes = 46, kLocalBytes = 30;

uint32_t get16(Span bytes, size_t at) { return bytes[at] | static_cast<uint32_t>(bytes[at + 1]) << 8; }
uint32_t get32(Span bytes, size_t at) { return get16(bytes, at) | get16(bytes, at + 2) << 16; }

/// Where the directory's end record stands: behind it only its comment.
Result<size_t> find_end(Span bytes) {
  if (bytes.size() >= kEndBytes) {
    const size_t last = bytes.size() - kEndBytes, first = last > 65535 ? last - 65535 : 0;
    for (size_t at = last + 1; at-- > first;)
      if (get32(bytes, at) == 0x06054B50) return at;
  }
  return fail(ErrorCode::corrupt, "zip: no directory");
}

Result<Bytes> inflated(Span packed, size_t size) {
  Bytes out(size);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return fail(ErrorCode::internal, "zip: inflate does not begin");
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (status != Z_STREAM_END || stream.avail_out != 0) return fail(ErrorCode::corrupt, "zip: a compressed file is broken");
  return out;
}

}  // namespace

Result<ZipReader> ZipReader::open(Span bytes) {
  PTAH_TRY(const size_t end, find_end(bytes));
  const size_t count = get16(bytes, end + 10), size = get32(bytes, end + 12), begin = get32(bytes, end + 16);
  const auto broken = [](const char* why) { return fail(ErrorCode::corrupt, "zip: {}", why); };
  if (begin > end || size > end - begin || count > kMaxEntries) return broken("the directory lies past its end");
  ZipReader out;
  size_t at = begin;
  for (size_t i = 0; i < count; ++i) {
    if (end - at < kCentralBytes || get32(bytes, at) != 0x02014B50) return broken("an entry of the directory");
    const size_t name_bytes = get16(bytes, at + 28), more = get16(bytes, at + 30) + get16(bytes, at + 32), local = get32(bytes, at + 42);
    if (end - at - kCentralBytes < name_bytes + more) return broken("an entry of the directory");
    std::string name(reinterpret_cast<const char*>(bytes.data()) + at + kCentralBytes, name_bytes);
    std::replace(name.begin(), name.end(), '\\', '/');
    while (name.starts_with('/')) name.erase(0, 1);
    Entry entry{get16(bytes, at + 10), get32(bytes, at + 16), get32(bytes, at + 24), {}};
    const size_t packed = get32(bytes, at + 20);
    if ((get16(bytes, at + 8) & 1) != 0) return fail(ErrorCode::unsupported, "zip: an encrypted file");
    if (packed == 0xFFFFFFFF || entry.size == 0xFFFFFFFF || local == 0xFFFFFFFF) return fail(ErrorCode::unsupported, "zip: ZIP64");
    if (entry.method != 0 && entry.method != 8) return fail(ErrorCode::unsupported, "zip: compression method {}", entry.method);
    if (local > bytes.size() || bytes.size() - local < kLocalBytes || get32(bytes, local) != 0x04034B50) return broken("a file's header");
    const size_t data = local + kLocalBytes + get16(bytes, local + 26) + get16(bytes, local + 28);
    if (data > bytes.size() || packed > bytes.size() - data) return broken("a file lies past the end");
    // Deflate makes at most 1032 of one byte.
    if (entry.method == 0 ? entry.size != packed : entry.size / 1033 > packed) return broken("a file's length");
    entry.packed = bytes.subspan(data, packed);
    if (i == 0) out.first_ = name;
    out.entries_.emplace(std::move(name), entry);
    at += kCentralBytes + name_bytes + more;
  }
  return out;
}

Result<Bytes> ZipReader::read(const std::string& name, size_t max_bytes) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return fail(ErrorCode::not_found, "zip: no file '{}'", name.substr(0, 200));
  const Entry& entry = found->second;
  if (entry.size > max_bytes || read_ > max_bytes - entry.size) return fail(ErrorCode::over_budget, "zip: more than {} MiB unpacked", max_bytes >> 20);
  read_ += entry.size;
  Bytes out(entry.packed.begin(), entry.method == 0 ? entry.packed.end() : entry.packed.begin());
  if (entry.method == 8) {
    PTAH_TRY(out, inflated(entry.packed, entry.size));
  }
  if (crc32(0, out.data(), static_cast<uInt>(out.size())) != entry.crc) return fail(ErrorCode::corrupt, "zip: '{}' has another checksum", name.substr(0, 200));
  return out;
}

}  // namespace ptah
