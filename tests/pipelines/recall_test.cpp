// What other programs write into their pictures is read back as a command that `ptah paint` takes, and what cannot be kept is said.
#include "pipelines/recall/recall.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "../media/picture_bytes.h"
#include "base/json.h"
#include "base/text.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;
using namespace test;

std::string notes_of(const Recalled& r) {
  std::string out;
  for (const std::string& note : r.missed) out += note + "\n";
  return out;
}
#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
#define EXPECT_SILENT(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (text)

Recalled webui(const std::string& prompt, const std::string& negative = "blurry", const std::string& settings = "Size: 512x768, ") {
  return acceptable(value_or_throw(recall_webui(prompt + "\nNegative prompt: " + negative + "\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 12345, " +
                                                settings + "Model: v1-5, RNG: CPU")));
}

TEST(RecallWebui, EditingAlternationAndCompositionAreReplacedAndSaid) {
  const Recalled r = webui("a [fox:wolf:0.5] and [cat|dog], [extra:10] [gone::5] [less] a castle AND a lake, (oil:1.2)");
  EXPECT_EQ(r.request.prompt, "a wolf and cat, extra gone [less] a castle, a lake, (oil:1.2)");
  for (const char* said : {"[fox:wolf:0.5]", "[cat|dog]", "[extra:10]", "[gone::5]", "AND"}) EXPECT_SAYS(notes_of(r), said);
  EXPECT_SILENT(notes_of(r), "[less]");
  EXPECT_EQ(webui("SANDY BRAND [a [b|c:d]").request.prompt, "SANDY BRAND [a b") << "AND is a word, and a bracket may stay open";
}

TEST(RecallWebui, NetworksInThePromptBecomeFilesOrAreSaid) {
  const Recalled r = webui("<lora:style:te=0.5:unet=0.7> a red fox <hypernet:x:1> <lyco:foo:0.9> <lora:plain>", "<lora:bad:0.5> blurry <3");
  EXPECT_EQ(r.request.prompt, "a red fox");
  EXPECT_EQ(r.request.negative, "blurry <3");
  ASSERT_EQ(r.files.loras.size(), 3U);
  EXPECT_EQ(r.files.loras[0].file, "style.safetensors");
  EXPECT_EQ(r.files.loras[0].strength, 0.7F);
  EXPECT_EQ(r.files.loras[1].strength, 0.9F);
  EXPECT_EQ(r.files.loras[2].strength, 1);
  for (const char* said : {"one strength is kept", "<hypernet:x:1>", "<lora:bad:0.5> in the negative prompt"}) EXPECT_SAYS(notes_of(r), said);
}

TEST(RecallWebui, TheRequestIsOneThatPaintTakes) {
  const Recalled r = webui("a fox", "", "Size: 601x30000, Denoising strength: 0.4, Clip skip: 90, CFG Rescale phi: 3, ");
  EXPECT_TRUE(check(r.request)) << check(r.request).error().message;
  EXPECT_SAYS(notes_of(r), "601x30000");
  EXPECT_SAYS(notes_of(r), fmt::format("{}x{}", r.request.width, r.request.height));
  EXPECT_SAYS(notes_of(r), "`from`");
  EXPECT_EQ(webui("a fox", "", "Size: 512x768, ").request.height, 768);
  for (const char* settings : {"Steps: 0", "Steps: 99999", "CFG scale: nan", "CFG scale: -3", "Hires upscale: 9", "Denoising strength: 7"}) {
    const Recalled one = acceptable(value_or_throw(recall_webui(std::string("a fox\nSteps: 20, Size: 512x512, ") + settings)));
    EXPECT_TRUE(check(one.request)) << settings;
  }
}

TEST(RecallWebui, SeedsBelowZeroAreThoseOfPyTorchOrUnknown) {
  const auto with = [](const std::string& seed) { return value_or_throw(recall_webui("a fox\nSteps: 20, Seed: " + seed + ", RNG: CPU")); };
  EXPECT_EQ(with("18446744073709551615").request.seed, UINT64_MAX);
  EXPECT_EQ(with("-2").request.seed, UINT64_MAX - 1);
  EXPECT_SAYS(notes_of(with("-2")), "18446744073709551614");
  EXPECT_SAYS(notes_of(with("-1")), "any");
}

class RecallFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("ptah-recall-{}", ::getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  Result<std::string> recalled(const Bytes& file) {
    value_or_throw(write_file(folder_ / "picture", std::span<const uint8_t>(file)));
    return recall(folder_ / "picture");
  }
  static Bytes text_chunk(const std::string& keyword, const std::string& text, const char* type = "tEXt") {
    Bytes data = bytes_of(keyword + '\0');
    const std::string kind = type;
    if (kind == "zTXt") data.push_back(0);
    if (kind == "iTXt") put(data, std::string_view("\1\0\0\0", 4));
    put(data, kind == "tEXt" ? bytes_of(text) : packed(bytes_of(text)));
    return png_chunk(type, data);
  }
  static Bytes png(const std::vector<Bytes>& chunks) { return png_of(1, 1, 8, 2, {{1, 2, 3}}, chunks); }
  fs::path folder_;
};

const std::string kSettings = "a red fox\nNegative prompt: blurry\nSteps: 21, Sampler: Euler a, CFG scale: 7, Seed: 12345, Size: 512x768, Model: m, RNG: CPU";

TEST_F(RecallFile, EverySourceIsTried) {
  for (const char* type : {"tEXt", "zTXt", "iTXt"}) EXPECT_SAYS(value_or_throw(recalled(png({text_chunk("parameters", kSettings, type)}))), "--steps 21");
  // Exif's comment in a PNG.
  Bytes exif = bytes_of("MM");
  put(exif, 42, 2, true);
  put(exif, 8, 4, true);
  put(exif, 1, 2, true);
  for (const auto& [value, bytes] : {std::pair{0x8769, 2}, {4, 2}, {1, 4}, {26, 4}, {0, 4}, {1, 2}, {0x9286, 2}, {7, 2}})
    put(exif, static_cast<uint64_t>(value), bytes, true);
  put(exif, kSettings.size() + 8, 4, true);
  put(exif, 44, 4, true);
  put(exif, 0, 4, true);
  put(exif, std::string_view("ASCII\0\0\0", 8));
  put(exif, kSettings);
  EXPECT_SAYS(value_or_throw(recalled(png({png_chunk("eXIf", exif)}))), "--steps 21");
  // XMP.
  std::string xmp = "<x:xmpmeta><rdf:RDF><exif:UserComment><rdf:Alt><rdf:li xml:lang='x-default'>" + kSettings +
                    "</rdf:li></rdf:Alt></exif:UserComment></rdf:RDF></x:xmpmeta>";
  replace_all(xmp, "\n", "&#10;");
  Bytes itxt = bytes_of(std::string_view("XML:com.adobe.xmp\0\0\0\0\0", 22));
  put(itxt, xmp);
  EXPECT_SAYS(value_or_throw(recalled(png({png_chunk("iTXt", itxt)}))), "--steps 21");
  // A broken text does not hide a good one; alone it is the error.
  const Bytes broken = text_chunk("parameters", "{\"sui_image_params\": ");
  EXPECT_SAYS(value_or_throw(recalled(png({broken, text_chunk("Comment", kSettings)}))), "--steps 21");
  EXPECT_EQ(recalled(png({broken})).error().code, ErrorCode::corrupt);
  const auto nothing = recalled(png({text_chunk("Title", "holiday")}));
  EXPECT_EQ(nothing.error().code, ErrorCode::not_found);
  EXPECT_SAYS(nothing.error().message, "InvokeAI");
}

