// The chain of the studio's one user: a test chain on this computer, tokens of works, and whether somebody's token says the truth.
#include "apps/market/mint.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "chain/dev_chain.h"
#include "serve/api/answers.h"
#include "serve/studio/own_commands.h"
#include "serve/studio/studio.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxPassed = 400 * uint64_t{86400};

Result<Json> chain_json() {
  PTAH_TRY(const auto chain, studio_chain());
  if (!chain) return Json{{"object", "chain"}, {"running", false}};
  Json out{{"object", "chain"}, {"running", true}, {"test", chain->test}, {"url", chain->test ? Json(chain->url) : Json()}};
  PTAH_TRY(const Rpc rpc, Rpc::open(chain->url));
  PTAH_TRY(const Json block, rpc.call("eth_getBlockByNumber", {"latest", false}));
  PTAH_TRY(const Json id, rpc.call("eth_chainId"));
  PTAH_TRY(out["id"], quantity_at(Json{{"id", id}}, "id"));
  PTAH_TRY(out["block"], quantity_at(block, "number"));
  PTAH_TRY(out["time"], quantity_at(block, "timestamp"));
  return out;
}

/// {"running": true}: starts the test chain; {"running": false}: stops it; {"pass": seconds}: lets its time go on.
Result<Json> change_chain(const ApiServer& server, const Json& body) {
  if (const Json passed = body.value("pass", Json()); !passed.is_null()) {
    if (!passed.is_number_unsigned() || passed.get<uint64_t>() > kMaxPassed) return fail(ErrorCode::invalid_argument, "`pass`: 0 to {} seconds", kMaxPassed);
    PTAH_TRY(const StudioChain chain, needed_chain());
    if (!chain.test) return fail(ErrorCode::permission, "time passes by itself on this chain");
    PTAH_TRY(const Rpc rpc, Rpc::open(chain.url));
    PTAH_TRY_VOID(rpc.call("evm_increaseTime", Json::array({passed})));
    PTAH_TRY_VOID(rpc.call("evm_mine"));
    return chain_json();
  }
  if (!body.value("running", Json()).is_boolean()) return fail(ErrorCode::invalid_argument, "`running`: true or false");
  PTAH_TRY_VOID(run_own_command(server.service().options().command.at(0), {"dev-chain", body["running"] == true ? "start" : "stop"}));
  return chain_json();
}

/// A token as its maker's folder tells of it.
Json token_json(const std::string& work, const std::string& maker, const Json& token) {
  Json out{{"object", "token"}, {"work", work}, {"maker", maker}};
  for (const char* name : {"chain", "contract", "token", "metadata", "commitment", "transaction", "block", "owner"})
    if (token.contains(name)) out[name] = token[name];
  return out;
}

Result<Json> token_of_folder(const fs::path& folder) {
  PTAH_TRY(const std::string text, read_text(folder / "token.json", 1 << 16));
  PTAH_TRY(const Json token, parse_json(text, 4));
  if (!token.is_object()) return fail(ErrorCode::corrupt, "{}: no token", (folder / "token.json").string());
  return token_json(folder.parent_path().filename().string(), folder.filename().string(), token);
}

Json tokens_here(const ApiServer& server) {
  Json out = Json::array();
  std::error_code problem;
  for (const auto& work : fs::directory_iterator(signed_works_folder(server), problem))
    for (const auto& maker : fs::directory_iterator(work.path(), problem))
      if (const auto token = token_of_folder(maker.path())) out.push_back(*token);
  std::sort(out.begin(), out.end(), [](const Json& a, const Json& b) {
    return std::pair(text_at(a, "work"), text_at(a, "maker")) < std::pair(text_at(b, "work"), text_at(b, "maker"));
  });
  return out;
}

