#include "stores/s3_upload.hpp"

#include "stores/digest.hpp"
#include "stores/reason.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <vector>

namespace stores {
namespace {

constexpr std::int64_t most_parts = 10'000;

/// \throws ObjectError or StoreError unless the request was carried out; a
///         complaint may come with status 200, after minutes of silence.
void require_success(S3Client& client, const HttpAnswer& answer) {
  if (answer.status / 100 == 2 && !read_complaint(answer.body))
    return;
  const S3Error error = error_of(answer);
  if (error.is_about_object())
    refuse("stored", error.reason());
  client.raise(error);
}

/// A stretch of a spool, to be sent.
S3Call sending(const Spool& spool, std::int64_t begin, std::int64_t size) {
  S3Call call{.method = "PUT"};
  call.reader_size = size;
  call.reader = [&spool, begin, size](std::int64_t offset, char* to,
                                      std::size_t count) {
    const auto left = static_cast<std::size_t>(size - offset);
    return spool.read(begin + offset, to, std::min(count, left));
  };
  return call;
}

std::string sha256_of(const BodyReader& reader) {
  Digest digest("SHA256");
  std::string piece(std::size_t{1} << 17, '\0');
  std::int64_t offset = 0;
  while (const std::size_t count = reader(offset, piece.data(), piece.size())) {
    digest.update(std::string_view(piece).substr(0, count));
    offset += static_cast<std::int64_t>(count);
  }
  return digest.hex();
}

/// An upload in parts: what was sent is removed unless it is completed.
class PartedUpload {
 public:
  PartedUpload(S3Client& client, const std::string& key);
  ~PartedUpload();
  PartedUpload(const PartedUpload&) = delete;
  PartedUpload& operator=(const PartedUpload&) = delete;

  void send(const Spool& spool, std::int64_t begin, std::int64_t size);
  void complete();

 private:
  S3Client& client_;
  const std::string& key_;
  std::string id_;
  std::vector<std::string> tags_;
  bool is_complete_ = false;
};

PartedUpload::PartedUpload(S3Client& client, const std::string& key)
    : client_(client), key_(key) {
  const HttpAnswer answer =
      client.send({.method = "POST", .key = key, .query = {{"uploads", ""}}});
  require_success(client, answer);
  id_ = read_text(answer.body, "InitiateMultipartUploadResult/UploadId")
            .value_or("");
  if (id_.empty())
    refuse("stored", "the server gave an upload in parts no name");
}

void PartedUpload::send(const Spool& spool, std::int64_t begin,
                        std::int64_t size) {
  S3Call call = sending(spool, begin, size);
  call.key = key_;
  call.query = {{"partNumber", std::to_string(tags_.size() + 1)},
                {"uploadId", id_}};
  call.reader_sha256 = sha256_of(call.reader);
  const HttpAnswer answer = client_.send(call);
  require_success(client_, answer);
  const auto tag = answer.headers.find("etag");
  tags_.push_back(tag == answer.headers.end() ? "" : tag->second);
}

void PartedUpload::complete() {
  const std::string body = complete_request(tags_);
  require_success(
      client_, client_.send({.method = "POST",
                             .key = key_,
                             .query = {{"uploadId", id_}},
                             .headers = {{"content-type", "application/xml"}},
                             .body = body}));
  is_complete_ = true;
}

PartedUpload::~PartedUpload() {
  if (is_complete_ || id_.empty())
    return;
  try {
    const HttpAnswer answer = client_.send(
        {.method = "DELETE", .key = key_, .query = {{"uploadId", id_}}});
    if (answer.status / 100 == 2 || answer.status == 404)
      return;
    spdlog::warn(
        "an upload in parts to {} could not be aborted ({}): a "
        "lifecycle rule can (AbortIncompleteMultipartUpload)",
        client_.description(), error_of(answer).reason());
  } catch (const std::exception& error) {
    spdlog::warn("an upload in parts could not be aborted: {}", error.what());
  }
}

void upload_in_parts(S3Client& client, const std::string& key,
                     const Spool& spool, std::int64_t part) {
  part = std::max(part, (spool.size() + most_parts - 1) / most_parts);
  PartedUpload parted(client, key);
  for (std::int64_t at = 0; at < spool.size(); at += part)
    parted.send(spool, at, std::min(part, spool.size() - at));
  parted.complete();
}

}  // namespace

void upload(S3Client& client, const std::string& key, const Spool& spool,
            const std::string& sha256, const S3Sizes& sizes) {
  if (spool.size() >= sizes.whole)
    return upload_in_parts(client, key, spool, sizes.part);
  S3Call call = sending(spool, 0, spool.size());
  call.key = key;
  call.reader_sha256 = sha256;
  require_success(client, client.send(call));
}

}  // namespace stores
