// What configurations of language models say is used, harmless or refused by name; tokenizers and schemas as their references have them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "text/encode/bert.h"
#include "text/grammar/grammar.h"
#include "text/lm/language_config.h"
#include "text/lm/language_model.h"
#include "weights/safetensors.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;
const fs::path kGolden = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden";

/// A copy of a tiny model whose config.json can be changed.
class ModelFolder {
 public:
  explicit ModelFolder(const fs::path& from) : path_(fs::temp_directory_path() / fmt::format("ptah-config-{}-{}", ::getpid(), serial_++)) {
    fs::create_directories(path_);
    for (const char* name : {"config.json", "model.safetensors", "vocab.txt"})
      if (fs::exists(from / name)) fs::copy(from / name, path_ / name);
    config = *parse_json(*read_text(path_ / "config.json"));
  }
  ~ModelFolder() { fs::remove_all(path_); }
  const fs::path& write() const {
    EXPECT_TRUE(write_file(path_ / "config.json", config.dump()));
    return path_;
  }
  Json config;

 private:
  inline static int serial_ = 0;
  fs::path path_;
};

/// Logits at some positions, computed in f32.
std::vector<float> logits_of(LanguageWeights weights, const std::vector<int32_t>& tokens, const std::vector<int64_t>& kept) {
  const LanguageModel model(std::move(weights));
  KeyValueCache cache(model.config(), static_cast<int64_t>(tokens.size()), CacheType::f32);
  const int64_t vocabulary = model.config().vocabulary;
  std::vector<float> out;
  size_t next = 0;
  for (size_t at = 0; at < tokens.size() && next < kept.size(); ++at) {  // one by one: matrices are read as they lie, in f32
    const std::vector<float> here = model.read({tokens[at]}, cache);
    if (kept[next] != static_cast<int64_t>(at)) continue;
    ++next;
    out.insert(out.end(), here.begin(), here.begin() + static_cast<std::ptrdiff_t>(vocabulary));
  }
  return out;
}

struct Golden {
  std::vector<int32_t> tokens;
  std::vector<int64_t> kept;
};
Golden golden_tokens(const fs::path& folder) {
  const auto file = value_or_throw(read_safetensors(folder / "logits.safetensors"));
  Golden out;
  const Tensor tokens = file.tensors.at("tokens"), kept = file.tensors.at("kept");
  out.tokens.assign(tokens.data<int32_t>(), tokens.data<int32_t>() + tokens.elements());
  for (int64_t i = 0; i < kept.elements(); ++i) out.kept.push_back(kept.data<int32_t>()[i]);
  return out;
}

float farthest(const std::vector<float>& a, const float* b) {
  float max = 0;
  for (size_t i = 0; i < a.size(); ++i) max = std::max(max, std::abs(a[i] - b[i]));
  return max;
}

TEST(LanguageConfigs, ChangedOnesGiveTheLogitsOfTransformers) {
  const auto file = value_or_throw(read_safetensors(kGolden / "language_configs.safetensors"));
  const Json cases = *parse_json(file.metadata.at("cases"));
  ASSERT_GE(cases.size(), 13U);
  for (size_t i = 0; i < cases.size(); ++i) {
    const fs::path from = kGolden / "language" / cases[i]["family"].get<std::string>();
    ModelFolder folder(from);
    folder.config.update(cases[i]["changes"]);
    const auto weights = language_weights(folder.write());
    ASSERT_TRUE(weights) << cases[i] << weights.error().message;
    const Golden golden = golden_tokens(from);
    const std::vector<float> made = logits_of(*weights, golden.tokens, golden.kept);
    const Tensor& wanted = file.tensors.at(std::to_string(i));
    ASSERT_EQ(static_cast<int64_t>(made.size()), wanted.elements());
    EXPECT_LE(farthest(made, wanted.data<float>()), 2e-4F) << cases[i];
    const auto plain = value_or_throw(read_safetensors(from / "logits.safetensors"));
    EXPECT_GT(farthest(made, plain.tensors.at("logits").data<float>()), 1e-3F) << cases[i] << ": the change is not seen";
  }
}

