#include "apps/companion/language_guard.h"

#include "text/language_of.h"

namespace ptah {

LanguageGuard::LanguageGuard(std::string language, std::function<void(std::string_view)> show)
    : language_(std::move(language)), show_(std::move(show)), open_(language_.empty()) {}

bool LanguageGuard::add(std::string_view news) {
  if (open_) {
    if (show_) show_(news);
    return true;
  }
  held_ += news;
  return held_.size() < kJudgedBytes || finish();
}

bool LanguageGuard::finish() {
  if (open_) return true;
  if (const std::string found = language_of(held_); !found.empty() && found != language_) return false;
  open_ = true;
  if (show_ && !held_.empty()) show_(held_);
  return true;
}

}  // namespace ptah
