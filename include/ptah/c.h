/* Ptah for programs in C, and in any language that can call C: everything that Ptah makes, behind handles.
 *
 * A request is JSON, as in docs/requests.md: the recipe "create" with {"prompt": "a red fox"}. It runs as a job on a thread of its own. The job is polled, or
 * calls back; when it is done, its files are there as bytes.
 *
 * Rules that hold for every function:
 * - Nothing is thrown and nothing is printed. What can fail returns a ptah_status; ptah_last_error() says more.
 * - Nobody frees what the other side allocated. What a function returns by pointer belongs to its handle and stays until that is freed. Texts are UTF-8 and end
 *   with a zero byte. Structs begin with their size, so that a later version can add members behind.
 * - Functions of one handle may be called from several threads, but nothing may be called on a handle that is being freed.
 * - A null pointer where an object is expected is PTAH_INVALID_ARGUMENT, or an empty result; it never crashes.
 */
#ifndef PTAH_C_H
#define PTAH_C_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PTAH_API __attribute__((visibility("default")))
#else
#define PTAH_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface: it grows by 1 when functions or members are added. A library serves programs that were compiled with its own version or an
 * earlier one; compare with ptah_interface_version(). */
#define PTAH_INTERFACE_VERSION 1

typedef struct ptah_engine ptah_engine; /* models that are kept ready */
typedef struct ptah_job ptah_job;       /* one work on its way, and then the work */

typedef enum ptah_status {
  PTAH_OK = 0,
  PTAH_INVALID_ARGUMENT = 1,
  PTAH_NOT_FOUND = 2,
  PTAH_CORRUPT = 3,
  PTAH_UNSUPPORTED = 4,
  PTAH_MISMATCH = 5,
  PTAH_OVER_BUDGET = 6,
  PTAH_IO = 7,
  PTAH_NO_SPACE = 8,
  PTAH_PERMISSION = 9,
  PTAH_CANCELLED = 10,
  PTAH_INTERNAL = 11
} ptah_status;

typedef enum ptah_state { PTAH_RUNNING = 0, PTAH_DONE = 1, PTAH_FAILED = 2, PTAH_WAS_CANCELLED = 3 } ptah_state;

typedef struct ptah_error {
  ptah_status status;
  const char* message; /* one line that says what to do */
  const char* field;   /* of the request, if one is at fault: its name in docs/requests.md; else "" */
} ptah_error;

/* A file that a request names, given as bytes instead of a place on the disk. A field of the request whose value is `name` means it: {"picture": "photo.jpg"}.
 * `width` and `height` above 0: the bytes are pixels, straight RGBA, 8 bits each, rows from the top, width * height * 4 of them, and the field is a picture.
 * Otherwise they are what the file would hold, and the name says the format. The bytes are copied before the call returns. */
typedef struct ptah_file {
  const char* name;
  const void* bytes;
  size_t size;
  int64_t width, height;
} ptah_file;

typedef struct ptah_request {
  size_t struct_size;     /* sizeof(ptah_request) */
  const char* recipe;     /* "create", "paint", "say" … (ptah_recipes) */
  const char* json;       /* its fields; NULL: none */
  const ptah_file* files; /* file_count of them; NULL: none */
  size_t file_count;
  int64_t budget_bytes; /* most memory to use; 0: no limit */
} ptah_request;

/* What a job calls, on its own thread; each may be NULL. They must be quick, must not free the job, and must not throw. Pointers are valid during the call. */
typedef struct ptah_callbacks {
  size_t struct_size; /* sizeof(ptah_callbacks) */
  void* user;         /* handed to each of them */
  void (*progress)(void* user, const char* stage, double fraction);
  void (*note)(void* user, const char* sentence);                                                      /* what a user should know */
  void (*text)(void* user, const char* news, size_t bytes);                                            /* a text as it is written, whole UTF-8 characters */
  void (*preview)(void* user, int64_t step, int64_t width, int64_t height, const unsigned char* rgba); /* of a picture on its way */
  void (*sound)(void* user, const float* samples, size_t count);                                       /* speech as it is spoken, -1 to 1 */
  void (*ended)(void* user, ptah_state state);                                                         /* the last call */
  int previews; /* 1: previews are made without `preview` too, for ptah_job_preview() */
} ptah_callbacks;

typedef struct ptah_progress {
  size_t struct_size; /* sizeof(ptah_progress) */
  double fraction;    /* 0 to 1 */
  char stage[32];     /* what is being done, e.g. "draw"; "" before anything is */
} ptah_progress;

typedef struct ptah_prediction {
  size_t struct_size; /* sizeof(ptah_prediction) */
  int64_t peak_bytes; /* of the whole process */
  int64_t flops;
  double seconds; /* an estimate */
} ptah_prediction;

