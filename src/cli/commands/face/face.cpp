#include "cli/work_command.h"
#include "models/people.h"
#include "pipelines/face/photo_work.h"
#include "pipelines/face/talk_work.h"

namespace ptah::cli {

namespace {

struct FaceOptionsLine : WorkOptions {
  bool list = false;
};

/// What a person consists of: numbers, texts, shapes and actions.
void print_person_names(bool json) {
  Json list = Json::array();
  const auto add = [&](std::string_view kind, std::string_view name, const std::string& values, std::string_view help) {
    list.push_back({{"kind", kind}, {"name", name}, {"values", values}, {"help", help}});
    if (!json) print("{:8} {:26} {:34} {}\n", kind, name, values, help);
  };
  for (const PersonNumber& n : person_numbers()) add("number", n.name, fmt::format("{} to {}", n.min, n.max), n.help);
  for (const PersonText& t : person_texts()) {
    std::string values;
    for (const std::string& choice : t.choices) values += (values.empty() ? "" : ", ") + choice;
    add("choice", t.name, values, t.help);
  }
  for (const FaceSlider& s : kFaceSliders)
    add("shape", s.name, s.less.empty() ? "0 to 1" : "-1 to 1", s.less.empty() ? std::string() : fmt::format("{} to {}", s.less, s.more));
  for (const std::string_view action : kFaceActions) add("action", action, "0 to 1.5", "");
  if (json) print_json({{"names", list}});
}

Result<void> run_face_command(const FaceOptionsLine& o) {
  if (o.list) {
    print_person_names(o.json);
    return {};
  }
  PTAH_TRY(const Json given, o.fields->given());
  ModelCache models;
  return make_work("face", given, o, models);
}

}  // namespace

void add_face(CLI::App& app, Action& action) {
  auto options = std::make_shared<FaceOptionsLine>();
  CLI::App* command = app.add_subcommand(face_schema().name(), face_schema().summary());
  command->add_flag("--list", options->list, "print the names that --set takes");
  add_work_options(*command, face_schema(), *options);
  add_budget_option(*command, *options);
  add_threads_option(*command, *options);
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_face_command(*options); })); }; });
}

void add_photo(CLI::App& app, Action& action) { add_recipe_command(app, photo_schema().name(), "photo", photo_schema(), action); }

namespace {

struct FacesLine {
  std::string file, model = "faces";
  float score = 0.5F;
  bool json = false;
};

Result<void> run_faces(const FacesLine& o) {
  if (!(o.score > 0 && o.score < 1)) return fail(ErrorCode::invalid_argument, "--score {}; above 0 and below 1 are possible", o.score);
  PTAH_TRY(const Image picture, input_image(o.file));
  PTAH_TRY(const auto networks, load_face_networks(o.model));
  Json list = Json::array();
  for (const FaceBox& box : networks->detect(picture, o.score)) {
    const FaceLandmarks points = networks->landmarks(picture, box);
    const auto shown = networks->expression(picture, box);
    Json one{{"x", box.x},         {"y", box.y},          {"width", box.width},          {"height", box.height},
             {"score", box.score}, {"landmarks", points}, {"expression", Json::object()}};
    for (size_t i = 0; i < shown.size(); ++i) one["expression"][kFaceExpressions[i]] = shown[i];
    one["identity"] = networks->identity(picture, aligned(points));
    if (!o.json) {
      const auto likeliest = static_cast<size_t>(std::max_element(shown.begin(), shown.end()) - shown.begin());
      print("face at {:.0f}, {:.0f}, {:.0f} x {:.0f} pixels, score {:.2f}: {} ({:.2f})\n", box.x, box.y, box.width, box.height, box.score,
            kFaceExpressions[likeliest], shown[likeliest]);
    }
    list.push_back(std::move(one));
  }
  if (o.json) {
    print_json({{"faces", list}, {"notice", kExpressionNotice}});
    return {};
  }
  if (list.empty()) print("no face\n");
  print("{}\n", kExpressionNotice);
  return {};
}

}  // namespace

void add_faces(CLI::App& app, Action& action) {
  auto options = std::make_shared<FacesLine>();
  CLI::App* command = app.add_subcommand("faces", "Find faces in a picture, with landmarks and expressions");
  command->add_option("file", options->file, "a picture (- for standard input)")->required()->type_name("FILE");
  command->add_option("--score", options->score, "how sure the detector has to be")->capture_default_str();
  command->add_option("--model", options->model, "name of a pulled model, or its folder")->capture_default_str();
  command->add_flag("--json", options->json, "print JSON, with 68 landmarks and 128 numbers of identity each");
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_faces(*options); })); }; });
}

void add_talk(CLI::App& app, Action& action) { add_recipe_command(app, talk_schema().name(), "talk", talk_schema(), action); }

}  // namespace ptah::cli
