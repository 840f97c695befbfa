// What a reader's browser shows of a reading room.
#pragma once

#include <string>

namespace ptah {

struct ReadingPage {
  std::string html;
  std::string policy;  ///< its content security policy: only the page's own script and style run, by their hashes
};

/// One HTML file without anything from elsewhere: signs in with the browser's wallet (EIP-1193), shows section after section, the questions and the voucher,
/// and claims it. All texts that come from the article are set as text, never as HTML.
const ReadingPage& reading_page();

}  // namespace ptah
