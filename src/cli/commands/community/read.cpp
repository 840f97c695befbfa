#include <csignal>

#include "apps/reading/reading_access.h"
#include "chain/abi.h"
#include "chain/account.h"
#include "cli/chain_options.h"
#include "cli/commands/commands.h"
#include "cli/commands/community/read_questions.h"
#include "cli/commands/community/read_take.h"
#include "serve/reading_server.h"

namespace ptah::cli {

namespace {

struct ReadOptions : ChainOptions {
  std::string file, out, budget = "0", token, reward = "1", host = "127.0.0.1", guardian, allow, expires = "365d";
  std::vector<std::string> files, readers;
  QuestionOptions questions;
  std::vector<std::string> names, origins, proxies;
  int port = 8080;
  uint64_t daily = 0, per_peer = 0, section_seconds = 5, exposures = 2;
  double words_a_second = 6;
  bool details = false, verbose = false;
};

Result<void> run_odds(const ReadOptions& o) { return print_odds(o.files, o.questions, o.details); }

/// How often one goes into the other; budgets of billions of rewards are no limit.
Result<uint64_t> rewards_in(const Uint256& budget, const Uint256& reward) {
  uint64_t low = 0, high = 1000000000;
  if (reward == Uint256{}) return fail(ErrorCode::invalid_argument, "--reward: nothing is earned");
  while (low < high) {
    const uint64_t middle = low + (high - low + 1) / 2;
    if (scaled(reward, middle, 1) <= budget)
      low = middle;
    else
      high = middle - 1;
  }
  if (low == 0) return fail(ErrorCode::invalid_argument, "--budget is less than one --reward");
  return low;
}

Result<void> run_publish(const ReadOptions& o) {
  PTAH_TRY(const Uint256 reward, parse_ether(o.reward));
  PTAH_TRY(const Uint256 budget, parse_ether(o.budget));
  ReadingTerms terms;
  terms.exposures = o.exposures;
  terms.words_a_second = o.words_a_second;
  terms.section_seconds = o.section_seconds;
  PTAH_TRY(terms.rewards, rewards_in(budget, reward));
  terms.daily = o.daily;
  if (!o.allow.empty()) {
    PTAH_TRY(terms.allow, parse_address(o.allow));
  }
  PTAH_TRY(const Questions questions, questions_of(o.file, o.questions));
  const Article& article = questions.article;
  const std::vector<QuizItem>& items = questions.items;
  PTAH_TRY_VOID(check_publication(items, terms, o.out));  // before any money moves
  PTAH_TRY(const auto signer, needed_signer(o));
  const Signer& key = *signer;
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Account account, Account::open(rpc, key, o.chain));
  PTAH_TRY_VOID(fund_on_dev_chain(rpc, o, key.address()));
  const std::string me = to_string(key.address());
  Address token{};
  const bool own_token = o.token.empty();
  if (!own_token) {
    PTAH_TRY(token, parse_address(o.token));
  }
  print("{} questions stay; a reader who gets 7 of 8 earns {}, {} in all are set aside\n{}\n", items.size(), o.reward, o.budget,
        own_token ? "first a token READ of your own is made, and the contract that pays" : "first the contract that pays is made");
  print("  what each transaction costs is shown before it is sent\n");
  if (!agreed(o.yes)) return {};
  const SendOptions sending{.cancel = &interrupted(), .before = show_cost};
  // What was paid for by a command that was cut short is used, not paid for again.
  PTAH_TRY(const Deployments deployments, open_deployments(rpc, account));
  const std::string purpose = "reading " + std::filesystem::absolute(o.out).lexically_normal().string();
  const auto made = [&](const Artifact& artifact, const Json& arguments) -> Result<Address> {
    PTAH_TRY(const Bytes creation, creation_code(artifact, arguments));
    return deployments.once(Deployments::purpose(purpose, creation), creation, sending);
  };
  if (own_token) {
    PTAH_TRY(const Artifact artifact, load_artifact("MediaToken"));
    PTAH_TRY(token, made(artifact, {"Reading", "READ", Json::array({me}), Json::array({to_decimal(budget)})}));
  }
  PTAH_TRY(const Artifact artifact, load_artifact("ReadRewards"));
  const std::string guardian = o.guardian.empty() ? me : o.guardian;
  // A tenth of the budget an epoch of a day, and ten rewards a reader.
  const std::string cap = to_decimal(scaled(budget, 1, 10)), ten_rewards = to_decimal(scaled(reward, 10, 1));
  PTAH_TRY(const Uint256 cap_number, parse_uint256(std::string_view(cap)));
  const std::string reader_cap = cap_number < scaled(reward, 10, 1) ? cap : ten_rewards;
  PTAH_TRY(const Address contract, made(artifact, {me, guardian, to_string(token), me, 86400, cap, reader_cap, 172800}));
  print("token {}, rewards are paid by {}\n", to_string(token), to_string(contract));
  terms.chain_id = account.chain_id();
  terms.contract = contract;
  terms.reward = to_decimal(reward);
  PTAH_TRY(const Json held, read_contract(rpc, token, "balanceOf(address)", Json::array({to_string(contract)}), {"uint256"}));
  PTAH_TRY(const Uint256 there, parse_uint256(std::string_view(held[0].get_ref<const std::string&>())));
  if (there < budget) {
    PTAH_TRY(const Bytes funds, abi_call("transfer(address,uint256)", {to_string(contract), to_decimal(budget)}));
    PTAH_TRY_VOID(account.transact(token, funds, {}, sending));
  }
  PTAH_TRY(const Json published, publish_article(article, items, terms, o.out));
  PTAH_TRY_VOID(deployments.forget(purpose + " "));
  print("{}: the answers are committed to\nptah read serve {}\n", o.out, o.out);
  if (o.verbose) print("commitment {}\n", text_at(published, "commitment"));
  return {};
}

Result<void> run_serve(const ReadOptions& o) {
  PTAH_TRY(const auto signer, needed_signer(o));
  const Signer& key = *signer;
  PTAH_TRY(const auto room, ReadingRoom::open(o.file, key));
  room->limit_peers(o.per_peer);
  if (!o.allow.empty()) {
    PTAH_TRY(const std::string text, input_text(o.allow));
    PTAH_TRY(const Json json, parse_json(text, 4));
    PTAH_TRY(const ReaderList list, reader_list(json));
    PTAH_TRY_VOID(room->allow(list));
  } else if (room->about()["terms"].contains("allow")) {
    return fail(ErrorCode::invalid_argument, "only readers on a signed list may read this article: --allow FILE (ptah read allow makes one)");
  }
  HttpOptions http;
  http.policy = {.hosts = o.names, .origins = o.origins, .proxies = o.proxies};
  ReadingServer server(*room, http);
  return serve_at(server, o.host, o.port);
}

Result<void> run_allow(const ReadOptions& o) {
  PTAH_TRY(const std::string text, read_text(std::filesystem::path(o.file) / "article.json"));
  PTAH_TRY(const Json published, parse_json(text));
  PTAH_TRY(const ReadingTerms terms, reading_terms(published.value("terms", Json())));
  ReaderList list;
  PTAH_TRY(const Bytes article, parse_hex(text_at(published, "article")));
  if (article.size() != list.article.size()) return fail(ErrorCode::corrupt, "{}: not a published article", o.file);
  std::copy(article.begin(), article.end(), list.article.begin());
  for (const std::string& reader : o.readers) {
    PTAH_TRY(const Address address, parse_address(reader));
    list.readers.push_back(address);
  }
  PTAH_TRY(const uint64_t seconds, parse_duration(o.expires));
  list.expires = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count()) + seconds;
  PTAH_TRY(const auto signer, needed_signer(o));
  if (signer->address() != terms.allow)
    return fail(ErrorCode::permission, "the list has to be signed by {}, the key is {}", to_string(terms.allow), to_string(signer->address()));
  PTAH_TRY(list, sign_reader_list(terms, std::move(list), *signer));
  PTAH_TRY_VOID(write_file(o.out, std::string_view(to_json(list).dump(1) + "\n")));
  print("{}: {} readers\n", o.out, list.readers.size());
  return {};
}

