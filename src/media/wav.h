// The chunks of a WAV file: RIFF, and RF64 and BW64 (EBU Tech 3306), whose lengths have 64 bits.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

bool is_wav(std::span<const uint8_t> file);

struct WavChunk {
  std::string_view type;
  std::span<const uint8_t> data;
  size_t at = 0, size = 0;  ///< of all of it: type, length, data, and what fills it up
};
struct Wav {
  std::vector<WavChunk> chunks;
  size_t end = 0;         ///< behind the last chunk; what comes then (tags of other programs, stray bytes) belongs to no chunk
  bool streamed = false;  ///< the length of "data" was not known when it was written (0 or the largest number): it reaches to the end of the file
};
/// Errors: corrupt (cut off; a chunk passes the end, with how much is missing).
Result<Wav> parse_wav(std::span<const uint8_t> file);

/// Writes the lengths that a whole file has into its head, of which the chunks end at `end`: of the whole, and of `data` if it was streamed.
void set_wav_lengths(Bytes& file, const Wav& was, size_t end);

/// A new file of one channel, 16 bits a sample; numbers from −1 to 1, what is beyond is cut. With a `label` (media/label.h) in an XMP chunk ("_PMX"), if it is
/// not empty, and the name of the program (LIST INFO ISFT). Errors: invalid_argument (longer than the 4 GiB that such a file can be).
Result<Bytes> encode_wav(std::span<const float> samples, int64_t rate, const std::string& label = {});
/// Numbers as a file holds them, behind those that are there already: 16 bits, the lower ones first.
void append_samples(Bytes& out, std::span<const float> samples);
/// A file of what append_samples() wrote. `streamed`: only what stands before samples that come later, with the lengths of a file that goes on.
Result<Bytes> wav_file(Bytes samples, int64_t rate, const std::string& label = {}, bool streamed = false);
/// The samples of a file of 16 bits a sample, all channels one after the other at each moment, and how many a second; of a long file the first `max_samples`.
/// Errors: corrupt, unsupported.
struct WavSound {
  std::vector<float> samples;
  int64_t rate = 0, channels = 0;
};
Result<WavSound> decode_wav(std::span<const uint8_t> file, size_t max_samples = SIZE_MAX);

}  // namespace ptah
