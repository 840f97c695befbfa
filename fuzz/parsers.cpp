// What the fuzz targets do with their input, one function a parser; target.cpp hands one of them to libFuzzer.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "input.h"
#include "apps/characters/call.h"
#include "apps/characters/character_memory.h"
#include "apps/characters/sheet.h"
#include "apps/community/dao.h"
#include "apps/education/item_statistics.h"
#include "apps/education/lesson_files.h"
#include "apps/market/mint.h"
#include "apps/reading/quiz.h"
#include "base/json.h"
#include "base/text.h"
#include "chain/abi.h"
#include "chain/artifact.h"
#include "chain/event_index.h"
#include "chain/account.h"
#include "contract/words/reader.h"
#include "contract/writing.h"
#include "pipelines/adapters.h"
#include "pipelines/recall/recall.h"
#include "pixels/watermark.h"
#include "render/field/posed_pictures.h"
#include "media/exif.h"
#include "media/sound/sound_encoder.h"
#include "media/sound/sound_watermark.h"
#include "media/wav.h"
#include "media/manifest_store.h"
#include "geometry/mesh.h"
#include "image/gan.h"
#include "media/image.h"
#include "own/c2pa.h"
#include "own/consent.h"
#include "face/people_data.h"
#include "face/person_words.h"
#include "media/morph/glb_morphs.h"
#include "weights/tfjs.h"
#include "own/cbor.h"
#include "text/encode/bert.h"
#include "text/encode/classifier.h"
#include "text/language_of.h"
#include "text/lm/repetition.h"
#include "text/tokenize/clip_tokenizer.h"
#include "text/translate/bleu.h"
#include "text/translate/translation_model.h"
#include "text/grammar/grammar.h"
#include "text/instructions/instructions.h"
#include "text/template/jinja.h"
#include "text/lm/language_model.h"
#include "text/tokenize/vocabulary.h"
#include "text/tokenize/wordpiece.h"
#include "voice/english/markup.h"
#include "voice/english/reader.h"
#include "voice/foreign/espeak_reader.h"
#include "weights/ctranslate2.h"
#include "weights/gguf.h"
#include "weights/onnx.h"
#include "weights/safetensors.h"
#include "weights/torch_file.h"
#include "weights/yaml.h"
#include "media/glb_scene.h"
#include "media/hdr/hdr_image.h"
#include "media/mesh/gltf_reader.h"
#include "media/mesh_files.h"

using namespace ptah;

/// What stands before and after the first byte 0xFF; twice the whole if there is none.
static std::pair<std::string_view, std::string_view> halves(std::string_view text) {
  const size_t half = text.find('\xff');
  if (half == std::string_view::npos) return {text, text};
  return {text.substr(0, half), text.substr(half + 1)};
}

/// A copy as mappings of files are: aligned, and kept alive by whoever reads it.
static std::pair<Input, std::shared_ptr<const void>> aligned(Input bytes) {
  auto copy = std::make_shared<std::vector<uint64_t>>(bytes.size() / 8 + 1);
  if (!bytes.empty()) std::memcpy(copy->data(), bytes.data(), bytes.size());
  return {{reinterpret_cast<const uint8_t*>(copy->data()), bytes.size()}, copy};
}

void fuzz_safetensors(Input bytes) {
  const auto [copy, owner] = aligned(bytes);
  const auto file = parse_safetensors(copy, owner);
  if (file)
    for (const auto& [name, tensor] : file->tensors)
      if (tensor.bytes()) (void)static_cast<const volatile uint8_t*>(tensor.raw())[tensor.bytes() - 1];
}

void fuzz_png(Input bytes) {
  (void)decode_png(bytes);
  (void)png_text(bytes, "ptah-receipt");
}

