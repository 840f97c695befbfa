// Answers that begin in another language than the one they should be in are not shown.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace ptah {

/// Holds the beginning of an answer back until its language is known (text/language_of.h). One that the text does not tell is let through.
class LanguageGuard {
 public:
  static constexpr size_t kJudgedBytes = 100;  ///< so much of an answer tells its language

  /// An empty `language` holds nothing back. `show` may be empty.
  LanguageGuard(std::string language, std::function<void(std::string_view)> show);
  /// False if the answer is in another language: stop.
  bool add(std::string_view news);
  /// The rest; false as above.
  bool finish();

 private:
  std::string language_, held_;
  std::function<void(std::string_view)> show_;
  bool open_;
};

}  // namespace ptah
