// Requests as commands.
#include "base/text.h"
#include "schema/schema.h"

namespace ptah {

namespace {

/// In $'…', where every byte that is not shown as it is has an escape.
std::string escaped(std::string_view text) {
  std::string out = "$'";
  for (size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    size_t size = std::min<size_t>(lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4, text.size() - at);
    if (invalid_utf8_at(text.substr(at, size)) != std::string::npos) size = 1;
    const std::string_view one = text.substr(at, size);
    if (one == "\n")
      out += "\\n";
    else if (one == "\t")
      out += "\\t";
    else if (one == "'" || one == "\\")
      out.append("\\").append(one);
    else if (printable(one) == one)
      out += one;
    else
      for (const char c : one) out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    at += size;
  }
  return out.append("'");
}

}  // namespace

std::string shell_quoted(std::string_view raw, bool is_file) {
  std::string text(raw);
  if (is_file && text.starts_with('-')) text = "./" + text;
  if (printable(text, text.size() * 8 + 8) != text) return escaped(text);
  if (!text.empty() && text[0] != '-' &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%") == std::string::npos)
    return text;
  replace_all(text, "'", "'\\''");
  return "'" + text + "'";
}

std::string Schema::command(const Json& values) const {
  std::string out = "ptah " + command_, last;
  for (const SchemaField& field : fields_) {
    const Json& value = values[field.name];
    if (field.positional) {
      for (const std::string& text : texts_of_value(field, value)) last.append(" ").append(shell_quoted(text, field.is_file()));
      continue;
    }
    if (!is_said(field, values)) continue;
    if (field.kind == FieldKind::boolean) out.append(" ").append(field.option);
    if (*field.shorthand && value == Json(field.shorthand_value)) {
      out.append(" --").append(field.shorthand);
      continue;
    }
    for (const std::string& text : texts_of_value(field, value)) {
      if (field.text_of_file)
        out += fmt::format(" {} <(printf %s {})", field.option, shell_quoted(text));
      else
        out += fmt::format(" {}{}{}", field.option, text.starts_with('-') && !field.is_file() ? "=" : " ", shell_quoted(text, field.is_file()));
    }
  }
  return last.empty() ? out : out.append(" --").append(last);
}

}  // namespace ptah
