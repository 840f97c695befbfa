// UV unwrap of OBJ files, a line of JSON each: ptah_bench_unwrap [--given] [--texels N] FILE…
// With --given the files' own texture coordinates are measured instead. bench/peer_unwrap.py makes the table with xatlas.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <numeric>
#include <sstream>

#include "geometry/atlas/measure.h"

using namespace ptah;

namespace {

struct ObjFile {
  Mesh mesh;
  UvMap given;
};

/// Positions, texture coordinates and faces, cut into triangles.
ObjFile read_obj(const char* file) {
  ObjFile out;
  std::ifstream in(file);
  for (std::string line, word; std::getline(in, line);) {
    std::istringstream words(line);
    words >> word;
    if (word == "v") {
      Vec3 p{};
      words >> p[0] >> p[1] >> p[2];
      out.mesh.positions.push_back(p);
    } else if (word == "vt") {
      Vec2 uv{};
      words >> uv[0] >> uv[1];
      out.given.uvs.push_back({uv[0], 1 - uv[1]});
    } else if (word == "f") {
      std::vector<std::array<uint32_t, 2>> face;
      while (words >> word) {
        const size_t slash = word.find('/');
        const bool has = slash != std::string::npos && slash + 1 < word.size() && word[slash + 1] != '/';
        face.push_back({static_cast<uint32_t>(std::stoul(word)) - 1, has ? static_cast<uint32_t>(std::stoul(word.substr(slash + 1))) - 1 : 0});
      }
      for (size_t i = 2; i < face.size(); ++i) {
        out.mesh.triangles.push_back({face[0][0], face[i - 1][0], face[i][0]});
        out.given.triangles.push_back({face[0][1], face[i - 1][1], face[i][1]});
      }
    }
  }
  return out;
}

/// Charts are what hangs together in the plane.
void number_charts(UvMap& map) {
  std::vector<uint32_t> parent(map.uvs.size());
  std::iota(parent.begin(), parent.end(), 0U);
  const auto root = [&](uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (const Triangle& t : map.triangles)
    for (size_t k = 1; k < 3; ++k) parent[root(t[k])] = root(t[0]);
  std::vector<uint32_t> number(map.uvs.size(), 0xFFFFFFFFU);
  map.charts = 0;
  map.chart.clear();
  for (const Triangle& t : map.triangles) {
    uint32_t& n = number[root(t[0])];
    if (n == 0xFFFFFFFFU) n = map.charts++;
    map.chart.push_back(n);
  }
}

int fail_with(const char* file, const std::string& message) {
  std::fprintf(stderr, "%s: %s\n", file, message.c_str());
  return 1;
}

int measure(const char* file, bool given, int64_t texels) {
  ObjFile obj = read_obj(file);
  double seconds = 0, cpu_seconds = 0;
  UvMap map;
  if (given) {
    if (obj.given.uvs.empty()) return fail_with(file, "no texture coordinates");
    map = std::move(obj.given);
    number_charts(map);
  } else {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    auto made = unwrap(obj.mesh, {.resolution = texels, .margin = 4});
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    if (!made) return fail_with(file, made.error().message);
    map = std::move(*made);
  }
  const auto report = measure_uv(obj.mesh, map, texels);
  if (!report) return fail_with(file, report.error().message);
  std::printf(
      "{\"file\":\"%s\",\"triangles\":%zu,\"charts\":%u,\"stretch\":%.4f,\"worst\":%.4f,\"packing\":%.4f,\"overlapping\":%ld,\"mirrored\":%ld,"
      "\"seams\":%.4f,\"seconds\":%.3f,\"cpu_seconds\":%.3f}\n",
      file, obj.mesh.triangles.size(), report->charts, report->stretch, report->worst, report->coverage, static_cast<long>(report->overlapping),
      static_cast<long>(report->mirrored), report->seams, seconds, cpu_seconds);
  return 0;
}

}  // namespace

int main(int count, char** names) {
  bool given = false;
  int64_t texels = 2048;
  int status = 0;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(names[i], "--given") == 0)
      given = true;
    else if (std::strcmp(names[i], "--texels") == 0 && i + 1 < count)
      texels = std::stol(names[++i]);
    else
      status |= measure(names[i], given, texels);
  }
  return status;
}
