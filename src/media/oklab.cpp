#include "media/oklab.h"

#include <algorithm>
#include <cmath>

namespace ptah {

namespace {

double linear(double srgb) { return srgb <= 0.04045 ? srgb / 12.92 : std::pow((srgb + 0.055) / 1.055, 2.4); }
double encoded(double light) { return light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055; }

}  // namespace

Oklab oklab_of(const Colour8& srgb) {
  const double r = linear(srgb[0] / 255.0), g = linear(srgb[1] / 255.0), b = linear(srgb[2] / 255.0);
  const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b), m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b),
               s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
          0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

Colour8 srgb_of(const Oklab& c) {
  const double l = std::pow(c[0] + 0.3963377774 * c[1] + 0.2158037573 * c[2], 3), m = std::pow(c[0] - 0.1055613458 * c[1] - 0.0638541728 * c[2], 3),
               s = std::pow(c[0] - 0.0894841775 * c[1] - 1.2914855480 * c[2], 3);
  const auto byte = [](double light) { return static_cast<uint8_t>(std::lround(std::clamp(encoded(light), 0.0, 1.0) * 255)); };
  return {byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s), byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          byte(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s), 255};
}

}  // namespace ptah
