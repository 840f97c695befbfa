// libFuzzer targets, one a parser: PTAH_FUZZ_TARGET chooses.
#include <cstdint>
#include <cstring>
#include <memory>

#include "apps/dao.h"
#include "apps/mint.h"
#include "apps/quiz.h"
#include "base/json.h"
#include "base/text.h"
#include "chain/abi.h"
#include "chain/artifact.h"
#include "chain/event_index.h"
#include "chain/account.h"
#include "create/adapters.h"
#include "create/recall.h"
#include "image/watermark.h"
#include "media/exif.h"
#include "media/manifest_store.h"
#include "media/mesh.h"
#include "media/picture.h"
#include "own/c2pa.h"
#include "own/cbor.h"
#include "text/bert.h"
#include "text/clip_tokenizer.h"
#include "text/grammar.h"
#include "text/jinja.h"
#include "text/language_model.h"
#include "text/vocabulary.h"
#include "text/wordpiece.h"
#include "weights/gguf.h"
#include "weights/safetensors.h"
#include "weights/torch_file.h"

using namespace ptah;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
#if PTAH_FUZZ_TARGET == 0
  auto copy = std::make_shared<std::vector<uint64_t>>(size / 8 + 1);
  std::memcpy(copy->data(), data, size);
  const auto file = parse_safetensors({reinterpret_cast<const uint8_t*>(copy->data()), size}, copy);
  if (file)
    for (const auto& [name, tensor] : file->tensors)
      if (tensor.bytes()) (void)static_cast<const volatile uint8_t*>(tensor.raw())[tensor.bytes() - 1];
#elif PTAH_FUZZ_TARGET == 1
  (void)decode_png(bytes);
  (void)png_text(bytes, "ptah-receipt");
#elif PTAH_FUZZ_TARGET == 2
  (void)decode_jpeg(bytes);
  (void)exif_texts(bytes);
#elif PTAH_FUZZ_TARGET == 3
  (void)decode_webp(bytes);
  (void)exif_texts(bytes);
#elif PTAH_FUZZ_TARGET == 4
  (void)glb_json(bytes);
#elif PTAH_FUZZ_TARGET == 5
  const auto json = parse_json(text);
  if (json) (void)canonical_json(*json);
#elif PTAH_FUZZ_TARGET == 6
  const size_t rest = std::min(text.find('\f'), text.size());  // tokens, then synonyms
  auto vocabulary = Vocabulary::parse(text.substr(0, rest));
  if (!vocabulary) return 0;
  if (rest < text.size()) (void)vocabulary->add_synonyms(text.substr(rest + 1));
  (void)vocabulary->encode(text, 64);
#elif PTAH_FUZZ_TARGET == 7
  auto copy = std::make_shared<std::vector<uint64_t>>(size / 8 + 1);
  std::memcpy(copy->data(), data, size);
  const auto file = parse_gguf({reinterpret_cast<const uint8_t*>(copy->data()), size}, copy);
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
#elif PTAH_FUZZ_TARGET == 8
  const auto made = JinjaTemplate::parse(text);
  static const OrderedJson variables = OrderedJson::parse(
      R"({"messages": [{"role": "user", "content": " hi "}, {"role": "assistant", "content": "é"}], "add_generation_prompt": true, "n": 3, "tools": [{"a": [1.5, null]}]})");
  if (made) (void)(*made)->render(variables);
#elif PTAH_FUZZ_TARGET == 9
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
#elif PTAH_FUZZ_TARGET == 10
  const size_t half = text.find('\xff');
  const auto pieces = WordPiece::parse(text.substr(0, half), true);
  if (pieces) (void)pieces->encode(half == std::string_view::npos ? text : text.substr(half), 64);
  (void)bert_normalized(text, true);
  const auto json = parse_json(text);
  if (json) (void)bert_config(*json);
#elif PTAH_FUZZ_TARGET == 11 || PTAH_FUZZ_TARGET == 12
  // What compiles can be walked, here along the rest of the input; a text may end exactly where nothing has to follow.
  const size_t half = text.find('\xff');
  const std::string_view source = text.substr(0, half), rest = half == std::string_view::npos ? source : text.substr(half + 1);
#if PTAH_FUZZ_TARGET == 11
  const auto grammar = Grammar::from_gbnf(source);
