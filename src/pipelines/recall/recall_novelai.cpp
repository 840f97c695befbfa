// NovelAI: one JSON object ("Comment").
#include <cmath>

#include "base/text.h"
#include "pipelines/recall/recall_parts.h"

namespace ptah {

namespace {

/// {word} counts 1.05 times, [word] 1 / 1.05; here the same in numbers. "1.3::word ::" is left as it is and noted.
std::string with_numbers(const std::string& text, std::vector<std::string>& missed) {
  std::string out, part;
  int depth = 0;
  const auto flush = [&] {
    out += weighted(part, depth == 0 ? 1.0F : static_cast<float>(std::round(std::pow(1.05, depth) * 10000) / 10000));
    part.clear();
  };
  for (const char c : text) {
    if (c != '{' && c != '}' && c != '[' && c != ']') {
      part += c;
      continue;
    }
    flush();
    depth = std::clamp(depth + (c == '{' || c == ']' ? 1 : -1), -60, 60);
  }
  flush();
  if (text.find("::") != std::string::npos) missed.emplace_back("weights written as 1.3::words:: are not read here");
  return out;
}

}  // namespace

Result<Recalled> recall_novelai(const std::string& text) {
  PTAH_TRY(const Json json, settings_object("NovelAI", text));
  Recalled out = take_common("NovelAI", json, {.negative = "uc", .guidance = "scale"});
  PaintRequest& r = out.request;
  take_number(out, json, "cfg_rescale", r.rescale);
  r.prompt = with_numbers(r.prompt, out.missed);
  r.negative = with_numbers(r.negative, out.missed);
  if (json.contains("sampler")) {
    std::string name = text_at(json, "sampler");
    if (name.starts_with("k_")) name.erase(0, 2);
    if (name == "ddim_v3") name = "ddim";
    take_sampler(out, name);
  }
  if (const std::string schedule = text_at(json, "noise_schedule"); !schedule.empty()) take_schedule(out, schedule == "native" ? "normal" : schedule);
  if (json.contains("image") || text_at(json, "request_type") == "Img2ImgRequest") {
    take_number(out, json, "strength", r.strength);
    out.missed.emplace_back("the picture it started from (`from`)");
  }
  out.missed.emplace_back("the model: NovelAI's own are not published");
  if (json.value("sm", Json()) == Json(true) || json.value("dynamic_thresholding", Json()) == Json(true))
    out.missed.emplace_back("SMEA and dynamic thresholding: NovelAI's own, not computed here");
  if (const Json v4 = json.value("v4_prompt", Json()); v4.is_object())
    if (const Json caption = v4.value("caption", Json()); caption.is_object())
      if (const Json people = caption.value("char_captions", Json()); people.is_array() && !people.empty())
        out.missed.emplace_back("the captions of single characters (v4_prompt)");
  return out;
}

}  // namespace ptah