void fuzz_hdr(Input bytes) {
  const auto picture = decode_hdr(bytes);
  if (!picture) return;
  for (const auto& pixel : picture->pixels)
    for (const float value : pixel)
      if (!(value >= 0) || value > 1e38F) wrong("light that is none");
  // What can be read can be written, and is nearly the same when it is read again.
  if (picture->width < 1 || picture->height < 1) wrong("no pixels");
  const auto again = encode_radiance(*picture);
  if (!again) wrong(again.error().message);
  const auto second = decode_hdr(*again);
  if (!second) wrong(second.error().message);
  if (second->width != picture->width || second->height != picture->height) wrong("another size");
}

void fuzz_jpeg(Input bytes) {
  (void)decode_jpeg(bytes);
  (void)exif_texts(bytes);
}

void fuzz_webp(Input bytes) {
  (void)decode_webp(bytes);
  (void)exif_texts(bytes);
}

void fuzz_glb(Input bytes) {
  // What can be read can be written, and is the same when it is read again.
  const auto scene = decode_glb(bytes);
  if (!scene) return;
  const auto again = encode_glb(*scene);
  if (!again) wrong(again.error().message);
  const auto second = decode_glb(*again);
  if (!second) wrong(second.error().message);
  if (joined(*second).positions != joined(*scene).positions) wrong("other positions");
}

void fuzz_gltf(Input bytes) {
  // The JSON form, whose buffers lie in it or are what stands behind the first 0xFF.
  const auto [json, body] = halves(text_of(bytes));
  (void)decode_gltf(json, [&body = body](const std::string&) -> Result<Bytes> { return Bytes(body.begin(), body.end()); });
}

void fuzz_json(Input bytes) {
  const std::string_view text = text_of(bytes);
  const auto json = parse_json(text);
  if (json) (void)canonical_json(*json);
}

void fuzz_vocabulary(Input bytes) {
  const std::string_view text = text_of(bytes);
  const size_t rest = std::min(text.find('\f'), text.size());  // tokens, then synonyms
  auto vocabulary = Vocabulary::parse(text.substr(0, rest));
  if (!vocabulary) return;
  if (rest < text.size()) (void)vocabulary->add_synonyms(text.substr(rest + 1));
  (void)vocabulary->encode(text, 64);
}

void fuzz_gguf(Input bytes) {
  const auto [copy, owner] = aligned(bytes);
  const auto file = parse_gguf(copy, owner);
  if (file) {
    for (const auto& [name, tensor] : file->tensors) {
      const BlockMatrix& m = tensor.matrix;
      float values[256];
      const int64_t block = layout_of(m.type).elements;
      dequantize(m.type, m.row(m.rows - 1) + m.row_bytes() - layout_of(m.type).bytes, block, values);
    }
    const auto weights = language_weights(*file);
    if (weights) (void)guard([&]() -> Result<int> { return LanguageModel(*weights).config().layers > 0; });
    const auto tokenizer = Tokenizer::from_gguf(*file);
    if (tokenizer) (void)(*tokenizer)->encode("Hello, 12 wörlds", {.control_tokens = true, .bos_eos = true});
  }
}

void fuzz_template(Input bytes) {
  const std::string_view text = text_of(bytes);
  const auto made = JinjaTemplate::parse(text);
  static const OrderedJson variables = OrderedJson::parse(
      R"({"messages": [{"role": "user", "content": " hi "}, {"role": "assistant", "content": "é"}], "add_generation_prompt": true, "n": 3, "tools": [{"a": [1.5, null]}]})");
  if (made) (void)(*made)->render(variables);
}

void fuzz_tokenizer(Input bytes) {
  const std::string_view text = text_of(bytes);
  static const auto tokenizers = [] {
    std::vector<std::shared_ptr<Tokenizer>> out;
    for (const PreTokenizer pre : {PreTokenizer::gpt2, PreTokenizer::smollm, PreTokenizer::llama3, PreTokenizer::qwen2}) {
      TokenizerParts parts;
      for (int b = 0, next = 256; b < 256; ++b) {
        const bool plain = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
        const int c = plain ? b : next++;
        parts.tokens.push_back(c < 0x80 ? std::string(1, static_cast<char>(c))
                                        : std::string{static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))});
      }
      parts.tokens.insert(parts.tokens.end(), {"th", "the", "in", "11", "aa", "aaaa"});
      parts.merges = {"t h", "th e", "i n", "1 1", "a a", "aa aa"};
      parts.pre_tokenizer = pre;
      out.push_back(value_or_throw(Tokenizer::make(parts)));
    }
    return out;
  }();
  for (const auto& tokenizer : tokenizers)
    if (tokenizer->decode(tokenizer->encode(text)) != text) __builtin_trap();
  Utf8Stream stream;
  for (const char c : text)
    if (invalid_utf8_at(stream.put({&c, 1})) != std::string::npos) __builtin_trap();
}

