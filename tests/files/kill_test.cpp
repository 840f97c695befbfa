// Steps of several writes, killed before every one of them: nothing is lost, and the next try comes to the end.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <future>

#include "apps/reading/durable_log.h"
#include "apps/reading/reading.h"
#include "base/sqlite.h"
#include "work/work_folder.h"
#include "own/keys.h"
#include "processes.h"
#include "temporary_folder.h"
#include "work/verification.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class Killed : public testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path keys() const { return folder_.path / "keys"; }
  bool has_address(const KeyStore& store, const Address& address) const {
    const auto all = store.list();
    return all && std::any_of(all->begin(), all->end(), [&](const KeyInfo& key) { return key.address == address && store.unlock(key.name, {}); });
  }
  void expect_no_unfinished(const std::string& below) const {
    for (const std::string& name : folder_.names(below)) EXPECT_FALSE(name.starts_with('.')) << name;
  }
};

TEST_F(Killed, RotatingAKeyNeverLosesOneAndNeverLeavesTheNameEmpty) {
  const Key old = Key::generate();
  const auto prepare = [&] {
    folder_.empty();
    ASSERT_TRUE(KeyStore(keys()).add("maker", old, {}));
  };
  const auto step = [&] {
    KeyStore store(keys());
    const auto now = store.find("maker");
    return now && store.rotate(*now, Key::generate(), {});
  };
  const int kills = killed_everywhere(prepare, step, [&](bool killed) {
    const KeyStore store(keys());
    ASSERT_TRUE(store.list());
    EXPECT_TRUE(store.find("maker")) << "later works would be unsigned, without a word";
    EXPECT_TRUE(has_address(store, old.address())) << "the old key is lost";
    expect_no_unfinished("keys");
    if (!killed) {
      EXPECT_NE(store.find("maker")->address, old.address());
    }
    if (killed) {
      EXPECT_EQ(succeeding(1, [&](int) { return step(); }), 1) << "the next try";
    }
    EXPECT_TRUE(has_address(store, old.address()));
  });
  EXPECT_GT(kills, 6);
}

TEST_F(Killed, NewImportedAndExportedKeysAreWholeOrNotThere) {
  const Key key = Key::generate();
  const fs::path exported = folder_.path / "out.key";
  const auto step = [&] {
    KeyStore store(keys());
    return store.add("maker", key, {}) && store.export_file("maker", exported) && store.import_file(exported, "again");
  };
  const int kills = killed_everywhere([&] { folder_.empty(); }, step,
                                      [&](bool) {
                                        KeyStore store(keys());
                                        fs::create_directories(keys());
                                        const auto all = store.list();
                                        ASSERT_TRUE(all) << all.error().message;
                                        expect_no_unfinished("keys");
                                        for (const KeyInfo& info : *all) EXPECT_TRUE(store.unlock(info.name, {}));
                                        if (fs::exists(exported)) {
                                          EXPECT_TRUE(store.import_file(exported, "third"));
                                        }
                                        if (!store.find("maker")) {
                                          EXPECT_TRUE(store.add("maker", key, {})) << "the name is free again";
                                        }
                                      });
  EXPECT_GT(kills, 12);
}

TEST_F(Killed, AWorkIsReplacedByAWholeOneOrNotAtAll) {
  const auto work = [](const std::string& text) {
    Work out;
    out.files["text.txt"] = Bytes(text.begin(), text.end());
    EXPECT_TRUE(seal(out, begun_receipt("text", Json{{"prompt", text}})));
    return out;
  };
  const Work old = work("old"), fresh = work("new");
  const fs::path at = folder_.path / "works" / "work-0";
  const auto prepare = [&] {
    folder_.empty();
    ASSERT_TRUE(write_work(old, at));
  };
  const auto step = [&] { return write_work(fresh, at, IfTaken::replace).has_value(); };
  const int kills = killed_everywhere(prepare, step, [&](bool killed) {
    const auto verified = verify_work(at);
    ASSERT_TRUE(verified) << "neither the old work nor the new one is there";
    EXPECT_TRUE(verified->whole);
    EXPECT_EQ(succeeding(1, [&](int) { return step(); }), 1);
    EXPECT_EQ(*read_text(at / "text.txt"), "new");
    if (!killed) {
      EXPECT_EQ(folder_.names("works"), (std::vector<std::string>{"work-0"}));
    }
    EXPECT_EQ(folder_.names("works"), (std::vector<std::string>{"work-0"})) << "the next try also clears up";
  });
  EXPECT_GT(kills, 10);
  // What the user put there stays, and is named.
  for (const char* name : {"notes.txt", "text.txt"}) {
    prepare();
    ASSERT_TRUE(write_file(at / name, "mine"));
    const auto replaced = write_work(fresh, at, IfTaken::replace);
    ASSERT_FALSE(replaced);
    EXPECT_NE(replaced.error().message.find(name), std::string::npos);
    EXPECT_EQ(*read_text(at / name), "mine");
    EXPECT_EQ(folder_.names("works"), (std::vector<std::string>{"work-0"}));
  }
}

