// Radiance fields: gradients, fits, cameras, files.
#include "render/field/fit.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <numeric>

#include "base/json.h"
#include "base/parallel.h"
#include "base/philox.h"
#include "media/glb_scene.h"
#include "media/zip.h"
#include "render/field/field_file.h"
#include "render/field/hull.h"
#include "render/field/surface.h"
#include "render/field/update.h"

namespace ptah {
namespace {

/// A field of random lines over a box of 16 × 12 × 8 points, with all cells looked at.
RadianceField random_field(uint64_t seed) {
  FieldGrid grid;
  grid.origin = {-0.7F, -0.5F, -0.3F};
  grid.cell = 0.1F;
  grid.points = {16, 12, 8};
  RadianceField out(grid, FieldFlags(grid.point_count(), 1), {});
  Random random(seed);
  for (FieldLine& line : out.lines()) {
    for (size_t i = 0; i < kColourLanes; ++i) line.lane[i] = random.uniform() - 0.5F;
    line.lane[kDensityLane] = random.uniform() * 4 - 3.5F;
  }
  return out;
}

std::vector<FieldRay> random_rays(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<FieldRay> out;
  for (size_t i = 0; i < count; ++i) {
    const auto place = [&](float far) { return Vec3{(random.uniform() - 0.5F) * far, (random.uniform() - 0.5F) * far, (random.uniform() - 0.5F) * far}; };
    const Vec3 eye = normalized(place(1)) * 3, at = place(0.6F);
    out.push_back({.origin = eye, .direction = normalized(at - eye), .jitter = random.uniform()});
  }
  return out;
}

TEST(FieldGradient, IsThatOfFiniteDifferences) {
  RadianceField field = random_field(1);
  const auto rays = random_rays(40, 2);
  std::vector<FieldTarget> targets(rays.size());
  std::vector<std::array<float, 4>> bases;
  Random random(3);
  for (FieldTarget& t : targets) t = {{random.uniform(), random.uniform(), random.uniform()}, random.uniform()};
  for (const FieldRay& r : rays) bases.push_back(field_harmonics(r.direction));
  std::vector<FieldRecord> records;
  const double loss = differentiate(field, rays, targets, 0.5F, 0, records);
  EXPECT_GT(loss, 1);
  std::vector<FieldLine> gradients(field.lines().size());
  std::vector<uint64_t> touched(field.blocks().size());
  add_gradients(field, records, bases, gradients.data(), touched.data());
  const auto loss_now = [&] {
    std::vector<FieldRecord> none;
    return differentiate(field, rays, targets, 0.5F, 0, none);
  };
  int compared = 0;
  double error = 0, size = 0;
  for (size_t line = 0; line < field.lines().size(); line += 7) {
    const bool marked = touched[line / 64] >> (line % 64) & 1;
    for (size_t lane = line % 3; lane < 13; lane += 3) {
      float& value = field.lines()[line].lane[lane];
      const float before = value, step = 1e-2F;
      value = before + step;
      const double above = loss_now();
      value = before - step;
      const double below = loss_now();
      value = before;
      const double slope = (above - below) / (2 * step), found = static_cast<double>(gradients[line].lane[lane]);
      if (!marked) {
        EXPECT_NEAR(slope, 0, 1e-4) << line << " " << lane;
        continue;
      }
      ++compared;
      error += (slope - found) * (slope - found);
      size += slope * slope;
      EXPECT_NEAR(found, slope, 2e-3 + 0.03 * std::abs(slope)) << line << " " << lane;
    }
  }
  EXPECT_GT(compared, 300);
  EXPECT_LT(std::sqrt(error / size), 5e-3);
}

TEST(FieldGradient, TheLossIsThatOfWhatIsSeen) {
  const RadianceField field = random_field(4);
  const auto rays = random_rays(30, 5);
  std::vector<FieldColour> seen(rays.size());
  see(field, rays, seen.data());
  double sum = 0;
  std::vector<FieldTarget> targets(rays.size());
  for (size_t i = 0; i < rays.size(); ++i)
    for (size_t c = 0; c < 3; ++c) sum += std::pow(static_cast<double>(seen[i].colour[c] + 1 - seen[i].alpha), 2);  // targets are black
  std::vector<FieldRecord> records;
  EXPECT_NEAR(differentiate(field, rays, targets, 0, 0, records), sum, 1e-3 * sum);
}

TEST(FieldUpdate, PullsEachPointTowardsItsNeighbours) {
  const RadianceField field = random_field(6);
  std::vector<FieldLine> gradients(field.lines().size());
  const std::vector<uint64_t> touched(field.blocks().size(), ~uint64_t{0});
  pull_together(field, touched.data(), 0, field.blocks().size(), 0, 1, 0.5F, 0.25F, gradients.data());
  for (int32_t z = 0; z < 8; ++z)
    for (int32_t y = 0; y < 12; ++y)
      for (int32_t x = 0; x < 16; ++x) {
        const FieldLine* own = field.find(x, y, z);
        float colour = 0, density = 0;
        for (const FieldLine* other : {field.find(x - 1, y, z), field.find(x + 1, y, z), field.find(x, y - 1, z), field.find(x, y + 1, z),
                                       field.find(x, y, z - 1), field.find(x, y, z + 1)}) {
          if (!other) continue;
          colour += 0.5F * (own->lane[5] - other->lane[5]);
          density += 0.25F * (own->lane[kDensityLane] - other->lane[kDensityLane]);
        }
        const FieldLine& found = gradients[static_cast<size_t>(own - field.lines().data())];
        EXPECT_NEAR(found.lane[5], colour, 1e-5) << x << " " << y << " " << z;
        EXPECT_NEAR(found.lane[kDensityLane], density, 1e-5) << x << " " << y << " " << z;
      }
}

/// A ball with coloured octants, seen exactly.
PosedPictures ball_pictures(int64_t views, int64_t held_out, int64_t size) {
  PosedPictures out;
  out.cut_out = true;
  for (int64_t i = 0; i < views + held_out; ++i) {
    const float height = -0.8F + 1.6F * (static_cast<float>(i % views) + (i < views ? 0.5F : 0.15F)) / static_cast<float>(views);
    const float turn = 2.4F * static_cast<float>(i), flat = std::sqrt(1 - height * height);
    PosedPicture p;
    p.file = fmt::format("{}.png", i);
    PosedCamera& c = p.camera;
    const Vec3 away{flat * std::sin(turn), height, flat * std::cos(turn)};
    c.eye = away * 3;
    c.forward = away * -1;
    c.right = normalized(cross({0, 1, 0}, away));
    c.up = cross(away, c.right);
    c.width = c.height = size;
    c.focal_x = c.focal_y = static_cast<float>(size) * 1.2F;
    c.centre_x = c.centre_y = static_cast<float>(size) / 2;
    p.picture = make_image(size, size);
    for (int64_t y = 0; y < size; ++y)
      for (int64_t x = 0; x < size; ++x) {
        int red = 0, green = 0, blue = 0, hits = 0;
        for (int s = 0; s < 16; ++s) {
          const Vec3 d = c.ray(static_cast<float>(x) + (static_cast<float>(s % 4) + 0.5F) / 4, static_cast<float>(y) + (static_cast<float>(s / 4) + 0.5F) / 4);
          const float b = dot(c.eye, d), inside = b * b - dot(c.eye, c.eye) + 0.81F;
          if (inside < 0) continue;
          const Vec3 at = c.eye + d * (-b - std::sqrt(inside));
          ++hits, red += at[0] > 0 ? 220 : 60, green += at[1] > 0 ? 200 : 90, blue += at[2] > 0 ? 180 : 40;
        }
        uint8_t* to = p.picture.at(x, y);
        if (hits) to[0] = static_cast<uint8_t>(red / hits), to[1] = static_cast<uint8_t>(green / hits), to[2] = static_cast<uint8_t>(blue / hits);
        to[3] = static_cast<uint8_t>(hits * 255 / 16);
      }
    (i < views ? out.fitted : out.held_out).push_back(std::move(p));
  }
  return out;
}

const PosedPictures& ball() {
  static const PosedPictures pictures = ball_pictures(24, 4, 64);
  return pictures;
}
const FittedField& fitted_ball() {
  static const FittedField field = value_or_throw(fit_field(ball(), {.resolution = 48, .steps = shared_out(160)}));
  return field;
}

TEST(FieldFit, ReachesItsPsnr) {
  EXPECT_GT(value_or_throw(field_psnr(fitted_ball().field, ball().held_out)), 28);
  EXPECT_GT(value_or_throw(field_psnr(fitted_ball().field, ball().fitted)), 28);
  EXPECT_EQ(fitted_ball().steps, shared_out(160));
}

TEST(FieldFit, IsTheSameForAnyNumberOfThreads) {
  const Bytes usual = value_or_throw(encode_field(fitted_ball().field));
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    const FittedField again = value_or_throw(fit_field(ball(), {.resolution = 48, .steps = shared_out(160)}));
    set_threads(0);
    ASSERT_EQ(again.field.lines().size(), fitted_ball().field.lines().size());
    EXPECT_EQ(std::memcmp(again.field.lines().data(), fitted_ball().field.lines().data(), again.field.lines().size() * sizeof(FieldLine)), 0) << count;
    EXPECT_TRUE(value_or_throw(encode_field(again.field)) == usual);
  }
  const FittedField other = value_or_throw(fit_field(ball(), {.resolution = 48, .steps = shared_out(160), .seed = 1}));
  EXPECT_FALSE(value_or_throw(encode_field(other.field)) == usual);
}

TEST(FieldFit, SecondsBecomeStepsThatGiveTheSameField) {
  const FittedField timed = value_or_throw(fit_field(ball(), {.resolution = 32, .seconds = 0.5}));
  for (const int64_t steps : timed.steps) EXPECT_GT(steps, 0);
  const FittedField again = value_or_throw(fit_field(ball(), {.resolution = 32, .steps = timed.steps}));
  EXPECT_TRUE(value_or_throw(encode_field(timed.field)) == value_or_throw(encode_field(again.field)));
}

TEST(FieldFit, RefusesAndStops) {
  EXPECT_EQ(fit_field(ball(), {.resolution = 50}).error().code, ErrorCode::invalid_argument);
  CancelToken token;
  token.cancel();
  EXPECT_EQ(fit_field(ball(), {.resolution = 32, .steps = shared_out(10)}, {}, {}, &token).error().code, ErrorCode::cancelled);
  PosedPictures parallel = ball();
  for (PosedPicture& p : parallel.fitted) p.camera.forward = {0, 0, -1}, p.camera.right = {1, 0, 0}, p.camera.up = {0, 1, 0};
  EXPECT_EQ(fit_field(parallel, {.resolution = 32, .steps = shared_out(10)}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(field_psnr(fitted_ball().field, {}).error().code, ErrorCode::invalid_argument);
}

TEST(FieldFit, StepsAreSharedOut) {
  for (const int64_t steps : {1, 7, 100, 12345}) {
    const FieldSteps out = shared_out(steps);
    EXPECT_EQ(std::accumulate(out.begin(), out.end(), int64_t{0}), steps);
  }
}

TEST(FieldHull, LiesRoundTheBall) {
  const FieldBox box = value_or_throw(box_of(ball()));
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_LT(box.low[k], -0.9F);
    EXPECT_GT(box.low[k], -1.2F);
    EXPECT_GT(box.high[k], 0.9F);
    EXPECT_LT(box.high[k], 1.2F);
  }
}

TEST(FieldFile, ComesBackAndRefuses) {
  const Bytes bytes = value_or_throw(encode_field(fitted_ball().field));
  const RadianceField read = value_or_throw(decode_field(bytes));
  EXPECT_TRUE(value_or_throw(encode_field(read)) == bytes);
  EXPECT_NEAR(value_or_throw(field_psnr(read, ball().held_out)), value_or_throw(field_psnr(fitted_ball().field, ball().held_out)), 0.2);
  Bytes broken = bytes;
  broken.resize(broken.size() - 100);
  EXPECT_EQ(decode_field(broken).error().code, ErrorCode::corrupt);
  std::string text(bytes.begin(), bytes.end());
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string out = text;
    out.replace(out.find(from), from.size(), to);
    return decode_field(as_bytes(out));
  };
  EXPECT_EQ(changed("ptah.field", "ptah.fjeld").error().code, ErrorCode::corrupt);
  EXPECT_EQ(changed("points", "paints").error().code, ErrorCode::corrupt);
  EXPECT_EQ(decode_field(Bytes(64, 7)).error().code, ErrorCode::corrupt);
}

TEST(FieldSurface, IsAClosedBall) {
  const Mesh mesh = value_or_throw(field_surface_mesh(fitted_ball().field, 4000));
  const MeshReport report = inspect(mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented);
  EXPECT_EQ(report.bodies, 1);
  EXPECT_NEAR(report.volume, 4.0 / 3 * std::numbers::pi * 0.729, 0.25);
  EXPECT_LE(mesh.triangles.size(), 4000U);
  const MeshScene scene = value_or_throw(field_mesh(fitted_ball().field, 4000));
  double worst = 0, mean = 0;
  size_t counted = 0;
  for (size_t v = 0; v < scene.meshes[0].mesh.positions.size(); ++v) {
    const Vec3 at = scene.meshes[0].mesh.positions[v];
    worst = std::max(worst, static_cast<double>(std::abs(length(at) - 0.9F)));
    if (std::abs(at[0]) < 0.15F) continue;
    mean += std::abs(srgb_of(scene.meshes[0].colours[v][0]) - (at[0] > 0 ? 220 : 60) / 255.0F), ++counted;
  }
  EXPECT_LT(worst, 0.15);
  EXPECT_LT(mean / static_cast<double>(counted), 0.06);
  EXPECT_FALSE(value_or_throw(encode_glb(scene)).empty());
}

TEST(FieldSplats, AreWrittenAndReadBack) {
  const std::vector<Splat> splats = value_or_throw(field_splats(fitted_ball().field, 2000));
  ASSERT_GT(splats.size(), 500U);
  // One on each triangle; the third axis is its normal.
  const Mesh mesh = value_or_throw(field_surface_mesh(fitted_ball().field, 2000));
  ASSERT_EQ(splats.size(), mesh.triangles.size());
  for (size_t i = 0; i < splats.size(); ++i) {
    const Splat& s = splats[i];
    const auto& [x, y, z, w] = s.turn;
    const Vec3 third{2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)}, a = mesh.positions[mesh.triangles[i][0]];
    const Vec3 normal = normalized(cross(mesh.positions[mesh.triangles[i][1]] - a, mesh.positions[mesh.triangles[i][2]] - a));
    EXPECT_GT(dot(third, normal), 0.999F);
    EXPECT_LT(s.scale[2], std::min(s.scale[0], s.scale[1]));
  }
  const Bytes ply = value_or_throw(encode_splat_ply(splats));
  const std::string text(ply.begin(), ply.end());
  const size_t end = text.find("end_header\n") + 11;
  EXPECT_TRUE(text.starts_with("ply\nformat binary_little_endian 1.0\n"));
  EXPECT_NE(text.find(fmt::format("element vertex {}\n", splats.size())), std::string::npos);
  EXPECT_EQ(ply.size() - end, splats.size() * 26 * 4);
  std::array<float, 26> first{};
  std::memcpy(first.data(), ply.data() + end, sizeof first);
  EXPECT_EQ((Vec3{first[0], -first[1], -first[2]}), splats[0].at);
  EXPECT_NEAR(first[18], std::log(0.98F / 0.02F), 1e-3);
  EXPECT_NEAR(first[22] * first[22] + first[23] * first[23] + first[24] * first[24] + first[25] * first[25], 1, 1e-4);
  const Bytes glb = value_or_throw(encode_splat_glb(splats));
  const Json json = value_or_throw(parse_json(value_or_throw(glb_json(glb))));
  EXPECT_EQ(json["extensionsUsed"][0], "KHR_gaussian_splatting");
  const Json& primitive = json["meshes"][0]["primitives"][0];
  EXPECT_EQ(primitive["mode"], 0);
  EXPECT_EQ(primitive["extensions"]["KHR_gaussian_splatting"]["kernel"], "ellipse");
  for (const char* name : {"POSITION", "COLOR_0", "KHR_gaussian_splatting:ROTATION", "KHR_gaussian_splatting:SCALE", "KHR_gaussian_splatting:OPACITY",
                           "KHR_gaussian_splatting:SH_DEGREE_0_COEF_0", "KHR_gaussian_splatting:SH_DEGREE_1_COEF_2"}) {
    ASSERT_TRUE(primitive["attributes"].contains(name)) << name;
    EXPECT_EQ(json["accessors"][primitive["attributes"][name].get<size_t>()]["count"], splats.size());
  }
  const Bytes spz = value_or_throw(encode_splat_spz(splats));
  Bytes plain(16 + splats.size() * (9 + 1 + 3 + 3 + 3 + 9));
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  stream.next_in = const_cast<Bytef*>(spz.data());
  stream.avail_in = static_cast<uInt>(spz.size());
  stream.next_out = plain.data();
  stream.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  inflateEnd(&stream);
  EXPECT_EQ(stream.avail_out, 0U);
  EXPECT_EQ(std::string(plain.begin(), plain.begin() + 4), "NGSP");
  EXPECT_EQ(plain[4], 2);
  uint32_t whole = plain[16] | plain[17] << 8U | static_cast<uint32_t>(plain[18]) << 16U;
  if (whole & 0x800000U) whole |= 0xFF000000U;
  EXPECT_NEAR(std::ldexp(static_cast<double>(static_cast<int32_t>(whole)), -plain[13]), splats[0].at[0], 1e-5);
  EXPECT_EQ(encode_splat_ply({}).error().code, ErrorCode::invalid_argument);
  std::vector<Splat> endless(1);
  endless[0].at[0] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(encode_splat_glb(endless).error().code, ErrorCode::invalid_argument);
}

