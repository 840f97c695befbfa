#include <ctime>

#include "apps/market/mint.h"
#include "base/file.h"
#include "chain/abi.h"
#include "chain/dev_chain.h"
#include "cli/chain_options.h"
#include "cli/commands/commands.h"
#include "serve/api/served_files.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

/// Contracts of this computer's makers, by chain: {"31337": {"0xMaker": "0xContract"}}. A test chain that was started again is another chain: the first
/// block's hash tells them apart.
class Contracts {
 public:
  static Result<Contracts> open(const Rpc& rpc, uint64_t chain) {
    Contracts out;
    PTAH_TRY(const fs::path state, state_folder());
    out.file_ = state / "contracts.json";
    PTAH_TRY(const Json first, rpc.call("eth_getBlockByNumber", {"0x0", false}));
    out.key_ = fmt::format("{}:{}", chain, text_at(first, "hash").substr(0, 18));
    PTAH_TRY_VOID(out.read());
    return out;
  }
  std::optional<Address> of(const Address& maker) const {
    const auto found = parse_address(text_at(all_.value(key_, Json()), to_string(maker).c_str()));
    return found ? std::optional(*found) : std::nullopt;
  }
  Result<void> keep(const Address& maker, const Address& contract) {
    PTAH_TRY_VOID(make_folders(file_.parent_path()));
    PTAH_TRY(const FolderLock lock, FolderLock::take(file_.parent_path()));
    PTAH_TRY_VOID(read());  // another process may have kept one meanwhile
    all_[key_][to_string(maker)] = to_string(contract);
    return write_file(file_, std::string_view(all_.dump(2) + "\n"));
  }

 private:
  Result<void> read() {
    std::error_code problem;
    if (!fs::exists(file_, problem)) return {};
    PTAH_TRY(const std::string text, read_text(file_, 1 << 20));
    PTAH_TRY(all_, parse_json(text));
    return all_.is_object() ? Result<void>() : fail(ErrorCode::corrupt, "{}: no object", file_.string());
  }

  fs::path file_;
  std::string key_;
  Json all_ = Json::object();
};

Gateway gateway_of(const ChainOptions& o) { return Gateway(o.gateway.empty() ? (user_data_folder() / "gateway").string() : o.gateway); }

/// Where a token is: a work's folder that was minted, its token.json, or CONTRACT/TOKEN.
struct TokenPlace {
  Address contract{};
  Uint256 token{};
  uint64_t chain = 0;  ///< 0: not known
};
Result<TokenPlace> find_token(const std::string& said) {
  TokenPlace out;
  std::error_code problem;
  fs::path file = said;
  if (fs::is_directory(file, problem)) file /= "token.json";
  if (fs::exists(file, problem)) {
    PTAH_TRY(const std::string text, read_text(file, 1 << 16));
    PTAH_TRY(const Json json, parse_json(text, 4));
    PTAH_TRY(out.contract, parse_address(text_at(json, "contract")));
    PTAH_TRY(out.token, parse_uint256(std::string_view(text_at(json, "token"))));
    if (const Json chain = json.value("chain", Json()); chain.is_number_unsigned()) out.chain = chain;
    return out;
  }
  const size_t slash = said.find('/');
  if (fs::is_directory(said, problem) || slash == std::string::npos) return fail(ErrorCode::not_found, "{}: neither a minted work nor CONTRACT/TOKEN", said);
  PTAH_TRY(out.contract, parse_address(said.substr(0, slash)));
  PTAH_TRY(out.token, parse_uint256(std::string_view(said).substr(slash + 1)));
  return out;
}

struct MintOptions : ChainOptions {
  std::string folder, to, name = "Works", symbol = "WORKS";
  int royalty = 500;
  bool verbose = false;
};

