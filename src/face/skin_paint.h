// What a head is painted with: skin, eyes, teeth, lashes and hair, all computed, so that no photograph of anybody is used.
#pragma once

#include "face/head_parts.h"
#include "face/person.h"

namespace ptah {

/// Pictures of one size: sRGB colours, normals in tangent space (+Y up), and roughness (green).
struct SkinTextures {
  Image colour, normals, roughness;
};
/// `skin`: the part of skin_part(). Edges of `size` texels.
SkinTextures paint_skin(const PeopleData& data, const HeadPart& skin, const Person& person, int64_t size);

/// An eye from the front, as eye_part() has it.
Image paint_eye(const Person& person, int64_t size);
Image paint_teeth(int64_t size);
/// Alpha: where a lash is.
Image paint_lashes(int64_t size);
/// Strands of hair side by side, from the roots (above) to the tips; alpha: where hair is.
Image paint_hair(const Person& person, int64_t size);

/// Smooth noise in space, −1 to 1, of about one bump a unit.
float space_noise(const Vec3& p, uint32_t seed);

}  // namespace ptah
