// Image files made byte by byte, as other programs write them.
#pragma once

#include <lcms2.h>
#include <zlib.h>

#include <cstdio>
#include <string>
#include <vector>
// libjpeg needs stdio before it.
#include <jpeglib.h>
#include <webp/encode.h>

#include "media/image.h"

namespace ptah::test {

inline void put(Bytes& out, uint64_t value, int bytes, bool big) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * (big ? bytes - 1 - i : i))));
}
inline void put(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }
inline void put(Bytes& out, const Bytes& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
inline Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }

inline Bytes packed(const Bytes& raw) {
  Bytes out(compressBound(raw.size()));
  uLongf size = out.size();
  compress2(out.data(), &size, raw.data(), raw.size(), 9);
  out.resize(size);
  return out;
}

inline Bytes png_chunk(std::string_view type, const Bytes& data) {
  Bytes out, covered = bytes_of(type);
  put(covered, data);
  put(out, data.size(), 4, true);
  put(out, covered);
  put(out, crc32(0, covered.data(), static_cast<uInt>(covered.size())), 4, true);
  return out;
}

/// `rows`: unfiltered samples, each row without its filter byte; `chunks` come before the data.
inline Bytes png_of(int64_t width, int64_t height, int depth, int colour_type, const std::vector<Bytes>& rows, const std::vector<Bytes>& chunks = {}) {
  Bytes out = bytes_of("\x89PNG\r\n\x1a\n"), head, raw;
  put(head, static_cast<uint64_t>(width), 4, true);
  put(head, static_cast<uint64_t>(height), 4, true);
  for (const int v : {depth, colour_type, 0, 0, 0}) head.push_back(static_cast<uint8_t>(v));
  put(out, png_chunk("IHDR", head));
  for (const Bytes& chunk : chunks) put(out, chunk);
  for (const Bytes& row : rows) {
    raw.push_back(0);
    put(raw, row);
  }
  put(out, png_chunk("IDAT", packed(raw)));
  put(out, png_chunk("IEND", {}));
  return out;
}

/// Exif with one field, Orientation.
inline Bytes orientation_exif(int orientation, bool big) {
  Bytes out = bytes_of(big ? "MM" : "II");
  put(out, 42, 2, big);
  put(out, 8, 4, big);
  put(out, 1, 2, big);
  put(out, 0x0112, 2, big);
  put(out, 3, 2, big);
  put(out, 1, 4, big);
  put(out, static_cast<uint64_t>(orientation), 2, big);
  put(out, 0, 2, big);
  put(out, 0, 4, big);
  return out;
}

inline Bytes jpeg_segment(int marker, const Bytes& content) {
  Bytes out{0xFF, static_cast<uint8_t>(marker)};
  put(out, content.size() + 2, 2, true);
  put(out, content);
  return out;
}
/// A JPEG with segments behind its first marker.
inline Bytes with_segments(const Bytes& jpeg, const std::vector<Bytes>& segments) {
  Bytes out(jpeg.begin(), jpeg.begin() + 2);
  for (const Bytes& segment : segments) put(out, segment);
  out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
  return out;
}
inline Bytes icc_segment(const Bytes& profile) {
  Bytes content = bytes_of(std::string_view("ICC_PROFILE\0\1\1", 14));
  put(content, profile);
  return jpeg_segment(0xE2, content);
}

/// Samples of 1, 3 or 4 components as a JPEG of quality 100 without subsampling.
inline Bytes jpeg_of(int64_t width, int64_t height, int components, const Bytes& samples, J_COLOR_SPACE in, J_COLOR_SPACE stored, bool progressive = false) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &data, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = components;
  info.in_color_space = in;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, stored);
  jpeg_set_quality(&info, 100, TRUE);
  for (int c = 0; c < info.num_components; ++c) info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  for (int64_t y = 0; y < height; ++y) {
    auto* row = const_cast<JSAMPLE*>(samples.data() + y * width * components);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  Bytes out(data, data + size);
  std::free(data);
  return out;
}