/// What a model computes, which tokens end it and how much it takes; or the message that refuses it.
std::string outcome(const ModelFolder& folder, size_t* warnings = nullptr) {
  const auto weights = language_weights(folder.write());
  if (!weights) return "refused: " + weights.error().message;
  if (warnings) *warnings = weights->warnings.size();
  const LanguageConfig c = weights->config;
  const auto made = guard([&]() -> Result<std::vector<float>> {
    std::vector<int32_t> tokens;
    for (int32_t i = 0; i < 24; ++i) tokens.push_back(i * 7 % 96);
    return logits_of(*weights, tokens, {3, 23});
  });
  if (!made) return "refused: " + made.error().message;
  return fmt::format("{:.6} {} {}", fmt::join(*made, " "), fmt::join(c.stop_tokens, ","), c.context);
}

Json other_value(const std::string& key, const Json& now) {
  static const std::map<std::string, Json> chosen = {{"hidden_act", "gelu_new"},
                                                     {"activation_function", "silu"},
                                                     {"hidden_activation", "silu"},
                                                     {"eos_token_id", {3, 4}},
                                                     {"sliding_window", 4},
                                                     {"layer_norm_eps", 0.1},
                                                     {"_sliding_window_pattern", 2},
                                                     {"sliding_window_pattern", 2},
                                                     {"n_inner", 64},
                                                     {"max_window_layers", 1},
                                                     {"head_dim", 4},
                                                     {"rope_scaling", {{"rope_type", "linear"}, {"factor", 3.0}}},
                                                     {"rope_theta", 77.0},
                                                     {"rope_local_base_freq", 77.0},
                                                     {"mlp_bias", true},
                                                     {"attention_bias", true},
                                                     {"model_type", "mamba"}};
  if (const auto found = chosen.find(key); found != chosen.end()) return found->second;
  if (now.is_boolean()) return !now.get<bool>();
  if (now.is_number_integer()) return now.get<int64_t>() * 2;
  if (now.is_number()) return now.get<double>() * 1000;
  if (key == "layer_types") return Json(now.size(), "sliding_attention");
  if (key == "rope_parameters") return {{"rope_type", "default"}, {"rope_theta", 77.0}};
  return "something else";
}

TEST(LanguageConfigs, EveryKeyIsUsedHarmlessOrRefusedByName) {
  size_t keys = 0;
  for (const char* family : {"llama", "mistral", "qwen2", "qwen3", "gemma3", "gpt2"}) {
    ModelFolder folder(kGolden / "language" / family);
    Json plain = folder.config;
    if (plain.contains("use_sliding_window"))
      plain.update({{"use_sliding_window", true}, {"sliding_window", 8}, {"layer_types", {"full_attention", "sliding_attention"}}});
    if (plain.contains("sliding_window")) plain["sliding_window"] = 8;
    folder.config = plain;
    size_t warned = 0;
    const std::string before = outcome(folder, &warned);
    ASSERT_EQ(before.find("refused"), std::string::npos) << family << before;
    EXPECT_EQ(warned, 0U) << family;
    for (const ConfigTable& table : language_tables(plain["model_type"]))
      for (const ConfigKey& key : table) {
        ++keys;
        folder.config = plain;
        const bool there = plain.contains(key.name) && !plain[key.name].is_null();
        // Keys that others stand in for: with those gone they count.
        if (key.name == std::string("rope_theta") || key.name == std::string("rope_scaling") || key.name == std::string("rope_local_base_freq"))
          folder.config.erase("rope_parameters");
        if (key.name == std::string("max_window_layers") || key.name == std::string("sliding_window_pattern") ||
            key.name == std::string("_sliding_window_pattern"))
          folder.config.erase("layer_types");
        const std::string reference = outcome(folder);
        folder.config[key.name] = key.use == ConfigUse::used ? other_value(key.name, there ? plain[key.name] : Json(3)) : Json("something else");
        size_t unknown = 0;
        const std::string after = outcome(folder, &unknown);
        EXPECT_EQ(unknown, 0U) << family << ", " << key.name;
        if (key.use == ConfigUse::harmless) {
          EXPECT_EQ(after, reference) << family << ", " << key.name;
        } else {
          EXPECT_NE(after, reference) << family << ", " << key.name << " is " << folder.config[key.name] << ", and nothing changes";
        }
        if (key.use == ConfigUse::only) {
          EXPECT_NE(after.find(key.name), std::string::npos) << family << ", " << key.name << ": " << after;
        }
      }
    folder.config = plain;
    folder.config["frobnicate"] = 1;
    EXPECT_EQ(outcome(folder, &warned), before);
    EXPECT_EQ(warned, 1U) << family << ": a key that nobody knows is a warning";
  }
  EXPECT_GT(keys, 400U);
}

