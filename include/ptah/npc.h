/* Characters of games for programs in C, and in any language that can call C: they hear somebody, and say and do something in the game's own terms.
 * docs/characters.md has the files that describe games and characters; ptah/c.h the rules that hold here too. A character is for one thread at a time; several
 * characters of a cast think at the same time, and share its model.
 */
#ifndef PTAH_NPC_H
#define PTAH_NPC_H

#include "ptah/c.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ptah_cast ptah_cast; /* a game with its model in memory */
typedef struct ptah_npc ptah_npc;   /* one character */

typedef enum ptah_npc_stage {
  PTAH_NPC_IDLE = 0,
  PTAH_NPC_THINKING = 1,
  PTAH_NPC_DECIDED = 2, /* ptah_npc_actions() are known; the character still looks for words */
  PTAH_NPC_DONE = 3     /* ptah_npc_take() has the reply, or its error */
} ptah_npc_stage;

typedef struct ptah_npc_options {
  size_t struct_size;  /* sizeof(ptah_npc_options) */
  int64_t shortlist;   /* actions that the model chooses among; 0: 6 */
  int64_t max_actions; /* of a turn; 0: 3 */
  int64_t max_tokens;  /* of speech; 0: 72 */
  double temperature;  /* 0: the likeliest word always */
  uint64_t seed;       /* the same turns with the same seeds are the same */
  int lines;           /* 1: the model only decides; the character says its lines and what it knows */
} ptah_npc_options;

/* Reads a game (JSON) and its language model: a pulled one by name, a file, "none" (characters say their lines), or NULL for "smollm2". `adapter`: a folder
 * that was trained on the game's examples, or NULL. PTAH_NOT_FOUND, PTAH_CORRUPT, PTAH_UNSUPPORTED. */
PTAH_API ptah_status ptah_cast_open(const char* game, const char* model, const char* adapter, ptah_cast** cast);
/* Characters that were added keep what they need of it. */
PTAH_API void ptah_cast_close(ptah_cast* cast);

/* Reads a character's file. PTAH_NOT_FOUND, PTAH_CORRUPT. */
PTAH_API ptah_status ptah_npc_add(ptah_cast* cast, const char* character, ptah_npc** npc);
/* Cancels its turn, and waits for the end of that. */
PTAH_API void ptah_npc_free(ptah_npc* npc);
PTAH_API const char* ptah_npc_name(const ptah_npc* npc);

/* Somebody says something; returns at once. `state`: a JSON object with the values of the game's state that changed, or NULL. `options`: NULL for the usual
 * ones. PTAH_INVALID_ARGUMENT while a turn is on its way; PTAH_CORRUPT for a state that is no JSON. What else is wrong with it ptah_npc_take() tells. */
PTAH_API ptah_status ptah_npc_begin(ptah_npc* npc, const char* who, const char* text, const char* state, const ptah_npc_options* options);
/* One atomic read: a loop of 60 frames a second can call it in each. */
PTAH_API ptah_npc_stage ptah_npc_poll(const ptah_npc* npc);
/* What it will do, from PTAH_NPC_DECIDED on: [{"name": "serve_drink", "values": {"drink": "cider", "count": "2"}}]; "[]" before. Stays until the next
 * ptah_npc_begin(), as the texts below do. */
PTAH_API const char* ptah_npc_actions(ptah_npc* npc);
/* The reply, once it is done (it waits until then): {"say", "actions", "emotion", "voice", "deflected", "decision_seconds", "seconds"}. PTAH_CANCELLED. */
PTAH_API ptah_status ptah_npc_take(ptah_npc* npc, const char** reply);
PTAH_API void ptah_npc_cancel(ptah_npc* npc);
/* The game's state as the character knows it, JSON. Stays until the next call of this function. */
PTAH_API const char* ptah_npc_state(ptah_npc* npc);

/* What it remembers, to a file and back. PTAH_IO; PTAH_MISMATCH for the memory of somebody else. */
PTAH_API ptah_status ptah_npc_save(const ptah_npc* npc, const char* file);
PTAH_API ptah_status ptah_npc_load(ptah_npc* npc, const char* file);

#ifdef __cplusplus
}
#endif
#endif
