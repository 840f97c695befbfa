// What the readers of other programs' settings share.
#pragma once

#include <charconv>
#include <string_view>

#include "base/json.h"
#include "pipelines/recall/recall.h"

namespace ptah {

template <class T>
bool read_number(std::string_view text, T& into) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return false;
  into = value;
  return true;
}

/// The name of a sampler or schedule elsewhere; nothing if it is not known.
enum class NamedBy { webui, comfy };
const char* sampler_called(NamedBy by, const std::string& name);
const char* schedule_called(NamedBy by, const std::string& name);
/// Ours as the WebUI calls it; as it is if the WebUI has none.
std::string sampler_in_webui(const std::string& ours);
std::string schedule_in_webui(const std::string& ours);

/// Takes a sampler's and a schedule's name as ComfyUI and its relatives write them ("dpmpp_2m_sde_gpu"), or notes them.
void take_sampler(Recalled& out, std::string name);
void take_schedule(Recalled& out, const std::string& name);
/// Takes a seed, in decimal; below 0 as PyTorch does (−1, "any", is noted).
void take_seed(Recalled& out, std::string_view decimal);
/// Takes a number from JSON (or from a text that holds one) if it is there; what is not a number that T can hold is noted.
void take_number(Recalled& out, const Json& from, const char* key, float& into);
void take_number(Recalled& out, const Json& from, const char* key, int64_t& into);
void take_seed(Recalled& out, const Json& from, const char* key);
/// What most programs' settings hold, by the names that they have there; null: there is no such member.
struct CommonNames {
  const char *prompt = "prompt", *negative = nullptr, *guidance = nullptr, *width = "width", *height = "height", *sampler = nullptr, *schedule = nullptr;
};
/// Their prompts, steps, guidance, seed, size, sampler and schedule, with PyTorch's noise.
Recalled take_common(const char* by, const Json& from, const CommonNames& names);
/// Settings that are one JSON object. Errors: corrupt.
Result<Json> settings_object(const char* by, const std::string& text);
/// Notes the members that are neither known nor empty.
void note_others(Recalled& out, const Json& from, const std::vector<std::string_view>& known);

/// A model's name as a file: with its ending, its folders after slashes.
std::filesystem::path model_file(std::string name);

/// JSON as other programs write it: NaN and Infinity are null, what is not UTF-8 is Latin-1. Errors: corrupt.
Result<Json> strangers_json(const std::string& text);

/// PNGs of others hold text in Latin-1 too.
std::string as_utf8(const std::string& text);

/// A part of a prompt that stands for itself here, weighted.
std::string weighted(const std::string& text, float weight);

}  // namespace ptah
