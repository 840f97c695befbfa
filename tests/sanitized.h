// Sanitizers make tests five to twenty times slower: what repeats the same over many cases takes fewer there, and bounds of time are wider.
#pragma once

namespace ptah {

#ifdef __SANITIZE_ADDRESS__
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

}  // namespace ptah
