// Addresses with secrets in them are not printed and not kept.
#include "base/url.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/file.h"
#include "chain/rpc.h"
#include "own/remote_signer.h"
#include "net/download.h"

namespace ptah {

namespace fs = std::filesystem;

TEST(Url, WhatMayBeSecretIsLeftOut) {
  for (const char* plain : {"https://example.org/a/b.gguf", "http://[::1]:80/", "hf:me/it", "", "a?b"}) {
    EXPECT_EQ(shown_url(plain), plain);
    EXPECT_EQ(kept_url(plain), plain);
  }
  EXPECT_EQ(shown_url("https://me:SECRET@example.org:8/a?token=SECRET#SECRET"), "https://example.org:8/a?…");
  EXPECT_EQ(shown_url("https://example.org?SECRET"), "https://example.org?…");
  EXPECT_EQ(shown_url("https://a@b@SECRET/x@y"), "https://SECRET/x@y") << "the host is what stands behind the last @";
  EXPECT_EQ(shown_origin("https://node.example/v3/SECRET?x"), "https://node.example");
  const std::string kept = kept_url("https://example.org/a?token=SECRET");
  EXPECT_EQ(kept.find("SECRET"), std::string::npos);
  EXPECT_NE(kept, kept_url("https://example.org/a?token=OTHER")) << "but they stay different";
  EXPECT_EQ(kept, kept_url("https://example.org/a?token=SECRET"));
}

TEST(Url, ErrorsAndNotesOfADownloadHoldNoSecret) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-url-{}", getpid());
  fs::create_directories(folder);
  // A server that announces more than it sends, so that the download stays open.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  std::thread server([&] {
    const std::string answer = "HTTP/1.1 200 OK\r\nETag: \"one\"\r\nContent-Length: 1000\r\n\r\nabc";
    for (bool first = true;; first = false) {
      const int client = ::accept(listener, nullptr, nullptr);
      if (client < 0) return;
      char asked[4096];
      if (::recv(client, asked, sizeof(asked), 0) > 0 && first) (void)!::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(client);
    }
  });
  const std::string url = fmt::format("http://user:SECRET@127.0.0.1:{}/f.gguf?token=SECRET", ntohs(at.sin_port));
  const auto cut = download(url, folder / "f", {.attempts = 1, .stall_seconds = 5, .wait_seconds = 0.01});
  ::shutdown(listener, SHUT_RDWR);
  ::close(listener);
  server.join();
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().message.find("SECRET"), std::string::npos) << cut.error().message;
  const std::string notes = value_or_throw(read_text(folder / "f.part.json"));
  EXPECT_EQ(notes.find("SECRET"), std::string::npos) << notes;
  for (const std::string& message :
       {Rpc::open("ftp://node/SECRET?SECRET").error().message, RemoteSigner::open("http://127.0.0.1:1/?SECRET", {.timeout_seconds = 1}).error().message,
        value_or_throw(Rpc::open("http://127.0.0.1:1/v3/SECRET", {.timeout_seconds = 1, .attempts = 1})).call("eth_chainId", Json::array()).error().message})
    EXPECT_EQ(message.find("?SECRET"), std::string::npos) << message;
  EXPECT_EQ(value_or_throw(Rpc::open("http://127.0.0.1:1/v3/SECRET", {.timeout_seconds = 1, .attempts = 1}))
                .call("eth_chainId", Json::array())
                .error()
                .message.find("SECRET"),
            std::string::npos);
  fs::remove_all(folder);
}

}  // namespace ptah