inline Bytes riff_chunk(std::string_view type, const Bytes& data) {
  Bytes out = bytes_of(type);
  put(out, data.size(), 4, false);
  put(out, data);
  if (data.size() % 2) out.push_back(0);
  return out;
}
inline Bytes riff_of(std::string_view form, const std::vector<Bytes>& chunks) {
  Bytes inside = bytes_of(form), out = bytes_of("RIFF");
  for (const Bytes& chunk : chunks) put(inside, chunk);
  put(out, inside.size(), 4, false);
  put(out, inside);
  return out;
}
/// The chunk VP8L of a picture.
inline Bytes lossless_webp_chunk(const Image& picture) {
  uint8_t* data = nullptr;
  const size_t size = WebPEncodeLosslessRGBA(picture.rgba.data(), static_cast<int>(picture.width), static_cast<int>(picture.height),
                                             static_cast<int>(picture.width * 4), &data);
  Bytes out(data + 12, data + size);
  WebPFree(data);
  return out;
}
/// flags: 2 animation, 8 Exif, 16 alpha, 32 colour profile
inline Bytes webp_head(const Image& picture, int flags) {
  Bytes head{static_cast<uint8_t>(flags), 0, 0, 0};
  put(head, static_cast<uint64_t>(picture.width - 1), 3, false);
  put(head, static_cast<uint64_t>(picture.height - 1), 3, false);
  return riff_chunk("VP8X", head);
}

inline Bytes saved(cmsHPROFILE profile) {
  cmsUInt32Number size = 0;
  cmsSaveProfileToMem(profile, nullptr, &size);
  Bytes out(size);
  cmsSaveProfileToMem(profile, out.data(), &size);
  cmsCloseProfile(profile);
  return out;
}
/// Primaries with a gamma, e.g. Display P3 with 1.
inline Bytes rgb_profile(const cmsCIExyYTRIPLE& primaries, double gamma) {
  const cmsCIExyY white{0.3127, 0.3290, 1};
  cmsToneCurve* curve = cmsBuildGamma(nullptr, gamma);
  cmsToneCurve* curves[3] = {curve, curve, curve};
  const Bytes out = saved(cmsCreateRGBProfile(&white, &primaries, curves));
  cmsFreeToneCurve(curve);
  return out;
}
constexpr cmsCIExyYTRIPLE kSrgbPrimaries{{0.64, 0.33, 1}, {0.30, 0.60, 1}, {0.15, 0.06, 1}};
inline Bytes grey_profile(double gamma) {
  cmsToneCurve* curve = cmsBuildGamma(nullptr, gamma);
  const Bytes out = saved(cmsCreateGrayProfile(cmsD50_xyY(), curve));
  cmsFreeToneCurve(curve);
  return out;
}
/// Inks of which only black prints, half as light as it says: no ink white, all black ink L* 50.
inline Bytes cmyk_profile() {
  cmsHPROFILE profile = cmsCreateProfilePlaceholder(nullptr);
  cmsSetProfileVersion(profile, 2.1);
  cmsSetDeviceClass(profile, cmsSigOutputClass);
  cmsSetColorSpace(profile, cmsSigCmykData);
  cmsSetPCS(profile, cmsSigLabData);
  cmsPipeline* pipeline = cmsPipelineAlloc(nullptr, 4, 3);
  cmsStage* table = cmsStageAllocCLut16bit(nullptr, 2, 4, 3, nullptr);
  cmsStageSampleCLut16bit(
      table,
      [](const cmsUInt16Number in[], cmsUInt16Number out[], void*) -> cmsInt32Number {
        const cmsCIELab lab{100 - 50.0 * in[3] / 65535, 0, 0};
        cmsFloat2LabEncodedV2(out, &lab);
        return TRUE;
      },
      nullptr, 0);
  cmsPipelineInsertStage(pipeline, cmsAT_END, table);
  cmsWriteTag(profile, cmsSigAToB0Tag, pipeline);
  cmsWriteTag(profile, cmsSigMediaWhitePointTag, cmsD50_XYZ());
  cmsPipelineFree(pipeline);
  return saved(profile);
}

}  // namespace ptah::test
