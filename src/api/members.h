// The public structs by the names of fields (docs/requests.md). A field that is not listed here cannot be asked for; a test holds the lists against the
// schemas.
#pragma once

#include "api/outcome.h"
#include "ptah/emotion.h"
#include "ptah/contract.h"
#include "ptah/engine.h"
#include "ptah/face.h"
#include "ptah/field.h"
#include "ptah/language.h"
#include "ptah/paint.h"
#include "ptah/texture.h"
#include "ptah/render.h"
#include "ptah/say.h"
#include "ptah/scene.h"
#include "ptah/shape.h"

namespace ptah {

template <class Visit>
void members(const MakeRequest& r, const Visit& visit) {
  visit("prompt", r.prompt);
  visit("seed", number_of(r.seed));
  visit("style", r.style);
  visit("size", r.size);
  visit("steps", r.steps);
  visit("guidance", r.guidance);
  visit("sampler", r.sampler);
  visit("background", r.background);
  visit("best_of", r.best_of);
  visit("watermark", r.watermark);
  visit("object", r.object);
  visit("solid", r.solid);
  visit("target_triangles", r.target_triangles);
  visit("route", r.route);
  visit("picture", r.picture);
  visit("size_mm", r.size_mm);
  visit("height_mm", r.height_mm);
  visit("low_poly", r.low_poly);
  visit("lod", r.lod);
  visit("collider", r.collider);
  visit("pivot", r.pivot);
  visit("millimetres", r.millimetres);
  visit("formats", r.formats);
  visit("from", r.from);
  visit("mask", r.mask);
  visit("strength", r.strength);
}

template <class Visit>
void members(const TextureRequest& r, const Visit& visit) {
  visit("mesh", r.mesh);
  visit("material", r.material);
  visit("texels", r.texels);
  visit("unwrap", r.unwrap);
  visit("scale", r.scale);
  visit("maps", r.maps);
  visit("model", r.model);
  visit("control", r.control);
  visit("views", r.views);
  visit("view_size", r.view_size);
  visit("seed", number_of(r.seed));
  visit("steps", r.steps);
  visit("guidance", r.guidance);
  visit("negative", r.negative);
}

template <class Visit>
void members(const PaintFiles& f, const Visit& visit) {
  const auto weighted = [](const std::vector<std::pair<std::filesystem::path, float>>& files) {
    Json out = Json::array();
    for (const auto& [file, strength] : files) out.push_back({{"file", file.string()}, {"strength", strength}});
    return out;
  };
  visit("model", f.model);
  visit("unet", f.unet);
  visit("autoencoder", f.autoencoder);
  visit("refiner", f.refiner);
  visit("t5", f.t5);
  visit("t5_words", f.t5_words);
  visit("loras", weighted(f.loras));
  visit("embeddings", f.embeddings);
  visit("controls", weighted(f.controls));
  visit("wraps", f.seamless);
  visit("quantize", f.quantize);
}

template <class Visit>
void members(const PaintSettings& s, const Visit& visit) {
  visit("prompt", s.prompt);
  visit("negative", s.negative);
  visit("seed", number_of(s.seed));
  visit("steps", s.steps);
  visit("guidance", s.guidance);
  visit("rescale", s.rescale);
  visit("perpendicular", s.perpendicular);
  visit("refine_from", s.refine_from);
  visit("sampler", s.sampler);
  visit("schedule", s.schedule);
  visit("width", s.width);
  visit("height", s.height);
  visit("clip_skip", s.clip_skip);
  visit("prediction", s.prediction);
  visit("noise", s.noise);
  visit("as_diffusers", s.as_diffusers);
  visit("from", s.from);
  visit("mask", s.mask);
  visit("extend", s.extend);
  visit("strength", s.strength);
  visit("control_pictures", s.controls);
  visit("edges", s.edges);
  visit("enlarge", s.enlarge);
  visit("enlarge_strength", s.enlarge_strength);
  visit("tile", s.tile);
  visit("watermark", s.watermark);
  visit("cut", s.cut ? s.background : std::string());
  visit("cut_by", s.cut_by);
  visit("formats", s.formats);
  visit("solid", s.solid);
  visit("target_triangles", s.target_triangles);
  visit("size_mm", s.size_mm);
  visit("height_mm", s.height_mm);
  visit("millimetres", s.millimetres);
  visit("fit", s.fit);
  visit("prompt_rules", s.prompt_rules);
  visit("mask_rule", s.mask_rule);
}

template <class Visit>
void members(const AnswerOptions& o, const Visit& visit) {
  visit("max_tokens", o.max_tokens);
  visit("temperature", o.temperature);
  visit("top_k", o.top_k);
  visit("top_p", o.top_p);
  visit("min_p", o.min_p);
  visit("typical_p", o.typical_p);
  visit("repetition_penalty", o.repetition_penalty);
  visit("frequency_penalty", o.frequency_penalty);
  visit("presence_penalty", o.presence_penalty);
  visit("penalty_window", o.penalty_window);
  visit("dry_multiplier", o.dry_multiplier);
  visit("dry_base", o.dry_base);
  visit("dry_allowed_length", o.dry_allowed_length);
  visit("lookup", o.lookup);
  visit("seed", number_of(o.seed));
  visit("stop", o.stop);
  visit("schema", o.json_schema);
  visit("grammar", o.grammar);
}

template <class Visit>
void members(const RenderRequest& r, const Visit& visit) {
  visit("file", r.file);
  visit("set", r.set);
  visit("texture", r.texture);
  visit("size", r.size);
  visit("environment", r.environment);
  visit("environment_turn", r.environment_turn);
  visit("exposure", r.exposure);
  visit("view", r.view);
  if (r.azimuth) visit("azimuth", *r.azimuth);
  if (r.elevation) visit("elevation", *r.elevation);
  visit("field_of_view", r.field_of_view);
  visit("background", r.background);
  visit("ground", r.ground);
  visit("turntable", r.turntable);
  visit("frame_rate", r.frame_rate);
  visit("format", r.format);
  visit("samples", r.samples);
  visit("seed", number_of(r.seed));
  visit("denoise", r.denoise);
}

template <class Visit>
void members(const SceneRequest& r, const Visit& visit) {
  visit("prompt", r.prompt);
  visit("program", r.program);
  visit("edits", r.edits);
  visit("seed", number_of(r.seed));
  visit("size", r.size);
  visit("azimuth", r.azimuth);
  visit("elevation", r.elevation);
}

template <class Visit>
void members(const ContractRequest& r, const Visit& visit) {
  visit("text", r.text);
  visit("specification", r.specification);
  visit("set", r.set);
  visit("ignore", r.ignore);
}

template <class Visit>
void members(const FieldRequest& r, const Visit& visit) {
  visit("folder", r.folder);
  visit("seconds", r.seconds);
  visit("steps", r.steps);
  visit("resolution", r.resolution);
  visit("held_out", r.held_out);
  visit("max_edge", r.max_edge);
  visit("smooth", r.smooth);
  visit("seed", number_of(r.seed));
}

template <class Visit>
void members(const SayRequest& r, const Visit& visit) {
  visit("text", r.text);
  visit("voice", r.voice);
  visit("lexicon", r.lexicon);
  visit("speed", r.speed);
  visit("pitch", r.pitch);
  visit("energy", r.energy);
  visit("pause", r.pause);
  visit("captions", r.captions);
  visit("precision", r.precision);
  visit("format", r.format);
  visit("watermark", r.watermark);
  visit("follow_emotion", r.follow_emotion);
  visit("model", r.model);
}

template <class Visit>
void members(const EmotionRequest& r, const Visit& visit) {
  visit("text", r.text);
  visit("lines", r.lines);
  visit("model", r.model);
}

template <class Visit>
void members(const FaceRequest& r, const Visit& visit) {
  visit("text", r.text);
  visit("set", r.set);
  visit("seed", number_of(r.seed));
  visit("size", r.size);
  visit("azimuth", r.azimuth);
  visit("elevation", r.elevation);
  visit("environment", r.environment);
  visit("background", r.background);
  visit("texture", r.texture);
  visit("watermark", r.watermark);
  visit("model", r.model);
}

template <class Visit>
void members(const TalkRequest& r, const Visit& visit) {
  visit("text", r.text);
  visit("face", r.face);
  visit("person", r.person);
  visit("set", r.set);
  visit("seed", number_of(r.seed));
  visit("voice", r.voice);
  visit("lexicon", r.lexicon);
  visit("speed", r.speed);
  visit("size", r.size);
  visit("azimuth", r.azimuth);
  visit("elevation", r.elevation);
  visit("environment", r.environment);
  visit("background", r.background);
  visit("animate", r.animate);
  visit("frame_rate", r.frame_rate);
  visit("precision", r.precision);
  visit("voice_model", r.voice_model);
  visit("model", r.model);
}

template <class Visit>
void members(const PhotoRequest& r, const Visit& visit) {
  visit("picture", r.picture);
  visit("donor", r.donor);
  visit("consents", r.consents);
  visit("smile", r.smile);
  visit("brows", r.brows);
  visit("eyes", r.eyes);
  visit("gaze_x", r.gaze_x);
  visit("gaze_y", r.gaze_y);
  visit("label", r.label);
  visit("watermark", r.watermark);
  visit("model", r.model);
}

template <class Visit>
void members(const MeshOutput& o, const Visit& visit) {
  visit("low_poly", o.low_poly);
  visit("quads", o.quads);
  visit("lod", o.lod);
  visit("collider", o.collider);
  visit("pivot", o.pivot);
  visit("parts", o.parts);
  visit("palette", o.palette);
  visit("print_colours", o.print_colours);
  visit("split", o.split);
}

template <class Visit>
void members(const ShapeRequest& r, const Visit& visit) {
  visit("program", r.program);
  visit("set", r.set);
  visit("detail", r.detail);
  visit("size", r.size);
  visit("texture", r.texture);
  visit("formats", r.formats);
}

template <class Visit>
void members(const ConvertRequest& r, const Visit& visit) {
  visit("mesh", r.mesh);
  visit("format", r.format);
  visit("resolution", r.resolution);
  visit("points", r.points);
  visit("unit", r.unit);
  visit("up", r.up);
}

/// The values of structs, by fields.
template <class... Structs>
Json values_of(const Structs&... structs) {
  Json values = Json::object();
  const auto put = [&](const char* name, const auto& member) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, Json>)
      values[name] = member;
    else
      values[name] = FieldTraits<std::remove_cvref_t<decltype(member)>>::to_json(member);
  };
  (members(structs, put), ...);
  return values;
}

/// The request that structs ask for, checked.
template <class R, class... Structs>
Result<R> request_of(const SchemaOf<R>& schema, const Structs&... structs) {
  return schema.of_structs(values_of(structs...));
}

}  // namespace ptah
