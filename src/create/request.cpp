#include "create/request.h"

#include <cmath>

#include "base/text.h"

namespace ptah {

namespace {
constexpr size_t kMostPromptBytes = 2000;

bool is_background(const std::string& text) {
  if (text == "transparent" || text == "white" || text == "black") return true;
  return text.size() == 7 && text[0] == '#' && text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
}
}  // namespace

Result<void> check(const CreateRequest& r) {
  if (r.prompt.size() > kMostPromptBytes)
    return fail(ErrorCode::invalid_argument, "the prompt has {} bytes; at most {} are read. Say it shorter", r.prompt.size(), kMostPromptBytes);
  const size_t broken = invalid_utf8_at(r.prompt);
  if (broken != std::string::npos) return fail(ErrorCode::invalid_argument, "the prompt is not valid UTF-8 at byte {}", broken);
  for (size_t i = 0; i < r.prompt.size(); ++i)
    if (static_cast<unsigned char>(r.prompt[i]) < 0x20 || r.prompt[i] == 0x7F)
      return fail(ErrorCode::invalid_argument, "the prompt has a control character (0x{:02x}) at byte {}; leave it out",
                  static_cast<unsigned>(static_cast<unsigned char>(r.prompt[i])), i);
  if (r.prompt.find_first_not_of(' ') == std::string::npos)
    return fail(ErrorCode::invalid_argument, "the prompt is empty; say what to make, e.g. \"a red fox\"");
  if (r.size < 128 || r.size > 512) return fail(ErrorCode::invalid_argument, "size {}; 128 to 512 are possible", r.size);
  if (r.steps < 1 || r.steps > 200) return fail(ErrorCode::invalid_argument, "steps {}; 1 to 200 are possible", r.steps);
  if (!(r.guidance >= 0) || r.guidance > 20) return fail(ErrorCode::invalid_argument, "guidance {}; 0 to 20 are possible", r.guidance);
  PTAH_TRY_VOID(check_background(r.background));
  if (r.sampler != "euler" && r.sampler != "heun") return unknown_name("sampler", r.sampler, "euler heun");
  if (r.solid != "round" && r.solid != "flat-back" && r.solid != "slab") return unknown_name("solid", r.solid, "round flat-back slab");
  if (r.target_triangles < 100 || r.target_triangles > 500000)
    return fail(ErrorCode::invalid_argument, "target-tris {}; 100 to 500000 are possible", r.target_triangles);
  if (!(r.size_mm >= 1) || r.size_mm > 10000) return fail(ErrorCode::invalid_argument, "size-mm {}; 1 to 10000 are possible", r.size_mm);
  if (!(r.height_mm >= 0) || r.height_mm > 10000 || (r.height_mm > 0 && r.height_mm < 1))
    return fail(ErrorCode::invalid_argument, "height-mm {}; 1 to 10000 are possible", r.height_mm);
  if (r.best_of < 0 || r.best_of > 16) return fail(ErrorCode::invalid_argument, "best-of {}; 1 to 16 are possible, or 0 for what pays", r.best_of);
  if (!(r.strength > 0) || r.strength > 1) return fail(ErrorCode::invalid_argument, "strength {}; above 0 to 1 are possible", r.strength);
  return {};
}

Result<void> check_background(const std::string& background) {
  if (!is_background(background)) return unknown_name("background", background, "transparent white black #rrggbb");
  return {};
}

Result<void> check(const Sources& sources) {
  if (sources.mask && !sources.from) return fail(ErrorCode::invalid_argument, "a mask needs a picture to start from (--from)");
  if (sources.mask && (sources.mask->width != sources.from->width || sources.mask->height != sources.from->height))
    return fail(ErrorCode::invalid_argument, "the mask has {} × {} pixels, the picture {} × {}; they must be the same", sources.mask->width,
                sources.mask->height, sources.from->width, sources.from->height);
  return {};
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, CreateRequest>
void fields(C& c, const Visit& visit) {
  visit("prompt", c.prompt);
  visit("seed", c.seed);
  visit("style", c.style);
  visit("size", c.size);
  visit("steps", c.steps);
  visit("guidance", c.guidance);
  visit("sampler", c.sampler);
  visit("background", c.background);
  visit("object", c.object);
  visit("solid", c.solid);
  visit("target_triangles", c.target_triangles);
  visit("size_mm", c.size_mm);
  visit("height_mm", c.height_mm, Later());
  visit("strength", c.strength);
  visit("best_of", c.best_of);
  visit("watermark", c.watermark, Later());
  visit("millimetres", c.millimetres, Later());
}

Json to_json(const CreateRequest& r) { return json_of_fields(r); }

Result<CreateRequest> create_request(const Json& json) {
  PTAH_TRY(CreateRequest r, fields_from_json<CreateRequest>(json, "request"));
  PTAH_TRY_VOID(check(r));
  return r;
}

}  // namespace ptah
