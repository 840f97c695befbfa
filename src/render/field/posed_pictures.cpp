#include "render/field/posed_pictures.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/json.h"
#include "base/printable.h"
#include "media/zip.h"
#include "media/zip_reader.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kTransforms = "transforms.json";
constexpr int kLensRounds = 8;
constexpr size_t kMaxPackedBytes = size_t{512} << 20;
constexpr double kAxesTolerance = 0.02;

/// From axes with +z up to those with +y up.
Vec3 upright(double x, double y, double z) { return {static_cast<float>(x), static_cast<float>(z), static_cast<float>(-y)}; }

/// Whether a name stays within its folder.
bool within_folder(const std::string& name) {
  if (name.empty() || name.size() > 512 || name.front() == '/' || name.find('\\') != std::string::npos || name.find('\0') != std::string::npos) return false;
  const fs::path path(name);
  return std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

/// "./train/r_0" → "train/r_0".
std::string plain_name(const std::string& name) { return fs::path(name).lexically_normal().generic_string(); }

Result<std::optional<double>> number_at(const Json& object, const char* key) {
  if (!object.contains(key)) return std::optional<double>();
  const Json& value = object[key];
  if (!value.is_number() || !std::isfinite(value.get<double>()) || std::abs(value.get<double>()) > 1e6)
    return fail(ErrorCode::corrupt, "`{}` is no number that can be used", key);
  return std::optional<double>(value.get<double>());
}

/// What a frame says of its lens, or all frames together.
Result<void> read_lens(const Json& object, PosedFrame& out) {
  const std::array<std::pair<const char*, std::optional<double>*>, 7> numbers{{{"camera_angle_x", &out.angle_x},
                                                                               {"fl_x", &out.focal_x},
                                                                               {"fl_y", &out.focal_y},
                                                                               {"cx", &out.centre_x},
                                                                               {"cy", &out.centre_y},
                                                                               {"w", &out.width},
                                                                               {"h", &out.height}}};
  for (const auto& [key, to] : numbers) {
    PTAH_TRY(const auto value, number_at(object, key));
    if (value) *to = value;
  }
  const std::array<const char*, 4> bends{"k1", "k2", "p1", "p2"};
  for (size_t k = 0; k < 4; ++k) {
    PTAH_TRY(const auto value, number_at(object, bends[k]));
    if (value) out.distortion[k] = *value;
  }
  for (const char* key : {"k3", "k4"}) {
    PTAH_TRY(const auto value, number_at(object, key));
    if (value && *value != 0) return fail(ErrorCode::unsupported, "a lens with `{}`; k1, k2, p1 and p2 are read", key);
  }
  const std::string model = text_at(object, "camera_model");
  if (model.find("FISHEYE") != std::string::npos || (object.contains("is_fisheye") && object["is_fisheye"] == true))
    return fail(ErrorCode::unsupported, "fisheye lenses are not read; only perspective ones");
  return {};
}

Result<void> read_matrix(const Json& frame, PosedFrame& out) {
  if (!frame.contains("transform_matrix") || !frame["transform_matrix"].is_array()) return fail(ErrorCode::corrupt, "there is no `transform_matrix`");
  const Json& rows = frame["transform_matrix"];
  std::array<std::array<double, 4>, 3> m{};
  if (rows.size() != 3 && rows.size() != 4) return fail(ErrorCode::corrupt, "`transform_matrix` has {} rows, not 4", rows.size());
  for (size_t r = 0; r < 3; ++r) {
    if (!rows[r].is_array() || rows[r].size() != 4) return fail(ErrorCode::corrupt, "a row of `transform_matrix` has not 4 numbers");
    for (size_t c = 0; c < 4; ++c) {
      const Json& value = rows[r][c];
      if (!value.is_number() || !std::isfinite(value.get<double>()) || std::abs(value.get<double>()) > 1e6)
        return fail(ErrorCode::corrupt, "`transform_matrix` holds what is no number that can be used");
      m[r][c] = value.get<double>();
    }
  }
  for (size_t a = 0; a < 3; ++a)
    for (size_t b = a; b < 3; ++b) {
      const double product = m[0][a] * m[0][b] + m[1][a] * m[1][b] + m[2][a] * m[2][b];
      if (std::abs(product - (a == b ? 1 : 0)) > kAxesTolerance)
        return fail(ErrorCode::corrupt, "`transform_matrix` is no rotation: its axes are not at right angles and of length 1");
    }
  const auto column = [&](size_t c) { return upright(m[0][c], m[1][c], m[2][c]); };
  out.right = normalized(column(0));
  out.up = normalized(column(1));
  out.back = normalized(column(2));
  out.eye = column(3);
  if (dot(cross(out.right, out.up), out.back) < 0) return fail(ErrorCode::corrupt, "`transform_matrix` mirrors");
  return {};
}

Result<PosedFrame> read_frame(const Json& frame, const PosedFrame& usual) {
  if (!frame.is_object()) return fail(ErrorCode::corrupt, "it is no object");
  PosedFrame out = usual;
  out.file = text_at(frame, "file_path");
  if (!within_folder(out.file)) return fail(ErrorCode::corrupt, "`file_path` names no file within the folder");
  out.file = plain_name(out.file);
  PTAH_TRY_VOID(read_lens(frame, out));
  PTAH_TRY_VOID(read_matrix(frame, out));
  return out;
}

/// A frame's picture in a folder: its name, or that with .png behind it.
Result<fs::path> picture_of(const fs::path& folder, const std::string& file) {
  for (const std::string& name : {file, file + ".png"}) {
    std::error_code problem;
    if (fs::is_regular_file(folder / name, problem)) return folder / name;
  }
  return fail(ErrorCode::not_found, "{}: there is no such picture", printable((folder / file).string()));
}

bool has_holes(const PosedPictures& pictures) {
  size_t holed = 0;
  for (const PosedPicture& p : pictures.fitted) {
    int64_t clear = 0;
    for (size_t i = 3; i < p.picture.rgba.size(); i += 4) clear += p.picture.rgba[i] < 16;
    holed += clear > p.picture.width * p.picture.height / 100;
  }
  return holed * 10 >= pictures.fitted.size() * 9;
}

}  // namespace

