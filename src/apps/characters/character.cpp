#include "apps/characters/character.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>

#include "apps/companion/memory.h"
#include "apps/companion/principles.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxSaid = 2000, kExchanges = 3, kFacts = 2, kEvents = 2;
constexpr float kNear = 0.3F;          ///< a fact that is told
constexpr float kSameQuestion = 0.7F;  ///< from which cosine on a question is one that a fact answers
constexpr float kAnswers = 0.5F;       ///< and a fact the answer, without a model
constexpr float kToneMargin = 0.1F;    ///< between kind and unkind

const std::vector<std::string>& kind_words() {
  static const std::vector<std::string> out{"Thank you, you are very kind.", "That is wonderful, I like you.", "You are a good friend.",
                                            "Well done, I am grateful."};
  return out;
}
const std::vector<std::string>& unkind_words() {
  static const std::vector<std::string> out{"You are stupid and ugly.", "I hate you, you liar.", "Shut up or I will hurt you.", "You are worthless."};
  return out;
}

std::vector<float> mean_vector(const SentenceEncoder& encoder, const std::vector<std::string>& texts) {
  const Tensor vectors = encoder.embed(texts);
  std::vector<float> out(static_cast<size_t>(encoder.width()), 0);
  for (size_t i = 0; i < texts.size(); ++i)
    for (size_t c = 0; c < out.size(); ++c) out[c] += vectors.data<float>()[i * out.size() + c] / static_cast<float>(texts.size());
  return out;
}

float product(const std::vector<float>& a, const float* b) {
  float out = 0;
  for (size_t c = 0; c < a.size(); ++c) out += a[c] * b[c];
  return out;
}

/// Words in small letters with one blank between, and one at both ends.
std::string spaced_words(const std::string& text) {
  std::string out = " ";
  for (const char c : lower_case(text)) {
    const bool inside = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 128;
    if (inside)
      out += c;
    else if (out.back() != ' ')
      out += ' ';
  }
  if (out.back() != ' ') out += ' ';
  return out;
}

/// One line; an answer that was cut ends with its last whole sentence.
std::string tidy_speech(std::string said, bool cut) {
  said = std::string(trimmed(said));
  if (cut) {
    const size_t end = said.find_last_of(".!?");
    if (end != std::string::npos)
      said.resize(end + 1);
    else
      said += "…";
  }
  if (said.size() >= 2 && said.front() == '"' && said.back() == '"') said = said.substr(1, said.size() - 2);
  return said;
}

/// A call with the first of what each parameter may be.
ActionCall first_call(const ActionForm& form) {
  ActionForm one = form;
  for (size_t i = 0; i < one.parameters.size(); ++i) {
    ActionForm::Form& f = one.parameters[i];
    if (f.choices.size() > 1) f.choices.resize(1);
    f.bounds.max = f.bounds.min;
  }
  if (auto call = only_call(one)) return *call;
  ActionCall out;  // a text is among the parameters
  out.name = form.action->name;
  for (size_t i = 0; i < form.parameters.size(); ++i) {
    const ActionParameter& p = form.action->parameters[i];
    if (p.type == ActionParameter::Type::text)
      out.values[p.name] = p.usual.is_string() ? p.usual : Json("it");
    else if (p.type == ActionParameter::Type::choice)
      out.values[p.name] = one.parameters[i].choices[0];
    else
      out.values[p.name] = one.parameters[i].bounds.min;
  }
  return out;
}

}  // namespace

std::vector<std::string> parts_of(const std::string& said, size_t max_count) {
  static constexpr std::string_view kCuts[] = {" and then ", ", then ", " then ", " and also ", "; "};
  std::vector<std::string> out;
  std::string rest = said;
  while (out.size() + 1 < max_count) {
    size_t at = std::string::npos, size = 0;
    const std::string small = lower_case(rest);
    for (const std::string_view cut : kCuts)
      if (const size_t found = small.find(cut); found != std::string::npos && found > 0 && found < at) at = found, size = cut.size();
    if (at == std::string::npos) break;
    out.push_back(rest.substr(0, at));
    rest = rest.substr(at + size);
  }
  out.push_back(rest);
  std::erase_if(out, [](const std::string& part) { return trimmed(part).empty(); });
  if (out.empty()) out.push_back(said);
  return out;
}

