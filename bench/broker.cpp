// What a broker takes and gives: jobs put, taken and noted a second, by many takers at once, without any work. ptah_bench_broker URL [JOBS [TAKERS]]
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "jobs/remote/broker.h"

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

}  // namespace

int main(int argc, char** argv) {
  using namespace ptah;
  if (argc < 2) {
    fmt::print("usage: ptah_bench_broker nats://127.0.0.1:4222 [JOBS [TAKERS]]\n");
    return 2;
  }
  const int jobs = argc > 2 ? std::atoi(argv[2]) : 1000, takers = argc > 3 ? std::atoi(argv[3]) : 8;
  const auto connect = [&] { return value_or_throw(connect_broker({.url = argv[1], .credentials = {}, .name = "bench"})); };
  const auto broker = connect();
  const std::string body(600, 'x'), run = std::to_string(Clock::now().time_since_epoch().count());
  const std::string above = "ptah.jobs.bench.path.engine.user." + run + ".";
  auto began = Clock::now();
  for (int i = 0; i < jobs; ++i) value_or_throw(broker->put(above + std::to_string(i), body));
  const double putting = since(began);
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  began = Clock::now();
  for (int t = 0; t < takers; ++t)
    threads.emplace_back([&] {
      const auto own = connect();
      const auto taker = value_or_throw(own->taker({"bench", "ptah.jobs.bench.path.engine.>", 30}));
      while (done < jobs) {
        const auto delivery = value_or_throw(taker->take());
        if (!delivery) continue;
        const std::string name = "bench." + run + "." + delivery->subject().substr(above.size());
        value_or_throw(own->get(name));
        value_or_throw(own->set_once(name, body));
        delivery->done();
        ++done;
      }
    });
  for (std::thread& thread : threads) thread.join();
  const double taking = since(began);
  fmt::print("put: {:.0f} a second, {:.2f} ms each; taken, looked up, noted and acknowledged by {}: {:.0f} a second\n", jobs / putting, putting / jobs * 1e3,
             takers, jobs / taking);
  return 0;
}
