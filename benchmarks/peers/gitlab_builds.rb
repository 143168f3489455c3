# GitLab's own way of dropping the builds of blocked users: pipeline after
# pipeline, the jobs of one in a transaction, one by one, by their lock_version;
# then what follows each of them after the commit; then the pipeline's status.
#
#   ruby gitlab_builds.rb STORE JOBS [traces]
#
# Drops JOBS jobs, archives their traces where asked to, and prints
# {"rows": ..., "seconds": ...}.
require 'active_record'
require 'digest'
require 'fileutils'
require 'tempfile'
require_relative 'report_on'

CANCELABLE = %w[created waiting_for_resource preparing pending running
                scheduled].freeze
USER_BLOCKED = 14
STAGE_FAILED = 4
DEPLOYMENT_FAILED = 3

def model(name, table)
  Object.const_set(name, Class.new(ActiveRecord::Base) do
    self.table_name = table
    self.inheritance_column = nil
  end)
end

model :User, 'users'
model :Stage, 'ci_stages'
model :PendingBuild, 'ci_pending_builds'
model :RunningBuild, 'ci_running_builds'
model :RunnerSession, 'ci_builds_runner_session'
model :Resource, 'ci_resources'
model :Deployment, 'deployments'
model :Ref, 'ci_refs'
model :TraceChunk, 'ci_build_trace_chunks'
model :TraceMetadata, 'ci_build_trace_metadata'
model :PendingState, 'ci_build_pending_states'
model :JobArtifact, 'ci_job_artifacts'

class Build < ActiveRecord::Base
  self.table_name = 'ci_builds'
  self.inheritance_column = nil

  scope :latest, -> { where(retried: [false, nil]) }
  scope :cancelable, -> { where(status: CANCELABLE) }

  # One UPDATE by lock_version, which ActiveRecord raises itself, and what
  # GitLab does in the same transaction.
  def drop
    was = status
    update!(status: 'failed', failure_reason: USER_BLOCKED,
            finished_at: Time.now.utc, processed: retried ? true : false,
            scheduled_at: nil)
    release_resource if resource_group_id
    PendingBuild.where(build_id: id).delete_all if was == 'pending'
    return unless was == 'running'

    RunningBuild.where(build_id: id).delete_all
    RunnerSession.where(build_id: id).delete_all
  end

  # After the commit.
  def finish
    deployment = Deployment.find_by(deployable_type: 'CommitStatus',
                                    deployable_id: id)
    deployment&.update!(status: DEPLOYMENT_FAILED, finished_at: Time.now.utc)
    update_columns(token_encrypted: nil) if token_encrypted
  end

  private

  def release_resource
    Resource.where(resource_group_id: resource_group_id, build_id: id)
            .update_all(build_id: nil)
  end
end

class Pipeline < ActiveRecord::Base
  self.table_name = 'ci_pipelines'
  has_many :builds, foreign_key: :commit_id

  scope :cancelable, -> { where(status: CANCELABLE) }

  # GitLab tries again, up to three times, what somebody else has changed.
  def drop_builds
    tries = 0
    begin
      dropped = transaction do
        builds.cancelable.find_in_batches.flat_map { |jobs| jobs.each(&:drop) }
      end
    rescue ActiveRecord::StaleObjectError
      (tries += 1) <= 3 ? retry : raise
    end
    dropped.each(&:finish)
  end

  # The service that works out what the jobs make of stages and pipeline.
  def process
    jobs = builds.latest.select(:id, :status, :allow_failure, :stage_idx,
                                :processed, :lock_version).to_a
    Stage.where(pipeline_id: id).order(:position).each do |stage|
      of_stage = jobs.select { |job| job.stage_idx == stage.position }
      stage.update!(status: STAGE_FAILED) if failed?(of_stage)
    end
    fail_now if failed?(jobs)
    jobs.reject(&:processed).each_slice(20) do |slice|
      # As text, or ActiveRecord would raise lock_version.
      Build.where(id: slice.map(&:id)).update_all('processed = true')
    end
  end

  private

  # Of GitLab's sixteen rules the one that these jobs meet.
  def failed?(jobs)
    jobs.any? { |job| job.status == 'failed' && !job.allow_failure } &&
      jobs.none? { |job| CANCELABLE.include?(job.status) }
  end

  def fail_now
    update!(status: 'failed', finished_at: Time.now.utc,
            duration: started_at && duration_of_jobs)
    ref = ci_ref_id && Ref.find_by(id: ci_ref_id)
    ref&.update!(status: [0, 2].include?(ref.status) ? 2 : 4)
  end

  def duration_of_jobs
    times = builds.latest.where.not(started_at: nil)
                  .pluck(:started_at, :finished_at).sort_by(&:first)
    upto = nil
    times.sum do |from, to|
      from = [from, upto].compact.max
      to ||= Time.now.utc
      upto = [to, upto].compact.max
      [to - from, 0].max
    end.to_i
  end
end

# The log out of its chunks: copied to a file of its own with its checksums, the
# row, the file in its place, and then the chunks away.
class Archive
  def initialize(build)
    @build = build
    @chunks = TraceChunk.where(build_id: build.id)
  end

  def store
    return unless @chunks.exists?

    file = copy
    artifact = JobArtifact.transaction { create_rows(file) }
    path = path_of(artifact)
    FileUtils.mkdir_p(File.dirname(path))
    FileUtils.mv(file.path, path)
    artifact.update_columns(file_store: 1)
    @chunks.delete_all
    PendingState.where(build_id: @build.id).delete_all
  end

  private

  def copy
    file = Tempfile.create('job.log', STORE, binmode: true)
    @chunks.order(:chunk_index).each { |chunk| file.write(chunk.raw_data) }
    file.close
    file
  end

  def create_rows(file)
    artifact = JobArtifact.create!(
      project_id: @build.project_id, job_id: @build.id, file_type: 3,
      file: 'job.log', size: File.size(file.path),
      file_sha256: Digest::SHA256.file(file.path).hexdigest
    )
    metadata = TraceMetadata.find_or_initialize_by(build_id: @build.id)
    metadata.update!(trace_artifact_id: artifact.id, archived_at: Time.now.utc,
                     checksum: Digest::MD5.file(file.path).hexdigest)
    artifact
  end

  def path_of(artifact)
    hash = Digest::SHA256.hexdigest(@build.project_id.to_s)
    File.join(STORE, hash[0, 2], hash[2, 2], hash,
              artifact.created_at.utc.strftime('%Y_%m_%d'), @build.id.to_s,
              artifact.id.to_s, 'job.log')
  end
end

STORE, JOBS, TRACES = ARGV[0], Integer(ARGV[1]), ARGV[2] == 'traces'

def drop_all
  dropped = 0
  User.where(state: 'blocked').find_each do |user|
    Pipeline.where(user_id: user.id).cancelable.find_each do |pipeline|
      return dropped if dropped >= JOBS

      jobs = pipeline.drop_builds
      pipeline.process
      jobs.each { |job| Archive.new(job).store } if TRACES
      dropped += jobs.size
    end
  end
  dropped
end

ActiveRecord::Base.establish_connection(
  adapter: 'postgresql', database: ENV.fetch('PGDATABASE')
)
Build.first # what a model is made of is read once
report_on { drop_all }