Result<void> run_claim(const ReadOptions& o) {
  PTAH_TRY(const std::string text, input_text(o.file));
  PTAH_TRY(Json voucher, parse_json(text, 8));
  if (voucher.is_object() && voucher.contains("voucher")) voucher = Json(voucher["voucher"]);
  if (text_at(voucher, "format") != "ptah reward 1") return fail(ErrorCode::corrupt, "{}: no voucher for having read", o.file);
  PTAH_TRY(const Address contract, parse_address(text_at(voucher, "contract")));
  PTAH_TRY(const auto signer, needed_signer(o));
  const Signer& key = *signer;
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Account account, Account::open(rpc, key, voucher.value("chain", uint64_t{0})));
  PTAH_TRY_VOID(fund_on_dev_chain(rpc, o, key.address()));
  PTAH_TRY(const Bytes data, abi_call("claim((address,address,uint256,uint256),bytes)",
                                      {{text_at(voucher, "reader"), text_at(voucher, "to"), text_at(voucher, "total"), voucher.value("deadline", Json(0))},
                                       text_at(voucher, "signature")}));
  if (left_to_wallet(o, account.chain_id(), contract, data, {}, fmt::format("claims the reward of {}", text_at(voucher, "reader")))) return {};
  PTAH_TRY(const Estimate estimate, account.estimate(contract, data));
  print("earned in all {}; what was not paid yet goes to {}\n", text_at(voucher, "total"), text_at(voucher, "to"));
  show_cost(estimate);
  if (!agreed(o.yes)) return {};
  PTAH_TRY(const Receipt receipt, account.send(estimate.transaction, {.cancel = &interrupted()}));
  PTAH_TRY(const Json paid, read_contract(rpc, contract, "paid(address)", Json::array({text_at(voucher, "reader")}), {"uint256"}));
  print("paid in block {} for {} gas; {} in all by now\n", receipt.block, receipt.gas_used, paid[0].get<std::string>());
  return {};
}

}  // namespace