TEST_F(Killed, ADiskThatIsFullLeavesTheOldWork) {
  Work work;
  work.files["text.txt"] = Bytes(100, 'x');
  ASSERT_TRUE(seal(work, begun_receipt("text", Json::object())));
  const fs::path at = folder_.path / "work-0";
  ASSERT_TRUE(write_work(work, at));
  fail_writes_with(ENOSPC);
  const auto replaced = write_work(work, at, IfTaken::replace), counted = write_work(work, at, IfTaken::count);
  fail_writes_with(0);
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, ErrorCode::no_space);
  EXPECT_FALSE(counted);
  EXPECT_TRUE(verify_work(at)->whole);
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"work-0"}));
}

TEST_F(Killed, AStoreOpensAfterItsFirstOpeningWasCutShort) {
  const fs::path file = folder_.path / "store" / "facts.sqlite";
  const Database::Kind kind{"store", "create table fact (text text)", 3};
  const auto use = [&] {
    const Database db(file, kind);
    return run(db, "insert into fact values ('x')") == 1;
  };
  const mode_t mask = ::umask(0);
  const int kills = killed_everywhere([&] { folder_.empty(); }, use,
                                      [&](bool) {
                                        if (fs::exists(folder_.path / "store"))
                                          for (const std::string& name : folder_.names("store")) {
                                            struct stat info {};
                                            ASSERT_EQ(::stat((folder_.path / "store" / name).c_str(), &info), 0);
                                            EXPECT_EQ(info.st_mode & 07777, 0600U) << name << " can be read by others";
                                          }
                                        EXPECT_EQ(succeeding(1, [&](int) { return use(); }), 1);
                                      });
  ::umask(mask);
  EXPECT_GT(kills, 6);
}

TEST_F(Killed, AStoreCanBeOpenedForTheFirstTimeByManyAtOnce) {
  const Database::Kind kind{"store", "create table fact (text text)", 3};
  for (int round = 0; round < 8; ++round) {
    const fs::path file = folder_.path / fmt::format("{}.sqlite", round);
    EXPECT_EQ(succeeding(6, [&](int) { return run(Database(file, kind), "insert into fact values ('x')") == 1; }), 6) << round;
  }
}

TEST_F(Killed, ALogHoldsWhatWasSaidToBeInIt) {
  const fs::path file = folder_.path / "log", said = folder_.path / "said";
  const auto step = [&] {
    std::vector<Json> records;
    const auto log = DurableLog::open(file, records);
    for (int i = 0; log && i < 3; ++i)
      if (!(*log)->append({{"n", i}}) || !write_file(said, std::string_view(std::to_string(i + 1)))) return false;
    return log.has_value();
  };
  killed_everywhere([&] { folder_.empty(); }, step,
                    [&](bool) {
                      std::vector<Json> records;
                      ASSERT_TRUE(DurableLog::open(file, records));
                      const auto promised = read_text(said);
                      EXPECT_GE(records.size(), promised ? std::stoul(*promised) : 0);
                      for (size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i]["n"], i);
                    });
}

TEST_F(Killed, ALogRecoversByItselfAfterAFullDisk) {
  const fs::path file = folder_.path / "log";
  std::vector<Json> records;
  const auto log = value_or_throw(DurableLog::open(file, records));
  EXPECT_TRUE(log->append({{"n", 0}}));
  fail_writes_with(ENOSPC);  // half a line gets through
  const auto lost = log->append({{"n", "lost"}});
  std::vector<std::future<bool>> together;
  for (int i = 0; i < 8; ++i) together.push_back(std::async(std::launch::async, [&] { return log->append({{"n", "lost"}}).has_value(); }));
  for (auto& one : together) EXPECT_FALSE(one.get()) << "what was not written is not said to be";
  fail_writes_with(0);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::no_space);
  EXPECT_TRUE(log->append({{"n", 1}})) << "once there is room again";
  together.clear();
  for (int i = 0; i < 8; ++i) together.push_back(std::async(std::launch::async, [&] { return log->append({{"n", 2}}).has_value(); }));
  for (auto& one : together) EXPECT_TRUE(one.get());
  const auto copy = folder_.path / "copy";
  fs::copy_file(file, copy);
  ASSERT_TRUE(DurableLog::open(copy, records)) << "nothing torn is left in it";
  ASSERT_EQ(records.size(), 10U);
  EXPECT_EQ(records[0]["n"], 0);
  EXPECT_EQ(records[1]["n"], 1);
}

TEST_F(Killed, AReadingRoomGoesOnAfterAFullDisk) {
  const Key service = Key::generate();
  const Address reader = Key::generate().address();
  std::vector<QuizItem> items(40);
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].kind = "cloze";
    items[i].question = fmt::format("question {}", i);
    for (size_t option = 0; option < kOptions; ++option) items[i].options.push_back(fmt::format("{} {}", i, option));
  }
  const ReadingTerms terms;
  ASSERT_TRUE(publish_article({"title", {"first", "second"}}, items, terms, folder_.path / "article"));
  auto room = value_or_throw(ReadingRoom::open(folder_.path / "article", service, [] { return 1.8e9; }));
  const std::string session(32, 'a');
  fail_writes_with(ENOSPC);
  const auto lost = room->award(reader, session);
  fail_writes_with(0);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::no_space);
  EXPECT_FALSE(room->voucher(reader)) << "nothing leaves that is not in the log";
  // Once there is room: the first answers count, whatever is given now, and they count once.
  for (int i = 0; i < 2; ++i) {
    const auto again = room->answer(session, std::vector<int>(terms.asked, 1));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE((*again)["passed"]);
    EXPECT_EQ(room->counts()["passed"], 1);
  }
  const Json voucher = value_or_throw(room->voucher(reader));
  room.reset();
  room = value_or_throw(ReadingRoom::open(folder_.path / "article", service, [] { return 1.8e9; }));
  EXPECT_EQ(value_or_throw(room->voucher(reader)), voucher);
}

