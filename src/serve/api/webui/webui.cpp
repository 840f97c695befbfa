#include <ctime>

#include "base/base64.h"
#include "base/text.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/pictures.h"
#include "serve/api/webui/webui_routes.h"

namespace ptah {

namespace {

constexpr int64_t kMaxWebuiPictures = 10;
constexpr const char* kWebuiModel = "picture";

HttpResponse webui_error(int status, const std::string& why) { return HttpResponse::of({{"detail", why}}, status); }

HttpResponse webui_error(const HttpResponse& of) {
  const Json said = Json::parse(*of.body, nullptr, false);
  HttpResponse out = webui_error(of.status, said.is_object() ? text_at(said.value("error", Json::object()), "message") : "the request failed");
  out.headers = of.headers;
  return out;
}

struct WebuiAsking {
  Json request = {{"object", false}, {"formats", "png"}};  ///< of `create`
  uint64_t seed = 0;
  int64_t count = 1;
};

/// What would change the picture and nothing here computes.
Result<void> refuse_other_webui_arts(const Json& body) {
  for (const char* name : {"enable_hr", "restore_faces", "tiling", "inpainting_mask_invert"})
    if (const Json value = body.value(name, Json()); !value.is_null() && value != Json(false) && value != Json(0)) return wrong_member(name, "not supported");
  for (const char* name : {"negative_prompt", "script_name", "refiner_checkpoint"})
    if (const Json value = body.value(name, Json()); value.is_string() && !trimmed(value.get<std::string>()).empty() && value != "None")
      return wrong_member(name, "not supported");
  if (const Json styles = body.value("styles", Json()); styles.is_array() && !styles.empty()) return wrong_member("styles", "there are none");
  if (const Json scripts = body.value("alwayson_scripts", Json()); scripts.is_object())
    for (const auto& [name, script] : scripts.items())
      if (script.is_object() && script.contains("args") && !script["args"].empty()) return wrong_member("alwayson_scripts", "there are none");
  return {};
}

Result<std::string> webui_sampler(const Json& body) {
  std::string name = text_at(body, "sampler_name");
  if (name.empty()) name = text_at(body, "sampler_index");
  if (name.empty() || name == "Euler" || name == "Euler a" || name == "euler") return std::string("euler");
  if (name == "Heun" || name == "heun") return std::string("heun");
  return wrong_member("sampler_name", "Euler and Heun are possible");
}

Result<WebuiAsking> webui_asking(const Json& body, uint64_t usual_seed) {
  WebuiAsking out;
  PTAH_TRY_VOID(refuse_other_webui_arts(body));
  const Json settings = body.value("override_settings", Json());
  const std::string model = settings.is_object() ? text_at(settings, "sd_model_checkpoint") : "";
  if (!model.empty() && model != kWebuiModel) return wrong_member("override_settings", "the model is " + std::string(kWebuiModel));
  const std::string prompt = text_at(body, "prompt");
  if (trimmed(prompt).empty()) return wrong_member("prompt", "say what to draw");
  out.request["prompt"] = prompt;
  PTAH_TRY(out.request["sampler"], webui_sampler(body));
  PTAH_TRY(const int64_t width, whole_member(body, "width", 512, 1, 16384));
  PTAH_TRY(const int64_t height, whole_member(body, "height", 512, 1, 16384));
  if (width != height) return wrong_member("height", "as much as width: pictures are square");
  out.request["size"] = width;
  PTAH_TRY(out.request["steps"], whole_member(body, "steps", 20, 1, 200));
  if (const Json guidance = body.value("cfg_scale", Json()); !guidance.is_null()) {
    if (!guidance.is_number()) return wrong_member("cfg_scale", "a number is expected");
    out.request["guidance"] = guidance;
  }
  PTAH_TRY(const int64_t batch, whole_member(body, "batch_size", 1, 1, kMaxWebuiPictures));
  PTAH_TRY(const int64_t rounds, whole_member(body, "n_iter", 1, 1, kMaxWebuiPictures));
  out.count = batch * rounds;
  if (out.count > kMaxWebuiPictures) return wrong_member("n_iter", fmt::format("at most {} pictures at once", kMaxWebuiPictures));
  PTAH_TRY(const int64_t seed, whole_member(body, "seed", -1, -1, int64_t{1} << 53));
  out.seed = seed < 0 ? usual_seed : static_cast<uint64_t>(seed);
  return out;
}

/// A picture in base64, with or without "data:image/png;base64," before it, kept for a request.
Result<std::string> kept_base64(ApiServer& server, const std::string& owner, const Json& said, const char* field) {
  if (!said.is_string()) return wrong_member(field, "a picture in base64 is expected");
  std::string_view text = said.get_ref<const std::string&>();
  if (text.starts_with("data:")) text.remove_prefix(std::min(text.size(), text.find(',') == std::string_view::npos ? text.size() : text.find(',') + 1));
  const auto bytes = from_base64(text);
  if (!bytes) return wrong_member(field, "this is no base64");
  return kept_picture(server, owner, as_bytes(*bytes), field);
}

Result<void> add_webui_source(ApiServer& server, const std::string& owner, const Json& body, WebuiAsking& out) {
  const Json pictures = body.value("init_images", Json());
  if (!pictures.is_array() || pictures.size() != 1) return wrong_member("init_images", "one picture is needed");
  PTAH_TRY(out.request["from"], kept_base64(server, owner, pictures[0], "init_images"));
  if (const Json mask = body.value("mask", Json()); mask.is_string() && !mask.get_ref<const std::string&>().empty()) {
    PTAH_TRY(out.request["mask"], kept_base64(server, owner, mask, "mask"));
  }
  const Json strength = body.value("denoising_strength", Json(0.75));
  if (!strength.is_number()) return wrong_member("denoising_strength", "a number is expected");
  out.request["strength"] = strength;
  return {};
}

HttpResponse webui_draw(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller, bool from_picture) {
  const auto body = body_of_request(request);
  if (!body) return webui_error(422, body.error().message);
  const auto asked = guard([&]() -> Result<WebuiAsking> {
    PTAH_TRY(WebuiAsking out, webui_asking(*body, seed_of(request, caller.name)));
    if (from_picture) PTAH_TRY_VOID(add_webui_source(server, caller.name, *body, out));
    return out;
  });
  if (!asked) return webui_error(api_error(asked.error()));
  if (auto refusal = server.no_more(caller, true)) return webui_error(*refusal);
  const auto jobs = drawing_jobs(server, asked->request, asked->seed, asked->count, caller);
  if (!jobs) return webui_error(api_error(jobs.error()));
  const auto done = server.finished(*jobs, request);
  if (!done) return webui_error(done.error());
  Json images = Json::array(), seeds = Json::array(), prompts = Json::array(), texts = Json::array();
  for (const Job& job : *done) {
    const auto picture = picture_in_base64(server.service().store(), job);
    if (!picture) return webui_error(api_error(picture.error()));
    images.push_back(*picture);
    seeds.push_back(job.fields["seed"]);
    prompts.push_back(asked->request["prompt"]);
    texts.push_back(fmt::format("{}\nSteps: {}, Sampler: {}, Seed: {}, Size: {}x{}, Model: {}", text_at(asked->request, "prompt"),
                                asked->request["steps"].dump(), text_at(asked->request, "sampler"), job.fields["seed"].dump(), asked->request["size"].dump(),
                                asked->request["size"].dump(), kWebuiModel));
  }
  const Json info{{"prompt", asked->request["prompt"]},
                  {"all_prompts", prompts},
                  {"seed", seeds[0]},
                  {"all_seeds", seeds},
                  {"width", asked->request["size"]},
                  {"height", asked->request["size"]},
                  {"steps", asked->request["steps"]},
                  {"sampler_name", asked->request["sampler"]},
                  {"batch_size", asked->count},
                  {"sd_model_name", kWebuiModel},
                  {"infotexts", texts}};
  Json parameters = *body;
  for (const char* large : {"init_images", "mask"}) parameters.erase(large);
  HttpResponse out = HttpResponse::of({{"images", std::move(images)}, {"parameters", std::move(parameters)}, {"info", dumped(info)}});
  out.headers = {{"X-Ptah-Job", job_name(done->front().id)}};
  return out;
}

/// The picture of somebody's that is being drawn, the latest.
std::optional<Job> drawn_now(ApiServer& server, const std::string& owner) {
  for (const Job& job : server.service().store().asked_by(owner, 0, 50))
    if (job.recipe == "create" && job.state == JobState::running) return job;
  return {};
}

HttpResponse webui_progress(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  Json out{{"progress", 0.0},
           {"eta_relative", 0.0},
           {"state", {{"skipped", false}, {"interrupted", false}, {"job", ""}, {"job_count", 0}, {"job_no", 0}, {"sampling_step", 0}, {"sampling_steps", 0}}},
           {"current_image", nullptr},
           {"textinfo", nullptr}};
  const auto job = drawn_now(server, caller.name);
  if (!job) return HttpResponse::of(out);
  const Json view = server.service().view(*job);
  const double share = view.value("progress", 0) / 100.0, took = static_cast<double>(std::time(nullptr) - job->started);
  out["progress"] = share;
  out["eta_relative"] = share > 0 ? took * (1 - share) / share : job->planned_seconds;
  out["state"].update({{"job", job_name(job->id)}, {"job_count", 1}, {"sampling_steps", job->fields.value("steps", 12)}});
  if (const auto preview = server.service().events().preview(job->id); preview && request.query_value("skip_current_image") != "true") {
    out["current_image"] = to_base64(as_bytes(*preview->png));
    out["state"]["sampling_step"] = preview->step;
  }
  return HttpResponse::of(out);
}

/// Lists that clients read first, as there is nothing in them or always the same.
const std::vector<std::pair<const char*, Json>>& webui_lists() {
  static const std::vector<std::pair<const char*, Json>> kLists{
      {"/sdapi/v1/scripts", {{"txt2img", Json::array()}, {"img2img", Json::array()}}},
      {"/sdapi/v1/options", {{"sd_model_checkpoint", kWebuiModel}}},
      {"/sdapi/v1/cmd-flags", Json::object()},
      {"/sdapi/v1/samplers", Json::array({{{"name", "Euler"}, {"aliases", {"euler", "Euler a"}}, {"options", Json::object()}},
                                          {{"name", "Heun"}, {"aliases", Json::array({"heun"})}, {"options", Json::object()}}})},
      {"/sdapi/v1/schedulers", Json::array()},
      {"/sdapi/v1/sd-models",
       Json::array(
           {{{"title", kWebuiModel}, {"model_name", kWebuiModel}, {"hash", nullptr}, {"sha256", nullptr}, {"filename", kWebuiModel}, {"config", nullptr}}})},
      {"/sdapi/v1/sd-vae", Json::array()},
      {"/sdapi/v1/upscalers", Json::array()},
      {"/sdapi/v1/latent-upscale-modes", Json::array()},
      {"/sdapi/v1/loras", Json::array()},
      {"/sdapi/v1/hypernetworks", Json::array()},
      {"/sdapi/v1/face-restorers", Json::array()},
      {"/sdapi/v1/realesrgan-models", Json::array()},
      {"/sdapi/v1/prompt-styles", Json::array()},
      {"/sdapi/v1/embeddings", {{"loaded", Json::object()}, {"skipped", Json::object()}}},
  };
  return kLists;
}

}  // namespace

void add_webui_routes(ApiServer& server) {
  using In = HttpRequest;
  using Caller = ApiServer::Caller;
  const auto making = ApiServer::Needs::making, looking = ApiServer::Needs::looking;
  for (const auto& [path, list] : webui_lists()) server.add("GET", path, looking, [list = list](const In&, const Caller&) { return HttpResponse::of(list); });
  server.add(
      "POST", "/sdapi/v1/options", making,
      [](const In& in, const Caller&) {
        const auto body = body_of_request(in);
        if (!body) return webui_error(422, body.error().message);
        for (const auto& [name, value] : body->items())
          if (name != "sd_model_checkpoint" || value != Json(kWebuiModel)) return webui_error(422, printable(name, 80) + " cannot be set here");
        return HttpResponse::of(nullptr);
      },
      server.max_request_bytes());
  server.add(
      "POST", "/sdapi/v1/txt2img", making, [&server](const In& in, const Caller& who) { return webui_draw(server, in, who, false); },
      server.max_request_bytes());
  server.add(
      "POST", "/sdapi/v1/img2img", making, [&server](const In& in, const Caller& who) { return webui_draw(server, in, who, true); }, server.max_blob_bytes());
  server.add("GET", "/sdapi/v1/progress", looking, [&server](const In& in, const Caller& who) { return webui_progress(server, in, who); });
  for (const char* path : {"/sdapi/v1/interrupt", "/sdapi/v1/skip"})
    server.add(
        "POST", path, making,
        [&server](const In&, const Caller& who) {
          if (const auto job = drawn_now(server, who.name)) (void)server.service().cancel(*job, who.name);
          return HttpResponse::of(Json::object());
        },
        4096);
}

}  // namespace ptah
