// ComfyUI: a graph of nodes, {"id": {"class_type": …, "inputs": {name: value or ["id", output]}}}, read backwards from the node that saves the picture.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "pipelines/recall/recall_parts.h"

namespace ptah {

namespace {

constexpr int kMaxDepth = 100;  ///< of links one behind another: a graph may go round in circles

using Node = const Json*;

std::string kind_of(Node node) { return node ? text_at(*node, "class_type") : ""; }
bool contains(const std::string& text, std::string_view part) { return lower_case(text).find(part) != std::string::npos; }

/// The input of a node; null if there is none.
const Json& input(Node node, const std::string& name) {
  static const Json none;
  if (!node || !node->is_object()) return none;
  const auto inputs = node->find("inputs");
  if (inputs == node->end() || !inputs->is_object()) return none;
  const auto value = inputs->find(name);
  return value == inputs->end() ? none : *value;
}

bool is_link(const Json& value) { return value.is_array() && value.size() == 2 && (value[0].is_string() || value[0].is_number_integer()); }

bool is_sampler(Node node) {
  const std::string kind = kind_of(node);
  if (kind == "KSampler" || kind == "KSamplerAdvanced" || kind == "SamplerCustom" || kind == "SamplerCustomAdvanced") return true;
  const bool draws = !input(node, "seed").is_null() || !input(node, "noise_seed").is_null() || !input(node, "noise").is_null();
  return draws && is_link(input(node, "latent_image")) && (is_link(input(node, "positive")) || is_link(input(node, "guider")));
}

/// One sampler on the way, and what lies between it and the sampler before it.
struct Pass {
  std::string id;
  Node node = nullptr;
  std::vector<Node> before;
  std::string seed, sampler, schedule;
  int64_t steps = 20, start = 0, end = 10000;
  float guidance = 7, denoise = 1;
  Node guider = nullptr;  ///< holds model, positive and negative; often the sampler itself
  std::string checkpoint;
};

/// A prompt as ComfyUI counts it: (words) 1.1 times, (words:1.3) 1.3 times whatever is around; nothing else is syntax.
void weighted_parts_of(std::string_view text, float weight, int depth, std::vector<std::pair<std::string, float>>& out) {
  std::string part;
  const auto flush = [&] {
    if (!part.empty()) out.emplace_back(part, weight);
    part.clear();
  };
  std::vector<size_t> opened, closed(text.size(), std::string_view::npos);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '(') {
      opened.push_back(i);
    } else if (text[i] == ')' && !opened.empty()) {
      closed[opened.back()] = i;
      opened.pop_back();
    }
  }
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '(' || text[at + 1] == ')')) {
      part += text[++at];
      continue;
    }
    const size_t end = depth < 50 ? closed[at] : std::string_view::npos;
    if (end == std::string_view::npos) {
      part += text[at];
      continue;
    }
    flush();
    std::string_view inner = text.substr(at + 1, end - at - 1);
    float own = weight * 1.1F, told = 0;
    const size_t colon = inner.rfind(':');
    if (colon != std::string_view::npos && colon > 0 && read_number(trimmed(inner.substr(colon + 1)), told)) {
      own = told;
      inner = inner.substr(0, colon);
    }
    weighted_parts_of(inner, own, depth + 1, out);
    at = end;
  }
  flush();
}

class Graph {
 public:
  Graph(const Json& graph, Recalled& out) : graph_(graph), out_(out) {}

  Result<void> read() {
    Node saver = nullptr;
    std::vector<Pass> passes = passes_to(saver);
    if (passes.empty()) return fail(ErrorCode::unsupported, "ComfyUI's graph has no sampler that leads to a picture");
    for (Pass& pass : passes) read_pass(pass);
    Pass& first = passes.front();
    PaintRequest& r = out_.request;
    if (!first.seed.empty()) take_seed(out_, first.seed);
    r.steps = first.steps;
    r.guidance = first.guidance;
    if (!first.sampler.empty()) take_sampler(out_, first.sampler);
    const bool third = std::any_of(graph_.begin(), graph_.end(), [](const Json& one) { return kind_of(&one).find("SD3") != std::string::npos; });
    if (third && (first.schedule == "simple" || first.schedule == "normal" || first.schedule == "sgm_uniform"))
      r.schedule = "flow";  // what these come to with the levels of Stable Diffusion 3
    else if (!first.schedule.empty())
      take_schedule(out_, first.schedule);
    first.checkpoint = take_model(linked(first.guider, "model"), true);
    r.prompt = prompt_of(first.guider, "positive");
    if (r.prompt.empty() && is_link(input(first.guider, "conditioning"))) r.prompt = prompt_of(first.guider, "conditioning");
    r.negative = prompt_of(first.guider, "negative");
    take_start(first);
    if (saved_.autoencoder) take_autoencoder(linked(saved_.autoencoder, "vae"));
    if (passes.size() > 1)
      out_.missed.push_back(
          fmt::format("{} samplers lead to the picture; seed, steps, guidance and sampler are those of the first (node {})", passes.size(), first.id));
    for (size_t i = 1; i < passes.size(); ++i) take_further(passes[i], passes[i - 1], i);
    for (Node node : saved_.after) note_node(node, "behind the last sampler");
    return {};
  }

