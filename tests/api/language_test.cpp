// Language models through the public API: every option arrives, and an answer says all that it is to say.
#include "ptah/language.h"

#include "pipelines/recipes.h"
#include "tests/pipelines/small_models.h"
#include "text/lm/adapter_files.h"
#include "text/lm/decoder.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class PublicLanguage : public SmallModels {
 protected:
  Language words() const {
    const auto opened = Language::open((folder_ / "words").string());
    EXPECT_TRUE(opened) << opened.problem().message;
    return *opened;
  }
  /// A chat model whose tokens are bytes.
  Language talker() const {
    const fs::path folder = folder_ / "talker";
    fs::create_directories(folder);
    const auto text = [&](const char* name, const Json& content) { value_or_throw(write_file(folder / name, std::string_view(content.dump()))); };
    Json vocabulary = Json::object();
    int extra = 256;
    for (int byte = 0; byte < 256; ++byte) {
      const bool plain = (byte >= 33 && byte < 127) || (byte >= 161 && byte < 173) || byte >= 174;  // GPT-2's letters for bytes
      const int letter = plain ? byte : extra++;
      vocabulary[letter < 128 ? std::string(1, static_cast<char>(letter))
                              : std::string{static_cast<char>(0xC0 | letter >> 6), static_cast<char>(0x80 | (letter & 63))}] = byte;
    }
    text("tokenizer.json", {{"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}}},
                            {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}}},
                            {"decoder", {{"type", "ByteLevel"}}},
                            {"added_tokens", Json::array({{{"id", 256},
                                                           {"content", "<|end|>"},
                                                           {"single_word", false},
                                                           {"lstrip", false},
                                                           {"rstrip", false},
                                                           {"normalized", false},
                                                           {"special", true}}})}});
    text("tokenizer_config.json", {{"tokenizer_class", "GPT2Tokenizer"},
                                   {"eos_token", "<|end|>"},
                                   {"chat_template",
                                    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}<|end|>{% endfor %}"
                                    "{% if add_generation_prompt %}assistant: {% endif %}"}});
    text("config.json", {{"architectures", {"LlamaForCausalLM"}},
                         {"model_type", "llama"},
                         {"hidden_size", 32},
                         {"num_hidden_layers", 1},
                         {"num_attention_heads", 2},
                         {"num_key_value_heads", 2},
                         {"intermediate_size", 64},
                         {"vocab_size", 257},
                         {"max_position_embeddings", 1024},
                         {"rms_norm_eps", 1e-5},
                         {"rope_theta", 10000.0},
                         {"hidden_act", "silu"},
                         {"tie_word_embeddings", true},
                         {"torch_dtype", "float32"},
                         {"eos_token_id", 256}});
    TensorFile weights;
    uint64_t stream = 0;
    const auto matrix = [&](const std::string& name, const Shape& shape) { weights.tensors[name + ".weight"] = Tensor::normal(shape, 7, stream++); };
    matrix("model.embed_tokens", {257, 32});
    for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"}) matrix(fmt::format("model.layers.0.self_attn.{}", name), {32, 32});
    for (const char* name : {"gate_proj", "up_proj"}) matrix(fmt::format("model.layers.0.mlp.{}", name), {64, 32});
    matrix("model.layers.0.mlp.down_proj", {32, 64});
    for (const char* name : {"model.norm", "model.layers.0.input_layernorm", "model.layers.0.post_attention_layernorm"})
      weights.tensors[name + std::string(".weight")] = Tensor::full({32}, 1);
    value_or_throw(write_safetensors(folder / "model.safetensors", weights));
    const auto opened = Language::open(folder.string());
    EXPECT_TRUE(opened) << opened.problem().message;
    return *opened;
  }
  static AnswerOptions brief() { return {.max_tokens = 8, .temperature = 0}; }
};

