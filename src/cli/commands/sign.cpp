#include "base/input.h"
#include "cli/commands/commands.h"
#include "own/signed_receipt.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxSignedBytes = size_t{1} << 30;
constexpr size_t kMaxSignedFiles = 1000;

struct SignOptions {
  std::vector<std::string> files;
  std::string out, title;
  bool replace = false, json = false, quiet = false;
  SigningOptions signing;
};

/// The path of "NAME=FILE" or "FILE", and what it is called in the work.
std::pair<fs::path, std::string> named_file(const std::string& said) {
  const size_t equals = said.find('=');
  std::error_code problem;
  if (equals == std::string::npos || fs::exists(said, problem)) return {said, fs::path(said).filename().string()};
  return {said.substr(equals + 1), said.substr(0, equals)};
}

/// The files, as they are.
Result<Work> work_of_files(const std::vector<std::string>& files) {
  if (files.size() > kMaxSignedFiles) return fail(ErrorCode::over_budget, "{} files; a work holds {} at most", files.size(), kMaxSignedFiles);
  Work out;
  size_t left = kMaxSignedBytes;
  for (const std::string& file : files) {
    const auto [path, name] = named_file(file);
    if (name.empty() || name[0] == '.' || name == "receipt.json" || name.find('/') != std::string::npos)
      return fail(ErrorCode::invalid_argument, "{}: a file of a work cannot be called '{}'", file, name);
    if (out.files.contains(name))
      return fail(ErrorCode::invalid_argument, "{}: there is another file called '{}'; NAME=FILE gives it another name", file, name);
    PTAH_TRY(Bytes bytes, read_input(path, kMaxSignedBytes, &interrupted()));
    if (bytes.size() > left) return fail(ErrorCode::over_budget, "the files have more than {} MiB together", kMaxSignedBytes >> 20);
    left -= bytes.size();
    out.files[name] = std::move(bytes);
  }
  return out;
}

Result<void> run_sign(const SignOptions& o) {
  if (o.signing.none) return fail(ErrorCode::invalid_argument, "--no-sign: without a signature there is nothing to do");
  const std::string title = o.title.empty() ? named_file(o.files.front()).second : o.title;
  const WorkPlace place = place_of_work(o.out, folder_name(o.title.empty() ? fs::path(title).stem().string() : title), false, o.replace);
  PTAH_TRY_VOID(check_place(place, o.out));
  PTAH_TRY(Work work, work_of_files(o.files));
  PTAH_TRY(const auto key, signing_key(o.signing));
  if (!key) return fail(ErrorCode::not_found, "there is no key to sign with; ptah key new makes one");
  PTAH_TRY_VOID(seal(work, begun_receipt("files", {{"prompt", title}})));
  PTAH_TRY_VOID(sign_work(work, *key));
  PTAH_TRY(const fs::path folder, write_work(work, place.folder, place.if_taken));
  std::vector<fs::path> files;
  for (const auto& file : work.files) files.push_back(folder / file.first);
  say_made({folder, files, {{"receipt", work.receipt}}}, o.json, o.quiet);
  return {};
}

}  // namespace

void add_sign(CLI::App& app, Action& action) {
  auto o = std::make_shared<SignOptions>();
  CLI::App* command = app.add_subcommand("sign", "sign files of yours as one work: copies, and a receipt with their digests");
  command->add_option("files", o->files, "files of any kind; they stay as they are. NAME=FILE: FILE under another name")->required();
  command->add_option("--title", o->title, "what the work is called (default: the name of the first file)");
  command->add_option("--out", o->out, "folder of the work (default: a new one, ptah-works/NAME)");
  add_replace_option(*command, o->replace);
  command->add_flag("--json", o->json, "print a JSON line");
  command->add_flag("--quiet", o->quiet, "print nothing but errors");
  add_signing_options(*command, o->signing);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_sign(*o); })); }; });
}

}  // namespace ptah::cli