 private:
  /// What lies between the last sampler and the file.
  struct Saved {
    Node autoencoder = nullptr;
    std::vector<Node> after;
  };

  Node node(const Json& link) const {
    if (!is_link(link)) return nullptr;
    const auto found = graph_.find(link[0].is_string() ? link[0].get<std::string>() : link[0].dump());
    return found == graph_.end() || !found->is_object() ? nullptr : &*found;
  }
  Node linked(Node from, const std::string& name) const { return node(input(from, name)); }

  std::string id_of(Node wanted) const {
    for (const auto& [id, one] : graph_.items())
      if (&one == wanted) return id;
    return "?";
  }

  void note_node(Node one, const char* where) {
    const std::string kind = kind_of(one);
    for (const char* known : {"VAEDecode", "VAEDecodeTiled", "VAEEncode", "VAEEncodeTiled", "SaveImage", "PreviewImage", "Reroute", "LatentUpscale",
                              "LatentUpscaleBy", "ImageScale", "ImageScaleBy"})
      if (kind == known) return;
    if (noted_.insert(one).second) out_.missed.push_back(fmt::format("node {}, {}", kind, where));
  }

  /// The nearest sampler that leads to a node through pictures and latents, and what is passed on the way.
  Node sampler_before(Node from, std::vector<Node>& passed, std::set<Node>& seen, int depth = 0) const {
    if (!from || depth > kMaxDepth || !seen.insert(from).second) return nullptr;
    if (is_sampler(from)) return from;
    passed.push_back(from);
    const Json none = Json::object();
    const auto found = from->find("inputs");
    const Json& inputs = found != from->end() && found->is_object() ? *found : none;
    static const std::set<std::string> kPictures{"images", "image", "samples", "latent_image", "latent", "latents", "pixels", "image1"};
    static const std::set<std::string> kOthers{"model", "clip", "vae", "positive", "negative", "conditioning", "control_net", "upscale_model", "mask"};
    for (const bool pictures : {true, false})
      for (const auto& [name, value] : inputs.items()) {
        if (pictures != (kPictures.count(name) > 0) || kOthers.count(name) > 0) continue;
        if (Node sampler = sampler_before(node(value), passed, seen, depth + 1)) return sampler;
      }
    return nullptr;
  }

  /// All samplers that lead to the saved picture, the first one first.
  std::vector<Pass> passes_to(Node& saver) {
    std::vector<Pass> passes;
    std::vector<std::pair<std::string, Node>> savers;
    for (const char* kind : {"save", "preview"})
      for (const auto& [id, one] : graph_.items())
        if (savers.empty() || contains(kind_of(savers.front().second), kind))
          if (contains(kind_of(&one), kind) && (node(input(&one, "images")) || node(input(&one, "image")))) savers.emplace_back(id, &one);
    Node sampler = nullptr;
    std::set<Node> seen;
    for (const auto& [id, one] : savers) {
      std::vector<Node> passed;
      std::set<Node> fresh;
      Node found = sampler_before(one, passed, fresh);
      if (!found) continue;
      if (sampler && found != sampler) {
        out_.missed.push_back(fmt::format("several pictures are saved; this is the one of node {}", id_of(saver)));
        break;
      }
      if (sampler) continue;
      sampler = found;
      saver = one;
      saved_.after.assign(passed.begin() + 1, passed.end());
    }
    if (!sampler && savers.empty()) sampler = last_sampler();
    for (Node one : saved_.after)
      if (!saved_.autoencoder && kind_of(one).starts_with("VAEDecode")) saved_.autoencoder = one;
    constexpr size_t kMaxPasses = 20;
    while (sampler && passes.size() < kMaxPasses && seen.insert(sampler).second) {
      Pass pass;
      pass.node = sampler;
      pass.id = id_of(sampler);
      std::set<Node> fresh{sampler};
      Node before = linked(sampler, "latent_image");
      sampler = sampler_before(before ? before : linked(sampler, "latent"), pass.before, fresh);
      passes.insert(passes.begin(), std::move(pass));
    }
    return passes;
  }

