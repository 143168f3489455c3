#pragma once

#include <string>
#include <vector>

namespace tests {

/// What whoever may write a row may put into a text column, to get out of the
/// store, into somebody's terminal, or into the words of a protocol.
/// \param canary the path of a file outside the store
inline std::vector<std::string> hostile_texts(const std::string& canary) {
  std::vector<std::string> texts{
      "",
      ".",
      "..",
      "../../../../../../../../../../../../../../../.." + canary,
      canary,
      "/etc/passwd",
      "a/../../b",
      "a//b",
      "%2e%2e%2f%2e%2e%2fcanary",
      "..%c0%afcanary",
      "%252e%252e%252fcanary",
      "..\\..\\canary",
      "line\nbreak",
      "return\rover",
      "\n00:00:00 error: it was us",
      "\x1b[2J\x1b[31mred\x1b]0;title\x07",
      "\x7f\x08\x08",
      "\xc2\x9b"
      "31m",                    // CSI of C1, in UTF-8
      "\xe2\x80\xaegnp.exe",    // right-to-left override
      "\xe2\x81\xa6isolate",    // left-to-right isolate
      "\xe2\x80\xa8separator",  // a line separator
      "\xef\xbb\xbf"
      "bom",
      "'; DROP TABLE ci_pipeline_artifacts; --",
      "\" onload=\"alert(1)",
      "</Key></Object><Object><Key>canary</Key></Object>",
      "<!ENTITY x SYSTEM \"file:///etc/passwd\">&x;",
      "]]>",
      "s3://other-bucket/key",
      "?versionId=1&uploads#fragment",
      "{\"kind\":\"artifact\"}",
      "{} {0} %s %n",
      "{ci_builds}{if users}",
      std::string(255, 'x')};
  return texts;
}

/// What no output may hold: a byte that commands a terminal, or a mark that
/// turns or breaks the line; line ends aside.  Empty if there is none.
inline std::string command_in(const std::string& output) {
  for (std::size_t i = 0; i < output.size(); ++i) {
    const auto byte = static_cast<unsigned char>(output[i]);
    const std::string three = output.substr(i, 3);
    const bool is_mark = (three >= "\xe2\x80\x8e" && three <= "\xe2\x80\x8f") ||
                         (three >= "\xe2\x80\xa8" && three <= "\xe2\x80\xae") ||
                         (three >= "\xe2\x81\xa6" && three <= "\xe2\x81\xa9");
    const bool is_c1 = three.starts_with("\xc2") && three.size() > 1 &&
                       static_cast<unsigned char>(three[1]) < 0xa0;
    if ((byte < 0x20 && byte != '\n') || byte == 0x7f || is_mark || is_c1)
      return "at " + std::to_string(i) + " of: ..." +
             output.substr(i < 40 ? 0 : i - 40, 60);
  }
  return {};
}

}  // namespace tests
