#include "stores/s3_xml.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <cstdint>

namespace stores {
namespace {

constexpr std::string_view s3_namespace =
    "http://s3.amazonaws.com/doc/2006-03-01/";

/// How many bytes the character that begins \a text has, if XML may hold it;
/// else 0.  An overlong form, a surrogate, U+FFFE and U+FFFF are none.
std::size_t xml_character(std::string_view text) {
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at]));
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80)
    return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size)
    return 0;
  std::uint32_t code = first & (0x7fU >> size);
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xc0U) != 0x80)
      return 0;
    code = code << 6U | (byte(at) & 0x3fU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  const bool is_legal = code >= least[size] && code <= 0x10ffff &&
                        !is_surrogate && code != 0xfffe && code != 0xffff;
  return is_legal ? size : 0;
}

/// A parser would turn a bare carriage return into a line feed.
void append_escaped(std::string& xml, std::string_view text) {
  for (const char letter : text) {
    if (letter == '&')
      xml += "&amp;";
    else if (letter == '<')
      xml += "&lt;";
    else if (letter == '>')
      xml += "&gt;";
    else if (letter == '\t' || letter == '\n' || letter == '\r')
      xml += fmt::format("&#{};", int{letter});
    else
      xml += letter;
  }
}

pugi::xml_document parse(std::string_view body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size(), pugi::parse_default,
                            pugi::encoding_utf8))
    document.reset();
  return document;
}

S3Complaint complaint_of(const pugi::xml_node& error) {
  return {.code = error.child_value("Code"),
          .message = error.child_value("Message"),
          .key = error.child_value("Key"),
          .region = error.child_value("Region"),
          .server_time = error.child_value("ServerTime")};
}

}  // namespace

bool xml_can_carry(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = xml_character(text);
    if (size == 0)
      return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string delete_request(std::span<const std::string> keys) {
  std::string xml =
      fmt::format("<Delete xmlns=\"{}\"><Quiet>true</Quiet>", s3_namespace);
  for (const std::string& key : keys) {
    xml += "<Object><Key>";
    append_escaped(xml, key);
    xml += "</Key></Object>";
  }
  return xml + "</Delete>";
}

std::optional<std::vector<S3Complaint>> read_delete_answer(
    std::string_view body) {
  const pugi::xml_document document = parse(body);
  const pugi::xml_node result = document.child("DeleteResult");
  if (!result)
    return std::nullopt;
  std::vector<S3Complaint> complaints;
  for (const pugi::xml_node& error : result.children("Error"))
    complaints.push_back(complaint_of(error));
  return complaints;
}

std::optional<S3Complaint> read_complaint(std::string_view body) {
  const pugi::xml_document document = parse(body);
  // STS wraps it; S3 does not.
  const pugi::xml_node wrapped = document.child("ErrorResponse").child("Error");
  const pugi::xml_node error = wrapped ? wrapped : document.child("Error");
  if (!error)
    return std::nullopt;
  return complaint_of(error);
}

std::optional<std::string> read_text(std::string_view body, const char* path) {
  const pugi::xml_document document = parse(body);
  const pugi::xml_node node = document.first_element_by_path(path);
  if (!node)
    return std::nullopt;
  return node.child_value();
}

std::string complete_request(std::span<const std::string> tags) {
  std::string xml =
      fmt::format("<CompleteMultipartUpload xmlns=\"{}\">", s3_namespace);
  for (std::size_t part = 0; part < tags.size(); ++part) {
    xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>", part + 1);
    append_escaped(xml, tags[part]);
    xml += "</ETag></Part>";
  }
  return xml + "</CompleteMultipartUpload>";
}

}  // namespace stores
