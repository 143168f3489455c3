-- Writes the statements of GitLab's AbortPipelinesService: a hundred pipelines
-- at a time, their stages and builds by 150, then the pipelines.  Its reads are
-- left out, in its favour.  Newlines come out as \n, which sed puts right.
CREATE TEMP TABLE batch AS
SELECT p.id, (row_number() OVER (ORDER BY p.id) - 1) / 100 AS n
FROM ci_pipelines AS p
JOIN users AS u ON u.id = p.user_id AND u.state = 'blocked'
WHERE p.status NOT IN ('success', 'failed', 'canceled', 'skipped');
COPY (
SELECT text FROM (
  SELECT n, 1 AS step, format('UPDATE ci_stages SET status = 4 WHERE id IN (%s);',
         string_agg(id::text, ',')) AS text
  FROM (SELECT s.id, b.n, (row_number() OVER (PARTITION BY b.n ORDER BY s.id)
          - 1) / 150 AS slice
        FROM ci_stages AS s JOIN batch AS b ON b.id = s.pipeline_id
        WHERE s.status IN (0, 1, 2, 8, 9, 10)) AS s GROUP BY n, slice
  UNION ALL
  SELECT n, 2, format('UPDATE ci_builds SET status = ''failed'',
failure_reason = 14, finished_at = now() WHERE id IN (%s);',
         string_agg(id::text, ','))
  FROM (SELECT j.id, b.n, (row_number() OVER (PARTITION BY b.n ORDER BY j.id)
          - 1) / 150 AS slice
        FROM ci_builds AS j JOIN batch AS b ON b.id = j.commit_id
        WHERE j.status IN ('created', 'waiting_for_resource', 'preparing', 'pending',
                           'running', 'scheduled')) AS j GROUP BY n, slice
  UNION ALL
  SELECT n, 3, format('UPDATE ci_pipelines SET status = ''failed'',
failure_reason = 24, finished_at = now() WHERE id IN (%s);',
         string_agg(id::text, ','))
  FROM batch GROUP BY n) AS all_of_it
ORDER BY n, step) TO STDOUT;