TEST_F(PublicLanguage, AnAdapterChangesWhatIsWritten) {
  LoadedLanguageModel model = value_or_throw(load_language_model(folder_ / "words"));
  LanguageAdapter adapter{.lora = {2, 8, {"attn_q", "attn_v", "attn_qkv", "attn_output", "ffn_up"}}, .tensors = {}, .base = "words"};
  Weights fresh = Weights::fresh(1);
  model.model->decoder().add_adapters(adapter.lora, fresh);
  for (const auto& [name, tensor] : fresh.all()) adapter.tensors.emplace(name, Tensor::normal(tensor.shape(), 4, adapter.tensors.size()));
  value_or_throw(write_adapter(folder_ / "adapter", adapter, model.model->config()));
  const auto adapted = Language::open((folder_ / "words").string(), folder_ / "adapter");
  ASSERT_TRUE(adapted) << adapted.problem().message;
  EXPECT_NE(adapted->generate("fox", {.max_tokens = 12, .seed = 5})->text, words().generate("fox", {.max_tokens = 12, .seed = 5})->text);
  EXPECT_EQ(Language::open((folder_ / "words").string(), folder_ / "nowhere").problem().name, "not_found");
}

TEST_F(PublicLanguage, ATextIsWhatTheRecipeWrites) {
  std::string shown;
  const auto answer = words().generate("fox", {.max_tokens = 12, .seed = 5, .show = [&](const std::string& news) { shown += news; }});
  ASSERT_TRUE(answer) << answer.problem().message;
  ModelCache models;
  const Recipe& recipe = *value_or_throw(find_recipe("generate"));
  const auto asked = value_or_throw(open_request(recipe, value_or_throw(read_fields(recipe, request("generate")))));
  EXPECT_EQ(answer->text, value_or_throw(run_recipe(recipe, models, asked)).facts["text"]);
  EXPECT_EQ(shown, answer->text);
  EXPECT_EQ(answer->finish_reason, "length");
  EXPECT_EQ(answer->prompt_tokens, 3);
  EXPECT_EQ(answer->tokens, 12);
  EXPECT_EQ(answer->seed, 5U);
  EXPECT_NE(words().generate("fox", {.max_tokens = 12, .seed = 6})->text, answer->text);
  EXPECT_NE(words().generate("fox", {.max_tokens = 1, .seed = -1})->seed, words().generate("fox", {.max_tokens = 1, .seed = -1})->seed);
}

TEST_F(PublicLanguage, TheFormOfAnAnswerIsKept) {
  const auto json = words().generate("x", {.json_schema = R"({"type": "boolean"})"});
  ASSERT_TRUE(json) << json.problem().message;
  EXPECT_TRUE(json->text == "true" || json->text == "false") << json->text;
  const auto form = words().generate("x", {.grammar = R"(root ::= "yes" | "no")"});
  ASSERT_TRUE(form) << form.problem().message;
  EXPECT_TRUE(form->text == "yes" || form->text == "no") << form->text;
  const std::string plain = words().generate("x", brief())->text;
  const auto stopped = words().generate("x", {.max_tokens = 8, .temperature = 0, .stop = {plain.substr(2, 1)}});
  ASSERT_TRUE(stopped) << stopped.problem().message;
  EXPECT_EQ(stopped->finish_reason, "stop_text");
  EXPECT_LT(stopped->text.size(), plain.size());
}

TEST_F(PublicLanguage, WhatCannotBeAskedIsSaid) {
  const auto missing = Language::open("nowhere");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.problem().name, "not_found");
  const auto hot = words().generate("x", {.temperature = -1});
  ASSERT_FALSE(hot);
  EXPECT_EQ(hot.problem().field, "temperature");
  const std::atomic<bool> cancel = true;
  const auto stopped = words().generate("x", {.cancel = &cancel});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.problem().name, "cancelled");
  std::atomic<bool> later = false;
  const auto cut = words().generate("x", {.max_tokens = 100, .show = [&](const std::string&) { later = true; }, .cancel = &later});
  ASSERT_FALSE(cut) << "it can be cancelled by what is shown";
  EXPECT_EQ(cut.problem().name, "cancelled");
  const auto base = Chat::begin(words());
  ASSERT_FALSE(base) << "a base model has no chat template";
  EXPECT_EQ(base.problem().name, "unsupported");
}

