// The studio: a page on which everything that Ptah makes can be made, watched and looked at.
#pragma once

#include <string>

namespace ptah {

struct StudioPage {
  std::string html;
  std::string policy;  ///< its content security policy: the page's own script and style run, by their hashes, and nothing is asked of another computer
};

/// One HTML file without anything from elsewhere. Its form is made of the recipes' schemas, so that no option is written twice.
const StudioPage& studio_page();

// Its parts.
extern const char* const kStudioStyle;
extern const char* const kStudioBody;
extern const char* const kStudioForm;    ///< script: requests, and the form that a schema makes
extern const char* const kStudioJobs;    ///< script: jobs, events, works
extern const char* const kStudioViewer;  ///< script: a viewer of GLB files in WebGL 2

}  // namespace ptah
