#include "pipelines/request.h"

#include "base/text.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, CreateTask>
void fields(C& c, const Visit& visit) {
  auto& r = c.request;
  visit(Field{.name = "prompt", .help = "say what to make, e.g. \"a red fox\"", .max_bytes = 2000, .positional = true, .required = true, .one_line = true},
        r.prompt);
  visit(Field{.name = "seed", .help = "the same seed gives the same work", .always = true}, r.seed);
  visit(Field{.name = "style",
              .help = "glossy, flat, cartoon, blob, sticker, badge, plain, or any; of a model of your own, its styles",
              .unit = "STYLE",
              .always = true},
        r.style);
  visit(Field{.name = "size", .help = "edge of the picture", .unit = "pixels", .range = {128, 512}, .always = true}, r.size);
  visit(Field{.name = "steps", .help = "sampling steps", .range = {1, 200}, .always = true}, r.steps);
  visit(Field{.name = "guidance", .help = "how strictly the prompt is followed", .range = {0, 20}, .always = true}, r.guidance);
  visit(Field{.name = "sampler", .help = "how the picture is drawn from noise", .choices = {"euler", "heun"}}, r.sampler);
  visit(
      Field{.name = "background", .help = "what is behind the picture", .choices = {"transparent", "white", "black", "#rrggbb"}, .pattern = kBackgroundPattern},
      r.background);
  visit(Field{.name = "object", .help = "make the 3D object too"}, r.object);
  visit(Field{.name = "route",
              .help = "what makes the object: program (a shape program written from the prompt), picture (the picture, inflated), or auto: a program if the "
                      "prompt asks for a kind that the library of shapes has",
              .choices = {"auto", "program", "picture"},
              .since = "0.2.0",
              .absent = "picture"},
        r.route);
  visit(Field{.name = "picture",
              .help = "what the picture shows: object (a render of what the shape program makes), drawn (what the picture model draws of the prompt), or auto: "
                      "the object if a shape program makes it, and neither `model` nor another `style` than glossy is asked for",
              .choices = {"auto", "object", "drawn"},
              .since = "0.3.0",
              .absent = "drawn"},
        r.picture);
  object_fields(r, visit);
  game_fields(r.output, visit);
  visit(Field{.name = "best_of", .help = "draw so many and keep the one that fits the prompt best; 0: two where there is a judge, else one", .range = {1, 16}},
        r.best_of);
  visit(Field{.name = "watermark",
              .help = "an invisible mark in the picture that ptah watermark finds, even in a smaller, cropped or JPEG copy",
              .since = "0.2.0",
              .absent = false},
        r.watermark);
  visit(Field{.name = "model",
              .help = "a picture model that ptah train made (its file or folder), or a checkpoint of the Stable Diffusion family (see ptah paint)",
              .unit = "FILE",
              .kept = Kept::elsewhere},
        c.model);
  visit(Field{.name = "from", .help = "picture to start from (PNG, JPEG, WebP): a drawing, photo or earlier work", .unit = "FILE", .kept = Kept::elsewhere},
        c.from);
  visit(Field{.name = "strength",
              .help = "how much of the picture is redrawn; with a mask 1 unless it is said",
              .range = {.min = 0, .max = 1, .above_min = true},
              .needs = "from",
              .always = true},
        r.strength);
  visit(Field{.name = "mask", .help = "a picture of the same size; white is redrawn, black stays", .unit = "FILE", .kept = Kept::elsewhere, .needs = "from"},
        c.mask);
  visit(formats_field(), c.formats);
}

const SchemaOf<CreateTask>& create_schema() {
  static const auto schema = SchemaOf<CreateTask>::describe("create", "Make a picture, a 3D object and a receipt from a text",
                                                            [](CreateTask& task, const Json& given) -> Result<void> {
                                                              if (!task.mask.empty() && !given.contains("strength")) task.request.strength = 1;
                                                              ExportFormats made = export_formats(task.formats);
                                                              made.glb = made.glb && task.request.object;
                                                              return check_export(task.request.output, made);
                                                            });
  return schema;
}

Result<void> check(const CreateRequest& request) { return create_schema().check_fields({.request = request}); }
Json to_json(const CreateRequest& request) { return create_schema().to_receipt({.request = request}); }
Result<CreateRequest> create_request(const Json& json) {
  PTAH_TRY(CreateTask task, create_schema().from_receipt(json));
  PTAH_TRY_VOID(check(task.request));
  return task.request;
}

Result<CreateTask> create_task(const Json& receipt, const std::filesystem::path& sources) {
  PTAH_TRY(CreateTask task, create_schema().from_receipt(receipt.value("request", Json())));
  const Json ids = receipt.value("sources", Json::object());
  task.model = text_at(receipt, "model_file");
  if (ids.contains("from")) task.from = sources / "from.png";
  if (ids.contains("mask")) task.mask = sources / "mask.png";
  if (receipt.value("outputs", Json()).is_object()) {
    task.formats = formats_of(receipt);
    if (!task.request.object) task.formats.glb = true;  // nothing is made of it; as it usually is
  }
  return task;
}

Result<void> check_background(const std::string& background) { return Schema::check(*create_schema().find("background"), background); }

}  // namespace ptah