constexpr const char* kFrame = R"({"file_path": "a", "transform_matrix": [[1,0,0,0.5],[0,1,0,0],[0,0,1,2],[0,0,0,1]]})";

TEST(Transforms, AreRead) {
  const auto frames = value_or_throw(parse_transforms(fmt::format(R"({{"camera_angle_x": 0.6911112, "frames": [{}]}})", kFrame)));
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].file, "a");
  const PosedCamera camera = value_or_throw(frames[0].camera(800, 600));
  EXPECT_NEAR(camera.focal_x, 1111.1, 0.2);
  EXPECT_EQ(camera.focal_x, camera.focal_y);
  EXPECT_EQ(camera.centre_y, 300);
  // +z up there, +y up here.
  EXPECT_EQ(camera.eye, (Vec3{0.5F, 2, 0}));
  EXPECT_EQ(camera.forward, (Vec3{0, -1, 0}));
  EXPECT_EQ(camera.up, (Vec3{0, 0, -1}));
  const auto own = value_or_throw(parse_transforms(
      fmt::format(R"({{"fl_x": 500, "fl_y": 510, "cx": 101, "cy": 99, "w": 200, "h": 200, "k1": 0.1, "test_filenames": ["./a"], "frames": [{}]}})", kFrame)));
  EXPECT_TRUE(own[0].held_out);
  const PosedCamera lens = value_or_throw(own[0].camera(200, 200));
  EXPECT_EQ(lens.focal_y, 510);
  EXPECT_EQ(lens.centre_x, 101);
  EXPECT_EQ(own[0].camera(100, 100).error().code, ErrorCode::corrupt);
  // A barrel's ray comes nearer to the axis than that of a plain lens.
  PosedCamera plain = lens;
  plain.distortion = {};
  EXPECT_GT(dot(lens.ray(190, 100), lens.forward), dot(plain.ray(190, 100), plain.forward));
  // One that folds the picture over has no way back.
  PosedFrame folds = own[0];
  folds.distortion = {-9, 0, 0, 0};
  EXPECT_EQ(folds.camera(200, 200).error().code, ErrorCode::unsupported);
}