TEST(LanguageConfigs, WeightsThatContradictTheConfigurationAreRefused) {
  ModelFolder folder(kGolden / "language" / "qwen2");
  folder.config["tie_word_embeddings"] = false;
  const std::string after = outcome(folder);
  EXPECT_NE(after.find("tie_word_embeddings"), std::string::npos) << after;
}

TEST(BertConfigs, EveryKeyIsUsedHarmlessOrRefusedByName) {
  ModelFolder folder(kGolden / "bert");
  const Json plain = folder.config;
  const auto embed = [&]() -> std::string {
    const auto encoder = SentenceEncoder::load(folder.write());
    if (!encoder) return "refused: " + encoder.error().message;
    return fmt::format("{:.6} {}", fmt::join((*encoder)->embed({"a fox", "the red owl runs"}).to_vector(), " "), (*encoder)->max_tokens());
  };
  const std::string before = embed();
  ASSERT_EQ(before.find("refused"), std::string::npos) << before;
  for (const ConfigTable& table : {bert_keys(), transformers_keys()})
    for (const ConfigKey& key : table) {
      folder.config = plain;
      folder.config[key.name] = key.use == ConfigUse::used ? other_value(key.name, plain.value(key.name, Json(3))) : Json("something else");
      const std::string after = embed();
      if (key.use == ConfigUse::harmless)
        EXPECT_EQ(after, before) << key.name;
      else
        EXPECT_NE(after, before) << key.name << ": nothing changes";
    }
}

TEST(Tokenizers, NormalizersAndAddedTokensGiveTheIdsOfHuggingFace) {
  const auto file = value_or_throw(read_safetensors(kGolden / "language_configs.safetensors"));
  const Json golden = *parse_json(file.metadata.at("tokens"));
  for (const Json& one : golden["tokenizers"]) {
    const auto tokenizer = Tokenizer::from_json(one["file"]);
    ASSERT_TRUE(tokenizer) << one["name"] << tokenizer.error().message;
    for (size_t i = 0; i < golden["texts"].size(); ++i)
      EXPECT_EQ((*tokenizer)->encode(golden["texts"][i].get<std::string>()), one["ids"][i].get<std::vector<int32_t>>())
          << one["name"] << ", " << golden["texts"][i];
  }
}

TEST(Tokenizers, NormalizersThatAreNotComputedAreRefusedByName) {
  const auto file = value_or_throw(read_safetensors(kGolden / "language_configs.safetensors"));
  Json json = (*parse_json(file.metadata.at("tokens")))["tokenizers"][0]["file"];
  json["normalizer"] = {{"type", "Nmt"}};
  const auto made = Tokenizer::from_json(json);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("Nmt"), std::string::npos) << made.error().message;
}

struct SchemaCase {
  const char* schema;
  std::vector<const char*> valid, invalid;
};

