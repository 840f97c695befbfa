// Hair: ribbons that grow from the skin, and what else a person wears.
#pragma once

#include "face/head_parts.h"
#include "face/person.h"

namespace ptah {

/// `skin` and `shirt`: the parts of head_parts.h; `positions`: the person's, in decimetres. The hair of the head does not move with the face, brows and beards
/// do. A part without triangles: there is none. uvs are those of paint_hair().
HeadPart hair_part(const PeopleData& data, const HeadPart& skin, const HeadPart& shirt, const Person& person, const std::vector<Vec3>& positions);
HeadPart eyebrows_part(const PeopleData& data, const HeadPart& skin, const Person& person, const std::vector<Vec3>& positions);
HeadPart beard_part(const PeopleData& data, const HeadPart& skin, const Person& person, const std::vector<Vec3>& positions);

/// Frames and lenses of glasses.
struct GlassesParts {
  HeadPart frame, lenses;
};
GlassesParts glasses_parts(const PeopleData& data, const Person& person, const std::vector<Vec3>& positions);

}  // namespace ptah