void fuzz_wordpiece(Input bytes) {
  const std::string_view text = text_of(bytes);
  const auto [source, rest] = halves(text);
  const auto pieces = WordPiece::parse(source, true);
  if (pieces) (void)pieces->encode(rest, 64);
  (void)bert_normalized(text, true);
  const auto json = parse_json(text);
  std::vector<std::string> warnings;
  if (json) (void)bert_config(*json, warnings);
}

/// What compiles can be walked, here along the rest of the input; a text may end exactly where nothing has to follow.
static void walk(const std::shared_ptr<const Grammar>& grammar, std::string_view rest) {
  const auto walked = guard([&]() -> Result<int> {
    GrammarAutomaton automaton(grammar);
    Grammar::State state = automaton.start();
    for (size_t i = 0; i < std::min<size_t>(rest.size(), 200) && state != Grammar::kDead; ++i) {
      if ((automaton.shortest(state) == 0) != automaton.accepts(state)) __builtin_trap();
      state = automaton.next(state, static_cast<uint8_t>(rest[i]));
    }
    return 0;
  });
  if (!walked && walked.error().code != ErrorCode::over_budget) wrong(walked.error().message);
}

void fuzz_grammar(Input bytes) {
  const auto [source, rest] = halves(text_of(bytes));
  if (const auto grammar = Grammar::from_gbnf(source)) walk(*grammar, rest);
}

void fuzz_schema(Input bytes) {
  const auto [source, rest] = halves(text_of(bytes));
  if (!parse_json(source, 64)) return;
  if (const auto grammar = Grammar::from_json_schema(OrderedJson::parse(source))) walk(*grammar, rest);
}

void fuzz_tokenizer_json(Input bytes) {
  const std::string_view text = text_of(bytes);
  // Hugging Face's tokenizer.json, then a text that it cuts.
  const auto [source, rest] = halves(text);
  const auto json = parse_json(source, 64);
  if (!json) return;
  const auto tokenizer = Tokenizer::from_json(*json);
  if (!tokenizer) return;
  for (const int32_t token : (*tokenizer)->encode(rest, {.control_tokens = true, .bos_eos = true}))
    if (token >= (*tokenizer)->size()) __builtin_trap();
}

void fuzz_torch_file(Input bytes) {
  const auto [copy, owner] = aligned(bytes);
  const auto file = parse_torch_file(copy, owner);
  if (file)
    for (const auto& [name, tensor] : file->tensors)
      if (tensor.elements()) (void)static_cast<const volatile uint8_t*>(tensor.raw())[tensor.bytes() - 1];
}

void fuzz_recall(Input bytes) {
  const std::string_view text = text_of(bytes);
  for (const auto reader : {recall_webui, recall_comfy, recall_fooocus, recall_invokeai, recall_swarmui, recall_novelai, recall_text})
    if (const auto found = guard([&] { return reader(std::string(text)); }))
      if (const auto good = check(acceptable(*found).request); !good) wrong(good.error().message);  // whatever was read, paint takes the command
}

