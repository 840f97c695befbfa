// POST /v1/images/generations, edits and variations as OpenAI's clients call them: pictures of the recipe `create`.
#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/base64.h"
#include "base/text.h"
#include "media/image.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/openai/openai_routes.h"
#include "serve/api/pictures.h"
#include "serve/http/multipart.h"

namespace ptah {

namespace {

constexpr int64_t kMaxPictures = 10;
constexpr int64_t kMaxMaskPixels = int64_t{1} << 24;
constexpr const char* kVariation = "a picture";  ///< what is drawn if a variation says nothing else

/// What is asked for, in the words of the recipe.
struct PictureAsking {
  Json request = Json::object();  ///< of `create`
  int64_t count = 1, partial = 0;
  uint64_t seed = 0;
  bool url = false, stream = false;
  std::string size = "auto", quality = "auto", background = "auto";
  const char* events = "image_generation";
};

/// A text, or `usual` if it is missing or null.
Result<std::string> text_field(const Json& body, const char* name, const char* usual) {
  const Json value = body.value(name, Json());
  if (value.is_null()) return std::string(usual);
  if (!value.is_string()) return wrong_member(name, "a text is expected");
  return value.get<std::string>();
}

Result<void> take_size(PictureAsking& out) {
  if (out.size == "auto") return {};
  const size_t cross = out.size.find('x');
  int64_t width = 0;
  const auto [end, problem] = std::from_chars(out.size.data(), out.size.data() + std::min(cross, out.size.size()), width);
  if (cross == std::string::npos || problem != std::errc() || end != out.size.data() + cross || out.size.substr(cross + 1) != out.size.substr(0, cross))
    return wrong_member("size", fmt::format("'{}' is no square; 128x128 to 512x512 and auto are possible", printable(out.size, 40)));
  out.request["size"] = width;
  return {};
}

Result<PictureAsking> picture_asking(const Json& body, uint64_t usual_seed) {
  PictureAsking out;
  PTAH_TRY(const std::string model, text_field(body, "model", "picture"));
  if (model != "picture") return fail_field("model", ErrorCode::not_found, "`model`: there is no picture model '{}'; picture is", printable(model, 80));
  PTAH_TRY(const std::string prompt, text_field(body, "prompt", ""));
  if (trimmed(prompt).empty()) return wrong_member("prompt", "say what to draw");
  PTAH_TRY(out.count, whole_member(body, "n", 1, 1, kMaxPictures));
  PTAH_TRY(out.partial, whole_member(body, "partial_images", 0, 0, 3));
  PTAH_TRY(const int64_t seed, whole_member(body, "seed", -1, 0, int64_t{1} << 53));
  out.seed = seed >= 0 ? static_cast<uint64_t>(seed) : usual_seed;
  PTAH_TRY(out.size, text_field(body, "size", "auto"));
  PTAH_TRY(out.quality, text_field(body, "quality", "auto"));
  PTAH_TRY(out.background, text_field(body, "background", "auto"));
  PTAH_TRY(const std::string format, text_field(body, "output_format", "png"));
  if (format != "png") return wrong_member("output_format", "png is what is made here");
  PTAH_TRY(const std::string response, text_field(body, "response_format", "b64_json"));
  if (response != "b64_json" && response != "url") return wrong_member("response_format", "b64_json or url");
  out.url = response == "url";
  PTAH_TRY(out.stream, switch_member(body, "stream"));
  if (out.stream && out.count != 1) return wrong_member("n", "1 with stream");
  out.request.update({{"prompt", prompt}, {"object", false}, {"formats", "png"}});
  if (out.quality == "low") out.request["steps"] = 6;
  if (out.quality == "high" || out.quality == "hd") out.request["steps"] = 24;
  if (out.quality != "low" && out.quality != "high" && out.quality != "hd" && out.quality != "auto" && out.quality != "medium" && out.quality != "standard")
    return wrong_member("quality", "low, medium, high and auto are possible");
  if (out.background != "auto" && out.background != "transparent" && out.background != "opaque")
    return wrong_member("background", "transparent, opaque and auto are possible");
  if (out.background == "opaque") out.request["background"] = "white";
  PTAH_TRY_VOID(take_size(out));
  return out;
}

/// An event of OpenAI's stream of pictures.
std::string picture_event(const std::string& type, const PictureAsking& asked, const std::string& picture, Json more) {
  more.update({{"type", type},
               {"b64_json", picture},
               {"created_at", std::time(nullptr)},
               {"size", asked.size},
               {"quality", asked.quality},
               {"background", asked.background},
               {"output_format", "png"}});
  return HttpStream::event(more.dump(), type);
}

Json picture_usage() {
  return {{"total_tokens", 0}, {"input_tokens", 0}, {"output_tokens", 0}, {"input_tokens_details", {{"text_tokens", 0}, {"image_tokens", 0}}}};
}

/// How a job is told to who asked for a stream of pictures.
EventShape picture_shape(JobService& service, const PictureAsking& asked, int64_t job) {
  EventShape shape;
  shape.event = [&service, asked](const JobEvent& event) -> std::string {
    const std::string what = text_at(event.what, "event");
    if (what == "done") {
      const auto picture = guard([&] { return picture_in_base64(service.store(), service.stored(event.job)); });
      if (picture) return picture_event(std::string(asked.events) + ".completed", asked, *picture, {{"usage", picture_usage()}});
      return HttpStream::event(*api_error(picture.error()).body, "error");
    }
    if (what == "failed") return HttpStream::event(*api_error(service.stored(event.job).error, 400).body, "error");
    if (what == "cancelled") return HttpStream::event(*api_error(499, "the job was cancelled", "cancelled").body, "error");
    return "";
  };
  if (asked.partial > 0)
    shape.preview = [asked, shown = int64_t{0}](const JobPreview& preview) mutable -> std::string {
      if (shown >= asked.partial) return "";
      return picture_event(std::string(asked.events) + ".partial_image", asked, to_base64(as_bytes(*preview.png)), {{"partial_image_index", shown++}});
    };
  shape.left = [&service, job] { service.release(job); };
  return shape;
}

HttpResponse picture_refusal(Error error) {
  if (field_of(error) == "model" && error.code == ErrorCode::not_found) return api_error(404, error.message, "model_not_found", "model");
  replace_all(error.message, "`from`", "`image`");  // as the form has it
  return api_error(error, 400);
}

/// Draws what was asked for, as answers in base64, addresses or a stream.
HttpResponse draw(ApiServer& server, const PictureAsking& asked, const HttpRequest& request, const ApiServer::Caller& caller) {
  if (auto refusal = server.no_more(caller, true)) return *refusal;
  JobService& service = server.service();
  const auto drawing = drawing_jobs(server, asked.request, asked.seed, asked.count, caller);
  if (!drawing) return picture_refusal(drawing.error());
  const std::vector<int64_t>& jobs = *drawing;
  if (asked.stream) {
    HttpResponse out = HttpResponse::events(service.events().follow(jobs[0], picture_shape(service, asked, jobs[0])));
    out.headers = {{"X-Ptah-Job", job_name(jobs[0])}};
    return out;
  }
  const auto done = server.finished(jobs, request);
  if (!done) return done.error();
  Json data = Json::array();
  for (const Job& job : *done) {
    if (asked.url) {
      data.push_back({{"url", fmt::format("http://{}/v1/jobs/{}/content/{}", request.header("host"), job_name(job.id), kPictureFile)}});
      continue;
    }
    const auto picture = picture_in_base64(service.store(), job);
    if (!picture) return api_error(picture.error());
    data.push_back({{"b64_json", *picture}});
  }
  HttpResponse out = HttpResponse::of({{"created", std::time(nullptr)},
                                       {"data", std::move(data)},
                                       {"background", asked.background},
                                       {"output_format", "png"},
                                       {"quality", asked.quality},
                                       {"size", asked.size},
                                       {"usage", picture_usage()}});
  out.headers = {{"X-Ptah-Job", job_name(jobs[0])}};
  return out;
}

HttpResponse generate_images(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto asked = picture_asking(*body, seed_of(request, caller.name));
  return asked ? draw(server, *asked, request, caller) : picture_refusal(asked.error());
}

// ---- from a picture ------------------------------------------------------------------------------------------------------------------------------

/// What a form says, as JSON would: numbers and switches are texts there.
Json said_in_form(const std::vector<FormPart>& parts) {
  Json out = Json::object();
  for (const FormPart& part : parts) {
    if (part.file_name) continue;
    const std::string text(part.body);
    const bool number = part.name == "n" || part.name == "partial_images" || part.name == "seed" || part.name == "strength";
    const Json value = number || part.name == "stream" ? Json::parse(text, nullptr, false) : Json(text);
    out[part.name] = value.is_discarded() ? Json(text) : value;
  }
  return out;
}

const FormPart* file_of_form(const std::vector<FormPart>& parts, std::string_view name) {
  const FormPart* found = nullptr;
  for (const FormPart& part : parts)
    if (part.name == name || part.name == std::string(name) + "[]") {
      if (found) return nullptr;
      found = &part;
    }
  return found;
}

/// OpenAI's masks are transparent where the picture is to be drawn again, those of `create` white.
Result<Bytes> white_where_transparent(std::span<const uint8_t> bytes) {
  PTAH_TRY(Image mask, decode_image(bytes, nullptr, kMaxMaskPixels));
  for (size_t i = 0; i < mask.rgba.size(); i += 4) {
    const auto white = static_cast<uint8_t>(255 - mask.rgba[i + 3]);
    mask.rgba[i] = mask.rgba[i + 1] = mask.rgba[i + 2] = white;
    mask.rgba[i + 3] = 255;
  }
  return encode_png(mask);
}

Result<PictureAsking> edit_asking(ApiServer& server, const HttpRequest& request, const std::string& owner, bool variation) {
  PTAH_TRY(const std::vector<FormPart> parts, parse_form(request.header("content-type"), request.body));
  Json body = said_in_form(parts);
  if (variation && !body.contains("prompt")) body["prompt"] = kVariation;
  PTAH_TRY(PictureAsking out, picture_asking(body, seed_of(request, owner)));
  const FormPart* picture = file_of_form(parts, "image");
  if (!picture) return wrong_member("image", "one picture is needed");
  PTAH_TRY(out.request["from"], kept_picture(server, owner, as_bytes(picture->body), "image"));
  if (const FormPart* mask = file_of_form(parts, "mask"); mask && !variation) {
    PTAH_TRY(const Bytes white, white_where_transparent(as_bytes(mask->body)));
    PTAH_TRY(out.request["mask"], kept_picture(server, owner, white, "mask"));
  }
  if (const Json strength = body.value("strength", Json()); !strength.is_null()) out.request["strength"] = strength;
  out.events = "image_edit";
  return out;
}

HttpResponse edit_images(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller, bool variation) {
  const auto asked = guard([&] { return edit_asking(server, request, caller.name, variation); });
  return asked ? draw(server, *asked, request, caller) : picture_refusal(asked.error());
}

}  // namespace

void add_image_routes(ApiServer& server) {
  using In = HttpRequest;
  using Caller = ApiServer::Caller;
  const auto making = ApiServer::Needs::making;
  server.add(
      "POST", "/v1/images/generations", making, [&server](const In& in, const Caller& who) { return generate_images(server, in, who); },
      server.max_request_bytes());
  server.add(
      "POST", "/v1/images/edits", making, [&server](const In& in, const Caller& who) { return edit_images(server, in, who, false); }, server.max_blob_bytes());
  server.add(
      "POST", "/v1/images/variations", making, [&server](const In& in, const Caller& who) { return edit_images(server, in, who, true); },
      server.max_blob_bytes());
}

}  // namespace ptah
