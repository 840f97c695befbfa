#include "media/label.h"

#include <fmt/format.h>

namespace ptah {

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
