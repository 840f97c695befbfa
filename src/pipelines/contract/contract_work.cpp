#include "pipelines/contract/contract_work.h"

#include "base/text.h"
#include "contract/writing.h"
#include "models/registry.h"
#include "text/encode/bert.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, ContractTask>
void fields(C& c, const Visit& visit) {
  constexpr const char* kSince = "0.3.0";
  visit(Field{.name = "text", .help = "what the contract is to do, in English", .max_bytes = kMaxContractWords, .since = kSince, .positional = true}, c.text);
  visit(Field{.name = "specification",
              .help = "instead of words: a specification.json",
              .flag = "spec",
              .max_bytes = size_t{1} << 16,
              .since = kSince,
              .text_of_file = true},
        c.specification);
  visit(Field{.name = "set", .help = "an answer, as goal=\"50 ETH\"; may be given several times", .unit = "NAME=VALUE", .since = kSince}, c.set);
  visit(Field{.name = "ignore", .help = "a part of the text that need not be understood; may be given several times", .unit = "TEXT", .since = kSince},
        c.ignore);
}

const SchemaOf<ContractTask>& contract_schema() {
  static const auto schema = [] {
    auto out = SchemaOf<ContractTask>::describe("contract", "Write a smart contract from words", [](ContractTask& task, const Json&) -> Result<void> {
      if (trimmed(task.text).empty() == trimmed(task.specification).empty())
        return fail_field("text", ErrorCode::invalid_argument, "give a `text` or a `specification`, one of the two");
      if (!task.ignore.empty() && task.text.empty()) return fail_field("ignore", ErrorCode::invalid_argument, "`ignore` needs a `text`");
      return {};
    });
    out.set_command("contract write");
    return out;
  }();
  return schema;
}

NearestContract nearest_contract_kind(const std::filesystem::path& models) {
  return [models](const std::string& words) -> std::string {
    constexpr float kNear = 0.35F, kLead = 0.03F;
    const auto model = shipped_model(models, "minilm");
    if (!model) return {};
    const auto encoder = SentenceEncoder::load(model->place);
    if (!encoder) return {};
    std::vector<std::string> texts{words};
    std::vector<std::string_view> kinds{""};
    for (const ContractKind& kind : contract_kinds())
      for (const std::string_view example : kind.examples) texts.emplace_back(example), kinds.push_back(kind.name);
    const Tensor all = (*encoder)->embed(texts);
    const auto values = all.span<float>();
    const size_t width = values.size() / texts.size();
    float best = 0, next = 0;
    std::string_view kind;
    for (size_t i = 1; i < texts.size(); ++i) {
      float cosine = 0;
      for (size_t k = 0; k < width; ++k) cosine += values[k] * values[i * width + k];
      if (cosine > best) {
        if (kinds[i] != kind) next = best;
        best = cosine, kind = kinds[i];
      } else if (kinds[i] != kind) {
        next = std::max(next, cosine);
      }
    }
    return best >= kNear && best - next >= kLead ? std::string(kind) : std::string();
  };
}

Result<ContractReading> read_contract_task(const ContractTask& task, const NearestContract& nearest) {
  if (task.specification.empty()) return read_contract(task.text, {.set = task.set, .ignore = task.ignore, .nearest = nearest});
  PTAH_TRY(const Json json, parse_json(task.specification, 8));
  ContractReading out;
  PTAH_TRY(out.spec, contract_spec(json));
  PTAH_TRY_VOID(apply_answers(out.spec, task.set));
  out.questions = complete_spec(out.spec, &out.assumed);
  return out;
}

namespace {

Result<Work> written_contract(const ContractSpec& spec, const std::vector<std::string>& assumed, Json request) {
  PTAH_TRY(const ContractText text, contract_text(spec, assumed));
  Work work;
  for (const auto& [name, content] : text.files) work.files[name] = Bytes(content.begin(), content.end());
  Json core = begun_receipt(kContractKind, std::move(request));
  core["contract"] = text.contract;
  core["specification"] = to_json(spec);
  core["assumed"] = assumed;
  PTAH_TRY_VOID(seal(work, core));
  return work;
}

}  // namespace

Result<Work> contract_work(const ContractTask& task, const NearestContract& nearest, bool receipt) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY(const ContractReading reading, read_contract_task(task, nearest));
    if (!reading.questions.empty()) {
      std::string all;
      for (const ContractQuestion& question : reading.questions) all += fmt::format("{}{}: {}", all.empty() ? "" : " | ", question.about, question.text);
      return fail(ErrorCode::invalid_argument, "{}", all);
    }
    PTAH_TRY(Work work, written_contract(reading.spec, reading.assumed, contract_schema().to_receipt(task)));
    work.facts = {{"assumed", reading.assumed}, {"unused", reading.unused}};
    if (!receipt) {
      work.files.erase("receipt.json");
      work.receipt = nullptr;
    }
    return work;
  });
}

Result<Work> replay_contract(const Json& receipt) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY(const ContractSpec spec, contract_spec(receipt.value("specification", Json())));
    std::vector<std::string> assumed;
    for (const Json& one : receipt.value("assumed", Json::array())) assumed.push_back(one.get<std::string>());
    return written_contract(spec, assumed, receipt.value("request", Json::object()));
  });
}

}  // namespace ptah
