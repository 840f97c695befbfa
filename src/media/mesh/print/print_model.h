// What a printer is given: bodies with a colour for each triangle; fewer colours, and pieces that fit on its bed.
#pragma once

#include <string_view>

#include "base/progress.h"
#include "media/mesh/scene_builder.h"
#include "media/three_mf.h"

namespace ptah {

struct PrintModel {
  std::string title;
  std::vector<Colour8> colours;
  std::vector<ThreeMfBody> bodies;  ///< metres, y up
};

/// A body for each node: what has one path is one body, whatever its materials, so that it is closed. Vertices at one place are joined, triangles without three
/// corners left out. A triangle has the colour at its middle. The scene has to be complete.
PrintModel print_model(const MeshScene& scene, NoteList& notes);

/// The colours of a text: "#rrggbb" or "#rgb" separated by commas or blanks, or the text of a GIMP palette (.gpl). 1 to 256. Errors: invalid_argument, saying
/// which one is no colour.
Result<std::vector<Colour8>> parse_palette(std::string_view text);
std::string text_of_palette(const std::vector<Colour8>& palette);

/// At most `count` colours (0: as many as there are), opaque. With a palette: those of it that suit best by area, and each triangle has the nearest; without
/// one: the middles of clusters (k-means, with the area as weight). Distances are those of OKLab. Colours that no triangle has are left out.
void reduce_colours(PrintModel& model, const std::vector<Colour8>& palette, size_t count);

constexpr size_t kMaxPieces = 64;
/// Pieces of all bodies together, none larger than `bed` (metres, y up), cut by boolean_mesh() at equal distances along each axis; closed and two-manifold.
/// They are named "TITLE 1" and on, stand on the floor, and lie beside each other. What a cut lays bare has the colours next to it. With `parts` each piece is
/// an object of that name, and what lies in it of each body a body with the name that it had. Errors: invalid_argument (a body is not closed; more than
/// kMaxPieces), over_budget, cancelled.
Result<PrintModel> split_model(const PrintModel& model, const Vec3& bed, bool parts = false, const CancelToken* cancel = nullptr);

}  // namespace ptah
