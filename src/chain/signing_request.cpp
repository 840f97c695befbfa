#include "chain/signing_request.h"

#include <algorithm>

#include "base/hex.h"
#include "base/sha256.h"
#include "base/text.h"
#include "chain/abi.h"
#include "chain/artifact.h"

namespace ptah {

namespace {

using Lines = std::vector<std::string>;
constexpr size_t kMaxLines = 200, kMaxTypes = 64, kMaxShown = 600;

bool is_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$'; });
}

/// A value of the ABI; what does not fit in a line is said to go on.
std::string shown(const Json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= kMaxShown ? printable(text, 3 * kMaxShown)
                                  : fmt::format("{} … ({} characters)", printable(text.substr(0, kMaxShown), 3 * kMaxShown), text.size());
}

Result<void> add(Lines& lines, std::string line) {
  if (lines.size() >= kMaxLines) return fail(ErrorCode::corrupt, "more than {} lines to show", kMaxLines);
  lines.push_back(std::move(line));
  return {};
}

Result<Uint256> integer_of(const Rlp& item) {
  if (item.list || item.bytes.size() > 32) return fail(ErrorCode::corrupt, "a transaction with something else than a number");
  Uint256 out{};
  std::copy(item.bytes.begin(), item.bytes.end(), out.end() - static_cast<std::ptrdiff_t>(item.bytes.size()));
  return out;
}

Result<void> add_call(Lines& lines, const Bytes& data) {
  if (data.empty()) return {};
  const std::string function = known_function(data);
  const auto types = argument_types(function);
  const auto values = types ? abi_decode(*types, std::span(data).subspan(4), true) : fail(ErrorCode::corrupt, "unknown");
  if (!values) {
    const size_t first = std::min<size_t>(data.size(), 256);
    return add(lines, fmt::format("  with {} bytes of data nobody here knows: 0x{}{}", data.size(), hex(std::span(data).first(first)),
                                  first < data.size() ? "…" : ""));
  }
  PTAH_TRY_VOID(add(lines, "  calls " + function));
  for (size_t i = 0; i < values->size(); ++i) PTAH_TRY_VOID(add(lines, fmt::format("    {}: {}", (*types)[i], shown((*values)[i]))));
  return {};
}

Result<Lines> describe_transaction(const Bytes32& digest, const Json& subject) {
  const auto raw = subject.is_string() ? parse_hex(subject.get_ref<const std::string&>()) : fail(ErrorCode::corrupt, "none");
  if (!raw || raw->empty()) return fail(ErrorCode::corrupt, "what is to be signed is no transaction");
  if (keccak256(*raw) != digest) return fail(ErrorCode::mismatch, "the digest is not that of the transaction beside it");
  const auto parsed = (*raw)[0] == 2 ? Rlp::parse(std::span(*raw).subspan(1), 4) : fail(ErrorCode::corrupt, "another kind");
  if (!parsed || !parsed->list || parsed->items.size() != 9) return fail(ErrorCode::corrupt, "what is to be signed is no transaction of type 2");
  const auto& f = parsed->items;
  std::array<Uint256, 5> n{};
  for (size_t i = 0; i < 5; ++i) {
    PTAH_TRY(n[i], integer_of(f[i]));
  }
  PTAH_TRY(const Uint256 value, integer_of(f[6]));
  PTAH_TRY(const uint64_t gas, to_uint64(n[4]));
  if (f[5].list || f[7].list || !f[8].list || (!f[5].bytes.empty() && f[5].bytes.size() != 20))
    return fail(ErrorCode::corrupt, "a transaction without a proper receiver");
  Lines out;
  PTAH_TRY_VOID(add(out, fmt::format("a transaction on chain {}, number {} of this key", to_decimal(n[0]), to_decimal(n[1]))));
  if (f[5].bytes.empty()) {
    PTAH_TRY_VOID(add(out, fmt::format("  creates a contract of {} bytes (keccak256 {})", f[7].bytes.size(), hex_text(keccak256(f[7].bytes)))));
  } else {
    Address to{};
    std::copy(f[5].bytes.begin(), f[5].bytes.end(), to.begin());
    PTAH_TRY_VOID(add(out, "  to " + to_string(to)));
  }
  PTAH_TRY_VOID(add(out, fmt::format("  sends {} ether", ether(value))));
  const std::array<uint8_t, 16> zero{};
  const bool sane = std::equal(zero.begin(), zero.end(), n[3].begin()) && gas < (uint64_t{1} << 40);
  PTAH_TRY_VOID(add(out, sane ? fmt::format("  fees of at most {} ether ({} gas)", ether(scaled(n[3], gas, 1)), gas)
                              : fmt::format("  fees of {} wei a gas for {} gas", to_decimal(n[3]), gas)));
  if (!f[8].items.empty()) PTAH_TRY_VOID(add(out, fmt::format("  with an access list of {} entries", f[8].items.size())));
  if (!f[5].bytes.empty()) PTAH_TRY_VOID(add_call(out, f[7].bytes));
  return out;
}

/// The fields that are signed, in their order; others beside them are not.
Result<void> add_fields(Lines& lines, const Json& types, const std::string& type, const std::string& name, const Json& value, size_t depth) {
  const std::string indent(2 * depth, ' ');
  if (depth > 16) return fail(ErrorCode::corrupt, "typed data nested too deeply");
  if (type.ends_with(']')) {
    PTAH_TRY_VOID(add(lines, fmt::format("{}{}: {} of {}", indent, name, value.size(), type)));
    for (size_t i = 0; i < value.size(); ++i)
      PTAH_TRY_VOID(add_fields(lines, types, type.substr(0, type.rfind('[')), fmt::format("{}", i + 1), value[i], depth + 1));
    return {};
  }
  if (!types.contains(type)) return add(lines, fmt::format("{}{}: {}", indent, name, shown(value)));
  PTAH_TRY_VOID(add(lines, fmt::format("{}{} ({})", indent, name, type)));
  for (const Json& field : types.at(type)) {
    const std::string of = text_at(field, "name"), kind = text_at(field, "type");
    PTAH_TRY_VOID(add_fields(lines, types, kind, of, value.at(of), depth + 1));
  }
  return {};
}

Result<Lines> describe_typed_data(const Bytes32& digest, const Json& subject) {
  Json types = subject.is_object() ? subject.value("types", Json()) : Json();
  if (!types.is_object() || types.size() > kMaxTypes) return fail(ErrorCode::corrupt, "typed data without types, or with more than {}", kMaxTypes);
  for (const auto& [type, fields] : types.items()) {
    bool plain = is_name(type) && fields.is_array() && fields.size() <= kMaxLines;
    for (const Json& field : fields) {
      const std::string kind = text_at(field, "type");
      plain = plain && is_name(text_at(field, "name")) && is_name(kind.substr(0, kind.find('['))) &&
              kind.find_first_not_of("[]0123456789", std::min(kind.find('['), kind.size())) == std::string::npos;
    }
    if (!plain) return fail(ErrorCode::corrupt, "typed data with names that are none");
  }
  PTAH_TRY(const Bytes32 made, typed_data_digest(subject));
  if (made != digest) return fail(ErrorCode::mismatch, "the digest is not that of the typed data beside it");
  const Json domain = subject.value("domain", Json::object());
  Lines out;
  PTAH_TRY_VOID(add(out, "typed data (EIP-712)"));
  if (types.contains("EIP712Domain")) {
    PTAH_TRY_VOID(add_fields(out, types, "EIP712Domain", "domain", domain, 1));
  } else {
    for (const char* name : {"name", "version", "chainId", "verifyingContract", "salt"})
      if (domain.contains(name)) PTAH_TRY_VOID(add(out, fmt::format("  domain {}: {}", name, shown(domain[name]))));
  }
  PTAH_TRY_VOID(add_fields(out, types, text_at(subject, "primaryType"), "message", subject.value("message", Json()), 1));
  return out;
}

}  // namespace

Result<Lines> describe_signing_request(const SigningRequest& request) {
  return guard([&]() -> Result<Lines> {
    const Json& subject = request.subject;
    if (subject.is_null()) return Lines{fmt::format("a digest nobody said anything of, {}: it can stand for a payment of any sum", hex_text(request.digest))};
    if (subject.size() != 1) return fail(ErrorCode::corrupt, "both a transaction and typed data");
    return subject.contains("transaction") ? describe_transaction(request.digest, subject["transaction"])
                                           : describe_typed_data(request.digest, subject["typed_data"]);
  });
}

}  // namespace ptah
