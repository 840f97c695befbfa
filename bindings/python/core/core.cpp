// The C interface as a module of Python. Bytes cross without copies: arrays of numpy are read where they lie, files of a work are seen where they are.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <memory>

#include "ptah/c.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Input = nb::ndarray<const uint8_t, nb::ro, nb::c_contig, nb::device::cpu>;
/// A file that a request names: name, bytes, and of pixels their width and height (else 0).
using Given = std::tuple<std::string, Input, int64_t, int64_t>;

/// Raises ptah.Error(status, message, field).
[[noreturn]] void raise(const ptah_error* error) {
  const nb::object made = nb::module_::import_("ptah._errors").attr("error")(static_cast<int>(error->status), error->message, error->field);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
  throw nb::python_error();
}

void check(ptah_status status) {
  if (status != PTAH_OK) raise(ptah_last_error());
}

/// A request whose texts and bytes stay where they are while it is asked.
struct Asked {
  Asked(const std::string& recipe, const std::string& json, const std::vector<Given>& given, int64_t budget) {
    for (const auto& [name, bytes, width, height] : given) files.push_back({name.c_str(), bytes.data(), bytes.nbytes(), width, height});
    request.struct_size = sizeof(request);
    request.recipe = recipe.c_str();
    request.json = json.c_str();
    request.files = files.data();
    request.file_count = files.size();
    request.budget_bytes = budget;
  }
  std::vector<ptah_file> files;
  ptah_request request{};
};

class Job {
 public:
  explicit Job(ptah_job* job) : job_(job) {}
  ~Job() {
    const nb::gil_scoped_release others;  // it waits for the job's end
    ptah_job_free(job_);
  }
  Job(const Job&) = delete;

  ptah_state wait(double seconds) {
    const nb::gil_scoped_release others;
    return ptah_job_wait(job_, seconds);
  }
  std::tuple<double, std::string> progress() const {
    ptah_progress progress{};
    progress.struct_size = sizeof(progress);
    ptah_job_poll(job_, &progress);
    return {progress.fraction, progress.stage};
  }
  void cancel() { ptah_job_cancel(job_); }
  void check_error() const {
    const ptah_error* error = ptah_job_error(job_);
    if (error->status != PTAH_OK) raise(error);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (size_t i = 0; i < ptah_job_file_count(job_); ++i) out.emplace_back(ptah_job_file_name(job_, i));
    return out;
  }
  /// The bytes of a file as an array that keeps the job alive and cannot be written.
  static nb::ndarray<nb::numpy, const uint8_t, nb::ndim<1>> file(nb::handle_t<Job> self, size_t index) {
    const Job& job = *nb::inst_ptr<Job>(self);
    size_t size = 0;
    const unsigned char* bytes = ptah_job_file_bytes(job.job_, index, &size);
    if (!bytes && size == 0 && index >= ptah_job_file_count(job.job_)) throw nb::index_error();
    return nb::ndarray<nb::numpy, const uint8_t, nb::ndim<1>>(bytes, {size}, self);
  }
  std::string receipt() const { return ptah_job_receipt(job_); }
  std::string facts() const { return ptah_job_facts(job_); }
  nb::bytes text(size_t from) const {
    const size_t all = ptah_job_text(job_, 0, nullptr, 0);
    std::string out(all > from ? all - from : 0, '\0');
    ptah_job_text(job_, from, out.data(), out.size());
    return nb::bytes(out.data(), out.size());
  }
  /// (step, width, height, RGBA) of the last preview.
  std::optional<std::tuple<int64_t, int64_t, int64_t, nb::bytes>> preview() const {
    int64_t step = 0, width = 0, height = 0;
    std::string pixels(ptah_job_preview(job_, nullptr, nullptr, nullptr, nullptr, 0), '\0');
    const size_t size = ptah_job_preview(job_, &step, &width, &height, reinterpret_cast<unsigned char*>(pixels.data()), pixels.size());
    if (size == 0 || size > pixels.size()) return {};
    return std::tuple(step, width, height, nb::bytes(pixels.data(), size));
  }
  void save(const std::string& folder) const { check(ptah_job_save(job_, folder.c_str())); }