/// The maker's contract on this chain, deployed if there is none and the maker agrees; none if not.
Result<std::optional<Address>> works_contract(const Rpc& rpc, const Account& account, const MintOptions& o) {
  if (!o.contract.empty()) {
    PTAH_TRY(const Address given, parse_address(o.contract));
    return std::optional(given);
  }
  PTAH_TRY(Contracts contracts, Contracts::open(rpc, account.chain_id()));
  PTAH_TRY(const Deployments deployments, open_deployments(rpc, account));
  constexpr const char* kPurpose = "works";
  if (const auto known = contracts.of(account.address())) {
    PTAH_TRY_VOID(deployments.forget(kPurpose));  // a command may have been cut short before it did
    return known;
  }
  const auto keep = [&](const Address& place) -> Result<std::optional<Address>> {
    PTAH_TRY_VOID(contracts.keep(account.address(), place));
    PTAH_TRY_VOID(deployments.forget(kPurpose));
    return std::optional(place);
  };
  PTAH_TRY(const auto paid, deployments.find(kPurpose, &interrupted()));
  if (paid) {
    if (!o.json) print("the contract for your works is {}: made and paid for by a command that was cut short\n", to_string(*paid));
    return keep(*paid);
  }
  PTAH_TRY(const Artifact artifact, load_artifact("AigcWork"));
  const Json arguments{to_string(account.address()), o.name, o.symbol, to_string(Address{}), o.royalty};
  PTAH_TRY(const Bytes data, creation_code(artifact, arguments));
  PTAH_TRY(const Estimate estimate, account.estimate({}, data));
  if (!o.json) {
    print("first a contract for the works of {}: '{}', {} % of later sales go to you; it will be {}\n", to_string(account.address()), o.name, o.royalty / 100.0,
          to_string(created_address(account.address(), estimate.transaction.nonce)));
    show_cost(estimate);
  }
  if (!agreed(o.yes)) return std::optional<Address>();
  PTAH_TRY(const Address place, deployments.make(kPurpose, estimate.transaction, {.cancel = &interrupted()}));
  return keep(place);
}

/// What stands beside a work of its token. `receipt` is none if an earlier command was cut short after it sent.
Result<Json> note_token(const MintOptions& o, const TokenPlan& plan, const Account& account, const Address& contract, const Receipt* receipt) {
  Json token{{"chain", account.chain_id()},
             {"contract", to_string(contract)},
             {"token", to_decimal(plan.token)},
             {"metadata", plan.uri},
             {"commitment", hex_text(plan.commitment)}};
  if (receipt) {
    token["transaction"] = hex_text(receipt->hash);
    token["block"] = receipt->block;
  }
  PTAH_TRY_VOID(write_file(folder_of_work(o.folder) / "token.json", std::string_view(token.dump(2) + "\n")));
  return token;
}

/// A work that cannot be minted: it may be because it is minted. If nothing is noted beside it, a command was cut short behind its sending.
Result<void> minted_before(const Rpc& rpc, const MintOptions& o, const TokenPlan& plan, const Account& account, const Address& contract, const Error& why) {
  const auto owner = read_contract(rpc, contract, "ownerOf(uint256)", Json::array({to_decimal(plan.token)}), {"address"});
  if (!owner) return tl::unexpected(why);
  const std::string says =
      fmt::format("this work is minted already: token {} of {} belongs to {}", to_decimal(plan.token), to_string(contract), (*owner)[0].get<std::string>());
  std::error_code problem;
  if (fs::exists(folder_of_work(o.folder) / "token.json", problem)) return fail(ErrorCode::mismatch, "{}", says);
  PTAH_TRY_VOID(publish(o.folder, plan, gateway_of(o)));
  PTAH_TRY(const Json token, note_token(o, plan, account, contract, nullptr));
  if (o.json)
    print_json(token);
  else
    print("{}; token.json was missing and is there again\nptah show {}\n", says, o.folder);
  return {};
}

Result<void> run_mint(const MintOptions& o) {
  PTAH_TRY(const auto signer, needed_signer(o));
  const Signer& key = *signer;
  PTAH_TRY(const TokenPlan plan, plan_token(o.folder, key.address()));
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Account account, Account::open(rpc, key, o.chain));
  Address to = key.address();
  if (!o.to.empty()) {
    PTAH_TRY(to, parse_address(o.to));
  }
  PTAH_TRY_VOID(fund_on_dev_chain(rpc, o, key.address()));
  if (!o.json) {
    print("on chain {}: token {}\n", account.chain_id(), to_decimal(plan.token));
    if (o.verbose) print("  metadata {}\n", plan.uri);
    print("will be public: the prompt, the receipt, and\n");
    for (const auto& [name, cid] : plan.files) print("  {}{}\n", name, o.verbose ? "  ipfs://" + cid : "");
  }
  PTAH_TRY(const auto contract, works_contract(rpc, account, o));
  if (!contract) return {};
  PTAH_TRY(const Bytes data, abi_call("mint(address,bytes32,bytes32)", {to_string(to), hex_text(plan.commitment), hex_text(plan.metadata_digest)}));
  const auto estimate = account.estimate(*contract, data);
  if (!estimate) return minted_before(rpc, o, plan, account, *contract, estimate.error());
  if (!o.json) {
    print("mints to {} in {}\n", to_string(to), to_string(*contract));
    show_cost(*estimate);
  }
  if (!agreed(o.yes)) return {};
  PTAH_TRY_VOID(publish(o.folder, plan, gateway_of(o)));
  PTAH_TRY(const Receipt receipt, account.send(estimate->transaction, {.cancel = &interrupted()}));
  PTAH_TRY(const Json token, note_token(o, plan, account, *contract, &receipt));
  if (o.json)
    print_json(token);
  else
    print("minted in block {} for {} gas, transaction {}\nptah show {}\n", receipt.block, receipt.gas_used, hex_text(receipt.hash), o.folder);
  return {};
}

