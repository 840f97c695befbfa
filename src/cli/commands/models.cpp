#include "cli/commands/commands.h"
#include "models/hub.h"
#include "models/registry.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

Result<void> list_models(bool verbose) {
  PTAH_TRY(const fs::path shipped, models_folder());
  const auto pulled = pulled_models_folder();
  PTAH_TRY(const auto models, known_models(shipped, pulled.value_or(fs::path())));  // without a home none is pulled
  for (const Model& m : models) {
    if (m.kind == Model::Kind::online) continue;
    const std::string source = m.source.empty() ? "an unknown place" : m.source;
    print("{:<14} {:>7.1f} MB  {}\n", m.name, static_cast<double>(m.bytes) / 1e6, m.purpose.empty() ? "from " + source : m.purpose);
    if (!verbose) continue;
    print("  place {}\n", m.place);
    if (m.kind == Model::Kind::pulled) print("  from {}\n", source);
    print("  licence {}\n", m.licence.empty() ? "not stated" : m.licence);
    for (const auto& [file, sha256] : m.files) print("  sha256 {}  {}\n", sha256, file);
  }
  return {};
}

}  // namespace

void add_models(CLI::App& app, Action& action) {
  struct Options {
    std::string gone;
    bool verbose = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("models", "list the models that are here, shipped and pulled, and what each is for");
  command->add_flag("--verbose", o->verbose, "also places, licences and SHA-256 digests");
  command->add_option("--remove", o->gone, "remove this pulled model")->type_name("NAME");
  command->callback([o, &action] {
    action = [o] {
      return finish(guard([&]() -> Result<void> {
        if (o->gone.empty()) return list_models(o->verbose);
        PTAH_TRY(const fs::path here, pulled_models_folder());
        PTAH_TRY_VOID(remove_pulled(o->gone, here));
        print("removed {}\n", o->gone);
        return {};
      }));
    };
  });
}

}  // namespace ptah::cli
