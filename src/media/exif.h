// Exif and XMP in JPEG, WebP and PNG files: the texts in which other programs keep the settings a picture was made with, and the orientation.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace ptah {

struct ExifTexts {
  std::string comment;              ///< UserComment as UTF-8; empty if there is none
  std::vector<std::string> others;  ///< every ASCII field of the first directory (ComfyUI keeps its graph in one, behind "prompt:")
};

/// Of a JPEG, WebP or PNG file (Exif 2.32; the directories of TIFF 6.0 in either order of bytes). A comment in Unicode is read as big-endian if its first
/// character is ASCII so, as the WebUI writes it, else in the file's order; halves of pairs that stand alone become U+FFFD. Errors: not_found (another kind of
/// file, or no Exif part), corrupt (it passes the end).
Result<ExifTexts> exif_texts(std::span<const uint8_t> file);

/// Orientation, 1 to 8; 1 where nothing (or nothing possible) is said.
int exif_orientation(std::span<const uint8_t> file);

/// The XMP packet of a JPEG, WebP or PNG file; empty if there is none.
std::string xmp_packet(std::span<const uint8_t> file);

}  // namespace ptah
