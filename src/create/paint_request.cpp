#include <cmath>

#include "create/diffusion_model.h"
#include "text/prompt_syntax.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, PaintRequest>
void fields(C& c, const Visit& visit) {
  visit("prompt", c.prompt);
  visit("negative", c.negative);
  visit("seed", c.seed);
  visit("steps", c.steps);
  visit("guidance", c.guidance);
  visit("rescale", c.rescale);
  visit("perpendicular", c.perpendicular, Later());
  visit("sampler", c.sampler);
  visit("schedule", c.schedule);
  visit("width", c.width);
  visit("height", c.height);
  visit("clip_skip", c.clip_skip);
  visit("prediction", c.prediction);
  visit("noise", c.noise);
  visit("strength", c.strength);
  visit("enlarge", c.enlarge);
  visit("enlarge_strength", c.enlarge_strength);
  visit("refine_from", c.refine_from, Later{0.8});
  visit("tile", c.tile);
  visit("as_diffusers", c.as_diffusers, Later());
  visit("prompt_rules", c.prompt_rules, Later{1});
}

Json to_json(const PaintRequest& request) { return json_of_fields(request); }
Result<PaintRequest> paint_request(const Json& json) {
  PTAH_TRY(PaintRequest out, fields_from_json<PaintRequest>(json, "request"));
  if (!json.contains("prompt_rules")) out.prompt_rules = 1;  // made before there were others
  return out;
}

Result<void> check(const PaintRequest& r) {
  if (r.steps < 1 || r.steps > 1000) return fail(ErrorCode::invalid_argument, "steps {}; 1 to 1000 are possible", r.steps);
  if (!(r.guidance >= 0 && r.guidance <= 100)) return fail(ErrorCode::invalid_argument, "guidance {}; 0 to 100 are possible", r.guidance);
  if (!(r.refine_from >= 0 && r.refine_from <= 1)) return fail(ErrorCode::invalid_argument, "refine_from {}; 0 to 1 are possible", r.refine_from);
  if (!(r.rescale >= 0 && r.rescale <= 1)) return fail(ErrorCode::invalid_argument, "rescale {}; 0 to 1 are possible", r.rescale);
  if (!(r.perpendicular >= 0 && r.perpendicular <= 10)) return fail(ErrorCode::invalid_argument, "perpendicular {}; 0 to 10 are possible", r.perpendicular);
  if (r.perpendicular > 0 && r.guidance == 1)
    return fail(ErrorCode::invalid_argument, "perpendicular guidance needs guidance other than 1, which leaves the negative prompt out");
  for (const int64_t edge : {r.width, r.height})
    if (edge != 0 && (edge < 64 || edge > kMostPaintedEdge || edge % kPaintedEdgeStep != 0))
      return fail(ErrorCode::invalid_argument, "an edge of {} pixels; multiples of {} from 64 to {} are possible", edge, kPaintedEdgeStep, kMostPaintedEdge);
  if (r.clip_skip < 0 || r.clip_skip > 12) return fail(ErrorCode::invalid_argument, "clip-skip {}; 0 to 12 are possible", r.clip_skip);
  if (r.prompt.size() + r.negative.size() > 100000)
    return fail(ErrorCode::invalid_argument, "prompts of {} bytes; 100,000 are possible", r.prompt.size() + r.negative.size());
  if (!r.prediction.empty() && r.prediction != "noise" && r.prediction != "velocity")
    return fail(ErrorCode::invalid_argument, "unknown prediction '{}'; known: noise velocity", r.prediction);
  if (r.prompt_rules != 1 && r.prompt_rules != 2) return fail(ErrorCode::invalid_argument, "prompt_rules {}; 1 and 2 are possible", r.prompt_rules);
  if (r.noise != "philox" && r.noise != "torch") return fail(ErrorCode::invalid_argument, "unknown noise '{}'; known: philox torch", r.noise);
  for (const float share : {r.strength, r.enlarge_strength})
    if (!(share > 0 && share <= 1)) return fail(ErrorCode::invalid_argument, "strength {}; above 0 to 1 is possible", share);
  if (!(r.enlarge >= 1 && r.enlarge <= 4)) return fail(ErrorCode::invalid_argument, "enlarge {}; 1 to 4 are possible", r.enlarge);
  if (r.tile != 0 && (r.tile < 128 || r.tile > kMostPaintedEdge || r.tile % 64 != 0))
    return fail(ErrorCode::invalid_argument, "tiles of {} pixels; multiples of 64 from 128 to {} are possible", r.tile, kMostPaintedEdge);
  if (!r.sampler.empty()) PTAH_TRY_VOID(noise_sampler_by_name(r.sampler));
  if (!r.schedule.empty()) PTAH_TRY_VOID(noise_schedule_by_name(r.schedule));
  if (r.prompt_rules == 1) return {};
  PTAH_TRY_VOID(prompt_notes(r));
  return {};
}

Result<std::vector<std::string>> prompt_notes(const PaintRequest& r) {
  PTAH_TRY(std::vector<std::string> notes, check_prompt(r.prompt, "the prompt"));
  PTAH_TRY(const std::vector<std::string> more, check_prompt(r.negative, "the negative prompt"));
  notes.insert(notes.end(), more.begin(), more.end());
  return notes;
}

}  // namespace ptah
