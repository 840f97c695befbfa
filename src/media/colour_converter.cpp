#include <lcms2.h>

#include <algorithm>
#include <cmath>

#include "media/image_samples.h"

namespace ptah {

namespace {

struct CloseProfile {
  void operator()(void* profile) const { cmsCloseProfile(profile); }
};
using Profile = std::unique_ptr<void, CloseProfile>;
struct FreeCurve {
  void operator()(cmsToneCurve* curve) const { cmsFreeToneCurve(curve); }
};
using Curve = std::unique_ptr<cmsToneCurve, FreeCurve>;
struct DeleteTransform {
  void operator()(void* transform) const { cmsDeleteTransform(transform); }
};
using LcmsTransform = std::unique_ptr<void, DeleteTransform>;

constexpr std::array<double, 8> kSrgbChromaticity{0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06};

uint32_t input_format(const SampleLayout& layout, int colours) {
  const uint32_t kind = colours == 1 ? PT_GRAY : colours == 3 ? PT_RGB : PT_CMYK;
  return COLORSPACE_SH(kind) | CHANNELS_SH(static_cast<uint32_t>(colours)) | BYTES_SH(layout.wide ? 2U : 1U) | EXTRA_SH(layout.alpha ? 1U : 0U) |
         FLAVOR_SH(layout.inverted ? 1U : 0U);
}

/// Light, 0 to 1, of an encoded value by H.273's transfer characteristics; nothing for those that are not known here. Of high dynamic range, what is brighter
/// than diffuse white (203 cd/m², ITU-R BT.2408) is cut.
std::optional<double> light_of(uint8_t transfer, double v) {
  switch (transfer) {
    case 1:
    case 6:
    case 11:
    case 14:
    case 15:
      return v < 0.0812428583 ? v / 4.5 : std::pow((v + 0.0992968268) / 1.0992968268, 1 / 0.45);
    case 4:
      return std::pow(v, 2.2);
    case 5:
      return std::pow(v, 2.8);
    case 7:
      return v < 0.0912 ? v / 4 : std::pow((v + 0.1115) / 1.1115, 1 / 0.45);
    case 8:
      return v;
    case 13:
      return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
    case 16: {
      const double p = std::pow(v, 1 / 78.84375);
      return std::min(1.0, std::pow(std::max(p - 0.8359375, 0.0) / (18.8515625 - 18.6875 * p), 1 / 0.1593017578125) * 10000 / 203);
    }
    case 17:
      return std::min(1.0, std::pow(v, 2.6) * 52.37 / 48);
    case 18: {  // a display of 1,000 cd/m² (gamma 1.2)
      const double scene = v <= 0.5 ? v * v / 3 : (std::exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12;
      return std::min(1.0, std::pow(scene, 1.2) * 1000 / 203);
    }
    default:
      return {};
  }
}

std::optional<std::array<double, 8>> chromaticity_of(uint8_t primaries) {
  constexpr double kD65[2] = {0.3127, 0.3290}, kC[2] = {0.310, 0.316};
  const auto with = [](const double(&white)[2], double rx, double ry, double gx, double gy, double bx, double by) {
    return std::array<double, 8>{white[0], white[1], rx, ry, gx, gy, bx, by};
  };
  switch (primaries) {
    case 1:
      return kSrgbChromaticity;
    case 4:
      return with(kC, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08);
    case 5:
      return with(kD65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06);
    case 6:
    case 7:
      return with(kD65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070);
    case 8:
      return with(kC, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049);
    case 9:
      return with(kD65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046);
    case 11:
      return with({0.314, 0.351}, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060);
    case 12:
      return with(kD65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060);
    case 22:
      return with(kD65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077);
    default:
      return {};
  }
}

Profile made_profile(const std::array<double, 8>& c, const cmsToneCurve* curve, int colours) {
  const cmsCIExyY white{c[0], c[1], 1};
  if (colours == 1) return Profile(cmsCreateGrayProfile(cmsD50_xyY(), curve));
  const cmsCIExyYTRIPLE primaries{{c[2], c[3], 1}, {c[4], c[5], 1}, {c[6], c[7], 1}};
  cmsToneCurve* curves[3] = {const_cast<cmsToneCurve*>(curve), const_cast<cmsToneCurve*>(curve), const_cast<cmsToneCurve*>(curve)};
  return Profile(cmsCreateRGBProfile(&white, &primaries, curves));
}

Profile profile_of_codes(const ColourCodes& codes, int colours, ImageNotes* notes) {
  const auto chromaticity = chromaticity_of(codes.primaries);
  if (codes.matrix != 0 || !chromaticity || !light_of(codes.transfer, 0.5)) {
    note(notes, fmt::format("its colour codes (cICP {}, {}, {}) are not known; taken as sRGB", codes.primaries, codes.transfer, codes.matrix));
    return nullptr;
  }
  if (codes.transfer == 16 || codes.transfer == 18) note(notes, "a picture of high dynamic range: what is brighter than white is cut");
  constexpr size_t kEntries = 4096;
  std::vector<float> table(kEntries);
  for (size_t i = 0; i < kEntries; ++i) {
    double v = static_cast<double>(i) / (kEntries - 1);
    if (!codes.full_range) v = std::clamp((v * 255 - 16) / 219, 0.0, 1.0);
    table[i] = static_cast<float>(*light_of(codes.transfer, v));
  }
  const Curve curve(cmsBuildTabulatedToneCurveFloat(nullptr, kEntries, table.data()));
  return made_profile(*chromaticity, curve.get(), colours);
}

Profile profile_of_gamma(const ColourTags& tags, int colours, ImageNotes* notes) {
  std::array<double, 8> chromaticity = kSrgbChromaticity;
  if (tags.chromaticity) {
    const auto& c = *tags.chromaticity;
    bool usable = true;
    for (size_t i = 0; i < 8; i += 2) usable = usable && c[i] > 0 && c[i] < 0.9 && c[i + 1] > 0 && c[i + 1] < 0.9;
    usable = usable && std::abs((c[4] - c[2]) * (c[7] - c[3]) - (c[6] - c[2]) * (c[5] - c[3])) > 1e-3;
    if (usable)
      chromaticity = c;
    else
      note(notes, "its chromaticities (cHRM) are impossible; taken as sRGB");
  }
  if (tags.gamma && !(*tags.gamma >= 0.01 && *tags.gamma <= 10)) {
    note(notes, fmt::format("its gamma (gAMA {}) is impossible; taken as sRGB", *tags.gamma));
    return nullptr;
  }
  // 1/2.2 is how files say sRGB that cannot say more.
  const bool plain = !tags.gamma || std::abs(*tags.gamma * 2.2 - 1) <= 0.05;
  constexpr double kSrgbCurve[5] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
  const Curve curve(plain ? cmsBuildParametricToneCurve(nullptr, 4, kSrgbCurve) : cmsBuildGamma(nullptr, 1 / *tags.gamma));
  return made_profile(chromaticity, curve.get(), colours);
}

/// The profile that a file's tags stand for; none for sRGB.
Profile profile_of(const ColourTags& tags, int colours, ImageNotes* notes) {
  if (tags.codes && colours != 4) return profile_of_codes(*tags.codes, colours, notes);
  if (!tags.icc.empty()) {
    const char* const otherwise = colours == 4 ? "its inks are taken as they are" : "taken as sRGB";
    Profile profile(cmsOpenProfileFromMem(tags.icc.data(), static_cast<cmsUInt32Number>(tags.icc.size())));
    if (!profile) {
      note(notes, fmt::format("its colour profile is broken; {}", otherwise));
      return nullptr;
    }
    const auto space = cmsGetColorSpace(profile.get());
    const bool fits = space == (colours == 1 ? cmsSigGrayData : colours == 3 ? cmsSigRgbData : cmsSigCmykData) || (colours == 1 && space == cmsSigRgbData);
    if (!fits) {
      note(notes, fmt::format("its colour profile is for another kind of picture; {}", otherwise));
      return nullptr;
    }
    return profile;
  }
  if (tags.srgb || colours == 4 || (!tags.gamma && !tags.chromaticity)) return nullptr;
  return profile_of_gamma(tags, colours, notes);
}

LcmsTransform transform_to_srgb(const Profile& from, uint32_t format) {
  const Profile srgb(cmsCreate_sRGBProfile());
  return LcmsTransform(cmsCreateTransform(from.get(), format, srgb.get(), TYPE_RGBA_8, INTENT_PERCEPTUAL, 0));
}

/// Whether a profile shows colours as sRGB does, but for rounding.
bool is_srgb(const Profile& profile, int colours) {
  if (colours == 4) return false;
  const LcmsTransform transform = transform_to_srgb(profile, colours == 1 ? TYPE_GRAY_8 : TYPE_RGB_8);
  if (!transform) return false;
  Bytes from;
  if (colours == 1)
    for (int v = 0; v < 256; ++v) from.push_back(static_cast<uint8_t>(v));
  else
    for (int r = 0; r <= 255; r += 15)
      for (int g = 0; g <= 255; g += 15)
        for (int b = 0; b <= 255; b += 15)
          for (const int v : {r, g, b}) from.push_back(static_cast<uint8_t>(v));
  const size_t step = colours == 1 ? 1 : 3, count = from.size() / step;
  Bytes to(count * 4);
  cmsDoTransform(transform.get(), from.data(), to.data(), static_cast<cmsUInt32Number>(count));
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < 3; ++c)
      if (std::abs(int{to[i * 4 + c]} - int{from[i * step + (colours == 1 ? 0 : c)]}) > 1) return false;
  return true;
}

/// A sample of a row as 8 bits, rounded.
uint8_t byte_of(const uint8_t* samples, size_t i, bool wide) {
  if (!wide) return samples[i];
  uint16_t value = 0;
  std::copy_n(samples + i * 2, 2, reinterpret_cast<uint8_t*>(&value));
  return static_cast<uint8_t>((uint32_t{value} * 255 + 32895) >> 16);
}

}  // namespace

struct ColourConverter::Transform {
  LcmsTransform transform;
  bool spread = false;  ///< grey samples with a profile for RGB
  std::vector<uint16_t> wide;
};

ColourConverter::ColourConverter(const ColourTags& tags, const SampleLayout& layout, ImageNotes* notes) : layout_(layout) {
  const Profile profile = profile_of(tags, layout.colours, notes);
  if (!profile) return;
  const bool spread = layout.colours == 1 && cmsGetColorSpace(profile.get()) == cmsSigRgbData;
  if (is_srgb(profile, spread ? 3 : layout.colours)) return;
  auto made = std::make_unique<Transform>();
  made->spread = spread;
  made->transform = transform_to_srgb(profile, spread ? TYPE_RGB_16 : input_format(layout, layout.colours));
  if (made->transform)
    transform_ = std::move(made);
  else
    note(notes, "its colour profile cannot be used; taken as sRGB");
}

ColourConverter::~ColourConverter() = default;

void ColourConverter::row(const uint8_t* samples, uint8_t* rgba, size_t pixels) {
  const size_t step = static_cast<size_t>(layout_.colours) + layout_.alpha;
  if (transform_ && transform_->spread) {
    transform_->wide.resize(pixels * 3);
    for (size_t i = 0; i < pixels; ++i) {
      uint16_t value = 0;
      if (layout_.wide)
        std::copy_n(samples + i * step * 2, 2, reinterpret_cast<uint8_t*>(&value));
      else
        value = static_cast<uint16_t>(samples[i * step] * 257);
      std::fill_n(transform_->wide.begin() + static_cast<std::ptrdiff_t>(i * 3), 3, value);
    }
    cmsDoTransform(transform_->transform.get(), transform_->wide.data(), rgba, static_cast<cmsUInt32Number>(pixels));
  } else if (transform_) {
    cmsDoTransform(transform_->transform.get(), samples, rgba, static_cast<cmsUInt32Number>(pixels));
  }
  for (size_t i = 0; i < pixels; ++i) {
    uint8_t* to = rgba + i * 4;
    const auto sample = [&](size_t c) { return byte_of(samples, i * step + c, layout_.wide); };
    to[3] = layout_.alpha ? sample(static_cast<size_t>(layout_.colours)) : uint8_t{255};
    if (transform_) continue;
    if (layout_.colours == 4) {
      const auto light = [&](size_t c) { return static_cast<uint32_t>(layout_.inverted ? sample(c) : 255 - sample(c)); };
      for (size_t c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>((light(c) * light(3) + 127) / 255);
    } else {
      for (size_t c = 0; c < 3; ++c) to[c] = sample(layout_.colours == 1 ? 0 : c);
    }
  }
}

}  // namespace ptah
