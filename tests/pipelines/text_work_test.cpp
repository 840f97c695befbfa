// Texts as works: their receipts, and the same words again.
#include "pipelines/text_work.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "work/work_folder.h"
#include "models/registry.h"
#include "work/verification.h"
#include "tests/skip.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

/// The pulled chat model, or nothing.
std::optional<LoadedLanguageModel> smollm2() {
  const auto path = find_model("smollm2");
  if (!path) return {};
  return value_or_throw(load_language_model(*path));
}

TextRequest poem() {
  TextRequest request{.prompt = "A poem about a fox:"};
  GenerationOptions& g = request.generation;
  g.sampling.temperature = 0.9F;
  g.sampling.repetition_penalty = 1.1F;
  g.sampling.seed = 11;
  g.max_tokens = 20;
  g.stop = {"zebra"};
  return request;
}

Work write(const LoadedLanguageModel& model, const TextRequest& request) {
  const TextSetup setup = value_or_throw(set_up(model, request));
  KeyValueCache cache(model.model->config(), setup.capacity, setup.cache_type);
  return value_or_throw(text_work(request, value_or_throw(language_model_digests(value_or_throw(find_model("smollm2")))), setup.cache_type,
                                  generate(model, setup.prompt, cache, setup.generation).text));
}

}  // namespace

TEST(TextWork, ReplayWritesTheSameBytes) {
  const auto model = smollm2();
  if (!model) PTAH_LEFT_OUT("models", "the model 'smollm2' is not here yet; fetch it with: ptah pull smollm2");
  TextRequest with_form = poem(), rounded = poem();
  with_form.schema = R"({"type": "object", "properties": {"line": {"type": "string", "maxLength": 20}}, "required": ["line"], "additionalProperties": false})";
  with_form.generation.max_tokens = 40;
  rounded.cache_type = "q8";
  for (const TextRequest& request : {poem(), with_form, rounded}) {
    const Work work = write(*model, request);
    EXPECT_TRUE(is_text_receipt(work.receipt));
    const auto again = replay_text(work.receipt);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->files, work.files);
  }
}

TEST(TextWork, VerifySeesAChangedWord) {
  const auto model = smollm2();
  if (!model) PTAH_LEFT_OUT("models", "the model 'smollm2' is not here yet; fetch it with: ptah pull smollm2");
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-text-{}", getpid());
  ASSERT_TRUE(write_work(write(*model, poem()), folder));
  auto verified = verify_work(folder);
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->whole);
  ASSERT_TRUE(write_file(folder / "text.txt", std::string_view("other words")));
  verified = verify_work(folder);
  ASSERT_TRUE(verified);
  EXPECT_FALSE(verified->whole);
  fs::remove_all(folder);
}

TEST(TextWork, BadReceiptsAreRefused) {
  const auto code = [](const Json& receipt) {
    const auto made = replay_text(receipt);
    return made ? std::optional<ErrorCode>() : made.error().code;
  };
  EXPECT_TRUE(code(Json::object()));
  EXPECT_EQ(code({{"request", 3}}), ErrorCode::corrupt);
  EXPECT_EQ(code({{"request", {{"prompt", "x"}}}}), ErrorCode::corrupt);
  const auto model = smollm2();
  if (!model) PTAH_LEFT_OUT("models", "the model 'smollm2' is not here yet; fetch it with: ptah pull smollm2");
  const Work work = write(*model, poem());
  for (const auto& [field, value, wanted] : {std::tuple<const char*, Json, ErrorCode>{"max_tokens", -1, ErrorCode::invalid_argument},
                                             {"max_tokens", 1e300, ErrorCode::corrupt},
                                             {"temperature", "warm", ErrorCode::corrupt},
                                             {"model", "no such model", ErrorCode::not_found},
                                             {"cache_type", "q3", ErrorCode::invalid_argument},
                                             {"grammar", "root ::= [", ErrorCode::corrupt}}) {
    Json changed = work.receipt;
    changed["request"][field] = value;
    EXPECT_EQ(code(changed), wanted) << field;
  }
  Json other = work.receipt;
  other["models"] = {{"SmolLM2-135M-Instruct.Q4_1.gguf", "sha256:00"}};
  EXPECT_EQ(code(other), ErrorCode::mismatch);
}

}  // namespace ptah
