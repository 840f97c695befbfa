// How many vouchers a second are on the disk and signed: bench_vouchers [THREADS] [SECONDS] (one core: taskset -c 0).
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "apps/reading/reading.h"

int main(int argc, char** argv) {
  using namespace ptah;
  const int threads = argc > 1 ? std::atoi(argv[1]) : 64;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 5;
  const std::filesystem::path folder = std::filesystem::current_path() / "bench-vouchers";
  std::filesystem::remove_all(folder);
  std::vector<QuizItem> items;
  for (int i = 0; i < 40; ++i) items.push_back({"cloze", "Which? " + std::to_string(i), {"a", "b", "c", "d", "e"}, 0});
  ReadingTerms terms;
  terms.chain_id = 1;
  terms.reward = std::string("1");
  const Key key = Key::generate();
  value_or_throw(publish_article({"bench", {"one", "two"}}, items, terms, folder));
  std::atomic<uint64_t> done{0};
  std::atomic<bool> stop{false};
  const auto room = value_or_throw(ReadingRoom::open(folder, key));
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> workers;
  for (int w = 0; w < threads; ++w)
    workers.emplace_back([&, w] {
      for (uint32_t i = 0; !stop; ++i) {
        Address reader{};
        for (size_t b = 0; b < 4; ++b) reader[b] = static_cast<uint8_t>(i >> (8 * b)), reader[4 + b] = static_cast<uint8_t>(w >> (8 * b));
        if (!room->award(reader, fmt::format("{:016x}{:016x}", w, i))) std::abort();
        ++done;
      }
    });
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& worker : workers) worker.join();
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print("{:.0f} vouchers a second, {} callers, each record synced before its signature leaves\n", static_cast<double>(done) / took, threads);
  std::filesystem::remove_all(folder);
}
