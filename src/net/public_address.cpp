#include "net/public_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace ptah {

namespace {

struct SpecialNetwork {
  uint32_t address;
  int bits;
};

constexpr std::array<SpecialNetwork, 16> kSpecialNetworks{{{0x00000000, 8},
                                                           {0x0A000000, 8},
                                                           {0x64400000, 10},
                                                           {0x7F000000, 8},
                                                           {0xA9FE0000, 16},
                                                           {0xAC100000, 12},
                                                           {0xC0000000, 24},
                                                           {0xC0000200, 24},
                                                           {0xC0586300, 24},
                                                           {0xC0A80000, 16},
                                                           {0xC6120000, 15},
                                                           {0xC6336400, 24},
                                                           {0xCB007100, 24},
                                                           {0xE0000000, 4},
                                                           {0xF0000000, 4},
                                                           {0xFFFFFFFF, 32}}};

bool is_public_four(uint32_t address) {
  return std::none_of(kSpecialNetworks.begin(), kSpecialNetworks.end(),
                      [&](const SpecialNetwork& network) { return ((address ^ network.address) >> (32 - network.bits)) == 0; });
}

/// Global unicast (2000::/3) without 2001::/23 (Teredo and others), 2001:db8::/32 and 3fff::/20 (documentation) and 2002::/16 (6to4).
bool is_public_six(const uint8_t* bytes) {
  if ((bytes[0] & 0xE0) != 0x20) return false;
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && (bytes[2] & 0xFE) == 0) return false;
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8) return false;
  if (bytes[0] == 0x3F && bytes[1] == 0xFF && (bytes[2] & 0xF0) == 0) return false;
  return !(bytes[0] == 0x20 && bytes[1] == 0x02);
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof(four));
    return is_public_four(ntohl(four.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 six{};
  std::memcpy(&six, &address, sizeof(six));
  return is_public_six(six.sin6_addr.s6_addr);
}

}  // namespace ptah
