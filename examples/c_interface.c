/* Words in, files out, in C: polls a job, shows how far it is, and saves the work. */
#include <stdio.h>
#include <string.h>

#include "ptah/c.h"

int main(int argc, char** argv) {
  /* Real programs make the JSON with a library, so that quotation marks in the words do no harm. */
  char json[512];
  snprintf(json, sizeof(json), "{\"prompt\": \"%.300s\", \"seed\": 7}", argc > 1 ? argv[1] : "a red fox");
  const char* folder = argc > 2 ? argv[2] : "fox";

  ptah_engine* engine = NULL;
  if (ptah_engine_open(NULL, &engine) != PTAH_OK) {
    fprintf(stderr, "%s\n", ptah_last_error()->message);
    return 1;
  }
  const ptah_request request = {.struct_size = sizeof(request), .recipe = "create", .json = json};
  ptah_job* job = NULL;
  if (ptah_job_start(engine, &request, NULL, &job) != PTAH_OK) {
    fprintf(stderr, "%s\n", ptah_last_error()->message);
    ptah_engine_close(engine);
    return 1;
  }
  ptah_progress progress = {.struct_size = sizeof(progress)};
  while (ptah_job_wait(job, 0.2) == PTAH_RUNNING) {
    ptah_job_poll(job, &progress);
    printf("%3.0f %% %s\n", progress.fraction * 100, progress.stage);
  }
  int status = 0;
  if (ptah_job_poll(job, NULL) != PTAH_DONE) {
    fprintf(stderr, "%s\n", ptah_job_error(job)->message);
    status = 1;
  } else if (ptah_job_save(job, folder) != PTAH_OK) {
    fprintf(stderr, "%s\n", ptah_last_error()->message);
    status = 1;
  }
  for (size_t i = 0; i < ptah_job_file_count(job); ++i) {
    size_t size = 0;
    ptah_job_file_bytes(job, i, &size);
    printf("%s/%s: %zu bytes\n", folder, ptah_job_file_name(job, i), size);
  }
  ptah_job_free(job);
  ptah_engine_close(engine);
  return status;
}
