/* The C interface, from C: what it makes, what it says of mistakes, and that nothing of either side is lost. */
#define _GNU_SOURCE
#include "ptah/c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures = 0;

#define CHECK(condition)                                                          \
  do {                                                                            \
    if (!(condition)) {                                                           \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);   \
      fprintf(stderr, "  last error: %s\n", ptah_last_error()->message);          \
      ++failures;                                                                 \
    }                                                                             \
  } while (0)

static const char* const kFox = "{\"prompt\": \"a red fox\", \"size\": 128, \"steps\": 2, \"best_of\": 1, \"object\": false, \"seed\": 7}";

struct seen {
  int progress, ended, previews;
  double last;
  ptah_state state;
  ptah_job** cancels;
};

static void on_progress(void* user, const char* stage, double fraction) {
  struct seen* seen = user;
  ++seen->progress;
  CHECK(stage != NULL && fraction >= seen->last && fraction <= 1);
  seen->last = fraction;
  if (seen->cancels && *seen->cancels) ptah_job_cancel(*seen->cancels);
}

static void on_ended(void* user, ptah_state state) {
  struct seen* seen = user;
  ++seen->ended;
  seen->state = state;
}

static ptah_request request_of(const char* recipe, const char* json) {
  ptah_request request;
  memset(&request, 0, sizeof(request));
  request.struct_size = sizeof(request);
  request.recipe = recipe;
  request.json = json;
  return request;
}

static const unsigned char* file_of(const ptah_job* job, const char* name, size_t* size) {
  size_t i;
  for (i = 0; i < ptah_job_file_count(job); ++i)
    if (strcmp(ptah_job_file_name(job, i), name) == 0) return ptah_job_file_bytes(job, i, size);
  *size = 0;
  return NULL;
}

static ptah_job* made(ptah_engine* engine, const ptah_request* request) {
  ptah_job* job = NULL;
  CHECK(ptah_job_start(engine, request, NULL, &job) == PTAH_OK);
  if (!job) return NULL;
  CHECK(ptah_job_wait(job, -1) == PTAH_DONE);
  if (ptah_job_poll(job, NULL) != PTAH_DONE) fprintf(stderr, "  the job: %s\n", ptah_job_error(job)->message);
  return job;
}

static void makes_a_work(ptah_engine* engine, const char* folder) {
  const ptah_request request = request_of("create", kFox);
  struct seen seen = {0};
  ptah_callbacks callbacks;
  ptah_progress progress = {sizeof(progress), 0, ""};
  ptah_job *job = NULL, *again = NULL;
  size_t size = 0, same = 0;
  char place[700];
  FILE* receipt;
  memset(&callbacks, 0, sizeof(callbacks));
  callbacks.struct_size = sizeof(callbacks);
  callbacks.user = &seen;
  callbacks.progress = on_progress;
  callbacks.ended = on_ended;
  CHECK(ptah_job_start(engine, &request, &callbacks, &job) == PTAH_OK);
  if (!job) return;
  CHECK(ptah_job_save(job, folder) == PTAH_INVALID_ARGUMENT || ptah_job_poll(job, NULL) == PTAH_DONE); /* not before it is done */
  while (ptah_job_poll(job, &progress) == PTAH_RUNNING) {
    CHECK(ptah_job_file_count(job) == 0 || ptah_job_poll(job, NULL) == PTAH_DONE);
    usleep(1000);
  }
  CHECK(ptah_job_poll(job, &progress) == PTAH_DONE);
  CHECK(progress.fraction == 1 && progress.stage[0] != 0);
  CHECK(ptah_job_error(job)->status == PTAH_OK);
  CHECK(ptah_job_file_count(job) == 2);
  CHECK(strcmp(ptah_job_file_name(job, 0), "picture.png") == 0 && strcmp(ptah_job_file_name(job, 1), "receipt.json") == 0);
  CHECK(ptah_job_file_name(job, 2) == NULL);
  CHECK(ptah_job_file_bytes(job, 2, &size) == NULL && size == 0);
  CHECK(memcmp(ptah_job_file_bytes(job, 0, &size), "\x89PNG", 4) == 0 && size > 100);
  CHECK(strstr(ptah_job_receipt(job), "a red fox") != NULL);
  CHECK(strlen(ptah_job_facts(job)) > 0);
  again = made(engine, &request);
  if (again) {
    const unsigned char* bytes = file_of(again, "picture.png", &same);
    CHECK(same == size && bytes && memcmp(bytes, file_of(job, "picture.png", &size), size) == 0);
  }
  ptah_job_free(again);
  CHECK(ptah_job_save(job, folder) == PTAH_OK);
  CHECK(ptah_job_save(job, folder) == PTAH_INVALID_ARGUMENT);
  CHECK(ptah_verify(folder) == PTAH_OK);
  ptah_job_free(job); /* waits for the last callback */
  CHECK(seen.progress > 1 && seen.ended == 1 && seen.state == PTAH_DONE);

  job = NULL;
  CHECK(ptah_replay_start(engine, folder, NULL, NULL, &job) == PTAH_OK);
  CHECK(ptah_job_wait(job, 600) == PTAH_DONE);
  CHECK(file_of(job, "picture.png", &same) != NULL && same == size);
  ptah_job_free(job);

  snprintf(place, sizeof(place), "%s/receipt.json", folder);
  receipt = fopen(place, "r+");
  CHECK(receipt != NULL);
  if (receipt) {
    fseek(receipt, 0, SEEK_END);
    fputs(" ", receipt);
    fclose(receipt);
  }
  snprintf(place, sizeof(place), "%s/picture.png", folder);
  CHECK(truncate(place, 200) == 0);
  CHECK(ptah_verify(folder) == PTAH_MISMATCH);
  CHECK(strstr(ptah_last_error()->message, "picture.png") != NULL);
}

