#include "media/sound/sound_encoder.h"

#include <lame/lame.h>
#include <ogg/ogg.h>
#include <opus/opus.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

namespace ptah {

namespace {

constexpr int kMp3Kilobits = 64, kOpusBits = 32000;
constexpr int kOpusRates[] = {8000, 12000, 16000, 24000, 48000};
constexpr int kSerial = 0x50746168;
constexpr const char* kMaker = "Ptah";

Failure encoder_failure(const char* what, const char* why) { return Failure({ErrorCode::internal, fmt::format("{}: {}", what, why)}); }

void append_text(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

template <class T>
void append_little(Bytes& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

/// Seven bits a byte, the higher ones first.
void append_synchsafe(Bytes& out, size_t value) {
  for (int shift = 21; shift >= 0; shift -= 7) out.push_back(static_cast<uint8_t>(value >> shift & 0x7F));
}

/// A tag that says which program wrote the file, and the label.
Bytes id3_tag(const std::string& label) {
  Bytes frames;
  const auto frame = [&](std::string_view id, const Bytes& data) {
    append_text(frames, id);
    append_synchsafe(frames, data.size());
    frames.push_back(0), frames.push_back(0);
    frames.insert(frames.end(), data.begin(), data.end());
  };
  Bytes program{3};  // UTF-8
  append_text(program, kMaker);
  frame("TSSE", program);
  if (!label.empty()) {
    Bytes xmp;
    append_text(xmp, std::string_view("XMP\0", 4));
    append_text(xmp, label);
    frame("PRIV", xmp);
  }
  Bytes out;
  append_text(out, std::string_view("ID3\x04\0\0", 6));
  append_synchsafe(out, frames.size());
  out.insert(out.end(), frames.begin(), frames.end());
  return out;
}

class Mp3Encoder : public SoundEncoder {
 public:
  Mp3Encoder(int64_t rate, const std::string& label) : lame_(lame_init()), tag_(id3_tag(label)) {
    if (!lame_) throw encoder_failure("LAME", "it cannot be begun");
    lame_set_in_samplerate(lame_.get(), static_cast<int>(rate));
    lame_set_num_channels(lame_.get(), 1);
    lame_set_mode(lame_.get(), MONO);
    lame_set_brate(lame_.get(), kMp3Kilobits);
    lame_set_bWriteVbrTag(lame_.get(), 0);
    lame_set_write_id3tag_automatic(lame_.get(), 0);
    if (lame_init_params(lame_.get()) < 0) throw encoder_failure("LAME", "it refuses the settings");
  }
  void add(std::span<const float> sound, Bytes& file) override {
    file.insert(file.end(), tag_.begin(), tag_.end());
    tag_.clear();
    constexpr size_t kAtOnce = 1 << 16;
    for (; !sound.empty(); sound = sound.subspan(std::min(kAtOnce, sound.size()))) {
      const auto count = static_cast<int>(std::min(kAtOnce, sound.size()));
      take(file, static_cast<size_t>(count) * 5 / 4 + 7200,
           [&](unsigned char* to, int room) { return lame_encode_buffer_ieee_float(lame_.get(), sound.data(), sound.data(), count, to, room); });
    }
  }
  void end(Bytes& file) override {
    add({}, file);
    take(file, 7200, [&](unsigned char* to, int room) { return lame_encode_flush(lame_.get(), to, room); });
  }

 private:
  template <class Encode>
  static void take(Bytes& file, size_t room, const Encode& encode) {
    const size_t at = file.size();
    file.resize(at + room);
    const int made = encode(file.data() + at, static_cast<int>(room));
    if (made < 0) throw encoder_failure("LAME", fmt::format("error {}", made).c_str());
    file.resize(at + static_cast<size_t>(made));
  }
  struct Close {
    void operator()(lame_global_flags* lame) const { lame_close(lame); }
  };
  std::unique_ptr<lame_global_flags, Close> lame_;
  Bytes tag_;
};

class OpusFileEncoder : public SoundEncoder {
 public:
  OpusFileEncoder(int64_t rate, const std::string& label) : frame_(static_cast<size_t>(rate / 50)), to_48k_(48000 / rate) {
    int problem = 0;
    encoder_.reset(opus_encoder_create(static_cast<int>(rate), 1, OPUS_APPLICATION_AUDIO, &problem));
    if (!encoder_) throw encoder_failure("Opus", opus_strerror(problem));
    int ahead = 0;
    if (opus_encoder_ctl(encoder_.get(), OPUS_SET_BITRATE(kOpusBits)) != OPUS_OK || opus_encoder_ctl(encoder_.get(), OPUS_GET_LOOKAHEAD(&ahead)) != OPUS_OK)
      throw encoder_failure("Opus", "it refuses the settings");
    skip_ = ahead * to_48k_;
    if (ogg_stream_init(&stream_, kSerial) != 0) throw encoder_failure("Ogg", "no memory");
    Bytes head;
    append_text(head, "OpusHead");
    head.push_back(1), head.push_back(1);
    append_little(head, static_cast<uint16_t>(skip_));
    append_little(head, static_cast<uint32_t>(rate));
    append_little(head, uint16_t{0});
    head.push_back(0);
    put(head, 0, true, false);
    Bytes tags;
    append_text(tags, "OpusTags");
    const auto counted = [&](const std::string& text) {
      append_little(tags, static_cast<uint32_t>(text.size()));
      append_text(tags, text);
    };
    counted(opus_get_version_string());
    append_little(tags, uint32_t{label.empty() ? 1U : 2U});
    counted(std::string("ENCODER=") + kMaker);
    if (!label.empty()) counted("XMP=" + label);
    flush_pages(begun_);
    put(tags, 0, false, false);
    flush_pages(begun_);
  }
  ~OpusFileEncoder() override { ogg_stream_clear(&stream_); }
  OpusFileEncoder(const OpusFileEncoder&) = delete;
  OpusFileEncoder& operator=(const OpusFileEncoder&) = delete;

  void add(std::span<const float> sound, Bytes& file) override {
    file.insert(file.end(), begun_.begin(), begun_.end());
    begun_.clear();
    given_ += static_cast<int64_t>(sound.size());
    waiting_.insert(waiting_.end(), sound.begin(), sound.end());
    size_t at = 0;
    // One frame is kept back: the last one is marked as such.
    for (; waiting_.size() - at > frame_; at += frame_) encode(waiting_.data() + at, false);
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(at));
    for (ogg_page page; ogg_stream_pageout(&stream_, &page) != 0;) append(page, file);
  }
  void end(Bytes& file) override {
    add({}, file);
    // What the encoder looked ahead comes out with silence behind the sound.
    waiting_.resize((waiting_.size() + static_cast<size_t>(skip_ / to_48k_) + frame_ - 1) / frame_ * frame_, 0.0F);
    for (size_t at = 0; at < waiting_.size(); at += frame_) encode(waiting_.data() + at, at + frame_ >= waiting_.size());
    waiting_.clear();
    flush_pages(file);
  }

 private:
  void encode(const float* samples, bool last) {
    std::array<unsigned char, 4000> packet{};
    const int made = opus_encode_float(encoder_.get(), samples, static_cast<int>(frame_), packet.data(), static_cast<opus_int32>(packet.size()));
    if (made < 0) throw encoder_failure("Opus", opus_strerror(made));
    encoded_ += static_cast<int64_t>(frame_) * to_48k_;
    put({packet.data(), static_cast<size_t>(made)}, last ? skip_ + given_ * to_48k_ : encoded_, false, last);
  }
  void put(std::span<const uint8_t> bytes, int64_t position, bool first, bool last) {
    Bytes copy(bytes.begin(), bytes.end());
    ogg_packet packet{copy.data(), static_cast<long>(copy.size()), first, last, position, packets_++};
    if (ogg_stream_packetin(&stream_, &packet) != 0) throw encoder_failure("Ogg", "no memory");
  }
  static void append(const ogg_page& page, Bytes& file) {
    file.insert(file.end(), page.header, page.header + page.header_len);
    file.insert(file.end(), page.body, page.body + page.body_len);
  }
  void flush_pages(Bytes& file) {
    for (ogg_page page; ogg_stream_flush(&stream_, &page) != 0;) append(page, file);
  }

  struct Destroy {
    void operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
  };
  std::unique_ptr<OpusEncoder, Destroy> encoder_;
  ogg_stream_state stream_{};
  size_t frame_;
  int64_t to_48k_, skip_ = 0, given_ = 0, encoded_ = 0, packets_ = 0;
  std::vector<float> waiting_;
  Bytes begun_;
};

struct OpusHeadFacts {
  int channels = 0;
  int64_t skip = 0;
};

Result<OpusHeadFacts> opus_head(const ogg_packet& packet) {
  if (packet.bytes < 19 || std::memcmp(packet.packet, "OpusHead", 8) != 0) return fail(ErrorCode::unsupported, "ogg: another codec than Opus");
  const unsigned char* head = packet.packet;
  if (head[8] >> 4 != 0 || head[18] != 0 || head[9] < 1 || head[9] > 2)
    return fail(ErrorCode::unsupported, "opus: version {} with {} channels of mapping {}; one or two channels of mapping 0 are read", head[8], head[9],
                head[18]);
  return OpusHeadFacts{head[9], int64_t{head[10]} | int64_t{head[11]} << 8};
}

/// The packets of the one stream of a file, page by page.
template <class Take>
Result<void> each_packet(std::span<const uint8_t> file, const Take& take) {
  ogg_sync_state sync;
  ogg_stream_state stream{};
  ogg_sync_init(&sync);
  bool begun = false;
  Result<void> problem;
  bool more = true;
  constexpr size_t kAtOnce = 1 << 16;
  for (size_t at = 0; more && problem && at < file.size();) {
    const size_t count = std::min(kAtOnce, file.size() - at);
    char* to = ogg_sync_buffer(&sync, static_cast<long>(count));
    if (!to) {
      problem = fail(ErrorCode::internal, "ogg: no memory");
      break;
    }
    std::memcpy(to, file.data() + at, count);
    ogg_sync_wrote(&sync, static_cast<long>(count));
    at += count;
    ogg_page page;
    for (int got = 0; more && problem && (got = ogg_sync_pageout(&sync, &page)) != 0;) {
      if (got < 0) continue;  // bytes that belong to no page were left out
      if (!begun && ogg_stream_init(&stream, ogg_page_serialno(&page)) != 0) {
        problem = fail(ErrorCode::internal, "ogg: no memory");
        break;
      }
      begun = true;
      if (ogg_page_serialno(&page) != stream.serialno) {
        problem = fail(ErrorCode::unsupported, "ogg: several streams");
        break;
      }
      ogg_stream_pagein(&stream, &page);
      ogg_packet packet;
      while (more && problem && ogg_stream_packetout(&stream, &packet) == 1) {
        const Result<bool> goes_on = take(packet);
        if (!goes_on)
          problem = tl::unexpected(goes_on.error());
        else
          more = *goes_on;
      }
    }
  }
  if (begun) ogg_stream_clear(&stream);
  ogg_sync_clear(&sync);
  return problem;
}

}  // namespace

Result<std::unique_ptr<SoundEncoder>> sound_encoder(const std::string& format, int64_t rate, const std::string& label) {
  return guard([&]() -> Result<std::unique_ptr<SoundEncoder>> {
    if (std::find(std::begin(kOpusRates), std::end(kOpusRates), rate) == std::end(kOpusRates))
      return fail(ErrorCode::invalid_argument, "{} samples a second; 8000, 12000, 16000, 24000 and 48000 are possible", rate);
    if (format == "mp3") return std::make_unique<Mp3Encoder>(rate, label);
    if (format == "opus") return std::make_unique<OpusFileEncoder>(rate, label);
    return unknown_name("format", format, "mp3 opus");
  });
}

bool is_ogg(std::span<const uint8_t> file) { return file.size() >= 4 && std::memcmp(file.data(), "OggS", 4) == 0; }

double opus_seconds(std::span<const uint8_t> file) {
  constexpr size_t kPageHead = 27, kFarthest = 1 << 17;  // pages are shorter than that
  constexpr double kPositions = 48000;                   // a second
  for (size_t back = kPageHead; back <= std::min(file.size(), kFarthest); ++back) {
    const uint8_t* page = file.data() + file.size() - back;
    if (std::memcmp(page, "OggS", 4) != 0) continue;
    uint64_t position = 0;
    for (size_t i = 0; i < 8; ++i) position |= uint64_t{page[6 + i]} << (8 * i);
    if (position >> 63 == 0) return static_cast<double>(position) / kPositions;
  }
  return 0;
}

Result<OpusSound> decode_opus(std::span<const uint8_t> file, double max_seconds, int64_t rate) {
  PTAH_CHECK(std::find(std::begin(kOpusRates), std::end(kOpusRates), rate) != std::end(kOpusRates), "Opus at {} samples a second", rate);
  if (!is_ogg(file)) return fail(ErrorCode::unsupported, "ogg: another format");
  struct Destroy {
    void operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
  };
  std::unique_ptr<OpusDecoder, Destroy> decoder;
  OpusSound out;
  int64_t packets = 0, skip = 0, end = -1;
  const int64_t longest = rate * 120 / 1000, by = 48000 / rate;  // milliseconds of a packet; positions a sample
  std::vector<float> frame;
  PTAH_TRY_VOID(each_packet(file, [&](const ogg_packet& packet) -> Result<bool> {
    if (packets++ == 0) {
      PTAH_TRY(const OpusHeadFacts head, opus_head(packet));
      int problem = 0;
      decoder.reset(opus_decoder_create(static_cast<opus_int32>(rate), head.channels, &problem));
      if (!decoder) return fail(ErrorCode::internal, "opus: {}", opus_strerror(problem));
      out.channels = head.channels, skip = head.skip / by;
      frame.resize(static_cast<size_t>(longest * head.channels));
      return true;
    }
    if (packets == 2) return true;  // the comments
    const int made = opus_decode_float(decoder.get(), packet.packet, static_cast<opus_int32>(packet.bytes), frame.data(), static_cast<int>(longest), 0);
    if (made < 0) return fail(ErrorCode::corrupt, "opus: packet {}: {}", packets, opus_strerror(made));
    out.samples.insert(out.samples.end(), frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(made) * out.channels);
    if (packet.e_o_s && packet.granulepos >= 0) end = packet.granulepos / by;
    return static_cast<double>(out.samples.size()) < (max_seconds * static_cast<double>(rate) + static_cast<double>(skip)) * static_cast<double>(out.channels);
  }));
  if (!decoder || packets < 3) return fail(ErrorCode::corrupt, "opus: no sound");
  const auto channels = static_cast<size_t>(out.channels);
  if (end >= 0) out.samples.resize(std::min(out.samples.size(), static_cast<size_t>(end) * channels));
  const size_t before = std::min(out.samples.size(), static_cast<size_t>(skip) * channels);
  out.samples.erase(out.samples.begin(), out.samples.begin() + static_cast<std::ptrdiff_t>(before));
  return out;
}

}  // namespace ptah
