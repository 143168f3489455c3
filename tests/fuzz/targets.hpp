#pragma once

#include <string_view>

/// One target for each reader of foreign bytes.  A target takes an input of any
/// bytes apart, hands it to the reader, and ends the process where what came of
/// it is not what the reader promises.  Its seeds lie in seeds/NAME, the words
/// of its format, if there are any, in words/NAME.
namespace fuzz {

void conninfo(std::string_view bytes);
void credentials(std::string_view bytes);
void directory(std::string_view bytes);
void gitlab_connection(std::string_view bytes);
void http_answer(std::string_view bytes);
void metrics(std::string_view bytes);
void object_key(std::string_view bytes);
void options(std::string_view bytes);
void plan_file(std::string_view bytes);
void readable(std::string_view bytes);
void redis_reply(std::string_view bytes);
void redis_url(std::string_view bytes);
void row_values(std::string_view bytes);
void s3_url(std::string_view bytes);
void s3_xml(std::string_view bytes);
void timestamp(std::string_view bytes);
void trace(std::string_view bytes);

}  // namespace fuzz
