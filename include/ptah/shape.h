// 3D objects of shape programs, and meshes from one format to another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ptah/engine.h"
#include "ptah/result.h"
#include "ptah/seed.h"

namespace ptah {

/// What the files of meshes are to be; docs/meshes.md says what each format can hold. An option that none of the formats asked for can hold is refused
/// ("invalid_argument").
struct MeshOutput {
  std::int64_t low_poly = 0;       ///< at most so many triangles, in each file, 4 to 10,000,000; 0: as many as there are
  bool quads = false;              ///< faces of four corners in OBJ and PLY
  bool lod = false;                ///< GLB: nodes NAME_LOD0 to NAME_LOD3, each of at most half the triangles of the one before
  std::string collider = "none";   ///< GLB: a node NAME_collider; or "box", "hull"
  std::string pivot = "keep";      ///< origin: or "base" (the middle of the underside), "centre"
  bool parts = false;              ///< each part an object of its own, in 3MF as components of one object
  std::string palette;             ///< 3MF: its colours, "#rrggbb,#rrggbb", or the text of a GIMP palette
  std::int64_t print_colours = 0;  ///< 3MF: at most so many colours, 1 to 256; 0: as many as there are
  std::string split;               ///< STL and 3MF: closed pieces that fit into "X,Y,Z" millimetres (width, depth, height)
};

/// What to make; unset fields have these defaults. One of `program`, `kind` and `prompt` has to be given.
struct ShapeRequest {
  std::string program;                ///< the text of a shape program (docs/shapes.md)
  std::string kind;                   ///< instead: the name of a shape that comes along, e.g. "chair" (shape_kinds())
  std::string prompt;                 ///< instead: words, e.g. "a wooden chair with a red cushion"
  Seed seed = 0;                      ///< with `prompt`: what the words leave open varies with it
  std::vector<std::string> set = {};  ///< "NAME=VALUE" for each parameter that is to be another
  float detail = 1;                   ///< factor on the number of segments of round surfaces, 0.25 to 8
  std::int64_t size = 512;            ///< edge of the picture in pixels, 64 to 2048
  std::int64_t texture = 0;           ///< edge of the atlas in texels that the materials are baked on; 0: plain colours
  std::string formats = "png,glb";    ///< of png, glb, obj, ply, stl, 3mf, scad, json
  MeshOutput output = {};
};

/// The program (object.shape), the files that were asked for, and a receipt; Engine::replay makes it again. GLB is in metres with y up; STL and 3MF in
/// millimetres with z up. Fails with "invalid_argument" (a line and column of the program; a parameter and what it may be), "not_found" (no such kind; words
/// that ask for none), "over_budget", "cancelled".
Outcome<MadeWork> make_shape(const ShapeRequest& request, const MakeOptions& options = {});
/// Memory and time; the program is run, nothing is cut or written.
Outcome<MakePlan> plan_make_shape(const ShapeRequest& request, const MakeOptions& options = {});
/// The names of the shapes that come along, sorted.
Outcome<std::vector<std::string>> shape_kinds();

/// What to convert; unset fields have these defaults.
struct ConvertRequest {
  std::filesystem::path mesh;     ///< GLB, glTF, OBJ, PLY (also points without faces), STL, 3MF, a shape program (.shape), a work's folder, or a shape's name
  std::string format = "glb";     ///< or "obj", "ply", "stl", "3mf", "usdz"
  std::int64_t resolution = 128;  ///< of points without faces, whose surface is reconstructed: cells along the longest edge, 16 to 512
  std::int64_t points = 0;        ///< above 0, with "ply": a point cloud of so many points
  std::string unit = "file";      ///< what the numbers of the file mean: or "mm", "cm", "m", "inch", "foot"
  std::string up = "file";        ///< its axis that points up: or "y", "z"
  MeshOutput output = {};
};

/// object.FORMAT with what belongs to it, source.zip (the file with what it refers to) and a receipt. Fails with "invalid_argument", "not_found", "corrupt",
/// "unsupported", "over_budget", "cancelled".
Outcome<MadeWork> convert(const ConvertRequest& request, const MakeOptions& options = {});

}  // namespace ptah
