#include "apps/market/mint.h"

#include <algorithm>
#include <ctime>

#include "base/sha256.h"
#include "base/text.h"
#include "chain/abi.h"
#include "own/content_credentials.h"
#include "own/content_id.h"
#include "own/signed_receipt.h"
#include "net/download.h"
#include "work/verification.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kScheme = "ipfs://";
constexpr size_t kMaxFiles = 64, kMaxBytes = size_t{512} << 20;  ///< of one token

std::string media_type(const std::string& name) {
  const std::string ending = fs::path(name).extension().string();
  if (ending == ".png") return "image/png";
  if (ending == ".glb") return "model/gltf-binary";
  if (ending == ".wav") return "audio/wav";
  if (ending == ".json") return "application/json";
  return "application/octet-stream";
}

/// CIDs are letters and digits; anything else would be a path.
Result<std::string> plain_cid(const std::string& uri) {
  std::string cid = uri.starts_with(kScheme) ? uri.substr(7) : uri;
  const bool plain = cid.size() >= 40 && cid.size() <= 120 && std::all_of(cid.begin(), cid.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (!plain) return fail(ErrorCode::corrupt, "'{}' is no content id", uri.substr(0, 120));
  return cid;
}

/// Only names of files, no ways to other folders.
bool plain_name(const std::string& name) {
  return !name.empty() && name[0] != '.' && name.find('/') == std::string::npos && name.find('\\') == std::string::npos;
}

}  // namespace

Result<Bytes32> prompt_commitment(const Json& receipt) {
  if (!receipt.is_object()) return fail(ErrorCode::corrupt, "receipt: no object");
  const Json models = receipt.value("models", Json::object());
  Json parameters = receipt.value("request", Json());
  if (!parameters.is_object() || text_at(receipt, "engine_version").empty()) return fail(ErrorCode::corrupt, "receipt: no request or engine version");
  const std::string prompt = text_at(parameters, "prompt");
  const Json seed = parameters.value("seed", Json(0));
  parameters.erase("prompt");
  parameters.erase("seed");
  PTAH_TRY(const std::string model_text, canonical_json(models));
  PTAH_TRY(const std::string parameter_text, canonical_json(parameters));
  auto encoded = abi_encode({"bytes32", "string", "string", "uint256", "bytes32", "string"},
                            {hex_text(keccak256(model_text)), text_at(receipt, "engine_version"), text_at(receipt, "numeric_path"), seed,
                             hex_text(keccak256(parameter_text)), prompt});
  if (!encoded) return fail(ErrorCode::corrupt, "receipt: {}", encoded.error().message);
  return keccak256(*encoded);
}

Uint256 token_of(const Bytes32& commitment) { return keccak256(std::span<const uint8_t>(commitment)); }

Result<std::string> Gateway::put(std::span<const uint8_t> bytes) const {
  if (place_.starts_with("http")) return fail(ErrorCode::invalid_argument, "{} is a gateway to read from; files go into a folder", place_);
  const std::string cid = content_id(bytes);
  const fs::path folder = fs::path(place_) / "ipfs";
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (!fs::exists(folder / cid, problem)) PTAH_TRY_VOID(write_file(folder / cid, bytes));
  return cid;
}

Result<Bytes> Gateway::get(const std::string& uri, size_t max_bytes) const {
  PTAH_TRY(const std::string cid, plain_cid(uri));
  Bytes bytes;
  if (place_.starts_with("http://") || place_.starts_with("https://")) {
    PTAH_TRY(const std::string text, download_text(fmt::format("{}/ipfs/{}", place_, cid), max_bytes, {}));
    bytes.assign(text.begin(), text.end());
  } else {
    const fs::path file = fs::path(place_) / "ipfs" / cid;
    auto read = read_file(file, max_bytes);
    if (!read) return fail(read.error().code, "the gateway {} has no {}", place_, cid);
    bytes = std::move(*read);
  }
  if (content_id(bytes) != cid) return fail(ErrorCode::mismatch, "{} serves other bytes under {}", place_, cid);
  return bytes;
}