struct TokenOptions : ChainOptions {
  std::string token, to, save;
  bool replay = false;
};

Result<bool> run_show_token(const TokenOptions& o) {
  PTAH_TRY(const TokenPlace place, find_token(o.token));
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Json chain, rpc.call("eth_chainId"));
  if (place.chain != 0 && chain != Json(quantity(place.chain)))
    return fail(ErrorCode::mismatch, "the token is on chain {}, the node on {}", place.chain, chain.dump());
  PTAH_TRY(TokenCheck check, check_token(rpc, place.contract, place.token, gateway_of(o)));
  if (!o.save.empty()) {
    PTAH_TRY_VOID(must_be_new(o.save));
    PTAH_TRY_VOID(make_folders(o.save));
    for (const auto& [name, bytes] : check.files) {
      if (!is_plain_file_name(name)) return fail(ErrorCode::corrupt, "the token names a file '{}'", printable(name, 80));
      PTAH_TRY_VOID(write_file(fs::path(o.save) / name, bytes));
    }
  }
  if (o.replay) {
    PTAH_TRY_VOID(match_numeric_path(check.receipt));
    ModelCache models;
    PTAH_TRY(const Work again, replay_receipt(models, check.receipt, {}, {}, {.cancel = &interrupted()}));
    const Json outputs = check.receipt.value("outputs", Json::object());
    for (const auto& [name, id] : outputs.items()) {
      const bool same = again.receipt["outputs"].value(name, Json()) == id;
      check.true_ = check.true_ && same;
      check.lines.push_back(fmt::format("{}{}: made again, {} bytes", same ? "" : "NOT TRUE: ", name, same ? "the same" : "OTHER"));
    }
  }
  if (o.json)
    print_json({{"true", check.true_}, {"lines", check.lines}});
  else
    for (const std::string& line : check.lines) print("{}\n", line);
  return check.true_;
}

Result<void> run_transfer(const TokenOptions& o) {
  PTAH_TRY(const TokenPlace place, find_token(o.token));
  PTAH_TRY(const Address to, parse_address(o.to));
  PTAH_TRY(const auto signer, needed_signer(o));
  const Signer& key = *signer;
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Account account, Account::open(rpc, key, o.chain ? o.chain : place.chain));
  PTAH_TRY(const Bytes data, abi_call("safeTransferFrom(address,address,uint256)", {to_string(key.address()), to_string(to), to_decimal(place.token)}));
  if (left_to_wallet(o, account.chain_id(), place.contract, data, {}, fmt::format("gives token {} to {}", to_decimal(place.token), to_string(to)))) return {};
  PTAH_TRY(const Estimate estimate, account.estimate(place.contract, data));
  if (!o.json) {
    print("gives token {} of {} to {}\n", to_decimal(place.token), to_string(place.contract), to_string(to));
    show_cost(estimate);
  }
  if (!agreed(o.yes)) return {};
  PTAH_TRY(const Receipt receipt, account.send(estimate.transaction, {.cancel = &interrupted()}));
  if (o.json)
    print_json({{"transaction", hex_text(receipt.hash)}, {"block", receipt.block}});
  else
    print("given in block {}, transaction {}\n", receipt.block, hex_text(receipt.hash));
  return {};
}

struct VoucherOptions : MintOptions {
  std::string price = "0", out;
  int64_t days = 30;
};

