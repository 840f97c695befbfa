// What the configs of trainings of adapters share.
#pragma once

#include "base/text.h"
#include "nn/lora.h"
#include "tensor/device.h"
#include "train/loop/claim.h"
#include "train/loop/stage.h"

namespace ptah {

/// Keys data, out, start_from, held_out (a share, or a file), lora (rank, alpha, targets) and dtype, and the claim of the folder `out`. Others are read through
/// `reader`; stage() comes last. Throws Failure naming the key.
struct AdapterTraining {
  AdapterTraining(const Json& config, const std::filesystem::path& base_folder, const char* default_data, const char* default_out)
      : reader(config, ""), config_(config) {
    data = base_folder / reader.get<std::string>("data", default_data);
    out = base_folder / reader.get<std::string>("out", default_out);
    start_from = reader.get<std::string>("start_from", "smollm2");
    if (reader.get<Json>("held_out", 0.1).is_string())
      held_out_file = base_folder / reader.get<std::string>("held_out", "");
    else
      held_out = reader.get<double>("held_out", 0.1);
    Reader lora_reader(reader.object("lora"), "lora");
    lora.rank = lora_reader.get<int64_t>("rank", 16);
    lora.alpha = lora_reader.get<float>("alpha", static_cast<float>(2 * lora.rank));
    lora.targets =
        lora_reader.get<std::vector<std::string>>("targets", {"attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down"});
    lora_reader.done();
    const auto name = reader.get<std::string>("dtype", compute_dtype() == DType::bf16 ? "bf16" : "f32");
    if (name != "f32" && name != "bf16") throw Failure(unknown_name("dtype", name, "f32 bf16").value());
    type = name == "bf16" ? DType::bf16 : DType::f32;
    if (!(held_out >= 0 && held_out < 1)) throw Failure({ErrorCode::invalid_argument, "config: held_out is 0 to 1"});
  }

  /// Whether the config says a key.
  bool says(const std::string& key) const { return config_.contains(key); }

  /// Claims the folder and reads the keys of every stage, with these defaults.
  Stage stage(const Json& defaults, const TrainCallbacks& callbacks) {
    for (const auto& [key, value] : defaults.items()) reader.fall_back(key, value);
    if (auto claimed = claim_training_folder(out, config_); !claimed) throw Failure(claimed.error());
    Stage made = read_stage(reader, out, callbacks);
    reader.done();
    return made;
  }

  Reader reader;
  std::filesystem::path data, out, held_out_file;
  std::string start_from;
  double held_out = 0.1;
  LoraConfig lora;
  DType type = DType::f32;

 private:
  Json config_;
};

}  // namespace ptah