/* ---- what there is ---------------------------------------------------------------------------------------------------------------------------- */

PTAH_API uint32_t ptah_interface_version(void);
/* Of the program, e.g. "0.2.0". */
PTAH_API const char* ptah_version(void);
/* What can be made, as JSON: [{"name", "purpose", "files": fields that name files, "schema": JSON Schema of the request}]. "" if memory is short. */
PTAH_API const char* ptah_recipes(void);
/* Of the last call on this thread that failed; PTAH_OK if none did. Valid until the next call on this thread that fails. */
PTAH_API const ptah_error* ptah_last_error(void);
/* Threads that everything uses; 0: the default. */
PTAH_API ptah_status ptah_use_threads(int count);

/* ---- engine ----------------------------------------------------------------------------------------------------------------------------------- */

/* Keeps the models that were used last. `models`: the folder of the default models; NULL: where the library finds them. Nothing is read yet. */
PTAH_API ptah_status ptah_engine_open(const char* models, ptah_engine** engine);
/* Jobs that run go on. NULL: nothing happens. */
PTAH_API void ptah_engine_close(ptah_engine* engine);
/* Memory and time of a request, before anything runs. Errors: those of the request; PTAH_OVER_BUDGET, with what would fit. */
PTAH_API ptah_status ptah_plan(ptah_engine* engine, const ptah_request* request, ptah_prediction* prediction);

/* ---- jobs ------------------------------------------------------------------------------------------------------------------------------------- */

/* Checks a request and begins it. The same request gives the same bytes on one numeric path. `callbacks` may be NULL. Errors: PTAH_INVALID_ARGUMENT, with the
 * field; those of reading its files. What goes wrong later is the job's error. */
PTAH_API ptah_status ptah_job_start(ptah_engine* engine, const ptah_request* request, const ptah_callbacks* callbacks, ptah_job** job);
/* Makes the work of a receipt again: of a work's folder, its receipt.json, or a PNG or GLB that holds it. `checkpoints`: where model files of your own lie that
 * it was made with; NULL: none. */
PTAH_API ptah_status ptah_replay_start(ptah_engine* engine, const char* path, const char* checkpoints, const ptah_callbacks* callbacks, ptah_job** job);
/* How far it is; `progress` may be NULL. */
PTAH_API ptah_state ptah_job_poll(const ptah_job* job, ptah_progress* progress);
/* Waits until it has ended, at most so many seconds; below 0: as long as it takes. */
PTAH_API ptah_state ptah_job_wait(ptah_job* job, double seconds);
/* Ends it within one step or token. */
PTAH_API void ptah_job_cancel(ptah_job* job);
/* Why it failed; PTAH_OK if it did not (yet). Belongs to the job. */
PTAH_API const ptah_error* ptah_job_error(const ptah_job* job);
/* Cancels it if it runs, waits for that, and frees everything that it gave. NULL: nothing happens. Not from a callback. */
PTAH_API void ptah_job_free(ptah_job* job);

/* For who polls: what was written so far. Copies at most `capacity` bytes from byte `from` on, and returns how many bytes there are in all. */
PTAH_API size_t ptah_job_text(const ptah_job* job, size_t from, char* text, size_t capacity);
/* For who polls: the last preview. Copies its pixels (RGBA) if they fit into `capacity` bytes, and returns how many bytes they take; 0: there is none. */
PTAH_API size_t ptah_job_preview(const ptah_job* job, int64_t* step, int64_t* width, int64_t* height, unsigned char* rgba, size_t capacity);

/* The work of a job that is done: its files by name in alphabetical order, receipt.json among them. 0, NULL and "" before that, and beyond the last. */
PTAH_API size_t ptah_job_file_count(const ptah_job* job);
PTAH_API const char* ptah_job_file_name(const ptah_job* job, size_t index);
PTAH_API const unsigned char* ptah_job_file_bytes(const ptah_job* job, size_t index, size_t* size);
/* The receipt as canonical JSON (RFC 8785). */
PTAH_API const char* ptah_job_receipt(const ptah_job* job);
/* What making it told besides, as JSON, e.g. tokens and seconds; "null" if nothing. */
PTAH_API const char* ptah_job_facts(const ptah_job* job);
/* Writes the work into a folder that is not there yet, all or nothing. Errors: PTAH_INVALID_ARGUMENT (it is there, or the job is not done), PTAH_NO_SPACE … */
PTAH_API ptah_status ptah_job_save(const ptah_job* job, const char* folder);

/* Whether the files of a work (its folder, receipt.json, or one PNG or GLB) are those of its receipt: PTAH_OK, or PTAH_MISMATCH with what was changed. Errors:
 * PTAH_NOT_FOUND, PTAH_CORRUPT. */
PTAH_API ptah_status ptah_verify(const char* path);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PTAH_C_H */
