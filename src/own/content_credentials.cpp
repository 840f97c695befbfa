#include "own/content_credentials.h"

#include "base/text.h"
#include "media/label.h"
#include "media/manifest_store.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// The words, models and pictures that a receipt names.
std::vector<Ingredient> ingredients_of(const Json& receipt) {
  std::vector<Ingredient> out;
  const std::string prompt = text_at(receipt.value("request", Json()), "prompt");
  if (!prompt.empty()) out.push_back({"prompt", prompt, "c2pa.types.generator.prompt", "text/plain"});
  const auto list = [&](const char* key, const char* kind, const char* media_type) {
    const Json named = receipt.value(key, Json());
    if (!named.is_object()) return;
    for (const auto& [name, id] : named.items()) out.push_back({name, id.is_string() ? id.get<std::string>() : id.dump(), kind, media_type});
  };
  list("models", "c2pa.types.model", "");
  list("sources", "", "image/png");
  return out;
}

std::string title_of(const Json& receipt, const std::string& file) {
  const std::string prompt = text_at(receipt.value("request", Json()), "prompt");
  return prompt.empty() ? file : beginning(prompt, 200);
}

}  // namespace

Result<void> credential_work(Work& work, const ContentSigner& signer) {
  const Json outputs = work.receipt.value("outputs", Json()), sources = work.receipt.value("sources", Json());
  if (!outputs.is_object()) return {};
  const bool object = is_object_receipt(work.receipt) && !work.receipt.contains("models"), composite = sources.is_object() && !sources.empty();
  ManifestRequest request;
  request.receipt = work.receipt;
  request.ingredients = ingredients_of(work.receipt);
  // An object of the maker's own picture is made by a program, not by a trained model, unless the receipt names one.
  request.source_type = std::string(kSourceTypes) + (object      ? "algorithmicallyEnhanced"
                                                     : composite ? "compositeWithTrainedAlgorithmicMedia"
                                                                 : "trainedAlgorithmicMedia");
  std::map<std::string, Bytes> beside;
  for (auto& [name, bytes] : work.files) {
    if (!outputs.contains(name) || (sources.is_object() && sources.contains(fs::path(name).stem().string()))) continue;
    request.title = title_of(work.receipt, name);
    if (holds_manifests(bytes)) {
      PTAH_TRY(bytes, sign_content(bytes, request, signer));
    } else if (name.ends_with(".glb")) {
      PTAH_TRY(beside[name + ".c2pa"], sign_beside(bytes, request, signer));
    }
  }
  work.files.merge(beside);
  return {};
}

Result<std::optional<ManifestCheck>> check_credentials(std::span<const uint8_t> file, const Bytes* beside, const std::vector<Bytes>& anchors, int64_t now) {
  PTAH_TRY(const auto inside, find_manifest(file));
  if (inside) return check_manifest(file, inside->store, inside->start, inside->length, anchors, now);
  if (!beside) return std::optional<ManifestCheck>();
  return check_manifest(file, *beside, 0, 0, anchors, now);
}

Result<std::optional<ManifestCheck>> check_credentials(const fs::path& file, const std::vector<Bytes>& anchors, int64_t now) {
  PTAH_TRY(const Bytes bytes, read_file(file));
  PTAH_TRY(const auto inside, find_manifest(bytes));
  const fs::path beside = file.string() + ".c2pa";
  if (std::error_code problem; inside || !fs::exists(beside, problem)) return check_credentials(bytes, nullptr, anchors, now);
  PTAH_TRY(const Bytes store, read_file(beside, size_t{64} << 20));
  return check_credentials(bytes, &store, anchors, now);
}

}  // namespace ptah