PosedCamera PosedCamera::of(const Camera& camera, int64_t size) {
  PosedCamera out;
  out.eye = camera.eye, out.right = camera.right, out.up = camera.up, out.forward = camera.forward;
  out.focal_x = out.focal_y = camera.scale;
  out.centre_x = camera.centre_x, out.centre_y = camera.centre_y;
  out.width = out.height = size;
  return out;
}

Vec3 PosedCamera::ray(float x, float y) const {
  const float u0 = (x - centre_x) / focal_x, v0 = (centre_y - y) / focal_y;
  float u = u0, v = v0;
  if (distortion != std::array<float, 4>{}) {
    const auto& [k1, k2, p1, p2] = distortion;
    // OpenCV's v runs downwards.
    const float down0 = -v0;
    float down = down0;
    for (int i = 0; i < kLensRounds; ++i) {
      const float r2 = u * u + down * down, radial = 1 + r2 * (k1 + r2 * k2);
      const float du = 2 * p1 * u * down + p2 * (r2 + 2 * u * u), dv = p1 * (r2 + 2 * down * down) + 2 * p2 * u * down;
      u = (u0 - du) / radial;
      down = (down0 - dv) / radial;
    }
    v = -down;
  }
  return normalized(forward + right * u + up * v);
}

Vec3 PosedCamera::project(const Vec3& point) const {
  const Vec3 d = point - eye;
  const float depth = dot(d, forward);
  return {centre_x + dot(d, right) / depth * focal_x, centre_y - dot(d, up) / depth * focal_y, depth};
}

PosedCamera PosedCamera::scaled(int64_t new_width, int64_t new_height) const {
  PosedCamera out = *this;
  const float x = static_cast<float>(new_width) / static_cast<float>(width), y = static_cast<float>(new_height) / static_cast<float>(height);
  out.focal_x *= x, out.centre_x *= x, out.focal_y *= y, out.centre_y *= y;
  out.width = new_width, out.height = new_height;
  return out;
}

namespace {

/// Whether the rays of a picture go where its lens would have them: whether the rounds of PosedCamera::ray() find the way back from what the lens bends.
bool can_be_unbent(const PosedCamera& camera) {
  constexpr int kPlaces = 8;
  constexpr float kTolerance = 0.5F;
  const auto& [k1, k2, p1, p2] = camera.distortion;
  for (int i = 0; i <= kPlaces; ++i)
    for (int j = 0; j <= kPlaces; ++j) {
      const float x = static_cast<float>(camera.width) * static_cast<float>(i) / kPlaces,
                  y = static_cast<float>(camera.height) * static_cast<float>(j) / kPlaces;
      const Vec3 ray = camera.ray(x, y);
      const float depth = dot(ray, camera.forward), u = dot(ray, camera.right) / depth, v = -dot(ray, camera.up) / depth;
      const float r2 = u * u + v * v, radial = 1 + r2 * (k1 + r2 * k2);
      const float across = camera.centre_x + camera.focal_x * (u * radial + 2 * p1 * u * v + p2 * (r2 + 2 * u * u));
      const float down = camera.centre_y + camera.focal_y * (v * radial + p1 * (r2 + 2 * v * v) + 2 * p2 * u * v);
      if (!(std::abs(across - x) < kTolerance && std::abs(down - y) < kTolerance)) return false;
    }
  return true;
}

}  // namespace

