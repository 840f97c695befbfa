// What several points of a scene are made of, as SurfaceScene::at() says it with the finest textures.
#if defined(PTAH_RENDER_TRACE_SURFACE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PTAH_RENDER_TRACE_SURFACE_INL_H_
#undef PTAH_RENDER_TRACE_SURFACE_INL_H_
#else
#define PTAH_RENDER_TRACE_SURFACE_INL_H_
#endif

#include <cstring>

#include "render/trace/lobes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {
namespace {

/// Points of triangles; u and v belong to corners 1 and 2.
struct Places {
  MF any;
  VI triangle;
  VF w, u, v;
};

/// Colours, linear or as numbers, 0 to 1.
struct Texels {
  V3 colour;
  VF alpha;
};

/// Bilinear, repeated beyond the edges; each lane has its own texture. `linear`: what the bytes of colours stand for; none: numbers.
HWY_INLINE Texels texels_at(const TextureView* textures, VI texture, VF u, VF v, const float* linear) {
  const DF d;
  const DI di;
  HWY_ALIGN int32_t index[kLanes], columns[2][kLanes], rows[2][kLanes];
  HWY_ALIGN float widths[kLanes], heights[kLanes];
  HWY_ALIGN uint32_t taps[4][kLanes];
  hn::Store(texture, di, index);
  for (size_t i = 0; i < kLanes; ++i) widths[i] = textures[index[i]].width, heights[i] = textures[index[i]].height;
  const auto borders = [&](VF place, const float* sizes, int32_t(&to)[2][kLanes]) HWY_ATTR {
    const VF size = hn::Load(d, sizes), whole_part = hn::Floor(place), part = place - whole_part, zero = hn::Zero(d);
    const VF x = hn::IfThenElseZero(hn::Eq(part - part, zero), part) * size - splat(0.5F), left = hn::Floor(x), last = size - splat(1);
    const VF first = select(hn::Lt(left, zero), last, hn::Min(left, last)), second = select(hn::Ge(first, last), zero, first + splat(1));
    hn::Store(hn::ConvertTo(di, first), di, to[0]), hn::Store(hn::ConvertTo(di, second), di, to[1]);
    return x - left;
  };
  const VF right = borders(u, widths, columns), below = borders(v, heights, rows);
  for (size_t i = 0; i < kLanes; ++i) {
    const TextureView& from = textures[index[i]];
    for (size_t tap = 0; tap < 4; ++tap)
      std::memcpy(&taps[tap][i],
                  from.rgba + 4 * (static_cast<size_t>(rows[tap / 2][i]) * static_cast<size_t>(from.width) + static_cast<size_t>(columns[tap % 2][i])), 4);
  }
  Texels out{zero3(), hn::Zero(d)};
  const VF left_part = splat(1) - right, above_part = splat(1) - below,
           weights[4] = {left_part * above_part, right * above_part, left_part * below, right * below};
  for (size_t tap = 0; tap < 4; ++tap) {
    const VI bytes = hn::BitCast(di, hn::Load(DU(), taps[tap])), low = hn::Set(di, 255);
    const auto channel = [&](VI byte) HWY_ATTR { return linear ? hn::GatherIndex(d, linear, byte) : hn::ConvertTo(d, byte) * splat(1.0F / 255); };
    out.colour.x = madd(weights[tap], channel(hn::And(bytes, low)), out.colour.x);
    out.colour.y = madd(weights[tap], channel(hn::And(hn::ShiftRight<8>(bytes), low)), out.colour.y);
    out.colour.z = madd(weights[tap], channel(hn::And(hn::ShiftRight<16>(bytes), low)), out.colour.z);
    out.alpha = madd(weights[tap], hn::ConvertTo(d, hn::And(hn::ShiftRight<24>(bytes), low)) * splat(1.0F / 255), out.alpha);
  }
  return out;
}

/// The normal that a texture of normals says.
HWY_INLINE V3 bumped(const V3& normal, const V3& along, const V3& down, const Texels& texels, VF scale) {
  const V3 tangent = unit_of(sub(along, mul(normal, dot(normal, along))));
  const V3 across{nmadd(normal.z, tangent.y, normal.y * tangent.z), nmadd(normal.x, tangent.z, normal.z * tangent.x),
                  nmadd(normal.y, tangent.x, normal.x * tangent.y)};
  const V3 upwards = turned_if(hn::Gt(dot(across, down), hn::Zero(DF())), across);  // v runs downwards
  const VF one = splat(1), two = splat(2), x = (texels.colour.x * two - one) * scale, y = (texels.colour.y * two - one) * scale,
           z = hn::Max(splat(0.05F), texels.colour.z * two - one);
  return unit_of(madd(tangent, x, madd(upwards, y, mul(normal, z))));
}

/// Multiplies what points are made of by the textures and tints of their materials.
inline HWY_NOINLINE void add_textures(const TracedTables& scene, const Places& at, MF wanted, Points& out) {
  const DF d;
  const DI di;
  HWY_ALIGN int32_t triangle[kLanes];
  hn::Store(at.triangle, di, triangle);
  const float *rows[kLanes], *more[kLanes], *last[kLanes], *material[kLanes];
  for (size_t i = 0; i < kLanes; ++i) {
    const auto t = static_cast<size_t>(triangle[i]);
    rows[i] = scene.textured[t].numbers, more[i] = rows[i] + 8, last[i] = rows[i] + 16;
    material[i] = scene.material_textures[scene.triangles[t].material].numbers;
  }
  VF a[8], b[8], c[8], m[8];
  transposed(rows, a), transposed(more, b), transposed(last, c), transposed(material, m);
  const VF u = madd(a[0], at.w, madd(a[2], at.u, a[4] * at.v)), v = madd(a[1], at.w, madd(a[3], at.u, a[5] * at.v));
  const VI albedo = hn::BitCast(di, m[0]), emission = hn::BitCast(di, m[1]), roughness = hn::BitCast(di, m[2]), bump = hn::BitCast(di, m[3]),
           zero = hn::Zero(di);
  const auto used = [&](VI texture) HWY_ATTR { return hn::And(wanted, mask_of(hn::Gt(texture, zero))); };
  Points p = out;
  p.albedo = mul(p.albedo, mixed_of({b[4], b[5], b[6]}, {c[0], c[1], c[2]}, {c[4], c[5], c[6]}, at.w, at.u, at.v));
  p.coverage = madd(b[7], at.w, madd(c[3], at.u, c[7] * at.v));
  if (!none(used(albedo))) {
    const Texels found = texels_at(scene.textures.data(), albedo, u, v, scene.linear);
    p.albedo = mul(p.albedo, found.colour), p.coverage = p.coverage * found.alpha;
  }
  if (!none(used(emission))) p.emission = mul(p.emission, texels_at(scene.textures.data(), emission, u, v, scene.linear).colour);
  if (!none(used(roughness))) {
    const Texels found = texels_at(scene.textures.data(), roughness, u, v, nullptr);
    p.roughness = p.roughness * found.colour.y, p.metallic = p.metallic * found.colour.z;
  }
  if (const MF bumps = used(bump); !none(bumps)) {
    const V3 along{a[6], a[7], b[0]}, down{b[1], b[2], b[3]};
    const V3 normal = bumped(p.normal, along, down, texels_at(scene.textures.data(), bump, u, v, nullptr), m[4]);
    p.normal = select(hn::And(bumps, hn::Gt(dot(along, along), hn::Zero(d))), normal, p.normal);
  }
  const MF cut = hn::Ge(m[5], hn::Zero(d));
  p.coverage = select(cut, hn::IfThenElseZero(hn::Ge(p.coverage * p.opacity, m[5]), splat(1)), p.coverage);
  p.opacity = select(cut, splat(1), p.opacity);
  p.emission = mul(p.emission, p.coverage);
  out.normal = select(wanted, p.normal, out.normal);
  out.albedo = select(wanted, p.albedo, out.albedo), out.emission = select(wanted, p.emission, out.emission);
  out.roughness = select(wanted, p.roughness, out.roughness), out.metallic = select(wanted, p.metallic, out.metallic);
  out.opacity = select(wanted, p.opacity, out.opacity), out.coverage = select(wanted, p.coverage, out.coverage);
}

/// A triangle's corners, normals and the like.
struct TriangleNumbers {
  V3 corners[3], normals[3], geometric;
  VF density;
};
struct MaterialNumbers {
  V3 albedo, emission;
  VF roughness, metallic, opacity, coverage, specular, plain;
};
HWY_INLINE void load_records(const TracedTables& scene, VI index, TriangleNumbers& triangle, MaterialNumbers& material) {
  HWY_ALIGN int32_t at[kLanes];
  hn::Store(index, DI(), at);
  const float* rows[5][kLanes];
  for (size_t i = 0; i < kLanes; ++i) {
    const TriangleRecord& record = scene.triangles[static_cast<size_t>(at[i])];
    rows[0][i] = record.corners[0].data(), rows[1][i] = rows[0][i] + 8, rows[2][i] = rows[0][i] + 16;
    rows[3][i] = scene.materials[record.material].albedo.data(), rows[4][i] = rows[3][i] + 8;
  }
  VF a[8], b[8], c[8], m[8], n[8];
  transposed(rows[0], a), transposed(rows[1], b), transposed(rows[2], c), transposed(rows[3], m), transposed(rows[4], n);
  triangle = {
      {{a[0], a[1], a[2]}, {a[3], a[4], a[5]}, {a[6], a[7], b[0]}}, {{b[1], b[2], b[3]}, {b[4], b[5], b[6]}, {b[7], c[0], c[1]}}, {c[2], c[3], c[4]}, c[6]};
  material = {{m[0], m[1], m[2]}, {m[3], m[4], m[5]}, m[6], m[7], n[0], n[1], n[2], n[3]};
}

/// What points are made of, seen from `view`, and where they are.
struct Found {
  Points points;
  V3 at;
  VF density;  ///< of samples of what glows, by area
};
HWY_INLINE Found points_at(const TracedTables& scene, const Places& places, const V3& view) {
  TriangleNumbers t;
  MaterialNumbers m;
  load_records(scene, places.triangle, t, m);
  Found out;
  out.at = mixed_of(t.corners[0], t.corners[1], t.corners[2], places.w, places.u, places.v);
  out.density = t.density;
  Points& p = out.points;
  p = {unit_of(mixed_of(t.normals[0], t.normals[1], t.normals[2], places.w, places.u, places.v)),
       t.geometric,
       m.albedo,
       m.emission,
       m.roughness,
       m.metallic,
       m.opacity,
       m.coverage,
       m.specular};
  if (!scene.all_plain) {
    const MF textured = hn::AndNot(hn::MaskFromVec(m.plain), places.any);
    if (!none(textured)) add_textures(scene, places, textured, p);
  }
  // Towards the viewer; a shading normal that turns away from it is bent back to the edge.
  const VF zero = hn::Zero(DF());
  p.geometric = turned_if(hn::Lt(dot(p.geometric, view), zero), p.geometric);
  p.normal = turned_if(hn::Lt(dot(p.normal, p.geometric), zero), p.normal);
  const VF bent = splat(1e-3F) - dot(p.normal, view);
  const MF away = hn::And(places.any, hn::Gt(bent, zero));
  if (!none(away)) p.normal = select(away, unit_of(madd(view, bent, p.normal)), p.normal);
  return out;
}

/// Places on what glows; `normal` by the order of the corners.
struct LampPlaces {
  V3 at, normal, radiance;
  VF density;
};
HWY_INLINE LampPlaces lamps_at(const TracedTables& scene, const Places& places) {
  TriangleNumbers t;
  MaterialNumbers m;
  load_records(scene, places.triangle, t, m);
  LampPlaces out{mixed_of(t.corners[0], t.corners[1], t.corners[2], places.w, places.u, places.v), t.geometric, m.emission, t.density};
  if (scene.all_plain) return out;
  const MF textured = hn::AndNot(hn::MaskFromVec(m.plain), places.any);
  if (none(textured)) return out;
  Points p{t.geometric, t.geometric, m.albedo, m.emission, m.roughness, m.metallic, m.opacity, m.coverage, m.specular};
  add_textures(scene, places, textured, p);
  out.radiance = p.emission;
  return out;
}

}  // namespace
}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