Result<std::shared_ptr<const CharacterWorld>> CharacterWorld::make(Game game, std::optional<LoadedLanguageModel> model,
                                                                   std::shared_ptr<const SentenceEncoder> encoder,
                                                                   std::shared_ptr<const Principles> principles) {
  return guard([&]() -> Result<std::shared_ptr<const CharacterWorld>> {
    auto out = std::make_shared<CharacterWorld>();
    out->game = std::move(game);
    out->encoder = std::move(encoder);
    out->principles = std::move(principles);
    out->intents = std::make_unique<IntentIndex>(out->game, *out->encoder);
    out->kind = mean_vector(*out->encoder, kind_words());
    out->unkind = mean_vector(*out->encoder, unkind_words());
    if (model) {
      PTAH_TRY(out->format, ChatFormat::make(*model));
      out->words = model->tokenizer;
      out->engine = std::make_unique<BatchEngine>(std::move(*model), BatchLimits{.cache_bytes = int64_t{512} << 20, .at_once = 16});
    }
    return std::shared_ptr<const CharacterWorld>(std::move(out));
  });
}

CharacterMind::CharacterMind(std::shared_ptr<const CharacterWorld> world, CharacterSheet sheet)
    : world_(std::move(world)), sheet_(std::move(sheet)), state_(world_->game.state) {
  for (size_t f = 0; f < sheet_.knowledge.size(); ++f) {
    std::vector<std::string> texts = sheet_.knowledge[f].asked;
    texts.push_back(sheet_.knowledge[f].text);
    const Tensor vectors = world_->encoder->embed(texts);
    for (size_t i = 0; i < texts.size(); ++i) {
      const float* row = vectors.data<float>() + static_cast<int64_t>(i) * world_->encoder->width();
      fact_vectors_.emplace_back(row, row + world_->encoder->width());
      fact_of_.push_back(f);
      is_question_.push_back(i + 1 < texts.size());
    }
  }
}

Result<std::unique_ptr<CharacterMind>> CharacterMind::make(std::shared_ptr<const CharacterWorld> world, CharacterSheet sheet) {
  PTAH_TRY_VOID(check_sheet(sheet, world->game));
  return guard(
      [&]() -> Result<std::unique_ptr<CharacterMind>> { return std::unique_ptr<CharacterMind>(new CharacterMind(std::move(world), std::move(sheet))); });
}

// ---- what the model is told --------------------------------------------------------------------------------------------------------------------

bool CharacterMind::may(const GameAction& action, const Json& state) const {
  const bool its_own = sheet_.actions.empty() || std::find(sheet_.actions.begin(), sheet_.actions.end(), action.name) != sheet_.actions.end();
  return its_own && ptah::possible(action, state);
}

std::vector<ActionForm> CharacterMind::offered(const float* vector, const std::string& part, const Json& state, const TurnOptions& options,
                                               bool& impossible) const {
  std::vector<Wanted> ranked = world_->intents->ranked(vector);
  for (Wanted& wanted : ranked)  // a question that a fact answers asks for talk, whether or not the fact may be told
    if (!wanted.action)
      for (size_t i = 0; i < fact_vectors_.size(); ++i)
        if (const float near = is_question_[i] ? product(fact_vectors_[i], vector) : 0; near >= kSameQuestion) wanted.score = std::max(wanted.score, near);
  std::stable_sort(ranked.begin(), ranked.end(), [](const Wanted& x, const Wanted& y) { return x.score > y.score; });
  // What is meant and cannot be done is answered, and not replaced by something that nobody asked for.
  impossible = ranked.front().action && !may(*ranked.front().action, state);
  std::vector<ActionForm> out;
  if (impossible) return {{}};
  for (const Wanted& wanted : ranked) {
    if (static_cast<int64_t>(out.size()) >= options.shortlist || wanted.score < ranked.front().score - options.margin) break;
    if (wanted.action && !may(*wanted.action, state)) continue;
    ActionForm form = form_of(wanted.action, state);
    narrow(form, part);
    out.push_back(std::move(form));
  }
  return out;
}