void fuzz_adapter(Input bytes) {
  const std::string_view text = text_of(bytes);
  // Lines "name extent extent …": an adapter's names and shapes, merged into a small checkpoint.
  NamedTensors adapter, checkpoint{{"u.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight", Tensor::zeros({4, 4})},
                                   {"u.input_blocks.1.0.in_layers.2.weight", Tensor::zeros({4, 4, 3, 3})},
                                   {"t.transformer.resblocks.0.attn.in_proj_weight", Tensor::zeros({12, 4})}};
  for (const std::string& line : lines_of(std::string(text))) {
    std::vector<int64_t> shape;
    size_t at = line.find(' ');
    const std::string name = line.substr(0, at);
    for (; at != std::string::npos && shape.size() < 4; at = line.find(' ', at + 1)) shape.push_back(line.size() > at + 1 ? line[at + 1] & 15 : 0);
    adapter.insert_or_assign(name, Tensor::full(Shape(std::span<const int64_t>(shape)), 0.5F));
  }
  (void)merge_adapters(checkpoint, {"u.", {"t."}}, {{adapter, "a", 1}}, true);
  (void)embedding_vectors(adapter, 1);
}

void fuzz_cbor(Input bytes) {
  if (const auto value = Cbor::parse(bytes))
    if (!(*Cbor::parse(value->encode()) == *value)) __builtin_trap();
}