Result<TokenPlan> plan_token(const fs::path& folder, const Address& maker) {
  PTAH_TRY(const Verification verified, verify_work(folder));
  if (!verified.whole) return fail(ErrorCode::mismatch, "{} was changed after it was made; ptah verify says where", folder.string());
  const fs::path home = folder_of_work(folder);
  PTAH_TRY(const Json receipt, read_receipt(home));
  const MakerCheck check = check_maker(receipt);
  if (!check.has_signature)
    return fail(ErrorCode::mismatch, "{} is not signed: what is minted has to say who made it (ptah key new, then make it again)", folder.string());
  if (!check.maker || *check.maker != maker)
    return fail(ErrorCode::mismatch, "{} was signed by {}, not by this key ({})", folder.string(), check.maker ? to_string(*check.maker) : "nobody",
                to_string(maker));
  TokenPlan out;
  PTAH_TRY(out.commitment, prompt_commitment(receipt));
  out.token = token_of(out.commitment);
  Json files = Json::object();
  std::vector<std::string> names{"receipt.json"};
  const Json outputs = receipt.value("outputs", Json::object()), sources = receipt.value("sources", Json::object());
  for (const auto& [name, id] : outputs.items()) {
    // What the work began with may be private; it is named by its digest only.
    if (!plain_name(name) || sources.contains(fs::path(name).stem().string())) continue;
    names.push_back(name);
    std::error_code problem;
    if (fs::exists(home / (name + ".c2pa"), problem)) names.push_back(name + ".c2pa");
  }
  std::string shown, object;
  for (const std::string& name : names) {
    PTAH_TRY(const Bytes bytes, read_file(home / name));
    const std::string cid = content_id(bytes);
    out.files[name] = cid;
    files[name] = {{"uri", kScheme + cid}, {"mime", media_type(name)}, {"sha256", sha256_hex(bytes)}, {"bytes", bytes.size()}};
    if (name == "picture.png" || (shown.empty() && name.ends_with(".png"))) shown = kScheme + cid;
    if (name.ends_with(".glb")) object = kScheme + cid;
  }
  if (shown.empty()) return fail(ErrorCode::unsupported, "{} holds no picture to show", folder.string());
  const std::string prompt = text_at(receipt.value("request", Json()), "prompt");
  Json metadata{{"name", prompt.empty() ? home.filename().string() : beginning(prompt, 120)},
                {"description", fmt::format("Made by Ptah {} from the words \"{}\".", text_at(receipt, "engine_version"), prompt)},
                {"image", shown},
                {"properties",
                 {{"prompt_commitment", hex_text(out.commitment)},
                  {"maker", to_string(maker)},
                  {"digital_source_type", "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"},
                  {"files", files}}}};
  if (!object.empty()) metadata["animation_url"] = object;
  PTAH_TRY(out.metadata, canonical_json(metadata));
  if (out.metadata.size() > (1 << 20))
    return fail(ErrorCode::unsupported, "the metadata takes {} bytes; a mebibyte is the most that a token's URI can be derived of", out.metadata.size());
  out.metadata_digest = sha256(as_bytes(out.metadata));
  out.uri = kScheme + raw_content_id(out.metadata_digest);
  return out;
}

Result<void> publish(const fs::path& folder, const TokenPlan& plan, const Gateway& gateway) {
  const fs::path home = folder_of_work(folder);
  for (const auto& [name, cid] : plan.files) {
    PTAH_TRY(const Bytes bytes, read_file(home / name));
    PTAH_TRY(const std::string put, gateway.put(bytes));
    if (put != cid) return fail(ErrorCode::mismatch, "{} changed meanwhile", (home / name).string());
  }
  PTAH_TRY(const std::string put, gateway.put(as_bytes(plan.metadata)));
  return kScheme + put == plan.uri ? Result<void>() : fail(ErrorCode::internal, "the metadata lies under another id than planned");
}

namespace {

/// What is looked at of a token, in the order in which it is said.
class TokenReading {
 public:
  TokenReading(const Rpc& rpc, const Address& contract, const Uint256& token, const Gateway& gateway)
      : rpc_(rpc), contract_(contract), token_(token), gateway_(gateway) {}

