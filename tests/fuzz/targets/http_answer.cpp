#include "stores/http.hpp"
#include "stores/s3_error.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

namespace fuzz {
namespace {

bool has_edge(const std::string& text) {
  constexpr std::string_view blanks = " \t\r\n";
  return !text.empty() && (blanks.find(text.front()) != blanks.npos ||
                           blanks.find(text.back()) != blanks.npos);
}

void must_make_sense(const stores::HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    must(name.find_first_of(":ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos,
         "the name of a header is not in lower case");
    must(!has_edge(value), "the value of a header is not trimmed");
  }
}

}  // namespace

/// The head of an answer, a line at a time as the client has it, then its body.
void http_answer(std::string_view bytes) {
  Input input(bytes);
  stores::HttpAnswer answer;
  answer.status = static_cast<int>(input.number(2));
  while (!input.is_empty()) {
    const std::string line(input.up_to('\n'));
    if (line.empty() || line == "\r")
      break;
    stores::note_header(answer.headers, line + '\n');
    if (line.starts_with("HTTP/"))
      must(answer.headers.size() <= 1, "headers of an earlier head stay");
  }
  must_make_sense(answer.headers);
  answer.body = input.rest();

  const stores::S3Error error = stores::error_of(answer);
  must(error.retry_after >= std::chrono::hours{0} &&
           error.retry_after <= std::chrono::hours{1},
       "a pause that is no pause");
  must(!error.is_busy() || error.may_pass(), "busy, but for ever");
  must_be_harmless(error.reason());
  try {
    stores::raise(error, {"bucket 'b' at https://h", "eu-west-1", "", "now"});
  } catch (const stores::StoreError& raised) {
    must_be_harmless(raised.what());
  }
}

}  // namespace fuzz
