#include "jobs/engine_identity.h"

#include "base/file.h"
#include "base/sha256.h"
#include "models/registry.h"
#include "tensor/device.h"
#include "work/receipt.h"

namespace ptah {

std::string engine_identity() {
  std::string out = fmt::format("{} {}", kEngineVersion, numeric_path());
  const auto folder = models_folder();
  const auto index = folder ? read_text(*folder / "index.json") : Result<std::string>("");
  return out + " " + (index ? sha256_hex(as_bytes(*index)) : "");
}

}  // namespace ptah