void fuzz_manifest(Input bytes) {
  // A file with its manifest, then the bytes as a store of their own.
  if (const auto place = find_manifest(bytes); place && *place)
    (void)check_manifest(bytes, (*place)->store, (*place)->start, (*place)->length, {}, 1'790'000'000);
  (void)check_manifest({}, bytes, 0, 0, {}, 1'790'000'000);
}

void fuzz_abi(Input bytes) {
  const std::string_view text = text_of(bytes);
  // The types of an answer, a line, then the answer; and RLP.
  const size_t line = text.find('\n');
  if (const auto item = Rlp::parse(bytes))
    if (item->encode() != Bytes(bytes.begin(), bytes.end())) __builtin_trap();
  if (line == std::string_view::npos) return;
  if (const auto types = argument_types("f(" + std::string(text.substr(0, line)) + ")")) (void)abi_decode(*types, bytes.subspan(line + 1));
}

void fuzz_chain_json(Input bytes) {
  const std::string_view text = text_of(bytes);
  if (const auto json = parse_json(text)) {
    (void)typed_data_digest(*json);
    (void)guard([&] { return parse_receipt(*json); });
    (void)prompt_commitment(*json);
  }
  (void)parse_voucher(std::string(text));
  (void)parse_community(std::string(text));
}

void fuzz_article(Input bytes) {
  const std::string_view text = text_of(bytes);
  if (const auto article = parse_article(std::string(text)))
    if (bytes.size() < 4000) (void)make_items(*article, 1);
}

void fuzz_event(Input bytes) {
  const std::string_view text = text_of(bytes);
  // An event as a node gives it.
  const auto json = parse_json(text);
  const auto event = json ? parse_event(*json) : fail(ErrorCode::corrupt, "none");
  if (event)
    for (const char* of : {"Opened(uint256 indexed,address indexed,(address,uint256[],address,address,uint64,uint64,string))",
                           "Transfer(address indexed,address indexed,uint256)",
                           "ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)"}) {
      ChainEvent named = *event;
      std::string plain(of);
      for (size_t at = plain.find(" indexed"); at != std::string::npos; at = plain.find(" indexed")) plain.erase(at, 8);
      if (!named.topics.empty()) named.topics[0] = keccak256(plain);
      (void)decode_event(of, named);
    }
}

void fuzz_revert(Input bytes) { (void)explain_revert(bytes); }

void fuzz_watermark(Input bytes) {
  if (const auto picture = decode_image(bytes); picture && picture->width * picture->height < 4096) (void)find_watermark(*picture);
}

void fuzz_prompt(Input bytes) {
  for (const int64_t rules : {1, 2})  // a weight that is no number is refused
    (void)guard([&]() -> Result<size_t> { return weighted_parts(text_of(bytes), rules).size(); });
}

void fuzz_transforms(Input bytes) {
  const auto frames = parse_transforms(text_of(bytes));
  if (!frames) return;
  for (const PosedFrame& frame : *frames) {
    const std::filesystem::path file(frame.file);
    if (file.empty() || file.is_absolute() || *file.begin() == "..") wrong("a picture outside of the folder: " + frame.file);
    const auto camera = frame.camera(64, 48);
    if (!camera) continue;
    for (const float x : {0.0F, 31.5F, 64.0F})
      for (const float y : {0.0F, 48.0F}) {
        const Vec3 ray = camera->ray(x, y);
        if (!(std::abs(dot(ray, ray) - 1) < 1e-3F)) wrong("a ray that is not of length 1");
      }
  }
}

void fuzz_onnx(Input bytes) {
  const auto file = parse_onnx(bytes);
  if (!file) return;
  for (const auto& [name, tensor] : file->initialisers)
    if (tensor.elements() < 0 || (tensor.elements() > 0 && tensor.bytes.empty())) wrong("an initialiser without its bytes");
}

void fuzz_ctranslate2(Input bytes) {
  const auto file = parse_ctranslate2(bytes);
  if (!file) return;
  for (const auto& [name, tensor] : file->tensors)
    if (tensor.elements() > 0 && !tensor.raw()) wrong("a tensor without its numbers");
}

void fuzz_speech(Input bytes) {
  static const auto lexicon = value_or_throw(EnglishLexicon::parse(R"({"the": "ði", "fox": "fˈɑks", "A": "ˈA", "B": "bˈi", "C": "sˈi"})", "{}", false));
  (void)parts_of_markup(std::string(text_of(bytes)));
  (void)user_lexicon(std::string(text_of(bytes)));
  const auto read = read_english(std::string(text_of(bytes)), *lexicon, 100);
  if (!read) return;
  for (const Utterance& one : *read) {
    if (one.words.empty()) wrong("an utterance without words");
    for (const ReadWord& word : one.words)
      if (word.begin > word.end || word.end > one.characters) wrong("a word outside of its utterance");
  }
}

/// A config of a model that translates, and texts in any bytes that are cut, joined and told apart.
void fuzz_translation(Input bytes) {
  const auto [source, rest] = halves(text_of(bytes));
  if (const auto json = parse_json(source, 64)) {
    (void)translation_config(*json);
    (void)gan_config(*json);
  }
  for (const TextUnits units : {TextUnits::words, TextUnits::characters, TextUnits::pieces}) {
    const auto cut = units_of(std::string(rest), units, 100);
    if (cut.size() > 100) std::abort();
    (void)joined_units(cut, units);
  }
  (void)language_of(rest);
  (void)names_a_language(rest);
  (void)tokens_13a(std::string(rest));
  RepetitionWatch watch;
  for (size_t i = 0; i < std::min<size_t>(rest.size(), 2000); ++i) (void)watch.add(rest[i], rest.substr(i, 1));
}

/// A manifest and its numbers.
void fuzz_tfjs(Input bytes) {
  const auto [manifest, numbers] = halves(text_of(bytes));
  (void)parse_tfjs(manifest, as_bytes(numbers));
}

/// A mesh with its shapes, and a sentence about a person.
void fuzz_people(Input bytes) {
  const auto [mesh, offsets] = halves(text_of(bytes));
  PeopleData data;
  (void)read_people_mesh(mesh, data);
  (void)read_offsets(offsets, {"a", "b"}, data.base.size());
  (void)read_packed_offsets(as_bytes(offsets), {"a", "b"}, data.base.size());
  (void)person_of(1, read_person(mesh).wishes);
}

void fuzz_morphs(Input bytes) {
  const auto head = GlbMorphs::read({bytes.begin(), bytes.end()});
  if (!head) return;
  (void)(*head)->posed({{"jawOpen", 1.0F}});
  (void)(*head)->animated({{"jawOpen"}, {0, 1}, {0, 1}}, "fuzz");
}

void fuzz_consent(Input bytes) {
  const auto json = parse_json(std::string(text_of(bytes)));
  if (!json) return;
  (void)read_consent(*json);
  (void)read_revocation(*json);
}

void fuzz_yaml(Input bytes) { (void)parse_yaml(text_of(bytes), "config.yaml"); }

void fuzz_sound(Input bytes) {
  (void)opus_seconds(bytes);
  if (const auto sound = decode_opus(bytes, 2, 16000); sound && (sound->channels < 1 || sound->channels > 2 || sound->samples.size() > 2 * 16000 * 3))
    wrong("more sound than was asked for");
  if (const auto sound = decode_wav(bytes, 48000))
    (void)find_sound_mark(std::span(sound->samples).first(std::min<size_t>(sound->samples.size(), 24000)), 24000);
}

void fuzz_classifier_labels(Input bytes) {
  const auto json = parse_json(text_of(bytes));
  if (!json) return;
  if (const auto labels = classifier_labels(*json); labels && !labels->thresholds.empty() && labels->thresholds.size() != labels->names.size())
    wrong("thresholds that labels lack");
}

void fuzz_foreign_speech(Input bytes) {
  const auto read = read_foreign(
      std::string(text_of(bytes)), [](const std::string& clause) -> Result<std::string> { return clause; }, 100);
  if (!read) return;
  for (const Utterance& one : *read)
    for (const ReadWord& word : one.words)
      if (word.begin > word.end || word.end > one.characters) wrong("a word outside of its utterance");
}

/// Requests for contracts; what was understood comes back from its JSON, and what is complete can be written.
void fuzz_contract_words(Input bytes) {
  const auto reading = read_contract(std::string(text_of(bytes)));
  if (!reading) return;
  const auto again = contract_spec(to_json(reading->spec));
  if (reading->questions.empty() && (!again || !(*again == reading->spec))) wrong("another specification from its JSON");
}

/// A row of a request with instructions, a line break, and an answer.
void fuzz_instructions(Input bytes) {
  const std::string text(text_of(bytes));
  const size_t end = text.find('\n');
  const auto json = parse_json(text.substr(0, end), 8);
  if (!json) return;
  const auto request = checked_request(*json);
  if (!request || end == std::string::npos) return;
  const double kept = request->share_kept(text.substr(end + 1));
  if (!(kept >= 0 && kept <= 1)) wrong("a share that is none");
}

/// Specifications; the names in them become identifiers, literals and comments.
void fuzz_contract_spec(Input bytes) {
  const auto json = parse_json(text_of(bytes), 8);
  if (!json) return;
  auto spec = contract_spec(*json);
  if (!spec) return;
  (void)contract_parties(*spec);
  (void)complete_spec(*spec);
  const std::string name = solidity_identifier(spec->name, true, "X");
  if (name != solidity_identifier(name, true, "X")) wrong("no identifier");
  if (solidity_string(spec->name).find('\n') != std::string::npos) wrong("a literal of two lines");
}

/// A game and calls of its actions, a character, a memory, a lesson and its files, or learners' answers.
void fuzz_game(Input bytes) {
  const auto [first, second] = halves(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  if (const auto answers = read_responses(std::string(first)); answers && answers->right.size() < 10000) (void)item_statistics(*answers);
  const auto json = parse_json(first, 8);
  if (!json) return;
  (void)read_sheet(*json);
  if (const auto memory = CharacterMemory::from_json(*json)) {
    const auto again = CharacterMemory::from_json(memory->to_json());
    if (!again || again->events() != memory->events()) wrong("a memory does not come back");
  }
  if (const auto lesson = read_lesson(*json))
    for (const std::string& format : lesson_formats()) (void)lesson_file(*lesson, format);
  const auto game = read_game(*json);
  if (!game) return;
  for (const GameAction& action : game->actions) {
    if (!possible(action, game->state)) continue;
    ActionForm form = form_of(&action, game->state);
    narrow(form, std::string(second));
    if (const auto call = only_call(form); call && !parse_call(text_of(*call, &action), *game, game->state)) wrong("a possible call is refused");
  }
  if (const auto call = parse_call(std::string(second), *game, game->state)) (void)state_after(*call, *game, game->state);
}
