#pragma once

#include "tests/support/test_database.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

namespace tests {

/// A session that holds a row until the object goes away, or release().
class Holder {
 public:
  Holder(const std::string& table, const std::string& column,
         std::int64_t value) {
    session_.begin();
    session_.run(fmt::format("SELECT FROM {} WHERE {} = {} FOR UPDATE", table,
                             column, value));
  }

  void release() {
    if (std::exchange(holds_, false))
      session_.rollback();
  }

 private:
  TestSession session_;
  bool holds_ = true;
};

}  // namespace tests
