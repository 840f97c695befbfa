#include "media/mesh/xml_scan.h"

#include "base/error.h"

namespace ptah {

namespace {

constexpr size_t kMaxDepth = 64, kMaxAttributes = 64;
constexpr std::string_view kBlanks = " \t\r\n";

std::string_view without_prefix(std::string_view name) { return name.substr(name.find(':') + 1); }  // npos + 1 is 0

std::string replaced(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t end = text[i] == '&' ? text.find(';', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[i];
      continue;
    }
    const std::string_view entity = text.substr(i + 1, end - i - 1);
    if (entity == "amp")
      out += '&';
    else if (entity == "lt")
      out += '<';
    else if (entity == "gt")
      out += '>';
    else if (entity == "quot")
      out += '"';
    else if (entity == "apos")
      out += '\'';
    else
      out += '?';
    i = end;
  }
  return out;
}

}  // namespace

void XmlScanner::broken(const char* why) const { throw Failure({ErrorCode::corrupt, fmt::format("XML at byte {}: {}", at_, why)}); }

void XmlScanner::skip_to(std::string_view end) {
  const size_t found = text_.find(end, at_);
  if (found == std::string_view::npos) broken("cut off");
  at_ = found + end.size();
}

XmlScanner::Event XmlScanner::next() {
  if (closed_) {
    closed_ = false;
    open_.pop_back();
    attributes_.clear();
    return Event::end;
  }
  while (true) {
    at_ = std::min(text_.find('<', at_), text_.size());
    if (at_ == text_.size()) {
      if (!open_.empty()) broken("cut off");
      return Event::done;
    }
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("<!--")) {
      skip_to("-->");
    } else if (rest.starts_with("<![CDATA[")) {
      skip_to("]]>");
    } else if (rest.starts_with("<?")) {
      skip_to("?>");
    } else if (rest.starts_with("<!")) {
      broken("a document type");
    } else {
      break;
    }
  }
  const size_t begin = at_ + 1;
  size_t end = begin;
  for (char quote = 0; end < text_.size() && (quote != 0 || text_[end] != '>'); ++end)
    if (quote != 0 ? text_[end] == quote : text_[end] == '"' || text_[end] == '\'') quote = quote != 0 ? '\0' : text_[end];
  if (end >= text_.size()) broken("a tag without end");
  std::string_view tag = text_.substr(begin, end - begin);
  attributes_.clear();
  if (tag.starts_with('/')) {
    tag = tag.substr(1, std::min(tag.find_first_of(kBlanks), tag.size()) - 1);
    if (open_.empty() || open_.back() != tag) broken("an end of what did not begin");
    open_.pop_back();
    name_ = without_prefix(tag);
    at_ = end + 1;
    return Event::end;
  }
  closed_ = tag.ends_with('/');
  if (closed_) tag.remove_suffix(1);
  const size_t name_end = std::min(tag.find_first_of(kBlanks), tag.size());
  if (name_end == 0) broken("a tag without a name");
  open_.push_back(tag.substr(0, name_end));
  if (open_.size() > kMaxDepth) broken("elements within each other too deep");
  name_ = without_prefix(open_.back());
  read_attributes(tag.substr(name_end));
  at_ = end + 1;
  return Event::begin;
}

void XmlScanner::read_attributes(std::string_view tag) {
  while (true) {
    const size_t begin = tag.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return;
    tag.remove_prefix(begin);
    const size_t equals = tag.find('='), quote = equals == std::string_view::npos ? equals : tag.find_first_not_of(kBlanks, equals + 1);
    if (quote == std::string_view::npos || (tag[quote] != '"' && tag[quote] != '\'')) broken("an attribute");
    const size_t end = tag.find(tag[quote], quote + 1);
    if (end == std::string_view::npos || attributes_.size() >= kMaxAttributes) broken("an attribute");
    std::string_view name = tag.substr(0, equals);
    name = name.substr(0, std::min(name.find_first_of(kBlanks), name.size()));
    attributes_.emplace_back(name.starts_with("xmlns") ? name : without_prefix(name), tag.substr(quote + 1, end - quote - 1));
    tag.remove_prefix(end + 1);
  }
}

std::string_view XmlScanner::attribute(std::string_view name) const {
  for (const auto& [own, value] : attributes_)
    if (own == name) return value;
  return {};
}

std::string XmlScanner::text_attribute(std::string_view name) const { return replaced(attribute(name)); }

std::string XmlScanner::text() const {
  if (closed_) return {};
  return replaced(text_.substr(at_, std::min(text_.find('<', at_), text_.size()) - at_));
}

}  // namespace ptah
