#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stores/beneath.hpp"
#include "stores/store.hpp"

namespace stores {

/// The bytes of an object on its way to a server, kept so that they can be sent
/// more than once: up to a mebibyte in memory, and from there on in a file
/// without a name, in TMPDIR or /tmp, which goes away with the process.
///
/// To be written by one thread; read() and replay() may then be called by
/// several at once.
class Spool {
 public:
  /// \throws ObjectError if there is no room for them.
  void append(std::string_view bytes);

  [[nodiscard]] std::int64_t size() const { return size_; }

  /// Copy up to \a count bytes from \a offset on.
  ///
  /// \return how many; 0 at the end.
  /// \throws ObjectError
  std::size_t read(std::int64_t offset, char* to, std::size_t count) const;

  /// Hand all of them to \a sink, in pieces.
  void replay(const ByteSink& sink) const;

 private:
  void spill();
  void write_out(std::string_view bytes);

  std::string memory_;  ///< empty once there is a file
  std::optional<Descriptor> file_;
  std::int64_t size_ = 0;
};

}  // namespace stores