void add_read(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("read", "proof of read: pay readers who answer questions about an article");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    auto o = std::make_shared<ReadOptions>();
    CLI::App* sub = command->add_subcommand(name, what);
    sub->callback([o, run, &action] { action = [o, run] { return finish(guard([&] { return run(*o); })); }; });
    return std::pair{sub, o};
  };
  const auto [publish, p] = add("publish", "make questions from an article and set rewards aside on a chain", run_publish);
  publish->add_option("article", p->file, "Markdown; - is standard input")->required();
  publish->add_option("out", p->out, "folder to write: article.json for all, bank.json for you only")->required();
  publish->add_option("--budget", p->budget, "what is set aside, in whole tokens")->required();
  publish->add_option("--reward", p->reward, "what a reader who passes earns, in whole tokens");
  publish->add_option("--token", p->token, "address of the token that pays (ERC-20; default: a new one of yours)");
  publish->add_option("--guardian", p->guardian, "address that may stop payments (default: you)");
  publish->add_option("--exposures", p->exposures, "how often a question may be asked")->check(CLI::Range(1, 1000));
  publish->add_option("--words-a-second", p->words_a_second, "reading speed: the next section opens only after its words' time")
      ->check(CLI::Range(0.5, 1000.0));
  publish->add_option("--section-seconds", p->section_seconds, "shortest time for a section, in seconds")->check(CLI::Range(0, 3600));
  publish->add_option("--daily", p->daily, "most readers a day; 0: no limit");
  publish->add_option("--allow", p->allow, "address that signs the list of readers (ptah read allow; default: all may read)");
  publish->add_flag("--verbose", p->verbose, "also the digest that the answers are committed to");
  add_question_options(*publish, p->questions);
  add_chain_options(*publish, *p, true);
  const auto [odds, d] = add("odds", "measure how well bots answer the questions of a text", run_odds);
  odds->add_option("articles", d->files, "Markdown; - is standard input")->required();
  odds->add_flag("--details", d->details, "a row for every solver");
  add_question_options(*odds, d->questions);
  const auto [serve, s] = add("serve", "serve reading sessions over HTTP", run_serve);
  serve->add_option("folder", s->file, "folder that publish wrote")->required();
  serve->add_option("--host", s->host, "address to listen on");
  serve->add_option("--port", s->port, "port to listen on; 0: a free one")->check(CLI::Range(0, 65535));
  serve->add_option("--name", s->names, "public name of this server, e.g. reading.example.org; requests for other names are refused")->allow_extra_args(false);
  serve->add_option("--proxy", s->proxies, "address of a reverse proxy whose X-Forwarded-For is believed")->allow_extra_args(false);
  serve->add_option("--allow-origin", s->origins, "origin whose pages may use this server (CORS), e.g. https://example.org")->allow_extra_args(false);
  serve->add_option("--allow", s->allow, "file with the signed list of readers");
  serve->add_option("--per-peer", s->per_peer, "most sessions a day from one network address; 0: no limit");
  add_signing_options(*serve, s->signing);
  const auto [allow, l] = add("allow", "sign a list of readers", run_allow);
  allow->add_option("folder", l->file, "folder that publish wrote")->required();
  allow->add_option("list", l->out, "file to write")->required();
  allow->add_option("readers", l->readers, "addresses of readers (0x…)")->required();
  allow->add_option("--valid", l->expires, "how long it is valid: 90s, 10m, 2h or 3d");
  add_signing_options(*allow, l->signing);
  add_read_take(*command, action);
  const auto [claim, c] = add("claim", "cash in a voucher on the chain", run_claim);
  claim->add_option("voucher", c->file, "the answer of the service, or its voucher; - is standard input")->required();
  add_chain_options(*claim, *c, true);
}

}  // namespace ptah::cli
