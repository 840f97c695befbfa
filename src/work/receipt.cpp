#include "work/receipt.h"

#include <algorithm>
#include <cstring>

#include "base/sha256.h"
#include "media/label.h"
#include "media/manifest_store.h"
#include "media/mesh_files.h"
#include "pixels/watermark.h"
#include "tensor/device.h"

namespace ptah {

namespace fs = std::filesystem;

Result<Image> watermarked(Image picture, Json& core) {
  PTAH_TRY(const std::string text, canonical_json(core));
  const std::string id = sha256_hex(as_bytes(text)).substr(0, 8);
  core["watermark"] = id;
  return with_watermark(std::move(picture), static_cast<uint32_t>(std::stoul(id, nullptr, 16)));
}

std::string file_id(std::span<const uint8_t> bytes) { return "sha256:" + sha256_hex(bytes); }

bool has_id(std::span<const uint8_t> bytes, const Json& id) {
  if (Json(file_id(bytes)) == id) return true;
  const auto bare = without_manifest(bytes);
  return bare && Json(file_id(*bare)) == id;
}

Result<std::string> file_id(const fs::path& file) {
  PTAH_TRY(const std::string sha256, sha256_of_file(file));
  return "sha256:" + sha256;
}

std::string pixel_id(const Image& picture) {
  const std::string head = fmt::format("rgba8 {} {}\n", picture.width, picture.height);
  return "sha256:" + hex(sha256_of_parts({as_bytes(head), picture.rgba}));
}

bool is_object_receipt(const Json& receipt) { return receipt.value("kind", Json()) == Json(kObjectKind); }

Json begun_receipt(const char* kind, Json request) {
  return {{"engine", "ptah"}, {"engine_version", kEngineVersion}, {"kind", kind}, {"numeric_path", numeric_path()}, {"request", std::move(request)}};
}

Result<void> seal(Work& work, const Json& core) {
  work.receipt = core;
  work.receipt["outputs"] = Json::object();
  for (const auto& [name, bytes] : work.files) work.receipt["outputs"][name] = file_id(bytes);
  PTAH_TRY(const std::string text, canonical_json(work.receipt));
  work.files["receipt.json"] = Bytes(text.begin(), text.end());
  return {};
}

Result<Bytes> receipted_png(const Image& picture, const Json& core, bool from_picture, const std::map<std::string, std::string>& more) {
  PTAH_TRY(const std::string receipt, canonical_json(core));
  std::map<std::string, std::string> texts = more;
  texts[kReceiptKeyword] = receipt;
  texts[kXmpKeyword] = generated_label(core["pixels"], from_picture);
  return encode_png(picture, texts);
}

fs::path folder_of_work(const fs::path& path) { return fs::is_directory(path) ? path : path.parent_path(); }

tl::unexpected<Error> no_work(const fs::path& folder) {
  std::vector<std::string> works;
  std::error_code problem;
  for (const auto& item : fs::directory_iterator(folder, problem))
    if (fs::exists(item.path() / "receipt.json", problem)) works.push_back(item.path().string());
  std::sort(works.begin(), works.end());
  const std::string begins = works.empty() ? "" : fmt::format("; it holds {} works, e.g. {}", works.size(), works.front());
  return fail(ErrorCode::not_found, "{} is no work: there is no receipt.json in it{}. Name a work's folder, its receipt.json, or a PNG or GLB", folder.string(),
              begins);
}

Result<Json> read_receipt(const fs::path& file) {
  if (std::error_code problem; fs::is_directory(file, problem) && !fs::exists(file / "receipt.json", problem)) return no_work(file);
  PTAH_TRY(const auto mapped, MappedFile::open(fs::is_directory(file) ? file / "receipt.json" : file));
  const auto bytes = mapped->bytes();
  const auto begins = [&](std::string_view magic) { return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0; };
  std::string text;
  if (begins("\x89PNG")) {
    PTAH_TRY(text, png_text(bytes, kReceiptKeyword));
  } else if (begins("glTF")) {
    PTAH_TRY(const std::string json, glb_json(bytes));
    PTAH_TRY(const Json gltf, parse_json(json));
    const Json pointer = gltf.value("/asset/extras/ptah"_json_pointer, Json());
    if (!pointer.is_object()) return fail(ErrorCode::not_found, "{}: no receipt in asset.extras", file.string());
    return pointer;
  } else if (begins("{")) {
    if (bytes.size() > (1 << 20)) return fail(ErrorCode::corrupt, "{}: too long for a receipt", file.string());
    text.assign(bytes.begin(), bytes.end());
  } else {
    return fail(ErrorCode::unsupported, "{}: neither PNG nor GLB nor a receipt", file.string());
  }
  auto receipt = parse_json(text);
  if (!receipt) return fail(ErrorCode::corrupt, "{}: {}", file.string(), receipt.error().message);
  if (!receipt->is_object() || receipt->value("engine", Json()) != Json("ptah") || !receipt->contains("request"))
    return fail(ErrorCode::corrupt, "{}: not a receipt of Ptah", file.string());
  return receipt;
}

Result<int> arithmetic_of(const Json& receipt) {
  const Json path = receipt.value("numeric_path", Json());
  if (!path.is_string()) return fail(ErrorCode::corrupt, "receipt: no numeric path");
  const int version = arithmetic_version(path.get_ref<const std::string&>());
  if (version == 0)
    return fail(ErrorCode::mismatch, "the work was made on the numeric path {}, which this version of Ptah does not know", path.get<std::string>());
  return version;
}

Result<void> match_numeric_path(const Json& receipt) {
  PTAH_TRY(const int version, arithmetic_of(receipt));
  const auto& path = receipt["numeric_path"].get_ref<const std::string&>();
  const ArithmeticScope arithmetic(version);
  const std::string family = version == 1 ? path : path.substr(0, path.rfind('-'));
  // Asked before anything else: what asks the processor first settles the instruction set for good (oneDNN).
  const std::string isa = family == "amx-bf16"      ? "amx"
                          : family == "avx512-bf16" ? "avx512_bf16"
                          : family == "avx512-f32"  ? "avx512"
                          : family == "avx2-f32"    ? "avx2"
                                                    : "";
  const Result<void> capped = isa.empty() ? Result<void>() : cap_isa(isa);
  if (path == numeric_path()) return {};
  if (!capped) return fail(capped.error().code, "the work was made on the numeric path {}; {}", path, capped.error().message);
  if (path != numeric_path())
    return fail(ErrorCode::mismatch, "the work was made on the numeric path {}; this processor offers {}, so other bytes would come out", path, numeric_path());
  return {};
}

}  // namespace ptah
