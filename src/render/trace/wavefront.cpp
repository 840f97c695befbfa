#include "render/trace/lane_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "render/trace/wavefront.cpp"
#include <hwy/foreach_target.h>

#include <embree3/rtcore.h>

#include <bit>
#include <limits>

#include "render/trace/lights-inl.h"
#include "render/trace/sampler-inl.h"
#include "render/trace/surface-inl.h"
#include "render/trace/wavefront.h"

#ifndef PTAH_RENDER_TRACE_WAVEFRONT_ARRAYS
#define PTAH_RENDER_TRACE_WAVEFRONT_ARRAYS
namespace ptah {

constexpr size_t kCapacity = static_cast<size_t>(kTilePaths);

/// The live paths of a tile, the first ones of each array, and what all of its paths brought, by their slots.
struct PathArrays {
  struct Three {
    alignas(64) float x[kCapacity], y[kCapacity], z[kCapacity];
  };
  Three from{}, direction{}, carried{}, light{};
  alignas(64) float pdf[kCapacity] = {};        ///< of the last surface that turned the path; below 0: the camera
  alignas(64) float travelled[kCapacity] = {};  ///< straight on since then
  alignas(64) uint32_t sample[kCapacity] = {}, keys[3][kCapacity] = {};
  alignas(64) int32_t slot[kCapacity] = {}, bounce[kCapacity] = {};
  // By slots.
  Three brought{}, through{}, albedo{}, normal{};
  alignas(64) float depth[kCapacity] = {}, ground[kCapacity] = {}, ground_lit[kCapacity] = {}, ground_all[kCapacity] = {};
};

}  // namespace ptah
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {
namespace {

constexpr float kFarAway = 1e30F;
constexpr int kMaxLayers = 64;
using RayPacket = std::conditional_t<kLanes == 8, RTCRay8, RTCRay4>;
using HitPacket = std::conditional_t<kLanes == 8, RTCRayHit8, RTCRayHit4>;
constexpr size_t kPacket = kLanes == 8 ? 8 : 4;

template <class Three>
HWY_INLINE V3 load3(const Three& from, size_t i) {
  const DF d;
  return {hn::Load(d, from.x + i), hn::Load(d, from.y + i), hn::Load(d, from.z + i)};
}
template <class Three>
HWY_INLINE void store3(const V3& v, Three& to, size_t i) {
  const DF d;
  hn::Store(v.x, d, to.x + i), hn::Store(v.y, d, to.y + i), hn::Store(v.z, d, to.z + i);
}
HWY_INLINE void scatter(MF mask, VI slot, VF value, float* to) {
  HWY_ALIGN int32_t at[kLanes];
  HWY_ALIGN float values[kLanes];
  hn::Store(slot, DI(), at), hn::Store(value, DF(), values);
  for (uint32_t bits = bits_of(mask); bits; bits &= bits - 1) to[at[std::countr_zero(bits)]] = values[std::countr_zero(bits)];
}
template <class Three>
HWY_INLINE void scatter3(MF mask, VI slot, const V3& v, Three& to) {
  scatter(mask, slot, v.x, to.x), scatter(mask, slot, v.y, to.y), scatter(mask, slot, v.z, to.z);
}

/// For each mask of lanes the order that puts those of the mask first. (Highway 1.0's CompressStore copies its table at each call.)
constexpr auto kKeptFirst = [] {
  std::array<std::array<int32_t, kLanes>, size_t{1} << kLanes> out{};
  for (size_t mask = 0; mask < out.size(); ++mask) {
    size_t at = 0;
    for (const size_t kept : {size_t{1}, size_t{0}})
      for (size_t lane = 0; lane < kLanes; ++lane)
        if (((mask >> lane) & 1) == kept) out[mask][at++] = static_cast<int32_t>(lane);
  }
  return out;
}();

struct Path {
  V3 from, direction, carried, light;
  VF pdf, travelled;
  Samples random;
  VI slot, bounce;
};

/// What rays met.
struct Hits {
  Places places;
  VF distance;
};

class Tile {
 public:
  Tile(const TracedTables& scene, const TileTask& task, PathArrays& arrays)
      : scene_(scene), task_(task), arrays_(arrays), sky_(scene.environment ? scene.environment->view() : EnvironmentView{}) {}

  void run(PixelSum* sums) {
    std::fill_n(sums, task_.pixels(), PixelSum());
    for (first_sample_ = 0; first_sample_ < task_.settings.samples; first_sample_ = end_sample_) {
      if (task_.cancel && task_.cancel->cancelled()) return;
      end_sample_ = std::min(first_sample_ + kTileSamples, task_.settings.samples);
      follow();
      add_to(sums);
    }
  }

 private:
  /// Some samples of all pixels.
  void follow() {
    size_t live = begin();
    for (layer_ = 0; live > 0 && layer_ < kMaxLayers; ++layer_) {
      kept_ = 0;
      for (size_t i = 0; i < live; i += kLanes) advance(i, hn::FirstN(DF(), live - i));
      live = kept_;
    }
    for (size_t i = 0; i < live; i += kLanes) finish(path_at(i), hn::FirstN(DF(), live - i));
  }
  uint32_t dimension(uint32_t part) const { return 1 + 4 * static_cast<uint32_t>(layer_) + part; }
  HWY_INLINE Path path_at(size_t i) const {
    const DF d;
    const DU du;
    const DI di;
    return {load3(arrays_.from, i),
            load3(arrays_.direction, i),
            load3(arrays_.carried, i),
            load3(arrays_.light, i),
            hn::Load(d, arrays_.pdf + i),
            hn::Load(d, arrays_.travelled + i),
            {hn::Load(du, arrays_.sample + i), {hn::Load(du, arrays_.keys[0] + i), hn::Load(du, arrays_.keys[1] + i), hn::Load(du, arrays_.keys[2] + i)}},
            hn::Load(di, arrays_.slot + i),
            hn::Load(di, arrays_.bounce + i)};
  }
  size_t begin();
  HWY_INLINE void advance(size_t i, MF active);
  HWY_INLINE Hits nearest(const Path& p, MF active) const;
  HWY_INLINE V3 open(const V3& from, const V3& direction, VF distance, MF wanted) const;
  HWY_INLINE V3 direct(const Path& p, const V3& at, const Points& points, const Axes& axes, const Lobes& lobes, VF pick, MF wanted) const;
  HWY_INLINE SkySamples lamps(const V3& at, VF pick, const Pair& place, MF wanted, VF& distance, V3& target) const;
  HWY_INLINE void escape(Path& p, MF missed);
  void look_behind(const Path& p, MF wanted);
  HWY_INLINE MF scatter_on(Path& p, const Hits& hits, const V3& at, const Points& points, const Axes& axes, const Lobes& lobes, VF lobe, MF alive) const;
  HWY_INLINE void finish(const Path& p, MF ended) { scatter3(ended, p.slot, p.light, arrays_.brought); }
  HWY_INLINE void keep(const Path& p, MF kept);
  void add_to(PixelSum* sums) const;

  const TracedTables& scene_;
  const TileTask& task_;
  PathArrays& arrays_;
  Sky sky_;
  int64_t first_sample_ = 0, end_sample_ = 0;
  int layer_ = 0;
  size_t kept_ = 0;
};

/// Rays of the camera.
size_t Tile::begin() {
  const TraceSettings& settings = task_.settings;
  const Camera& camera = task_.camera;
  size_t count = 0;
  for (int64_t row = task_.top; row < task_.bottom; ++row)
    for (int64_t column = task_.left; column < task_.right; ++column) {
      const auto key = PixelSampler(settings.seed, static_cast<uint64_t>(row * settings.frame.width + column)).key();
      for (int64_t sample = first_sample_; sample < end_sample_; ++sample, ++count) {
        arrays_.sample[count] = PixelSampler::reversed(static_cast<uint32_t>(sample));
        for (size_t part = 0; part < 3; ++part) arrays_.keys[part][count] = key[part];
        arrays_.from.x[count] = static_cast<float>(column), arrays_.from.y[count] = static_cast<float>(row);
        arrays_.slot[count] = static_cast<int32_t>(count);
      }
    }
  const DF d;
  const VF zero = hn::Zero(d), by = splat(1 / camera.scale);
  const V3 forward = splat3(camera.forward), right = splat3(camera.right), up = splat3(camera.up);
  for (size_t i = 0; i < count; i += kLanes) {
    const Path p = path_at(i);
    const Pair in_pixel = pair_of(p.random, 0);
    const VF x = (p.from.x + in_pixel.a - splat(camera.centre_x)) * by, y = (splat(camera.centre_y) - (p.from.y + in_pixel.b)) * by;
    store3(unit_of(madd(right, x, madd(up, y, forward))), arrays_.direction, i);
    store3(splat3(camera.eye), arrays_.from, i);
    store3(splat3(1, 1, 1), arrays_.carried, i);
    hn::Store(splat(-1), d, arrays_.pdf + i);
    hn::Store(hn::Zero(DI()), DI(), arrays_.bounce + i);
    for (auto* three : {&arrays_.light, &arrays_.through, &arrays_.albedo, &arrays_.normal}) store3(zero3(), *three, i);
    for (float* one : {arrays_.travelled, arrays_.depth, arrays_.ground, arrays_.ground_lit, arrays_.ground_all}) hn::Store(zero, d, one + i);
  }
  return count;
}

Hits Tile::nearest(const Path& p, MF active) const {
  const DF d;
  const DI di;
  const DU du;
  HitPacket packet;
  HWY_ALIGN int32_t valid[kPacket] = {};
  hn::Store(hn::BitCast(di, hn::VecFromMask(d, active)), di, valid);
  hn::Store(p.from.x, d, packet.ray.org_x), hn::Store(p.from.y, d, packet.ray.org_y), hn::Store(p.from.z, d, packet.ray.org_z);
  hn::Store(p.direction.x, d, packet.ray.dir_x), hn::Store(p.direction.y, d, packet.ray.dir_y), hn::Store(p.direction.z, d, packet.ray.dir_z);
  for (float* zeros : {packet.ray.tnear, packet.ray.time}) hn::Store(hn::Zero(d), d, zeros);
  hn::Store(splat(std::numeric_limits<float>::infinity()), d, packet.ray.tfar);
  for (uint32_t* ones : {packet.ray.mask, packet.hit.geomID, packet.hit.instID[0]}) hn::Store(hn::Set(du, ~0U), du, ones);
  for (uint32_t* zeros : {packet.ray.id, packet.ray.flags, packet.hit.primID}) hn::Store(hn::Zero(du), du, zeros);
  for (float* zeros : {packet.hit.u, packet.hit.v}) hn::Store(hn::Zero(d), d, zeros);
  scene_.rays.nearest(valid, packet, layer_ == 0);
  const MF any = hn::And(active, hn::RebindMask(d, hn::Eq(hn::Load(du, packet.hit.geomID), hn::Zero(du))));
  const VF u = hn::Load(d, packet.hit.u), v = hn::Load(d, packet.hit.v);
  const VI triangle = hn::BitCast(di, hn::IfThenElseZero(hn::RebindMask(du, any), hn::Load(du, packet.hit.primID)));
  return {{any, triangle, splat(1) - u - v, u, v}, hn::Load(d, packet.ray.tfar)};
}

/// How much light comes from so far along directions.
V3 Tile::open(const V3& from, const V3& direction, VF distance, MF wanted) const {
  const DF d;
  const DI di;
  const DU du;
  RayPacket packet;
  HWY_ALIGN int32_t valid[kPacket] = {};
  hn::Store(hn::BitCast(di, hn::VecFromMask(d, wanted)), di, valid);
  hn::Store(from.x, d, packet.org_x), hn::Store(from.y, d, packet.org_y), hn::Store(from.z, d, packet.org_z);
  hn::Store(direction.x, d, packet.dir_x), hn::Store(direction.y, d, packet.dir_y), hn::Store(direction.z, d, packet.dir_z);
  for (float* zeros : {packet.tnear, packet.time}) hn::Store(hn::Zero(d), d, zeros);
  hn::Store(distance, d, packet.tfar);
  hn::Store(hn::Set(du, ~0U), du, packet.mask);
  for (uint32_t* zeros : {packet.id, packet.flags}) hn::Store(hn::Zero(du), du, zeros);
  scene_.rays.blocked(valid, packet);
  const MF free = hn::And(wanted, hn::Ge(hn::Load(d, packet.tfar), hn::Zero(d)));
  V3 out = only(free, splat3(1, 1, 1));
  if (!scene_.rays.any_clear() || none(free)) return out;
  HWY_ALIGN float factors[3][kLanes] = {}, far[kLanes];
  hn::Store(distance, d, far);
  for (uint32_t bits = bits_of(free); bits; bits &= bits - 1) {
    const int i = std::countr_zero(bits);
    const Rgb factor =
        scene_.rays.through_clear({packet.org_x[i], packet.org_y[i], packet.org_z[i]}, {packet.dir_x[i], packet.dir_y[i], packet.dir_z[i]}, far[i]);
    for (size_t c = 0; c < 3; ++c) factors[c][i] = factor[c];
  }
  return {hn::Load(d, factors[0]), hn::Load(d, factors[1]), hn::Load(d, factors[2])};
}

/// Places on what glows: the way there, what is sent out, the density by solid angle.
SkySamples Tile::lamps(const V3& at, VF pick, const Pair& place, MF wanted, VF& distance, V3& target) const {
  const DF d;
  const EmitterTable& emitters = scene_.emitters;
  const auto count = static_cast<int64_t>(emitters.triangles.size());
  HWY_ALIGN int32_t index[kLanes];
  hn::Store(interval_of(emitters.sums.data(), hn::Zero(DI()), emitters.guide.data(), hn::Zero(DI()), count, pick, pick * splat(emitters.sums.back())), DI(),
            index);
  for (int32_t& i : index) i = static_cast<int32_t>(emitters.triangles[static_cast<size_t>(i)]);
  const VF root = hn::Sqrt(place.a), one = splat(1);
  const LampPlaces lamp = lamps_at(scene_, {wanted, hn::Load(DI(), index), one - root, root * (one - place.b), root * place.b});
  const V3 way = sub(lamp.at, at);
  const VF squared = dot(way, way);
  distance = hn::Sqrt(squared);
  SkySamples out;
  out.direction = mul(way, splat(1) / distance);
  const VF cosine = dot(lamp.normal, out.direction);
  out.radiance = lamp.radiance;
  out.pdf = lamp.density * squared / hn::Abs(cosine) * splat(1 - scene_.environment_share);
  const MF good = hn::And(hn::Gt(squared, hn::Zero(d)), hn::Ge(hn::Abs(cosine), splat(1e-6F)));
  out.pdf = hn::IfThenElseZero(good, out.pdf);
  target = off_surface(lamp.at, turned_if(hn::Gt(cosine, hn::Zero(d)), lamp.normal));
  return out;
}

/// Light that comes to surfaces straight from the surroundings or from what glows.
V3 Tile::direct(const Path& p, const V3& at, const Points& points, const Axes& axes, const Lobes& lobes, VF pick, MF wanted) const {
  const DF d;
  const VF zero = hn::Zero(d), share = splat(scene_.environment_share);
  const Pair place = pair_of(p.random, dimension(0));
  const MF sky = hn::Lt(pick, share);
  SkySamples light{zero3(), zero3(), zero};
  VF distance = splat(kFarAway);
  V3 target = zero3();
  if (scene_.environment_share > 0) light = sky_.sample(place.a, place.b), light.pdf = hn::IfThenElseZero(sky, light.pdf * share);
  if (!scene_.emitters.empty() && !none(hn::AndNot(sky, wanted))) {
    const VF again = hn::Min((pick - share) / (splat(1) - share), splat(0.9999999F));
    VF lamp_distance;
    const SkySamples lamp = lamps(at, hn::Max(again, zero), place, wanted, lamp_distance, target);
    light = {select(sky, light.direction, lamp.direction), select(sky, light.radiance, lamp.radiance), select(sky, light.pdf, lamp.pdf)};
    distance = select(sky, distance, lamp_distance);
  }
  const V3 local = axes.in(light.direction);
  MF lit = hn::And(wanted, hn::And(hn::Gt(light.pdf, zero), hn::And(hn::Gt(local.z, zero), hn::Gt(dot(points.geometric, light.direction), zero))));
  if (none(lit)) return zero3();
  const Scattered scattered = lobes.scattered(local);
  const V3 brought = mul(mul(scattered.response, light.radiance), power(light.pdf, scattered.pdf) / light.pdf);
  lit = hn::And(lit, hn::Gt(luminance(brought), zero));
  if (none(lit)) return zero3();
  const V3 from = off_surface(at, points.geometric);
  V3 direction = light.direction;
  if (!scene_.emitters.empty()) {  // between the two places off their surfaces, which near by is not quite the same way
    const V3 way = sub(target, from);
    const VF far = hn::Sqrt(dot(way, way));
    lit = hn::And(lit, hn::Or(sky, hn::Gt(far, zero)));
    distance = select(sky, distance, far), direction = select(sky, direction, mul(way, splat(1) / far));
  }
  return mul(only(lit, brought), open(from, direction, distance, lit));
}

/// Paths that left the scene.
void Tile::escape(Path& p, MF missed) {
  const MF first = hn::And(missed, hn::Lt(p.pdf, hn::Zero(DF()))), later = hn::AndNot(first, missed);
  if (!none(first)) look_behind(p, first);
  if (scene_.environment_share > 0 && !none(later)) {
    const SkySamples seen = sky_.seen(p.direction);
    const V3 light = mul(mul(p.carried, seen.radiance), power(p.pdf, seen.pdf * splat(scene_.environment_share)));
    p.light = add(p.light, only(later, light));
  }
}

/// Paths that saw nothing but what light goes straight through: they look at what is behind the scene.
void Tile::look_behind(const Path& p, MF wanted) {
  const DF d;
  scatter3(wanted, p.slot, p.carried, arrays_.through);
  if (!task_.settings.frame.ground || !scene_.environment) return;
  const VF zero = hn::Zero(d), ground = splat(scene_.surface.extent().low[1]);
  const MF falls = hn::And(wanted, hn::And(hn::Le(p.direction.y, splat(-1e-3F)), hn::Ge(p.from.y, ground)));
  if (none(falls)) return;
  scatter(falls, p.slot, luminance(p.carried), arrays_.ground);
  const Pair place = pair_of(p.random, dimension(0));
  const SkySamples light = sky_.sample(place.a, place.b);
  const MF lit = hn::And(falls, hn::And(hn::Gt(light.direction.y, zero), hn::Gt(light.pdf, zero)));
  if (none(lit)) return;
  const V3 at = madd(p.direction, (ground - p.from.y) / p.direction.y, p.from);
  const VF falling = luminance(light.radiance) * light.direction.y / light.pdf;
  scatter(lit, p.slot, falling, arrays_.ground_all);
  scatter(lit, p.slot, falling * luminance(open(off_surface(at, splat3(0, 1, 0)), light.direction, splat(kFarAway), lit)), arrays_.ground_lit);
}

/// Turns paths at surfaces, or lets them go straight on; returns those that live.
MF Tile::scatter_on(Path& p, const Hits& hits, const V3& at, const Points& points, const Axes& axes, const Lobes& lobes, VF lobe, MF alive) const {
  const DF d;
  const DI di;
  const VF zero = hn::Zero(d), one = splat(1);
  const Pair place = pair_of(p.random, dimension(2));
  const MF straight = hn::And(alive, hn::Ge(lobe, one - lobes.through_share));
  const MF mirrored = hn::Lt(lobe, lobes.mirror_share);
  V3 local = lobes.sample_diffuse(place.a, place.b);
  if (!none(hn::And(alive, mirrored))) local = select(mirrored, lobes.sample_mirror(place.a, place.b), local);
  const V3 direction = axes.out(local);
  const Scattered scattered = lobes.scattered(local);
  MF turned = hn::And(hn::AndNot(straight, alive), hn::And(hn::Gt(local.z, splat(1e-6F)), hn::Gt(dot(direction, points.geometric), zero)));
  turned = hn::And(turned, hn::Gt(scattered.pdf, zero));
  const VI bounce = hn::Add(p.bounce, hn::Set(di, 1));
  turned = hn::And(turned, mask_of(hn::Lt(p.bounce, whole(task_.settings.bounces))));
  V3 carried = mul(mul(p.carried, scattered.response), one / scattered.pdf);
  const MF played = hn::And(turned, mask_of(hn::Gt(bounce, whole(2))));
  if (!none(played)) {  // ends by chance
    const VF survive = hn::Min(splat(0.95F), hn::Max(carried.x, hn::Max(carried.y, carried.z)));
    const MF survives = hn::And(hn::Gt(survive, zero), hn::Lt(number_of(p.random, dimension(3)), survive));
    turned = hn::AndNot(hn::AndNot(survives, played), turned);
    carried = select(played, mul(carried, one / survive), carried);
  }
  p.travelled = hn::IfThenElseZero(straight, p.travelled + hits.distance);
  p.from = off_surface(at, turned_if(straight, points.geometric));
  p.bounce = hn::IfThenElse(hn::RebindMask(di, straight), p.bounce, bounce);
  p.pdf = select(straight, p.pdf, scattered.pdf);
  if (none(straight)) {
    p.carried = carried, p.direction = direction;
  } else {
    p.carried = select(straight, mul(mul(p.carried, lobes.through), one / lobes.through_share), carried);
    p.direction = select(straight, p.direction, direction);
  }
  return hn::Or(straight, turned);
}

void Tile::keep(const Path& p, MF kept) {
  const DF d;
  const DU du;
  const DI di;
  const uint32_t bits = bits_of(kept);
  const auto order = hn::SetTableIndices(d, kKeptFirst[bits].data());
  const auto order_u = hn::SetTableIndices(du, kKeptFirst[bits].data());
  const auto order_i = hn::SetTableIndices(di, kKeptFirst[bits].data());
  const auto one = [&](VF v, float* to) HWY_ATTR { hn::StoreU(hn::TableLookupLanes(v, order), d, to + kept_); };
  const auto word = [&](VU v, uint32_t* to) HWY_ATTR { hn::StoreU(hn::TableLookupLanes(v, order_u), du, to + kept_); };
  const auto three = [&](const V3& v, PathArrays::Three& to) HWY_ATTR { one(v.x, to.x), one(v.y, to.y), one(v.z, to.z); };
  // Whole vectors: what stands behind the paths that are kept was read before, or is written after.
  three(p.from, arrays_.from), three(p.direction, arrays_.direction), three(p.carried, arrays_.carried), three(p.light, arrays_.light);
  one(p.pdf, arrays_.pdf), one(p.travelled, arrays_.travelled);
  word(p.random.sample, arrays_.sample);
  for (size_t part = 0; part < 3; ++part) word(p.random.key[part], arrays_.keys[part]);
  hn::StoreU(hn::TableLookupLanes(p.slot, order_i), di, arrays_.slot + kept_);
  hn::StoreU(hn::TableLookupLanes(p.bounce, order_i), di, arrays_.bounce + kept_);
  kept_ += static_cast<size_t>(std::popcount(bits));
}

/// One layer of some paths.
void Tile::advance(size_t i, MF active) {
  const DF d;
  Path p = path_at(i);
  const Hits hits = nearest(p, active);
  const MF missed = hn::AndNot(hits.places.any, active);
  if (!none(missed)) escape(p, missed);
  if (none(hits.places.any)) return finish(p, active);
  const V3 view = negative(p.direction);
  const auto [points, at, density] = points_at(scene_, hits.places, view);
  const Axes axes(points.normal);
  const Lobes lobes(points, axes.in(view), scene_.split_sums.data(), task_.settings.compensate);
  if (layer_ == 0) {  // slots are in order still
    hn::Store(hn::IfThenElseZero(hits.places.any, hits.distance), d, arrays_.depth + i);
    store3(only(hits.places.any, points.normal), arrays_.normal, i);
    store3(only(hits.places.any, add(lobes.mirror, lobes.diffuse)), arrays_.albedo, i);
  }
  if (!scene_.emitters.empty()) {
    const MF glows = hn::And(hits.places.any, hn::Gt(luminance(points.emission), hn::Zero(d)));
    if (!none(glows)) {
      const VF cosine = hn::Max(hn::Abs(dot(points.geometric, p.direction)), splat(1e-6F)), way = p.travelled + hits.distance;
      const VF pdf = density * way * way / cosine * splat(1 - scene_.environment_share);
      const VF weight = select(hn::Lt(p.pdf, hn::Zero(d)), splat(1), power(p.pdf, pdf));
      p.light = add(p.light, only(glows, mul(mul(p.carried, points.emission), weight)));
    }
  }
  const MF alive = hn::And(hits.places.any, lobes.any());
  const Pair choice = pair_of(p.random, dimension(1));
  const MF wanted = hn::And(alive, mask_of(hn::Lt(p.bounce, whole(task_.settings.bounces))));
  if (!none(wanted)) p.light = add(p.light, mul(p.carried, direct(p, at, points, axes, lobes, choice.a, wanted)));
  const MF kept = scatter_on(p, hits, at, points, axes, lobes, choice.b, alive);
  const MF ended = hn::AndNot(kept, active);
  if (!none(ended)) finish(p, ended);
  if (!none(kept)) keep(p, kept);
}

void Tile::add_to(PixelSum* sums) const {
  size_t slot = 0;
  const auto sum3 = [&](const PathArrays::Three& from, std::array<float, 3>& to) { to[0] += from.x[slot], to[1] += from.y[slot], to[2] += from.z[slot]; };
  for (int64_t pixel = 0; pixel < task_.pixels(); ++pixel) {
    PixelSum sum = sums[pixel];
    for (int64_t sample = first_sample_; sample < end_sample_; ++sample, ++slot) {
      const Rgb light{arrays_.brought.x[slot], arrays_.brought.y[slot], arrays_.brought.z[slot]};
      const float bright = ptah::luminance(light);
      if (!std::isfinite(bright)) continue;
      sum.squares += static_cast<double>(bright) * bright;
      sum3(arrays_.brought, sum.light), sum3(arrays_.through, sum.through), sum3(arrays_.albedo, sum.albedo), sum3(arrays_.normal, sum.normal);
      if (arrays_.depth[slot] > 0) sum.depth += arrays_.depth[slot], ++sum.depths;
      sum.ground += arrays_.ground[slot], sum.ground_lit += arrays_.ground_lit[slot], sum.ground_all += arrays_.ground_all[slot];
    }
    sums[pixel] = sum;
  }
}

}  // namespace

void TraceTile(const TracedTables& scene, const TileTask& task, PathArrays& arrays, PixelSum* sums) { Tile(scene, task, arrays).run(sums); }

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(TraceTile);

Wavefront::Wavefront(const TracedTables& scene) : scene_(scene), arrays_(std::make_unique<PathArrays>()) {}
Wavefront::~Wavefront() = default;

void Wavefront::trace(const TileTask& task, PixelSum* sums) { HWY_DYNAMIC_DISPATCH(TraceTile)(scene_, task, *arrays_, sums); }

}  // namespace ptah
#endif
