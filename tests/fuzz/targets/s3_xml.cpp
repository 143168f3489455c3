#include "stores/s3_xml.hpp"
#include "stores/s3_error.hpp"
#include "stores/store.hpp"
#include "telemetry/readable.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

#include <pugixml.hpp>

#include <vector>

namespace fuzz {
namespace {

/// The keys of a request, as a server reads them.
std::vector<std::string> keys_in(const std::string& request) {
  pugi::xml_document document;
  const unsigned strict = pugi::parse_full | pugi::parse_ws_pcdata;
  must(document.load_buffer(request.data(), request.size(), strict,
                            pugi::encoding_utf8),
       "a request that is no XML");
  std::vector<std::string> keys;
  for (const auto& object : document.child("Delete").children()) {
    if (std::string_view(object.name()) == "Quiet")
      continue;
    must(std::string_view(object.name()) == "Object" &&
             object.select_nodes("*").size() == 1,
         "a request with something else than keys");
    keys.emplace_back(object.child_value("Key"));
  }
  return keys;
}

void try_request(std::string_view bytes) {
  std::vector<std::string> keys;
  for (Input input(bytes); !input.is_empty();) {
    const std::string key(input.field());
    if (stores::xml_can_carry(key)) {
      must(telemetry::valid_utf8(key) == key, "XML carries what is not UTF-8");
      must(key.find('\0') == std::string::npos, "XML carries a NUL");
      keys.push_back(key);
    }
  }
  must(keys_in(stores::delete_request(keys)) == keys,
       "the server reads other keys than were asked for");
}

void try_raise(const stores::S3Error& error) {
  const stores::S3Asked asked{"bucket 'b' at https://h", "eu-west-1",
                              "the environment", "2022-10-06T12:30:00Z"};
  try {
    stores::raise(error, asked);
  } catch (const stores::StoreError& raised) {
    must_be_harmless(raised.what());
    must(std::string_view(raised.what()).size() < 2000, "an endless message");
  }
}

void try_complaint(const stores::S3Complaint& complaint) {
  must_be_harmless(stores::reason_of(complaint));
  static_cast<void>(stores::may_pass(complaint));
}

}  // namespace

void s3_xml(std::string_view bytes) {
  if (const auto complaints = stores::read_delete_answer(bytes)) {
    for (const stores::S3Complaint& complaint : *complaints)
      try_complaint(complaint);
    must(!stores::read_complaint(bytes) || complaints->empty() ||
             bytes.find("Error") != bytes.npos,
         "a complaint from nowhere");
  }
  if (const auto complaint = stores::read_complaint(bytes))
    try_complaint(*complaint);
  static_cast<void>(stores::read_text(bytes, "/ListAllMyBuckets/Owner/ID"));
  for (const int status : {200, 301, 403, 404, 429, 500, 501})
    try_raise(stores::error_of(
        {.status = status, .headers = {}, .body = std::string(bytes)}));
  try_request(bytes);
}

}  // namespace fuzz
