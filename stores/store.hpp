#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "stores/object_key.hpp"

namespace stores {

/// The store as a whole is out of reach or not what it should be.  what() is a
/// sentence that names the store and says what to do.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// This one object can't be stored or read; others may be.  what() is a
/// sentence about it: "it cannot be stored: no space left on device".
class ObjectError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Takes the bytes of an object, in order, in pieces of any size; a piece is
/// good during the call only.
using ByteSink = std::function<void(std::string_view)>;

/// Writes all bytes of an object to the sink that it is handed.
using ByteSource = std::function<void(const ByteSink&)>;

/// The same for one that did not answer, and may do so later.
class StoreUnreachable : public StoreError {
 public:
  using StoreError::StoreError;
};

/// The same for one that answered that we ask too much of it.
class StoreBusy : public StoreUnreachable {
 public:
  /// \param retry_after how long it wants to be left alone; 0: it did not say.
  explicit StoreBusy(const std::string& what,
                     std::chrono::milliseconds retry_after = {})
      : StoreUnreachable(what), retry_after_(retry_after) {}
  [[nodiscard]] std::chrono::milliseconds retry_after() const {
    return retry_after_;
  }

 private:
  std::chrono::milliseconds retry_after_;
};

/// What to do with directories that a removal has emptied.
enum class Prune {
  none,
  leaf,  ///< the object's own directory: GitLab never uses it again
  all    ///< up to, never including, the root, if unchanged for an hour
};

/// A key, by its position among those asked about, and a reason.
struct KeyReason {
  std::size_t index = 0;
  std::string reason;
  bool may_pass = false;  ///< the same may succeed a little later
};

/// What is known of an object that is there.
struct ObjectStatus {
  std::int64_t size = 0;  ///< bytes
};

/// Something about a store that people should know before it is worked on.
struct Remark {
  bool is_warning = false;
  std::string text;  ///< a sentence, with what to do about a warning
};

/// What a look at many keys found; a key in neither list is safe, and there as
/// far as the store tells.
struct Sight {
  std::vector<std::size_t> absent;
  std::vector<KeyReason> poison;  ///< must not be touched, or can't be judged
};

/// What became of many keys; a key in neither list is gone, and was there as
/// far as the store tells.
struct Removal {
  std::vector<std::size_t> absent;  ///< was not there: as good as removed
  std::vector<KeyReason> left;      ///< is still there, or may be
};

/// A place that keeps objects under keys: a directory, an S3 bucket.
///
/// Every store may be used from several threads at once.  Keys come from rows
/// and are not to be trusted: each method refuses a poison key (object_key.hpp)
/// by itself, and nothing outside the store's root is ever opened.  What else
/// every store must do is written as tests in tests/stores/store_suite.hpp; a
/// new store is done when it passes them.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  /// Look where these objects lie, and change nothing.  A key is poison if it
  /// breaks the rule of object_key.hpp, leads through a symlink or to one, or
  /// names a directory.  What can't be looked at (permissions, an error of the
  /// disk) is listed with the poison: its row must not be destroyed either.
  /// A store that would have to ask a server for each judges the keys alone,
  /// asks nobody, and lists none as absent; stat() tells.
  ///
  /// \throws StoreError if the store as a whole is out of reach.
  virtual Sight look(std::span<const ObjectKey> keys) = 0;

  /// Whether an object is there.
  ///
  /// \return nothing if it is not.
  /// \throws ObjectError if that can't be told: a poison key, no permission.
  /// \throws StoreError if the store as a whole is out of reach.
  virtual std::optional<ObjectStatus> stat(const ObjectKey& key) = 0;

  /// Remove all these objects, however many; the store splits them as its
  /// protocol likes.  One that is not there counts as removed.
  ///
  /// \throws StoreError if the store as a whole is out of reach; then each
  ///         object may or may not have been removed.
  virtual Removal remove(std::span<const ObjectKey> keys) = 0;

  /// Store an object, whole or not at all, in place of one that was there.  It
  /// is durable on return: a crash of the machine does not lose it.  It is not
  /// held in memory.  \a write is called at most once, by this thread, and no
  /// lock is held meanwhile; if it throws, nothing is stored, and the exception
  /// goes on.  Of several who store under one key, the last one to finish wins.
  ///
  /// \throws ObjectError if this object can't be stored: a poison key, a
  ///         symlink or a directory in the way, no space, no permission.  What
  ///         was there before still is, but for an error of the disk in the
  ///         last step: then the new object may have taken its place, whole.
  /// \throws StoreError if the store as a whole is out of reach.
  virtual void put(const ObjectKey& key, const ByteSource& write) = 0;

  /// Read an object in pieces, without holding it in memory.  An object that
  /// another one replaces meanwhile is read to its end.  What \a sink throws
  /// goes on.
  ///
  /// \return false if it is not there.
  /// \throws ObjectError if it can't be read, perhaps after some of its bytes.
  /// \throws StoreError if the store as a whole is out of reach.
  virtual bool get(const ObjectKey& key, const ByteSink& sink) = 0;

  /// Remove the directories that the removal of these objects has emptied, as
  /// far as the store was told to.  Best effort: what can't be removed stays,
  /// and nobody is told.
  virtual void prune(std::span<const ObjectKey> keys) = 0;

  /// \return a sentence saying why objects can't be removed here, with what to
  ///         do; nothing if they can.
  virtual std::optional<std::string> trouble() = 0;

  /// What else `check` should say of it; asked after trouble() found none.
  virtual std::vector<Remark> remarks() { return {}; }

  /// How many keys one request of remove() holds, at most.
  [[nodiscard]] virtual std::size_t keys_a_request() const {
    return std::numeric_limits<std::size_t>::max();
  }

  /// It did not answer for so long that it is not asked again in this run.
  [[nodiscard]] virtual bool is_down() const { return false; }

  /// "directory '/srv/artifacts'": for messages.
  [[nodiscard]] virtual std::string description() const = 0;
};

}  // namespace stores
