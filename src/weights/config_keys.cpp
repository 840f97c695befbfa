#include "weights/config_keys.h"

#include "base/file.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxShown = 200;  ///< bytes of a value in a message
constexpr int64_t kMaxConfigBytes = 8 << 20;

std::string shown(const Json& value) { return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), kMaxShown); }

/// The values of an `only` key without the brackets of their list.
std::string listed(const char* values) {
  std::string text = values;
  if (text.size() >= 2 && text.front() == '[') text = text.substr(1, text.size() - 2);
  return text;
}

/// As Python compares: 1 is 1.0, and an integer is no boolean here.
bool same(const Json& a, const Json& b) { return a == b; }

constexpr ConfigKey harmless(const char* name) { return {name, ConfigUse::harmless}; }

constexpr ConfigKey kTransformers[] = {harmless("_attn_implementation_autoset"),
                                       harmless("_commit_hash"),
                                       harmless("_name_or_path"),
                                       harmless("architectures"),
                                       harmless("attention_dropout"),
                                       harmless("attn_implementation"),
                                       harmless("bad_words_ids"),
                                       harmless("begin_suppress_tokens"),
                                       harmless("decoder_start_token_id"),
                                       harmless("diversity_penalty"),
                                       harmless("do_sample"),
                                       harmless("dropout"),
                                       harmless("dtype"),
                                       harmless("early_stopping"),
                                       harmless("encoder_no_repeat_ngram_size"),
                                       harmless("exponential_decay_length_penalty"),
                                       harmless("finetuning_task"),
                                       harmless("forced_bos_token_id"),
                                       harmless("forced_eos_token_id"),
                                       harmless("gradient_checkpointing"),
                                       harmless("id2label"),
                                       harmless("initializer_factor"),
                                       harmless("initializer_range"),
                                       harmless("label2id"),
                                       harmless("length_penalty"),
                                       harmless("max_length"),
                                       harmless("min_length"),
                                       harmless("no_repeat_ngram_size"),
                                       harmless("num_beam_groups"),
                                       harmless("num_beams"),
                                       harmless("num_return_sequences"),
                                       harmless("output_attentions"),
                                       harmless("output_hidden_states"),
                                       harmless("output_scores"),
                                       harmless("prefix"),
                                       harmless("problem_type"),
                                       harmless("remove_invalid_values"),
                                       harmless("repetition_penalty"),
                                       harmless("return_dict"),
                                       harmless("return_dict_in_generate"),
                                       harmless("sep_token_id"),
                                       harmless("suppress_tokens"),
                                       harmless("task_specific_params"),
                                       harmless("temperature"),
                                       harmless("tf_legacy_loss"),
                                       harmless("tokenizer_class"),
                                       harmless("top_k"),
                                       harmless("top_p"),
                                       harmless("torch_dtype"),
                                       harmless("torchscript"),
                                       harmless("transformers_version"),
                                       harmless("typical_p"),
                                       harmless("use_bfloat16"),
                                       harmless("use_cache"),
                                       // What these ask for is computed by none of the readers.
                                       {"add_cross_attention", ConfigUse::only, "[false]"},
                                       {"chunk_size_feed_forward", ConfigUse::harmless},
                                       {"cross_attention_hidden_size", ConfigUse::only, "[null]"},
                                       {"is_decoder", ConfigUse::only, "[false]"},
                                       {"is_encoder_decoder", ConfigUse::harmless},
                                       {"pruned_heads", ConfigUse::only, "[null, {}]"},
                                       {"quantization_config", ConfigUse::only, "[null]"},
                                       {"tie_encoder_decoder", ConfigUse::harmless}};

}  // namespace

ConfigTable transformers_keys() { return kTransformers; }

