#include "media/zip.h"

#include <zlib.h>

#include <limits>

#include "media/deflate.h"

namespace ptah {

namespace {

void put16(Bytes& out, uint32_t value) {
  out.push_back(static_cast<uint8_t>(value));
  out.push_back(static_cast<uint8_t>(value >> 8));
}
void put32(Bytes& out, uint32_t value) {
  put16(out, value & 0xFFFF);
  put16(out, value >> 16);
}

struct Written {
  uint32_t method, crc, packed, size, offset;
};

constexpr uint32_t kDate = 0x0021;  // 1980-01-01

void put_header(Bytes& out, const Written& w, const std::string& name, uint32_t extra) {
  put16(out, 20);      // version to read it
  put16(out, 0x0800);  // names are UTF-8
  put16(out, w.method);
  put16(out, 0);
  put16(out, kDate);
  put32(out, w.crc);
  put32(out, w.packed);
  put32(out, w.size);
  put16(out, static_cast<uint32_t>(name.size()));
  put16(out, extra);
}

}  // namespace

Result<Bytes> zip_archive(const std::vector<ZipEntry>& entries, size_t alignment) {
  Bytes out;
  std::vector<Written> written;
  constexpr size_t kMax = std::numeric_limits<uint32_t>::max();
  for (const ZipEntry& entry : entries) {
    if (entry.bytes.size() + out.size() >= kMax - (1 << 20) || entries.size() > 65000)
      return fail(ErrorCode::unsupported, "zip: 4 GiB or more, or more than 65000 files");
    Bytes packed;
    if (alignment == 0) {
      PTAH_TRY(packed, deflated(entry.bytes, DeflateWrapping::none, "zip"));
      if (packed.size() >= entry.bytes.size()) packed.clear();
    }
    const Bytes& body = packed.empty() ? entry.bytes : packed;
    const auto crc = static_cast<uint32_t>(crc32(0, entry.bytes.data(), static_cast<uInt>(entry.bytes.size())));
    const Written w{packed.empty() ? 0U : 8U, crc, static_cast<uint32_t>(body.size()), static_cast<uint32_t>(entry.bytes.size()),
                    static_cast<uint32_t>(out.size())};
    // An extra field of an unknown kind fills up to the alignment.
    uint32_t extra = 0;
    if (alignment > 0) {
      const size_t at = out.size() + 30 + entry.name.size();
      extra = static_cast<uint32_t>((alignment - (at + 4) % alignment) % alignment + 4);
    }
    put32(out, 0x04034B50);
    put_header(out, w, entry.name, extra);
    out.insert(out.end(), entry.name.begin(), entry.name.end());
    if (extra > 0) {
      put16(out, 0x1986);
      put16(out, extra - 4);
      out.insert(out.end(), extra - 4, 0);
    }
    out.insert(out.end(), body.begin(), body.end());
    written.push_back(w);
  }
  const auto directory = static_cast<uint32_t>(out.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    put32(out, 0x02014B50);
    put16(out, 20);
    put_header(out, written[i], entries[i].name, 0);
    for (int zero = 0; zero < 3; ++zero) put16(out, 0);  // comment, disk, attributes
    put32(out, 0);
    put32(out, written[i].offset);
    out.insert(out.end(), entries[i].name.begin(), entries[i].name.end());
  }
  const auto end = static_cast<uint32_t>(out.size());
  put32(out, 0x06054B50);
  put32(out, 0);
  put16(out, static_cast<uint32_t>(entries.size()));
  put16(out, static_cast<uint32_t>(entries.size()));
  put32(out, end - directory);
  put32(out, directory);
  put16(out, 0);
  return out;
}

}  // namespace ptah
