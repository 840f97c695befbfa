#include "own/content_id.h"

#include <algorithm>
#include <functional>

#include "base/budget.h"
#include "base/file.h"
#include "own/cbor.h"

namespace ptah {

namespace {

using BlockVisitor = std::function<void(std::span<const uint8_t> cid, std::span<const uint8_t> block)>;

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
Link node_over(std::span<const Link> links, const BlockVisitor& visit) {
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
  if (visit) visit(out.cid, node);
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

/// The root of a file's tree; leaves come before the nodes above them.
Bytes root_of(std::span<const uint8_t> bytes, const UnixFsLayout& layout, const BlockVisitor& visit) {
  std::vector<Link> level;
  for (size_t at = 0; at < bytes.size() || at == 0; at += layout.chunk) {
    const auto leaf = bytes.subspan(at, std::min(layout.chunk, bytes.size() - at));
    level.push_back({cid_of(kRaw, leaf), leaf.size(), leaf.size()});
    if (visit) visit(level.back().cid, leaf);
  }
  while (level.size() > 1) {
    std::vector<Link> above;
    for (size_t at = 0; at < level.size(); at += layout.width)
      above.push_back(node_over(std::span<const Link>(level).subspan(at, std::min(layout.width, level.size() - at)), visit));
    level = std::move(above);
  }
  return level[0].cid;
}

/// For files, which may be large: throws Failure (cancelled).
const BlockVisitor stop_if_asked = [](std::span<const uint8_t>, std::span<const uint8_t>) { value_or_throw(check_cancelled()); };

}  // namespace

std::string content_id(std::span<const uint8_t> bytes, const UnixFsLayout& layout) { return text_of(root_of(bytes, layout, {})); }

Result<std::string> content_id_of_file(const std::filesystem::path& path) {
  PTAH_TRY(const auto file, MappedFile::open(path));
  return guard([&]() -> Result<std::string> { return text_of(root_of(file->bytes(), {}, stop_if_asked)); });
}

std::string raw_content_id(const Digest& sha256) {
  Bytes cid{0x01, kRaw, 0x12, 0x20};
  cid.insert(cid.end(), sha256.begin(), sha256.end());
  return text_of(cid);
}

namespace {

Result<std::vector<std::string>> write_car_of(const std::filesystem::path& path, const std::vector<std::filesystem::path>& files) {
  std::vector<std::shared_ptr<MappedFile>> mapped;
  for (const auto& file : files) {
    PTAH_TRY(auto one, MappedFile::open(file));
    mapped.push_back(std::move(one));
  }
  // The roots stand in front of the blocks, so they are found first.
  Cbor::Array roots;
  std::vector<std::string> names;
  for (const auto& file : mapped) {
    const Bytes root = root_of(file->bytes(), {}, stop_if_asked);
    names.push_back(text_of(root));
    Bytes link{0x00};  // DAG-CBOR: tag 42, the CID behind a zero
    link.insert(link.end(), root.begin(), root.end());
    roots.push_back(Cbor::tagged(42, link));
  }
  const Bytes header = Cbor(Cbor::Map{{"roots", roots}, {"version", 1}}).encode();
  std::vector<Bytes> heads;  // of the sections; what they stand before lies in the mapped files or in `nodes`
  std::vector<Bytes> nodes;
  std::vector<std::pair<size_t, std::span<const uint8_t>>> sections;
  heads.emplace_back();
  put_varint(heads.back(), header.size());
  for (const auto& file : mapped) {
    const auto whole = file->bytes();
    root_of(whole, {}, [&](std::span<const uint8_t> cid, std::span<const uint8_t> block) {
      stop_if_asked(cid, block);
      Bytes head;
      put_varint(head, cid.size() + block.size());
      head.insert(head.end(), cid.begin(), cid.end());
      heads.push_back(std::move(head));
      const bool leaf = block.data() >= whole.data() && block.data() < whole.data() + whole.size();
      if (!leaf) nodes.emplace_back(block.begin(), block.end());
      sections.emplace_back(leaf ? SIZE_MAX : nodes.size() - 1, block);
    });
  }
  std::vector<std::span<const uint8_t>> parts{heads[0], header};
  for (size_t i = 0; i < sections.size(); ++i) {
    parts.emplace_back(heads[i + 1]);
    parts.emplace_back(sections[i].first == SIZE_MAX ? sections[i].second : std::span<const uint8_t>(nodes[sections[i].first]));
  }
  PTAH_TRY_VOID(write_new_file(path, parts));
  return names;
}

}  // namespace

Result<std::vector<std::string>> write_car(const std::filesystem::path& path, const std::vector<std::filesystem::path>& files) {
  return guard([&] { return write_car_of(path, files); });
}

}  // namespace ptah
