// WAV files as they come: streamed, with something behind them, and with lengths of 64 bits. Each takes content credentials and can be read afterwards.
#include <gtest/gtest.h>

#include "media/manifest_store.h"
#include "media/wav.h"

namespace ptah {
namespace {

void put(Bytes& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
void put(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }
uint64_t little(const Bytes& file, size_t at, int bytes) {
  uint64_t value = 0;
  for (int i = bytes; i-- > 0;) value = value << 8 | file[at + static_cast<size_t>(i)];
  return value;
}

/// 400 samples of 8 bits; the lengths as given.
Bytes wav(uint32_t whole, uint32_t data, size_t samples = 400) {
  Bytes out;
  put(out, "RIFF");
  put(out, whole, 4);
  put(out, "WAVEfmt ");
  put(out, 16, 4);
  for (const auto& [value, bytes] : {std::pair{1, 2}, {1, 2}, {8000, 4}, {8000, 4}, {1, 2}, {8, 2}}) put(out, static_cast<uint64_t>(value), bytes);
  put(out, "data");
  put(out, data, 4);
  for (size_t i = 0; i < samples; ++i) out.push_back(static_cast<uint8_t>(i));
  return out;
}
Bytes rf64(uint64_t whole, uint64_t data) {
  const Bytes plain = wav(0xFFFFFFFF, 0xFFFFFFFF);
  Bytes out;
  put(out, "RF64");
  put(out, 0xFFFFFFFF, 4);
  put(out, "WAVEds64");
  put(out, 28, 4);
  put(out, whole, 8);
  put(out, data, 8);
  put(out, 400, 8);
  put(out, 0, 4);
  out.insert(out.end(), plain.begin() + 12, plain.end());
  return out;
}

const Bytes kStore(1001, 0x5A);

/// Puts a store in, finds it again, takes it out. Returns the marked file.
Bytes marked(const Bytes& file) {
  const Bytes out = value_or_throw(with_manifest(file, kStore));
  const auto place = value_or_throw(find_manifest(out));
  EXPECT_TRUE(place);
  EXPECT_EQ(place->store, kStore);
  const Wav parsed = value_or_throw(parse_wav(out));
  EXPECT_FALSE(parsed.streamed);
  size_t samples = 0;
  for (const WavChunk& chunk : parsed.chunks)
    if (chunk.type == "data") samples = chunk.data.size();
  EXPECT_EQ(samples, 400U);
  EXPECT_FALSE(value_or_throw(find_manifest(value_or_throw(without_manifest(out)))));
  EXPECT_EQ(value_or_throw(with_manifest(out, kStore)), out) << "a second store takes the first one's place";
  return out;
}

TEST(Wav, AWholeFileComesBackAsItWas) {
  const Bytes file = wav(436, 400);
  const Bytes with = marked(file);
  EXPECT_EQ(little(with, 4, 4), with.size() - 8);
  EXPECT_EQ(value_or_throw(without_manifest(with)), file);
}

TEST(Wav, StreamedLengthsReachToTheEndAndAreWrittenOut) {
  for (const auto& [whole, data] :
       {std::pair<uint32_t, uint32_t>{0xFFFFFFFF, 0xFFFFFFFF}, {0, 0}, {0x7FFFF024, 0x7FFFF000}, {0xFFFFFFFF, 0}, {0, 0xFFFFFFFF}}) {
    EXPECT_TRUE(value_or_throw(parse_wav(wav(whole, data))).streamed);
    const Bytes with = marked(wav(whole, data));
    EXPECT_EQ(little(with, 4, 4), with.size() - 8);
    EXPECT_EQ(little(with, 40, 4), 400U);
  }
}

TEST(Wav, WhatLiesBehindTheLastChunkIsKeptBehindIt) {
  for (const std::string_view tail : {"x", "1234567", "TAG of another program, 35 bytes ..."}) {
    Bytes file = wav(436, 400);
    put(file, tail);
    const Bytes with = marked(file);
    EXPECT_EQ(std::string(with.end() - static_cast<std::ptrdiff_t>(tail.size()), with.end()), tail);
    EXPECT_EQ(little(with, 4, 4), with.size() - 8 - tail.size());
    EXPECT_EQ(value_or_throw(without_manifest(with)), file);
  }
  Bytes counted = wav(439, 400);  // three stray bytes that the length counts
  put(counted, "abc");
  marked(counted);
}

TEST(Wav, LengthsOf64Bits) {
  const Bytes file = rf64(472, 400);
  const Bytes with = marked(file);
  EXPECT_EQ(little(with, 4, 4), 0xFFFFFFFF);
  EXPECT_EQ(little(with, 20, 8), with.size() - 8);
  EXPECT_EQ(value_or_throw(without_manifest(with)), file);
  EXPECT_EQ(little(marked(rf64(0, 0)), 28, 8), 400U) << "and streamed ones";
  Bytes bw64 = rf64(472, 400);
  std::copy_n("BW64", 4, bw64.begin());
  marked(bw64);
}

TEST(Wav, WhatIsCutOffIsSaid) {
  Bytes file = wav(436, 400);
  file.resize(file.size() - 100);
  const auto found = find_manifest(file);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("100 are missing"), std::string::npos) << found.error().message;
  for (size_t size = 12; size < 44; ++size) {
    Bytes head = wav(436, 400);
    head.resize(size);
    EXPECT_FALSE(with_manifest(head, kStore) && size < 20) << size;
  }
  EXPECT_FALSE(parse_wav(rf64(uint64_t{1} << 60, uint64_t{1} << 60)));
}

TEST(Wav, SamplesComeBackAndTheLabelIsInside) {
  const std::vector<float> samples{0, 0.5F, -0.5F, 1, -1, 2, -2, 0.25F, 1e-6F};
  const Bytes file = value_or_throw(encode_wav(samples, 24000, "<x:xmpmeta/>"));
  EXPECT_EQ(little(file, 4, 4), file.size() - 8);
  const WavSound sound = value_or_throw(decode_wav(file));
  EXPECT_EQ(sound.rate, 24000);
  EXPECT_EQ(sound.channels, 1);
  ASSERT_EQ(sound.samples.size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) EXPECT_NEAR(sound.samples[i], std::clamp(samples[i], -1.0F, 1.0F), 4e-5F) << i;
  const std::string text(file.begin(), file.end());
  EXPECT_NE(text.find("<x:xmpmeta/>"), std::string::npos);
  EXPECT_TRUE(holds_manifests(file));
  for (size_t cut = 12; cut < file.size(); cut += 7) EXPECT_FALSE(decode_wav(std::span(file).first(cut))) << cut;
  EXPECT_EQ(decode_wav(wav(0, 400)).error().code, ErrorCode::unsupported) << "8 bits";
}

}  // namespace
}  // namespace ptah