  /// Of a graph that saves nothing: a sampler that no other one begins with.
  Node last_sampler() {
    Node found = nullptr;
    std::set<Node> used;
    for (const auto& [id, one] : graph_.items()) {
      std::vector<Node> passed;
      std::set<Node> fresh;
      if (is_sampler(&one))
        if (Node before = sampler_before(linked(&one, "latent_image"), passed, fresh); before && before != &one) used.insert(before);
    }
    for (const auto& [id, one] : graph_.items()) {
      if (!is_sampler(&one) || used.count(&one) > 0) continue;
      if (found) {
        out_.missed.push_back(fmt::format("no node saves a picture, and there are several samplers; this is node {}", id_of(found)));
        break;
      }
      found = &one;
    }
    return found;
  }

  /// A number or text, also one that another node holds.
  Json scalar(const Json& value, int depth = 0) const {
    if (!is_link(value)) return value.is_primitive() ? value : Json();
    Node from = node(value);
    if (!from || depth > kMaxDepth || !look()) return {};
    for (const char* name : {"value", "Value", "seed", "noise_seed", "int", "number", "float", "text", "string", "a", ""})
      if (const Json& one = input(from, name); !one.is_null())
        if (Json found = scalar(one, depth + 1); !found.is_null()) return found;
    return {};
  }

  template <class T>
  void take(Node from, const char* name, T& into) {
    const Json& value = input(from, name);
    if (value.is_null()) return;
    const Json found = scalar(value);
    if (found.is_null())
      out_.missed.push_back(fmt::format("{}: {}", name, value.dump()));
    else
      take_number(out_, Json{{name, found}}, name, into);
  }
  std::string text_in(Node from, const char* name) const {
    const Json value = scalar(input(from, name));
    return value.is_string() ? value.get<std::string>() : "";
  }

  void read_pass(Pass& pass) {
    Node noise = linked(pass.node, "noise");
    for (const auto& [from, name] : {std::pair{pass.node, "seed"}, {pass.node, "noise_seed"}, {noise, "noise_seed"}, {noise, "seed"}})
      if (const Json seed = scalar(input(from, name)); !seed.is_null() && pass.seed.empty())
        pass.seed = seed.is_string() ? seed.get<std::string>() : seed.dump();
    pass.guider = linked(pass.node, "guider") ? linked(pass.node, "guider") : pass.node;
    if (kind_of(pass.guider) == "BasicGuider") pass.guidance = 1;
    take(pass.guider, "cfg", pass.guidance);
    take(pass.node, "steps", pass.steps);
    take(pass.node, "denoise", pass.denoise);
    take(pass.node, "start_at_step", pass.start);
    take(pass.node, "end_at_step", pass.end);
    pass.sampler = text_in(pass.node, "sampler_name");
    pass.schedule = text_in(pass.node, "scheduler");
    if (Node chosen = linked(pass.node, "sampler")) {
      pass.sampler = text_in(chosen, "sampler_name");
      for (const auto& [kind, name] : {std::pair{"SamplerEulerAncestral", "euler_ancestral"},
                                       {"SamplerDPMPP_2M_SDE", "dpmpp_2m_sde"},
                                       {"SamplerDPMPP_3M_SDE", "dpmpp_3m_sde"},
                                       {"SamplerDPMPP_2S_Ancestral", "dpmpp_2s_ancestral"}})
        if (pass.sampler.empty() && kind_of(chosen) == kind) pass.sampler = name;
      if (pass.sampler.empty()) note_node(chosen, "which chooses the sampler");
    }
    Node sigmas = linked(pass.node, "sigmas");
    for (int i = 0; i < kMaxDepth && sigmas; ++i) {
      const std::string kind = kind_of(sigmas);
      take(sigmas, "steps", pass.steps);
      take(sigmas, "denoise", pass.denoise);
      if (const std::string name = text_in(sigmas, "scheduler"); !name.empty()) pass.schedule = name;
      for (const auto& [one, name] : {std::pair{"KarrasScheduler", "karras"},
                                      {"ExponentialScheduler", "exponential"},
                                      {"AlignYourStepsScheduler", "ays"},
                                      {"BetaSamplingScheduler", "beta"}})
        if (kind == one) pass.schedule = name;
      if (pass.schedule.empty()) note_node(sigmas, "which makes the noise levels");
      sigmas = linked(sigmas, "sigmas");
    }
    if (pass.end < pass.steps && pass.end < 10000) pass.end = std::max<int64_t>(pass.end, 0);
  }

