// The files of people: read as they are, and refused where they are broken.
#include <gtest/gtest.h>

#include "face/people_data.h"
#include "media/deflate.h"

namespace ptah {

namespace {

Bytes packed(const std::string& text) { return value_or_throw(deflated(Bytes(text.begin(), text.end()), DeflateWrapping::gzip, "test")); }

}  // namespace

TEST(PeopleData, ReadsQuadrilateralsInGroups) {
  PeopleData data;
  ASSERT_TRUE(read_people_mesh("# a remark\nv 0 0 0\nv 1 0 0\r\nv 1 1 .5\nv 0 1 -.5\nvt 0 0\nvt 1 1\ng body\nf 1/1 2/1 3/2 4/2\n", data));
  ASSERT_EQ(data.groups.at("body").size(), 1U);
  EXPECT_EQ(data.groups.at("body")[0].vertices, (std::array<uint32_t, 4>{0, 1, 2, 3}));
  EXPECT_FLOAT_EQ(data.base[3][2], -0.5F);
}

TEST(PeopleData, RefusesABrokenMesh) {
  for (const char* wrong : {"", "v 0 0\n", "v 0 0 0\nvt 0 0\nf 1/1 1/1 1/1 1/1\n", "v 0 0 0\nvt 0 0\ng a\nf 1/1 2/1 1/1 1/1\n",
                            "v 0 0 0\nvt 0 0\ng a\nf 1/1 1/1 1/1\n", "v 0 nan 0\ng a\n", "v 0 0 1e30\ng a\n", "v 0 0 0\nvt 0 0\ng a\nf 0/1 1/1 1/1 1/1\n"}) {
    PeopleData data;
    EXPECT_EQ(read_people_mesh(wrong, data).error().code, ErrorCode::corrupt) << wrong;
  }
}

TEST(PeopleData, PartsListsWhereIndicesFall) {
  const auto read = value_or_throw(read_offsets("1 0 .5 0\n4 1 0 0\n0 0 0 -2\n", {"a", "b"}, 5));
  EXPECT_EQ(read.at("a").vertices, (std::vector<uint32_t>{1, 4}));
  EXPECT_EQ(read.at("b").offsets[0], (Vec3{0, 0, -2}));
  std::vector<Vec3> positions(5, Vec3{1, 1, 1});
  read.at("b").add_to(positions, 0.5F);
  EXPECT_EQ(positions[0], (Vec3{1, 1, 0}));
  EXPECT_FALSE(read_offsets("1 0 .5 0\n4 1 0 0\n", {"a", "b"}, 5)) << "one list, two names";
  EXPECT_FALSE(read_offsets("5 0 0 0\n", {"a"}, 5)) << "no such vertex";
  EXPECT_FALSE(read_offsets("1 0 0\n", {"a"}, 5));
  EXPECT_FALSE(read_offsets("1 0 0 0 0\n", {"a"}, 5));
  EXPECT_FALSE(read_offsets("0 0 0 0\n0 0 0 0\n", {"a"}, 5)) << "two lists, one name";
}

TEST(PeopleData, ReadsFilesThatWereCompressedOneByOne) {
  Bytes both = packed("0 1 0 0\n");
  const Bytes second = packed("1 0 1 0\n2 0 0 1\n");
  both.insert(both.end(), second.begin(), second.end());
  const auto read = value_or_throw(read_packed_offsets(both, {"a", "b"}, 3));
  EXPECT_EQ(read.at("b").vertices.size(), 2U);
  EXPECT_FALSE(read_packed_offsets(both, {"a"}, 3)) << "more than there should be";
  EXPECT_FALSE(read_packed_offsets(both, {"a", "b", "c"}, 3));
  EXPECT_FALSE(read_packed_offsets(std::span(both).first(both.size() - 9), {"a", "b"}, 3));
  for (size_t i = 12; i < both.size(); i += 5) {
    Bytes broken = both;
    broken[i] ^= 0x55;
    (void)read_packed_offsets(broken, {"a", "b"}, 3);  // must not crash; the checksum finds most
  }
}

}  // namespace ptah
