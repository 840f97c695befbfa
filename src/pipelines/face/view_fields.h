// From where a head is seen, what lights it and what is behind it: fields that recipes of heads share.
#pragma once

#include "schema/schema.h"

namespace ptah {

template <class T, class Visit>
void view_fields(T& t, const Visit& visit, const char* since) {
  visit(Field{.name = "azimuth", .help = "from where the head is seen, from the front to the right", .unit = "degrees", .range = {-360, 360}, .since = since},
        t.azimuth);
  visit(Field{.name = "elevation", .help = "from how far above", .unit = "degrees", .range = {-60, 60}, .since = since}, t.elevation);
  visit(Field{.name = "environment", .help = "what lights the head", .choices = {"studio", "city", "interior", "sunset"}, .since = since}, t.environment);
  visit(Field{.name = "background",
              .help = "what is behind it: plain, environment, transparent, white, black or #rrggbb",
              .choices = {"plain", "environment", "transparent", "white", "black", "#8090a0"},
              .pattern = "plain|environment|transparent|white|black|#[0-9a-fA-F]{6}",
              .since = since},
        t.background);
}

}  // namespace ptah
