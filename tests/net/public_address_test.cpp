// Where requests may go whose URL a stranger chose.
#include "net/public_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <string>

#include "net/http.h"

namespace ptah {
namespace {

bool is_public(const std::string& text) {
  sockaddr_storage out{};
  auto* four = reinterpret_cast<sockaddr_in*>(&out);
  auto* six = reinterpret_cast<sockaddr_in6*>(&out);
  out.ss_family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  const int read = out.ss_family == AF_INET ? inet_pton(AF_INET, text.c_str(), &four->sin_addr) : inet_pton(AF_INET6, text.c_str(), &six->sin6_addr);
  EXPECT_EQ(read, 1) << text;
  return is_public_address(reinterpret_cast<const sockaddr&>(out));
}

TEST(PublicAddress, TheInternetIs) {
  for (const char* address : {"1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "198.17.0.1",
                              "223.255.255.254", "2606:4700::1111", "2a00:1450::1"})
    EXPECT_TRUE(is_public(address)) << address;
}

TEST(PublicAddress, ThisComputerAndPrivateNetworksAreNot) {
  for (const char* address :
       {"0.0.0.0",         "10.1.2.3",  "100.64.0.1",  "127.0.0.1",      "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255",
        "192.0.0.1",       "192.0.2.1", "192.168.1.1", "198.18.0.1",     "198.51.100.1",    "203.0.113.1",     "224.0.0.1",  "240.0.0.1",
        "255.255.255.255", "::",        "::1",         "::ffff:8.8.8.8", "64:ff9b::1",      "fe80::1",         "fc00::1",    "fd12::1",
        "ff02::1",         "2001::1",   "2001:db8::1", "2002:7f00:1::",  "3fff::1"})
    EXPECT_FALSE(is_public(address)) << address;
}

TEST(PublicAddress, AClientThatStaysPublicConnectsToNothingElse) {
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&here), sizeof(here)), 0);
  ASSERT_EQ(::listen(listening, 4), 0);
  socklen_t size = sizeof(here);
  ::getsockname(listening, reinterpret_cast<sockaddr*>(&here), &size);
  const int port = ntohs(here.sin_port);
  for (const std::string& host : {std::string("127.0.0.1"), std::string("localhost"), std::string("0.0.0.0"), std::string("2130706433"), std::string("[::1]"),
                                  std::string("[::ffff:127.0.0.1]")}) {
    HttpClient client;
    client.stay_public();
    const auto answer = client.exchange({.url = "http://" + host + ":" + std::to_string(port) + "/", .connect_seconds = 2, .timeout_seconds = 2});
    EXPECT_TRUE(!answer || (answer->status == 0 && !answer->problem.empty())) << host;
    EXPECT_EQ(::accept(listening, nullptr, nullptr), -1) << host << " was connected to";
  }
  ::close(listening);
}

}  // namespace
}  // namespace ptah
