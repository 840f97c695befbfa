// What workers on other machines ask of a server: files of their jobs.
#pragma once

namespace ptah {

class ApiServer;

/// Only for a service whose jobs other machines do. GET and POST /v1/queue/{job}/files/sha256:{hex}, with the token of the job; GET /v1/workers.
void add_queue_routes(ApiServer& server);

}  // namespace ptah
