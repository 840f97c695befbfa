// Files, pipes and standard input are read alike; texts of Windows are texts.
#include "base/input.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

class Input : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-input-{}", ::getpid());
};

}  // namespace

TEST_F(Input, ANamedPipeIsReadToItsEnd) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string text(200000, 'x');
  std::thread writer([&] {
    std::FILE* file = std::fopen(pipe.c_str(), "wb");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  });
  const auto read = read_input_text(pipe);
  writer.join();
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, text);
}

TEST_F(Input, APipeThatNobodyWritesToCanBeCancelled) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  CancelToken cancel;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel.cancel();
  });
  const auto read = read_input(pipe, 100, &cancel);
  later.join();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::cancelled);
}

TEST_F(Input, AnEndlessDeviceIsRefusedAndAnEndlessStreamBounded) {
  const auto device = read_input("/dev/zero", 1000);
  ASSERT_FALSE(device);
  EXPECT_NE(device.error().message.find("is a device"), std::string::npos) << device.error().message;
  const int before = ::dup(STDIN_FILENO), zeros = ::open("/dev/zero", O_RDONLY);
  ::dup2(zeros, STDIN_FILENO);
  const auto stream = read_input("-", 1000);
  ::dup2(before, STDIN_FILENO);
  ::close(before), ::close(zeros);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::corrupt);
}

TEST_F(Input, AFolderIsNamedAsSuch) { EXPECT_NE(read_input(folder_).error().message.find("is a folder"), std::string::npos); }

TEST(PlainText, HasNeitherByteOrderMarkNorCarriageReturns) {
  EXPECT_EQ(plain_text("\xEF\xBB\xBFone\r\ntwo\r\n"), "one\ntwo\n");
  EXPECT_EQ(plain_text("a\rb"), "a\rb") << "only those of line ends go";
  EXPECT_EQ(lines_of("\xEF\xBB\xBFone\r\n\r\ntwo"), (std::vector<std::string>{"one", "two"}));
}

TEST(DidYouMean, FindsWhatWasMistyped) {
  const std::vector<std::string> names{"create", "--seed", "--steps", "euler", "PNG"};
  EXPECT_EQ(did_you_mean("crate", names), "create");
  EXPECT_EQ(did_you_mean("--sede", names), "--seed");
  EXPECT_EQ(did_you_mean("slt", {"png", "glb", "stl"}), "stl");
  EXPECT_EQ(did_you_mean("EULER", names), "euler");
  EXPECT_EQ(did_you_mean("creat", names), "create");
  EXPECT_EQ(did_you_mean("banana", names), "");
  EXPECT_EQ(did_you_mean("", names), "");
  EXPECT_EQ(unknown_name("sampler", "eulr", "euler heun").value().message, "unknown sampler 'eulr'; did you mean 'euler'? known: euler heun");
}

}  // namespace ptah