Result<PosedCamera> PosedFrame::camera(int64_t picture_width, int64_t picture_height) const {
  const auto w = static_cast<double>(picture_width), h = static_cast<double>(picture_height);
  if ((width && *width != w) || (height && *height != h))
    return fail(ErrorCode::corrupt, "{}: the picture has {} × {} pixels, transforms.json says {} × {}", printable(file), picture_width, picture_height,
                width.value_or(w), height.value_or(h));
  PosedCamera out;
  double focal = focal_x.value_or(0);
  if (!focal_x && angle_x) focal = *angle_x > 0.001 && *angle_x < 3.1 ? w / 2 / std::tan(*angle_x / 2) : 0;
  const double second = focal_y.value_or(focal);
  if (!(focal > w / 100 && second > h / 100))
    return fail(ErrorCode::corrupt, "{}: no focal length that can be used (`camera_angle_x` or `fl_x`)", printable(file));
  out.focal_x = static_cast<float>(focal);
  out.focal_y = static_cast<float>(second);
  out.centre_x = static_cast<float>(centre_x.value_or(w / 2));
  out.centre_y = static_cast<float>(centre_y.value_or(h / 2));
  for (size_t k = 0; k < 4; ++k) out.distortion[k] = static_cast<float>(distortion[k]);
  out.eye = eye, out.right = right, out.up = up, out.forward = back * -1;
  out.width = picture_width, out.height = picture_height;
  if (out.distortion != std::array<float, 4>{} && !can_be_unbent(out))
    return fail(ErrorCode::unsupported, "{}: its lens (`k1` {}, `k2` {}, `p1` {}, `p2` {}) bends more than can be undone", printable(file), distortion[0],
                distortion[1], distortion[2], distortion[3]);
  return out;
}

Result<std::vector<PosedFrame>> parse_transforms(std::string_view text) {
  if (text.size() > kMaxTransformsBytes)
    return fail(ErrorCode::over_budget, "transforms.json has {} bytes; at most {} are read", text.size(), kMaxTransformsBytes);
  PTAH_TRY(const Json json, parse_json(text, 16));
  if (!json.is_object() || !json.contains("frames") || !json["frames"].is_array() || json["frames"].empty())
    return fail(ErrorCode::corrupt, "transforms.json has no list `frames`");
  if (json["frames"].size() > kMaxPosedFrames)
    return fail(ErrorCode::over_budget, "transforms.json has {} frames; at most {} are read", json["frames"].size(), kMaxPosedFrames);
  PosedFrame usual;
  if (auto read = read_lens(json, usual); !read) return fail(read.error().code, "transforms.json: {}", read.error().message);
  std::set<std::string> held_out, seen;
  if (json.contains("test_filenames") && json["test_filenames"].is_array())
    for (const Json& name : json["test_filenames"])
      if (name.is_string()) held_out.insert(plain_name(name.get<std::string>()));
  std::vector<PosedFrame> out;
  for (const Json& item : json["frames"]) {
    auto frame = read_frame(item, usual);
    if (!frame) return fail(frame.error().code, "transforms.json, frame {}: {}", out.size(), frame.error().message);
    if (!seen.insert(frame->file).second) return fail(ErrorCode::corrupt, "transforms.json, frame {}: its picture is that of another frame", out.size());
    frame->held_out = held_out.contains(frame->file);
    out.push_back(std::move(*frame));
  }
  return out;
}

Result<Bytes> pack_posed_pictures(const fs::path& folder) {
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) return fail(ErrorCode::not_found, "{}: there is no such folder", printable(folder.string()));
  std::vector<ZipEntry> entries;
  const bool split = !fs::exists(folder / kTransforms, problem);
  if (split && !fs::exists(folder / "transforms_train.json", problem))
    return fail(ErrorCode::not_found, "{}: neither transforms.json nor transforms_train.json lies in it", printable(folder.string()));
  std::set<std::string> packed;
  size_t bytes = 0;
  for (const char* name : {kTransforms, "transforms_train.json", "transforms_test.json"}) {
    if ((std::string_view(name) == kTransforms) == split || !fs::exists(folder / name, problem)) continue;
    PTAH_TRY(Bytes text, read_file(folder / name, kMaxTransformsBytes));
    PTAH_TRY(const auto frames, parse_transforms({reinterpret_cast<const char*>(text.data()), text.size()}));
    entries.push_back({name, std::move(text)});
    for (const PosedFrame& frame : frames) {
      if (!packed.insert(frame.file).second) continue;
      PTAH_TRY(const fs::path file, picture_of(folder, frame.file));
      PTAH_TRY(Bytes picture, read_file(file, size_t{256} << 20));
      bytes += picture.size();
      if (bytes > size_t{500} << 20) return fail(ErrorCode::over_budget, "the pictures are more than 500 MiB");
      entries.push_back({frame.file, std::move(picture)});
    }
  }
  return zip_archive(entries, 1);
}