static void says_what_is_wrong(ptah_engine* engine) {
  ptah_request request = request_of("creat", kFox);
  ptah_job* job = (ptah_job*)&request; /* set to NULL by what fails */
  ptah_prediction plan = {sizeof(plan), 0, 0, 0};
  CHECK(ptah_job_start(engine, &request, NULL, &job) == PTAH_INVALID_ARGUMENT);
  CHECK(job == NULL);
  CHECK(strstr(ptah_last_error()->message, "create") != NULL); /* what may be meant */
  request = request_of("create", "{\"prompt\": \"a red fox\", \"steps\": 900}");
  CHECK(ptah_job_start(engine, &request, NULL, &job) == PTAH_INVALID_ARGUMENT);
  CHECK(strcmp(ptah_last_error()->field, "steps") == 0);
  CHECK(strcmp(ptah_last_error()->message, "steps 900; 1 to 200 are possible") == 0);
  request.json = "{\"prompt\": \"a red fox\", \"stepps\": 9}";
  CHECK(ptah_plan(engine, &request, &plan) == PTAH_INVALID_ARGUMENT);
  CHECK(strstr(ptah_last_error()->message, "steps") != NULL);
  request.json = "{\"prompt\": ";
  CHECK(ptah_plan(engine, &request, &plan) != PTAH_OK);
  request.json = kFox;
  CHECK(ptah_plan(engine, &request, &plan) == PTAH_OK);
  CHECK(plan.peak_bytes > 1000000 && plan.flops > 0 && plan.seconds > 0);
  request.budget_bytes = 1000000;
  CHECK(ptah_plan(engine, &request, &plan) == PTAH_OVER_BUDGET);
  /* A program of an earlier version, whose struct ends before the files and the budget. */
  request.struct_size = offsetof(ptah_request, files);
  CHECK(ptah_plan(engine, &request, &plan) == PTAH_OK);
  /* Nothing crashes for want of an object. */
  CHECK(ptah_engine_open(NULL, NULL) == PTAH_INVALID_ARGUMENT);
  CHECK(ptah_job_start(NULL, &request, NULL, &job) == PTAH_INVALID_ARGUMENT);
  CHECK(ptah_job_start(engine, NULL, NULL, &job) == PTAH_INVALID_ARGUMENT);
  CHECK(ptah_job_start(engine, &request, NULL, NULL) == PTAH_INVALID_ARGUMENT);
  CHECK(ptah_job_poll(NULL, NULL) == PTAH_FAILED && ptah_job_wait(NULL, 1) == PTAH_FAILED);
  CHECK(ptah_job_error(NULL)->status == PTAH_INVALID_ARGUMENT);
  CHECK(ptah_job_file_count(NULL) == 0 && ptah_job_file_name(NULL, 0) == NULL && ptah_job_file_bytes(NULL, 0, NULL) == NULL);
  CHECK(strcmp(ptah_job_receipt(NULL), "") == 0);
  CHECK(ptah_job_text(NULL, 0, NULL, 0) == 0 && ptah_job_preview(NULL, NULL, NULL, NULL, NULL, 0) == 0);
  CHECK(ptah_verify("/nowhere/at/all") == PTAH_NOT_FOUND && ptah_verify(NULL) == PTAH_INVALID_ARGUMENT);
  CHECK(ptah_use_threads(-1) == PTAH_INVALID_ARGUMENT);
  ptah_job_cancel(NULL);
  ptah_job_free(NULL);
  ptah_engine_close(NULL);
}

