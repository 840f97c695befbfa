// Ptah's half of the batch benchmark: `ptah_bench_batch MODEL COUNT TOKENS TEXTFILE` answers COUNT prompts of 64 tokens at once, TOKENS each, and prints one
// JSON line with the seconds for all of it.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "base/file.h"
#include "base/json.h"
#include "text/lm/batch.h"

using namespace ptah;

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: ptah_bench_batch MODEL COUNT TOKENS TEXTFILE\n");
    return 2;
  }
  const auto done = guard([&]() -> Result<void> {
    PTAH_TRY(const LoadedLanguageModel model, load_language_model(argv[1]));
    PTAH_TRY(const std::string text, read_text(argv[4], 1 << 24));
    const int64_t count = std::atoll(argv[2]), tokens = std::atoll(argv[3]);
    const std::vector<int32_t> all = model.tokenizer->encode(text);
    BatchLimits limits;
    limits.at_once = count;
    limits.keep_beginnings = false;
    BatchEngine engine(model, limits);
    for (const bool counts : {false, true}) {  // once to warm up
      const auto start = std::chrono::steady_clock::now();
      std::vector<std::future<Result<Generated>>> answers;
      for (int64_t i = 0; i < count; ++i) {
        BatchRequest request;
        const auto from = all.begin() + i * 32;
        request.prompt.assign(from, from + 64);
        request.options.max_tokens = counts ? tokens : 4;
        request.options.sampling.temperature = 0;
        for (const int32_t stop : model.stop_tokens) request.options.sampling.logit_bias[stop] = -std::numeric_limits<float>::infinity();
        answers.push_back(engine.submit(std::move(request)));
      }
      int64_t made = 0;
      for (auto& answer : answers) {
        PTAH_TRY(const Generated generated, answer.get());
        made += static_cast<int64_t>(generated.tokens.size());
      }
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (counts) std::puts(Json{{"case", fmt::format("batch {}", count)}, {"seconds", seconds}, {"tokens", made}}.dump().c_str());
    }
    return {};
  });
  if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
