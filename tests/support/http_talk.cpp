#include "tests/support/http_talk.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace tests {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return result;
}

/// Cut what stands before \a end off the front, and \a end too.
std::string_view take_to(std::string_view& text, std::string_view end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + end.size(), text.size()));
  return taken;
}

/// "GET /path HTTP/1.1\r\nName: value\r\n"
HttpCall parse_head(std::string_view head) {
  HttpCall call;
  call.method = take_to(head, " ");
  call.target = take_to(head, " ");
  take_to(head, "\r\n");
  while (!head.empty()) {
    std::string_view line = take_to(head, "\r\n");
    const std::string name = lower(take_to(line, ":"));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    call.headers[name] = line;
  }
  return call;
}

std::string head_of(const HttpReply& reply) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Told\r\n";
  for (const auto& [name, value] : reply.headers)
    head += name + ": " + value + "\r\n";
  const std::int64_t length =
      reply.pieces ? reply.pieces_size
                   : static_cast<std::int64_t>(reply.body.size());
  if (reply.chunked)
    head += "transfer-encoding: chunked\r\n";
  else if (reply.status != 204 && !reply.headers.contains("content-length"))
    head += "content-length: " + std::to_string(length) + "\r\n";
  return head + "\r\n";
}

std::string as_chunk(const std::string& piece) {
  std::array<char, 32> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
  return size.data() + piece + "\r\n";
}

/// Calls for one piece after the other, the last of them empty.
std::function<std::string()> pieces_of(const HttpReply& reply) {
  if (reply.pieces)
    return reply.pieces;
  return [rest = reply.body]() mutable { return std::exchange(rest, ""); };
}

}  // namespace

std::optional<HttpCall> HttpTalk::hear_head() {
  std::size_t end = std::string::npos;
  while ((end = heard_.find("\r\n\r\n")) == std::string::npos)
    if (!hear_more())
      return std::nullopt;
  HttpCall call = parse_head(std::string_view(heard_).substr(0, end + 2));
  heard_.erase(0, end + 4);
  return call;
}

bool HttpTalk::hear_body(HttpCall& call) {
  const auto length = call.headers.find("content-length");
  const std::size_t size =
      length == call.headers.end()
          ? 0
          : std::strtoull(length->second.c_str(), nullptr, 10);
  while (heard_.size() < size)
    if (!hear_more())
      return false;
  call.body = heard_.substr(0, size);
  heard_.erase(0, size);
  return true;
}

bool HttpTalk::say_continue() {
  return say_bytes("HTTP/1.1 100 Continue\r\n\r\n");
}

bool HttpTalk::say(const HttpReply& reply, const HttpCall& call) {
  left_ = reply.close_after;
  if (left_ == std::size_t{0})
    return false;
  if (reply.raw) {
    say_bytes(*reply.raw);
    return false;
  }
  const bool has_body =
      call.method != "HEAD" && reply.status != 204 && reply.status != 304;
  return say_bytes(head_of(reply)) && (!has_body || say_body(reply));
}

bool HttpTalk::say_body(const HttpReply& reply) {
  const std::function<std::string()> next = pieces_of(reply);
  for (std::string piece = next(); !piece.empty(); piece = next())
    if (!say_bytes(reply.chunked ? as_chunk(piece) : piece))
      return false;
  return !reply.chunked || say_bytes("0\r\n\r\n");
}

void HttpTalk::say_farewell() const {
  ::shutdown(client_, SHUT_WR);
  std::array<char, 65536> buffer{};
  while (::recv(client_, buffer.data(), buffer.size(), 0) > 0) {
  }
}

bool HttpTalk::say_bytes(std::string_view bytes) {
  bytes = bytes.substr(0, left_.value_or(bytes.size()));
  if (left_)
    *left_ -= bytes.size();
  while (!bytes.empty()) {
    const auto more = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (more <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(more));
  }
  return left_ != std::size_t{0};
}

bool HttpTalk::hear_more() {
  std::array<char, 65536> buffer{};
  const auto count = ::recv(client_, buffer.data(), buffer.size(), 0);
  if (count <= 0)
    return false;
  heard_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

}  // namespace tests
