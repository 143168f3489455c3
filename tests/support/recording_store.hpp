#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stores/store.hpp"

namespace tests {

/// A store in memory that writes down what it was asked, fails on command, and
/// lets a test in just before it acts.
///
/// May be used from several threads; set the hooks before.
class RecordingStore : public stores::Store {
 public:
  using Keys = std::span<const stores::ObjectKey>;
  using Hook = std::function<void(Keys)>;

  enum class Method { look, stat, remove, prune, put, get };
  struct Call {
    Method method;
    std::vector<std::string> paths;
  };

  static constexpr int forever = -1;

  void put(const stores::ObjectKey& key, std::string content = "bytes");
  [[nodiscard]] bool holds(const stores::ObjectKey& key) const;
  [[nodiscard]] std::size_t size() const;

  /// The object, if it is there, read without being written down.
  [[nodiscard]] std::optional<std::string> content(
      const stores::ObjectKey& key) const;

  /// Leave this object as it is, with this reason, for so many removals, puts,
  /// gets and stats; the latter three throw ObjectError.
  ///
  /// \param may_pass what a removal is to say of it.
  void leave(const stores::ObjectKey& key, std::string reason,
             int times = forever, bool may_pass = false);

  /// Throw StoreError from so many calls to come, of any method but prune(),
  /// and change nothing.
  void fail(std::string message, int times = forever);

  /// The same, but throw what this throws.  It must not use the store.
  void fail(std::function<void()> thrower, int times = forever);

  /// What trouble() and remarks() are to say.
  void set_trouble(std::optional<std::string> trouble);
  void set_remarks(std::vector<stores::Remark> remarks);

  /// What keys_a_request() is to say; more than that in one call is taken, too.
  void set_keys_a_request(std::size_t count);

  /// All calls so far, in order; for each, the paths of its keys.
  [[nodiscard]] std::vector<Call> calls() const;
  /// The paths of all keys given to this method so far, in order.
  [[nodiscard]] std::vector<std::string> asked(Method method) const;

  /// Run before the method does anything, without a lock held: a hook may use
  /// the store, or throw.  Of trouble() and remarks(), that ask about no keys,
  /// nothing is written down.
  Hook before_look;
  Hook before_stat;
  Hook before_remove;
  Hook before_prune;
  Hook before_put;
  Hook before_get;
  Hook before_trouble;
  Hook before_remarks;

  stores::Sight look(Keys keys) override;
  std::optional<stores::ObjectStatus> stat(
      const stores::ObjectKey& key) override;
  stores::Removal remove(Keys keys) override;
  void prune(Keys keys) override;
  void put(const stores::ObjectKey& key,
           const stores::ByteSource& write) override;
  bool get(const stores::ObjectKey& key, const stores::ByteSink& sink) override;
  std::optional<std::string> trouble() override;
  std::vector<stores::Remark> remarks() override;
  [[nodiscard]] std::size_t keys_a_request() const override;
  [[nodiscard]] std::string description() const override;

 private:
  struct Leaving {
    std::string reason;
    int times = forever;
    bool may_pass = false;
  };
  struct Failure {
    std::function<void()> thrower;
    int times = forever;
  };

  static bool strikes(int& times);
  void record(Method method, Keys keys);
  void throw_if_told();
  void begin(Method method, const stores::ObjectKey& key);
  std::optional<stores::KeyReason> reason_to_leave(
      const stores::ObjectKey& key);

  mutable std::mutex mutex_;
  std::map<std::string, std::string> objects_;  ///< path to content
  std::map<std::string, Leaving> left_;
  std::optional<Failure> failure_;
  std::optional<std::string> trouble_;
  std::vector<stores::Remark> remarks_;
  std::size_t keys_a_request_ = Store::keys_a_request();
  std::vector<Call> calls_;
};

}  // namespace tests
