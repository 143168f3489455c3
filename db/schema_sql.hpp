#pragma once

namespace db {

/// The text of db/schema.sql, which makes the tables of a GitLab-compatible
/// database as far as this program touches them: for demos, benchmarks and
/// tests, never for a database that people use.
extern const char* const schema_sql;

}  // namespace db
