/* Characters from C: a turn that a game's loop polls, what is wrong, and what is remembered. Given: the folder of examples/characters. */
#define _GNU_SOURCE
#include "ptah/npc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int failures = 0;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      fprintf(stderr, "  last error: %s\n", ptah_last_error()->message);        \
      ++failures;                                                               \
    }                                                                           \
  } while (0)

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static ptah_npc_stage end_of(const ptah_npc* npc) {
  const double until = now() + 60;
  while (ptah_npc_poll(npc) != PTAH_NPC_DONE && now() < until) usleep(2000);
  return ptah_npc_poll(npc);
}

int main(int count, char** given) {
  char game[4096], mira[4096], oskar[4096], memory[] = "/tmp/ptah-npc-XXXXXX";
  const char* reply = NULL;
  ptah_cast* cast = NULL;
  ptah_npc *first = NULL, *second = NULL;
  ptah_npc_options options;
  double begun;
  int i;
  if (count < 2) return 2;
  snprintf(game, sizeof(game), "%s/tavern.json", given[1]);
  snprintf(mira, sizeof(mira), "%s/mira.json", given[1]);
  snprintf(oskar, sizeof(oskar), "%s/oskar.json", given[1]);

  CHECK(ptah_cast_open(NULL, "none", NULL, &cast) == PTAH_INVALID_ARGUMENT && cast == NULL);
  CHECK(ptah_cast_open("nowhere.json", "none", NULL, &cast) == PTAH_NOT_FOUND && cast == NULL);
  CHECK(ptah_cast_open(mira, "none", NULL, &cast) == PTAH_CORRUPT);
  CHECK(ptah_cast_open(game, "none", NULL, &cast) == PTAH_OK);
  CHECK(ptah_npc_add(cast, game, &first) == PTAH_CORRUPT && first == NULL);
  CHECK(ptah_npc_add(NULL, mira, &first) == PTAH_INVALID_ARGUMENT);
  CHECK(ptah_npc_add(cast, mira, &first) == PTAH_OK);
  CHECK(ptah_npc_add(cast, oskar, &second) == PTAH_OK);
  ptah_cast_close(cast); /* characters keep what they need */
  CHECK(strcmp(ptah_npc_name(first), "Mira") == 0);

  CHECK(ptah_npc_poll(first) == PTAH_NPC_IDLE);
  CHECK(ptah_npc_take(first, &reply) == PTAH_INVALID_ARGUMENT);
  CHECK(ptah_npc_begin(first, "Ann", "Two ciders, please.", NULL, NULL) == PTAH_OK);
  CHECK(ptah_npc_begin(first, "Ann", "And now?", NULL, NULL) == PTAH_INVALID_ARGUMENT);
  CHECK(ptah_npc_begin(second, "Ann", "Have you heard anything strange?", NULL, NULL) == PTAH_OK); /* at the same time */
  begun = now();
  for (i = 0; i < 10000; ++i) ptah_npc_poll(first);
  CHECK((now() - begun) / 10000 < 1e-4);
  CHECK(end_of(first) == PTAH_NPC_DONE);
  CHECK(strstr(ptah_npc_actions(first), "\"serve_drink\"") && strstr(ptah_npc_actions(first), "\"count\":\"2\""));
  CHECK(ptah_npc_take(first, &reply) == PTAH_OK && strstr(reply, "\"drink\":\"cider\"") && strstr(reply, "\"say\":"));
  CHECK(strstr(ptah_npc_actions(first), "\"serve_drink\"")); /* stays until the next turn */
  CHECK(ptah_npc_poll(first) == PTAH_NPC_IDLE);
  CHECK(end_of(second) == PTAH_NPC_DONE && ptah_npc_take(second, &reply) == PTAH_OK && strstr(reply, "tell_rumour"));

  CHECK(ptah_npc_begin(first, "Ann", "Do you have a room?", "{", NULL) == PTAH_CORRUPT);
  CHECK(ptah_npc_begin(first, "Ann", "Do you have a room?", "[1]", NULL) == PTAH_OK && ptah_npc_take(first, &reply) != PTAH_OK);
  CHECK(ptah_npc_begin(first, "Ann", "Do you have a room for two nights?", "{\"rooms_free\": 0}", NULL) == PTAH_OK);
  CHECK(ptah_npc_take(first, &reply) == PTAH_OK && !strstr(reply, "rent_room")); /* take waits */
  CHECK(strstr(ptah_npc_state(first), "\"rooms_free\":0"));
  memset(&options, 0, sizeof(options));
  options.struct_size = sizeof(options);
  options.shortlist = -1;
  CHECK(ptah_npc_begin(first, "Ann", "Hello!", NULL, &options) == PTAH_INVALID_ARGUMENT);
  options.shortlist = 0;
  options.lines = 1;
  CHECK(ptah_npc_begin(first, "Ann", "My horse is called Thunder.", NULL, &options) == PTAH_OK && ptah_npc_take(first, &reply) == PTAH_OK);

  close(mkstemp(memory));
  CHECK(ptah_npc_save(first, memory) != PTAH_OK); /* a file of somebody else is not replaced */
  unlink(memory);
  CHECK(ptah_npc_save(first, memory) == PTAH_OK);
  CHECK(ptah_npc_load(second, memory) == PTAH_MISMATCH);
  CHECK(ptah_npc_load(first, memory) == PTAH_OK);
  CHECK(ptah_npc_load(first, "nowhere") == PTAH_NOT_FOUND);
  unlink(memory);

  CHECK(ptah_npc_begin(first, "Ann", "A beer!", NULL, NULL) == PTAH_OK);
  ptah_npc_cancel(first);
  ptah_npc_free(first); /* with a turn on its way */
  ptah_npc_free(second);
  ptah_npc_free(NULL);
  ptah_cast_close(NULL);
  ptah_npc_cancel(NULL);
  CHECK(ptah_npc_poll(NULL) == PTAH_NPC_IDLE && strcmp(ptah_npc_actions(NULL), "[]") == 0 && strcmp(ptah_npc_name(NULL), "") == 0);
  if (failures) fprintf(stderr, "%d failures\n", failures);
  return failures != 0;
}
