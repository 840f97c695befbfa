#include "create/recall_works.h"

#include <vector>

#include "base/text.h"
#include "create/text_work.h"
#include "create/work.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

using Options = std::vector<std::pair<const char*, const char*>>;  ///< a member of the request and its option

void add(std::string& command, const std::string& option, const std::string& value) {
  command.append(" ").append(option).append(" ").append(shell_quoted(value));
}

/// A number as it is typed, a text as it is; empty for anything else.
std::string typed(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{}", value.get<float>());
  return value.is_number() ? value.dump() : "";
}

void add_options(std::string& command, const Json& request, const Options& options) {
  for (const auto& [key, option] : options)
    if (const std::string value = typed(request.value(key, Json())); !value.empty()) add(command, option, value);
}

/// --format, if it is not the usual one.
void add_formats(std::string& command, const Json& receipt, const char* usual) {
  const Json outputs = receipt.value("outputs", Json());
  if (!outputs.is_object()) return;
  const Formats f = formats_of(receipt);
  std::string list;
  for (const auto& [name, wanted] : {std::pair{"png", f.png}, {"glb", f.glb}, {"obj", f.obj}, {"ply", f.ply}, {"stl", f.stl}})
    if (wanted) list.append(list.empty() ? "" : ",").append(name);
  if (!list.empty() && list != usual) add(command, "--format", list);
}

/// A picture the work started from: the file beside it, or a note that it is needed.
std::string source_file(const fs::path& file, const char* name, std::string& notes) {
  const fs::path source = folder_of_work(file) / name;
  std::error_code problem;
  if (!fs::exists(source, problem)) notes.append("# not here: ").append(name).append(", the picture it started from\n");
  return source.string();
}

std::string create_command(const Json& receipt, const fs::path& file) {
  const Json request = receipt["request"];
  std::string notes, out = "ptah create";
  if (const std::string model = text_at(receipt, "model_file"); !model.empty()) add(out, "--model", model);
  add_options(out, request,
              {{"seed", "--seed"},
               {"style", "--style"},
               {"size", "--size"},
               {"steps", "--steps"},
               {"guidance", "--guidance"},
               {"sampler", "--sampler"},
               {"background", "--background"},
               {"solid", "--solid"},
               {"target_triangles", "--target-tris"},
               {"size_mm", "--size-mm"},
               {"height_mm", "--height-mm"},
               {"best_of", "--best-of"}});
  if (request.value("watermark", Json()) == Json(true)) out += " --watermark";
  if (request.value("object", Json()) == Json(false))
    out += " --no-object";
  else
    add_formats(out, receipt, "png,glb");
  const Json sources = receipt.value("sources", Json::object());
  if (sources.contains("from")) {
    add(out, "--from", source_file(file, "from.png", notes));
    if (sources.contains("mask")) add(out, "--mask", source_file(file, "mask.png", notes));
    add_options(out, request, {{"strength", "--strength"}});
  }
  return notes + out.append(" -- ").append(shell_quoted(text_at(request, "prompt"))) + "\n";
}

std::string object_command(const Json& receipt, const fs::path& file) {
  std::string notes, out = "ptah object";
  add_options(out, receipt["request"], {{"solid", "--solid"}, {"target_triangles", "--target-tris"}, {"size_mm", "--size-mm"}, {"height_mm", "--height-mm"}});
  add_formats(out, receipt, "png,glb");
  const std::string source = source_file(file, "from.png", notes);
  return notes + out.append(" -- ").append(shell_quoted(source)) + "\n";
}

std::string generate_command(const Json& receipt) {
  const Json request = receipt["request"];
  std::string out = "ptah generate";
  add_options(out, request,
              {{"model", "--model"},
               {"seed", "--seed"},
               {"max_tokens", "--max-tokens"},
               {"temperature", "--temperature"},
               {"top_k", "--top-k"},
               {"top_p", "--top-p"},
               {"min_p", "--min-p"},
               {"typical_p", "--typical-p"},
               {"repetition_penalty", "--repetition-penalty"},
               {"frequency_penalty", "--frequency-penalty"},
               {"presence_penalty", "--presence-penalty"},
               {"cache_type", "--cache-type"}});
  if (const Json context = request.value("context", Json(0)); context != Json(0)) add(out, "--context", context.dump());
  if (request.value("control_tokens", Json()) == Json(true)) out += " --control-tokens";
  if (const Json stop = request.value("stop", Json()); stop.is_array())
    for (const Json& text : stop)
      if (text.is_string()) add(out, "--stop", text.get<std::string>());
  // Their texts stand in the receipt; a shell hands them over as a file.
  for (const char* form : {"schema", "grammar"})
    if (const std::string text = text_at(request, form); !text.empty()) out.append(fmt::format(" --{} <(printf %s {})", form, shell_quoted(text)));
  return out.append(" -- ").append(shell_quoted(text_at(request, "prompt"))) + "\n";
}

}  // namespace

std::string shell_quoted(std::string_view raw, bool is_file) {
  std::string text = printable(raw, raw.size() * 3 + 1);
  if (is_file && text.starts_with('-')) text = "./" + text;
  if (!text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%") == std::string::npos &&
      text[0] != '-')
    return text;
  replace_all(text, "'", "'\\''");
  return "'" + text + "'";
}

Result<std::string> work_command(const Json& receipt, const fs::path& file) {
  if (!receipt["request"].is_object()) return fail(ErrorCode::corrupt, "{}: the receipt's request is no object", file.string());
  if (is_object_receipt(receipt)) return object_command(receipt, file);
  if (is_text_receipt(receipt)) return generate_command(receipt);
  if (text_at(receipt, "kind").starts_with("picture")) return create_command(receipt, file);
  return fail(ErrorCode::unsupported, "{}: a work of the kind '{}'", file.string(), printable(text_at(receipt, "kind"), 80));
}

}  // namespace ptah