namespace {

/// All frames of an archive; those of transforms_test.json are held out.
Result<std::vector<PosedFrame>> archive_frames(ZipReader& archive) {
  std::vector<PosedFrame> out;
  bool any = false;
  for (const char* name : {kTransforms, "transforms_train.json", "transforms_test.json"}) {
    if (!archive.has(name)) continue;
    PTAH_TRY(const Bytes text, archive.read(name, kMaxPackedBytes));
    PTAH_TRY(auto frames, parse_transforms({reinterpret_cast<const char*>(text.data()), text.size()}));
    for (PosedFrame& frame : frames) {
      frame.held_out = frame.held_out || std::string_view(name) == "transforms_test.json";
      out.push_back(std::move(frame));
    }
    any = true;
  }
  if (!any) return fail(ErrorCode::corrupt, "the archive of pictures has no transforms.json");
  return out;
}

}  // namespace

Result<PosedPictures> unpack_posed_pictures(std::span<const uint8_t> bytes, int64_t max_edge, int64_t held_out) {
  PTAH_TRY(ZipReader archive, ZipReader::open(bytes));
  PTAH_TRY(std::vector<PosedFrame> frames, archive_frames(archive));
  const bool named = std::any_of(frames.begin(), frames.end(), [](const PosedFrame& f) { return f.held_out; });
  const auto count = static_cast<int64_t>(frames.size());
  if (!named)
    for (int64_t i = 0; i < std::min(held_out, count); ++i) frames[static_cast<size_t>((2 * i + 1) * count / (2 * std::min(held_out, count)))].held_out = true;
  PosedPictures out;
  int64_t pixels = 0;
  for (const PosedFrame& frame : frames) {
    PTAH_TRY(const Bytes file, archive.read(frame.file, kMaxPackedBytes));
    auto picture = decode_image(file);
    if (!picture) return fail(picture.error().code, "{}: {}", printable(frame.file), picture.error().message);
    PTAH_TRY(const PosedCamera camera, frame.camera(picture->width, picture->height));
    Image small = reduced(*picture, max_edge);
    pixels += small.width * small.height;
    if (pixels > kMaxPosedPixels) return fail(ErrorCode::over_budget, "the pictures have more than {} million pixels together", kMaxPosedPixels >> 20);
    const PosedCamera own = camera.scaled(small.width, small.height);
    (frame.held_out ? out.held_out : out.fitted).push_back({frame.file, own, std::move(small)});
  }
  if (out.fitted.size() < 2) return fail(ErrorCode::invalid_argument, "{} pictures are left to fit; at least 2 are needed", out.fitted.size());
  out.cut_out = has_holes(out);
  return out;
}

std::string transforms_json(const std::vector<PosedPicture>& pictures, size_t fitted) {
  Json frames = Json::array(), train = Json::array(), test = Json::array();
  for (size_t i = 0; i < pictures.size(); ++i) {
    const PosedCamera& c = pictures[i].camera;
    const Vec3 back = c.forward * -1;
    Json rows = Json::array();
    // +y up → +z up: (x, y, z) → (x, −z, y).
    const auto row = [&](size_t axis, float sign) { rows.push_back({sign * c.right[axis], sign * c.up[axis], sign * back[axis], sign * c.eye[axis]}); };
    row(0, 1), row(2, -1), row(1, 1);
    rows.push_back({0.0, 0.0, 0.0, 1.0});
    frames.push_back({{"file_path", pictures[i].file}, {"transform_matrix", rows}});
    (i < fitted ? train : test).push_back(pictures[i].file);
  }
  const PosedCamera& first = pictures.front().camera;
  const Json out{{"w", first.width},     {"h", first.height}, {"fl_x", first.focal_x},    {"fl_y", first.focal_y}, {"cx", first.centre_x},
                 {"cy", first.centre_y}, {"frames", frames},  {"train_filenames", train}, {"test_filenames", test}};
  return out.dump(1);
}

}  // namespace ptah
