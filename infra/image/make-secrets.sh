#!/bin/sh
# Makes the secret files that compose.yaml mounts, once, in a folder that only its owner can enter:
#   infra/image/make-secrets.sh /etc/fangbang/secrets
# Files that are there already are kept. The files themselves are readable to all, because the users inside
# the containers have other numbers; on this machine the folder keeps everybody else out.
set -eu
[ $# -eq 1 ] || { echo "usage: make-secrets.sh <folder>" >&2; exit 2; }
mkdir -p -m 0700 "$1"
chmod 0700 "$1"
cd "$1"
umask 0022

keep_or_make() {
  [ -s "$1" ] || printf '%s\n' "$2" >"$1"
  chmod 0444 "$1"
}
random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

keep_or_make postgres-password "$(random)"
keep_or_make service-password "$(random)"
keep_or_make redis-password "$(random)"
keep_or_make owner-database-url "postgres://postgres:$(cat postgres-password)@postgres:5432/fangbang"
keep_or_make service-database-url "postgres://fangbang_app:$(cat service-password)@postgres:5432/fangbang"
keep_or_make redis-auth.conf "requirepass $(cat redis-password)"
keep_or_make redis-url "redis://:$(cat redis-password)@redis:6379/0"
# 32 random bytes in base64, one line: without it no result can be found again. Keep a copy (../runbook.md).
keep_or_make pepper "$(head -c 32 /dev/urandom | base64)"
