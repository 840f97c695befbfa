// Marks that say a picture was made by a machine, as the law asks.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace ptah {

/// The keyword of a PNG's iTXt chunk that holds XMP.
inline constexpr const char* kXmpKeyword = "XML:com.adobe.xmp";

/// Where IPTC's terms for the source of a medium live, and the terms that are in use (Digital Source Type, October 2024).
inline constexpr std::string_view kSourceTypes = "http://cv.iptc.org/newscodes/digitalsourcetype/";
inline constexpr std::array<std::string_view, 17> kSourceTerms{"digitalCapture",
                                                               "computationalCapture",
                                                               "negativeFilm",
                                                               "positiveFilm",
                                                               "print",
                                                               "screenCapture",
                                                               "virtualRecording",
                                                               "humanEdits",
                                                               "digitalCreation",
                                                               "algorithmicallyEnhanced",
                                                               "dataDrivenMedia",
                                                               "algorithmicMedia",
                                                               "trainedAlgorithmicMedia",
                                                               "composite",
                                                               "compositeCapture",
                                                               "compositeSynthetic",
                                                               "compositeWithTrainedAlgorithmicMedia"};
/// The term of one of IPTC's addresses (http or https); empty if it is none, or one that is not in use any more.
std::string source_term(std::string_view address);
/// The term that a file's XMP names, which nobody signed; empty if there is none.
std::string claimed_source_term(std::string_view file);

/// An XMP packet with the IPTC digital source type (trainedAlgorithmicMedia, or compositeWithTrainedAlgorithmicMedia if it began with a picture of the
/// maker's) and the label of GB 45438-2025 (TC260:AIGC, seven string keys). `id` names the work; letters, digits, ':' and '-' only.
std::string generated_label(const std::string& id, bool from_picture);

}  // namespace ptah