Result<void> run_voucher(const VoucherOptions& o) {
  PTAH_TRY(const auto signer, needed_signer(o));
  const Signer& key = *signer;
  PTAH_TRY(const TokenPlan plan, plan_token(o.folder, key.address()));
  Voucher voucher{plan.commitment, plan.metadata_digest, {}, {}, static_cast<uint64_t>(std::time(nullptr) + o.days * 86400)};
  PTAH_TRY(voucher.price, parse_ether(o.price));
  if (!o.to.empty()) {
    PTAH_TRY(voucher.to, parse_address(o.to));
  }
  PTAH_TRY_VOID(must_be_new(o.out));
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Account account, Account::open(rpc, key, o.chain));
  PTAH_TRY_VOID(fund_on_dev_chain(rpc, o, key.address()));
  PTAH_TRY(const auto contract, works_contract(rpc, account, o));
  if (!contract) return {};
  PTAH_TRY(const Signature signature, sign_voucher(voucher, account.chain_id(), *contract, key));
  PTAH_TRY_VOID(publish(o.folder, plan, gateway_of(o)));
  PTAH_TRY_VOID(write_new_file(o.out, std::string_view(to_json(voucher, account.chain_id(), *contract, signature).dump(2) + "\n")));
  print("{}: whoever pays {} ether may mint token {} until {} days from now; the work's files are public from now on\n", o.out, ether(voucher.price),
        to_decimal(plan.token), o.days);
  return {};
}

Result<void> run_redeem(const TokenOptions& o) {
  PTAH_TRY(const std::string text, read_text(o.token, 1 << 16));
  PTAH_TRY(const SignedVoucher voucher, parse_voucher(text));
  PTAH_TRY(const auto signer, needed_signer(o));
  const Signer& key = *signer;
  PTAH_TRY(const Rpc rpc, open_rpc(o));
  PTAH_TRY(const Account account, Account::open(rpc, key, voucher.chain_id));
  PTAH_TRY_VOID(fund_on_dev_chain(rpc, o, key.address()));
  if (voucher.voucher.deadline < static_cast<uint64_t>(std::time(nullptr))) return fail(ErrorCode::mismatch, "this voucher has run out");
  PTAH_TRY(const Bytes data, redeem_call(voucher));
  const std::string token = to_decimal(token_of(voucher.voucher.commitment));
  if (left_to_wallet(o, account.chain_id(), voucher.contract, data, voucher.voucher.price,
                     fmt::format("buys token {} for {} ether", token, ether(voucher.voucher.price))))
    return {};
  PTAH_TRY(const Estimate estimate, account.estimate(voucher.contract, data, voucher.voucher.price));
  if (!o.json) {
    print("buys token {} of {} for {} ether\n", token, to_string(voucher.contract), ether(voucher.voucher.price));
    show_cost(estimate);
  }
  if (!agreed(o.yes)) return {};
  PTAH_TRY(const Receipt receipt, account.send(estimate.transaction, {.cancel = &interrupted()}));
  print("bought in block {} for {} gas\nptah show {}/{}\n", receipt.block, receipt.gas_used, to_string(voucher.contract), token);
  return {};
}

template <class Options, class Run>
CLI::App* add_chain_command(CLI::App& app, Action& action, const char* name, const char* what, std::shared_ptr<Options> o, Run run) {
  CLI::App* command = app.add_subcommand(name, what);
  command->callback([o, run, &action] {
    action = [o, run] {
      const auto done = guard([&] { return run(*o); });
      if (!done) return report(done.error());
      if constexpr (std::is_same_v<std::decay_t<decltype(done)>, Result<bool>>) return *done ? 0 : error_info(ErrorCode::mismatch).exit_status;
      return 0;
    };
  });
  return command;
}

}  // namespace

void add_mint(CLI::App& app, Action& action) {
  auto o = std::make_shared<MintOptions>();
  CLI::App* command = add_chain_command(app, action, "mint", "make a token (ERC-721) of a work; asks before it sends anything", o, run_mint);
  command->add_option("folder", o->folder, "the work's folder")->required();
  command->add_option("--to", o->to, "address of the owner (0x…; default: the maker)");
  command->add_option("--gateway", o->gateway, "folder for its files, laid out as an IPFS gateway serves them (default: below the user's data)");
  command->add_option("--name", o->name, "name of the contract of your works, if it has to be deployed");
  command->add_option("--symbol", o->symbol, "symbol of that contract");
  command->add_option("--royalty", o->royalty, "your share of later sales in hundredths of a percent: 500 is 5 %")->check(CLI::Range(0, 1000));
  command->add_flag("--verbose", o->verbose, "also the content ids of what becomes public");
  add_chain_options(*command, *o, true);
}

