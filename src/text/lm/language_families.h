// The families of language models, one description each: what their models have in common. Sizes, bases and windows are in each model's configuration
// (language_config.h); the network that all of them are is decoder.h.
#pragma once

#include <string>

namespace ptah {

struct LanguageFamily {
  const char* name;        ///< GGUF's general.architecture
  const char* model_type;  ///< Hugging Face's
  // The network.
  bool layer_norm = false;         ///< LayerNorm with bias instead of RMSNorm
  bool gated = true;               ///< down(act(gate) · up), else down(act(up))
  bool gelu = false;               ///< the tanh form, else SiLU
  bool learned_positions = false;  ///< a table of positions instead of rotation
  bool local_base = false;         ///< layers that see a window rotate with a base of their own
  bool scaled_embedding = false;   ///< by √width
  // How its files hold it.
  bool tied = false;                ///< the embedding makes the logits too, unless a configuration says otherwise
  bool gguf_neighbours = false;     ///< GGUF's queries and keys are in the order that rotates neighbours
  bool gguf_windows = false;        ///< GGUF has a key for the window
  bool norms_less_one = false;      ///< Hugging Face's norm weights are less by 1
  bool norms_after_layers = false;  ///< what a layer gives is normed before it is added
  bool transposed = false;          ///< Hugging Face's matrices are [in, out]
};

/// By GGUF's name, or by Hugging Face's; null if it is not known.
const LanguageFamily* family_by_name(const std::string& name);
const LanguageFamily* family_by_model_type(const std::string& model_type);
/// All names with commas between, of GGUF's or of Hugging Face's.
std::string family_names(bool gguf);

/// Hugging Face's name of a tensor ("model.layers.0.self_attn.q_proj.weight") → GGUF's ("blk.0.attn_q.weight"), which Ptah uses; "" if the tensor has no part
/// in the computation. `family` is GGUF's name of it.
std::string gguf_name(const std::string& theirs, const std::string& family);
/// The inverse, with Hugging Face's usual beginnings ("model.", "transformer."); "" for a name that no tensor of the family has.
std::string hugging_face_name(const std::string& ours, const std::string& family);
/// Whether Hugging Face's files hold a matrix as [in, out]; `name` is GGUF's.
bool is_transposed(const std::string& name, const std::string& family);

}  // namespace ptah