TEST(Transforms, AreRefused) {
  const auto code = [](const std::string& text) { return parse_transforms(text).error().code; };
  const auto framed = [&](const std::string& more, const std::string& frame) { return code(fmt::format(R"({{{}"frames": [{}]}})", more, frame)); };
  EXPECT_EQ(code(""), ErrorCode::corrupt);
  EXPECT_EQ(code("[]"), ErrorCode::corrupt);
  EXPECT_EQ(code(R"({"frames": []})"), ErrorCode::corrupt);
  EXPECT_EQ(code(R"({"frames": {}})"), ErrorCode::corrupt);
  EXPECT_EQ(code(std::string(kMaxTransformsBytes + 1, ' ')), ErrorCode::over_budget);
  EXPECT_EQ(framed("", "3"), ErrorCode::corrupt);
  EXPECT_EQ(framed("\"fl_x\": \"wide\", ", kFrame), ErrorCode::corrupt);
  EXPECT_EQ(framed("\"k3\": 0.1, ", kFrame), ErrorCode::unsupported);
  EXPECT_EQ(framed("\"camera_model\": \"OPENCV_FISHEYE\", ", kFrame), ErrorCode::unsupported);
  EXPECT_EQ(framed("", fmt::format("{}, {}", kFrame, kFrame)), ErrorCode::corrupt) << "a picture twice";
  const auto named = [&](const std::string& file) {
    return framed("", fmt::format(R"({{"file_path": "{}", "transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,2]]}})", file));
  };
  for (const char* file : {"", "/etc/passwd", "../a", "x/../../a", "a\\\\b"}) EXPECT_EQ(named(file), ErrorCode::corrupt) << file;
  EXPECT_TRUE(parse_transforms(R"({"frames": [{"file_path": "x/a.png", "transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,2]]}]})"));
  const auto posed = [&](const std::string& matrix) { return framed("", fmt::format(R"({{"file_path": "a", "transform_matrix": {}}})", matrix)); };
  for (const char* matrix : {"[]", "3", "[[1,0,0,0],[0,1,0,0]]", "[[1,0,0],[0,1,0],[0,0,1]]", "[[2,0,0,0],[0,2,0,0],[0,0,2,0]]",
                             "[[-1,0,0,0],[0,1,0,0],[0,0,1,0]]", "[[1,0,0,1e300],[0,1,0,0],[0,0,1,0]]", "[[1,0,0,\"x\"],[0,1,0,0],[0,0,1,0]]"})
    EXPECT_EQ(posed(matrix), ErrorCode::corrupt) << matrix;
  std::string many = kFrame;
  for (size_t i = 0; i < kMaxPosedFrames; ++i) many += fmt::format(R"(,{{"file_path": "b{}", "transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,2]]}})", i);
  EXPECT_EQ(framed("", many), ErrorCode::over_budget);
}