void add_show(CLI::App& app, Action& action) {
  auto o = std::make_shared<TokenOptions>();
  CLI::App* command = add_chain_command(app, action, "show", "check a token: fetch its files, compare maker and digests", o, run_show_token);
  command->add_option("token", o->token, "a minted work's folder, its token.json, or CONTRACT/TOKEN")->required();
  command->add_option("--gateway", o->gateway, "folder or address (https://…) to fetch from (default: below the user's data)");
  command->add_flag("--replay", o->replay, "make the work again and compare");
  command->add_option("--save", o->save, "new folder to put the token's files into");
  add_chain_options(*command, *o, false);
}

void add_transfer(CLI::App& app, Action& action) {
  auto o = std::make_shared<TokenOptions>();
  CLI::App* command = add_chain_command(app, action, "transfer", "give a token to somebody else", o, run_transfer);
  command->add_option("token", o->token, "a minted work's folder, its token.json, or CONTRACT/TOKEN")->required();
  command->add_option("to", o->to, "address of the new owner (0x…)")->required();
  add_chain_options(*command, *o, true);
}

void add_voucher(CLI::App& app, Action& action) {
  auto o = std::make_shared<VoucherOptions>();
  CLI::App* command = add_chain_command(app, action, "voucher", "offer a work for sale: the buyer pays for the minting, nothing is sent now", o, run_voucher);
  command->add_option("folder", o->folder, "the work's folder")->required();
  command->add_option("out", o->out, "the file to write")->required();
  command->add_option("--price", o->price, "price in ether");
  command->add_option("--to", o->to, "only this address may buy (default: anybody)");
  command->add_option("--days", o->days, "how many days the offer is valid")->check(CLI::Range(1, 3650));
  command->add_option("--gateway", o->gateway, "folder for its files (default: below the user's data)");
  command->add_option("--name", o->name, "name of the contract of your works, if it has to be deployed");
  add_chain_options(*command, *o, true);
}

void add_redeem(CLI::App& app, Action& action) {
  auto o = std::make_shared<TokenOptions>();
  CLI::App* command = add_chain_command(app, action, "redeem", "buy what a voucher offers", o, run_redeem);
  command->add_option("voucher", o->token, "the voucher's file")->required();
  add_chain_options(*command, *o, true);
}

void add_dev_chain(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("dev-chain", "run a test chain on this computer");
  command->require_subcommand(1);
  const auto sub = [&](const char* name, const char* what, auto run) {
    command->add_subcommand(name, what)->callback([run, &action] { action = [run] { return finish(guard([&]() -> Result<void> { return run(); })); }; });
  };
  sub("start", "start it, or print where it runs", []() -> Result<void> {
    PTAH_TRY(const fs::path state, state_folder());
    PTAH_TRY(const DevChain chain, start_dev_chain(state / "dev", &interrupted()));
    print("{}\n", chain.url);
    return {};
  });
  auto time = std::make_shared<std::string>();
  CLI::App* advance = command->add_subcommand("advance", "advance its clock");
  advance->add_option("time", *time, "how far, e.g. 90s, 10m, 2h or 3d")->required();
  advance->callback([time, &action] {
    action = [time] {
      return finish(guard([&]() -> Result<void> {
        PTAH_TRY(const uint64_t seconds, parse_duration(*time));
        PTAH_TRY(const fs::path state, state_folder());
        const auto running = running_dev_chain(state / "dev");
        if (!running) return fail(ErrorCode::not_found, "no test chain runs");
        PTAH_TRY(const Rpc rpc, Rpc::open(running->url));
        PTAH_TRY_VOID(rpc.call("evm_increaseTime", Json::array({seconds})));
        PTAH_TRY_VOID(rpc.call("evm_mine"));
        return {};
      }));
    };
  });
  sub("stop", "stop it; its state is kept", []() -> Result<void> {
    PTAH_TRY(const fs::path state, state_folder());
    return stop_dev_chain(state / "dev");
  });
}

}  // namespace ptah::cli