void CharacterMind::tell_facts(const float* vector, Prepared& to) const {
  std::vector<float> scores(sheet_.knowledge.size(), -1);
  for (size_t i = 0; i < fact_vectors_.size(); ++i) scores[fact_of_[i]] = std::max(scores[fact_of_[i]], product(fact_vectors_[i], vector));
  std::vector<size_t> order;
  for (size_t f = 0; f < scores.size(); ++f) {
    const auto& when = sheet_.knowledge[f].when;
    if (scores[f] >= kNear && std::all_of(when.begin(), when.end(), [&](const Condition& c) { return holds(c, to.state); })) order.push_back(f);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  order.resize(std::min(order.size(), kFacts));
  for (const size_t f : order) to.known.push_back(sheet_.knowledge[f].text);
  to.answers = !order.empty() && scores[order[0]] >= kAnswers;
}

std::string CharacterMind::system() const {
  std::string out = sheet_.persona;
  if (!world_->game.setting.empty()) out += " " + world_->game.setting;
  if (!sheet_.goals.empty()) out += fmt::format(" You want to {}.", fmt::join(sheet_.goals, ", and to "));
  return out + " First write what you do. On the next line write what you say, in one or two short sentences.";
}

std::string CharacterMind::note(const Prepared& prepared) const {
  std::string out;
  for (const std::string& fact : prepared.known) out += "You know: " + fact + "\n";
  for (const std::string& event : prepared.remembered) out += "You remember: " + event + "\n";
  if (prepared.impossible) out += "What is asked cannot be done now.\n";
  out += "You can:\n";
  for (const ActionForm& form : prepared.steps[0]) {
    out += form.action ? form.action->name + (form.action->does.empty() ? "" : ": " + form.action->does) : "talk: only talk";
    const auto call = only_call(form);
    const auto lines = sheet_.lines.find(form.action ? form.action->name : "talk");
    if (call && lines != sheet_.lines.end() && !lines->second.empty())
      if (const auto line = filled(lines->second[static_cast<size_t>(memory_.turn()) % lines->second.size()], *call)) out += ", “" + *line + "”";
    out += "\n";
  }
  return out;
}

Result<CharacterMind::Prepared> CharacterMind::prepare(const Perception& perception, const TurnOptions& options) {
  return guard([&]() -> Result<Prepared> {
    const std::string said(trimmed(perception.text));
    if (said.empty() || said.size() > kMaxSaid || invalid_utf8_at(said) != std::string::npos)
      return fail(ErrorCode::invalid_argument, "what is said has 1 to {} bytes of UTF-8", kMaxSaid);
    if (perception.who.empty() || perception.who.size() > 60 || perception.who.find_first_of(":\n\r") != std::string::npos)
      return fail(ErrorCode::invalid_argument, "`who` has 1 to 60 bytes on one line, without a colon");
    Prepared out;
    PTAH_TRY(out.state, with_changes(state_, perception.state));
    out.state["trust"] = memory_.relation(perception.who).trust;
    const Tensor whole = world_->encoder->embed({said});
    const auto* vector = whole.data<float>();
    const float tone = product(world_->kind, vector) - product(world_->unkind, vector);
    out.tone = tone > kToneMargin ? 1 : tone < -kToneMargin ? -1 : 0;
    const auto parts = parts_of(said, static_cast<size_t>(std::max<int64_t>(options.max_actions, 1)));
    for (const std::string& part : parts) {
      const Tensor own = parts.size() == 1 ? whole : world_->encoder->embed({part});
      bool impossible = false;
      out.steps.push_back(offered(own.data<float>(), part, out.state, options, impossible));
      out.impossible = out.impossible || (impossible && parts.size() == 1);
    }
    for (const ActionForm& form : out.steps[0]) out.shortlist.push_back(form.action ? form.action->name : "talk");
    tell_facts(vector, out);
    out.question = said.back() == '?';
    for (const MemoryEvent& event : memory_.recall(*world_->encoder, vector, kEvents, kExchanges))
      out.remembered.push_back(event.kind == "heard"  ? fmt::format("{} told me: {}", event.who == perception.who ? "You" : event.who, event.text)
                               : event.kind == "said" ? fmt::format("I said to {}: {}", event.who, event.text)
                                                      : event.text);
    // The beginning is the same in every turn, so that the model need not read it again.
    out.messages.push_back({"system", system()});
    out.messages.push_back({"user", "Guest: Hello!"});
    out.messages.push_back({"assistant", "talk()\n" + sheet_.begins});
    for (const auto& [heard, answered] : exchanges_) {
      out.messages.push_back({"user", heard});
      out.messages.push_back({"assistant", answered});
    }
    std::string one_line = said;
    std::replace(one_line.begin(), one_line.end(), '\n', ' ');
    out.messages.push_back({"user", note(out) + perception.who + ": " + one_line});
    return out;
  });
}

// ---- what it says and does ---------------------------------------------------------------------------------------------------------------------

Result<CharacterMind::Spoken> CharacterMind::by_model(const Prepared& prepared, const TurnOptions& options, CharacterTurn& out,
                                                      const std::function<void(std::string_view)>& show, std::shared_ptr<const CancelToken> cancel) const {
  BatchRequest request;
  PTAH_TRY(request.prompt, world_->format->tokens(prepared.messages));
  request.options.sampling = options.sampling;
  request.options.max_tokens = options.max_tokens;
  request.options.grammar = turn_grammar(prepared.steps, !options.lines);
  request.show = show;
  request.cancel = std::move(cancel);
  PTAH_TRY(const Generated made, world_->engine->submit(std::move(request)).get());
  out.prompt_tokens = made.prompt_tokens;
  out.tokens = static_cast<int64_t>(made.tokens.size());
  Spoken spoken;
  std::string rest = made.text;
  for (size_t i = 0; i < prepared.steps.size(); ++i) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    spoken.calls.push_back(rest.substr(0, end));
    rest.erase(0, std::min(rest.size(), end + 1));
  }
  spoken.say = tidy_speech(rest, made.reason == FinishReason::length || made.reason == FinishReason::context);
  return spoken;
}

