// The invisible watermark: what it costs a picture (PSNR), how often its 48 bits and its id come back from copies that were made smaller, cropped or
// compressed, and how often one is found where there is none. ptah_bench_watermark PICTURES [DATA MOST]: PICTURES is a folder with PNGs below it (works of
// `ptah create`), DATA a set of drawings of which MOST are looked at, unmarked.
#include <bit>
#include <cmath>
#include <filesystem>
#include <map>

#include "base/philox.h"
#include "pixels/image_tensor.h"
#include "pixels/watermark.h"
#include "tensor/ops.h"
#include "train/picture/picture_set.h"
#include "../tests/pipelines/picture_copies.h"

using namespace ptah;
namespace fs = std::filesystem;

namespace {

struct Tally {
  int pictures = 0, found = 0, wrong = 0;
  double bit_errors = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "ptah_bench_watermark PICTURES [DATA MOST]\n"), 2;
  std::map<std::string, Tally> tallies;
  double min_psnr = 1e9, psnr_sum = 0;
  int marked_count = 0, false_found = 0, unmarked = 0;
  Random random(5);
  for (const auto& entry : fs::recursive_directory_iterator(argv[1])) {
    if (entry.path().extension() != ".png") continue;
    const Image picture = value_or_throw(read_image(entry.path()));
    const uint32_t id = random.u32();
    const Image marked = with_watermark(picture, id);
    double squares = 0;
    int64_t samples = 0;
    for (size_t i = 0; i < marked.rgba.size(); i += 4)
      if (picture.rgba[i + 3] > 0)
        for (size_t c = 0; c < 3; ++c, ++samples) squares += std::pow(picture.rgba[i + c] - marked.rgba[i + c], 2);
    const double psnr = 10 * std::log10(255.0 * 255.0 * static_cast<double>(samples) / squares);
    min_psnr = std::min(min_psnr, psnr);
    psnr_sum += psnr;
    ++marked_count;
    const int64_t w = marked.width / 2, h = marked.height / 2;
    const Image part = cropped(marked, random.below(static_cast<uint32_t>(w)), random.below(static_cast<uint32_t>(h)), w, h);
    const Image small = halved(marked);
    for (const auto& [name, copy] : {std::pair<std::string, Image>{"as it is", marked},
                                     {"JPEG 75", jpeg(marked, 75)},
                                     {"JPEG 50", jpeg(marked, 50)},
                                     {"half the size", small},
                                     {"a quarter of it", part},
                                     {"half, JPEG 75", jpeg(small, 75)},
                                     {"a quarter, JPEG 75", jpeg(part, 75)}}) {
      Tally& tally = tallies[name];
      ++tally.pictures;
      tally.bit_errors += std::popcount(read_watermark(copy).bits ^ watermark_bits(id)) / 48.0;
      const auto found = find_watermark(copy);
      tally.found += found && found->id == id;
      tally.wrong += found && found->id != id;
    }
    ++unmarked;
    false_found += find_watermark(picture).has_value();
  }
  if (marked_count == 0) return fmt::print(stderr, "no pictures below {}\n", argv[1]), 2;
  fmt::print("{} pictures; PSNR of what is not transparent: {:.1f} dB on average, {:.1f} at least\n", marked_count, psnr_sum / marked_count, min_psnr);
  for (const auto& [name, t] : tallies)
    fmt::print("{:<20} bit errors {:5.2f} %   found {:5.1f} %   wrong id {}\n", name, 100 * t.bit_errors / t.pictures, 100.0 * t.found / t.pictures, t.wrong);
  if (argc > 3) {
    const PictureSet set = value_or_throw(read_picture_set(argv[2], 128));
    const int64_t max_count = std::min<int64_t>(std::stoll(argv[3]), static_cast<int64_t>(set.entries.size())), size = set.size();
    for (int64_t i = 0; i < max_count; ++i) {
      const int64_t at = i * static_cast<int64_t>(set.entries.size()) / max_count;
      Image picture = make_image(size, size);
      std::copy_n(set.pictures.data<uint8_t>() + at * size * size * 4, size * size * 4, picture.rgba.data());
      ++unmarked;
      false_found += find_watermark(picture).has_value();
    }
  }
  fmt::print("{} pictures without one: found in {}\n", unmarked, false_found);
  return 0;
}
