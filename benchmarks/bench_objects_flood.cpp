// What the server alone can do: requests that are ready before they are sent.

#include <curl/curl.h>
#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <span>
#include <utility>

#include "benchmarks/bench_objects.hpp"
#include "stores/digest.hpp"
#include "stores/s3_location.hpp"
#include "stores/s3_signature.hpp"
#include "stores/s3_xml.hpp"

namespace bench {
namespace {

struct FreeList {
  void operator()(curl_slist* list) const noexcept {
    curl_slist_free_all(list);
  }
};

/// A request that only has to be sent.
struct Prepared {
  std::string method;
  std::string url;
  std::string body;
  std::unique_ptr<curl_slist, FreeList> headers;
};

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr)
    die(fmt::format("{} is not set", name));
  return value;
}

/// Makes requests to one bucket.
class Desk {
 public:
  explicit Desk(const std::string& bucket)
      : endpoint_(
            stores::parse_s3_endpoint(variable("AWS_ENDPOINT_URL_S3")).value()),
        credentials_{variable("AWS_ACCESS_KEY_ID"),
                     variable("AWS_SECRET_ACCESS_KEY"), ""},
        path_('/' + bucket) {}

  [[nodiscard]] Prepared make_bucket() const {
    return signed_request("PUT", "", {});
  }
  [[nodiscard]] Prepared put(const stores::ObjectKey& key) const {
    return signed_request("PUT", '/' + key.path(), {}, std::string(100, '.'));
  }
  [[nodiscard]] Prepared remove(std::span<const stores::ObjectKey> keys) const {
    if (keys.size() == 1)
      return signed_request("DELETE", '/' + keys.front().path(), {});
    std::vector<std::string> paths;
    for (const stores::ObjectKey& key : keys)
      paths.push_back(key.path());
    return signed_request("POST", "", {{"delete", ""}},
                          stores::delete_request(paths));
  }

 private:
  [[nodiscard]] Prepared signed_request(
      const std::string& method, const std::string& path,
      const std::map<std::string, std::string>& query,
      std::string body = "") const {
    stores::S3Request request{.method = method,
                              .host = endpoint_.host,
                              .path = path_ + path,
                              .query = query,
                              .headers = {}};
    if (method == "POST") {
      stores::Digest md5("MD5");
      md5.update(body);
      request.headers = {{"content-type", "application/xml"},
                         {"content-md5", stores::base64_of(md5.bytes())}};
    }
    stores::sign(request, stores::sha256_hex(body), credentials_, "us-east-1",
                 "s3",
                 std::chrono::floor<std::chrono::microseconds>(
                     std::chrono::system_clock::now()));
    curl_slist* list = curl_slist_append(nullptr, "Expect:");
    for (const auto& [name, value] : request.headers)
      list = curl_slist_append(list, (name + ": " + value).c_str());
    return {method,
            endpoint_.scheme + "://" + request.host + request.target(),
            std::move(body),
            {list, {}}};
  }

  const stores::S3Endpoint endpoint_;
  const stores::S3Credentials credentials_;
  const std::string path_;
};

/// One connection.
class Line {
 public:
  Line() {
    curl_easy_setopt(curl_.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl_.get(), CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl_.get(), CURLOPT_PROXY, "");
    curl_easy_setopt(curl_.get(), CURLOPT_WRITEFUNCTION, &drop);
  }

  /// \return the status.
  long send(const Prepared& request) {
    CURL* const curl = curl_.get();
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, request.headers.get());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
                     static_cast<long>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
    if (request.method == "DELETE")
      curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (const CURLcode code = curl_easy_perform(curl); code != CURLE_OK)
      die(curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  void send_well(const Prepared& request) {
    if (const long status = send(request); status / 100 != 2)
      die(fmt::format("{} {} was answered {}", request.method, request.url,
                      status));
  }

 private:
  static std::size_t drop(char*, std::size_t, std::size_t size, void*) {
    return size;
  }

  std::unique_ptr<CURL, void (*)(CURL*)> curl_{curl_easy_init(),
                                               curl_easy_cleanup};
};

std::vector<Prepared> prepare(const Order& order, const Desk& desk) {
  std::vector<Prepared> requests;
  Keys keys(order.objects);
  while (const auto batch = keys.next(order.keys))
    requests.push_back(desk.remove(*batch));
  return requests;
}

}  // namespace

void fill(const Order& order) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const Desk desk(order.bucket);
  // One that is there already is as good.
  if (const long status = Line().send(desk.make_bucket());
      status != 200 && status != 409)
    die(fmt::format("the bucket can't be made: {}", status));
  Keys keys(order.objects);
  Measure measure;
  in_threads(order.concurrency, [&] {
    Line line;
    while (const auto batch = keys.next(10))
      for (const stores::ObjectKey& key : *batch)
        line.send_well(desk.put(key));
  });
  measure.print(keys.handed_out());
}

void flood(const Order& order) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::vector<Prepared> requests = prepare(order, Desk(order.bucket));
  std::atomic<std::size_t> next = 0;
  Measure measure;
  in_threads(order.concurrency, [&] {
    Line line;
    for (std::size_t i = next++; i < requests.size(); i = next++)
      line.send_well(requests[i]);
  });
  measure.note("requests", static_cast<double>(requests.size()));
  measure.print(order.objects.value_or(0));
}

}  // namespace bench
