// Pictures cut out of their background: by a network that was trained for it, or by the colours of their border.
#pragma once

#include <filesystem>
#include <memory>

#include "image/matting.h"
#include "pixels/guided_filter.h"
#include "schema/field.h"

namespace ptah {

/// The network that `ptah train matting` made.
class BackgroundRemover {
 public:
  /// With a non-empty digest (hex SHA-256) the file must have it. Errors: not_found, corrupt, mismatch.
  static Result<std::shared_ptr<const BackgroundRemover>> load(const std::filesystem::path& path, const std::string& sha256_hex = "");

  /// How much of each pixel belongs to the object, at the size of the picture, with more contrast than the network finds. Alpha is not looked at.
  Coverage cover(const Image& picture) const;
  /// The same before it is refined, the mean of what is found in the picture and in its mirror image: of the square that the network looks at, the part where
  /// the picture lies.
  Coverage coarse_cover(const Image& picture) const;
  const std::string& sha256() const { return sha256_; }

 private:
  BackgroundRemover() = default;
  std::unique_ptr<MattingNetwork> network_;
  std::string sha256_;
};

/// The default one; null where none is installed. `folder`: where the default models lie (empty: where models_folder() finds them). Errors: corrupt, mismatch.
Result<std::shared_ptr<const BackgroundRemover>> load_background_remover(const std::filesystem::path& folder = {});

/// What cuts; `best` is whichever suits the picture.
enum class CutBy : uint8_t { best, network, colour };
std::string_view name_of(CutBy by);
/// Errors: invalid_argument.
Result<CutBy> cut_by_name(std::string_view name);
template <>
struct FieldTraits<CutBy> {
  static constexpr FieldKind kKind = FieldKind::text;
  static Json to_json(CutBy by) { return std::string(name_of(by)); }
  static CutBy from_json(const Json& json) { return value_or_throw(cut_by_name(json.get<std::string>())); }
};
/// The field in any request that cuts. Works of before it were cut by colour.
Field cut_by_field();

/// What cuts: by which method, and with which network (null: none is installed).
struct Cutter {
  CutBy by = CutBy::colour;
  std::shared_ptr<const BackgroundRemover> remover = {};
};
/// With the default network, if the method wants one and it is installed in `folder`. Errors: as load_background_remover; not_found for "network" without one.
Result<Cutter> cutter_by(CutBy by, const std::filesystem::path& folder = {});
/// The one that a receipt names (note_cut). Errors: mismatch if the network that is installed is another, or none is.
Result<Cutter> cutter_of(const Json& receipt, CutBy by);

/// A picture without its background, and what removed it.
struct CutOut {
  Image picture;
  bool by_network = false;
};

/// An opaque picture with an alpha channel that leaves its background out; one that has transparency comes back as it is. "best" follows the rule of
/// prefers_colour(); without a network it is "colour". Errors: not_found for "network" without one.
Result<CutOut> cut_with(const Cutter& cutter, const Image& picture);

/// Notes in a receipt that a network cut, and which: "background": {"method": "network", "model": "sha256:…"}. Where it stands nowhere, the colours of the
/// border did, or nothing was cut.
void note_cut(Json& core, const CutOut& cut, const Cutter& cutter);

/// Whether the least cut from the border's colours is to be believed rather than the network: where the border has one colour (but for a twentieth of its
/// pixels), what is cut away covers between 2 % and 98 % of the picture, and both agree (intersection over union of at least 0.95): then the colours find the
/// finer outline; or where the network finds nothing, or nothing but the object.
bool prefers_colour(const Image& picture, const Image& cut_by_colour, const Coverage& by_network);

}  // namespace ptah