ConfigReport report_config(const Json& config, std::initializer_list<ConfigTable> tables, const std::string& file) {
  ConfigReport out;
  if (!config.is_object()) return out;
  for (const auto& [name, value] : config.items()) {
    const ConfigKey* found = nullptr;
    for (const ConfigTable& table : tables)
      for (const ConfigKey& key : table)
        if (!found && name == key.name) found = &key;
    if (!found) {
      out.unknown.push_back(fmt::format("{}: the key '{}' is not known, and its value {} is not read", file, printable(name, 80), shown(value)));
    } else if (found->use == ConfigUse::only) {
      bool allowed = false;
      for (const Json& one : Json::parse(found->values)) allowed = allowed || same(one, value);
      if (!allowed) out.refused.push_back(fmt::format("{}: '{}' is {}; supported: {}", file, name, shown(value), listed(found->values)));
    }
  }
  return out;
}

Result<void> check_config(const Json& config, std::initializer_list<ConfigTable> tables, const std::string& file, std::vector<std::string>& warnings) {
  if (!config.is_object()) return fail(ErrorCode::corrupt, "{}: a configuration is a JSON object; found {}", file, shown(config));
  ConfigReport report = report_config(config, tables, file);
  if (!report.refused.empty()) return tl::unexpected<Error>(Error{ErrorCode::unsupported, report.refused.front()});
  for (std::string& one : report.unknown) warnings.push_back(std::move(one));
  return {};
}

namespace {

/// Python's numbers that JSON does not have, outside of texts, as texts.
std::string without_infinities(const std::string& text) {
  std::string out;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\' && i + 1 < text.size()) {
      out += text[i++];
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      bool taken = false;
      for (const std::string_view name : {"-Infinity", "Infinity", "NaN"})
        if (!taken && text.compare(i, name.size(), name) == 0) {
          out.append("\"").append(name).append("\"");
          i += name.size() - 1;
          taken = true;
        }
      if (taken) continue;
    }
    out += text[i];
  }
  return out;
}

}  // namespace

Result<Config> Config::read(const std::filesystem::path& path, const std::string& shown_name) {
  PTAH_TRY(const std::string text, read_text(path, kMaxConfigBytes));
  auto json = parse_json(without_infinities(text));
  if (!json) return fail(json.error().code, "{}: {}", path.string(), json.error().message);
  if (!json->is_object()) return fail(ErrorCode::corrupt, "{}: a configuration is a JSON object", path.string());
  return Config{std::move(*json), shown_name};
}

bool Config::has(const char* key) const {
  const auto found = json.find(key);
  return found != json.end() && !found->is_null();
}

namespace {

template <class T>
T value_in(const Config& config, const char* key, const T& fallback, const char* expected) {
  if (!config.has(key)) return fallback;
  const Json& value = config.json.at(key);
  try {
    return value_of<T>(value);
  } catch (const Json::exception&) {
    throw Failure({ErrorCode::corrupt, fmt::format("{}: '{}' is {}; {} is expected", config.file, key, shown(value), expected)});
  }
}

}  // namespace

int64_t Config::integer(const char* key, int64_t fallback) const { return value_in(*this, key, fallback, "an integer"); }
double Config::number(const char* key, double fallback) const { return value_in(*this, key, fallback, "a number"); }
bool Config::boolean(const char* key, bool fallback) const { return value_in(*this, key, fallback, "true or false"); }
std::string Config::text(const char* key, const std::string& fallback) const { return value_in(*this, key, fallback, "a text"); }

std::vector<int64_t> Config::integers(const char* key, size_t count, int64_t fallback) const {
  if (!has(key) || !json.at(key).is_array()) return std::vector<int64_t>(count, integer(key, fallback));
  return value_in(*this, key, std::vector<int64_t>{}, "an integer or a list of integers");
}

void Config::agree(const char* key, const Json& in_weights) const {
  if (!has(key) || same(json.at(key), in_weights)) return;
  throw Failure({ErrorCode::mismatch, fmt::format("{}: '{}' is {}; the weights beside it have {}", file, key, shown(json.at(key)), shown(in_weights))});
}

void Config::refuse(const char* key, const std::string& supported) const {
  throw Failure({ErrorCode::unsupported, fmt::format("{}: '{}' is {}; supported: {}", file, key, has(key) ? shown(json.at(key)) : "null", supported)});
}

}  // namespace ptah