static void is_cancelled(ptah_engine* engine) {
  const ptah_request request =
      request_of("create", "{\"prompt\": \"a red fox\", \"size\": 256, \"steps\": 200, \"best_of\": 1, \"object\": false}");
  struct seen seen = {0};
  ptah_callbacks callbacks;
  ptah_job *job = NULL, *left = NULL;
  memset(&callbacks, 0, sizeof(callbacks));
  callbacks.struct_size = sizeof(callbacks);
  callbacks.user = &seen;
  callbacks.progress = on_progress;
  callbacks.ended = on_ended;
  seen.cancels = &job;
  CHECK(ptah_job_start(engine, &request, &callbacks, &job) == PTAH_OK);
  CHECK(ptah_job_wait(job, 0) == PTAH_RUNNING || seen.progress > 0);
  ptah_job_cancel(job);
  CHECK(ptah_job_wait(job, 60) == PTAH_WAS_CANCELLED);
  CHECK(ptah_job_error(job)->status == PTAH_CANCELLED);
  CHECK(ptah_job_file_count(job) == 0);
  ptah_job_free(job);
  CHECK(seen.ended == 1 && seen.state == PTAH_WAS_CANCELLED);
  CHECK(ptah_job_start(engine, &request, NULL, &left) == PTAH_OK);
  ptah_job_free(left); /* ends it */
}

/* A round picture on a transparent ground, as pixels. */
static unsigned char* disc(int edge) {
  unsigned char* rgba = calloc((size_t)edge * edge, 4);
  int x, y;
  for (y = 0; y < edge; ++y)
    for (x = 0; x < edge; ++x) {
      const int dx = 2 * x - edge + 1, dy = 2 * y - edge + 1;
      unsigned char* p = rgba + 4 * (y * edge + x);
      if (dx * dx + dy * dy < edge * edge / 2) p[0] = 200, p[1] = 60, p[2] = 30, p[3] = 255;
    }
  return rgba;
}

static void takes_bytes_and_pixels(ptah_engine* engine) {
  unsigned char* rgba = disc(96);
  ptah_file files[1];
  ptah_request request = request_of("object", "{\"picture\": \"disc.png\", \"target_triangles\": 500}");
  ptah_job *by_pixels, *job = NULL, *reduced;
  const unsigned char* glb;
  size_t size = 0;
  memset(files, 0, sizeof(files));
  files[0].name = "disc.png";
  files[0].bytes = rgba;
  files[0].size = 96 * 96 * 4;
  files[0].width = files[0].height = 96;
  request.files = files;
  request.file_count = 1;
  by_pixels = made(engine, &request);
  glb = file_of(by_pixels, "object.glb", &size);
  CHECK(glb != NULL && memcmp(glb, "glTF", 4) == 0);
  CHECK(strstr(ptah_job_receipt(by_pixels), "/tmp") == NULL);

  /* What another work gave goes on as bytes: an object with fewer triangles. */
  files[0].name = "disc.glb";
  files[0].bytes = glb;
  files[0].size = size;
  files[0].width = files[0].height = 0;
  request.recipe = "convert";
  request.json = "{\"mesh\": \"disc.glb\", \"format\": \"ply\"}";
  reduced = made(engine, &request);
  if (reduced) CHECK(ptah_job_file_count(reduced) > 0 && strstr(ptah_job_receipt(reduced), "ptah-given") == NULL);
  ptah_job_free(reduced);

  files[0].width = 96;
  files[0].height = 95;
  request.recipe = "object";
  request.json = "{\"picture\": \"disc.glb\"}";
  CHECK(ptah_job_start(engine, &request, NULL, &job) == PTAH_INVALID_ARGUMENT && job == NULL);
  files[0].name = "../disc.png";
  CHECK(ptah_job_start(engine, &request, NULL, &job) == PTAH_INVALID_ARGUMENT && job == NULL);
  ptah_job_free(by_pixels);
  free(rgba);
}

int main(void) {
  char folder[] = "/tmp/ptah-c-XXXXXX", work[600], command[700];
  ptah_engine* engine = NULL;
  CHECK(ptah_interface_version() == PTAH_INTERFACE_VERSION);
  CHECK(strlen(ptah_version()) > 0);
  CHECK(strstr(ptah_recipes(), "\"name\":\"create\"") != NULL && strstr(ptah_recipes(), "\"name\":\"say\"") != NULL);
  CHECK(ptah_last_error()->status == PTAH_OK);
  CHECK(mkdtemp(folder) != NULL);
  CHECK(ptah_engine_open(NULL, &engine) == PTAH_OK);
  if (!engine) return 1;
  snprintf(work, sizeof(work), "%s/fox", folder);
  makes_a_work(engine, work);
  says_what_is_wrong(engine);
  is_cancelled(engine);
  takes_bytes_and_pixels(engine);
  ptah_engine_close(engine);
  snprintf(command, sizeof(command), "rm -r '%s'", folder);
  CHECK(system(command) == 0);
  if (failures == 0) printf("the C interface holds\n");
  return failures != 0;
}
