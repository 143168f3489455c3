#include "stores/http.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <exception>
#include <utility>

namespace stores {
namespace {

constexpr std::size_t longest_answer = std::size_t{16} << 20;

struct FreeList {
  void operator()(curl_slist* list) const noexcept {
    curl_slist_free_all(list);
  }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void append_line(HeaderList& list, const std::string& line) {
  if (curl_slist* const longer = curl_slist_append(list.get(), line.c_str())) {
    static_cast<void>(list.release());
    list.reset(longer);
  }
}

/// libcurl would wait for "100 Continue", and call a body a form.
HeaderList header_list(const HttpHeaders& headers) {
  HeaderList list;
  append_line(list, "Expect:");
  if (!headers.contains("content-type"))
    append_line(list, "Content-Type:");
  for (const auto& [name, value] : headers)
    append_line(list, value.empty() ? name + ';' : name + ": " + value);
  return list;
}

long seconds_of(std::chrono::milliseconds duration) {
  return static_cast<long>(
      std::chrono::ceil<std::chrono::seconds>(duration).count());
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return {};
  return std::string(
      text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return lower;
}

bool is_about_certificates(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION ||
         code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM ||
         code == CURLE_SSL_ISSUER_ERROR;
}

HttpFailure failure_of(CURLcode code, const std::string& said) {
  if (is_about_certificates(code))
    return {fmt::format("shows a certificate that is not trusted ({}): set "
                        "AWS_CA_BUNDLE to a file with its issuer's",
                        said),
            false};
  if (code == CURLE_OPERATION_TIMEDOUT)
    return {fmt::format("does not answer in time ({})", said), true};
  const bool is_ours = code == CURLE_URL_MALFORMAT ||
                       code == CURLE_UNSUPPORTED_PROTOCOL ||
                       code == CURLE_COULDNT_RESOLVE_PROXY;
  return {fmt::format("does not answer ({})", said), !is_ours};
}

}  // namespace

void note_header(HttpHeaders& headers, std::string_view line) {
  if (line.starts_with("HTTP/"))
    headers.clear();
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    headers[lower_case(line.substr(0, colon))] =
        trimmed(line.substr(colon + 1));
}

/// One connection, and the exchange that is under way on it.
struct HttpClient::Handle {
  using Free = void (*)(CURL*);

  std::unique_ptr<CURL, Free> curl{curl_easy_init(), curl_easy_cleanup};
  std::array<char, CURL_ERROR_SIZE> said{};
  HttpAnswer answer;
  const HttpRequest* request = nullptr;
  std::int64_t offset = 0;  ///< of the body that is sent
  bool is_too_long = false;
  std::exception_ptr thrown;

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(curl.get(), option, value);
  }

  void set_up(const HttpRequest& asked, const HttpPatience& patience,
              Proxy proxy);
  void set_method();
  void set_callbacks();
  HttpAnswer perform();

  bool take_body(std::string_view bytes);
  void take_header(std::string_view line);
  std::size_t read_body(char* to, std::size_t size);

  static std::size_t on_body(char* bytes, std::size_t, std::size_t size,
                             void* self) {
    return static_cast<Handle*>(self)->take_body({bytes, size}) ? size : 0;
  }
  static std::size_t on_header(char* bytes, std::size_t, std::size_t size,
                               void* self) {
    static_cast<Handle*>(self)->take_header({bytes, size});
    return size;
  }
  static std::size_t on_read(char* to, std::size_t, std::size_t size,
                             void* self) {
    return static_cast<Handle*>(self)->read_body(to, size);
  }
  static int on_seek(void* self, curl_off_t offset, int) {
    static_cast<Handle*>(self)->offset = offset;
    return CURL_SEEKFUNC_OK;
  }
};

void HttpClient::Handle::set_up(const HttpRequest& asked,
                                const HttpPatience& patience, Proxy proxy) {
  curl_easy_reset(curl.get());  // its connection stays
  request = &asked;
  answer = {};
  offset = 0;
  is_too_long = false;
  said[0] = '\0';
  set(CURLOPT_URL, asked.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(patience.connect.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(patience.whole.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, seconds_of(patience.silence));
  if (proxy == Proxy::never)
    set(CURLOPT_PROXY, "");
  if (const char* const bundle = std::getenv("AWS_CA_BUNDLE");
      bundle != nullptr && *bundle != '\0')
    set(CURLOPT_CAINFO, bundle);
  set_method();
  set_callbacks();
}

void HttpClient::Handle::set_method() {
  if (request->method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request->reader) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, curl_off_t{request->reader_size});
  } else if (request->method == "POST" || request->method == "PUT") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE,
        static_cast<curl_off_t>(request->body.size()));
    set(CURLOPT_POSTFIELDS, request->body.empty() ? "" : request->body.data());
  }
  if (request->method != "HEAD")
    set(CURLOPT_CUSTOMREQUEST, request->method.c_str());
}

void HttpClient::Handle::set_callbacks() {
  set(CURLOPT_ERRORBUFFER, said.data());
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_READFUNCTION, &on_read);
  set(CURLOPT_READDATA, this);
  set(CURLOPT_SEEKFUNCTION, &on_seek);
  set(CURLOPT_SEEKDATA, this);
}

HttpAnswer HttpClient::Handle::perform() {
  const HeaderList headers = header_list(request->headers);
  set(CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl.get());
  if (thrown)
    std::rethrow_exception(std::exchange(thrown, nullptr));
  if (is_too_long)
    throw HttpFailure("sends an answer of more than 16 MiB, which was given up",
                      false);
  if (code != CURLE_OK)
    throw failure_of(code, said[0] == '\0' ? curl_easy_strerror(code)
                                           : trimmed(said.data()));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return std::move(answer);
}

bool HttpClient::Handle::take_body(std::string_view bytes) {
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  try {
    if (request->sink && status / 100 == 2) {
      request->sink(bytes);
      return true;
    }
    is_too_long = answer.body.size() + bytes.size() > longest_answer;
    if (!is_too_long)
      answer.body += bytes;
    return !is_too_long;
  } catch (...) {
    thrown = std::current_exception();  // libcurl can't let it through
    return false;
  }
}

void HttpClient::Handle::take_header(std::string_view line) {
  note_header(answer.headers, line);
}

std::size_t HttpClient::Handle::read_body(char* to, std::size_t size) {
  try {
    const std::size_t count = request->reader(offset, to, size);
    offset += static_cast<std::int64_t>(count);
    return count;
  } catch (...) {
    thrown = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

HttpClient::HttpClient(HttpPatience patience, Proxy proxy)
    : patience_(patience), proxy_(proxy) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(initialized);
}

HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::send(const HttpRequest& request) {
  std::unique_ptr<Handle> handle = take();
  handle->set_up(request, patience_, proxy_);
  HttpAnswer answer = handle->perform();
  give_back(std::move(handle));
  return answer;
}

std::unique_ptr<HttpClient::Handle> HttpClient::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty())
    return std::make_unique<Handle>();
  std::unique_ptr<Handle> handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void HttpClient::give_back(std::unique_ptr<Handle> handle) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(handle));
}

}  // namespace stores
