// How libpng's errors come to an end: their message is kept, and control goes back to the setjmp of whoever called.
#pragma once

#include <png.h>

#include <csetjmp>
#include <string>

namespace ptah {

/// What a reader or writer hands to libpng begins with this.
struct PngProblem {
  std::string problem;
};

[[noreturn]] inline void on_png_error(png_structp png, png_const_charp message) {
  static_cast<PngProblem*>(png_get_error_ptr(png))->problem = message;
  png_longjmp(png, 1);
}
inline void on_png_warning(png_structp, png_const_charp) {}

}  // namespace ptah
