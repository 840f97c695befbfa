#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "tensor/ops.h"
#include "text/encode/bert.h"
#include "models/hub.h"
#include "models/pull.h"
#include "models/registry.h"

namespace ptah::cli {

namespace {

struct EmbedOptions {
  std::vector<std::string> texts;
  std::string file = "", model = "minilm";
  int64_t threads = 0, top = 5;
  bool similarity = false, json = false;
};

constexpr size_t kMaxTexts = 1 << 20;

Result<std::vector<std::string>> texts_of(const EmbedOptions& o) {
  std::vector<std::string> texts = o.texts;
  if (!o.file.empty()) {
    PTAH_TRY(const std::string all, input_text(o.file));
    for (size_t at = 0; at < all.size();) {
      const size_t end = std::min(all.find('\n', at), all.size());
      texts.push_back(all.substr(at, end - at));
      at = end + 1;
    }
  }
  if (texts.empty()) return fail(ErrorCode::invalid_argument, "nothing to embed; give texts, or --file FILE with one a line");
  if (texts.size() > kMaxTexts) return fail(ErrorCode::invalid_argument, "{} texts; at most {} at once", texts.size(), kMaxTexts);
  for (size_t i = 0; i < texts.size(); ++i)
    if (const size_t broken = invalid_utf8_at(texts[i]); broken != std::string::npos)
      return fail(ErrorCode::invalid_argument, "text {} is not valid UTF-8 at byte {}", i + 1, broken);
  return texts;
}

Result<std::shared_ptr<SentenceEncoder>> open_encoder(const EmbedOptions& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const auto folder, find_model(o.model));
  PTAH_TRY(auto encoder, SentenceEncoder::load(folder));
  show_warnings(encoder->warnings());
  return encoder;
}

void add_common_options(CLI::App& command, EmbedOptions& o) {
  command.add_option("--model", o.model, "a pulled model, or a folder in Hugging Face's layout (BERT family)");
  command.add_option("--threads", o.threads, kThreadsHelp);
}

/// Prints the texts nearest to the first one.
Result<void> run_similar(const EmbedOptions& o) {
  if (o.top < 1) return fail(ErrorCode::invalid_argument, "--top {}; at least 1", o.top);
  PTAH_TRY(const auto texts, texts_of(o));
  if (texts.size() < 2) return fail(ErrorCode::invalid_argument, "nothing to search; give texts behind the query, or --file FILE with one a line");
  PTAH_TRY(const auto encoder, open_encoder(o));
  const Tensor vectors = encoder->embed(texts);
  const Tensor near = matmul(vectors.rows(1, vectors.dim(0)), vectors.rows(0, 1), {.transpose_b = true});
  const float* scores = near.data<float>();
  std::vector<size_t> order(texts.size() - 1);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  order.resize(std::min(order.size(), static_cast<size_t>(o.top)));
  for (const size_t i : order) {
    if (o.json)
      print_json(Json{{"line", i + 1}, {"similarity", scores[i]}, {"text", texts[i + 1]}});
    else
      print("{:.4f}  {}\n", scores[i], texts[i + 1]);
  }
  return {};
}

Result<void> run_embed(const EmbedOptions& o) {
  constexpr size_t kBatch = 64;  // is printed before the next is begun
  PTAH_TRY(const auto texts, texts_of(o));
  PTAH_TRY(const auto encoder, open_encoder(o));
  const auto w = static_cast<size_t>(encoder->width());
  std::vector<float> first;
  for (size_t begin = 0; begin < texts.size(); begin += kBatch) {
    PTAH_TRY_VOID(interrupted().check());
    const size_t end = std::min(texts.size(), begin + kBatch);
    const Tensor vectors = encoder->embed({texts.begin() + static_cast<std::ptrdiff_t>(begin), texts.begin() + static_cast<std::ptrdiff_t>(end)});
    if (begin == 0) first.assign(vectors.data<float>(), vectors.data<float>() + w);
    for (size_t i = begin; i < end; ++i) {
      const float* row = vectors.data<float>() + (i - begin) * w;
      double dot = 0;
      for (size_t c = 0; c < w; ++c) dot += static_cast<double>(first[c]) * static_cast<double>(row[c]);
      if (!o.similarity)
        print_json({{"text", texts[i]}, {"embedding", std::vector<float>(row, row + w)}});
      else if (i > 0)
        print("{:.4f}  {}\n", dot, texts[i]);
    }
  }
  return {};
}

}  // namespace

