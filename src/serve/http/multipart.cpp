#include "serve/http/multipart.h"

#include <algorithm>

#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxFormParts = 64, kMaxPartHead = 4096, kMaxBoundary = 70;

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// A value up to ';', or between quotes, with \" and \\ as they stand for (browsers write %22 for a quote, which stays).
std::optional<std::string> parameter_value(std::string_view& rest) {
  std::string out;
  if (!rest.starts_with('"')) {
    const size_t end = std::min(rest.find(';'), rest.size());
    out = without_blanks(rest.substr(0, end));
    rest.remove_prefix(end);
    return out;
  }
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return out;
    }
    if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) ++i;
    out += rest[i];
  }
  return std::nullopt;
}

/// "form-data; name=\"x\"": what stands before the first ';', and a parameter; nothing if it is broken or not there.
std::optional<std::string> parameter_of(std::string_view header, std::string_view name) {
  size_t next = header.find(';');
  while (next != std::string_view::npos) {
    header.remove_prefix(next + 1);
    header = without_blanks(header);
    const size_t equal = header.find('=');
    if (equal == std::string_view::npos) return std::nullopt;
    const std::string here = lower_case(std::string(without_blanks(header.substr(0, equal))));
    header.remove_prefix(equal + 1);
    auto value = parameter_value(header);
    if (!value) return std::nullopt;
    if (here == name) return value;
    next = header.find(';');
  }
  return std::nullopt;
}

bool is_printable_utf8(const std::string& text) {
  return invalid_utf8_at(text) == std::string::npos && std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 32; });
}

Result<FormPart> form_part(std::string_view head) {
  FormPart out;
  bool named = false;
  while (!head.empty()) {
    const size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(head.size(), end + 2));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return fail(ErrorCode::corrupt, "form: a header without a colon");
    const std::string name = lower_case(std::string(line.substr(0, colon)));
    const std::string_view value = without_blanks(line.substr(colon + 1));
    if (name == "content-type") out.content_type = value;
    if (name == "content-transfer-encoding" && value != "binary" && value != "8bit" && value != "7bit")
      return fail(ErrorCode::corrupt, "form: the transfer encoding {} is not understood", printable(std::string(value), 40));
    if (name != "content-disposition") continue;
    const auto said = parameter_of(value, "name");
    if (!value.starts_with("form-data") || !said || named) return fail(ErrorCode::corrupt, "form: a part without a name");
    named = true;
    out.name = *said;
    out.file_name = parameter_of(value, "filename");
  }
  if (!named || !is_printable_utf8(out.name) || (out.file_name && !is_printable_utf8(*out.file_name)))
    return fail(ErrorCode::corrupt, "form: a part without a name");
  return out;
}

}  // namespace

Result<std::vector<FormPart>> parse_form(std::string_view content_type, std::string_view body) {
  const std::string type = lower_case(std::string(without_blanks(content_type.substr(0, std::min(content_type.find(';'), content_type.size())))));
  if (type != "multipart/form-data") return fail(ErrorCode::invalid_argument, "the body has to be a form (multipart/form-data)");
  const auto boundary = parameter_of(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary || !is_printable_utf8(*boundary))
    return fail(ErrorCode::invalid_argument, "the form has no boundary, or not one of 1 to {} characters", kMaxBoundary);
  const std::string first = "--" + *boundary, between = "\r\n" + first;
  if (!body.starts_with(first)) return fail(ErrorCode::corrupt, "form: it does not begin with its boundary");
  body.remove_prefix(first.size());
  std::vector<FormPart> out;
  while (!body.starts_with("--")) {
    if (!body.starts_with("\r\n")) return fail(ErrorCode::corrupt, "form: no line end behind a boundary");
    if (out.size() == kMaxFormParts) return fail(ErrorCode::corrupt, "form: more than {} parts", kMaxFormParts);
    body.remove_prefix(2);
    const size_t head = body.substr(0, kMaxPartHead).find("\r\n\r\n");
    if (head == std::string_view::npos) return fail(ErrorCode::corrupt, "form: a part's headers do not end within {} bytes", kMaxPartHead);
    PTAH_TRY(FormPart part, form_part(body.substr(0, head)));
    body.remove_prefix(head + 4);
    const size_t end = body.find(between);
    if (end == std::string_view::npos) return fail(ErrorCode::corrupt, "form: a part does not end");
    part.body = body.substr(0, end);
    body.remove_prefix(end + between.size());
    out.push_back(std::move(part));
  }
  return out;
}

}  // namespace ptah
