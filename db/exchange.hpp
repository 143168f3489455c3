#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "db/error.hpp"
#include "db/parameters.hpp"
#include "db/query.hpp"
#include "db/row.hpp"

struct pg_conn;
struct pg_result;

namespace db {

/// One flush of libpq's pipeline and the answers to it: the engine of
/// Connection, which decides what to send and what an error means.
///
/// Sends never wait for answers and answers are read while sending, so that
/// large parameters and large results can't block each other.  \a patience
/// bounds the whole exchange on our side: a statement_timeout covers neither a
/// pooler's queue nor a COMMIT that waits for a standby.
class Exchange {
 public:
  Exchange(pg_conn* handle, std::chrono::milliseconds patience);

  /// Queue a statement.
  /// \throws Error if the session is gone.
  void send(const Query& query, const Parameters& parameters);
  /// Ask the server to answer what came so far without waiting for the rest.
  void ask_for_answer();
  /// End the flush; must come once, after the last send().
  void sync();

  /// Read the answer to the next statement sent.  After one has failed, the
  /// server skips the rest, and so does this: the first error is kept.
  ///
  /// \return true if the statement succeeded.
  /// \throws Error if the session is gone or patience has run out.
  bool answer(const Query& query, const RowSink& sink = {});
  /// Read up to the sync.
  void finish();

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  /// The command tag of the last statement that succeeded.
  [[nodiscard]] const std::string& tag() const { return tag_; }

 private:
  struct Clear {
    void operator()(pg_result* result) const noexcept;
  };
  using Result = std::unique_ptr<pg_result, Clear>;

  Result next();
  void wait(bool to_write);
  void take(const Query& query, const Result& result, const RowSink& sink);
  [[noreturn]] void lost(const std::string& why) const;

  pg_conn* handle_;
  std::chrono::steady_clock::time_point until_;
  std::optional<Error> error_;
  std::string tag_;
};

}  // namespace db
