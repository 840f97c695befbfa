// Files and folders: names that are taken once, nothing lost, nothing left behind.
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>

#include "processes.h"
#include "temporary_folder.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path at(const std::string& name) const { return folder_.path / name; }
  static mode_t mode_of(const fs::path& file) {
    struct stat info {};
    return ::stat(file.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
};

TEST_F(Files, OfManyWritersOfOneNewNameExactlyOneSucceeds) {
  for (const int plain : {0, 1}) {
    rename_plainly(plain);
    for (int round = 0; round < 10; ++round) {
      const fs::path file = at(fmt::format("new-{}-{}", plain, round));
      EXPECT_EQ(succeeding(8, [&](int i) { return write_new_file(file, std::string_view(std::string(5000, static_cast<char>('a' + i)))).has_value(); }), 1);
      const std::string text = *read_text(file);
      EXPECT_EQ(text, std::string(5000, text[0]));
    }
    rename_plainly(0);
  }
  EXPECT_EQ(folder_.names().size(), 20U) << "nothing unfinished stays";
}

TEST_F(Files, ANewFileIsNeverWrittenOverAnything) {
  ASSERT_TRUE(write_file(at("old"), "old"));
  fs::create_symlink(at("nowhere"), at("link"));
  fs::create_directory(at("folder"));
  for (const char* name : {"old", "link", "folder"}) {
    const auto written = write_new_file(at(name), "new");
    ASSERT_FALSE(written) << name;
    EXPECT_EQ(written.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(written.error().message.find("exists already"), std::string::npos);
  }
  EXPECT_EQ(*read_text(at("old")), "old");
  EXPECT_FALSE(fs::exists(at("nowhere")));
}

TEST_F(Files, RenamesNeverReplace) {
  for (const int plain : {0, 1}) {
    rename_plainly(plain);
    folder_.empty();
    ASSERT_TRUE(write_file(at("a"), "a"));
    ASSERT_TRUE(write_file(at("b"), "b"));
    fs::create_directories(at("c/d"));
    fs::create_directories(at("e"));
    EXPECT_FALSE(rename_new(at("a"), at("b")));
    EXPECT_FALSE(rename_new(at("c"), at("e"))) << "an empty folder is something too";
    EXPECT_TRUE(rename_new(at("a"), at("f")));
    EXPECT_TRUE(rename_new(at("c"), at("g")));
    rename_plainly(0);
    EXPECT_EQ(folder_.names(), (std::vector<std::string>{"b", "e", "f", "g"}));
    EXPECT_EQ(*read_text(at("b")), "b");
    EXPECT_TRUE(fs::exists(at("g/d")));
  }
}

TEST_F(Files, AnUnfinishedFileIsItsOwnersOnlyAndGoesIfWritingFails) {
  ASSERT_TRUE(write_file(at("old"), "old"));
  fail_writes_with(ENOSPC);
  const auto written = write_file(at("old"), "new, and longer");
  const auto fresh = write_new_file(at("fresh"), "new, and longer");
  fail_writes_with(0);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::no_space);
  EXPECT_FALSE(fresh);
  EXPECT_EQ(*read_text(at("old")), "old");
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"old"}));
  // What a killed writer leaves can be read by its owner only, and the next process that writes here sweeps it.
  const mode_t mask = ::umask(0);
  bool left = false;
  killed_everywhere([&] { folder_.empty(); }, [&] { return write_new_file(at("secret"), {as_bytes("text")}, 0644).has_value(); },
                    [&](bool killed) {
                      for (const std::string& name : folder_.names())
                        if (name.starts_with('.')) {
                          left = true;
                          EXPECT_TRUE(mode_of(at(name)) == 0600 || *read_text(at(name)) == "text") << "until it is whole";
                        }
                      if (killed && fs::exists(at("secret"))) {
                        EXPECT_EQ(*read_text(at("secret")), "text");
                      }
                      EXPECT_EQ(succeeding(1, [&](int) { return write_file(at("other"), "x").has_value(); }), 1);
                      for (const std::string& name : folder_.names()) EXPECT_FALSE(name.starts_with('.')) << name;
                    });
  ::umask(mask);
  EXPECT_TRUE(left) << "this test would see nothing";
}

TEST_F(Files, SweepingTakesNothingElse) {
  const std::vector<std::string> kept{".config",     ".a.12-0123456789abcdeg.part", ".a.x-0123456789abcdef.part",
                                      ".part",       "a.12-0123456789abcdef.part",  ".a.12-0123456789abcdef.partial",
                                      ".a.12.0.part"};
  for (const std::string& name : kept) ASSERT_TRUE(write_file(at(name), "mine"));
  fs::create_symlink(at(".config"), at(".a.12-0123456789abcde0.part"));
  const fs::path dead = at(".a.12-0123456789abcdef.part"), living = at(".b.12-0123456789abcdef.part");
  for (const fs::path& file : {dead, living}) ::close(::open(file.c_str(), O_WRONLY | O_CREAT, 0600));
  const int lock = ::open(living.c_str(), O_RDONLY);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  sweep_unfinished(folder_.path);
  ::close(lock);
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(living)) << "its writer lives";
  EXPECT_EQ(folder_.names().size(), kept.size() + 2);
}

TEST_F(Files, WhatIsReplacedKeepsItsModeAndALinkStaysALink) {
  ASSERT_TRUE(write_file(at("private"), {as_bytes("old")}, 0600));
  EXPECT_EQ(mode_of(at("private")), 0600U);
  fs::create_symlink("private", at("link"));
  ASSERT_TRUE(write_file(at("link"), "new"));
  EXPECT_TRUE(fs::is_symlink(at("link")));
  EXPECT_EQ(*read_text(at("private")), "new");
  EXPECT_EQ(mode_of(at("private")), 0600U);
  const mode_t mask = ::umask(027);
  ASSERT_TRUE(write_file(at("new"), "x"));
  ::umask(mask);
  EXPECT_EQ(mode_of(at("new")), 0640U);
}

