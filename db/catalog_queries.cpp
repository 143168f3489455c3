#include "db/catalog_queries.hpp"

#include <string>

namespace db {
namespace {

// The role's search_path says where the anchor is, and nothing else: a table of
// the same name that somebody planted in another schema is not ours.  That path
// is still the one that names are looked up by, so signs are qualified too.
const Query read_server{"catalog.read_server", R"sql(
SELECT pg_catalog.current_setting('server_version_num')::bigint,
       pg_catalog.pg_is_in_recovery(),
       coalesce((SELECT pg_catalog.quote_ident(n.nspname)
                 FROM pg_catalog.pg_class AS c
                 JOIN pg_catalog.pg_namespace AS n
                     ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
                 WHERE c.oid OPERATOR(pg_catalog.=) coalesce(
                     pg_catalog.to_regclass($1),
                     pg_catalog.to_regclass('p_' OPERATOR(pg_catalog.||) $1))),
                '')
)sql"};

// A table is what it is called; where that is a partition, or where GitLab has
// put p_ before the name, the root.
const std::string named = R"sql(
WITH place AS (
    SELECT name,
           pg_catalog.to_regclass($1 || '.' || name) AS plain,
           pg_catalog.to_regclass($1 || '.p_' || name) AS prefixed
    FROM pg_catalog.unnest($2::text[]) AS name
),
named AS (
    SELECT name,
           coalesce(prefixed, pg_catalog.pg_partition_root(plain), plain)
               AS root
    FROM place
))sql";

// A column must be given that is NOT NULL and has no default; GitLab also says
// NOT NULL by a CHECK, which needs no look at the rows to be added.
const Query read_columns{"catalog.read_columns", named + R"sql(
SELECT named.name,
       pg_catalog.quote_ident(n.nspname) || '.' ||
           pg_catalog.quote_ident(c.relname),
       a.attname::text,
       c.relkind = 'p' OR c.relispartition,
       EXISTS (SELECT
               FROM pg_catalog.pg_trigger AS t
               WHERE t.tgrelid = c.oid
                 AND t.tgname = 'gitlab_schema_write_trigger_for_' ||
                                c.relname),
       NOT a.atthasdef AND a.attidentity = '' AND
           (a.attnotnull OR checked.every_row IS NOT NULL),
       a.attnotnull OR coalesce(checked.every_row, false)
FROM named
JOIN pg_catalog.pg_class AS c ON c.oid = named.root
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
CROSS JOIN LATERAL (
    SELECT pg_catalog.bool_or(k.convalidated)
    FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = c.oid AND k.contype = 'c'
      AND k.conkey = ARRAY[a.attnum]
      AND pg_catalog.pg_get_constraintdef(k.oid)
          ~ '^CHECK \(\(.* IS NOT NULL\)\)') AS checked (every_row)
WHERE a.attnum > 0
  AND NOT a.attisdropped
)sql"};

const Query read_partitions{"catalog.read_partitions", named + R"sql(
SELECT named.name, c.relname::text
FROM named
CROSS JOIN LATERAL pg_catalog.pg_partition_tree(named.root) AS tree
JOIN pg_catalog.pg_class AS c ON c.oid = tree.relid
)sql"};

const Query read_indexes{"catalog.read_indexes", R"sql(
SELECT c.relname::text,
       coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), ''),
       i.indisvalid AND i.indisready
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = pg_catalog.to_regclass($1)
  AND a.attname = 'expire_at'
ORDER BY 1
)sql"};

// GitLab's own function for it, under whatever trigger.
const Query read_recorders{"catalog.read_recorders", R"sql(
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_trigger AS t
    JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
    WHERE t.tgrelid IN (SELECT pg_catalog.to_regclass(relation)
                        FROM pg_catalog.unnest($1::text[]) AS relation)
      AND f.proname LIKE 'insert\_into\_loose\_foreign\_keys\_%')
)sql"};

// A key of a partition is its root's, told once.
const Query read_references{"catalog.read_references", R"sql(
SELECT own.relname::text, other.relname::text, k.confdeltype::text
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS own ON own.oid = k.confrelid
JOIN pg_catalog.pg_class AS other ON other.oid = k.conrelid
WHERE k.contype = 'f'
  AND k.conparentid = 0
  AND k.confrelid IN (SELECT pg_catalog.to_regclass(relation)
                      FROM pg_catalog.unnest($1::text[]) AS relation)
ORDER BY 1, 2
)sql"};

}  // namespace

const Query& read_server_query() {
  return read_server;
}

const Query& read_columns_query() {
  return read_columns;
}

const Query& read_partitions_query() {
  return read_partitions;
}

const Query& read_indexes_query() {
  return read_indexes;
}

const Query& read_recorders_query() {
  return read_recorders;
}

const Query& read_references_query() {
  return read_references;
}

}  // namespace db
