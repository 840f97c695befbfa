// The networks of faces: what they find, and folders that are none.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "face/networks/face_networks.h"
#include "tests/face/small_face_networks.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

class SmallFaceNetworks : public testing::Test {
 protected:
  void SetUp() override { make_small_face_networks(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-networks-{}", ::getpid());
};

}  // namespace

TEST_F(SmallFaceNetworks, FindTheFaceOfTheirBiases) {
  const auto networks = value_or_throw(FaceNetworks::load(folder_));
  const Image picture = make_image(120, 80);
  const auto faces = networks->detect(picture, 0.5F);
  ASSERT_FALSE(faces.empty());
  // exp(1.5) · 2.882459 / 13 of the longer edge.
  EXPECT_NEAR(faces[0].width, std::exp(1.5F) * 2.882459F / 13 * 120, 1e-2);
  EXPECT_NEAR(faces[0].score, 1 / (1 + std::exp(-3.0F)), 1e-5);
  EXPECT_TRUE(networks->detect(picture, 0.99F).empty());
  const FaceLandmarks points = networks->landmarks(picture, {10, 20, 40, 40, 1});
  const auto wanted = small_landmarks();
  EXPECT_NEAR(points[30][0], 10 + 40 * wanted[60], 1e-3);
  EXPECT_NEAR(points[30][1], 20 + 40 * wanted[61], 1e-3);
  const FaceLandmarks high = networks->landmarks(picture, {10, 20, 20, 40, 1});  // black on both sides
  EXPECT_NEAR(high[30][0], 0 + 40 * wanted[60], 1e-3);
  const auto shown = networks->expression(picture, {0, 0, 40, 40, 1});
  EXPECT_NEAR(shown[1], std::exp(2.0F) / (std::exp(2.0F) + 6), 1e-5);
  EXPECT_GT(aligned(points).width, 0);
}

TEST_F(SmallFaceNetworks, RefuseFoldersThatAreNone) {
  EXPECT_EQ(FaceNetworks::load(folder_ / "nowhere").error().code, ErrorCode::not_found);
  value_or_throw(write_file(folder_ / "face_expression_model.bin", std::string_view("short")));
  EXPECT_EQ(FaceNetworks::load(folder_).error().code, ErrorCode::corrupt);
}

}  // namespace ptah
