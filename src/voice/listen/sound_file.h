// Files with speech, as a recogniser takes them.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// The sound of a WAV file of 16 bits or of Opus in Ogg, of any rate: one channel, 16,000 samples a second; of Opus at most 4 hours. Errors: unsupported,
/// saying what is read; corrupt.
Result<std::vector<float>> read_speech(std::span<const uint8_t> file);

}  // namespace ptah