std::string CharacterMind::line_for(const ActionCall& call, const Prepared& prepared) const {
  if (call.name == "talk") {
    if (prepared.impossible) return sheet_.cannot;
    if (prepared.answers) return prepared.known[0];
    if (prepared.question) return prepared.remembered.empty() ? sheet_.deflect : prepared.remembered[0];
  }
  std::vector<std::string> possible_lines;
  if (const auto lines = sheet_.lines.find(call.name); lines != sheet_.lines.end())
    for (const std::string& line : lines->second)
      if (const auto text = filled(line, call)) possible_lines.push_back(*text);
  if (possible_lines.empty()) return "";
  return possible_lines[static_cast<size_t>(memory_.turn()) % possible_lines.size()];
}

CharacterMind::Spoken CharacterMind::by_lines(const Prepared& prepared) const {
  Spoken out;
  for (const std::vector<ActionForm>& forms : prepared.steps) {
    const ActionCall call = forms.empty() || !forms[0].action ? ActionCall() : first_call(forms[0]);
    out.calls.push_back(text_of(call, world_->game.find(call.name)));
  }
  return out;
}

bool CharacterMind::allowed(const std::string& said, bool by_the_model) const {
  const std::string words = spaced_words(said);
  for (const std::string& never : sheet_.never)
    if (const std::string wanted = spaced_words(never); wanted.size() > 2 && words.find(wanted) != std::string::npos) return false;
  return !by_the_model || !world_->principles || said.empty() || !world_->principles->check(said, Principles::Of::answer);
}

Result<std::vector<ActionCall>> CharacterMind::taken(const std::vector<std::string>& calls, Json& state, std::vector<std::string>& dropped) const {
  std::vector<ActionCall> out;
  for (const std::string& text : calls) {
    const auto call = parse_call(text, world_->game, state);
    if (!call && call.error().code == ErrorCode::mismatch && &text != &calls.front()) {  // an action before it made it impossible
      dropped.push_back(call.error().message);
      continue;
    }
    if (!call) return tl::unexpected(call.error());
    if (call->name == "talk" || (!out.empty() && out.back() == *call)) continue;
    state = state_after(*call, world_->game, std::move(state));
    out.push_back(*call);
  }
  return out;
}

