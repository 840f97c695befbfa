#include "media/three_mf.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "media/zip.h"

namespace ptah {

namespace {

constexpr const char* kTypes =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
    "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
    "<Default Extension=\"model\" ContentType=\"application/vnd.ms-package.3dmanufacturing-3dmodel+xml\"/></Types>\n";
constexpr const char* kRelations =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
    "<Relationship Id=\"model\" Target=\"/3D/3dmodel.model\" Type=\"http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel\"/></Relationships>\n";

std::string xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
  }
  return out;
}

Bytes bytes_of(const std::string& text) { return Bytes(text.begin(), text.end()); }

}  // namespace

Result<Bytes> encode_3mf(const std::string& title, const std::vector<Colour8>& colours, const std::vector<ThreeMfBody>& bodies, bool on_floor, bool assembled) {
  if (bodies.empty() || colours.empty()) return fail(ErrorCode::invalid_argument, "3mf: no body, or no colour");
  std::string model =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<model unit=\"millimeter\" xml:lang=\"en-US\" "
      "xmlns=\"http://schemas.microsoft.com/3dmanufacturing/core/2015/02\" xmlns:m=\"http://schemas.microsoft.com/3dmanufacturing/material/2015/02\">\n";
  model +=
      fmt::format("<metadata name=\"Title\">{}</metadata>\n<metadata name=\"Application\">Ptah</metadata>\n<resources>\n<m:colorgroup id=\"1\">\n", xml(title));
  for (const auto& [r, g, b, a] : colours) model += fmt::format("<m:color color=\"#{:02X}{:02X}{:02X}{:02X}\"/>\n", r, g, b, a);
  model += "</m:colorgroup>\n";
  float floor = on_floor ? std::numeric_limits<float>::max() : 0;
  if (on_floor)
    for (const ThreeMfBody& body : bodies)
      for (const Vec3& p : body.mesh.positions) floor = std::min(floor, p[1]);
  const auto number = [&](float metres) { return on_floor ? fmt::format("{:.6g}", metres * 1000) : fmt::format("{}", metres * 1000); };
  for (size_t i = 0; i < bodies.size(); ++i) {
    const ThreeMfBody& body = bodies[i];
    if (body.mesh.triangles.empty() || body.colour.size() != body.mesh.triangles.size() ||
        std::any_of(body.colour.begin(), body.colour.end(), [&](uint32_t c) { return c >= colours.size(); }))
      return fail(ErrorCode::invalid_argument, "3mf: the body '{}' is not complete", body.name);
    model += fmt::format("<object id=\"{}\" type=\"model\" name=\"{}\" pid=\"1\" pindex=\"{}\"><mesh><vertices>\n", i + 2, xml(body.name), body.colour[0]);
    for (const Vec3& p : body.mesh.positions) model += fmt::format("<vertex x=\"{}\" y=\"{}\" z=\"{}\"/>\n", number(p[0]), number(-p[2]), number(p[1] - floor));
    model += "</vertices><triangles>\n";
    for (size_t t = 0; t < body.mesh.triangles.size(); ++t) {
      const auto [a, b, c] = body.mesh.triangles[t];
      model += fmt::format("<triangle v1=\"{}\" v2=\"{}\" v3=\"{}\" pid=\"1\" p1=\"{}\"/>\n", a, b, c, body.colour[t]);
    }
    model += "</triangles></mesh></object>\n";
  }
  const auto refer = [&](const char* element, size_t i) {
    const Vec3& p = bodies[i].place;
    model += fmt::format("<{} objectid=\"{}\"", element, i + 2);
    if (p != Vec3{}) model += fmt::format(" transform=\"1 0 0 0 1 0 0 0 1 {:.6g} {:.6g} {:.6g}\"", p[0] * 1000, -p[2] * 1000, p[1] * 1000);
    model += "/>\n";
  };
  size_t objects = 0;  // behind the bodies
  for (size_t begin = 0, end = 0; assembled && begin < bodies.size(); begin = end) {
    const std::string& name = bodies[begin].object.empty() ? title : bodies[begin].object;
    model += fmt::format("<object id=\"{}\" type=\"model\" name=\"{}\"><components>\n", bodies.size() + 2 + objects++, xml(name));
    for (; end < bodies.size() && bodies[end].object == bodies[begin].object; ++end) refer("component", end);
    model += "</components></object>\n";
  }
  model += "</resources>\n<build>\n";
  for (size_t i = 0; i < objects; ++i) model += fmt::format("<item objectid=\"{}\"/>\n", bodies.size() + 2 + i);
  for (size_t i = 0; !assembled && i < bodies.size(); ++i) refer("item", i);
  model += "</build>\n</model>\n";
  return zip_archive({{"[Content_Types].xml", bytes_of(kTypes)}, {"_rels/.rels", bytes_of(kRelations)}, {"3D/3dmodel.model", bytes_of(model)}});
}

}  // namespace ptah
