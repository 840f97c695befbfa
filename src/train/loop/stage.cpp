#include "train/loop/stage.h"

#include "base/seed.h"

namespace ptah {

namespace fs = std::filesystem;

uint64_t seed_of_stage(const Json& wanted, const fs::path& folder, const TrainCallbacks& callbacks) {
  ChosenSeed chosen = value_or_throw(seed_of(wanted));
  if (!chosen.random || callbacks.only_check) return chosen.value;
  const fs::path file = folder / "seed.txt";
  if (fs::exists(file)) {
    chosen = value_or_throw(parse_seed(trimmed(value_or_throw(read_text(file, 64)))));
  } else {
    fs::create_directories(folder);
    value_or_throw(write_file(file, std::to_string(chosen.value) + "\n"));
  }
  if (callbacks.say) callbacks.say(fmt::format("{}: seed {}", folder.filename().string(), chosen.value));
  return chosen.value;
}

}  // namespace ptah
