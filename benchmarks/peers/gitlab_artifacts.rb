# GitLab's own way of destroying expired pipeline artifacts, as its service does
# it: a hundred at a time, destroy! one by one, each in a transaction of its own,
# the statistic with it, the file after the commit.
#
#   ruby gitlab_artifacts.rb indexed|legacy STORE ROWS
#
# Destroys ROWS artifacts and prints {"rows": ..., "seconds": ...}, measured from
# the first query to the last file.
require 'active_record'
require 'digest'
require_relative 'report_on'

class Project < ActiveRecord::Base
end

class ProjectStatistics < ActiveRecord::Base
  def self.decrement(project_id, bytes)
    where(project_id: project_id).update_all(
      ['pipeline_artifacts_size = COALESCE(pipeline_artifacts_size, 0) - ?, ' \
       'storage_size = COALESCE(storage_size, 0) - ?', bytes, bytes]
    )
  end
end

class Pipeline < ActiveRecord::Base
  self.table_name = 'ci_pipelines'
end

class PipelineArtifact < ActiveRecord::Base
  self.table_name = 'ci_pipeline_artifacts'
  belongs_to :pipeline
  belongs_to :project

  scope :expired_before, ->(moment) { where(arel_table[:expire_at].lt(moment)) }
  scope :artifact_unlocked, -> { where(locked: 0) }
  scope :unlocked, -> { joins(:pipeline).merge(Pipeline.where(locked: 0)) }

  after_destroy :update_statistics
  after_commit :remove_file, on: :destroy

  def path
    hash = Digest::SHA256.hexdigest(project_id.to_s)
    File.join(STORE, hash[0, 2], hash[2, 2], hash, 'pipelines', pipeline_id.to_s,
              'artifacts', id.to_s, file)
  end

  private

  def update_statistics
    return if project.nil? || project.pending_delete?

    ProjectStatistics.decrement(project_id, size)
  end

  def remove_file
    File.unlink(path)
  end
end

BATCH_SIZE = 100
QUERY, STORE, ROWS = ARGV[0], ARGV[1], Integer(ARGV[2])
START_AT = Time.now

def next_batch
  if QUERY == 'indexed'
    PipelineArtifact.expired_before(START_AT).artifact_unlocked.limit(BATCH_SIZE)
  else
    PipelineArtifact.unlocked.expired_before(Time.now).limit(BATCH_SIZE)
  end
end

# What remains of a service that loops until nothing is left or its budget is
# used up.
def destroy_expired
  destroyed = 0
  while destroyed < ROWS
    artifacts = next_batch
    break if artifacts.empty?

    destroyed += artifacts.each(&:destroy!).size
  end
  destroyed
end

ActiveRecord::Base.establish_connection(
  adapter: 'postgresql', database: ENV.fetch('PGDATABASE'),
  prepared_statements: ENV['PEER_UNPREPARED'].nil?
)
PipelineArtifact.first # what a model is made of is read once
report_on { destroy_expired }
