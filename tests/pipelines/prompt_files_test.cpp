// LoRAs that a prompt names.
#include "pipelines/recipes/prompt_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace ptah {

namespace fs = std::filesystem;

TEST(PromptFiles, LorasOfAPromptAreFilesOrErrors) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-loras-{}", ::getpid());
  fs::remove_all(folder);
  for (const char* name : {"models/beside.safetensors", "models/sd.safetensors", "Lora/one-up.pt", "elsewhere/fox v1.2.safetensors", "elsewhere/sub/deep.ckpt",
                           "secret.safetensors"}) {
    fs::create_directories((folder / name).parent_path());
    value_or_throw(write_file(folder / name, std::string_view("x")));
  }
  const auto taken = [&](const std::string& prompt, const fs::path& loras = {}) {
    PaintRequest request;
    request.prompt = prompt;
    DiffusionFiles files{.model = folder / "models/sd.safetensors"};
    const auto done = take_prompt_files(request, files, loras);
    if (!done) return "error: " + done.error().message;
    std::string out = request.prompt;
    for (const StrongFile& item : files.loras) out += fmt::format("|{}:{}", item.file.lexically_relative(folder).generic_string(), item.strength);
    return out;
  };
  EXPECT_EQ(taken("a fox <lora:beside:0.8> here"), "a fox  here|models/beside.safetensors:0.8");
  EXPECT_EQ(taken("<lora:one-up> <LORA:beside:-0.5>x"), " x|Lora/one-up.pt:1|models/beside.safetensors:-0.5");
  EXPECT_EQ(taken("<lora:fox v1.2:0.5>", folder / "elsewhere"), "|elsewhere/fox v1.2.safetensors:0.5");
  EXPECT_EQ(taken("<lora:sub/deep:0.5:0.5><lyco:sub/deep:te=0.3:unet=0.3>", folder / "elsewhere"), "|elsewhere/sub/deep.ckpt:0.5|elsewhere/sub/deep.ckpt:0.3");
  EXPECT_EQ(taken("no tags, 1 < 2 > 0 <3"), "no tags, 1 < 2 > 0 <3");
  for (const auto& [prompt, part] : {std::pair{"<lora:missing:0.8>", "no missing.safetensors in"},
                                     {"<lora:beside:strong>", "'strong' is no strength"},
                                     {"<lora:beside:0.5:0.8>", "one strength"},
                                     {"<lora:../secret:1>", "in the folder of LoRAs"},
                                     {"<lora:/etc/passwd:1>", "in the folder of LoRAs"},
                                     {"<lora::1>", "in the folder of LoRAs"},
                                     {"<hypernet:x:1>", "'<hypernet:x:1>'"},
                                     {"<lora:beside:nan>", "no strength"}})
    EXPECT_NE(taken(prompt).find(part), std::string::npos) << prompt << ": " << taken(prompt);
  // Whoever paints without taking them is told.
  PaintRequest request;
  request.prompt = "a <lora:beside:1>";
  EXPECT_NE(check(request).error().message.find("'<lora:beside:1>'"), std::string::npos);
  request.prompt = "a fox";
  request.negative = "<lora:beside:1>";
  EXPECT_NE(check(request).error().message.find("the negative prompt: '<lora:beside:1>'"), std::string::npos);
  request.negative = "[a|b]";
  EXPECT_FALSE(check(request));
  request.prompt_rules = 1;
  EXPECT_TRUE(check(request)) << "earlier receipts are painted again as they were";
  fs::remove_all(folder);
}

}  // namespace ptah
