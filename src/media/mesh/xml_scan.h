// XML, element by element, for formats that are written by programs: no DTD, no entities but the five.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ptah {

class XmlScanner {
 public:
  explicit XmlScanner(std::string_view text) : text_(text) {}

  enum class Event { begin, end, done };
  /// The next element's begin or end. Throws Failure (corrupt) for what is not well-formed, and for elements more than 64 deep.
  Event next();
  /// Of the element that began or ended, without its prefix.
  std::string_view name() const { return name_; }
  /// An attribute of the element that began, by its name without prefix (but "xmlns:x" as it is); entities are not replaced.
  std::string_view attribute(std::string_view name) const;
  /// The same with entities replaced.
  std::string text_attribute(std::string_view name) const;
  /// The text behind the element that began, up to the next tag, entities replaced.
  std::string text() const;
  size_t depth() const { return open_.size(); }

 private:
  [[noreturn]] void broken(const char* why) const;
  void skip_to(std::string_view end);
  void read_attributes(std::string_view tag);

  std::string_view text_, name_;
  size_t at_ = 0;
  bool closed_ = false;  ///< the element that began ends at once
  std::vector<std::string_view> open_;
  std::vector<std::pair<std::string_view, std::string_view>> attributes_;
};

}  // namespace ptah