TEST_F(RecallFile, NothingOfAPictureReachesTheTerminalAsItIs) {
  std::string text = kSettings;
  replace_all(text, "red fox", "red \x1b[31mfox\x07 \xE2\x80\xAE\nptah key export");
  replace_all(text, "Model: m", "Model: --help, Odd: \x1b]0;x\x07");
  const std::string out = value_or_throw(recalled(png({text_chunk("parameters", text)})));
  for (const char c : out) EXPECT_TRUE(static_cast<unsigned char>(c) >= ' ' || c == '\n') << int{c};
  EXPECT_SILENT(out, "\xE2\x80\xAE");
  EXPECT_SILENT(out, "\nptah key");
  EXPECT_SAYS(out, "control characters");
  EXPECT_SAYS(out, "--model ./--help.safetensors");
}

// --- ComfyUI

/// A graph with what every one has; `more` replaces or adds nodes.
Json graph(const char* more = "{}") {
  Json out = Json::parse(R"({
    "3": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 30, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
          "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sub\\m.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 640, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}}})");
  out.update(Json::parse(more));
  return out;
}
TEST(Recall, WhateverStandsInAPromptTheCommandIsOneThatPaintTakes) {
  for (const char* prompt : {"a fox, <lora:x:0.8> [red:blue:0.5] embedding::1.3)", "a [fox|cat]", "a {fox|cat}", "<hypernet:a:1> a fox", "a __animal__ fox",
                             "a fox ADDCOL a cat", "(red:0..) fox", "(red:1.2.3) fox", "(red:99999999) fox", "\\(a [b:c:3] \\", "__", "a embedding:"}) {
    const Recalled r = acceptable(value_or_throw(recall_webui(std::string(prompt) + "\nNegative prompt: " + prompt + "\nSteps: 20, Size: 512x512, Seed: 5")));
    const auto good = check(r.request);
    EXPECT_TRUE(good) << prompt << " -> " << r.request.prompt << ": " << good.error().message;
    for (const char* word : {"fox", "cat"})
      if (std::string_view(prompt).find(word) != std::string_view::npos && std::string_view(prompt).find('[') == std::string_view::npos) {
        EXPECT_NE(r.request.prompt.find(word), std::string::npos) << prompt << " -> " << r.request.prompt;
      }
  }
}

Recalled comfy(const Json& nodes) { return acceptable(value_or_throw(recall_comfy(nodes.dump()))); }

TEST(RecallComfy, OnlyWhatLeadsToTheSavedPictureCounts) {
  const Recalled r =
      comfy(graph(R"({"1": {"class_type": "KSampler", "inputs": {"seed": 111, "steps": 1, "cfg": 1, "sampler_name": "euler", "scheduler": "normal",
    "denoise": 1, "model": ["4", 0], "positive": ["7", 0], "negative": ["6", 0], "latent_image": ["5", 0]}}})"));
  EXPECT_EQ(r.request.seed, 5U);
  EXPECT_EQ(r.request.prompt, "a red fox");
  EXPECT_EQ(r.files.model, "sub/m.safetensors");
  EXPECT_EQ(r.request.height, 640);
  EXPECT_TRUE(r.missed.empty()) << notes_of(r);
}

TEST(RecallComfy, NotANumberInStrangersJsonIsNothing) {
  std::string text = graph().dump();
  text.insert(1, R"("11": {"class_type": "NaN, Infinity", "is_changed": [NaN, -Infinity, Infinity]}, )");
  EXPECT_EQ(value_or_throw(recall_comfy(text)).request.steps, 30);
}

const char* const kSecond = R"("12": {"class_type": "KSampler", "inputs": {"seed": 9, "steps": 14, "cfg": 8, "sampler_name": "euler", "scheduler": "normal",
    "denoise": 0.5, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["10", 0]}},
  "8": {"class_type": "VAEDecode", "inputs": {"samples": ["12", 0], "vae": ["4", 2]}})";

