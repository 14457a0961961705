#!/bin/sh
# Secrets come as files: NAME_FILE=/run/secrets/… becomes NAME for the program that follows, so that no
# password stands in an image, in compose.yaml or in `docker inspect`.
# Exit code 2 and one sentence when a file is missing, empty, or the variable is there as well.
set -eu

for name in DATABASE_URL REDIS_URL WECHAT_TOKEN WECHAT_AES_KEY WECHAT_APP_ID; do
  eval "file=\${${name}_FILE:-}"
  [ -n "$file" ] || continue
  eval "given=\${${name}:-}"
  if [ -n "$given" ]; then
    echo "fangbang: ${name} and ${name}_FILE are both set: give one of them" >&2
    exit 2
  fi
  value=$(cat "$file" 2>/dev/null) || value=
  if [ -z "$value" ]; then
    echo "fangbang: ${name}_FILE: the file is empty or cannot be read" >&2
    exit 2
  fi
  export "$name=$value"
  unset "${name}_FILE"
done

exec "$@"
