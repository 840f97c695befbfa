#include "media/mesh/three_mf_model.h"

#include "media/glb_scene.h"
#include "media/mesh/scan.h"
#include "media/mesh/xml_scan.h"

namespace ptah {

namespace {

using Model = ThreeMfModel;

[[noreturn]] void broken_3mf(const std::string& why) { throw Failure({ErrorCode::corrupt, "3MF: " + why}); }

class ModelReader {
 public:
  ModelReader(std::string_view text, NoteList& notes) : xml_(text), notes_(notes) {}

  Model read() {
    for (XmlScanner::Event event = xml_.next(); event != XmlScanner::Event::done; event = xml_.next())
      if (event == XmlScanner::Event::begin) begin(xml_.name());
    return std::move(model_);
  }

 private:
  void begin(std::string_view name) {
    if (name == "model")
      read_unit(), check_required();
    else if (name == "object")
      begin_object();
    else if (name == "vertex")
      vertex();
    else if (name == "triangle")
      triangle();
    else if (name == "component" || name == "item")
      reference(name == "item" ? model_.items : object().components);
    else if (name == "basematerials" || name == "colorgroup" || name == "texture2dgroup")
      begin_group(name);
    else if (name == "base")
      base();
    else if (name == "color")
      group().colours.push_back(colour(xml_.attribute("color")));
    else if (name == "tex2coord")
      group().uvs.push_back({number("u"), 1 - number("v")});
    else if (name == "texture2d")
      texture();
    else if (name == "multiproperties" || name == "compositematerials")
      notes_.add("mixed materials are left out");
    else if (name == "beamlattice" || name == "slicestack")
      notes_.add("beams and slices are left out");
  }

  void read_unit() {
    const std::string_view unit = xml_.attribute("unit");
    if (unit.empty()) return;
    for (const auto& [known, metres] :
         {std::pair<std::string_view, double>{"micron", 1e-6}, {"millimeter", 1e-3}, {"centimeter", 1e-2}, {"inch", 0.0254}, {"foot", 0.3048}, {"meter", 1}})
      if (unit == known) {
        model_.metres_per_unit = metres;
        return;
      }
    broken_3mf(fmt::format("the unit '{}'", unit.substr(0, 40)));
  }

  void check_required() const {
    std::string_view list = xml_.attribute("requiredextensions");
    for (std::string_view prefix = next_word(list); !prefix.empty(); prefix = next_word(list)) {
      const std::string_view space = xml_.attribute(fmt::format("xmlns:{}", prefix));
      if (space.find("/material/") == std::string_view::npos && space.find("/production/") == std::string_view::npos &&
          space.find("/core/") == std::string_view::npos)
        throw Failure(
            {ErrorCode::unsupported, fmt::format("3MF: the file requires '{}', which cannot be read", space.empty() ? prefix : space.substr(0, 200))});
    }
  }

  uint32_t index(const char* name) const {
    const auto value = integer_of(xml_.attribute(name));
    if (!value || *value < 0 || *value >= int64_t{Model::kNone}) broken_3mf(fmt::format("'{}' of <{}> is no index", name, xml_.name().substr(0, 40)));
    return static_cast<uint32_t>(*value);
  }
  uint32_t index_or(const char* name, uint32_t usual) const { return xml_.attribute(name).empty() ? usual : index(name); }
  float number(const char* name) const {
    const auto value = float_of(xml_.attribute(name));
    if (!value) broken_3mf(fmt::format("'{}' of <{}> is no number", name, xml_.name().substr(0, 40)));
    return *value;
  }
  static std::array<float, 4> colour(std::string_view text) {
    std::array<float, 4> out{1, 1, 1, 1};
    if ((text.size() != 7 && text.size() != 9) || text[0] != '#') broken_3mf("a colour that is not #RRGGBB or #RRGGBBAA");
    for (size_t c = 0; c < (text.size() - 1) / 2; ++c) {
      unsigned value = 0;
      const char* from = text.data() + 1 + 2 * c;
      if (const auto [end, problem] = std::from_chars(from, from + 2, value, 16); problem != std::errc() || end != from + 2)
        broken_3mf("a colour that is not #RRGGBB or #RRGGBBAA");
      out[c] = static_cast<float>(value) / 255;
      if (c < 3) out[c] = linear_of(out[c]);
    }
    return out;
  }