TEST(RecallComfy, ASecondPassThatEnlargesBecomesEnlarge) {
  for (const char* upscale : {R"({"10": {"class_type": "LatentUpscale", "inputs": {"samples": ["3", 0], "width": 1024, "height": 1280}}, )",
                              R"({"10": {"class_type": "LatentUpscaleBy", "inputs": {"samples": ["3", 0], "scale_by": 2.0}}, )"}) {
    const Recalled r = comfy(graph((std::string(upscale) + kSecond + "}").c_str()));
    EXPECT_EQ(r.request.seed, 5U) << "the first pass counts";
    EXPECT_EQ(r.request.steps, 30);
    EXPECT_EQ(r.request.enlarge, 2);
    EXPECT_EQ(r.request.enlarge_strength, 0.5F);
    EXPECT_EQ(r.request.width, 512);
    EXPECT_SAYS(notes_of(r), "2 samplers lead to the picture");
    EXPECT_SAYS(notes_of(r), "steps 14");
  }
}

TEST(RecallComfy, AdvancedSamplersInARowAreBaseAndRefiner) {
  const Recalled r = comfy(graph(R"({
    "3": {"class_type": "KSamplerAdvanced", "inputs": {"noise_seed": 7, "steps": 25, "cfg": 8, "sampler_name": "dpmpp_2m_sde_gpu", "scheduler": "karras",
          "start_at_step": 0, "end_at_step": 20, "add_noise": "enable", "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
    "20": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "refiner.safetensors"}},
    "10": {"class_type": "KSamplerAdvanced", "inputs": {"noise_seed": 0, "steps": 25, "cfg": 8, "sampler_name": "dpmpp_2m_sde_gpu", "scheduler": "karras",
          "start_at_step": 20, "end_at_step": 10000, "add_noise": "disable", "model": ["20", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["3", 0]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["10", 0], "vae": ["4", 2]}}})"));
  EXPECT_EQ(r.request.seed, 7U);
  EXPECT_EQ(r.request.sampler, "dpmpp_2m_sde");
  EXPECT_EQ(r.files.refiner, "refiner.safetensors");
  EXPECT_EQ(r.request.refine_from, 0.8F);
  EXPECT_SAYS(notes_of(r), "graphics card");
}

TEST(RecallComfy, SamplersOfSeparateNodesAndLatentsOfStableDiffusion3) {
  const Recalled r = comfy(graph(R"({
    "3": {"class_type": "SamplerCustomAdvanced", "inputs": {"noise": ["30", 0], "guider": ["31", 0], "sampler": ["32", 0], "sigmas": ["33", 0], "latent_image": ["5", 0]}},
    "5": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 768, "batch_size": 1}},
    "30": {"class_type": "RandomNoise", "inputs": {"noise_seed": 18446744073709551615}},
    "31": {"class_type": "CFGGuider", "inputs": {"cfg": 4.5, "model": ["34", 0], "positive": ["6", 0], "negative": ["7", 0]}},
    "32": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "heun"}},
    "33": {"class_type": "BasicScheduler", "inputs": {"scheduler": "sgm_uniform", "steps": 28, "denoise": 1.0, "model": ["34", 0]}},
    "34": {"class_type": "ModelSamplingSD3", "inputs": {"shift": 3.0, "model": ["4", 0]}}})"));
  EXPECT_EQ(r.request.seed, UINT64_MAX);
  EXPECT_EQ(r.request.steps, 28);
  EXPECT_EQ(r.request.guidance, 4.5F);
  EXPECT_EQ(r.request.sampler, "heun");
  EXPECT_EQ(r.request.schedule, "flow");
  EXPECT_EQ(r.request.width, 1024);
  EXPECT_EQ(r.request.prompt, "a red fox");
  EXPECT_TRUE(r.missed.empty()) << notes_of(r);
}

