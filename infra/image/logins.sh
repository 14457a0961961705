#!/bin/sh
# The service's login, made or given its password again; run by compose after the migration, with psql.
# Persons have logins of their own (../runbook.md): who loads and who approves is who is logged in.
set -eu
PGPASSWORD=$(cat /run/secrets/postgres-password)
export PGPASSWORD

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
  --host="${PGHOST:-postgres}" --username=postgres --dbname=fangbang <<'SQL'
\set password `cat /run/secrets/service-password`
select 'create role fangbang_app login'
  where not exists (select 1 from pg_roles where rolname = 'fangbang_app') \gexec
alter role fangbang_app password :'password';
grant fangbang_service to fangbang_app;
SQL