  Model::Object& object() {
    if (!object_) broken_3mf("a part of an object outside of one");
    return *object_;
  }
  Model::Group& group() {
    if (!group_) broken_3mf("a property outside of a group");
    return *group_;
  }

  void begin_object() {
    const auto [at, added] = model_.objects.emplace(index("id"), Model::Object());
    if (!added) broken_3mf("two objects of one id");
    object_ = &at->second;
    object_->name = xml_.text_attribute("name");
    object_->type = std::string(xml_.attribute("type").substr(0, 40));
    object_group_ = index_or("pid", Model::kNone);
    object_property_ = index_or("pindex", 0);
  }
  void vertex() {
    object().positions.push_back({number("x"), number("y"), number("z")});
    check_scene_size(++vertices_, triangles_);
  }
  void triangle() {
    Model::Face face;
    face.corners = {index("v1"), index("v2"), index("v3")};
    for (const uint32_t v : face.corners)
      if (v >= object().positions.size()) broken_3mf(fmt::format("a triangle has vertex {} of {}", v, object().positions.size()));
    face.group = index_or("pid", object_group_);
    const uint32_t first = index_or("p1", xml_.attribute("pid").empty() ? object_property_ : 0);
    face.properties = {first, index_or("p2", first), index_or("p3", first)};
    object().faces.push_back(face);
    check_scene_size(vertices_, ++triangles_);
  }
  void reference(std::vector<Model::Reference>& list) const {
    Model::Reference out{xml_.text_attribute("path"), index("objectid"), identity4()};
    std::string_view transform = xml_.attribute("transform");
    if (!transform.empty())
      for (size_t column = 0; column < 4; ++column)
        for (size_t row = 0; row < 3; ++row) {
          const auto value = float_of(next_word(transform));
          if (!value) broken_3mf("a transform without twelve numbers");
          out.transform[column * 4 + row] = static_cast<double>(*value);
        }
    list.push_back(out);
  }
  void begin_group(std::string_view name) {
    const auto [at, added] = model_.groups.emplace(index("id"), Model::Group());
    if (!added) broken_3mf("two groups of one id");
    group_ = &at->second;
    group_->kind = name == "basematerials" ? Model::Kind::base : name == "colorgroup" ? Model::Kind::colour : Model::Kind::texture;
    group_->texture = index_or("texid", Model::kNone);
  }
  void base() {
    group().names.push_back(path_level(xml_.text_attribute("name"), "material"));
    const std::string_view shown = xml_.attribute("displaycolor");
    group().colours.push_back(shown.empty() ? std::array<float, 4>{1, 1, 1, 1} : colour(shown));
  }
  void texture() {
    const auto wrap = [&](const char* name) {
      const std::string_view how = xml_.attribute(name);
      return how == "mirror" ? TextureWrap::mirror : how == "clamp" || how == "none" ? TextureWrap::clamp : TextureWrap::repeat;
    };
    model_.textures[index("id")] = {xml_.text_attribute("path"), wrap("tilestyleu"), wrap("tilestylev")};
  }

  XmlScanner xml_;
  NoteList& notes_;
  Model model_;
  Model::Object* object_ = nullptr;
  Model::Group* group_ = nullptr;
  uint32_t object_group_ = Model::kNone, object_property_ = 0;
  size_t vertices_ = 0, triangles_ = 0;
};

}  // namespace

ThreeMfModel read_3mf_model(std::string_view xml, NoteList& notes) { return ModelReader(xml, notes).read(); }

}  // namespace ptah