  /// The checkpoint at the end of a row of models; `take`: with what is added to it.
  std::string take_model(Node model, bool taken) {
    for (int i = 0; i < kMaxDepth && model; ++i) {
      const std::string kind = kind_of(model);
      if (std::string name = text_in(model, "ckpt_name"); !name.empty()) {
        if (taken) out_.files.model = model_file(name);
        return name;
      }
      if (std::string name = text_in(model, "unet_name"); !name.empty()) {
        if (taken) out_.files.unet = model_file(name);
        return name;
      }
      if (taken && !text_in(model, "lora_name").empty()) {
        StrongFile lora{model_file(text_in(model, "lora_name"))};
        take(model, "strength_model", lora.strength);
        float clip = lora.strength;
        take(model, "strength_clip", clip);
        if (clip != lora.strength)
          out_.missed.push_back(fmt::format("{} with {} in the text encoder: one strength is kept, {}", lora.file.string(), clip, lora.strength));
        out_.files.loras.insert(out_.files.loras.begin(), lora);
      } else if (taken && kind == "ModelSamplingDiscrete") {
        if (const std::string name = text_in(model, "sampling"); name == "v_prediction")
          out_.request.prediction = "velocity";
        else if (name != "eps")
          out_.missed.push_back("prediction: " + name);
      } else if (taken && kind == "RescaleCFG") {
        take(model, "multiplier", out_.request.rescale);
      } else if (taken && kind == "ModelSamplingSD3") {
        float shift = 3;
        take(model, "shift", shift);
        if (shift != 3) out_.missed.push_back(fmt::format("shift {} of the noise levels", shift));
      } else if (taken && kind != "Reroute") {
        note_node(model, "which changes the model");
      }
      model = linked(model, is_link(input(model, "model")) ? "model" : "");
    }
    return "";
  }

  void take_autoencoder(Node vae) {
    for (int i = 0; i < kMaxDepth && vae; ++i) {
      if (const std::string name = text_in(vae, "vae_name"); !name.empty()) {
        out_.files.autoencoder = model_file(name);
        return;
      }
      vae = linked(vae, "vae");
    }
  }

  void take_encoder(Node clip) {
    for (int i = 0; i < kMaxDepth && clip; ++i) {
      if (const Json layer = scalar(input(clip, "stop_at_clip_layer")); layer.is_number_integer())
        out_.request.clip_skip = std::clamp<int64_t>(-1 - std::clamp<int64_t>(layer.get<int64_t>(), -100, 0), 0, 12);
      for (const char* name : {"clip_name", "clip_name1", "clip_name2", "clip_name3"})
        if (const std::string file = text_in(clip, name); contains(file, "t5"))
          out_.files.t5 = file;
        else if (!file.empty() && noted_.insert(&input(clip, name)).second)
          out_.missed.push_back(fmt::format("the text encoder {}: taken from the checkpoint here", file));
      clip = linked(clip, "clip");
    }
  }

  /// A text, put together by other nodes or not.
  std::string text_of(const Json& value, int depth = 0) {
    if (value.is_string()) return value.get<std::string>();
    Node from = node(value);
    if (!from || depth > kMaxDepth || !look()) return value.is_number() ? value.dump() : "";
    std::vector<std::string> parts;
    std::string between = ", ";
    const Json none = Json::object();
    const auto found = from->find("inputs");
    for (const auto& [name, one] : (found != from->end() && found->is_object() ? *found : none).items()) {
      const std::string key = lower_case(name);
      if (key == "delimiter" || key == "separator") {
        if (one.is_string()) between = one.get<std::string>() == "\\n" ? "\n" : one.get<std::string>();
        continue;
      }
      const bool wanted = key.starts_with("text") || key.starts_with("string") || key == "value" || key == "prompt" || key == "populated_text" || key.empty() ||
                          key == "input" || key == "prepend" || key == "append" || key == "a" || key == "b";
      if (!wanted || (!one.is_string() && !is_link(one))) continue;
      if (const std::string part = text_of(one, depth + 1); !part.empty()) parts.push_back(part);
    }
    if (parts.empty()) note_node(from, "which makes a text");
    if (parts.size() > 1 && noted_.insert(from).second) out_.missed.push_back(fmt::format("node {}: its texts are put behind one another", kind_of(from)));
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
    return beginning(out, 100000);
  }