TEST(RecallComfy, TextsComeThroughOtherNodes) {
  const Recalled r = comfy(graph(R"({
    "3": {"class_type": "KSampler", "inputs": {"seed": ["40", 0], "steps": 30, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
          "model": ["4", 0], "positive": ["44", 0], "negative": ["45", 0], "latent_image": ["5", 0]}},
    "40": {"class_type": "PrimitiveInt", "inputs": {"value": 77}},
    "41": {"class_type": "StringConcatenate", "inputs": {"string_a": "a fox", "string_b": ["42", 0], "delimiter": " in "}},
    "42": {"class_type": "Reroute", "inputs": {"": ["43", 0]}},
    "43": {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "snow"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["41", 0], "clip": ["4", 1]}},
    "44": {"class_type": "ConditioningConcat", "inputs": {"conditioning_to": ["6", 0], "conditioning_from": ["7", 0]}},
    "45": {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["7", 0], "conditioning_2": ["7", 0]}}})"));
  EXPECT_EQ(r.request.seed, 77U);
  EXPECT_EQ(r.request.prompt, "a fox in snow BREAK blurry");
  EXPECT_EQ(r.request.negative, "blurry, blurry");
  EXPECT_SAYS(notes_of(r), "ConditioningCombine");
}

TEST(RecallComfy, ItsWeightsAreNotTheWebuis) {
  Json nodes = graph();
  nodes["6"]["inputs"]["text"] = R"(a [red] fox, ((cat:1.2)), (two (three)) BREAK now \(so\), (sky:1.3) embedding:bad-hands)";
  const Recalled r = comfy(nodes);
  EXPECT_EQ(r.request.prompt, R"(a \[red\] fox, (cat:1.2), (two :1.1)(three:1.21) break now \(so\), (sky:1.3) bad-hands)");
  ASSERT_EQ(r.files.embeddings.size(), 1U);
  EXPECT_EQ(r.files.embeddings[0], "bad-hands.safetensors");
  EXPECT_SAYS(notes_of(r), "weights in brackets");
}

TEST(RecallComfy, WhatIsAddedToModelAndPromptIsKeptOrSaid) {
  const Recalled r = comfy(graph(R"({
    "3": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 30, "cfg": 8, "sampler_name": "res_multistep", "scheduler": "kl_optimal", "denoise": 0.6,
          "model": ["50", 0], "positive": ["52", 0], "negative": ["52", 1], "latent_image": ["53", 0]}},
    "50": {"class_type": "LoraLoader", "inputs": {"lora_name": "a.safetensors", "strength_model": 0.8, "strength_clip": 0.3, "model": ["51", 0], "clip": ["4", 1]}},
    "51": {"class_type": "FreeU_V2", "inputs": {"b1": 1.3, "model": ["4", 0]}},
    "52": {"class_type": "ControlNetApplyAdvanced", "inputs": {"positive": ["6", 0], "negative": ["7", 0], "control_net": ["54", 0], "image": ["55", 0], "strength": 0.7}},
    "53": {"class_type": "VAEEncode", "inputs": {"pixels": ["55", 0], "vae": ["56", 0]}},
    "54": {"class_type": "ControlNetLoader", "inputs": {"control_net_name": "canny.safetensors"}},
    "55": {"class_type": "LoadImage", "inputs": {"image": "start.png"}},
    "56": {"class_type": "VAELoader", "inputs": {"vae_name": "other.safetensors"}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["56", 0]}}})"));
  EXPECT_EQ(r.request.prompt, "a red fox");
  EXPECT_EQ(r.request.negative, "blurry");
  EXPECT_EQ(r.request.strength, 0.6F);
  EXPECT_EQ(r.files.autoencoder, "other.safetensors");
  EXPECT_EQ(r.files.loras.at(0).strength, 0.8F);
  for (const char* said : {"start.png", "canny.safetensors:0.7", "FreeU_V2", "text encoder", "res_multistep", "kl_optimal"}) EXPECT_SAYS(notes_of(r), said);
}