TEST(Transforms, ComeBackFromAFolder) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("ptah-field-{}", ::getpid());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::vector<PosedPicture> all = ball().fitted;
  all.insert(all.end(), ball().held_out.begin(), ball().held_out.end());
  for (const PosedPicture& p : all) value_or_throw(write_file(folder / p.file, std::span<const uint8_t>(value_or_throw(encode_png(p.picture)))));
  value_or_throw(write_file(folder / "transforms.json", std::string_view(transforms_json(all, ball().fitted.size()))));
  const Bytes archive = value_or_throw(pack_posed_pictures(folder));
  const PosedPictures read = value_or_throw(unpack_posed_pictures(archive, 4096, 99));
  ASSERT_EQ(read.fitted.size(), ball().fitted.size());
  ASSERT_EQ(read.held_out.size(), ball().held_out.size());
  EXPECT_TRUE(read.cut_out);
  for (size_t i = 0; i < read.fitted.size(); ++i) {
    const PosedCamera &a = read.fitted[i].camera, &b = ball().fitted[i].camera;
    EXPECT_LT(length(a.eye - b.eye) + length(a.forward - b.forward) + length(a.up - b.up), 1e-5F);
    EXPECT_EQ(read.fitted[i].picture.rgba, ball().fitted[i].picture.rgba);
  }
  const PosedPictures small = value_or_throw(unpack_posed_pictures(archive, 32, 0));
  EXPECT_EQ(small.fitted[0].camera.width, 32);
  EXPECT_EQ(small.fitted[0].camera.focal_x, ball().fitted[0].camera.focal_x / 2);
  std::filesystem::remove(folder / "3.png");
  EXPECT_EQ(pack_posed_pictures(folder).error().code, ErrorCode::not_found);
  std::filesystem::remove(folder / "transforms.json");
  EXPECT_EQ(pack_posed_pictures(folder).error().code, ErrorCode::not_found);
  EXPECT_EQ(pack_posed_pictures(folder / "none").error().code, ErrorCode::not_found);
  const Bytes empty = value_or_throw(zip_archive({{"a.png", {1, 2}}}));
  EXPECT_EQ(unpack_posed_pictures(empty, 100, 1).error().code, ErrorCode::corrupt);
  const std::string one = fmt::format(R"({{"camera_angle_x": 1, "frames": [{}]}})", kFrame);
  const Bytes broken = value_or_throw(zip_archive({{"transforms.json", Bytes(one.begin(), one.end())}, {"a", {1, 2, 3}}}));
  EXPECT_FALSE(unpack_posed_pictures(broken, 100, 0));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ptah