TEST_F(Killed, AnArticleIsPublishedWholeOrNotAtAll) {
  std::vector<QuizItem> items(40, QuizItem{"cloze", "question", {"1", "2", "3", "4", "5"}, 0});
  const Key service = Key::generate();
  const auto publish = [&] { return publish_article({"title", {"first", "second"}}, items, {}, folder_.path / "article").has_value(); };
  const auto open = [&] { return ReadingRoom::open(folder_.path / "article", service).has_value(); };
  killed_everywhere([&] { folder_.empty(); }, [&] { return publish() && open(); },
                    [&](bool) {
                      if (!std::filesystem::exists(folder_.path / "article" / "article.json")) {
                        EXPECT_TRUE(publish());
                      }
                      EXPECT_TRUE(open());
                    });
  folder_.empty();
  EXPECT_EQ(succeeding(4, [&](int) { return publish(); }), 1);
  EXPECT_TRUE(open());
}

TEST_F(Killed, OfTwoThatTakeANameAtOnceOneSucceeds) {
  KeyStore store(keys());
  const Key first = Key::generate();
  ASSERT_TRUE(store.add("first", first, {}));
  const fs::path exported = folder_.path / "out.key";
  EXPECT_EQ(succeeding(6, [&](int) { return KeyStore(keys()).export_file("first", exported).has_value(); }), 1);
  EXPECT_EQ(succeeding(6, [&](int) { return KeyStore(keys()).import_file(exported, "taken").has_value(); }), 1);
  EXPECT_EQ(succeeding(6, [&](int i) { return KeyStore(keys()).add(i % 2 ? "new" : "taken-too", Key::generate(), {}).has_value(); }), 2);
  const auto again = store.add("new", Key::generate(), {});
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("there is a key 'new' already"), std::string::npos);
  // Rotating: all looked at the same key before.
  const KeyInfo old = *store.find("first");
  EXPECT_EQ(succeeding(6, [&](int) { return KeyStore(keys()).rotate(old, Key::generate(), {}).has_value(); }), 1);
  EXPECT_TRUE(has_address(store, first.address()));
  EXPECT_EQ(store.list()->size(), 5U);
  // A name as long as names may be.
  const std::string name(64, 'n');
  ASSERT_TRUE(store.add(name, Key::generate(), {}));
  const auto rotated = store.rotate(*store.find(name), Key::generate(), {});
  ASSERT_TRUE(rotated) << rotated.error().message;
  EXPECT_TRUE(store.find(rotated->kept)) << "the old key is still listed";
}

TEST_F(Killed, UnfinishedKeysOfEarlierVersionsAreSwept) {
  ASSERT_TRUE(KeyStore(keys()).add("first", Key::generate(), {}));
  ASSERT_TRUE(write_file(keys() / ".maker.json.999999999.0.part", "a key without a passphrase"));
  ASSERT_TRUE(write_file(keys() / ".notes.part", "mine"));
  ASSERT_TRUE(KeyStore(keys()).add("second", Key::generate(), {}));
  EXPECT_EQ(folder_.names("keys"), (std::vector<std::string>{".notes.part", "first.json", "second.json"}));
}

TEST(FolderName, KeepsTheLettersOfEveryScript) {
  EXPECT_EQ(folder_name("A red fox"), "a-red-fox");
  EXPECT_EQ(folder_name("красная лиса"), "красная-лиса");
  EXPECT_EQ(folder_name("Синий дракон"), "синий-дракон");
  EXPECT_EQ(folder_name("红色的狐狸"), "红色的狐狸");
  EXPECT_EQ(folder_name("Ein süßer Fuchs"), "ein-süßer-fuchs");
  EXPECT_EQ(folder_name("u\u0308ber"), folder_name("über")) << "one way of writing it";
  EXPECT_EQ(folder_name("लोमड़ी"), folder_name("लोमड़ी "));
  EXPECT_NE(folder_name("लोमड़ी"), "work");
  for (const char* nothing : {"", "🦊", "../..", "--", "\u200f\u202e", "\u3164"}) EXPECT_EQ(folder_name(nothing), "work") << nothing;
  EXPECT_EQ(folder_name("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(folder_name("a\nb\x1b[31m\u202e\xff c"), "a-b-31m-c");
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "狐";
  EXPECT_EQ(folder_name(wide).size(), 78U) << "cut between characters";
}

}  // namespace
}  // namespace ptah
