#include "tests/support/slow_proxy.hpp"

#include "tests/support/unix_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

namespace tests {
namespace {

std::string variable(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value ? value : otherwise;
}

std::string socket_in(const std::string& directory) {
  return directory + "/.s.PGSQL." + variable("PGPORT", "5432");
}

bool receive(int handle, std::string& bytes) {
  char buffer[16384];
  const auto count = ::recv(handle, buffer, sizeof(buffer), 0);
  if (count <= 0)
    return false;
  bytes.append(buffer, static_cast<std::size_t>(count));
  return true;
}

/// Cuts a stream into messages: a letter, a length, a body
/// (https://www.postgresql.org/docs/15/protocol-overview.html).
class Messages {
 public:
  /// \param greets the first message has no letter
  explicit Messages(bool greets) : letters_(greets ? 0 : 1) {}

  /// Hand each message that is complete to \a take, until that says false.
  bool feed(std::string& bytes,
            const std::function<bool(const std::string&)>& take) {
    while (const std::size_t size = complete(bytes)) {
      if (!take(bytes.substr(0, size)))
        return false;
      bytes.erase(0, size);
      letters_ = 1;
    }
    return true;
  }

 private:
  [[nodiscard]] std::size_t complete(const std::string& bytes) const {
    if (bytes.size() < letters_ + 4)
      return 0;
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length = length * 256 + static_cast<unsigned char>(bytes[letters_ + i]);
    return bytes.size() < letters_ + length ? 0 : letters_ + length;
  }

  std::size_t letters_;
};

bool mentions(const std::string& message, const std::string& text) {
  return message.find(text) != std::string::npos;
}

}  // namespace

/// One session.  Its messages are looked at by one thread.
struct SlowProxy::Conversation {
  int client = -1;
  int server = -1;
  bool marked = false;  ///< the transaction holds the statement looked for

  Conversation(int client_given, int server_given)
      : client(client_given), server(server_given) {}
  ~Conversation() {
    ::close(client);
    ::close(server);
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  void hang_up() const {
    ::shutdown(client, SHUT_RDWR);
    ::shutdown(server, SHUT_RDWR);
  }
};

SlowProxy::SlowProxy()
    : server_(socket_in(variable("PGHOST", "/var/run/postgresql"))),
      listener_(listen_on_socket(socket_in(directory_.path()))) {
  acceptor_ = std::thread([this] { accept_all(); });
}

SlowProxy::~SlowProxy() {
  closing_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (const auto& conversation : conversations_)
    conversation->hang_up();
  for (std::thread& thread : threads_)
    thread.join();
  ::close(listener_);
}

ScopedEnvironment SlowProxy::environment() const {
  return ScopedEnvironment({{"PGHOST", directory_.path().string()}});
}

void SlowProxy::cut(Cut where, std::string text, int nth) {
  const std::lock_guard lock(mutex_);
  where_ = where;
  text_ = std::move(text);
  to_go_ = nth;
}

void SlowProxy::accept_all() {
  while (!closing_) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0)
      continue;
    const int server = open_socket();
    auto conversation = std::make_shared<Conversation>(client, server);
    if (!connect_to_socket(server, server_))
      continue;
    const std::lock_guard lock(mutex_);
    conversations_.push_back(conversation);
    threads_.emplace_back([this, conversation] { converse(conversation); });
  }
}

void SlowProxy::converse(const std::shared_ptr<Conversation>& conversation) {
  Conversation& both = *conversation;
  Messages asked(/*greets=*/true);
  Messages answered(/*greets=*/false);
  std::string asks;
  std::string answers;
  const auto pass_on = [](int from, std::string& bytes, Messages& messages,
                          const std::function<bool(const std::string&)>& take) {
    return receive(from, bytes) && messages.feed(bytes, take);
  };
  for (;;) {
    pollfd ends[] = {{both.client, POLLIN, 0}, {both.server, POLLIN, 0}};
    ::poll(ends, 2, -1);
    if (ends[0].revents != 0 &&
        !pass_on(both.client, asks, asked, [&](const std::string& message) {
          return from_client(both, message);
        }))
      break;
    if (ends[1].revents != 0 && !pass_on(both.server, answers, answered,
                                         [&](const std::string& message) {
                                           return from_server(both, message);
                                         }))
      break;
  }
  both.hang_up();
}

bool SlowProxy::from_client(Conversation& conversation,
                            const std::string& message) {
  if (message.starts_with('P')) {
    const std::lock_guard lock(mutex_);
    if (mentions(message, "BEGIN"))
      conversation.marked = false;
    if (!text_.empty() && mentions(message, text_))
      conversation.marked = true;
  }
  // The statements of a pipeline have no name: an empty string, then the text.
  if (message.starts_with('P') && message.compare(6, 6, "COMMIT") == 0 &&
      conversation.marked && is_to_be_cut(Cut::before_commit))
    return false;
  return send_all(conversation.server, message);
}

bool SlowProxy::from_server(const Conversation& conversation,
                            const std::string& message) {
  if (message.starts_with('C') && mentions(message, "COMMIT") &&
      conversation.marked && is_to_be_cut(Cut::before_answer))
    return false;
  return send_all(conversation.client, message);
}

bool SlowProxy::is_to_be_cut(Cut where) {
  const std::lock_guard lock(mutex_);
  if (where != where_ || to_go_ == 0 || --to_go_ > 0)
    return false;
  ++cuts_;
  return true;
}

}  // namespace tests
