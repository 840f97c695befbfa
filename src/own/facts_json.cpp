#include "own/facts_json.h"

#include <algorithm>
#include <ctime>

namespace ptah {

namespace {

Json manifest_json(const ManifestCheck& check) {
  Json ingredients = Json::array();
  for (const NamedIngredient& one : check.ingredients)
    ingredients.push_back({{"title", one.title}, {"relation", one.relation}, {"description", one.description}});
  Json out{{"whole", check.whole},
           {"problems", check.problems},
           {"title", check.title},
           {"generator", check.generator},
           {"digital_source", check.source_type},
           {"digital_source_of_parent", check.source_of_parent},
           {"ingredients", ingredients},
           {"certificate", {{"name", check.chain.signer}, {"authority", check.chain.authority}, {"trusted", check.chain.trusted}}}};
  if (check.timestamp)
    out["timestamp"] = {{"time", utc_text(check.timestamp->time)}, {"authority", check.timestamp->authority}, {"trusted", check.timestamp->trusted}};
  return out;
}

}  // namespace

std::string utc_text(int64_t seconds) {
  const auto time = static_cast<std::time_t>(std::clamp<int64_t>(seconds, 0, 253402300799));  // the end of the year 9999
  std::tm parts{};
  gmtime_r(&time, &parts);
  char out[64];
  return {out, std::strftime(out, sizeof(out), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

Json facts_json(const Facts& facts, Verdict verdict, const std::string& says, const std::string& file) {
  Json files = Json::array();
  for (const CheckedFile& one : facts.files) {
    const char* state = one.file.state == FileState::missing                                                   ? "missing"
                        : one.file.state == FileState::changed || (one.credentials && !one.credentials->whole) ? "changed"
                        : facts.of_ptah || one.credentials                                                     ? "whole"
                                                                                                               : "unknown";
    Json entry{{"name", one.file.name}, {"state", state}, {"note", one.file.note}};
    if (one.credentials) entry["credentials"] = manifest_json(*one.credentials);
    files.push_back(std::move(entry));
  }
  Json out{{"file", file},
           {"verdict", info_of(verdict).name},
           {"exit_status", info_of(verdict).exit_status},
           {"says", says},
           {"files", files},
           {"not_covered", facts.uncovered},
           {"signature", nullptr}};
  if (facts.maker.has_signature) out["signature"] = {{"holds", facts.maker.maker.has_value()}, {"trusted", facts.maker_trusted}};
  if (facts.maker.maker) out["signature"]["maker"] = to_string(*facts.maker.maker);
  if (!facts.key.empty()) out["signature"]["key"] = facts.key;
  if (!facts.claims.empty()) out["unsigned_digital_source"] = facts.claims;
  if (!facts.watermark.empty()) out["watermark"] = facts.watermark;
  if (facts.marked_sound) out["sound_watermark"] = true;
  return out;
}

}  // namespace ptah
