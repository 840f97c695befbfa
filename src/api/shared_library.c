/* The shared library is the C interface of ptah_api; it needs a source of its own. */
#include "ptah/c.h"

PTAH_API const uint32_t ptah_shared_library = PTAH_INTERFACE_VERSION;