Result<CharacterTurn> CharacterMind::turn(const Perception& perception, const TurnOptions& options, const Decided& decided,
                                          std::shared_ptr<const CancelToken> cancel) {
  return guard([&]() -> Result<CharacterTurn> {
    const auto begun = std::chrono::steady_clock::now();
    const auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(); };
    PTAH_TRY(Prepared prepared, prepare(perception, options));
    CharacterTurn out;
    out.shortlist = prepared.shortlist;
    out.known = prepared.known;
    out.remembered = prepared.remembered;
    Spoken spoken;
    std::string text;
    double decision = 0;
    const auto show = [&](std::string_view news) {  // on the engine's thread, while this one waits
      text += news;
      if (decision > 0) return;
      std::vector<std::string> calls;
      size_t from = 0;
      while (calls.size() < prepared.steps.size()) {
        const size_t end = text.find('\n', from);
        if (end == std::string::npos) return;
        calls.push_back(text.substr(from, end - from));
        from = end + 1;
      }
      decision = passed();
      Json state = prepared.state;
      std::vector<std::string> dropped;
      if (const auto known = taken(calls, state, dropped); known && decided) decided(*known);
    };
    if (world_->engine) {
      PTAH_TRY(spoken, by_model(prepared, options, out, show, std::move(cancel)));
    } else {
      spoken = by_lines(prepared);
    }
    Json state = prepared.state;
    PTAH_TRY(out.actions, taken(spoken.calls, state, out.dropped));
    if (decision == 0) {
      decision = passed();
      if (decided) decided(out.actions);
    }
    const ActionCall first = out.actions.empty() ? ActionCall() : out.actions[0];
    const bool by_the_model = !spoken.say.empty();
    if (!by_the_model) spoken.say = line_for(first, prepared);
    if (const auto line = filled(spoken.say, first)) spoken.say = *line;
    out.say = spoken.say;
    if (!allowed(out.say, by_the_model)) {
      out.say = sheet_.deflect;
      out.deflected = true;
    }
    // From here on nothing fails: the turn is remembered.
    state.erase("trust");
    state_ = std::move(state);
    memory_.next_turn();
    for (const std::string& event : perception.happens) memory_.add("saw", perception.who, event, 4);
    memory_.add("heard", perception.who, std::string(trimmed(perception.text)), facts_worth_keeping(perception.text).empty() ? 1 : 5);
    for (const ActionCall& call : out.actions)
      memory_.add("did", perception.who, fmt::format("I did {} for {}.", text_of(call, world_->game.find(call.name)), perception.who), 3);
    if (!out.say.empty()) memory_.add("said", perception.who, out.say);
    memory_.meet(perception.who, prepared.tone);
    std::string answered;
    for (const std::string& call : spoken.calls) answered += call + "\n";
    exchanges_.emplace_back(perception.who + ": " + std::string(trimmed(perception.text)), answered + out.say);
    if (exchanges_.size() > kExchanges) exchanges_.erase(exchanges_.begin());
    out.emotion = memory_.emotion();
    out.voice = sheet_.voice;
    out.face = sheet_.face;
    out.decision_seconds = decision;
    out.seconds = passed();
    return out;
  });
}

void CharacterMind::overhear(const std::string& who, const std::string& text) { memory_.add("heard", who, text, 2); }

void CharacterMind::remember(CharacterMemory memory) {
  memory_ = std::move(memory);
  exchanges_.clear();
  // What was said last stands before the model again; of what was done, what it remembers.
  const auto& events = memory_.events();
  std::string heard;
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].turn + static_cast<int64_t>(kExchanges) <= memory_.turn()) continue;
    if (events[i].kind == "heard") heard = events[i].who + ": " + events[i].text;
    if (events[i].kind != "said" || heard.empty()) continue;
    exchanges_.emplace_back(heard, "talk()\n" + events[i].text);
    heard.clear();
  }
}

Json to_json(const CharacterTurn& turn) {
  Json actions = Json::array();
  for (const ActionCall& call : turn.actions) actions.push_back(to_json(call));
  return {{"say", turn.say},
          {"actions", actions},
          {"dropped", turn.dropped},
          {"shortlist", turn.shortlist},
          {"known", turn.known},
          {"remembered", turn.remembered},
          {"emotion", turn.emotion},
          {"voice", turn.voice},
          {"face", turn.face},
          {"deflected", turn.deflected},
          {"decision_seconds", turn.decision_seconds},
          {"seconds", turn.seconds},
          {"prompt_tokens", turn.prompt_tokens},
          {"tokens", turn.tokens}};
}

}  // namespace ptah
