// Which addresses belong to the public internet.
#pragma once

#include <sys/socket.h>

namespace ptah {

/// Neither this computer's, nor a private network's, nor one with another special purpose (IANA's registries for IPv4 and IPv6); an IPv4 address inside an IPv6
/// one counts as not public.
bool is_public_address(const sockaddr& address);

}  // namespace ptah
