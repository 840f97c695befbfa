#include "own/content_id.h"

#include <algorithm>

#include "base/file.h"
#include "base/sha256.h"

namespace ptah {

namespace {

constexpr uint8_t kRaw = 0x55, kDagPb = 0x70;

/// A block of the tree as its parent sees it.
struct Link {
  Bytes cid;
  uint64_t total = 0;    ///< bytes of the block and all below it
  uint64_t content = 0;  ///< bytes of the file below it
};

void put_varint(Bytes& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
}

void put_field(Bytes& out, uint8_t tag, std::span<const uint8_t> bytes) {
  out.push_back(tag);
  put_varint(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Bytes cid_of(uint8_t codec, std::span<const uint8_t> block) {
  const Digest digest = sha256(block);
  Bytes out(4 + digest.size());
  out[0] = 0x01, out[1] = codec, out[2] = 0x12, out[3] = 0x20;  // version 1, codec, SHA-256 of 32 bytes
  std::copy(digest.begin(), digest.end(), out.begin() + 4);
  return out;
}

/// A node of a file (dag-pb around UnixFS): links before data, names empty, as all writers do.
Link node_over(std::span<const Link> links) {
  Bytes file{0x08, 0x02};  // Type: File
  Link out;
  for (const Link& link : links) out.content += link.content;
  file.push_back(0x18);  // filesize
  put_varint(file, out.content);
  for (const Link& link : links) {
    file.push_back(0x20);  // blocksizes
    put_varint(file, link.content);
  }
  Bytes node;
  for (const Link& link : links) {
    Bytes entry;
    put_field(entry, 0x0A, link.cid);
    put_field(entry, 0x12, {});
    entry.push_back(0x18);
    put_varint(entry, link.total);
    put_field(node, 0x12, entry);
    out.total += link.total;
  }
  put_field(node, 0x0A, file);
  out.cid = cid_of(kDagPb, node);
  out.total += node.size();
  return out;
}

/// Multibase base32 (RFC 4648, small letters, no padding).
std::string text_of(std::span<const uint8_t> bytes) {
  static constexpr char kDigits[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string out = "b";
  uint32_t held = 0;
  int bits = 0;
  for (const uint8_t byte : bytes) {
    held = held << 8 | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) out += kDigits[held >> (bits - 5) & 31];
  }
  if (bits > 0) out += kDigits[held << (5 - bits) & 31];
  return out;
}

}  // namespace

std::string content_id(std::span<const uint8_t> bytes, const UnixFsLayout& layout) {
  std::vector<Link> level;
  for (size_t at = 0; at < bytes.size() || at == 0; at += layout.chunk) {
    const auto leaf = bytes.subspan(at, std::min(layout.chunk, bytes.size() - at));
    level.push_back({cid_of(kRaw, leaf), leaf.size(), leaf.size()});
  }
  while (level.size() > 1) {
    std::vector<Link> above;
    for (size_t at = 0; at < level.size(); at += layout.width)
      above.push_back(node_over(std::span<const Link>(level).subspan(at, std::min(layout.width, level.size() - at))));
    level = std::move(above);
  }
  return text_of(level[0].cid);
}

Result<std::string> content_id_of_file(const std::filesystem::path& path) {
  PTAH_TRY(const auto file, MappedFile::open(path));
  return content_id(file->bytes());
}

}  // namespace ptah
