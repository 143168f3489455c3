#!/usr/bin/env bash
# A DELETE an object, as curl makes them side by side over the connections it
# keeps, each signed by curl itself.
#
#   curl_delete.sh BUCKET <KEYS       the server is AWS_ENDPOINT_URL_S3
set -euo pipefail

empty_sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
# The key is read from a pipe: what is on a command line all may see.
curl --no-progress-meter --fail --parallel \
  --aws-sigv4 aws:amz:us-east-1:s3 --request DELETE \
  --header "x-amz-content-sha256: $empty_sha256" \
  --config <(
    echo "user = \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""
    sed "s|.*|url = \"$AWS_ENDPOINT_URL_S3/$1/&\"|"
  )