  Result<TokenCheck> run() {
    PTAH_TRY_VOID(read_chain());
    PTAH_TRY_VOID(read_metadata());
    if (metadata_.is_object() && read_files() && read_receipt()) {
      check_receipt();
      check_shown();
      const Json outputs = this->outputs();
      for (const auto& [name, output] : outputs.items()) check_output(name, output);
    }
    return std::move(out_);
  }

 private:
  void say(bool right, std::string line) {
    out_.true_ = out_.true_ && right;
    out_.lines.push_back((right ? "" : "NOT TRUE: ") + std::move(line));
  }

  Result<void> read_chain() {
    const std::string id = to_decimal(token_);
    auto owner = read_contract(rpc_, contract_, "ownerOf(uint256)", Json::array({id}), {"address"});
    if (!owner) {
      if (owner.error().code == ErrorCode::mismatch) return fail(ErrorCode::not_found, "{} has no token {}", to_string(contract_), id);
      return tl::unexpected(owner.error());
    }
    PTAH_TRY(uri_, read_contract(rpc_, contract_, "tokenURI(uint256)", Json::array({id}), {"string"}));
    PTAH_TRY(maker_, read_contract(rpc_, contract_, "owner()", Json::array(), {"address"}));
    out_.lines.push_back(fmt::format("token {} of {}", id, to_string(contract_)));
    out_.lines.push_back(fmt::format("belongs to {}, made by {}", (*owner)[0].get<std::string>(), maker_[0].get<std::string>()));
    return {};
  }

  Result<void> read_metadata() {
    PTAH_TRY(const Bytes bytes, gateway_.get(uri_[0], 1 << 20));
    out_.lines.push_back(fmt::format("metadata: {}, its bytes are those the token names", uri_[0].get<std::string>()));
    auto metadata = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (metadata && metadata->is_object())
      metadata_ = std::move(*metadata);
    else
      say(false, "the metadata is no JSON object");
    return {};
  }

  /// False if there is nothing more to look at.
  bool read_files() {
    const Json properties = metadata_.value("properties", Json::object()),
               files = properties.is_object() ? properties.value("files", Json::object()) : Json::object();
    if (!files.is_object()) return true;
    if (files.size() > kMaxFiles) {
      say(false, fmt::format("the metadata names {} files", files.size()));
      return false;
    }
    size_t bytes_in_all = 0;
    for (const auto& [name, entry] : files.items()) {
      uris_[text_at(entry, "uri")] = name;
      if (!plain_name(name)) {
        say(false, "a file with a strange name");
        continue;
      }
      auto file = gateway_.get(text_at(entry, "uri"), kMaxBytes - bytes_in_all);
      if (!file) {
        say(false, fmt::format("{}: {}", name, file.error().message));
        continue;
      }
      bytes_in_all += file->size();
      say(sha256_hex(*file) == text_at(entry, "sha256"), fmt::format("{}: {} bytes, as the metadata says", name, file->size()));
      out_.files[name] = std::move(*file);
    }
    return true;
  }

  bool read_receipt() {
    const auto found = out_.files.find("receipt.json");
    const auto receipt = found == out_.files.end() ? fail(ErrorCode::not_found, "none")
                                                   : parse_json({reinterpret_cast<const char*>(found->second.data()), found->second.size()});
    const bool readable = receipt && receipt->is_object();
    if (readable)
      out_.receipt = *receipt;
    else
      say(false, "the token has no receipt that could be read");
    return readable;
  }

  void check_receipt() {
    const MakerCheck signed_by = check_maker(out_.receipt);
    say(signed_by.maker && Json(to_string(*signed_by.maker)) == maker_[0],
        fmt::format("the receipt is signed by {}, the contract's maker", signed_by.maker ? to_string(*signed_by.maker) : "nobody"));
    const auto commitment = prompt_commitment(out_.receipt);
    say(commitment && token_of(*commitment) == token_, "the token is that of the receipt's model, engine, seed, parameters and words");
  }

  /// What a wallet shows of the token has to be an output of the receipt.
  void check_shown() {
    const Json outputs = this->outputs();
    for (const char* key : {"image", "animation_url"}) {
      const std::string shown = text_at(metadata_, key);
      if (shown.empty() && std::string_view(key) != "image") continue;
      const auto listed = uris_.find(shown);
      say(listed != uris_.end() && outputs.is_object() && outputs.contains(listed->second), fmt::format("{}: what the token shows is the work", key));
    }
  }

