#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stores/beneath.hpp"
#include "stores/store.hpp"

namespace stores {

/// An object on its way into a directory: a file of its own, beside the final
/// name, ".job.log.0123456789abcdef.partial".
///
/// Each writer takes a name that nobody has, and holds a lock (flock(2)) on it.
/// What has such a name and no lock is what a crash left, and the next writer
/// of the same object removes it.  Where the file system knows no locks, it
/// stays.  To be used from one thread at a time.
class PartialFile {
 public:
  /// Begin a file for the object called \a file, after removing what a crash
  /// left of it.
  ///
  /// \return null if somebody removed the directory meanwhile.
  /// \throws ObjectError, also if what has the final name is no regular file.
  static std::unique_ptr<PartialFile> begin(Descriptor directory,
                                            std::string file);

  PartialFile(Descriptor directory, std::string file, std::string name,
              Descriptor opened);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  /// Removes it, unless publish() has got as far as its final name.
  ~PartialFile();

  /// \throws ObjectError, and from then on always: what lacks some of its bytes
  ///         is never published, even if the caller caught it.
  void write(std::string_view bytes);

  /// Give it its final name, in place of what was there; its bytes and its name
  /// are on the disk on return.
  ///
  /// \throws ObjectError
  void publish();

 private:
  void prepare() const;
  void write_out(std::string_view bytes);
  void write_buffered();

  Descriptor directory_;
  std::string file_;
  std::string name_;
  Descriptor opened_;
  std::string buffer_;
  int error_ = 0;
  bool published_ = false;
};

/// The name is one that a PartialFile takes, of whatever object.
bool is_partial_name(std::string_view name);

/// Open a file to read it; neither a symlink nor a FIFO leads anywhere.
Descriptor open_to_read(int directory, const std::string& file);

/// Hand all bytes of this file to the sink.
///
/// \throws ObjectError, also if it is no regular file.
void read_pieces(int opened, const ByteSink& sink);

}  // namespace stores
