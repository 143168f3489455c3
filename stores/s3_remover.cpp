#include "stores/s3_remover.hpp"

#include "stores/digest.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stores {
namespace {

/// The protocol's own limit (AWS's "DeleteObjects").
constexpr std::size_t most_keys = 1000;

bool is_success(const HttpAnswer& answer) {
  return answer.status / 100 == 2;
}

}  // namespace

/// What came of the keys of one call.
struct S3Remover::Work {
  std::span<const std::string> keys;
  Removal removal{};
  std::size_t unreached = 0;     ///< keys whose request was not answered
  std::exception_ptr failure{};  ///< why the first of them was not

  void leave(Indexes indexes, const std::string& reason, bool may_pass) {
    for (const std::size_t index : indexes)
      removal.left.push_back({index, reason, may_pass});
  }
  /// Nobody knows whether these were removed.
  void not_reached(Indexes indexes, const StoreUnreachable& error) {
    leave(indexes, error.what(), /*may_pass=*/true);
    unreached += indexes.size();
    if (!failure)
      failure = std::current_exception();
  }
};

Removal S3Remover::remove(std::span<const std::string> keys) {
  Work work{.keys = keys};
  std::vector<std::size_t> together;
  std::vector<std::size_t> singly;
  for (std::size_t i = 0; i < keys.size(); ++i)
    (xml_can_carry(keys[i]) ? together : singly).push_back(i);

  for (Indexes rest = together; !rest.empty();) {
    const Indexes some = rest.first(std::min(rest.size(), most_keys));
    remove_together(work, some);
    rest = rest.subspan(some.size());
  }
  remove_singly(work, singly);
  if (work.failure && work.unreached == keys.size())
    std::rethrow_exception(work.failure);
  return std::move(work.removal);
}

std::size_t S3Remover::keys_a_request() const {
  return way_ == Way::singly ? 1 : most_keys;
}

void S3Remover::remove_together(Work& work, Indexes indexes) {
  std::vector<std::string> keys;
  for (const std::size_t index : indexes)
    keys.push_back(work.keys[index]);
  try {
    for (;;) {
      const Way way = way_;
      if (way == Way::singly)
        return remove_singly(work, indexes);
      const HttpAnswer answer = ask_for(way, keys);
      const bool done = is_success(answer) && !read_complaint(answer.body)
                            ? take_answer(work, indexes, answer.body)
                            : take_error(work, indexes, way, error_of(answer));
      if (done)
        return;
    }
  } catch (const StoreUnreachable& error) {
    work.not_reached(indexes, error);
  }
}

HttpAnswer S3Remover::ask_for(Way way, std::span<const std::string> keys) {
  const std::string body = delete_request(keys);
  Digest digest(way == Way::md5 ? "MD5" : "SHA256");
  digest.update(body);
  const std::string sum = base64_of(digest.bytes());
  if (sum.empty()) {
    give_up(way);
    return ask_for(way_, keys);
  }
  return client_.send(
      {.method = "POST",
       .query = {{"delete", ""}},
       .headers = {{"content-type", "application/xml"},
                   {way == Way::md5 ? "content-md5" : "x-amz-checksum-sha256",
                    sum}},
       .body = body});
}

/// \return true: each key has its end.
bool S3Remover::take_answer(Work& work, Indexes indexes,
                            const std::string& body) {
  const auto complaints = read_delete_answer(body);
  if (!complaints) {
    work.leave(indexes, "the store's answer makes no sense",
               /*may_pass=*/true);
    return true;
  }
  std::unordered_multimap<std::string_view, std::size_t> places;
  if (!complaints->empty())
    for (const std::size_t index : indexes)
      places.emplace(work.keys[index], index);
  if (std::ranges::any_of(*complaints, [&](const S3Complaint& complaint) {
        return !places.contains(complaint.key);
      })) {
    // A complaint about none of our keys may be about any of them.
    remove_singly(work, indexes);
    return true;
  }
  for (const S3Complaint& complaint : *complaints) {
    const auto [begin, end] = places.equal_range(complaint.key);
    for (auto place = begin; place != end; ++place)
      if (complaint.code == "NoSuchKey")
        work.removal.absent.push_back(place->second);
      else
        work.leave({&place->second, 1}, reason_of(complaint),
                   may_pass(complaint));
    places.erase(begin, end);  // one end for each, whatever is said twice
  }
  return true;
}

/// \return false: ask again, in the way that is the next.
bool S3Remover::take_error(Work& work, Indexes indexes, Way way,
                           const S3Error& error) {
  // It does not like one of these keys; Ceph says so without a word.
  if (error.complaint.code == "MalformedXML" ||
      (error.status == 400 && error.complaint.code.empty())) {
    remove_singly(work, indexes);
    return true;
  }
  if (!error.is_unknown_request() && !error.is_about_checksum())
    client_.raise(error);
  spdlog::debug("{} does not take this request ({})", client_.description(),
                error.reason());
  give_up(error.is_unknown_request() ? Way::sha256 : way);
  return false;
}

/// This way was refused; another thread may have found so already.
void S3Remover::give_up(Way way) {
  const Way next = way == Way::md5 ? Way::sha256 : Way::singly;
  Way seen = way_;
  while (seen < next && !way_.compare_exchange_weak(seen, next)) {
  }
}

void S3Remover::remove_singly(Work& work, Indexes indexes) {
  for (const std::size_t index : indexes)
    try {
      remove_one(work, index);
    } catch (const StoreUnreachable& error) {
      work.not_reached({&index, 1}, error);
    }
}

void S3Remover::remove_one(Work& work, std::size_t index) {
  const HttpAnswer answer =
      client_.send({.method = "DELETE", .key = work.keys[index]});
  if (is_success(answer))
    return;
  const S3Error error = error_of(answer);
  if (error.complaint.code == "NoSuchKey")
    work.removal.absent.push_back(index);
  else if (error.is_about_object())
    work.leave({&index, 1}, error.reason(), /*may_pass=*/false);
  else
    client_.raise(error);
}

}  // namespace stores
