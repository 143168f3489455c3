#include "tests/support/s3_request.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace tests {
namespace {

// More of them are no faster on two cores: the servers need these as well.
constexpr std::size_t connections_at_once = 8;

bool is_unreserved(char letter) {
  return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' ||
         letter == '_' || letter == '~';
}

std::string sha256(const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  std::string text;
  for (unsigned int i = 0; i < size; ++i)
    fmt::format_to(std::back_inserter(text), "{:02x}", digest[i]);
  return text;
}

std::size_t append(char* bytes, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(bytes, size * count);
  return size * count;
}

struct FreeList {
  void operator()(curl_slist* list) const noexcept {
    curl_slist_free_all(list);
  }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

// libcurl 7.88 signs what is in this list and nothing else, and hashes no body
// for S3.
HeaderList headers_for(const std::string& body) {
  curl_slist* list = nullptr;
  list = curl_slist_append(list, "Content-Type: application/octet-stream");
  list = curl_slist_append(list,
                           ("x-amz-content-sha256: " + sha256(body)).c_str());
  return HeaderList(list);
}

}  // namespace

std::string percent_encoded(std::string_view bytes, bool slashes) {
  std::string text;
  for (const char letter : bytes) {
    if (is_unreserved(letter) || (slashes && letter == '/'))
      text += letter;
    else
      fmt::format_to(std::back_inserter(text), "%{:02X}",
                     static_cast<unsigned char>(letter));
  }
  return text;
}

std::string percent_decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      bytes += static_cast<char>(
          std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      bytes += text[i] == '+' ? ' ' : text[i];
    }
  }
  return bytes;
}

std::string unescaped(std::string_view xml) {
  constexpr std::pair<std::string_view, char> entities[] = {
      {"&amp;", '&'},  {"&lt;", '<'},    {"&gt;", '>'},
      {"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''}};
  std::string text;
  while (!xml.empty()) {
    std::size_t length = 1;
    char letter = xml.front();
    for (const auto& [entity, meaning] : entities) {
      if (xml.starts_with(entity)) {
        length = entity.size();
        letter = meaning;
      }
    }
    text += letter;
    xml.remove_prefix(length);
  }
  return text;
}

std::vector<std::string> elements(std::string_view xml, std::string_view name) {
  const std::string opening = "<" + std::string(name) + ">";
  const std::string closing = "</" + std::string(name) + ">";
  std::vector<std::string> found;
  std::size_t begin = 0;
  while ((begin = xml.find(opening, begin)) != std::string_view::npos) {
    begin += opening.size();
    const std::size_t end = xml.find(closing, begin);
    if (end == std::string_view::npos)
      throw std::runtime_error("<" + std::string(name) + "> has no end");
    found.emplace_back(xml.substr(begin, end - begin));
    begin = end;
  }
  return found;
}

S3Connection::S3Connection(S3Server server, std::chrono::milliseconds patience)
    : server_(std::move(server)), patience_(patience) {
  // Not safe beside other threads, which the first easy handle would forget.
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (once == CURLE_OK)
    handle_.reset(curl_easy_init());
  if (!handle_)
    throw std::runtime_error("libcurl does not start");
}

void S3Connection::prepare(const std::string& method, const std::string& url,
                           const std::string& body) {
  CURL* const curl = handle_.get();
  curl_easy_reset(curl);  // connections stay open
  const auto set = [curl](CURLoption option, auto value) {
    curl_easy_setopt(curl, option, value);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(patience_.count()));
  // The certificates of tests are their own.
  set(CURLOPT_SSL_VERIFYPEER, 0L);
  set(CURLOPT_SSL_VERIFYHOST, 0L);
  set(CURLOPT_AWS_SIGV4, ("aws:amz:" + server_.region + ":s3").c_str());
  // Not CURLOPT_USERPWD: a key may hold a colon.
  set(CURLOPT_USERNAME, server_.access_key.c_str());
  set(CURLOPT_PASSWORD, server_.secret_key.c_str());
  if (method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (method == "PUT" || method == "POST") {
    // Not an upload, whose body libcurl would sign as an empty one.
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    set(CURLOPT_POSTFIELDS, body.c_str());
  }
  if (method != "HEAD")
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
}

S3Answer S3Connection::send(const std::string& method, const std::string& path,
                            const std::string& query, const std::string& body) {
  const std::string url =
      server_.endpoint + path + (query.empty() ? "" : "?" + query);
  prepare(method, url, body);
  CURL* const curl = handle_.get();
  const HeaderList headers = headers_for(body);
  S3Answer answer;
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK)
    throw std::runtime_error(method + " " + url + ": " +
                             curl_easy_strerror(code));
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

S3Answer S3Connection::expect(const std::vector<long>& statuses,
                              const std::string& method,
                              const std::string& path, const std::string& query,
                              const std::string& body) {
  S3Answer answer = send(method, path, query, body);
  if (std::find(statuses.begin(), statuses.end(), answer.status) ==
      statuses.end())
    throw std::runtime_error(fmt::format("{} {}{}?{} was answered with {}: {}",
                                         method, server_.endpoint, path, query,
                                         answer.status, answer.body));
  return answer;
}

void share_out(const S3Server& server, std::size_t count,
               const std::function<void(S3Connection&, std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr problem;
  const auto take_part = [&] {
    try {
      S3Connection connection(server);
      for (std::size_t i = next++; i < count; i = next++)
        work(connection, i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      problem = problem ? problem : std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    while (threads.size() < std::min(count, connections_at_once))
      threads.emplace_back(take_part);
  }
  if (problem)
    std::rethrow_exception(problem);
}

}  // namespace tests
