// What decides about the bytes of works besides their requests.
#pragma once

#include <string>

namespace ptah {

/// Changes with the program, its numeric path and the models that come along: equal on two machines, they give the same bytes.
std::string engine_identity();

}  // namespace ptah
