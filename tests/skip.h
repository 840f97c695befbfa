// Tests that need something a computer may lack, e.g. a chain to run or pulled weights. They are left out where it is missing, except where $PTAH_REQUIRE names
// it ("chain models"): CI does, so that nothing is left out there without a word.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace ptah {

inline bool is_required(const std::string& what) {
  const char* required = std::getenv("PTAH_REQUIRE");
  return required && (" " + std::string(required) + " ").find(" " + what + " ") != std::string::npos;
}

}  // namespace ptah

/// Ends the test: left out, or failed if `what` is required.
#define PTAH_LEFT_OUT(what, why)                                                  \
  do {                                                                            \
    if (::ptah::is_required(what)) FAIL() << (what) << " is required: " << (why); \
    GTEST_SKIP() << (why);                                                        \
  } while (false)