/// What a wallet is asked to send so that it gets a token of this work: it redeems a voucher, which the maker's key signs for it alone.
Result<Json> mint_by_wallet(const std::string& program, const fs::path& folder, const Json& body, const Sender& who, const fs::path& scratch) {
  PTAH_TRY(const auto info, parse_address(folder.filename().string()));
  PTAH_TRY(const TokenPlan plan, plan_token(folder, info));
  const fs::path file = scratch / (folder.parent_path().filename().string() + "-" + folder.filename().string() + ".json");
  PTAH_TRY(const StudioChain chain, needed_chain());
  if (body.value("minted", Json()) == true) {  // the wallet says that it did
    PTAH_TRY(const std::string text, read_text(file, 1 << 16));
    PTAH_TRY(const SignedVoucher voucher, parse_voucher(text));
    PTAH_TRY(const Rpc rpc, Rpc::open(chain.url));
    PTAH_TRY(const Json owner, read_contract(rpc, voucher.contract, "ownerOf(uint256)", Json::array({to_decimal(plan.token)}), {"address"}));
    const Json token{{"chain", voucher.chain_id}, {"contract", to_string(voucher.contract)}, {"token", to_decimal(plan.token)},
                     {"metadata", plan.uri},      {"commitment", hex_text(plan.commitment)}, {"owner", owner[0]}};
    PTAH_TRY_VOID(write_file(folder / "token.json", std::string_view(token.dump(2) + "\n")));
    return token_of_folder(folder);
  }
  std::error_code ignored;
  fs::remove(file, ignored);  // a voucher that was not used; this one is as good
  PTAH_TRY_VOID(make_folders(scratch));
  PTAH_TRY_VOID(run_own_command(program,
                                {"voucher", command_option("to", who.wallet), command_option("yes"), command_option("json"),
                                 command_option("key", text_at(body, "key")), "--", folder.string(), file.string()},
                                who.passphrase));
  PTAH_TRY(CommandAnswer asked, run_own_command(program, {"redeem", command_option("wallet", who.wallet), command_option("json"), "--", file.string()}));
  return Json{{"object", "transactions"}, {"data", std::move(asked.lines)}};
}

Result<Json> mint_work(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller, const fs::path& scratch) {
  PTAH_TRY(const Json body, body_of_request(request));
  PTAH_TRY(const Job job, server.service().find(request.parts[0], caller.name));
  PTAH_TRY(const Sender who, sender_in(body));
  PTAH_TRY(const std::string key, text_member(body, "key", 100));
  PTAH_TRY_VOID(needed_chain());
  PTAH_TRY(const fs::path folder, signed_work_folder(server, job, key, who.passphrase));
  if (auto known = token_of_folder(folder)) return known;
  const std::string& program = server.service().options().command.at(0);
  if (!who.wallet.empty()) return mint_by_wallet(program, folder, body, who, scratch);
  std::vector<std::string> words{"mint"};
  for (const std::string& word : who.words()) words.push_back(word);
  words.insert(words.end(), {"--", folder.string()});
  PTAH_TRY_VOID(run_own_command(program, words, who.passphrase));
  return token_of_folder(folder);
}

/// Which token a request is about: {"contract": "0x…", "token": "123"}.
struct NamedToken {
  Address contract{};
  Uint256 token{};
  std::string word() const { return to_string(contract) + "/" + to_decimal(token); }
};
Result<NamedToken> token_named(const Json& body) {
  NamedToken out;
  PTAH_TRY(const std::string contract, text_member(body, "contract", 42));
  PTAH_TRY(const std::string token, text_member(body, "token", 80));
  PTAH_TRY(out.contract, parse_address(contract));
  PTAH_TRY(out.token, parse_uint256(std::string_view(token)));
  return out;
}

std::string folder_name(const NamedToken& of) { return sha256_hex(as_bytes(of.word())).substr(0, 32); }

Result<Json> check_somebodys_token(const ApiServer& server, const Json& body, const fs::path& kept) {
  PTAH_TRY(const NamedToken of, token_named(body));
  PTAH_TRY_VOID(needed_chain());
  const std::string name = folder_name(of);
  std::error_code ignored;
  fs::remove_all(kept / name, ignored);  // what the token said before
  PTAH_TRY_VOID(make_folders(kept));
  PTAH_TRY(const CommandAnswer said, run_own_command(server.service().options().command.at(0),
                                                     {"show", command_option("json"), command_option("save", (kept / name).string()), "--", of.word()}));
  if (said.lines.empty()) return fail(ErrorCode::internal, "ptah show says nothing");
  Json out = said.lines.front(), files = Json::array();
  out["object"] = "token_check";
  std::vector<fs::path> found;
  for (const auto& file : fs::directory_iterator(kept / name, ignored)) found.push_back(file.path());
  std::sort(found.begin(), found.end());
  for (const fs::path& file : found) {
    const std::string plain = file.filename().string();
    files.push_back(
        {{"name", plain}, {"type", content_type_of(plain)}, {"bytes", fs::file_size(file, ignored)}, {"url", "/v1/tokens/files/" + name + "/" + plain}});
  }
  out["files"] = std::move(files);
  return out;
}

