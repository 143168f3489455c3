#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "db/traces.hpp"
#include "jobs/chunk_reader.hpp"
#include "jobs/context.hpp"
#include "jobs/trace.hpp"

namespace jobs {

/// Archives live traces, a batch of builds at a time: the row without a file,
/// committed; the object, read back; the row's file and the metadata,
/// committed; then the chunks are forgotten.  At every moment all bytes are in
/// the chunks, or in an archive that is stored, verified and committed.
///
/// archive() may be called from several threads at once, for different builds.
class TraceArchiver {
 public:
  /// \param store where archives go, and its number in file_store.
  TraceArchiver(Context& context, stores::Store& store,
                std::int64_t file_store);

  /// Archive these.  What a live GitLab is at is skipped; what can't be
  /// archived is named as a problem; no chunk of either is forgotten.
  ///
  /// \throws db::Error that does not concern the rows, stores::StoreError
  void archive(std::span<const db::LiveTrace> batch);

 private:
  struct Stored {
    Traces traces;
    std::vector<db::StoredTrace> rows;
  };

  Traces attempt(Traces traces);
  bool may_be_archived(Trace& trace, Traces& to_forget);
  void note_empty(Trace& trace) const;
  void give_rows(Traces& traces) const;
  bool store_one(Trace& trace, Stored& stored);
  db::StoredTrace put(Trace& trace);
  void read_back(const stores::ObjectKey& key,
                 const db::StoredTrace& expected) const;
  Traces complete(Stored stored, Traces& to_forget);
  void remove_unnamed(const Traces& traces) const;
  bool is_archived_already(Trace& trace);
  void count(const Trace& trace, TraceWorth worth);

  Context& context_;
  stores::Store& store_;
  std::int64_t file_store_;
  ChunkReader reader_;
  std::int64_t counted_ = 0;
  std::int64_t counted_bytes_ = 0;
};

}  // namespace jobs
