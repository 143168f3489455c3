#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/scoped_environment.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tests {

/// A network between the program and the server that PGHOST names: passes on
/// what they say, and cuts one conversation where a test wants it cut.
///
///     tests::SlowProxy proxy;
///     proxy.cut(tests::Cut::before_commit, "DELETE FROM things", 2);
///     const auto through = proxy.environment();
enum class Cut {
  before_commit,  ///< the server never gets the COMMIT
  before_answer   ///< the server has committed, and we never hear of it
};

class SlowProxy {
 public:
  /// \throws std::runtime_error
  SlowProxy();
  ~SlowProxy();
  SlowProxy(const SlowProxy&) = delete;
  SlowProxy& operator=(const SlowProxy&) = delete;

  /// Cut, once, the \a nth transaction from now with a statement that contains
  /// \a text.
  void cut(Cut where, std::string text, int nth = 1);
  /// Whether it has been cut.
  [[nodiscard]] bool has_cut() const { return cuts_ > 0; }

  /// Leads libpq through the proxy for as long as the answer lives.
  [[nodiscard]] ScopedEnvironment environment() const;

 private:
  struct Conversation;

  void accept_all();
  void converse(const std::shared_ptr<Conversation>& conversation);
  bool from_client(Conversation& conversation, const std::string& message);
  bool from_server(const Conversation& conversation,
                   const std::string& message);
  bool is_to_be_cut(Cut where);

  std::string server_;  ///< its socket
  TemporaryDirectory directory_;
  int listener_ = -1;
  std::atomic<int> cuts_{0};
  std::atomic<bool> closing_{false};
  std::mutex mutex_;  ///< guards what follows
  Cut where_ = Cut::before_commit;
  std::string text_;
  int to_go_ = 0;  ///< 0: nothing is to be cut
  std::vector<std::shared_ptr<Conversation>> conversations_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace tests
