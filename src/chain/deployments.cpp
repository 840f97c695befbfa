#include "chain/deployments.h"

#include <chrono>
#include <thread>

#include "base/file.h"

namespace ptah {

namespace fs = std::filesystem;

Result<Deployments> Deployments::open(const fs::path& file, const Account& account, const Rpc& rpc) {
  Deployments out(file, account, rpc);
  // A test chain that was started again is another chain: the first block's hash tells them apart.
  PTAH_TRY(const Json first, rpc.call("eth_getBlockByNumber", {"0x0", false}));
  out.place_ = fmt::format("{}:{}:{}", account.chain_id(), text_at(first, "hash").substr(0, 18), to_string(account.address()));
  return out;
}

Result<Json> Deployments::all() const {
  std::error_code problem;
  if (!fs::exists(file_, problem)) return Json::object();
  PTAH_TRY(const std::string text, read_text(file_, 1 << 24));
  PTAH_TRY(Json out, parse_json(text));
  if (!out.is_object()) return fail(ErrorCode::corrupt, "{}: no object", file_.string());
  return out;
}

Result<std::optional<uint64_t>> Deployments::nonce(const std::string& purpose) const {
  PTAH_TRY(const Json noted, all());
  const Json here = noted.value(place_, Json::object());
  const Json entry = here.is_object() ? here.value(purpose, Json()) : Json();
  if (entry.is_null()) return std::optional<uint64_t>();
  if (!entry.is_number_unsigned()) return fail(ErrorCode::corrupt, "{}: '{}' is no nonce", file_.string(), purpose);
  return std::optional(entry.get<uint64_t>());
}

Result<std::optional<Address>> Deployments::find(const std::string& purpose, const CancelToken* cancel) const {
  PTAH_TRY(const auto noted, nonce(purpose));
  if (!noted) return std::optional<Address>();
  const Address place = created_address(account_->address(), *noted);
  const std::string me = to_string(account_->address());
  constexpr int kPolls = 1200;
  for (int poll = 0;; ++poll) {
    PTAH_TRY(const auto answers,
             rpc_->batch(
                 {{"eth_getTransactionCount", {me, "latest"}}, {"eth_getTransactionCount", {me, "pending"}}, {"eth_getCode", {to_string(place), "latest"}}}));
    for (const auto& answer : answers)
      if (!answer) return tl::unexpected(answer.error());
    PTAH_TRY(const uint64_t taken, quantity_at(Json{{"count", *answers[0]}}, "count"));
    PTAH_TRY(const uint64_t waiting, quantity_at(Json{{"count", *answers[1]}}, "count"));
    if (!answers[2]->is_string()) return fail(ErrorCode::corrupt, "the node gives no code");
    if (answers[2]->get_ref<const std::string&>().size() > 2) return std::optional(place);
    if (taken > *noted || waiting <= *noted) return std::optional<Address>();  // something else took the nonce, or nothing was sent
    if (poll >= kPolls) return fail(ErrorCode::io, "the contract at {} was paid for and is in no block yet; try again later", to_string(place));
    if (cancel) PTAH_TRY_VOID(cancel->check());
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

Result<Address> Deployments::make(const std::string& purpose, const Transaction& transaction, const SendOptions& options) const {
  const fs::path folder = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
  PTAH_TRY_VOID(make_folders(folder));
  PTAH_TRY(const FolderLock lock, FolderLock::take(folder));
  PTAH_TRY(const auto already, find(purpose, options.cancel));
  if (already) return *already;
  PTAH_TRY(Json noted, all());
  // Who noted this nonce before never sent: a contract at its address will be this one.
  Json mine = Json::object();
  const Json before = noted.value(place_, Json::object());
  for (const auto& [name, entry] : before.items())
    if (entry != Json(transaction.nonce)) mine[name] = entry;
  mine[purpose] = transaction.nonce;
  noted[place_] = mine;
  const std::string text = noted.dump(2) + "\n";
  PTAH_TRY_VOID(write_file(file_, {as_bytes(text)}, 0600));  // on the disk before anything is paid
  PTAH_TRY(const Receipt receipt, account_->send(transaction, options));
  const Address place = created_address(account_->address(), transaction.nonce);
  if (receipt.created != place) return fail(ErrorCode::corrupt, "the node says that the contract lies somewhere else than at {}", to_string(place));
  return place;
}

Result<Address> Deployments::once(const std::string& purpose, const Bytes& creation, const SendOptions& options) const {
  PTAH_TRY(const auto already, find(purpose, options.cancel));
  if (already) return *already;
  PTAH_TRY(const Estimate estimate, account_->estimate({}, creation));
  if (options.before) options.before(estimate);
  return make(purpose, estimate.transaction, options);
}

std::string Deployments::purpose(const std::string& name, const Bytes& creation) {
  const Bytes32 digest = keccak256(std::span<const uint8_t>(creation));
  return name + " " + hex_text(std::span(digest).first(16));
}

Result<void> Deployments::forget(const std::string& purpose) const {
  std::error_code problem;
  if (!fs::exists(file_, problem)) return {};
  PTAH_TRY(const FolderLock lock, FolderLock::take(file_.has_parent_path() ? file_.parent_path() : fs::path(".")));
  PTAH_TRY(Json noted, all());
  if (!noted.contains(place_) || !noted[place_].is_object()) return {};
  Json kept = Json::object();
  for (const auto& [name, entry] : noted[place_].items())
    if (!name.starts_with(purpose)) kept[name] = entry;
  if (kept.size() == noted[place_].size()) return {};
  if (kept.empty())
    noted.erase(place_);
  else
    noted[place_] = kept;
  const std::string text = noted.dump(2) + "\n";
  return write_file(file_, {as_bytes(text)}, 0600);
}

}  // namespace ptah
