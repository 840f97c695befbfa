#include "cli/seed_option.h"

#include "base/seed.h"
#include "cli/output.h"

namespace ptah::cli {

void add_seed_option(CLI::App& command, std::function<void(uint64_t)> take, const std::string& help) {
  auto random = std::make_shared<std::optional<uint64_t>>();
  command
      .add_option_function<std::string>(
          "--seed",
          [take = std::move(take), random](const std::string& text) {
            const auto chosen = parse_seed(text);
            if (!chosen) throw CLI::ValidationError("--seed", chosen.error().message);
            take(chosen->value);
            if (chosen->random) *random = chosen->value;
          },
          help)
      ->type_name("N");
  command.parse_complete_callback([&command, random] {
    const CLI::Option* quiet = command.get_option_no_throw("--quiet");
    if (*random && (!quiet || quiet->count() == 0)) print_error("seed {}\n", **random);
  });
}

}  // namespace ptah::cli
