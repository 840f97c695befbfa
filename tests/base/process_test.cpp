// Programs that are started come from the system's folders, and nothing that lies in the working folder or the environment gets into them.
#include "base/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

/// A working folder of a stranger: programs and Python modules that say they were taken, and an environment that leads to them.
class Trap : public testing::Test {
 protected:
  void SetUp() override {
    before_ = fs::current_path();
    folder_ = fs::temp_directory_path() / fmt::format("ptah-trap-{}", ::getpid());
    fs::create_directories(folder_ / "absolute");
    for (const char* name : {"python3", "pip", "npm", "anvil", "sh", "true", "ptah-only-here", "absolute/ptah-named"}) {
      value_or_throw(write_file(folder_ / name, "#!/bin/sh\necho TRAPPED\n"));
      fs::permissions(folder_ / name, fs::perms::owner_all);
    }
    for (const char* module : {"pip.py", "zipfile.py", "site.py", "sitecustomize.py", "usercustomize.py", "encodings.py"})
      value_or_throw(write_file(folder_ / module, "print('TRAPPED')\n"));
    fs::current_path(folder_);
    for (const auto& [name, value] : std::vector<std::pair<const char*, std::string>>{{"PATH", ".:" + folder_.string() + "::/usr/bin:/bin"},
                                                                                      {"PYTHONPATH", folder_.string()},
                                                                                      {"PYTHONHOME", folder_.string()},
                                                                                      {"PYTHONSTARTUP", (folder_ / "pip.py").string()},
                                                                                      {"NODE_OPTIONS", "--require ./pip.js"},
                                                                                      {"LD_LIBRARY_PATH", folder_.string()},
                                                                                      {"BASH_ENV", (folder_ / "sh").string()},
                                                                                      {"ENV", (folder_ / "sh").string()},
                                                                                      {"TMPDIR", "."}}) {
      const char* old = std::getenv(name);
      kept_.emplace_back(name, old ? std::optional<std::string>(old) : std::nullopt);
      ::setenv(name, value.c_str(), 1);
    }
  }
  void TearDown() override {
    for (const auto& [name, value] : kept_) value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name);
    ::unsetenv("PTAH_PROGRAMS");
    fs::current_path(before_);
    fs::remove_all(folder_);
  }
  fs::path folder_, before_;
  std::vector<std::pair<const char*, std::optional<std::string>>> kept_;
};

TEST_F(Trap, ProgramsComeFromTheSystem) {
  const auto done = run_program({"sh", "-c", "echo here; pwd; env"});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->output.starts_with("here\n/\n")) << "works in /: " << done->output;
  for (const char* word : {"TRAPPED", "PYTHON", "NODE_OPTIONS", "LD_LIBRARY_PATH", "ENV=/", "TMPDIR", "PATH=."})
    EXPECT_EQ(done->output.find(word), std::string::npos) << word << " in " << done->output;
  EXPECT_NE(done->output.find("PATH=/usr/local/bin:/usr/bin:/bin\n"), std::string::npos) << done->output;
  EXPECT_EQ(run_program({"ptah-only-here"}).error().code, ErrorCode::not_found);
  EXPECT_EQ(run_program({"./ptah-only-here"}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(run_program({""}).error().code, ErrorCode::not_found);
}

TEST_F(Trap, OnlyAbsoluteFoldersThatAreNamedAddToThem) {
  ::setenv("PTAH_PROGRAMS", "absolute:.", 1);
  EXPECT_EQ(run_program({"ptah-named"}).error().code, ErrorCode::not_found);
  ::setenv("PTAH_PROGRAMS", (folder_ / "absolute").c_str(), 1);
  const auto done = run_program({"ptah-named"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, "TRAPPED\n");
}

TEST_F(Trap, PythonLoadsNoModuleOfTheWorkingFolder) {
  if (!find_program("python3")) GTEST_SKIP() << "no python3";
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"python3", "-I", "-m", "zipfile", "-h"}, {"python3", "-I", "-m", "pip", "--version"}}) {
    const auto done = run_program(command);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->output.find("TRAPPED"), std::string::npos) << done->output;
  }
}

TEST_F(Trap, WhatKeepsRunningIsStartedTheSameWay) {
  const fs::path log = folder_ / "log";
  const auto started = start_program({"sh", "-c", "pwd; env"}, log);
  ASSERT_TRUE(started) << started.error().message;
  std::string text;
  for (int i = 0; i < 200 && text.find("PATH=") == std::string::npos; ++i) {
    ::usleep(20000);
    text = read_text(log).value_or("");
  }
  EXPECT_TRUE(text.starts_with("/\n")) << text;
  EXPECT_EQ(text.find("PYTHONPATH"), std::string::npos);
  EXPECT_EQ(fs::status(log).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace
}  // namespace ptah
