// --seed by the one rule of base/seed.h.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

namespace ptah::cli {

/// `take` gets the seed; a random one is said on standard error unless there is a --quiet.
void add_seed_option(CLI::App& command, std::function<void(uint64_t)> take, const std::string& help);

}  // namespace ptah::cli
