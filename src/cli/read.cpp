#include <cmath>
#include <csignal>

#include "apps/reading.h"
#include "chain/abi.h"
#include "chain/account.h"
#include "cli/chain_options.h"
#include "cli/commands.h"
#include "serve/reading_server.h"
#include "text/language_model.h"
#include "text/sampling.h"
#include "weights/pull.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

struct ReadOptions : ChainOptions {
  std::string file, out, budget = "0", token, solver, reward = "1", host = "127.0.0.1", guardian, judge;
  std::vector<std::string> names, origins, proxies;
  int port = 8080;
  int64_t days = 7;
  uint64_t exposures = 2;
};

/// Chooses the option that a language model finds likeliest in its place, without the article.
Solver language_solver(const LoadedLanguageModel& loaded) {
  return [&loaded](const std::string& question, const std::vector<std::string>& options) -> Result<size_t> {
    const auto score = [&](const std::string& text) {
      std::vector<int32_t> tokens = loaded.tokenizer->encode(text);
      if (tokens.size() < 2) return -1e9;
      tokens.resize(std::min<size_t>(tokens.size(), 256));
      KeyValueCache cache(loaded.model->config(), static_cast<int64_t>(tokens.size()), default_cache_type());
      const std::vector<float> logits = loaded.model->read(tokens, cache, true, &interrupted());
      const auto vocabulary = static_cast<size_t>(loaded.model->config().vocabulary);
      double sum = 0;
      for (size_t i = 0; i + 1 < tokens.size(); ++i) sum += static_cast<double>(log_probability({logits.data() + i * vocabulary, vocabulary}, tokens[i + 1]));
      return sum;
    };
    const size_t gap = question.find("_____");
    const size_t colon = question.find("? ");
    size_t best = 0;
    double most = -1e300;
    for (size_t i = 0; i < options.size(); ++i) {
      std::string text = options[i];
      if (gap != std::string::npos && colon != std::string::npos) text = question.substr(colon + 2, gap - colon - 2) + options[i] + question.substr(gap + 5);
      if (const double here = score(text); here > most) most = here, best = i;
    }
    return best;
  };
}

/// The questions of an article that neither what shows in them nor `solver` (a language model; may be empty) answers without the article.
Result<std::pair<Article, std::vector<QuizItem>>> questions_of(const std::string& file, const std::string& solver) {
  PTAH_TRY(const std::string text, read_input(file));
  PTAH_TRY(Article article, parse_article(text));
  std::vector<QuizItem> items = make_items(article, 1);
  const size_t made = items.size();
  PTAH_TRY(Solved solved, solve(items, plain_solver(), 1));
  items = std::move(solved.unsolved);
  print("{} sections, {} questions; a solver that never saw the article gets {:.0f} % of them by what shows in them: those are dropped\n",
        article.sections.size(), made, 100 * solved.share);
  if (!solver.empty()) {
    PTAH_TRY(const fs::path path, find_model(solver));
    PTAH_TRY(const LoadedLanguageModel model, load_language_model(path));
    PTAH_TRY(solved, solve(items, language_solver(model), 2));
    items = std::move(solved.unsolved);
    print("{} gets {:.0f} % of the rest without the article: dropped too\n", solver, 100 * solved.share);
  }
  return std::pair{std::move(article), std::move(items)};
}

/// How often 7 of 8 come out at this chance an item.
double passes(double p) { return 8 * std::pow(p, 7) * (1 - p) + std::pow(p, 8); }

Result<void> run_odds(const ReadOptions& o) {
  PTAH_TRY(const auto made, questions_of(o.file, o.solver));
  PTAH_TRY(const Solved plain, solve(made.second, plain_solver(), 3));
  print(
      "{} questions stay. Without the article, an item and a session (7 of 8):\n  by chance       {:4.1f} %  {:.4f} %\n  what shows      {:4.1f} %  {:.4f} %\n",
      made.second.size(), 100.0 / kOptions, 100 * passes(1.0 / kOptions), 100 * plain.share, 100 * passes(plain.share));
  if (!o.judge.empty()) {
    PTAH_TRY(const fs::path path, find_model(o.judge));
    PTAH_TRY(const LoadedLanguageModel model, load_language_model(path));
    PTAH_TRY(const Solved solved, solve(made.second, language_solver(model), 4));
    print("  {:<15} {:4.1f} %  {:.4f} %\n", o.judge, 100 * solved.share, 100 * passes(solved.share));
  }
  return {};
}

