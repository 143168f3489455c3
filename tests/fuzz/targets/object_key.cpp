#include "stores/object_key.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

#include <filesystem>

namespace fuzz {
namespace {

using stores::ObjectKey;

bool is_component(std::string_view text) {
  return !text.empty() && text != "." && text != ".." &&
         text.find('/') == text.npos && text.find('\0') == text.npos;
}

/// The rule, put in another way.
bool is_contained(const ObjectKey& key) {
  const std::string closed = key.directory + '/';
  for (Input directory(closed); !directory.is_empty();)
    if (!is_component(directory.up_to('/')))
      return false;
  return is_component(key.file);
}

void must_stay_below(const ObjectKey& key) {
  const std::filesystem::path root("/store");
  const std::filesystem::path way = root / key.path();
  must(way.lexically_normal() == way, "a safe key that is not normal");
  must(way.string() == "/store/" + key.path(), "a safe key that is absolute");
  must(way.lexically_relative(root) == key.path(), "a safe key that escapes");
}

void try_key(const ObjectKey& key) {
  const auto why = stores::poison(key);
  must(why.has_value() != is_contained(key), "poison() is of another mind");
  if (why)
    must_be_harmless(*why);
  else
    must_stay_below(key);
}

void try_artifact(Input numbers, const std::string& file) {
  const std::int64_t project = numbers.number();
  const std::int64_t pipeline = numbers.number();
  const std::int64_t artifact = numbers.number();
  const ObjectKey key = stores::artifact_key(project, pipeline, artifact, file);
  must(stores::poison(key) == stores::poison_file(file),
       "an artifact's key that is poison for its directory");
  must(stores::is_artifact_directory(key.directory) ==
           (pipeline >= 0 && artifact >= 0),
       "an artifact's directory that is not known as one");
  const telemetry::Timestamp moment{std::chrono::microseconds(artifact)};
  must(!stores::poison(stores::trace_key(project, moment, pipeline, artifact)),
       "a trace's key that is poison");
}

}  // namespace

void object_key(std::string_view bytes) {
  Input input(bytes);
  const std::string directory(input.field());
  const std::string file(input.field());
  try_key({directory, file});
  try_artifact(input, file);
  if (stores::is_artifact_directory(directory))
    must(directory.rfind("/pipelines/") < directory.rfind("/artifacts/"),
         "what is no artifact's directory is taken for one");
}

}  // namespace fuzz