#else
  if (!parse_json(source, 64)) return 0;
  const auto grammar = Grammar::from_json_schema(OrderedJson::parse(source));
#endif
  if (!grammar) return 0;
  try {
    GrammarAutomaton automaton(*grammar);
    Grammar::State state = automaton.start();
    for (size_t i = 0; i < std::min<size_t>(rest.size(), 200) && state != Grammar::kDead; ++i) {
      if ((automaton.shortest(state) == 0) != automaton.accepts(state)) __builtin_trap();
      state = automaton.next(state, static_cast<uint8_t>(rest[i]));
    }
  } catch (const Failure& failure) {
    if (failure.error().code != ErrorCode::over_budget) throw;
  }
#elif PTAH_FUZZ_TARGET == 13
  // Hugging Face's tokenizer.json, then a text that it cuts.
  const size_t half = text.find('\xff');
  const auto json = parse_json(text.substr(0, half), 64);
  if (!json) return 0;
  const auto tokenizer = Tokenizer::from_json(*json);
  if (!tokenizer) return 0;
  for (const int32_t token :
       (*tokenizer)->encode(half == std::string_view::npos ? "Hello, 12 wörlds" : text.substr(half + 1), {.control_tokens = true, .bos_eos = true}))
    if (token >= (*tokenizer)->size()) __builtin_trap();
#elif PTAH_FUZZ_TARGET == 14
  auto copy = std::make_shared<std::vector<uint64_t>>(size / 8 + 1);
  std::memcpy(copy->data(), data, size);
  const auto file = parse_torch_file({reinterpret_cast<const uint8_t*>(copy->data()), size}, copy);
  if (file)
    for (const auto& [name, tensor] : file->tensors)
      if (tensor.elements()) (void)static_cast<const volatile uint8_t*>(tensor.raw())[tensor.bytes() - 1];
#elif PTAH_FUZZ_TARGET == 15
  for (const auto reader : {recall_webui, recall_comfy, recall_fooocus, recall_invokeai, recall_swarmui, recall_novelai, recall_text})
    if (const auto found = guard([&] { return reader(std::string(text)); }))
      if (!check(acceptable(*found).request)) __builtin_trap();  // whatever was read, the command is one that paint takes
#elif PTAH_FUZZ_TARGET == 16
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
#elif PTAH_FUZZ_TARGET == 17
  if (const auto value = Cbor::parse(bytes))
    if (!(*Cbor::parse(value->encode()) == *value)) __builtin_trap();
#elif PTAH_FUZZ_TARGET == 18
  // A file with its manifest, then the bytes as a store of their own.
  if (const auto place = find_manifest(bytes); place && *place)
    (void)check_manifest(bytes, (*place)->store, (*place)->start, (*place)->length, {}, 1'790'000'000);
  (void)check_manifest({}, bytes, 0, 0, {}, 1'790'000'000);
#elif PTAH_FUZZ_TARGET == 19
  // The types of an answer, a line, then the answer; and RLP.
  const size_t line = text.find('\n');
  if (const auto item = Rlp::parse(bytes))
    if (item->encode() != Bytes(data, data + size)) __builtin_trap();
  if (line == std::string_view::npos) return 0;
  if (const auto types = argument_types("f(" + std::string(text.substr(0, line)) + ")")) (void)abi_decode(*types, bytes.subspan(line + 1));
#elif PTAH_FUZZ_TARGET == 20
  if (const auto json = parse_json(text)) {
    (void)typed_data_digest(*json);
    (void)guard([&] { return parse_receipt(*json); });
    (void)prompt_commitment(*json);
  }
  (void)parse_voucher(std::string(text));
  (void)parse_community(std::string(text));
#elif PTAH_FUZZ_TARGET == 22
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
#elif PTAH_FUZZ_TARGET == 23
  (void)explain_revert(bytes);
#elif PTAH_FUZZ_TARGET == 24
  if (const auto picture = decode_picture(bytes); picture && picture->width * picture->height < 4096) (void)find_watermark(*picture);
#elif PTAH_FUZZ_TARGET == 25
  (void)weighted_parts(text);
#elif PTAH_FUZZ_TARGET == 21
  if (const auto article = parse_article(std::string(text)))
    if (size < 4000) (void)make_items(*article, 1);
#endif
  return 0;
}