TEST(Schemas, ReferencesBranchesAndDescriptionsAreRead) {
  const SchemaCase cases[] = {
      {R"({"type": "object", "properties": {"a": {"type": "integer", "deprecated": true, "readOnly": true, "x-order": 3}}, "required": ["a"]})",
       {R"({"a":1})"},
       {R"({})"}},
      {R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"$ref": "#/properties/a"}}, "required": ["a", "b"]})",
       {R"({"a":1,"b":2})"},
       {R"({"a":1,"b":"x"})"}},
      {R"({"$defs": {"a/b~c d": {"type": "null"}}, "$ref": "#/$defs/a~1b~0c%20d"})", {"null"}, {"1"}},
      {R"({"$defs": {"x": {"$anchor": "here", "type": "boolean"}}, "type": "array", "items": {"$ref": "#here"}})", {"[true]"}, {"[1]"}},
      {R"({"prefixItems": [{"const": 1}, {"$ref": "#/prefixItems/0"}], "type": "array", "minItems": 2, "items": false})", {"[1, 1]"}, {"[1, 2]"}},
      {R"({"allOf": [{"$ref": "#/$defs/a"}], "description": "d", "$defs": {"a": {"type": "integer"}}})", {"7"}, {R"("7")"}},
      {R"({"allOf": [{"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]}, {"properties": {"b": {"type": "null"}}, "required": ["b"]}]})",
       {R"({"a":null,"b":null})"},
       {R"({"a":null})"}},
      {R"({"type": "string", "anyOf": [{"const": "x"}, {"maxLength": 0}]})", {R"("x")", R"("")"}, {R"("y")", "1"}},
      {R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]})",
       {R"({"a":1})", R"({"b":1})"},
       {R"({})"}},
      {R"({"type": "array", "items": {"type": "null"}, "uniqueItems": false})", {"[null, null]"}, {"[1]"}},
      {R"({"items": {"type": "null"}})", {"[null]"}, {"[1]"}},
      {R"({"type": "integer", "minimum": 1000000000000000000, "maximum": 9007199254740993000})",
       {"1000000000000000000", "9007199254740993000"},
       {"999999999999999999", "9007199254740993001"}},
      {R"({"type": "integer", "minimum": 12345678901234567890})", {"12345678901234567890"}, {"12345678901234567889"}},
      {R"({"type": "integer", "maximum": -1000000000000000001})", {"-1000000000000000001"}, {"-1000000000000000000"}},
      {R"({"type": "number", "minimum": 1e15})", {"1000000000000000"}, {"999999999999999"}},
  };
  for (const SchemaCase& one : cases) {
    const auto grammar = Grammar::from_json_schema(OrderedJson::parse(one.schema));
    ASSERT_TRUE(grammar) << one.schema << ": " << grammar.error().message;
    for (const char* text : one.valid) EXPECT_TRUE(GrammarAutomaton(*grammar).matches(text)) << one.schema << " " << text;
    for (const char* text : one.invalid) EXPECT_FALSE(GrammarAutomaton(*grammar).matches(text)) << one.schema << " " << text;
  }
}

TEST(Schemas, MessagesNameTheKeywordThatIsTheMatter) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"type": "array", "uniqueItems": true})", "uniqueItems"},
      {R"({"type": "strng"})", "strng"},
      {R"({"const": 1, "minimum": 0})", "'minimum' beside 'const'"},
      {R"({"type": "string", "minLength": 3, "maxLength": 2})", "maxLength"},
      {R"({"type": "integer", "minLength": 3})", "'minLength' beside the type integer"},
      {R"({"allOf": [{"minimum": 1}, {"minimum": 2}]})", "allOf"},
      {R"({"type": "integer", "anyOf": [{"type": "string"}]})", "anyOf"},
      {R"({"$ref": "other.json"})", "other.json"},
      {R"({"$ref": "#/$defs/none"})", "$defs"},
      {R"({"$ref": "#none"})", "$anchor"},
      {R"({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}], "minimum": 1}, "b": {"$ref": "#/$defs/b"}}, "$ref": "#/$defs/a"})", "each other"},
  };
  for (const auto& [schema, word] : cases) {
    const auto grammar = Grammar::from_json_schema(OrderedJson::parse(schema));
    ASSERT_FALSE(grammar) << schema;
    EXPECT_NE(grammar.error().message.find(word), std::string::npos) << schema << ": " << grammar.error().message;
  }
}

}  // namespace
}  // namespace ptah
