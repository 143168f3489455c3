#include "tests/support/authority.hpp"

#include "tests/support/program.hpp"
#include "tests/support/server_user.hpp"

#include <stdexcept>
#include <vector>

namespace tests {
namespace {

/// A new key and a certificate of it; signed by itself, but for \a more.
void make_certificate(const std::string& subject,
                      const std::filesystem::path& certificate,
                      const std::filesystem::path& key,
                      const std::vector<std::string>& more) {
  std::vector<std::string> words{"/usr/bin/openssl",
                                 "req",
                                 "-x509",
                                 "-newkey",
                                 "ec",
                                 "-pkeyopt",
                                 "ec_paramgen_curve:P-256",
                                 "-nodes",
                                 "-days",
                                 "2",
                                 "-subj",
                                 "/CN=" + subject,
                                 "-out",
                                 certificate.string(),
                                 "-keyout",
                                 key.string()};
  words.insert(words.end(), more.begin(), more.end());
  const Ended made = run_program(words);
  if (made.status != 0)
    throw std::runtime_error("no certificate was made: " + made.err);
}

}  // namespace

Authority::Authority() {
  make_certificate("an authority of tests", certificate(),
                   directory_.path() / "authority.key", {});
}

Authority::Issued Authority::issue(const std::string& names) const {
  const Issued issued{directory_.path() / "server.crt",
                      directory_.path() / "server.key"};
  make_certificate("a server of tests", issued.certificate, issued.key,
                   {"-addext", "subjectAltName=" + names, "-addext",
                    "basicConstraints=critical,CA:FALSE", "-CA", certificate(),
                    "-CAkey", directory_.path() / "authority.key"});
  give_to_server_user(issued.key);
  return issued;
}

}  // namespace tests
