#include "jobs/seed_options.hpp"

#include "jobs/option_values.hpp"
#include "jobs/seed_contradictions.hpp"

#include <fmt/format.h>
#include <boost/program_options.hpp>

#include <array>
#include <iostream>
#include <utility>

namespace jobs {
namespace {

namespace po = boost::program_options;

constexpr std::array<std::pair<const char*, Profile>, 3> profiles{
    {{"smoke", Profile::smoke},
     {"demo", Profile::demo},
     {"headline", Profile::headline}}};

constexpr const char* introduction =
    "Usage: ci-janitor-seed [OPTIONS]\n\n"
    "Fill an empty database, an empty directory or bucket with its objects,\n"
    "and a Redis with live traces, for demos, smoke runs and benchmarks of\n"
    "ci-janitor.  The database is named by PGHOST, PGDATABASE and the like;\n"
    "tables are made where there are none.\n"
    "Nothing that is there already is ever changed or removed.\n\n";

po::options_description describe_options() {
  po::options_description described("Options");
  // clang-format off
  described.add_options()
      ("profile", po::value<std::string>()->default_value("demo"),
       "smoke (300 artifacts, every case), demo (20,000) or headline (three "
       "million, ten million pipelines)")
      ("random-seed", po::value<std::string>()->default_value("1"),
       "the same number makes the same rows and files")
      ("local-store", po::value<std::string>(),
       "directory for the files; made if missing, else it must be empty")
      ("object-store", po::value<std::string>(),
       "s3://BUCKET[/PREFIX]: half of the objects, and a third of the live "
       "traces, go there (all objects without --local-store); it must be "
       "empty; credentials come as AWS's own tools find them")
      ("object-store-endpoint", po::value<std::string>(),
       "the S3 server, http[s]://HOST[:PORT], if it is not AWS's")
      ("object-store-region", po::value<std::string>(),
       "where the bucket is; AWS_REGION if not given")
      ("object-store-path-style", po::bool_switch(),
       "the bucket stands in the path, not before the host")
      ("object-store-config", po::value<std::string>(),
       "GitLab's own connection settings (YAML): keys, region, endpoint")
      ("no-files", po::bool_switch(), "rows only")
      ("redis", po::value<std::string>(),
       "where half of the other live traces go: redis://HOST[:PORT][/DB], "
       "unix://SOCKET, or file:PATH of a file that holds such a URL; they are "
       "in the database if not given")
      ("jobs", po::value<std::string>(),
       "headline only: so many running jobs of blocked users, 20 each; a "
       "multiple of 20")
      ("scale", po::value<double>()->default_value(1, "1"),
       "headline only: this much of its counts, above 0, at most 10")
      ("now", po::value<std::string>(),
       "the moment that all times are relative to, as 2022-10-06T12:00:00Z; "
       "the database's clock if not given")
      ("with-remote", po::bool_switch(),
       "a few rows of file_store 2 besides (without objects)")
      ("with-poison", po::bool_switch(),
       "a row of every kind besides whose object must not be touched")
      ("output", po::value<std::string>()->default_value("text"),
       "text or json")
      ("help", "this text")
      ("version", "the version");
  // clang-format on
  return described;
}

Profile profile_named(const std::string& name) {
  for (const auto& [known, profile] : profiles)
    if (name == known)
      return profile;
  throw UsageError(fmt::format(
      "--profile is '{}', and must be smoke, demo or headline", name));
}

std::int64_t random_seed_from(const std::string& text) {
  const bool digits =
      !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (!digits || text.size() > 10 || std::stoll(text) > 0xffffffffLL)
    throw UsageError(fmt::format(
        "--random-seed is '{}', and must be a number from 0 to 4294967295",
        text));
  return std::stoll(text);
}

/// As ci-janitor reads it.
void read_value(const OptionValue& value, const std::string& name,
                const std::string& text) {
  Options options;
  if (!value.set(options, text))
    throw UsageError(fmt::format("--{} must be {}", name, value.must_be));
  if (value.is_secret && value.is_secret(text))
    throw UsageError(fmt::format(
        "--{0} holds a password, which everybody on this host can read: "
        "write it into a file and say --{1}",
        name,
        name == "redis" ? "redis file:PATH" : "object-store-config FILE"));
}

std::optional<std::string> value_from(const po::variables_map& given,
                                      const std::string& name,
                                      const OptionValue& value) {
  if (!given.contains(name))
    return std::nullopt;
  const auto& text = given[name].as<std::string>();
  read_value(value, name, text);
  return text;
}

std::optional<stores::ObjectStoreSettings> bucket_from(
    const po::variables_map& given) {
  const auto of = [&](const char* name, const OptionValue& value) {
    return value_from(given, name, value);
  };
  const auto url = of("object-store", bucket_url(&Options::object_store));
  stores::ObjectStoreSettings settings{
      .url = url.value_or(""),
      .endpoint = of("object-store-endpoint",
                     endpoint_url(&Options::object_store_endpoint)),
      .region =
          of("object-store-region", region(&Options::object_store_region)),
      .path_style = given["object-store-path-style"].as<bool>(),
      .config_file =
          of("object-store-config", file(&Options::object_store_config))};
  const bool has_details = settings.endpoint || settings.region ||
                           settings.path_style || settings.config_file;
  if (has_details && !url)
    throw UsageError(
        "--object-store-endpoint, -region, -path-style and -config say how a "
        "bucket is reached, but none is named: give --object-store "
        "s3://BUCKET too");
  return url ? std::optional(settings) : std::nullopt;
}

std::int64_t jobs_from(const std::string& text) {
  constexpr std::int64_t of_each_user = 20;
  constexpr std::int64_t most = 1'000'000;
  const auto jobs = read_number(text);
  if (!jobs || *jobs < of_each_user || *jobs > most || *jobs % of_each_user)
    throw UsageError(
        fmt::format("--jobs is '{}', and must be a multiple of {}, at most {}",
                    text, of_each_user, most));
  return *jobs;
}

telemetry::Timestamp moment_from(const std::string& text) {
  const auto moment = telemetry::parse_timestamp(text);
  if (!moment)
    throw UsageError(fmt::format(
        "--now is '{}', and must be a moment such as 2022-10-06T12:00:00Z",
        text));
  return *moment;
}

Output output_named(const std::string& name) {
  if (name != "text" && name != "json")
    throw UsageError(
        fmt::format("--output is '{}', and must be text or json", name));
  return name == "json" ? Output::json : Output::text;
}

SeedOptions options_from(const po::variables_map& given) {
  SeedOptions options;
  options.profile = profile_named(given["profile"].as<std::string>());
  options.random_seed =
      random_seed_from(given["random-seed"].as<std::string>());
  if (given.contains("local-store"))
    options.local_store = given["local-store"].as<std::string>();
  options.object_store = bucket_from(given);
  options.files = !given["no-files"].as<bool>();
  options.redis = value_from(given, "redis", redis_url(&Options::redis));
  if (given.contains("jobs"))
    options.jobs = jobs_from(given["jobs"].as<std::string>());
  options.scale = given["scale"].as<double>();
  if (given.contains("now"))
    options.now = moment_from(given["now"].as<std::string>());
  options.with_remote = given["with-remote"].as<bool>();
  options.with_poison = given["with-poison"].as<bool>();
  options.output = output_named(given["output"].as<std::string>());
  return options;
}

po::variables_map read(int argc, const char* const argv[],
                       const po::options_description& described) {
  // Options in full only: an abbreviation would change its meaning with the
  // next option that is added.
  constexpr int style = po::command_line_style::unix_style &
                        ~po::command_line_style::allow_guessing;
  po::variables_map given;
  try {
    const po::parsed_options parsed = po::command_line_parser(argc, argv)
                                          .options(described)
                                          .style(style)
                                          .run();
    for (const po::option& option : parsed.options)
      if (option.position_key >= 0)
        throw UsageError("unexpected argument '" + option.value.front() +
                         "'; see --help");
    po::store(parsed, given);
  } catch (const po::error& error) {
    throw UsageError(std::string(error.what()) + "; see --help");
  }
  return given;
}

}  // namespace

std::string name_of(Profile profile) {
  return profiles.at(static_cast<std::size_t>(profile)).first;
}

std::optional<SeedOptions> parse_seed_options(int argc,
                                              const char* const argv[]) {
  const po::options_description described = describe_options();
  const po::variables_map given = read(argc, argv, described);
  if (given.contains("help")) {
    std::cout << introduction << described;
    return {};
  }
  if (given.contains("version")) {
    std::cout << "ci-janitor-seed " CI_JANITOR_VERSION "\n";
    return {};
  }
  SeedOptions options = options_from(given);
  check_seed_options(options);
  return options;
}

}  // namespace jobs
