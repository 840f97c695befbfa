// Addresses that hold secrets: tokens in queries, names and passwords before hosts, keys in paths of nodes.
#pragma once

#include <string>
#include <string_view>

namespace ptah {

/// An address fit to be printed: without name and password, query and fragment ("https://example.org/f.gguf?…"). What is no address with :// stays as it is.
std::string shown_url(std::string_view url);

/// An address fit to be kept in a file: as shown_url(), with a digest of the whole behind it if something was left out, so that different ones stay different.
std::string kept_url(std::string_view url);

/// Scheme, host and port only: for services whose paths are their keys.
std::string shown_origin(std::string_view url);

}  // namespace ptah
