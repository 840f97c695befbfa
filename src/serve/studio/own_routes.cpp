// Keys of the one user of a server, and what can be said of anybody's file.
#include <ctime>

#include "base/file.h"
#include "base/hex.h"
#include "base/text.h"
#include "own/authenticity.h"
#include "own/facts_json.h"
#include "own/finish.h"
#include "pipelines/recipes.h"
#include "schema/schema.h"
#include "serve/api/answers.h"
#include "serve/studio/studio.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

Result<KeyStore> keyring() {
  PTAH_TRY(const fs::path folder, KeyStore::default_folder());
  return KeyStore(folder);
}

Json keyring_entry(const KeyInfo& key) { return {{"object", "key"}, {"name", key.name}, {"address", to_string(key.address)}, {"locked", key.locked}}; }

HttpResponse list_keyring(const ApiServer& server) {
  if (auto refusal = only_single_user(server)) return *refusal;
  const auto keys = guard([]() -> Result<std::vector<KeyInfo>> {
    PTAH_TRY(const KeyStore store, keyring());
    return store.list();
  });
  if (!keys) return api_error(keys.error());
  Json list = Json::array();
  for (const KeyInfo& key : *keys) list.push_back(keyring_entry(key));
  return HttpResponse::of({{"object", "list"}, {"data", std::move(list)}});
}

HttpResponse make_key(const ApiServer& server, const HttpRequest& request) {
  if (auto refusal = only_single_user(server)) return *refusal;
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto made = guard([&]() -> Result<KeyInfo> {
    PTAH_TRY(const std::string name, text_member(*body, "name", 100));
    PTAH_TRY(const std::string passphrase, text_member(*body, "passphrase", 1000));
    PTAH_TRY(KeyStore store, keyring());
    return store.add(name.empty() ? kUsualKey : name, Key::generate(), Secret(passphrase));
  });
  return made ? HttpResponse::of(keyring_entry(*made), 201) : api_error(made.error());
}

/// A folder that goes with the object.
class PassingFolder {
 public:
  explicit PassingFolder(fs::path path) : path_(std::move(path)) {}
  ~PassingFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PassingFolder(const PassingFolder&) = delete;
  PassingFolder& operator=(const PassingFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// What was asked of a work, by its receipt, as a form takes it: nothing if the receipt is of no recipe here.
void add_request(const Json& receipt, Json& out) {
  const auto recipe = recipe_of(receipt);
  if (!recipe) return;
  const auto values = (*recipe)->schema->receipt_values(receipt.value("request", Json::object()));
  if (!values) return;
  Json fields = *values;
  for (const SchemaField& field : (*recipe)->schema->fields())
    if (field.is_file()) fields[field.name] = field.default_value;  // a receipt has digests of files, not the files
  out["recipe"] = (*recipe)->name();
  out["request"] = (*recipe)->schema->request_json(fields);
}

HttpResponse verify_file(const ApiServer& server, const fs::path& scratch, const HttpRequest& request) {
  std::string name(request.query_value("name"));
  name = fs::path(name).filename().string();
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '_') c = '-';
  while (name.starts_with(".") || name.starts_with("-")) name.erase(0, 1);
  if (!is_plain_file_name(name)) name = "file" + fs::path(name).extension().string().substr(0, 8);
  if (!is_plain_file_name(name)) name = "file";
  const auto said = guard([&]() -> Result<Json> {
    uint8_t number[16];
    fill_random(number);
    const PassingFolder folder(scratch / hex_text(number));
    PTAH_TRY_VOID(make_folders(folder.path()));
    PTAH_TRY_VOID(write_file(folder.path() / name, request.body));
    Trust trust;
    if (server.single_user())
      if (const auto store = keyring())
        if (auto keys = store->list()) trust.keys = std::move(*keys);
    PTAH_TRY(const Facts facts, look_at(folder.path() / name, trust));
    const auto [verdict, found] = verdict_of(facts);
    Json out = facts_json(facts, verdict, plain_message(found), name);
    if (facts.of_ptah && facts.receipt.is_object()) {
      out["receipt"] = facts.receipt;
      add_request(facts.receipt, out);
    }
    return out;
  });
  return said ? HttpResponse::of(*said) : api_error(said.error());
}

}  // namespace

void add_own_routes(ApiServer& server) {
  using In = HttpRequest;
  using Who = ApiServer::Caller;
  server.add("GET", "/v1/keyring", ApiServer::Needs::looking, [&server](const In&, const Who&) { return list_keyring(server); });
  server.add(
      "POST", "/v1/keyring", ApiServer::Needs::making, [&server](const In& in, const Who&) { return make_key(server, in); }, 4096);
  const fs::path scratch = server.service().options().folder / "verify";
  std::error_code ignored;
  fs::remove_all(scratch, ignored);  // what a server that was killed left
  server.add(
      "POST", "/v1/verify", ApiServer::Needs::making, [&server, scratch](const In& in, const Who&) { return verify_file(server, scratch, in); },
      server.max_blob_bytes());
}

}  // namespace ptah