void add_embed(CLI::App& app, Action& action) {
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* command = app.add_subcommand("embed", "turn texts into unit vectors; a higher dot product means a closer meaning");
  command->add_option("texts", options->texts, "the texts");
  command->add_option("--file", options->file, "texts from a file, one a line; - is standard input");
  add_common_options(*command, *options);
  command->add_flag("--similarity", options->similarity, "print the similarity of each text to the first (−1 to 1) instead of vectors");
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_embed(*options); })); }; });
}

void add_similar(CLI::App& app, Action& action) {
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* command = app.add_subcommand("similar", "search texts by meaning: the closest to a query first");
  command->add_option("texts", options->texts, "the query, then texts to search")->required();
  command->add_option("--file", options->file, "texts to search from a file, one a line; - is standard input");
  command->add_option("--top", options->top, "how many are printed; 1 or more");
  command->add_flag("--json", options->json, "print one JSON object a line: line, similarity, text");
  add_common_options(*command, *options);
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_similar(*options); })); }; });
}

void add_pull(CLI::App& app, Action& action) {
  struct Options {
    std::string name, sha256;
    bool accepted = false, quiet = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("pull", "download a model by name, from Hugging Face or from a URL");
  command->add_option("name", o->name,
                      "a name (without one, the names are listed), hf:OWNER/REPO[/FILE] (HF_ENDPOINT and HF_TOKEN are honoured) or the URL of a GGUF file");
  command->add_option("--sha256", o->sha256, "the SHA-256 digest that the file must have");
  command->add_flag("--accept-terms", o->accepted, "confirm that you have read and accept the model's terms of use");
  command->add_flag("--quiet", o->quiet, "show no progress");
  command->callback([o, &action] {
    action = [o] {
      const auto run = [&]() -> Result<void> {
        if (o->name.empty()) {
          PTAH_TRY(const auto models, known_models({}, {}));
          for (const Model& m : models) print("{}  {}\n  {}, licence {}\n", m.name, m.purpose, m.source.substr(0, m.source.find(' ')), m.licence);
          return {};
        }
        PTAH_TRY(const auto folder, pulled_models_folder());
        if (!o->name.starts_with("hf:") && o->name.find("://") == std::string::npos) {
          if (!o->sha256.empty()) return fail(ErrorCode::invalid_argument, "--sha256 is for hf: and addresses; the named models have theirs");
          PTAH_TRY(const auto target, pull_model(o->name, folder, o->accepted, &interrupted()));
          print("{}\n", target.string());
          return {};
        }
        HubOptions how;
        if (const char* endpoint = std::getenv("HF_ENDPOINT"); endpoint && *endpoint) how.endpoint = endpoint;
        if (const char* token = std::getenv("HF_TOKEN"); token && *token) how.token = token;
        how.sha256 = o->sha256;
        how.cancel = &interrupted();
        const bool shown = !o->quiet && isatty(STDERR_FILENO);
        if (shown)
          how.progress = [](const std::string& file, int64_t done, int64_t total) {
            print_error("\r{}  {:.1f}{} MB ", file, static_cast<double>(done) / 1e6,
                        total > 0 ? fmt::format(" of {:.1f}", static_cast<double>(total) / 1e6) : "");
          };
        const auto target = pull_from_web(o->name, folder, how);
        if (shown) print_error("\n");
        if (!target) return tl::unexpected(target.error());
        print("{}\n", target->string());
        return {};
      };
      return finish(guard(run));
    };
  });
}

}  // namespace ptah::cli
