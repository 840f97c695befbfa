#include "cli/chain_options.h"

#include <unistd.h>

#include <charconv>
#include <iostream>

#include "base/file.h"
#include "base/url.h"
#include "chain/dev_chain.h"
#include "own/remote_signer.h"

namespace ptah::cli {

namespace fs = std::filesystem;

void add_chain_options(CLI::App& command, ChainOptions& o, bool sends) {
  command.add_option("--rpc", o.rpc, "URL of a node (http, https; also PTAH_RPC)");
  command.add_flag("--dev-chain", o.dev, "use the test chain on this computer; started if it does not run");
  command.add_option("--chain", o.chain, "expected chain id; any other is refused (default: the node's)");
  command.add_option("--contract", o.contract, "contract of the works (default: the one of this key on this chain)");
  command.add_flag("--json", o.json, "print one JSON object a line");
  if (!sends) return;
  command.add_flag("--yes", o.yes, "send without asking");
  command.add_option("--signer", o.signer, "URL of a signer that holds the key (ptah key serve; also PTAH_SIGNER, with PTAH_SIGNER_TOKEN)");
  command.add_option("--wallet", o.wallet, "address (0x…) of a wallet: print the transactions for it as JSON instead of sending them");
  add_signing_options(command, o.signing);
}

Result<fs::path> state_folder() {
  const fs::path folder = user_data_folder();
  if (folder.empty()) return fail(ErrorCode::not_found, "no home folder; set XDG_DATA_HOME");
  return folder / "chain";
}

Result<Rpc> open_rpc(const ChainOptions& o) {
  std::string url = o.rpc.empty() ? environment("PTAH_RPC") : o.rpc;
  if (o.dev && !o.rpc.empty()) return fail(ErrorCode::invalid_argument, "--rpc and --dev-chain are two chains; choose one");
  if (o.dev) {
    PTAH_TRY(const fs::path state, state_folder());
    PTAH_TRY(const DevChain chain, start_dev_chain(state / "dev", &interrupted()));
    url = chain.url;
  } else if (url.empty()) {
    const auto state = state_folder();
    const auto running = state ? running_dev_chain(*state / "dev") : std::nullopt;
    if (!running) return fail(ErrorCode::invalid_argument, "which chain? --rpc ADDRESS of a node, or --dev-chain for one on this computer");
    url = running->url;
  }
  return Rpc::open(url, {.cancel = &interrupted()});
}

Result<Deployments> open_deployments(const Rpc& rpc, const Account& account) {
  PTAH_TRY(const fs::path state, state_folder());
  return Deployments::open(state / "deployments.json", account, rpc);
}

namespace {

/// An address whose key is elsewhere.
class WalletAddress : public Signer {
 public:
  explicit WalletAddress(const Address& address) : address_(address) {}
  Address address() const override { return address_; }
  Result<Signature> sign(const Bytes32&) const override {
    return fail(ErrorCode::unsupported, "{} is the address of a wallet, whose key Ptah does not have; this needs a key of this computer", to_string(address_));
  }

 private:
  Address address_;
};

}  // namespace

Result<std::unique_ptr<Signer>> needed_signer(const ChainOptions& o) {
  if (!o.wallet.empty()) {
    if (!o.signer.empty() || !o.signing.key.empty()) return fail(ErrorCode::invalid_argument, "--wallet and a key are two senders; choose one");
    PTAH_TRY(const Address address, parse_address(o.wallet));
    return std::unique_ptr<Signer>(std::make_unique<WalletAddress>(address));
  }
  if (!o.signer.empty() && !o.signing.key.empty()) return fail(ErrorCode::invalid_argument, "--signer and --key are two keys; choose one");
  const std::string url = !o.signer.empty() ? o.signer : o.signing.key.empty() ? environment("PTAH_SIGNER") : "";
  if (!url.empty()) {
    PTAH_TRY(RemoteSigner remote, RemoteSigner::open(url, {.bearer = environment("PTAH_SIGNER_TOKEN")}));
    if (!o.json) print("signs as {}, whose key is with {}\n", to_string(remote.address()), shown_url(url));
    return std::unique_ptr<Signer>(std::make_unique<RemoteSigner>(std::move(remote)));
  }
  PTAH_TRY(auto key, signing_key(o.signing));
  if (!key) return fail(ErrorCode::not_found, "there is no key; ptah key new makes one");
  return std::unique_ptr<Signer>(std::make_unique<Key>(std::move(*key)));
}

bool left_to_wallet(const ChainOptions& o, uint64_t chain, const std::optional<Address>& to, const Bytes& data, const Uint256& value, const std::string& says) {
  if (o.wallet.empty()) return false;
  print_json(
      {{"chain", chain}, {"from", o.wallet}, {"to", to ? Json(to_string(*to)) : Json()}, {"data", hex_text(data)}, {"value", quantity(value)}, {"says", says}});
  return true;
}

Result<Uint256> parse_ether(const std::string& text) {
  const size_t point = std::min(text.find('.'), text.size());
  std::string rest = point < text.size() ? text.substr(point + 1) : "";
  if (rest.size() > 18) return fail(ErrorCode::invalid_argument, "'{}' ether: more than 18 places", text);
  rest.resize(18, '0');
  auto out = parse_uint256(std::string_view(text.substr(0, point) + rest));
  if (!out || text.empty() || text.front() == '-' || text.find('x') != std::string::npos)
    return fail(ErrorCode::invalid_argument, "'{}' is no sum of ether", text);
  return out;
}

Result<uint64_t> parse_duration(const std::string& text) {
  uint64_t unit = 1, number = 0;
  std::string_view digits = text;
  if (!digits.empty() && !std::isdigit(static_cast<unsigned char>(digits.back()))) {
    const char last = digits.back();
    unit = last == 's' ? 1 : last == 'm' ? 60 : last == 'h' ? 3600 : last == 'd' ? 86400 : 0;
    digits.remove_suffix(1);
  }
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || problem != std::errc() || end != digits.data() + digits.size() || unit == 0 || number > 100 * 366 * uint64_t{86400} / unit)
    return fail(ErrorCode::invalid_argument, "'{}' is no time; say for instance 90s, 10m, 2h or 3d", text);
  return number * unit;
}

Result<void> fund_on_dev_chain(const Rpc& rpc, const ChainOptions& o, const Address& who) {
  const auto state = state_folder();  // without a home there is no test chain
  const auto running = state ? running_dev_chain(*state / "dev") : std::nullopt;
  if (!running || running->url != rpc.url()) return {};
  PTAH_TRY(const Json balance, rpc.call("eth_getBalance", {to_string(who), "latest"}));
  if (balance != Json("0x0")) return {};
  PTAH_TRY_VOID(rpc.call("anvil_setBalance", {to_string(who), "0x8ac7230489e80000"}));  // 10 ether
  if (!o.json && o.wallet.empty()) print("this is a test chain: {} got 10 ether that are worth nothing\n", to_string(who));
  return {};
}

void show_cost(const Estimate& e) { print("  costs at most {} ether ({} gas); you have {}\n", ether(e.max_cost), e.transaction.gas, ether(e.balance)); }

bool agreed(bool yes) {
  if (yes) return true;
  if (!isatty(STDIN_FILENO)) {
    print("nothing was sent; --yes sends\n");
    return false;
  }
  print("send? [y/N] ");
  std::fflush(stdout);
  std::string line;
  std::getline(std::cin, line);
  if (line == "y" || line == "Y" || line == "yes") return true;
  print("nothing was sent\n");
  return false;
}

}  // namespace ptah::cli
