#include "train/picture/picture_set.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"
#include "base/parallel.h"
#include "base/philox.h"
#include "base/text.h"
#include "pixels/image_tensor.h"
#include "media/image.h"
#include "pipelines/picture_pipeline.h"
#include "train/picture/captions.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

Result<PictureSet> read_packed(const fs::path& folder, int64_t size) {
  PTAH_TRY(TensorFile file, read_safetensors(folder / "pictures.safetensors"));
  PictureSet set;
  set.pictures = file.tensors["pictures"];
  if (!set.pictures.defined() || set.pictures.dtype() != DType::u8 || set.pictures.rank() != 4 || set.pictures.dim(3) != 4 || set.pictures.dim(1) != size ||
      set.pictures.dim(2) != size)
    return fail(ErrorCode::mismatch, "{}: needs a u8 tensor 'pictures' of shape [n, {}, {}, 4]", (folder / "pictures.safetensors").string(), size, size);
  PTAH_TRY(const std::string text, read_text(folder / "captions.jsonl"));
  int number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    const auto where = [&] { return fmt::format("{}:{}", (folder / "captions.jsonl").string(), number); };
    auto json = parse_json(line);
    if (!json) return fail(ErrorCode::corrupt, "{}: {}", where(), json.error().message);
    PictureEntry entry;
    try {
      entry.concept_name = json->at("concept").get<std::string>();
      entry.group = json->value("group", "");
      entry.style = json->at("style").get<std::string>();
      entry.test = json->at("split").get<std::string>() == "test";
      entry.recoloured = json->value("recoloured", false);
      entry.captions = json->at("captions").get<std::vector<std::string>>();
    } catch (const Json::exception& problem) {
      return fail(ErrorCode::corrupt, "{}: {}", where(), problem.what());
    }
    if (entry.captions.empty()) return fail(ErrorCode::corrupt, "{}: no caption", where());
    set.entries.push_back(std::move(entry));
  }
  if (static_cast<int64_t>(set.entries.size()) != set.pictures.dim(0))
    return fail(ErrorCode::mismatch, "{}: {} captions for {} pictures", folder.string(), set.entries.size(), set.pictures.dim(0));
  return set;
}

Result<PictureSet> read_own(const fs::path& folder, int64_t size) {
  std::vector<fs::path> files;
  std::error_code problem;
  for (const auto& item : fs::directory_iterator(folder, problem)) {
    std::string kind = item.path().extension().string();
    kind = lower_case(std::move(kind));
    if (kind == ".png" || kind == ".jpg" || kind == ".jpeg" || kind == ".webp") files.push_back(item.path());
  }
  if (problem) return fail(ErrorCode::not_found, "cannot read folder {}: {}", folder.string(), problem.message());
  if (files.empty()) return fail(ErrorCode::invalid_argument, "{} holds neither pictures.safetensors nor any PNG, JPEG or WebP", folder.string());
  std::sort(files.begin(), files.end());
  PTAH_TRY(const auto captions, read_captions(folder));
  PictureSet set;
  set.pictures = Tensor::empty({static_cast<int64_t>(files.size()), size, size, 4}, DType::u8);
  for (size_t i = 0; i < files.size(); ++i) {
    ImageNotes notes;
    PTAH_TRY(const Image picture, read_image(files[i], &notes));
    for (const std::string& note : notes) set.notes.push_back(files[i].filename().string() + ": " + note);
    const Image fitted = to_image(to_sample(picture, size));
    std::copy(fitted.rgba.begin(), fitted.rgba.end(), set.pictures.data<uint8_t>() + static_cast<int64_t>(i) * size * size * 4);
    PictureEntry entry;
    entry.concept_name = files[i].stem().string();
    entry.style = kOwnStyle;
    if (const auto listed = captions.find(files[i].filename().string()); listed != captions.end()) entry.captions = listed->second;
    fs::path caption = files[i];
    caption.replace_extension(".txt");
    if (entry.captions.empty() && fs::exists(caption)) {
      PTAH_TRY(const std::string text, read_text(caption, 1 << 20));
      entry.captions = lines_of(text);
    }
    if (entry.captions.empty()) entry.captions.push_back(entry.concept_name);
    set.entries.push_back(std::move(entry));
  }
  return set;
}

}  // namespace

std::vector<int64_t> train_indices(const PictureSet& set) {
  std::vector<int64_t> out;
  for (size_t i = 0; i < set.entries.size(); ++i)
    if (!set.entries[i].test) out.push_back(static_cast<int64_t>(i));
  return out;
}

std::vector<int64_t> pictures_to_show(const PictureSet& set, size_t max_count) {
  std::vector<int64_t> out;
  for (size_t i = 0; i < set.entries.size() && out.size() < max_count; ++i)
    if (set.entries[i].test && !set.entries[i].recoloured) out.push_back(static_cast<int64_t>(i));
  if (out.empty()) out = train_indices(set);
  out.resize(std::min(out.size(), max_count));
  return out;
}

std::vector<int64_t> held_out_pictures(const PictureSet& set, size_t max_count) {
  std::vector<int64_t> out;
  std::set<std::string> seen;
  for (size_t i = 0; i < set.entries.size() && out.size() < max_count; ++i)
    if (set.entries[i].test && seen.insert(set.entries[i].concept_name).second) out.push_back(static_cast<int64_t>(i));
  return out;
}

Result<PictureSet> read_picture_set(const fs::path& folder, int64_t size) {
  return fs::exists(folder / "pictures.safetensors") ? read_packed(folder, size) : read_own(folder, size);
}

Tensor picture_batch(const PictureSet& set, const std::vector<int64_t>& indices, const Augmentation& augmentation, uint64_t seed, uint64_t stream) {
  const int64_t size = set.size(), count = static_cast<int64_t>(indices.size());
  Tensor out = Tensor::empty({count, size, size, 4});
  static constexpr std::array<std::array<int, 3>, 6> kOrders{{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}};
  parallel_for(count, size * size * 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Random random(seed, stream + static_cast<uint64_t>(i));
      const bool flip = random.uniform() < augmentation.flip;
      const auto& order = kOrders[random.uniform() < augmentation.permute_colours ? random.below(6) : 0];
      const auto span = static_cast<uint32_t>(2 * augmentation.shift + 1);
      const int64_t dx = random.below(span) - augmentation.shift, dy = random.below(span) - augmentation.shift;
      const uint8_t* from = set.pictures.data<uint8_t>() + indices[static_cast<size_t>(i)] * size * size * 4;
      float* to = out.data<float>() + i * size * size * 4;
      for (int64_t y = 0; y < size; ++y)
        for (int64_t x = 0; x < size; ++x, to += 4) {
          const int64_t sy = y - dy, shifted = x - dx, sx = flip ? size - 1 - shifted : shifted;
          if (sy < 0 || sy >= size || sx < 0 || sx >= size) {
            to[0] = to[1] = to[2] = to[3] = -1;
            continue;
          }
          const uint8_t* pixel = from + (sy * size + sx) * 4;
          const float alpha = static_cast<float>(pixel[3]) * (1.0F / 255);
          for (size_t c = 0; c < 3; ++c) to[c] = static_cast<float>(pixel[order[c]]) * (2.0F / 255) * alpha - 1;
          to[3] = 2 * alpha - 1;
        }
    }
  });
  return out;
}

}  // namespace ptah