TEST(RecallComfy, WhatCannotBeKeptIsSaidEachByItself) {
  /// The graph with inputs of a node changed.
  const auto with = [](const char* id, const Json& inputs, const char* more = "{}") {
    Json nodes = graph(more);
    nodes[id]["inputs"].update(inputs);
    return comfy(nodes);
  };
  const Recalled plain = comfy(graph());
  EXPECT_EQ(plain.by, "ComfyUI");
  EXPECT_EQ(plain.request.noise, "torch");
  EXPECT_EQ(plain.request.strength, 1);
  EXPECT_SAYS(notes_of(with("3", {{"denoise", 0.7}})), "denoise 0.7 of an empty picture");
  EXPECT_SAYS(notes_of(with("5", {{"batch_size", 4}})), "one of a batch of 4");
  const Recalled near = with("3", {{"sampler_name", "uni_pc_bh2"}});
  EXPECT_EQ(near.request.sampler, "uni_pc");
  EXPECT_SAYS(notes_of(near), "sampler uni_pc_bh2: uni_pc is the nearest");
  EXPECT_SAYS(notes_of(with("3", {{"sampler_name", "lcm_of_tomorrow"}})), "sampler lcm_of_tomorrow: not known here");
  EXPECT_SAYS(notes_of(with("3", {{"scheduler", "slow"}})), "schedule slow: not known here");
  EXPECT_EQ(with("6", {{"clip", {"60", 0}}}, R"({"60": {"class_type": "CLIPSetLastLayer", "inputs": {"stop_at_clip_layer": -3, "clip": ["4", 1]}}})")
                .request.clip_skip,
            2);
  const Recalled nothing = with("3", {{"negative", {"60", 0}}}, R"({"60": {"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["7", 0]}}})");
  EXPECT_EQ(nothing.request.negative, "");
  EXPECT_SAYS(notes_of(nothing), "negative: nothing at all (ConditioningZeroOut)");
  const Recalled two = with("3", {{"positive", {"60", 0}}},
                            R"({"60": {"class_type": "CLIPTextEncodeSDXL", "inputs": {"text_g": "a red fox in snow", "text_l": "a fox", "clip": ["4", 1]}}})");
  EXPECT_EQ(two.request.prompt, "a red fox in snow");
  EXPECT_SAYS(notes_of(two), "positive: each text encoder has its own text; the longest is taken, not 'a fox'");
  const Recalled masked = with("3", {{"denoise", 0.5}, {"latent_image", {"60", 0}}},
                               R"({"60": {"class_type": "SetLatentNoiseMask", "inputs": {"samples": ["61", 0], "mask": ["62", 1]}},
      "61": {"class_type": "VAEEncode", "inputs": {"pixels": ["62", 0], "vae": ["4", 2]}}, "62": {"class_type": "LoadImage", "inputs": {"image": "start.png"}}})");
  EXPECT_EQ(masked.request.strength, 0.5F);
  EXPECT_SAYS(notes_of(masked), "the picture it started from (`from`): start.png");
  EXPECT_SAYS(notes_of(masked), "the mask (`mask`)");
  const Recalled begun = comfy(graph(R"({"3": {"class_type": "KSamplerAdvanced", "inputs": {"noise_seed": 7, "steps": 20, "cfg": 8, "sampler_name": "euler",
      "scheduler": "normal", "start_at_step": 5, "end_at_step": 20, "add_noise": "enable", "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
      "latent_image": ["5", 0]}}})"));
  EXPECT_EQ(begun.request.strength, 0.75F);
  EXPECT_SAYS(notes_of(begun), "it begins with step 5 of 20");
}

TEST(RecallComfy, ASecondPassSaysAllThatDiffers) {
  const auto second = [](const Json& inputs, bool enlarge, const char* checkpoint = nullptr) {
    Json nodes = graph((std::string("{") + kSecond + "}").c_str());
    if (enlarge) nodes["10"] = {{"class_type", "LatentUpscaleBy"}, {"inputs", {{"samples", {"3", 0}}, {"scale_by", 2.0}}}};
    Json& own = nodes["12"]["inputs"];
    own["latent_image"] = {enlarge ? "10" : "3", 0};
    own.update({{"seed", 5}, {"steps", 30}});
    own.update(inputs);
    if (checkpoint) {
      nodes["20"] = {{"class_type", "CheckpointLoaderSimple"}, {"inputs", {{"ckpt_name", checkpoint}}}};
      own["model"] = {"20", 0};
    }
    return notes_of(comfy(nodes));
  };
  EXPECT_SILENT(second(Json::object(), true), "settings of its own");
  EXPECT_SAYS(second({{"steps", 14}}, true), "has settings of its own: steps 14;");
  EXPECT_SAYS(second({{"cfg", 9}}, true), "has settings of its own: guidance 9;");
  EXPECT_SAYS(second({{"scheduler", "karras"}}, true), "has settings of its own: euler karras;");
  EXPECT_SAYS(second({{"sampler_name", "heun"}}, true), "has settings of its own: heun normal;");
  EXPECT_SAYS(second({{"seed", 9}}, true), "has settings of its own: seed 9;");
  EXPECT_SAYS(second(Json::object(), true, "other.safetensors"), "the sampler of node 12 paints with other.safetensors");
  EXPECT_SAYS(second(Json::object(), false), "the sampler of node 12 goes over the picture once more (denoise 0.5)");
  EXPECT_SAYS(second(Json::object(), false, "other.safetensors"), "goes over the picture once more (denoise 0.5, with other.safetensors)");
}

