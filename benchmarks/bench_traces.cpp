// The bound of the traces pass: one thread reads the same chunks from the
// database and from Redis, writes the same files, each synced and renamed, and
// deletes the same rows in one statement and the same keys in one flush.
//
//   bench-traces REDIS_SOCKET ROOT      prints seconds; the database by PGHOST

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;
using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Redis = std::unique_ptr<redisContext, decltype(&redisFree)>;

[[noreturn]] void die(const std::string& why) {
  std::cerr << "bench-traces: " << why << '\n';
  std::exit(1);
}

struct Chunk {
  std::string build;
  std::string index;
  bool in_redis = false;
};

Result query(PGconn* connection, const std::string& sql, int format) {
  Result result(PQexecParams(connection, sql.c_str(), 0, nullptr, nullptr,
                             nullptr, nullptr, format),
                PQclear);
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK &&
      PQresultStatus(result.get()) != PGRES_COMMAND_OK)
    die(PQerrorMessage(connection));
  return result;
}

std::vector<Chunk> list_chunks(PGconn* connection) {
  const Result rows = query(connection,
                            "SELECT build_id, chunk_index, data_store <> 2 "
                            "FROM ci_build_trace_chunks AS c "
                            "JOIN ci_builds AS b ON b.id = c.build_id "
                            "WHERE b.failure_reason = 14 ORDER BY 1, 2",
                            0);
  std::vector<Chunk> chunks;
  for (int row = 0; row < PQntuples(rows.get()); ++row)
    chunks.push_back({PQgetvalue(rows.get(), row, 0),
                      PQgetvalue(rows.get(), row, 1),
                      *PQgetvalue(rows.get(), row, 2) == 't'});
  return chunks;
}

std::string key_of(const Chunk& chunk) {
  return "gitlab:ci:trace:" + chunk.build + ":chunks:" + chunk.index;
}

std::string read_redis(redisContext* redis, const Chunk& chunk) {
  auto* const reply = static_cast<redisReply*>(
      redisCommand(redis, "GET %s", key_of(chunk).c_str()));
  if (reply == nullptr || reply->type != REDIS_REPLY_STRING)
    die("a chunk is not in Redis");
  std::string bytes(reply->str, reply->len);
  freeReplyObject(reply);
  return bytes;
}

std::string read_database(PGconn* connection, const Chunk& chunk) {
  const Result row =
      query(connection,
            "SELECT raw_data FROM ci_build_trace_chunks WHERE build_id = " +
                chunk.build + " AND chunk_index = " + chunk.index,
            1);
  return {PQgetvalue(row.get(), 0, 0),
          static_cast<std::size_t>(PQgetlength(row.get(), 0, 0))};
}

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  const std::string partial = path.string() + ".partial";
  const int file = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file < 0 || write(file, bytes.data(), bytes.size()) !=
                      static_cast<ssize_t>(bytes.size()))
    die("cannot write " + partial);
  fdatasync(file);
  close(file);
  std::filesystem::rename(partial, path);
}

/// As GitLab lays them out: as many directories, and as deep.
std::filesystem::path path_of(const std::string& root,
                              const std::string& build) {
  const std::filesystem::path directory = std::filesystem::path(root) /
                                          build.substr(0, 1) / build /
                                          "2026_01_01" / build / build;
  std::filesystem::create_directories(directory);
  return directory / "job.log";
}

void forget(PGconn* connection, redisContext* redis,
            const std::vector<Chunk>& chunks) {
  query(connection,
        "DELETE FROM ci_build_trace_chunks AS c USING ci_builds AS b "
        "WHERE b.id = c.build_id AND b.failure_reason = 14",
        0);
  int sent = 0;
  for (const Chunk& chunk : chunks)
    if (chunk.in_redis) {
      redisAppendCommand(redis, "DEL %s", key_of(chunk).c_str());
      ++sent;
    }
  for (void* reply = nullptr; sent > 0; --sent) {
    redisGetReply(redis, &reply);
    freeReplyObject(reply);
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3)
    die("usage: bench-traces REDIS_SOCKET ROOT");
  const Connection connection(PQconnectdb(""), PQfinish);
  const Redis redis(redisConnectUnix(argv[1]), redisFree);
  if (PQstatus(connection.get()) != CONNECTION_OK || redis == nullptr ||
      redis->err != 0)
    die("no database, or no Redis");

  const auto began = std::chrono::steady_clock::now();
  const std::vector<Chunk> chunks = list_chunks(connection.get());
  std::string trace;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    trace += chunks[i].in_redis ? read_redis(redis.get(), chunks[i])
                                : read_database(connection.get(), chunks[i]);
    if (i + 1 == chunks.size() || chunks[i + 1].build != chunks[i].build) {
      write_file(path_of(argv[2], chunks[i].build), trace);
      trace.clear();
    }
  }
  forget(connection.get(), redis.get(), chunks);
  const auto took = std::chrono::steady_clock::now() - began;
  std::cout << std::chrono::duration<double>(took).count() << '\n';
  return 0;
}
