#include "serve/studio/studio.h"

// The files lie in the program as they lie in web/dist; CMake says where that is, and makes this source again when one of them changes.
#define PTAH_PAGE_FILE(name, file)                                                                                        \
  __asm__(".pushsection .rodata\n.global ptah_page_" #name "\nptah_page_" #name ":\n.incbin \"" PTAH_PAGE_FOLDER "/" file \
          "\"\n"                                                                                                          \
          ".global ptah_page_" #name "_end\nptah_page_" #name "_end:\n.byte 0\n.popsection\n");                           \
  extern "C" const char ptah_page_##name[], ptah_page_##name##_end[];

PTAH_PAGE_FILE(index, "index.html")
PTAH_PAGE_FILE(style, "style.css")
PTAH_PAGE_FILE(studio, "studio.js")
PTAH_PAGE_FILE(viewer, "viewer.js")
PTAH_PAGE_FILE(de, "de.js")

namespace ptah {

std::span<const PageFile> page_files() {
  static constexpr const char *kScript = "text/javascript; charset=utf-8", *kStyle = "text/css; charset=utf-8", *kPage = "text/html; charset=utf-8";
  const auto file = [](const char* path, const char* type, const char* begin, const char* end) {
    return PageFile{path, type, {begin, static_cast<size_t>(end - begin)}};
  };
  static const PageFile files[] = {
      file("/", kPage, ptah_page_index, ptah_page_index_end), file("/studio/style.css", kStyle, ptah_page_style, ptah_page_style_end),
      file("/studio/studio.js", kScript, ptah_page_studio, ptah_page_studio_end), file("/studio/viewer.js", kScript, ptah_page_viewer, ptah_page_viewer_end),
      file("/studio/de.js", kScript, ptah_page_de, ptah_page_de_end)};
  return files;
}

}  // namespace ptah