TEST(RecallComfy, HostileGraphsEnd) {
  // Every node mixes the next one with itself: 2^60 ways.
  Json nodes = graph();
  for (int i = 100; i < 160; ++i) {
    const Json next = {std::to_string(i + 1), 0};
    nodes[std::to_string(i)] = {{"class_type", "ConditioningCombine"}, {"inputs", {{"conditioning_1", next}, {"conditioning_2", next}}}};
    nodes[std::to_string(i + 200)] = {{"class_type", "StringConcatenate"},
                                      {"inputs", {{"string_a", {std::to_string(i + 201), 0}}, {"string_b", {std::to_string(i + 201), 0}}}}};
  }
  nodes["3"]["inputs"]["positive"] = {"100", 0};
  nodes["7"]["inputs"]["text"] = {"300", 0};
  nodes["3"]["inputs"]["model"] = {"3", 0};
  nodes["5"]["inputs"]["width"] = {"5", 0};
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(recall_comfy(nodes.dump()));
  nodes["6"]["inputs"]["text"] = std::string(100000, '(');
  nodes["3"]["inputs"]["positive"] = {"6", 0};
  EXPECT_TRUE(recall_comfy(nodes.dump()));
  EXPECT_TRUE(recall_webui(std::string(100000, '[') + "\nSteps: 20"));
  EXPECT_TRUE(recall_webui(std::string(100000, '<') + "\nSteps: 20"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
  for (const char* text : {"[]", "{}", R"({"1": 5})", R"({"1": {"class_type": 3, "inputs": 4}})", R"({"1": {"class_type": "KSampler", "inputs": []}})"})
    (void)recall_comfy(text);
}

// --- the others

TEST(RecallOthers, Fooocus) {
  const Recalled r = acceptable(value_or_throw(recall_text(
      R"json({"prompt": "a red fox", "negative_prompt": "blurry", "steps": 30, "seed": "12345", "guidance_scale": 4, "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras",
          "base_model": "juggernautXL", "resolution": "(1152, 896)", "loras": [["offset.safetensors", 0.1, "abc"]], "refiner_model": "None", "styles": "['Fooocus V2']",
          "metadata_scheme": "fooocus"})json")));
  EXPECT_EQ(r.by, "Fooocus");
  EXPECT_EQ(r.request.seed, 12345U);
  EXPECT_EQ(r.request.guidance, 4);
  EXPECT_EQ(r.request.sampler, "dpmpp_2m_sde");
  EXPECT_EQ(r.request.width, 1152);
  EXPECT_EQ(r.files.model, "juggernautXL.safetensors");
  EXPECT_EQ(r.files.loras.at(0).strength, 0.1F);
  EXPECT_SAYS(notes_of(r), "Fooocus V2");
}

TEST(RecallCommand, BytesThatAreNoTextBecomeText) {
  const auto found = recall_text("\"a\xFF\xFE fox\" -s 20 -S 42 -W 512 -H 640 -C 7.5 -A k_euler");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(invalid_utf8_at(found->request.prompt), std::string::npos);
}

TEST(RecallOthers, InvokeAi) {
  const Recalled r = acceptable(value_or_throw(recall_text(
      R"({"app_version": "4.2", "generation_mode": "txt2img", "positive_prompt": "a fox++", "negative_prompt": "bad", "width": 768, "height": 512, "seed": 42,
          "rand_device": "cpu", "cfg_scale": 7.5, "steps": 25, "scheduler": "dpmpp_2m_k", "clip_skip": 1, "model": {"key": "k", "name": "dreamshaper", "base": "sd-1"},
          "loras": [{"model": {"name": "ink"}, "weight": 0.75}]})")));
  EXPECT_EQ(r.by, "InvokeAI");
  EXPECT_EQ(r.request.sampler, "dpmpp_2m");
  EXPECT_EQ(r.request.schedule, "karras");
  EXPECT_EQ(r.request.clip_skip, 1);
  EXPECT_EQ(r.files.model, "dreamshaper.safetensors");
  EXPECT_EQ(r.files.loras.at(0).strength, 0.75F);
  EXPECT_SAYS(notes_of(r), "word++");
  const Recalled old = value_or_throw(recall_text(
      R"({"model": "stable diffusion", "model_weights": "sd-1.5", "image": {"prompt": [{"prompt": "a fox [bad]", "weight": 1}], "steps": 50, "cfg_scale": 7.5,
          "width": 512, "height": 512, "seed": 3, "sampler": "k_euler_a"}})"));
  EXPECT_EQ(old.request.negative, "bad");
  EXPECT_EQ(old.request.sampler, "euler_a");
}

TEST(RecallOthers, TheFirstInvokeAi) {
  const Recalled r = acceptable(value_or_throw(recall_text(R"("a "red" fox [bad]" -s 50 -S 42 -W 512 -H 640 -C 7.5 -A k_dpm_2_a -G 0.8)")));
  EXPECT_EQ(r.request.prompt, "a \"red\" fox ");
  EXPECT_EQ(r.request.negative, "bad");
  EXPECT_EQ(r.request.seed, 42U);
  EXPECT_EQ(r.request.height, 640);
  EXPECT_EQ(r.request.sampler, "dpm2_a");
  EXPECT_SAYS(notes_of(r), "-G 0.8");
}

TEST(RecallOthers, SwarmUi) {
  const Recalled r = acceptable(value_or_throw(recall_text(
      R"({"sui_image_params": {"prompt": "a fox", "negativeprompt": "bad", "model": "Official/sd_xl", "seed": 8, "steps": 20, "cfgscale": 6.5, "width": 1024, "height": 1024,
          "sampler": "dpmpp_3m_sde", "scheduler": "exponential", "loras": ["a", "b"], "loraweights": ["0.5", "1.5"], "swarm_version": "0.9", "freeu": "v2"}, "sui_models": []})")));
  EXPECT_EQ(r.by, "SwarmUI");
  EXPECT_EQ(r.request.sampler, "dpmpp_3m_sde");
  EXPECT_EQ(r.files.model, "Official/sd_xl.safetensors");
  ASSERT_EQ(r.files.loras.size(), 2U);
  EXPECT_EQ(r.files.loras[1].strength, 1.5F);
  EXPECT_SAYS(notes_of(r), "freeu");
}

TEST(RecallOthers, NovelAi) {
  const Recalled r = acceptable(value_or_throw(recall_text(
      R"({"prompt": "{{a fox}}, [dim]", "uc": "bad", "steps": 28, "scale": 5.0, "seed": 99, "width": 832, "height": 1216, "sampler": "k_euler_ancestral",
          "noise_schedule": "native", "request_type": "PromptGenerateRequest"})")));
  EXPECT_EQ(r.by, "NovelAI");
  EXPECT_EQ(r.request.prompt, "(a fox:1.1025), (dim:0.9524)");
  EXPECT_EQ(r.request.sampler, "euler_a");
  EXPECT_SAYS(notes_of(r), "not published");
}

}  // namespace
}  // namespace ptah
