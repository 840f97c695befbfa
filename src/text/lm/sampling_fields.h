// How tokens are drawn, as fields of a request.
#pragma once

#include "schema/schema.h"
#include "text/lm/sampling.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, SamplingOptions>
void fields(C& c, const Visit& visit) {
  visit(Field{.name = "temperature", .help = "0: always the most likely token", .range = {0, 100}}, c.temperature);
  visit(Field{.name = "top_k", .help = "only the most likely k tokens; 0: all", .range = {.min = 0}}, c.top_k);
  visit(Field{.name = "top_p", .help = "only the most likely tokens that sum to this probability", .range = {0, 1}}, c.top_p);
  visit(Field{.name = "min_p", .help = "only tokens with this share of the most likely one's probability", .range = {0, 1}}, c.min_p);
  visit(Field{.name = "typical_p", .help = "only tokens of typical information, up to this probability", .range = {0, 1}}, c.typical_p);
  visit(Field{.name = "repetition_penalty", .help = "above 1: tokens that came lately become less likely", .range = {0.01, 100}}, c.repetition_penalty);
  visit(Field{.name = "frequency_penalty", .help = "subtracted for each time a token came lately", .range = {-100, 100}}, c.frequency_penalty);
  visit(Field{.name = "presence_penalty", .help = "subtracted once for a token that came lately", .range = {-100, 100}}, c.presence_penalty);
  visit(Field{.name = "penalty_window", .help = "how many last tokens the penalties look at", .unit = "tokens", .range = {.min = 0}}, c.penalty_window);
  visit(Field{.name = "dry_multiplier",
              .help = "above 0: tokens that would copy a longer piece of the text so far become less likely (DRY)",
              .range = {0, 100},
              .absent = 0.0},
        c.dry_multiplier);
  visit(Field{.name = "dry_base", .help = "what a copied token more multiplies that by", .range = {1, 8}, .absent = 1.75}, c.dry_base);
  visit(Field{.name = "dry_allowed_length", .help = "how many tokens may be copied freely", .unit = "tokens", .range = {1, 1000}, .absent = 2},
        c.dry_allowed_length);
  visit(Field{.name = "seed", .help = "the same seed gives the same text", .always = true}, c.seed);
}

}  // namespace ptah
