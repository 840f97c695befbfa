// A chair for a game engine and for a printer: the program of docs/cpp-api.md.
#include "ptah/ptah.h"

int main() {
  const ptah::MeshOutput output{.low_poly = 400, .lod = true, .collider = "hull", .pivot = "base"};
  const auto work = ptah::make_shape({.kind = "chair", .formats = "glb,3mf", .output = output});
  if (!work) return work.problem().exit_status;
  return ptah::save(*work, "chair") ? 0 : 1;
}