Result<void> run_publish(const ReadOptions& o) {
  PTAH_TRY(const auto questions, questions_of(o.file, o.solver));
  const auto& [article, items] = questions;
  ReadingTerms terms;
  terms.exposures = o.exposures;
  PTAH_TRY_VOID(check_publication(items, terms, o.out));  // before any money moves
  PTAH_TRY(const auto signer, needed_signer(o));
  const Signer& key = *signer;
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Account account, Account::open(rpc, key, o.chain));
  PTAH_TRY_VOID(fund_on_dev_chain(rpc, o, key.address()));
  PTAH_TRY(const Uint256 reward, parse_ether(o.reward));
  PTAH_TRY(const Uint256 budget, parse_ether(o.budget));
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
  const std::string cap = to_decimal(scaled(budget, 1, 10)), most = to_decimal(scaled(reward, 10, 1));
  PTAH_TRY(const Uint256 cap_number, parse_uint256(std::string_view(cap)));
  const std::string reader_cap = cap_number < scaled(reward, 10, 1) ? cap : most;
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
  print("{}: committed to {}\nptah read serve {}\n", o.out, text_at(published, "commitment"), o.out);
  return {};
}

Result<void> run_serve(const ReadOptions& o) {
  PTAH_TRY(const auto signer, needed_signer(o));
  const Signer& key = *signer;
  PTAH_TRY(const auto room, ReadingRoom::open(o.file, key));
  HttpOptions http;
  http.policy = {.hosts = o.names, .origins = o.origins, .proxies = o.proxies};
  ReadingServer server(*room, http);
  PTAH_TRY(const int port, server.bind(o.host, o.port));
  print("{}\n", http_address(o.host, port));
  std::fflush(stdout);
  run_until_interrupted(server);
  return {};
}

Result<void> run_claim(const ReadOptions& o) {
  PTAH_TRY(const std::string text, read_input(o.file));
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
  CLI::App* command = app.add_subcommand("read", "proof of read: questions about an article, and vouchers that pay those who answer them");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    auto o = std::make_shared<ReadOptions>();
    CLI::App* sub = command->add_subcommand(name, what);
    sub->callback([o, run, &action] { action = [o, run] { return finish(guard([&] { return run(*o); })); }; });
    return std::pair{sub, o};
  };
  const auto [publish, p] = add("publish", "makes questions of an article, commits to their answers and sets rewards aside on a chain", run_publish);
  publish->add_option("article", p->file, "Markdown; - is standard input")->required();
  publish->add_option("out", p->out, "folder to write: article.json for all, bank.json for you only")->required();
  publish->add_option("--budget", p->budget, "what is set aside, in whole tokens")->required();
  publish->add_option("--reward", p->reward, "what a reader earns who passes, in whole tokens");
  publish->add_option("--token", p->token, "the token that pays (ERC-20; default: one of your own is made)");
  publish->add_option("--guardian", p->guardian, "who may stop the paying (default: you)");
  publish->add_option("--exposures", p->exposures, "how often a question is asked at most")->check(CLI::Range(1, 1000));
  publish->add_option("--solver", p->solver, "a language model that answers without the article; what it gets right is dropped");
  add_chain_options(*publish, *p, true);
  const auto [odds, d] = add("odds", "how well those do who never saw the article", run_odds);
  odds->add_option("article", d->file, "Markdown; - is standard input")->required();
  odds->add_option("--solver", d->solver, "a language model that answers without the article; what it gets right is dropped");
  odds->add_option("--judge", d->judge, "another one, that only measures");
  const auto [serve, s] = add("serve", "reading sessions over HTTP", run_serve);
  serve->add_option("folder", s->file, "what publish wrote")->required();
  serve->add_option("--host", s->host, "address to listen on");
  serve->add_option("--port", s->port, "0 takes a free one")->check(CLI::Range(0, 65535));
  serve->add_option("--name", s->names, "a name that readers know this server by (behind a proxy: reading.example.org); others are refused")
      ->allow_extra_args(false);
  serve->add_option("--proxy", s->proxies, "address of a reverse proxy, whose X-Forwarded-For says who a reader is")->allow_extra_args(false);
  serve->add_option("--allow-origin", s->origins, "an origin (https://example.org) whose pages may use this server (CORS)")->allow_extra_args(false);
  add_signing_options(*serve, s->signing);
  const auto [claim, c] = add("claim", "takes a voucher to the chain", run_claim);
  claim->add_option("voucher", c->file, "the answer of the service, or its voucher; - is standard input")->required();
  add_chain_options(*claim, *c, true);
}

}  // namespace ptah::cli
