#include "tests/support/pushgateway.hpp"

#include "stores/http.hpp"
#include "tests/support/free_port.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace tests {
namespace {

std::string page_at(const std::string& url) {
  stores::HttpClient http({}, stores::HttpClient::Proxy::never);
  return http.send({.method = "GET", .url = url}).body;
}

}  // namespace

Pushgateway::Pushgateway() : port_(free_port()) {
  process_.emplace(std::vector<std::string>{
      "/usr/bin/prometheus-pushgateway",
      "--web.listen-address=127.0.0.1:" + std::to_string(port_),
      // Debian's keeps all below /var/lib if it is not told otherwise.
      "--persistence.file="});
  for (int tries = 0; tries < 500; ++tries)
    try {
      page_at(url() + "/-/ready");
      return;
    } catch (const stores::HttpFailure&) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  throw std::runtime_error("prometheus-pushgateway does not start");
}

std::string Pushgateway::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

std::string Pushgateway::metrics() const {
  return page_at(url() + "/metrics");
}

}  // namespace tests
