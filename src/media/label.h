// Marks that say a picture was made by a machine, as the law asks.
#pragma once

#include <string>

namespace ptah {

/// The keyword of a PNG's iTXt chunk that holds XMP.
inline constexpr const char* kXmpKeyword = "XML:com.adobe.xmp";

/// An XMP packet with the IPTC digital source type (trainedAlgorithmicMedia, or compositeWithTrainedAlgorithmicMedia if it began with a picture of the
/// maker's) and the label of GB 45438-2025 (TC260:AIGC, seven string keys). `id` names the work; letters, digits, ':' and '-' only.
std::string generated_label(const std::string& id, bool from_picture);

}  // namespace ptah
