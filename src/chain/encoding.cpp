#include "chain/encoding.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <memory>

#include "base/sha256.h"

namespace ptah {

namespace {

struct FreeNumber {
  void operator()(BIGNUM* n) const { BN_free(n); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;

Number number_of(const Uint256& value) { return Number(BN_bin2bn(value.data(), 32, nullptr)); }

Result<Uint256> of_number(const BIGNUM* number) {
  Uint256 out{};
  if (BN_bn2binpad(number, out.data(), 32) != 32) return fail(ErrorCode::invalid_argument, "a number of more than 256 bits");
  return out;
}

std::span<const uint8_t> without_zeros(const Uint256& value) {
  size_t zeros = 0;
  while (zeros < 32 && value[zeros] == 0) ++zeros;
  return std::span(value).subspan(zeros);
}

void put_length(Bytes& out, size_t length, uint8_t base) {
  if (length < 56) {
    out.push_back(static_cast<uint8_t>(base + length));
    return;
  }
  const Uint256 wide = uint256(length);
  const auto size = without_zeros(wide);
  out.push_back(static_cast<uint8_t>(base + 55 + size.size()));
  out.insert(out.end(), size.begin(), size.end());
}

Result<Rlp> parse_item(std::span<const uint8_t>& rest, int depth) {
  if (depth < 1) return fail(ErrorCode::corrupt, "rlp: nested too deeply");
  if (rest.empty()) return fail(ErrorCode::corrupt, "rlp: cut off");
  const uint8_t first = rest[0];
  if (first < 0x80) {
    Rlp one = Rlp::of(rest.first(1));
    rest = rest.subspan(1);
    return one;
  }
  const bool list = first >= 0xC0;
  size_t length = first - (list ? 0xC0 : 0x80), head = 1;
  if (length > 55) {
    const size_t width = length - 55;
    if (rest.size() < 1 + width || rest[1] == 0 || width > 4) return fail(ErrorCode::corrupt, "rlp: a wrong length");
    length = 0;
    for (size_t i = 0; i < width; ++i) length = length << 8 | rest[1 + i];
    head += width;
    if (length < 56) return fail(ErrorCode::corrupt, "rlp: a length that is longer than it has to be");
  }
  if (length > rest.size() - head) return fail(ErrorCode::corrupt, "rlp: an item of {} bytes passes the end", length);
  auto body = rest.subspan(head, length);
  rest = rest.subspan(head + length);
  if (!list) {
    if (length == 1 && body[0] < 0x80) return fail(ErrorCode::corrupt, "rlp: a byte that is longer than it has to be");
    return Rlp::of(body);
  }
  std::vector<Rlp> items;
  while (!body.empty()) {
    PTAH_TRY(Rlp item, parse_item(body, depth - 1));
    items.push_back(std::move(item));
  }
  return Rlp::of_list(std::move(items));
}

}  // namespace

Uint256 uint256(uint64_t value) {
  Uint256 out{};
  for (size_t i = 0; i < 8; ++i) out[31 - i] = static_cast<uint8_t>(value >> (8 * i));
  return out;
}

Result<Uint256> parse_uint256(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string digits(text.substr(negative ? 1 : 0));
  const bool sixteen = digits.starts_with("0x");
  if (sixteen) digits.erase(0, 2);
  const bool fits = !digits.empty() && digits.size() <= 80 && std::all_of(digits.begin(), digits.end(), [&](char c) {
    const int d = hex_digit(c);
    return d >= 0 && (sixteen || d < 10);
  });
  if (!fits) return fail(ErrorCode::invalid_argument, "'{}' is no whole number", text.substr(0, 80));
  BIGNUM* parsed = nullptr;
  if ((sixteen ? BN_hex2bn(&parsed, digits.c_str()) : BN_dec2bn(&parsed, digits.c_str())) == 0) return fail(ErrorCode::internal, "OpenSSL reads no number");
  const Number number(parsed);
  PTAH_TRY(Uint256 out, of_number(parsed));
  if (negative) {
    if (out[0] > 0x80 || (out[0] == 0x80 && std::any_of(out.begin() + 1, out.end(), [](uint8_t b) { return b != 0; })))
      return fail(ErrorCode::invalid_argument, "'{}' is below the smallest number of 256 bits", text);
    return negated(out);
  }
  return out;
}

Result<Uint256> parse_uint256(const Json& value) {
  if (value.is_string()) return parse_uint256(std::string_view(value.get_ref<const std::string&>()));
  if (value.is_number_unsigned()) return uint256(value.get<uint64_t>());
  if (value.is_number_integer()) return parse_uint256(std::string_view(std::to_string(value.get<int64_t>())));
  return fail(ErrorCode::invalid_argument, "{} is no whole number", value.dump().substr(0, 80));
}

std::string to_decimal(const Uint256& value) {
  char* text = BN_bn2dec(number_of(value).get());
  std::string out = text ? text : "";
  OPENSSL_free(text);
  return out;
}

std::string ether(const Uint256& wei, size_t places) {
  std::string digits = to_decimal(wei);
  if (digits.size() < 19) digits.insert(0, 19 - digits.size(), '0');
  std::string rest = digits.substr(digits.size() - 18, places);
  while (!rest.empty() && rest.back() == '0') rest.pop_back();
  return digits.substr(0, digits.size() - 18) + (rest.empty() ? "" : ".") + rest;
}

std::string quantity(const Uint256& value) {
  const std::string digits = hex(value);
  const size_t first = digits.find_first_not_of('0');
  return "0x" + (first == std::string::npos ? "0" : digits.substr(first));
}

Result<uint64_t> to_uint64(const Uint256& value) {
  if (std::any_of(value.begin(), value.begin() + 24, [](uint8_t b) { return b != 0; }))
    return fail(ErrorCode::invalid_argument, "{} needs more than 64 bits", to_decimal(value));
  uint64_t out = 0;
  for (size_t i = 24; i < 32; ++i) out = out << 8 | value[i];
  return out;
}

Uint256 negated(const Uint256& a) {
  Uint256 out{};
  int carry = 1;
  for (size_t i = 32; i-- > 0;) {
    const int value = static_cast<uint8_t>(~a[i]) + carry;
    out[i] = static_cast<uint8_t>(value);
    carry = value >> 8;
  }
  return out;
}

Uint256 add(const Uint256& a, const Uint256& b) {
  const Number x = number_of(a), y = number_of(b);
  BN_add(x.get(), x.get(), y.get());
  return value_or_throw(of_number(x.get()));
}

Uint256 scaled(const Uint256& a, uint64_t by, uint64_t of) {
  const Number x = number_of(a);
  if (!BN_mul_word(x.get(), by) || of == 0 || BN_div_word(x.get(), of) == static_cast<BN_ULONG>(-1))
    throw Failure({ErrorCode::internal, "OpenSSL cannot scale a number"});
  return value_or_throw(of_number(x.get()));
}

Rlp Rlp::of(const Uint256& number) { return of(without_zeros(number)); }

Bytes Rlp::encode() const {
  Bytes out;
  if (!list) {
    if (bytes.size() == 1 && bytes[0] < 0x80) return bytes;
    put_length(out, bytes.size(), 0x80);
    out.insert(out.end(), bytes.begin(), bytes.end());
    return out;
  }
  Bytes body;
  for (const Rlp& item : items) {
    const Bytes part = item.encode();
    body.insert(body.end(), part.begin(), part.end());
  }
  put_length(out, body.size(), 0xC0);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

Result<Rlp> Rlp::parse(std::span<const uint8_t> bytes, int max_depth) {
  PTAH_TRY(Rlp out, parse_item(bytes, max_depth));
  if (!bytes.empty()) return fail(ErrorCode::corrupt, "rlp: {} bytes too many", bytes.size());
  return out;
}

}  // namespace ptah