  void check_output(const std::string& name, const Json& output) {
    const auto file = out_.files.find(name);
    if (file == out_.files.end()) return;
    say(has_id(file->second, output), fmt::format("{}: as the receipt says", name));
    const auto beside = out_.files.find(name + ".c2pa");
    const auto credentials = check_credentials(file->second, beside == out_.files.end() ? nullptr : &beside->second, {}, std::time(nullptr));
    if (!credentials) return say(false, fmt::format("{}: {}", name, credentials.error().message));
    if (!*credentials) return;
    const ManifestCheck& check = **credentials;
    say(check.whole && Json(check.chain.signer) == maker_[0],
        fmt::format("{}: content credentials of {}", name, check.whole ? check.chain.signer : check.problems.front()));
  }

  Json outputs() const { return out_.receipt.value("outputs", Json::object()); }

  const Rpc& rpc_;
  const Address& contract_;
  const Uint256& token_;
  const Gateway& gateway_;
  Json uri_, maker_, metadata_;
  std::map<std::string, std::string> uris_;  ///< names by them
  TokenCheck out_;
};

}  // namespace

Result<TokenCheck> check_token(const Rpc& rpc, const Address& contract, const Uint256& token, const Gateway& gateway) {
  return TokenReading(rpc, contract, token, gateway).run();
}

Json to_json(const Voucher& v, uint64_t chain_id, const Address& contract, const Signature& signature) {
  return {{"format", "ptah voucher 1"},       {"chain", chain_id},
          {"contract", to_string(contract)},  {"commitment", hex_text(v.commitment)},
          {"metadata", hex_text(v.metadata)}, {"to", to_string(v.to.value_or(Address{}))},
          {"price", to_decimal(v.price)},     {"deadline", v.deadline},
          {"signature", hex_text(signature)}};
}

Result<SignedVoucher> parse_voucher(const std::string& text) {
  PTAH_TRY(const Json json, parse_json(text, 4));
  if (text_at(json, "format") != "ptah voucher 1") return fail(ErrorCode::corrupt, "not a voucher of Ptah");
  SignedVoucher out;
  const Json chain = json.value("chain", Json()), deadline = json.value("deadline", Json());
  if (!chain.is_number_unsigned() || !deadline.is_number_unsigned()) return fail(ErrorCode::corrupt, "voucher: no chain or deadline");
  out.chain_id = chain;
  out.voucher.deadline = deadline;
  PTAH_TRY(out.contract, parse_address(text_at(json, "contract")));
  PTAH_TRY(const Address to, parse_address(text_at(json, "to")));
  if (to != Address{}) out.voucher.to = to;
  PTAH_TRY(out.voucher.commitment, parse_hex_of<32>(text_at(json, "commitment")));
  PTAH_TRY(out.voucher.metadata, parse_hex_of<32>(text_at(json, "metadata")));
  PTAH_TRY(out.voucher.price, parse_uint256(std::string_view(text_at(json, "price"))));
  PTAH_TRY(out.signature, parse_hex_of<65>(text_at(json, "signature")));
  return out;
}

Result<Signature> sign_voucher(const Voucher& v, uint64_t chain_id, const Address& contract, const Signer& signer) {
  return sign_typed_data(typed_data("Ptah AigcWork", chain_id, contract, "Voucher",
                                    {{"commitment", "bytes32", hex_text(v.commitment)},
                                     {"metadata", "bytes32", hex_text(v.metadata)},
                                     {"to", "address", to_string(v.to.value_or(Address{}))},
                                     {"price", "uint256", to_decimal(v.price)},
                                     {"deadline", "uint256", v.deadline}}),
                         signer);
}

Result<Bytes> redeem_call(const SignedVoucher& s) {
  const Voucher& v = s.voucher;
  return abi_call(
      "redeem((bytes32,bytes32,address,uint256,uint256),bytes)",
      {{hex_text(v.commitment), hex_text(v.metadata), to_string(v.to.value_or(Address{})), to_decimal(v.price), v.deadline}, hex_text(s.signature)});
}

}  // namespace ptah
