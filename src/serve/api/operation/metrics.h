// GET /metrics: what goes on, for Prometheus.
#pragma once

#include "serve/api/job_service.h"
#include "serve/http/server.h"

namespace ptah {

/// In Prometheus' text format (0.0.4).
std::string metrics_text(JobService& service, const HttpServer::Counts& http);

}  // namespace ptah
