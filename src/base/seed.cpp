#include "base/seed.h"

#include <charconv>
#include <limits>
#include <random>

namespace ptah {

Result<ChosenSeed> parse_seed(std::string_view text) {
  if (text == "-1") return ChosenSeed{random_seed(), true};
  ChosenSeed out;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, out.value);
  if (text.empty() || problem != std::errc() || stop != end)
    return fail(ErrorCode::invalid_argument, "seed '{}'; 0 to {} (2^64 - 1) are possible, or -1 for a random one", text.substr(0, 64),
                std::numeric_limits<uint64_t>::max());
  return out;
}

Result<ChosenSeed> seed_of(const Json& json) {
  if (json.is_string()) return parse_seed(json.get_ref<const std::string&>());
  if (json.is_number_float() && json == Json(-1)) return parse_seed("-1");
  try {
    if (json.is_number_float()) return ChosenSeed{value_of<uint64_t>(json)};
  } catch (const Json::exception&) {  // said below
  }
  return parse_seed(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

uint64_t random_seed() { return std::random_device()() & 0xFFFFFFFFU; }

Result<uint64_t> counted_up(uint64_t seed, uint64_t by) {
  if (by > std::numeric_limits<uint64_t>::max() - seed)
    return fail(ErrorCode::invalid_argument, "seeds counted up from {} end at 2^64 - 1, after {} works", seed, std::numeric_limits<uint64_t>::max() - seed + 1);
  return seed + by;
}

}  // namespace ptah
