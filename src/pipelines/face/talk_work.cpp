#include "pipelines/face/talk_work.h"

#include <algorithm>
#include <cmath>

#include "base/budget.h"
#include "base/text.h"
#include "face/visemes.h"
#include "media/animation/animation.h"
#include "media/label.h"
#include "media/mesh/mesh_reader.h"
#include "media/morph/glb_morphs.h"
#include "models/people.h"
#include "pipelines/face/view_fields.h"
#include "pipelines/mesh/export_options.h"
#include "render/mesh_scene.h"
#include "schema/field_error.h"

namespace ptah {

template <class T, class Visit>
requires std::same_as<std::remove_const_t<T>, TalkTask>
void fields(T& t, const Visit& visit) {
  constexpr const char* kSince = "0.3.0";
  visit(Field{.name = "text",
              .help = "what is said, in English, plain or as SSML",
              .max_bytes = size_t{1} << 16,
              .since = kSince,
              .positional = true,
              .required = true},
        t.text);
  visit(Field{.name = "face",
              .help = "the head: a GLB with ARKit's morph targets, such as ptah face makes",
              .unit = "FILE",
              .since = kSince,
              .kept = Kept::elsewhere},
        t.face);
  visit(Field{.name = "person", .help = "instead of a file: who speaks, as ptah face takes it", .max_bytes = 4096, .since = kSince}, t.person);
  visit(Field{.name = "set", .help = "a number or choice of the person", .unit = "NAME=VALUE", .since = kSince}, t.set);
  visit(Field{.name = "seed", .help = "of the person, and of when the eyes blink", .since = kSince}, t.seed);
  visit(Field{.name = "voice", .help = "who says it, or a mixture such as af_heart:2+am_adam", .unit = "NAME", .since = kSince, .one_line = true}, t.voice);
  visit(Field{.name = "lexicon", .help = "words with their phonemes, as Ptah=tˈɑ, Nguyen=wˈɪn", .max_bytes = size_t{1} << 16, .since = kSince}, t.lexicon);
  visit(Field{.name = "speed", .help = "above 1: faster", .range = {0.5, 2}, .since = kSince}, t.speed);
  visit(Field{.name = "size", .help = "edge of the moving picture", .unit = "pixels", .range = {64, 1024}, .since = kSince}, t.size);
  view_fields(t, visit, kSince);
  visit(Field{.name = "animate", .help = "a moving picture beside the GLB", .flag = "no-animate", .since = kSince}, t.animate);
  visit(Field{.name = "frame_rate", .help = "pictures a second", .range = {2, 30}, .since = kSince}, t.frame_rate);
  visit(Field{.name = "precision",
              .help = "what the voice computes in; auto: bf16 where the processor has it",
              .choices = {"auto", "f32", "bf16"},
              .since = kSince},
        t.precision);
  visit(Field{.name = "voice_model", .help = "the voice: name of a pulled model, or its folder", .unit = "MODEL", .since = kSince}, t.voice_model);
  visit(Field{.name = "model", .help = "the people: name of a pulled model, or its folder", .unit = "MODEL", .since = kSince}, t.model);
}

namespace {

SayTask say_of(const TalkTask& task) {
  SayTask out;
  out.text = task.text;
  out.voice = task.voice;
  out.model = task.voice_model;
  out.lexicon = task.lexicon;
  out.speed = task.speed;
  out.precision = task.precision;
  out.captions = true;
  return out;
}

FaceTask face_of(const TalkTask& task) {
  FaceTask out;
  out.text = task.person;
  out.set = task.set;
  out.seed = task.seed;
  out.texture = 512;
  out.model = task.model;
  return out;
}

}  // namespace

const SchemaOf<TalkTask>& talk_schema() {
  static const auto schema = SchemaOf<TalkTask>::describe("talk", "Let a head say a text", [](TalkTask& task, const Json& given) -> Result<void> {
    if (trimmed(task.text).empty()) return fail_field("text", ErrorCode::invalid_argument, "`text` is empty");
    if (!task.face.empty() && (given.contains("person") || given.contains("set")))
      return fail_field("face", ErrorCode::invalid_argument, "`face` is a finished head; `person` and `set` describe another one: give one of them");
    const auto voices = voices_in(task.voice);
    if (!voices) return fail_field("voice", voices.error().code, "{}", voices.error().message);
    if (const auto words = user_lexicon(task.lexicon); !words) return fail_field("lexicon", words.error().code, "`lexicon`: {}", words.error().message);
    PTAH_TRY_VOID(asked_person(face_of(task)));
    return {};
  });
  return schema;
}

namespace {

constexpr const char* kTalkSource = "face.glb";
constexpr double kGlbRate = 30;

/// Where the head is in a GLB: as the one that made it says, else the upper part of all.
struct HeadPlaces {
  Vec3 chin{}, top{};
};
HeadPlaces places_of(const MeshScene& scene) {
  for (const SceneMesh& mesh : scene.meshes) {
    const auto extras = parse_json(mesh.extras.empty() ? "null" : mesh.extras);
    if (!extras || !extras->is_object() || !extras->contains("head")) continue;
    const auto place = [&](const char* name) -> std::optional<Vec3> {
      const Json value = (*extras)["head"].value(name, Json());
      if (!value.is_array() || value.size() != 3 || !value[0].is_number() || !value[1].is_number() || !value[2].is_number()) return std::nullopt;
      return Vec3{value[0].get<float>(), value[1].get<float>(), value[2].get<float>()};
    };
    const auto chin = place("chin"), top = place("top");
    if (chin && top && (*top)[1] > (*chin)[1]) return {*chin, *top};
  }
  Vec3 low{1e9F, 1e9F, 1e9F}, high{-1e9F, -1e9F, -1e9F};
  for (const SceneMesh& mesh : scene.meshes)
    for (const Vec3& p : mesh.mesh.positions)
      for (size_t i = 0; i < 3; ++i) low[i] = std::min(low[i], p[i]), high[i] = std::max(high[i], p[i]);
  const float height = high[1] - low[1], wide = high[0] - low[0];
  // Of a whole body the head is about an eighth.
  const float head = height > 2.2F * wide ? height / 7.5F : height * 0.75F;
  return {{0, high[1] - head, 0}, {0, high[1], 0}};
}

Result<std::vector<MouthPhoneme>> phonemes_of(const Work& speech) {
  const Bytes& file = speech.files.at("words.json");
  PTAH_TRY(const Json words, parse_json({reinterpret_cast<const char*>(file.data()), file.size()}));
  std::vector<MouthPhoneme> out;
  for (const Json& word : words)
    for (const Json& said : word.at("phonemes"))
      out.push_back({said.at("phoneme").get<std::string>(), said.at("begin").get<double>(), said.at("end").get<double>()});
  return out;
}

bool is_of_mouth(std::string_view action) { return action.starts_with("mouth") || action.starts_with("jaw") || action == "tongueOut"; }

/// What a face shows while it speaks: its own expression, weaker about the mouth, and what the track says.
float spoken_weight(const std::string& action, float own, float said) { return std::clamp(own * (is_of_mouth(action) ? 0.5F : 1.0F) + said, 0.0F, 1.3F); }

MorphTrack morph_track(const GlbMorphs& head, const FaceTrack& face) {
  MorphTrack out;
  out.times = face.times;
  for (const std::string& name : head.names())
    if (std::find(kFaceActions.begin(), kFaceActions.end(), name) != kFaceActions.end()) out.names.push_back(name);
  for (size_t f = 0; f < face.times.size(); ++f)
    for (const std::string& name : out.names) {
      const auto column = static_cast<size_t>(std::find(face.actions.begin(), face.actions.end(), name) - face.actions.begin());
      const float said = column < face.actions.size() ? face.weights[f * face.actions.size() + column] : 0;
      out.weights.push_back(spoken_weight(name, head.resting().at(name), said));
    }
  return out;
}

/// Pictures of a head at each frame of a track.
Result<std::vector<Image>> talk_frames(const GlbMorphs& head, const MorphTrack& track, const FaceView& view, const ProgressCallback& progress,
                                       const CancelToken* cancel) {
  std::vector<Image> out;
  RenderScene first;
  HeadPlaces places;
  for (size_t f = 0; f < track.times.size(); ++f) {
    if (cancel) PTAH_TRY_VOID(cancel->check());
    std::map<std::string, float> weights;
    for (size_t i = 0; i < track.names.size(); ++i) weights[track.names[i]] = track.weights[f * track.names.size() + i];
    PTAH_TRY(const Bytes glb, head.posed(weights));
    PTAH_TRY(MeshScene scene, decode_mesh_scene(glb, {}));
    if (f == 0) {
      places = places_of(scene);
      PTAH_TRY(first, render_scene(scene));
    } else {
      // Materials and textures stay: they are decoded once.
      for (SceneMaterial& m : scene.materials)
        for (SceneTexture* t : {&m.base_color_texture, &m.metallic_roughness_texture, &m.normal_texture, &m.occlusion_texture, &m.emissive_texture})
          t->image = -1;
      PTAH_TRY(RenderScene next, render_scene(scene));
      first.meshes = std::move(next.meshes);
    }
    PTAH_TRY(Image picture, head_picture(first, places.chin, places.top, view, cancel));
    out.push_back(std::move(picture));
    if (progress) progress({"render", 0.3 + 0.65 * static_cast<double>(f + 1) / static_cast<double>(track.times.size()), -1});
  }
  return out;
}

Result<Bytes> head_bytes(const TalkTask& task, const Sources& sources, Json& core, const std::function<void(const std::string&)>& note) {
  if (const auto found = sources.files.find(kTalkSource); found != sources.files.end()) return found->second;
  PTAH_TRY(const Person person, asked_person(face_of(task), note));
  PTAH_TRY(const auto people, load_people(task.model));
  for (const auto& file : people->files) {
    PTAH_TRY(core["models"][file.filename().string()], file_id(file));
  }
  PTAH_TRY(const Head head, make_head(*people, person, {.texels = face_of(task).texture}));
  return encode_glb(head.scene);
}

}  // namespace

Result<Sources> talk_sources(const TalkTask& task) {
  Sources out;
  if (task.face.empty()) return out;
  auto bytes = read_file(task.face, kMaxSourceBytes);
  if (!bytes) return fail_field("face", bytes.error().code, "`face` {}", bytes.error().message);
  const MeshFormat* format = mesh_format_of(*bytes);
  if (!format || std::string_view(format->name) != "glb") return fail_field("face", ErrorCode::unsupported, "`face` {} is no GLB", task.face.string());
  out.files[kTalkSource] = std::move(*bytes);
  return out;
}

Result<Work> talk_work(const Speaker& speaker, const TalkTask& task, const Sources& sources, const ProgressCallback& progress,
                       const std::function<void(const std::string&)>& note, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    Json core = begun_receipt(kTalkKind, talk_schema().to_receipt(task));
    if (!sources.files.empty()) core["sources"] = source_ids(sources);
    core["models"] = Json::object();
    PTAH_TRY(Bytes bytes, head_bytes(task, sources, core, note));
    const auto read = GlbMorphs::read(std::move(bytes));
    if (!read) return fail_field("face", read.error().code, "`face`: {}", read.error().message);
    const GlbMorphs& head = **read;
    const ProgressCallback spoken = [&](const Progress& p) {
      if (progress) progress({"say", 0.3 * p.fraction, -1});
    };
    PTAH_TRY(Work speech, say_work(speaker, say_of(task), spoken, cancel));
    for (const auto& [name, digest] : speech.receipt.at("models").items()) core["models"][name] = digest;
    PTAH_TRY(const auto phonemes, phonemes_of(speech));
    const double seconds = speech.facts.at("seconds").get<double>();
    const MorphTrack track = morph_track(head, speaking_face(phonemes, seconds, kGlbRate, task.seed));
    if (std::find(track.names.begin(), track.names.end(), "jawOpen") == track.names.end())
      return fail_field("face", ErrorCode::invalid_argument, "`face` has no morph target jawOpen: its face cannot speak (names are ARKit's)");
    Work work;
    for (const char* name : {"speech.wav", "words.json"}) work.files[name] = std::move(speech.files.at(name));
    PTAH_TRY(work.files["talking.glb"], head.animated(track, "talk", receipt_inside(core)));
    size_t frames = 0;
    if (task.animate) {
      const MorphTrack drawn = morph_track(head, speaking_face(phonemes, seconds, static_cast<double>(task.frame_rate), task.seed));
      frames = drawn.times.size();
      if (frames > kMaxFrames)
        return fail_field("frame_rate", ErrorCode::invalid_argument,
                          "{:.0f} seconds at `frame_rate` {} are {} pictures; {} are possible: lower it, or make none (`animate`)", seconds, task.frame_rate,
                          frames, kMaxFrames);
      const FaceView view{task.size, task.azimuth, task.elevation, task.environment, task.background};
      PTAH_TRY(auto pictures, talk_frames(head, drawn, view, progress, cancel));
      core["pixels"] = pixel_id(pictures.front());
      PTAH_TRY(const std::string begun, canonical_json(core));
      const Animation animation{std::move(pictures), static_cast<int64_t>(std::lround(1000 / task.frame_rate)), 0,
                                generated_label(file_id(as_bytes(begun)), false)};
      PTAH_TRY(work.files["talking.webp"], encode_webp(animation));
    }
    work.facts = {{"seconds", seconds}, {"frames", frames}, {"targets", track.names.size()}};
    PTAH_TRY_VOID(add_sources(work, sources));
    PTAH_TRY_VOID(seal(work, core));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

Result<Work> replay_talk(const Speaker& speaker, const TalkTask& task, const Json& receipt, const Sources& sources, const ProgressCallback& progress,
                         const CancelToken* cancel) {
  PTAH_TRY_VOID(check_sources(receipt, sources));
  PTAH_TRY(Work work, talk_work(speaker, task, sources, progress, {}, cancel));
  if (receipt.value("models", Json()) != work.receipt.value("models", Json()))
    return fail(ErrorCode::mismatch, "the files of the models '{}' or '{}' are not those the talking head was made with", task.voice_model, task.model);
  return work;
}

Result<Plan> plan_talk(const Speaker& speaker, const TalkTask& task) {
  PTAH_TRY(Plan plan, plan_speech(speaker, say_of(task)));
  // About 14 characters a second.
  const double seconds = static_cast<double>(task.text.size()) / 14 / static_cast<double>(task.speed),
               frames = task.animate ? seconds * static_cast<double>(task.frame_rate) : 0;
  const double pixels = static_cast<double>(task.size * task.size);
  plan.shape_bytes += static_cast<int64_t>(160e6 + frames * pixels * 4);
  plan.peak_bytes += static_cast<int64_t>(160e6 + frames * pixels * 4);
  plan.seconds += 1.5 + frames * (0.35 + pixels * 1.5e-6);
  return plan;
}

}  // namespace ptah