TEST_F(Files, WhatIsNoRegularFileIsNotReplaced) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  for (const fs::path& path : {at("pipe"), folder_.path, fs::path("/dev/null")}) {
    const auto written = write_file(path, "x");
    ASSERT_FALSE(written) << path;
    EXPECT_EQ(written.error().code, ErrorCode::invalid_argument);
  }
  struct stat info {};
  ASSERT_EQ(::stat("/dev/null", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode)) << "a superuser would have replaced it";
}

TEST_F(Files, AFolderThatIsMissingOrCannotBeWrittenToIsNamed) {
  const auto missing = write_file(at("no/such/file"), "x");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().message.find("the folder " + at("no/such").string() + " does not exist"), std::string::npos) << missing.error().message;
  ASSERT_TRUE(write_file(at("file"), "x"));
  const auto below = write_new_file(at("file/x"), "x");
  ASSERT_FALSE(below);
  EXPECT_NE(below.error().message.find("is no folder"), std::string::npos) << below.error().message;
  const auto folder = make_folders(at("file/a/b"));
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find(at("file").string()), std::string::npos);
  if (::geteuid() != 0) {
    fs::permissions(folder_.path, fs::perms::owner_read | fs::perms::owner_exec);
    const auto locked = write_new_file(at("x"), "x");
    fs::permissions(folder_.path, fs::perms::owner_all);
    ASSERT_FALSE(locked);
    EXPECT_EQ(locked.error().code, ErrorCode::permission);
    EXPECT_NE(locked.error().message.find("the folder " + folder_.path.string() + " cannot be written to"), std::string::npos);
  }
}

TEST_F(Files, LongNamesLeaveRoomForTheHiddenOne) {
  for (const size_t length : {200U, 250U, 255U}) {
    const std::string name(length, 'n');
    EXPECT_TRUE(write_new_file(at(name), "x")) << length;
    EXPECT_TRUE(write_file(at(name), "y")) << length;
  }
  std::string cyrillic;
  for (int i = 0; i < 127; ++i) cyrillic += "ж";
  EXPECT_TRUE(write_new_file(at(cyrillic), "x"));
}

TEST_F(Files, AFolderTakesTheFirstFreeName) {
  for (const int plain : {0, 1}) {
    rename_plainly(plain);
    folder_.empty();
    const int done = succeeding(8, [&](int i) {
      auto staged = StagedFolder::create(at("work"));
      return staged && write_file(staged->path() / "who", std::string_view(std::to_string(i))) && staged->commit_counted();
    });
    rename_plainly(0);
    EXPECT_EQ(done, 8);
    EXPECT_EQ(folder_.names(), (std::vector<std::string>{"work", "work-2", "work-3", "work-4", "work-5", "work-6", "work-7", "work-8"}));
    std::vector<std::string> who;
    for (const std::string& name : folder_.names()) who.push_back(*read_text(at(name) / "who"));
    std::sort(who.begin(), who.end());
    EXPECT_EQ(who, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7"}));
  }
}

TEST_F(Files, AFolderIsReplacedInOneStepAndWhatIsNotNamedStays) {
  const auto prepare = [&] {
    folder_.empty();
    fs::create_directories(at("work/mine"));
    ASSERT_TRUE(write_file(at("work/old"), "old"));
    ASSERT_TRUE(write_file(at("work/notes.txt"), "notes"));
  };
  const auto step = [&] {
    auto staged = StagedFolder::create(at("work"));
    return staged && write_file(staged->path() / "new", "new") && staged->replace({"old"});
  };
  const int kills = killed_everywhere(prepare, step, [&](bool killed) {
    const bool old = fs::exists(at("work/old")), fresh = fs::exists(at("work/new"));
    EXPECT_TRUE(old != fresh) << "one or the other, never none";
    bool notes = false;  // wherever it is by now
    for (const std::string& name : folder_.names()) notes = notes || fs::exists(at(name) / "notes.txt");
    EXPECT_TRUE(notes);
    if (!killed) {
      EXPECT_EQ(folder_.names("work"), (std::vector<std::string>{"mine", "new", "notes.txt"}));
    }
    if (!killed) {
      EXPECT_EQ(folder_.names(), (std::vector<std::string>{"work"}));
    }
  });
  EXPECT_GT(kills, 6);
  prepare();
  rename_plainly(1);
  EXPECT_FALSE(step()) << "without exchange nothing is replaced";
  rename_plainly(0);
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"work"}));
  EXPECT_EQ(folder_.names("work"), (std::vector<std::string>{"mine", "notes.txt", "old"}));
}

TEST_F(Files, AFolderWithSlashOrLinkIsTheSameFolder) {
  fs::create_directories(at("empty"));
  fs::create_directory_symlink("empty", at("link"));
  const auto put = [&](const std::string& name) {
    auto staged = StagedFolder::create(at(name));
    return staged && write_file(staged->path() / "x", "x") && staged->commit();
  };
  EXPECT_TRUE(put("new/"));
  EXPECT_TRUE(put("link"));
  EXPECT_TRUE(put("empty/sub/"));
  EXPECT_FALSE(put("new")) << "not empty";
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"empty", "link", "new"}));
  EXPECT_EQ(folder_.names("empty"), (std::vector<std::string>{"sub", "x"}));
}

}  // namespace
}  // namespace ptah
