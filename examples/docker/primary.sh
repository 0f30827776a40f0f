#!/usr/bin/env bash
# Runs once, when the primary's data folder is made: roles, the database, a table.
set -euo pipefail

psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<SQL
CREATE ROLE replicator LOGIN REPLICATION PASSWORD '$REPLICATION_PASSWORD';
CREATE ROLE analyst LOGIN PASSWORD '$ANALYST_PASSWORD';
CREATE ROLE writer LOGIN;
CREATE ROLE domicile_health LOGIN PASSWORD '$HEALTH_PASSWORD';
GRANT pg_monitor, pg_signal_backend TO domicile_health;
CREATE DATABASE orders OWNER writer;
\connect orders
ALTER DEFAULT PRIVILEGES FOR ROLE writer GRANT SELECT ON TABLES TO analyst;
SET ROLE writer;
CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    country char(2) NOT NULL
);
INSERT INTO customers (name, country) VALUES
    ('Anneke de Vries', 'NL'), ('Björn Åkesson', 'SE'), ('Chiara Rossi', 'IT');
SQL
