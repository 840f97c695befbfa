// What the three decoders share: limits, colour, orientation.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "media/image.h"

namespace ptah {

/// Largest ICC profile that is used.
constexpr size_t kMaxProfileBytes = size_t{8} << 20;

/// Errors: unsupported, naming the limit that is passed.
Result<void> check_image_size(const char* format, int64_t width, int64_t height, int64_t max_pixels);

inline void note(ImageNotes* notes, std::string text) {
  if (notes) notes->push_back(std::move(text));
}

/// Code points for colour (ITU-T H.273), as the PNG chunk cICP has them.
struct ColourCodes {
  uint8_t primaries = 0, transfer = 0, matrix = 0, full_range = 0;
};

/// What a file says about the colour of its samples; the first one given counts, nothing means sRGB.
struct ColourTags {
  std::optional<ColourCodes> codes;
  Bytes icc;
  bool srgb = false;
  std::optional<double> gamma;                        ///< of encoding, e.g. 0.45455
  std::optional<std::array<double, 8>> chromaticity;  ///< x, y of white, red, green, blue
};

/// How samples lie in a row.
struct SampleLayout {
  int colours = 3;        ///< 1 grey, 3 RGB, 4 CMYK
  bool alpha = false;     ///< one more sample a pixel
  bool wide = false;      ///< 16 bits, in the order of bytes of this machine
  bool inverted = false;  ///< CMYK: 255 is no ink, as Adobe writes it
};

/// Rows of samples to sRGB with straight alpha.
class ColourConverter {
 public:
  /// A profile that cannot be used is noted, and the samples are taken as sRGB (CMYK: as plain inks).
  ColourConverter(const ColourTags& tags, const SampleLayout& layout, ImageNotes* notes);
  ~ColourConverter();
  void row(const uint8_t* samples, uint8_t* rgba, size_t pixels);

 private:
  struct Transform;
  SampleLayout layout_;
  std::unique_ptr<Transform> transform_;  ///< none: sRGB as it is
};

/// The picture turned and mirrored upright, as Exif's Orientation (1 to 8) tells.
Image upright(Image picture, int orientation);

}  // namespace ptah