  /// A text as ptah writes it.
  std::string translated(std::string text) {
    for (size_t at = text.find("embedding:"); at != std::string::npos; at = text.find("embedding:", at)) {
      const size_t begin = at + 10, end = std::min(text.find_first_of(" \t\n,():", begin), text.size());
      const std::filesystem::path file = model_file(text.substr(begin, end - begin));
      if (std::find(out_.files.embeddings.begin(), out_.files.embeddings.end(), file) == out_.files.embeddings.end()) out_.files.embeddings.push_back(file);
      text.replace(at, end - at, file.stem().string());
    }
    // Capitals are made small by the tokenizer; as it is, BREAK would begin a new window here.
    for (size_t at = text.find("BREAK"); at != std::string::npos; at = text.find("BREAK", at)) text.replace(at, 5, "break");
    std::vector<std::pair<std::string, float>> parts;
    weighted_parts_of(text, 1, 0, parts);
    std::string out;
    for (const auto& [part, weight] : parts) {
      out += weighted(part, weight);
      if (weight != 1 && !said_weights_) {
        said_weights_ = true;
        out_.missed.emplace_back("weights in brackets: ComfyUI moves words away from an empty prompt; here they count as in the WebUI");
      }
    }
    return out;
  }

  std::string prompt_of(Node sampler, const std::string& name) { return conditioning(input(sampler, name), name, 0); }