 private:
  ptah_job* job_;
};

class Engine {
 public:
  explicit Engine(const std::optional<std::string>& models) { check(ptah_engine_open(models ? models->c_str() : nullptr, &engine_)); }
  ~Engine() { ptah_engine_close(engine_); }
  Engine(const Engine&) = delete;

  std::tuple<int64_t, int64_t, double> plan(const std::string& recipe, const std::string& json, const std::vector<Given>& files, int64_t budget) {
    const Asked asked(recipe, json, files, budget);
    ptah_prediction out{};
    out.struct_size = sizeof(out);
    ptah_status status = PTAH_OK;
    {
      const nb::gil_scoped_release others;
      status = ptah_plan(engine_, &asked.request, &out);
    }
    check(status);
    return {out.peak_bytes, out.flops, out.seconds};
  }
  std::unique_ptr<Job> start(const std::string& recipe, const std::string& json, const std::vector<Given>& files, int64_t budget, bool previews) {
    const Asked asked(recipe, json, files, budget);
    const ptah_callbacks calls = callbacks(previews);
    ptah_job* job = nullptr;
    ptah_status status = PTAH_OK;
    {
      const nb::gil_scoped_release others;
      status = ptah_job_start(engine_, &asked.request, &calls, &job);
    }
    check(status);
    return std::make_unique<Job>(job);
  }
  std::unique_ptr<Job> replay(const std::string& path, const std::optional<std::string>& checkpoints) {
    ptah_job* job = nullptr;
    check(ptah_replay_start(engine_, path.c_str(), checkpoints ? checkpoints->c_str() : nullptr, nullptr, &job));
    return std::make_unique<Job>(job);
  }

 private:
  /// None is a function: a job's thread never runs Python, so that it cannot wait for the interpreter, nor outlive it.
  static ptah_callbacks callbacks(bool previews) {
    ptah_callbacks out{};
    out.struct_size = sizeof(out);
    out.previews = previews ? 1 : 0;
    return out;
  }
  ptah_engine* engine_ = nullptr;
};

}  // namespace

NB_MODULE(_core, m) {
  m.def("interface_version", [] { return ptah_interface_version(); });
  m.attr("COMPILED_VERSION") = PTAH_INTERFACE_VERSION;
  m.def("version", [] { return std::string(ptah_version()); });
  m.def("recipes", [] { return std::string(ptah_recipes()); });
  m.def(
      "use_threads", [](int count) { check(ptah_use_threads(count)); }, "count"_a);
  m.def(
      "verify", [](const std::string& path) { check(ptah_verify(path.c_str())); }, "path"_a);
  nb::class_<Job>(m, "Job")
      .def("wait", &Job::wait, "seconds"_a)
      .def("progress", &Job::progress)
      .def("cancel", &Job::cancel)
      .def("check_error", &Job::check_error)
      .def("names", &Job::names)
      .def("file", &Job::file, "index"_a)
      .def("receipt", &Job::receipt)
      .def("facts", &Job::facts)
      .def("text", &Job::text, "from_byte"_a)
      .def("preview", &Job::preview)
      .def("save", &Job::save, "folder"_a);
  nb::class_<Engine>(m, "Engine")
      .def(nb::init<const std::optional<std::string>&>(), "models"_a.none())
      .def("plan", &Engine::plan, "recipe"_a, "json"_a, "files"_a, "budget"_a)
      .def("start", &Engine::start, "recipe"_a, "json"_a, "files"_a, "budget"_a, "previews"_a)
      .def("replay", &Engine::replay, "path"_a, "checkpoints"_a.none());
  nb::enum_<ptah_state>(m, "State").value("RUNNING", PTAH_RUNNING).value("DONE", PTAH_DONE).value("FAILED", PTAH_FAILED).value("CANCELLED", PTAH_WAS_CANCELLED);
}