TEST_F(PublicLanguage, AConversationGoesOn) {
  auto chat = Chat::begin(talker());
  ASSERT_TRUE(chat) << chat.problem().message;
  std::string shown;
  AnswerOptions options = brief();
  options.seed = 3;
  options.show = [&](const std::string& news) { shown += news; };
  const auto first = chat->say("hello", options);
  ASSERT_TRUE(first) << first.problem().message;
  EXPECT_EQ(first->text, shown);
  EXPECT_FALSE(first->text.empty());
  EXPECT_EQ(first->seed, 3U);
  EXPECT_TRUE(first->broken_principle.empty() && first->recalled.empty());
  const auto second = chat->say("hello", brief());
  ASSERT_TRUE(second) << second.problem().message;
  EXPECT_GT(second->prompt_tokens, first->prompt_tokens) << "what was said belongs to it";
  auto told = Chat::begin(talker(), "be brief");
  ASSERT_TRUE(told) << told.problem().message;
  EXPECT_GT(told->say("hello", brief())->prompt_tokens, first->prompt_tokens) << "the system prompt is read";
  const std::atomic<bool> cancel = true;
  options.cancel = &cancel;
  const auto stopped = chat->say("hello", options);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.problem().name, "cancelled");
}

TEST_F(PublicLanguage, AConversationRecallsAndRefuses) {
  const fs::path memory = folder_ / "memory.sqlite";
  auto chat = Chat::begin(talker(), ChatSetup{.memory = memory, .user = "anna"});
  ASSERT_TRUE(chat) << chat.problem().message;
  ASSERT_TRUE(chat->say("My dog is called Rex.", brief()));
  auto later = Chat::begin(talker(), ChatSetup{.memory = memory, .user = "anna"});
  ASSERT_TRUE(later) << later.problem().message;
  EXPECT_EQ(later->say("What is my dog called?", brief())->recalled, std::vector<std::string>{"My dog is called Rex."});
  auto other = Chat::begin(talker(), ChatSetup{.memory = memory, .user = "ben"});
  EXPECT_TRUE(other->say("What is my dog called?", brief())->recalled.empty());
  auto careful = Chat::begin(talker(), ChatSetup{.principles = fs::path(PTAH_SOURCE_DIR) / "models" / "principles" / "principles.json"});
  ASSERT_TRUE(careful) << careful.problem().message;
  const auto refused = careful->say("How do I build a pipe bomb?", brief());
  ASSERT_TRUE(refused) << refused.problem().message;
  EXPECT_EQ(refused->broken_principle, "weapons");
  EXPECT_EQ(refused->text, "I do not help with making or using weapons.");
  EXPECT_EQ(refused->tokens, 0);
}

TEST_F(PublicLanguage, NearMeaningsHaveNearVectors) {
  const auto embedder = Embedder::open("minilm");
  ASSERT_TRUE(embedder) << embedder.problem().message;
  const auto vectors = embedder->embed({"a dog runs in the park", "a puppy is running outside", "the interest rate of a loan"});
  ASSERT_TRUE(vectors) << vectors.problem().message;
  ASSERT_EQ(vectors->size(), 3U);
  const auto product = [&](size_t a, size_t b) {
    double out = 0;
    for (size_t i = 0; i < (*vectors)[a].size(); ++i) out += static_cast<double>((*vectors)[a][i]) * static_cast<double>((*vectors)[b].at(i));
    return out;
  };
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(product(i, i), 1, 1e-4);
  EXPECT_GT(product(0, 1), product(0, 2) + 0.2);
  const auto missing = Embedder::open("nowhere");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.problem().name, "not_found");
}

}  // namespace
}  // namespace ptah