  std::string conditioning(const Json& link, const std::string& name, int depth) {
    Node from = node(link);
    if (!from || depth > kMaxDepth || is_sampler(from) || !look()) return "";
    const std::string kind = kind_of(from);
    take_encoder(linked(from, "clip"));
    if (kind == "ConditioningZeroOut") {
      out_.missed.push_back(name + ": nothing at all (ConditioningZeroOut); here it is an empty text");
      return "";
    }
    std::vector<std::string> texts;
    for (const char* one : {"text", "text_g", "text_l", "clip_g", "clip_l", "t5xxl", "prompt"})
      if (const Json& value = input(from, one); value.is_string() || is_link(value))
        if (const std::string text = text_of(value); std::find(texts.begin(), texts.end(), text) == texts.end() && !text.empty()) texts.push_back(text);
    if (texts.size() > 1) {
      std::sort(texts.begin(), texts.end(), [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
      out_.missed.push_back(fmt::format("{}: each text encoder has its own text; the longest is taken, not '{}'", name, beginning(texts[1], 200)));
    }
    if (!texts.empty()) return translated(texts.front());
    if (!input(from, "text").is_null() || kind == "CLIPTextEncode") return "";
    const auto two = [&](const char* a, const char* b, const char* between) {
      const std::string left = conditioning(input(from, a), name, depth + 1), right = conditioning(input(from, b), name, depth + 1);
      return left.empty() || right.empty() ? left + right : left + between + right;
    };
    if (kind == "ConditioningConcat") return two("conditioning_to", "conditioning_from", " BREAK ");
    if (kind == "ConditioningCombine" || kind == "ConditioningAverage") {
      out_.missed.push_back(fmt::format("{}: {} mixes two prompts; here they stand behind one another", name, kind));
      return kind == "ConditioningCombine" ? two("conditioning_1", "conditioning_2", ", ") : two("conditioning_to", "conditioning_from", ", ");
    }
    const std::string control = text_in(linked(from, "control_net"), "control_net_name");
    if (!control.empty()) {
      if (noted_.insert(from).second) {
        float strength = 1;
        take(from, "strength", strength);
        out_.missed.push_back(fmt::format("`controls` {}:{} and the picture that it looks at (`control_pictures`)", control, strength));
      }
    } else if (kind != "Reroute" && kind != "InpaintModelConditioning") {
      note_node(from, "which changes the prompt");
    }
    for (const std::string& next : {std::string("conditioning"), name, std::string("")})
      if (is_link(input(from, next))) return conditioning(input(from, next), name, depth + 1);
    return "";
  }

  void take_start(const Pass& pass) {
    PaintRequest& r = out_.request;
    bool told = pass.before.empty();
    for (Node one : pass.before) {
      const std::string kind = kind_of(one);
      if (contains(kind, "latent") && scalar(input(one, "width")).is_number()) {
        take(one, "width", r.width);
        take(one, "height", r.height);
        int64_t batch = 1;
        take(one, "batch_size", batch);
        if (pass.denoise != 1) out_.missed.push_back(fmt::format("denoise {} of an empty picture", pass.denoise));
        if (batch > 1) out_.missed.push_back(fmt::format("one of a batch of {}: the others have noise of their own", batch));
        told = true;
      } else if (contains(kind, "loadimage") || !text_in(one, "image").empty()) {
        out_.missed.push_back(fmt::format("the picture it started from (`from`): {}", text_in(one, "image")));
        r.strength = pass.denoise;
        told = true;
      } else if (contains(kind, "mask") || contains(kind, "inpaint")) {
        out_.missed.emplace_back("the mask (`mask`)");
      }
    }
    if (!told) out_.missed.push_back("node " + kind_of(pass.before.front()) + ", which it starts from");
    if (pass.before.empty() && pass.denoise != 1) r.strength = pass.denoise;
    if (pass.start > 0 && pass.steps > 0) {
      r.strength = static_cast<float>(pass.steps - std::min(pass.start, pass.steps)) / static_cast<float>(pass.steps);
      out_.missed.push_back(fmt::format("it begins with step {} of {}", pass.start, pass.steps));
    }
  }

  /// A sampler behind the first.
  void take_further(Pass& pass, const Pass& last, size_t number) {
    PaintRequest& r = out_.request;
    float scale = 1;
    for (Node one : pass.before) {
      float by = 1;
      int64_t width = 0;
      take(one, "scale_by", by);
      if (contains(kind_of(one), "scale")) take(one, "width", width);
      if (width > 0 && r.width > 0)
        scale = static_cast<float>(width) / static_cast<float>(r.width);
      else
        scale *= by;
      note_node(one, "between two samplers");
    }
    pass.checkpoint = take_model(linked(pass.guider, "model"), false);
    const std::string who = fmt::format("the sampler of node {}", pass.id);
    const bool other = !pass.checkpoint.empty() && pass.checkpoint != last.checkpoint, goes_on = pass.start > 0 && pass.start == last.end;
    if (number == 1 && scale > 1.001F) {
      r.enlarge = scale;
      r.enlarge_strength = pass.denoise;
      if (other) out_.missed.push_back(fmt::format("{} paints with {}", who, pass.checkpoint));
    } else if (number == 1 && other && goes_on && pass.steps > 0) {
      out_.files.refiner = model_file(pass.checkpoint);
      r.refine_from = static_cast<float>(pass.start) / static_cast<float>(pass.steps);
    } else if (!goes_on || other) {
      out_.missed.push_back(fmt::format("{} goes over the picture once more (denoise {}{}); that is not in this command", who, pass.denoise,
                                        other ? ", with " + pass.checkpoint : ""));
      return;
    }
    std::string differs;
    if (pass.steps != last.steps) differs += fmt::format(", steps {}", pass.steps);
    if (pass.guidance != last.guidance) differs += fmt::format(", guidance {}", pass.guidance);
    if (pass.sampler != last.sampler || pass.schedule != last.schedule) differs += fmt::format(", {} {}", pass.sampler, pass.schedule);
    if (pass.seed != last.seed && !goes_on) differs += fmt::format(", seed {}", pass.seed);
    if (!differs.empty()) out_.missed.push_back(fmt::format("{} has settings of its own: {}; here they are those of the first", who, differs.substr(2)));
  }

  /// One more node looked at; false if there were too many: two links to one node, row upon row, would take for ever.
  bool look() const { return ++looked_ < 20000; }

  const Json& graph_;
  Recalled& out_;
  mutable int looked_ = 0;
  Saved saved_;
  std::set<const Json*> noted_;
  bool said_weights_ = false;
};

}  // namespace

Result<Recalled> recall_comfy(const std::string& text) {
  PTAH_TRY(const Json graph, strangers_json(text));
  if (!graph.is_object()) return fail(ErrorCode::corrupt, "ComfyUI's graph is no object");
  constexpr size_t kMaxNodes = 5000;
  if (graph.size() > kMaxNodes) return fail(ErrorCode::unsupported, "ComfyUI's graph has {} nodes; up to {} are read", graph.size(), kMaxNodes);
  Recalled out;
  out.by = "ComfyUI";
  out.request.noise = "torch";
  PTAH_TRY_VOID(Graph(graph, out).read());
  return out;
}

}  // namespace ptah
