#include "media/label.h"

#include <fmt/format.h>

#include <algorithm>

namespace ptah {

std::string source_term(std::string_view address) {
  const std::string_view place = kSourceTypes.substr(7);  // without "http://"
  const size_t at = address.starts_with("https://") ? 8 : address.starts_with("http://") ? 7 : std::string_view::npos;
  if (at == std::string_view::npos || !address.substr(at).starts_with(place)) return "";
  const std::string_view term = address.substr(at + place.size());
  return std::find(kSourceTerms.begin(), kSourceTerms.end(), term) == kSourceTerms.end() ? "" : std::string(term);
}

std::string claimed_source_term(std::string_view file) {
  const std::string_view place = kSourceTypes.substr(7);
  for (size_t at = file.find(place); at != std::string_view::npos; at = file.find(place, at + 1)) {
    size_t end = at + place.size();
    while (end < file.size() && ((file[end] | 0x20) >= 'a' && (file[end] | 0x20) <= 'z')) ++end;
    std::string term = source_term("http://" + std::string(file.substr(at, std::min<size_t>(end - at, 200))));
    if (!term.empty()) return term;
  }
  return "";
}

std::string generated_label(const std::string& id, bool from_picture) {
  const std::string aigc = fmt::format(
      R"({{"Label":"1","ContentProducer":"ptah","ProduceID":"{}","ReservedCode1":"","ContentPropagator":"","PropagateID":"","ReservedCode2":""}})", id);
  return fmt::format(
      "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
      "<rdf:Description rdf:about=\"\" xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" xmlns:TC260=\"http://www.tc260.org.cn/ns/AIGC/1.0/\">"
      "<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/{}</Iptc4xmpExt:DigitalSourceType>"
      "<TC260:AIGC>{}</TC260:AIGC></rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>",
      from_picture ? "compositeWithTrainedAlgorithmicMedia" : "trainedAlgorithmicMedia", aigc);
}

}  // namespace ptah