HttpResponse token_file(const HttpRequest& request, const fs::path& kept) {
  const std::string &token = request.parts[0], &name = request.parts[1];
  const bool plain = is_hex(token, 32) && is_plain_file_name(name);
  const fs::path file = kept / token / name;
  const auto digest = plain ? sha256_of_file(file) : fail(ErrorCode::not_found, "none");
  return digest ? file_answer(request, file, *digest, content_type_of(name)) : api_error(404, "there is no such file", "not_found");
}

Result<Json> transfer_token(const ApiServer& server, const Json& body) {
  PTAH_TRY(const NamedToken of, token_named(body));
  PTAH_TRY(const Sender who, sender_in(body));
  PTAH_TRY(const std::string to, text_member(body, "to", 42));
  PTAH_TRY(const Address receiver, parse_address(to));
  PTAH_TRY_VOID(needed_chain());
  std::vector<std::string> words{"transfer"};
  for (const std::string& word : who.words()) words.push_back(word);
  words.insert(words.end(), {"--", of.word(), to_string(receiver)});
  PTAH_TRY(CommandAnswer said, run_own_command(server.service().options().command.at(0), words, who.passphrase));
  return Json{{"object", "transactions"}, {"sent", who.wallet.empty()}, {"data", std::move(said.lines)}};
}

}  // namespace

HttpResponse json_answer(const Result<Json>& result, int status) { return result ? HttpResponse::of(*result, status) : api_error(result.error()); }

void add_chain_routes(ApiServer& server) {
  using In = HttpRequest;
  using Who = ApiServer::Caller;
  constexpr size_t kMaxBody = 16 << 10;
  const fs::path kept = server.service().options().folder / "tokens", scratch = server.service().options().folder / "vouchers";
  const auto add = [&](const char* method, const char* path, ApiServer::Needs needs, std::function<Result<Json>(const In&, const Who&)> f) {
    server.add(
        method, path, needs,
        [&server, f = std::move(f)](const In& in, const Who& who) {
          if (auto refusal = only_single_user(server)) return *refusal;
          return json_answer(guard([&] { return f(in, who); }));
        },
        kMaxBody);
  };
  add("GET", "/v1/chain", ApiServer::Needs::looking, [](const In&, const Who&) { return chain_json(); });
  add("POST", "/v1/chain", ApiServer::Needs::making, [&server](const In& in, const Who&) -> Result<Json> {
    PTAH_TRY(const Json body, body_of_request(in));
    return change_chain(server, body);
  });
  add("POST", "/v1/works/{}/mint", ApiServer::Needs::making, [&server, scratch](const In& in, const Who& who) { return mint_work(server, in, who, scratch); });
  add("GET", "/v1/tokens", ApiServer::Needs::looking, [&server](const In&, const Who&) -> Result<Json> {
    return Json{{"object", "list"}, {"data", tokens_here(server)}};
  });
  add("POST", "/v1/tokens/check", ApiServer::Needs::making, [&server, kept](const In& in, const Who&) -> Result<Json> {
    PTAH_TRY(const Json body, body_of_request(in));
    return check_somebodys_token(server, body, kept);
  });
  add("POST", "/v1/tokens/transfer", ApiServer::Needs::making, [&server](const In& in, const Who&) -> Result<Json> {
    PTAH_TRY(const Json body, body_of_request(in));
    return transfer_token(server, body);
  });
  server.add("GET", "/v1/tokens/files/{}/{}", ApiServer::Needs::looking, [&server, kept](const In& in, const Who&) {
    if (auto refusal = only_single_user(server)) return *refusal;
    return token_file(in, kept);
  });
}

}  // namespace ptah
