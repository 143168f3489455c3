#pragma once

#include "db/query.hpp"

namespace db {

/// The texts behind Catalog.  They are the only ones that are not written by
/// Tables, since they are what it is made from.

/// anchor text: the table whose schema is that of all
const Query& read_server_query();
/// schema text, names text[]: a row for each column of each table
const Query& read_columns_query();
/// schema text, names text[]: a row for each partition of each table
const Query& read_partitions_query();
/// relation text: a row for each index that begins with expire_at
const Query& read_indexes_query();
/// relations text[]: whether a trigger of one records what is deleted
const Query& read_recorders_query();
/// relations text[]: a row for each foreign key of another table to them
const Query& read_references_query();

}  // namespace db
