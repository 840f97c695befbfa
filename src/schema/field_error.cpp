#include "schema/field_error.h"

namespace ptah {

std::string field_of(const Error& error) {
  const size_t begin = error.message.find('`');
  const size_t end = begin == std::string::npos ? begin : error.message.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", begin + 1);
  return end == std::string::npos || error.message[end] != '`' ? std::string() : error.message.substr(begin + 1, end - begin - 1);
}

}  // namespace ptah
